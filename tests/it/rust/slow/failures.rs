//! What rustc, cargo and their absence say: each has one line, a hint if the cure is known, and an exit code.

use std::fs::{self};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::files::write_program;
use crate::support::hello::{HELLO, hello, with_dependencies};
use crate::support::machine::is_offline;
use crate::support::sandbox::{Ran, Sandbox, skipped};

#[test]
fn a_syntax_error_has_the_scripts_own_path_and_line_and_then_one_line_of_ours() {
    let sandbox = Sandbox::new();
    let text =
        "#!/usr/bin/env runner\n---\npackage.edition = \"2021\"\n---\n\nfn main() {\n    let x = ;\n}\n";
    sandbox.script("sub/syntax.rs", text);
    let absolute = sandbox.path("sub/syntax.rs");
    let absolute = absolute.to_str().unwrap();
    for typed in ["sub/syntax.rs", "./sub/syntax.rs", absolute] {
        let ran = sandbox.runner([typed]).run();
        let last = format!("\nrunner: {typed}: rustc failed (exit status: 1); nothing was cached");
        let ran = ran.fails(125, &last);
        assert!(ran.stderr.contains("error: expected expression, found `;`"), "{}", ran.stderr);
        // Compilers before 1.95 name it by its whole path.
        let places = [format!("--> {typed}:7:13"), format!("--> {absolute}:7:13")];
        assert!(places.iter().any(|place| ran.stderr.contains(place)), "{}", ran.stderr);
        assert!(!ran.stderr.contains("staging") && !ran.stderr.contains('\x1b'), "{}", ran.stderr);
    }
    assert!(sandbox.cached("bin").is_empty() && sandbox.cached("traces").is_empty());
}

#[test]
fn a_library_without_main_is_told_what_a_script_is() {
    let sandbox = Sandbox::new();
    sandbox.write("lib.rs", "pub fn f() {}\n");
    let message = "runner: lib.rs: rustc failed (exit status: 1); nothing was cached\n  \
                   hint: a script is a program: it needs `fn main`";
    let ran = sandbox.runner(["lib.rs"]).run().fails(125, message);
    assert!(
        ran.stderr.starts_with("error[E0601]: `main` function not found in crate `lib`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_crate_that_is_not_named_is_told_where_to_name_it() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "use regex::Regex;\nfn main() {}\n");
    let message = "hint: `runner add x.rs regex` adds that crate";
    let ran = sandbox.runner(["x.rs"]).run().fails(125, message);
    assert!(ran.stderr.contains("use `runner add SCRIPT regex` to add it to the script"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("argo"), "{}", ran.stderr);
    // What is no file has no place for it.
    let ran = sandbox.runner(["-e", "regex::Regex::new(\"a\")"]).run();
    ran.fails(125, "hint: `--dep regex` adds that crate");
}

#[test]
fn an_unstable_feature_on_stable_is_told_how_to_get_nightly() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "---\npackage.edition = \"2024\"\n---\n#![feature(never_type)]\nfn main() {}\n");
    let ran = sandbox.runner(["x.rs"]).run();
    if ran.code == 0 {
        return skipped("the default toolchain is a nightly, which has unstable features");
    }
    ran.fails(125, "hint: unstable features need a nightly compiler: `+nightly` before the script");
}

#[test]
fn an_unknown_crate_is_named_in_the_words_of_cargo() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("no-such-crate-of-runner = \"1\""));
    let ran = sandbox.runner(["x.rs"]).run();
    if is_offline(&ran) {
        return;
    }
    let message = "required by package `x.rs`\n\
                   runner: x.rs: cargo could not build the dependencies (exit status: 101); nothing was cached\n  \
                   hint: check the name under `[dependencies]` against https://crates.io";
    let ran = ran.fails(125, message);
    assert!(ran.stderr.starts_with("error: no matching package named `no-such-crate-of-runner` found"));
    assert_no_inner_places(&ran);
}

#[test]
fn a_version_that_does_not_exist_is_named_in_the_words_of_cargo() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("itoa = \"99\""));
    let ran = sandbox.runner(["x.rs"]).run();
    if is_offline(&ran) {
        return;
    }
    let message = "runner: x.rs: cargo could not build the dependencies (exit status: 101); nothing was cached\n  \
                   hint: ask for a version that exists, or `\"*\"` for any";
    let ran = ran.fails(125, message);
    assert!(ran.stderr.contains("for the requirement `itoa = \"^99\"`"), "{}", ran.stderr);
    assert_no_inner_places(&ran);
}

