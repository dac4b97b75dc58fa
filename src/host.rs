//! What a host program calls: [`runner::Runner`] and the subcommands as its methods.

pub(crate) mod answers;
pub(crate) mod dependencies;
pub(crate) mod editor;
pub(crate) mod lifecycle;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod script;
pub(crate) mod settings;
pub(crate) mod watch;
