//! Running a program as a child: its streams, directory and variables, its limits, and how it ended.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::base::cancel::Cancel;
use crate::base::error::{Error, Result, Step};
use crate::base::resource_limits::ResourceLimits;
use crate::base::supervision::{Stop, Supervision};
use crate::engine::executable::Executable;
use crate::engine::program::Program;
use crate::process::running::{self, Heard};
use crate::process::sandbox;
use crate::process::spawn::{self, Exit};
use crate::process::task::{self, Task};
use crate::report::event::Flow;

/// How a program is run as a child. What is not said is nothing: no arguments but the metadata's, no variables but those the
/// program is told, no input; its output is kept.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Run {
    /// After those of the script's metadata.
    pub arguments: Vec<OsString>,
    /// The working directory, if not the process's own.
    pub directory: Option<PathBuf>,
    /// Its variables, apart from those it is told.
    pub variables: Variables,
    /// Its standard input.
    pub stdin: Stdin,
    /// Its standard output.
    pub stdout: Output,
    /// Its standard error.
    pub stderr: Output,
    /// What it may use. More output than [`ResourceLimits::output`] ends it.
    pub limits: ResourceLimits,
    /// How long it may run, from its start.
    pub deadline: Option<Duration>,
    /// What stops it.
    pub cancel: Option<Cancel>,
}

/// The variables of a program, apart from those it is told (`RUNNER_SCRIPT` and those of its dialect).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variables {
    /// None.
    #[default]
    Empty,
    /// These.
    Of(Vec<(OsString, OsString)>),
    /// Those that the runner and its compilers see: [`crate::Settings::variables`].
    Settings,
}

/// A program's standard input.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Stdin {
    /// Nothing.
    #[default]
    Null,
    /// The process's own.
    Inherit,
    /// A text.
    Text(Vec<u8>),
    /// A file, a pipe, a socket.
    From(OwnedFd),
    /// A pipe, which [`Running::stdin`] writes to. [`Program::run`] writes nothing to it.
    Pipe,
}

/// Where a program's output goes.
#[derive(Default)]
#[non_exhaustive]
pub enum Output {
    /// Kept, for [`Ran`].
    #[default]
    Capture,
    /// To the process's own.
    Inherit,
    /// Nowhere.
    Null,
    /// To a file, a pipe, a socket.
    To(OwnedFd),
    /// To a function, in pieces as they come, in the thread that waits; it may stop the program.
    Hear(Listener),
    /// A pipe, which [`Running::stdout`] or [`Running::stderr`] reads from. [`Program::run`] keeps what comes.
    Pipe,
}

/// A program that has run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ran {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it printed, if that was kept.
    pub stdout: Vec<u8>,
    /// What it printed on its standard error, if that was kept.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub took: Duration,
    /// The most memory that it, or a child it waited for, had resident, in bytes.
    pub most_memory: u64,
    /// Who ended it.
    pub ended: Ended,
}

/// Who ended a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// It itself, or a signal that was not ours: see [`Ran::status`].
    Itself,
    /// A cancellation, or a listener of its output.
    Cancelled,
    /// Its deadline.
    Deadline,
    /// It printed more than its limit.
    OutputLimit,
}

/// A program that runs. Dropped, it is killed with everything it started.
#[derive(Debug)]
#[non_exhaustive]
pub struct Running {
    program: Program,
    child: running::Running,
    began: Instant,
    supervision: Supervision,
    sinks: [Sink; 2],
    /// The writing end of its standard input, if that is a [`Stdin::Pipe`].
    pub stdin: Option<PipeWriter>,
    /// The reading end of its standard output, if that is an [`Output::Pipe`].
    pub stdout: Option<PipeReader>,
    /// The same of its standard error.
    pub stderr: Option<PipeReader>,
}

/// Hears what comes, and says whether to go on.
type Listener = Box<dyn FnMut(&[u8]) -> Flow + Send>;

/// What is done with a stream that we read.
enum Sink {
    Keep(Vec<u8>),
    Hear(Listener),
    None,
}

impl Run {
    /// A run without arguments, variables or input, whose output is kept.
    pub fn new() -> Run {
        Run::default()
    }

    /// The same with more arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Run {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same with one more variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Run {
        match &mut self.variables {
            Variables::Of(all) => all.push((name.into(), value.into())),
            other => *other = Variables::Of(vec![(name.into(), value.into())]),
        }
        self
    }

    /// The same with other variables.
    #[must_use]
    pub fn variables(self, variables: Variables) -> Run {
        Run { variables, ..self }
    }

    /// The same in another directory.
    #[must_use]
    pub fn directory(self, directory: impl Into<PathBuf>) -> Run {
        Run { directory: Some(directory.into()), ..self }
    }

    /// The same with another input.
    #[must_use]
    pub fn stdin(self, stdin: Stdin) -> Run {
        Run { stdin, ..self }
    }

    /// The same with its output elsewhere.
    #[must_use]
    pub fn stdout(self, stdout: Output) -> Run {
        Run { stdout, ..self }
    }

    /// The same with its errors elsewhere.
    #[must_use]
    pub fn stderr(self, stderr: Output) -> Run {
        Run { stderr, ..self }
    }

    /// The same with limits.
    #[must_use]
    pub fn limits(self, limits: ResourceLimits) -> Run {
        Run { limits, ..self }
    }

    /// The same with a deadline.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Run {
        Run { deadline: Some(deadline), ..self }
    }

    /// The same with what stops it.
    #[must_use]
    pub fn cancel(self, cancel: &Cancel) -> Run {
        Run { cancel: Some(cancel.clone()), ..self }
    }
}

