//! Host programs: processes of their own that use the library, with their own signals, directory and descriptors.
//!
//! They are this very test binary, which is told by a variable what to be: see `host::program`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use runner::{Error, Options, Runner, Script, Settings};

use crate::support::sandbox::{Run, Sandbox};

/// Says which host a process of the test binary is.
pub const MODE: &str = "RUNNER_TEST_HOST";
/// Says where the sandbox of that process is.
pub const ROOT: &str = "RUNNER_TEST_ROOT";

/// The command of a host program, started by a shell that does something to its process first.
pub fn host<'a>(sandbox: &'a Sandbox, mode: &str, before: &str) -> Run<'a> {
    let own = std::env::current_exe().unwrap();
    sandbox
        .sh(&format!("{before}\nexec \"$0\" --exact host::program::host_program --ignored --nocapture -q"))
        .args([own])
        .env(MODE, mode)
        .env(ROOT, sandbox.root())
}

/// The variables of a sandbox whose compiler is fake, for the runner of a host.
pub fn variables(root: &Path) -> Vec<(OsString, OsString)> {
    let path = format!("{}:/usr/bin:/bin", root.join("fake").display());
    [
        ("HOME", root.join("home").into_os_string()),
        ("PATH", path.into()),
        ("FAKE_LOG", root.join("log").into()),
    ]
    .map(|(name, value)| (name.into(), value))
    .to_vec()
}

/// Settings that see a sandbox with a fake compiler.
pub fn settings(root: &Path) -> Settings {
    Settings::new(root.join("home/.cache/runner")).variables(variables(root))
}

/// Settings that see a sandbox with the machine's own compilers.
pub fn of_sandbox(sandbox: &Sandbox, more: &[(&str, &str)]) -> Settings {
    let names = ["PATH", "HOME", "RUSTUP_HOME", "CARGO_HOME", "TMPDIR"];
    let printed = sandbox.command("/usr/bin/env").run().stdout;
    let printed = printed.lines().filter_map(|line| line.split_once('='));
    let known = printed.filter(|(name, _)| names.contains(name)).chain(more.iter().copied());
    Settings::new(sandbox.cache())
        .variables(known.map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

/// A runner that sees a sandbox with a fake compiler, and more variables.
pub fn runner(root: &Path, more: &[(&str, &str)]) -> Runner {
    let more = more.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Runner::new(settings(root).variables(variables(root).into_iter().chain(more)))
}

/// Builds a script; the path of its program.
pub fn build(runner: &Runner, path: &Path, options: &Options) -> Result<PathBuf, Error> {
    let script = Script::open(path, &runner.settings())?;
    Ok(runner.build(&script, options)?.path().unwrap().to_owned())
}

/// The processes whose environment names a sandbox, but ours: what a build has left.
pub fn left(sandbox: &Sandbox) -> Vec<String> {
    let wanted = sandbox.root().to_str().unwrap().to_owned();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|number| *number != std::process::id())
        .filter(|number| {
            let environment = std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&wanted)
        })
        .map(|number| {
            let words = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            format!("{number}: {}", String::from_utf8_lossy(&words).replace('\0', " "))
        })
        .collect()
}
