//! Seals a trace or record with a last line, by which a reader refuses one that was torn, damaged or belongs to another key.
//!
//! ```text
//! end SUM                                     of what the file is for, its key, and all bytes before this line
//! ```
//!
//! The sum is rapidhash (V3 micro) in hexadecimal, which needs no tables: each would cost a hit a page. It tells damage, not intent:
//! whoever can write to the cache can also seal. A hit computes such a sum, too (see `trace::questions`), of which a cryptographic
//! digest would be a quarter of all that a hit does.

use rapidhash::v3::{RapidSecrets, rapidhash_v3_micro_inline};

use crate::base::digest::Digest;

const WORD: &[u8] = b"end ";

/// A sum, as it is written.
pub(crate) type Sum = [u8; 16];

/// Bytes of the last line.
const LINE_BYTES: usize = WORD.len() + size_of::<Sum>() + 1;

/// Adds the last line. Files of two purposes never have the same seal.
pub(crate) fn sealed(purpose: &str, key: &Digest, mut body: Vec<u8>) -> Vec<u8> {
    let sum = sum(seed(purpose, key), &body);
    body.extend_from_slice(WORD);
    body.extend_from_slice(&digits(sum));
    body.push(b'\n');
    body
}

/// The bytes before the last line, if the seal is unbroken.
pub(crate) fn unsealed<'a>(purpose: &str, key: &Digest, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (body, line) = bytes.split_at_checked(bytes.len().checked_sub(LINE_BYTES)?)?;
    let recorded = line.strip_prefix(WORD)?.strip_suffix(b"\n")?;
    (recorded == digits(sum(seed(purpose, key), body))).then_some(body)
}

/// Where the sums of one purpose and key begin.
fn seed(purpose: &str, key: &Digest) -> u64 {
    key.prefix() ^ sum(0, purpose.as_bytes())
}

/// The sum of some bytes: with that of others as its seed, of both.
pub(crate) fn sum(seed: u64, bytes: &[u8]) -> u64 {
    // With its own secrets; protected, so that no eight bytes make those beside them of no account.
    rapidhash_v3_micro_inline::<true, true>(bytes, &RapidSecrets::seed_cpp(seed))
}

/// The sum as it is written.
pub(crate) fn digits(sum: u64) -> Sum {
    let mut digits = [0; size_of::<Sum>()];
    for (place, digit) in digits.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(sum >> (60 - 4 * place) & 15) as usize];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_of_bytes_and_seed_counts() {
        for length in [1, 7, 8, 16, 17, 80, 81, 700] {
            let bytes = vec![7; length];
            let expected = sum(0, &bytes);
            assert!((0..64).all(|bit| sum(1 << bit, &bytes) != expected), "{length}");
            for (at, bit) in (0..length).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                assert_ne!(sum(0, &other), expected, "{length}: bit {bit} of {at}");
            }
            assert_ne!(sum(0, &[&bytes[..], &[7]].concat()), expected, "{length}");
        }
    }

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
