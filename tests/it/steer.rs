//! What is shown of a run, and done with it: `-x`, `-n`, `-v`, `--work`, `--timings`, `--exec`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::machine::works;
use crate::sandbox::{Ran, Run, Sandbox, files_below, skipped, tested};

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

/// What was said on stderr as a shell would be given it, without what is not a command.
fn transcript(ran: &Ran) -> String {
    ran.stderr.clone()
}

/// `$WORK` in a transcript.
#[track_caller]
fn work_of(transcript: &str) -> PathBuf {
    let line = transcript.lines().find_map(|line| line.strip_prefix("WORK="));
    PathBuf::from(line.unwrap_or_else(|| panic!("no WORK in\n{transcript}")))
}

/// Pastes a transcript into a shell, in an environment with more in it than the one it was made in.
fn paste<'a>(sandbox: &'a Sandbox, transcript: &str) -> Run<'a> {
    sandbox.command("/bin/sh").args(["-e"]).input(transcript)
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
    // And of what is handed on.
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

/// The one binary in the cache.
#[track_caller]
fn binary(sandbox: &Sandbox) -> PathBuf {
    let found = files_below(&sandbox.cache().join("v1/bin"));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
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
fn a_hit_shows_only_what_is_run() {
    let sandbox = Sandbox::fake();
    let script = sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let line = format!("env RUNNER_SCRIPT={} {} 'a b'\n", script.display(), binary(&sandbox).display());
    sandbox.runner(["-x", "x.rs", "a b"]).run().ends(0, "x\n", &line);
    sandbox.runner(["-n", "x.rs", "a b"]).run().ends(0, "", &line);
    sandbox
        .runner(["-n", "--exec", "no-such-debugger --args", "x.rs"])
        .run()
        .fails(127, "which is not on PATH");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn the_environment_of_a_build_is_shown_where_it_is_not_the_callers() {
    let sandbox = Sandbox::fake().with("CARGO_TARGET_DIR", "/else where").with("RUSTFLAGS", "--cfg=x");
    sandbox.write("x.rs", "print x\n");
    let ran = sandbox.runner(["-x", "x.rs"]).run();
    let line = ran.stderr.lines().find(|line| line.contains("--crate-name")).unwrap();
    assert!(line.contains("env -u CARGO_TARGET_DIR "), "{line}");
    for part in [" RUSTFLAGS=--cfg=x ", " CARGO_PKG_NAME=x ", " -o \"$WORK\"/program "] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("HOME="), "{line}");
}

#[test]
fn a_rehearsal_builds_runs_and_writes_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let rehearsed = sandbox.runner(["-n", "x.rs", "a b"]).run();
    assert_eq!((rehearsed.code, rehearsed.stdout.as_str()), (0, ""));
    assert!(rehearsed.stderr.ends_with("\"$WORK\"/program 'a b'\n"), "{}", rehearsed.stderr);
    assert!(!work_of(&rehearsed.stderr).exists());
    let built = sandbox.runner(["build", "-n", "x.rs", "-o", "out/"]).run();
    let place = sandbox.path("out/x");
    let last = format!("cp \"$WORK\"/program {0}\nchmod 755 {0}\n", place.display());
    assert!(built.code == 0 && built.stderr.ends_with(&last), "{}", built.stderr);
    assert_eq!(sandbox.compiles(), 0);
    assert!(!sandbox.path("out").exists() && !sandbox.cache().exists());
    assert_eq!(fs::read_dir(sandbox.root().join("tmp")).unwrap().count(), 0);
    // Pasted, it is done.
    sandbox.command("/bin/sh").args(["-e"]).input(&rehearsed.stderr).run().prints("x\n");
    sandbox.command("/bin/sh").args(["-e"]).input(&built.stderr).run().prints("");
    sandbox.command(place).run().prints("x\n");
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
    // Once they are built everything is known.
    sandbox.runner(["it's d.rs"]).run().prints("made 42\n");
    let again = sandbox.runner(["-n", "--force", "it's d.rs"]).run();
    paste(&sandbox, &transcript(&again)).run().prints("made 42\n");
}

#[test]
fn errors_of_a_rehearsal_are_those_of_a_run() {
    let sandbox = Sandbox::fake();
    sandbox.write("bad.rs", "---\nprofile = \n---\nprint x\n");
    let expected = sandbox.runner(["bad.rs"]).run();
    let rehearsed = sandbox.runner(["-n", "bad.rs"]).run();
    assert_eq!((rehearsed.code, &rehearsed.stderr), (expected.code, &expected.stderr));
    assert_eq!(expected.code, 125);
    sandbox.runner(["-n", "nowhere.rs"]).run().fails(127, "runner --help`");
}

