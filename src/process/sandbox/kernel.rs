//! The system calls of the sandbox: Landlock, `no_new_privs` and seccomp, as the kernel takes them.
//!
//! This file is one of the few with `unsafe` in it. Every pointer handed to the kernel points to a value on the stack or to
//! a slice that outlives the call, and every length is that value's own. [`forbid_new_privileges`],
//! [`Capabilities::set`], [`restrict`] and [`filter`] allocate nothing and take no lock, so that they may be called between fork
//! and exec.
//!
//! Source of the structures: `linux/landlock.h` and `linux/filter.h` of Linux 6.12.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// The same on every architecture, since all numbers after 424 are.
const LANDLOCK_CREATE_RULESET: libc::c_long = 444;
const LANDLOCK_ADD_RULE: libc::c_long = 445;
const LANDLOCK_RESTRICT_SELF: libc::c_long = 446;

const CREATE_RULESET_VERSION: u32 = 1;
const RULE_PATH_BENEATH: libc::c_int = 1;
const RULE_NET_PORT: libc::c_int = 2;

const SECCOMP_SET_MODE_FILTER: libc::c_uint = 1;

/// What a ruleset decides about: `struct landlock_ruleset_attr` since ABI 6.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Handled {
    pub(super) files: u64,
    pub(super) network: u64,
    pub(super) scoped: u64,
}

#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: i32,
}

#[repr(C)]
struct NetPort {
    allowed: u64,
    port: u64,
}

/// The version of Landlock's interface.
pub(super) fn landlock_abi() -> io::Result<i32> {
    // SAFETY: the version is asked for with no structure at all.
    let answer = unsafe {
        libc::syscall(LANDLOCK_CREATE_RULESET, std::ptr::null::<Handled>(), 0_usize, CREATE_RULESET_VERSION)
    };
    number(answer)
}

/// A ruleset that allows nothing of what it handles. Its descriptor is closed by exec.
pub(super) fn create_ruleset(handled: &Handled) -> io::Result<OwnedFd> {
    // SAFETY: a structure on the caller's stack, with its size.
    let answer = unsafe {
        libc::syscall(LANDLOCK_CREATE_RULESET, handled as *const Handled, size_of::<Handled>(), 0_u32)
    };
    let descriptor = number(answer)?;
    // SAFETY: the kernel has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Allows `access` to a file, or to everything below a directory.
pub(super) fn allow_below(ruleset: BorrowedFd<'_>, parent: BorrowedFd<'_>, access: u64) -> io::Result<()> {
    let rule = PathBeneath { allowed: access, parent: parent.as_raw_fd() };
    // SAFETY: a structure on the stack, of the type that the rule's kind says.
    let answer = unsafe {
        libc::syscall(LANDLOCK_ADD_RULE, ruleset.as_raw_fd(), RULE_PATH_BENEATH, &raw const rule, 0_u32)
    };
    number(answer).map(drop)
}

/// Allows `access` to a TCP port.
pub(super) fn allow_port(ruleset: BorrowedFd<'_>, port: u16, access: u64) -> io::Result<()> {
    let rule = NetPort { allowed: access, port: u64::from(port) };
    // SAFETY: as above.
    let answer = unsafe {
        libc::syscall(LANDLOCK_ADD_RULE, ruleset.as_raw_fd(), RULE_NET_PORT, &raw const rule, 0_u32)
    };
    number(answer).map(drop)
}

/// From now on no program that is executed gains anything: what both Landlock and seccomp ask for. `sudo` stops working.
pub(super) fn forbid_new_privileges() -> io::Result<()> {
    // SAFETY: five numbers.
    let answer = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    number(libc::c_long::from(answer)).map(drop)
}

/// Puts this thread, and whatever it starts, under a ruleset for good.
pub(super) fn restrict(ruleset: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: two numbers.
    let answer = unsafe { libc::syscall(LANDLOCK_RESTRICT_SELF, ruleset.as_raw_fd(), 0_u32) };
    number(answer).map(drop)
}

/// Puts this thread, and whatever it starts, under a filter of system calls for good.
pub(super) fn filter(program: &[libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies `length` instructions from a slice that has as many, and writes to none of them.
    let answer =
        unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0_u32, &raw const program) };
    number(answer).map(drop)
}

/// Capabilities of this thread: `struct __user_cap_data_struct` of version 3, lower and upper half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Capabilities {
    halves: [CapabilityHalf; 2],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
struct CapabilityHalf {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    process: i32,
}

/// `_LINUX_CAPABILITY_VERSION_3`, and this thread.
const CAPABILITY_HEADER: CapabilityHeader = CapabilityHeader { version: 0x2008_0522, process: 0 };

impl Capabilities {
    /// Those that this thread has.
    pub(super) fn own() -> io::Result<Capabilities> {
        let (mut header, mut own) = (CAPABILITY_HEADER, Capabilities::default());
        // SAFETY: two structures on the stack, of the sizes that the version says.
        let answer = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, &raw mut own) };
        number(answer).map(|_| own)
    }

    /// Those of them that are in a set, a bit each.
    pub(super) fn limited_to(mut self, kept: u64) -> Capabilities {
        for (half, kept) in self.halves.iter_mut().zip([kept as u32, (kept >> 32) as u32]) {
            half.effective &= kept;
            half.permitted &= kept;
            // Nothing that is executed gets one by inheritance.
            half.inheritable = 0;
        }
        self
    }

    /// Gives up all others, for good once no new privileges are to be had.
    pub(super) fn set(&self) -> io::Result<()> {
        let mut header = CAPABILITY_HEADER;
        // SAFETY: likewise; the second is only read.
        let answer = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, &raw const *self) };
        number(answer).map(drop)
    }
}

/// A call's answer, or what `errno` says. Allocates nothing.
fn number(answer: libc::c_long) -> io::Result<i32> {
    match i32::try_from(answer) {
        Ok(answer) if answer >= 0 => Ok(answer),
        _ => Err(io::Error::last_os_error()),
    }
}
