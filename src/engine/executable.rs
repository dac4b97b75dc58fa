//! The file that a child executes: in its place, or what a host holds open of it.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::process::memfd;

/// What is executed in a child.
#[derive(Debug, Clone)]
pub(crate) struct Executable {
    pub(crate) path: PathBuf,
    /// What it is read from, if it has no path of its own: an interpreter must find it open.
    pub(crate) descriptor: Option<RawFd>,
    /// A copy, where the cache is on a file system from which nothing is executed.
    pub(crate) loaded: Option<Arc<OwnedFd>>,
}

impl Executable {
    pub(super) fn at(path: &Path) -> Executable {
        Executable { path: path.to_owned(), descriptor: None, loaded: None }
    }

    /// A file that is open, and perhaps has no path any more.
    pub(super) fn open(descriptor: BorrowedFd<'_>) -> Executable {
        let number = descriptor.as_raw_fd();
        Executable { path: format!("/proc/self/fd/{number}").into(), descriptor: Some(number), loaded: None }
    }

    /// A file of the cache, which may be held open.
    pub(super) fn cached(path: &Path, held: Option<&File>) -> Executable {
        match held {
            Some(held) if !path.exists() => Executable::open(held.as_fd()),
            _ if is_same(path, held) && !crate::store::cache::is_noexec(path) => Executable::at(path),
            _ => match memfd::load(path) {
                Ok(memory) => {
                    Executable { loaded: Some(Arc::new(memory)), ..Executable::at(path) }.in_memory()
                }
                Err(_) => Executable::at(path),
            },
        }
    }

    fn in_memory(self) -> Executable {
        match &self.loaded {
            Some(loaded) => {
                let number = loaded.as_raw_fd();
                Executable {
                    path: format!("/proc/self/fd/{number}").into(),
                    descriptor: Some(number),
                    ..self
                }
            }
            None => self,
        }
    }
}

/// Whether a path still names the file that is held open.
fn is_same(path: &Path, held: Option<&File>) -> bool {
    let there = std::fs::metadata(path).ok();
    let held = held.and_then(|file| file.metadata().ok());
    match (there, held) {
        (Some(there), Some(held)) => (there.dev(), there.ino()) == (held.dev(), held.ino()),
        (there, None) => there.is_some(),
        (None, _) => false,
    }
}
