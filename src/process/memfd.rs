//! Copies a binary into a sealed memory file (`memfd_create(2)`), and executes it from there: where it lies on a file system
//! from which nothing is executed. Such a program has no path by which it could start itself again.
//!
//! There is `unsafe` here: `fexecve` takes raw pointers, as `execve` does (see [`crate::process::exec`]).
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
use std::ffi::OsStr;
#[cfg(target_os = "linux")]
use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::path::Path;

use crate::process::exec::Image;
#[cfg(target_os = "linux")]
use crate::process::exec::RawImage;

/// Copies a program into memory that nobody can write to any more.
#[cfg(target_os = "linux")]
pub(crate) fn load(path: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags};
    let name = path.file_name().unwrap_or(OsStr::new("script"));
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know the flag that says it will be executed, and do not need it.
    let memory = match rustix::fs::memfd_create(name, flags | MemfdFlags::EXEC) {
        Err(rustix::io::Errno::INVAL) => rustix::fs::memfd_create(name, flags)?,
        other => other?,
    };
    let mut memory = File::from(memory);
    io::copy(&mut File::open(path)?, &mut memory)?;
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&memory, seals)?;
    Ok(memory.into())
}

/// Replaces this process by an open file. Returns only if that failed.
#[cfg(target_os = "linux")]
pub(crate) fn become_memory(file: &OwnedFd, image: &Image<'_>) -> io::Error {
    let raw = match RawImage::new(image) {
        Ok(raw) => raw,
        Err(error) => return error,
    };
    let (argv, envp) = raw.pointers();
    if let Err(error) = image.enter() {
        return error;
    }
    // SAFETY: as above; the descriptor is open.
    unsafe { libc::fexecve(file.as_raw_fd(), argv.as_ptr(), envp.as_ptr()) };
    let error = io::Error::last_os_error();
    // A program that names an interpreter on a `#!` line of its own is opened again by that, so it must stay open.
    if error.kind() == io::ErrorKind::NotFound
        && rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty()).is_ok()
    {
        // SAFETY: as above.
        unsafe { libc::fexecve(file.as_raw_fd(), argv.as_ptr(), envp.as_ptr()) };
        return io::Error::last_os_error();
    }
    error
}

/// Without memory files a temporary binary is spawned.
#[cfg(not(target_os = "linux"))]
pub(crate) fn load(_path: &Path) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn become_memory(_file: &OwnedFd, _image: &Image<'_>) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_loaded_program_cannot_be_changed() {
        let memory = load(Path::new("/bin/sh")).unwrap();
        assert!(rustix::io::write(&memory, b"x").is_err());
        assert!(rustix::fs::ftruncate(&memory, 0).is_err());
    }
}
