//! Starts the programs that speak to servers: `curl`, or a helper of the user's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::base::environment::Environment;
use crate::base::resource_limits::ResourceLimits;
use crate::base::supervision::Supervision;
use crate::process::running::Finished;
use crate::process::task::Task;

/// The first words of a command of curl.
pub(crate) fn curl(protocols: &str, connect_seconds: &str, time: Duration) -> Vec<OsString> {
    let seconds = format!("{:.3}", time.as_secs_f64());
    // First: nothing of `~/.curlrc`.
    let words = ["curl", "-q", "--silent", "--show-error", "--globoff", "--proto", protocols];
    let times = ["--connect-timeout", connect_seconds, "--max-time", &seconds];
    words.into_iter().chain(times).map(OsString::from).collect()
}

/// Runs a client to its end, or until its time is over or it has printed more than `most_bytes`.
///
/// # Errors
/// Why it did not come to an end by itself.
pub(crate) fn run(
    environment: &Environment,
    words: &[OsString],
    time: Duration,
    most_bytes: u64,
) -> Result<Finished, String> {
    let (name, words) = words.split_first().ok_or("`remote` names no helper")?;
    let program = match Path::new(name).is_absolute() {
        true => Some(PathBuf::from(name)),
        false => environment.find_command(name),
    };
    let shown = name.to_string_lossy();
    let program = program.ok_or_else(|| format!("`{shown}` is not on PATH"))?;
    let mut command = Command::new(program);
    command.args(words).env_clear().envs(environment.for_compilers()).current_dir("/");
    let until = Instant::now().checked_add(time + Duration::from_millis(200));
    let ours = environment.supervision();
    let supervision = Supervision {
        deadline: [until, ours.deadline].into_iter().flatten().min(),
        // curl's own limit does not stop a body of unknown length.
        limits: ResourceLimits::none().output(most_bytes + 1),
        confinement: None,
        ..ours.clone()
    };
    Task::new(&command, &supervision).output().map_err(|error| format!("`{shown}`: {error}"))
}

/// What a program said of its failure.
pub(crate) fn said(finished: &Finished) -> String {
    let text = String::from_utf8_lossy(&finished.stderr);
    let line = text.lines().map(str::trim).find(|line| line.len() > 3);
    line.map_or_else(|| finished.status.to_string(), str::to_owned)
}
