//! The screen: what is said on stderr while compilers work, and what is not.
//!
//! On a pipe nothing is said. On a terminal a line appears when something takes longer than half a second: cargo's own
//! bar for dependencies, a spinner with the elapsed time for the script; it is erased when done. What a compiler says
//! is kept and shown untouched: always when it failed, on a terminal also when it only warned.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::base::environment::Environment;
use crate::base::error::{At, Result, Step, printable};
use crate::process::exec;
use crate::report::command_log::{Journal, timed};
use crate::request::options::Verbosity;
use crate::request::package_spec::PACKAGE_NAME;
use crate::script::script_file::Script;

/// What takes less than this is over before a person has looked.
const QUIET: Duration = Duration::from_millis(500);
const FRAME: Duration = Duration::from_millis(100);

/// Where progress and diagnostics go.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    terminal: bool,
    verbosity: Verbosity,
    journal: Option<Rc<Journal>>,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// Its diagnostics, without progress.
    pub(crate) stderr: Vec<u8>,
}

impl Screen {
    pub(crate) fn new(terminal: bool, verbosity: Verbosity) -> Screen {
        Screen { terminal: terminal && verbosity > Verbosity::Quiet, verbosity, journal: None }
    }

    /// The same, with a journal to write commands and times down in.
    pub(crate) fn with(self, journal: Option<Rc<Journal>>) -> Screen {
        Screen { journal, ..self }
    }

    pub(crate) fn journal(&self) -> Option<&Rc<Journal>> {
        self.journal.as_ref()
    }

    /// The directory to build in: `staging`, unless it is to be kept.
    pub(crate) fn work(&self, staging: &Path, environment: &Environment) -> Result<PathBuf> {
        let Some(journal) = &self.journal else { return Ok(staging.to_owned()) };
        let work = match journal.keeps_work() {
            true => {
                crate::store::staging::kept_directory(&environment.temporary_directory()).at(Step::Cache)?
            }
            false => staging.to_owned(),
        };
        journal.enter(&work);
        Ok(work)
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Columns of the terminal.
    pub(crate) fn width(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns >= 20).unwrap_or(80)
    }

    /// Says a line, if asked to be verbose.
    pub(crate) fn verbose(&self, text: impl FnOnce() -> String) {
        if self.verbosity >= Verbosity::Verbose {
            self.say(&text());
        }
    }

    /// Says to a person what a log need not hold.
    pub(crate) fn note(&self, script: &Script, text: &str) {
        if self.terminal || self.verbosity >= Verbosity::Verbose {
            self.say(&format!("{}: note: {text}", script.display_name()));
        }
    }

    /// Tells of a script that failed what nobody was there to read before.
    pub(crate) fn note_late(&self, script: &Script, text: &str) {
        if !(self.terminal || self.verbosity >= Verbosity::Verbose) {
            self.say(&format!("{}: note: {text}", script.display_name()));
        }
    }

    /// Says a line.
    pub(crate) fn say(&self, text: &str) {
        // Nobody to tell is no reason to stop.
        let _ = writeln!(io::stderr(), "runner: {}", printable(text));
    }

    /// Says a line, unless asked to be quiet.
    pub(crate) fn remark(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.say(text);
        }
    }

    /// Shows what is only told at length to those who asked for it.
    pub(crate) fn show_verbosely(&self, diagnostics: &[u8]) {
        if self.verbosity >= Verbosity::Verbose {
            let _ = io::stderr().write_all(diagnostics);
        }
    }

    /// Says what to do about the line before.
    pub(crate) fn hint(&self, text: &str) {
        let _ = writeln!(io::stderr(), "  hint: {}", printable(text));
    }

    /// Shows what a compiler said: if it failed, and to people.
    pub(crate) fn show(&self, diagnostics: &[u8], failed: bool) {
        if failed || self.terminal || self.verbosity >= Verbosity::Verbose {
            let _ = io::stderr().write_all(diagnostics);
        }
    }

    /// Runs a command without a standard input, collecting what it says; `label` is what the spinner calls it.
    /// Its standard output counts as diagnostics unless `keep_stdout`: the script's own must stay clean.
    pub(crate) fn run(&self, command: &mut Command, label: &str, keep_stdout: bool) -> io::Result<Finished> {
        if let Some(journal) = &self.journal {
            journal.command(command, None);
        }
        self.run_reading(Stdio::null(), command, label, keep_stdout)
    }

    /// As [`Screen::run`], with a standard input, and the journal is the caller's business.
    pub(crate) fn run_reading(
        &self,
        input: Stdio,
        command: &mut Command,
        label: &str,
        keep_stdout: bool,
    ) -> io::Result<Finished> {
        timed(self.journal.as_ref(), label, || self.run_heard(input, command, label, keep_stdout))
    }

    fn run_heard(
        &self,
        input: Stdio,
        command: &mut Command,
        label: &str,
        keep_stdout: bool,
    ) -> io::Result<Finished> {
        exec::tie(command);
        let (mut reader, writer) = io::pipe()?;
        let stdout = if keep_stdout { Stdio::piped() } else { writer.try_clone()?.into() };
        let mut child = command.stdin(input).stdout(stdout).stderr(writer).spawn()?;
        // The command holds the writing end of the pipe; the end of the pipe is seen only when that is gone.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let stdout = child.stdout.take().map(|mut stdout| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                stdout.read_to_end(&mut bytes).map(|_| bytes)
            })
        });
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut line = Line::new(self.terminal && io::stderr().is_terminal(), label, self.width());
        let mut diagnostics = Diagnostics::default();
        loop {
            match receiver.recv_timeout(FRAME) {
                Ok(bytes) => {
                    let progress = diagnostics.push(&bytes);
                    let statuses = std::mem::take(&mut diagnostics.statuses);
                    if self.verbosity >= Verbosity::Verbose {
                        line.erase();
                        statuses
                            .iter()
                            .for_each(|status| drop(writeln!(io::stderr(), "{}", printable(status))));
                    }
                    if let Some(progress) = progress {
                        line.update(progress);
                    }
                }
                Err(RecvTimeoutError::Timeout) => line.tick(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        line.erase();
        let status = child.wait()?;
        let stdout = match stdout.map(std::thread::JoinHandle::join) {
            Some(Ok(bytes)) => bytes?,
            _ => Vec::new(),
        };
        Ok(Finished { status, stdout, stderr: diagnostics.finish() })
    }
}

/// The line that is erased when done.
struct Line<'a> {
    enabled: bool,
    label: &'a str,
    width: usize,
    began: Instant,
    text: Option<String>,
    frame: usize,
    shown: bool,
}

