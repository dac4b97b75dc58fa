//! The configuration file and the variables: which place wins, what a change of either compiles, and what is wrong in them.

use std::fs;
use std::path::PathBuf;

use crate::support::sandbox::Sandbox;

/// Prints what the compiler was told about optimization, the edition and the processor.
const TELLS: &str =
    "argument opt-level*\nargument -C?opt-level*\nargument --edition*\nargument -C?target-cpu*\n";

fn write_config(sandbox: &Sandbox, text: &str) -> PathBuf {
    let path = sandbox.home().join(".config/runner/config.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// What the fake compiler is told for a script, one word a line.
fn told(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut run = sandbox.runner(arguments);
    for (name, value) in variables {
        run = run.env(name, value);
    }
    let ran = run.run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{variables:?} {arguments:?}: {}", ran.stdout);
    let shown = |line: &str| line.strip_prefix("-C ").unwrap_or(line).to_owned();
    ran.stdout.lines().map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_strongest_place_that_says_anything_wins() {
    let sandbox = Sandbox::fake();
    let plain = sandbox.write("plain.rs", TELLS);
    let lined = sandbox.write("lined.rs", format!("#!/usr/bin/env -S runner --edition 2018\n{TELLS}"));
    let pinned = "---\npackage.edition = \"2021\"\n---\n";
    let spoken = sandbox.write("spoken.rs", format!("{pinned}{TELLS}"));
    let both = sandbox.write("both.rs", format!("#!/usr/bin/env -S runner --edition 2018\n{pinned}{TELLS}"));
    let [plain, lined, spoken, both] = [&plain, &lined, &spoken, &both].map(|path| path.to_str().unwrap());
    let edition = |variables: &[(&str, &str)], arguments: &[&str]| {
        let told = told(&sandbox, variables, arguments);
        told.split("--edition=").nth(1).unwrap()[..4].to_owned()
    };
    let variable = [("RUNNER_EDITION", "2015")];
    assert_eq!(edition(&[], &[plain]), "2024", "the default");
    write_config(&sandbox, "edition = \"2021\"\n");
    assert_eq!(edition(&[], &[plain]), "2021", "the configuration");
    assert_eq!(edition(&variable, &[plain]), "2015", "the variable before the configuration");
    write_config(&sandbox, "edition = \"2024\"\n");
    assert_eq!(edition(&variable, &[spoken]), "2021", "the metadata before the variable");
    assert_eq!(edition(&variable, &[both]), "2018", "the first line before the metadata");
    assert_eq!(edition(&variable, &[lined]), "2018");
    assert_eq!(edition(&variable, &["--edition", "2021", lined]), "2021", "the command line before all");
}

#[test]
fn every_setting_that_shapes_a_build_does_so_from_the_variable_and_the_configuration() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "argument *opt-level*\nargument *target-cpu*\nargument *crt-static\n");
    let script = path.to_str().unwrap();
    let plain = told(&sandbox, &[], &[script]);
    assert!(plain.contains("opt-level=3") && !plain.contains("target-cpu") && !plain.contains("static"));
    let cases = [
        ("profile", "quick", "\"quick\"", ""),
        ("rustflags", "-C target-cpu=x", "[\"-C\", \"target-cpu=x\"]", "target-cpu=x"),
        ("static", "1", "true", "target-feature=+crt-static"),
    ];
    for (name, value, toml, expected) in cases {
        let variable = format!("RUNNER_{}", name.to_uppercase());
        let of_variable = told(&sandbox, &[(&variable, value)], &[script]);
        assert_ne!(of_variable, plain, "{name}");
        assert!(of_variable.contains(expected), "{name}: {of_variable}");
        let compiles = sandbox.compiles();
        write_config(&sandbox, &format!("{name} = {toml}\n"));
        assert_eq!(told(&sandbox, &[], &[script]), of_variable, "{name}");
        assert_eq!(sandbox.compiles(), compiles, "{name}: one build, whoever asked for it");
        fs::remove_file(sandbox.home().join(".config/runner/config.toml")).unwrap();
        assert_eq!(told(&sandbox, &[], &[script]), plain, "{name}");
        assert_eq!(sandbox.compiles(), compiles, "{name}: the build of before is still there");
    }
}

#[test]
fn the_metadata_may_say_no_to_what_is_said_for_all_scripts() {
    let sandbox = Sandbox::fake();
    write_config(&sandbox, "static = true\nrustflags = \"-C target-cpu=x\"\n");
    let head = "---\n[package.metadata.runner]\nstatic = false\nrustflags = []\n---\n";
    let script =
        sandbox.write("x.rs", format!("{head}argument *crt-static\nargument *target-cpu*\nprint end\n"));
    assert_eq!(told(&sandbox, &[], &[script.to_str().unwrap()]), "end");
}

#[test]
fn a_change_of_the_configuration_counts_at_once_and_compiles_only_what_it_changes() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "argument *opt-level*\nprint x\n");
    sandbox.runner(["x.rs"]).run().prints("-C opt-level=3\nx\n");
    assert_eq!(sandbox.compiles(), 1);
    // It appears, and says nothing about this script.
    write_config(&sandbox, "bin = \"~/bin\"\n");
    sandbox.runner(["x.rs"]).run().prints("-C opt-level=3\nx\n");
    write_config(&sandbox, "bin = \"~/bin\"\nolder = \"7d\"\n");
    sandbox.runner(["x.rs"]).run().prints("-C opt-level=3\nx\n");
    assert_eq!(sandbox.compiles(), 1);
    // It says something else.
    let path = write_config(&sandbox, "profile = \"dev\"\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    assert_eq!(sandbox.compiles(), 2);
    // It is touched; it goes; another is named; none is.
    fs::File::open(&path).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    sandbox.runner(["x.rs"]).run().prints("x\n");
    fs::remove_file(&path).unwrap();
    sandbox.runner(["x.rs"]).run().prints("-C opt-level=3\nx\n");
    let other = sandbox.write("other.toml", "profile = \"dev\"\n");
    sandbox.runner(["x.rs"]).env("RUNNER_CONFIG", &other).run().prints("x\n");
    sandbox.runner(["x.rs"]).env("RUNNER_CONFIG", "").run().prints("-C opt-level=3\nx\n");
    let elsewhere = sandbox.home().join("elsewhere/runner");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::write(elsewhere.join("config.toml"), "profile = \"dev\"\n").unwrap();
    let xdg = elsewhere.parent().unwrap();
    sandbox.runner(["x.rs"]).env("XDG_CONFIG_HOME", xdg).run().prints("x\n");
    sandbox.runner(["x.rs"]).run().prints("-C opt-level=3\nx\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_configuration_that_cannot_be_understood_is_an_error_at_every_run_until_it_is_mended() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let path = sandbox.home().join(".config/runner/config.toml");
    let shown = path.to_str().unwrap();
    let cases = [
        ("profile = \n", "1:11: ", "  hint: it is TOML: `name = value` lines"),
        (
            "\n profile = 3\n",
            "2:12: `profile` must be a string",
            "  hint: `runner help config` lists the settings",
        ),
        ("offline = \"yes\"\n", "1:11: `offline` must be true or false", ""),
        ("max-size = \"big\"\n", "1:12: `max-size` must be a size, for example `2G`", ""),
        ("older = -1\n", "1:9: `older` must be a number of days, for example `7d`", ""),
        ("bin = \"rel\"\n", "1:7: `bin` must be an absolute path, or one that begins with `~/`", ""),
        ("rustflags = [1]\n", "1:13: `rustflags` must be a list of strings", ""),
        (
            "cache = \"/c\"\n",
            "1:1: `cache` cannot be set in the configuration",
            "  hint: the cache is found before anything is read; say `RUNNER_CACHE`",
        ),
        (
            "args = [\"x\"]\n",
            "1:1: `args` cannot be set in the configuration",
            "  hint: the arguments of a run are what follows the script; say `args` under `[package.metadata.runner]`",
        ),
        ("profile = \"a\"\nprofile = \"b\"\n", "2:1: duplicate key", ""),
    ];
    for (text, message, hint) in cases {
        write_config(&sandbox, text);
        for _ in 0..2 {
            let ran = sandbox.runner(["x.rs"]).run();
            assert_eq!((ran.code, ran.stdout.as_str()), (125, ""), "{text}");
            let first = ran.stderr.lines().next().unwrap();
            assert!(first.starts_with(&format!("runner: x.rs: {shown}:{message}")), "{text}: {first}");
            assert!(ran.stderr.lines().any(|line| line == hint || hint.is_empty()), "{text}: {}", ran.stderr);
            assert_eq!(ran.stderr.lines().count(), 2, "{text}: {}", ran.stderr);
        }
    }
    fs::write(&path, b"profile = \"\xff\"\n").unwrap();
    sandbox
        .runner(["x.rs"])
        .run()
        .fails(125, &format!("runner: x.rs: {shown}:1:12: it is not UTF-8 text\n  hint: write it in UTF-8"));
    // What needs no settings still works.
    assert_eq!(sandbox.runner(["cache", "path"]).run().code, 0);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    sandbox.runner(["x.rs"]).run().fails(
        125,
        &format!("runner: x.rs: the configuration `{shown}` is not a file\n  hint: move what is there aside"),
    );
    fs::remove_dir(&path).unwrap();
    sandbox.runner(["x.rs"]).run().prints("x\n");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_key_that_is_not_known_is_said_once() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.write("y.rs", "print y\n");
    let path = write_config(&sandbox, "profile = \"dev\"\n\noflfine = true\nzzz = 1\n");
    let shown = path.to_str().unwrap();
    let expected = format!(
        "runner: {shown}:3: there is no setting `oflfine`\n  hint: did you mean `offline`?\n\
         runner: {shown}:4: there is no setting `zzz`\n"
    );
    sandbox.runner(["x.rs"]).run().ends(0, "x\n", &expected);
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox.runner(["y.rs"]).run().prints("y\n");
    write_config(&sandbox, "zzz = 1\n");
    let expected = format!("runner: {shown}:1: there is no setting `zzz`\n");
    sandbox.runner(["x.rs"]).run().ends(0, "x\n", &expected);
    sandbox.runner(["y.rs"]).run().prints("y\n");
}

#[test]
fn runner_config_must_name_an_absolute_path() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    sandbox.runner(["x.rs"]).env("RUNNER_CONFIG", "c.toml").run().fails(
        125,
        "runner: x.rs: `RUNNER_CONFIG` names `c.toml`, which must be an absolute path\n  hint: for example `$PWD/config.toml`",
    );
    sandbox.runner(["x.rs"]).run().prints("x\n");
}

