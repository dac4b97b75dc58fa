//! Why observation cannot be had here.

use std::fmt;

#[cfg(target_os = "linux")]
use crate::process::observe::kernel::Step;

/// Why a command cannot be observed here. It can be started without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// This is not Linux.
    #[cfg(not(target_os = "linux"))]
    System,
    /// The calls of this kind of machine are not known.
    Machine,
    /// The kernel, or who stands in for it, has no filters that tell somebody.
    Kernel,
    /// A filter or policy around us forbids it.
    Forbidden,
    /// Somebody is told of our own calls already, and the kernel allows one at a time.
    Observed,
    /// The memory of a child cannot be read (Yama, a container).
    Memory,
    /// Any other reason, as the system gives it.
    Other(String),
}

impl Unavailable {
    /// What a failed step of a child means.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(step: Step, errno: i32) -> Unavailable {
        match (step, errno) {
            (Step::Filter, libc::EBUSY) => Unavailable::Observed,
            (Step::NoNewPrivileges | Step::Filter, libc::EPERM | libc::EACCES) => Unavailable::Forbidden,
            (Step::NoNewPrivileges | Step::Filter, libc::EINVAL | libc::ENOSYS) => Unavailable::Kernel,
            (_, errno) => Unavailable::Other(std::io::Error::from_raw_os_error(errno).to_string()),
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            #[cfg(not(target_os = "linux"))]
            Unavailable::System => "only Linux has the means",
            Unavailable::Machine => "system calls of this processor are unknown",
            Unavailable::Kernel => "the kernel has no seccomp notifications",
            Unavailable::Forbidden => "seccomp filters are forbidden here",
            Unavailable::Observed => "this process is observed already",
            Unavailable::Memory => "memory of child processes cannot be read",
            Unavailable::Other(reason) => reason,
        })
    }
}

impl std::error::Error for Unavailable {}
