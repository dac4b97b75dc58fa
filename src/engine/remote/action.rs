//! `ActionResult` of Bazel's remote execution API, as far as a cache of it looks: protobuf, written and read by hand.
//!
//! ```text
//! ActionResult   2 output_files (repeated OutputFile)   5 stdout_raw   7 stderr_raw
//! OutputFile     1 path   2 digest (Digest)   4 is_executable
//! Digest         1 hash   2 size_bytes
//! ```
//!
//! The files are named so that a server that looks after its programs (bazel-remote) keeps them as long as the entry.

/// A file that belongs to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: Vec<u8>,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

const BYTES: u64 = 2;

/// The message of an entry and its signature.
pub(crate) fn render(files: &[File], entry: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for file in files {
        let (mut digest, mut output) = (Vec::new(), Vec::new());
        field(&mut digest, 1, file.sha256.as_bytes());
        number(&mut digest, 2 << 3);
        number(&mut digest, file.bytes);
        field(&mut output, 1, &file.name);
        field(&mut output, 2, &digest);
        number(&mut output, 4 << 3);
        number(&mut output, 1);
        field(&mut out, 2, &output);
    }
    field(&mut out, 5, entry);
    field(&mut out, 7, signature);
    out
}

/// The entry and its signature; `None` if it is no such message, or has neither.
pub(crate) fn parse(mut bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut entry, mut signature) = (None, None);
    while !bytes.is_empty() {
        let tag = take_number(&mut bytes)?;
        let number = take_number(&mut bytes)?;
        match tag & 7 {
            0 => {}
            BYTES => {
                let (value, rest) = bytes.split_at_checked(usize::try_from(number).ok()?)?;
                bytes = rest;
                match tag >> 3 {
                    5 => entry = Some(value),
                    7 => signature = Some(value),
                    _ => {}
                }
            }
            _ => return None,
        }
    }
    Some((entry?, signature?))
}

fn field(out: &mut Vec<u8>, name: u64, bytes: &[u8]) {
    number(out, name << 3 | BYTES);
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A varint.
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        File { name: b"x".to_vec(), sha256: "ab".repeat(32), bytes: 300 }
    }

    #[test]
    fn an_entry_and_its_signature_come_back() {
        let message = render(&[file(), file()], &[7; 1000], b"signed");
        assert_eq!(parse(&message), Some((&[7; 1000][..], &b"signed"[..])));
        assert_eq!(parse(&render(&[], b"entry", b"signed")), Some((&b"entry"[..], &b"signed"[..])));
    }

    #[test]
    fn whatever_is_cut_or_flipped_nothing_panics() {
        let message = render(&[file()], b"entry", b"signed");
        for at in 0..message.len() {
            let _ = parse(&message[..at]);
            for bit in 0..8 {
                let mut flipped = message.clone();
                flipped[at] ^= 1 << bit;
                let _ = parse(&flipped);
            }
        }
    }
}
