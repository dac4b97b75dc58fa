//! Eviction by `runner cache trim`, and by itself.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::children::wait_until;
use crate::support::files::{self, age, files_below};
use crate::support::sandbox::Sandbox;
use crate::support::strace;

#[test]
fn trim_removes_what_was_not_used_for_long() {
    let sandbox = Sandbox::fake();
    for name in ["x.rs", "y.rs"] {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run();
        if name == "x.rs" {
            sandbox.cached_paths("bin").iter().for_each(|path| age(path, 10));
        }
    }
    sandbox.runner(["cache", "trim", "--older", "11d"]).run().prints("removed 0 builds, 0 bytes\n");
    let ran = sandbox.runner(["cache", "trim", "--older", "9d"]).run();
    assert!(ran.stdout.starts_with("removed 1 build, "), "{}", ran.stdout);
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    assert!(list.lines().count() == 1 && list.contains("y.rs"), "{list}");
    for name in ["x.rs", "y.rs"] {
        sandbox.runner([name]).run().prints(&format!("{name}\n"));
    }
    assert_eq!(sandbox.compiles(), 3);
}

#[test]
fn trim_removes_the_least_recently_used_beyond_a_size() {
    let sandbox = Sandbox::fake();
    for (index, name) in ["a.rs", "b.rs", "c.rs"].iter().enumerate() {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run();
        let newest = |path: &Path| path.file_name().unwrap() == name.strip_suffix(".rs").unwrap();
        for path in files_below(&sandbox.cache().join("v1/bin")).iter().filter(|path| newest(path)) {
            let then = SystemTime::now() - Duration::from_secs(3600 * (10 - index as u64));
            let file = fs::File::options().read(true).open(path).unwrap();
            file.set_times(fs::FileTimes::new().set_accessed(then).set_modified(then)).unwrap();
        }
    }
    // Each takes a block.
    let ran = sandbox.runner(["cache", "trim", "--max-size", "8192"]).run();
    assert!(ran.stdout.starts_with("removed 1 build, "), "{}", ran.stdout);
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    assert!(list.lines().count() == 2 && !list.contains("a.rs"), "{list}");
    // The last one stays in a cache too small for it: somebody is about to run it.
    sandbox.runner(["cache", "trim", "--max-size", "0"]).run();
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    assert!(list.lines().count() == 1 && list.contains("c.rs"), "{list}");
}

/// In the background, so that no program waits for it; at once where nothing may be started there.
#[test]
fn a_miss_trims_by_itself_once_a_day() {
    for tier in ["on", "off"] {
        let sandbox = Sandbox::fake().with("RUNNER_TIER", tier);
        for name in ["old.rs", "new.rs", "newer.rs"] {
            sandbox.write(name, format!("print {name}\n"));
        }
        sandbox.runner(["old.rs"]).run().prints("old.rs\n");
        sandbox.cached_paths("bin").iter().for_each(|path| age(path, 40));
        sandbox.runner(["new.rs"]).run().prints("new.rs\n");
        let list = || sandbox.runner(["cache", "list"]).run().stdout;
        assert_eq!(list().lines().count(), 2);
        let stamp = fs::File::options().write(true).open(sandbox.cache().join("v1/trimmed")).unwrap();
        stamp.set_modified(SystemTime::now() - Duration::from_secs(90_000)).unwrap();
        sandbox.runner(["new.rs"]).run().prints("new.rs\n");
        assert_eq!(list().lines().count(), 2, "a hit trims nothing");
        sandbox.runner(["newer.rs"]).run().prints("newer.rs\n");
        if tier == "on" {
            wait_until("the old build went", || !list().contains("old.rs"));
        }
        let list = list();
        assert!(list.lines().count() == 2 && !list.contains("old.rs"), "{list}");
    }
}

/// One more environment of dependencies costs no more looks at all of them.
#[test]
fn the_oldest_environments_of_dependencies_go_first_and_no_more_than_must() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let all = sandbox.cache().join("v1/deps/a/environments");
    for index in 0..9 {
        let directory = all.join(index.to_string());
        fs::create_dir_all(&directory).unwrap();
        files::write(directory.join("record"), vec![b'x'; 100_000]);
        for path in [directory.join("record"), directory] {
            let then = SystemTime::now() - Duration::from_secs(3600 * (20 - index));
            let file = fs::File::open(path).unwrap();
            file.set_times(fs::FileTimes::new().set_accessed(then).set_modified(then)).unwrap();
        }
    }
    let left = || {
        let mut names: Vec<_> = fs::read_dir(&all)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.concat()
    };
    for (most, expected) in [(2_000_000, "012345678"), (500_000, "5678"), (500_000, "5678"), (0, "8")] {
        let dry = sandbox.runner(["cache", "trim", "--dry-run", "--max-size", &most.to_string()]).run();
        let ran = sandbox.runner(["cache", "trim", "--max-size", &most.to_string()]).run();
        assert_eq!((ran.code, left().as_str()), (0, expected), "{}", ran.stderr);
        let bytes = |text: &str| text.lines().last().unwrap().split_once(", ").unwrap().1.to_owned();
        assert_eq!(bytes(&dry.stdout), bytes(&ran.stdout));
    }
}

#[test]
fn what_a_killed_build_left_is_removed() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).env("FAKE_DIE", "half").run();
    assert!(!sandbox.cached("staging").is_empty());
    // The compiler may outlive its caller for a moment, and still be writing there.
    let is_gone = (0..100).any(|_| {
        sandbox.runner(["cache", "trim"]).run().prints("removed 0 builds, 0 bytes\n");
        sandbox.cached("staging").is_empty()
    });
    assert!(is_gone);
}

#[test]
fn trim_and_clean_follow_no_link_out_of_the_cache() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let precious = sandbox.write("precious/file", "keep\n");
    for place in ["bin/ab", "staging/build-x", "traces/ab", "deps/x", "locks/x"] {
        let link = sandbox.cache().join("v1").join(place);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(precious.parent().unwrap(), link).unwrap();
    }
    sandbox.runner(["cache", "trim", "--older", "0", "--max-size", "0"]).run();
    sandbox.runner(["cache", "clean"]).run();
    assert_eq!(fs::read_to_string(precious).unwrap(), "keep\n");
}

#[test]
fn cleaning_and_trimming_read_each_trace_a_few_times_however_many_there_are() {
    if !strace::is_there() {
        return;
    }
    const VERSIONS: usize = 24;
    let sandbox = Sandbox::fake();
    for version in 0..VERSIONS {
        sandbox.write("x.rs", format!("print {version}\n"));
        sandbox.runner(["x.rs"]).run().prints(&format!("{version}\n"));
    }
    for command in [&["cache", "trim"][..], &["cache", "clean", "x.rs"]] {
        let (ran, calls) = strace::trace(&sandbox, &[], command);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let is_read = |text: &String| text.contains("/v1/traces/") && text.len() > 64;
        let reads =
            calls.iter().filter(|call| call.name == "openat" && call.texts().iter().any(is_read)).count();
        assert!((VERSIONS..=VERSIONS * 6).contains(&reads), "{command:?}: {reads} for {VERSIONS} traces");
    }
    assert_eq!(sandbox.runner(["cache", "list"]).run().stdout, "");
}
