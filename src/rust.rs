//! The Rust backend: rustc for the script and, once a manifest, cargo for its dependencies.

pub(crate) mod architecture;
pub(crate) mod backend;
pub(crate) mod cargo_config;
pub(crate) mod compile;
pub(crate) mod dep_info;
pub(crate) mod deps;
pub(crate) mod host_context;
pub(crate) mod incremental;
pub(crate) mod invocation;
pub(crate) mod linker;
pub(crate) mod manifest;
pub(crate) mod metadata;
pub(crate) mod policy_check;
pub(crate) mod profile;
pub(crate) mod recipe;
pub(crate) mod record;
pub(crate) mod rust_script;
pub(crate) mod source;
pub(crate) mod static_check;
pub(crate) mod target;
pub(crate) mod toolchain;
pub(crate) mod toolchain_install;
