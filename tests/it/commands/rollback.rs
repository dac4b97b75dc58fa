//! `runner rollback`: the program that an upgrade replaced comes back.

use std::fs;

use crate::support::sandbox::Sandbox;

#[test]
fn the_last_program_comes_back_and_goes_again() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("tool.rs", "print one\n");
    let installed = sandbox.home().join(".local/bin/tool");
    sandbox.runner(["promote", "-q", "tool.rs"]).run().prints("");
    sandbox.runner(["rollback", "tool"]).run().fails(
        125,
        "runner: tool: nothing that it replaced is kept\n  hint: the program that an upgrade replaces is kept, until the next one",
    );
    fs::write(&script, "print two\n").unwrap();
    sandbox.runner(["upgrade", "-q"]).run().prints("");
    sandbox.command(&installed).run().prints("two\n");

    let ran = sandbox.runner(["rollback", "--dry-run", "tool"]).run();
    assert!(ran.code == 0 && ran.stdout.ends_with("would be put back\n"), "{}", ran.stdout);
    sandbox.command(&installed).run().prints("two\n");
    let ran = sandbox.runner(["rollback", "tool"]).run();
    assert!(ran.code == 0 && ran.stdout.starts_with("tool: ") && ran.stdout.ends_with(", put back\n"));
    sandbox.command(&installed).run().prints("one\n");
    // It is ours: listed, and upgraded again.
    let ran = sandbox.runner(["list"]).run();
    assert!(ran.stdout.contains("source changed"), "{}", ran.stdout);
    sandbox.runner(["rollback", "-q", "tool"]).run().prints("");
    sandbox.command(&installed).run().prints("two\n");
    let ran = sandbox.runner(["list"]).run();
    assert!(ran.stdout.contains("current"), "{}", ran.stdout);

    // What somebody else put there stays.
    fs::write(&installed, "#!/bin/sh\necho mine\n").unwrap();
    sandbox.runner(["rollback", "tool"]).run().fails(125, "hint: `--force` replaces it all the same");
    sandbox.command(&installed).run().prints("mine\n");
    sandbox.runner(["rollback", "--force", "-q", "tool"]).run().prints("");
    sandbox.command(&installed).run().prints("one\n");

    // A demotion forgets it all.
    sandbox.runner(["demote", "tool"]).run();
    let kept = sandbox.home().join(".local/share/runner/previous");
    assert_eq!(fs::read_dir(kept).unwrap().count(), 0);
    sandbox.runner(["rollback", "tool"]).run().fails(125, "hint: `runner list` lists them");
}

#[test]
fn a_damaged_copy_is_not_put_back() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("tool.rs", "print one\n");
    sandbox.runner(["promote", "-q", "tool.rs"]).run().prints("");
    fs::write(&script, "print two\n").unwrap();
    sandbox.runner(["upgrade", "-q"]).run().prints("");
    let kept = sandbox.home().join(".local/share/runner/previous");
    let mut program = fs::read_dir(&kept).unwrap().flatten().map(|entry| entry.path());
    let program = program.find(|path| path.extension().is_some()).unwrap();
    fs::write(&program, "#!/bin/sh\necho torn\n").unwrap();
    sandbox.runner(["rollback", "tool"]).run().fails(125, "until the next one");
    sandbox.command(sandbox.home().join(".local/bin/tool")).run().prints("two\n");
}
