//! `runner upgrade` of packages, and killed at every system call.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::fake_registry::{Crate, Registry};
use crate::support::files::{copy, files_below, settle};
use crate::support::path_dependency::script;
use crate::support::sandbox::Sandbox;
use crate::support::strace;

#[test]
fn an_upgrade_builds_with_the_options_of_the_promotion() {
    let sandbox = Sandbox::new();
    let text = "fn main() { println!(\"{} {} 1\", cfg!(debug_assertions), env!(\"CARGO_PKG_VERSION\")) }\n";
    sandbox.script("x.rs", text);
    sandbox.quiet(&["promote", "--debug", "--edition", "2018", "x.rs", "--name", "y", "--to", "there"]);
    sandbox.script("x.rs", text.replace('1', "2"));
    let other = sandbox.root().join("home");
    sandbox.runner(["upgrade", "y"]).within(other).run().prints("y: source changed; built again\n");
    sandbox.command(sandbox.path("there/y")).run().prints("true 0.0.0 2\n");
    assert_eq!(files_below(&sandbox.commands()), Vec::<PathBuf>::new());
    let listed = &sandbox.listed()[0];
    assert_eq!(listed["options"], serde_json::json!(["--profile", "dev", "--edition", "2018"]));
    assert_eq!((&listed["profile"], &listed["edition"]), (&"dev".into(), &"2018".into()));
}

#[test]
fn a_program_of_a_package_is_promoted_listed_upgraded_and_demoted() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    let bin = sandbox.commands();
    let bin = bin.display();
    let ran = sandbox.runner(["promote", "tool@latest"]).run();
    assert!(ran.stdout.starts_with(&format!("installed {bin}/tool (1.0.0)\n")), "{}", ran.stdout);
    sandbox.quiet(&["promote", "tool@1.0.0", "--name", "fixed"]);
    let said = format!(
        "fixed  current         {bin}/fixed  from tool@1.0.0 (1.0.0)\n\
         tool   current         {bin}/tool  from tool@latest (1.0.0)\n"
    );
    sandbox.runner(["list"]).run().prints(&said);
    sandbox.runner(["upgrade"]).run().prints("fixed: up to date (1.0.0)\ntool: up to date (1.0.0)\n");
    registry.publish(&Crate::program("tool", "1.1.0"));
    sandbox.runner(["upgrade"]).run().prints("fixed: up to date (1.0.0)\ntool: 1.0.0 -> 1.1.0\n");
    assert!(sandbox.says("tool").starts_with("tool 1.1.0 "));
    assert!(sandbox.says("fixed").starts_with("tool 1.0.0 "));
    // It is the same that a run takes from now on.
    sandbox.runner(["tool@latest"]).run().prints("tool 1.1.0 [\"tool\"]\n");
    let listed = sandbox.listed();
    let expected =
        [("kind", "package"), ("source", "tool@latest"), ("version", "1.1.0"), ("state", "current")];
    for (name, value) in expected {
        assert_eq!(listed[1][name], value, "{name}");
    }
    assert_eq!(listed[1]["source_b3"], Value::Null);
    sandbox
        .runner(["demote", "tool", "fixed"])
        .run()
        .prints(&format!("removed {bin}/tool\nremoved {bin}/fixed\n"));
    assert_eq!(files_below(&sandbox.commands()), Vec::<PathBuf>::new());
}

#[test]
fn a_requirement_is_upgraded_within_itself() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    sandbox.quiet(&["promote", "tool@1"]);
    registry.publish(&Crate::program("tool", "1.2.0"));
    registry.publish(&Crate::program("tool", "2.0.0"));
    let table = "crate  now    fits   newest  wanted by\ntool   1.0.0  1.2.0  2.0.0   1\n";
    for words in [&["outdated", "tool@1"][..], &["outdated", "--all"]] {
        sandbox.runner(words).run().ends(1, table, "");
    }
    sandbox.runner(["upgrade", "tool"]).run().prints("tool: 1.0.0 -> 1.2.0\n");
    sandbox
        .runner(["outdated", "tool@1"])
        .run()
        .prints("crate  now    fits  newest  wanted by\ntool   1.2.0  -     2.0.0   1\n");
    sandbox.runner(["outdated", "tool@2"]).run().prints("everything is up to date\n");
    // A version that was withdrawn is left for one that was not.
    registry.yank("tool", "1.2.0");
    registry.yank("tool", "2.0.0");
    sandbox.runner(["outdated", "--all"]).run().prints("everything is up to date\n");
    sandbox.runner(["upgrade", "tool"]).run().prints("tool: 1.2.0 -> 1.0.0\n");
}

