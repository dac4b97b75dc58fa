//! Hits, and their system calls.

use crate::support::digests::without_digests;
use crate::support::files::{settle, write_program};
use crate::support::sandbox::Sandbox;
use crate::support::strace::{self, Call};

/// Where every hit makes the same calls.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::fake();
    // A linker of its own, so that the list does not depend on where the machine has one.
    let linker = sandbox.root().join("fake/cc");
    write_program(&linker, "#!/bin/sh\n");
    settle();
    sandbox
}

/// The calls of a hit: everything the process does itself, and whatever it might start.
pub fn hit(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Call> {
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
pub fn normalized(sandbox: &Sandbox, calls: &[Call]) -> String {
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
            "pread64" => "read",
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
