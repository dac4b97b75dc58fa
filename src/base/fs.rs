//! Sizes, ages and removal of files and directories, and small files that are written by rename.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::base::error::{Error, Step, bare};

/// One hour: longer than any file lives that is on its way to its name.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
/// One day: longer than any build takes.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// How the name of a file begins that is not in its place yet.
pub(crate) const UNFINISHED_PREFIX: &str = ".runner-";

/// Whether what is not needed is removed, or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Remove,
    Show,
}

/// What is in a directory; nothing in a link to one, which leads elsewhere.
pub(crate) fn entries(path: &Path) -> Vec<PathBuf> {
    if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Vec::new();
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Bytes on disk below a path.
pub(crate) fn size_of(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => entries(path).iter().map(|entry| size_of(entry)).sum(),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    }
}

/// Removes a file or a directory with all in it; returns the bytes freed.
pub(crate) fn remove(path: &Path) -> u64 {
    let size = size_of(path);
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    if removed.is_ok() { size } else { 0 }
}

/// As [`remove`], unless the mode is to show; returns the bytes that are freed, or would be.
pub(crate) fn remove_in(mode: Mode, path: &Path) -> u64 {
    match mode {
        Mode::Remove => remove(path),
        Mode::Show => size_of(path),
    }
}

/// Whether a file was last written longer ago than `age`. One from the future was not.
pub(crate) fn is_older(metadata: &Metadata, age: Duration) -> bool {
    metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|elapsed| elapsed > age)
}

/// Makes a private directory, and those above it.
pub(crate) fn create_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Writes a small private file by rename, and makes the directories above it.
pub(crate) fn write_atomically(bytes: &[u8], destination: &Path) -> io::Result<()> {
    let directory = destination.parent().unwrap_or(Path::new("/"));
    create_directory(directory)?;
    let mut file = NamedTempFile::with_prefix_in(UNFINISHED_PREFIX, directory)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(destination).map_err(|error| error.error)?;
    Ok(())
}

/// The error of a file outside the cache: ``cannot VERB `PATH`: REASON``.
#[cold]
pub(crate) fn cannot(verb: &str, path: &Path, error: io::Error) -> Error {
    let context = format!("cannot {verb} `{}`", path.display());
    Error::new(Step::Install, anyhow::Error::new(bare(error)).context(context))
}