#[test]
fn a_dependency_that_means_nothing_is_told_in_the_scripts_words() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("itoa = 1"));
    let ran = sandbox.runner(["x.rs"]).run();
    let ran = ran.fails(125, "could not build the dependencies (exit status: 101); nothing was cached");
    assert!(ran.stderr.starts_with("error: invalid type: integer `1`, expected a version"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\n --> x.rs:4:8\n  |\n4 | itoa = 1\n  |        ^\n"), "{}", ran.stderr);
    assert_no_inner_places(&ran);
}

/// The user knows a script, not the package that cargo is shown.
fn assert_no_inner_places(ran: &Ran) {
    for place in ["/v1/", "runner-script", "environments", "Cargo.toml"] {
        assert!(!ran.stderr.contains(place), "{}", ran.stderr);
    }
}

#[test]
fn offline_without_the_crates_is_told_to_go_online_once() {
    let sandbox = Sandbox::new();
    let sandbox = sandbox.with("CARGO_HOME", "").with("CARGO_NET_OFFLINE", "");
    sandbox.write("x.rs", with_dependencies("itoa = \"1\""));
    let message = "runner: x.rs: dependency `itoa` is not downloaded, and `--offline` is set\n  \
                   hint: run it once without `--offline` to download what is missing\n";
    sandbox.runner(["--offline", "x.rs"]).run().ends(125, "", message);
}

#[test]
fn locked_without_a_lock_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("itoa = \"1\""));
    let lock = sandbox.path("x.rs.lock");
    let message = format!(
        "runner: x.rs: `{}` is not there, and `--locked` insists on it\n  \
         hint: `runner update x.rs --lock` writes it\n",
        lock.display()
    );
    sandbox.runner(["--locked", "x.rs"]).run().ends(125, "", &message);
}

#[test]
fn without_rustc_the_script_exits_with_127_and_says_where_rust_comes_from() {
    let sandbox = hello().with("RUSTC", "");
    let none = sandbox.root().join("none");
    let message = "runner: hello.rs: `rustc` is not on PATH, and this script needs it to compile\n  \
                   hint: install Rust from https://rustup.rs, or your system's `rustc` package\n";
    sandbox.runner(["hello.rs"]).env("RUSTUP_HOME", &none).env("PATH", &none).run().ends(127, "", message);
}

#[test]
fn a_script_outlives_the_compiler_it_was_compiled_with() {
    let sandbox = hello().with("RUSTC", "");
    let home = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".rustup"));
    if !home.join("settings.toml").exists() {
        return skipped("no rustup, whose toolchain could be taken away");
    }
    let link = sandbox.root().join("rustup");
    symlink(&home, &link).unwrap();
    let sandbox = sandbox.with("RUSTUP_HOME", &link);
    sandbox.runner(["hello.rs"]).run().prints("hello\n");
    fs::remove_file(&link).unwrap();
    let sandbox = sandbox.with("PATH", "/nowhere");
    for _ in 0..2 {
        sandbox.runner(["hello.rs"]).run().prints("hello\n");
    }
    // What changes the program still does.
    sandbox.script("hello.rs", HELLO.replace("hello", "other"));
    sandbox.runner(["hello.rs"]).run().fails(127, "or your system's `rustc` package");
}

#[test]
fn rustup_without_a_default_toolchain_is_told_to_choose_one() {
    let sandbox = hello().with("RUSTC", "");
    let bin = sandbox.root().join("proxies");
    fs::create_dir_all(&bin).unwrap();
    write_program(bin.join("rustup"), "#!/bin/sh\nexit 1\n");
    symlink("rustup", bin.join("rustc")).unwrap();
    let home = sandbox.root().join("rustup-home");
    fs::create_dir_all(&home).unwrap();
    let message = "runner: hello.rs: rustup is installed, but no toolchain is its default\n  \
                   hint: `rustup default stable`\n";
    sandbox.runner(["hello.rs"]).env("RUSTUP_HOME", home).env("PATH", bin).run().ends(127, "", message);
}

#[test]
fn without_a_linker_the_script_exits_with_127_and_says_how_to_get_one() {
    let sandbox = hello();
    let only = sandbox.root().join("only");
    fs::create_dir_all(&only).unwrap();
    let message = "runner: hello.rs: `cc` is not on PATH, and rustc needs it to link\n  \
                   hint: install a C compiler, for example `apt-get install gcc libc6-dev`\n";
    sandbox.runner(["hello.rs"]).env("PATH", &only).run().ends(127, "", message);
}

#[test]
fn a_linker_that_was_named_and_is_not_there_is_told_apart() {
    let sandbox = hello().with("RUSTFLAGS", "-Clinker=no-such-linker");
    let message = "runner: hello.rs: rustc failed (exit status: 1); nothing was cached\n  \
                   hint: install that linker, or ask for another in `RUSTFLAGS` or cargo's configuration";
    let ran = sandbox.runner(["hello.rs"]).run().fails(125, message);
    assert!(ran.stderr.contains("error: linker `no-such-linker` not found"), "{}", ran.stderr);
}
