//! Asks what a trace says is to be asked, without a heap.

use std::ffi::CStr;

use rustix::fs::{Access, CWD, FileType, Stat, readlinkat_raw};
use rustix::io::Errno;

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;
use crate::base::name_marks::Mark;
use crate::fast_path::buffer::Buffer;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::escape::position;
use crate::store::trace::line::is_in_cache;
use crate::store::trace::questions::Question;

/// What the process was started with.
pub trait System {
    /// The value of a variable.
    fn variable(&self, name: &[u8]) -> Option<&[u8]>;
    /// Whether a variable whose name has this mark may be set.
    fn may_have(&self, mark: Mark) -> bool;
    /// Whether a variable that begins so is set, other than these.
    fn has_variable_like(&self, prefix: &[u8], known: &[&[u8]]) -> bool;
    /// Writes the working directory; its length without a NUL.
    fn current_directory(&self, buffer: &mut [u8]) -> Option<usize>;
}

/// What is longer is the long way's.
pub(super) const PATH_BYTES: usize = 1024;

/// What was found out of one variant.
pub(super) struct Answers<'a, 'b, 'c> {
    /// Where searches put paths together.
    path: &'a mut Buffer<'b>,
    /// What the program is told, and then, while there is no answer yet, the stamps for the sum: there is room on that page.
    told: &'a mut Buffer<'c>,
    /// Where the stamps begin, once there is one.
    stamps: Option<usize>,
    search_path: Option<&'a [u8]>,
    /// Places in PATH, of the first 64, that a search passes over: nothing is there that it could find.
    lacking: u64,
    /// What a search met last, in `path`, and nobody knows yet whether it can be executed. Most are followed by the question of
    /// that file: with the stamp it had it can, as it could.
    met: Option<Stat>,
}

