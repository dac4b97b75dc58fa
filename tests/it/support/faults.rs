//! Faults at the system calls of a miss, and how a cache heals.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::files::{entries, files_below, settle};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::strace::{self, Call};

/// The exit code of what was killed.
pub const KILLED: i32 = 128 + 9;

/// A miss that touches all there is: no cache yet, an input, a link, and options of its own, for which there is a second
/// trace.
pub fn cold() -> Sandbox {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "#!/usr/bin/env -S runner --release\nprint right\ninclude one.txt\n");
    sandbox.write("one.txt", "print one\n");
    symlink("x.rs", sandbox.path("link")).unwrap();
    // Stamps that can be trusted, so that every run makes the same calls.
    settle();
    sandbox
}

/// The same after an edit: there is a cache, with an older build in it.
pub fn edited() -> Sandbox {
    let sandbox = cold();
    sandbox.write("one.txt", "print old\n");
    sandbox.runner(["link"]).run().prints("right\nold\n");
    sandbox.write("one.txt", "print one\n");
    settle();
    sandbox
}

/// The same where the compiler remembers the build before.
pub fn remembered() -> Sandbox {
    let sandbox = cold();
    let text = "#!/usr/bin/env -S runner --debug\nprint right\ninclude one.txt\n";
    sandbox.write("x.rs", format!("{text}{}", "// a line\n".repeat(40)));
    sandbox.write("one.txt", "print old\n");
    sandbox.runner(["link"]).run().prints("right\nold\n");
    sandbox.write("one.txt", "print one\n");
    settle();
    sandbox
}

pub const RIGHT: &str = "right\none\n";

/// One call among those of its name, counted from one.
#[derive(Debug, Clone)]
pub struct Point {
    pub name: String,
    pub number: usize,
    pub call: Call,
}

/// Calls that only runner makes, in a thread of its own; those of compilers are none of ours to strike.
const SYNCS: &[&str] = &["fsync", "fdatasync", "syncfs"];

/// The calls of a miss by which it changes the file system, up to the moment it becomes the script.
pub fn points(make: fn() -> Sandbox, which: fn(&Call) -> bool) -> Vec<Point> {
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
pub fn struck(sandbox: &Sandbox, point: &Point, fault: &str) -> Option<Ran> {
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
pub fn assert_heals(sandbox: &Sandbox, context: &str) {
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

/// Makes staging and binaries old enough to be swept.
pub fn age(v1: &Path) {
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

pub fn strike_everywhere(make: fn() -> Sandbox, what: &str, faults: &[&str]) {
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
