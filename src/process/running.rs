//! A child that runs: one `poll(2)` waits for its end, its output, a cancellation and the deadline.
//!
//! A child that is stopped gets SIGTERM, and after [`GRACE`] SIGKILL, with its whole process group; when that is reported
//! nothing of it is left.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use crate::base::supervision::{Stop, Supervision};
use crate::process::spawn::{Exit, Started};

/// How long a child that was told to end may take.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
/// How long the rest of a killed process group is waited for.
const DYING: Duration = Duration::from_secs(2);

/// What is heard of a child that runs.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    Stdout(&'a [u8]),
    Stderr(&'a [u8]),
    /// Some time has passed.
    Frame,
}

/// A child that has ended by itself, and what it printed.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// A child that was started. One that nobody waits for any more is killed, with everything it started.
#[derive(Debug)]
pub(crate) struct Running {
    started: Started,
    has_session: bool,
    pub(crate) stdout: Option<PipeReader>,
    pub(crate) stderr: Option<PipeReader>,
    exit: Option<Exit>,
}

impl Running {
    pub(super) fn new(
        started: Started,
        has_session: bool,
        stdout: Option<PipeReader>,
        stderr: Option<PipeReader>,
    ) -> Running {
        Running { started, has_session, stdout, stderr, exit: None }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.started.pid
    }

