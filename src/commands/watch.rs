//! `runner watch`: runs a script again when something that its build read has changed.
//!
//! What to watch is known: the facts of the trace. Their directories are watched, and a change of one of them is a reason
//! to look whether the trace still holds, which is all that a save without a change comes to. A build goes on beside the
//! program that runs, and the program is restarted only if the new one is another, once the whole group of the old one
//! has ended.
//!
//! One loop waits, in one call, for a signal, a change and the end of a build; at rest it makes no other.

mod targets;
pub(crate) mod watch_options;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::base::digest::Digest;
use crate::base::directory_watch::DirectoryWatch;
use crate::base::error::{EXIT_FAILED, Error, Result, Step};
use crate::commands::check::{self, Lint};
use crate::commands::watch::targets::Targets;
use crate::commands::watch::watch_options::{WatchEvent, WatchMode, WatchOptions};
use crate::engine::context::Context;
use crate::engine::program::Program;
use crate::process::program_group::{Change, ProgramGroup};
use crate::process::signals::{self, Signals};
use crate::request::options::{Harness, Options};
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::store::trace::fact::{Content, Input, path_of};
use crate::store::trace::{Tools, Trace};

/// Without a change for so long, all of a save has been seen.
const QUIET: Duration = Duration::from_millis(50);

/// No stream of changes is waited for longer.
const LONGEST: Duration = Duration::from_millis(500);

/// Between two looks, where the system does not tell of changes.
const LOOK: Duration = Duration::from_secs(1);

/// Between two looks at signals, where there is no descriptor for them.
#[cfg(not(target_os = "linux"))]
const SIGNALS: Duration = Duration::from_millis(250);

/// Runs a script, and again when an input of its build changes; the exit code of the last run.
///
/// # Errors
/// [`Step::Execute`] if no program can be started, [`Step::Script`] if the script has no file.
pub(crate) fn watch(
    context: &Context,
    script: &Script,
    options: &Options,
    how: &WatchOptions,
    arguments: &[OsString],
    listener: &dyn Fn(&WatchEvent<'_>),
) -> Result<u8> {
    if script.path().is_none() {
        return Err(Error::message(Step::Script, "there is no file to watch")
            .about(script.display_name())
            .hint("save the script first"));
    }
    if options.temporary || options.debug.is_dry_run {
        let what = if options.temporary { "--temp" } else { "-n" };
        return Err(Error::message(Step::Arguments, format!("`watch` and `{what}` cannot be used together")));
    }
    let harness = if how.mode == WatchMode::Test { Some(Harness::Test) } else { options.harness };
    let options = Options { harness, ..options.clone() };
    // What is watched is built as it is to be, and not twice.
    let context = context.within(context.environment().clone());
    let fail =
        |error: io::Error| Error::new(Step::Execute, anyhow::Error::new(error).context("cannot watch"));
    let signals = Signals::block().map_err(fail)?;
    let mut watch = Watch::new(context, script.clone(), options, how, arguments, listener).map_err(fail)?;
    watch.run(&signals).map_err(fail)
}

/// What a build came to.
type Built = Result<Option<Program>>;

/// Both ends of a channel.
type Channel<T> = (mpsc::Sender<T>, mpsc::Receiver<T>);

struct Running {
    group: ProgramGroup,
}

struct Watch<'a> {
    context: Context,
    script: Script,
    options: Options,
    how: &'a WatchOptions,
    arguments: &'a [OsString],
    listener: &'a dyn Fn(&WatchEvent<'_>),
    directories: Option<DirectoryWatch>,
    targets: Targets,
    /// When the first and the last change came that was not looked into yet.
    changed: Option<(Instant, Instant)>,
    is_building: bool,
    results: Channel<(Script, Built)>,
    /// Written to when a build has ended.
    wake: (io::PipeReader, io::PipeWriter),
    running: Option<Running>,
    /// Of the program that was started last.
    digest: Option<Digest>,
    code: u8,
}

