//! Called by another's name: the command lines of rust-script, its ancestors and scriptisto.

use crate::support::drop_in::{call, named};
use crate::support::sandbox::Sandbox;

const SAYS: &str = "argument --edition*\nargument -C debuginfo=2\n";

#[test]
fn rust_scripts_options_have_its_meaning() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    sandbox.write("s.rs", SAYS);
    for (arguments, expected) in [
        (&["s.rs"][..], "--edition=2021\n"),
        (&["--debug", "s.rs"], "--edition=2021\n-C debuginfo=2\n"),
        (&["-fo", "s.rs"], "--edition=2021\n"),
        (&["-c", "--debug", "-f", "--", "s.rs", "--debug"], "--edition=2021\n-C debuginfo=2\n"),
        (&["-t", "nightly", "s.rs"], "--edition=2021\n"),
        (&["-tnightly", "s.rs"], "--edition=2021\n"),
        (&["--toolchain=nightly", "s.rs"], "--edition=2021\n"),
        (&["-c --debug", "s.rs"], "--edition=2021\n-C debuginfo=2\n"),
        (&["-b", "/", "s.rs"], "--edition=2021\n"),
    ] {
        let ran = call(&sandbox, "rust-script", arguments).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{arguments:?}: {}", ran.stderr);
    }
    // Under runner's own name it is another script.
    sandbox.runner(["s.rs"]).run().prints("--edition=2024\n");
}

#[test]
fn a_name_is_completed_and_the_version_is_rust_scripts() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    sandbox.write("a.rs", "print a.rs\n");
    sandbox.write("b.rs", "print b.rs\n");
    sandbox.write("b.ers", "print b.ers\n");
    call(&sandbox, "rust-script", &["a"]).run().prints("a.rs\n");
    call(&sandbox, "rust-script", &["b"]).run().prints("b.ers\n");
    call(&sandbox, "cargo-script", &["b"]).run().prints("b.rs\n");
    call(&sandbox, "rust-script", &["--version"]).run().prints("rust-script 0.36.0\n");
    sandbox.runner(["a"]).run().fails(127, "hint: there is `a.rs`");
}

#[test]
fn what_goes_wrong_before_the_script_runs_is_one() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    sandbox.write("bad.rs", "fail here\n");
    for (arguments, message) in [
        (&["none.rs"][..], "runner: none.rs: no such script\n"),
        (&["--bogus", "bad.rs"], "runner: unknown option `--bogus`\n"),
        (&["--debug=x", "bad.rs"], "runner: `--debug` takes no value\n"),
        (&["-t"], "runner: `-t` needs a value\n"),
        (&[], "runner: a script is missing\n"),
        (&["bad.rs"], "error: here\nrunner: bad.rs: rustc failed (exit status: 1); nothing was cached\n"),
        (&["-d", "=", "bad.rs"], "runner: `--dep =` is not a dependency\n"),
    ] {
        let ran = call(&sandbox, "rust-script", arguments).run();
        assert_eq!(ran.code, 1, "{arguments:?}");
        assert!(ran.stderr.starts_with(message), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn cargos_own_first_word_is_dropped() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    sandbox.write("s.rs", SAYS);
    call(&sandbox, "cargo-eval", &["eval", "s.rs"]).run().prints("--edition=2021\n");
    call(&sandbox, "cargo-script", &["script", "--debug", "s.rs"])
        .run()
        .prints("--edition=2021\n-C debuginfo=2\n");
    call(&sandbox, "run-cargo-script", &["s.rs"]).run().prints("--edition=2021\n");
    call(&sandbox, "cargo-script", &["--build-only", "s.rs"]).run().prints("");
}

#[test]
fn scriptisto_runs_scripts() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    let header = "// scriptisto-begin\n// script_src: main.rs\n// build_cmd: rustc --edition 2018 main.rs\n// scriptisto-end\n";
    sandbox.write("s", format!("#!/usr/bin/env scriptisto\n{header}{SAYS}"));
    call(&sandbox, "scriptisto", &["s"]).run().prints("--edition=2018\n");
    call(&sandbox, "scriptisto", &["build", "s"]).run().prints("");
    call(&sandbox, "scriptisto", &["build", "-b", "full", "s"]).run().prints("");
    assert_eq!(sandbox.compiles(), 2);
    let cleaned = call(&sandbox, "scriptisto", &["cache", "clean", "s"]).run();
    assert!(cleaned.code == 0 && cleaned.stdout.starts_with("removed 2 builds"), "{}", cleaned.stdout);
    assert_eq!(call(&sandbox, "scriptisto", &["new"]).run().code, 1);
}
