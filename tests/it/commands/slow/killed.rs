//! Commands that write, killed at every system call by which they change the file system: nothing is lost, and the next try
//! comes to an end.

use std::fs;

use crate::support::fake_registry::{Crate, Registry};
use crate::support::files::settle;
use crate::support::sandbox::Sandbox;
use crate::support::strace;

/// Runs a command that writes `file` again and again, each time killed in another call: there is always the old text or the
/// new one. How many calls there were.
fn kill_at_each(sandbox: &Sandbox, arguments: &[&str], file: &str, before: Option<&str>) -> usize {
    let path = sandbox.path(file);
    let reset = || match before {
        Some(text) => fs::write(&path, text).unwrap(),
        None => drop(fs::remove_file(&path)),
    };
    let now = || fs::read_to_string(&path).ok();
    // What is downloaded once is there from then on.
    assert_eq!(sandbox.runner(arguments).run().code, 0);
    let after = now();
    assert!(after.is_some() && after.as_deref() != before, "{after:?}");
    reset();
    let (ran, points) = strace::changes(sandbox, arguments);
    assert_eq!((ran.code, now()), (0, after.clone()));
    for point in &points {
        let context = format!("{} {} ({})", point.name, point.number, point.arguments);
        reset();
        strace::killed(sandbox, point, arguments);
        let left = now();
        assert!(left == after || left.as_deref() == before, "{context}: {left:?}");
        let ran = sandbox.runner(arguments).run();
        assert_eq!((ran.code, now()), (0, after.clone()), "after {context}: {}", ran.stderr);
    }
    // Nothing of ours is left beside it.
    let names: Vec<_> =
        fs::read_dir(sandbox.work()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    let unfinished = names.iter().filter(|name| name.to_string_lossy().starts_with('.')).count();
    assert!(unfinished <= points.len(), "{names:?}");
    points.len()
}

#[test]
fn a_dependency_that_is_added_or_removed_leaves_the_old_script_or_the_new_one() {
    if !strace::is_there() {
        return;
    }
    let (sandbox, registry) = Registry::new();
    registry.library("alpha", "1.2.3");
    let text = "#!/usr/bin/env runner\n---\n# deps\n[dependencies]\n---\nfn main() {}\n";
    sandbox.script("x.rs", text);
    let count = kill_at_each(&sandbox, &["add", "-q", "x.rs", "alpha"], "x.rs", Some(text));
    assert!(count > 5, "{count}");
    let with = fs::read_to_string(sandbox.path("x.rs")).unwrap();
    let path = sandbox.path("y.rs");
    fs::write(&path, &with).unwrap();
    let (ran, points) = strace::changes(&sandbox, &["remove", "-q", "y.rs", "alpha"]);
    ran.prints("");
    let without = fs::read_to_string(&path).unwrap();
    for point in &points {
        fs::write(&path, &with).unwrap();
        strace::killed(&sandbox, point, &["remove", "-q", "y.rs", "alpha"]);
        let left = fs::read_to_string(&path).unwrap();
        assert!(left == with || left == without, "{}: {left}", point.arguments);
    }
}

#[test]
fn a_lock_is_the_old_one_or_the_new_one_whole() {
    if !strace::is_there() {
        return;
    }
    let (sandbox, registry) = Registry::new();
    registry.library("alpha", "1.2.3");
    sandbox.script("x.rs", "---\n[dependencies]\nalpha = \"1\"\n---\nfn main() {}\n");
    let count = kill_at_each(&sandbox, &["lock", "-q", "x.rs"], "x.rs.lock", None);
    assert!(count > 5, "{count}");
    let old = fs::read_to_string(sandbox.path("x.rs.lock")).unwrap();
    registry.publish(&Crate {
        name: "alpha",
        version: "1.3.0",
        manifest: "",
        files: &[("src/lib.rs", "")],
        dependencies: &[],
        features: &[],
    });
    kill_at_each(&sandbox, &["lock", "-q", "--upgrade", "x.rs"], "x.rs.lock", Some(&old));
}

#[test]
fn commands_that_come_from_another_machine_work_at_every_moment() {
    if !strace::is_there() {
        return;
    }
    let make = || {
        let sandbox = Sandbox::fake_with_machine_code();
        sandbox.script("x.rs", "print old\n");
        sandbox.script("y.rs", "print y\n");
        sandbox.quiet(&["promote", "x.rs", "y.rs"]);
        let file = sandbox.path("moved.json");
        sandbox.runner(["list", "--export"]).args([&file]).run();
        sandbox.quiet(&["demote", "y"]);
        sandbox.script("x.rs", "print new\n");
        settle();
        sandbox
    };
    let sandbox = make();
    let arguments = ["promote", "-q", "--from", "moved.json"];
    let (ran, points) = strace::changes(&sandbox, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(points.len() > 20, "{}", points.len());
    for point in points {
        let context = format!("{} {} ({})", point.name, point.number, point.arguments);
        let sandbox = make();
        strace::killed(&sandbox, &point, &arguments);
        let says = sandbox.says("x");
        assert!(says == "old\n" || says == "new\n", "{context}: {says}");
        if sandbox.commands().join("y").exists() {
            assert_eq!(sandbox.says("y"), "y\n", "{context}");
        }
        let ran = sandbox.runner(arguments).run();
        assert_eq!(ran.code, 0, "{context}: {}", ran.stderr);
        assert_eq!((sandbox.says("x").as_str(), sandbox.says("y").as_str()), ("new\n", "y\n"), "{context}");
        assert_eq!(sandbox.states(), "current, current", "{context}");
    }
}
