//! Which version of a package is taken, and where it comes from.

use std::fs;
use std::path::PathBuf;

use crate::support::digests::sha256;
use crate::support::fake_registry::{Crate, Registry, run};
use crate::support::sandbox::Sandbox;

#[test]
fn a_requirement_stays_what_it_was_resolved_to_until_it_is_updated() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0", "2.0.0-rc.1", "0.9.0"]);
    for word in ["tool@1", "tool@latest", "tool@>=0.9, <2", "tool@*", "tool@~1.0"] {
        run(&sandbox, &[word]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    run(&sandbox, &["tool@2.0.0-rc.1"]).prints("tool 2.0.0-rc.1 [\"tool\"]\n");
    registry.publish(&Crate::program("tool", "1.1.0"));
    registry.publish(&Crate::program("tool", "3.0.0"));
    for word in ["tool@1", "tool@latest"] {
        run(&sandbox, &[word]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    for _ in 0..2 {
        run(&sandbox, &["update", "tool@1", "--dry-run"]).prints("tool 1.0.0 -> 1.1.0\n");
    }
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["update", "tool@1"]).prints("tool 1.0.0 -> 1.1.0\n");
    run(&sandbox, &["update", "tool@1"]).prints("tool@1: up to date\n");
    run(&sandbox, &["tool@1"]).prints("tool 1.1.0 [\"tool\"]\n");
    run(&sandbox, &["tool@latest"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["update", "tool@latest"]).prints("tool 1.0.0 -> 3.0.0\n");
    run(&sandbox, &["tool@latest"]).prints("tool 3.0.0 [\"tool\"]\n");
    let message =
        "runner: tool@1.0.0: version 1.0.0 is asked for, and no other\n  hint: `runner update tool@latest`\n";
    run(&sandbox, &["update", "tool@1.0.0"]).ends(125, "", message);
}

#[test]
fn the_newest_is_the_newest_that_this_compiler_can_build() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    let manifest = "rust-version = \"1.999\"\n";
    registry.publish(&Crate { manifest, ..Crate::program("tool", "1.1.0") });
    for word in ["tool@1", "tool@latest"] {
        run(&sandbox, &[word]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    let ran = run(&sandbox, &["tool@1.1.0"]);
    let hint = "\n  hint: `+T` before it takes another toolchain; or ask for an older version\n";
    assert!(
        ran.code == 125 && ran.stderr.contains("requires rustc 1.999") && ran.stderr.ends_with(hint),
        "{}",
        ran.stderr
    );
    registry.publish(&Crate::program("early", "1.0.0-rc.1"));
    let message = "runner: early@latest: `early` has pre-releases only\n  hint: there is 1.0.0-rc.1\n";
    run(&sandbox, &["early@latest"]).ends(127, "", message);
    run(&sandbox, &["early@1.0.0-rc.1"]).prints("early 1.0.0-rc.1 [\"early\"]\n");
}

#[test]
fn what_is_not_there_is_said_in_one_line() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0", "1.1.0"]);
    registry.publish(&Crate { files: &[("src/lib.rs", "")], ..Crate::program("library", "1.0.0") });
    registry.yank("tool", "1.1.0");
    let cases = [
        (
            "tool@1.1.0",
            127,
            "version 1.1.0 of `tool` was yanked\n  hint: `tool@latest`, or another version\n",
        ),
        ("tool@2", 127, "`tool` has no version 2\n  hint: there is 1.0.0\n"),
        ("tool@9.9.9", 127, "`tool` has no version 9.9.9\n  hint: there is 1.0.0\n"),
        (
            "nobody@1",
            127,
            "there is no package `nobody` in crates.io\n  \
             hint: https://crates.io/search?q=nobody may know it by another name\n",
        ),
        (
            "nobody@1.0.0",
            127,
            "there is no package `nobody` in crates.io\n  \
             hint: https://crates.io/search?q=nobody may know it by another name\n",
        ),
        (
            "library@1",
            127,
            "`library` 1.0.0 is a library: there is no program in it\n  \
             hint: a script may depend on it: `--dep library=1.0.0`\n",
        ),
    ];
    for (word, code, message) in cases {
        run(&sandbox, &[word]).ends(code, "", &format!("runner: {word}: {message}"));
    }
    for subcommand in ["check", "doc", "fmt"] {
        let ran = run(&sandbox, &[subcommand, "tool@1"]);
        let message = "runner: tool@1: it is a package of a registry, and this is done with scripts only\n  \
                       hint: `runner tool@1` runs it; `./tool@1` is a file\n";
        ran.ends(127, "", message);
    }
    // A word that is nearly a package is a script that is not there.
    let message = "runner: tool@newest: no such script\n  hint: of a package it is `tool@1.2.3`, `tool@1` or `tool@latest`\n";
    run(&sandbox, &["tool@newest"]).ends(127, "", message);
    assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
}

#[test]
fn an_unreachable_registry_is_an_error_only_if_something_is_missing() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    registry.publish(&Crate::program("other", "1.0.0"));
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    registry.set_down(true);
    // Another build of what has been fetched.
    run(&sandbox, &["--debug", "tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["tool@1.0.0"]).prints("tool 1.0.0 [\"tool\"]\n");
    for word in ["other@1", "other@1.0.0"] {
        let message = format!(
            "runner: {word}: the registry cannot be reached, and `{word}` is not here yet\n  \
             hint: once it has been built, no run of it needs the network\n"
        );
        run(&sandbox, &[word]).ends(125, "", &message);
    }
    registry.set_down(false);
    let message = "runner: other@1: `other@1` is not downloaded, and `--offline` is set\n  \
                   hint: run it once without `--offline`\n";
    let before = registry.requests();
    run(&sandbox, &["--offline", "other@1"]).ends(125, "", message);
    assert_eq!(registry.requests(), before);
    run(&sandbox, &["other@1"]).prints("other 1.0.0 [\"other\"]\n");
}

#[test]
fn a_file_of_that_name_wins() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    sandbox.script("tool@1", "#!/usr/bin/env runner\nfn main() { println!(\"a file\") }\n");
    run(&sandbox, &["tool@1"]).prints("a file\n");
    run(&sandbox, &["./tool@1"]).prints("a file\n");
    run(&sandbox, &["run", "tool@1.0.0"]).prints("tool 1.0.0 [\"tool\"]\n");
    let other = sandbox.root().join("home");
    sandbox.runner(["tool@1"]).within(other).run().prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["./tool@1.0.0"]).fails(127, "hint: give the path of a file, or `runner --help`");
    assert!(registry.port() > 0);
}

#[test]
fn locked_takes_the_versions_of_the_package() {
    let (sandbox, registry) = Registry::new();
    let library = |version: &'static str, text: &'static str| {
        let files = [("src/lib.rs", text)];
        registry.publish(&Crate { files: &files, ..Crate::program("leaf", version) });
    };
    library("1.0.0", "pub const SAID: &str = \"old\";");
    let checksum = sha256(&sandbox.root().join("registry/crates/leaf-1.0.0.crate"));
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"leaf\"\nversion = \"1.0.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\n\
         [[package]]\nname = \"tool\"\nversion = \"1.0.0\"\ndependencies = [\n \"leaf\",\n]\n"
    );
    let files =
        [("src/main.rs", "fn main() { println!(\"{}\", leaf::SAID) }"), ("Cargo.lock", lock.as_str())];
    let manifest = "[dependencies]\nleaf = \"1\"\n";
    let dependencies = &[("leaf", "^1")];
    registry.publish(&Crate { manifest, files: &files, dependencies, ..Crate::program("tool", "1.0.0") });
    library("1.1.0", "pub const SAID: &str = \"new\";");
    run(&sandbox, &["tool@1"]).prints("new\n");
    run(&sandbox, &["--locked", "tool@1"]).prints("old\n");
    run(&sandbox, &["tool@1"]).prints("new\n");
}

#[test]
fn a_vendored_package_needs_no_registry() {
    let sandbox = Sandbox::new();
    let vendor = sandbox.root().join("vendor/tool");
    fs::create_dir_all(vendor.join("src")).unwrap();
    fs::write(
        vendor.join("Cargo.toml"),
        "[package]\nname = \"tool\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
    )
    .unwrap();
    fs::write(vendor.join("src/main.rs"), "fn main() { println!(\"vendored\") }\n").unwrap();
    fs::write(vendor.join(".cargo-checksum.json"), "{\"files\":{},\"package\":null}").unwrap();
    let home = sandbox.root().join("cargo");
    fs::create_dir(&home).unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = {:?}\n[net]\noffline = true\n",
        sandbox.root().join("vendor")
    );
    fs::write(home.join("config.toml"), config).unwrap();
    let sandbox = sandbox.with("CARGO_HOME", home);
    for word in ["tool@1.0.0", "tool@1", "tool@latest"] {
        run(&sandbox, &[word]).prints("vendored\n");
    }
}
