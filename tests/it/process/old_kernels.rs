//! Kernels, or the filters of containers, that have no such system call: what is newer than runner's oldest kernel has a way round.

use crate::support::sandbox::Sandbox;
use crate::support::strace;

/// Calls that older kernels do not have, and the Linux that brought them.
const NEWER: &[(&str, &str)] = &[
    ("memfd_create", "3.17"),
    ("renameat2", "3.15"),
    ("copy_file_range", "4.5"),
    ("statx", "4.11"),
    ("pidfd_open", "5.3"),
    ("openat2", "5.6"),
    ("faccessat2", "5.8"),
    ("close_range", "5.9"),
];

#[test]
fn every_way_to_run_a_script_does_without_the_newer_calls() {
    if !strace::is_there() {
        return;
    }
    // As the kernel refuses a call that it does not know, and as a filter does that is older than the call.
    for refusal in ["ENOSYS", "EPERM"] {
        // The C library of a shell takes that for the answer of this one.
        let is_asked = |name: &str| refusal == "ENOSYS" || name != "faccessat2";
        let names: Vec<String> =
            NEWER.iter().filter(|(name, _)| is_asked(name)).map(|(name, _)| format!("?{name}")).collect();
        let names = names.join(",");
        let sandbox = Sandbox::fake();
        let log = sandbox.root().join("strace");
        let (trace, inject) = (format!("trace={names}"), format!("inject={names}:error={refusal}"));
        let says = |arguments: &[&str], said: &str| {
            let ran = strace::command(&sandbox, &log, &["-f", "-e", &trace, "-e", &inject], arguments).run();
            assert_eq!(
                (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
                (0, said, ""),
                "{refusal} {arguments:?}"
            );
        };
        sandbox.write("x.rs", "fn main() {}\nprint x\n");
        says(&["x.rs"], "x\n");
        says(&["x.rs"], "x\n");
        says(&["--offline", "x.rs"], "x\n");
        assert_eq!(sandbox.compiles(), 1, "{refusal}");
        says(&["--temp", "x.rs"], "x\n");
        says(&["promote", "-q", "x.rs"], "");
        says(&["build", "x.rs", "-o", "built"], "");
        // Without `main`.
        sandbox.write("y.rs", "print y\n");
        says(&["y.rs"], "y\n");
    }
}
