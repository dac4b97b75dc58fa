//! Faults in what is built for dependencies: damage, kills, a lock that was cut off.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::damage::damage;
use crate::support::files::files_below;
use crate::support::sandbox::{Ran, Sandbox};

/// A script with a dependency from a registry (a vendored one, so that no network is needed), and one in a directory.
fn with_dependencies() -> Sandbox {
    let sandbox = Sandbox::new();
    let vendor = sandbox.root().join("vendor/far");
    fs::create_dir_all(vendor.join("src")).unwrap();
    let manifest = "[package]\nname = \"far\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    fs::write(vendor.join("Cargo.toml"), manifest).unwrap();
    fs::write(vendor.join("src/lib.rs"), "pub const WORD: &str = env!(\"FAR\");\n").unwrap();
    let script = "fn main() { println!(\"cargo::rustc-env=FAR=far\"); println!(\"cargo::rerun-if-changed=build.rs\"); }\n";
    fs::write(vendor.join("build.rs"), script).unwrap();
    fs::write(vendor.join(".cargo-checksum.json"), "{\"files\":{},\"package\":null}").unwrap();
    let home = sandbox.root().join("cargo");
    fs::create_dir(&home).unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = {:?}\n",
        sandbox.root().join("vendor")
    );
    fs::write(home.join("config.toml"), config).unwrap();
    sandbox.write("near/Cargo.toml", "[package]\nname = \"near\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("near/src/lib.rs", "pub const WORD: &str = \"near\";\n");
    let sandbox = sandbox.with("CARGO_HOME", home).with("RUNNER_TIER", "off");
    edit(&sandbox, 0);
    sandbox
}

/// Another text, so that the next run is a miss with dependencies that are there.
fn edit(sandbox: &Sandbox, number: usize) {
    let text = format!(
        "---\n[dependencies]\nfar = \"1\"\nnear = {{ path = \"near\" }}\n---\n\
         fn main() {{ println!(\"{{}} {{}} {number}\", far::WORD, near::WORD); }}\n"
    );
    sandbox.write("x.rs", text);
}

fn run_with_dependencies(sandbox: &Sandbox) -> Ran {
    sandbox.runner(["--profile", "quick", "x.rs"]).run()
}

#[test]
fn whatever_is_damaged_in_what_was_built_for_dependencies_it_is_built_again() {
    let sandbox = with_dependencies();
    run_with_dependencies(&sandbox).prints("far near 0\n");
    let deps = sandbox.cache().join("v1/deps");
    let count = files_below(&deps).len();
    let mut number = 0;
    for index in 0..count {
        let mut files = files_below(&deps);
        files.sort();
        let Some(path) = files.get(index).cloned() else { continue };
        // One damage a file, another for the next: each costs a compile.
        let kinds = ["flip", "empty", "gone", "alien", "cut", "dangling link"];
        let how = kinds[index % kinds.len()];
        damage_now(&path, how);
        number += 1;
        edit(&sandbox, number);
        let ran = run_with_dependencies(&sandbox);
        let context = format!("{how}: {}", path.display());
        let right = format!("far near {number}\n");
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, right.as_str(), ""),
            "{context}"
        );
    }
    println!("garbage: {number} damages of {count} files of dependencies");
}

/// As [`damage`], leaving the time at which it was done.
fn damage_now(path: &Path, how: &str) {
    damage(path, how);
    if let Ok(file) = fs::File::options().append(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

#[test]
fn killed_while_dependencies_are_built_the_next_run_works() {
    let sandbox = with_dependencies();
    let mut killed = 0;
    for milliseconds in [30, 80, 150, 250, 400, 600, 900] {
        let _ = fs::remove_dir_all(sandbox.cache());
        let mut child = sandbox.runner(["--profile", "quick", "x.rs"]).start();
        std::thread::sleep(Duration::from_millis(milliseconds));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        run_with_dependencies(&sandbox).prints("far near 0\n");
        assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
    }
    println!("faults: {killed} kills while dependencies are built");
}

#[test]
fn a_lock_that_was_cut_off_when_its_writer_died_is_written_anew() {
    let sandbox = with_dependencies();
    run_with_dependencies(&sandbox).prints("far near 0\n");
    let deps = sandbox.cache().join("v1/deps");
    let files = files_below(&deps);
    let lock = files.iter().find(|path| path.ends_with("Cargo.lock")).unwrap();
    let record = files.iter().find(|path| path.ends_with("record")).unwrap();
    for (number, text) in ["version = 4\n\n[[package]]\nna", "", "\0\0\0\0"].iter().enumerate() {
        fs::write(lock, text).unwrap();
        fs::remove_file(record).unwrap();
        edit(&sandbox, number + 1);
        run_with_dependencies(&sandbox).prints(&format!("far near {}\n", number + 1));
    }
}
