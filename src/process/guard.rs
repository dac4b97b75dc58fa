//! Ends a child and all that it has started if the process that wants it dies.
//!
//! A compiler in our process group gets our keys, but nothing tells it, and the linkers and compilers below it, that we were
//! killed; `PR_SET_PDEATHSIG` reaches a child, and not its children. So the process between us and the child
//! ([`crate::process::spawn`]) sees to it:
//!
//! 1. It is a subreaper: who loses its parent below it becomes its own child. Where there are none (QEMU's emulation of a user has
//!    none) the child alone is ended.
//! 2. It polls the child's end, and the pipe that we read its reports from: an error there is our death.
//! 3. Then it sends its children SIGTERM, and later SIGKILL, until it has none. So it does where a signal has ended the child: a
//!    key may end us at any moment, too, and what a shell starts in the background does not hear of it.
//!
//! Everything here is safe between fork and exec: nothing is allocated, no lock is taken.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};

/// Between two looks at who is left. Who loses its parent meanwhile waits no longer for its own signal.
const STEP: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// How many looks SIGTERM is given: two seconds.
const GRACE: u32 = 100;
/// When the kernel has had time enough to end what was killed.
const MOST: u32 = 2 * GRACE;

/// Makes orphans of this process's children children of its own.
pub(super) fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// What is left when a child has ended.
pub(super) struct Rest(Option<OwnedFd>);

impl Rest {
    /// Ends it.
    pub(super) fn end(&self) {
        if let Some(children) = &self.0 {
            end_all(None, Some(children));
        }
    }
}

/// Returns when `child` has ended; if nobody reads from `reports` any more, nothing of it is left then.
pub(super) fn attend(child: Pid, reports: BorrowedFd<'_>) -> Rest {
    let Ok(end) = pidfd_open(child, PidfdFlags::empty()) else { return Rest(None) };
    // Opened now: a child whose files are observed opens nothing once the observer is dead, and this process is one of those.
    let children = rustix::fs::open(c"/proc/thread-self/children", OFlags::CLOEXEC, Mode::empty()).ok();
    loop {
        let mut polled =
            [PollFd::new(&end, PollFlags::IN), PollFd::from_borrowed_fd(reports, PollFlags::empty())];
        match poll(&mut polled, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return Rest(children),
        }
        let [ended, unread] = polled.each_ref().map(|polled| !polled.revents().is_empty());
        if unread && !ended {
            end_all(Some(child), children.as_ref());
        }
        if unread || ended {
            return Rest(children);
        }
    }
}

fn end_all(child: Option<Pid>, children: Option<&OwnedFd>) {
    for look in 0..MOST {
        let signal = if look < GRACE { Signal::TERM } else { Signal::KILL };
        match children {
            Some(children) => signal_all(children, signal),
            None => drop(child.map(|child| kill_process(child, signal))),
        }
        loop {
            match waitpid(None, WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => break,
                // There is no child any more.
                Err(_) => return,
            }
        }
        let _ = poll(&mut [], Some(&STEP));
    }
}

/// Sends every child a signal: the file lists their numbers, with a space after each.
fn signal_all(children: &OwnedFd, signal: Signal) {
    let mut buffer = [0; 4096];
    // Who does not fit is among the first at a later look.
    let Ok(length) = rustix::io::pread(children, &mut buffer, 0) else { return };
    let mut number = 0;
    for byte in buffer.iter().take(length) {
        match byte {
            b'0'..=b'9' => number = number * 10 + i32::from(byte - b'0'),
            _ => {
                if let Some(pid) = Pid::from_raw(number) {
                    let _ = kill_process(pid, signal);
                }
                number = 0;
            }
        }
    }
}
