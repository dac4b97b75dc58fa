//! Called by another's name: the command lines of rust-script, its ancestors, scriptisto and gorun.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::sandbox::{RUNNER, Run, Sandbox};

/// Links of these names to runner, on PATH.
fn named(sandbox: &Sandbox) {
    for name in ["rust-script", "cargo-eval", "cargo-script", "run-cargo-script", "scriptisto", "gorun"] {
        symlink(RUNNER, sandbox.root().join("bin").join(name)).unwrap();
    }
}

fn call<'a>(sandbox: &'a Sandbox, name: &str, arguments: &[&str]) -> Run<'a> {
    sandbox.command(sandbox.root().join("bin").join(name)).args(arguments)
}

const SAYS: &str = "argument --edition*\nargument -C debuginfo=2\n";

#[test]
fn rust_scripts_options_have_its_meaning() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    sandbox.write("s.rs", SAYS);
    for (arguments, expected) in [
        (&["s.rs"][..], "--edition=2021\n"),
        (&["--debug", "s.rs"], "--edition=2021\n-C debuginfo=2\n"),
        (&["-fo", "s.rs"], "--edition=2021\n"),
        (&["-c", "--debug", "-f", "--", "s.rs", "--debug"], "--edition=2021\n-C debuginfo=2\n"),
        (&["-t", "nightly", "s.rs"], "--edition=2021\n"),
        (&["-tnightly", "s.rs"], "--edition=2021\n"),
        (&["--toolchain=nightly", "s.rs"], "--edition=2021\n"),
        (&["-c --debug", "s.rs"], "--edition=2021\n-C debuginfo=2\n"),
        (&["-b", "/", "s.rs"], "--edition=2021\n"),
    ] {
        let ran = call(&sandbox, "rust-script", arguments).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{arguments:?}: {}", ran.stderr);
    }
    // Under runner's own name it is another script.
    sandbox.runner(["s.rs"]).run().prints("--edition=2024\n");
}

