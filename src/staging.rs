//! Staging: directories in which builds happen, on the file system of the cache, so that a result is published by a
//! rename. A staging directory is locked by its owner as long as that lives; what a crash left behind is unlocked, and
//! goes at the next miss.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::lock::Lock;

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
        // A sweeper may take the directory between its making and its locking, so try again.
        for _ in 0..16 {
            let directory = private_directory("build-", parent)?;
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

    /// Removes what dead builders left in `parent`.
    pub(crate) fn sweep(parent: &Path) -> io::Result<u64> {
        let mut removed = 0;
        for entry in std::fs::read_dir(parent)? {
            let path: PathBuf = entry?.path();
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            if metadata.is_dir() {
                if let Ok(Some(_lock)) = Lock::try_directory(&path) {
                    removed += u64::from(std::fs::remove_dir_all(&path).is_ok());
                }
            } else if is_older_than_an_hour(&metadata) {
                // Files here live from their making to a rename: moments.
                removed += u64::from(std::fs::remove_file(&path).is_ok());
            }
        }
        Ok(removed)
    }
}

/// A new directory that is ours alone, whatever the umask, under a name nobody can predict.
pub(crate) fn private_directory(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}

fn is_older_than_an_hour(metadata: &std::fs::Metadata) -> bool {
    metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age.as_secs() > 3600)
}
