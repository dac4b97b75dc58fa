//! Detection of inputs that changed while the compiler ran.
//!
//! The files that a compiler read are hashed after it has ended, and both must have seen the same content. An input has
//! changed if its file was written, replaced or touched since the compiler was started, or if a link on the way to the file or
//! a directory above it was replaced: then the build is repeated.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::store::stamp::{Moment, Stamp};

/// Finds inputs that changed at or after the moment at which a compiler was started.
pub(crate) struct InputMutations {
    start: Moment,
    /// Directories and links that are known to be unchanged.
    seen: BTreeSet<PathBuf>,
}

impl InputMutations {
    pub(crate) fn since(start: Moment) -> InputMutations {
        InputMutations { start, seen: BTreeSet::new() }
    }

    /// Whether a file, a link on the way to it or a directory above it was written, replaced or touched.
    pub(crate) fn has_changed(&mut self, path: &Path) -> bool {
        match std::fs::metadata(path) {
            Ok(metadata) if !Stamp::of(&metadata).changed_since(self.start) => self.has_moved(path),
            _ => true,
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
