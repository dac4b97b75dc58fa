//! Events of a run and the reporters that show them.

pub(crate) mod cargo_output;
pub(crate) mod command_log;
pub(crate) mod event;
pub(crate) mod lock_notice;
pub(crate) mod rendering;
pub(crate) mod reporter;
