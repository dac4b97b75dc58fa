//! Locked, private directories in which builds happen, on the file system of the cache, so that a result is published by a
//! rename. A staging directory is locked by its owner as long as that lives; what a crash left behind is unlocked, and
//! goes at the next miss.

use std::fs::Permissions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::base::fs::{DAY, HOUR, is_older};
use crate::store::lock::Lock;

const DIRECTORY_PREFIX: &str = "build-";
const TEMPORARY_PREFIX: &str = "runner-temporary-";
/// How the name of a file begins that will be renamed.
pub(crate) const FILE_PREFIX: &str = ".new-";

/// A locked, private directory, removed when dropped.
#[derive(Debug)]
pub(crate) struct Staging {
    directory: TempDir,
    // Held until the directory is gone.
    _lock: Option<Lock>,
}

impl Staging {
    /// Makes a directory in `parent`.
    pub(crate) fn create(parent: &Path) -> io::Result<Staging> {
        Staging::create_named(DIRECTORY_PREFIX, parent)
    }

    /// Makes a directory for one run in a place that is not ours alone, and removes what killed runs left there.
    pub(crate) fn create_temporary(parent: &Path) -> io::Result<Staging> {
        let _ = Staging::sweep_named(TEMPORARY_PREFIX, parent);
        Staging::create_named(TEMPORARY_PREFIX, parent)
    }

    fn create_named(prefix: &str, parent: &Path) -> io::Result<Staging> {
        // A sweeper may take the directory between its making and its locking, so try again.
        for _ in 0..16 {
            let directory = private_directory(prefix, parent)?;
            match Lock::try_directory(directory.path()) {
                Ok(Some(lock)) => return Ok(Staging { directory, _lock: Some(lock) }),
                Ok(None) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("it is removed as soon as it is made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Removes what dead builders left in `parent`, and nothing that is not ours.
    pub(crate) fn sweep(parent: &Path) -> io::Result<u64> {
        Staging::sweep_named(DIRECTORY_PREFIX, parent)
    }

    fn sweep_named(prefix: &str, parent: &Path) -> io::Result<u64> {
        let us = rustix::process::geteuid().as_raw();
        let mut removed = 0;
        for entry in std::fs::read_dir(parent)? {
            let entry = entry?;
            let path: PathBuf = entry.path();
            let name = entry.file_name();
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            if metadata.uid() != us {
                continue;
            }
            if metadata.is_dir() && name.as_bytes().starts_with(prefix.as_bytes()) {
                let Ok(Some(lock)) = Lock::try_directory(&path) else { continue };
                // Without locks a dead builder cannot be told from a living one, but none builds for a day.
                if lock.is_exclusive() || is_older(&metadata, DAY) {
                    removed += u64::from(std::fs::remove_dir_all(&path).is_ok());
                }
            } else if metadata.is_file()
                && name.as_bytes().starts_with(FILE_PREFIX.as_bytes())
                && is_older(&metadata, HOUR)
            {
                // Files here live from their making to a rename: moments.
                removed += u64::from(std::fs::remove_file(&path).is_ok());
            }
        }
        Ok(removed)
    }
}

/// A new directory that is ours alone, whatever the umask, under a name nobody can predict.
fn private_directory(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}

/// A new directory that somebody asked to keep.
pub(crate) fn kept_directory(parent: &Path) -> io::Result<PathBuf> {
    private_directory("runner-work-", parent).map(TempDir::keep)
}

/// A new file that will be renamed to where it belongs.
pub(crate) fn file(parent: &Path) -> io::Result<NamedTempFile> {
    NamedTempFile::with_prefix_in(FILE_PREFIX, parent)
}
