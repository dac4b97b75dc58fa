//! What a compiler remembers of a script from one edit to the next: only where there is use for it, only if it is exactly
//! what a compiler left, and never to be seen in what comes of it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sandbox::{Ran, Sandbox, files_below, skipped};

/// A script for the fake compiler, large enough to be remembered.
fn large(text: &str) -> String {
    format!("print {text}\n{}", "// a line\n".repeat(40))
}

/// A script for rustc, in several modules, so that an edit of one leaves others alone.
fn program(text: &str) -> String {
    let modules: String = ["one", "two", "three"]
        .map(|name| {
            let body = "pub fn count(text: &str) -> BTreeMap<char, usize> {\n        let mut found = BTreeMap::new();\n        \
                        for letter in text.chars() {\n            *found.entry(letter).or_default() += 1;\n        }\n        found\n    }";
            format!("mod {name} {{\n    use std::collections::BTreeMap;\n\n    {body}\n}}\n\n")
        })
        .concat();
    let main = "    let counts = [one::count(text), two::count(text), three::count(text)];\n    \
                println!(\"{text} {}\", counts.iter().map(|count| count.len()).sum::<usize>());\n";
    format!("{modules}fn main() {{\n    let text = {text:?};\n{main}}}\n")
}

fn right(text: &str) -> String {
    format!("{text} {}\n", 3 * text.chars().collect::<BTreeSet<_>>().len())
}

/// What the fake compiler found of an earlier build, each time it was asked to remember.
fn memories(sandbox: &Sandbox) -> Vec<String> {
    let log = fs::read_to_string(sandbox.root().join("log")).unwrap_or_default();
    log.lines().filter(|line| ["warm", "cold"].contains(line)).map(str::to_owned).collect()
}

/// What the compiler has left.
fn state(sandbox: &Sandbox) -> Vec<PathBuf> {
    let files = sandbox.cached("incremental").into_iter();
    let is_state = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "state");
    files.filter(is_state).map(|path| sandbox.cache().join("v1/incremental").join(path)).collect()
}

fn edit_and_run(sandbox: &Sandbox, text: &str) {
    sandbox.write("x.rs", large(text));
    sandbox.runner(["--debug", "x.rs"]).run().prints(&format!("{text}\n"));
}

#[test]
fn an_edit_gives_bit_for_bit_what_a_build_from_nothing_gives() {
    let sandbox = Sandbox::new();
    let shift = |text: &str| format!("// A line more.\n\n{}", program(text));
    let edits = [program("a"), program("some words"), shift("some words"), program("a"), shift("b")];
    let mut kept = 0;
    for (number, edit) in edits.iter().enumerate() {
        let text = ["a", "some words", "some words", "a", "b"][number];
        let before: BTreeSet<u64> = objects(&sandbox);
        sandbox.write("x.rs", edit);
        sandbox.runner(["--debug", "x.rs"]).run().prints(&right(text));
        kept += objects(&sandbox).intersection(&before).count();
        // Of which the compiler forgets everything.
        let proof = sandbox.runner(["--debug", "x.rs"]).env("RUNNER_VERIFY", "1").run();
        proof.prints(&right(text));
        sandbox.runner(["--debug", "--force", "x.rs"]).run().prints(&right(text));
    }
    assert!(kept > 0, "nothing was ever taken from the build before");
}

/// The inodes of objects: one that is taken over is a link to the same.
fn objects(sandbox: &Sandbox) -> BTreeSet<u64> {
    let is_object = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "o");
    state(sandbox).iter().filter(is_object).filter_map(|path| Some(fs::metadata(path).ok()?.ino())).collect()
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
fn an_error_does_not_cost_what_is_remembered() {
    let sandbox = Sandbox::new();
    for (edit, code) in [("a", 0), ("b", 0), ("broken", 125), ("c", 0)] {
        let before = objects(&sandbox);
        let text = if code == 0 { program(edit) } else { program(edit).replace("usize>()", "wrong>()") };
        sandbox.write("x.rs", text);
        let ran = sandbox.runner(["--debug", "x.rs"]).run();
        assert_eq!(ran.code, code, "{}", ran.stderr);
        if edit != "a" {
            assert!(objects(&sandbox).intersection(&before).count() > 0, "after {edit}");
        }
    }
}

