//! The stamp of a file: its size, times and inode, from one `stat`.
//!
//! A stamp is size, modification time, change time (both in nanoseconds) and inode. Equal stamps mean equal content
//! if, when the stamp was taken, the file had been left alone for longer than the file system's clock takes to tick:
//! otherwise a second write within the same tick leaves the same stamp on other content ("racily clean", as git calls
//! it). [`Stamp::settled_before`] tells the two apart. The change time cannot be set by a program, which is what makes
//! `cp -p`, `tar` and `touch -d` visible; where it can be, no stamp is trusted ([`Stamp::trusted`]).

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::store::file_system::{ChangeTimes, change_times};
use crate::store::open_writers::has_writers;

/// A point in time, in nanoseconds since the epoch, on the clock that file systems stamp with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

/// File systems that keep whole seconds (or, as FAT, two) show it by their zero nanoseconds.
const COARSE_TICK_NANOSECONDS: i64 = 2_000_000_000;

impl Moment {
    /// Now, on the coarse clock from which the kernel takes a file's times. A file written before this call has a
    /// time at or before it; one written after has a time at or after it.
    pub(crate) fn now() -> Moment {
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::RealtimeCoarse;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Realtime;
        let time = rustix::time::clock_gettime(clock);
        Moment(time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec))
    }

    /// Now, on the fine clock. Linux 6.13 and later take a file's times from it where somebody has looked at the last
    /// ones, so a file written before this call may be younger than [`Moment::now`], and is never younger than this.
    pub(crate) fn latest() -> Moment {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        Moment::from_unix(time.tv_sec, time.tv_nsec)
    }

    pub(crate) fn from_unix(seconds: i64, nanoseconds: i64) -> Moment {
        Moment(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
    }

    pub(crate) fn unix_nanoseconds(self) -> i64 {
        self.0
    }

    pub(crate) fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Whether it is at or after `start`, and has come: a change time in the future says nothing, as the clock was set back.
    pub(crate) fn is_since(self, start: Moment) -> bool {
        start <= self && self <= Moment::latest()
    }

    /// Waits until the clock has left `self` behind: a tick or two (4 ms each at 250 Hz) if `self` is now, more where the
    /// machine has to wait for its host, and not at all if it is older, or lies in a future that is not worth waiting for.
    pub(crate) fn pass(self) {
        for _ in 0..200 {
            let now = Moment::now();
            if self < now || self.0 - now.0 > 100_000_000 {
                return;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

/// Size, modification time, change time and inode of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) modified: Moment,
    pub(crate) changed: Moment,
    pub(crate) inode: u64,
}

impl Stamp {
    /// Stands for nothing being there, where that is all there is to know.
    pub(crate) const ABSENT: Stamp = Stamp { size: 0, modified: Moment(0), changed: Moment(0), inode: 0 };

    pub(crate) fn of(metadata: &std::fs::Metadata) -> Stamp {
        Stamp {
            size: metadata.size(),
            modified: Moment::from_unix(metadata.mtime(), metadata.mtime_nsec()),
            changed: Moment::from_unix(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// The stamp, if it stands for the content that the file at `path` had at `moment`: it is settled, and nobody but a
    /// kernel sets change times there, and nobody has the file open for writing.
    pub(crate) fn trusted(self, path: &Path, moment: Moment) -> Option<Stamp> {
        self.trusted_of_directory(path, moment).filter(|_| !has_writers(path))
    }

    /// The same of a directory, which nobody opens for writing.
    pub(crate) fn trusted_of_directory(self, path: &Path, moment: Moment) -> Option<Stamp> {
        /// More than clocks differ by that anybody set.
        const MOST_SKEW_NANOSECONDS: i64 = 86_400_000_000_000;
        let is_settled = match change_times(path) {
            ChangeTimes::Kernel => self.settled_before(moment),
            ChangeTimes::Below => self.changed.0 % 1_000_000_000 != 0 && self.settled_before(moment),
            ChangeTimes::Server => {
                self.settled_before(Moment(moment.0.saturating_sub(MOST_SKEW_NANOSECONDS)))
            }
            ChangeTimes::Anybody => false,
        };
        is_settled.then_some(self)
    }

    /// Whether everything that happened to the file happened before `moment`, for certain: then nothing written
    /// since can have left this same stamp behind. A time in the future proves nothing and never settles.
    pub(crate) fn settled_before(&self, moment: Moment) -> bool {
        [self.modified, self.changed].into_iter().all(|time| {
            let coarse = time.0 % 1_000_000_000 == 0;
            time.0.saturating_add(if coarse { COARSE_TICK_NANOSECONDS } else { 0 }) < moment.0
        })
    }

    /// Whether the file was written, replaced or touched at or after `start`.
    pub(crate) fn changed_since(&self, start: Moment) -> bool {
        self.changed.is_since(start)
    }

    /// All of it, for a sum.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let numbers = [self.size, self.modified.0 as u64, self.changed.0 as u64, self.inode];
        let mut bytes = [0; 32];
        for (eight, number) in bytes.as_chunks_mut().0.iter_mut().zip(&numbers) {
            *eight = number.to_le_bytes();
        }
        bytes
    }

    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &[u8]) -> Option<Stamp> {
        let (size, rest) = unsigned(text)?;
        let (modified, rest) = signed(rest.strip_prefix(b",")?)?;
        let (changed, rest) = signed(rest.strip_prefix(b",")?)?;
        let (inode, rest) = unsigned(rest.strip_prefix(b",")?)?;
        rest.is_empty().then_some(Stamp { size, modified: Moment(modified), changed: Moment(changed), inode })
    }
}

/// Reads the decimal number that a text begins with.
pub(crate) fn unsigned(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = (0_u64, text);
    while let Some((byte, after)) = rest.split_first()
        && byte.is_ascii_digit()
    {
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        rest = after;
    }
    (rest.len() < text.len()).then_some((number, rest))
}

fn signed(text: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = unsigned(text.strip_prefix(b"-").unwrap_or(text))?;
    let number = match text.first() {
        Some(b'-') => 0_i64.checked_sub_unsigned(number)?,
        _ => i64::try_from(number).ok()?,
    };
    Some((number, rest))
}

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{},{},{}", self.size, self.modified.0, self.changed.0, self.inode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: i64, changed: i64) -> Stamp {
        Stamp { size: 1, modified: Moment(modified), changed: Moment(changed), inode: 7 }
    }

    #[test]
    fn a_stamp_reads_back() {
        let one = stamp(-5, 1_700_000_000_123_456_789);
        assert_eq!(Stamp::parse(one.to_string().as_bytes()), Some(one));
        let far =
            Stamp { size: u64::MAX, modified: Moment(i64::MIN), changed: Moment(i64::MAX), inode: u64::MAX };
        assert_eq!(Stamp::parse(far.to_string().as_bytes()), Some(far));
        for bad in [
            "",
            "1",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,3,x",
            "-1,2,3,4",
            "1,,3,4",
            "1,-,3,4",
            "1,2,3,18446744073709551616",
        ] {
            assert_eq!(Stamp::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn only_a_file_left_alone_has_settled() {
        let second = 1_000_000_000;
        let now = Moment(100 * second + 500);
        let cases = [
            (stamp(100 * second + 499, 100 * second + 499), true),
            (stamp(100 * second + 500, 100 * second + 400), false),
            (stamp(5, 100 * second + 500), false),
            (stamp(200 * second + 1, 5), false),
            (stamp(99 * second, 99 * second), false),
            (stamp(97 * second, 97 * second), true),
        ];
        for (stamp, settled) in cases {
            assert_eq!(stamp.settled_before(now), settled, "{stamp}");
        }
    }

    #[test]
    fn a_moment_passes() {
        let now = Moment::now();
        now.pass();
        assert!(Moment::now() > now);
    }
}