impl Program {
    /// A complete command of the program: its `argv[0]`, the arguments of its metadata, the variables it is told, and what runs
    /// it if it is for another machine. The host adds arguments, variables and streams. It begins without the variables of
    /// this process; `command.envs(std::env::vars_os())` adds those.
    ///
    /// # Errors
    /// [`Step::Execute`] if nothing here runs programs for its target.
    pub fn command(&self) -> Result<Command> {
        let Prepared { mut command, name, executable, sandbox } =
            self.prepared(&[], &Variables::Empty, None)?;
        command.arg0(name);
        if let Some(sandbox) = sandbox {
            spawn::confine(&mut command, sandbox);
        }
        if let Some(number) = executable.descriptor {
            // The descriptor lives as long as the command, and an interpreter finds it open.
            spawn::keep_open(&mut command, number, (self.clone(), executable));
        }
        Ok(command)
    }

    /// Runs the program as a child, to its end.
    ///
    /// # Errors
    /// [`Step::Execute`] if it cannot be started or waited for. That it failed or was stopped is no error: see [`Ran`].
    pub fn run(&self, run: Run) -> Result<Ran> {
        let run = Run {
            stdout: kept(run.stdout),
            stderr: kept(run.stderr),
            stdin: match run.stdin {
                Stdin::Pipe => Stdin::Null,
                other => other,
            },
            ..run
        };
        self.begin(run, true)?.wait()
    }

    /// Starts the program as a child, in a session of its own. Its deadline and its output are looked after by
    /// [`Running::wait`].
    ///
    /// # Errors
    /// [`Step::Execute`] if it cannot be started.
    pub fn spawn(&self, run: Run) -> Result<Running> {
        self.begin(run, false)
    }

    fn begin(&self, run: Run, is_waited_for: bool) -> Result<Running> {
        let began = Instant::now();
        let supervision = Supervision {
            cancel: run.cancel,
            own: None,
            deadline: run.deadline.and_then(|time| began.checked_add(time)),
            limits: run.limits,
            shares_group: false,
            confinement: None,
        };
        let directory = run.directory.map(|directory| self.environment().absolute(directory));
        let Prepared { mut command, name, executable, sandbox } =
            self.prepared(&run.arguments, &run.variables, directory.as_deref())?;
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let failed = |error: io::Error| self.cannot_execute(None, error);
        let mut stdin = None;
        // One that was stopped before it began is started all the same, and ended at once: there is one way to tell.
        let unstopped = Supervision { cancel: None, deadline: None, ..supervision.clone() };
        let mut task =
            Task::new(&command, &unstopped).name(&name).keeping(executable.descriptor).within(sandbox);
        task = task.ignoring_children_as_we_do();
        task = match run.stdin {
            Stdin::Null => task,
            Stdin::Inherit => task.input(Stdio::inherit()),
            Stdin::Text(text) => task.text(&text).map_err(failed)?,
            Stdin::From(descriptor) => task.input(descriptor.into()),
            Stdin::Pipe => {
                let (reader, writer) = io::pipe().map_err(failed)?;
                stdin = Some(writer);
                task.input(reader.into())
            }
        };
        if !is_waited_for {
            task = task.detached();
        }
        let (stdout, out, is_out_ours) = split(run.stdout);
        let (stderr, err, is_err_ours) = split(run.stderr);
        let mut child = task.stdout(stdout).stderr(stderr).start().map_err(failed)?;
        let stdout = if is_out_ours { child.stdout.take() } else { None };
        let stderr = if is_err_ours { child.stderr.take() } else { None };
        let program = self.clone();
        Ok(Running { program, child, began, supervision, sinks: [out, err], stdin, stdout, stderr })
    }

