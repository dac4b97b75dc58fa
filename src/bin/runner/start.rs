//! Process start: the fast path, before libc where that can be; and what std gets in place of its own in a build with musl.

#[cfg(target_env = "musl")]
mod allocator;
#[cfg(all(runner_start, target_env = "musl"))]
mod copying;
pub(crate) mod entry;
#[cfg(all(target_env = "musl", panic = "abort"))]
mod unwinding;
