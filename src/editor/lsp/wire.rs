//! Framing: messages of the language server protocol on a stream of bytes.
//!
//! ```text
//! Content-Length: 17\r\n
//! Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n      optional, and passed over
//! \r\n
//! {"jsonrpc":"2.0"…
//! ```
//!
//! Whatever breaks these rules ends the stream: after it nobody can tell where the next message begins.

use std::io::{self, BufRead, Read, Write};

/// Larger messages are a broken stream, not a message.
const MAX_BYTES: usize = 256 << 20;
/// So much memory is taken on the peer's word.
const TRUSTED_BYTES: usize = 4 << 20;
/// Longer header lines are not headers.
const MAX_HEADER_BYTES: u64 = 4096;

/// Reads the body of the next message; `None` at the end of the stream between two messages.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if what comes is no message, [`io::ErrorKind::UnexpectedEof`] if it ends within one.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        input.by_ref().take(MAX_HEADER_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        is_first = false;
        let Some(text) = line.strip_suffix(b"\n") else {
            return Err(match (line.len() as u64) < MAX_HEADER_BYTES {
                true => io::ErrorKind::UnexpectedEof.into(),
                false => invalid("header line too long"),
            });
        };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            break;
        }
        let text = std::str::from_utf8(text).map_err(|_| invalid("header is not UTF-8"))?;
        let (name, value) = text.split_once(':').ok_or_else(|| invalid("header without `:`"))?;
        if name.trim().eq_ignore_ascii_case("content-length") {
            let value = value.trim().parse::<usize>().map_err(|_| invalid("malformed Content-Length"))?;
            length = Some(value);
        }
    }
    let length = length.ok_or_else(|| invalid("header without Content-Length"))?;
    if length > MAX_BYTES {
        return Err(invalid("message too long"));
    }
    // The length is the peer's word: beyond what a large buffer takes, memory is taken as bytes come.
    let mut body = Vec::with_capacity(length.min(TRUSTED_BYTES));
    input.by_ref().take(length as u64).read_to_end(&mut body)?;
    match body.len() == length {
        true => Ok(Some(body)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Writes one message.
pub(super) fn write(output: &mut impl Write, body: &[u8]) -> io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n", body.len())?;
    output.write_all(body)?;
    output.flush()
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Gives one byte at a time, as the worst pipe would.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn all(bytes: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let mut input = BufReader::with_capacity(3, Drops(bytes));
        let mut messages = Vec::new();
        while let Some(message) = read(&mut input)? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn messages_are_found_however_they_arrive() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"{}").unwrap();
        bytes.extend(b"content-length:3\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n[1]");
        let big = vec![b'x'; 1 << 20];
        write(&mut bytes, &big).unwrap();
        assert_eq!(all(&bytes).unwrap(), [b"{}".to_vec(), b"[1]".to_vec(), big]);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for (bytes, kind) in [
            (&b"hello\r\n\r\n"[..], io::ErrorKind::InvalidData),
            (b"Content-Length: x\r\n\r\n", io::ErrorKind::InvalidData),
            (b"Content-Length: -1\r\n\r\n", io::ErrorKind::InvalidData),
            (b"Content-Length: 99999999999\r\n\r\n", io::ErrorKind::InvalidData),
            (b"Content-Type: x\r\n\r\n", io::ErrorKind::InvalidData),
            (b"\xff: 1\r\n\r\n", io::ErrorKind::InvalidData),
            (b"Content-Length: 5\r\n\r\n{}", io::ErrorKind::UnexpectedEof),
            (b"Content-Le", io::ErrorKind::UnexpectedEof),
            (&[b'x'; 5000], io::ErrorKind::InvalidData),
        ] {
            assert_eq!(all(bytes).unwrap_err().kind(), kind, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
