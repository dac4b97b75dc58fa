//! The command line: what each option does. What it says when misused is in `tests/golden/`.

use std::fs;

use crate::support::sandbox::Sandbox;

#[test]
fn a_reader_that_has_seen_enough_ends_a_listing_quietly() {
    let sandbox = Sandbox::fake();
    sandbox.sh("runner --help | head -n 1 >/dev/null; runner --help >/dev/full").run().ends(0, "", "");
}

#[test]
fn a_toolchain_may_be_a_directory() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    fs::create_dir_all(sandbox.path("chain/bin")).unwrap();
    fs::rename(sandbox.root().join("fake/rustc"), sandbox.path("chain/bin/rustc")).unwrap();
    let chain = sandbox.path("chain");
    let chain = chain.to_str().unwrap();
    for chain in ["./chain", chain] {
        let (plus, equals) = (format!("+{chain}"), format!("--toolchain={chain}"));
        for options in [&["--toolchain", chain][..], &[&plus], &[&equals]] {
            sandbox.runner(options).args(["x.rs"]).run().prints("hi\n");
        }
    }
    sandbox.runner(["x.rs"]).env("RUNNER_TOOLCHAIN", sandbox.path("chain")).run().prints("hi\n");
    sandbox.runner(["x.rs"]).env("RUSTC", sandbox.path("chain/bin/rustc")).run().prints("hi\n");
    sandbox.runner(["x.rs"]).run().fails(127, "or your system's `rustc` package");
}

#[test]
fn run_says_plainly_that_it_is_a_script() {
    let sandbox = Sandbox::fake();
    sandbox.script("list", "print a script called list\n");
    sandbox.runner(["run", "list"]).run().prints("a script called list\n");
    sandbox.runner(["./list"]).run().prints("a script called list\n");
    sandbox.runner(["--debug", "run", "--force", "list", "--help"]).run().prints("a script called list\n");
    sandbox.runner(["list"]).run().ends(0, "", "runner: no commands are installed\n");
}

#[test]
fn options_may_stand_before_and_after_a_subcommand() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    sandbox.runner(["--debug", "build", "x.rs", "-o", "one"]).run().prints("");
    sandbox.runner(["build", "-o", "two", "--debug", "x.rs"]).run().prints("");
    sandbox.runner(["build", "x.rs", "--debug", "--output=three"]).run().prints("");
    for name in ["one", "two", "three"] {
        sandbox.command(sandbox.path(name)).run().prints("hi\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn verbose_says_why_and_quiet_says_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print one\n");
    sandbox.runner(["x.rs"]).run().prints("one\n");
    sandbox.write("x.rs", "print two\n");
    let ran = sandbox.runner(["-v", "x.rs"]).run();
    assert!(ran.stdout == "two\n" && ran.stderr.starts_with("runner: x.rs: "), "{}", ran.stderr);
    let ran = sandbox.runner(["-v", "x.rs"]).run();
    assert!(ran.stdout == "two\n" && ran.stderr.starts_with("runner: x.rs: cached as `"), "{}", ran.stderr);
    sandbox.write("x.rs", "print three\n");
    sandbox.runner(["-q", "x.rs"]).run().prints("three\n");
}
