//! The tree itself: what a reader may rely on, and nobody has to remember.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::files::files_below;
use crate::support::readme::commands;
use crate::support::sandbox::skipped;

/// Longer than this, a file holds more than one idea.
const MOST_LINES: usize = 500;

/// What may be longer, and why.
const LONG: &[(&str, &str)] = &[("src/script/header/tests.rs", "tables of inputs and what is read in them")];

/// What may be at the top, hidden or not.
const TOP: &[&str] = &[
    ".ci",
    ".clippy.toml",
    ".git",
    ".github",
    ".gitignore",
    ".rustfmt.toml",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "install.sh",
    "scripts",
    "src",
    "target",
    "tests",
];

/// Where there may be `unsafe`, and why.
const UNSAFE: &[(&str, &str)] = &[
    ("src/rust/source/outline.rs", "it reads the word"),
    ("src/rust/source/outline/tests.rs", "likewise"),
    ("src/host/c_abi.rs", "hosts in C give and take raw pointers"),
    ("src/process/exec.rs", "execve takes raw pointers"),
    ("src/process/sandbox/kernel.rs", "Landlock, seccomp and capabilities have no calls in the C library"),
    ("src/process/memfd.rs", "fexecve takes raw pointers"),
    ("src/process/observe/kernel.rs", "seccomp and its listener have no safe interface"),
    ("src/process/signals.rs", "the calls about signals take raw pointers"),
    ("src/process/spawn.rs", "between fork and exec"),
    ("src/store/open_writers.rs", "fcntl takes what its command needs"),
    ("src/bin/runner/end.rs", "it dies of the signal that its child died of"),
    ("src/bin/runner/start/allocator.rs", "an allocator is"),
    ("src/bin/runner/start/entry.rs", "it runs before the C library does"),
    ("src/bin/runner/start/unwinding.rs", "its names are the ABI's"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a directory of the tree, with its path in the tree and its text.
fn sources(directory: &str) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = files_below(&root().join(directory));
    files.sort();
    files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn no_file_is_longer_than_one_idea() {
    let long: Vec<String> = sources("src")
        .iter()
        .chain(&sources("tests/it"))
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(name, lines)| *lines > MOST_LINES && !LONG.iter().any(|(long, _)| long == name))
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_file_of_the_library_begins_by_saying_what_it_is() {
    for (name, text) in sources("src").iter().chain(&sources("tests/it")) {
        assert!(text.starts_with("//! "), "{name}");
    }
}

#[test]
fn nothing_is_left_to_do() {
    // Written so that this file is not found.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat(), ["dbg", "!("].concat()];
    for (name, text) in ["src", "tests", "scripts"].iter().flat_map(|directory| sources(directory)) {
        for (number, line) in text.lines().enumerate() {
            let mark = marks.iter().find(|mark| line.contains(mark.as_str()));
            // A roman numeral or two is not a mark.
            assert!(mark.is_none() || line.contains("XXI"), "{name}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn unsafe_code_is_where_it_is_said_to_be() {
    for (name, text) in sources("src") {
        let is_unsafe = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
        });
        let is_allowed = UNSAFE.iter().any(|(allowed, _)| *allowed == name);
        assert!(!is_unsafe || is_allowed, "{name}");
    }
}

#[test]
fn the_top_level_holds_what_it_must() {
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(TOP.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn golden_archives_are_named_for_their_category() {
    let categories = ["cli", "script", "compiler", "program", "build", "promote", "cache", "why"];
    for path in files_below(&root().join("tests/golden")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let category = name.split('-').next().unwrap_or_default();
        assert!(categories.contains(&category) && name.ends_with(".txt"), "{name}");
    }
}

#[test]
fn shell_scripts_are_clean() {
    let scripts: Vec<PathBuf> = ["install.sh", "scripts/check", ".ci/run", "tests/fake/rustc"]
        .iter()
        .map(|name| root().join(name))
        .filter(|path| path.exists())
        .collect();
    match Command::new("shellcheck").args(&scripts).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => skipped("no shellcheck"),
    }
}

/// The commands of the README, and the test that runs each, by a name that is in it.
const COMMANDS: &[(&str, &str)] = &[
    ("./install.sh --try", "with_nothing_on_path_but_the_toolchain_one_command_installs_and_runs_a_script"),
    ("./scripts/examples/words.rs README.md", "words_counts_words"),
    ("cargo test --locked -- --skip slow::", ".ci/run"),
];

#[test]
fn every_command_of_the_readme_is_run_by_a_test() {
    let Ok(readme) = fs::read_to_string(root().join("README.md")) else { return };
    let tests: String = sources("tests").into_iter().map(|(_, text)| text).collect();
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap_or_default();
    for command in commands(&readme) {
        // These are run one after the other, by a test that reads them there.
        let reads_it =
            command.starts_with("runner ").then_some("every_command_of_the_readme_works_one_after_the_other");
        let by = COMMANDS.iter().find(|(known, _)| *known == command).map(|(_, by)| *by).or(reads_it);
        let Some(by) = by else { panic!("no test runs `{command}`") };
        let is_run =
            if by == ".ci/run" { ci.contains(&command) } else { tests.contains(&format!("fn {by}(")) };
        assert!(is_run, "`{command}`: there is no {by}");
    }
}

#[test]
fn every_test_that_the_documentation_names_is_there() {
    let text = fs::read_to_string(root().join("src/docs/promises.md")).unwrap();
    // `room::file::name`, as `cargo test` is given it.
    let mut there = HashSet::new();
    for (file, text) in ["src", "tests/it"].iter().flat_map(|part| sources(part)) {
        let module = file.trim_start_matches("tests/it/").trim_start_matches("src/").trim_end_matches(".rs");
        let names = text.split("fn ").skip(1).filter_map(|text| text.split_once('(').map(|(name, _)| name));
        there.extend(names.map(|name| format!("::{}::{name}", module.replace('/', "::"))));
    }
    let is_name = |word: &&str| {
        let name = word.rsplit("::").next().unwrap_or_default();
        name.matches('_').count() > 1
            && !name.starts_with('_')
            && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b':')
    };
    let names: Vec<&str> = text.split('`').filter(is_name).collect();
    assert!(names.len() > 50, "{names:?}");
    let missing: Vec<&&str> =
        names.iter().filter(|name| !there.iter().any(|path| path.ends_with(&format!("::{name}")))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What first sentences and messages do not say, and why.
const UNPLAIN: &[(&str, &str)] = &[
    ("exclude each other", "`… cannot be used together`"),
    ("forbids to", "no English"),
    ("is not expected here", "`unexpected argument …`"),
    ("knows nothing of", "`there is no …` or `unknown …`"),
];

#[test]
fn first_sentences_name_the_thing_and_messages_are_plain() {
    for (name, text) in sources("src").iter().chain(&sources("tests/it")) {
        let first = text.lines().next().unwrap_or_default().trim_start_matches("//! ");
        let word = first.split_once(": ").filter(|(word, _)| !word.contains([' ', '`']));
        if let Some((word, rest)) = word {
            let is_definition = ["what", "whether", "who", "where", "how", "which", "it", "that"]
                .iter()
                .any(|begin| rest.split(' ').next() == Some(begin));
            assert!(!is_definition, "{name}: `{word}: {rest}` defines a word instead of naming the thing");
        }
        for (unplain, better) in UNPLAIN.iter().filter(|_| name.starts_with("src/")) {
            assert!(!text.contains(unplain), "{name}: `{unplain}`: {better}");
        }
    }
}
