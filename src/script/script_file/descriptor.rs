//! Paths that name a descriptor of the process, and FIFOs: scripts through a pipe.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Whether a path names a descriptor of the process rather than a file: `/dev/fd/N`, `/proc/self/fd/N`, `/dev/stdin`.
pub(super) fn is_descriptor(path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    path.starts_with(b"/dev/fd/")
        || path == b"/dev/stdin"
        || (path.starts_with(b"/proc/") && path.windows(4).any(|part| part == b"/fd/"))
}

/// The file behind a descriptor, if it still has that name.
pub(super) fn named_by_descriptor(path: &Path, metadata: &std::fs::Metadata) -> Option<PathBuf> {
    let link = match path.as_os_str().as_bytes() {
        b"/dev/stdin" => PathBuf::from("/proc/self/fd/0"),
        _ => path.to_owned(),
    };
    let named = std::fs::read_link(link).ok().filter(|named| named.is_absolute())?;
    let there = std::fs::metadata(&named).ok()?;
    (there.is_file() && there.ino() == metadata.ino() && there.dev() == metadata.dev()).then_some(named)
}

/// What is no file, and would be read by whoever comes first.
pub(super) fn fifo() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is a FIFO")
}
