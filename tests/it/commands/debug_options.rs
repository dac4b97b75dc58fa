//! What is shown of a run, and done with it: `-x`, `-n`, `-v`, `--work`, `--timings`, `--exec`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::transcript::{binary, work_of};

#[test]
fn a_hit_shows_only_what_is_run() {
    let sandbox = Sandbox::fake();
    let script = sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let line = format!("env RUNNER_SCRIPT={} {} 'a b'\n", script.display(), binary(&sandbox).display());
    sandbox.runner(["-x", "x.rs", "a b"]).run().ends(0, "x\n", &line);
    sandbox.runner(["-n", "x.rs", "a b"]).run().ends(0, "", &line);
    sandbox
        .runner(["-n", "--exec", "no-such-debugger --args", "x.rs"])
        .run()
        .fails(127, "which is not on PATH");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn the_environment_of_a_build_is_shown_where_it_is_not_the_callers() {
    let sandbox = Sandbox::fake().with("CARGO_TARGET_DIR", "/else where").with("RUSTFLAGS", "--cfg=x");
    sandbox.write("x.rs", "print x\n");
    let ran = sandbox.runner(["-x", "x.rs"]).run();
    let line = ran.stderr.lines().find(|line| line.contains("--crate-name")).unwrap();
    assert!(line.contains("env -u CARGO_TARGET_DIR "), "{line}");
    for part in [" RUSTFLAGS=--cfg=x ", " CARGO_PKG_NAME=x ", " -o \"$WORK\"/program "] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("HOME="), "{line}");
}

#[test]
fn a_rehearsal_builds_runs_and_writes_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let rehearsed = sandbox.runner(["-n", "x.rs", "a b"]).run();
    assert_eq!((rehearsed.code, rehearsed.stdout.as_str()), (0, ""));
    assert!(rehearsed.stderr.ends_with("\"$WORK\"/program 'a b'\n"), "{}", rehearsed.stderr);
    assert!(!work_of(&rehearsed.stderr).exists());
    let built = sandbox.runner(["build", "-n", "x.rs", "-o", "out/"]).run();
    let place = sandbox.path("out/x");
    let last = format!("cp \"$WORK\"/program {0}\nchmod 755 {0}\n", place.display());
    assert!(built.code == 0 && built.stderr.ends_with(&last), "{}", built.stderr);
    assert_eq!(sandbox.compiles(), 0);
    assert!(!sandbox.path("out").exists() && !sandbox.cache().exists());
    assert_eq!(fs::read_dir(sandbox.root().join("tmp")).unwrap().count(), 0);
    // Pasted, it is done.
    sandbox.command("/bin/sh").args(["-e"]).input(&rehearsed.stderr).run().prints("x\n");
    sandbox.command("/bin/sh").args(["-e"]).input(&built.stderr).run().prints("");
    sandbox.command(place).run().prints("x\n");
}

#[test]
fn errors_of_a_rehearsal_are_those_of_a_run() {
    let sandbox = Sandbox::fake();
    sandbox.write("bad.rs", "---\nprofile = \n---\nprint x\n");
    let expected = sandbox.runner(["bad.rs"]).run();
    let rehearsed = sandbox.runner(["-n", "bad.rs"]).run();
    assert_eq!((rehearsed.code, &rehearsed.stderr), (expected.code, &expected.stderr));
    assert_eq!(expected.code, 125);
    sandbox.runner(["-n", "nowhere.rs"]).run().fails(127, "runner --help`");
}