#[test]
fn a_package_is_upgraded_with_the_program_and_the_features_of_the_promotion() {
    let (sandbox, registry) = Registry::new();
    let text = "fn main() { println!(\"{} {}\", env!(\"CARGO_PKG_VERSION\"), cfg!(feature = \"loud\")) }";
    let publish = |version| {
        let files = &[("src/bin/a.rs", text), ("src/bin/b.rs", "fn main() {}")];
        let (manifest, features) = ("[features]\nloud = []\n", &["loud"][..]);
        registry.publish(&Crate { manifest, files, features, ..Crate::program("pair", version) });
    };
    publish("1.0.0");
    sandbox.quiet(&["promote", "--bin", "a", "-F", "loud", "pair@latest"]);
    assert_eq!(sandbox.says("a"), "1.0.0 true\n");
    publish("1.0.1");
    sandbox.runner(["upgrade"]).run().prints("a: 1.0.0 -> 1.0.1\n");
    assert_eq!(sandbox.says("a"), "1.0.1 true\n");
}

#[test]
fn an_unreachable_registry_leaves_what_is_installed() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    sandbox.quiet(&["promote", "tool@latest"]);
    sandbox.script("x.rs", "fn main() { println!(\"x\") }\n");
    sandbox.quiet(&["promote", "x.rs"]);
    sandbox.script("x.rs", "fn main() { println!(\"y\") }\n");
    registry.publish(&Crate::program("tool", "1.1.0"));
    // What is known offline: that there is one version.
    registry.set_down(true);
    sandbox.runner(["upgrade"]).run().prints("tool: up to date (1.0.0)\nx: source changed; built again\n");
    fs::remove_dir_all(sandbox.root().join("cargo/registry")).unwrap();
    let ran = sandbox.runner(["upgrade"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, "x: up to date\n"));
    assert!(ran.stderr.starts_with("runner: tool: the registry cannot be reached"), "{}", ran.stderr);
    assert!(sandbox.says("tool").starts_with("tool 1.0.0 "));
    registry.set_down(false);
    sandbox.runner(["upgrade", "tool"]).run().prints("tool: 1.0.0 -> 1.1.0\n");
}

#[test]
fn the_program_of_a_package_does_not_replace_what_is_not_ours() {
    let (sandbox, registry) = Registry::new();
    let files = &[("src/bin/short.rs", "fn main() {}")];
    registry.publish(&Crate { files, ..Crate::program("longer", "1.0.0") });
    fs::create_dir_all(sandbox.commands()).unwrap();
    fs::write(sandbox.commands().join("short"), "mine\n").unwrap();
    let message = format!(
        "runner: longer@1: `{}` exists and runner did not put it there\n  hint: `--force` replaces it\n",
        sandbox.commands().join("short").display()
    );
    sandbox.runner(["promote", "longer@1"]).run().ends(125, "", &message);
    assert_eq!(fs::read_to_string(sandbox.commands().join("short")).unwrap(), "mine\n");
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}

#[test]
fn a_script_and_a_package_of_one_name_are_refused_before_either_is_installed() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    sandbox.script("tool.rs", "fn main() {}\n");
    let message = format!(
        "runner: tool@1: it would be installed as `{}`, and so would `tool.rs`\n  \
         hint: promote one of them by itself, with `--name NAME`\n",
        sandbox.commands().join("tool").display()
    );
    sandbox.runner(["promote", "tool.rs", "tool@1"]).run().ends(125, "", &message);
    assert_eq!(files_below(&sandbox.commands()), Vec::<PathBuf>::new());
}

