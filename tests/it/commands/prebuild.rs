//! `build --cache` and `update`.

use crate::support::provisional::{large_script, profiles};
use crate::support::sandbox::Sandbox;

#[test]
fn scripts_built_ahead_are_hits_and_final() {
    let sandbox = Sandbox::fake();
    for name in ["a.rs", "b.rs", "c.rs"] {
        sandbox.write(name, large_script(name));
    }
    sandbox.runner(["build", "--cache", "a.rs", "b.rs", "c.rs"]).run().prints("");
    assert_eq!(profiles(&sandbox), ["release"; 3]);
    for name in ["a.rs", "b.rs", "c.rs"] {
        sandbox.runner([name]).run().prints(&format!("{name}\n"));
    }
    assert_eq!(sandbox.compiles(), 3);
}

#[test]
fn one_that_cannot_be_built_ahead_is_told_and_the_others_are_built() {
    let sandbox = Sandbox::fake();
    sandbox.write("good.rs", "print good\n");
    sandbox.write("bad.rs", "fail on purpose\n");
    let ran = sandbox.runner(["build", "--cache", "bad.rs", "good.rs"]).run();
    assert_eq!(ran.code, 125);
    assert!(ran.stderr.contains("runner: bad.rs: rustc failed"), "{}", ran.stderr);
    sandbox.runner(["good.rs"]).run().prints("good\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn update_of_a_script_without_dependencies_does_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["update", "x.rs"]).run().prints("x.rs: up to date\n");
}
