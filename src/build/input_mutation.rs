//! Disturbances: what changed while a compiler ran.
//!
//! What a compiler says it read is read again afterwards, and the two readings must be of the same content. A file that was
//! written, replaced or touched since then is a disturbance, and so is a link on the way to it or a directory above it that
//! was put in another's place: then the build begins again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::store::stamp::{Moment, Stamp};

/// Finds what changed at or after the moment a compiler was started.
pub(crate) struct Disturbances {
    start: Moment,
    /// Directories and links that were found to be as they were.
    seen: BTreeSet<PathBuf>,
}

impl Disturbances {
    pub(crate) fn since(start: Moment) -> Disturbances {
        Disturbances { start, seen: BTreeSet::new() }
    }

    /// Whether a file, a link on the way to it or a directory above it was written, replaced or touched.
    pub(crate) fn reached(&mut self, path: &Path) -> bool {
        match std::fs::metadata(path) {
            Ok(metadata) if !Stamp::of(&metadata).changed_since(self.start) => self.reached_above(path),
            _ => true,
        }
    }

    /// The same of a file that was looked at before the compiler was started. A write within the same tick as that look would
    /// leave the stamp as it was, but no compiler has begun to read so soon, and what it read is compared besides.
    pub(crate) fn reached_since(&mut self, path: &Path, before: Stamp) -> bool {
        match std::fs::metadata(path) {
            Ok(metadata) if Stamp::of(&metadata) == before => self.reached_above(path),
            _ => true,
        }
    }

    fn reached_above(&mut self, path: &Path) -> bool {
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
