//! Scripts with dependencies in directories.

use std::path::Path;

use crate::support::sandbox::{Run, Sandbox};
use crate::support::watched::real;

/// Says what the package `a` says.
pub const MAIN: &str = "fn main() { println!(\"{}\", a::said()) }\n";

/// Writes a script with a manifest.
pub fn script(sandbox: &Sandbox, name: &str, manifest: &str, code: &str) {
    sandbox.write(name, format!("---\n{manifest}\n---\n{code}"));
}

/// A package in the working directory.
pub fn package(sandbox: &Sandbox, directory: &str, more: &str, code: &str) {
    let name = Path::new(directory).file_name().unwrap().to_str().unwrap();
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}");
    sandbox.write(format!("{directory}/Cargo.toml"), manifest);
    sandbox.write(format!("{directory}/src/lib.rs"), code);
}

/// A library that says this.
pub fn said(word: &str) -> String {
    format!("pub fn said() -> &'static str {{ \"{word}\" }}\n")
}

/// A script, `s.rs`, that says what the package `a` beside it says.
pub fn with_a() -> Sandbox {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    sandbox
}

/// Runs `s.rs`.
pub fn run(sandbox: &Sandbox) -> Run<'_> {
    sandbox.runner(["--profile", "quick", "s.rs"])
}
