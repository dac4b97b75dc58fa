//! What a host can ask of a script: answers are data, and a question changes nothing.

use std::path::{Path, PathBuf};

use runner::{Dialect, Error, Level, Lint, Options, Runner, Script, Settings, Status, Step};

use crate::support::files::{files_below, replace};
use crate::support::hosts::{runner, settings, variables};
use crate::support::sandbox::Sandbox;

fn open(runner: &Runner, path: &Path) -> Script {
    Script::open(path, &runner.settings()).unwrap()
}

/// The files below a directory, with the moments of their last change.
fn state(directory: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
    let mut files: Vec<_> = files_below(directory)
        .into_iter()
        .map(|path| {
            let changed = std::fs::symlink_metadata(&path).unwrap().modified().unwrap();
            (path, changed)
        })
        .collect();
    files.sort();
    files
}

fn log(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.root().join("log")).unwrap_or_default()
}

#[test]
fn a_status_starts_nothing_and_writes_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "include a.txt\n");
    sandbox.write("a.txt", "print hi\n");
    let runner = runner(sandbox.root(), &[]);
    let path = sandbox.path("x.rs");
    let options = Options::default();
    let asked = |wanted: &str| {
        let (before, calls) = (state(sandbox.root()), log(&sandbox));
        let status = runner.status(&open(&runner, &path), &options).unwrap();
        assert_eq!((state(sandbox.root()), log(&sandbox)), (before, calls), "{wanted}");
        status
    };
    let status = asked("never");
    assert!(matches!(status, Status::Never), "{status:?}");
    let built = runner.build(&open(&runner, &path), &options).unwrap();
    let status = asked("current");
    let Status::Current { program, inputs } = status else { panic!("{status:?}") };
    assert_eq!(program.path(), built.path());
    assert_eq!(program.run(runner::Run::new()).unwrap().stdout, b"hi\n");
    assert!(inputs.files.iter().any(|(file, _)| *file == sandbox.path("a.txt")), "{inputs:?}");
    replace(&sandbox.path("a.txt"), "print ho\n");
    let Status::Stale(changes) = asked("stale") else { panic!("it is stale") };
    assert!(changes.iter().any(|change| change.name.ends_with("a.txt")), "{changes:?}");
    assert_eq!(sandbox.compiles(), 1);
    // What cannot be built has no status.
    let wrong = sandbox.write("y.rs", "---\n[dependencies\n---\nfn main() {}\n");
    let error = runner.status(&open(&runner, &wrong), &options).unwrap_err();
    assert_eq!((error.step(), error.place()), (Step::Metadata, Some((2, 14))), "{error}");
}

#[test]
fn metadata_are_data_and_no_policy_is_asked() {
    let sandbox = Sandbox::fake();
    let text = "#!/usr/bin/env -S runner --profile dev\n---\n[package]\nedition = \"2021\"\n[dependencies]\nfnv = \"1\"\n\
                [package.metadata.runner]\ntoolchain = \"/evil\"\nargs = [\"--x\"]\n---\nfn main() {}\n";
    let path = sandbox.write("x.rs", text);
    let runner = Runner::new(settings(sandbox.root()).policy(runner::Policy::refusing()));
    let metadata = runner.metadata(&open(&runner, &path), &Options::default()).unwrap();
    assert_eq!((metadata.language.as_str(), metadata.dialect), ("rust", Some(Dialect::Cargo)));
    assert_eq!(metadata.edition.as_deref(), Some("2021"));
    assert_eq!(metadata.dependencies, [("fnv".to_owned(), "1".to_owned())]);
    for (name, value) in [("profile", "dev"), ("toolchain", "/evil"), ("args", "--x")] {
        assert!(metadata.settings.contains(&(name.to_owned(), value.to_owned())), "{metadata:?}");
    }
    assert_eq!(metadata.to_json()["settings"][0]["name"], "profile");
    assert_eq!(log(&sandbox), "");
    let c = sandbox.write("y.c", "int main(void) { return 0; }\n");
    assert_eq!(runner.metadata(&open(&runner, &c), &Options::default()).unwrap().language, "c");
}

/// What a compiler says that finds an error.
const SAID: &str = r#"{"$message_type":"diagnostic","message":"mismatched types","code":{"code":"E0308","explanation":null},"level":"error","spans":[{"file_name":"x.rs","byte_start":0,"byte_end":5,"line_start":1,"line_end":1,"column_start":1,"column_end":6,"is_primary":true,"text":[{"text":"print hi","highlight_start":1,"highlight_end":6}],"label":"here","suggested_replacement":null,"suggestion_applicability":null,"expansion":null}],"children":[],"rendered":"error[E0308]: mismatched types\n"}"#;

/// A sandbox whose compiler knows its version, and says that of everything.
fn complaining() -> (Sandbox, Settings) {
    let sandbox = Sandbox::fake();
    let rustc = sandbox.root().join("fake/rustc");
    std::fs::rename(&rustc, sandbox.root().join("fake/rustc-that-knows")).unwrap();
    let text = format!(
        "#!/bin/sh\nfor word; do case $word in -vV | --print) exec \"$0-that-knows\" \"$@\" ;; esac; done\n\
         echo \"compile\" >>\"$FAKE_LOG\"\nprintf '%s\\n' '{SAID}' >&2\nexit 1\n"
    );
    sandbox.script("../fake/rustc", text);
    let settings = settings(sandbox.root()).variables(variables(sandbox.root()));
    (sandbox, settings)
}

fn is_what_was_said(diagnostics: &[runner::Diagnostic]) {
    let [diagnostic] = diagnostics else { panic!("{diagnostics:?}") };
    assert_eq!((diagnostic.level, diagnostic.code.as_deref()), (Level::Error, Some("E0308")));
    assert_eq!((diagnostic.spans[0].start.line, diagnostic.spans[0].start.column), (1, 1));
    assert!(diagnostic.rendered.starts_with("error[E0308]"));
}

#[test]
fn diagnostics_are_data_in_a_check_and_in_the_error_of_a_build() {
    let (sandbox, settings) = complaining();
    let path = sandbox.write("x.rs", "print hi\n");
    let runner = Runner::new(settings);
    let checked = runner.diagnose(&open(&runner, &path), &Options::default(), Lint::Check).unwrap();
    assert!(!checked.is_ok);
    is_what_was_said(&checked.diagnostics);
    let error: Error = runner.build(&open(&runner, &path), &Options::default()).unwrap_err();
    assert_eq!(error.step(), Step::Compile);
    is_what_was_said(error.diagnostics());
    assert_eq!(error.subject(), Some(path.to_str().unwrap()));
}

#[test]
fn a_formatted_text_is_not_written() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "fn main () { }\n");
    sandbox.script("../fake/rustfmt", "#!/bin/sh\nsed 's/main ()/main()/'\n");
    let runner = runner(sandbox.root(), &[]);
    let text = runner.formatted(&open(&runner, &path), &Options::default()).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "fn main() { }\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "fn main () { }\n");
    sandbox.script("../fake/rustfmt", "#!/bin/sh\nexit 1\n");
    let error = runner.formatted(&open(&runner, &path), &Options::default()).unwrap_err();
    assert_eq!(error.step(), Step::Compile, "{error}");
}
