//! Seals a trace or record with a last line, by which a reader refuses one that was torn, damaged or belongs to another key.
//!
//! ```text
//! end DIGEST                                  of what the file is for, its key, and all bytes before this line
//! ```

use crate::base::digest::{Digest, Fields};

const WORD: &[u8] = b"end ";

/// Bytes of the last line.
const LINE_BYTES: usize = WORD.len() + 64 + 1;

/// Adds the last line. Files of two purposes never have the same seal.
pub(crate) fn sealed(purpose: &str, key: &Digest, mut body: Vec<u8>) -> Vec<u8> {
    let digest = digest(purpose, key, &body);
    body.extend_from_slice(WORD);
    body.extend_from_slice(&digest.hex_bytes());
    body.push(b'\n');
    body
}

/// The bytes before the last line, if the seal is unbroken. Allocates nothing.
pub(crate) fn unsealed<'a>(purpose: &str, key: &Digest, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (body, end) = bytes.split_at_checked(bytes.len().checked_sub(LINE_BYTES)?)?;
    let recorded = Digest::parse(end.strip_prefix(WORD)?.strip_suffix(b"\n")?)?;
    (recorded == digest(purpose, key, body)).then_some(body)
}

fn digest(purpose: &str, key: &Digest, body: &[u8]) -> Digest {
    let mut fields = Fields::new(purpose);
    fields.push("id", &key.hex_bytes());
    fields.push("body", body);
    fields.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_of_one_key_and_one_purpose() {
        let key = Digest::of(b"key");
        let text = sealed("trace", &key, b"line\n".to_vec());
        assert_eq!(unsealed("trace", &key, &text), Some(&b"line\n"[..]));
        assert_eq!(unsealed("record", &key, &text), None);
        assert_eq!(unsealed("trace", &Digest::of(b"other"), &text), None);
        for at in 0..text.len() {
            let mut damaged = text.clone();
            damaged[at] ^= 1;
            assert_eq!(unsealed("trace", &key, &damaged), None, "a flip at {at}");
            assert_eq!(unsealed("trace", &key, &text[..at]), None, "cut at {at}");
        }
    }
}
