//! Artifacts that a dependency environment needs, and whether they are as cargo left them.
//!
//! A line of a record, `SIZE,MTIME,INODE,DIGEST PATH`: the stamp makes it fast, and the digest stands for it in a cache that was
//! restored from an archive, where every inode is another.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::base::digest::Digest;

/// What became of artifacts.
pub(crate) enum State {
    /// All are those that were recorded, by their stamps.
    Unchanged,
    /// All are, by their content; this is how they would be recorded now.
    Restored(Vec<OsString>),
    /// One is gone, or another.
    Changed,
}

/// Whether every artifact is the one that was recorded. Another environment of the same lane may have built the same
/// package from other sources into the same file.
pub(crate) fn are_untouched(cache: &Path, artifacts: &[OsString]) -> bool {
    !matches!(state(cache, artifacts), State::Changed)
}

/// What became of the artifacts of a record.
pub(crate) fn state(cache: &Path, artifacts: &[OsString]) -> State {
    let mut is_restored = false;
    let mut now = Vec::with_capacity(artifacts.len());
    for artifact in artifacts {
        let Some((recorded, name)) = split(artifact) else { return State::Changed };
        let path = cache.join(name);
        let Some(stamp) = stamp_of(&path) else { return State::Changed };
        let (old, digest) = recorded.rsplit_once(',').unwrap_or((recorded, ""));
        if stamp == old || stamp == recorded {
            now.push(artifact.clone());
            continue;
        }
        let size = |stamp: &str| stamp.split(',').next().map(str::to_owned);
        let is_same =
            size(&stamp) == size(old) && Digest::of_file(&path).is_ok_and(|now| now.hex() == digest);
        if !is_same {
            return State::Changed;
        }
        is_restored = true;
        now.push(written(&format!("{stamp},{digest}"), name));
    }
    if is_restored { State::Restored(now) } else { State::Unchanged }
}

/// An artifact as a record has it, `name` being its path in the cache.
pub(crate) fn recorded(path: &Path, name: &Path) -> Option<OsString> {
    let stamp = stamp_of(path)?;
    if path.is_dir() {
        return Some(written(&stamp, name));
    }
    let digest = Digest::of_file(path).ok()?.hex();
    Some(written(&format!("{stamp},{digest}"), name))
}

fn written(stamp: &str, name: &Path) -> OsString {
    let mut text = OsString::from(stamp);
    text.push(" ");
    text.push(name);
    text
}

fn split(artifact: &OsStr) -> Option<(&str, &Path)> {
    let bytes = artifact.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b' ')?;
    Some((str::from_utf8(&bytes[..at]).ok()?, Path::new(OsStr::from_bytes(&bytes[at + 1..]))))
}

/// Size, modification time and inode; cargo makes and removes other links to its artifacts, which shows in the change
/// time. Of a directory only that it is there.
fn stamp_of(path: &Path) -> Option<String> {
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