#[test]
fn work_is_kept_and_told() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let ran = sandbox.runner(["--work", "x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "x\n"));
    let work = work_of(&ran.stderr);
    assert_eq!(ran.stderr, format!("WORK={}\n", work.display()));
    assert_eq!(fs::metadata(&work).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(work.join("program.d").is_file());
    sandbox.command(work.join("program")).run().prints("x\n");
    // It is the user's now.
    sandbox.runner(["cache", "clean"]).run();
    assert!(work.is_dir() && work.starts_with(sandbox.root().join("tmp")));
    // A hit builds nowhere.
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox.runner(["--work", "x.rs"]).run().prints("x\n");
    assert_eq!(fs::read_dir(sandbox.root().join("tmp")).unwrap().count(), 1);
}

#[test]
fn timings_come_last_and_add_up() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    for (expected, missing) in [("compiling x", ""), ("looking in the cache", "compiling x")] {
        let ran = sandbox.runner(["--timings", "x.rs"]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "x\n"));
        let lines: Vec<(f64, &str)> = ran
            .stderr
            .lines()
            .map(|line| line.trim().split_once(" ms  ").unwrap_or_else(|| panic!("{line}")))
            .map(|(milliseconds, what)| (milliseconds.parse().unwrap(), what))
            .collect();
        let names: Vec<&str> = lines.iter().map(|(_, what)| *what).collect();
        assert!(names.contains(&expected) && names.contains(&"running it"), "{names:?}");
        assert!(missing.is_empty() || !names.contains(&missing), "{names:?}");
        let (all, name) = lines.last().unwrap();
        let sum: f64 = lines[..lines.len() - 1].iter().map(|(took, _)| took).sum();
        assert!(*name == "altogether" && (sum - all).abs() < 0.1, "{sum} {all}");
    }
    let built = sandbox.runner(["build", "--timings", "x.rs", "-o", "out"]).run();
    assert!(built.code == 0 && built.stderr.contains(" ms  keeping it\n"), "{}", built.stderr);
}

#[test]
fn a_script_runs_under_another_program() {
    let sandbox = Sandbox::fake();
    let script = sandbox.write("x.rs", "print x\n");
    sandbox.script(
        "../bin/under",
        "#!/bin/sh\nprintf '[%s]' \"$@\"\necho \" $RUNNER_SCRIPT\"\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n",
    );
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let expected = format!("[a b][c][--][{}][d e] {}\nx\n", binary(&sandbox).display(), script.display());
    sandbox.runner(["--exec", "under 'a b' c --", "x.rs", "d e"]).run().prints(&expected);
    sandbox.runner(["--exec=../bin/under 'a b' c --", "x.rs", "d e"]).run().prints(&expected);
    // The process is the other program's.
    let child = sandbox.runner(["--exec", "sh -c 'echo $$' sh", "x.rs"]).start();
    let pid = format!("{}\n", child.id());
    Ran::of("--exec", child).prints(&pid);
    assert_eq!(sandbox.compiles(), 1);
    // Without a cache it is a file all the same, and nothing of it is left.
    let ran = sandbox.runner(["--temp", "--exec", "under --", "x.rs"]).run();
    assert!(ran.code == 0 && ran.stdout.ends_with("\nx\n"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(fs::read_dir(sandbox.cache().join("v1/staging")).unwrap().count(), 0);
}

#[test]
fn a_program_to_run_under_that_is_not_there_is_named() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.write("plain", "no program\n");
    let runner = |exec: &str| sandbox.runner(["--exec", exec, "x.rs"]).run();
    runner("nowhere -a").ends(127, "", "runner: x.rs: cannot run it under `nowhere`, which is not on PATH\n");
    runner("./nowhere").ends(127, "", "runner: x.rs: cannot run it under `./nowhere`, which is not there\n");
    runner("./plain").ends(126, "", "runner: x.rs: cannot run it under `./plain`: Permission denied\n");
    for nothing in ["''", " "] {
        runner(nothing).ends(
            125,
            "",
            "runner: `--exec` names no program\n  hint: for example `--exec 'gdb --args'`\n",
        );
    }
    runner("")
        .fails(125, "hint: `--exec COMMAND`: run the program under COMMAND, e.g. `--exec 'gdb --args'`");
    runner("'open").fails(127, "cannot run it under `open`, which is not on PATH");
}

#[test]
fn options_that_mean_nothing_for_a_subcommand_are_refused() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    for (option, command) in [
        ("-n", "promote"),
        ("-n", "update"),
        ("-n", "fmt"),
        ("-n", "migrate"),
        ("-x", "why"),
        ("--work", "check"),
        ("--timings", "clippy"),
    ] {
        let message = format!("`{option}` is not an option of `{command}`");
        let ran = sandbox.runner([command, option, "x.rs"]).run();
        assert!(ran.code == 125 && ran.stderr.contains(&message), "{}", ran.stderr);
    }
    let ran = sandbox.runner(["build", "--exec", "gdb", "x.rs"]).run();
    assert!(ran.stderr.contains("`--exec` is not an option of `build`"), "{}", ran.stderr);
    assert_eq!(sandbox.compiles(), 0);
}

#[test]
fn work_of_a_script_that_does_not_compile_is_kept() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "fail on purpose\n");
    let ran = sandbox.runner(["--work", "x.rs"]).run();
    assert_eq!(ran.code, 125);
    assert!(work_of(&ran.stderr).is_dir());
}
