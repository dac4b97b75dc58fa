//! The end of the command as its child ended.
//!
//! There is `unsafe` here: the C library's calls about signals.
#![allow(unsafe_code)]

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use runner::EXIT_FAILED;

/// Ends as a child ended: of the same signal, which does not return; else by its exit code, or 128 + the signal if this
/// process does not die of it.
pub(crate) fn end_as(status: ExitStatus) -> u8 {
    if let Some(signal) = status.signal() {
        // The core is the child's.
        let nothing = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, nothing);
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        // SAFETY: numbers, and a set that is filled before it is read; no handler of Rust's is replaced.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            let mut one = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigemptyset(one.as_mut_ptr());
            libc::sigaddset(one.as_mut_ptr(), signal);
            libc::raise(signal);
            libc::sigprocmask(libc::SIG_UNBLOCK, one.as_ptr(), std::ptr::null_mut());
        }
    }
    exit_code(status)
}

/// Lets a write to a pipe whose reader has gone fail, for a command that goes on then. What is started finds the signal as
/// our caller left it, but ignored signals: the standard library sets this one back in its children.
pub(crate) fn survive_broken_pipes() {
    // SAFETY: a disposition, and no handler.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// Lets a write beyond the limit of file sizes (`ulimit -f`) fail, so that we can say so. What is started finds the signal as
/// our caller left it: a handler is not inherited.
pub(crate) fn survive_file_size_limit() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: a handler that does nothing; and what a caller ignores stays ignored.
    unsafe {
        if libc::signal(libc::SIGXFSZ, handler as libc::sighandler_t) == libc::SIG_IGN {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        }
    }
}

/// The exit code that stands for how a child ended: its own, or 128 + the signal that killed it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128u8.wrapping_add(signal as u8),
        (None, None) => EXIT_FAILED,
    }
}
