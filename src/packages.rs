//! The package backend: `crate@version` in the place of a script.

pub(crate) mod backend;
pub(crate) mod cargo_install;
pub(crate) mod recipe;
pub(crate) mod record;
pub(crate) mod resolve;
