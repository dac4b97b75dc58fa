//! Lets one builder at a time build under a key.
//!
//! A lock is an advisory `flock` on a file of its own, released by the kernel when its holder dies, however that
//! happens. It saves work and never protects correctness: a commit is one rename, so on a file system without locks,
//! or beside a builder that was stopped, two builders do the same work twice and both are right.
//!
//! A lock file may be removed by whoever holds it (trim does). Therefore, after locking:
//!
//! 1. compare the inode we locked with the one the path names now;
//! 2. if they differ, somebody removed it in between: start again.
//!
//! Where it would protect something (a sweep must not take what somebody works in), ask [`Lock::is_exclusive`].

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::base::process_identity::ProcessIdentity;

/// Holding it is the right to build. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Lock {
    // Only held, for the kernel's sake. `None` on a file system without locks, and when its holder was stopped.
    file: Option<File>,
}

/// How a waiter sees whom it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The process, if it could be told.
    pub(crate) pid: Option<u32>,
    /// Whether it was stopped (Ctrl-Z, SIGSTOP) and so will not finish by itself.
    pub(crate) stopped: bool,
}

/// What a waiter does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    Wait,
    /// Go on without the lock.
    GoOn,
    /// Do not wait any more: the operation was stopped.
    Stop,
}

/// The longest a waiter sleeps between two looks: how long after a builder's death the next one begins, at most.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);

/// What is over before then has no holder worth looking for.
const LOOK_AFTER: Duration = Duration::from_millis(500);

impl Lock {
    /// Takes the lock, waiting for it; `waiting` is told how long so far, for whom, and decides.
    pub(crate) fn acquire(
        path: &Path,
        mut waiting: impl FnMut(Duration, Holder) -> Patience,
    ) -> io::Result<Lock> {
        let began = Instant::now();
        let mut sleep = Duration::from_millis(1);
        loop {
            let mut file = open(path)?;
            match try_lock(&file) {
                Ok(true) if is_same_file(&file, path) => {
                    // Only for people: who is it that others wait for.
                    let _ = file.set_len(0);
                    let _ = write!(file, "{}", std::process::id());
                    return Ok(Lock { file: Some(file) });
                }
                Ok(true) => continue,
                Ok(false) => {
                    let elapsed = began.elapsed();
                    let holder = match elapsed > LOOK_AFTER {
                        true => holder(&mut file),
                        false => Holder { pid: None, stopped: false },
                    };
                    match waiting(elapsed, holder) {
                        Patience::Wait => {}
                        Patience::GoOn => return Ok(Lock { file: None }),
                        Patience::Stop => return Err(io::Error::other("the wait was stopped")),
                    }
                    std::thread::sleep(sleep);
                    sleep = (sleep * 2).min(LONGEST_SLEEP);
                }
                Err(error) if is_unsupported(&error) => return Ok(Lock { file: None }),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the lock if nobody holds it, and writes down who and for what: the [`ProcessIdentity`], a line end, the purpose.
    /// On a file system without locks what is written down stands for the lock.
    pub(crate) fn try_acquire_as(path: &Path, purpose: &Path) -> io::Result<Option<Lock>> {
        let Some(mut lock) = Lock::try_acquire(path)? else { return Ok(None) };
        if !lock.is_exclusive() && written_holder(path).is_some_and(ProcessIdentity::is_running_here) {
            return Ok(None);
        }
        let text = format!("{}\n{}\n", ProcessIdentity::own(), purpose.display());
        match lock.file.as_mut() {
            Some(file) => {
                file.set_len(0)?;
                write!(file, "{text}")?;
            }
            None => std::fs::write(path, text)?,
        }
        Ok(Some(lock))
    }

    /// Whether somebody holds the lock of a file that exists; on a file system without locks, whether who wrote it is running.
    pub(crate) fn is_held(path: &Path) -> bool {
        match File::open(path).and_then(|file| try_lock(&file)) {
            Ok(is_free) => !is_free,
            Err(error) if is_unsupported(&error) => {
                written_holder(path).is_some_and(ProcessIdentity::is_running_here)
            }
            Err(_) => false,
        }
    }

    /// Takes the lock if nobody holds it.
    pub(crate) fn try_acquire(path: &Path) -> io::Result<Option<Lock>> {
        let file = open(path)?;
        match try_lock(&file) {
            Ok(true) if is_same_file(&file, path) => Ok(Some(Lock { file: Some(file) })),
            Ok(_) => Ok(None),
            Err(error) if is_unsupported(&error) => Ok(Some(Lock { file: None })),
            Err(error) => Err(error),
        }
    }

    /// Locks a directory that exists, if nobody holds it. `None` also if it was removed meanwhile.
    pub(crate) fn try_directory(path: &Path) -> io::Result<Option<Lock>> {
        let file = File::open(path)?;
        match try_lock(&file) {
            Ok(true) if is_same_file(&file, path) => Ok(Some(Lock { file: Some(file) })),
            Ok(_) => Ok(None),
            Err(error) if is_unsupported(&error) => Ok(Some(Lock { file: None })),
            Err(error) => Err(error),
        }
    }

    /// Lets the processes that are started from now on hold it too, until the last of them ends.
    pub(crate) fn hand_on(&self) -> io::Result<()> {
        match &self.file {
            Some(file) => Ok(rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty())?),
            None => Ok(()),
        }
    }

    /// Whether nobody else can hold it: not on a file system without locks.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.file.is_some()
    }
}

/// Opens a lock file. What is there and cannot be opened (a directory, a link, a file without permissions) is no lock of
/// ours, and another is put in its place.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    match options.open(path) {
        Err(error) if is_obstacle(&error) => {
            let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir_all(path));
            options.open(path)
        }
        other => other,
    }
}

fn is_obstacle(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EISDIR | libc::ELOOP | libc::EACCES | libc::ENXIO))
}

#[cfg(not(target_os = "illumos"))]
#[allow(clippy::disallowed_methods)] // The one place that locks.
fn try_lock(file: &File) -> io::Result<bool> {
    match fs2::FileExt::try_lock_exclusive(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// fs2 has no `fallocate` for this system and does not compile; std locks with the same `flock`.
#[cfg(target_os = "illumos")]
fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    let numbers = [libc::ENOLCK, libc::EOPNOTSUPP, libc::ENOSYS, libc::EINVAL];
    error.raw_os_error().is_some_and(|number| numbers.contains(&number))
}

fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(ours), Ok(named)) => ours.ino() == named.ino() && ours.dev() == named.dev(),
        _ => false,
    }
}

/// The process that wrote itself down, by [`Lock::try_acquire_as`].
fn written_holder(path: &Path) -> Option<ProcessIdentity> {
    ProcessIdentity::parse(std::fs::read_to_string(path).ok()?.split('\n').next()?)
}

fn holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.take(20).read_to_string(&mut text);
    let pid: Option<u32> = text.trim().parse().ok();
    Holder { pid, stopped: pid.is_some_and(is_stopped) }
}

/// Whether a process is stopped, from `/proc/PID/stat`: `PID (NAME) STATE …`, where NAME may hold anything.
fn is_stopped(pid: u32) -> bool {
    let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    text.rsplit_once(')')
        .is_some_and(|(_, rest)| matches!(rest.trim_start().bytes().next(), Some(b'T' | b't')))
}
