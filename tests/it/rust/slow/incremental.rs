//! What rustc remembers of a script from one edit to the next, and never to be seen in what comes of it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::incremental::state;
use crate::support::sandbox::{Ran, Sandbox, skipped};

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
