//! Process start: the fast path before libc, and stubs that a static binary needs.

pub(crate) mod entry;
#[cfg(all(target_os = "linux", target_feature = "crt-static", panic = "abort"))]
mod libc_stubs;
