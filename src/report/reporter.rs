//! The reporter of one operation: sends events to whoever listens, and runs commands so that their progress is reported.
//!
//! What a compiler prints is kept and reported untouched; cargo's progress is told from its diagnostics.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::diagnostic::Message;
use crate::base::environment::Environment;
use crate::base::error::{At, Result, Step};
use crate::base::supervision::Supervision;
use crate::process::observe::observed::Observed;
use crate::process::observe::policy::Policy;
use crate::process::observe::unavailable::Unavailable;
use crate::process::running::Heard;
use crate::process::task::{self, Task};
use crate::report::cargo_output::CargoOutput;
use crate::report::command_log::{CommandLog, timed};
use crate::report::event::{Event, EventSink, Flow};
use crate::report::rendering::Look;
use crate::request::options::Verbosity;
use crate::script::script_file::Script;
use crate::store::staging;

/// How often a command that runs is reported.
const FRAME: Duration = Duration::from_millis(100);

/// Where events of one operation go.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    sink: EventSink,
    /// The columns of the terminal that a person looks at, if there is one.
    columns: Option<usize>,
    /// Whether diagnostics have colors.
    is_colored: bool,
    verbosity: Verbosity,
    command_log: Option<Arc<CommandLog>>,
    supervision: Supervision,
}

/// A command that has ended: its output and exit status.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// Its diagnostics, without progress.
    pub(crate) stderr: Vec<u8>,
    /// Cargo's lines that say what it did.
    pub(crate) statuses: Vec<String>,
    /// What it and everything it started looked at; none if that was not asked for, or why it is not known.
    pub(crate) observed: Option<std::result::Result<Observed, Unavailable>>,
}

impl Finished {
    /// All that cargo said, its status lines first.
    pub(crate) fn said(&self) -> String {
        let statuses: String = self.statuses.iter().map(|line| format!("{line}\n")).collect();
        statuses + &String::from_utf8_lossy(&self.stderr)
    }
}

impl Reporter {
    /// A reporter that sends to `sink`, for a person at the terminal of `environment`, if there is one.
    pub(crate) fn new(sink: EventSink, environment: &Environment, verbosity: Verbosity) -> Reporter {
        let columns = environment.terminal_columns().filter(|_| verbosity > Verbosity::Quiet);
        Reporter {
            sink,
            columns,
            is_colored: environment.has_color(),
            verbosity,
            command_log: None,
            supervision: environment.supervision().clone(),
        }
    }

    /// A reporter that nobody listens to.
    pub(crate) fn silent(environment: &Environment) -> Reporter {
        Reporter::new(EventSink::default(), environment, Verbosity::Quiet)
    }

    /// The same, with a journal to write commands and times down in.
    pub(crate) fn with(self, command_log: Option<Arc<CommandLog>>) -> Reporter {
        Reporter { command_log, ..self }
    }

    /// The same, for commands that are stopped by something else, and confined or not.
    pub(crate) fn supervised(&self, supervision: Supervision) -> Reporter {
        Reporter {
            sink: self.sink.clone(),
            columns: self.columns,
            is_colored: self.is_colored,
            verbosity: self.verbosity,
            command_log: self.command_log.clone(),
            supervision,
        }
    }

    /// The same, for commands that run no code of packages, and so need no sandbox.
    pub(crate) fn unconfined(&self) -> Reporter {
        self.supervised(Supervision { confinement: None, ..self.supervision.clone() })
    }

    /// What may stop the operation.
    pub(crate) fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    pub(crate) fn command_log(&self) -> Option<&Arc<CommandLog>> {
        self.command_log.as_ref()
    }

    /// The directory to build in: `staging`, unless it is to be kept.
    pub(crate) fn work(&self, staging: &Path, environment: &Environment) -> Result<PathBuf> {
        let Some(command_log) = &self.command_log else { return Ok(staging.to_owned()) };
        let work = match command_log.keeps_work() {
            true => staging::kept_directory(&environment.temporary_directory()).at(Step::Cache)?,
            false => staging.to_owned(),
        };
        command_log.enter(&work);
        Ok(work)
    }