#[test]
fn what_goes_wrong_before_the_script_runs_is_one() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    sandbox.write("bad.rs", "fail here\n");
    for (arguments, message) in [
        (&["none.rs"][..], "runner: none.rs: no such script\n"),
        (&["--bogus", "bad.rs"], "runner: there is no option `--bogus`\n"),
        (&["--debug=x", "bad.rs"], "runner: `--debug` takes no value\n"),
        (&["-t"], "runner: `-t` needs a value\n"),
        (&[], "runner: a script is missing\n"),
        (&["bad.rs"], "error: here\nrunner: bad.rs: rustc failed (exit status: 1); nothing was cached\n"),
        (&["-d", "=", "bad.rs"], "runner: `--dep =` is not a dependency\n"),
    ] {
        let ran = call(&sandbox, "rust-script", arguments).run();
        assert_eq!(ran.code, 1, "{arguments:?}");
        assert!(ran.stderr.starts_with(message), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_shebang_that_names_a_tool_finds_the_drop_in() {
    let sandbox = Sandbox::new();
    named(&sandbox);
    let main =
        "fn main() { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); std::process::exit(7) }\n";
    for (name, line) in [
        ("a", "#!/usr/bin/env rust-script"),
        ("b", "#!/usr/bin/env -S rust-script -c --debug"),
        ("c", "#!/usr/bin/env run-cargo-script"),
        ("d", "#!/usr/bin/env -S cargo-eval --"),
    ] {
        let script = sandbox.script(name, format!("{line}\n{main}"));
        let ran = sandbox.command(&script).args(["--debug", "x"]).run();
        let expected = format!("[{script:?}, \"--debug\", \"x\"]\n");
        assert_eq!((ran.code, ran.stdout), (7, expected), "{line}: {}", ran.stderr);
    }
}

#[test]
fn rust_script_finds_what_else_it_is_used_for() {
    let sandbox = Sandbox::new();
    named(&sandbox);
    sandbox.write(
        "s.rs",
        "//! ```cargo\n//! [dependencies]\n//! ```\nfn main() { println!(\"{}\", std::env::args().count()); }\n#[test]\nfn t() {}\n",
    );
    call(&sandbox, "rust-script", &["-w", "env X=1", "s.rs", "a"]).run().prints("2\n");
    call(&sandbox, "rust-script", &["-e", "1 + 1"]).run().prints("2\n");
    call(&sandbox, "rust-script", &["-l", "|line| line.len()"]).input("ab\n").run().prints("3\n");
    let tests = call(&sandbox, "rust-script", &["--test", "s.rs"]).run();
    assert!(tests.code == 0 && tests.stdout.contains("1 passed"), "{}{}", tests.stdout, tests.stderr);

    let tests = call(&sandbox, "rust-script", &["--test", "s.rs", "nothing", "--", "--nocapture"]).run();
    assert!(tests.code == 0 && tests.stdout.contains("1 filtered out"), "{}{}", tests.stdout, tests.stderr);

    let package = call(&sandbox, "rust-script", &["-p", "s.rs"]).run();
    let place = PathBuf::from(package.stdout.trim_end());
    let manifest: toml::Table = std::fs::read_to_string(place.join("Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("s"));
    assert_eq!(manifest["bin"][0]["path"].as_str().map(PathBuf::from), Some(sandbox.path("s.rs")));
    let there = sandbox.path("there").display().to_string();
    call(&sandbox, "rust-script", &["--pkg-path", "there", "-p", "s.rs"]).run().prints(&format!("{there}\n"));

    call(&sandbox, "rust-script", &["--clear-cache", "s.rs"]).run().prints("1\n");
    assert_eq!(sandbox.cached("bin").len(), 1);
    assert_eq!(call(&sandbox, "rust-script", &["--clear-cache"]).run().code, 0);
    assert!(sandbox.cached("bin").is_empty());
}

#[test]
fn cargos_own_first_word_is_dropped() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    sandbox.write("s.rs", SAYS);
    call(&sandbox, "cargo-eval", &["eval", "s.rs"]).run().prints("--edition=2021\n");
    call(&sandbox, "cargo-script", &["script", "--debug", "s.rs"])
        .run()
        .prints("--edition=2021\n-C debuginfo=2\n");
    call(&sandbox, "run-cargo-script", &["s.rs"]).run().prints("--edition=2021\n");
    call(&sandbox, "cargo-script", &["--build-only", "s.rs"]).run().prints("");
}

#[test]
fn scriptisto_and_gorun_run_scripts() {
    let sandbox = Sandbox::fake();
    named(&sandbox);
    let header = "// scriptisto-begin\n// script_src: main.rs\n// build_cmd: rustc --edition 2018 main.rs\n// scriptisto-end\n";
    sandbox.write("s", format!("#!/usr/bin/env scriptisto\n{header}{SAYS}"));
    call(&sandbox, "scriptisto", &["s"]).run().prints("--edition=2018\n");
    call(&sandbox, "scriptisto", &["build", "s"]).run().prints("");
    call(&sandbox, "scriptisto", &["build", "-b", "full", "s"]).run().prints("");
    assert_eq!(sandbox.compiles(), 2);
    let cleaned = call(&sandbox, "scriptisto", &["cache", "clean", "s"]).run();
    assert!(cleaned.code == 0 && cleaned.stdout.starts_with("removed 2 builds"), "{}", cleaned.stdout);
    assert_eq!(call(&sandbox, "scriptisto", &["new"]).run().code, 1);

    sandbox.write("g", "#!/usr/bin/env gorun\npackage main\n");
    let ran = call(&sandbox, "gorun", &["g"]).env("PATH", sandbox.root().join("fake")).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.starts_with("runner: g: `go` is not on PATH"), "{}", ran.stderr);
}
