//! No metadata becomes an argument, a command or a file: whatever a script says, compilers are called as they should be.

use std::fs;
use std::path::PathBuf;

use crate::support::files::{files_below, tree, write_program};
use crate::support::sandbox::Sandbox;

/// A compiler that notes its arguments, one a line, and then is the fake one.
fn with_noted_arguments() -> Sandbox {
    let sandbox = Sandbox::fake();
    let compiler = sandbox.root().join("fake/rustc");
    fs::rename(&compiler, sandbox.root().join("fake/rustc-behind")).unwrap();
    let script = "#!/bin/sh\nfor argument; do printf '%s\\0' \"$argument\"; done >>\"$FAKE_LOG-arguments\"\nexec \"$0-behind\" \"$@\"\n";
    write_program(&compiler, script);
    sandbox
}

fn noted(sandbox: &Sandbox) -> Vec<String> {
    let bytes = fs::read(sandbox.root().join("log-arguments")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// Options whose value is the next argument.
const WITH_VALUE: &[&str] =
    &["--crate-name", "--crate-type", "-C", "--cfg", "--check-cfg", "-o", "-A", "-W", "-D", "-F"];

/// Every argument of its own is one that runner may pass, whatever the metadata said.
fn assert_known(arguments: &[String], context: &str) {
    let known = [
        "--edition=2",
        "--emit=link,dep-info=/",
        "--color=never",
        "--remap-path-prefix=",
        "--remap-path-scope=",
        "--warn=",
        "--allow=",
        "--deny=",
        "--forbid=",
        "--check-cfg=cfg(",
        "--error-format=json",
        "--json=diagnostic-rendered-ansi",
        "-Zcrate-attr=feature(frontmatter)",
        "-Zcrate-attr=allow(unused_features)",
        "-Zallow-features=frontmatter",
        "-vV",
        "/",
    ];
    let mut all = arguments.iter().filter(|argument| !argument.is_empty());
    while let Some(argument) = all.next() {
        if WITH_VALUE.contains(&argument.as_str()) {
            let value = all.next().unwrap();
            assert!(!value.starts_with(['-', '@']), "{context}: {argument} {value}");
        } else {
            // `-` alone: a script without `main` is read from standard input.
            let is_known = argument == "-" || known.iter().any(|known| argument.starts_with(known));
            assert!(is_known, "{context}: {argument}");
        }
    }
}

#[test]
fn metadata_cannot_smuggle_arguments_to_the_compiler() {
    let texts = [
        "--cfg=evil",
        "-Clinker=evil",
        "@/etc/passwd",
        "x --cfg evil",
        "x\ny",
        "x\"y",
        "x\u{1b}[2Jy",
        "../../x",
        "x\u{0}y",
        "$(touch evil)",
        "`touch evil`; touch evil",
    ];
    let places = [
        "[package]\nname = TEXT",
        "[package]\nversion = TEXT",
        "[package]\nedition = TEXT",
        "[package]\nauthors = [TEXT]\ndescription = TEXT\nhomepage = TEXT\nlicense = TEXT",
        "[package]\nrust-version = TEXT",
        "[package.metadata.runner]\ntoolchain = TEXT",
        "[package.metadata.rustscript]\ntoolchain = TEXT",
        "[package.metadata.runner]\nprofile = TEXT",
        "[package.metadata.runner]\ninputs = [TEXT]",
        "[package.metadata.runner]\nenv = [TEXT]",
        "[features]\ndefault = [TEXT]",
        "[features]\nTEXT = []",
        "[lints.rust]\nTEXT = \"warn\"",
        "[lints.TEXT]\nx = \"warn\"",
        "[lints.rust]\nunused = TEXT",
        "[lints.rust]\nunexpected_cfgs = { level = \"warn\", check-cfg = [TEXT] }",
        "[profile.release]\nopt-level = TEXT",
        "[profile.release]\nlto = TEXT",
        "[profile.release]\ncodegen-units = TEXT",
        "[profile.release]\npanic = TEXT",
        "[profile.release]\nstrip = TEXT",
        "[profile.release]\nsplit-debuginfo = TEXT",
        "[profile.release]\nrustflags = [TEXT]",
        "[profile.TEXT]\ninherits = \"release\"",
        "[profile.x]\ninherits = TEXT\n[package.metadata.runner]\nprofile = \"x\"",
        "[TEXT]\nx = 1",
    ];
    let sandbox = with_noted_arguments();
    let mut count = 0;
    for place in places {
        for text in texts {
            let quoted = format!("{text:?}").replace("\\0", "\\u0000").replace("\\u{1b}", "\\u001b");
            let context = place.replace("TEXT", &quoted);
            for form in [
                format!("---\n{context}\n---\nprint right\n"),
                format!("//! ```cargo\n{}\n//! ```\nprint right\n", commented(&context)),
            ] {
                sandbox.write("x.rs", form);
                let _ = fs::remove_file(sandbox.root().join("log-arguments"));
                let before = tree(&sandbox.work());
                let ran = sandbox.runner(["--offline", "x.rs"]).run();
                let is_right = ran.code == 0 && ran.stdout == "right\n" && ran.stderr.is_empty();
                let is_refused = matches!(ran.code, 125 | 127) && ran.stdout.is_empty();
                assert!(is_right || is_refused, "{context}: {} {:?} {:?}", ran.code, ran.stdout, ran.stderr);
                let is_printable = ran.stderr.chars().all(|c| c == '\n' || !c.is_control());
                assert!(is_printable, "{context}: {:?}", ran.stderr);
                let said = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count();
                assert_eq!(said, usize::from(is_refused), "{context}: {}", ran.stderr);
                assert_known(&noted(&sandbox), &context);
                assert_eq!(tree(&sandbox.work()), before, "{context}");
                count += 1;
            }
        }
    }
    println!("metadata: {count} scripts that try to smuggle something");
}

fn commented(text: &str) -> String {
    text.lines().map(|line| format!("//! {line}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn metadata_cannot_make_cargo_write_or_run_anything_else() {
    let sandbox = Sandbox::new();
    sandbox.write("word/Cargo.toml", "[package]\nname = \"word\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("word/src/lib.rs", "pub const WORD: &str = \"word\";\n");
    sandbox.write("evil.rs", "fn main() { std::fs::write(\"/proc/self/cwd/pwned\", \"\").unwrap(); }\n");
    let evil = sandbox.path("evil.rs");
    let extras = [
        format!("[package]\nbuild = {evil:?}"),
        "[package]\nworkspace = \"/elsewhere\"".to_owned(),
        "[workspace]\nmembers = [\"word\"]".to_owned(),
        format!("[lib]\npath = {evil:?}"),
        format!("[[bin]]\nname = \"evil\"\npath = {evil:?}"),
        format!("[[example]]\nname = \"evil\"\npath = {evil:?}"),
        "[build-dependencies]\nword = { path = \"word\" }".to_owned(),
        "[package]\nname = \"--config\"".to_owned(),
        "[package]\nlinks = \"evil\"".to_owned(),
    ];
    let before = |sandbox: &Sandbox| tree(&sandbox.work());
    for extra in &extras {
        let manifest = format!("{extra}\n[dependencies]\nword = {{ path = \"word\" }}");
        let script = format!(
            "{}\nfn main() {{ println!(\"{{}}\", word::WORD); }}\n",
            format_args!("//! ```cargo\n{}\n//! ```", commented(&manifest))
        );
        sandbox.write("x.rs", script);
        let there = before(&sandbox);
        let ran = sandbox.runner(["--profile", "quick", "x.rs"]).run();
        assert!(
            (ran.code == 0 && ran.stdout == "word\n") || (ran.code == 125 && ran.stdout.is_empty()),
            "{extra}: {} {:?} {}",
            ran.code,
            ran.stdout,
            ran.stderr
        );
        assert_eq!(before(&sandbox), there, "{extra}");
    }
    assert_eq!(files_below(&sandbox.root().join("tmp")), Vec::<PathBuf>::new());
}
