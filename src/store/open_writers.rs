//! Whether somebody has a file open for writing, or mapped into memory to be written.
//!
//! A store into a mapped page changes the file's times only the first time, until the page has been written back (on tmpfs:
//! never again). So the stamp of a file that somebody may still write to says nothing of its content from now on. The kernel
//! tells: it gives a read lease (`fcntl(2)`, `F_SETLEASE`) only on a file that nobody has open for writing.
//!
//! There is `unsafe` here: `fcntl` takes what its command needs, here numbers.
#![allow(unsafe_code)]

use std::path::Path;

/// Whether somebody has a file open for writing, as far as the kernel tells: leases are for a file's owner and for root.
#[cfg(target_os = "linux")]
pub(crate) fn has_writers(path: &Path) -> bool {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    /// On Linux, for every architecture that Rust knows.
    const F_SETSIG: i32 = 10;

    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let Ok(file) = std::fs::File::options().read(true).custom_flags(flags).open(path) else { return false };
    let fd = file.as_raw_fd();
    // SAFETY: an open descriptor and numbers. Whoever opens the file for writing while there is a lease waits, for a
    // microsecond, and this process is told by a signal: by one that is ignored if nobody asks for it.
    unsafe {
        if libc::fcntl(fd, F_SETSIG, libc::SIGURG) != 0 {
            return false;
        }
        if libc::fcntl(fd, libc::F_SETLEASE, libc::F_RDLCK) == 0 {
            libc::fcntl(fd, libc::F_SETLEASE, libc::F_UNLCK);
            return false;
        }
    }
    std::io::Error::last_os_error().raw_os_error() == Some(libc::EAGAIN)
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn has_writers(_path: &Path) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_still_write_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let file = std::fs::File::create(&path).unwrap();
        assert!(has_writers(&path));
        drop(file);
        let reader = std::fs::File::open(&path).unwrap();
        assert!(!has_writers(&path));
        drop(reader);
        assert!(!has_writers(directory.path()) && !has_writers(&directory.path().join("none")));
    }
}
