//! `--temp`: what is left of it.

use std::fs;

use crate::support::files::files_below;
use crate::support::sandbox::Sandbox;

#[test]
fn what_a_killed_compile_of_a_temporary_run_left_goes_with_the_next() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let staged = || sandbox.cached("staging").len();
    sandbox.runner(["--temp", "x.rs"]).env("FAKE_DIE", "half").run();
    assert_ne!(staged(), 0);
    // The compiler may outlive its caller for a moment, and still be writing there.
    let is_gone = (0..100).any(|_| {
        sandbox.runner(["--temp", "x.rs"]).run();
        staged() == 0
    });
    assert!(is_gone);
    // The same where the cache cannot be used, in a place shared with others.
    let temporary = sandbox.root().join("tmp");
    let others = temporary.join("runner-of-somebody/file");
    fs::create_dir(others.parent().unwrap()).unwrap();
    fs::write(&others, "").unwrap();
    sandbox.runner(["x.rs"]).env("RUNNER_CACHE", "/proc/none").env("FAKE_DIE", "half").run();
    assert!(files_below(&temporary).len() > 1);
    let is_gone = (0..100).any(|_| {
        sandbox.runner(["x.rs"]).env("RUNNER_CACHE", "/proc/none").run();
        files_below(&temporary) == [others.as_path()]
    });
    assert!(is_gone);
}
