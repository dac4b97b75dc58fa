//! What a compiler reads, in every way it can be made to: changed, the next run is right; touched, nothing is compiled.
//!
//! A row is a script with files beside it, one change of them, and what is printed before and after. It is run, run again,
//! touched and run, changed and run, and run again: two compilations, and right each time.

mod c_rows;
mod other_rows;

use std::fs;
use std::path::Path;

use self::c_rows::{C, EACH};
use self::other_rows::{OTHERS, RUST};
use crate::support::files::settle;
use crate::support::sandbox::Sandbox;

/// A compiler, the script, files beside it, the files after the change (empty: removed), output before and after.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const SAYS: &str = "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", A); return 0; }\n";

fn compiles(sandbox: &Sandbox, script: &str, expected: &str, what: &str) -> usize {
    let ran = sandbox.runner(["-v", script]).run();
    assert!(ran.code == 0 && ran.stdout == expected, "{script}: {what}: {} {}", ran.stdout, ran.stderr);
    ran.stderr.lines().filter(|line| line.contains("compiling it")).count()
}

/// The counts of compilations of a row if it is not as it should be.
fn try_row(compiler: &str, script: &str, text: Option<String>, row: &Row) -> Option<String> {
    let (_, _, files, changes, before, after) = row;
    let sandbox = Sandbox::new();
    let here = sandbox.work().display().to_string();
    for (name, text) in *files {
        sandbox.write(name, text.replace("\n@", &format!("\n{SAYS}")).replace("HERE", &here));
    }
    if let Some(text) = text {
        sandbox.script(script, text.replace("\n@", &format!("\n{SAYS}")));
    }
    settle();
    let first = compiles(&sandbox, script, before, "first");
    let again = compiles(&sandbox, script, before, "again");
    for (name, _) in files.iter().filter(|(name, _)| *name != script) {
        sandbox.sh(&format!("touch '{name}'")).run();
    }
    let touched = compiles(&sandbox, script, before, "touched");
    for (name, text) in *changes {
        let path = sandbox.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let ran = sandbox.runner(["-v", script]).run();
    let changed = ran.stderr.lines().filter(|line| line.contains("compiling it")).count();
    println!("{compiler} {script}: {first} {again} {touched} {changed}");
    let is_right = ran.stdout == *after && (first, again, touched, changed) == (1, 0, 0, 1);
    (!is_right).then(|| {
        format!("{compiler} {script}: {first} {again} {touched} {changed} {:?} {}", ran.stdout, ran.stderr)
    })
}

/// Whether a compiler is here; says so if not.
fn has(compiler: &str) -> bool {
    let is_there = compiler == "rustc"
        || ["/usr/local/bin", "/usr/bin"]
            .iter()
            .any(|directory| Path::new(directory).join(compiler).is_file());
    if !is_there {
        println!("skipped: no {compiler}");
    }
    is_there
}

fn try_rows(rows: &[Row]) {
    let tried = rows.iter().filter(|row| has(row.0)).filter_map(|row| try_row(row.0, row.1, None, row));
    let stale: Vec<String> = tried.collect();
    assert!(stale.is_empty(), "{stale:#?}");
}

#[test]
fn every_c_compiler() {
    let mut stale = Vec::new();
    for compiler in ["gcc", "clang", "tcc"].into_iter().filter(|compiler| has(compiler)) {
        // tcc has no `__has_include`.
        for row in EACH.iter().filter(|row| compiler != "tcc" || !row.1.contains("__has_include")) {
            let text = format!("#!/usr/bin/{compiler} {}\n{}", row.0, row.1);
            stale.extend(try_row(compiler, "./s", Some(text), row));
        }
    }
    assert!(stale.is_empty(), "{stale:#?}");
}

#[test]
fn c_and_cpp() {
    try_rows(C);
}

#[test]
fn other_languages() {
    try_rows(OTHERS);
}

#[test]
fn rust() {
    try_rows(RUST);
}

#[test]
fn without_observation_it_works_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("a.c", format!("#include \"a.h\"\n{SAYS}"));
    sandbox.write("a.h", "#define A 1\n");
    settle();
    let run = || sandbox.runner(["-v", "a.c"]).env("RUNNER_OBSERVE", "off").run();
    let first = run();
    assert!(first.stdout == "1\n" && first.stderr.contains("unobserved"), "{}", first.stderr);
    assert!(!run().stderr.contains("compiling it"));
    sandbox.write("a.h", "#define A 2\n");
    assert_eq!(run().stdout, "2\n");
    let env = sandbox.runner(["env"]).env("RUNNER_OBSERVE", "off").run();
    assert!(env.stdout.contains("what compilers report"), "{}", env.stdout);
    // What nobody reports is compiled each time.
    sandbox.write(
        "b.c",
        "// /// runner\n// flags = [\"c.c\"]\n// ///\nint c(void);\nint main(void) { return c(); }\n",
    );
    sandbox.write("c.c", "int c(void) { return 1; }\n");
    for _ in 0..2 {
        let ran = sandbox.runner(["-v", "b.c"]).env("RUNNER_OBSERVE", "off").run();
        assert!(ran.code == 1 && ran.stderr.contains("compiling it"), "{}", ran.stderr);
    }
}
