//! Subcommands that are given several scripts: each is done, in any order, with one summary and the worst exit code.

use std::fs;

use crate::support::sandbox::Sandbox;

/// A sandbox with `a.rs`, `b.rs` and `c.rs`, of which `b.rs` does not compile, and with what stands beside a compiler.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::fake();
    for (name, text) in [("a", "print a\n"), ("b", "fail b\n"), ("c", "print c\n")] {
        sandbox.script(format!("{name}.rs"), format!("#!/usr/bin/env runner\n{text}"));
    }
    let tool = "#!/bin/sh\nfor file in \"${UNSTABLE_RUSTDOC_TEST_PATH-}\" \"$@\"; do\n\
                [ -f \"$file\" ] && grep -q '^fail' \"$file\" && exit 1\ndone\nexit 0\n";
    sandbox.script(sandbox.root().join("fake/clippy-driver"), tool);
    sandbox
}

#[test]
fn every_script_is_checked_and_the_worst_code_is_the_commands() {
    let sandbox = sandbox();
    for command in ["check", "clippy"] {
        let ran = sandbox.runner([command, "a.rs", "b.rs", "c.rs"]).run();
        let lines: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).collect();
        assert!(ran.code == 125 && ran.stdout.is_empty(), "{command}: {}", ran.stderr);
        assert!(
            lines[0].starts_with("runner: b.rs: ") && lines[0].ends_with("failed (exit status: 1)"),
            "{lines:?}"
        );
        assert_eq!(lines[1..], ["runner: 3 scripts checked, 1 failed: b.rs"], "{command}");
        sandbox.runner([command, "a.rs", "c.rs"]).run().ends(
            0,
            "",
            "runner: 2 scripts checked, none failed\n",
        );
        sandbox.runner([command, "-q", "a.rs", "c.rs"]).run().prints("");
        sandbox.runner([command, "a.rs"]).run().prints("");
    }
}

#[test]
fn every_script_is_tested_and_what_follows_the_last_is_for_each() {
    let sandbox = sandbox();
    let ran = sandbox.runner(["test", "a.rs", "b.rs", "c.rs", "--nocapture"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, "a.rs:\na\nb.rs:\nc.rs:\nc\n"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("runner: 3 scripts tested, 1 failed: b.rs\n"), "{}", ran.stderr);
    let ran = sandbox.runner(["-q", "test", "a.rs", "c.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "a.rs:\na\nc.rs:\nc\n"), "{}", ran.stderr);
    // Neither a name that is no script's nor what stands behind `--` is one.
    sandbox.write("data", "fail\n");
    for words in [&["data", "c.rs"][..], &["--", "c.rs"]] {
        sandbox.runner([&["test", "a.rs"], words].concat()).run().prints("a\n");
    }
}

#[test]
fn every_script_is_formatted() {
    let sandbox = Sandbox::fake();
    for name in ["a.c", "b.c", "c.c"] {
        sandbox.write(name, "x\n");
    }
    sandbox.script(sandbox.root().join("bin/clang-format"), "#!/bin/sh\ntr x y\n");
    let ran = sandbox.runner(["fmt", "--check", "a.c", "b.c"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "runner: 2 scripts checked, 2 failed: a.c, b.c\n"));
    sandbox.runner(["fmt", "a.c", "b.c", "c.c"]).run().ends(
        0,
        "",
        "runner: 3 scripts formatted, none failed\n",
    );
    for name in ["a.c", "b.c", "c.c"] {
        assert_eq!(fs::read_to_string(sandbox.path(name)).unwrap(), "y\n");
    }
}

#[test]
fn every_script_is_migrated_updated_and_explained_in_order() {
    let sandbox = sandbox();
    let block = "//! ```cargo\n//! [package]\n//! edition = \"2021\"\n//! ```\n";
    sandbox.write("d.rs", block);
    sandbox.write("e.rs", block);
    sandbox.runner(["migrate", "d.rs", "a.rs", "e.rs"]).run().ends(
        125,
        "d.rs: rewritten\ne.rs: rewritten\n",
        "runner: a.rs: it has no metadata to rewrite\nrunner: 3 scripts looked at, 1 failed: a.rs\n",
    );
    let said = "a.rs: up to date\nc.rs: up to date\n";
    sandbox.runner(["update", "a.rs", "c.rs"]).run().ends(
        0,
        said,
        "runner: 2 scripts updated, none failed\n",
    );
    sandbox.runner(["c.rs"]).run().prints("c\n");
    let ran = sandbox.runner(["why", "a.rs", "c.rs"]).run();
    assert!(ran.code == 0 && ran.stderr.is_empty(), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("a.rs: not built yet\nc.rs: cached as `"), "{}", ran.stdout);
    assert_eq!(sandbox.runner(["why", "--json", "a.rs", "c.rs"]).run().stdout.lines().count(), 2);
}

#[test]
fn a_script_that_is_missing_is_refused_before_anything_is_done_with_the_others() {
    let sandbox = sandbox();
    for command in ["check", "clippy", "doc", "fmt", "migrate", "test", "update", "why"] {
        let words = if command == "test" {
            vec![command, "nope.rs", "a.rs"]
        } else {
            vec![command, "a.rs", "nope.rs"]
        };
        let ran = sandbox.runner(words).run();
        assert!(ran.code == 127 && ran.stderr.starts_with("runner: nope.rs: "), "{command}: {}", ran.stderr);
        assert_eq!(sandbox.compiles(), 0);
    }
}
