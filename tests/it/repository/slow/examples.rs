//! The programs in `scripts/examples/`, each through its own `#!` line, with exactly what it prints.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use crate::support::files::files_below;
use crate::support::sandbox::{RUNNER, Ran, Sandbox};

/// Everything in the folder. What is not here is not tested, and does not belong there.
const TESTED: &[&str] = &[
    "b64.rs",
    "du.rs",
    "fresh.rs",
    "greet/greet.rs",
    "greet/greetings.txt",
    "greet/phrases.rs",
    "hosts/host.c",
    "hosts/plugins.rs",
    "json2csv.rs",
    "nl.rs",
    "parallel.rs",
    "roman",
    "slug.rs",
    "words.rs",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/examples")
}

/// A sandbox whose HOME is that of all examples, and of the next run of the tests with the same runner: compiling what
/// these programs depend on takes most of a minute, and is tested elsewhere.
struct Examples {
    sandbox: Sandbox,
    // One at a time, so that what two of them depend on is compiled once.
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

impl Examples {
    fn new() -> Examples {
        let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let runner = fs::metadata(RUNNER).unwrap();
        let name = format!("examples-{}-{}.{:09}", runner.len(), runner.mtime(), runner.mtime_nsec());
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for entry in fs::read_dir(shared).unwrap().flatten() {
            // Of another runner.
            let other = entry.file_name().into_string().unwrap_or_default();
            if other.starts_with("examples-") && other != name {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let home = shared.join(name);
        fs::create_dir_all(&home).unwrap();
        // No second build in the background, of which these tests would not see the end.
        let sandbox = Sandbox::new().with("HOME", home).with("RUNNER_TIER", "off");
        Examples { sandbox, _turn: turn }
    }

    /// Runs a shell script in which `$E` is the folder.
    fn run(&self, script: &str) -> Ran {
        self.sandbox.sh(script).env("E", folder()).run()
    }
}

#[test]
fn the_folder_holds_what_is_tested_and_nothing_else() {
    let folder = folder();
    let mut found: Vec<String> = files_below(&folder)
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, TESTED);
}

#[test]
fn every_example_is_executable_and_has_help() {
    let examples = Examples::new();
    for name in TESTED {
        let text = fs::read_to_string(folder().join(name)).unwrap();
        if !text.starts_with("#!") {
            continue;
        }
        assert!(text.starts_with("#!/usr/bin/env runner\n"), "{name}");
        let ran = examples.run(&format!("\"$E/{name}\" --help"));
        assert!(
            ran.code == 0 && ran.stderr.is_empty() && ran.stdout.contains("Usage: "),
            "{name}: {}",
            ran.stderr
        );
    }
}

#[test]
fn words_counts_words() {
    let examples = Examples::new();
    let script = "printf 'The cat and the dog. The end.\\n' | \"$E/words.rs\" -n 2";
    examples.run(script).prints("     3 the\n     1 and\n");
    let ran = examples.run("cd \"$E/../..\" && ./scripts/examples/words.rs README.md");
    assert!(ran.code == 0 && ran.stderr.is_empty() && ran.stdout.lines().count() == 10, "{}", ran.stdout);
    let message = "words: missing.txt: No such file or directory (os error 2)\n";
    examples.run("\"$E/words.rs\" missing.txt").ends(1, "", message);
}

#[test]
fn json2csv_turns_objects_into_rows() {
    let examples = Examples::new();
    let json = r#"[{"name":"Ana","age":41},{"name":"Bob, Jr","tags":[1,2],"age":null}]"#;
    let ran = examples.sandbox.command(folder().join("json2csv.rs")).input(json).run();
    ran.prints("name,age,tags\nAna,41,\n\"Bob, Jr\",,\"[1,2]\"\n");
    let ran = examples.run("echo '{}' | \"$E/json2csv.rs\"");
    assert!(ran.code == 1 && ran.stdout.is_empty() && ran.stderr.starts_with("json2csv: "), "{}", ran.stderr);
}

#[test]
fn du_adds_sizes_up() {
    let examples = Examples::new();
    let script = "mkdir -p d/a/b d/c; head -c 2000 /dev/zero >d/a/b/x; head -c 10 /dev/zero >d/a/y\n\
                  head -c 1500 /dev/zero >d/c/z; \"$E/du.rs\" d";
    examples.run(script).prints("    3.4K  d\n    2.0K  d/a\n    1.5K  d/c\n");
}

#[test]
fn nl_numbers_lines() {
    let examples = Examples::new();
    let script = "printf 'a\\nb\\n\\nlast' | \"$E/nl.rs\"";
    examples.run(script).prints("     1  a\n     2  b\n     3  \n     4  last");
    examples.run("yes | \"$E/nl.rs\" --start 10 | head -n 1").prints("    10  y\n");
}

#[test]
fn parallel_keeps_the_order_and_tells_of_failures() {
    let examples = Examples::new();
    examples.run("\"$E/parallel.rs\" -j 2 -- 'sleep 0.2; echo a' 'echo b'").prints("a\nb\n");
    let message = "parallel: `exit 4`: exit status: 4\n";
    examples.run("\"$E/parallel.rs\" 'echo a' 'exit 4'").ends(1, "a\n", message);
}

#[test]
fn greet_has_a_module_and_a_text_of_its_own() {
    let examples = Examples::new();
    examples.run("\"$E/greet/greet.rs\" Ana Bob").prints("Hello, Ana!\nHello, Bob!\n");
    let ran = examples.run("\"$E/greet/greet.rs\" --in xx Ana");
    assert!(ran.code == 2 && ran.stdout.is_empty() && !ran.stderr.is_empty(), "{}", ran.stderr);
}

#[test]
fn roman_has_no_extension() {
    let examples = Examples::new();
    examples.run("\"$E/roman\" 2024 1999 4").prints("MMXXIV\nMCMXCIX\nIV\n");
    let message = "roman: `0` is not a number from 1 to 3999\n";
    examples.run("\"$E/roman\" 0").ends(2, "", message);
    examples.run("PATH=\"$E:$PATH\"; roman 9").prints("IX\n");
}

#[test]
fn fresh_exits_with_3_if_something_is_late() {
    let examples = Examples::new();
    let script = "touch -d '2 hours ago' old; touch new; \"$E/fresh.rs\" --minutes 60 new old missing";
    let said = "old: 120 minutes old, 60 allowed\nmissing: No such file or directory (os error 2)\n";
    examples.run(script).ends(3, said, "");
    examples.run("\"$E/fresh.rs\" --minutes 60 new").prints("");
}

#[test]
fn slug_is_written_for_rust_script() {
    let examples = Examples::new();
    examples.run("\"$E/slug.rs\" 'Crème brûlée, à la carte'").prints("creme-brulee-a-la-carte\n");
}

#[test]
fn b64_names_its_crate_in_one_line() {
    let examples = Examples::new();
    examples.run("printf hello | \"$E/b64.rs\"").prints("aGVsbG8=\n");
    examples.run("printf 'aGVs\\nbG8=\\n' | \"$E/b64.rs\" --decode").prints("hello");
}
