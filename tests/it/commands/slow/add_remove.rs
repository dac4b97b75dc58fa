//! `runner add` and `remove`: cargo edits the metadata, in every form, and nothing else changes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::fake_registry::{Crate, Registry, run};
use crate::support::sandbox::Sandbox;

fn registry() -> (Sandbox, Registry) {
    let (sandbox, registry) = Registry::new();
    let files = &[("src/lib.rs", "pub fn one() -> u8 { 1 }\n")];
    for (name, version, features) in [
        ("alpha", "1.2.3", &["fast"][..]),
        ("alpha", "0.9.1", &[]),
        ("beta", "0.4.1", &[]),
        ("gamma", "2.0.0", &[]),
    ] {
        registry.publish(&Crate { name, version, manifest: "", files, dependencies: &[], features });
    }
    (sandbox, registry)
}

/// Heads of scripts, in every form that can hold dependencies.
fn heads() -> Vec<String> {
    let tomls = [
        "[dependencies]\ngamma = \"2\"\n",
        "[dependencies]\n# about gamma\ngamma   =   \"2\" # why\n\n# the end\n",
        "[dependencies]\nzeta-name = { package = \"gamma\", version = '2' }\n\n[profile.release]\nopt-level = 1\n",
        "dependencies.gamma = \"2\"\n",
        "dependencies = { gamma = \"2\" }\n",
        "package.edition = \"2021\"\n",
        "package = { edition = \"2021\" }\n",
        "[package] # p\nedition = \"2021\"\n\n",
        "[package.metadata.runner]\nprofile = \"dev\"\n",
        "[dependencies.gamma]\nversion = \"2\"\n\n[profile.dev]\nopt-level = 1\n",
        "[target.'cfg(unix)'.dependencies]\ngamma = \"2\"\n",
        "# only a comment\n",
        "package.edition = \"2021\"\n\n# the end\n\n",
        "[features]\nx = []\n\n[dependencies]\ngamma = \"2\"\n",
        "[dependencies]\nlocal = { path = \"lib\" }\n",
    ];
    let mut heads = vec![
        String::new(),
        "#!/usr/bin/env runner\n".to_owned(),
        "#!/usr/bin/env rust-script\n".to_owned(),
        "#!/usr/bin/env rust-script\n//! Title.\n".to_owned(),
        "// cargo-deps: gamma=\"2\"\n".to_owned(),
        "#!/x\n// cargo-deps:gamma=\"2\",local={ path = \"lib\" }\n".to_owned(),
        "/*!\n * Title.\n * ```cargo\n * [dependencies]\n * gamma = \"2\"\n * ```\n */\n".to_owned(),
        "/*!\n  ~~~Cargo\n  [dependencies]\n  gamma = \"2\"\n  ~~~\n*/\n".to_owned(),
    ];
    for toml in tomls {
        heads.push(format!("#!/usr/bin/env runner\n---\n{toml}---\n"));
        let block: String =
            toml.lines().map(|line| format!("//! {line}\n").replace("//! \n", "//!\n")).collect();
        heads.push(format!("//! Title.\n//!\n//! ```cargo\n{block}//! ```\n//! More.\n"));
    }
    heads
}

#[test]
fn adding_and_removing_leaves_the_script_as_it_was_in_every_form() {
    let (sandbox, _registry) = registry();
    sandbox.write("lib/Cargo.toml", "[package]\nname = \"local\"\nversion = \"0.0.0\"\n");
    sandbox.write("lib/src/lib.rs", "");
    let mut cases = 0;
    for head in heads() {
        for (bom, is_crlf, arguments) in [
            ("", false, &["alpha"][..]),
            ("", false, &["beta@0.4", "--no-default-features"]),
            ("\u{feff}", false, &["alpha"]),
            ("", true, &["alpha"]),
        ] {
            let text = format!("{bom}{head}fn main() {{ }} // keep  \t\n");
            let text = if is_crlf { text.replace('\n', "\r\n") } else { text };
            let script = sandbox.write("x.rs", &text);
            let name = arguments[0].split('@').next().unwrap();
            run(&sandbox, &[&["add", "-q", "x.rs"], arguments].concat()).prints("");
            let with = fs::read_to_string(&script).unwrap();
            assert!(with.contains(name) && with != text, "{with:?}");
            // Line ends are of one kind, and what was there is still there.
            assert_eq!(with.matches("\r\n").count(), if is_crlf { with.matches('\n').count() } else { 0 });
            assert!(with.trim_end_matches(['\r', '\n']).ends_with("// keep  \t"), "{with:?}");
            run(&sandbox, &["remove", "-q", "x.rs", name]).prints("");
            assert_eq!(fs::read_to_string(&script).unwrap(), text, "{name}, by way of {with:?}");
            cases += 1;
        }
    }
    assert!(cases >= 140, "{cases}");
}

