//! Asks what a trace says is to be asked, without a heap.

use rustix::fs::{Access, CWD, FileType, RawMode, Stat, readlinkat_raw};
use rustix::io::{Errno, Result as KernelResult};

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;
use crate::base::name_marks::Mark;
use crate::base::terminated::Terminated;
use crate::fast_path::buffer::Buffer;
use crate::store::stamp::{Moment, Stamp};
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

    /// Whose process this is, as files are concerned.
    fn user(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// Is told that there is no answer for want of memory: with more there may be one.
    fn lacks_memory(&self);

    /// What is at a path, where a link leads if it `follows` links.
    fn status(&self, path: Terminated<'_>, follows: bool) -> KernelResult<Status> {
        let path = path.c_str();
        if follows { rustix::fs::stat(path) } else { rustix::fs::lstat(path) }.map(|stat| Status::of(&stat))
    }
}

/// The bits of a mode that tell what it is.
const FILE_KIND: RawMode = 0o170_000;

/// What is to be known of a file.
#[derive(Debug, Clone, Copy)]
pub struct Status {
    pub(super) mode: RawMode,
    pub(super) owner: u32,
    stamp: Stamp,
}

impl Status {
    /// Of what the kernel says.
    #[inline]
    #[allow(clippy::unnecessary_cast)]
    pub fn of(stat: &Stat) -> Status {
        Status {
            mode: stat.st_mode,
            owner: stat.st_uid,
            stamp: Stamp {
                size: stat.st_size as u64,
                modified: Moment::from_unix(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
                changed: Moment::from_unix(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
                inode: stat.st_ino as u64,
            },
        }
    }

    pub(super) fn is(&self, kind: FileType) -> bool {
        self.mode & FILE_KIND == kind.as_raw_mode()
    }
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
    met: Option<Stamp>,
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
            (Question::File(path), Some(met)) if path.bytes() == self.path.bytes() => {
                self.push_stamp(met)?;
                return Some(true);
            }
            (_, Some(_)) => is_executable(self.path.terminated()?).then_some(())?,
            (_, None) => {}
        }
        match question {
            Question::File(path) => {
                self.push_stamp(stamp_or_absent(system.status(path, true))?)?;
                Some(true)
            }
            Question::Absent(path) => {
                let gone = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::ACCESS, Errno::NAMETOOLONG];
                Some(system.status(path, true).is_err_and(|error| gone.contains(&error)))
            }
            Question::Unset(mut names) => {
                Some(names.all(|(mark, name)| !system.may_have(mark) || system.variable(name).is_none()))
            }
            Question::Variable(name, value) => Some(system.variable(name.bytes()) == Some(value.bytes())),
            // Another may find the same.
            Question::SearchPath(value) => (self.search_path? == value.bytes()).then_some(true),
            Question::Command(name, expected) => {
                self.search(name.bytes(), expected.map(Terminated::bytes), system)
            }
            Question::Without(directory) => {
                self.push_stamp(stamp_or_absent(system.status(directory, true))?)?;
                // If that is another stamp than the recorded one, whatever is found does not count.
                for (place, other) in Directories::of(self.search_path?) {
                    if other == directory.bytes() {
                        self.lacking |= bit(place);
                    }
                }
                Some(true)
            }
            Question::Link(target, path) => {
                let target = target.bytes();
                let buffer = &mut *self.path.buffer;
                match readlinkat_raw(CWD, path.c_str(), &mut *buffer) {
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
                let wants_directory = path.bytes().last() == Some(&b'/');
                let is_directory = |status: Status| status.is(FileType::Directory);
                Some(system.status(path, true).is_ok_and(|status| is_directory(status) == wants_directory))
            }
            Question::Secret(value, name) => {
                Some(system.variable(name.bytes()).is_some_and(|now| Digest::of(now) == value))
            }
            // What the program is told stands before all of which there is a stamp.
            Question::Told(variable) if self.stamps.is_none() => {
                self.told.push(variable.with_end()).map(|()| true)
            }
            Question::Told(_) | Question::Binary(_) => None,
        }
    }

    /// Takes the stamp of a binary, whose path is left in `path`: in the cache, or in the shared one if it is absolute.
    pub(super) fn binary(
        &mut self,
        place: &[u8],
        cache: &[u8],
        owner: u32,
        system: &impl System,
    ) -> Option<()> {
        if self.met.take().is_some() {
            is_executable(self.path.terminated()?).then_some(())?;
        }
        let is_shared = place.first() == Some(&b'/');
        let is_known = match is_shared {
            true => {
                let shared = system.variable(hit_text!(b"RUNNER_CACHE_SYSTEM"))?;
                place.strip_prefix(shared)?.starts_with(hit_text!(b"/v1/bin/"))
            }
            false => true,
        };
        (is_known && is_in_cache(place)).then_some(())?;
        self.path.clear();
        if !is_shared {
            self.path.push(cache)?;
        }
        self.path.push(place)?;
        let status = system.status(self.path.terminated()?, false).ok()?;
        let is_trusted = status.mode & 0o022 == 0 && (status.owner == 0 || status.owner == owner);
        (status.is(FileType::RegularFile) && (is_trusted || !is_shared)).then_some(())?;
        self.push_stamp(status.stamp)
    }

    /// Whether a search of PATH finds what is expected.
    fn search(&mut self, name: &[u8], expected: Option<&[u8]>, system: &impl System) -> Option<bool> {
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
            let path = self.path.terminated()?;
            let Some(status) = system.status(path, true).ok() else { continue };
            if !status.is(FileType::RegularFile) {
                continue;
            }
            if expected == Some(path.bytes()) {
                self.met = Some(status.stamp);
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
            let end = rest.iter().position(|byte| *byte == b':');
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

fn is_executable(path: Terminated<'_>) -> bool {
    rustix::fs::access(path.c_str(), Access::EXEC_OK).is_ok()
}

/// The stamp of what is there, or that nothing is.
fn stamp_or_absent(status: KernelResult<Status>) -> Option<Stamp> {
    match status {
        Err(Errno::NOENT) => Some(Stamp::ABSENT),
        status => Some(status.ok()?.stamp),
    }
}
