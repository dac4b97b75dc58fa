//! Process start: the fast path, before libc where that can be.

pub(crate) mod entry;
