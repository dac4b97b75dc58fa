//! Artifacts that a dependency environment needs, and whether they are as cargo left them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whether every artifact is the one that was recorded. Another environment of the same lane may have built the same
/// package from other sources into the same file.
pub(crate) fn are_untouched(cache: &Path, artifacts: &[OsString]) -> bool {
    artifacts.iter().all(|artifact| {
        let bytes = artifact.as_bytes();
        let Some(at) = bytes.iter().position(|byte| *byte == b' ') else { return false };
        let path = cache.join(OsStr::from_bytes(&bytes[at + 1..]));
        stamp_of(&path).is_some_and(|stamp| stamp.as_bytes() == &bytes[..at])
    })
}

/// Size, modification time and inode; cargo makes and removes other links to its artifacts, which shows in the change
/// time. Of a directory only that it is there.
pub(crate) fn stamp_of(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    match metadata.is_dir() {
        true => Some("directory".to_owned()),
        false => Some(format!(
            "{},{}.{},{}",
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ino()
        )),
    }
}
