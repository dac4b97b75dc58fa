//! Runs a program as a child when exec is impossible; forwards signals, job control and exit status.
//!
//! Where something is left to do when the program has ended (a directory to remove, times to tell) it is our child:
//!
//! 1. It is in our process group, so what a terminal sends reaches both, and a pipeline stays one job.
//! 2. We block every signal and wait for them one at a time: no handler, no thread. What the terminal sent the group the
//!    child has had already; what anybody else sent us is sent on.
//! 3. When the child stops we stop, of the same signal, so that the shell sees its job stop; when we are continued so is
//!    the child, if it is not already.
//! 4. When it has died of a signal we die of it too (the command line does, not the library), without a core of our own.
//! 5. If we are killed so is the child, where the system can do that (Linux); there are no orphans.
//!
//! What cannot be had: a signal that somebody (not the terminal) sends to the whole group reaches the child twice, and
//! one who stops and continues the child's process alone, behind our back, leaves us stopped.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, WaitOptions, waitpid};

use crate::process::exec::{self, Group, Image};
use crate::process::signals::{self, Received, Sender, Signals};

/// Has a program as a child, and returns how it ended. Signals go to it, it stops and continues with us.
pub(crate) fn spawn(image: &Image<'_>) -> io::Result<ExitStatus> {
    let signals = Signals::block()?;
    attend(exec::start(image, &signals, Group::Ours)?, &signals)
}

/// Waits for the child's end, and until then for signals.
fn attend(child: Pid, signals: &Signals) -> io::Result<ExitStatus> {
    let mut is_stopped = false;
    let mut has_continued = false;
    let options = WaitOptions::UNTRACED | WaitOptions::CONTINUED | WaitOptions::NOHANG;
    loop {
        match waitpid(Some(child), options)?.map(|(_, status)| status) {
            Some(status) if status.stopped() => {
                (is_stopped, has_continued) = (true, false);
                if let Some(signal) = status.stopping_signal() {
                    signals.stop(signal)?;
                }
                continue;
            }
            Some(status) if status.continued() => {
                (is_stopped, has_continued) = (false, true);
                continue;
            }
            Some(status) => return Ok(ExitStatus::from_raw(status.as_raw())),
            None => {}
        }
        let Received { signal, from } = signals.wait()?;
        match signal {
            libc::SIGCHLD => continue,
            // Sent to the group, as a shell does, it has reached the child by now.
            libc::SIGCONT if has_continued && !is_stopped => has_continued = false,
            _ if has_told(from, signal, child) => {}
            _ => signals::send(child, signal),
        }
    }
}

/// Whether the child has had a signal already.
fn has_told(from: Sender, signal: i32, child: Pid) -> bool {
    match (from, signal) {
        // It told a group of which it is one, or its parent, whom it takes for its caller.
        (Sender::Process(sender), _) => sender == Some(child.as_raw_nonzero().get()),
        (
            Sender::Kernel,
            libc::SIGINT | libc::SIGQUIT | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU | libc::SIGWINCH,
        ) => true,
        // A terminal that goes tells the leader of the session only.
        (Sender::Kernel, libc::SIGHUP | libc::SIGCONT) => !signals::leads_session(),
        (Sender::Kernel, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::request::program_args::ProgramArgs;

    #[test]
    fn a_childs_status_is_returned_as_a_shell_does() {
        let told = ProgramArgs::default();
        let run = |script: &str| {
            let arguments = ["sh", "-c", script].map(OsString::from).to_vec();
            let status = spawn(&Image {
                file: "/bin/sh".into(),
                arguments,
                script: None,
                told: &told,
                variables: None,
                sandbox: None,
            });
            signals::exit_code(status.unwrap())
        };
        assert_eq!(run("exit 7"), 7);
        assert_eq!(run("kill -TERM $$"), 143);
    }
}
