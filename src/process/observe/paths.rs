//! Absolute paths that are spelled without anything to tidy, taken apart byte by byte: in a tenth of the time that it takes by
//! components, and a build has thousands.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Whether a path is a directory, or in it, as `Path::starts_with` has it.
pub(crate) fn is_within(path: &Path, directory: impl AsRef<Path>) -> bool {
    let (path, directory) = (path.as_os_str().as_bytes(), directory.as_ref().as_os_str().as_bytes());
    path.strip_prefix(directory)
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'/')) || directory == b"/")
}

/// The directory that a path is in, as `Path::parent` has it.
pub(crate) fn parent(path: &Path) -> Option<&Path> {
    parent_of(path.as_os_str().as_bytes()).map(path_of)
}

/// A path, and all directories that it is in.
pub(crate) fn ancestors(path: &Path) -> impl Iterator<Item = &Path> {
    ancestors_of(path.as_os_str().as_bytes()).map(path_of)
}

pub(crate) fn parent_of(path: &[u8]) -> Option<&[u8]> {
    let slash = path.iter().rposition(|byte| *byte == b'/').filter(|_| path.len() > 1)?;
    path.get(..slash.max(1))
}

pub(crate) fn ancestors_of(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(path), |path| parent_of(path))
}

pub(crate) fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