#[test]
fn work_is_kept_and_told() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let ran = sandbox.runner(["--work", "x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "x\n"));
    let work = work_of(&ran.stderr);
    assert_eq!(ran.stderr, format!("WORK={}\n", work.display()));
    assert_eq!(fs::metadata(&work).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(work.join("program.d").is_file());
    sandbox.command(work.join("program")).run().prints("x\n");
    // It is the user's now.
    sandbox.runner(["cache", "clean"]).run();
    assert!(work.is_dir() && work.starts_with(sandbox.root().join("tmp")));
    // A hit builds nowhere.
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox.runner(["--work", "x.rs"]).run().prints("x\n");
    assert_eq!(fs::read_dir(sandbox.root().join("tmp")).unwrap().count(), 1);
}

#[test]
fn work_of_a_script_that_does_not_compile_is_kept() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "fail on purpose\n");
    let ran = sandbox.runner(["--work", "x.rs"]).run();
    assert_eq!(ran.code, 125);
    assert!(work_of(&ran.stderr).is_dir());
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
fn timings_come_last_and_add_up() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    for (expected, missing) in [("compiling x", ""), ("looking in the cache", "compiling x")] {
        let ran = sandbox.runner(["--timings", "x.rs"]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "x\n"));
        let lines: Vec<(f64, &str)> = ran
            .stderr
            .lines()
            .map(|line| line.trim().split_once(" ms  ").unwrap_or_else(|| panic!("{line}")))
            .map(|(milliseconds, what)| (milliseconds.parse().unwrap(), what))
            .collect();
        let names: Vec<&str> = lines.iter().map(|(_, what)| *what).collect();
        assert!(names.contains(&expected) && names.contains(&"running it"), "{names:?}");
        assert!(missing.is_empty() || !names.contains(&missing), "{names:?}");
        let (all, name) = lines.last().unwrap();
        let sum: f64 = lines[..lines.len() - 1].iter().map(|(took, _)| took).sum();
        assert!(*name == "altogether" && (sum - all).abs() < 0.1, "{sum} {all}");
    }
    let built = sandbox.runner(["build", "--timings", "x.rs", "-o", "out"]).run();
    assert!(built.code == 0 && built.stderr.contains(" ms  keeping it\n"), "{}", built.stderr);
}

#[test]
fn a_script_runs_under_another_program() {
    let sandbox = Sandbox::fake();
    let script = sandbox.write("x.rs", "print x\n");
    sandbox.script(
        "../bin/under",
        "#!/bin/sh\nprintf '[%s]' \"$@\"\necho \" $RUNNER_SCRIPT\"\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n",
    );
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let expected = format!("[a b][c][--][{}][d e] {}\nx\n", binary(&sandbox).display(), script.display());
    sandbox.runner(["--exec", "under 'a b' c --", "x.rs", "d e"]).run().prints(&expected);
    sandbox.runner(["--exec=../bin/under 'a b' c --", "x.rs", "d e"]).run().prints(&expected);
    // The process is the other program's.
    let child = sandbox.runner(["--exec", "sh -c 'echo $$' sh", "x.rs"]).start();
    let pid = format!("{}\n", child.id());
    Ran::of("--exec", child).prints(&pid);
    assert_eq!(sandbox.compiles(), 1);
    // Without a cache it is a file all the same, and nothing of it is left.
    let ran = sandbox.runner(["--temp", "--exec", "under --", "x.rs"]).run();
    assert!(ran.code == 0 && ran.stdout.ends_with("\nx\n"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(fs::read_dir(sandbox.cache().join("v1/staging")).unwrap().count(), 0);
}

#[test]
fn a_program_to_run_under_that_is_not_there_is_named() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.write("plain", "no program\n");
    let runner = |exec: &str| sandbox.runner(["--exec", exec, "x.rs"]).run();
    runner("nowhere -a").ends(127, "", "runner: x.rs: cannot run it under `nowhere`, which is not on PATH\n");
    runner("./nowhere").ends(127, "", "runner: x.rs: cannot run it under `./nowhere`, which is not there\n");
    runner("./plain").ends(126, "", "runner: x.rs: cannot run it under `./plain`: Permission denied\n");
    for nothing in ["''", " "] {
        runner(nothing).ends(
            125,
            "",
            "runner: `--exec` names no program\n  hint: for example `--exec 'gdb --args'`\n",
        );
    }
    runner("")
        .fails(125, "hint: `--exec COMMAND`: run the program under COMMAND, e.g. `--exec 'gdb --args'`");
    runner("'open").fails(127, "cannot run it under `open`, which is not on PATH");
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
fn options_that_mean_nothing_for_a_subcommand_are_refused() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    for (option, command) in [
        ("-n", "promote"),
        ("-n", "update"),
        ("-n", "fmt"),
        ("-n", "migrate"),
        ("-x", "why"),
        ("--work", "check"),
        ("--timings", "clippy"),
    ] {
        let message = format!("`{option}` is not an option of `{command}`");
        let ran = sandbox.runner([command, option, "x.rs"]).run();
        assert!(ran.code == 125 && ran.stderr.contains(&message), "{}", ran.stderr);
    }
    let ran = sandbox.runner(["build", "--exec", "gdb", "x.rs"]).run();
    assert!(ran.stderr.contains("`--exec` is not an option of `build`"), "{}", ran.stderr);
    assert_eq!(sandbox.compiles(), 0);
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
