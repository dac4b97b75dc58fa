//! `runner cache`: its list, size, statistics, what clean removes, and what a trim would remove.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::files::{age, files_below};
use crate::support::machine::terminal;
use crate::support::sandbox::Sandbox;

#[test]
fn the_list_and_the_size_of_the_cache_tell_what_is_there() {
    let sandbox = Sandbox::fake();
    for name in ["x.rs", "y.rs"] {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run();
    }
    sandbox.runner(["--debug", "x.rs"]).run().prints("x.rs\n");
    let list = sandbox.runner(["cache", "list"]).run();
    assert_eq!((list.code, list.stderr.as_str(), list.stdout.lines().count()), (0, "", 3), "{}", list.stdout);
    for (profile, name) in [("release ", "x.rs"), ("dev ", "x.rs"), ("release ", "y.rs")] {
        let path = sandbox.path(name).display().to_string();
        let is_it =
            |line: &str| line.contains(profile) && line.ends_with(&path) && line.contains("rustc 1.95.0");
        assert!(list.stdout.lines().any(is_it), "{}", list.stdout);
    }
    let size: u64 = sandbox.runner(["cache", "size"]).run().stdout.trim().parse().unwrap();
    assert!(size > 3 * 4096, "{size}");
}

#[test]
fn clean_removes_every_build_of_one_script_or_all() {
    let sandbox = Sandbox::fake();
    for name in ["x.rs", "y.rs", "sub/z.rs"] {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run().prints(&format!("{name}\n"));
    }
    sandbox.runner(["--debug", "x.rs"]).run().prints("x.rs\n");
    symlink("sub/z.rs", sandbox.path("link")).unwrap();
    let removed = |arguments: &[&str]| sandbox.runner(["cache", "clean"]).args(arguments).run().stdout;
    assert!(removed(&["x.rs"]).starts_with("removed 2 builds, "));
    assert_eq!(removed(&["x.rs"]), "removed 0 builds, 0 bytes\n");
    assert!(removed(&["link"]).starts_with("removed 1 build, "));
    // A script that is gone can still be named.
    fs::remove_file(sandbox.path("y.rs")).unwrap();
    assert!(removed(&["y.rs"]).starts_with("removed 1 build, "));
    sandbox.runner(["x.rs"]).run().prints("x.rs\n");
    assert!(removed(&[]).starts_with("removed 1 build, "));
    assert!(sandbox.cached("bin").is_empty() && sandbox.cached("traces").is_empty());
    sandbox.runner(["x.rs"]).run().prints("x.rs\n");
    assert_eq!(sandbox.compiles(), 6);
}