#[test]
fn whatever_is_damaged_in_it_an_edit_is_right_and_silent() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", program("start"));
    sandbox.runner(["--debug", "x.rs"]).run().prints(&right("start"));
    let cut = |path: &Path| fs::write(path, &fs::read(path).unwrap()[..20]).unwrap();
    let zero = |path: &Path| fs::write(path, vec![0; fs::metadata(path).unwrap().len() as usize]).unwrap();
    let flip = |path: &Path| {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
        fs::File::options().append(true).open(path).unwrap().set_modified(modified).unwrap();
    };
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let exchange = |path: &Path| {
        fs::remove_file(path).unwrap();
        fs::create_dir_all(path.join("x")).unwrap();
    };
    type Damage<'a> = &'a dyn Fn(&Path);
    let damages: [(&str, Damage<'_>); 5] =
        [("cut", &cut), ("zero", &zero), ("flip", &flip), ("remove", &remove), ("exchange", &exchange)];
    let mut count = 0;
    for (name, damage) in damages {
        let wholes = ["query-cache.bin", "dep-graph.bin", "work-products.bin", ".o"];
        for kind in wholes {
            let file = state(&sandbox).into_iter().rfind(|path| path.to_string_lossy().ends_with(kind));
            let file = file.unwrap_or_else(|| panic!("there is no {kind}"));
            damage(&file);
            count += 1;
            let text = format!("{name} {count}");
            sandbox.write("x.rs", program(&text));
            sandbox.runner(["--debug", "x.rs"]).run().prints(&right(&text));
        }
    }
    assert_eq!(count, 20);
    // And what is ours.
    for part in ["record", "lock", "output", "state"] {
        let records = sandbox.cached("incremental");
        let record = records.iter().find(|path| path.ends_with("record")).unwrap();
        let path = sandbox.cache().join("v1/incremental").join(record).with_file_name(part);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
            fs::write(&path, "a file").unwrap();
        } else {
            fs::write(&path, "garbage").unwrap();
        }
        sandbox.write("x.rs", program(part));
        sandbox.runner(["--debug", "x.rs"]).run().prints(&right(part));
    }
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

#[test]
fn rustc_killed_at_any_moment_the_next_edit_is_right() {
    let sandbox = Sandbox::new();
    let mut killed = 0;
    for milliseconds in [5, 20, 40, 60, 80, 100, 150, 200] {
        sandbox.write("x.rs", program(&format!("killed after {milliseconds}")));
        let mut child = sandbox.runner(["--debug", "x.rs"]).start();
        std::thread::sleep(Duration::from_millis(milliseconds));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let text = format!("after {milliseconds}");
        sandbox.write("x.rs", program(&text));
        sandbox.runner(["--debug", "x.rs"]).run().prints(&right(&text));
    }
    println!("faults: {killed} kills in an edit that is remembered");
}

/// A builder that is killed may leave a compiler running, or what that has started, which writes where the next would.
#[test]
fn the_compiler_of_a_dead_builder_is_not_taken_for_the_next_one() {
    let sandbox = Sandbox::fake();
    // It is asked to end with its builder, and does not.
    let stubborn = sandbox.root().join("bin/rustc");
    let fake = sandbox.root().join("fake/rustc");
    fs::write(&stubborn, format!("#!/bin/sh\ntrap '' TERM\nexec {} \"$@\"\n", fake.display())).unwrap();
    fs::set_permissions(&stubborn, fs::Permissions::from_mode(0o755)).unwrap();
    edit_and_run(&sandbox, "a");
    sandbox.write("x.rs", large("orphan"));
    assert_eq!(sandbox.sh("mkfifo pipe").run().code, 0);
    let mut child = sandbox.runner(["--debug", "x.rs"]).env("FAKE_WAIT", sandbox.path("pipe")).start();
    while memories(&sandbox).len() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
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
    while sandbox.compiles() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // The first has its bytes from before this, and builds again when it sees it.
    sandbox.write("x.rs", large("c"));
    let second = sandbox.runner(["--debug", "x.rs"]).env("FAKE_SLEEP", "0.3").start();
    Ran::of("second", second).prints("c\n");
    Ran::of("first", first).prints("c\n");
    edit_and_run(&sandbox, "d");
}

#[test]
fn rustc_many_times_at_a_time_over_one_script_is_right() {
    let sandbox = Sandbox::new();
    let scripts = ["--debug", "--profile=quick"];
    for round in 0..3 {
        let text = format!("round {round}");
        sandbox.write("x.rs", program(&text));
        let started: Vec<_> =
            scripts.iter().cycle().take(6).map(|way| sandbox.runner([way, "x.rs"]).start()).collect();
        for child in started {
            Ran::of(&text, child).prints(&right(&text));
        }
    }
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

#[test]
fn a_full_disk_costs_the_memory_and_not_the_run() {
    let sandbox = Sandbox::new();
    for (name, text) in [("a.rs", "a"), ("b.rs", "b")] {
        sandbox.write(name, program(text));
    }
    // Room for the program, and not for all that the compiler would like to remember.
    for size in ["6m", "7m", "8m", "9m", "12m"] {
        let script = format!(
            "mount -t tmpfs -o size={size},mode=700 none {0} || exit 77\n\
             cp a.rs x.rs; runner --debug x.rs; cp b.rs x.rs; runner --debug x.rs",
            sandbox.home().display()
        );
        let ran = sandbox.command("unshare").args(["-m", "sh", "-c", &script]).run();
        if ran.code == 77 || ran.stderr.contains("unshare") {
            return skipped("no mount namespaces, or not root");
        }
        assert_eq!((ran.code, ran.stdout), (0, right("a") + &right("b")), "{size}: {}", ran.stderr);
        let full = "running from a temporary binary";
        assert!(ran.stderr.lines().all(|line| line.ends_with(full)), "{size}: {}", ran.stderr);
    }
}