#[test]
fn a_variable_that_means_nothing_is_an_error_that_names_it() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    for (name, value, message) in [
        (
            "RUNNER_LOCKED",
            "maybe",
            "x.rs: `RUNNER_LOCKED` is `maybe`, and must be `1` or `0`\n  hint: set it to that, or unset it: `unset RUNNER_LOCKED`",
        ),
        (
            "RUNNER_EDITION",
            "2020",
            "RUNNER_EDITION: there is no Rust edition `2020`\n  hint: the editions are 2015, 2018, 2021 and 2024",
        ),
        (
            "RUNNER_TOOLCHAIN",
            "./x",
            "RUNNER_TOOLCHAIN: toolchain `./x` must be a name or an absolute path\n  hint: for example `nightly`, or `$PWD/toolchain`",
        ),
        (
            "RUNNER_RUSTFLAGS",
            "--emit=asm",
            "RUNNER_RUSTFLAGS: `rustflags` may not have `--emit=asm`\n  hint: `-C`, `--cfg`, `-l`, `-L`, `-g`, `-O` and the levels of lints are allowed",
        ),
    ] {
        sandbox.runner(["x.rs"]).env(name, value).run().fails(125, message);
        // One that is empty says nothing.
        sandbox.runner(["x.rs"]).env(name, "").run().prints("x\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_script_may_not_say_what_is_not_its_own() {
    let sandbox = Sandbox::fake();
    let head = |line: &str| format!("---\n[package.metadata.runner]\n{line}\n---\nprint x\n");
    sandbox.write("cache.rs", head("cache = \"/c\""));
    sandbox.runner(["cache.rs"]).run().fails(
        125,
        "cache.rs: line 3, column 1: `package.metadata.runner.cache` cannot be set in a script\n  \
         hint: the cache is found before anything is read; say `RUNNER_CACHE`",
    );
    sandbox.write("edition.rs", head("edition = \"2021\""));
    let ran = sandbox.runner(["edition.rs"]).run();
    assert!(ran.stderr.contains("hint: a script names it as `edition` under `[package]`"), "{}", ran.stderr);
}

#[test]
fn a_temporary_binary_for_all_scripts_is_one_that_leaves_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let before = sandbox.cached("bin");
    write_config(&sandbox, "temp = true\n");
    sandbox.write("y.rs", "print y\n");
    sandbox.runner(["y.rs"]).run().prints("y\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    assert_eq!(sandbox.cached("bin"), before);
}

#[test]
fn another_users_configuration_is_passed_over() {
    if !rustix::process::geteuid().is_root() {
        return crate::support::sandbox::skipped("not root: no file can be given to another user");
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "argument *opt-level*\n");
    let path = write_config(&sandbox, "profile = \"dev\"\n");
    std::os::unix::fs::chown(&path, Some(12345), Some(12345)).unwrap();
    let ran = sandbox.runner(["x.rs"]).run();
    assert_eq!(ran.stdout, "-C opt-level=3\n");
    assert!(
        ran.stderr.contains("belongs to uid 12345, not to you (uid 0): it is passed over"),
        "{}",
        ran.stderr
    );
    std::os::unix::fs::chown(&path, Some(0), Some(0)).unwrap();
    sandbox.runner(["x.rs"]).run().prints("");
}

#[test]
fn the_variables_of_a_service_that_has_runners_too_are_not_ours() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let variables =
        [("RUNNER_OS", "Linux"), ("RUNNER_TEMP", "/home/runner/work/_temp"), ("RUNNER_DEBUG", "1")];
    for _ in 0..2 {
        let run = sandbox.runner(["x.rs"]);
        variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run().prints("x\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn what_is_wrong_further_on_is_blamed_on_the_line_that_said_it() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    for (line, message) in [
        ("profile = \"zzz\"", "profile `zzz` is not defined"),
        ("profile = \"a b\"", "`a b` is not the name of a profile"),
        ("toolchain = \"zzz\"", "toolchain `zzz` is not installed"),
        ("edition = \"2020\"", "there is no Rust edition `2020`"),
        ("rustflags = \"-o x\"", "`rustflags` may not have `-o`"),
    ] {
        let path = write_config(&sandbox, &format!("# mine\n{line}\n"));
        let ran = sandbox.runner(["x.rs"]).run();
        let expected = format!("runner: {}:2: {message}\n", path.display());
        assert!(ran.code != 0 && ran.stderr.starts_with(&expected), "{line}: {}", ran.stderr);
    }
}

#[test]
fn every_setting_is_told_of() {
    let sandbox = Sandbox::fake();
    let help = sandbox.runner(["help", "config"]).run().stdout;
    let table = help.split("\n\n").find(|part| part.starts_with("  profile")).unwrap();
    let listed = sandbox.runner(["env"]).run().stdout;
    let names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let end = names.iter().position(|name| *name == "rustc").unwrap();
    for name in &names[..end] {
        assert!(table.split_whitespace().any(|word| word.trim_end_matches(':') == *name), "{name}: {table}");
    }
}

/// Agents of services have variables of these names for purposes of their own.
#[test]
fn a_value_that_can_only_be_a_services_is_passed_over_with_a_note() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let missing = sandbox.path("missing.toml").display().to_string();
    for (name, value, note) in [
        ("RUNNER_PROFILE", "ci", "`RUNNER_PROFILE` is `ci`, which is no profile: it is passed over"),
        ("RUNNER_PROFILE", "a b", "`RUNNER_PROFILE` is `a b`, which is no profile: it is passed over"),
        ("RUNNER_TARGET", "arm", "`RUNNER_TARGET` is `arm`, which is no target: it is passed over"),
        ("RUNNER_CONFIG", &missing, "which is not there: it is passed over"),
    ] {
        sandbox.runner(["x.rs"]).env(name, value).run().prints("x\n");
        let told = sandbox.runner(["-v", "--force", "x.rs"]).env(name, value).run();
        assert!(told.code == 0 && told.stderr.contains(note), "{name}: {}", told.stderr);
    }
    // What has a meaning has it still.
    sandbox.write("p.rs", "---\n[profile.ci]\ninherits = \"dev\"\n---\nargument *debuginfo*\n");
    sandbox.runner(["p.rs"]).env("RUNNER_PROFILE", "ci").run().prints("-C debuginfo=2\n");
    assert_eq!(sandbox.runner(["x.rs"]).env("RUNNER_TARGET", "no-such-target").run().code, 127);
    sandbox.runner(["--profile", "nope", "x.rs"]).run().fails(125, "");
}

#[test]
fn a_configuration_that_is_a_device_is_empty() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.write("../home/.config/runner/config.toml", "profile = 1\n");
    sandbox.runner(["x.rs"]).env("RUNNER_CONFIG", "/dev/null").run().prints("x\n");
}
