//! Seals a trace or record with a last line, by which a reader refuses one that was torn, damaged or belongs to another key.
//!
//! ```text
//! end SUM                                     of what the file is for, its key, and all bytes before this line
//! ```
//!
//! The sum is XXH3-64 in hexadecimal. It tells damage, not intent: whoever can write to the cache can also seal. A hit computes one
//! over a whole trace, of which a cryptographic digest would be a quarter of all that a hit does.

use twox_hash::XxHash3_64;

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;

const WORD: &[u8] = hit_text!(b"end ");

/// Hexadecimal digits of the sum.
const DIGITS: usize = 16;

/// Bytes of the last line.
const LINE_BYTES: usize = WORD.len() + DIGITS + 1;

/// Adds the last line. Files of two purposes never have the same seal.
pub(crate) fn sealed(purpose: &str, key: &Digest, mut body: Vec<u8>) -> Vec<u8> {
    let end = end(purpose, key, &body);
    body.extend_from_slice(&end);
    body
}

/// The bytes before the last line, if the seal is unbroken. Allocates nothing.
pub(crate) fn unsealed<'a>(purpose: &str, key: &Digest, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (body, recorded) = bytes.split_at_checked(bytes.len().checked_sub(LINE_BYTES)?)?;
    (recorded == end(purpose, key, body)).then_some(body)
}

/// The last line.
fn end(purpose: &str, key: &Digest, body: &[u8]) -> [u8; LINE_BYTES] {
    let seed = key.prefix() ^ XxHash3_64::oneshot(purpose.as_bytes());
    let sum = XxHash3_64::oneshot_with_seed(seed, body);
    let mut line = [b'\n'; LINE_BYTES];
    let digits = (0..DIGITS).map(|place| b"0123456789abcdef"[(sum >> (60 - 4 * place) & 15) as usize]);
    for (byte, value) in line.iter_mut().zip(WORD.iter().copied().chain(digits)) {
        *byte = value;
    }
    line
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
