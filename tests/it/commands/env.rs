//! `runner env`: what runner sees, and where from.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::files::copy;
use crate::support::sandbox::Sandbox;

/// The value and the place of a name.
fn seen(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str], name: &str) -> (String, String) {
    let run = sandbox.runner(["env", "--json", name]).args(arguments);
    let ran = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let one = &json[0];
    assert_eq!((json.as_array().unwrap().len(), one["name"].as_str().unwrap()), (1, name));
    let place = one["place"].as_str().or(one["source"].as_str()).unwrap();
    (one["value"].as_str().unwrap().to_owned(), place.to_owned())
}

#[test]
fn it_tells_who_won() {
    let sandbox = Sandbox::fake();
    let config = sandbox.home().join(".config/runner/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    let head = "---\npackage.metadata.runner.profile = \"dev\"\n---\n";
    sandbox.write("spoken.rs", format!("{head}print x\n"));
    sandbox.write("lined.rs", format!("#!/usr/bin/env -S runner --profile quick\n{head}print x\n"));
    let variable = [("RUNNER_PROFILE", "bench")];
    let profile =
        |variables: &[(&str, &str)], arguments: &[&str]| seen(&sandbox, variables, arguments, "profile");
    let told = |value: &str, place: &str| (value.to_owned(), place.to_owned());
    assert_eq!(profile(&[], &[]), told("release", "default"));
    fs::write(&config, "# mine\n\nprofile = \"test\"\n").unwrap();
    let line = format!("{}:3", config.display());
    assert_eq!(profile(&[], &[]), told("test", &line));
    assert_eq!(profile(&variable, &[]), told("bench", "RUNNER_PROFILE"));
    assert_eq!(profile(&variable, &["--script", "spoken.rs"]), told("dev", "metadata"));
    assert_eq!(profile(&variable, &["--script", "lined.rs"]), told("quick", "first line"));
    let arguments = ["--script", "lined.rs", "--profile", "release"];
    assert_eq!(profile(&variable, &arguments), told("release", "command line"));
}

#[test]
fn what_it_tells_of_a_setting_is_what_a_run_does() {
    let sandbox = Sandbox::fake();
    let cache = sandbox.root().join("elsewhere");
    let text = cache.to_str().unwrap();
    assert_eq!(seen(&sandbox, &[], &[], "cache").0, sandbox.cache().to_str().unwrap());
    assert_eq!(
        seen(&sandbox, &[("RUNNER_CACHE", text)], &[], "cache"),
        (text.to_owned(), "RUNNER_CACHE".to_owned())
    );
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).env("RUNNER_CACHE", text).run().prints("x\n");
    assert!(cache.join("CACHEDIR.TAG").exists());
    // The directory that `promote` takes, from the configuration.
    let config = sandbox.write("config.toml", "bin = \"~/my/bin\"\nolder = 7\nmax-size = \"10k\"\n");
    let variables = [("RUNNER_CONFIG", config.to_str().unwrap())];
    let bin = sandbox.home().join("my/bin");
    let place = format!("{}:1", config.display());
    assert_eq!(seen(&sandbox, &variables, &[], "bin"), (bin.to_str().unwrap().to_owned(), place));
    let ran = sandbox.runner(["promote", "x.rs"]).env("RUNNER_CONFIG", &config).run();
    assert!(ran.code == 0 && bin.join("x").exists(), "{}", ran.stderr);
    assert_eq!(seen(&sandbox, &variables, &[], "older").0, "7d");
    assert_eq!(seen(&sandbox, &variables, &[], "max-size").0, "10000");
}

#[test]
fn the_toolchain_and_what_it_is() {
    let sandbox = Sandbox::fake();
    let rustc = sandbox.root().join("fake/rustc");
    let ran = sandbox.runner(["env", "rustc", "rustc-version", "host"]).run();
    ran.prints(&format!("{}\n1.95.0\nx86_64-unknown-linux-gnu\n", rustc.display()));
    assert_eq!(seen(&sandbox, &[], &[], "toolchain"), (String::new(), "PATH".to_owned()));
    let named = [("RUSTC", rustc.to_str().unwrap())];
    assert_eq!(seen(&sandbox, &named, &[], "toolchain").1, "RUSTC");
    let toolchain = sandbox.home().join(".rustup/toolchains/here/bin");
    fs::create_dir_all(&toolchain).unwrap();
    copy(&rustc, toolchain.join("rustc"));
    let settings = sandbox.home().join(".rustup/settings.toml");
    fs::write(&settings, "default_toolchain = \"here\"\n").unwrap();
    assert_eq!(
        seen(&sandbox, &[], &[], "toolchain"),
        ("here".to_owned(), settings.to_str().unwrap().to_owned())
    );
    let asked = seen(&sandbox, &[("RUNNER_TOOLCHAIN", "here")], &[], "rustc");
    assert_eq!(asked, (toolchain.join("rustc").to_str().unwrap().to_owned(), "RUNNER_TOOLCHAIN".to_owned()));
}

