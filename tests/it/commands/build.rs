//! `runner build`: a self-contained executable, where the caller says.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::files::mode;
use crate::support::sandbox::Sandbox;

#[test]
fn a_build_is_written_under_the_scripts_name_into_the_working_directory() {
    let sandbox = Sandbox::fake_hi();
    fs::create_dir(sandbox.path("here")).unwrap();
    sandbox.runner(["build", "../x.rs"]).within(sandbox.path("here")).run().prints("");
    sandbox.command(sandbox.path("here/x")).run().prints("hi\n");
    assert!(!sandbox.path("x").exists());
    let mode = fs::metadata(sandbox.path("here/x")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert_eq!(fs::read_dir(sandbox.path("here")).unwrap().count(), 1);
}

#[test]
fn a_build_is_written_where_it_is_said() {
    let sandbox = Sandbox::fake_hi();
    fs::create_dir(sandbox.path("there")).unwrap();
    for (said, place) in
        [("file", "file"), ("there", "there/x"), ("new/", "new/x"), ("new/dir/", "new/dir/x")]
    {
        sandbox.runner(["build", "x.rs", "-o", said]).run().prints("");
        sandbox.command(sandbox.path(place)).run().prints("hi\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_build_and_a_release_run_are_told_apart_and_both_are_cached() {
    let sandbox = Sandbox::fake_hi();
    for _ in 0..2 {
        sandbox.runner(["build", "x.rs"]).run().prints("");
        sandbox.runner(["x.rs"]).run().prints("hi\n");
    }
    // A build keeps this machine's paths out of the binary; a run has them.
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_build_is_written_where_a_link_leads() {
    let sandbox = Sandbox::fake_hi();
    fs::create_dir(sandbox.path("there")).unwrap();
    sandbox.write("there/old", "old\n");
    for target in ["there/old", "there/new"] {
        let _ = fs::remove_file(sandbox.path("x"));
        symlink(target, sandbox.path("x")).unwrap();
        sandbox.runner(["build", "x.rs"]).run().prints("");
        assert!(sandbox.path("x").is_symlink());
        sandbox.command(sandbox.path(target)).run().prints("hi\n");
    }
}

#[test]
fn a_build_into_a_directory_that_is_missing_is_refused_before_anything_is_compiled() {
    let sandbox = Sandbox::fake_hi();
    sandbox.runner(["build", "x.rs", "-o", "typo/x"]).run().fails(
        125,
        "`: No such file or directory\n  hint: `mkdir -p` makes it; so does `-o DIR/`, with a slash at the end",
    );
    assert!(!sandbox.path("typo").exists());
    assert_eq!(sandbox.compiles(), 0);
}

#[test]
fn a_build_of_a_script_without_extension_needs_another_name_or_place() {
    let sandbox = Sandbox::fake();
    sandbox.script("tool", "#!/usr/bin/env runner\nprint tool\n");
    sandbox.runner(["build", "tool", "-o", "out/"]).run().prints("");
    sandbox.sh("out/tool").run().prints("tool\n");
    sandbox.sh("echo print piped | runner build /dev/stdin && ./script").run().prints("piped\n");
}

#[test]
fn a_build_that_fails_changes_nothing() {
    let sandbox = Sandbox::fake_hi();
    sandbox.runner(["build", "x.rs"]).run().prints("");
    sandbox.script("x.rs", "fail now\n");
    sandbox.runner(["build", "x.rs"]).run().fails(125, "nothing was cached");
    sandbox.sh("./x").run().prints("hi\n");
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 2);
}

#[test]
fn several_scripts_are_built_into_one_directory() {
    let sandbox = Sandbox::fake_hi();
    sandbox.script("sub/y", "#!/usr/bin/env runner\nprint other\n");
    fs::create_dir(sandbox.path("here")).unwrap();
    sandbox.runner(["build", "../x.rs", "../sub/y"]).within(sandbox.path("here")).run().prints("");
    sandbox.runner(["build", "x.rs", "sub/y", "-o", "new/dir/"]).run().prints("");
    for directory in ["here", "new/dir"] {
        sandbox.sh(&format!("{directory}/x; {directory}/y")).run().prints("hi\nother\n");
        assert_eq!(fs::read_dir(sandbox.path(directory)).unwrap().count(), 2);
    }
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn what_cannot_be_built_side_by_side_is_refused_before_anything_is() {
    let sandbox = Sandbox::fake_hi();
    sandbox.script("sub/x", "#!/usr/bin/env runner\nprint other\n");
    sandbox.runner(["build", "x.rs", "sub/x", "-o", "out/"]).run().ends(
        125,
        "",
        "runner: sub/x: it would take the place of that of `x.rs`\n  hint: build one of them by itself, with `-o FILE`\n",
    );
    sandbox.runner(["build", "x.rs", "sub/x", "-o", "file"]).run().ends(
        125,
        "",
        "runner: several scripts cannot be one file, `file`\n  hint: `-o DIR/` takes them all\n",
    );
    sandbox
        .runner(["build", "x.rs", "nope.rs"])
        .run()
        .fails(127, "give the path of a file, or `runner --help`");
    sandbox.script("tool", "#!/usr/bin/env runner\nprint tool\n");
    let ran = sandbox.runner(["build", "x.rs", "tool"]).run();
    assert!(ran.code == 125 && ran.stderr.contains("is the script itself"), "{}", ran.stderr);
    assert_eq!(sandbox.compiles(), 0);
    assert!(!sandbox.path("out").exists() && !sandbox.path("x").exists());
}

#[test]
fn a_script_that_fails_takes_nothing_from_the_others() {
    let sandbox = Sandbox::fake_hi();
    sandbox.script("bad.rs", "fail here\n");
    sandbox.script("worse.rs", "fail there\n");
    let ran = sandbox.runner(["build", "bad.rs", "x.rs", "worse.rs"]).run();
    assert!(ran.code == 125 && ran.stdout.is_empty(), "{}", ran.stderr);
    for name in ["bad.rs", "worse.rs"] {
        assert!(ran.stderr.contains(&format!("runner: {name}: rustc failed")), "{}", ran.stderr);
    }
    sandbox.sh("./x").run().prints("hi\n");
    assert!(!sandbox.path("bad").exists());
}

#[test]
fn a_program_for_windows_is_called_so() {
    let sandbox = Sandbox::fake_hi();
    let program = sandbox.write("windows", "MZ, and so on");
    let sandbox = sandbox.with("FAKE_PROGRAM", program);
    sandbox.runner(["build", "x.rs"]).run().prints("");
    assert!(sandbox.path("x.exe").exists() && !sandbox.path("x").exists());
    sandbox.runner(["build", "x.rs", "-o", "out/"]).run().prints("");
    assert!(sandbox.path("out/x.exe").exists());
    sandbox.runner(["build", "x.rs", "-o", "named"]).run().prints("");
    assert!(sandbox.path("named").exists());
}

#[test]
fn what_is_written_obeys_the_umask() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    for (umask, expected) in [("022", 0o755), ("077", 0o700), ("027", 0o750)] {
        sandbox.sh(&format!("umask {umask}; exec runner build x.rs -o out{umask}")).run().prints("");
        assert_eq!(mode(&sandbox.path(format!("out{umask}"))), expected, "umask {umask}");
    }
}