impl<'a> Watch<'a> {
    fn new(
        context: Context,
        script: Script,
        options: Options,
        how: &'a WatchOptions,
        arguments: &'a [OsString],
        listener: &'a dyn Fn(&WatchEvent<'_>),
    ) -> io::Result<Watch<'a>> {
        let directories = match how.poll {
            true => None,
            false => DirectoryWatch::open().ok(),
        };
        let mut watch = Watch {
            context,
            script,
            options,
            how,
            arguments,
            listener,
            directories,
            targets: Targets::default(),
            changed: None,
            is_building: false,
            results: mpsc::channel(),
            wake: io::pipe()?,
            running: None,
            digest: None,
            code: EXIT_FAILED,
        };
        watch.aim(true);
        // The first build looks at everything anyway.
        watch.changed = None;
        Ok(watch)
    }

    fn run(&mut self, signals: &Signals) -> io::Result<u8> {
        #[cfg(target_os = "linux")]
        let signal_descriptor = Some(signals.descriptor()?);
        #[cfg(not(target_os = "linux"))]
        let signal_descriptor: Option<std::os::fd::OwnedFd> = None;
        self.build();
        loop {
            self.wait(signal_descriptor.as_ref().map(AsFd::as_fd))?;
            while let Some(signal) = signals.take() {
                if let Some(code) = self.hear(signal, signals)? {
                    return Ok(code);
                }
            }
            self.notice()?;
            if let Ok((script, built)) = self.results.1.try_recv() {
                self.is_building = false;
                self.settle(script, built, signals)?;
            }
            let is_due = self.deadline().is_some_and(|deadline| deadline <= Instant::now());
            if is_due && !self.is_building {
                self.changed = None;
                self.build();
            }
        }
    }

    /// When the changes that have come are looked into.
    fn deadline(&self) -> Option<Instant> {
        self.changed.map(|(first, last)| (last + QUIET).min(first + LONGEST))
    }

    /// Waits for anything.
    fn wait(&mut self, signal_descriptor: Option<std::os::fd::BorrowedFd<'_>>) -> io::Result<()> {
        let mut timeout = self
            .deadline()
            .filter(|_| !self.is_building)
            .map(|at| at.saturating_duration_since(Instant::now()));
        if self.directories.is_none() {
            timeout = Some(timeout.map_or(LOOK, |timeout| timeout.min(LOOK)));
        }
        #[cfg(not(target_os = "linux"))]
        if signal_descriptor.is_none() {
            timeout = Some(timeout.map_or(SIGNALS, |timeout| timeout.min(SIGNALS)));
        }
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(1),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let directories = self.directories.as_ref().and_then(DirectoryWatch::descriptor);
        let wake = Some(self.wake.0.as_fd());
        let mut descriptors: Vec<PollFd<'_>> = [signal_descriptor, directories, wake]
            .into_iter()
            .flatten()
            .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN))
            .collect();
        match poll(&mut descriptors, timeout.as_ref()) {
            Err(error) if error != rustix::io::Errno::INTR => return Err(error.into()),
            _ => {}
        }
        let is_woken = descriptors.last().is_some_and(|wake| wake.revents().contains(PollFlags::IN));
        if is_woken {
            let _ = self.wake.0.read(&mut [0]);
        }
        Ok(())
    }

    /// A signal that was sent to us; the exit code if it ends the watch.
    fn hear(&mut self, signal: i32, signals: &Signals) -> io::Result<Option<u8>> {
        match signal {
            libc::SIGCHLD => return self.look(signals),
            libc::SIGINT | libc::SIGQUIT | libc::SIGTERM | libc::SIGHUP => {
                if let Some(running) = self.running.take() {
                    running.group.end(signal, self.how.grace);
                }
                return Ok(Some(128u8.wrapping_add(signal as u8)));
            }
            libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => signals.stop(signal)?,
            libc::SIGUSR1 | libc::SIGUSR2 => {
                if let Some(running) = &self.running {
                    running.group.send(signal);
                }
            }
            _ => {}
        }
        Ok(None)
    }

    /// Looks what the program has done.
    fn look(&mut self, signals: &Signals) -> io::Result<Option<u8>> {
        let Some(running) = &self.running else { return Ok(None) };
        match running.group.look()? {
            None => Ok(None),
            Some(Change::Stopped(signal)) => {
                running.group.release_terminal();
                signals.stop(signal)?;
                running.group.resume();
                Ok(None)
            }
            Some(Change::Ended(status)) => {
                running.group.release_terminal();
                self.code = signals::exit_code(status);
                if let Some(running) = self.running.take() {
                    // What it has left running in its group would be in the way of the next one.
                    running.group.end(self.how.signal, self.how.grace);
                }
                if self.how.once {
                    return Ok(Some(self.code));
                }
                (self.listener)(&WatchEvent::Ended(status));
                Ok(None)
            }
        }
    }

    /// Takes note of changes that concern the script.
    fn notice(&mut self) -> io::Result<()> {
        let is_changed = match &mut self.directories {
            Some(directories) => match directories.changed()? {
                Some(changed) => {
                    changed.iter().any(|(path, is_other)| self.targets.concerns(path, *is_other))
                }
                None => true,
            },
            None => {
                let now = self.targets.stamps_now();
                let is_changed = now != self.targets.stamps;
                self.targets.stamps = now;
                is_changed
            }
        };
        if is_changed {
            let now = Instant::now();
            self.changed = Some((self.changed.map_or(now, |(first, _)| first), now));
        }
        Ok(())
    }

    /// Begins a build beside all else, or finds that there is nothing to build.
    fn build(&mut self) {
        let (context, script, options) = (self.context.clone(), self.script.clone(), self.options.clone());
        let (sender, mode) = (self.results.0.clone(), self.how.mode);
        // Only the first build is forced.
        self.options.force = false;
        let wake = self.wake.1.try_clone();
        self.is_building = true;
        std::thread::spawn(move || {
            let built = script.read_again().and_then(|script| {
                let program = match mode {
                    WatchMode::Check => {
                        check::check(&context, &script, &options, Lint::Check, &[]).map(|()| None)
                    }
                    WatchMode::Run | WatchMode::Test => {
                        crate::engine::prepare::prepare(&context, &script, &options).map(Some)
                    }
                };
                program.map(|program| (script, program))
            });
            let (script, built) = match built {
                Ok((script, program)) => (script, Ok(program)),
                Err(error) => (script, Err(error)),
            };
            let _ = sender.send((script, built));
            let _ = wake.and_then(|mut wake| wake.write_all(b"."));
        });
    }

    /// Takes a build over: restarts the program if it is another.
    fn settle(&mut self, script: Script, built: Built, signals: &Signals) -> io::Result<()> {
        self.script = script;
        let program = match built {
            Err(error) => {
                (self.listener)(&WatchEvent::Failed(&error));
                // What was missing is not among the facts of the last build.
                self.aim(true);
                return Ok(());
            }
            Ok(program) => program,
        };
        self.aim(self.how.mode == WatchMode::Check);
        let Some(program) = program else {
            self.code = 0;
            (self.listener)(&WatchEvent::Checked);
            return Ok(());
        };
        let digest = program.open().and_then(|mut file| Digest::of_reader(&mut file)).ok();
        if digest.is_some() && digest == self.digest {
            return Ok(());
        }
        if let Some(running) = self.running.take() {
            running.group.end(self.how.signal, self.how.grace);
        }
        (self.listener)(&WatchEvent::Starting(self.digest.is_none()));
        self.digest = digest;
        let start = || -> Result<ProgramGroup> {
            let under = program.under()?;
            let sandbox = match self.how.on_change {
                // The user's own command.
                Some(_) => None,
                None => program.sandbox(under.as_ref(), None)?,
            };
            let mut image = program.image(under.as_ref(), self.arguments, sandbox.as_ref());
            if let (Some(command), Some(file)) = (&self.how.on_change, program.path()) {
                let words = ["sh".into(), "-c".into(), command.clone(), file.into()];
                image.arguments.splice(..1, words);
                image.file = "/bin/sh".into();
            }
            let mut told = image.told.clone();
            told.variables.push(("RUNNER_WATCH".into(), "1".into()));
            image.told = &told;
            ProgramGroup::start(&image, signals).map_err(|error| {
                Error::new(
                    Step::Execute,
                    anyhow::Error::new(error).context("cannot execute the compiled script"),
                )
            })
        };
        match start() {
            Ok(group) => self.running = Some(Running { group }),
            Err(error) => (self.listener)(&WatchEvent::Failed(&error.about(self.script.display_name()))),
        }
        Ok(())
    }

    /// Watches what the last build read; with `broadly` everything beside the script as well.
    fn aim(&mut self, broadly: bool) {
        let extension = self.script.path().and_then(Path::extension).map(OsString::from);
        let mut targets = Targets { extension, ..Targets::default() };
        targets
            .paths
            .extend([self.script.path(), self.script.real_path()].into_iter().flatten().map(Path::to_owned));
        targets.whole.extend(broadly.then(|| self.script.base().to_owned()));
        self.add_facts(&mut targets);
        if let Some(directories) = &mut self.directories {
            match directories.set(&targets.directories()) {
                // What changed before it was watched was not told.
                Ok(true) => {
                    let now = Instant::now();
                    self.changed.get_or_insert((now, now));
                }
                Ok(false) => {}
                Err(error) => {
                    (self.listener)(&WatchEvent::Polling(&error));
                    self.directories = None;
                }
            }
        }
        if self.directories.is_none() {
            targets.stamps = targets.stamps_now();
        }
        self.targets = targets;
    }

    /// Adds what the trace of the script says that the build rested on.
    fn add_facts(&self, targets: &mut Targets) {
        let Ok(cache) = self.context.cache() else { return };
        let id = launch_key(&self.script, &self.options, self.context.environment());
        let Some(bytes) = cache.read_trace(&id) else {
            // Not built as it is now: what was watched stays watched.
            targets.paths.extend(self.targets.paths.iter().cloned());
            return;
        };
        let Some(trace) = Trace::parse(id.digest(), &bytes) else { return };
        let Some(current) = trace.current(cache.directory(), self.context.environment(), Tools::Forgiven)
        else {
            targets.paths.extend(self.targets.paths.iter().cloned());
            return;
        };
        for check in &trace.variants[current.variant].checks {
            match &check.input {
                Input::Content { content: Content::Names(_), path, .. } => {
                    targets.whole.insert(path_of(path).to_owned());
                }
                Input::Content { path, .. }
                | Input::Absent { path }
                | Input::Present { path }
                | Input::Link { path, .. } => {
                    targets.paths.insert(path_of(path).to_owned());
                }
                // Variables do not change under us; a search of PATH ends at a file that is a fact of its own.
                _ => {}
            }
        }
    }
}
