//! A hit, by its system calls: from the execve of `runner` to the execve of the script's binary.
//!
//! The list is golden on purpose. One more call is a decision somebody makes in a review, and unlike a timing it does not
//! flake. What the dynamic loader and the C library do before `main` is cut off, so that the list is that of static
//! builds too, and so is the management of memory.

use crate::support::files::{settle, write_program};
use crate::support::hits::{hit, normalized, sandbox};
use crate::support::strace::{self, Call};

/// A hit of a script that reads nothing but itself: `hit.rs`, before anything else. One call stands for all that came with the
/// system; the fake compiler is a shell script that calls `chmod`. A `runner.toml` is looked for in each directory from the script's
/// upwards, to HOME or to one that anybody can write to: one call each. A directory of PATH that none of the commands is in is asked once
/// for all of them. Whether a command can be executed is asked where nothing else is of its file.
const SHORT: &str = concat!(
    "\
getcwd
open x.rs
read
stat $ROOT/home/.cache/runner
geteuid
open $ROOT/home/.cache/runner/v1/traces/$ID
read
stat $ROOT/bin
stat $ROOT/home/.rustup/settings.toml
stat $ROOT/fake/rustc
stat /.cargo
stat $ROOT/home/.cargo/config
stat $ROOT/home/.cargo/config.toml
stat $ROOT/home/.config/runner/config.toml
stat $ROOT/",
    "work/runner.toml
stat $ROOT/runner.toml
stat $ROOT/fake/cc
stat /var/lib/dpkg/status
stat $ROOT/fake/chmod
stat /usr/bin/chmod
access /usr/bin/chmod
stat $ROOT/home/.cache/runner/v1/bin/$ID/x
execve $ROOT/home/.cache/runner/v1/bin/$ID/x
"
);

/// The same with an option, which only `runner.rs` understands.
const LONG: &str = concat!(
    "\
open x.rs
stat fd
read
read
getcwd
close
stat $ROOT/home/.cache/runner
geteuid
open $ROOT/home/.cache/runner/v1/traces/$ID
stat fd
read
read
close
stat $ROOT/home/.cache/runner/v1/bin/$ID/x
stat $ROOT/home/.rustup/settings.toml
access $ROOT/bin/rustc
access $ROOT/fake/rustc
stat $ROOT/fake/rustc
stat $ROOT/fake/rustc
stat /.cargo
stat $ROOT/home/.cargo/config
stat $ROOT/home/.cargo/config.toml
stat $ROOT/home/.config/runner/config.toml
stat $ROOT/",
    "work/runner.toml
stat $ROOT/runner.toml
access $ROOT/bin/cc
access $ROOT/fake/cc
stat $ROOT/fake/cc
stat $ROOT/fake/cc
stat /var/lib/dpkg/status
access $ROOT/bin/chmod
access $ROOT/fake/chmod
access /usr/bin/chmod
stat /usr/bin/chmod
stat $ROOT/bin
execve $ROOT/home/.cache/runner/v1/bin/$ID/x
"
);

/// An input costs one call; a module of Rust another, for the rival that would make it ambiguous.
const THREE_INPUTS: &str = "\
stat $ROOT/work/one.txt
stat $ROOT/work/two.txt
stat $ROOT/work/three.rs
stat $ROOT/work/three/mod.rs
";

#[test]
fn a_hit_makes_these_system_calls_and_no_others() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    assert_eq!(normalized(&sandbox, &hit(&sandbox, &["x.rs"])), SHORT);
    assert_eq!(normalized(&sandbox, &hit(&sandbox, &["--offline", "x.rs"])), LONG);
}

#[test]
fn a_hit_with_inputs_looks_at_each_of_them_once() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("one.txt", "print 1\n");
    sandbox.write("two.txt", "print 2\n");
    sandbox.write("three.rs", "print 3\n");
    settle();
    sandbox.write("x.rs", "include one.txt\ninclude two.txt\nmod three\n");
    sandbox.runner(["x.rs"]).run().prints("1\n2\n3\n");
    let (before, exec) = SHORT.split_at(SHORT.find("stat /var/lib/dpkg").unwrap());
    assert_eq!(normalized(&sandbox, &hit(&sandbox, &["x.rs"])), format!("{before}{THREE_INPUTS}{exec}"));
}