impl<'a, 'b, 'c> Answers<'a, 'b, 'c> {
    /// None so far.
    pub(super) fn new(
        path: &'a mut Buffer<'b>,
        told: &'a mut Buffer<'c>,
        system: &'a impl System,
    ) -> Answers<'a, 'b, 'c> {
        let search_path = system.variable(hit_text!(b"PATH"));
        Answers { path, told, stamps: None, search_path, lacking: 0, met: None }
    }

    /// The stamps, which are taken back.
    pub(super) fn take_stamps(&mut self) -> &[u8] {
        let end = self.told.length;
        self.told.length = self.stamps.unwrap_or(end);
        self.told.buffer.get(self.told.length..end).unwrap_or_default()
    }

    fn push_stamp(&mut self, stamp: Stamp) -> Option<()> {
        self.stamps.get_or_insert(self.told.length);
        self.told.push(&stamp.to_bytes())
    }

    /// Whether the answer is the recorded one, as far as it is no stamp; those are kept. `None` if that cannot be told here.
    pub(super) fn answer(&mut self, question: Question<'_>, system: &impl System) -> Option<bool> {
        match (question, self.met.take()) {
            (Question::File(path), Some(met)) if path.to_bytes() == self.path.bytes() => {
                self.push_stamp(stamp_of(&met)?)?;
                return Some(true);
            }
            (_, Some(_)) => is_executable(self.path.c_str()?).then_some(())?,
            (_, None) => {}
        }
        match question {
            Question::File(path) => {
                self.push_stamp(stamp_or_absent(rustix::fs::stat(path))?)?;
                Some(true)
            }
            Question::Absent(path) => {
                let gone = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::ACCESS, Errno::NAMETOOLONG];
                Some(rustix::fs::stat(path).is_err_and(|error| gone.contains(&error)))
            }
            Question::Unset(mut names) => {
                Some(names.all(|(mark, name)| !system.may_have(mark) || system.variable(name).is_none()))
            }
            Question::Variable(name, value) => Some(system.variable(name.to_bytes()) == Some(value.to_bytes())),
            // Another may find the same.
            Question::SearchPath(value) => (self.search_path? == value.to_bytes()).then_some(true),
            Question::Command(name, expected) => self.search(name.to_bytes(), expected.map(CStr::to_bytes)),
            Question::Without(directory) => {
                self.push_stamp(stamp_or_absent(rustix::fs::stat(directory))?)?;
                // If that is another stamp than the recorded one, whatever is found does not count.
                for (place, other) in Directories::of(self.search_path?) {
                    if other == directory.to_bytes() {
                        self.lacking |= bit(place);
                    }
                }
                Some(true)
            }
            Question::Link(target, path) => {
                let target = target.to_bytes();
                let buffer = &mut *self.path.buffer;
                match readlinkat_raw(CWD, path, &mut *buffer) {
                    // It is no link.
                    Err(Errno::INVAL) => Some(target.is_empty()),
                    length => {
                        // What fills the buffer may have been cut.
                        let length = length.ok().filter(|length| *length < buffer.len())?;
                        Some(buffer.get(..length)? == target)
                    }
                }
            }
            Question::Present(path) => {
                let wants_directory = path.to_bytes().last() == Some(&b'/');
                let kind = |stat: Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
                Some(rustix::fs::stat(path).is_ok_and(|stat| kind(stat) == wants_directory))
            }
            Question::Secret(value, name) => {
                Some(system.variable(name.to_bytes()).is_some_and(|now| Digest::of(now) == value))
            }
            // What the program is told stands before all of which there is a stamp.
            Question::Told(variable) if self.stamps.is_none() => {
                self.told.push(variable.to_bytes_with_nul()).map(|()| true)
            }
            Question::Told(_) | Question::Binary(_) => None,
        }
    }

    /// Takes the stamp of a binary, whose path is left in `path`: in the cache, or in the `shared` one if it is absolute.
    pub(super) fn binary(
        &mut self,
        place: &[u8],
        cache: &[u8],
        shared: Option<&[u8]>,
        owner: u32,
    ) -> Option<()> {
        if self.met.take().is_some() {
            is_executable(self.path.c_str()?).then_some(())?;
        }
        let is_shared = place.first() == Some(&b'/');
        let is_known = match is_shared {
            true => place.strip_prefix(shared?)?.starts_with(hit_text!(b"/v1/bin/")),
            false => true,
        };
        (is_known && is_in_cache(place)).then_some(())?;
        self.path.clear();
        if !is_shared {
            self.path.push(cache)?;
        }
        self.path.push(place)?;
        let stat = rustix::fs::lstat(self.path.c_str()?).ok().filter(is_file)?;
        let is_trusted = stat.st_mode & 0o022 == 0 && (stat.st_uid == 0 || stat.st_uid == owner);
        (is_trusted || !is_shared).then_some(())?;
        self.push_stamp(stamp_of(&stat)?)
    }

    /// Whether a search of PATH finds what is expected.
    fn search(&mut self, name: &[u8], expected: Option<&[u8]>) -> Option<bool> {
        let mut before: &[u8] = b"";
        for (place, directory) in Directories::of(self.search_path?) {
            // Many have one twice in a row.
            if self.lacking & bit(place) != 0 || std::mem::replace(&mut before, directory) == directory {
                continue;
            }
            self.path.clear();
            self.path.push(directory)?;
            if directory.last() != Some(&b'/') {
                self.path.push(hit_text!(b"/"))?;
            }
            self.path.push(name)?;
            let path = self.path.c_str()?;
            let Some(stat) = rustix::fs::stat(path).ok().filter(is_file) else { continue };
            if expected == Some(path.to_bytes()) {
                self.met = Some(stat);
                return Some(true);
            }
            if is_executable(path) {
                return Some(false);
            }
        }
        Some(expected.is_none())
    }
}

/// One of the first 64 places, as a bit; of later ones none.
fn bit(place: u32) -> u64 {
    1_u64.checked_shl(place).unwrap_or(0)
}

/// The directories of PATH that a search looks at, and the place of each.
struct Directories<'a> {
    rest: Option<&'a [u8]>,
    place: u32,
}

impl<'a> Directories<'a> {
    fn of(path: &'a [u8]) -> Directories<'a> {
        Directories { rest: Some(path), place: 0 }
    }
}

impl<'a> Iterator for Directories<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<(u32, &'a [u8])> {
        loop {
            let rest = self.rest?;
            let end = position(b':', rest);
            self.rest = end.and_then(|end| rest.get(end + 1..));
            let directory = rest.get(..end.unwrap_or(rest.len()))?;
            let place = self.place;
            self.place += 1;
            if directory.first() == Some(&b'/') {
                return Some((place, directory));
            }
        }
    }
}

pub(super) fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

fn is_executable(path: &CStr) -> bool {
    rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

/// The stamp of what is there, or that nothing is.
fn stamp_or_absent(stat: Result<Stat, Errno>) -> Option<Stamp> {
    match stat {
        Err(Errno::NOENT) => Some(Stamp::ABSENT),
        stat => stamp_of(&stat.ok()?),
    }
}

fn stamp_of(stat: &Stat) -> Option<Stamp> {
    Some(Stamp {
        size: u64::try_from(stat.st_size).ok()?,
        modified: Moment::from_unix(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).ok()?),
        changed: Moment::from_unix(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).ok()?),
        inode: stat.st_ino,
    })
}