impl<'a> Line<'a> {
    fn new(enabled: bool, label: &'a str, width: usize) -> Line<'a> {
        Line { enabled, label, width, began: Instant::now(), text: None, frame: 0, shown: false }
    }

    fn update(&mut self, text: String) {
        self.text = Some(text);
        self.draw();
    }

    fn tick(&mut self) {
        self.frame += 1;
        self.draw();
    }

    fn draw(&mut self) {
        if !self.enabled || self.began.elapsed() < QUIET {
            return;
        }
        let seconds = self.began.elapsed().as_secs_f32();
        let text = match &self.text {
            Some(text) => text.clone(),
            None => format!("{} {} {seconds:.1}s", ["|", "/", "-", "\\"][self.frame % 4], self.label),
        };
        let text: String = text.chars().filter(|c| !c.is_control()).take(self.width - 1).collect();
        let _ = write!(io::stderr(), "\r{text}\x1b[K");
        let _ = io::stderr().flush();
        self.shown = true;
    }

    fn erase(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
            let _ = io::stderr().flush();
        }
    }
}

/// Tells a compiler's diagnostics from cargo's progress in one stream.
#[derive(Default)]
struct Diagnostics {
    pending: Vec<u8>,
    kept: Vec<u8>,
    /// Cargo's lines that say what it does, but to the package that stands for the script.
    statuses: Vec<String>,
}

/// How cargo's status lines begin; they are progress too, and end in a line feed.
const STATUS: &[&str] = &[
    "Adding",
    "Blocking",
    "Building",
    "Checking",
    "Compiling",
    "Credential",
    "Dirty",
    "Downgrading",
    "Downloaded",
    "Downloading",
    "Fetch",
    "Fetching",
    "Finished",
    "Fresh",
    "Installed",
    "Installing",
    "Locking",
    "Removing",
    "Running",
    "Unpacking",
    "Updating",
    "Upgrading",
    "Waiting",
];

impl Diagnostics {
    /// Takes some bytes in; returns the latest progress among them.
    fn push(&mut self, bytes: &[u8]) -> Option<String> {
        let mut progress = None;
        for byte in bytes {
            self.pending.push(*byte);
            if matches!(byte, b'\n' | b'\r') {
                progress = self.take_segment().or(progress);
            }
        }
        progress
    }

    fn take_segment(&mut self) -> Option<String> {
        let segment = std::mem::take(&mut self.pending);
        let text = without_escapes(&String::from_utf8_lossy(&segment));
        let first = text.split_whitespace().next().unwrap_or_default();
        // Cargo right-aligns its status words in twelve columns.
        let is_status = text.starts_with(' ') && STATUS.contains(&first)
            || STATUS.contains(&first) && text.find(first) == Some(0) && first.len() >= 11;
        let is_bar = segment.ends_with(b"\r");
        if is_status || is_bar {
            if is_status && !is_bar && !text.contains(PACKAGE_NAME) && first != "Finished" {
                self.statuses.push(text.trim_end().to_owned());
            }
            let text = text.trim();
            return (!text.is_empty() && (is_bar || first == "Blocking")).then(|| text.to_owned());
        }
        self.kept.extend_from_slice(&segment);
        None
    }

    fn finish(mut self) -> Vec<u8> {
        if !self.pending.is_empty() {
            self.take_segment();
        }
        self.kept
    }
}

/// Removes escape sequences that set colors or erase.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\x1b' {
            out.push(character);
        } else if characters.next() == Some('[') {
            for character in characters.by_ref() {
                if character.is_ascii_alphabetic() {
                    break;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_from_diagnostics() {
        let mut diagnostics = Diagnostics::default();
        let progress = diagnostics.push(
            b"\x1b[1m\x1b[92m   Compiling\x1b[0m regex v1.0.0\n    Building [==>   ] 1/3: regex\r\
              \x1b[K\x1b[1mwarning\x1b[0m: unused\n  --> src/lib.rs\nBuilding is hard\n Downloading crates ...\nerror: x",
        );
        assert_eq!(progress.as_deref(), Some("Building [==>   ] 1/3: regex"));
        assert_eq!(
            String::from_utf8(diagnostics.finish()).unwrap(),
            "\x1b[K\x1b[1mwarning\x1b[0m: unused\n  --> src/lib.rs\nBuilding is hard\nerror: x"
        );
    }

    #[test]
    fn a_command_is_heard_and_its_stdout_kept_apart() {
        let screen = Screen::new(false, Verbosity::Normal);
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let finished = screen.run(&mut command, "test", true).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!((&*finished.stdout, &*finished.stderr), (&b"out\n"[..], &b"err\n"[..]));
    }
}
