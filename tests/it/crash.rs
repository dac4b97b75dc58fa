//! Faults: runner or its compiler killed, system calls that fail, garbage in the cache. Whatever happens, the next run
//! works, and nothing is left behind but what trim removes.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::sandbox::{Ran, Sandbox, files_below};
use crate::strace::{self, Call};

const KILLED: i32 = 128 + 9;

#[test]
fn killed_before_in_or_after_the_compiler_the_next_run_works() {
    for when in ["before", "half", "after"] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print right\n");
        sandbox.runner(["x.rs"]).env("FAKE_DIE", when).run().ends(KILLED, "", "");
        sandbox.runner(["x.rs"]).run().prints("right\n");
        sandbox.runner(["x.rs"]).run().prints("right\n");
        assert_eq!(sandbox.compiles(), 2, "killed {when}: once in vain, once for good");
        assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new(), "killed {when}");
    }
}

#[test]
fn killed_while_it_builds_a_temporary_binary_the_next_miss_cleans_up() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    sandbox.runner(["--temp", "x.rs"]).env("FAKE_DIE", "after").run().ends(KILLED, "", "");
    sandbox.runner(["x.rs"]).run().prints("right\n");
    assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
}

// ── Every system call of a miss ─────────────────────────────────────────────────────────────────────────────────────

/// A miss that touches all there is: no cache yet, an input, a link, and options of its own, for which there is a second
/// trace.
fn cold() -> Sandbox {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "#!/usr/bin/env -S runner --release\nprint right\ninclude one.txt\n");
    sandbox.write("one.txt", "print one\n");
    symlink("x.rs", sandbox.path("link")).unwrap();
    // Stamps that can be trusted, so that every run makes the same calls.
    std::thread::sleep(Duration::from_millis(12));
    sandbox
}

/// The same after an edit: there is a cache, with an older build in it.
fn edited() -> Sandbox {
    let sandbox = cold();
    sandbox.write("one.txt", "print old\n");
    sandbox.runner(["link"]).run().prints("right\nold\n");
    sandbox.write("one.txt", "print one\n");
    std::thread::sleep(Duration::from_millis(12));
    sandbox
}

const RIGHT: &str = "right\none\n";

/// One call among those of its name, counted from one.
#[derive(Debug, Clone)]
struct Point {
    name: String,
    number: usize,
    call: Call,
}

/// Calls that only runner makes, in a thread of its own; those of compilers are none of ours to strike.
const SYNCS: &[&str] = &["fsync", "fdatasync", "syncfs"];

/// The calls of a miss by which it changes the file system, up to the moment it becomes the script.
fn points(make: fn() -> Sandbox, which: fn(&Call) -> bool) -> Vec<Point> {
    let sandbox = make();
    let (ran, calls) = strace::trace(&sandbox, &["-y", "-f"], &["link"]);
    ran.prints(RIGHT);
    let runner = calls[0].process;
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut points = Vec::new();
    for call in calls {
        if call.process == runner && call.name == "execve" && counts.contains_key("execve") {
            break;
        }
        if call.process == runner || SYNCS.contains(&call.name.as_str()) {
            let number = counts.entry(call.name.clone()).or_default();
            *number += 1;
            if which(&call) {
                points.push(Point { name: call.name.clone(), number: *number, call });
            }
        }
    }
    points
}

/// Makes the miss with one call of it struck by `fault`; `None` if it did not come to that call this time.
fn struck(sandbox: &Sandbox, point: &Point, fault: &str) -> Option<Ran> {
    let inject = format!("inject={}:{fault}:when={}", point.name, point.number);
    let trace = format!("trace={}", point.name);
    let log = sandbox.root().join("strace");
    let mut options = vec!["-e", &trace, "-e", &inject];
    if SYNCS.contains(&point.name.as_str()) {
        options.push("-f");
    }
    let ran = strace::command(sandbox, &log, &options, &["link"]).run();
    let text = fs::read_to_string(&log).unwrap();
    (text.contains("(INJECTED)") || ran.code == KILLED).then_some(ran)
}

/// The right output, perhaps with one line that says what was done without.
fn assert_right(ran: &Ran, context: &str) {
    let mut lines = ran.stderr.lines();
    let one_line =
        lines.next().is_none_or(|line| line.starts_with("runner: link: ")) && lines.next().is_none();
    let right = ran.code == 0 && ran.stdout == RIGHT;
    assert!(one_line && right, "{context}: {} {:?} {:?}", ran.code, ran.stdout, ran.stderr);
}

