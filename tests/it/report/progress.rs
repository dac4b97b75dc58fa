//! Progress: shown on a terminal, erased, and nowhere else.

use crate::support::machine::{shown, terminal};
use crate::support::sandbox::Sandbox;

#[test]
fn progress_is_shown_on_a_terminal_and_erased() {
    let sandbox = Sandbox::fake().with("FAKE_SLEEP", "1");
    sandbox.script("slow.rs", "#!/usr/bin/env runner\nprint done\n");
    let Some(run) = terminal(&sandbox, "./slow.rs") else { return };
    let ran = run.run();
    assert!(ran.stdout.contains("compiling slow"), "{:?}", ran.stdout);
    assert_eq!(shown(&ran.stdout), "done\n");
    // A hit says nothing, not even an escape sequence.
    terminal(&sandbox, "./slow.rs").unwrap().run().prints("done\r\n");
}

#[test]
fn progress_is_not_shown_when_quiet_nor_on_a_pipe() {
    let sandbox = Sandbox::fake().with("FAKE_SLEEP", "1");
    sandbox.script("slow.rs", "#!/usr/bin/env runner\nprint done\n");
    sandbox.sh("./slow.rs").run().prints("done\n");
    let Some(run) = terminal(&sandbox, "runner -q --force slow.rs") else { return };
    run.run().prints("done\r\n");
}

#[test]
fn progress_that_was_shown_is_erased_before_an_error() {
    let sandbox = Sandbox::fake().with("FAKE_SLEEP", "1");
    sandbox.script("slow.rs", "#!/usr/bin/env runner\nfail too late\n");
    let Some(run) = terminal(&sandbox, "./slow.rs") else { return };
    let ran = run.run();
    assert_eq!(ran.code, 125);
    let expected = "error: too late\nrunner: ./slow.rs: rustc failed (exit status: 1); nothing was cached\n";
    assert_eq!(shown(&ran.stdout), expected);
}
