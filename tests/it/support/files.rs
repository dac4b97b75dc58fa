//! Lists files, and changes them in the ways in which others change them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};

/// Writes a file that nobody has open for writing any more.
pub fn write(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    fs::write(&path, text).unwrap();
    wait_until_closed(path.as_ref());
}

/// As [`write`], and it can be executed.
pub fn write_program(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    write(&path, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Copies a file with its permissions, as [`write`] does.
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    fs::copy(from, &to).unwrap();
    wait_until_closed(to.as_ref());
}

/// Waits until no process has a file open for writing. What one thread of the tests has open, the child that another has
/// just started has too until it is another program; the kernel executes no such file (`ETXTBSY`), and no stamp of it is
/// believed. It tells by a lease, which it gives only on a file without writers.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub fn wait_until_closed(path: &Path) {
    use std::os::fd::AsRawFd;

    /// On Linux, for every architecture that Rust knows.
    const F_SETSIG: libc::c_int = 10;

    // What cannot be read cannot be asked about.
    let Ok(file) = fs::File::open(path) else { return };
    let control = |command: libc::c_int, value: libc::c_int| {
        // SAFETY: an open descriptor and two numbers.
        let result = unsafe { libc::fcntl(file.as_raw_fd(), command, value) };
        if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // Whoever opens it for writing meanwhile is told of by a signal, here by one that is ignored.
    control(F_SETSIG, libc::SIGURG).unwrap();
    loop {
        match control(libc::F_SETLEASE, libc::F_RDLCK) {
            Ok(()) => return control(libc::F_SETLEASE, libc::F_UNLCK).unwrap(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => thread::yield_now(),
            // A file system without leases.
            Err(_) => return,
        }
    }
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
pub fn wait_until_closed(_path: &Path) {}

/// What is in a directory; nothing if there is none.
pub fn entries(path: &Path) -> Vec<PathBuf> {
    fs::read_dir(path)
        .map_or_else(|_| Vec::new(), |entries| entries.flatten().map(|entry| entry.path()).collect())
}

/// Every file below a directory, in order.
pub fn files_below(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(path)
        .into_iter()
        .flat_map(|entry| if is_directory(&entry) { files_below(&entry) } else { vec![entry] })
        .collect();
    found.sort();
    found
}

/// Every file and directory below a directory, in order.
pub fn tree(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(path)
        .into_iter()
        .flat_map(|entry| {
            let below = if is_directory(&entry) { tree(&entry) } else { Vec::new() };
            [vec![entry], below].concat()
        })
        .collect();
    found.sort();
    found
}

/// And no link to one.
fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Its permissions.
pub fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Makes a file unused for so many days, as far as its times tell.
pub fn age(path: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    let times = fs::FileTimes::new().set_accessed(then).set_modified(then);
    fs::File::options().read(true).open(path).unwrap().set_times(times).unwrap();
}

pub fn set_modified(path: &Path, time: SystemTime) {
    // Read access is enough for the owner, and a directory can be opened no other way.
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

/// Puts a new file in the place of another, as editors and git do.
pub fn replace(path: &Path, bytes: impl AsRef<[u8]>) {
    let new = path.with_extension("replacement");
    fs::write(&new, bytes).unwrap();
    if let Ok(metadata) = fs::metadata(path) {
        fs::set_permissions(&new, metadata.permissions()).unwrap();
    }
    fs::rename(new, path).unwrap();
}

/// Other bytes in the same file with the same modification time, as `cp -p` and `tar` leave it.
pub fn overwrite_keeping_time(path: &Path, bytes: impl AsRef<[u8]>) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    fs::write(path, bytes).unwrap();
    set_modified(path, time);
}

/// Writes an executable file by rename, so that nobody executes it half-written.
pub fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(new, path).unwrap();
}

/// A stamp counts only if the file had been left alone for a tick of the clock before the build; else the first hit reads
/// the file once more. A tick is 10 ms at most.
pub fn settle() {
    let written = clock_gettime(ClockId::Realtime);
    loop {
        thread::sleep(Duration::from_millis(12));
        // It may lag by several ticks, where the machine was idle or had to wait for its host.
        #[cfg(target_os = "linux")]
        let stamped = clock_gettime(ClockId::RealtimeCoarse);
        #[cfg(not(target_os = "linux"))]
        let stamped = clock_gettime(ClockId::Realtime);
        if (written.tv_sec, written.tv_nsec) < (stamped.tv_sec, stamped.tv_nsec) {
            return;
        }
    }
}
