//! The cache on disk: keys, entries, traces, locks, staging.

pub(crate) mod cache;
pub(crate) mod cache_root;
pub(crate) mod entry;
pub(crate) mod fact_tree;
pub(crate) mod file_digest;
pub(crate) mod file_system;
pub(crate) mod key;
pub(crate) mod lock;
pub(crate) mod open_writers;
pub(crate) mod readied;
pub(crate) mod seal;
pub(crate) mod sealed_record;
pub(crate) mod shared_root;
pub(crate) mod staging;
pub(crate) mod stamp;
pub(crate) mod trace;
pub(crate) mod usage_counts;
