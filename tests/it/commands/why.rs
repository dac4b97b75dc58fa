//! `runner why`, `-v` and `RUNNER_VERIFY`: what would be done and why, and whether it would be right.

use std::fs;

use crate::support::sandbox::{Ran, Sandbox};

/// The line `runner why x.rs` prints, without the script's name.
fn why(sandbox: &Sandbox, options: &[&str]) -> String {
    let arguments = [&["why"], options, &["x.rs"]].concat();
    let ran = sandbox.runner(arguments).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    ran.stdout.strip_prefix("x.rs: ").unwrap().trim_end().to_owned()
}

#[test]
fn a_script_that_was_never_built_says_so_and_is_not_built() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    assert_eq!(why(&sandbox, &[]), "not built yet");
    assert_eq!(sandbox.compiles(), 0);
    assert!(!sandbox.cache().exists());
}

#[test]
fn a_hit_names_the_binary_that_would_be_executed() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let answer = why(&sandbox, &[]);
    let binary = answer.strip_prefix("cached as `").unwrap().trim_end_matches('`');
    sandbox.command(binary).run().prints("x\n");
}

#[test]
fn every_kind_of_change_is_named_with_what_it_was_and_is() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "include a.txt\nmod m\nenv COLOR\n");
    sandbox.write("a.txt", "print a\n");
    sandbox.write("m.rs", "print m\n");
    sandbox.runner(["x.rs"]).run().prints("a\nm\nunset\n");

    let path = |name: &str| sandbox.path(name).display().to_string();
    sandbox.write("a.txt", "print other\n");
    let answer = why(&sandbox, &[]);
    assert!(answer.starts_with(&format!("file `{}` was ", path("a.txt"))), "{answer}");
    sandbox.write("a.txt", "print a\n");

    fs::remove_file(sandbox.path("m.rs")).unwrap();
    let answer = why(&sandbox, &[]);
    assert!(answer.contains(&path("m.rs")) && answer.ends_with(", is absent"), "{answer}");
    sandbox.write("m.rs", "print m\n");

    sandbox.write("m/mod.rs", "print rival\n");
    assert_eq!(why(&sandbox, &[]), format!("file `{}` was absent, is present", path("m/mod.rs")));
    fs::remove_dir_all(sandbox.path("m")).unwrap();

    let ran = sandbox.runner(["why", "x.rs"]).env("COLOR", "red").run();
    ran.prints("x.rs: variable `COLOR` was unset, is red\n");

    let answer = why(&sandbox, &["--debug"]);
    assert_eq!(answer, "options were `release`, are `dev`");
    assert!(why(&sandbox, &[]).starts_with("cached as "));

    sandbox.write("x.rs", "print changed\n");
    let answer = why(&sandbox, &[]);
    assert!(answer.starts_with(&format!("script `{}` was ", path("x.rs"))), "{answer}");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn json_holds_the_same() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "env COLOR\n");
    let json = |color: &str| -> serde_json::Value {
        let ran = sandbox.runner(["why", "--json", "x.rs"]).env("COLOR", color).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    };
    assert_eq!(json("red")["state"], "never built");
    sandbox.runner(["x.rs"]).env("COLOR", "red").run().prints("red\n");
    let hit = json("red");
    assert_eq!((&hit["script"], &hit["state"]), (&"x.rs".into(), &"hit".into()));
    assert!(hit["path"].as_str().unwrap().ends_with("/x"));
    let changed = json("blue");
    assert_eq!(changed["state"], "changed");
    assert_eq!(
        changed["changes"],
        serde_json::json!([{"kind": "variable", "name": "COLOR", "old": "red", "new": "blue"}])
    );
}

#[test]
fn verbose_says_it_in_one_line_before_what_is_done() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "env COLOR\n");
    let compiling = |why: &str, ran: Ran| {
        // Where the kernel does not let it be observed.
        let stderr = ran.stderr.replace(", unobserved\n", "\n");
        let compiling = "runner: x.rs: compiling it, release, with rustc 1.95.0";
        assert_eq!(stderr, format!("runner: x.rs: {why}\n{compiling}\n"));
    };
    let first = sandbox.runner(["-v", "x.rs"]).run();
    assert_eq!(first.stdout, "unset\n");
    compiling("not built yet", first);
    let changed = sandbox.runner(["-v", "x.rs"]).env("COLOR", "red").run();
    compiling("variable `COLOR` was unset, is red", changed);
    let hit = sandbox.runner(["-v", "x.rs"]).run();
    assert!(
        hit.stderr.starts_with("runner: x.rs: cached as `") && hit.stderr.lines().count() == 1,
        "{}",
        hit.stderr
    );
}

#[test]
fn verification_rebuilds_and_compares() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox.runner(["x.rs"]).env("RUNNER_VERIFY", "1").run().prints("x\n");
    assert_eq!(sandbox.compiles(), 2);
    // FAKE_TEXT is an input that this compiler does not own up to.
    let ran = sandbox.runner(["x.rs"]).env("RUNNER_VERIFY", "1").env("FAKE_TEXT", "y").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, ""));
    assert!(ran.stderr.starts_with("runner: x.rs: the cached binary ("), "{}", ran.stderr);
    assert!(ran.stderr.contains(") is not what a fresh build gives ("), "{}", ran.stderr);
    sandbox.runner(["x.rs"]).env("RUNNER_VERIFY", "0").run().prints("x\n");
    assert_eq!(sandbox.compiles(), 3);
}