#[test]
fn a_requirement_is_the_compatible_series_and_is_told_with_the_version() {
    let (sandbox, _registry) = registry();
    let script =
        sandbox.script("x.rs", "#!/usr/bin/env runner\nfn main() { println!(\"{}\", alpha::one()); }\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o751)).unwrap();
    run(&sandbox, &["add", "x.rs", "alpha", "beta"]).prints("+ alpha 1.2.3\n+ beta 0.4.1\n");
    let text = fs::read_to_string(&script).unwrap();
    assert_eq!(
        text,
        "#!/usr/bin/env runner\n---\n[dependencies]\nalpha = \"1\"\nbeta = \"0.4\"\n---\nfn main() { println!(\"{}\", alpha::one()); }\n"
    );
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o751);
    run(&sandbox, &["x.rs"]).prints("1\n");

    // Again it changes nothing, not even the time of the file.
    let before = fs::metadata(&script).unwrap().modified().unwrap();
    run(&sandbox, &["add", "x.rs", "alpha"]).prints("= alpha \"1\" is there already\n");
    run(&sandbox, &["add", "x.rs", "alpha@1"]).prints("= alpha \"1\" is there already\n");
    assert_eq!(fs::metadata(&script).unwrap().modified().unwrap(), before);
    run(&sandbox, &["add", "x.rs", "alpha@0.9"]).prints("~ alpha \"1\" -> \"0.9\"\n");
    run(&sandbox, &["add", "--dry-run", "x.rs", "gamma"]).prints("+ gamma 2.0.0\n");
    assert!(!fs::read_to_string(&script).unwrap().contains("gamma"));
    run(&sandbox, &["add", "--exact", "--json", "x.rs", "gamma"]).prints(
        "[{\"name\":\"gamma\",\"new\":\"\\\"2.0.0\\\"\",\"old\":null,\"schema\":1,\"version\":\"2.0.0\"}]\n",
    );
    run(&sandbox, &["remove", "x.rs", "gamma", "beta"]).prints("- beta\n- gamma\n");
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let (sandbox, registry) = registry();
    let text = "---\n[dependencies]\nbeta = \"0.4\"\n---\nfn main() {}\n";
    let script = sandbox.write("x.rs", text);
    let untouched = || assert_eq!(fs::read_to_string(&script).unwrap(), text);
    for arguments in
        [&["alpha", "nosuchcrate"][..], &["alpha", "-F", "nosuch"], &["alpha@9"], &["--path", "none"]]
    {
        let ran = run(&sandbox, &[&["add", "x.rs"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (125, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
        untouched();
    }
    run(&sandbox, &["remove", "x.rs", "nosuch"])
        .fails(125, "runner: x.rs: no dependency `nosuch`\n  hint: there are beta");
    run(&sandbox, &["remove", "x.rs", "beta", "nosuch"]).fails(125, "hint: there are beta");
    untouched();
    registry.set_down(true);
    let ran = run(&sandbox, &["add", "x.rs", "gamma"]);
    assert_eq!(ran.code, 125, "{}", ran.stderr);
    run(&sandbox, &["add", "--offline", "x.rs", "gamma"]);
    untouched();

    run(&sandbox, &["add", "x.rs"]).fails(125, "hint: `runner add SCRIPT CRATE`");
    sandbox.write("x.c", "int main(void) { return 0; }\n");
    run(&sandbox, &["add", "x.c", "alpha"]).fails(
        125,
        "runner: x.c: it is a C script, and this is done with Rust scripts only\n  hint: libraries of other languages are `flags` in the script's `/// runner` lines",
    );
    sandbox.write("sh.rs", "#!/bin/sh\n#![allow(unused)] /*\nexec runner \"$0\" #*/\nfn main() {}\n");
    let ran = run(&sandbox, &["add", "sh.rs", "alpha", "--offline"]);
    assert_eq!(ran.code, 125, "{}", ran.stderr);
}

#[test]
fn a_lock_is_renewed_as_far_as_it_has_to_be() {
    let (sandbox, registry) = registry();
    sandbox.write("x.rs", "---\n[dependencies]\nbeta = \"0.4\"\n---\nfn main() {}\n");
    let ran = run(&sandbox, &["lock", "x.rs"]);
    assert!(ran.code == 0 && ran.stdout.ends_with("x.rs.lock: written\n"), "{} {}", ran.stdout, ran.stderr);
    let lock = || fs::read_to_string(sandbox.path("x.rs.lock")).unwrap();
    assert!(lock().contains("# For x.rs, by runner.") && lock().contains("0.4.1"));
    let up_to_date = format!("{}: up to date\n", sandbox.path("x.rs.lock").display());
    run(&sandbox, &["lock", "--check", "x.rs"]).prints(&up_to_date);

    // A newer version is not taken unless it is asked for.
    let files = &[("src/lib.rs", "")];
    registry.publish(&Crate {
        name: "beta",
        version: "0.4.2",
        manifest: "",
        files,
        dependencies: &[],
        features: &[],
    });
    run(&sandbox, &["add", "-q", "x.rs", "alpha"]).prints("");
    assert!(lock().contains("0.4.1") && lock().contains("1.2.3"), "{}", lock());
    run(&sandbox, &["--locked", "x.rs"]).prints("");
    let ran = run(&sandbox, &["outdated", "x.rs"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "crate  now    fits   newest  wanted by\nbeta   0.4.1  0.4.2  0.4.2   0.4\n"),
        "{}",
        ran.stderr
    );
    let ran = run(&sandbox, &["lock", "--check", "--upgrade", "x.rs"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("beta 0.4.1 -> 0.4.2\n"), "{}", ran.stdout);
    assert!(lock().contains("0.4.1"));
    let ran = run(&sandbox, &["lock", "-P", "beta", "x.rs"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(lock().contains("0.4.2"));
    run(&sandbox, &["outdated", "x.rs"]).prints("everything is up to date\n");

    // The tree is of the script.
    let ran = run(&sandbox, &["tree", "x.rs", "--depth", "1"]);
    assert_eq!(ran.stdout, "x.rs\n├── alpha v1.2.3\n└── beta v0.4.2\n", "{}", ran.stderr);

    // It goes with the last dependency.
    run(&sandbox, &["remove", "-q", "x.rs", "alpha", "beta"]).prints("");
    assert!(!sandbox.path("x.rs.lock").exists());
    assert_eq!(fs::read_to_string(sandbox.path("x.rs")).unwrap(), "fn main() {}\n");
}

#[test]
fn newer_versions_are_what_cargo_takes_for_newer_and_looking_writes_nothing() {
    let (sandbox, registry) = Registry::new();
    registry.library("alpha", "0.9.9");
    registry.library("beta", "1.0.0");
    let text = "---\n[dependencies]\nalpha = \"0.9\"\nold = { package = \"beta\", version = \"1\" }\n---\nfn main() {}\n";
    let script = sandbox.script("x.rs", text);
    run(&sandbox, &["lock", "-q", "x.rs"]).prints("");
    let lock = sandbox.path("x.rs.lock");
    let state = || {
        let of = |path: &std::path::Path| {
            (fs::read(path).unwrap(), fs::metadata(path).unwrap().modified().unwrap())
        };
        (of(&script), of(&lock), fs::read_dir(sandbox.work()).unwrap().count())
    };
    let before = state();
    run(&sandbox, &["outdated", "x.rs"]).prints("everything is up to date\n");
    // A larger number and not a later letter; neither a release candidate nor one that was withdrawn.
    for version in ["0.9.10", "0.9.11", "0.10.0-rc.1", "1.0.0"] {
        registry.library("alpha", version);
    }
    registry.yank("alpha", "0.9.11");
    registry.library("beta", "1.0.1-rc.1");
    let table = "crate  now    fits    newest  wanted by\nalpha  0.9.9  0.9.10  1.0.0   0.9\n";
    let ran = run(&sandbox, &["outdated", "x.rs"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, table), "{}", ran.stderr);
    let ran = run(&sandbox, &["outdated", "--json", "x.rs"]);
    assert!(ran.code == 1 && ran.stdout.contains("\"new\":\"0.9.10\""), "{}", ran.stdout);
    registry.set_down(true);
    let ran = run(&sandbox, &["outdated", "x.rs"]);
    let lines = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count();
    assert_eq!((ran.code, ran.stdout.as_str(), lines), (125, "", 1), "{}", ran.stderr);
    assert_eq!(state(), before);
}
