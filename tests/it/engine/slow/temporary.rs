//! `--temp`: nothing is left of a script, however it ends; it can start itself again.

use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use crate::support::children::{signal_to, wait_for_ready};
use crate::support::files::files_below;
use crate::support::process_probe::probe;
use crate::support::sandbox::Sandbox;

#[test]
fn a_temporary_run_leaves_nothing_behind_and_when_killed_nothing_after_the_next() {
    let sandbox = probe();
    let before = files_below(sandbox.root());
    for (signal, options) in [(9, "--temp"), (15, "--temp"), (9, "--temp --debug")] {
        let mut child: Child =
            sandbox.sh(&format!("mkfifo gate; exec runner {options} probe wait 8<>gate <&8")).start();
        wait_for_ready(&mut child);
        let now: Vec<_> = files_below(&sandbox.root().join("tmp"));
        assert!(now.is_empty(), "{now:?}");
        signal_to(child.id(), &signal.to_string());
        let status = child.wait().unwrap();
        assert!(status.signal() == Some(signal) || status.success());
    }
    // Who was killed by SIGKILL cleans nothing.
    sandbox.runner(["--temp", "probe", "exit", "0"]).run().ends(0, "", "");
    let staged = |path: &&std::path::PathBuf| path.components().any(|part| part.as_os_str() == "staging");
    let after = files_below(sandbox.root());
    let left: Vec<_> = after.iter().filter(|path| !before.contains(path)).filter(staged).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(sandbox.cached("bin").is_empty() && sandbox.cached("traces").is_empty());
}

#[test]
fn a_temporary_run_takes_a_cached_binary_for_nothing_and_keeps_none() {
    let sandbox = probe();
    sandbox.runner(["--temp", "probe", "exit", "1"]).run().ends(1, "", "");
    assert!(sandbox.cached("bin").is_empty());
    sandbox.runner(["probe", "exit", "2"]).run().ends(2, "", "");
    assert_eq!(sandbox.cached("bin").len(), 1);
    sandbox.runner(["--temp", "probe", "exit", "3"]).run().ends(3, "", "");
    assert_eq!(sandbox.cached("bin").len(), 1);
}

#[test]
fn a_temporary_program_can_start_itself_again() {
    let sandbox = Sandbox::new();
    let text = r#"use std::process::{Command, exit};
fn main() {
    if std::env::args().count() > 1 {
        return println!("again");
    }
    let own = std::env::current_exe().unwrap();
    exit(!Command::new(own).arg("x").status().unwrap().success() as i32)
}
"#;
    sandbox.write("x.rs", text);
    sandbox.runner(["--temp", "x.rs"]).run().prints("again\n");
    let ran = sandbox.runner(["x.rs"]).env("RUNNER_CACHE", "/proc/none").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "again\n"), "{}", ran.stderr);
    assert!(files_below(&sandbox.root().join("tmp")).is_empty());
}
