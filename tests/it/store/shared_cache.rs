//! The system's cache: built ahead by one user, used by others, and believed only where nobody else could have written.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use crate::support::files::{copy, files_below, settle, write_program};
use crate::support::machine::is_emulated;
use crate::support::sandbox::{Run, Sandbox, skipped};
use crate::support::strace;

/// A sandbox with a cache that was built ahead for `x.rs` by somebody with another home, and opened for reading.
fn built_ahead() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::fake();
    // Of one that belongs to a test, since what is above it must too.
    let system = sandbox.root().join("system");
    sandbox.write("x.rs", "print x\nenv GREETING\ninclude part.txt\n");
    sandbox.write("part.txt", "print part\n");
    build_ahead(&sandbox, &system, "x.rs");
    (sandbox, system)
}

fn build_ahead(sandbox: &Sandbox, system: &Path, script: &str) {
    let builder = sandbox.root().join("builder");
    fs::create_dir_all(&builder).unwrap();
    let run = sandbox.runner(["build", "--cache", script]).env("HOME", &builder);
    run.env("RUNNER_CACHE", system).env("RUNNER_CACHE_SYSTEM", system).run().prints("");
    sandbox.command("chmod").args(["-R", "a+rX"]).args([system]).run().prints("");
}

fn run<'a>(sandbox: &'a Sandbox, system: &Path) -> Run<'a> {
    sandbox.runner(["x.rs"]).env("RUNNER_CACHE_SYSTEM", system)
}

fn stamps(path: &Path) -> Vec<(PathBuf, i64, i64, u32)> {
    let mut found: Vec<_> = files_below(path)
        .into_iter()
        .map(|path| {
            let metadata = fs::symlink_metadata(&path).unwrap();
            (path, metadata.mtime_nsec(), metadata.ctime_nsec(), metadata.mode())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn what_was_built_ahead_is_used_and_never_written() {
    let (sandbox, system) = built_ahead();
    assert_eq!(sandbox.compiles(), 1);
    let before = stamps(&system);
    for _ in 0..3 {
        run(&sandbox, &system).run().prints("x\nunset\npart\n");
    }
    assert_eq!(sandbox.compiles(), 1);
    // Adopted: a trace of the user's own, and no binary.
    assert_eq!((sandbox.cached("traces").len(), sandbox.cached("bin").len()), (1, 0));
    // An option does not change what is built.
    run(&sandbox, &system).args(["a"]).run().prints("x\nunset\npart\n");
    sandbox
        .runner(["--offline", "x.rs"])
        .env("RUNNER_CACHE_SYSTEM", &system)
        .run()
        .prints("x\nunset\npart\n");
    // One that was not built ahead is built in the user's own cache.
    sandbox.write("y.rs", "print y\n");
    sandbox.runner(["y.rs"]).env("RUNNER_CACHE_SYSTEM", &system).run().prints("y\n");
    assert_eq!((sandbox.compiles(), sandbox.cached("bin").len()), (2, 1));
    // Nothing there is trimmed, cleaned, or counted as ours.
    for command in [
        &["cache", "trim", "--older", "0", "--max-size", "1"][..],
        &["cache", "clean", "x.rs"],
        &["cache", "clean"],
    ] {
        assert_eq!(sandbox.runner(command).env("RUNNER_CACHE_SYSTEM", &system).run().code, 0);
    }
    assert_eq!(stamps(&system), before);
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn it_is_no_more_stale_than_any_other() {
    let (sandbox, system) = built_ahead();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    // Inputs.
    sandbox.write("part.txt", "print PART\n");
    run(&sandbox, &system).run().prints("x\nunset\nPART\n");
    assert_eq!(sandbox.compiles(), 2);
    sandbox.write("part.txt", "print part\n");
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    run(&sandbox, &system).env("GREETING", "hi").run().prints("x\nhi\npart\n");
    assert_eq!(sandbox.compiles(), 3);
    // What the decisions rest on.
    run(&sandbox, &system).env("RUSTFLAGS", "-C opt-level=1").run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 4);
    run(&sandbox, &system).env("RUNNER_PROFILE", "dev").run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 5);
    let config = sandbox.home().join(".config/runner/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "edition = \"2021\"\n").unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 6);
    fs::remove_file(&config).unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 6);
    // A compiler that is replaced.
    let rustc = sandbox.root().join("fake/rustc");
    let mut text = fs::read_to_string(&rustc).unwrap();
    text.push_str("# another\n");
    fs::write(&rustc, text).unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 7);
    // The script itself.
    sandbox.write("x.rs", "print X\n");
    run(&sandbox, &system).run().prints("X\n");
    assert_eq!(sandbox.compiles(), 8);
}

