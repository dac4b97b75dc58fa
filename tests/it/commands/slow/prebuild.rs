//! `build --cache` and `update` of scripts with dependencies.

use std::fs;

use crate::support::files::files_below;
use crate::support::sandbox::Sandbox;

const WITH_DEPENDENCY: &str = "\
---
[dependencies]
itoa = \"1\"
---
fn main() { println!(\"{}\", itoa::Buffer::new().format(7)); }
";

#[test]
fn with_dependencies_built_ahead_the_first_run_needs_neither_cargo_nor_network() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", WITH_DEPENDENCY);
    sandbox.runner(["build", "--cache", "x.rs"]).run().prints("");
    let empty = sandbox.root().join("empty");
    fs::create_dir(&empty).unwrap();
    // Offline for certain: there is nothing to download from, and no compiler on PATH either.
    sandbox.runner(["x.rs"]).env("PATH", &empty).env("CARGO_NET_OFFLINE", "true").run().prints("7\n");
}

#[test]
fn update_resolves_anew_and_writes_the_lock_it_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", WITH_DEPENDENCY);
    sandbox.runner(["x.rs"]).run().prints("7\n");
    // An old version, as if the script had been built long ago.
    let locks = files_below(&sandbox.cache().join("v1/deps"));
    let lock = locks.iter().find(|path| path.parent().unwrap().ends_with("locks")).unwrap();
    let newest = fs::read_to_string(lock).unwrap();
    let version = newest.split("name = \"itoa\"\nversion = \"").nth(1).unwrap().split('"').next().unwrap();
    let ran = sandbox.runner(["update", "x.rs"]).run();
    ran.prints("x.rs: up to date\n");
    let ran = sandbox.runner(["update", "--lock", "x.rs"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let written = fs::read_to_string(sandbox.path("x.rs.lock")).unwrap();
    assert!(written.contains(&format!("version = \"{version}\"")), "{written}");
    sandbox.runner(["--locked", "x.rs"]).run().prints("7\n");
    // A lock that names an older version is renewed, and the change told.
    let checksum = written.lines().find(|line| line.starts_with("checksum")).unwrap();
    let old = written
        .replace(&format!("version = \"{version}\""), "version = \"1.0.0\"")
        .replace(&format!("{checksum}\n"), "");
    fs::write(sandbox.path("x.rs.lock"), old).unwrap();
    sandbox.runner(["update", "x.rs"]).run().prints(&format!("itoa 1.0.0 -> {version}\n"));
    sandbox.runner(["--locked", "x.rs"]).run().prints("7\n");
}
