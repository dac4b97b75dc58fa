//! Execution: becoming the program, or having it as a child.
//!
//! On Unix the process becomes the script: `execve` with `argv[0]` the script as typed, everything else inherited and
//! untouched (the standard library's own `exec` would reset the signal mask and SIGPIPE, which are the caller's).
//!
//! A temporary binary is copied into a sealed memory file (`memfd_create(2)`) and executed from there after its
//! directory is gone, so that nothing remains however the run ends, SIGKILL included.
//!
//! Where something is left to do when it has ended the program is a child: see [`crate::process::child`], whose signals are here.
//!
//! This is the library's one file with `unsafe` in it: `execve`, `fexecve` and the calls about signals take raw pointers.
//! Every pointer passed lives in a `CString`, on the stack, or in the process's own `environ`, and this process has one
//! thread when it gets here, or calls nothing that another thread could disturb before the program is replaced.
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::ffi::{CStr, CString, OsString};
#[cfg(target_os = "linux")]
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::ptr;

use rustix::process::{Pid, getpid, getppid};

use crate::request::program_args::ProgramArgs;

unsafe extern "C" {
    static environ: *const *const libc::c_char;
}

/// What is executed.
#[derive(Debug, Clone)]
pub(crate) struct Image<'a> {
    /// The file, unless it is in memory.
    pub(crate) file: PathBuf,
    /// From `argv[0]`.
    pub(crate) arguments: Vec<OsString>,
    /// `RUNNER_SCRIPT`; a script that came through a pipe has none.
    pub(crate) script: Option<&'a Path>,
    /// Its variables are set; its arguments are among those above.
    pub(crate) told: &'a ProgramArgs,
}

/// Replaces this process. Returns only if that failed.
pub(crate) fn become_image(image: &Image<'_>) -> io::Error {
    let raw = match RawImage::new(image) {
        Ok(raw) => raw,
        Err(error) => return error,
    };
    let path = match CString::new(image.file.as_os_str().as_bytes()) {
        Ok(path) => path,
        Err(error) => return error.into(),
    };
    let (argv, envp) = raw.pointers();
    // SAFETY: `path` is a C string, `argv` and `envp` are null-terminated arrays of C strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// Replaces this process by an open file. Returns only if that failed.
#[cfg(target_os = "linux")]
pub(crate) fn become_memory(file: &OwnedFd, image: &Image<'_>) -> io::Error {
    let raw = match RawImage::new(image) {
        Ok(raw) => raw,
        Err(error) => return error,
    };
    let (argv, envp) = raw.pointers();
    // SAFETY: as above; the descriptor is open.
    unsafe { libc::fexecve(file.as_raw_fd(), argv.as_ptr(), envp.as_ptr()) };
    let error = io::Error::last_os_error();
    // A program that names an interpreter on a `#!` line of its own is opened again by that, so it must stay open.
    if error.kind() == io::ErrorKind::NotFound
        && rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty()).is_ok()
    {
        // SAFETY: as above.
        unsafe { libc::fexecve(file.as_raw_fd(), argv.as_ptr(), envp.as_ptr()) };
        return io::Error::last_os_error();
    }
    error
}

/// The arguments and variables of the new program, as the kernel takes them.
struct RawImage {
    arguments: Vec<CString>,
    /// `NAME=VALUE`.
    variables: Vec<CString>,
}

const OWN_VARIABLE: &[u8] = b"RUNNER_SCRIPT=";