#[test]
fn another_user_with_another_toolchain_of_his_own_builds_for_himself() {
    let (sandbox, system) = built_ahead();
    let bin = sandbox.home().join(".rustup/toolchains/own/bin");
    fs::create_dir_all(&bin).unwrap();
    copy(sandbox.root().join("fake/rustc"), bin.join("rustc"));
    fs::write(sandbox.home().join(".rustup/settings.toml"), "default_toolchain = \"own\"\n").unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn it_ends_with_the_variable() {
    let (sandbox, system) = built_ahead();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    sandbox.runner(["x.rs"]).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 2);
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    // Elsewhere there is nothing; what was adopted is not looked at.
    run(&sandbox, Path::new("/nonexistent")).run().prints("x\nunset\npart\n");
    run(&sandbox, Path::new("relative")).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn an_image_in_which_every_inode_and_time_is_another_serves_too() {
    let (sandbox, system) = built_ahead();
    let copy = sandbox.root().join("copy");
    let copied = sandbox.command("cp").args([OsStr::new("-r"), system.as_os_str(), copy.as_os_str()]);
    copied.run().prints("");
    fs::remove_dir_all(&system).unwrap();
    fs::rename(&copy, &system).unwrap();
    // As are the compiler's.
    let rustc = sandbox.root().join("fake/rustc");
    let bytes = fs::read(&rustc).unwrap();
    fs::remove_file(&rustc).unwrap();
    write_program(&rustc, bytes);
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn an_image_without_a_compiler_serves_too() {
    let (sandbox, system) = built_ahead();
    fs::remove_dir_all(sandbox.root().join("fake")).unwrap();
    for _ in 0..2 {
        run(&sandbox, &system).run().prints("x\nunset\npart\n");
    }
    assert_eq!(sandbox.cached("traces").len(), 1);
    // With other flags another program would be meant, and nobody can make it.
    let ran = run(&sandbox, &system).env("RUSTFLAGS", "-g").run();
    ran.fails(127, "hint: install Rust from https://rustup.rs, or your system's `rustc` package");
    sandbox.write("part.txt", "print other\n");
    assert_eq!(run(&sandbox, &system).run().code, 127);
}

#[test]
fn a_user_without_a_home_or_a_cache_of_his_own_is_served_silently() {
    let (sandbox, system) = built_ahead();
    let cache = sandbox.write("not-a-directory", "");
    run(&sandbox, &system).env("HOME", cache.join("home")).run().prints("x\nunset\npart\n");
    run(&sandbox, &system).env("RUNNER_CACHE", cache).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_hit_there_makes_no_call_more() {
    if !strace::is_there() {
        return;
    }
    let (sandbox, system) = built_ahead();
    // A stamp counts once it is a tick old.
    settle();
    let calls = |variable: Option<&Path>| -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..3 {
            let log = sandbox.root().join("strace");
            let run = strace::command(&sandbox, &log, &[], &["x.rs"]);
            match variable {
                Some(system) => run.env("RUNNER_CACHE_SYSTEM", system).run().prints("x\nunset\npart\n"),
                None => run.run().prints("x\nunset\npart\n"),
            };
            let all = strace::read(&log);
            let end = all.iter().skip(1).position(|call| call.name == "execve" && !call.failed()).unwrap();
            names = all[1..end + 2].iter().map(|call| call.name.clone()).collect();
        }
        names
    };
    let there = calls(Some(&system));
    fs::remove_dir_all(sandbox.cache()).unwrap();
    assert_eq!(there, calls(None));
}

/// Asserts that what lies there is not executed, that `-v` says why, and that the script runs all the same.
fn assert_passed_over(sandbox: &Sandbox, system: &Path, why: &str) {
    let _ = fs::remove_dir_all(sandbox.cache());
    let compiles = sandbox.compiles();
    let ran = run(sandbox, system).run();
    ran.prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), compiles + 1, "{why}");
    let _ = fs::remove_dir_all(sandbox.cache());
    let ran = sandbox.runner(["-v", "x.rs"]).env("RUNNER_CACHE_SYSTEM", system).run();
    assert!(
        ran.code == 0 && ran.stderr.contains("the system's cache is passed over: "),
        "{why}: {}",
        ran.stderr
    );
    assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
}

