//! The program rust-script, to compare with.

use std::path::{Path, PathBuf};

use crate::support::sandbox::{Run, Sandbox, skipped};

/// rust-script, if the caller's PATH has it.
pub fn rust_script() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .map(|directory| directory.join("rust-script"))
        .find(|path| path.is_file());
    if found.is_none() {
        skipped("no rust-script (cargo install rust-script)");
    }
    found
}

/// rust-script in a sandbox, with the caller's cargo.
pub fn theirs<'a>(sandbox: &'a Sandbox, rust_script: &Path) -> Run<'a> {
    sandbox.command(rust_script).env("PATH", std::env::var_os("PATH").unwrap())
}
