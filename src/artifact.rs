//! Artifacts: files that a compiler left in the cache for a later call, and the stamps by which they are known again.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// `STAMP PATH` of a file or directory of the cache, with the path relative to it; `None` if it is not there.
pub(crate) fn note(path: &Path, cache: &Path) -> Option<OsString> {
    let mut text = OsString::from(stamp_of(path)?);
    text.push(" ");
    text.push(path.strip_prefix(cache).ok()?);
    Some(text)
}

/// Whether every artifact is the one that was noted.
pub(crate) fn are_untouched(cache: &Path, artifacts: &[OsString]) -> bool {
    artifacts.iter().all(|artifact| {
        let bytes = artifact.as_bytes();
        let Some(at) = bytes.iter().position(|byte| *byte == b' ') else { return false };
        let path = cache.join(OsStr::from_bytes(&bytes[at + 1..]));
        stamp_of(&path).is_some_and(|stamp| stamp.as_bytes() == &bytes[..at])
    })
}

/// Size, modification time and inode; cargo and rustc make and remove other links to their artifacts, which shows in the
/// change time. Of a directory only that it is there.
fn stamp_of(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
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
