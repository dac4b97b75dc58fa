//! Faults: runner or its compiler killed, system calls that fail, garbage in the cache. Whatever happens, the next run
//! works, and nothing is left behind but what trim removes.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::sandbox::{RUNNER, Ran, Sandbox, files_below};
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

/// The same where the compiler remembers the build before.
fn remembered() -> Sandbox {
    let sandbox = cold();
    let text = "#!/usr/bin/env -S runner --debug\nprint right\ninclude one.txt\n";
    sandbox.write("x.rs", format!("{text}{}", "// a line\n".repeat(40)));
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
fn killed_at_any_system_call_of_a_run_that_is_remembered_the_next_one_works() {
    strike_everywhere(remembered, "run after an edit that is remembered", &["signal=KILL"]);
}

#[test]
fn any_system_call_of_a_run_that_is_remembered_may_fail() {
    strike_everywhere(remembered, "run after an edit that is remembered", &["error=ENOSPC"]);
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

// ── Garbage in the cache ────────────────────────────────────────────────────────────────────────────────────────────

/// Ways to damage a file of the cache.
const DAMAGES: &[&str] = &[
    "cut",
    "empty",
    "flip",
    "unreadable",
    "gone",
    "directory",
    "full directory",
    "dangling link",
    "link",
    "alien",
];

/// Damages a file; as far as its times can be set they are what they were.
fn damage(path: &Path, how: &str) {
    let bytes = fs::read(path).unwrap();
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let write = |bytes: &[u8]| {
        fs::write(path, bytes).unwrap();
        fs::File::options().append(true).open(path).unwrap().set_modified(modified).unwrap();
    };
    match how {
        "cut" => write(&bytes[..bytes.len() / 2]),
        "empty" => write(b""),
        "flip" => {
            let mut flipped = bytes.clone();
            if let Some(byte) = flipped.get_mut(bytes.len() / 2) {
                *byte ^= 1;
            }
            write(&flipped);
        }
        "unreadable" => fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap(),
        "alien" => write(b"#!/bin/sh\necho wrong\n"),
        _ => fs::remove_file(path).unwrap(),
    }
    match how {
        "directory" => fs::create_dir(path).unwrap(),
        "full directory" => {
            fs::create_dir(path).unwrap();
            fs::write(path.join("alien"), "alien").unwrap();
        }
        "dangling link" => symlink("/nowhere/at/all", path).unwrap(),
        "link" => {
            let alien = path.parent().unwrap().join("alien");
            fs::write(&alien, "#!/bin/sh\necho wrong\n").unwrap();
            fs::set_permissions(&alien, fs::Permissions::from_mode(0o700)).unwrap();
            symlink(&alien, path).unwrap();
        }
        _ => {}
    }
}

/// `runner ARGUMENT…` by a user to whom permissions mean something: root can read and write everything.
fn as_user(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    if !is_root() {
        return sandbox.runner(arguments).run();
    }
    let own = Command::new("chown").args(["-R", "65534:65534"]).arg(sandbox.root()).status().unwrap();
    assert!(own.success());
    let user = ["--reuid=65534", "--regid=65534", "--clear-groups", RUNNER];
    sandbox.command("setpriv").args(user).args(arguments).run()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Every file and directory below a path, itself first.
fn tree(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        found.extend(entries(path).iter().flat_map(|entry| tree(entry)));
    }
    found.sort();
    found
}

#[test]
fn whatever_is_damaged_in_the_cache_it_is_never_a_wrong_program_and_at_worst_a_rebuild() {
    let files = {
        let sandbox = cold();
        as_user(&sandbox, &["link"]).prints(RIGHT);
        files_below(&sandbox.cache()).len()
    };
    let mut count = 0;
    for index in 0..files {
        for how in DAMAGES {
            let sandbox = cold();
            as_user(&sandbox, &["link"]).prints(RIGHT);
            let mut all = files_below(&sandbox.cache());
            // By kind: names differ from sandbox to sandbox.
            all.sort_by_key(|path| {
                let path = path.strip_prefix(sandbox.cache()).unwrap().to_owned();
                (path.components().count(), path)
            });
            let path = all[index].clone();
            let context = format!("{how}: {}", path.display());
            damage(&path, how);
            // A miss looks at more than a hit; both must do.
            for edit in [false, true] {
                if edit {
                    sandbox.write("one.txt", "print two\n");
                }
                let right = if edit { "right\ntwo\n" } else { RIGHT };
                for round in 0..2 {
                    let before = sandbox.compiles();
                    let ran = as_user(&sandbox, &["link"]);
                    assert_eq!(
                        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
                        (0, right, ""),
                        "{context}, edit {edit}, round {round}"
                    );
                    assert!(round == 0 || sandbox.compiles() == before, "{context}: not cached again");
                }
            }
            let clean = as_user(&sandbox, &["cache", "trim"]);
            assert_eq!((clean.code, clean.stderr.as_str()), (0, ""), "{context}");
            as_user(&sandbox, &["link"]).prints("right\ntwo\n");
            let list = as_user(&sandbox, &["cache", "list"]);
            assert_eq!((list.code, list.stderr.as_str()), (0, ""), "{context}");
            count += 1;
        }
    }
    println!("garbage: {count} damages of {files} files");
}

#[test]
fn directories_of_the_cache_may_be_files_links_or_closed() {
    let directories = |sandbox: &Sandbox| -> Vec<PathBuf> {
        let all = tree(&sandbox.cache().join("v1"));
        let mut all: Vec<PathBuf> = all.into_iter().filter(|path| path.is_dir()).collect();
        all.sort_by_key(|path| {
            let path = path.strip_prefix(sandbox.cache()).unwrap().to_owned();
            (path.components().count(), path)
        });
        all
    };
    let count = {
        let sandbox = cold();
        as_user(&sandbox, &["link"]).prints(RIGHT);
        directories(&sandbox).len()
    };
    let mut damages = 0;
    for index in 0..count {
        for how in ["file", "gone", "dangling link", "link", "closed", "read-only"] {
            let sandbox = cold();
            as_user(&sandbox, &["link"]).prints(RIGHT);
            let path = directories(&sandbox)[index].clone();
            let context = format!("{how}: {}", path.display());
            let elsewhere = sandbox.root().join("elsewhere");
            fs::create_dir_all(elsewhere.join("build-precious")).unwrap();
            fs::write(elsewhere.join(".new-precious"), "").unwrap();
            match how {
                "closed" => fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap(),
                "read-only" => fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).unwrap(),
                _ => fs::remove_dir_all(&path).unwrap(),
            }
            match how {
                "file" => fs::write(&path, "alien").unwrap(),
                "dangling link" => symlink("/nowhere/at/all", &path).unwrap(),
                "link" => symlink(&elsewhere, &path).unwrap(),
                _ => {}
            }
            for text in ["one", "two"] {
                sandbox.write("one.txt", format!("print {text}\n"));
                let right = format!("right\n{text}\n");
                for round in 0..2 {
                    let before = sandbox.compiles();
                    let ran = as_user(&sandbox, &["link"]);
                    assert_eq!(
                        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
                        (0, right.as_str(), ""),
                        "{context}, {text}, round {round}"
                    );
                    assert!(round == 0 || sandbox.compiles() == before, "{context}: not cached again");
                }
            }
            let clean = as_user(&sandbox, &["cache", "clean"]);
            assert_eq!((clean.code, clean.stderr.as_str()), (0, ""), "{context}");
            assert!(elsewhere.join("build-precious").exists(), "{context}: a sweep followed a link");
            assert!(elsewhere.join(".new-precious").exists(), "{context}: a sweep followed a link");
            damages += 1;
        }
    }
    println!("garbage: {damages} damages of {count} directories");
}

#[test]
fn a_binary_that_was_changed_is_not_executed() {
    let evil = "#!/bin/sh\necho wrong\n";
    for how in ["in place", "replaced", "linked over", "renamed over", "permissions", "link"] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print right\n");
        sandbox.runner(["x.rs"]).run().prints("right\n");
        let binary = sandbox.cache().join("v1/bin").join(&sandbox.cached("bin")[0]);
        let metadata = fs::metadata(&binary).unwrap();
        let (size, modified) = (metadata.len() as usize, metadata.modified().unwrap());
        // Of the same size, and in the end with the same time.
        let mut text = evil.to_owned();
        text.push_str(&"#".repeat(size - evil.len()));
        let other = sandbox.root().join("other");
        fs::write(&other, &text).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o700)).unwrap();
        fs::File::open(&other).unwrap().set_modified(modified).unwrap();
        match how {
            "in place" => {
                fs::write(&binary, &text).unwrap();
                fs::File::open(&binary).unwrap().set_modified(modified).unwrap();
            }
            "permissions" => fs::set_permissions(&binary, fs::Permissions::from_mode(0o600)).unwrap(),
            "renamed over" => fs::rename(&other, &binary).unwrap(),
            "replaced" => {
                fs::remove_file(&binary).unwrap();
                fs::copy(&other, &binary).unwrap();
                fs::File::open(&binary).unwrap().set_modified(modified).unwrap();
            }
            "linked over" => {
                fs::remove_file(&binary).unwrap();
                fs::hard_link(&other, &binary).unwrap();
            }
            _ => {
                fs::remove_file(&binary).unwrap();
                symlink(&other, &binary).unwrap();
            }
        }
        for arguments in [&["x.rs"][..], &["--offline", "x.rs"], &["x.rs"]] {
            let ran = sandbox.runner(arguments).run();
            assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "right\n", ""), "{how}");
        }
        assert_eq!(sandbox.compiles(), 2, "{how}: one rebuild");
    }
}

