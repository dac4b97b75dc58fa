//! The process contract: the script is the process.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;

use crate::support::machine::{shown, terminal, works};
use crate::support::process_probe::probe;
use crate::support::sandbox::{Ran, Sandbox, skipped};

/// As a user would say it: the first run compiles, the second does not, the third leaves nothing behind.
const WAYS: [&[&str]; 3] = [&[], &[], &["--temp"]];

/// The probe as a program of its own, which owes runner nothing when it runs: what it tells is what is to be expected.
fn plain(sandbox: &Sandbox) -> &'static str {
    std::fs::create_dir_all(sandbox.path("plain")).unwrap();
    sandbox.runner(["build", "probe", "-o", "plain/probe"]).run().prints("");
    "plain/probe"
}

fn ways(script: &str) -> impl Iterator<Item = Vec<&str>> {
    WAYS.iter().map(move |options| options.iter().copied().chain([script]).collect())
}

#[test]
fn the_script_is_the_process_that_was_started() {
    let sandbox = probe();
    // A temporary program has a directory that goes with it: it is a child.
    for way in ways("probe").filter(|way| way.len() == 1) {
        let child = sandbox.runner(way).args(["pid"]).start();
        let pid = child.id().to_string();
        Ran::of("pid", child).prints(&pid);
    }
}

#[test]
fn argv0_is_the_script_as_typed_and_the_rest_is_untouched() {
    let sandbox = probe();
    let odd = ["--help", "-V", "--", "--release", "", "a b", "$HOME", "new\nline", "+nightly", "run"];
    for typed in ["probe", "./probe", "../work/probe"] {
        for way in ways(typed) {
            let expected = format!("{typed}|{}", odd.join("|"));
            sandbox.runner(way).args(["arguments"]).args(odd).run().prints(&expected);
        }
    }
    let absolute = sandbox.path("probe");
    let expected = format!("{}|x", absolute.display());
    sandbox.runner([absolute.as_os_str(), "arguments".as_ref(), "x".as_ref()]).run().prints(&expected);
    // Bytes that are not text come through as they are; `Ran` shows them as U+FFFD.
    let bytes = [OsStr::new("arguments"), OsStr::from_bytes(b"\xff\xfe")];
    sandbox.runner(["probe"]).args(bytes).run().prints("probe|\u{fffd}\u{fffd}");
}

#[test]
fn exit_codes_are_the_scripts_own() {
    let sandbox = probe();
    for code in [0, 1, 2, 3, 124, 125, 126, 127, 128, 200, 255] {
        sandbox.runner(["probe", "exit", &code.to_string()]).run().ends(code, "", "");
    }
    sandbox.runner(["--temp", "probe", "exit", "42"]).run().ends(42, "", "");
}

#[test]
fn a_script_that_dies_of_a_signal_is_seen_to() {
    let sandbox = probe();
    for way in ways("probe") {
        let output = sandbox.runner(way).args(["abort"]).start().wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(6));
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn stdin_stdout_and_stderr_are_the_scripts_own() {
    let sandbox = probe();
    // Also on the first run: the compiler takes nothing of it.
    for way in ways("probe") {
        let ran = sandbox.runner(way).args(["cat"]).input("all\nof it\n").run();
        ran.ends(0, "all\nof it\n", "and this to stderr");
    }
}

#[test]
fn the_working_directory_is_the_callers() {
    let sandbox = probe();
    fs::create_dir_all(sandbox.path("else/where")).unwrap();
    let place = sandbox.path("else/where");
    for way in ways("../../probe") {
        let ran = sandbox.runner(way).args(["directory"]).within(&place).run();
        ran.prints(place.to_str().unwrap());
    }
}

#[test]
fn a_working_directory_that_is_gone_is_no_obstacle() {
    let sandbox = probe();
    let script = sandbox.path("probe");
    let script = script.to_str().unwrap();
    let gone = format!("mkdir gone && cd gone && rmdir ../gone && exec runner {script} exit 7");
    for _ in 0..2 {
        sandbox.sh(&gone).run().ends(7, "", "");
    }
}

#[test]
fn the_environment_is_the_callers_with_the_path_of_the_script() {
    let sandbox = probe().with("CARGO_TARGET_DIR", "/nowhere").with("MAKEFLAGS", "-j");
    let expected = sandbox.command(plain(&sandbox)).args(["environment"]).run().stdout;
    assert!(expected.contains("CARGO_TARGET_DIR"));
    for way in ways("probe") {
        sandbox.runner(way).args(["environment"]).run().prints(&expected);
    }
    for way in ways("probe") {
        let script = sandbox.path("probe");
        let script = script.to_str().unwrap();
        // One that was inherited, from a script that called this one, is replaced.
        sandbox.runner(way).args(["script"]).env("RUNNER_SCRIPT", "/other").run().prints(script);
    }
    let through_pipe = "cat probe | runner /dev/stdin script";
    sandbox.sh(through_pipe).env("RUNNER_SCRIPT", "/other").run().prints("unset");
}

#[test]
fn no_descriptor_of_ours_is_left_open_and_none_of_the_callers_is_closed() {
    let sandbox = probe();
    let plain = plain(&sandbox);
    for more in ["", "7</dev/null 9>kept"] {
        let expected = sandbox.sh(&format!("{plain} descriptors {more}")).run().stdout;
        for way in ways("probe") {
            let way = way.join(" ");
            sandbox.sh(&format!("runner {way} descriptors {more}")).run().prints(&expected);
        }
    }
}

#[test]
fn closed_descriptors_stay_closed() {
    let sandbox = probe();
    let plain = plain(&sandbox);
    let how = "<&- 2>&-";
    let expected = sandbox.sh(&format!("{plain} descriptors {how}")).run().stdout;
    for options in ["", "--force", "-v --force", "--temp", ""] {
        for how in ["<&- >&- 2>&-", "<&- 2>&-", "2>&-", "<&-", ">&-"] {
            let ran = sandbox.sh(&format!("runner {options} probe exit 9 {how}")).run();
            assert!(ran.code == 9 && ran.stdout.is_empty(), "{options} {how}: {} {}", ran.code, ran.stderr);
        }
        sandbox.sh(&format!("runner {options} probe descriptors {how}")).run().prints(&expected);
    }
}

#[test]
fn signal_dispositions_and_the_mask_are_inherited() {
    let sandbox = probe();
    if !works("env", &["--ignore-signal=PIPE", "--block-signal=USR1", "true"]) {
        return skipped("an env(1) that cannot ignore and block signals");
    }
    let plain = plain(&sandbox);
    for how in ["--default-signal", "--ignore-signal=PIPE,HUP,INT --block-signal=USR1,CHLD,TERM"] {
        let of = |command: &str| sandbox.sh(&format!("exec env {how} {command}")).run();
        let expected = of(&format!("{plain} signals")).stdout;
        for way in ways("probe") {
            of(&format!("runner {} signals", way.join(" "))).prints(&expected);
        }
    }
}

#[test]
fn a_script_has_the_terminal_it_was_started_on() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nuse std::io::IsTerminal as _;\n\
                fn main() { print!(\"{} {}\", std::io::stdin().is_terminal(), std::io::stdout().is_terminal()) }";
    sandbox.script("tty.rs", text);
    let Some(run) = terminal(&sandbox, "./tty.rs") else { return };
    assert_eq!(shown(&run.run().stdout), "true true");
    sandbox.sh("./tty.rs").run().prints("false false");
}
