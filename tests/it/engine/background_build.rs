//! Fast now, optimal later: provisional builds and the background build.

use std::fs;

use crate::support::children::wait_until;
use crate::support::machine::{is_emulated, works};
use crate::support::provisional::{large_script, profiles};
use crate::support::sandbox::{Ran, Run, Sandbox, skipped};
use crate::support::strace;
use crate::support::terminal::{PROMPT, Terminal};

/// Waits for the background build to have made a release binary, whose place under these very options the next run finds.
fn wait_for_release(sandbox: &Sandbox) {
    wait_until("a release build came", || profiles(sandbox).contains(&"release".to_owned()));
}

#[test]
fn a_large_script_is_quick_first_and_release_after_its_second_run() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    assert_eq!((profiles(&sandbox), sandbox.compiles()), (vec!["quick".to_owned()], 1));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    wait_for_release(&sandbox);
    sandbox.runner(["x.rs"]).run().prints("x\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_provisional_program_that_crashes_before_a_person_gets_a_hint() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x\nshell kill -ABRT $$"));
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    terminal.command("runner x.rs");
    terminal.expect("x.rs: this first build is not optimized, and needs more stack than a release build");
    terminal.expect("hint: `runner --release x.rs`");
    assert_eq!(terminal.code(), 134);
    // In a log it is the script that speaks; and what is optimized has no such reason.
    sandbox.runner(["x.rs"]).run().ends(134, "x\n", "");
    terminal.command("runner --release x.rs");
    terminal.expect("x\r\n");
    assert!(!terminal.expect(PROMPT).contains("hint"));
}

#[test]
fn a_script_that_is_being_edited_is_never_built_in_the_background() {
    let sandbox = Sandbox::fake();
    for edit in ["a", "b", "c"] {
        sandbox.write("x.rs", large_script(edit));
        sandbox.runner(["x.rs"]).run().prints(&format!("{edit}\n"));
    }
    assert_eq!(sandbox.compiles(), 3);
    assert!(profiles(&sandbox).iter().all(|profile| profile == "quick"));
}

#[test]
fn tiers_are_off_when_asked_and_in_ci_and_for_a_profile_that_was_named() {
    for (name, value) in [("RUNNER_TIER", "off"), ("CI", "true")] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", large_script("x"));
        sandbox.runner(["x.rs"]).env(name, value).run().prints("x\n");
        assert_eq!(profiles(&sandbox), ["release"], "{name}");
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    sandbox.runner(["--release", "x.rs"]).run().prints("x\n");
    assert_eq!(profiles(&sandbox), ["release"]);
}

#[test]
fn a_background_build_is_seen_and_stopped_and_costs_nothing() {
    if is_emulated("what a process is, and it is not stopped then") {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox.runner(["x.rs"]).env("FAKE_SLEEP", "60").run().prints("x\n");
    let list = || sandbox.runner(["cache", "list"]).run().stdout;
    wait_until("a build begins in the background", || list().starts_with("process "));
    let listed = list();
    let path = sandbox.path("x.rs").display().to_string();
    assert!(listed.contains(&format!("is building the release binary of {path}\n")), "{listed}");
    // Meanwhile it runs, and nobody waits.
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let stopped = sandbox.runner(["cache", "stop"]).run();
    assert!(stopped.stdout.starts_with("stopped process ") && stopped.code == 0, "{}", stopped.stdout);
    assert_eq!(profiles(&sandbox), ["quick"]);
    sandbox.runner(["x.rs"]).run().prints("x\n");
    wait_for_release(&sandbox);
}

/// Runs a large script until its build is final, and then for nothing: two calls of the compiler.
fn becomes_final<'a>(sandbox: &Sandbox, run: impl Fn() -> Run<'a>) {
    let expected = run().run();
    assert_eq!((expected.code, expected.stderr.as_str()), (0, ""));
    assert_eq!((profiles(sandbox), sandbox.compiles()), (vec!["quick".to_owned()], 1));
    run().run().prints(&expected.stdout);
    wait_for_release(sandbox);
    for _ in 0..2 {
        run().run().prints(&expected.stdout);
    }
    assert_eq!((profiles(sandbox), sandbox.compiles()), (vec!["release".to_owned()], 2));
}

#[test]
fn a_script_becomes_final_whatever_options_shape_its_build() {
    let host = "x86_64-unknown-linux-gnu";
    for options in [&["--static"][..], &["--strip"], &["--target", host], &["--edition", "2018", "--strip"]] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", large_script("x"));
        becomes_final(&sandbox, || sandbox.runner(options).args(["x.rs"]));
        let words = [&["why"], options, &["x.rs"]].concat();
        let why = sandbox.runner(words).run().stdout;
        assert!(why.starts_with("x.rs: cached as `") && !why.contains("provisional"), "{why}");
    }
}

