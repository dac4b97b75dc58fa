//! `SCRIPT.lock`: whoever insists on it gets what it says, or is told that it does not fit.

use std::fs;

use crate::support::fake_registry::Registry;
use crate::support::files::{copy, mode};
use crate::support::path_dependency::{package, said, script};
use crate::support::sandbox::Sandbox;

const ONE: &str = "dependencies.one = \"1\"";
const BOTH: &str = "dependencies.one = \"1\"\ndependencies.two = \"1\"";
const CODE: &str = "fn main() { println!(\"{}\", one::said()) }\n";

/// `x.rs` and a lock that lacks one of its dependencies.
fn outgrown() -> (Sandbox, Registry) {
    let (sandbox, registry) = Registry::with_libraries(&["one", "two"]);
    script(&sandbox, "x.rs", ONE, CODE);
    assert_eq!(sandbox.runner(["update", "x.rs", "--lock"]).run().code, 0);
    script(&sandbox, "x.rs", BOTH, CODE);
    (sandbox, registry)
}

const UNFIT: &str = "runner: x.rs: `x.rs.lock` does not fit the script: it lacks `two`";
const HINT: &str = "\n  hint: `runner lock x.rs` renews it\n";

#[test]
fn a_lock_that_does_not_fit_is_refused_by_whoever_insists_on_it_before_and_after_a_run_that_does_not() {
    let (sandbox, _registry) = outgrown();
    let lock = fs::read(sandbox.path("x.rs.lock")).unwrap();
    let refused = format!("{UNFIT}, and `--locked` insists on it{HINT}");
    let insist = |sandbox: &Sandbox| {
        sandbox.runner(["--locked", "x.rs"]).run().ends(125, "", &refused);
        sandbox.runner(["--frozen", "x.rs"]).run().ends(125, "", &refused);
        sandbox.runner(["x.rs"]).env("RUNNER_LOCKED", "1").run().ends(125, "", &refused);
        sandbox.runner(["--locked", "--force", "x.rs"]).run().ends(125, "", &refused);
        for command in ["build", "promote", "check", "test", "doc"] {
            sandbox.runner([command, "--locked", "x.rs"]).run().fails(125, refused.trim_end());
        }
    };
    insist(&sandbox);
    sandbox.runner(["x.rs"]).run().ends(0, "one 1.0.0\n", &format!("{UNFIT}{HINT}"));
    sandbox.runner(["x.rs"]).run().prints("one 1.0.0\n");
    assert_eq!(sandbox.runner(["build", "x.rs", "-o", "out"]).run().code, 0);
    insist(&sandbox);
    // Another script of that manifest, with a lock of that text.
    script(&sandbox, "y.rs", BOTH, CODE);
    copy(sandbox.path("x.rs.lock"), sandbox.path("y.rs.lock"));
    sandbox.runner(["--locked", "y.rs"]).run().ends(125, "", &refused.replace("x.rs", "y.rs"));
    // Nobody wrote to it, and it is mended by what the hint says.
    assert_eq!(fs::read(sandbox.path("x.rs.lock")).unwrap(), lock);
    sandbox.runner(["update", "x.rs"]).run().prints("two 1.0.0 is new\n");
    sandbox.runner(["--locked", "x.rs"]).run().prints("one 1.0.0\n");
    // What is not needed any more does not fit either.
    script(&sandbox, "x.rs", ONE, CODE);
    let ran = sandbox.runner(["--locked", "x.rs"]).run();
    assert_eq!(ran.code, 125, "{}", ran.stderr);
    assert!(ran.stderr.contains("`x.rs.lock` does not fit the script"), "{}", ran.stderr);
}

#[test]
fn a_script_that_insists_on_a_lock_in_its_metadata_can_be_given_one() {
    let (sandbox, _registry) = Registry::with_libraries(&["one", "two"]);
    let locked = "\npackage.metadata.runner.locked = true";
    script(&sandbox, "x.rs", &format!("{ONE}{locked}"), CODE);
    assert_eq!(sandbox.runner(["x.rs"]).run().code, 125);
    let ran = sandbox.sh("umask 022; runner update x.rs --lock && runner x.rs").run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.ends_with("one 1.0.0\n"), "{}", ran.stdout);
    assert_eq!(mode(&sandbox.path("x.rs.lock")), 0o644);
    script(&sandbox, "x.rs", &format!("{BOTH}{locked}"), CODE);
    let ran = sandbox.runner(["x.rs"]).run();
    assert_eq!((ran.code, ran.stderr.contains("it lacks `two`")), (125, true), "{}", ran.stderr);
    // Renewed, it keeps the permissions that somebody gave it.
    let ran = sandbox.sh("chmod 664 x.rs.lock; runner -q update x.rs 2>&1 || runner update x.rs").run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(mode(&sandbox.path("x.rs.lock")), 0o664);
    sandbox.runner(["x.rs"]).run().prints("one 1.0.0\n");
}

#[test]
fn a_question_about_directories_does_not_renew_a_lock_that_is_insisted_on() {
    let (sandbox, _registry) = Registry::with_libraries(&["one", "two"]);
    package(&sandbox, "a", "", &said("a"));
    let manifest = format!("{ONE}\ndependencies.a.path = \"a\"");
    script(&sandbox, "x.rs", &manifest, CODE);
    assert_eq!(sandbox.runner(["update", "x.rs", "--lock"]).run().code, 0);
    sandbox.runner(["--locked", "x.rs"]).run().prints("one 1.0.0\n");
    script(&sandbox, "x.rs", &format!("{manifest}\ndependencies.two = \"1\""), CODE);
    let ran = sandbox.runner(["--locked", "x.rs"]).run();
    assert_eq!((ran.code, ran.stderr.contains("it lacks `two`")), (125, true), "{}", ran.stderr);
    // So does what the package in the directory depends on.
    script(&sandbox, "x.rs", &manifest, CODE);
    package(&sandbox, "a", "[dependencies]\ntwo = \"1\"\n", &said("a"));
    let ran = sandbox.runner(["--locked", "x.rs"]).run();
    assert_eq!(ran.code, 125, "{}", ran.stderr);
    assert!(ran.stderr.contains("`x.rs.lock` does not fit the script"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(sandbox.cache().to_str().unwrap()), "{}", ran.stderr);
}

#[test]
fn an_update_that_changes_nothing_says_so() {
    let (sandbox, _registry) = Registry::with_libraries(&["one"]);
    script(&sandbox, "x.rs", ONE, CODE);
    for _ in 0..2 {
        sandbox.runner(["update", "--dry-run", "x.rs"]).run().prints("one 1.0.0 is new\n");
        sandbox.runner(["update", "--dry-run", "--lock", "x.rs"]).run().prints("one 1.0.0 is new\n");
    }
    assert!(!sandbox.path("x.rs.lock").exists());
    sandbox.runner(["update", "x.rs"]).run().prints("one 1.0.0 is new\n");
    sandbox.runner(["update", "x.rs"]).run().prints("x.rs: up to date\n");
    sandbox.quiet(&["update", "x.rs"]);
    sandbox.script("plain.rs", "fn main() {}\n");
    sandbox.runner(["update", "plain.rs"]).run().prints("plain.rs: up to date\n");
}
