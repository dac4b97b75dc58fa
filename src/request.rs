//! What was asked for, as plain values: options, packages, dialects. No input or output.

pub(crate) mod debug_options;
pub(crate) mod dialect;
pub(crate) mod flag;
pub(crate) mod flag_values;
pub mod flags;
pub(crate) mod limits;
pub(crate) mod options;
pub(crate) mod package_spec;
pub(crate) mod program_args;
pub(crate) mod revision;
pub(crate) mod sandbox_permissions;
pub(crate) mod setting_variables;
