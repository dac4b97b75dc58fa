//! Never stale: the linker; and what is no input of a build.

use std::fs;

use crate::support::files::program;
use crate::support::sandbox::Sandbox;
use crate::support::watched::{changed, run, touched, unchanged};

#[test]
fn the_linker_on_path() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    let linker = sandbox.root().join("bin/cc");
    program(&linker, "#!/bin/sh\nexec /usr/bin/cc \"$@\"\n");
    changed(run(&sandbox), "end\n");
    touched(&linker, || unchanged(run(&sandbox), "end\n"));
    program(&linker, "#!/bin/sh\nexec /usr/bin/cc -g \"$@\"\n");
    changed(run(&sandbox), "end\n");
    fs::remove_file(&linker).unwrap();
    unchanged(run(&sandbox), "end\n");
}

/// By which cargo is told the linker for the machine of the fake compiler.
const HOST_LINKER: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER";

#[test]
fn a_linker_named_by_a_variable_or_a_flag() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    let linker = sandbox.root().join("bin/linker");
    let flag = |name: &str| (name.to_owned(), format!("-C linker={}", linker.display()));
    let named: [(String, String); 5] = [
        (HOST_LINKER.to_owned(), linker.display().to_string()),
        (HOST_LINKER.to_owned(), "linker".to_owned()),
        flag("RUSTFLAGS"),
        ("RUSTFLAGS".to_owned(), "-Clinker=linker".to_owned()),
        ("CARGO_ENCODED_RUSTFLAGS".to_owned(), "--codegen=linker=linker".to_owned()),
    ];
    for (number, (name, value)) in named.into_iter().enumerate() {
        program(&linker, &format!("#!/bin/sh\nexec cc \"$@\" # {number}\n"));
        let run = || run(&sandbox).env(&name, &value);
        changed(run(), "end\n");
        touched(&linker, || unchanged(run(), "end\n"));
        program(&linker, &format!("#!/bin/sh\nexec cc \"$@\" # {number} again\n"));
        changed(run(), "end\n");
        unchanged(run(), "end\n");
    }
}

#[test]
fn credentials_compile_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    fs::create_dir(sandbox.home().join(".cargo")).unwrap();
    fs::write(sandbox.home().join(".cargo/credentials.toml"), "[registry]\ntoken = \"x\"\n").unwrap();
    unchanged(run(&sandbox).env("CARGO_REGISTRY_TOKEN", "y"), "end\n");
    unchanged(run(&sandbox).env("LANG", "de_DE.UTF-8").env("TERM", "xterm"), "end\n");
}
