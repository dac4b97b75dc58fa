//! Watched sandboxes: what each run compiles, by name; and the ways a file can be touched without a change.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::files::{program, replace, set_modified};
use crate::support::sandbox::{Run, Sandbox};

/// Before any build of anything here.
pub const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);

/// The toolchain that rustup's default names, or whatever `rustc` the machine has.
fn real_toolchain() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let rustup = std::env::var_os("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from);
    let settings = fs::read_to_string(rustup.join("settings.toml")).unwrap_or_default();
    let default = settings
        .lines()
        .find_map(|line| line.strip_prefix("default_toolchain = "))
        .map(|name| rustup.join("toolchains").join(name.trim_matches('"')).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    default.into_iter().chain(std::env::split_paths(&path)).find(|place| place.join("rustc").is_file())
}

/// A sandbox with the machine's rustc and cargo behind two scripts that log each call: `rustc CRATE`, `cargo COMMAND`.
/// Its `CARGO_HOME` is the machine's.
pub fn real() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let toolchain = real_toolchain().expect("a Rust toolchain");
    let bin = sandbox.root().join("toolchain/bin");
    fs::create_dir_all(&bin).unwrap();
    let log = sandbox.root().join("log");
    let rustc = format!(
        "#!/bin/sh\nname=\nlast=\nfor argument; do\n  [ \"$last\" != --crate-name ] || name=$argument\n  \
         last=$argument\ndone\ncase $name in\n'' | ___) ;;\n*) echo \"rustc $name\" >>'{}' ;;\nesac\n\
         exec '{}' \"$@\"\n",
        log.display(),
        toolchain.join("rustc").display()
    );
    let cargo = format!(
        "#!/bin/sh\necho \"cargo $1\" >>'{}'\nexec '{}' \"$@\"\n",
        log.display(),
        toolchain.join("cargo").display()
    );
    for (name, text) in [("rustc", rustc), ("cargo", cargo)] {
        program(&bin.join(name), &text);
    }
    sandbox.set("RUSTC", bin.join("rustc"));
    sandbox
}

/// As [`real`], with a `CARGO_HOME` of its own that shares the machine's registry.
pub fn real_with_cargo_home() -> Sandbox {
    let mut sandbox = real();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let shared = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let own = sandbox.root().join("cargo");
    fs::create_dir(&own).unwrap();
    for part in ["registry", "git"] {
        let _ = fs::create_dir_all(shared.join(part));
        std::os::unix::fs::symlink(shared.join(part), own.join(part)).unwrap();
    }
    sandbox.set("CARGO_HOME", own);
    sandbox
}

/// The fake compiler, printing this.
pub fn compiler(says: &str) -> String {
    let fake = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/rustc")).unwrap();
    fake.replace("\nset -u\n", &format!("\nset -u\nFAKE_TEXT={says}\n"))
}

/// What was called since the last time this was asked: `rustc CRATE`, `cargo COMMAND`, or `compile SCRIPT` of the fake.
pub fn calls(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.root().join("log");
    let text = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(&log);
    text.lines().filter(|line| *line != "version").map(str::to_owned).collect()
}

/// A run that has to compile, and what it must say.
#[track_caller]
pub fn changed(run: Run<'_>, text: &str) -> Vec<String> {
    let sandbox = run.sandbox();
    calls(sandbox);
    run.run().prints(text);
    let calls = calls(sandbox);
    assert!(!calls.is_empty(), "nothing was compiled");
    calls
}

/// A run that must not compile anything, nor start cargo, and what it must say.
#[track_caller]
pub fn unchanged(run: Run<'_>, text: &str) {
    let sandbox = run.sandbox();
    calls(sandbox);
    run.run().prints(text);
    assert_eq!(calls(sandbox), [""; 0], "it should have been cached");
}

/// Everything that alters a file's stamp and not its content; between any two of them `check` is called.
#[track_caller]
pub fn touched(path: &Path, check: impl Fn()) {
    set_modified(path, SystemTime::now());
    check();
    set_modified(path, SystemTime::UNIX_EPOCH + LONG_AGO);
    check();
    set_modified(path, SystemTime::now() + Duration::from_secs(86_400));
    check();
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes).unwrap();
    check();
    replace(path, &bytes);
    check();
    let mode = fs::metadata(path).unwrap().permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode ^ 0o011)).unwrap();
    check();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    check();
}

/// Runs `s.rs`.
pub fn run(sandbox: &Sandbox) -> Run<'_> {
    sandbox.runner(["s.rs"])
}

/// What is said if it does not compile.
pub const FAILED: &str = "runner: s.rs: rustc failed (exit status: 1); nothing was cached";