fn statistics(sandbox: &Sandbox) -> Value {
    let ran = sandbox.runner(["cache", "stats", "--json"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn for_a_person_lists_have_a_head_and_a_sum() {
    let sandbox = Sandbox::fake_hi();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    let Some(run) = terminal(&sandbox, "runner list; runner cache list") else { return };
    let ran = run.run();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let words = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>();
    assert_eq!(words(0), ["NAME", "STATE", "PATH", "AND", "SOURCE"]);
    assert!(lines[1].starts_with("x     current  "), "{}", ran.stdout);
    assert!(
        lines[2].starts_with("1 commands, ") && lines[2].ends_with("B; 0 not up to date"),
        "{}",
        ran.stdout
    );
    assert_eq!(words(3), ["USED", "SIZE", "PROFILE", "TOOLCHAIN", "TARGET", "SCRIPT"]);
    assert!(lines[5].starts_with("1 builds, ") && lines.len() == 6, "{}", ran.stdout);
    for command in [&["list"][..], &["cache", "list"]] {
        assert_eq!(sandbox.runner(command).run().stdout.lines().count(), 1, "a pipe has the rows alone");
    }
}

#[test]
fn builds_are_counted_and_a_hit_writes_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.runner(["cache", "stats"]).run().prints(
        "scripts  0\nbuilds   0, which took 0.0 s\nused     0 today, 0 this week\nmisses   0\n\
         bytes    0B, of which binaries 0B, dependencies 0B\n",
    );
    assert!(!sandbox.cache().exists());
    sandbox.write("x.rs", "print x\n");
    sandbox.write("y.rs", "print y\n");
    for _ in 0..3 {
        sandbox.runner(["x.rs"]).run().prints("x\n");
    }
    sandbox.runner(["--debug", "x.rs"]).run().prints("x\n");
    sandbox.runner(["y.rs"]).run().prints("y\n");
    let counted = statistics(&sandbox);
    assert_eq!(
        (&counted["scripts"], &counted["builds"], &counted["misses"]),
        (&2.into(), &3.into(), &3.into())
    );
    assert_eq!((&counted["used_today"], &counted["used_this_week"]), (&3.into(), &3.into()));
    let on_disk = |part: &str| -> u64 {
        let files = files_below(&sandbox.cache().join("v1").join(part));
        files.iter().map(|path| fs::metadata(path).unwrap().blocks() * 512).sum()
    };
    assert_eq!(counted["binary_bytes"], on_disk("bin"));
    assert_eq!(counted["dependency_bytes"], on_disk("deps"));
}

#[test]
fn size_and_list_speak_to_programs() {
    let sandbox = Sandbox::fake();
    sandbox.runner(["cache", "list", "--json"]).run().prints("[]\n");
    let script = sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let list: Value =
        serde_json::from_str(&sandbox.runner(["cache", "list", "--json"]).run().stdout).unwrap();
    let one = &list[0];
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(one["script"], script.to_str().unwrap());
    assert_eq!((&one["profile"], &one["toolchain"]), (&"release".into(), &"rustc 1.95.0".into()));
    assert!(Path::new(one["path"].as_str().unwrap()).is_file() && one["bytes"].as_u64().unwrap() > 0);
    let size: Value =
        serde_json::from_str(&sandbox.runner(["cache", "size", "--json"]).run().stdout).unwrap();
    assert_eq!(size["path"], sandbox.cache().to_str().unwrap());
    let plain = sandbox.runner(["cache", "size"]).run().stdout;
    assert_eq!(size["bytes"].to_string(), plain.trim_end());
    let path: Value =
        serde_json::from_str(&sandbox.runner(["cache", "path", "--json"]).run().stdout).unwrap();
    assert_eq!(path["path"], size["path"]);
}

#[test]
fn a_dry_trim_tells_what_a_trim_then_does_and_removes_nothing() {
    let sandbox = Sandbox::fake();
    for name in ["old", "new"] {
        sandbox.write(format!("{name}.rs"), format!("print {name}\n"));
        sandbox.runner([format!("{name}.rs")]).run().prints(&format!("{name}\n"));
    }
    let binaries = sandbox.cached("bin");
    let old = binaries.iter().find(|path| path.ends_with("old")).unwrap();
    let old = sandbox.cache().join("v1/bin").join(old);
    age(&old, 40);
    let directory = old.parent().unwrap();
    let then = SystemTime::now() - Duration::from_secs(7200);
    fs::File::open(directory).unwrap().set_modified(then).unwrap();
    let bytes = fs::metadata(&old).unwrap().blocks() * 512;
    let before = files_below(&sandbox.cache());
    let ran = sandbox.runner(["cache", "trim", "--dry-run"]).run();
    let script = sandbox.path("old.rs");
    assert!(
        ran.stdout.lines().next().unwrap().ends_with(&format!("  {}", script.display())),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.ends_with(&format!("would remove 1 build, {bytes} bytes\n")), "{}", ran.stdout);
    assert_eq!(files_below(&sandbox.cache()), before);
    sandbox
        .runner(["cache", "trim", "--dry-run", "--older", "41d"])
        .run()
        .prints("would remove 0 builds, 0 bytes\n");
    // What is to be kept may be said for good.
    let run = sandbox.runner(["cache", "trim", "--dry-run"]).env("RUNNER_OLDER", "41");
    run.run().prints("would remove 0 builds, 0 bytes\n");
    let config = sandbox.write("config.toml", "older = \"41d\"\n");
    let run = sandbox.runner(["cache", "trim", "--dry-run"]).env("RUNNER_CONFIG", &config);
    run.run().prints("would remove 0 builds, 0 bytes\n");
    let run = sandbox.runner(["cache", "trim", "--dry-run", "--older", "30"]).env("RUNNER_CONFIG", &config);
    assert!(run.run().stdout.contains("would remove 1 build"));
    sandbox.runner(["cache", "trim"]).run().prints(&format!("removed 1 build, {bytes} bytes\n"));
    assert!(!old.exists());
    sandbox.runner(["cache", "trim", "--dry-run"]).run().prints("would remove 0 builds, 0 bytes\n");
    sandbox.runner(["new.rs"]).run().prints("new\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_dry_trim_by_size_tells_the_least_recently_used() {
    let sandbox = Sandbox::fake();
    for (days, name) in [(3, "a"), (2, "b"), (1, "c")] {
        sandbox.write(format!("{name}.rs"), format!("print {name}\n"));
        sandbox.runner([format!("{name}.rs")]).run().prints(&format!("{name}\n"));
        let binaries = sandbox.cached("bin");
        let binary = binaries.iter().find(|path| path.ends_with(name)).unwrap();
        age(&sandbox.cache().join("v1/bin").join(binary), days);
    }
    let ran = sandbox.runner(["cache", "trim", "--dry-run", "--max-size", "1"]).run();
    let scripts: Vec<_> = ran.stdout.lines().filter_map(|line| line.split('/').next_back()).collect();
    assert_eq!(scripts[..2], ["b.rs", "a.rs"], "{}", ran.stdout);
    assert_eq!(sandbox.cached("bin").len(), 3);
    sandbox
        .runner(["cache", "size", "--dry-run"])
        .run()
        .fails(125, "runner: `--dry-run` is for `cache trim`\n  hint: `runner help cache`");
}

#[test]
fn what_there_is_nothing_of_is_said() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox
        .runner(["cache", "clean", "typo.rs"])
        .run()
        .fails(127, "give the path of a file, or `runner --help`");
    // A script that is there and was never built, and one that was built and is gone.
    sandbox.write("y.rs", "print y\n");
    sandbox.runner(["cache", "clean", "y.rs"]).run().prints("removed 0 builds, 0 bytes\n");
    fs::remove_file(sandbox.path("x.rs")).unwrap();
    assert!(sandbox.runner(["cache", "clean", "x.rs"]).run().stdout.starts_with("removed 1 build,"));
    sandbox.runner(["list"]).run().ends(0, "", "runner: no commands are installed\n");
    sandbox.runner(["list", "--json"]).run().prints("[]\n");
}

#[test]
fn a_trim_is_told_as_data() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    age(&sandbox.cached_paths("bin")[0], 40);
    let shown = sandbox.runner(["cache", "trim", "--json", "--dry-run", "--max-size", "1"]).run();
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(
        (shown["builds"].as_u64(), shown["would_remove"].as_array().map(Vec::len)),
        (Some(1), Some(1))
    );
    let removed = sandbox.runner(["cache", "trim", "--json", "--max-size", "1"]).run();
    let removed: serde_json::Value = serde_json::from_str(&removed.stdout).unwrap();
    assert_eq!(removed["builds"].as_u64(), Some(1));
}
