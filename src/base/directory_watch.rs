//! Changes in directories, told by the kernel (inotify). Linux only; elsewhere opening one fails, and the caller polls.
//!
//! Directories are watched and not files: editors save by rename, which a watch of the file would not see.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// A set of directories that are watched.
#[cfg(target_os = "linux")]
pub(crate) struct DirectoryWatch {
    descriptor: std::os::fd::OwnedFd,
    /// By the kernel's number, the paths under which a directory was asked for.
    watched: BTreeMap<i32, BTreeSet<PathBuf>>,
}

#[cfg(target_os = "linux")]
impl DirectoryWatch {
    pub(crate) fn open() -> io::Result<DirectoryWatch> {
        use rustix::fs::inotify::{CreateFlags, init};
        let descriptor = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(DirectoryWatch { descriptor, watched: BTreeMap::new() })
    }

    pub(crate) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        Some(std::os::fd::AsFd::as_fd(&self.descriptor))
    }

    /// Watches these directories and no others; whether there is a new one among them.
    pub(crate) fn set(&mut self, wanted: &BTreeSet<PathBuf>) -> io::Result<bool> {
        use rustix::fs::inotify::{WatchFlags, add_watch, remove_watch};
        let flags = WatchFlags::CLOSE_WRITE
            | WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let mut now: BTreeMap<i32, BTreeSet<PathBuf>> = BTreeMap::new();
        for directory in wanted {
            match add_watch(&self.descriptor, directory, flags) {
                Ok(number) => drop(now.entry(number).or_default().insert(directory.clone())),
                // It went meanwhile, or is not ours to see.
                Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::ACCESS) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let is_new = now.keys().any(|number| !self.watched.contains_key(number));
        for number in self.watched.keys().filter(|number| !now.contains_key(number)) {
            let _ = remove_watch(&self.descriptor, *number);
        }
        self.watched = now;
        Ok(is_new)
    }

    /// The paths that changed since the last call, and whether one has come or gone; `None` if so many did that some were not
    /// told.
    pub(crate) fn changed(&mut self) -> io::Result<Option<BTreeMap<PathBuf, bool>>> {
        use rustix::fs::inotify::{ReadFlags, Reader};
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.descriptor, &mut buffer);
        let mut changed = BTreeMap::new();
        let mut is_whole = true;
        loop {
            match reader.next() {
                Ok(event) => {
                    is_whole &= !event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                    let directories = self.watched.get(&event.wd()).into_iter().flatten();
                    let name = event.file_name().map(|name| {
                        Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(
                            name.to_bytes(),
                        ))
                    });
                    let is_other = !event.events().intersects(ReadFlags::CLOSE_WRITE | ReadFlags::MODIFY);
                    for path in directories {
                        let path = name.map_or_else(|| path.clone(), |name| path.join(name));
                        *changed.entry(path).or_default() |= is_other;
                    }
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(is_whole.then_some(changed)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Nothing is watched here.
#[cfg(not(target_os = "linux"))]
pub(crate) struct DirectoryWatch;

#[cfg(not(target_os = "linux"))]
impl DirectoryWatch {
    pub(crate) fn open() -> io::Result<DirectoryWatch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }

    pub(crate) fn set(&mut self, _wanted: &BTreeSet<PathBuf>) -> io::Result<bool> {
        Ok(false)
    }

    pub(crate) fn changed(&mut self) -> io::Result<Option<BTreeMap<PathBuf, bool>>> {
        Ok(Some(BTreeMap::new()))
    }
}

/// The nearest directory that exists at or above a path.
pub(crate) fn nearest(path: &Path) -> PathBuf {
    path.ancestors().find(|directory| directory.is_dir()).unwrap_or(Path::new("/")).to_owned()
}
