//! Hashes bytes and fields with blake3, and files with SHA-256 too, for people who compare sums.
//!
//! A [`Digest`] is 32 bytes, written as 64 lower-case hexadecimal digits. A [`Fields`] hasher separates domains and
//! fields by tag and length, so that no two different lists of fields give the same bytes: `["a b"]` is not `["a", "b"]`.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

pub(crate) use blake3::Hasher;

use crate::base::hit_text::hit_text;

/// A blake3 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Digest {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of a file's content.
    pub(crate) fn of_file(path: &Path) -> io::Result<Digest> {
        Digest::of_reader(&mut std::fs::File::open(path)?)
    }

    /// The same of a file that may be executed: another digest, which gives this one back if it is asked again.
    pub(crate) fn executable(mut self) -> Digest {
        self.0[31] ^= 1;
        self
    }

    /// The digest of what a reader has left.
    pub(crate) fn of_reader(reader: &mut impl Read) -> io::Result<Digest> {
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(Digest(*hasher.finalize().as_bytes())),
                Ok(count) => hasher.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
        }
    }

    /// Reads 64 hexadecimal digits.
    pub(crate) fn parse(text: &[u8]) -> Option<Digest> {
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let digits: &[u8; 64] = text.try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks().0) {
            *byte = value(*high)? << 4 | value(*low)?;
        }
        Some(Digest(bytes))
    }

    /// The first eight bytes, as a number.
    pub(crate) fn prefix(&self) -> u64 {
        self.0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// The 64 digits.
    pub(crate) fn hex(&self) -> String {
        self.hex_bytes().iter().map(|digit| char::from(*digit)).collect()
    }

    /// The first `digits` digits, for names where a full digest would be noise.
    pub(crate) fn short(&self, digits: usize) -> String {
        self.hex().chars().take(digits).collect()
    }

    /// The 64 digits, without a heap.
    pub(crate) fn hex_bytes(&self) -> [u8; 64] {
        let mut out = [0; 64];
        for (pair, byte) in out.chunks_exact_mut(2).zip(self.0) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        out
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.short(12))
    }
}

/// The sums of a file's content that people compare: as `b3sum` and as `sha256sum` have them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sums {
    /// blake3.
    pub b3: Digest,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    /// How many bytes there are.
    pub bytes: u64,
}

impl Sums {
    /// The sums of what a reader has left.
    pub(crate) fn of_reader(reader: &mut impl Read) -> io::Result<Sums> {
        let mut sha256 = hmac_sha256::Hash::new();
        let mut bytes = 0;
        let mut reader = Tee { reader, sha256: &mut sha256, bytes: &mut bytes };
        let b3 = Digest::of_reader(&mut reader)?;
        Ok(Sums { b3, sha256: Digest(sha256.finalize()).hex(), bytes })
    }
}

/// A reader whose bytes are hashed on their way.
struct Tee<'a, R> {
    reader: &'a mut R,
    sha256: &'a mut hmac_sha256::Hash,
    bytes: &'a mut u64,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.sha256.update(buffer.get(..count).unwrap_or_default());
        *self.bytes += count as u64;
        Ok(count)
    }
}

/// Where fields go, one after the other.
pub(crate) trait Sink {
    /// Takes the next bytes.
    fn take(&mut self, bytes: &[u8]);
}

impl Sink for Hasher {
    fn take(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// Hashes a list of tagged fields; or, with another sink, writes what is hashed.
pub(crate) struct Fields<S = Hasher>(S);

impl Fields {
    /// Fields of one purpose; two purposes never share a digest.
    pub(crate) fn new(purpose: &str) -> Fields {
        Fields::of(Hasher::new(), purpose)
    }

    pub(crate) fn finish(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

impl<S: Sink> Fields<S> {
    /// Fields of one purpose, which go to `sink`.
    pub(crate) fn of(sink: S, purpose: &str) -> Fields<S> {
        let mut fields = Fields(sink);
        fields.push(hit_text!(str "purpose"), purpose.as_bytes());
        fields
    }

    /// Adds a field.
    pub(crate) fn push(&mut self, tag: &str, bytes: &[u8]) {
        self.begin(tag, bytes.len() as u64);
        self.0.take(bytes);
    }

    /// Begins the last field, which goes on to the end of all, and so has a length that no other can have.
    pub(crate) fn begin_last(&mut self, tag: &str) {
        self.begin(tag, u64::MAX);
    }

    fn begin(&mut self, tag: &str, length: u64) {
        self.0.take(&(tag.len() as u64).to_le_bytes());
        self.0.take(tag.as_bytes());
        self.0.take(&length.to_le_bytes());
    }

    /// Adds bytes of the last field.
    pub(crate) fn more(&mut self, bytes: &[u8]) {
        self.0.take(bytes);
    }

    /// Adds a field that may be missing, by being missed: that its tag is not there is not an empty field.
    pub(crate) fn push_optional(&mut self, tag: &str, bytes: Option<&[u8]>) {
        if let Some(bytes) = bytes {
            self.push(tag, bytes);
        }
    }

    /// What the fields were written to.
    #[cfg(any(target_os = "linux", test))]
    pub(crate) fn into_sink(self) -> S {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_round_trips() {
        let digest = Digest::of(b"runner");
        assert_eq!(Digest::parse(digest.hex().as_bytes()), Some(digest));
        for bad in ["", "0", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65)] {
            assert_eq!(Digest::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn sums_are_those_everybody_has() {
        let sums = Sums::of_reader(&mut &b"abc"[..]).unwrap();
        // FIPS 180-2, appendix B.1; the test vectors of blake3.
        assert_eq!(sums.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sums.b3.hex(), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
        assert_eq!(sums.bytes, 3);
    }

    #[test]
    fn only_digits_in_lower_case_are_read() {
        let digest = Digest::of(b"text");
        let text = digest.hex_bytes();
        assert_eq!(Digest::parse(&text), Some(digest));
        for at in 0..text.len() {
            for byte in 0..=u8::MAX {
                let mut other = text;
                other[at] = byte;
                let is_digit = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let read = Digest::parse(&other).map(|digest| digest.hex_bytes());
                assert_eq!(read, is_digit.then_some(other), "{byte} at {at}");
            }
        }
        assert_eq!(Digest::parse(&text[1..]), None);
    }

    impl Sink for Vec<u8> {
        fn take(&mut self, bytes: &[u8]) {
            self.extend_from_slice(bytes);
        }
    }

    #[test]
    fn fields_are_hashed_as_they_are_written() {
        let (mut hashed, mut written) = (Fields::new("test"), Fields::of(Vec::new(), "test"));
        hashed.push("a", b"b");
        hashed.begin_last("bytes");
        hashed.more(b"fn main() {}");
        written.push("a", b"b");
        written.begin_last("bytes");
        let text = [&written.into_sink()[..], b"fn main() {}"].concat();
        assert_eq!(Digest::of(&text), hashed.finish());
    }

    #[test]
    fn fields_cannot_be_confused() {
        let digest = |fields: &[(&str, &[u8])]| {
            let mut hasher = Fields::new("test");
            for (tag, bytes) in fields {
                hasher.push(tag, bytes);
            }
            hasher.finish()
        };
        let all = [
            digest(&[("a", b"a b")]),
            digest(&[("a", b"a"), ("a", b"b")]),
            digest(&[("a", b"ab"), ("a", b"")]),
            digest(&[("aa", b"b")]),
            digest(&[("a", b"")]),
            digest(&[]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one));
        }
    }
}
