//! Without the network: what is asked for, what a registry that does not answer means, and registries that are directories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::files::copy;
use crate::support::machine::is_offline;
use crate::support::sandbox::{Ran, Sandbox, skipped};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

fn with_dependencies(dependencies: &str, body: &str) -> String {
    format!("---\n[dependencies]\n{dependencies}\n---\nfn main() {{ {body} }}\n")
}

/// A sandbox whose crates are the machine's, if it has `itoa` 1 and `cfg-if` 1, and a runner that has built nothing.
fn with_crates() -> Option<Sandbox> {
    let sandbox = Sandbox::new();
    let text = with_dependencies("itoa = \"1\"\ncfg-if = \"1\"", "");
    sandbox.write("fetch.rs", text);
    let ran = sandbox.runner(["check", "fetch.rs"]).run();
    if is_offline(&ran) {
        return None;
    }
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    fs::remove_dir_all(sandbox.cache()).unwrap();
    Some(sandbox)
}

/// The same, with a registry that does not answer.
fn without_network(sandbox: Sandbox) -> Sandbox {
    sandbox.with("https_proxy", NOBODY).with("http_proxy", NOBODY)
}

/// A home for cargo of the sandbox's own, with this configuration.
fn cargo_home(sandbox: &mut Sandbox, config: &str) -> PathBuf {
    let home = sandbox.root().join("cargo-home");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("config.toml"), config).unwrap();
    sandbox.set("CARGO_HOME", &home);
    home
}

/// The `.crate` files that the machine has of a crate, the newest of version 1 last.
fn crate_files(sandbox: &Sandbox, name: &str) -> Vec<PathBuf> {
    let home = sandbox.sh("echo $CARGO_HOME").run().stdout;
    let registries = fs::read_dir(Path::new(home.trim_end()).join("registry/cache")).unwrap();
    let mut found: Vec<PathBuf> = registries
        .flatten()
        .flat_map(|registry| fs::read_dir(registry.path()).unwrap().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}-1.")))
        .collect();
    found.sort();
    found
}

#[test]
fn what_was_downloaded_for_others_is_enough_when_the_registry_does_not_answer() {
    let Some(sandbox) = with_crates() else { return };
    let sandbox = without_network(sandbox);
    // Nothing has been built here yet: cargo has to resolve, and its crates are there.
    sandbox.write(
        "x.rs",
        with_dependencies("itoa = \"1\"\ncfg-if = \"1\"", "println!(\"{}\", itoa::Buffer::new().format(7))"),
    );
    let ran = sandbox.runner(["x.rs"]).run();
    let said =
        "runner: x.rs: the registry cannot be reached; its dependencies are resolved to what is here\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "7\n", said));
    sandbox.runner(["x.rs"]).run().prints("7\n");
    // A part of them: what is built here is taken, and nobody is asked.
    sandbox.write(
        "part.rs",
        with_dependencies("itoa = \"1\"", "println!(\"{}\", itoa::Buffer::new().format(8))"),
    );
    sandbox.runner(["part.rs"]).run().prints("8\n");
    // Asked for so, that is said by nobody.
    sandbox.write("y.rs", with_dependencies("cfg-if = \"1\"", "println!(\"y\")"));
    sandbox.runner(["--offline", "y.rs"]).run().prints("y\n");
}

#[test]
fn a_crate_that_is_missing_is_named_in_one_line() {
    let mut sandbox = Sandbox::new();
    cargo_home(&mut sandbox, "[net]\nretry = 0\n");
    let sandbox = without_network(sandbox);
    sandbox.write("x.rs", with_dependencies("itoa = \"1\"", ""));
    let message = "runner: x.rs: the registry cannot be reached (Could not connect to server), and dependency `itoa` is \
                   not here\n  hint: run it once with a network, and no run of it needs one again; `runner help offline` \
                   says more\n";
    sandbox.runner(["x.rs"]).run().ends(125, "", message);
    // Who wants to hear all that cargo says is told.
    let ran = sandbox.runner(["-v", "x.rs"]).run();
    assert!(ran.stderr.contains("failed to get `itoa`") && ran.stderr.ends_with(message), "{}", ran.stderr);
}

