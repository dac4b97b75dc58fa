//! A child process of ours: every compiler, cargo, git and formatter is started here, and so is a script that is run as a
//! child.
//!
//! A child leads a session of its own, so that everything it starts can be stopped with it. One `poll(2)` waits for its end,
//! its output, a cancellation and the deadline; there is no thread. A child that is stopped gets SIGTERM, and after
//! [a grace](crate::process::running::GRACE) SIGKILL, with its whole process group; when that is reported nothing of it is left. Where a person's keys are to
//! reach it as they reach us ([`Supervision::shares_group`]) it stays in our group, and dies with us.
//!
//! Nothing process-wide is changed: how SIGCHLD is not needed is told in [`crate::process::spawn`].

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, PipeReader, Seek, Write};
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::base::supervision::{Stop, Supervision};
use crate::process::observe::observation::Observation;
use crate::process::observe::observed::Observed;
use crate::process::observe::policy::{Policy, StartError};
use crate::process::observe::unavailable::Unavailable;
use crate::process::running::{Finished, Heard, Running};
use crate::process::sandbox::enter::Prepared;
use crate::process::sandbox::rules::Sandbox;
use crate::process::spawn::{self, Setup};
use crate::request::sandbox_permissions::Grant;

/// A command that is to be a child.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    command: &'a Command,
    name: Option<&'a OsStr>,
    supervision: &'a Supervision,
    input: Stdio,
    stdout: Output,
    stderr: Output,
    is_waited_for: bool,
    is_guarded: bool,
    closes_descriptors: bool,
    keeps: Option<RawFd>,
    ignores_children_as_we_do: bool,
    sandbox: Option<Prepared>,
}

/// Where a child's output goes.
#[derive(Debug)]
pub(crate) enum Output {
    Null,
    Inherit,
    /// To us.
    Pipe,
    /// Where its standard error goes, in one stream.
    AsErrors,
    To(OwnedFd),
}