/// The next run is right and silent; after it and a trim the cache holds what it would hold had nothing happened.
fn assert_heals(sandbox: &Sandbox, context: &str) {
    let ran = sandbox.runner(["link"]).run();
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, RIGHT, ""),
        "next run after {context}"
    );
    let before = sandbox.compiles();
    let ran = sandbox.runner(["link"]).run();
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, RIGHT, ""),
        "second run after {context}"
    );
    assert_eq!(sandbox.compiles(), before, "a hit after {context}");
    age(&sandbox.cache().join("v1"));
    let trim = sandbox.runner(["cache", "trim"]).run();
    assert_eq!((trim.code, trim.stderr.as_str()), (0, ""), "trim after {context}");
    let count = |part: &str| files_below(&sandbox.cache().join("v1").join(part)).len();
    assert_eq!(
        entries(&sandbox.cache().join("v1/staging")),
        Vec::<PathBuf>::new(),
        "staging after {context}"
    );
    // Those of the script, as it is called and with its own options spelled out.
    assert_eq!(count("traces"), 2, "traces after {context}");
    assert!(count("bin") <= 2, "binaries after {context}");
    assert_eq!(entries(&sandbox.root().join("tmp")), Vec::<PathBuf>::new(), "TMPDIR after {context}");
    assert_eq!(entries(&sandbox.home()), [sandbox.home().join(".cache")], "HOME after {context}");
    assert_eq!(entries(&sandbox.work()).len(), 3, "beside the script after {context}");
    sandbox.runner(["link"]).run().prints(RIGHT);
}

fn entries(path: &Path) -> Vec<PathBuf> {
    fs::read_dir(path)
        .map_or_else(|_| Vec::new(), |entries| entries.flatten().map(|entry| entry.path()).collect())
}

/// Makes staging and binaries old enough to be swept.
fn age(v1: &Path) {
    let then = SystemTime::now() - Duration::from_secs(7200);
    for part in ["staging", "bin"] {
        for path in
            entries(&v1.join(part)).iter().flat_map(|path| [entries(path), vec![path.clone()]].concat())
        {
            if let Ok(file) = fs::File::open(&path) {
                let _ = file.set_modified(then);
            }
        }
    }
}

fn strike_everywhere(make: fn() -> Sandbox, what: &str, faults: &[&str]) {
    if !strace::is_there() {
        return;
    }
    let points = points(make, Call::changes_files);
    assert!(points.len() > 20, "{points:#?}");
    let mut struck_points = 0;
    let mut missed = 0;
    for point in &points {
        for fault in faults {
            let context = format!("{fault} at {} {} ({})", point.name, point.number, point.call.arguments);
            let sandbox = make();
            let Some(ran) = struck(&sandbox, point, fault) else {
                missed += 1;
                continue;
            };
            match fault.starts_with("signal") {
                true => assert_eq!((ran.code, ran.stdout.as_str()), (KILLED, ""), "{context}"),
                false => assert_right(&ran, &context),
            }
            assert_heals(&sandbox, &context);
            struck_points += 1;
        }
    }
    println!("faults: {struck_points} in a {what} ({} system calls, {faults:?})", points.len());
    assert!(missed * 10 < struck_points, "{missed} system calls were not made again");
}

#[test]
fn killed_at_any_system_call_of_a_first_run_the_next_one_works() {
    strike_everywhere(cold, "first run", &["signal=KILL"]);
}

#[test]
fn killed_at_any_system_call_of_a_run_after_an_edit_the_next_one_works() {
    strike_everywhere(edited, "run after an edit", &["signal=KILL"]);
}

#[test]
fn any_system_call_of_a_first_run_may_fail() {
    strike_everywhere(cold, "first run", &["error=ENOSPC", "error=EIO", "error=EACCES", "error=EMFILE"]);
}

#[test]
fn any_system_call_of_a_run_after_an_edit_may_fail() {
    strike_everywhere(edited, "run after an edit", &["error=ENOSPC", "error=EIO"]);
}

#[test]
fn whatever_cannot_be_read_the_output_is_right_or_an_error_says_why() {
    if !strace::is_there() {
        return;
    }
    let reads =
        ["openat", "statx", "read", "newfstatat", "lstat", "getcwd", "readlink", "access", "getdents64"];
    let is_read =
        |call: &Call| !call.changes_files() && call.descriptor_path().is_none_or(|path| path.is_absolute());
    let all = points(edited, is_read);
    let all = all.iter().filter(|point| reads.contains(&point.name.as_str()));
    let mut count = 0;
    // What the loader reads is not ours.
    for point in
        all.filter(|point| !point.call.arguments.contains("/lib/") && !point.call.arguments.contains("ld.so"))
    {
        for fault in ["error=EIO", "error=EMFILE"] {
            if fault.contains("EMFILE") && point.name != "openat" {
                continue;
            }
            let context = format!("{fault} at {} {} ({})", point.name, point.number, point.call.arguments);
            let sandbox = edited();
            let Some(ran) = struck(&sandbox, point, fault) else { continue };
            let lines: Vec<&str> = ran.stderr.lines().collect();
            let is_right = ran.code == 0 && ran.stdout == RIGHT && lines.len() <= 1;
            let is_clean = (125..=127).contains(&ran.code)
                && ran.stdout.is_empty()
                && lines.iter().filter(|line| !line.starts_with("  hint: ")).count() == 1;
            let is_ours = lines.first().is_none_or(|line| line.starts_with("runner: "));
            assert!(
                is_ours && (is_right || is_clean),
                "{context}: {} {:?} {:?}",
                ran.code,
                ran.stdout,
                ran.stderr
            );
            assert_heals(&sandbox, &context);
            count += 1;
        }
    }
    println!("faults: {count} in what a run after an edit reads");
}
