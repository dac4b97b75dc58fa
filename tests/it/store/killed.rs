//! runner or its compiler killed: the next run works, and nothing is left behind.

use std::path::PathBuf;

use crate::support::faults::KILLED;
use crate::support::sandbox::Sandbox;

#[test]
fn killed_before_in_or_after_the_compiler_the_next_run_works() {
    for when in ["before", "half", "after"] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print right\n");
        sandbox.runner(["x.rs"]).env("FAKE_DIE", when).run().ends(KILLED, "", "");
        sandbox.runner(["x.rs"]).run().prints("right\n");
        sandbox.runner(["x.rs"]).run().prints("right\n");
        assert_eq!(sandbox.compiles(), 2, "killed {when}: once in vain, once for good");
        assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new(), "killed {when}");
    }
}

#[test]
fn killed_while_it_builds_a_temporary_binary_the_next_miss_cleans_up() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    sandbox.runner(["--temp", "x.rs"]).env("FAKE_DIE", "after").run().ends(KILLED, "", "");
    sandbox.runner(["x.rs"]).run().prints("right\n");
    assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
}
