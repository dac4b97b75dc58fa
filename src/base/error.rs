//! The error of a run: the step that failed, the reason, a hint and the exit code.
//!
//! Leaves return `anyhow::Result` with context ("failed to read `x`"). A room's door turns that into an [`Error`]
//! by naming the [`Step`]. Callers branch on [`Error::step`] and [`Error::exit_code`], never on text.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use crate::base::diagnostic::Diagnostic;
use crate::base::rule::Rule;
use crate::base::supervision::Stop;
use crate::base::text_position::TextPosition;

/// runner or the compiler failed (as `env(1)`).
pub const EXIT_FAILED: u8 = 125;
/// Found, but cannot be executed.
pub const EXIT_CANNOT_EXECUTE: u8 = 126;
/// The script or its compiler was not found.
pub const EXIT_NOT_FOUND: u8 = 127;

/// Where a run stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The arguments could not be understood.
    Arguments,
    /// The script could not be read, or is not a script.
    Script,
    /// The metadata in the script is malformed or asks for what it may not.
    Metadata,
    /// The configuration file cannot be read or understood.
    Config,
    /// No usable compiler.
    Toolchain,
    /// The cache cannot be used.
    Cache,
    /// The dependencies could not be resolved, downloaded or compiled.
    Dependencies,
    /// The compiler refused the script.
    Compile,
    /// The program could not be executed.
    Execute,
    /// The sandbox that was asked for cannot be had.
    Sandbox,
    /// An executable could not be installed, listed or removed.
    Install,
}

/// Why a script could not be run: one line, and a hint where the cure is known.
///
/// It is one pointer, since it is moved through every function that can fail, and hardly ever there.
pub struct Error(Box<Inner>);

/// What kind of failure an error is, for code that goes on differently after one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A step failed.
    Failed,
    /// A script, compiler or program is not there.
    NotFound,
    /// A program is there and cannot be executed.
    CannotExecute,
    /// Somebody cancelled the operation.
    Cancelled,
    /// The deadline of the operation has passed.
    Deadline,
    /// A child printed more than its limit.
    Limit,
    /// The policy refuses what the script asks for.
    Refused(Rule),
}

struct Inner {
    step: Step,
    kind: Kind,
    subject: Option<String>,
    position: Option<TextPosition>,
    hint: Option<String>,
    diagnostics: Vec<Diagnostic>,
    cause: anyhow::Error,
}

/// The result of everything public.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `step`, with the exit code that usually goes with it.
    #[cold]
    pub(crate) fn new(step: Step, cause: impl Into<anyhow::Error>) -> Error {
        Error(Box::new(Inner {
            step,
            kind: Kind::Failed,
            subject: None,
            position: None,
            hint: None,
            diagnostics: Vec::new(),
            cause: cause.into(),
        }))
    }

    /// An error that is a sentence.
    #[cold]
    pub(crate) fn message(step: Step, text: impl Into<String>) -> Error {
        Error::new(step, anyhow::Error::msg(text.into()))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same error with another cure.
    pub fn with_hint(self, hint: impl Into<String>) -> Error {
        self.hint(hint)
    }

    /// The same error, of something that is not there.
    pub(crate) fn not_found(mut self) -> Error {
        self.0.kind = Kind::NotFound;
        self
    }

    /// The same error, of a step that failed, whatever the cause was.
    pub(crate) fn failed(mut self) -> Error {
        self.0.kind = Kind::Failed;
        self
    }

    /// The same error, of a program that is there and cannot be executed.
    pub(crate) fn cannot_execute(mut self) -> Error {
        self.0.kind = Kind::CannotExecute;
        self
    }

    /// The same error, with what the compiler said.
    pub(crate) fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Error {
        self.0.diagnostics = diagnostics;
        self
    }

    /// What the compiler said as data, if that is why a script could not be built.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// The same error, of another kind.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Error {
        self.0.kind = kind;
        self
    }

    /// The error of an operation that was stopped, in place of what failed because of that.
    pub(crate) fn stopped(self, stop: Stop) -> Error {
        let kind = match stop {
            Stop::Cancelled => Kind::Cancelled,
            Stop::Deadline => Kind::Deadline,
            Stop::Output => Kind::Limit,
        };
        let cause = anyhow::Error::new(stop).context("cannot go on");
        Error(Box::new(Inner { kind, cause, hint: None, ..*self.0 }))
    }

    /// Whom the message is about, unless something nearer to the cause has said so: usually the script as typed.
    pub fn about(mut self, subject: impl Into<String>) -> Error {
        self.0.subject.get_or_insert(subject.into());
        self
    }

    /// The same error, with where its cause stands.
    pub(crate) fn placed(self, position: Option<TextPosition>) -> Error {
        let Some(position) = position else { return self };
        let cause = self.0.cause.context(position.to_string());
        Error(Box::new(Inner { cause, position: Some(position), ..*self.0 }))
    }

    /// Where in the script the cause stands, if that is known.
    pub(crate) fn position(&self) -> Option<TextPosition> {
        self.0.position
    }

    /// The line and the column in the script where the cause stands, if that is known: both from 1, the column in characters.
    pub fn place(&self) -> Option<(usize, usize)> {
        self.0.position.map(|position| (position.line, position.column))
    }

    /// Whom it is about: usually the script as it was typed.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// The reason alone: not whom it is about, nor where it stands.
    pub fn reason(&self) -> String {
        let text = without_os_error_numbers(&format!("{:#}", self.0.cause));
        match self.0.position.and_then(|position| text.strip_prefix(&format!("{position}: "))) {
            Some(reason) => reason.to_owned(),
            None => text,
        }
    }

    /// Where the run stopped.
    pub fn step(&self) -> Step {
        self.0.step
    }

    /// The exit code for it: 125, 126 or 127, as `env(1)` uses them.
    pub fn exit_code(&self) -> u8 {
        match self.0.kind {
            Kind::Failed | Kind::Cancelled | Kind::Deadline | Kind::Limit | Kind::Refused(_) => EXIT_FAILED,
            Kind::CannotExecute => EXIT_CANNOT_EXECUTE,
            Kind::NotFound => EXIT_NOT_FOUND,
        }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What to do about it, if that is known.
    pub fn cure(&self) -> Option<Cow<'_, str>> {
        self.0.hint.as_deref().map(printable)
    }
}

