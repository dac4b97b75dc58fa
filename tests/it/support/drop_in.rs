//! runner under the names of other tools.

use std::os::unix::fs::symlink;

use crate::support::sandbox::{RUNNER, Run, Sandbox};

/// Links of these names to runner, on PATH.
pub fn named(sandbox: &Sandbox) {
    for name in ["rust-script", "cargo-eval", "cargo-script", "run-cargo-script", "scriptisto"] {
        symlink(RUNNER, sandbox.root().join("bin").join(name)).unwrap();
    }
}

/// Calls runner by one of those names.
pub fn call<'a>(sandbox: &'a Sandbox, name: &str, arguments: &[&str]) -> Run<'a> {
    sandbox.command(sandbox.root().join("bin").join(name)).args(arguments)
}
