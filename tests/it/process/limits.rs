//! Limits of the caller (`ulimit`) that a build does not fit into: one line, and 125.

use std::fs;

use crate::support::machine::{is_emulated, mortal};
use crate::support::sandbox::{Ran, Sandbox};

#[track_caller]
fn assert_is_told(ran: &Ran, words: &str) {
    let lines = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count();
    assert!(
        ran.code == 125 && ran.stderr.contains(words) && lines > 0 && !ran.stderr.contains("panicked"),
        "{} {}",
        ran.code,
        ran.stderr
    );
}

#[test]
fn a_limit_of_file_sizes_is_told() {
    let sandbox = Sandbox::fake_hi();
    for words in ["runner x.rs", "runner --temp x.rs", "runner build x.rs -o out", "runner promote x.rs"] {
        // The compiler writes no log: it would be told of that, too, and die of it.
        let ran = sandbox.sh(&format!("ulimit -f 0; exec {words}")).without("FAKE_LOG").run();
        assert_is_told(&ran, "File too large");
    }
    // The script finds the signal as the caller left it.
    sandbox.write("y.rs", "shell head -c 9000 /dev/zero >large; echo $?\n");
    sandbox.runner(["y.rs"]).run().prints("0\n");
    let ran = sandbox.sh("ulimit -f 8; exec runner --force y.rs").run();
    assert!(ran.stdout == "153\n", "{} {}", ran.stdout, ran.stderr);
}

#[test]
fn a_stack_that_is_too_small_is_told() {
    let sandbox = Sandbox::fake_hi();
    let message = "runner: cannot work with a stack of 64 KiB (`ulimit -s 192`)\n";
    sandbox.sh("ulimit -s 64; exec runner x.rs").run().ends(125, "", message);
    sandbox.sh("ulimit -s 192; exec runner x.rs").run().prints("hi\n");
}

#[test]
fn a_limit_of_processes_is_told() {
    if is_emulated("such a limit, as it needs threads itself") {
        return;
    }
    for most in [1, 2] {
        let sandbox = Sandbox::fake_hi();
        fs::create_dir_all(sandbox.cache()).unwrap();
        let script = format!("exec prlimit --nproc={most} runner x.rs");
        let Some(run) = mortal(&sandbox, &script) else { return };
        assert_is_told(&run.run(), "Resource temporarily unavailable");
    }
}
