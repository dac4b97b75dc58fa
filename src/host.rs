//! What a host program calls: [`runner::Runner`] and the subcommands as its methods.

pub(crate) mod answers;
#[cfg(feature = "c")]
pub(crate) mod c_abi;
pub(crate) mod dependencies;
pub(crate) mod editor;
pub(crate) mod lifecycle;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod script;
pub(crate) mod settings;
pub(crate) mod watch;
