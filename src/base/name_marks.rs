//! A filter for the names of variables: what it does not have was never added.
//!
//! A hit asks of two dozen variables that they are not set. With the marks of the environment, made in one pass, and the mark of
//! each name, recorded with the trace, most are answered by one bit.

// The fast path, which gives it to the command, is for Linux.
#![cfg_attr(not(target_os = "linux"), allow(unreachable_pub, dead_code))]

const BITS: usize = 1024;

/// The bit of a name, by its first eight bytes: enough to tell most names of one tool apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u16);

/// Bits for all names that were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameMarks([u64; BITS / 64]);

impl Mark {
    /// The mark of a name, or of a variable that is set to something.
    #[inline]
    pub fn of(name: &[u8]) -> Mark {
        let mut bytes = [0; size_of::<u64>()];
        for (to, from) in bytes.iter_mut().zip(name) {
            *to = *from;
        }
        Mark::of_start(u64::from_le_bytes(bytes))
    }

    /// The mark of the name that a text begins with, up to an equals sign or a zero byte, by the first eight bytes of that
    /// text, the first of them lowest.
    #[inline(always)]
    pub fn of_start(start: u64) -> Mark {
        const ONES: u64 = u64::MAX / 0xff;
        const HIGHEST: u64 = ONES << 7;
        // The highest bit of each byte that is zero: exact up to the first of them.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHEST;
        let ends = zeros(start) | zeros(start ^ (ONES * u64::from(b'=')));
        let first = ends & ends.wrapping_neg();
        // All bits below its byte; of no end, all bits.
        let name = start & (first >> 7).wrapping_sub(1);
        // The highest bits of a product depend on all of it: Fibonacci hashing.
        Mark((name.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS.trailing_zeros())) as u16)
    }

    /// Which bit it is.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn to_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 2]) -> Mark {
        Mark(u16::from_le_bytes(bytes))
    }
}

impl NameMarks {
    /// Of no name.
    pub const NONE: NameMarks = NameMarks([0; BITS / 64]);

    /// Adds a name.
    #[inline]
    pub fn add(&mut self, mark: Mark) {
        if let Some(word) = self.0.get_mut(mark.index() / 64) {
            *word |= 1 << (mark.0 % 64);
        }
    }

    /// Whether a name of this mark may have been added.
    #[inline]
    pub fn may_have(&self, mark: Mark) -> bool {
        self.0.get(mark.index() / 64).is_none_or(|word| word >> (mark.0 % 64) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_a_name_and_not_of_its_value() {
        let names: [&[u8]; 8] = [
            b"",
            b"A",
            b"LD",
            b"HOME",
            b"RUNNER_",
            b"CARGO_HO",
            b"CARGO_BUILD_RUSTFLAGS",
            b"\xc3\xa9\xff\x01\x80",
        ];
        for name in names {
            for rest in [&b"="[..], b"\0", b"=/x=y\0\0", b"\0=\x80\xff"] {
                let text = [name, rest, b"rest of it"].concat();
                let start = u64::from_le_bytes(*text.first_chunk().unwrap());
                assert_eq!(Mark::of_start(start), Mark::of(name), "{name:?} {rest:?}");
            }
            assert_eq!(Mark::from_bytes(Mark::of(name).to_bytes()), Mark::of(name));
        }
    }

    #[test]
    fn only_what_was_added_is_there_and_little_else() {
        let mut marks = NameMarks::NONE;
        let set = ["PATH", "HOME", "USER", "LANG", "TERM", "SHELL", "CARGO_HOME", "RUSTUP_HOME", "LS_COLORS"];
        set.iter().for_each(|name| marks.add(Mark::of(name.as_bytes())));
        let may_have = |name: &&str| marks.may_have(Mark::of(name.as_bytes()));
        assert!(set.iter().all(may_have));
        let others = [
            "RUSTC",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "RUSTC_WRAPPER",
            "CARGO_ENCODED_RUSTFLAGS",
            "LD_RUN_PATH",
        ];
        assert!(others.iter().filter(|name| may_have(name)).count() < 2);
        assert!((0..=u16::MAX).all(|bit| NameMarks([u64::MAX; BITS / 64]).may_have(Mark(bit))));
    }
}
