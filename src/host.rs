//! What a host program calls: [`runner::Runner`] and the subcommands as its methods.

pub(crate) mod dependencies;
pub(crate) mod editor;
pub(crate) mod lifecycle;
pub(crate) mod runner;
pub(crate) mod watch;
