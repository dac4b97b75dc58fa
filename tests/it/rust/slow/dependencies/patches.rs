//! Never stale: patches, sources and configuration of cargo's that dependencies are built with.

use std::fs;
use std::time::SystemTime;

use crate::support::fake_registry::Registry;
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

#[test]
fn a_patched_or_replaced_crate_is_not_pinned_by_what_other_scripts_have_built() {
    let (sandbox, registry) = Registry::with_libraries(&["one"]);
    registry.library("one", "1.0.1");
    let code = "fn main() { println!(\"{}\", one::said()) }\n";
    script(&sandbox, "s.rs", "dependencies.one = \"1\"", code);
    sandbox.runner(["s.rs"]).run().prints("one 1.0.1\n");
    let own = |version: &str| {
        let text = format!("[package]\nname = \"one\"\nversion = \"{version}\"\nedition = \"2021\"\n");
        sandbox.write("own/Cargo.toml", text);
        sandbox.write("own/src/lib.rs", said("patched"));
    };
    // In another version of the series, and renamed.
    own("1.0.9");
    script(&sandbox, "p.rs", "dependencies.one = \"1\"\npatch.crates-io.one.path = \"own\"", code);
    sandbox.runner(["p.rs"]).run().prints("patched\n");
    let renamed = "dependencies.one = \"1\"\npatch.crates-io.mine = { path = \"own\", package = \"one\" }";
    script(&sandbox, "r.rs", renamed, code);
    sandbox.runner(["r.rs"]).run().prints("patched\n");
    own("1.0.1");
    script(&sandbox, "o.rs", "dependencies.one = \"1\"\n[replace]\n\"one:1.0.1\" = { path = \"own\" }", code);
    let ran = sandbox.runner(["o.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "patched\n"), "{}", ran.stderr);
    // In cargo's configuration.
    own("1.0.9");
    let config = sandbox.root().join("cargo/config.toml");
    let before = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        format!("{before}[patch.crates-io]\none.path = \"{}\"\n", sandbox.path("own").display()),
    )
    .unwrap();
    script(&sandbox, "q.rs", "dependencies.one = \"1\"\nfeatures.q = []", code);
    sandbox.runner(["q.rs"]).run().prints("patched\n");
    fs::write(&config, before).unwrap();
    // One that cannot be used is told, by cargo's own words, in a run, a check and a build.
    own("2.0.0");
    script(&sandbox, "u.rs", "dependencies.one = \"1\"\npatch.crates-io.one.path = \"own\"", code);
    let ran = sandbox.runner(["u.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "one 1.0.1\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("was not used in the crate graph"), "{}", ran.stderr);
}