impl RawImage {
    fn new(image: &Image<'_>) -> io::Result<RawImage> {
        let all = image.arguments.iter();
        let arguments = all.map(|text| CString::new(text.as_bytes())).collect::<Result<_, _>>()?;
        let own = image.script.map(|path| [OWN_VARIABLE, path.as_os_str().as_bytes()].concat());
        let told = image.told.variables.iter();
        let told = told.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat());
        let variables = own.into_iter().chain(told).map(CString::new).collect::<Result<_, _>>()?;
        Ok(RawImage { arguments, variables })
    }

    /// Null-terminated arrays that point into this image and into `environ`.
    fn pointers(&self) -> (Vec<*const libc::c_char>, Vec<*const libc::c_char>) {
        let mut argv: Vec<_> = self.arguments.iter().map(|argument| argument.as_ptr()).collect();
        argv.push(ptr::null());
        let mut envp = Vec::with_capacity(64);
        // SAFETY: `environ` is a null-terminated array of C strings, and nothing in this program writes to it.
        unsafe {
            let mut next = environ;
            while !next.is_null() && !(*next).is_null() {
                let theirs = CStr::from_ptr(*next).to_bytes();
                if !theirs.starts_with(OWN_VARIABLE) && !self.replaces(theirs) {
                    envp.push(*next);
                }
                next = next.add(1);
            }
        }
        envp.extend(self.variables.iter().map(|variable| variable.as_ptr()));
        envp.push(ptr::null());
        (argv, envp)
    }

    /// Whether a variable of the caller's has the name of one of these.
    fn replaces(&self, theirs: &[u8]) -> bool {
        let name = |text: &[u8]| text.iter().position(|byte| *byte == b'=').map(|at| text[..at].to_vec());
        self.variables.iter().any(|own| name(own.to_bytes()) == name(theirs))
    }
}

/// Copies a program into memory that nobody can write to any more.
#[cfg(target_os = "linux")]
pub(crate) fn load(path: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags};
    let name = path.file_name().unwrap_or(OsStr::new("script"));
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know the flag that says it will be executed, and do not need it.
    let memory = match rustix::fs::memfd_create(name, flags | MemfdFlags::EXEC) {
        Err(rustix::io::Errno::INVAL) => rustix::fs::memfd_create(name, flags)?,
        other => other?,
    };
    let mut memory = File::from(memory);
    io::copy(&mut File::open(path)?, &mut memory)?;
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&memory, seals)?;
    Ok(memory.into())
}

/// Without memory files a temporary binary is spawned.
#[cfg(not(target_os = "linux"))]
pub(crate) fn load(_path: &Path) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn become_memory(_file: &OwnedFd, _image: &Image<'_>) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// Starts a program as a child, which finds signals as our caller left them.
pub(crate) fn start(image: &Image<'_>, signals: &Signals) -> io::Result<Pid> {
    let path = CString::new(image.file.as_os_str().as_bytes())?;
    let raw = RawImage::new(image)?;
    let pointers = Pointers(raw.pointers());
    let (caller, parent) = (signals.caller, getpid());
    // The standard library's own exec would hand what the kernel does not know to a shell.
    let mut command = Command::new(&image.file);
    // SAFETY: between fork and exec only calls that are safe in a signal handler; nothing is allocated. The pointers are
    // into the image that is there with them, and into `environ`.
    unsafe {
        command.pre_exec(move || {
            let (_strings, Pointers((argv, envp))) = (&raw, &pointers);
            die_with_parent(parent, rustix::process::Signal::KILL)?;
            caller.restore()?;
            libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr());
            Err(io::Error::last_os_error())
        });
    }
    command.spawn().map(|child| Pid::from_child(&child))
}

/// Arrays of C strings that nobody changes.
struct Pointers((Vec<*const libc::c_char>, Vec<*const libc::c_char>));

// SAFETY: they are read only.
unsafe impl Send for Pointers {}
// SAFETY: likewise.
unsafe impl Sync for Pointers {}

/// Makes a command die with this process: a compiler nobody waits for any more need not go on.
pub(crate) fn tie(command: &mut Command) {
    let parent = getpid();
    // SAFETY: as in `spawn`.
    unsafe { command.pre_exec(move || die_with_parent(parent, rustix::process::Signal::TERM)) };
}

