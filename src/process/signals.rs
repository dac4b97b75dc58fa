//! Blocks signals while a child runs in our place, receives them one by one, and puts them back as the caller had them.
//!
//! There is `unsafe` here: the calls about signals take raw pointers to sets and actions, all of them on the stack.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;

use rustix::process::Pid;

/// Sends a child that has not been waited for a signal.
pub(crate) fn send(child: Pid, signal: i32) {
    // SAFETY: two numbers.
    unsafe { libc::kill(child.as_raw_nonzero().get(), signal) };
}

/// Sends a process group a signal, or with 0 none; whether anybody is in it.
pub(crate) fn send_to_group(leader: Pid, signal: i32) -> bool {
    // SAFETY: two numbers.
    unsafe { libc::kill(-leader.as_raw_nonzero().get(), signal) == 0 }
}

/// Whether this process leads its session, so that its terminal tells it alone when it goes. rustix takes 0, which is
/// what the kernel says of a leader in another process namespace, for a number that cannot be.
pub(crate) fn leads_session() -> bool {
    // SAFETY: a number.
    unsafe { libc::getsid(0) == libc::getpid() }
}

/// The group of this process; `None` if its leader is in another process namespace.
pub(crate) fn own_group() -> Option<Pid> {
    // SAFETY: no arguments.
    Pid::from_raw(unsafe { libc::getpgrp() })
}

/// Waits for a child of a process group that has ended, and returns how; `None` if there is none now.
pub(crate) fn reap_of_group(leader: Pid) -> Option<(Pid, ExitStatus)> {
    let mut status = 0;
    // SAFETY: a number that is written to.
    let child = unsafe { libc::waitpid(-leader.as_raw_nonzero().get(), &mut status, libc::WNOHANG) };
    let child = if child > 0 { Pid::from_raw(child) } else { None };
    child.map(|child| (child, ExitStatus::from_raw(status)))
}

/// A signal that was received, and who sent it.
pub(crate) struct Received {
    pub(crate) signal: i32,
    pub(crate) from: Sender,
}

/// Who sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The kernel: the terminal to its foreground group, or an alarm clock to this process.
    Kernel,
    /// A process, by its number if that is known.
    Process(Option<i32>),
}

/// All signals, blocked until this is dropped.
pub(crate) struct Signals {
    all: libc::sigset_t,
    pub(super) caller: Caller,
}

/// What was done with signals before: what a child is to find.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    mask: libc::sigset_t,
    pipe: libc::sigaction,
    child: libc::sigaction,
}

impl Caller {
    /// Puts it back, in the child. A function would not survive the exec, and the standard library has taken care of that.
    pub(super) fn restore(&self) -> io::Result<()> {
        for (signal, action) in [(libc::SIGPIPE, &self.pipe), (libc::SIGCHLD, &self.child)] {
            if action.sa_sigaction == libc::SIG_IGN {
                set_action(signal, action)?;
            }
        }
        set_mask(libc::SIG_SETMASK, &self.mask).map(drop)
    }
}

