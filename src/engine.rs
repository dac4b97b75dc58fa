//! The spine: from a script to a program that can be executed.

pub(crate) mod background;
pub(crate) mod build_settled;
pub(crate) mod config_warnings;
pub(crate) mod confined_build;
pub(crate) mod context;
pub(crate) mod dry_run;
pub(crate) mod exec_wrapper;
pub(crate) mod executable;
pub(crate) mod launch_options;
pub(crate) mod miss_reason;
pub(crate) mod prepare;
pub(crate) mod program;
pub(crate) mod recipe;
pub(crate) mod recorded_inputs;
pub(crate) mod remote;
pub(crate) mod sealed_build;
pub(crate) mod self_check;
pub(crate) mod shared_cache;
pub(crate) mod trim;