/// The only file of a part of a cache.
fn only(system: &Path, part: &str) -> PathBuf {
    let found = files_below(&system.join("v1").join(part));
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn what_others_may_write_to_is_passed_over() {
    for part in ["", "v1", "v1/traces", "v1/bin", "trace", "binary", "directory of the binary"] {
        let (sandbox, system) = built_ahead();
        let path = match part {
            "trace" => only(&system, "traces"),
            "binary" => only(&system, "bin"),
            "directory of the binary" => only(&system, "bin").parent().unwrap().to_owned(),
            part => system.join(part),
        };
        for mode in [0o020, 0o002] {
            let before = fs::metadata(&path).unwrap().mode();
            fs::set_permissions(&path, fs::Permissions::from_mode(before & 0o7777 | mode)).unwrap();
            assert_passed_over(&sandbox, &system, "may be somebody else's work");
            fs::set_permissions(&path, fs::Permissions::from_mode(before & 0o7777)).unwrap();
        }
    }
    // Above it.
    let (sandbox, system) = built_ahead();
    let open = sandbox.root().join("open");
    fs::create_dir(&open).unwrap();
    fs::rename(&system, open.join("system")).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    assert_passed_over(&sandbox, &open.join("system"), "mode 0777");
    // Where only the owner may rename, nobody else can put another in its place.
    fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
    let _ = fs::remove_dir_all(sandbox.cache());
    let compiles = sandbox.compiles();
    run(&sandbox, &open.join("system")).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), compiles);
}

#[test]
fn what_belongs_to_others_is_passed_over() {
    if !rustix::process::geteuid().is_root() {
        return skipped("not root: no file can be given to another user");
    }
    for part in ["", "v1", "v1/traces", "trace", "binary"] {
        let (sandbox, system) = built_ahead();
        let path = match part {
            "trace" => only(&system, "traces"),
            "binary" => only(&system, "bin"),
            part => system.join(part),
        };
        chown(&path, Some(12345), None).unwrap();
        assert_passed_over(&sandbox, &system, "uid 12345");
    }
}

#[test]
fn links_lead_nowhere() {
    for part in ["", "v1", "v1/traces", "v1/bin", "trace", "binary"] {
        let (sandbox, system) = built_ahead();
        let path = match part {
            "trace" => only(&system, "traces"),
            "binary" => only(&system, "bin"),
            "" => system.clone(),
            part => system.join(part),
        };
        let elsewhere = sandbox.root().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert_passed_over(&sandbox, &system, "may be somebody else's work");
    }
}

#[test]
fn a_binary_or_a_trace_that_is_another_is_not_executed() {
    let (sandbox, system) = built_ahead();
    let binary = only(&system, "bin");
    let bytes = fs::read(&binary).unwrap();
    fs::write(&binary, "#!/bin/sh\necho evil\n").unwrap();
    assert_passed_over(&sandbox, &system, "is not what was built");
    fs::write(&binary, bytes).unwrap();
    let trace = only(&system, "traces");
    let text = fs::read(&trace).unwrap();
    let at = text.windows(7).position(|window| window == b"\nabout ").unwrap();
    let mut damaged = text.clone();
    damaged[at..at + 7].make_ascii_uppercase();
    fs::write(&trace, damaged).unwrap();
    assert_passed_over(&sandbox, &system, "is damaged");
    fs::write(&trace, &text[..text.len() / 2]).unwrap();
    assert_passed_over(&sandbox, &system, "is damaged");
    fs::write(&trace, &text).unwrap();
    // After it was adopted.
    let _ = fs::remove_dir_all(sandbox.cache());
    let compiles = sandbox.compiles();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), compiles);
    fs::write(&binary, "#!/bin/sh\necho evil\n").unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    fs::remove_file(&binary).unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), compiles + 1);
}

