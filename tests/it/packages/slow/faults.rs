//! What is kept of packages: built at once, killed, damaged, listed, trimmed.

use std::fs;
use std::path::PathBuf;

use crate::support::fake_registry::{Crate, Registry, run};
use crate::support::files::files_below;
use crate::support::sandbox::Ran;

#[test]
fn first_runs_at_once_make_one_build() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    let children: Vec<_> = (0..6).map(|_| sandbox.runner(["tool@1.0.0"]).start()).collect();
    for child in children {
        Ran::of("at once", child).prints("tool 1.0.0 [\"tool\"]\n");
    }
    assert_eq!((sandbox.cached("traces").len(), sandbox.cached("bin").len()), (1, 1));
    assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
}

#[test]
fn killed_while_it_is_built_the_next_run_works() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    let mut killed = 0;
    for milliseconds in [5, 30, 80, 150, 250, 400] {
        let _ = fs::remove_dir_all(sandbox.cache());
        let mut child = sandbox.runner(["tool@latest"]).start();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        run(&sandbox, &["tool@latest"]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    println!("faults: {killed} kills while a package is built");
}

#[test]
fn the_cache_lists_trims_and_cleans_packages() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    let list = run(&sandbox, &["cache", "list"]);
    assert!(list.stdout.ends_with("  tool@1\n") && list.stdout.contains("  release  "), "{}", list.stdout);
    assert_eq!(sandbox.cached("crates").len(), 1);
    // A trim leaves what is used, and nothing of cargo's that no sweep would find.
    let trim = run(&sandbox, &["cache", "trim"]);
    assert_eq!((trim.code, trim.stderr.as_str()), (0, ""));
    registry.set_down(true);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    let left: Vec<PathBuf> =
        sandbox.cached("deps").into_iter().filter(|path| path.ends_with("tool")).collect();
    assert!(left.is_empty(), "{left:?}");
    registry.set_down(false);
    let clean = run(&sandbox, &["cache", "clean", "tool@1"]);
    assert!(clean.stdout.starts_with("removed 1 build, "), "{}", clean.stdout);
    run(&sandbox, &["why", "tool@1"]).prints("tool@1: not built yet\n");
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["cache", "clean"]);
    assert_eq!(sandbox.cached("crates"), Vec::<PathBuf>::new());
}

#[test]
fn damage_to_what_is_kept_of_a_package_is_a_miss() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    for part in ["crates", "traces", "bin"] {
        for text in ["", "alien"] {
            let file = sandbox.cache().join("v1").join(part).join(&sandbox.cached(part)[0]);
            fs::write(file, text).unwrap();
            run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
        }
    }
    let before = registry.requests();
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    assert_eq!(registry.requests(), before);
}

#[test]
fn damage_to_what_was_compiled_for_a_package_is_compiled_again() {
    let (sandbox, registry) = Registry::new();
    let files = &[("src/lib.rs", "pub fn leaf() -> String { std::hint::black_box(\"green\").to_owned() }")];
    registry.publish(&Crate { files, ..Crate::program("leaf", "1.0.0") });
    let files = &[("src/main.rs", "fn main() { println!(\"{}\", leaf::leaf()) }")];
    let (manifest, dependencies) = ("[dependencies]\nleaf = \"1\"\n", &[("leaf", "^1")][..]);
    registry.publish(&Crate { manifest, files, dependencies, ..Crate::program("tool", "1.0.0") });
    run(&sandbox, &["tool@1.0.0"]).prints("green\n");
    let deps = sandbox.cache().join("v1/deps");
    let count = files_below(&deps).len();
    for index in 0..count {
        let mut all = files_below(&deps);
        all.sort();
        let Some(path) = all.get(index).cloned() else { continue };
        let bytes = fs::read(&path).unwrap();
        let damaged: Vec<u8> = match index % 3 {
            0 => bytes.iter().map(|byte| byte ^ 1).collect(),
            1 => bytes[..bytes.len() / 2].to_vec(),
            _ => b"alien".to_vec(),
        };
        fs::write(&path, damaged).unwrap();
        let ran = run(&sandbox, &["--force", "tool@1.0.0"]);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, "green\n", ""),
            "{}",
            path.display()
        );
    }
    println!("garbage: {count} damages of what was compiled for a package");
}

#[test]
fn a_temporary_program_leaves_nothing_and_a_cache_that_cannot_be_used_is_done_without() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["--temp", "tool@1.0.0", "a"]).prints("tool 1.0.0 [\"tool\", \"a\"]\n");
    for part in ["traces", "bin", "staging"] {
        assert_eq!(sandbox.cached(part), Vec::<PathBuf>::new());
    }
    let file = sandbox.write("file", "");
    let ran = sandbox.runner(["tool@1.0.0"]).env("RUNNER_CACHE", file.join("no")).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "tool 1.0.0 [\"tool\"]\n"));
    assert!(
        ran.stderr.lines().count() == 1 && ran.stderr.contains("running from a temporary binary"),
        "{}",
        ran.stderr
    );
    assert_eq!(files_below(&sandbox.root().join("tmp")), Vec::<PathBuf>::new());
}