/// The second line of a refusal for want of a crate.
fn hint(ran: &Ran) -> &str {
    assert_eq!((ran.code, ran.stderr.lines().count()), (125, 2), "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("runner: x.rs: dependency `itoa` is not downloaded, and `"),
        "{}",
        ran.stderr
    );
    ran.stderr.lines().nth(1).unwrap().trim()
}

#[test]
fn whoever_switched_the_network_off_is_named() {
    let mut sandbox = Sandbox::new();
    let home = cargo_home(&mut sandbox, "");
    sandbox.write("x.rs", with_dependencies("itoa = \"1\"", ""));
    let hint_of = |who: &str| format!("hint: run it once without `{who}` to download what is missing");
    assert_eq!(hint(&sandbox.runner(["--offline", "x.rs"]).run()), hint_of("--offline"));
    let ran = sandbox.runner(["x.rs"]).env("RUNNER_OFFLINE", "1").run();
    assert_eq!(hint(&ran), hint_of("RUNNER_OFFLINE"));
    let ran = sandbox.runner(["x.rs"]).env("CARGO_NET_OFFLINE", "true").run();
    assert_eq!(hint(&ran), hint_of("CARGO_NET_OFFLINE"));
    let config = sandbox.write("config.toml", "offline = true\n");
    let ran = sandbox.runner(["x.rs"]).env("RUNNER_CONFIG", &config).run();
    assert_eq!(hint(&ran), hint_of(&format!("{}:1", config.display())));
    fs::write(home.join("config.toml"), "[net]\noffline = true\n").unwrap();
    let ran = sandbox.runner(["x.rs"]).run();
    assert_eq!(hint(&ran), hint_of(&home.join("config.toml").display().to_string()));
}

#[test]
fn a_word_to_runner_is_stronger_than_one_to_cargo() {
    let mut sandbox = Sandbox::new();
    cargo_home(&mut sandbox, "[net]\noffline = true\nretry = 0\n");
    let sandbox = without_network(sandbox).with("RUNNER_OFFLINE", "0");
    sandbox.write("x.rs", with_dependencies("itoa = \"1\"", ""));
    let ran = sandbox.runner(["x.rs"]).run();
    assert!(ran.stderr.contains("the registry cannot be reached"), "{}", ran.stderr);
}

#[test]
fn frozen_is_offline_and_locked_wherever_a_script_is_built() {
    let mut sandbox = Sandbox::new();
    cargo_home(&mut sandbox, "");
    let script = sandbox.write("x.rs", with_dependencies("itoa = \"1\"", ""));
    let lock = sandbox.path("x.rs.lock");
    let unlocked = format!(
        "runner: x.rs: `{}` is not there, and `--locked` insists on it\n  hint: `runner update x.rs --lock` writes it\n",
        lock.display()
    );
    let commands: [&[&str]; 7] = [
        &["x.rs"],
        &["test", "x.rs"],
        &["build", "x.rs", "-o", "out/"],
        &["build", "--cache", "x.rs"],
        &["promote", "x.rs"],
        &["check", "x.rs"],
        &["doc", "x.rs"],
    ];
    for command in commands {
        let (first, rest) = command.split_at(command.len() - if command.contains(&"-o") { 3 } else { 1 });
        let words: Vec<&str> =
            first.iter().copied().chain(["--frozen"]).chain(rest.iter().copied()).collect();
        sandbox.runner(&words).run().fails(125, unlocked.trim_end());
        sandbox.runner(command).env("RUNNER_FROZEN", "1").run().fails(125, unlocked.trim_end());
        sandbox.runner(command).env("RUNNER_LOCKED", "1").run().fails(125, unlocked.trim_end());
    }
    let lined = format!("#!/usr/bin/env -S runner --frozen\n{}", fs::read_to_string(&script).unwrap());
    sandbox.write("x.rs", lined);
    sandbox.runner(["x.rs"]).run().ends(125, "", &unlocked);
    // With a lock, and without the crates, it is the network that is missing.
    sandbox.write(
        "x.rs.lock",
        "version = 4\n\n[[package]]\nname = \"itoa\"\nversion = \"1.0.15\"\n\
        source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
        checksum = \"4a5f13b858c8d314ee3e8f639011f7ccefe71f97f96e50151fb991f267928e2c\"\n\n\
        [[package]]\nname = \"runner-script\"\nversion = \"0.0.0\"\ndependencies = [\n \"itoa\",\n]\n",
    );
    let ran = sandbox.runner(["x.rs"]).run();
    assert!(ran.stderr.contains("and `--offline` is set"), "{}", ran.stderr);
}

#[test]
fn a_vendored_directory_needs_no_registry() {
    let Some(mut sandbox) = with_crates() else { return };
    // What `cargo vendor` makes: the sources, and a list of their checksums.
    let package = "mkdir -p pkg/src && cd pkg && : >src/lib.rs && \
                   printf '[package]\\nname = \"p\"\\nversion = \"0.0.0\"\\nedition = \"2021\"\\n[dependencies]\\nitoa = \"1\"\\n' >Cargo.toml && \
                   cargo vendor -q \"$PWD/../vendor\" >/dev/null";
    let toolchain = sandbox.runner(["env", "cargo"]).run().stdout;
    symlink(toolchain.trim_end(), sandbox.root().join("bin/cargo")).unwrap();
    let ran = sandbox.sh(package).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let vendor = sandbox.path("vendor");
    assert!(vendor.join("itoa/.cargo-checksum.json").exists());
    cargo_home(
        &mut sandbox,
        &format!(
            "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"{}\"\n",
            vendor.display()
        ),
    );
    let sandbox = without_network(sandbox);
    sandbox
        .write("x.rs", with_dependencies("itoa = \"1\"", "println!(\"{}\", itoa::Buffer::new().format(7))"));
    for command in [&["x.rs"][..], &["--offline", "x.rs"], &["--release", "x.rs"]] {
        sandbox.runner(command).run().prints("7\n");
    }
    // One that is not there is no matter of the network.
    sandbox.write("y.rs", with_dependencies("cfg-if = \"1\"", ""));
    let ran = sandbox.runner(["y.rs"]).run();
    assert!(
        ran.code == 125 && ran.stderr.contains("no matching package named `cfg-if` found"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_local_registry_needs_no_other() {
    let Some(mut sandbox) = with_crates() else { return };
    let Some(file) = crate_files(&sandbox, "itoa").pop() else { return skipped("no `.crate` file of itoa") };
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let version = name.strip_prefix("itoa-").unwrap().strip_suffix(".crate").unwrap();
    let registry = sandbox.path("registry");
    fs::create_dir_all(registry.join("index/it/oa")).unwrap();
    copy(&file, registry.join(&name));
    let sum = sandbox.command("sha256sum").args([&file]).run().stdout;
    let sum = sum.split_whitespace().next().unwrap();
    let line = format!(
        "{{\"name\":\"itoa\",\"vers\":\"{version}\",\"deps\":[],\"cksum\":\"{sum}\",\"features\":{{}},\"yanked\":false}}\n"
    );
    fs::write(registry.join("index/it/oa/itoa"), line).unwrap();
    cargo_home(
        &mut sandbox,
        &format!(
            "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nlocal-registry = \"{}\"\n",
            registry.display()
        ),
    );
    let sandbox = without_network(sandbox);
    sandbox
        .write("x.rs", with_dependencies("itoa = \"1\"", "println!(\"{}\", itoa::Buffer::new().format(7))"));
    sandbox.runner(["x.rs"]).run().prints("7\n");
    sandbox.runner(["x.rs"]).run().prints("7\n");
    sandbox.write("y.rs", with_dependencies("cfg-if = \"1\"", ""));
    let ran = sandbox.runner(["y.rs"]).run();
    assert!(
        ran.code == 125 && ran.stderr.contains("no matching package named `cfg-if` found"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_directory_that_is_missing_is_not_taken_for_a_registry_that_does_not_answer() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("a = { path = \"nowhere\" }", ""));
    let ran = sandbox.runner(["x.rs"]).run();
    assert!(ran.code == 125 && !ran.stderr.contains("cannot be reached"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nowhere"), "{}", ran.stderr);
}
