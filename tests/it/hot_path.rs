//! A hit, by its system calls: from the execve of `runner` to the execve of the script's binary.
//!
//! The list is golden on purpose. One more call is a decision somebody makes in a review, and unlike a timing it does not
//! flake. What the dynamic loader and the C library do before `main` is cut off, so that the list is that of static
//! builds too, and so is the management of memory.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::Sandbox;
use crate::strace::{self, Call};

/// A hit of a script that reads nothing but itself: `hit.rs`, before anything else.
const SHORT: &str = "\
getcwd
open x.rs
stat fd
read
stat $ROOT/home/.cache/runner
geteuid
open $ROOT/home/.cache/runner/v1/traces/$ID
read
close
stat $ROOT/home/.rustup/settings.toml
access $ROOT/bin/rustc
access $ROOT/fake/rustc
stat $ROOT/fake/rustc
stat $ROOT/fake/rustc
stat $ROOT/home/.cargo/config
stat $ROOT/home/.cargo/config.toml
stat /.cargo/config
stat /.cargo/config.toml
stat $ROOT/home/.config/runner/config.toml
access $ROOT/bin/cc
access $ROOT/fake/cc
stat $ROOT/fake/cc
stat $ROOT/fake/cc
stat $ROOT/home/.cache/runner/v1/bin/$ID/x
close
execve $ROOT/home/.cache/runner/v1/bin/$ID/x
";

/// The same with an option, which only `runner.rs` understands.
const LONG: &str = "\
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
stat $ROOT/home/.cargo/config
stat $ROOT/home/.cargo/config.toml
stat /.cargo/config
stat /.cargo/config.toml
stat $ROOT/home/.config/runner/config.toml
access $ROOT/bin/cc
access $ROOT/fake/cc
stat $ROOT/fake/cc
stat $ROOT/fake/cc
execve $ROOT/home/.cache/runner/v1/bin/$ID/x
";

/// An input costs one call; a module of Rust another, for the rival that would make it ambiguous.
const THREE_INPUTS: &str = "\
stat $ROOT/work/one.txt
stat $ROOT/work/two.txt
stat $ROOT/work/three.rs
stat $ROOT/work/three/mod.rs
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::fake();
    // A linker of its own, so that the list does not depend on where the machine has one.
    let linker = sandbox.root().join("fake/cc");
    fs::write(&linker, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&linker, fs::Permissions::from_mode(0o755)).unwrap();
    settle();
    sandbox
}

/// A stamp counts only if the file had been left alone for a tick of the clock before the build; else the first hit reads
/// the file once more. A tick is 10 ms at most.
fn settle() {
    std::thread::sleep(std::time::Duration::from_millis(20));
}

/// The calls of a hit: everything the process does itself, and whatever it might start.
fn hit(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Call> {
    let (ran, calls) = strace::trace(sandbox, &["-f"], arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let runner = calls[0].process;
    let end = calls.iter().skip(1).position(|call| call.name == "execve" && !call.failed());
    let mut calls: Vec<Call> =
        calls.into_iter().take(end.expect("it becomes the binary") + 2).skip(1).collect();
    assert!(calls.iter().all(|call| call.process == runner), "another process or thread: {calls:#?}");
    let memory = ["brk", "mmap", "munmap", "mremap", "mprotect", "madvise"];
    calls.retain(|call| !memory.contains(&call.name.as_str()));
    // Debug builds look whether a descriptor is open before they close it.
    calls.retain(|call| !(call.name == "fcntl" && call.arguments.contains("F_GETFD")));
    calls
}

/// Without what happens before `main`, and without names that differ from run to run.
fn normalized(sandbox: &Sandbox, calls: &[Call]) -> String {
    let root = sandbox.root().to_str().unwrap();
    let is_first = |call: &Call| call.name == "getcwd" || call.texts().iter().any(|text| text == "x.rs");
    let begin = calls.iter().position(is_first).unwrap();
    let before = &calls[..begin];
    assert!(before.iter().all(|call| !call.arguments.contains(root)), "before `main`: {before:#?}");
    let mut out = String::new();
    for call in &calls[begin..] {
        let name = match call.name.as_str() {
            "openat" | "openat2" => "open",
            "statx" | "newfstatat" | "fstat" | "lstat" => "stat",
            "faccessat" | "faccessat2" => "access",
            other => other,
        };
        let path = call.texts().into_iter().next().unwrap_or_default();
        let what = match name {
            "stat" if path.is_empty() => "fd".to_owned(),
            "open" | "stat" | "access" | "execve" | "readlink" => {
                without_digests(&path.replace(root, "$ROOT"))
            }
            _ => String::new(),
        };
        out.push_str(format!("{name} {what}").trim_end());
        out.push('\n');
    }
    out
}

/// `ab/ab12…` is `$ID`.
fn without_digests(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let is_digest = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut out: Vec<&str> = Vec::new();
    for part in parts {
        if is_digest(part) {
            out.pop();
            out.push("$ID");
        } else {
            out.push(part);
        }
    }
    out.join("/")
}

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
    let (before, exec) = SHORT.split_at(SHORT.find("stat $ROOT/home/.cache/runner/v1/bin").unwrap());
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
fn a_hit_costs_the_same_among_two_thousand_scripts() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let alone = normalized(&sandbox, &hit(&sandbox, &["x.rs"]));
    let v1 = sandbox.cache().join("v1");
    let trace = fs::read(v1.join("traces").join(&sandbox.cached("traces")[0])).unwrap();
    for number in 0..2000u32 {
        let name = format!("{:02x}{number:062x}", number % 256);
        for part in ["traces", "bin"] {
            let shard = v1.join(part).join(&name[..2]);
            fs::create_dir_all(&shard).unwrap();
            match part {
                "traces" => fs::write(shard.join(&name), &trace).unwrap(),
                _ => fs::create_dir(shard.join(&name)).unwrap(),
            }
        }
        fs::write(v1.join("locks").join(&name), "").unwrap();
    }
    assert_eq!(normalized(&sandbox, &hit(&sandbox, &["x.rs"])), alone);
    println!("hot path: {} system calls, alone and among 2000", alone.lines().count());
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