impl Signals {
    pub(crate) fn block() -> io::Result<Signals> {
        let mut all = MaybeUninit::uninit();
        // SAFETY: it is filled here. Musl leaves 34 out, which it needs to change the user of a program of several threads;
        // a script is sent it as any other. The kernel's set, with which both begin, is one of words.
        let all = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            #[cfg(target_env = "musl")]
            {
                let bit = 34 - 1;
                let word = all.as_mut_ptr().cast::<libc::c_ulong>().add(bit / libc::c_ulong::BITS as usize);
                *word |= 1 << (bit % libc::c_ulong::BITS as usize);
            }
            all.assume_init()
        };
        let pipe = action(libc::SIGPIPE)?;
        // Ignored, it would have the system forget how the child ended; and some systems wake nobody who waits for a
        // signal on which nothing is done. Before the mask: musl unblocks its own signals where the first action is set.
        // Assigned and not built from its fields, of which some systems keep a few private.
        let mut woken = DEFAULT;
        woken.sa_sigaction = nothing as *const () as libc::sighandler_t;
        let child = set_action(libc::SIGCHLD, &woken)?;
        let mask = set_mask(libc::SIG_SETMASK, &all).inspect_err(|_| {
            let _ = set_action(libc::SIGCHLD, &child);
        })?;
        Ok(Signals { all, caller: Caller { mask, pipe, child } })
    }

    /// The next signal. After a while `SIGCHLD` is taken to have come: in a program of several threads, which has us as a
    /// library, another one may have been told.
    #[cfg(target_os = "linux")]
    pub(crate) fn wait(&self) -> io::Result<Received> {
        /// Unnoticed as the end of a program, and by the processor.
        const WHILE: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        let mut information = MaybeUninit::<libc::siginfo_t>::zeroed();
        loop {
            // SAFETY: it is written to here, and read if that went well.
            let signal = unsafe { libc::sigtimedwait(&self.all, information.as_mut_ptr(), &WHILE) };
            if signal < 0 {
                match io::Error::last_os_error() {
                    error if error.kind() == io::ErrorKind::Interrupted => continue,
                    error if error.raw_os_error() == Some(libc::EAGAIN) => {
                        return Ok(Received { signal: libc::SIGCHLD, from: Sender::Kernel });
                    }
                    error => return Err(error),
                }
            }
            // SAFETY: as above; a signal of a process (`si_code` is not positive) has a sender.
            let (code, sender) = unsafe {
                let information = information.assume_init();
                (information.si_code, information.si_pid())
            };
            let from = if code > 0 { Sender::Kernel } else { Sender::Process(Some(sender)) };
            return Ok(Received { signal, from });
        }
    }

    /// The next signal. Who sent it is not told: what a terminal may send is taken to come from it if it is ours.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn wait(&self) -> io::Result<Received> {
        let mut signal = 0;
        // SAFETY: it is written to here.
        match unsafe { libc::sigwait(&self.all, &mut signal) } {
            0 => {
                let foreground = rustix::termios::tcgetpgrp(rustix::stdio::stdin()).ok();
                let is_terminals = foreground.is_some() && foreground == own_group();
                let from = if is_terminals { Sender::Kernel } else { Sender::Process(None) };
                Ok(Received { signal, from })
            }
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// A signal that has come, if one has.
    pub(crate) fn take(&self) -> Option<i32> {
        (1..=31).find(|signal| {
            let mut received = 0;
            // SAFETY: a set that is read, and a number that is written to.
            is_pending(*signal) && unsafe { libc::sigwait(&set_of(*signal), &mut received) } == 0
        })
    }

    /// A descriptor that can be read when a signal has come; signals are taken with [`Signals::take`].
    #[cfg(target_os = "linux")]
    pub(crate) fn descriptor(&self) -> io::Result<std::os::fd::OwnedFd> {
        // SAFETY: a set that is read.
        let descriptor = unsafe { libc::signalfd(-1, &self.all, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was opened above, and nobody else has it.
        Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(descriptor) })
    }

    /// Stops this process of a signal, until it is continued.
    pub(crate) fn stop(&self, signal: i32) -> io::Result<()> {
        if is_pending(libc::SIGCONT) {
            // Whoever stopped the child has continued us all by now.
            return Ok(());
        }
        if signal != libc::SIGSTOP {
            let before = set_action(signal, &DEFAULT)?;
            let one = set_of(signal);
            // SAFETY: a number.
            unsafe { libc::raise(signal) };
            // Here it stops.
            set_mask(libc::SIG_UNBLOCK, &one)?;
            set_mask(libc::SIG_BLOCK, &one)?;
            return set_action(signal, &before).map(drop);
        }
        // SAFETY: a number.
        unsafe { libc::raise(signal) };
        Ok(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // What the terminal sent both of us while the child was ending is not to end us otherwise than the child.
        for signal in (1..=31).filter(|signal| is_pending(*signal)) {
            let mut received = 0;
            // SAFETY: a set that is read, and a number that is written to.
            unsafe { libc::sigwait(&set_of(signal), &mut received) };
        }
        let _ = set_action(libc::SIGCHLD, &self.caller.child);
        let _ = set_mask(libc::SIG_SETMASK, &self.caller.mask);
    }
}

/// Whether a blocked signal is waiting to be received.
fn is_pending(signal: i32) -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: it is read only if it has been written to.
    unsafe { libc::sigpending(pending.as_mut_ptr()) == 0 && libc::sigismember(pending.as_ptr(), signal) == 1 }
}

/// Whether the kernel forgets how children of this process end.
pub(super) fn is_child_ignored() -> bool {
    action(libc::SIGCHLD)
        .is_ok_and(|action| action.sa_sigaction == libc::SIG_IGN || action.sa_flags & libc::SA_NOCLDWAIT != 0)
}

/// What is done when a child ends.
pub(super) fn child_action() -> io::Result<libc::sigaction> {
    action(libc::SIGCHLD)
}

/// In a child that is to have children of its own: how they end is remembered.
pub(super) fn restore_child_default() {
    let _ = set_action(libc::SIGCHLD, &DEFAULT);
}

/// In a child that will be executed: what [`child_action`] was, if an exec keeps it.
pub(super) fn restore_child_action(before: &libc::sigaction) {
    if before.sa_sigaction == libc::SIG_IGN {
        let _ = set_action(libc::SIGCHLD, before);
    }
}

/// In a child: no signal reaches it any more but those that cannot be blocked.
pub(super) fn block_all() {
    let mut all = MaybeUninit::uninit();
    // SAFETY: it is filled here.
    let all = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        all.assume_init()
    };
    let _ = set_mask(libc::SIG_SETMASK, &all);
}

fn set_of(signal: i32) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: it is emptied first.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        set.assume_init()
    }
}

/// Changes the signal mask; returns what it was.
fn set_mask(how: i32, set: &libc::sigset_t) -> io::Result<libc::sigset_t> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: two sets; the second is written to if that goes well.
    match unsafe { libc::pthread_sigmask(how, set, before.as_mut_ptr()) } {
        // SAFETY: that went well.
        0 => Ok(unsafe { before.assume_init() }),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// What is done on a signal.
fn action(signal: i32) -> io::Result<libc::sigaction> {
    let mut action = MaybeUninit::uninit();
    // SAFETY: it is written to if that goes well.
    match unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } {
        // SAFETY: that went well.
        0 => Ok(unsafe { action.assume_init() }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Changes what is done on a signal; returns what was.
fn set_action(signal: i32, action: &libc::sigaction) -> io::Result<libc::sigaction> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: as above; the new one is a constant, or was there before.
    match unsafe { libc::sigaction(signal, action, before.as_mut_ptr()) } {
        // SAFETY: that went well.
        0 => Ok(unsafe { before.assume_init() }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What is done on a signal that is only waited for.
extern "C" fn nothing(_signal: i32) {}

// SAFETY: numbers and sets, and null for a function that is not called.
const DEFAULT: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };

/// The exit code that stands for how a child ended: its own, or 128 + the signal that killed it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128u8.wrapping_add(signal as u8),
        (None, None) => crate::base::error::EXIT_FAILED,
    }
}
