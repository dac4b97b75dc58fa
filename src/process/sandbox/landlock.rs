//! The sandbox's Landlock ruleset: which files may be read, written and executed, and which TCP ports used.
//!
//! A ruleset handles a set of rights; what it handles is refused but for its rules, and rules only add. So a right is not
//! handled at all where everything is allowed. Landlock says nothing of metadata (stat, chmod, utime), of UDP and of unix
//! sockets by path: see [`crate::process::sandbox::seccomp`].
//!
//! Less than ABI 6 (Linux 6.12) is an error and never "best effort": without scopes a program could send signals out and
//! connect to abstract sockets.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::process::sandbox::kernel::{self, Handled};
use crate::process::sandbox::refused::Refused;
use crate::process::sandbox::rules::Sandbox;
use crate::process::sandbox::system_paths;
use crate::request::sandbox_permissions::Grant;

/// The first version with scopes.
const LEAST_ABI: i32 = 6;

/// Rights to files: `LANDLOCK_ACCESS_FS_…`.
const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIRECTORY: u64 = 1 << 3;
const TRUNCATE: u64 = 1 << 14;
const DEVICE_IOCTL: u64 = 1 << 15;

/// Execution goes with reading: what can be read can be copied, and what is copied into memory can be executed.
const READ: u64 = EXECUTE | READ_FILE | READ_DIRECTORY;
/// Every other right that ABI 6 knows: writing, removing, making, renaming elsewhere, truncating, device requests.
const WRITE: u64 = 0xffff & !READ;
/// Making device files, which nobody needs in a directory of his own; root could reach a disk by one.
const DEVICES: u64 = 1 << 6 | 1 << 11;
/// What a file that is no directory can have.
const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_IOCTL;

/// `LANDLOCK_ACCESS_NET_BIND_TCP` and `…_CONNECT_TCP`.
const TCP: u64 = 0b11;

/// `LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET` and `LANDLOCK_SCOPE_SIGNAL`.
const SCOPE_ABSTRACT: u64 = 1;
const SCOPE_SIGNALS: u64 = 1 << 1;

/// The kernel's version of Landlock, if it can do all that is asked of it.
pub(super) fn supported_abi() -> Result<i32, Refused> {
    match kernel::landlock_abi() {
        Ok(abi) if abi >= LEAST_ABI => Ok(abi),
        Ok(abi) => Err(Refused::OldLandlock { abi }),
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Err(Refused::LandlockIsOff),
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => Err(Refused::NoLandlock),
        Err(source) => Err(Refused::Call { call: "landlock_create_ruleset", source }),
    }
}

/// The ruleset of a sandbox.
pub(super) fn ruleset(sandbox: &Sandbox) -> Result<OwnedFd, Refused> {
    supported_abi()?;
    let mut handled = Handled { scoped: SCOPE_SIGNALS, ..Handled::default() };
    if !sandbox.unix {
        handled.scoped |= SCOPE_ABSTRACT;
    }
    if sandbox.network != Grant::Everything {
        handled.network = TCP;
    }
    let (reads, writes) = (sandbox.reads(), sandbox.writes());
    if writes != Grant::Everything {
        handled.files |= WRITE;
        if reads != Grant::Everything {
            handled.files |= READ;
        }
    }
    let made = kernel::create_ruleset(&handled);
    let ruleset = made.map_err(|source| Refused::Call { call: "landlock_create_ruleset", source })?;
    let allow = |path: &Path, access: u64, may_be_missing: bool| match below(
        &ruleset,
        path,
        access & handled.files,
    ) {
        Err(error) if may_be_missing && is_absence(&error) => Ok(()),
        other => other.map_err(|source| Refused::Path { path: path.to_owned(), source }),
    };
    if handled.files & READ != 0 {
        let with_network = sandbox.network != Grant::These(Vec::new());
        for path in system_paths::readable(with_network, sandbox.is_narrow) {
            allow(&path, READ, true)?;
        }
        for path in these(&reads) {
            allow(path, READ, false)?;
        }
    }
    if handled.files & WRITE != 0 {
        for (path, is_terminal) in system_paths::writable() {
            let requests = if is_terminal { DEVICE_IOCTL } else { 0 };
            allow(&path, READ | WRITE_FILE | TRUNCATE | requests, true)?;
        }
        for path in these(&writes) {
            allow(path, READ | WRITE & !(DEVICE_IOCTL | DEVICES), false)?;
        }
    }
    if let Grant::These(ports) = &sandbox.network {
        for port in ports {
            let allowed = kernel::allow_port(ruleset.as_fd(), *port, TCP);
            allowed.map_err(|source| Refused::Call { call: "landlock_add_rule", source })?;
        }
    }
    Ok(ruleset)
}

fn these<T>(grant: &Grant<T>) -> &[T] {
    match grant {
        Grant::These(list) => list,
        Grant::Everything => &[],
    }
}

fn below(ruleset: &OwnedFd, path: &Path, access: u64) -> io::Result<()> {
    // Only as a place: nothing is read, and no pipe's other end waited for. `custom_flags` of std drops this flag where the C
    // library counts it among the access modes, as musl does.
    let place = File::from(rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?);
    let access = if place.metadata()?.is_dir() { access } else { access & OF_FILES };
    match access {
        0 => Ok(()),
        _ => kernel::allow_below(ruleset.as_fd(), place.as_fd(), access),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
