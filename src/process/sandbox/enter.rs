//! Entering a sandbox: all of it is asked for first, and entered right before exec.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use crate::process::sandbox::refused::Refused;
use crate::process::sandbox::rules::Sandbox;
use crate::process::sandbox::{kernel, landlock, seccomp};
use crate::request::sandbox_permissions::Grant;

/// A sandbox that the kernel has agreed to.
#[derive(Debug)]
pub(crate) struct Prepared {
    ruleset: OwnedFd,
    /// If there are others to give up.
    capabilities: Option<kernel::Capabilities>,
    filter: Vec<libc::sock_filter>,
}

impl Sandbox {
    /// Asks the kernel for all of it. Allocates; [`Prepared::enter`] does not.
    ///
    /// # Errors
    ///
    /// What cannot be had.
    pub(crate) fn prepare(&self) -> Result<Prepared, Refused> {
        let architecture = seccomp::Architecture::own().ok_or(Refused::UnknownSystem)?;
        let own = kernel::Capabilities::own();
        let own = own.map_err(|source| Refused::Call { call: "capget", source })?;
        let kept = own.limited_to(self.kept_capabilities());
        Ok(Prepared {
            ruleset: landlock::ruleset(self)?,
            capabilities: Some(kept).filter(|kept| *kept != own),
            filter: seccomp::program(self, architecture),
        })
    }

    /// What root keeps: rights to files and to become another user, which the rest limits. Not `CAP_PERFMON` and
    /// `CAP_SYS_ADMIN`: with either, Linux 6.13 and later read any process's environment and memory map, whatever Landlock says
    /// (`may_access_mm` in `kernel/fork.c`).
    fn kept_capabilities(&self) -> u64 {
        /// CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE.
        const KEPT: u64 = 0b1111_1111 | 1 << 10;
        const NET_RAW: u64 = 1 << 13;
        match self.network {
            Grant::Everything => KEPT | NET_RAW,
            Grant::These(_) => KEPT,
        }
    }
}

impl Prepared {
    /// The same for another thread or child.
    pub(crate) fn try_clone(&self) -> io::Result<Prepared> {
        Ok(Prepared {
            ruleset: self.ruleset.try_clone()?,
            capabilities: self.capabilities,
            filter: self.filter.clone(),
        })
    }

    /// Puts this thread into the sandbox, for good: a program that is executed next, and what it starts, is in it. Other
    /// threads are not, so a program of several threads does this in the child (`CommandExt::pre_exec`): nothing is
    /// allocated and no lock taken. After an error the thread may be half in, and must not go on to execute anything.
    ///
    /// # Errors
    ///
    /// What the kernel says; [`io::Error`] because that can be handed through `pre_exec`.
    pub(crate) fn enter(&self) -> io::Result<()> {
        kernel::forbid_new_privileges()?;
        if let Some(capabilities) = &self.capabilities {
            capabilities.set()?;
        }
        kernel::restrict(self.ruleset.as_fd())?;
        // Last, since it may close what the others need.
        kernel::filter(&self.filter)
    }
}

/// The kernel's version of Landlock, if sandboxes can be had here.
///
/// # Errors
///
/// Why there are none.
pub(crate) fn supported_abi() -> Result<i32, Refused> {
    seccomp::Architecture::own().ok_or(Refused::UnknownSystem)?;
    landlock::supported_abi()
}
