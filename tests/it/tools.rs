//! `runner check`, `clippy`, `doc` and `fmt`, on any dialect and with the script's own path and lines.

use std::path::Path;

use crate::sandbox::{Sandbox, skipped};

/// The three forms of one script, whose line of code with a complaint is the last but one.
fn dialects() -> [(&'static str, String); 3] {
    let code =
        "//! About it.\nfn one() -> i32 {\n    return 1;\n}\nfn main() {\n    let unused = one();\n}\n";
    [
        ("frontmatter.rs", format!("#!/usr/bin/env runner\n---\n[package]\nedition = \"2021\"\n---\n{code}")),
        ("block.rs", format!("//! ```cargo\n//! [package]\n//! edition = \"2021\"\n//! ```\n{code}")),
        ("plain.rs", code.to_owned()),
    ]
}

#[test]
fn check_and_clippy_speak_of_the_scripts_own_lines() {
    let sandbox = Sandbox::new();
    for (name, text) in dialects() {
        let name = format!("sub/{name}");
        sandbox.write(&name, &text);
        let line_of = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
        let checked = sandbox.runner(["check", &name]).run();
        assert_eq!((checked.code, checked.stdout.as_str()), (0, ""), "{}", checked.stderr);
        let place = format!("--> {name}:{}:9", line_of("unused"));
        assert!(checked.stderr.contains(&place), "{}", checked.stderr);
        let linted = sandbox.runner(["clippy", &name]).run();
        if linted.code == 127 {
            return skipped("no clippy");
        }
        let place = format!("--> {name}:{}:5", line_of("return"));
        assert!(linted.code == 0 && linted.stderr.contains(&place), "{}", linted.stderr);
        let strict = sandbox.runner(["clippy", &name, "--", "-Dwarnings"]).run();
        assert_eq!(strict.code, 125);
        assert!(
            strict.stderr.trim_end().ends_with("clippy-driver failed (exit status: 1)"),
            "{}",
            strict.stderr
        );
    }
}

#[test]
fn check_says_what_cargo_would_warn_of() {
    let sandbox = Sandbox::new();
    sandbox.write("s.rs", "---\nfoo = 1\n---\nfn main() {}\n");
    sandbox.runner(["check", "s.rs"]).run().ends(
        0,
        "",
        "runner: s.rs: warning: `package.edition` is unspecified, defaulting to the latest edition (currently `2024`)\n\
         runner: s.rs: warning: line 2: unused manifest key: foo\n",
    );
    sandbox.write("s.rs", "---\n---\nfn main() { let x: u8 = \"\"; }\n");
    let failed = sandbox.runner(["check", "s.rs"]).run();
    assert!(failed.stderr.contains("\n --> s.rs:3:25\n"), "{}", failed.stderr);
    failed.fails(125, "runner: s.rs: rustc failed (exit status: 1)");
    // Nothing of it is taken for a build.
    assert!(sandbox.cached("bin").is_empty());
}

#[test]
fn documentation_goes_where_it_is_asked_to() {
    let sandbox = Sandbox::new();
    for (name, text) in dialects() {
        sandbox.write(name, text);
        let ran = sandbox.runner(["doc", name, "-o", "docs"]).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let page = sandbox.path("docs").join(Path::new(name).file_stem().unwrap()).join("index.html");
        assert_eq!(ran.stdout.trim_end(), page.to_str().unwrap());
        assert!(std::fs::read_to_string(page).unwrap().contains("About it."));
    }
    let ran = sandbox.runner(["doc", "plain.rs"]).run();
    assert!(Path::new(ran.stdout.trim_end()).starts_with(sandbox.cache()), "{}", ran.stdout);
}

#[test]
fn formatting_is_rustfmts() {
    let sandbox = Sandbox::new();
    for (name, text) in dialects() {
        let badly = text.replace("fn main() {", "fn main( ) {");
        let path = sandbox.write(name, &badly);
        let shown = sandbox.runner(["fmt", name, "--check"]).run();
        if shown.code == 127 {
            return skipped("no rustfmt");
        }
        assert_eq!(shown.code, 1, "{}", shown.stderr);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), badly);
        sandbox.runner(["fmt", name]).run().prints("");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        sandbox.runner(["fmt", "--check", name]).run().prints("");
    }
    sandbox.write("mainless.rs", "println!(\"x\");\n");
    sandbox.runner(["fmt", "mainless.rs"]).run().ends(
        125,
        "",
        "runner: mainless.rs: it has no `main`, and rustfmt formats whole programs only\n  \
         hint: put its statements into `fn main() { … }`\n",
    );
}

#[test]
fn dependencies_are_those_of_a_run() {
    let sandbox = Sandbox::new();
    sandbox.write("d/Cargo.toml", "[package]\nname = \"d\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("d/src/lib.rs", "pub fn two() -> i32 { 2 }\n");
    sandbox.write("s.rs", "---\n[package]\nedition = \"2021\"\n[dependencies]\nd = { path = \"d\" }\n---\nfn main() { println!(\"{}\", d::two()) }\n");
    sandbox.runner(["check", "s.rs"]).run().prints("");
    sandbox.runner(["s.rs"]).run().prints("2\n");
    let ran = sandbox.runner(["doc", "s.rs"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}
