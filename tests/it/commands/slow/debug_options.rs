//! `-x`, `-n`, `-v`, `--exec` with real compilers: a pasted transcript builds and runs the same.

use std::fs;
use std::path::Path;

use crate::support::machine::works;
use crate::support::sandbox::{Sandbox, skipped, tested};
use crate::support::transcript::{binary, paste, transcript, work_of};

/// Answers on standard output; a mistake would show.
const HELLO: &str = "#!/usr/bin/env runner\nfn main() {\n    let all: Vec<String> = std::env::args().skip(1).collect();\n    \
                     println!(\"hello {all:?} {}\", env!(\"CARGO_PKG_NAME\"));\n}\n";

/// With a dependency that has a build script and one that is a procedural macro, beside the script.
fn with_dependencies(sandbox: &Sandbox) {
    sandbox.write(
        "made/Cargo.toml",
        "[package]\nname = \"made\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[dependencies]\nmacros = { path = \"../macros\" }\n",
    );
    sandbox.write(
        "made/build.rs",
        "fn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
         std::fs::write(format!(\"{out}/word.rs\"), \"\\\"made\\\"\").unwrap();\n}\n",
    );
    sandbox.write("made/src/lib.rs", "pub const WORD: &str = include!(concat!(env!(\"OUT_DIR\"), \"/word.rs\"));\npub use macros::number;\n");
    sandbox.write(
        "macros/Cargo.toml",
        "[package]\nname = \"macros\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n",
    );
    sandbox.write(
        "macros/src/lib.rs",
        "#[proc_macro]\npub fn number(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \"42\".parse().unwrap()\n}\n",
    );
    sandbox.script(
        "it's d.rs",
        "#!/usr/bin/env runner\n---\n[dependencies]\nmade = { path = \"made\" }\n---\nfn main() {\n    \
         println!(\"{} {}\", made::WORD, made::number!());\n}\n",
    );
}

#[test]
fn a_pasted_transcript_builds_and_runs_the_same() {
    let sandbox = Sandbox::new();
    sandbox.script("hello.rs", HELLO);
    let ran = sandbox.runner(["-x", "hello.rs", "a b", "it's", "$HOME"]).run();
    let expected = "hello [\"a b\", \"it's\", \"$HOME\"] hello\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{}", ran.stderr);
    let binary = binary(&sandbox);
    let before = fs::read(&binary).unwrap();
    fs::remove_dir_all(sandbox.cache()).unwrap();
    // Flags of the shell it is pasted into have no say.
    let pasted = paste(&sandbox, &transcript(&ran)).env("CARGO_PKG_NAME", "other").run();
    assert_eq!((pasted.code, pasted.stdout.as_str()), (0, expected), "{}\n{}", ran.stderr, pasted.stderr);
    assert_eq!(fs::read(binary).unwrap(), before);
    assert!(work_of(&ran.stderr).join("program").exists());
}

#[test]
fn a_pasted_transcript_builds_dependencies_too() {
    let sandbox = Sandbox::new();
    with_dependencies(&sandbox);
    let ran = sandbox.runner(["-x", "it's d.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "made 42\n"), "{}", ran.stderr);
    let binary = binary(&sandbox);
    let before = fs::read(&binary).unwrap();
    fs::remove_dir_all(sandbox.cache()).unwrap();
    let pasted = paste(&sandbox, &transcript(&ran)).run();
    assert_eq!(pasted.code, 0, "{}\n{}", ran.stderr, pasted.stderr);
    // What cargo says of its artifacts comes first.
    assert!(pasted.stdout.ends_with("\nmade 42\n"), "{}", pasted.stdout);
    assert_eq!(fs::read(binary).unwrap(), before);
    // What the paste left has no tag of a cache, and is not taken for one.
    fs::remove_dir_all(sandbox.cache()).unwrap();
    // And of what is handed on.
    fs::create_dir(sandbox.path("out")).unwrap();
    let ran = sandbox.runner(["build", "-x", "it's d.rs", "-o", "out/d d"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let before = fs::read(sandbox.path("out/d d")).unwrap();
    fs::remove_dir_all(sandbox.path("out")).unwrap();
    fs::remove_dir_all(sandbox.cache()).unwrap();
    let pasted = paste(&sandbox, &transcript(&ran)).run();
    assert_eq!(pasted.code, 0, "{}\n{}", ran.stderr, pasted.stderr);
    assert!(fs::read(sandbox.path("out/d d")).unwrap() == before);
    sandbox.command(sandbox.path("out/d d")).run().prints("made 42\n");
}

#[test]
fn statements_that_are_no_file_are_in_the_transcript() {
    let sandbox = Sandbox::new();
    let ran = sandbox.runner(["-x", "-e", "let it = \"it's $HOME\"; it.len()"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "10\n"), "{}", ran.stderr);
    fs::remove_dir_all(sandbox.cache()).unwrap();
    let pasted = paste(&sandbox, &transcript(&ran)).run();
    assert_eq!((pasted.code, pasted.stdout.as_str()), (0, "10\n"), "{}\n{}", ran.stderr, pasted.stderr);
}

#[test]
fn a_rehearsal_with_dependencies_shows_what_cargo_would_be_given() {
    let sandbox = Sandbox::new();
    with_dependencies(&sandbox);
    let ran = sandbox.runner(["-n", "it's d.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("[dependencies.made]"), "{}", ran.stderr);
    let last = "# how rustc is called for the script is known when cargo has built its dependencies\n";
    assert!(ran.stderr.ends_with(last), "{}", ran.stderr);
    // Cargo is content with it.
    let pasted = paste(&sandbox, &transcript(&ran)).run();
    assert!(pasted.code == 0 && pasted.stdout.contains("\"success\":true"), "{}", pasted.stderr);
    // What the paste left has no tag of a cache, and is not taken for one.
    fs::remove_dir_all(sandbox.cache()).unwrap();
    // Once they are built everything is known.
    sandbox.runner(["it's d.rs"]).run().prints("made 42\n");
    let again = sandbox.runner(["-n", "--force", "it's d.rs"]).run();
    paste(&sandbox, &transcript(&again)).run().prints("made 42\n");
}

#[test]
fn verbose_names_what_is_compiled() {
    let sandbox = Sandbox::new();
    with_dependencies(&sandbox);
    let ran = sandbox.runner(["-v", "it's d.rs"]).run();
    let lines: Vec<&str> = ran.stderr.lines().map(str::trim).collect();
    let place = |start: &str| {
        lines
            .iter()
            .position(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("{start}\n{}", ran.stderr))
    };
    for compiled in ["Compiling macros v1.0.0", "Compiling made v1.0.0"] {
        let order = [
            place("runner: it's d.rs: not built yet"),
            place("runner: it's d.rs: building dependencies"),
            place(compiled),
            place("runner: it's d.rs: compiling it, release, with rustc 1."),
        ];
        assert!(order.is_sorted(), "{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("runner-script"), "{}", ran.stderr);
}

#[test]
fn debuggers_and_tracers_work() {
    let sandbox = Sandbox::new();
    sandbox.script("hello.rs", HELLO);
    let tools: [(&str, &str, &str); 4] = [
        ("strace", "strace -f -e trace=execve", "hello [\"a\"] hello\n"),
        ("gdb", "gdb -q -batch -ex run --args", "hello [\"a\"] hello\n"),
        ("hyperfine", "sh -c 'hyperfine -N --runs 2 --warmup 0 \"$0 $1\"'", "Time"),
        ("env", "env", "hello [\"a\"] hello\n"),
    ];
    for (tool, command, expected) in tools {
        if !Path::new("/usr/bin").join(tool).exists() {
            skipped(&format!("no {tool}"));
            continue;
        }
        for way in [&[][..], &["--temp"]] {
            let ran = sandbox.command(tested()).args(way).args(["--exec", command, "hello.rs", "a"]).run();
            assert!(
                ran.code == 0 && ran.stdout.contains(expected),
                "{command}: {}{}",
                ran.stdout,
                ran.stderr
            );
        }
    }
}

#[test]
fn other_languages_have_transcripts_too() {
    let sandbox = Sandbox::new();
    if !works("gcc", &["--version"]) {
        return skipped("no gcc");
    }
    sandbox.write("word.h", "#define WORD \"word\"\n");
    sandbox.script(
        "x.c",
        "#!/usr/bin/env runner\n#include <stdio.h>\n#include \"word.h\"\nint main(int count, char **all) {\n    \
         printf(\"%d %s\\n\", count, WORD);\n}\n",
    );
    let rehearsed = sandbox.runner(["-n", "x.c", "a b"]).run();
    assert_eq!((rehearsed.code, rehearsed.stdout.as_str()), (0, ""), "{}", rehearsed.stderr);
    paste(&sandbox, &transcript(&rehearsed)).run().prints("2 word\n");
    let ran = sandbox.runner(["-x", "x.c", "a b"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "2 word\n"), "{}", ran.stderr);
    fs::remove_dir_all(sandbox.cache()).unwrap();
    paste(&sandbox, &transcript(&ran)).run().prints("2 word\n");
    let verbose = sandbox.runner(["-v", "--force", "x.c"]).run();
    assert!(verbose.stderr.contains("runner: x.c: compiling it, release, with "), "{}", verbose.stderr);
}
