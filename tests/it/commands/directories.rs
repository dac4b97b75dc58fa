//! Subcommands that are given a directory: they are done with every script in it and below it. And `--install`.

use std::fs;

use crate::support::rustup::with_host;
use crate::support::sandbox::Sandbox;

/// Scripts, and files that are none, in `d`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::fake();
    for (name, text) in [
        ("d/a.rs", "print a\n"),
        ("d/deep/b", "#!/usr/bin/env runner\nprint b\n"),
        ("d/deep/e.rs", "---\n[package]\nedition = \"2024\"\n---\n/**/ mod helper;\nprint e\n"),
        ("d/deep/helper.rs", "fail it is a module\n"),
        ("d/notes.md", "fail\n"),
        ("d/run.sh", "#!/bin/sh\nfail\n"),
        ("d/.hidden/c.rs", "fail hidden\n"),
        ("d/target/CACHEDIR.TAG", "\n"),
        ("d/target/c.rs", "fail made by a build\n"),
        ("d/package/Cargo.toml", "[package]\nname = \"x\"\n"),
        ("d/package/src/main.rs", "fail a package's\n"),
        ("d/package/tool.rs", "#!/usr/bin/env runner\nprint tool\n"),
    ] {
        sandbox.write(name, text);
    }
    sandbox
}

#[test]
fn every_script_below_is_meant_and_nothing_else() {
    let sandbox = sandbox();
    let ran = sandbox.runner(["test", "d"]).run();
    let expected = "d/a.rs:\na\nd/deep/b:\nb\nd/deep/e.rs:\ne\nd/package/tool.rs:\ntool\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{}", ran.stderr);
    assert_eq!(ran.stderr, "runner: 4 scripts tested, none failed\n");
    sandbox.runner(["check", "d"]).run().ends(0, "", "runner: 4 scripts checked, none failed\n");
    sandbox.runner(["check", "-q", "d/deep", "d/a.rs"]).run().prints("");
    sandbox.write("d/bad.rs", "fail bad\n");
    let ran = sandbox.runner(["check", "d"]).run();
    assert_eq!(ran.code, 125);
    assert!(ran.stderr.ends_with("runner: 5 scripts checked, 1 failed: d/bad.rs\n"), "{}", ran.stderr);
}

#[test]
fn a_directory_without_scripts_is_an_error() {
    let sandbox = Sandbox::fake();
    sandbox.write("d/notes.md", "x\n");
    for command in ["check", "test", "fmt", "lock"] {
        sandbox.runner([command, "d"]).run().ends(
            125,
            "",
            "runner: there is no script in directory `d`\n  hint: a script has a `#!` line, metadata, or is a \
             `.rs` file that belongs to no package\n",
        );
    }
}

#[test]
fn a_missing_toolchain_is_installed_if_asked_for_and_never_without() {
    let sandbox = Sandbox::fake();
    let log = sandbox.root().join("rustup.log");
    let toolchains = sandbox.home().join(".rustup/toolchains");
    sandbox.script(
        sandbox.root().join("bin/rustup"),
        format!(
            "#!/bin/sh\necho \"$*\" >>{}\n[ \"$3\" = 1.90.0 ] || {{ echo 'error: no such toolchain' >&2; exit 1; }}\n\
             mkdir -p {1}/bin\ncp {2}/fake/rustc {1}/bin/rustc\n",
            log.display(),
            toolchains.join(with_host("1.90.0")).display(),
            sandbox.root().display()
        ),
    );
    sandbox.write("runner.toml", "toolchain = \"1.90.0\"\n");
    sandbox.write("x.rs", "print x\n");
    let place = sandbox.path("runner.toml");
    let missing = format!(
        "runner: {}:1: toolchain `1.90.0` is not installed\n  hint: `rustup toolchain install 1.90.0`\n",
        place.display()
    );
    sandbox.runner(["x.rs"]).run().ends(127, "", &missing);
    sandbox.runner(["-n", "--install", "x.rs"]).run().ends(127, "", &missing);
    assert!(!log.exists(), "nothing was asked of rustup");
    sandbox.runner(["--install", "x.rs"]).run().prints("x\n");
    let expected = "toolchain install 1.90.0 --profile minimal --no-self-update\n";
    assert_eq!(fs::read_to_string(&log).unwrap(), expected);
    sandbox.runner(["--install", "x.rs"]).run().prints("x\n");
    assert_eq!(fs::read_to_string(&log).unwrap(), expected, "once");
    sandbox.runner(["--install", "--toolchain", "1.2.3", "x.rs"]).run().fails(
        125,
        "`rustup toolchain install 1.2.3` failed: error: no such toolchain\n  \
         hint: `rustup toolchain list` shows those that are installed",
    );
}
