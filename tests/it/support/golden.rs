//! Text archives: `tests/golden/*.txt`, one behaviour each, read and played.
//!
//! ```text
//! What is shown here, in a sentence.
//!
//! $ runner hello.rs                run by `sh -c` in the sandbox's working directory
//! hello                            a line of stdout
//! ! runner: what: why              a line of stderr
//! [125]                            the exit code, if it is not 0
//! -- hello.rs --                   a file; executable if it begins with `#!`
//! print hello
//! ```
//!
//! The compiler is the fake one; under a line `with rustc` it is the real one. In what a command says `$ROOT` is the
//! sandbox's directory, and `$ID` a digest in a path, with the directory of its first two digits. `GOLDEN=write cargo test golden` writes what was said into
//! the archives, for the review of whoever asked.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::digests::without_digests;
use crate::support::sandbox::{Ran, Sandbox};

struct Archive {
    /// Everything above the first command.
    preface: String,
    cases: Vec<Case>,
    files: Vec<(String, String)>,
}

struct Case {
    command: String,
    said: String,
}

/// Plays every archive that is of the fake compiler, or every one that is of the real one.
#[track_caller]
pub fn assert_all(are_real: bool) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut wrong = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let mut archive = Archive::parse(&text);
        if archive.is_real() != are_real {
            continue;
        }
        archive.play();
        let said = archive.render();
        if said == text {
            continue;
        }
        if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
            fs::write(&path, said).unwrap();
        } else {
            wrong.push(format!("{}\n{}", path.display(), differences(&text, &said)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Archive {
    fn parse(text: &str) -> Archive {
        let mut archive = Archive { preface: String::new(), cases: Vec::new(), files: Vec::new() };
        for line in text.split_inclusive('\n') {
            let name = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
            if let Some(name) = name {
                archive.files.push((name.to_owned(), String::new()));
            } else if let Some((_, content)) = archive.files.last_mut() {
                content.push_str(line);
            } else if let Some(command) = line.strip_prefix("$ ") {
                archive.cases.push(Case { command: command.trim_end().to_owned(), said: String::new() });
            } else if let Some(case) = archive.cases.last_mut() {
                case.said.push_str(line);
            } else {
                archive.preface.push_str(line);
            }
        }
        archive
    }

    fn is_real(&self) -> bool {
        self.preface.lines().any(|line| line == "with rustc")
    }

    /// Runs every command, and puts what it said in the place of what it should have said.
    fn play(&mut self) {
        let sandbox = if self.is_real() { Sandbox::new() } else { Sandbox::fake() };
        for (name, content) in &self.files {
            match content.starts_with("#!") {
                true => sandbox.script(name, content),
                false => sandbox.write(name, content),
            };
        }
        for case in &mut self.cases {
            case.said = said(&sandbox.sh(&case.command).run(), sandbox.root());
        }
    }

    fn render(&self) -> String {
        let mut text = self.preface.clone();
        for case in &self.cases {
            text.push_str(&format!("$ {}\n{}", case.command, case.said));
        }
        for (name, content) in &self.files {
            text.push_str(&format!("-- {name} --\n{content}"));
        }
        text
    }
}

fn said(ran: &Ran, root: &Path) -> String {
    let root = root.to_str().unwrap();
    let mut text: String = ran.stdout.lines().map(|line| format!("{line}\n")).collect();
    text.extend(ran.stderr.lines().map(|line| format!("! {line}\n")));
    if ran.code != 0 {
        text.push_str(&format!("[{}]\n", ran.code));
    }
    without_digests(&text.replace(root, "$ROOT"))
}

/// The lines that are in one of two texts only.
fn differences(expected: &str, said: &str) -> String {
    let (expected, said): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), said.lines().collect());
    let same = expected.iter().zip(&said).take_while(|(one, two)| one == two).count();
    let end = expected[same..].iter().rev().zip(said[same..].iter().rev());
    let same_end = end.take_while(|(one, two)| one == two).count();
    let marked = |mark: char, lines: &[&str]| -> String {
        lines[same..lines.len() - same_end].iter().map(|line| format!("{mark} {line}\n")).collect()
    };
    format!("line {}\n{}{}", same + 1, marked('-', &expected), marked('+', &said))
}
