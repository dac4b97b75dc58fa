//! Never stale: what the script's own manifest and its lock say.

use std::fs;
use std::path::Path;

use crate::support::files::overwrite_keeping_time;
use crate::support::machine::is_offline;
use crate::support::path_dependency::{MAIN, package, run, said, script};
use crate::support::sandbox::skipped;
use crate::support::watched::{changed, real, real_with_cargo_home, touched, unchanged};

#[test]
fn features_profiles_and_other_lines_of_the_manifest() {
    let sandbox = real();
    package(
        &sandbox,
        "a",
        "[features]\nloud = []\n",
        "pub fn said() -> String { format!(\"{} {}\", cfg!(feature = \"loud\"), cfg!(debug_assertions)) }\n",
    );
    let manifest = "dependencies.a = { path = \"a\" }";
    script(&sandbox, "s.rs", manifest, MAIN);
    changed(run(&sandbox), "false false\n");
    script(&sandbox, "s.rs", "dependencies.a = { path = \"a\", features = [\"loud\"] }", MAIN);
    changed(run(&sandbox), "true false\n");
    changed(sandbox.runner(["--debug", "s.rs"]), "true true\n");
    unchanged(run(&sandbox), "true false\n");
    script(
        &sandbox,
        "s.rs",
        "dependencies.a = { path = \"a\" }\nprofile.quick.inherits = \"release\"\nprofile.quick.debug-assertions = true\nprofile.quick.opt-level = 0",
        MAIN,
    );
    changed(run(&sandbox), "false true\n");
    script(&sandbox, "s.rs", manifest, MAIN);
    unchanged(run(&sandbox), "false false\n");
}

#[test]
fn renamed_optional_and_target_specific_dependencies() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("a"));
    package(&sandbox, "b", "", &said("b"));
    package(&sandbox, "c", "", &said("c"));
    let manifest = "[dependencies]\nother = { path = \"a\", package = \"a\" }\nc = { path = \"c\", optional = true }\n\
                    [target.'cfg(unix)'.dependencies]\nb = { path = \"b\" }\n\
                    [target.'cfg(windows)'.dependencies]\nnone = { path = \"none\", package = \"a\", optional = true }\n\
                    [features]\ndefault = [\"dep:c\"]";
    package(&sandbox, "none", "", "");
    sandbox.write("none/Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.3.0\"\nedition = \"2021\"\n");
    let code = "fn main() { println!(\"{}{}{}\", other::said(), b::said(), c::said()) }\n";
    script(&sandbox, "s.rs", manifest, code);
    changed(run(&sandbox), "abc\n");
    for (name, expected) in [("a", "Abc\n"), ("b", "ABc\n"), ("c", "ABC\n")] {
        overwrite_keeping_time(&sandbox.path(format!("{name}/src/lib.rs")), said(&name.to_uppercase()));
        changed(run(&sandbox), expected);
    }
    unchanged(run(&sandbox), "ABC\n");
}

#[test]
fn a_dependency_in_git() {
    if !Path::new("/usr/bin/git").exists() {
        return skipped("no git: a dependency in a repository");
    }
    let sandbox = real_with_cargo_home();
    let _ = fs::remove_file(sandbox.root().join("cargo/git"));
    package(&sandbox, "repository/a", "", &said("one"));
    let git = |text: &str| {
        let script = format!("cd repository/a && git -c user.name=a -c user.email=a@b {text}");
        let ran = sandbox.sh(&script).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    git("init -q");
    git("add .");
    git("commit -qm one");
    git("tag one");
    let manifest = |tag: &str| {
        format!(
            "dependencies.a = {{ git = \"file://{}\", tag = \"{tag}\" }}",
            sandbox.path("repository/a").display()
        )
    };
    script(&sandbox, "s.rs", &manifest("one"), MAIN);
    let first = run(&sandbox).run();
    assert_eq!((first.code, first.stdout.as_str()), (0, "one\n"), "{}", first.stderr);
    sandbox.write("repository/a/src/lib.rs", said("two"));
    git("commit -qam two");
    git("tag two");
    unchanged(run(&sandbox), "one\n");
    script(&sandbox, "s.rs", &manifest("two"), MAIN);
    let second = run(&sandbox).run();
    assert_eq!((second.code, second.stdout.as_str()), (0, "two\n"), "{}", second.stderr);
    script(&sandbox, "s.rs", &manifest("one"), MAIN);
    unchanged(run(&sandbox), "one\n");
}

fn lock(version: &str, checksum: &str) -> String {
    format!(
        "version = 4\n\n[[package]]\nname = \"cfg-if\"\nversion = \"{version}\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\n\
         [[package]]\nname = \"runner-script\"\nversion = \"0.0.0\"\ndependencies = [\n \"cfg-if\",\n]\n"
    )
}

#[test]
fn a_lock_beside_the_script() {
    let sandbox = real();
    script(&sandbox, "s.rs", "dependencies.cfg-if = \"1\"", "fn main() { println!(\"end\") }\n");
    let run = |more: &[&str]| sandbox.runner(more.iter().chain(&["--profile", "quick", "s.rs"]));
    if is_offline(&run(&[]).run()) {
        return;
    }
    let without = run(&["--locked"]).run();
    let text =
        format!("`{}` is not there, and `--locked` insists on it", sandbox.path("s.rs.lock").display());
    assert!(without.code == 125 && without.stderr.contains(&text), "{}", without.stderr);
    let one = lock("1.0.0", "baf1de4339761588bc0619e3cbc0120ee582ebb74b53b4efbf79117bd2da40fd");
    let two = lock("1.0.1", "9555578bc9e57714c812a1f84e4fc5b4d21fcb063490c624de019f7464c91268");
    sandbox.write("s.rs.lock", &one);
    let compiled = changed(run(&[]), "end\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
    touched(&sandbox.path("s.rs.lock"), || unchanged(run(&[]), "end\n"));
    changed(run(&["--locked"]), "end\n");
    overwrite_keeping_time(&sandbox.path("s.rs.lock"), &two);
    let compiled = changed(run(&[]), "end\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
    changed(run(&["--locked"]), "end\n");
    sandbox.write("s.rs.lock", &one);
    unchanged(run(&[]), "end\n");
    unchanged(run(&["--locked"]), "end\n");
    fs::remove_file(sandbox.path("s.rs.lock")).unwrap();
    unchanged(run(&[]), "end\n");
    let without = run(&["--locked"]).run();
    assert_eq!(without.code, 125, "{}", without.stderr);
}