    /// The columns of the terminal that a person looks at, if there is one.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.columns
    }

    /// How diagnostics are rendered.
    pub(crate) fn look(&self) -> Look {
        Look { is_colored: self.is_colored, columns: self.columns }
    }

    pub(crate) fn send(&self, event: &Event<'_>) {
        if self.sink.send(event, self.verbosity) == Flow::Stop {
            self.supervision.stop();
        }
    }

    /// Reports a step of the work, if such detail is asked for.
    pub(crate) fn verbose(&self, text: impl FnOnce() -> String) {
        if self.verbosity >= Verbosity::Verbose {
            self.send(&Event::Detail { text: &text() });
        }
    }

    /// Reports what the author of a script should know.
    pub(crate) fn note(&self, script: &Script, text: &str) {
        self.send(&Event::Note { script: &script.display_name(), text, is_late: false });
    }

    /// Reports the same again, of a script that failed.
    pub(crate) fn note_late(&self, script: &Script, text: &str) {
        self.send(&Event::Note { script: &script.display_name(), text, is_late: true });
    }

    /// Reports that something is not as it should be.
    pub(crate) fn warn(&self, text: &str) {
        self.send(&Event::Warning { text, hint: None });
    }

    /// The same, with what would mend it.
    pub(crate) fn warn_with(&self, text: &str, hint: Option<&str>) {
        self.send(&Event::Warning { text, hint });
    }

    /// Reports what went on otherwise than asked for, unless quiet was.
    pub(crate) fn remark(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.warn(text);
        }
    }

    /// The same, with what would mend it.
    pub(crate) fn remark_with(&self, text: &str, hint: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.warn_with(text, Some(hint));
        }
    }

    /// Reports what was printed, if such detail is asked for.
    pub(crate) fn show_verbosely(&self, text: &[u8]) {
        if self.verbosity >= Verbosity::Verbose {
            self.show(text, true);
        }
    }

    /// Reports what was printed and everybody should know, unless quiet was asked for.
    pub(crate) fn show_unless_quiet(&self, text: &[u8]) {
        if self.verbosity > Verbosity::Quiet {
            self.show(text, true);
        }
    }

    /// Reports what a compiler printed.
    pub(crate) fn show(&self, text: &[u8], failed: bool) {
        if !text.is_empty() {
            self.send(&Event::Diagnostics { text, failed, diagnostics: &[] });
        }
    }

    /// Reports what a compiler said, as text and as data.
    pub(crate) fn show_messages(&self, messages: &[Message], failed: bool) {
        let text = Message::text_of(messages);
        let diagnostics = Message::diagnostics_of(messages);
        if !text.is_empty() {
            self.send(&Event::Diagnostics { text: &text, failed, diagnostics: &diagnostics });
        }
    }

    /// Runs a command without a standard input, collecting what it prints; `label` is what is done, for a person.
    /// Its standard output counts as diagnostics unless `keep_stdout`: the script's own must stay clean.
    pub(crate) fn run(&self, command: &Command, label: &str, keep_stdout: bool) -> io::Result<Finished> {
        if let Some(command_log) = &self.command_log {
            command_log.command(command, None);
        }
        self.run_reading(Stdio::null(), command, label, keep_stdout)
    }

    /// The same, keeping its standard output; what it looks at is observed, if there is a policy.
    pub(crate) fn run_watched(
        &self,
        command: &Command,
        label: &str,
        policy: Option<Policy>,
    ) -> io::Result<Finished> {
        if let Some(command_log) = &self.command_log {
            command_log.command(command, None);
        }
        self.run_observed(Stdio::null(), command, label, true, policy)
    }

    /// As [`Reporter::run`], with a standard input, and the journal is the caller's business.
    pub(crate) fn run_reading(
        &self,
        input: Stdio,
        command: &Command,
        label: &str,
        keep_stdout: bool,
    ) -> io::Result<Finished> {
        self.run_observed(input, command, label, keep_stdout, None)
    }

    /// As [`Reporter::run_reading`]; what the command looks at is observed, if there is a policy.
    pub(crate) fn run_observed(
        &self,
        input: Stdio,
        command: &Command,
        label: &str,
        keep_stdout: bool,
        policy: Option<Policy>,
    ) -> io::Result<Finished> {
        timed(self.command_log.as_ref(), label, || self.run_heard(input, command, label, keep_stdout, policy))
    }

    fn run_heard(
        &self,
        input: Stdio,
        command: &Command,
        label: &str,
        keep_stdout: bool,
        policy: Option<Policy>,
    ) -> io::Result<Finished> {
        let stdout = if keep_stdout { task::Output::Pipe } else { task::Output::AsErrors };
        let began = Instant::now();
        let (mut kept, mut output) = (Vec::new(), CargoOutput::default());
        let mut all_statuses = Vec::new();
        let mut progress: Option<String> = None;
        let mut reported = began;
        let task = Task::new(command, &self.supervision).input(input).stdout(stdout).guarded();
        let ended = task.run_observed(policy, Some(FRAME), &mut |heard| {
            match heard {
                Heard::Stdout(bytes) => kept.extend_from_slice(bytes),
                Heard::Stderr(bytes) => {
                    let latest = output.push(bytes);
                    let statuses = std::mem::take(&mut output.statuses);
                    if self.verbosity >= Verbosity::Verbose {
                        statuses.iter().for_each(|text| self.send(&Event::Status { text }));
                    }
                    all_statuses.extend(statuses);
                    if latest.is_some() {
                        progress = latest;
                        reported = began;
                    }
                }
                Heard::Frame if reported == began || reported.elapsed() >= FRAME => {
                    reported = Instant::now();
                    let elapsed = began.elapsed();
                    self.send(&Event::Working { label, elapsed, progress: progress.as_deref() });
                }
                Heard::Frame => {}
            }
            None
        });
        self.send(&Event::Idle);
        let (status, observed) = ended?;
        Ok(Finished { status, stdout: kept, stderr: output.finish(), statuses: all_statuses, observed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_heard_and_its_stdout_kept_apart() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let finished = Reporter::silent(&Environment::fixed([])).run(&command, "test", true).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!((&*finished.stdout, &*finished.stderr), (&b"out\n"[..], &b"err\n"[..]));
    }
}
