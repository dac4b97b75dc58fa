//! What a compiler remembers of a script from one edit to the next: only where there is use for it, only if it is exactly
//! what a compiler left, and never to be seen in what comes of it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::children::wait_until;
use crate::support::files::{files_below, write_program};
use crate::support::incremental::state;
use crate::support::sandbox::{Ran, Sandbox, skipped};

/// A script for the fake compiler, large enough to be remembered.
fn large(text: &str) -> String {
    format!("print {text}\n{}", "// a line\n".repeat(40))
}

/// What the fake compiler found of an earlier build, each time it was asked to remember.
fn memories(sandbox: &Sandbox) -> Vec<String> {
    let log = fs::read_to_string(sandbox.root().join("log")).unwrap_or_default();
    log.lines().filter(|line| ["warm", "cold"].contains(line)).map(str::to_owned).collect()
}

fn edit_and_run(sandbox: &Sandbox, text: &str) {
    sandbox.write("x.rs", large(text));
    sandbox.runner(["--debug", "x.rs"]).run().prints(&format!("{text}\n"));
}

#[test]
fn a_script_that_is_edited_is_remembered_from_its_second_build_on() {
    let sandbox = Sandbox::fake();
    for text in ["a", "b", "c", "d"] {
        sandbox.write("x.rs", large(text));
        sandbox.runner(["x.rs"]).run().prints(&format!("{text}\n"));
    }
    assert_eq!(memories(&sandbox), ["cold", "warm", "warm"], "of four builds");
}

#[test]
fn in_dev_and_quick_it_is_remembered_from_the_first() {
    for profile in ["--debug", "--profile=quick"] {
        let sandbox = Sandbox::fake();
        for text in ["a", "b", "c"] {
            sandbox.write("x.rs", large(text));
            sandbox.runner([profile, "x.rs"]).run().prints(&format!("{text}\n"));
        }
        assert_eq!(memories(&sandbox), ["cold", "warm", "warm"], "{profile}");
    }
}

#[test]
fn what_is_optimized_small_or_for_elsewhere_is_not_remembered() {
    let show = "argument -C incremental=*\nprint x\n";
    let large = format!("{show}{}", "// a line\n".repeat(40));
    for (text, arguments) in [
        (show, &["--debug"][..]),
        (&large, &["--release"]),
        (&large, &["--debug", "--temp"]),
        (&large, &["--profile", "bench"]),
    ] {
        let sandbox = Sandbox::fake();
        for text in [text.to_owned(), format!("{text}// edited\n")] {
            sandbox.write("x.rs", text);
            sandbox.runner(arguments).args(["x.rs"]).run().prints("x\n");
        }
        assert_eq!(memories(&sandbox), [""; 0], "{arguments:?}");
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", &large);
    sandbox.runner(["--debug", "x.rs"]).env("CARGO_INCREMENTAL", "0").run().prints("x\n");
    sandbox.runner(["build", "--debug", "x.rs", "-o", "out"]).run().prints("");
    sandbox.runner(["promote", "--debug", "x.rs"]).run();
    assert_eq!(memories(&sandbox), [""; 0], "switched off, and for elsewhere");
}

#[test]
fn after_the_machine_was_started_anew_it_is_forgotten() {
    let sandbox = Sandbox::fake();
    edit_and_run(&sandbox, "a");
    let other = sandbox.write("boot", "00000000-0000-0000-0000-000000000000\n");
    let script = format!(
        "mount --bind {} /proc/sys/kernel/random/boot_id && exec runner --debug x.rs",
        other.display()
    );
    let works = sandbox.command("unshare").args([
        "-m",
        "sh",
        "-c",
        &script.replace("exec runner --debug x.rs", "true"),
    ]);
    if works.run().code != 0 {
        return skipped("no mount namespaces, or not root");
    }
    sandbox.write("x.rs", large("b"));
    sandbox.command("unshare").args(["-m", "sh", "-c", &script]).run().prints("b\n");
    edit_and_run(&sandbox, "c");
    edit_and_run(&sandbox, "d");
    assert_eq!(memories(&sandbox), ["cold", "cold", "cold", "warm"]);
}

#[test]
fn a_compiler_that_fails_with_it_is_asked_again_without() {
    for how in ["crash", "link", "complain"] {
        let sandbox = Sandbox::fake();
        edit_and_run(&sandbox, "a");
        sandbox.write("x.rs", large("b"));
        let ran = sandbox.runner(["--debug", "x.rs"]).env("FAKE_INCREMENTAL", how).run();
        ran.prints("b\n");
        assert_eq!(sandbox.compiles(), 3, "{how}");
        assert_eq!(state(&sandbox), Vec::<PathBuf>::new(), "{how}");
        edit_and_run(&sandbox, "c");
        assert_eq!(memories(&sandbox), ["cold", "warm", "cold"], "{how}");
    }
}

#[test]
fn killed_in_the_middle_it_is_forgotten() {
    for when in ["before", "half", "after"] {
        let sandbox = Sandbox::fake();
        edit_and_run(&sandbox, "a");
        sandbox.write("x.rs", large("b"));
        let ran = sandbox.runner(["--debug", "x.rs"]).env("FAKE_DIE", when).run();
        ran.ends(128 + 9, "", "");
        edit_and_run(&sandbox, "c");
        edit_and_run(&sandbox, "d");
        assert_eq!(memories(&sandbox), ["cold", "warm", "cold", "warm"], "killed {when}");
        assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new(), "killed {when}");
    }
}