#[test]
fn a_script_becomes_final_whatever_variables_shape_its_build() {
    let host = "x86_64-unknown-linux-gnu";
    for (name, value) in [("RUNNER_TARGET", host), ("RUNNER_STATIC", "1"), ("RUNNER_RUSTFLAGS", "-C lto")] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", large_script("x"));
        becomes_final(&sandbox, || sandbox.runner(["x.rs"]).env(name, value));
    }
}

#[test]
fn a_script_of_rust_script_becomes_final_with_a_base_path() {
    let sandbox = Sandbox::fake();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_runner"), sandbox.path("rust-script")).unwrap();
    sandbox.write("x.rs", large_script("x"));
    fs::create_dir(sandbox.path("base")).unwrap();
    becomes_final(&sandbox, || sandbox.command(sandbox.path("rust-script")).args(["-b", "base", "x.rs"]));
}

#[test]
fn why_says_that_a_cached_build_is_provisional() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let why = sandbox.runner(["why", "x.rs"]).run().stdout;
    assert!(
        why.ends_with("`; provisional: the next run starts a release build in the background\n"),
        "{why}"
    );
    let json = sandbox.runner(["why", "--json", "x.rs"]).run().stdout;
    assert!(json.contains("\"provisional\":true") && json.contains("\"state\":\"hit\""), "{json}");
}

#[test]
fn nothing_to_stop_is_no_error() {
    let sandbox = Sandbox::fake();
    sandbox.runner(["cache", "stop"]).run().prints("nothing is being built in the background\n");
}

#[test]
fn what_stop_stops_is_the_process_that_builds_and_no_other_of_its_number() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let mut other = sandbox.command("sleep").args(["600"]).start();
    let number = other.id();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default().display().to_string();
    let namespace: String = namespace.chars().filter(char::is_ascii_digit).collect();
    let path = sandbox.cache().join("v1/background");
    let lock = fs::File::create(&path).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    // Started at another time; in another container.
    for holder in [format!("{number} 7 {namespace}"), format!("{number} 0 12")] {
        fs::write(&path, format!("{holder}\n/x/y.rs\n")).unwrap();
        let ran = sandbox.runner(["cache", "stop"]).run();
        assert_eq!(ran.code, 125, "{holder}: {}", ran.stdout);
        assert!(ran.stderr.contains("cannot stop the background build"), "{}", ran.stderr);
        assert!(other.try_wait().unwrap().is_none(), "{holder}");
        let listed = sandbox.runner(["cache", "list"]).run().stdout;
        assert!(listed.contains("is building the release binary of /x/y.rs\n"), "{listed}");
    }
    other.kill().unwrap();
    other.wait().unwrap();
}

/// A lock, a pipe, a mount or a terminal of the caller's would be held as long as the build goes on.
#[test]
fn a_background_build_keeps_nothing_of_its_callers() {
    if is_emulated("what a process is, and it is not stopped then") {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    let held = sandbox.write("held", "");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    // The pipe too: what reads it would never come to its end.
    let run = "exec 7<held 8>&1 9<held; runner x.rs";
    sandbox.sh(&format!("{{ {run}; }} | cat")).env("FAKE_SLEEP", "60").run().prints("x\n");
    let list = || sandbox.runner(["cache", "list"]).run().stdout;
    wait_until("a build begins in the background", || list().starts_with("process "));
    let pid: i32 = list()["process ".len()..].split(' ').next().unwrap().parse().unwrap();
    let links = |pid: &str, name: &str| fs::read_link(format!("/proc/{pid}/{name}")).unwrap_or_default();
    assert_eq!(links(&pid.to_string(), "cwd"), std::path::Path::new("/"));
    let session = |process: &str| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap().to_owned()
    };
    assert_ne!(session(&pid.to_string()), session("self"));
    for process in fs::read_dir("/proc").unwrap().flatten() {
        for file in fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            assert_ne!(fs::read_link(file.path()).unwrap_or_default(), held, "{}", process.path().display());
        }
    }
    assert_eq!(sandbox.runner(["cache", "stop"]).run().code, 0);
}

