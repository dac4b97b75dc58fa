//! Never stale: the script, and the places and links it is reached by.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::SystemTime;

use crate::support::files::{overwrite_keeping_time, replace, set_modified};
use crate::support::sandbox::Sandbox;
use crate::support::watched::{LONG_AGO, calls, changed, run, touched, unchanged};

#[test]
fn the_script() {
    let sandbox = Sandbox::fake();
    let script = sandbox.write("s.rs", "print one\n");
    changed(run(&sandbox), "one\n");
    touched(&script, || unchanged(run(&sandbox), "one\n"));
    sandbox.write("s.rs", "print two\n");
    changed(run(&sandbox), "two\n");
    overwrite_keeping_time(&script, "print six\n");
    changed(run(&sandbox), "six\n");
    replace(&script, "print ten\n");
    set_modified(&script, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "ten\n");
    sandbox.write("s.rs", "print one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_script_whose_name_needs_escaping() {
    let sandbox = Sandbox::fake();
    sandbox.write("a b=c/s.rs", "mod m\n");
    let module = sandbox.write("a b=c/m.rs", "print one\n");
    let run = || sandbox.runner(["a b=c/s.rs"]);
    changed(run(), "one\n");
    touched(&module, || unchanged(run(), "one\n"));
    sandbox.write("a b=c/m.rs", "print two\n");
    changed(run(), "two\n");
}

#[test]
fn a_script_that_comes_through_a_pipe() {
    let sandbox = Sandbox::fake();
    let run = |text: &str| sandbox.runner(["/dev/stdin"]).input(text);
    changed(run("print one\n"), "one\n");
    changed(run("print two\n"), "two\n");
    unchanged(run("print one\n"), "one\n");
    changed(run("env WORD\n"), "unset\n");
    changed(run("env WORD\n").env("WORD", "set"), "set\n");
    // The same text from another directory may mean other things.
    fs::create_dir(sandbox.path("d")).unwrap();
    run("print one\n").within(sandbox.path("d")).run().prints("one\n");
}

#[test]
fn a_script_found_on_path() {
    let sandbox = Sandbox::fake();
    let path = |first: &str, second: &str| {
        let rest = ["fake", "bin"].map(|name| sandbox.root().join(name).display().to_string()).join(":");
        let [first, second] = [first, second].map(|name| sandbox.path(name).display().to_string());
        format!("{first}:{second}:{rest}:/usr/bin:/bin")
    };
    for place in ["a", "b"] {
        sandbox.script(format!("{place}/tool"), "mod m\n");
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    let run = |first: &str, second: &str| {
        sandbox.runner(["run", "tool"]).env("PATH", path(first, second)).within(sandbox.root())
    };
    changed(run("a", "b"), "a\n");
    changed(run("b", "a"), "b\n");
    unchanged(run("a", "b"), "a\n");
    fs::remove_file(sandbox.path("a/tool")).unwrap();
    unchanged(run("a", "b"), "b\n");
}

#[test]
fn the_script_replaced_by_a_link_to_another() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print one\n");
    sandbox.write("other.rs", "print two\n");
    changed(run(&sandbox), "one\n");
    fs::rename(sandbox.path("s.rs"), sandbox.path("kept.rs")).unwrap();
    symlink("other.rs", sandbox.path("s.rs")).unwrap();
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
    fs::rename(sandbox.path("kept.rs"), sandbox.path("s.rs")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn the_script_replaced_by_a_link_to_the_same_text_with_other_siblings() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print here\n");
    sandbox.write("there/s.rs", "mod m\n");
    sandbox.write("there/m.rs", "print there\n");
    changed(run(&sandbox), "here\n");
    fs::remove_file(sandbox.path("s.rs")).unwrap();
    symlink("there/s.rs", sandbox.path("s.rs")).unwrap();
    changed(run(&sandbox), "there\n");
    unchanged(run(&sandbox), "there\n");
    fs::remove_file(sandbox.path("s.rs")).unwrap();
    sandbox.write("s.rs", "mod m\n");
    unchanged(run(&sandbox), "here\n");
}

#[test]
fn a_link_to_a_script_retargeted() {
    let sandbox = Sandbox::fake();
    for place in ["one", "two"] {
        sandbox.write(format!("{place}/t.rs"), "mod m\n");
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    let link = sandbox.path("s.rs");
    for place in ["one", "two"] {
        let _ = fs::remove_file(&link);
        symlink(format!("{place}/t.rs"), &link).unwrap();
        changed(run(&sandbox), &format!("{place}\n"));
        unchanged(run(&sandbox), &format!("{place}\n"));
        sandbox.runner([format!("{place}/t.rs")]).run().prints(&format!("{place}\n"));
    }
    fs::remove_file(&link).unwrap();
    symlink("one/t.rs", &link).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn the_target_of_a_link_replaced_by_a_link() {
    let sandbox = Sandbox::fake();
    for place in ["one", "two"] {
        sandbox.write(format!("{place}/t.rs"), "mod m\n");
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    symlink("one/t.rs", sandbox.path("s.rs")).unwrap();
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    fs::remove_file(sandbox.path("one/t.rs")).unwrap();
    symlink("../two/t.rs", sandbox.path("one/t.rs")).unwrap();
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_directory_above_the_script_replaced_by_another() {
    let sandbox = Sandbox::fake();
    for place in ["d", "other"] {
        sandbox.write(format!("{place}/e/s.rs"), "mod m\n");
        sandbox.write(format!("{place}/e/m.rs"), format!("print {place}\n"));
    }
    let run = || sandbox.runner(["d/e/s.rs"]);
    changed(run(), "d\n");
    fs::rename(sandbox.path("d"), sandbox.path("kept")).unwrap();
    fs::rename(sandbox.path("other"), sandbox.path("d")).unwrap();
    changed(run(), "other\n");
    fs::rename(sandbox.path("d"), sandbox.path("other")).unwrap();
    symlink("kept", sandbox.path("d")).unwrap();
    run().run().prints("d\n");
    unchanged(run(), "d\n");
    fs::remove_file(sandbox.path("d")).unwrap();
    symlink("other", sandbox.path("d")).unwrap();
    run().run().prints("other\n");
    unchanged(run(), "other\n");
}

#[test]
fn one_name_in_two_directories() {
    let sandbox = Sandbox::fake();
    sandbox.write("a/s.rs", "print one\n");
    sandbox.write("b/s.rs", "print two\n");
    for _ in 0..2 {
        sandbox.runner(["a/s.rs"]).run().prints("one\n");
        sandbox.runner(["b/s.rs"]).run().prints("two\n");
        sandbox.runner(["s.rs"]).within(sandbox.path("a")).run().prints("one\n");
        sandbox.runner(["s.rs"]).within(sandbox.path("b")).run().prints("two\n");
    }
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn one_text_in_two_directories_with_other_siblings() {
    let sandbox = Sandbox::fake();
    for place in ["a", "b", "a b", "a/b"] {
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    sandbox.write("a/s.rs", "mod m\n");
    for place in ["b", "a b", "a/b"] {
        // One file, not a copy.
        fs::hard_link(sandbox.path("a/s.rs"), sandbox.path(place).join("s.rs")).unwrap();
    }
    for _ in 0..2 {
        for place in ["a", "b", "a b", "a/b"] {
            sandbox.runner([format!("{place}/s.rs")]).run().prints(&format!("{place}\n"));
        }
    }
    assert_eq!(sandbox.compiles(), 4);
}

#[test]
fn a_script_run_from_anywhere_is_one_script() {
    let sandbox = Sandbox::fake();
    sandbox.write("d/s.rs", "mod m\n");
    sandbox.write("d/m.rs", "print one\n");
    changed(sandbox.runner(["d/s.rs"]), "one\n");
    unchanged(sandbox.runner(["s.rs"]).within(sandbox.path("d")), "one\n");
    unchanged(sandbox.runner([sandbox.path("d/s.rs")]).within("/"), "one\n");
    unchanged(sandbox.runner(["./d/s.rs"]), "one\n");
    sandbox.runner(["d/../d/s.rs"]).run().prints("one\n");
    // What is in the caller's directory has no say.
    sandbox.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg=no\"]\n");
    sandbox.write("rust-toolchain.toml", "[toolchain]\nchannel = \"nightly\"\n");
    sandbox.write("d/rust-toolchain.toml", "[toolchain]\nchannel = \"nightly\"\n");
    unchanged(sandbox.runner(["d/s.rs"]), "one\n");
    assert_eq!(calls(&sandbox), [""; 0]);
}
