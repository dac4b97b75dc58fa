//! Process start: the fast path, before libc where that can be; and where memory comes from.

#[cfg(target_env = "musl")]
mod allocator;
pub(crate) mod entry;