#[test]
fn a_hit_starts_no_process_takes_no_lock_and_writes_nothing() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("x.rs", "print x\ninclude one.txt\n");
    sandbox.write("one.txt", "print 1\n");
    sandbox.runner(["x.rs"]).run().prints("x\n1\n");
    // The first hit may refresh the stamp of an input that was new when it was recorded.
    sandbox.runner(["x.rs"]).run().prints("x\n1\n");
    let calls = hit(&sandbox, &["x.rs"]);
    let starts = ["clone", "clone3", "fork", "vfork", "socket", "connect", "pipe2"];
    let found: Vec<_> =
        calls.iter().filter(|call| call.changes_files() || starts.contains(&call.name.as_str())).collect();
    assert!(found.is_empty(), "{found:#?}");
    assert!(!calls.iter().any(|call| call.name == "write" || call.name == "flock"), "{calls:#?}");
}

#[test]
fn a_binary_whose_stamp_changed_is_read_once_and_then_trusted_again() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let binary = sandbox.cache().join("v1/bin").join(&sandbox.cached("bin")[0]);
    // A backup that makes a link changes the time of the last change, and nothing else.
    std::fs::hard_link(&binary, sandbox.root().join("backup")).unwrap();
    settle();
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let calls = hit(&sandbox, &["x.rs"]);
    let root = sandbox.root().to_str().unwrap();
    let is_ours = |call: &&Call| call.arguments.contains(root) || call.arguments.contains("\"x.rs\"");
    let reads = calls.iter().filter(is_ours).filter(|call| call.name.starts_with("open")).count();
    assert_eq!(reads, 2, "the script and its trace: {calls:#?}");
    assert_eq!(sandbox.compiles(), 1);
}

/// Agents of services set dozens that begin as ours do.
#[test]
fn variables_that_are_called_as_ours_and_are_none_cost_nothing() {
    if !strace::is_there() {
        return;
    }
    let mut sandbox = sandbox();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    for name in ["RUNNER_USER", "RUNNER_TOKEN", "RUNNER_VERBOSELY", "RUNNER_"] {
        sandbox.set(name, "x");
    }
    assert_eq!(normalized(&sandbox, &hit(&sandbox, &["x.rs"])), SHORT);
}

/// Commands are looked for where a directory's stamp has moved, whatever its times were set to since.
#[test]
fn a_command_that_appears_in_a_directory_without_any_is_met() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let directory = sandbox.root().join("bin");
    let times = std::fs::metadata(&directory).unwrap().modified().unwrap();
    settle();
    write_program(directory.join("other"), "#!/bin/sh\n");
    std::fs::File::open(&directory).unwrap().set_modified(times).unwrap();
    let calls = normalized(&sandbox, &hit(&sandbox, &["x.rs"]));
    assert!(calls.contains("stat $ROOT/bin\n") && calls.contains("access $ROOT/bin/cc\n"), "{calls}");
    assert_eq!(normalized(&sandbox, &hit(&sandbox, &["x.rs"])), SHORT, "it is passed over again");
    assert_eq!(sandbox.compiles(), 1);
    write_program(directory.join("cc"), "#!/bin/sh\n# another\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    assert_eq!(sandbox.compiles(), 2);
}

/// Its manifest is told in two dozen variables, whose text may be long.
#[test]
fn a_script_with_cargos_rules_is_as_any_other() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    let manifest = format!("---\n[package]\ndescription = \"{}\"\n---\n", "long ".repeat(500));
    sandbox.write("x.rs", format!("{manifest}print x\n"));
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let calls = normalized(&sandbox, &hit(&sandbox, &["x.rs"]));
    assert_eq!(calls.lines().next_back(), SHORT.lines().next_back());
    assert!(!calls.contains("v1/deps") && calls.lines().count() < SHORT.lines().count() + 4, "{calls}");
}
