//! Runs a program in a process group of its own, and ends the whole group.
//!
//! 1. The group is the terminal's foreground group while the program runs, if we were: keys reach the program and not us.
//! 2. Ending is a signal to the group, a while of grace, `SIGKILL`, and the wait until nobody of the group is left: only
//!    then a port or a file of it is free. Orphans of the group become our children (Linux), so that none stays a zombie.
//! 3. If we are killed the program is, too (Linux).

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use crate::process::exec::{self, Group, Image};
use crate::process::signals::{self, Signals};

/// Between two looks at a group that is ending.
const STEP: Duration = Duration::from_millis(5);

/// How long the kernel may take to end what cannot refuse.
const KILLED: Duration = Duration::from_secs(5);

/// What a program has done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Ended(ExitStatus),
    /// Of a signal.
    Stopped(i32),
}

/// A program and all that it has started in its group.
#[derive(Debug)]
pub(crate) struct ProgramGroup {
    leader: Pid,
    has_terminal: bool,
}

impl ProgramGroup {
    /// Starts a program.
    pub(crate) fn start(image: &Image<'_>, signals: &Signals) -> io::Result<ProgramGroup> {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        let has_terminal =
            tcgetpgrp(rustix::stdio::stdin()).is_ok_and(|group| Some(group) == signals::own_group());
        let leader = exec::start(image, signals, Group::Own { has_terminal })?;
        Ok(ProgramGroup { leader, has_terminal })
    }

    /// What the program has done since the last look.
    pub(crate) fn look(&self) -> io::Result<Option<Change>> {
        let options = WaitOptions::UNTRACED | WaitOptions::NOHANG;
        let Some((_, status)) = waitpid(Some(self.leader), options)? else { return Ok(None) };
        Ok(match status.stopping_signal() {
            Some(signal) => Some(Change::Stopped(signal)),
            None => Some(Change::Ended(ExitStatus::from_raw(status.as_raw()))),
        })
    }

    /// Sends everybody in the group a signal.
    pub(crate) fn send(&self, signal: i32) {
        signals::send_to_group(self.leader, signal);
    }

    /// Gives the terminal back to us.
    pub(crate) fn release_terminal(&self) {
        if let (true, Some(group)) = (self.has_terminal, signals::own_group()) {
            let _ = tcsetpgrp(rustix::stdio::stdin(), group);
        }
    }

    /// Continues the program, with the terminal.
    pub(crate) fn resume(&self) {
        if self.has_terminal {
            let _ = tcsetpgrp(rustix::stdio::stdin(), self.leader);
        }
        self.send(libc::SIGCONT);
    }

    /// Ends the group, and waits until it is empty; how the program ended, if it had not before.
    pub(crate) fn end(&self, signal: i32, grace: Duration) -> Option<ExitStatus> {
        let mut ended = None;
        self.send(signal);
        // What is stopped would not hear of it.
        self.send(libc::SIGCONT);
        if !self.wait_until_empty(grace, &mut ended) {
            self.send(libc::SIGKILL);
            self.wait_until_empty(KILLED, &mut ended);
        }
        self.release_terminal();
        ended
    }

    fn wait_until_empty(&self, patience: Duration, ended: &mut Option<ExitStatus>) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            while let Some((child, status)) = signals::reap_of_group(self.leader) {
                if child == self.leader {
                    *ended = Some(status);
                }
            }
            if !signals::send_to_group(self.leader, 0) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(STEP);
        }
    }
}
