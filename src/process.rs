//! Starting, becoming and supervising programs.

pub(crate) mod child;
pub(crate) mod exec;
pub(crate) mod memfd;
pub(crate) mod pipe_through;
pub(crate) mod signals;