#[test]
fn without_a_compiler_it_tells_the_rest_and_why() {
    let sandbox = Sandbox::fake().with("PATH", "/nonexistent");
    let why = "runner: `rustc` is not on PATH, and this script needs it to compile\n  \
               hint: install Rust from https://rustup.rs, or your system's `rustc` package\n";
    let ran = sandbox.runner(["env"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, why));
    assert!(
        ran.stdout.lines().any(|line| line.split_whitespace().eq(["profile", "release"])),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("rustc-version"));
    sandbox.runner(["env", "rustc"]).run().ends(127, "", why);
}

#[test]
fn names_are_exact_and_one_that_is_not_known_is_an_error() {
    let sandbox = Sandbox::fake();
    sandbox.runner(["env", "profile", "tier"]).run().prints("release\ntrue\n");
    sandbox.runner(["env", "profil"]).run().ends(
        125,
        "",
        "runner: there is no setting `profil`\n  hint: did you mean `profile`?\n",
    );
    sandbox.runner(["env", "MAX_SIZE"]).run().fails(125, "hint: did you mean `max-size`?");
    sandbox.runner(["env", "profile", "zzz"]).run().ends(
        125,
        "",
        "runner: there is no setting `zzz`\n  hint: `runner env` lists the settings\n",
    );
    let ran = sandbox.runner(["env", "--script", "missing.rs"]).run();
    assert!(
        ran.code == 127
            && ran.stderr.starts_with(
                "runner: missing.rs: no such script
"
            ),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_variable_that_is_misspelt_is_noticed() {
    let sandbox = Sandbox::fake();
    let ran = sandbox.runner(["env"]).env("RUNNER_OFLINE", "1").env("RUNNER_TOOL_CACHE", "/x").run();
    let said = "runner: unknown variable `RUNNER_OFLINE`; it has no effect\n  hint: did you mean `RUNNER_OFFLINE`?\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (0, said));
}

#[test]
fn whether_cargo_may_use_the_network_is_cargos_to_say_too() {
    let sandbox = Sandbox::fake();
    assert_eq!(seen(&sandbox, &[], &[], "offline"), ("false".to_owned(), "default".to_owned()));
    let of_cargo = [("CARGO_NET_OFFLINE", "true")];
    assert_eq!(
        seen(&sandbox, &of_cargo, &[], "offline"),
        ("true".to_owned(), "CARGO_NET_OFFLINE".to_owned())
    );
    let config = sandbox.home().join(".cargo/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "[net]\noffline = true\n").unwrap();
    let shown = config.to_str().unwrap().to_owned();
    assert_eq!(seen(&sandbox, &[], &[], "offline"), ("true".to_owned(), shown));
    let off = [("CARGO_NET_OFFLINE", "false")];
    assert_eq!(seen(&sandbox, &off, &[], "offline").0, "false");
    let both = [("CARGO_NET_OFFLINE", "true"), ("RUNNER_OFFLINE", "0")];
    assert_eq!(seen(&sandbox, &both, &[], "offline"), ("false".to_owned(), "RUNNER_OFFLINE".to_owned()));
}

#[test]
fn it_writes_nothing() {
    let sandbox = Sandbox::fake();
    assert_eq!(sandbox.runner(["env"]).run().code, 0);
    assert!(!sandbox.cache().exists() && !sandbox.home().join(".config").exists());
    // Nor where it could not.
    fs::set_permissions(sandbox.home(), fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(sandbox.runner(["env", "cache"]).run().code, 0);
    fs::set_permissions(sandbox.home(), fs::Permissions::from_mode(0o700)).unwrap();
}
