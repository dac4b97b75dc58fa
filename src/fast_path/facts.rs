//! Asks whether the facts of a trace still hold, without a heap.

use rustix::fs::{Access, CWD, FileType, Stat, readlinkat_raw};
use rustix::io::Errno;

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;
use crate::fast_path::buffer::Buffer;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::escape::{Escaped, split_at_byte};
use crate::store::trace::fact::Input;

/// What the process was started with.
pub trait System {
    /// The value of a variable.
    fn variable(&self, name: &[u8]) -> Option<&[u8]>;
    /// Whether a variable that begins so is set, other than these.
    fn has_variable_like(&self, prefix: &[u8], known: &[&[u8]]) -> bool;
    /// Writes the working directory; its length without a NUL.
    fn current_directory(&self, buffer: &mut [u8]) -> Option<usize>;
}

/// What is longer is the long way's.
pub(super) const PATH_BYTES: usize = 1024;

/// Whether a recorded input is as it was; `None` if only its content can tell. What a search met last is in `path`, and was asked
/// about: most are followed by the fact of that file.
pub(super) fn holds(
    input: &Input<Escaped<'_>>,
    path: &mut Buffer<'_>,
    search: &Search<'_>,
    met: &mut Option<Stat>,
    system: &impl System,
) -> Option<bool> {
    let met_before = met.take();
    if let (Input::Content { path: name, stamp, .. }, Some(stat)) = (input, met_before)
        && name.is(path.bytes())
    {
        return (stamp_of(&stat)? == (*stamp)?).then_some(true);
    }
    path.clear();
    match input {
        Input::Content { path: name, stamp, .. } => {
            path.push_text(*name)?;
            let stat = match rustix::fs::stat(path.c_str()?) {
                Err(Errno::NOENT) => return (*stamp == Some(Stamp::ABSENT)).then_some(true),
                stat => stat.ok()?,
            };
            (stamp_of(&stat)? == (*stamp)?).then_some(true)
        }
        Input::Absent { path: name } => {
            path.push_text(*name)?;
            let gone = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::ACCESS, Errno::NAMETOOLONG];
            Some(rustix::fs::stat(path.c_str()?).is_err_and(|error| gone.contains(&error)))
        }
        // A name that is escaped is too rare to be worth the words.
        Input::Variable { name, value } => Some(match (system.variable(name.plain()?), value) {
            (Some(now), Some(value)) => value.is(now),
            (now, value) => now.is_none() && value.is_none(),
        }),
        Input::Private { name, value } => {
            Some(system.variable(name.plain()?).is_some_and(|now| Digest::of(now) == *value))
        }
        Input::Present { path: name } => {
            path.push_text(*name)?;
            let wants_directory = path.bytes().last() == Some(&b'/');
            let kind = |stat: Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            Some(rustix::fs::stat(path.c_str()?).is_ok_and(|stat| kind(stat) == wants_directory))
        }
        Input::Link { path: name, target } => {
            path.push_text(*name)?;
            let (link, buffer) = path.c_str_and_rest()?;
            let length = match readlinkat_raw(CWD, link, &mut *buffer) {
                // It is no link.
                Err(Errno::INVAL) => return Some(target.0.is_empty()),
                length => length.ok()?,
            };
            // What fills the buffer may have been cut.
            (length < buffer.len()).then(|| buffer.get(..length).map(|now| target.is(now)))?
        }
        Input::Never { .. } => Some(false),
        Input::SearchPath { value, .. } => value.is(search.path?).then_some(true),
        Input::Command { name, path: expected } => {
            let name = name.plain()?;
            for (place, directory) in directories(search.path?) {
                if search.lacks(place) {
                    continue;
                }
                path.clear();
                path.push(directory)?;
                if directory.last() != Some(&b'/') {
                    path.push(hit_text!(b"/"))?;
                }
                path.push(name)?;
                if rustix::fs::access(path.c_str()?, Access::EXEC_OK).is_ok() {
                    *met = rustix::fs::stat(path.c_str()?).ok().filter(is_file);
                }
                if met.is_some() {
                    return Some(expected.is_some_and(|expected| expected.is(path.bytes())));
                }
            }
            Some(expected.is_none())
        }
    }
}

/// What a search of PATH goes through.
pub(super) struct Search<'a> {
    path: Option<&'a [u8]>,
    /// Places in it, of the first 64, that a search passes over: nothing is there that it could find.
    lacking: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(system: &'a impl System) -> Search<'a> {
        Search { path: system.variable(hit_text!(b"PATH")), lacking: 0 }
    }

    fn lacks(&self, place: u32) -> bool {
        1_u64.checked_shl(place).is_some_and(|bit| self.lacking & bit != 0)
    }

    /// Forgets what is lacking.
    pub(super) fn clear(&mut self) {
        self.lacking = 0;
    }

    /// Passes over every place of a directory, if that has the stamp.
    pub(super) fn pass_over(
        &mut self,
        stamp: Option<Stamp>,
        directory: Escaped<'_>,
        path: &mut Buffer<'_>,
    ) -> Option<()> {
        let places = directories(self.path?).filter(|(_, other)| directory.is(other));
        let bits = places.fold(0, |bits, (place, _)| bits | 1_u64.checked_shl(place).unwrap_or(0));
        if bits != 0 {
            path.clear();
            path.push_text(directory)?;
            let is_so = match rustix::fs::stat(path.c_str()?) {
                Ok(stat) => stamp.is_some() && stamp_of(&stat) == stamp,
                Err(error) => stamp.is_none() && error == Errno::NOENT,
            };
            self.lacking |= if is_so { bits } else { 0 };
        }
        Some(())
    }
}

/// The directories of PATH that a search looks at, and the place of each.
fn directories(path: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = Some(path);
    let next = std::iter::from_fn(move || {
        let path = rest?;
        let (directory, others) =
            split_at_byte(path, b':').map_or((path, None), |(one, rest)| (one, Some(rest)));
        rest = others;
        Some(directory)
    });
    (0..).zip(next).filter(|(_, directory)| directory.first() == Some(&b'/'))
}

pub(super) fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

pub(super) fn stamp_of(stat: &Stat) -> Option<Stamp> {
    Some(Stamp {
        size: u64::try_from(stat.st_size).ok()?,
        modified: Moment::from_unix(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).ok()?),
        changed: Moment::from_unix(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).ok()?),
        inode: stat.st_ino,
    })
}