    fn prepared(
        &self,
        arguments: &[OsString],
        variables: &Variables,
        directory: Option<&Path>,
    ) -> Result<Prepared> {
        let under = self.under()?;
        let sandbox = self.sandbox(under.as_ref(), directory)?;
        let failed = |error| self.cannot_execute(under.as_ref(), error);
        let image = self.image(under.as_ref(), arguments, sandbox.as_ref());
        let executable = self.executable().map_err(failed)?;
        // Another program is given the path of this one.
        let file = if under.is_some() { &image.file } else { &executable.path };
        let mut command = Command::new(file);
        command.args(image.arguments.iter().skip(1)).env_clear();
        let given = match variables {
            Variables::Empty => Vec::new(),
            Variables::Of(all) => all.clone(),
            Variables::Settings => self.environment().all(),
        };
        let passes = |name: &OsString| sandbox.as_ref().is_none_or(|sandbox| sandbox.rules.passes_on(name));
        command.envs(given.into_iter().filter(|(name, _)| passes(name)));
        command.envs(self.told_variables());
        let name = image.arguments.first().cloned().unwrap_or_default();
        let sandbox = sandbox.as_ref().map(|sandbox| sandbox.prepared.try_clone()).transpose();
        Ok(Prepared { command, name, executable, sandbox: sandbox.map_err(failed)? })
    }
}

/// A command whose environment is what it says and nothing else, its `argv[0]`, and the sandbox of the program.
struct Prepared {
    command: Command,
    name: OsString,
    executable: Executable,
    sandbox: Option<sandbox::enter::Prepared>,
}

/// What is read by nobody else is kept.
fn kept(output: Output) -> Output {
    match output {
        Output::Pipe => Output::Capture,
        other => other,
    }
}

fn split(output: Output) -> (task::Output, Sink, bool) {
    match output {
        Output::Capture => (task::Output::Pipe, Sink::Keep(Vec::new()), false),
        Output::Hear(hear) => (task::Output::Pipe, Sink::Hear(hear), false),
        Output::Pipe => (task::Output::Pipe, Sink::None, true),
        Output::Inherit => (task::Output::Inherit, Sink::None, false),
        Output::Null => (task::Output::Null, Sink::None, false),
        Output::To(descriptor) => (task::Output::To(descriptor), Sink::None, false),
    }
}

impl Sink {
    fn hear(&mut self, bytes: &[u8]) -> Option<Stop> {
        match self {
            Sink::Keep(all) => all.extend_from_slice(bytes),
            Sink::Hear(hear) => return (hear(bytes) == Flow::Stop).then_some(Stop::Cancelled),
            Sink::None => {}
        }
        None
    }

    fn kept(&mut self) -> Vec<u8> {
        match self {
            Sink::Keep(all) => std::mem::take(all),
            Sink::Hear(_) | Sink::None => Vec::new(),
        }
    }
}

impl Running {
    /// Its process, which leads a process group.
    pub fn pid(&self) -> u32 {
        self.child.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// A descriptor that becomes readable with its end; `None` where the process ignores SIGCHLD, and on systems without.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.child.pidfd()
    }

    /// Waits for its end, and stops it at its deadline or when it is cancelled.
    ///
    /// # Errors
    /// [`Step::Execute`] if something else in this process has waited for it.
    pub fn wait(mut self) -> Result<Ran> {
        drop(self.stdin.take());
        let [out, err] = &mut self.sinks;
        let (exit, stop) = self
            .child
            .drive(&self.supervision, None, &mut |heard| match heard {
                Heard::Stdout(bytes) => out.hear(bytes),
                Heard::Stderr(bytes) => err.hear(bytes),
                Heard::Frame => None,
            })
            .map_err(|error| lost(&self.program, error))?;
        let (stdout, stderr) = (out.kept(), err.kept());
        Ok(self.ran(exit, stop, stdout, stderr))
    }

    /// How it has ended, if it has. What it printed is read by [`Running::wait`], which may still be called.
    ///
    /// # Errors
    /// As [`Running::wait`].
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        let exit = self.child.try_wait().map_err(|error| lost(&self.program, error))?;
        Ok(exit.map(|exit| exit.status))
    }

    /// Asks it and everything it started to end: SIGTERM to its process group.
    pub fn terminate(&self) {
        self.child.signal(rustix::process::Signal::TERM);
    }

    /// Kills it and everything it started.
    pub fn kill(&self) {
        self.child.signal(rustix::process::Signal::KILL);
    }

    fn ran(&self, exit: Exit, stop: Option<Stop>, stdout: Vec<u8>, stderr: Vec<u8>) -> Ran {
        let ended = match stop {
            None => Ended::Itself,
            Some(Stop::Cancelled) => Ended::Cancelled,
            Some(Stop::Deadline) => Ended::Deadline,
            Some(Stop::Output) => Ended::OutputLimit,
        };
        let took = self.began.elapsed();
        Ran { status: exit.status, stdout, stderr, took, most_memory: exit.most_memory, ended }
    }
}

fn lost(program: &Program, error: io::Error) -> Error {
    let error = anyhow::Error::new(error).context("cannot wait for its program");
    Error::new(Step::Execute, error).about(program.script().display_name())
}

impl std::fmt::Debug for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Output::Capture => "Capture",
            Output::Inherit => "Inherit",
            Output::Null => "Null",
            Output::To(descriptor) => return write!(formatter, "To({})", descriptor.as_raw_fd()),
            Output::Hear(_) => "Hear",
            Output::Pipe => "Pipe",
        })
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sink")
    }
}
