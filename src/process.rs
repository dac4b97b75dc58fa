//! Starting, becoming and supervising programs.

pub(crate) mod child;
pub(crate) mod client;
pub(crate) mod exec;
pub(crate) mod git;
#[cfg(target_os = "linux")]
mod guard;
pub(crate) mod memfd;
pub(crate) mod observe;
pub(crate) mod program_group;
pub(crate) mod running;
pub(crate) mod sandbox;
pub(crate) mod signals;
pub(crate) mod spawn;
pub(crate) mod task;
