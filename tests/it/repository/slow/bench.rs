//! `scripts/bench`, once, in its quick mode, so that it cannot rot. How fast anything is, is not asked here.

use std::path::Path;

use crate::support::sandbox::{RUNNER, Sandbox};

#[test]
fn every_cheap_row_can_be_measured() {
    let sandbox = Sandbox::new();
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/bench");
    let bench = bench.to_str().unwrap();
    let ran = sandbox
        .runner(["--profile", "quick", bench, "--quick", "--runner", RUNNER])
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("RUNNER_BENCH_DIR", sandbox.root().join("bench"))
        .run();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    // A row has ours in its third column, a figure its value in the first.
    for (name, column, unit) in [
        ("cached run", 4, "s"),
        ("edit, run", 4, "s"),
        ("cached run, 200 recorded inputs", 4, "s"),
        ("peak memory of a cached run", 2, "MB"),
        ("the binary", 2, "MB"),
    ] {
        let line = ran.stdout.lines().find(|line| {
            let first = line.split('|').nth(1).unwrap_or_default().trim();
            first.strip_suffix(" (disturbed)").unwrap_or(first) == name
        });
        let ours = line.and_then(|line| line.split('|').nth(column)).unwrap_or_default().trim();
        assert!(ours.ends_with(unit), "{name}: {ours:?}\n{}{}", ran.stdout, ran.stderr);
    }
}