#[test]
fn a_script_becomes_final_in_a_cache_whose_name_is_relative() {
    let mut sandbox = Sandbox::fake();
    sandbox.set("RUNNER_CACHE", "c");
    sandbox.write("x.rs", large_script("x"));
    for _ in 0..2 {
        sandbox.runner(["x.rs"]).run().prints("x\n");
    }
    let is_final = || {
        let why = sandbox.runner(["why", "x.rs"]).run().stdout;
        why.starts_with("x.rs: cached as `") && !why.contains("provisional")
    };
    wait_until("a release build came", || {
        sandbox.runner(["x.rs"]).run().prints("x\n");
        is_final()
    });
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_background_build_through_a_link_reaches_the_link_too() {
    let sandbox = Sandbox::fake();
    sandbox.write("real/x.rs", large_script("x"));
    std::os::unix::fs::symlink("real/x.rs", sandbox.path("link.rs")).unwrap();
    sandbox.runner(["link.rs"]).run().prints("x\n");
    sandbox.runner(["link.rs"]).run().prints("x\n");
    wait_until("a release build came", || profiles(&sandbox).contains(&"release".to_owned()));
    let hit = sandbox.runner(["why", "--json", "real/x.rs"]).run().stdout;
    sandbox.runner(["link.rs"]).run().prints("x\n");
    assert!(hit.contains("\"state\":\"hit\""), "{hit}");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_process_that_orphans_are_given_to_starts_no_background_build() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    if !works("unshare", &["-rpf", "true"]) {
        return skipped("this machine does not let us make a PID namespace");
    }
    let first = || sandbox.command("unshare").args(["-rpf", "runner", "x.rs"]);
    // Where nothing is built yet the first build is final.
    first().run().prints("x\n");
    assert_eq!(profiles(&sandbox), ["release"]);
    // And what was built provisionally stays so.
    sandbox.write("x.rs", large_script("y"));
    sandbox.runner(["x.rs"]).run().prints("y\n");
    first().run().prints("y\n");
    first().run().prints("y\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_final_build_that_fails_is_not_tried_at_every_run() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    // As much as in a build of dependencies that fails in release only.
    let rustc = sandbox.root().join("fake/rustc");
    let fails = std::fs::read_to_string(&rustc).unwrap().replacen(
        "log \"compile $source\"\n",
        "log \"compile $source\"\ncase $arguments in *opt-level=3*) exit 1 ;; esac\n",
        1,
    );
    let modified = std::fs::metadata(&rustc).unwrap().modified().unwrap();
    std::fs::write(&rustc, &fails).unwrap();
    std::fs::File::open(&rustc).unwrap().set_modified(modified).unwrap();
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let failures = || sandbox.cached("failures").len();
    sandbox.runner(["x.rs"]).run().prints("x\n");
    wait_until("the final build has failed", || failures() == 1);
    wait_until("it has ended", || !sandbox.runner(["cache", "list"]).run().stdout.starts_with("process "));
    let tried = sandbox.compiles();
    for _ in 0..3 {
        sandbox.runner(["x.rs"]).run().prints("x\n");
        assert!(!sandbox.runner(["cache", "list"]).run().stdout.starts_with("process "));
    }
    assert_eq!(sandbox.compiles(), tried);
    // A new build is another matter.
    sandbox.write("x.rs", large_script("z"));
    sandbox.runner(["x.rs"]).run().prints("z\n");
    sandbox.runner(["x.rs"]).run().prints("z\n");
    wait_until("it is tried again", || failures() == 2);
}

#[test]
fn what_has_no_path_is_final_at_once() {
    let sandbox = Sandbox::fake();
    let run = || sandbox.runner(["-"]).input(large_script("x"));
    for _ in 0..2 {
        run().run().prints("x\n");
        assert_eq!((profiles(&sandbox), sandbox.compiles()), (vec!["release".to_owned()], 1));
    }
}

#[test]
fn without_locks_there_is_one_background_build_at_a_time() {
    if !strace::is_there() {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let run = |index: usize| {
        let log = sandbox.root().join(format!("strace-{index}"));
        let options = ["-f", "-e", "trace=flock", "-e", "inject=flock:error=ENOLCK"];
        strace::command(&sandbox, &log, &options, &["x.rs"]).env("FAKE_SLEEP", "1").start()
    };
    let first = run(0);
    let is_written =
        || std::fs::read_to_string(sandbox.cache().join("v1/background")).is_ok_and(|text| !text.is_empty());
    wait_until("the first one has begun", is_written);
    let others: Vec<_> = (1..6).map(run).collect();
    for child in others.into_iter().chain([first]) {
        Ran::of("a run without locks", child).prints("x\n");
    }
    wait_for_release(&sandbox);
    assert_eq!(sandbox.compiles(), 2, "the first build, and one in the background");
}
