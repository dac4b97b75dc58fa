//! The subcommands, one file each.

pub(crate) mod add;
pub(crate) mod artifact;
pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod completion_data;
pub(crate) mod eject;
pub(crate) mod env;
pub(crate) mod fmt;
pub(crate) mod inspect;
pub(crate) mod installed;
pub(crate) mod lock;
pub(crate) mod migrate;
pub(crate) mod new;
pub(crate) mod outdated;
pub(crate) mod prebuild;
pub(crate) mod promote;
pub(crate) mod rollback;
pub(crate) mod script_rewrite;
pub(crate) mod tree;
pub(crate) mod upgrade;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod why;