/// Arguments that cannot be understood.
pub fn usage_error(text: impl Into<String>) -> Error {
    Error::message(Step::Arguments, text)
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.0.subject {
            write!(formatter, "{}: ", printable(subject))?;
        }
        formatter.write_str(&printable(&without_os_error_numbers(&format!("{:#}", self.0.cause))))
    }
}

/// Text for a terminal: a control character in a name would otherwise move the cursor of whoever reads it, and a line
/// feed forge another message.
pub fn printable(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        false => Cow::Borrowed(text),
        true => text
            .chars()
            .fold(String::with_capacity(text.len() + 8), |mut out, character| {
                match character.is_control() {
                    true => out.extend(character.escape_default()),
                    false => out.push(character),
                }
                out
            })
            .into(),
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {self}", self.0.step)
    }
}

impl std::error::Error for Error {}

/// `Permission denied (os error 13)` is `Permission denied`.
fn without_os_error_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(" (os error ") {
        let Some(length) = rest[start..].find(')') else { break };
        out.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}

/// The system's own error, without the name of the temporary file that `tempfile` adds to it.
pub(crate) fn bare(error: std::io::Error) -> std::io::Error {
    let text = error.to_string();
    let number = text.split_once("(os error ").and_then(|(_, rest)| rest.split_once(')')?.0.parse().ok());
    number.map_or(error, std::io::Error::from_raw_os_error)
}

/// Turns a leaf's result into an [`Error`] of a step.
pub(crate) trait At<T> {
    fn at(self, step: Step) -> Result<T>;
}

impl<T, E: Into<anyhow::Error>> At<T> for std::result::Result<T, E> {
    fn at(self, step: Step) -> Result<T> {
        self.map_err(|cause| Error::new(step, cause))
    }
}

/// The error of a program of the toolchain that does not start.
pub(crate) fn cannot_run(tool: &Path, error: std::io::Error) -> Error {
    let what = format!("cannot run `{}`", tool.display());
    Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_words_come_last_and_without_their_number() {
        let cause = anyhow::Error::new(std::io::Error::from_raw_os_error(13)).context("cannot open `x`");
        let error = Error::new(Step::Cache, cause).about("s.rs").about("later");
        assert_eq!(error.to_string(), "s.rs: cannot open `x`: Permission denied");
    }

    #[test]
    fn control_characters_of_a_name_do_not_reach_the_terminal() {
        let error = Error::message(Step::Script, "a\u{1b}[2Jb").about("x\ny").hint("\r");
        assert_eq!(error.to_string(), "x\\ny: a\\u{1b}[2Jb");
        assert_eq!(error.cure().as_deref(), Some("\\r"));
    }
}