// ── Dependencies ────────────────────────────────────────────────────────────────────────────────────────────────────

/// A script with a dependency from a registry (a vendored one, so that no network is needed), and one in a directory.
fn with_dependencies() -> Sandbox {
    let sandbox = Sandbox::new();
    let vendor = sandbox.root().join("vendor/far");
    fs::create_dir_all(vendor.join("src")).unwrap();
    let manifest = "[package]\nname = \"far\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    fs::write(vendor.join("Cargo.toml"), manifest).unwrap();
    fs::write(vendor.join("src/lib.rs"), "pub const WORD: &str = env!(\"FAR\");\n").unwrap();
    let script = "fn main() { println!(\"cargo::rustc-env=FAR=far\"); println!(\"cargo::rerun-if-changed=build.rs\"); }\n";
    fs::write(vendor.join("build.rs"), script).unwrap();
    fs::write(vendor.join(".cargo-checksum.json"), "{\"files\":{},\"package\":null}").unwrap();
    let home = sandbox.root().join("cargo");
    fs::create_dir(&home).unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = {:?}\n",
        sandbox.root().join("vendor")
    );
    fs::write(home.join("config.toml"), config).unwrap();
    sandbox.write("near/Cargo.toml", "[package]\nname = \"near\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("near/src/lib.rs", "pub const WORD: &str = \"near\";\n");
    let sandbox = sandbox.with("CARGO_HOME", home).with("RUNNER_TIER", "off");
    edit(&sandbox, 0);
    sandbox
}

