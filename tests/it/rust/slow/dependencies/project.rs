//! Dependencies that scripts inherit from the `runner.toml` of their project.

use std::fs;

use crate::support::path_dependency::{MAIN, package, said, script};
use crate::support::watched::real;

const FEATURED: &str = "#[cfg(feature = \"loud\")] pub fn said() -> &'static str { \"LOUD\" }\n\
                        #[cfg(not(feature = \"loud\"))] pub fn said() -> &'static str { \"soft\" }\n";

#[test]
fn a_dependency_is_taken_from_the_project_with_what_the_script_adds() {
    let sandbox = real();
    package(&sandbox, "libs/a", "[features]\nloud = []\n", FEATURED);
    package(&sandbox, "libs/b/a", "", &said("other"));
    let project = sandbox.write("runner.toml", "[dependencies]\na.path = \"libs/a\"\n");
    script(&sandbox, "tools/s.rs", "dependencies.a.workspace = true", MAIN);
    script(&sandbox, "tools/t.rs", "dependencies.a = { workspace = true, features = [\"loud\"] }", MAIN);
    let run = |name: &str| sandbox.runner(["--profile", "quick", name]).run();
    run("tools/s.rs").prints("soft\n");
    run("tools/t.rs").prints("LOUD\n");
    // What the project says of it changes, and comes back.
    fs::write(&project, "[dependencies]\na = { path = \"libs/a\", features = [\"loud\"] }\n").unwrap();
    run("tools/s.rs").prints("LOUD\n");
    fs::write(&project, "[dependencies]\na.path = \"libs/b/a\"\n").unwrap();
    run("tools/s.rs").prints("other\n");
    let ran = sandbox.runner(["why", "--profile", "quick", "tools/s.rs"]).run();
    assert!(ran.stdout.contains("cached"), "{}", ran.stdout);
    // What does not concern it compiles nothing.
    fs::write(&project, "# shared\n[dependencies]\na.path = \"libs/b/a\"\nb = \"1\"\n").unwrap();
    run("tools/s.rs").prints("other\n");
    sandbox.write("libs/b/a/src/lib.rs", said("edited"));
    run("tools/s.rs").prints("edited\n");
}

#[test]
fn a_script_that_inherits_is_locked_checked_and_edited_as_any_other() {
    let sandbox = real();
    package(&sandbox, "libs/a", "", &said("one"));
    package(&sandbox, "libs/c", "", &said("three"));
    sandbox.write("runner.toml", "[dependencies]\na.path = \"libs/a\"\n");
    script(&sandbox, "tools/s.rs", "[dependencies]\na.workspace = true", MAIN);
    assert_eq!(sandbox.runner(["check", "tools"]).run().code, 0);
    assert_eq!(sandbox.runner(["lock", "--offline", "tools"]).run().code, 0);
    assert!(sandbox.path("tools/s.rs.lock").is_file());
    sandbox.runner(["--locked", "--profile", "quick", "tools/s.rs"]).run().prints("one\n");
    let added = sandbox
        .runner(["add", "--offline", "tools/s.rs", "--path", "../libs/c", "c"])
        .within(sandbox.path("."))
        .run();
    assert_eq!(added.code, 0, "{}", added.stderr);
    let text = fs::read_to_string(sandbox.path("tools/s.rs")).unwrap();
    assert!(text.contains("a.workspace = true\n") && text.contains("../libs/c"), "{text}");
    sandbox.runner(["--profile", "quick", "tools/s.rs"]).run().prints("one\n");
}
