//! Never stale: cargo's configuration.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::files::{overwrite_keeping_time, program, replace};
use crate::support::watched::{changed, real_with_cargo_home, touched, unchanged};

#[test]
fn cargos_configuration_created_changed_and_deleted() {
    let sandbox = real_with_cargo_home();
    let config = sandbox.root().join("cargo/config.toml");
    sandbox.write(
        "s.rs",
        "fn main() { println!(\"{} {}\", cfg!(said), option_env!(\"WORD\").unwrap_or(\"none\")) }\n",
    );
    let run = || sandbox.runner(["-q", "--profile", "quick", "s.rs"]);
    changed(run(), "false none\n");
    let empty = sandbox.root().join("cargo/nowhere");
    symlink(&empty, &config).unwrap();
    unchanged(run(), "false none\n");
    fs::write(&empty, "[build]\nrustflags = [\"--cfg\", \"said\"]\n").unwrap();
    changed(run(), "true none\n");
    touched(&empty, || unchanged(run(), "true none\n"));
    fs::remove_file(&config).unwrap();
    unchanged(run(), "false none\n");
    replace(&config, "[env]\nWORD = \"one\"\n");
    changed(run(), "false one\n");
    overwrite_keeping_time(&config, "[env]\nWORD = \"two\"\n");
    changed(run(), "false two\n");
    changed(run().env("WORD", "mine"), "false mine\n");
    unchanged(run(), "false two\n");
    unchanged(run().env("WORD", "mine"), "false mine\n");
    overwrite_keeping_time(&config, "[env]\nWORD = { value = \"p\", relative = true }\n");
    let relative = sandbox.root().join("p");
    changed(run(), &format!("false {}\n", relative.display()));
    fs::remove_file(&config).unwrap();
    unchanged(run(), "false none\n");
}

#[test]
fn a_variable_the_configuration_leaves_to_the_caller() {
    let sandbox = real_with_cargo_home();
    fs::write(sandbox.root().join("cargo/config.toml"), "[env]\nWORD = \"config\"\n").unwrap();
    sandbox.write("s.rs", "fn main() { println!(\"{}\", option_env!(\"WORD\").unwrap_or(\"none\")) }\n");
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run().env("WORD", "mine"), "mine\n");
    changed(run(), "config\n");
    unchanged(run().env("WORD", "mine"), "mine\n");
    changed(run().env("WORD", "yours"), "yours\n");
    unchanged(run(), "config\n");
}

#[test]
fn the_older_name_of_cargos_configuration() {
    let sandbox = real_with_cargo_home();
    sandbox.write("s.rs", "fn main() { println!(\"{}\", option_env!(\"WORD\").unwrap_or(\"none\")) }\n");
    let run = || sandbox.runner(["-q", "--profile", "quick", "s.rs"]);
    fs::write(sandbox.root().join("cargo/config.toml"), "[env]\nWORD = \"new\"\n").unwrap();
    changed(run(), "new\n");
    let old = sandbox.root().join("cargo/config");
    fs::write(&old, "[env]\nWORD = \"old\"\n").unwrap();
    changed(run(), "old\n");
    fs::remove_file(&old).unwrap();
    unchanged(run(), "new\n");
}

#[test]
fn a_configuration_that_includes_another() {
    let sandbox = real_with_cargo_home();
    let config = sandbox.root().join("cargo/config.toml");
    let included = sandbox.root().join("cargo/more.toml");
    fs::write(&config, "include = [{ path = \"more.toml\", optional = true }]\n").unwrap();
    sandbox.write("s.rs", "fn main() { println!(\"{}\", option_env!(\"WORD\").unwrap_or(\"none\")) }\n");
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run(), "none\n");
    fs::write(&included, "[env]\nWORD = \"one\"\n").unwrap();
    changed(run(), "one\n");
    touched(&included, || unchanged(run(), "one\n"));
    overwrite_keeping_time(&included, "[env]\nWORD = \"two\"\n");
    changed(run(), "two\n");
    changed(run().env("WORD", "mine"), "mine\n");
    fs::write(sandbox.root().join("cargo/deep.toml"), "[env]\nWORD = \"deep\"\n").unwrap();
    fs::write(&included, "include = [\"deep.toml\"]\n").unwrap();
    changed(run(), "deep\n");
    fs::write(sandbox.root().join("cargo/deep.toml"), "[env]\nWORD = \"peed\"\n").unwrap();
    changed(run(), "peed\n");
}

#[test]
fn a_linker_named_in_cargos_configuration() {
    let sandbox = real_with_cargo_home();
    let linker = sandbox.root().join("bin/my-linker");
    let text = |word: &str| {
        format!("#!/bin/sh\necho {word} >>{}\nexec cc \"$@\"\n", sandbox.root().join("linked").display())
    };
    program(&linker, &text("one"));
    let config =
        format!("[target.{}-unknown-linux-gnu]\nlinker = \"{}\"\n", std::env::consts::ARCH, linker.display());
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    sandbox.write("s.rs", "fn main() { println!(\"end\") }\n");
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run(), "end\n");
    touched(&linker, || unchanged(run(), "end\n"));
    program(&linker, &text("two"));
    changed(run(), "end\n");
    let linked = fs::read_to_string(sandbox.root().join("linked")).unwrap();
    assert!(linked.ends_with("two\n"), "{linked}");
    unchanged(run(), "end\n");
}