/// Killed at any system call by which an upgrade changes the file system, there is a working executable: the old one or the
/// new one; and the next upgrade mends the rest.
#[test]
fn killed_at_any_system_call_of_an_upgrade_there_is_a_working_executable() {
    if !strace::is_there() {
        return;
    }
    let make = || {
        let sandbox = Sandbox::fake_with_machine_code();
        sandbox.script("x.rs", "print old\n");
        sandbox.quiet(&["promote", "x.rs"]);
        sandbox.script("x.rs", "print new\n");
        // Stamps that can be trusted, so that every run makes the same calls.
        settle();
        sandbox
    };
    let sandbox = make();
    let (ran, points) = strace::changes(&sandbox, &["upgrade", "x"]);
    ran.prints("x: source changed; built again\n");
    let last = points.last().unwrap();
    assert!(last.name.starts_with("rename") && last.arguments.contains(".local/bin/x"), "{}", last.arguments);
    let (mut old, mut new) = (0, 0);
    for point in &points {
        let context = format!("{} {} ({})", point.name, point.number, point.arguments);
        let sandbox = make();
        strace::killed(&sandbox, point, &["upgrade", "x"]);
        match sandbox.says("x").as_str() {
            "old\n" => old += 1,
            "new\n" => new += 1,
            other => panic!("{context}: {other}"),
        }
        let ran = sandbox.runner(["upgrade", "x"]).run();
        assert!(
            ran.code == 0 && ran.stderr.is_empty() && ran.stdout.starts_with("x: "),
            "{context}: {} {}",
            ran.stdout,
            ran.stderr
        );
        assert_eq!(
            (sandbox.says("x").as_str(), sandbox.state("x").as_str()),
            ("new\n", "current"),
            "{context}"
        );
    }
    println!(
        "faults: {} kills of an upgrade: {old} left the old executable, {new} the new one",
        points.len()
    );
    // The last of them is the renaming: everything before leaves the old one.
    assert!(old > 10 && old + new == points.len(), "{old} {new}");
}

#[test]
fn what_was_promoted_follows_the_versions_its_dependencies_are_resolved_to() {
    let (sandbox, registry) = Registry::with_libraries(&["one"]);
    let code = "fn main() { println!(\"{}\", one::said()) }\n";
    script(&sandbox, "x.rs", "dependencies.one = \"1\"", code);
    script(&sandbox, "other.rs", "dependencies.one = \"=1.0.0\"", code);
    sandbox.quiet(&["promote", "x.rs"]);
    sandbox.quiet(&["promote", "other.rs"]);
    registry.library("one", "1.0.1");
    assert_eq!(sandbox.states(), "current, current");
    sandbox.runner(["update", "x.rs"]).run().prints("one 1.0.0 -> 1.0.1\n");
    assert_eq!(sandbox.states(), "current, dependencies changed");
    let dry = "other: up to date\nx: dependencies changed (one 1.0.0 -> 1.0.1); would be built again\n";
    sandbox.runner(["upgrade", "--dry-run"]).run().prints(dry);
    assert_eq!(sandbox.says("x"), "one 1.0.0\n");
    sandbox
        .runner(["upgrade"])
        .run()
        .prints("other: up to date\nx: dependencies changed (one 1.0.0 -> 1.0.1); built again\n");
    assert_eq!((sandbox.says("x").as_str(), sandbox.states().as_str()), ("one 1.0.1\n", "current, current"));
    // A lock beside the script is its resolution, and no other source.
    registry.library("one", "1.0.2");
    sandbox.runner(["update", "x.rs", "--lock"]).run().prints("one 1.0.1 -> 1.0.2\n");
    assert_eq!(sandbox.states(), "current, dependencies changed");
    assert_eq!(sandbox.runner(["upgrade", "x"]).run().code, 0);
    assert_eq!((sandbox.says("x").as_str(), sandbox.states().as_str()), ("one 1.0.2\n", "current, current"));
    // The same versions from another place are the same.
    copy(sandbox.path("x.rs.lock"), sandbox.path("lock"));
    fs::rename(sandbox.path("lock"), sandbox.path("x.rs.lock")).unwrap();
    assert_eq!(sandbox.states(), "current, current");
    // Nobody knows what a cache that was emptied had them resolved to.
    assert_eq!(sandbox.runner(["cache", "clean"]).run().code, 0);
    assert_eq!(sandbox.states(), "current, current");
    // A dry run of what is out of date for another reason changes nothing either.
    script(&sandbox, "x.rs", "dependencies.one = \"1\"", &format!("{code}// edited\n"));
    sandbox.runner(["upgrade", "-q", "--dry-run"]).run().prints("");
    sandbox.runner(["upgrade", "--dry-run", "x"]).run().prints("x: source changed; would be built again\n");
    assert_eq!(sandbox.state("x"), "source changed");
}
