//! Detection of inputs that changed while the compiler ran.
//!
//! The files that a compiler read are hashed after it has ended, and both must have seen the same content. An input has
//! changed if its file was written, replaced or touched since the compiler was started, or if a link on the way to the file or
//! a directory above it was replaced: then the build is repeated.
//!
//! Whether something happened since is told by comparing the file's change time with our clock. Where the times come from
//! another clock, which may be slow, the files around the script are looked at before the compiler is started, and compared
//! with what they were then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use crate::store::file_digest::Names;
use crate::store::file_system::{ChangeTimes, change_times};
use crate::store::stamp::{Moment, Stamp};

/// Finds inputs that changed at or after the moment at which a compiler was started.
pub(crate) struct InputMutations {
    start: Moment,
    /// Directories and links that are known to be unchanged.
    seen: BTreeSet<PathBuf>,
    /// Files whose times come from another clock, as they were before the compiler was started.
    before: BTreeMap<PathBuf, Stamp>,
}

impl InputMutations {
    pub(crate) fn since(start: Moment) -> InputMutations {
        InputMutations { start, seen: BTreeSet::new(), before: BTreeMap::new() }
    }

    /// The same, for where [`has_other_clock`]: a change of these files is told from what they were.
    pub(crate) fn with_files(start: Moment, before: Vec<(PathBuf, Stamp)>) -> InputMutations {
        InputMutations { before: before.into_iter().collect(), ..InputMutations::since(start) }
    }

    /// The same, before any directory or link was looked at.
    pub(crate) fn anew(&self) -> InputMutations {
        InputMutations { start: self.start, seen: BTreeSet::new(), before: self.before.clone() }
    }

    /// Whether a file, a link on the way to it or a directory above it was written, replaced or touched.
    pub(crate) fn has_changed(&mut self, path: &Path) -> bool {
        match std::fs::metadata(path) {
            Ok(metadata) => {
                let now = Stamp::of(&metadata);
                let is_other = match self.before.get(path) {
                    Some(before) => *before != now,
                    None => now.changed_since(self.start),
                };
                is_other || self.has_moved(path)
            }
            Err(_) => true,
        }
    }

    /// The same for a file whose stamp was taken before the compiler was started. A write within the same tick as that look would
    /// leave the stamp as it was, but no compiler has begun to read so soon, and what it read is compared besides.
    pub(crate) fn has_changed_from(&mut self, path: &Path, before: Stamp) -> bool {
        match std::fs::metadata(path) {
            Ok(metadata) if Stamp::of(&metadata) == before => self.has_moved(path),
            _ => true,
        }
    }

    fn has_moved(&mut self, path: &Path) -> bool {
        path.ancestors().any(|step| {
            if !self.seen.insert(step.to_owned()) {
                return false;
            }
            let Ok(metadata) = std::fs::symlink_metadata(step) else { return true };
            let stamp = Stamp::of(&metadata);
            // What appears in a directory changes both its times, moving the directory itself only one.
            let moved = metadata.is_symlink() || (metadata.is_dir() && stamp.modified != stamp.changed);
            moved && stamp.changed_since(self.start)
        })
    }
}

/// Whether the change times of files come from another clock than ours: a change is told from what the file was.
pub(crate) fn has_other_clock(directory: &Path) -> bool {
    !matches!(change_times(directory), ChangeTimes::Kernel | ChangeTimes::Below)
}

/// The files in a directory and, as far as looking takes no longer than a tick of the clock, below it, as they are.
pub(crate) fn files_around(directory: &Path) -> Vec<(PathBuf, Stamp)> {
    const MOST_NAMES: usize = 2_000;
    let (mut files, mut names) = (Vec::new(), 0);
    let mut directories = VecDeque::from([directory.to_owned()]);
    while let Some(directory) = directories.pop_front() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            names += 1;
            if names > MOST_NAMES {
                return files;
            }
            if !Names::Sources.matters(&entry.file_name()) {
                continue;
            }
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => directories.push_back(entry.path()),
                Ok(metadata) if metadata.is_file() => files.push((entry.path(), Stamp::of(&metadata))),
                _ => {}
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_a_slow_clock_an_edit_is_told_from_what_the_file_was_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/module.rs");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "one").unwrap();
        // All that happens to the file happens, by its clock, long before the compiler is started.
        let start = Moment::from_unix(i64::MAX / 2_000_000_000, 0);
        let mut mutations = InputMutations::with_files(start, files_around(directory.path()));
        assert!(!mutations.has_changed(&path));
        std::fs::write(&path, "other").unwrap();
        assert!(mutations.has_changed(&path));
        assert!(!InputMutations::since(start).has_changed(&path), "by two clocks it cannot be told");
    }
}
