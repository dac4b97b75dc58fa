//! What was compiled is not compiled again, unless that is asked for.

use std::os::unix::fs::symlink;

use crate::support::sandbox::Sandbox;

#[test]
fn a_fake_script_runs_and_is_cached() {
    let sandbox = Sandbox::fake();
    sandbox.write("sub/y.txt", "print one\ninclude z.txt\nprint after\n");
    sandbox.write("sub/z.txt", "print two\n");
    sandbox.write("m/mod.rs", "print module\n");
    // Last: an input that is newer than the script may be of the very moment the compiler starts, and then it is
    // compiled once more.
    sandbox.write("x.rs", "include sub/y.txt\nmod m\nenv A\nprint end\n");
    for _ in 0..3 {
        sandbox.runner(["x.rs"]).run().prints("one\ntwo\nafter\nmodule\nunset\nend\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_script_and_its_links_share_one_compile() {
    let sandbox = Sandbox::fake();
    sandbox.script("real/x.rs", "#!/usr/bin/env runner\nprint hi\n");
    symlink("real/x.rs", sandbox.path("link")).unwrap();
    symlink("link", sandbox.path("link-to-link")).unwrap();
    for path in ["link", "link-to-link", "real/x.rs", "real/../link"] {
        sandbox.sh(&format!("./{path}")).run().prints("hi\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn force_compiles_again() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    for (options, compiles) in [(&[][..], 1), (&[], 1), (&["--force"], 2), (&["run", "--force"], 3), (&[], 3)]
    {
        sandbox.runner(options).args(["x.rs"]).run().prints("hi\n");
        assert_eq!(sandbox.compiles(), compiles);
    }
    sandbox.runner(["build", "--force", "x.rs", "-o", "out"]).run().prints("");
    assert_eq!(sandbox.compiles(), 4);
}
