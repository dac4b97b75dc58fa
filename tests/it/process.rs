//! The process contract: the script is the process.

use crate::sandbox::Sandbox;

#[test]
fn a_fake_script_runs_and_is_cached() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "include sub/y.txt\nmod m\nenv A\nprint end\n");
    sandbox.write("sub/y.txt", "print one\ninclude z.txt\nprint after\n");
    sandbox.write("sub/z.txt", "print two\n");
    sandbox.write("m/mod.rs", "print module\n");
    for _ in 0..3 {
        sandbox.runner(["x.rs"]).run().prints("one\ntwo\nafter\nmodule\nunset\nend\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}
