//! Loss of power: no trace names a binary that is not whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::disk_model::{Inode, Promise, ROOT, Recording, Step, assert_survives, try_all_disks};
use crate::support::sandbox::Sandbox;
use crate::support::strace;

#[test]
fn after_a_loss_of_power_no_trace_names_a_binary_that_is_not_whole() {
    if !strace::is_there() {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\ninclude one.txt\n");
    sandbox.write("one.txt", "print one\n");
    symlink("x.rs", sandbox.path("link")).unwrap();
    let mut states = vec![assert_survives(&sandbox, &["link"], "right\none\n")];
    // Another variant beside the first.
    sandbox.write("one.txt", "print two\n");
    states.push(assert_survives(&sandbox, &["x.rs"], "right\ntwo\n"));
    // A trace is gone and its binary is not: the binary is used again.
    for trace in sandbox.cached("traces") {
        fs::remove_file(sandbox.cache().join("v1/traces").join(trace)).unwrap();
    }
    states.push(assert_survives(&sandbox, &["x.rs"], "right\ntwo\n"));
    // A binary is damaged, and replaced.
    for binary in sandbox.cached("bin") {
        fs::write(sandbox.cache().join("v1/bin").join(binary), "damaged").unwrap();
    }
    states.push(assert_survives(&sandbox, &["x.rs"], "right\ntwo\n"));
    println!("power: {} disks after a loss of power ({states:?})", states.iter().sum::<usize>());
}

#[test]
fn the_model_notices_a_sync_that_is_missing() {
    // The binary is written, renamed into its place, and then named by a trace.
    let steps = |synced: bool| {
        let change = |directory, name: &str, inode| (directory, OsString::from(name), inode);
        let mut steps = vec![
            Step::Change(vec![change(ROOT, "staging", Some(1))]),
            Step::Change(vec![change(ROOT, "bin", Some(2))]),
            Step::SyncAll,
            Step::Change(vec![change(1, "b", Some(3))]),
            Step::Write(3),
        ];
        steps.extend(synced.then_some(Step::Sync(3)));
        steps.push(Step::Change(vec![change(1, "b", None), change(2, "b", Some(3))]));
        steps.push(Step::Change(vec![change(1, "t", Some(4))]));
        steps.push(Step::Write(4));
        steps.push(Step::Change(vec![change(1, "t", None), change(ROOT, "trace", Some(4))]));
        steps
    };
    let names = [(1, "staging"), (2, "bin"), (3, "bin/b"), (4, "trace")];
    let names: BTreeMap<Inode, PathBuf> = names.map(|(inode, path)| (inode, path.into())).into();
    let promises = || [Promise { trace: "trace".into(), binary: "bin/b".into() }];
    let whole = Recording { steps: steps(true), names: names.clone() };
    assert!(try_all_disks(&whole, 3, &promises()).unwrap() > 10);
    let torn = Recording { steps: steps(false), names };
    let noticed = try_all_disks(&torn, 3, &promises()).unwrap_err();
    assert!(noticed.ends_with("trace names bin/b, which is torn"), "{noticed}");
}
