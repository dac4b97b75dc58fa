//! Progress of cargo's, warnings and colors.

use crate::support::machine::{shown, terminal};
use crate::support::sandbox::Sandbox;

#[test]
fn the_bar_of_cargo_is_shown_while_dependencies_are_built_and_erased() {
    let sandbox = Sandbox::new().with("RUNNER_TIER", "off");
    let manifest = "[package]\nname = \"slow\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    sandbox.write("slow/Cargo.toml", manifest);
    sandbox.write("slow/src/lib.rs", "");
    sandbox.write("slow/build.rs", "fn main() { std::thread::sleep(std::time::Duration::from_secs(2)) }");
    let text = "#!/usr/bin/env runner\n---\n[dependencies]\nslow = { path = \"slow\" }\n---\n\
                fn main() { println!(\"done\") }\n";
    sandbox.script("x.rs", text);
    let Some(run) = terminal(&sandbox, "./x.rs") else { return };
    let ran = run.run();
    assert!(ran.stdout.contains("Building [") && ran.stdout.contains("slow"), "{:?}", ran.stdout);
    assert_eq!(shown(&ran.stdout), "done\n");
    // On a pipe nothing is said, whatever takes long.
    sandbox.write("slow/src/lib.rs", "// changed\n");
    sandbox.sh("./x.rs").run().prints("done\n");
}

#[test]
fn warnings_and_colors_are_for_terminals() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nfn main() { let unused = 1; println!(\"ran\"); }\n";
    sandbox.script("warns.rs", text);
    sandbox.sh("./warns.rs").run().prints("ran\n");
    let verbose = sandbox.sh("runner -v --force warns.rs").run();
    assert!(verbose.stderr.contains("warning: unused variable: `unused`"), "{}", verbose.stderr);
    let Some(run) = terminal(&sandbox, "runner --force warns.rs") else { return };
    let ran = run.run();
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("\x1b[") && ran.stdout.contains("unused variable"), "{:?}", ran.stdout);
    assert!(shown(&ran.stdout).ends_with("\nran\n"), "{:?}", ran.stdout);
    terminal(&sandbox, "runner -q --force warns.rs").unwrap().run().prints("ran\r\n");
}

/// A log of a first build that takes minutes is not silent: one line after five seconds.
#[test]
fn a_log_is_told_that_a_build_takes_long() {
    let sandbox = Sandbox::fake_hi().with("RUNNER_PROGRESS", "");
    let ran = sandbox.runner(["x.rs"]).env("FAKE_SLEEP", "7").run();
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(matches!(lines[..], [line] if line.starts_with("runner: compiling x, ")), "{lines:?}");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "hi\n"));
    sandbox.runner(["-q", "--force", "x.rs"]).env("FAKE_SLEEP", "7").run().prints("hi\n");
}