/// A builder that is killed may leave a compiler running, or what that has started, which writes where the next would.
#[test]
fn the_compiler_of_a_dead_builder_is_not_taken_for_the_next_one() {
    let sandbox = Sandbox::fake();
    // It is asked to end with its builder, and does not. (One that is observed cannot go on without.)
    let stubborn = sandbox.root().join("bin/rustc");
    let fake = sandbox.root().join("fake/rustc");
    write_program(&stubborn, format!("#!/bin/sh\ntrap '' TERM\nexec {} \"$@\"\n", fake.display()));
    edit_and_run(&sandbox, "a");
    sandbox.write("x.rs", large("orphan"));
    assert_eq!(sandbox.sh("mkfifo pipe").run().code, 0);
    let mut child = sandbox
        .runner(["--debug", "x.rs"])
        .env("FAKE_WAIT", sandbox.path("pipe"))
        .env("RUNNER_OBSERVE", "off")
        .start();
    wait_until("it compiles", || memories(&sandbox).len() == 2);
    child.kill().unwrap();
    child.wait().unwrap();
    // While it waits, and when it has written.
    edit_and_run(&sandbox, "b");
    assert_eq!(memories(&sandbox), ["cold", "warm", "cold"], "beside it nothing is remembered");
    assert_eq!(sandbox.sh("echo go on >pipe").run().code, 0);
    let lock = sandbox.cached("incremental").into_iter().find(|path| path.ends_with("lock")).unwrap();
    let lock = sandbox.cache().join("v1/incremental").join(lock);
    let wait = sandbox.command("flock").args([lock.as_os_str(), "true".as_ref()]).run();
    assert_eq!(wait.code, 0, "{}", wait.stderr);
    edit_and_run(&sandbox, "c");
    edit_and_run(&sandbox, "d");
    assert_eq!(memories(&sandbox), ["cold", "warm", "cold", "cold", "warm"]);
}

#[test]
fn two_builds_of_one_script_at_a_time_are_both_right() {
    let sandbox = Sandbox::fake();
    edit_and_run(&sandbox, "a");
    sandbox.write("x.rs", large("b"));
    let first = sandbox.runner(["--debug", "x.rs"]).env("FAKE_SLEEP", "0.3").start();
    wait_until("the first one compiles", || sandbox.compiles() == 2);
    // The first has its bytes from before this, and builds again when it sees it.
    sandbox.write("x.rs", large("c"));
    let second = sandbox.runner(["--debug", "x.rs"]).env("FAKE_SLEEP", "0.3").start();
    Ran::of("second", second).prints("c\n");
    Ran::of("first", first).prints("c\n");
    edit_and_run(&sandbox, "d");
}

#[test]
fn it_goes_with_the_cache_and_with_its_script() {
    let remembered = || {
        let sandbox = Sandbox::fake();
        for name in ["x.rs", "y.rs"] {
            sandbox.write(name, large("a"));
            sandbox.runner(["--debug", name]).run().prints("a\n");
        }
        assert_eq!(state(&sandbox).len(), 2);
        sandbox
    };
    for (arguments, left) in [
        (&["cache", "clean"][..], 0),
        (&["cache", "clean", "x.rs"], 1),
        (&["cache", "trim", "--max-size", "1"], 0),
        (&["cache", "trim"], 2),
    ] {
        let sandbox = remembered();
        assert_eq!(sandbox.runner(arguments).run().code, 0, "{arguments:?}");
        assert_eq!(state(&sandbox).len(), left, "{arguments:?}");
        let scripts = fs::read_dir(sandbox.cache().join("v1/incremental")).unwrap().count();
        assert_eq!(scripts, left, "{arguments:?}");
        edit_and_run(&sandbox, "b");
    }
    // By its age, as everything; and not while it is in use.
    let sandbox = remembered();
    let then = std::time::SystemTime::now() - Duration::from_secs(40 * 86_400);
    let records: Vec<PathBuf> = files_below(&sandbox.cache().join("v1/incremental"))
        .into_iter()
        .filter(|path| path.ends_with("record"))
        .collect();
    for record in &records {
        fs::File::options().append(true).open(record).unwrap().set_modified(then).unwrap();
    }
    let lock = records[0].with_file_name("lock");
    let trim = format!("exec 3<{} && flock -n 3 && runner cache trim", lock.display());
    assert_eq!(sandbox.sh(&trim).run().code, 0);
    assert_eq!(state(&sandbox).len(), 1);
}
