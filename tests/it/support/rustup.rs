//! A fake rustup, whose toolchains each print their name.

use std::fs;
use std::path::PathBuf;

use crate::support::files::{program, replace};
use crate::support::sandbox::Sandbox;
use crate::support::watched::compiler;

/// A toolchain's name with the machine in it, as rustup writes it where this program runs.
pub fn with_host(name: &str) -> String {
    let architecture = match std::env::consts::ARCH {
        "x86" => "i686",
        "arm" => "armv7",
        "riscv64" => "riscv64gc",
        other => other,
    };
    format!("{name}-{architecture}-unknown-linux-gnu")
}

/// A fake rustup home whose toolchains each print their name.
pub fn rustup(names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::fake();
    fs::remove_file(sandbox.root().join("fake/rustc")).unwrap();
    for name in names {
        toolchain(&sandbox, name, name);
    }
    let home = sandbox.root().join("rustup");
    sandbox.with("RUSTUP_HOME", home)
}

/// One more toolchain, whose compiler says this.
pub fn toolchain(sandbox: &Sandbox, name: &str, says: &str) -> PathBuf {
    let path = sandbox.root().join("rustup/toolchains").join(name).join("bin/rustc");
    program(&path, &compiler(says));
    path
}

/// Makes a toolchain rustup's default.
pub fn set_default(sandbox: &Sandbox, name: &str) {
    let text = format!("version = \"12\"\ndefault_toolchain = \"{name}\"\n\n[overrides]\n");
    replace(&sandbox.root().join("rustup/settings.toml"), text);
}