#[test]
fn a_binary_that_others_can_write_to_after_it_was_adopted_is_not_executed() {
    let (sandbox, system) = built_ahead();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    let binary = only(&system, "bin");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o777)).unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_fifo_in_the_place_of_a_trace_is_not_waited_for() {
    let (sandbox, system) = built_ahead();
    let trace = only(&system, "traces");
    fs::remove_file(&trace).unwrap();
    sandbox.command("mkfifo").args(["-m", "644"]).args([&trace]).run().prints("");
    assert_passed_over(&sandbox, &system, "may be somebody else's work");
}

#[test]
fn whoever_builds_it_may_build_more() {
    let (sandbox, system) = built_ahead();
    sandbox.write("y.rs", "print y\n");
    build_ahead(&sandbox, &system, "y.rs");
    build_ahead(&sandbox, &system, "x.rs");
    assert_eq!(sandbox.compiles(), 2);
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    sandbox.runner(["y.rs"]).env("RUNNER_CACHE_SYSTEM", &system).run().prints("y\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn root_builds_and_everybody_uses() {
    let user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let works = std::process::Command::new("setpriv").args(user).arg("true").status();
    if !rustix::process::geteuid().is_root() || !works.is_ok_and(|status| status.success()) {
        return skipped("no second user: not root, or no setpriv");
    }
    let (sandbox, system) = built_ahead();
    fs::set_permissions(sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
    let log = sandbox.write("../log", "");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    let home = sandbox.root().join("other");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(65534), Some(65534)).unwrap();
    // The checkout may lie where nobody else can read.
    let runner = sandbox.root().join("runner");
    // By another process: one that is started while this one writes would keep it from being executed.
    sandbox.command("cp").args([crate::support::sandbox::tested(), runner.clone()]).run().prints("");
    let as_user = |arguments: &[&str]| {
        let run = sandbox.command("setpriv").args(user).args([&runner]).args(arguments);
        run.env("HOME", &home).env("RUNNER_CACHE_SYSTEM", &system).env("TMPDIR", &home).run()
    };
    for _ in 0..2 {
        as_user(&["x.rs"]).prints("x\nunset\npart\n");
    }
    assert_eq!(sandbox.compiles(), 0, "the log is a new one, and nobody wrote to it");
    // What is his own is root's no more.
    let (hers, ours) = (home.join(".cache/runner"), sandbox.cache());
    assert!(hers.join("v1/traces").exists() && !ours.exists());
    // Root does not believe what that user could have written.
    chown(only(&system, "bin"), Some(65534), None).unwrap();
    run(&sandbox, &system).run().prints("x\nunset\npart\n");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_program_that_cannot_be_loaded_here_is_compiled() {
    if is_emulated("what the compiler's programs need") {
        return;
    }
    for (needed, missing, why) in [
        ("/ld-linux", "/ld-other", "its loader `"),
        ("libc.so.6\0", "libq.so.6\0", "library `libq.so.6` is missing"),
        ("GLIBC_2.", "GLIBC_9.", "has no version GLIBC_9."),
    ] {
        let sandbox = Sandbox::fake_with_machine_code();
        let system = sandbox.root().join("system");
        sandbox.write("x.rs", "print x\n");
        sandbox.sh("cp \"$FAKE_PROGRAM\" program").run().prints("");
        let mut program = fs::read(sandbox.path("program")).unwrap();
        let places: Vec<usize> =
            (0..program.len()).filter(|at| program[*at..].starts_with(needed.as_bytes())).collect();
        if places.is_empty() {
            skipped(&format!("programs do not need `{needed}` here"));
            continue;
        }
        for at in places {
            program[at..at + missing.len()].copy_from_slice(missing.as_bytes());
        }
        let elsewhere = sandbox.write("elsewhere", program);
        let builder = sandbox.root().join("builder");
        fs::create_dir(&builder).unwrap();
        let run = sandbox.runner(["build", "--cache", "x.rs"]).env("HOME", &builder);
        run.env("RUNNER_CACHE", &system).env("FAKE_PROGRAM", elsewhere).run().prints("");
        sandbox.command("chmod").args(["-R", "a+rX"]).args([&system]).run().prints("");
        let ran = sandbox.runner(["-v", "x.rs"]).env("RUNNER_CACHE_SYSTEM", &system).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "x\n"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("the system's cache is passed over") && ran.stderr.contains(why),
            "{}",
            ran.stderr
        );
        assert_eq!(sandbox.compiles(), 2);
    }
}
