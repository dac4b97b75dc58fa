//! `scripts/bench`, once, in its quick mode, so that it cannot rot. How fast anything is, is not asked here.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::sandbox::{RUNNER, Sandbox, skipped};

#[test]
fn every_cheap_row_can_be_measured() {
    let version = Command::new("hyperfine").arg("--version").stdout(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return skipped("no hyperfine (apt-get install hyperfine)");
    }
    let sandbox = Sandbox::new();
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/bench");
    let bench = bench.to_str().unwrap();
    let ran = sandbox
        .runner(["--profile", "quick", bench, "--quick", "--runner", RUNNER])
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("RUNNER_BENCH_DIR", sandbox.root().join("bench"))
        .run();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let rows = [
        "cached run",
        "edit, run",
        "cached run, 200 recorded inputs",
        "peak memory of a cached run",
        "the binary",
    ];
    for row in rows {
        let line =
            ran.stdout.lines().find(|line| line.split('|').nth(1).is_some_and(|first| first.trim() == row));
        let ours = line.and_then(|line| line.split('|').nth(4)).unwrap_or_default().trim();
        assert!(
            ours.ends_with("ms") || ours.ends_with("MB"),
            "{row}: {ours:?}\n{}{}",
            ran.stdout,
            ran.stderr
        );
    }
}
