//! `--temp`: nothing is left of a script that runs or is killed.

use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use crate::support::children::{signal_to, wait_for_ready};
use crate::support::files::files_below;
use crate::support::process_probe::probe;

#[test]
fn a_temporary_run_leaves_nothing_behind_even_when_killed() {
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
