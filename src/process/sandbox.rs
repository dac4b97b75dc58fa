//! The sandbox of a program (`--sandbox`) and of a build (`--sandbox-build`): what it may read, write, connect to and know.
//!
//! Linux only: Landlock for files, TCP ports, signals and abstract sockets; a seccomp filter for every other kind of socket
//! and for system calls that would go round either. Both survive exec and are inherited, so a cached run stays one exec with
//! the same pid, and there is nothing to wait for. A [`rules::Sandbox`] is a value; `prepare` asks the kernel for all of
//! it and fails if any part cannot be had; [`enter::Prepared::enter`] is four system calls right before exec, or between fork and
//! exec.
//!
//! ```text
//! rules               what is allowed
//! enter               asking the kernel for it, and entering it
//! refused             why there is none
//! system_paths        what every program needs to start
//! variables           which variables are passed on
//! landlock            the ruleset
//! seccomp             the filter, with its system_calls
//! kernel              the system calls themselves (unsafe)
//! ```
//!
//! It does not hide metadata (stat works everywhere), names no hosts, limits neither time nor memory, and takes nothing away
//! from descriptors that are inherited. Where something may be written, permissions and times of any file of the user's can
//! be changed, since Landlock has no rule for that. `sudo` and other setuid programs gain nothing in it.

#[cfg(target_os = "linux")]
pub(crate) mod enter;
#[cfg(not(target_os = "linux"))]
#[path = "sandbox/no_sandbox.rs"]
pub(crate) mod enter;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod landlock;
pub(crate) mod refused;
pub(crate) mod rules;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod system_calls;
#[cfg(target_os = "linux")]
mod system_paths;
mod variables;
