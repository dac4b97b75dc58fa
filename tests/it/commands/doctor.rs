//! `runner doctor`: a sandbox a line.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::files::write_program;
use crate::support::sandbox::{Ran, Sandbox};

/// The findings of a run: grade, what and the cure.
#[track_caller]
fn findings(ran: &Ran) -> Vec<(String, String, String)> {
    let list: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = list.as_array().unwrap().iter();
    list.map(|one| {
        (text(&one["grade"]), text(&one["name"]), text(&one["found"]) + " | " + &text(&one["hint"]))
    })
    .collect()
}

/// Asserts a finding: its grade, what it is about, and words of it or of its cure.
#[track_caller]
fn has(ran: &Ran, grade: &str, what: &str, words: &str) {
    let all = findings(ran);
    let is_it = |one: &&(String, String, String)| one.0 == grade && one.1 == what && one.2.contains(words);
    assert!(all.iter().any(|one| is_it(&one)), "{grade} {what} {words}: {all:#?}");
}

fn doctor(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.runner([&["doctor", "--json"], arguments].concat()).run()
}

#[test]
fn a_machine_on_which_scripts_run_is_well() {
    let sandbox = Sandbox::fake_hi();
    let ran = doctor(&sandbox, &["x.rs"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    for what in ["runner", "PATH", "env", "configuration", "cache", "rustc", "linker", "metadata", "next run"]
    {
        has(&ran, "ok", what, "");
    }
    has(&ran, "ok", "next run", "not built yet");
    has(&ran, "ok", "#! line", "starts `runner`");
    // In words, and only what is not well.
    let ran = sandbox.runner(["doctor"]).run();
    assert!(ran.stdout.starts_with("ok    runner: "), "{}", ran.stdout);
    assert!(!sandbox.runner(["doctor", "-q"]).run().stdout.contains("ok "));
}

#[test]
fn what_is_wrong_with_a_machine_is_a_line_each() {
    let mut sandbox = Sandbox::fake_hi();
    // Another program of the name comes first.
    let first = sandbox.root().join("first");
    fs::create_dir(&first).unwrap();
    write_program(first.join("runner"), "#!/bin/sh\n");
    let path = format!(
        "{}:{}:{}:/usr/bin:/bin",
        first.display(),
        sandbox.root().join("bin").display(),
        sandbox.root().join("fake").display()
    );
    sandbox.set("PATH", path);
    sandbox.set("RUNNER_PROFIL", "dev");
    sandbox.set("HTTPS_PROXY", "http://user:secret@proxy");
    let ran = doctor(&sandbox, &[]);
    has(&ran, "warn", "PATH", "comes first, and is another program");
    has(&ran, "warn", "variable", "`RUNNER_PROFILE` is one that has");
    has(&ran, "ok", "proxy", "HTTPS_PROXY set");
    assert!(!ran.stdout.contains("secret"));
    // Warnings are no failure unless that is asked for.
    assert_eq!(ran.code, 0);
    assert_eq!(sandbox.runner(["doctor", "--strict"]).run().code, 1);

    // A cache that is open to others.
    let cache = sandbox.root().join("open");
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("x"), "").unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    sandbox.set("RUNNER_CACHE", &cache);
    has(&doctor(&sandbox, &[]), "warn", "cache", "open to others");
    sandbox.set("RUNNER_CACHE", "");

    // A configuration that is none.
    let config = sandbox.home().join(".config/runner");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "x = \n").unwrap();
    let ran = doctor(&sandbox, &[]);
    has(&ran, "fail", "configuration", "config.toml:1:5: ");
    assert_eq!(ran.code, 1);
    fs::remove_file(config.join("config.toml")).unwrap();

    // A compiler that cannot link, and none at all.
    let rustc = sandbox.root().join("fake/rustc");
    let own = fs::read_to_string(&rustc).unwrap();
    fs::write(
        &rustc,
        own.replacen(
            "set -u",
            "case \"$*\" in *empty.rs*) echo 'error: linker `cc` not found' >&2; exit 1 ;; esac\nset -u",
            1,
        ),
    )
    .unwrap();
    has(&doctor(&sandbox, &[]), "fail", "linker", "linker `cc` not found | install a C compiler");
    fs::remove_file(&rustc).unwrap();
    let ran = doctor(&sandbox, &[]);
    assert_eq!(ran.code, 1);
    has(&ran, "fail", "rustc", "");
}

#[test]
fn installed_commands_that_are_hidden_or_old_are_told() {
    let mut sandbox = Sandbox::fake_hi();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    has(&doctor(&sandbox, &[]), "warn", "commands", "is not on PATH | export PATH=");
    let bin = sandbox.home().join(".local/bin");
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        sandbox.root().join("bin").display(),
        sandbox.root().join("fake").display()
    );
    sandbox.set("PATH", format!("{}:{path}", bin.display()));
    has(&doctor(&sandbox, &[]), "ok", "commands", "1 in ");
    fs::write(sandbox.path("x.rs"), "print two\n").unwrap();
    has(&doctor(&sandbox, &[]), "warn", "commands", "out of date: x (source changed) | `runner upgrade`");
    let hiding = sandbox.root().join("bin/x");
    write_program(&hiding, "#!/bin/sh\n");
    sandbox.set("PATH", format!("{path}:{}", bin.display()));
    has(&doctor(&sandbox, &[]), "warn", "commands", "`x` is ");
}

#[test]
fn the_riddles_of_a_first_line_are_solved() {
    let sandbox = Sandbox::fake();
    let long = format!("#!/usr/bin/env -S runner {}\nprint hi\n", "-".repeat(300));
    for (text, mode, grade, what, words) in [
        ("#!/usr/bin/env runner\r\nprint hi\r\n", 0o755, "fail", "#! line", "CR LF"),
        ("\u{feff}#!/usr/bin/env runner\nprint hi\n", 0o755, "fail", "#! line", "byte order mark"),
        ("#!/usr/bin/runr\nprint hi\n", 0o755, "fail", "#! line", "`/usr/bin/runr` is not there"),
        ("#!/usr/bin/env nosuch\nprint hi\n", 0o755, "fail", "#! line", "`nosuch`, which is not on PATH"),
        (
            "#!/usr/bin/env runner --debug\nprint hi\n",
            0o755,
            "fail",
            "#! line",
            "`#!/usr/bin/env -S runner --debug`",
        ),
        (&long, 0o755, "fail", "#! line", "255 bytes"),
        ("#!/usr/bin/env runner\nprint hi\n", 0o644, "warn", "mode", "`chmod +x s.rs`"),
        ("print hi\n", 0o755, "warn", "#! line", "a shell would run it"),
        ("print hi\n", 0o644, "ok", "#! line", "`runner s.rs` runs it"),
        ("#!/usr/bin/env runner\n---\nx = \n---\nprint hi\n", 0o755, "fail", "metadata", "line 3"),
        (
            "#!/usr/bin/env runner\n---\nnonsense = 1\n---\nprint hi\n",
            0o755,
            "warn",
            "metadata",
            "line 3: unused",
        ),
    ] {
        let script = sandbox.write("s.rs", text);
        fs::set_permissions(&script, fs::Permissions::from_mode(mode)).unwrap();
        let ran = doctor(&sandbox, &["s.rs"]);
        has(&ran, grade, what, words);
        assert_eq!(ran.code, i32::from(grade == "fail"), "{text}");
    }
    let ran = doctor(&sandbox, &["none.rs"]);
    has(&ran, "fail", "script", "no such script");
    assert_eq!(ran.code, 1);
}