    pub(crate) fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.started.pidfd()
    }

    /// Waits for its end, and keeps what it prints.
    ///
    /// # Errors
    /// As `Task::run`.
    pub(crate) fn finish(&mut self, supervision: &Supervision) -> io::Result<Finished> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (exit, stop) = self.drive(supervision, None, &mut |heard| {
            match heard {
                Heard::Stdout(bytes) => stdout.extend_from_slice(bytes),
                Heard::Stderr(bytes) => stderr.extend_from_slice(bytes),
                Heard::Frame => {}
            }
            None
        })?;
        match stop {
            Some(stop) => Err(stop.into()),
            None => Ok(Finished { status: exit.status, stdout, stderr }),
        }
    }

    /// Sends it, and everything it started, a signal, unless it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.exit.is_none() {
            match self.has_session {
                true => drop(kill_process_group(self.pid(), signal)),
                false => drop(kill_process(self.pid(), signal)),
            }
        }
    }

    /// How it has ended, if it has.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<Exit>> {
        if self.exit.is_none() && is_readable(self.started.descriptor(), Some(Duration::ZERO))? {
            self.exit = Some(self.started.collect()?);
        }
        Ok(self.exit)
    }

    /// Waits for its end and passes on what it prints; stops it if it is to be stopped, and says why.
    pub(crate) fn drive(
        &mut self,
        supervision: &Supervision,
        frame: Option<Duration>,
        hear: &mut dyn FnMut(Heard<'_>) -> Option<Stop>,
    ) -> io::Result<(Exit, Option<Stop>)> {
        let mut buffer = vec![0; 1 << 14];
        let mut counts = [0_u64; 2];
        let most = supervision.limits.output.unwrap_or(u64::MAX);
        let mut stopping: Option<(Stop, Instant)> = None;
        let mut is_ending = false;
        while self.exit.is_none() || self.stdout.is_some() || self.stderr.is_some() {
            let wait = match &stopping {
                Some((_, kill_at)) => Some(kill_at.saturating_duration_since(Instant::now())),
                None => [supervision.remaining(), frame].into_iter().flatten().min(),
            };
            let ready = self.poll(supervision, stopping.is_some(), is_ending, wait)?;
            let mut stop = None;
            for (index, is_ready) in [ready.stdout, ready.stderr].into_iter().enumerate() {
                if !is_ready {
                    continue;
                }
                let reader = if index == 0 { &mut self.stdout } else { &mut self.stderr };
                let count = match reader.as_mut().map(|reader| reader.read(&mut buffer)) {
                    Some(Ok(count)) => count,
                    Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Some(Err(_)) | None => 0,
                };
                if count == 0 {
                    *reader = None;
                    continue;
                }
                let room = usize::try_from(most - counts[index]).unwrap_or(usize::MAX);
                let heard = &buffer[..count.min(room)];
                counts[index] += heard.len() as u64;
                stop = stop.or(match index {
                    0 => hear(Heard::Stdout(heard)),
                    _ => hear(Heard::Stderr(heard)),
                });
                stop = stop.or((count > room).then_some(Stop::Output));
            }
            if frame.is_some() {
                stop = stop.or(hear(Heard::Frame));
            }
            is_ending |= ready.end;
            if is_ending && stopping.is_some() && self.exit.is_none() {
                // While its number is still its own.
                self.signal(Signal::KILL);
            }
            // Its number is its own until it has been waited for, and with it that of its group.
            if is_ending && self.exit.is_none() && (stopping.is_some() || !self.has_output()) {
                self.exit = Some(self.started.collect()?);
            }
            if self.exit.is_some() && stopping.is_some() {
                // Who left the group may still hold the pipes.
                (self.stdout, self.stderr) = (None, None);
            }
            match &mut stopping {
                Some((_, kill_at)) if *kill_at <= Instant::now() => {
                    self.signal(Signal::KILL);
                    *kill_at = Instant::now() + GRACE;
                }
                Some(_) => {}
                None => {
                    if let Some(stop) = stop.or_else(|| supervision.stopped())
                        && (self.exit.is_none() || self.has_output())
                    {
                        self.signal(Signal::TERM);
                        stopping = Some((stop, Instant::now() + GRACE));
                    }
                }
            }
        }
        let exit = match self.exit {
            Some(exit) => exit,
            None => self.started.collect()?,
        };
        self.exit = Some(exit);
        let stop = stopping.map(|(stop, _)| stop);
        if stop.is_some() && self.has_session {
            group_is_gone(self.pid());
        }
        Ok((exit, stop))
    }

    fn has_output(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    fn poll(
        &self,
        supervision: &Supervision,
        is_stopping: bool,
        is_ending: bool,
        wait: Option<Duration>,
    ) -> io::Result<Ready> {
        let mut ready = Ready::default();
        let mut polled = Vec::with_capacity(5);
        let mut flags: Vec<&mut bool> = Vec::with_capacity(3);
        let Ready { end, stdout, stderr } = &mut ready;
        if self.exit.is_none() && !is_ending {
            polled.push(PollFd::from_borrowed_fd(self.started.descriptor(), PollFlags::IN));
            flags.push(end);
        }
        for (reader, flag) in [(&self.stdout, stdout), (&self.stderr, stderr)] {
            if let Some(reader) = reader {
                polled.push(PollFd::from_borrowed_fd(reader.as_fd(), PollFlags::IN));
                flags.push(flag);
            }
        }
        if !is_stopping {
            // They come last, and only wake: what they say is asked of themselves.
            for token in supervision.tokens() {
                match token.descriptor() {
                    Some(descriptor) => polled.push(PollFd::from_borrowed_fd(descriptor, PollFlags::IN)),
                    None if token.is_cancelled() => return Ok(ready),
                    None => {}
                }
            }
        }
        match poll(&mut polled, wait.map(timespec).as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        for (polled, flag) in polled.iter().zip(flags) {
            *flag = !polled.revents().is_empty();
        }
        Ok(ready)
    }
}

/// What there is to read.
#[derive(Debug, Default)]
struct Ready {
    end: bool,
    stdout: bool,
    stderr: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.exit.is_none() {
            self.signal(Signal::KILL);
            self.exit = self.started.collect().ok();
            if self.has_session {
                group_is_gone(self.pid());
            }
        }
    }
}

/// Waits until no process of a killed group is left.
fn group_is_gone(group: Pid) {
    let end = Instant::now() + DYING;
    while test_kill_process_group(group).is_ok() && Instant::now() < end {
        let _ = kill_process_group(group, Signal::KILL);
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn is_readable(descriptor: BorrowedFd<'_>, wait: Option<Duration>) -> io::Result<bool> {
    let mut polled = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    match poll(&mut polled, wait.map(timespec).as_ref()) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn timespec(duration: Duration) -> Timespec {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec: seconds as _, tv_nsec: duration.subsec_nanos() as _ }
}
