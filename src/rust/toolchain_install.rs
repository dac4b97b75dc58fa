//! `--install`: has rustup install the toolchain that a script asks for, if it is missing.

use std::ffi::OsStr;
use std::process::Command;

use crate::base::environment::{Environment, is_executable};
use crate::base::error::{Error, Result, Step};
use crate::process::task::{Output, Task};
use crate::rust::toolchain::installed_as;

/// Installs a toolchain by its name in rustup unless it is there; what was done, as a note.
///
/// # Errors
/// [`Step::Toolchain`] if there is no rustup, or it fails.
pub(crate) fn install(wanted: &str, environment: &Environment) -> Result<Option<String>> {
    // A directory, or what is no name, is told of by who looks for it.
    if !wanted.starts_with(|c: char| c.is_ascii_alphanumeric())
        || wanted.contains('/')
        || installed_as(wanted, environment).is_some()
    {
        return Ok(None);
    }
    let beside_cargo = || environment.cargo_home().map(|home| home.join("bin/rustup"));
    let rustup = environment.find_command(OsStr::new("rustup"));
    let rustup = rustup.or_else(|| beside_cargo().filter(|path| is_executable(path))).ok_or_else(|| {
        Error::message(
            Step::Toolchain,
            format!("cannot install toolchain `{wanted}`: `rustup` is not on PATH"),
        )
        .not_found()
        .hint("install rustup from https://rustup.rs")
    })?;
    let mut command = Command::new(rustup);
    command.args(["toolchain", "install", wanted, "--profile", "minimal", "--no-self-update"]);
    command.env_clear().envs(environment.all());
    // A download takes a while; whoever waits for it sees rustup's own progress.
    let stderr = if environment.is_terminal() { Output::Inherit } else { Output::Pipe };
    let failed = |why: String| {
        Error::message(Step::Toolchain, format!("`rustup toolchain install {wanted}` failed: {why}"))
            .hint("`rustup toolchain list` shows those that are installed")
    };
    let task = Task::new(&command, environment.supervision()).stderr(stderr);
    let output = task.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(failed(if last.is_empty() { output.status.to_string() } else { last.to_owned() }));
    }
    Ok(Some(format!("rustup installed toolchain `{wanted}`")))
}
