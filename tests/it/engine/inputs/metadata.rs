//! Never stale: options, and builds that are handed on.

use std::time::SystemTime;

use crate::support::files::set_modified;
use crate::support::sandbox::Sandbox;
use crate::support::watched::{LONG_AGO, changed, run, unchanged};

#[test]
fn options_of_the_build() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "argument -C opt-level=*\nargument --edition=*\nprint end\n");
    let run = |options: &[&str]| sandbox.runner(options.iter().chain(&["s.rs"]));
    changed(
        run(&[]),
        "--edition=2024\n-C opt-level=3\nend\n"
            .replace("--edition=2024\n-C opt-level=3", "-C opt-level=3\n--edition=2024")
            .as_str(),
    );
    changed(run(&["--debug"]), "--edition=2024\nend\n");
    changed(run(&["--edition", "2018"]), "-C opt-level=3\n--edition=2018\nend\n");
    changed(run(&["--profile", "quick"]), "--edition=2024\nend\n");
    unchanged(run(&["--profile", "dev"]), "--edition=2024\nend\n");
    // Said or understood, it is the same build.
    run(&["--release"]).run().prints("-C opt-level=3\n--edition=2024\nend\n");
    unchanged(run(&[]), "-C opt-level=3\n--edition=2024\nend\n");
    sandbox.write(
        "s.rs",
        "#!/usr/bin/env -S runner --debug\nargument -C opt-level=*\nargument --edition=*\nprint end\n",
    );
    changed(run(&[]), "--edition=2024\nend\n");
    changed(run(&["--release"]), "-C opt-level=3\n--edition=2024\nend\n");
}

#[test]
fn what_is_built_and_promoted_is_never_stale_either() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    let program = sandbox.path("program");
    let bin = sandbox.root().join("own");
    for word in ["one", "two", "one"] {
        sandbox.write("m.rs", format!("print {word}\n"));
        set_modified(&sandbox.path("m.rs"), SystemTime::UNIX_EPOCH + LONG_AGO);
        let built = sandbox.runner(["build", "s.rs", "-o", "program"]).run();
        assert_eq!(built.code, 0, "{}", built.stderr);
        sandbox.command(&program).run().prints(&format!("{word}\n"));
        let promoted = sandbox.runner(["promote", "s.rs", "--to"]).args([&bin]).run();
        assert_eq!(promoted.code, 0, "{}", promoted.stderr);
        sandbox.command(bin.join("s")).run().prints(&format!("{word}\n"));
        sandbox.runner(["--temp", "s.rs"]).run().prints(&format!("{word}\n"));
        sandbox.runner(["--force", "s.rs"]).run().prints(&format!("{word}\n"));
        run(&sandbox).run().prints(&format!("{word}\n"));
    }
}
