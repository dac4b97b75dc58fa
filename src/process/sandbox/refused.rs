//! The reasons why there is no sandbox. Nothing is ever run without one that was asked for.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no sandbox. Nothing is ever run without one that was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum Refused {
    /// The kernel's Landlock lacks scopes.
    OldLandlock {
        /// Its version.
        abi: i32,
    },
    /// The kernel, or what stands for it (gVisor, an old container's filter), has no Landlock.
    NoLandlock,
    /// It has been built with it and started without.
    LandlockIsOff,
    /// There is no sandbox for this system, or no filter for this kind of processor.
    UnknownSystem,
    /// A path that was named cannot be had.
    Path {
        /// That path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A system call that should have worked.
    Call {
        /// Its name.
        call: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl Refused {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Refused::OldLandlock { .. } => Some("`uname -r` tells which Linux this is"),
            Refused::NoLandlock => Some("in a container, its runtime must pass Landlock's system calls on"),
            Refused::LandlockIsOff => Some("add `landlock` to `lsm=` on the kernel's command line"),
            Refused::UnknownSystem => None,
            Refused::Path { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("create it first, or allow the directory that it will be in")
            }
            Refused::Path { .. } => None,
            Refused::Call { source, .. } if source.raw_os_error() == Some(libc::E2BIG) => {
                Some("sixteen sandboxes within each other are the most that Landlock has")
            }
            Refused::Call { .. } => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::OldLandlock { abi } => {
                write!(formatter, "this kernel has Landlock ABI {abi}, `--sandbox` needs 6 (Linux 6.12)")
            }
            Refused::NoLandlock => {
                formatter.write_str("this kernel has no Landlock, `--sandbox` needs ABI 6 (Linux 6.12)")
            }
            Refused::LandlockIsOff => {
                formatter.write_str("this kernel was started without Landlock, and `--sandbox` needs it")
            }
            Refused::UnknownSystem => {
                let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
                write!(formatter, "`--sandbox` is not available on {system} ({processor})")
            }
            Refused::Path { path, source } => {
                write!(formatter, "cannot allow `{}` in the sandbox: {source}", path.display())
            }
            Refused::Call { call, source } => {
                write!(formatter, "cannot enter the sandbox: {call}: {source}")
            }
        }
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Refused::Path { source, .. } | Refused::Call { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_the_kernel_lacks() {
        let old = Refused::OldLandlock { abi: 3 };
        assert_eq!(old.to_string(), "this kernel has Landlock ABI 3, `--sandbox` needs 6 (Linux 6.12)");
        for refused in [old, Refused::NoLandlock, Refused::LandlockIsOff] {
            assert!(refused.hint().is_some());
        }
    }
}
