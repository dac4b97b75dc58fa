//! Observation of a command: which files it and everything it starts look at, by seccomp user notification (Linux), without
//! privileges.
//!
//! | file | |
//! | --- | --- |
//! | `observation` | starting a command, and the end of it |
//! | `supervisor` | the thread that is told of every call |
//! | `record` | what a call means; what is an input |
//! | `tree` | paths resolved link by link, and what the build made |
//! | `interpreter` | what the kernel opens by itself |
//! | `calls`, `filter` | which calls, and the filter that picks them |
//! | `processes` | what is left running |
//! | `kernel` | the only `unsafe` |
//! | `observed` | results |
//! | `fold` | few facts from many looks |
//! | `unavailable` | why a command cannot be observed; everywhere but on Linux, always |
//!
//! - No look decides anything: a call always goes on as if nobody had looked, except io_uring, which is refused (`ENOSYS`)
//!   since its reads are no system calls; compilers do without.
//! - Not seen: what the kernel reads for itself beyond interpreters, what a server does for a client
//!   ([`observed::Observed::servers`]), and descriptors that the command was given open.
//! - Not a look: `/proc`, `/sys`, `/dev` and everything else that is no file, directory or link on a disk.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod filter;
pub(crate) mod fold;
#[cfg(target_os = "linux")]
mod interpreter;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
pub(crate) mod observation;
#[cfg(not(target_os = "linux"))]
#[path = "observe/elsewhere.rs"]
pub(crate) mod observation;
pub(crate) mod observed;
pub(crate) mod paths;
pub(crate) mod policy;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod record;
#[cfg(target_os = "linux")]
mod resolved;
#[cfg(target_os = "linux")]
mod supervisor;
#[cfg(all(test, target_os = "linux"))]
mod tests;
#[cfg(target_os = "linux")]
mod tree;
pub(crate) mod unavailable;
