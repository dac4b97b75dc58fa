//! `runner discover`, `check --json`, `edit` and what a debugger is told, with a compiler that is a shell script.

use serde_json::Value;

use crate::support::sandbox::Sandbox;

#[test]
fn rust_analyzer_is_told_a_project_and_asks_again_when_the_metadata_change() {
    let sandbox = Sandbox::fake_hi();
    let path = sandbox.path("x.rs");
    let ask = |question: String| {
        let answer = sandbox.runner(["discover", &question]).run();
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
        let last = answer.stdout.lines().last().unwrap().to_owned();
        serde_json::from_str::<Value>(&last).unwrap()
    };
    let found = ask(format!("{{\"path\": \"{}\"}}", path.display()));
    assert_eq!(found["kind"], "finished", "{found}");
    let script = &found["project"]["crates"][0];
    assert_eq!(script["root_module"], path.to_str().unwrap());
    assert_eq!(script["edition"], "2024");
    // Nothing lies beside the script, and the build file leads back to it.
    let build_file = found["buildfile"].as_str().unwrap().to_owned();
    assert!(
        !build_file.starts_with(sandbox.path("").to_str().unwrap().trim_end_matches('/'))
            || build_file.contains("/editor/")
    );
    let before = std::fs::read_to_string(&build_file).unwrap();
    let again = ask(format!("{{\"buildfile\": \"{build_file}\"}}"));
    assert_eq!(again["project"], found["project"]);
    // A check that sees other metadata rewrites it.
    sandbox.script("x.rs", "#!/usr/bin/env runner\n---\npackage.edition = \"2018\"\n---\nprint hi\n");
    sandbox.runner(["check", "--json", "x.rs"]).run();
    assert_ne!(std::fs::read_to_string(&build_file).unwrap(), before);
    assert_eq!(
        ask(format!("{{\"buildfile\": \"{build_file}\"}}"))["project"]["crates"][0]["edition"],
        "2018"
    );
}

#[test]
fn questions_that_cannot_be_answered_are_errors_of_the_protocol_or_of_the_command() {
    let sandbox = Sandbox::fake_hi();
    let missing = sandbox.runner(["discover", "missing.rs"]).run();
    assert_eq!((missing.code, missing.stderr.as_str()), (0, ""));
    assert!(
        missing.stdout.starts_with("{\"error\":") || missing.stdout.contains("\"kind\":\"error\""),
        "{}",
        missing.stdout
    );
    let malformed = sandbox.runner(["discover", "{"]).run();
    assert_eq!((malformed.code, malformed.stdout.as_str()), (125, ""));
    assert!(malformed.stderr.contains("malformed argument of `discover`"), "{}", malformed.stderr);
}

#[test]
fn metadata_that_cannot_be_read_are_a_diagnostic_and_the_last_line_has_no_place() {
    let sandbox = Sandbox::fake_hi();
    sandbox.script("x.rs", "#!/usr/bin/env runner\n---\n[dependencies\n---\nprint hi\n");
    let checked = sandbox.runner(["check", "--json", "x.rs"]).run();
    assert_eq!((checked.code, checked.stderr.as_str()), (1, ""));
    let lines: Vec<Value> = checked.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["spans"][0]["line_start"], 3, "{}", lines[0]);
    assert_eq!(lines[0]["spans"][0]["file_name"], sandbox.path("x.rs").to_str().unwrap());
    assert_eq!(lines[1]["spans"], serde_json::json!([]));
    assert_eq!(lines[1]["message"], "1 error, 0 warnings");
}

#[test]
fn a_debugger_is_told_how_a_program_is_started() {
    let sandbox = Sandbox::fake_hi();
    sandbox.script(
        "x.rs",
        "#!/usr/bin/env runner\n---\n[package.metadata.runner]\nargs = [\"--x\"]\n---\nprint hi\n",
    );
    let built =
        sandbox.runner(["build", "--debug", "--print-path", "--json", "--link", "at/link", "x.rs"]).run();
    assert_eq!((built.code, built.stderr.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&built.stdout).unwrap();
    assert_eq!(told["run"]["argv0"], "x.rs");
    assert_eq!(told["run"]["args"], serde_json::json!(["--x"]));
    assert_eq!(told["run"]["env"]["RUNNER_SCRIPT"], sandbox.path("x.rs").to_str().unwrap());
    assert_eq!(std::fs::read_link(sandbox.path("at/link")).unwrap().to_str(), told["path"].as_str());
    // What is no link stays.
    sandbox.script("file", "mine");
    let refused = sandbox.runner(["build", "--print-path", "--link", "file", "x.rs"]).run();
    assert_eq!(refused.code, 125);
    assert_eq!(std::fs::read_to_string(sandbox.path("file")).unwrap(), "mine");
}

#[test]
fn an_editor_is_started_with_its_words_and_a_changed_script_is_checked() {
    let sandbox = Sandbox::fake_hi();
    sandbox.script(
        "my editor",
        "#!/bin/sh\necho \"$# $1\" >>edited\nfor last; do :; done\necho '// more' >>\"$last\"\n",
    );
    let editor = format!("'{}' -w", sandbox.path("my editor").display());
    let edited = sandbox.runner(["edit", "x.rs"]).env("VISUAL", editor).run();
    assert_eq!((edited.code, edited.stderr.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(sandbox.path("edited")).unwrap(), "2 -w\n");
    let missing = sandbox.runner(["edit", "x.rs"]).env("VISUAL", "/nowhere/editor").run();
    assert_eq!(missing.code, 127);
    assert!(missing.stderr.contains("cannot run the editor `/nowhere/editor`"), "{}", missing.stderr);
}

#[test]
fn settings_are_printed_for_every_editor_that_is_named() {
    let sandbox = Sandbox::fake();
    for name in ["vscode", "neovim", "helix", "zed", "emacs", "sublime", "kakoune"] {
        let printed = sandbox.runner(["edit", "--print-config", name]).run();
        assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
        let golden = format!("{}/tests/it/editor/config/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(printed.stdout, std::fs::read_to_string(golden).unwrap(), "{name}");
    }
    let unknown = sandbox.runner(["edit", "--print-config", "ed"]).run();
    assert_eq!(unknown.code, 125);
    assert!(unknown.stderr.contains("unknown editor `ed`"), "{}", unknown.stderr);
}
