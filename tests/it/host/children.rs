//! Compilers are children of the host, whatever that does about its children.

use crate::support::hosts::host;
use crate::support::machine::is_emulated;
use crate::support::sandbox::Sandbox;

/// What the host itself printed: the harness says a line or two around it.
fn said(stdout: &str) -> Vec<&str> {
    stdout
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("running") && !line.starts_with("test "))
        .collect()
}

#[test]
fn sixty_four_threads_build_at_once_where_sigchld_is_ignored() {
    // QEMU's own locks are not free in what a thread forks while others hold them.
    if is_emulated("behind its locks what many threads start at once") {
        return;
    }
    for before in ["", "trap '' CHLD"] {
        let sandbox = Sandbox::fake();
        let ran = host(&sandbox, "many", before).run();
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("64 right"), "after `{before}`: {}", ran.stdout);
        assert_eq!(sandbox.compiles(), 64);
    }
}

#[test]
fn a_reaper_in_the_host_is_named_as_the_cause() {
    let sandbox = Sandbox::fake();
    let ran = host(&sandbox, "reaper", "").run();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let lines = said(&ran.stdout);
    let fits = |line: &&str| {
        *line == "right" || line.contains("something else in this process waits for its children")
    };
    assert_eq!(lines.iter().filter(|line| fits(line)).count(), 8, "{}", ran.stdout);
}