/// Asks the system to send this process a signal when its parent dies.
#[cfg(target_os = "linux")]
fn die_with_parent(parent: Pid, signal: rustix::process::Signal) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(signal))?;
    // It may have died before it was asked.
    match getppid() == Some(parent) {
        true => Ok(()),
        false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(parent: Pid, _signal: rustix::process::Signal) -> io::Result<()> {
    match getppid() == Some(parent) {
        true => Ok(()),
        false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
    }
}

/// Sends a child that has not been waited for a signal.
pub(crate) fn send(child: Pid, signal: i32) {
    // SAFETY: two numbers.
    unsafe { libc::kill(child.as_raw_nonzero().get(), signal) };
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
    caller: Caller,
}

/// What was done with signals before: what a child is to find.
#[derive(Clone, Copy)]
struct Caller {
    mask: libc::sigset_t,
    pipe: libc::sigaction,
    child: libc::sigaction,
}

impl Caller {
    /// Puts it back, in the child. A function would not survive the exec, and the standard library has taken care of that.
    fn restore(&self) -> io::Result<()> {
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
        // SAFETY: it is filled here.
        let all = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            all.assume_init()
        };
        let pipe = action(libc::SIGPIPE)?;
        let mask = set_mask(libc::SIG_SETMASK, &all)?;
        // Ignored, it would have the system forget how the child ended; and some systems wake nobody who waits for a
        // signal on which nothing is done.
        let woken = libc::sigaction { sa_sigaction: nothing as *const () as libc::sighandler_t, ..DEFAULT };
        let child = set_action(libc::SIGCHLD, &woken)?;
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
                let is_terminals = foreground.is_some_and(|group| group == rustix::process::getpgrp());
                let from = if is_terminals { Sender::Kernel } else { Sender::Process(None) };
                Ok(Received { signal, from })
            }
            error => Err(io::Error::from_raw_os_error(error)),
        }
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

/// While this lives the system remembers how children end, even if our caller did not want to know of its own.
pub(crate) struct Waitable {
    before: Option<libc::sigaction>,
}

/// Makes children something that can be waited for.
pub(crate) fn waitable() -> Waitable {
    let before = action(libc::SIGCHLD).ok().filter(|action| action.sa_sigaction == libc::SIG_IGN);
    let before = before.filter(|_| set_action(libc::SIGCHLD, &DEFAULT).is_ok());
    Waitable { before }
}

impl Drop for Waitable {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = set_action(libc::SIGCHLD, before);
        }
    }
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
        0 => Ok(unsafe { before.assume_init() }),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// What is done on a signal.
fn action(signal: i32) -> io::Result<libc::sigaction> {
    let mut action = MaybeUninit::uninit();
    // SAFETY: it is written to if that goes well.
    match unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } {
        0 => Ok(unsafe { action.assume_init() }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Changes what is done on a signal; returns what was.
fn set_action(signal: i32, action: &libc::sigaction) -> io::Result<libc::sigaction> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: as above; the new one is a constant, or was there before.
    match unsafe { libc::sigaction(signal, action, before.as_mut_ptr()) } {
        0 => Ok(unsafe { before.assume_init() }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What is done on a signal that is only waited for.
extern "C" fn nothing(_signal: i32) {}

// SAFETY: numbers and sets, and null for a function that is not called.
const DEFAULT: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };

/// Ends as a child ended: of the same signal, which does not return; else by its exit code, or 128 + the signal if this
/// process does not die of it.
pub(crate) fn end_as(status: ExitStatus) -> u8 {
    if let Some(signal) = status.signal() {
        // The core is the child's.
        let nothing = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, nothing);
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        let _ = set_action(signal, &DEFAULT);
        // SAFETY: a number.
        unsafe { libc::raise(signal) };
        let _ = set_mask(libc::SIG_UNBLOCK, &set_of(signal));
    }
    exit_code(status)
}

/// The exit code that stands for how a child ended: its own, or 128 + the signal that killed it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128u8.wrapping_add(signal as u8),
        (None, None) => crate::base::error::EXIT_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_loaded_program_cannot_be_changed() {
        let memory = load(Path::new("/bin/sh")).unwrap();
        assert!(rustix::io::write(&memory, b"x").is_err());
        assert!(rustix::fs::ftruncate(&memory, 0).is_err());
    }
}
