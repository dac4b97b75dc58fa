//! Never stale: patches, sources and configuration of cargo's that dependencies are built with.

use std::fs;
use std::time::SystemTime;

use crate::support::files::{overwrite_keeping_time, set_modified};
use crate::support::path_dependency::{MAIN, package, run, said, script};
use crate::support::watched::{LONG_AGO, changed, real, real_with_cargo_home, touched, unchanged};

#[test]
fn a_patch_to_a_directory() {
    let sandbox = real();
    sandbox
        .write("itoa/Cargo.toml", "[package]\nname = \"itoa\"\nversion = \"1.99.0\"\nedition = \"2021\"\n");
    sandbox.write("itoa/src/lib.rs", said("one"));
    let manifest = "dependencies.itoa = \"1\"\npatch.crates-io.itoa.path = \"itoa\"";
    script(&sandbox, "s.rs", manifest, "fn main() { println!(\"{}\", itoa::said()) }\n");
    changed(run(&sandbox), "one\n");
    touched(&sandbox.path("itoa/src/lib.rs"), || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&sandbox.path("itoa/src/lib.rs"), said("two"));
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_patch_to_a_directory_in_cargos_configuration() {
    let sandbox = real_with_cargo_home();
    sandbox
        .write("itoa/Cargo.toml", "[package]\nname = \"itoa\"\nversion = \"1.99.0\"\nedition = \"2021\"\n");
    sandbox.write("itoa/src/lib.rs", said("one"));
    let config = format!("[patch.crates-io]\nitoa.path = \"{}\"\n", sandbox.path("itoa").display());
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    script(&sandbox, "s.rs", "dependencies.itoa = \"1\"", "fn main() { println!(\"{}\", itoa::said()) }\n");
    changed(run(&sandbox), "one\n");
    touched(&sandbox.path("itoa/src/lib.rs"), || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&sandbox.path("itoa/src/lib.rs"), said("two"));
    changed(run(&sandbox), "two\n");
    // A file that only the whole package's listing knows of.
    sandbox.write("itoa/build.rs", "fn main() { println!(\"cargo:rustc-env=X=1\") }\n");
    changed(run(&sandbox), "two\n");
    fs::remove_file(sandbox.root().join("cargo/config.toml")).unwrap();
    let without = run(&sandbox).run();
    assert!(without.code == 125 && without.stderr.contains("E0425"), "{}", without.stderr);
}

#[test]
fn a_target_in_cargos_configuration_builds_no_stale_dependency() {
    let sandbox = real_with_cargo_home();
    package(&sandbox, "a", "", &said("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    let config = format!("[build]\ntarget = \"{}-unknown-linux-gnu\"\n", std::env::consts::ARCH);
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    changed(run(&sandbox), "one\n");
    let source = sandbox.path("a/src/lib.rs");
    fs::write(&source, said("two")).unwrap();
    set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "two\n");
}

#[test]
fn flags_and_configuration_reach_dependencies() {
    let sandbox = real_with_cargo_home();
    package(
        &sandbox,
        "a",
        "",
        "pub fn said() -> String { format!(\"{} {}\", cfg!(flagged), option_env!(\"WORD\").unwrap_or(\"unset\")) }\n",
    );
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    changed(run(&sandbox), "false unset\n");
    changed(run(&sandbox).env("RUSTFLAGS", "--cfg=flagged"), "true unset\n");
    unchanged(run(&sandbox), "false unset\n");
    let config = sandbox.root().join("cargo/config.toml");
    fs::write(&config, "[build]\nrustflags = [\"--cfg=flagged\"]\n[env]\nWORD = \"config\"\n").unwrap();
    changed(run(&sandbox), "true config\n");
    changed(run(&sandbox).env("WORD", "mine"), "true mine\n");
    overwrite_keeping_time(&config, "[build]\nrustflags = [\"--cfg=flagged\"]\n[env]\nWORD = \"CONFIG\"\n");
    changed(run(&sandbox), "true CONFIG\n");
    fs::remove_file(&config).unwrap();
    unchanged(run(&sandbox), "false unset\n");
}
