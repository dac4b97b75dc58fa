//! `scripts/examples/hosts/plugins.rs`: compiled here as it stands, and run.

use runner::{Kind, Policy, Rule, Settings};

use crate::support::hosts::settings;
use crate::support::sandbox::Sandbox;

#[allow(dead_code, clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)] // It is a program.
#[path = "../../../scripts/examples/hosts/plugins.rs"]
mod example;

#[test]
fn a_directory_of_plugins_runs_in_parallel_with_limits() {
    let sandbox = Sandbox::fake();
    sandbox.write("good.rs", "print hi\n");
    sandbox.write("talks.rs", "shell yes\n");
    sandbox.write("wrong.rs", "fail at once\n");
    sandbox.write("steals.rs", "const A: &str = env!(\"TOKEN\");\n");
    sandbox.write("notes.txt", "no plugin\n");
    // The fake compiler writes to its log.
    let policy = Policy::refusing().variables(["FAKE_LOG"]).confined(false);
    // The programs of the fake compiler look for theirs on a default PATH.
    let settings: Settings = settings(sandbox.root()).variable("TOKEN", Some("1")).policy(policy);
    let results = example::run_all(&sandbox.work(), settings).unwrap();
    let lines: Vec<String> = results.iter().map(|(path, result)| example::report(path, result)).collect();
    let [good, steals, talks, wrong] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(good, "good: exit status: 0: hi");
    assert!(steals.contains("line 1, column 17: the policy refuses variable `TOKEN`"), "{steals}");
    assert_eq!(talks, "talks: stopped: OutputLimit");
    assert!(wrong.contains("rustc failed"), "{wrong}");
    let refused = results[1].1.as_ref().unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused(Rule::Variable));
}