impl<'a> Task<'a> {
    /// A child without a standard input, whose output comes to us. The command's environment must be what it says, and
    /// nothing else; its streams do not count.
    pub(crate) fn new(command: &'a Command, supervision: &'a Supervision) -> Task<'a> {
        Task {
            command,
            name: None,
            supervision,
            input: Stdio::null(),
            stdout: Output::Pipe,
            stderr: Output::Pipe,
            is_waited_for: true,
            is_guarded: false,
            closes_descriptors: false,
            keeps: None,
            ignores_children_as_we_do: false,
            sandbox: None,
        }
    }

    /// Its `argv[0]`.
    pub(crate) fn name(self, name: &'a OsStr) -> Task<'a> {
        Task { name: Some(name), ..self }
    }

    pub(crate) fn input(self, input: Stdio) -> Task<'a> {
        Task { input, ..self }
    }

    /// A text as the standard input: a file without a name, so that nobody has to write while it is read.
    pub(crate) fn text(self, text: &[u8]) -> io::Result<Task<'a>> {
        let mut file = unnamed_file()?;
        file.write_all(text)?;
        file.rewind()?;
        Ok(self.input(file.into()))
    }

    pub(crate) fn stdout(self, stdout: Output) -> Task<'a> {
        Task { stdout, ..self }
    }

    pub(crate) fn stderr(self, stderr: Output) -> Task<'a> {
        Task { stderr, ..self }
    }

    /// The child may outlive the thread that starts it.
    pub(crate) fn detached(self) -> Task<'a> {
        Task { is_waited_for: false, ..self }
    }

    /// What it starts ends with us, too, however we end: compilers below cargo, linkers below a compiler.
    pub(crate) fn guarded(self) -> Task<'a> {
        Task { is_guarded: true, ..self }
    }

    /// It gets no open file of ours but its three streams: a lock, a pipe or a socket would else be held as long as it runs.
    pub(crate) fn without_descriptors(self) -> Task<'a> {
        Task { closes_descriptors: true, ..self }
    }

    /// It keeps this descriptor open.
    pub(crate) fn keeping(self, keeps: Option<RawFd>) -> Task<'a> {
        Task { keeps, ..self }
    }

    /// It ignores how its children end if this process does: for programs that are to find signals as the caller left them.
    /// A compiler waits for its linker, and says nowhere that it counts on that.
    pub(crate) fn ignoring_children_as_we_do(self) -> Task<'a> {
        Task { ignores_children_as_we_do: true, ..self }
    }

    /// It enters a sandbox before it is executed.
    pub(crate) fn within(self, sandbox: Option<Prepared>) -> Task<'a> {
        Task { sandbox, ..self }
    }

    /// Starts it.
    pub(crate) fn start(self) -> io::Result<Running> {
        Ok(self.start_observed(None)?.0)
    }

    /// Starts it; what it looks at is observed, if there is a policy.
    fn start_observed(self, policy: Option<Policy>) -> io::Result<(Running, Option<Observation>)> {
        if let Some(stop) = self.supervision.stopped() {
            return Err(stop.into());
        }
        let mut command = Command::new(self.command.get_program());
        command.args(self.command.get_args()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = self.command.get_current_dir() {
            command.current_dir(directory);
        }
        let (errors, stderr) = stream(self.stderr)?;
        let (stdout_reader, stdout) = match self.stdout {
            Output::AsErrors => match &errors {
                End::Piped { writer, .. } => (End::None, writer.try_clone()?.into()),
                End::None => (End::None, Stdio::inherit()),
            },
            other => stream(other)?,
        };
        command.stdin(self.input).stdout(stdout).stderr(stderr);
        let has_session = !self.supervision.shares_group;
        let dies_with_us = self.is_waited_for.then_some(Signal::TERM);
        let setup = Setup {
            has_session,
            dies_with_us,
            is_guarded: self.is_guarded,
            limits: self.supervision.limits,
            closes_descriptors: self.closes_descriptors,
            keeps: self.keeps,
            ignores_children_as_we_do: self.ignores_children_as_we_do,
            sandbox: self.sandbox.map_or_else(|| confinement(self.supervision), |own| Ok(Some(own)))?,
        };
        let name = self.name;
        let spawn = |command: &mut Command| spawn::start(command, name, setup);
        let (started, observation) = match policy {
            None => (spawn(&mut command)?, None),
            Some(policy) => match Observation::start_by(&mut command, policy, spawn) {
                Ok((started, observation)) => (started, Some(observation)),
                Err(StartError::Spawn(error)) => return Err(error),
                Err(StartError::Unavailable(reason)) => return Err(io::Error::other(reason)),
            },
        };
        let running = Running::new(started, has_session, stdout_reader.into_reader(), errors.into_reader());
        Ok((running, observation))
    }

    /// Runs it to its end, and is told of what it prints; also tells what it and everything it started looked at, if there is a policy to observe it by.
    ///
    /// # Errors
    /// If it cannot be started or waited for; [`Stop`] if it was stopped, and then nothing of it is left.
    pub(crate) fn run_observed(
        self,
        policy: Option<Policy>,
        frame: Option<Duration>,
        hear: &mut dyn FnMut(Heard<'_>) -> Option<Stop>,
    ) -> io::Result<(ExitStatus, Option<std::result::Result<Observed, Unavailable>>)> {
        let supervision = self.supervision;
        let (mut running, observation) = self.start_observed(policy)?;
        match running.drive(supervision, frame, hear)? {
            (_, Some(stop)) => Err(stop.into()),
            (exit, None) => Ok((exit.status, observation.map(Observation::finish))),
        }
    }

    /// Runs it to its end, and is told of what it prints.
    ///
    /// # Errors
    /// If it cannot be started or waited for; [`Stop`] if it was stopped, and then nothing of it is left.
    #[cfg(test)]
    pub(crate) fn run(
        self,
        frame: Option<Duration>,
        hear: &mut dyn FnMut(Heard<'_>) -> Option<Stop>,
    ) -> io::Result<ExitStatus> {
        Ok(self.run_observed(None, frame, hear)?.0)
    }

    /// Runs it to its end, and keeps what it prints.
    ///
    /// # Errors
    /// As [`Task::run_observed`].
    pub(crate) fn output(self) -> io::Result<Finished> {
        let supervision = self.supervision;
        self.start()?.finish(supervision)
    }
}

/// The sandbox of every child of an operation, if its children are confined.
fn confinement(supervision: &Supervision) -> io::Result<Option<Prepared>> {
    let Some(confinement) = &supervision.confinement else { return Ok(None) };
    let there =
        |paths: &[PathBuf]| Grant::These(paths.iter().filter(|path| path.exists()).cloned().collect());
    let sandbox = Sandbox {
        read: there(&confinement.reads),
        write: there(&confinement.writes),
        network: Grant::default(),
        variables: Grant::Everything,
        unix: false,
        debugger: false,
        temporary: None,
        is_narrow: confinement.is_narrow,
    };
    sandbox.prepare().map(Some).map_err(io::Error::other)
}

/// Our end of a stream.
enum End {
    None,
    Piped { reader: PipeReader, writer: io::PipeWriter },
}

impl End {
    fn into_reader(self) -> Option<PipeReader> {
        match self {
            End::None => None,
            End::Piped { reader, .. } => Some(reader),
        }
    }
}

fn stream(output: Output) -> io::Result<(End, Stdio)> {
    Ok(match output {
        Output::Null => (End::None, Stdio::null()),
        Output::Inherit | Output::AsErrors => (End::None, Stdio::inherit()),
        Output::To(descriptor) => (End::None, descriptor.into()),
        Output::Pipe => {
            let (reader, writer) = io::pipe()?;
            let theirs = writer.try_clone()?;
            (End::Piped { reader, writer }, theirs.into())
        }
    })
}

#[cfg(target_os = "linux")]
fn unnamed_file() -> io::Result<File> {
    use rustix::io::Errno;
    match rustix::fs::memfd_create("input", rustix::fs::MemfdFlags::CLOEXEC) {
        // A kernel before 3.17, or a container's filter.
        Err(Errno::NOSYS | Errno::PERM) => tempfile::tempfile(),
        other => Ok(other?.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn unnamed_file() -> io::Result<File> {
    tempfile::tempfile()
}

#[cfg(test)]
#[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
mod tests {
    use std::time::Instant;

    use rustix::process::{Pid, test_kill_process_group};

    use super::*;
    use crate::base::cancel::Cancel;

    fn shell(text: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", text]).env_clear().env("PATH", "/usr/bin:/bin");
        command
    }

    #[test]
    fn a_text_larger_than_any_pipe_comes_back_whole() {
        let text = "line\n".repeat(1 << 20).into_bytes();
        let supervision = Supervision::default();
        let task = Task::new(&shell("cat"), &supervision).text(&text).map(Task::output);
        let finished = task.unwrap().unwrap();
        assert!(finished.status.success() && finished.stdout == text);
    }

    #[test]
    fn streams_are_kept_apart_and_the_status_is_the_childs() {
        let command = shell("echo out; echo err >&2; exit 3");
        let finished = Task::new(&command, &Supervision::default()).output().unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!((&*finished.stdout, &*finished.stderr), (&b"out\n"[..], &b"err\n"[..]));
        let error = Task::new(&Command::new("/no/such/program"), &Supervision::default()).output();
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_cancelled_child_goes_with_all_it_started() {
        let supervision = Supervision { cancel: Some(Cancel::new()), ..Supervision::default() };
        // It ignores the first signal, and so does its own child, which says when both are there.
        let command = shell("trap '' TERM; (trap '' TERM; echo $$; exec sleep 1000) & wait");
        let mut group = String::new();
        let stopped = Task::new(&command, &supervision).run(None, &mut |heard| {
            if let Heard::Stdout(bytes) = heard {
                group.push_str(&String::from_utf8_lossy(bytes));
                supervision.tokens().for_each(Cancel::cancel);
            }
            None
        });
        assert_eq!(stopped.unwrap_err().to_string(), "cancelled");
        let group = Pid::from_raw(group.trim().parse().unwrap()).unwrap();
        assert!(test_kill_process_group(group).is_err());
        // It stays cancelled.
        assert!(Task::new(&shell("exit 0"), &supervision).output().is_err());
    }

    #[test]
    fn a_deadline_and_a_limit_of_output_end_a_child() {
        let deadline = Some(Instant::now() + Duration::from_millis(1));
        let supervision = Supervision { deadline, ..Supervision::default() };
        let stopped = Task::new(&shell("sleep 1000"), &supervision).output().unwrap_err();
        assert_eq!(stopped.to_string(), "the deadline has passed");
        let limits = crate::base::resource_limits::ResourceLimits::none().output(1000);
        let supervision = Supervision { limits, ..Supervision::default() };
        let stopped = Task::new(&shell("yes"), &supervision).output().unwrap_err();
        assert_eq!(stopped.to_string(), "it printed more than its limit");
    }

    /// Whether the kernel keeps a limit of memory that it was told; an emulator of user programs has none to keep.
    #[cfg(target_os = "linux")]
    #[allow(clippy::disallowed_methods, reason = "a process to ask about")]
    fn keeps_limits_of_memory() -> bool {
        use rustix::process::{Resource, Rlimit, prlimit};
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let limit = Rlimit { current: Some(512 << 20), maximum: Some(512 << 20) };
        let told = prlimit(Pid::from_raw(child.id() as i32), Resource::As, limit);
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap_or_default();
        child.kill().unwrap();
        child.wait().unwrap();
        told.is_ok() && limits.contains("536870912")
    }

    #[test]
    fn limits_are_the_childs_before_it_is_executed() {
        #[cfg(target_os = "linux")]
        if !keeps_limits_of_memory() {
            return println!("skipped: no limit of memory can be set here");
        }
        let limits = crate::base::resource_limits::ResourceLimits::none()
            .memory(512 << 20)
            .cpu(Duration::from_millis(1500))
            .file_size(4096);
        let supervision = Supervision { limits, ..Supervision::default() };
        let command = shell("ulimit -v; ulimit -t; ulimit -f");
        let finished = Task::new(&command, &supervision).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&finished.stdout), "524288\n2\n8\n");
    }
}
