//! Settings from every place, merged in layers: command line > `#!` line > metadata > variable > project > file > default.

pub(crate) mod build_request;
pub(crate) mod config_file;
pub(crate) mod launch_key;
pub(crate) mod layers;
pub(crate) mod origin;
pub(crate) mod policy_check;
pub(crate) mod project_file;
pub(crate) mod schema;
pub(crate) mod script_table;
pub(crate) mod toml_file;