/// Another text, so that the next run is a miss with dependencies that are there.
fn edit(sandbox: &Sandbox, number: usize) {
    let text = format!(
        "---\n[dependencies]\nfar = \"1\"\nnear = {{ path = \"near\" }}\n---\n\
         fn main() {{ println!(\"{{}} {{}} {number}\", far::WORD, near::WORD); }}\n"
    );
    sandbox.write("x.rs", text);
}

fn run_with_dependencies(sandbox: &Sandbox) -> Ran {
    sandbox.runner(["--profile", "quick", "x.rs"]).run()
}

#[test]
fn whatever_is_damaged_in_what_was_built_for_dependencies_it_is_built_again() {
    let sandbox = with_dependencies();
    run_with_dependencies(&sandbox).prints("far near 0\n");
    let deps = sandbox.cache().join("v1/deps");
    let count = files_below(&deps).len();
    let mut number = 0;
    for index in 0..count {
        let mut files = files_below(&deps);
        files.sort();
        let Some(path) = files.get(index).cloned() else { continue };
        // One damage a file, another for the next: each costs a compile.
        let kinds = ["flip", "empty", "gone", "alien", "cut", "dangling link"];
        let how = kinds[index % kinds.len()];
        damage_now(&path, how);
        number += 1;
        edit(&sandbox, number);
        let ran = run_with_dependencies(&sandbox);
        let context = format!("{how}: {}", path.display());
        let right = format!("far near {number}\n");
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, right.as_str(), ""),
            "{context}"
        );
    }
    println!("garbage: {number} damages of {count} files of dependencies");
}

/// As [`damage`], leaving the time at which it was done.
fn damage_now(path: &Path, how: &str) {
    damage(path, how);
    if let Ok(file) = fs::File::options().append(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

#[test]
fn killed_while_dependencies_are_built_the_next_run_works() {
    let sandbox = with_dependencies();
    let mut killed = 0;
    for milliseconds in [30, 80, 150, 250, 400, 600, 900] {
        let _ = fs::remove_dir_all(sandbox.cache());
        let mut child = sandbox.runner(["--profile", "quick", "x.rs"]).start();
        std::thread::sleep(Duration::from_millis(milliseconds));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        run_with_dependencies(&sandbox).prints("far near 0\n");
        assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
    }
    println!("faults: {killed} kills while dependencies are built");
}

#[test]
fn a_lock_that_was_cut_off_when_its_writer_died_is_written_anew() {
    let sandbox = with_dependencies();
    run_with_dependencies(&sandbox).prints("far near 0\n");
    let deps = sandbox.cache().join("v1/deps");
    let files = files_below(&deps);
    let lock = files.iter().find(|path| path.ends_with("Cargo.lock")).unwrap();
    let record = files.iter().find(|path| path.ends_with("record")).unwrap();
    for (number, text) in ["version = 4\n\n[[package]]\nna", "", "\0\0\0\0"].iter().enumerate() {
        fs::write(lock, text).unwrap();
        fs::remove_file(record).unwrap();
        edit(&sandbox, number + 1);
        run_with_dependencies(&sandbox).prints(&format!("far near {}\n", number + 1));
    }
}
