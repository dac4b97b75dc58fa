//! Fast now, optimal later: provisional builds, the background build, `build --cache` and `update`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Run, Sandbox, files_below};

/// A script so large that its first build is a quick one.
fn large_script(text: &str) -> String {
    format!("print {text}\n{}", "// a line\n".repeat(200))
}

/// The profiles of the builds in the cache, newest first.
fn profiles(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    let builds = list.lines().filter(|line| !line.starts_with("process "));
    builds
        .filter_map(|line| line.split_whitespace().find(|word| ["quick", "release", "dev"].contains(word)))
        .map(str::to_owned)
        .collect()
}

/// Waits for the background build to have made a release binary, whose place under these very options the next run finds.
fn wait_for_release(sandbox: &Sandbox) {
    let began = Instant::now();
    while !profiles(sandbox).contains(&"release".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(120), "no release build came");
        thread::sleep(Duration::from_millis(20));
    }
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
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", large_script("x"));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox.runner(["x.rs"]).env("FAKE_SLEEP", "60").run().prints("x\n");
    let began = Instant::now();
    let listed = loop {
        let listed = sandbox.runner(["cache", "list"]).run().stdout;
        if listed.starts_with("process ") {
            break listed;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{listed}");
        thread::sleep(Duration::from_millis(5));
    };
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
fn a_background_build_through_a_link_reaches_the_link_too() {
    let sandbox = Sandbox::fake();
    sandbox.write("real/x.rs", large_script("x"));
    std::os::unix::fs::symlink("real/x.rs", sandbox.path("link.rs")).unwrap();
    sandbox.runner(["link.rs"]).run().prints("x\n");
    sandbox.runner(["link.rs"]).run().prints("x\n");
    let began = Instant::now();
    while !profiles(&sandbox).contains(&"release".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(20));
    }
    let hit = sandbox.runner(["why", "--json", "real/x.rs"]).run().stdout;
    sandbox.runner(["link.rs"]).run().prints("x\n");
    assert!(hit.contains("\"state\":\"hit\""), "{hit}");
    assert_eq!(sandbox.compiles(), 2);
}

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

const WITH_DEPENDENCY: &str = "\
---
[dependencies]
itoa = \"1\"
---
fn main() { println!(\"{}\", itoa::Buffer::new().format(7)); }
";

#[test]
fn with_dependencies_built_ahead_the_first_run_needs_neither_cargo_nor_network() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", WITH_DEPENDENCY);
    sandbox.runner(["build", "--cache", "x.rs"]).run().prints("");
    let empty = sandbox.root().join("empty");
    fs::create_dir(&empty).unwrap();
    // Offline for certain: there is nothing to download from, and no compiler on PATH either.
    sandbox.runner(["x.rs"]).env("PATH", &empty).env("CARGO_NET_OFFLINE", "true").run().prints("7\n");
}

#[test]
fn update_resolves_anew_and_writes_the_lock_it_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", WITH_DEPENDENCY);
    sandbox.runner(["x.rs"]).run().prints("7\n");
    // An old version, as if the script had been built long ago.
    let locks = files_below(&sandbox.cache().join("v1/deps"));
    let lock = locks.iter().find(|path| path.parent().unwrap().ends_with("locks")).unwrap();
    let newest = fs::read_to_string(lock).unwrap();
    let version = newest.split("name = \"itoa\"\nversion = \"").nth(1).unwrap().split('"').next().unwrap();
    let ran = sandbox.runner(["update", "x.rs"]).run();
    ran.prints("");
    let ran = sandbox.runner(["update", "--lock", "x.rs"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let written = fs::read_to_string(sandbox.path("x.rs.lock")).unwrap();
    assert!(written.contains(&format!("version = \"{version}\"")), "{written}");
    sandbox.runner(["--locked", "x.rs"]).run().prints("7\n");
    // A lock that names an older version is renewed, and the change told.
    let checksum = written.lines().find(|line| line.starts_with("checksum")).unwrap();
    let old = written
        .replace(&format!("version = \"{version}\""), "version = \"1.0.0\"")
        .replace(&format!("{checksum}\n"), "");
    fs::write(sandbox.path("x.rs.lock"), old).unwrap();
    sandbox.runner(["update", "x.rs"]).run().prints(&format!("itoa 1.0.0 -> {version}\n"));
    sandbox.runner(["--locked", "x.rs"]).run().prints("7\n");
}

#[test]
fn update_of_a_script_without_dependencies_does_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["update", "x.rs"]).run().prints("");
}
