//! Replaces this process by a program, or starts the program as a child.
//!
//! On Unix the process becomes the script: `execve` with `argv[0]` the script as typed, everything else inherited and
//! untouched (the standard library's own `exec` would reset the signal mask and SIGPIPE, which are the caller's). A program
//! that is executed from memory is in [`crate::process::memfd`]; one that is a child is attended to by
//! [`crate::process::child`].
//!
//! There is `unsafe` here: `execve` takes raw pointers. Every pointer passed lives in a `CString`, on the stack, or in the
//! process's own `environ`, and this process has one thread when it gets here, or calls nothing that another thread could
//! disturb before the program is replaced.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr;

use rustix::process::{Pid, getpid, getppid};

use crate::process::sandbox::enter::Prepared;
use crate::process::sandbox::rules::Sandbox;
use crate::process::signals::Signals;
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
    /// The sandbox that is entered right before the program is executed.
    pub(crate) sandbox: Option<&'a Confinement>,
    /// The variables of the caller, unless they are those of the process.
    pub(crate) variables: Option<&'a [(OsString, OsString)]>,
}

/// A sandbox that the kernel has agreed to, and its rules.
#[derive(Debug)]
pub(crate) struct Confinement {
    pub(crate) rules: Sandbox,
    pub(crate) prepared: Prepared,
}

/// The kernel did not let this process into the sandbox that it had agreed to.
#[derive(Debug)]
pub(crate) struct NotEntered(io::Error);

impl fmt::Display for NotEntered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot enter the sandbox: {}", self.0)
    }
}

impl std::error::Error for NotEntered {}

impl Image<'_> {
    /// Enters the sandbox, if there is one.
    pub(super) fn enter(&self) -> io::Result<()> {
        let Some(sandbox) = self.sandbox else { return Ok(()) };
        sandbox.prepared.enter().map_err(|error| io::Error::other(NotEntered(error)))
    }
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
    if let Err(error) = image.enter() {
        return error;
    }
    // SAFETY: `path` is a C string, `argv` and `envp` are null-terminated arrays of C strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// The arguments and variables of the new program, as the kernel takes them.
pub(super) struct RawImage {
    arguments: Vec<CString>,
    /// `NAME=VALUE`.
    variables: Vec<CString>,
    /// Which of the caller's variables are passed on.
    rules: Option<Sandbox>,
    /// Whether the variables of the process come with them.
    inherits: bool,
}

const OWN_VARIABLE: &[u8] = b"RUNNER_SCRIPT=";

impl RawImage {
    pub(super) fn new(image: &Image<'_>) -> io::Result<RawImage> {
        let all = image.arguments.iter();
        let arguments = all.map(|text| CString::new(text.as_bytes())).collect::<Result<_, _>>()?;
        let own = image.script.map(|path| [OWN_VARIABLE, path.as_os_str().as_bytes()].concat());
        let told = image.told.variables.iter();
        let told = told.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat());
        let ours: Vec<Vec<u8>> = own.into_iter().chain(told).collect();
        let is_ours = |name: &OsString| {
            name == "RUNNER_SCRIPT" || image.told.variables.iter().any(|(ours, _)| ours == name)
        };
        let rules = image.sandbox.map(|sandbox| sandbox.rules.clone());
        let given =
            image.variables.unwrap_or_default().iter().filter(|(name, _)| {
                !is_ours(name) && rules.as_ref().is_none_or(|rules| rules.passes_on(name))
            });
        let given = given.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat());
        let variables = ours.into_iter().chain(given).map(CString::new).collect::<Result<_, _>>()?;
        Ok(RawImage { arguments, variables, inherits: image.variables.is_none(), rules })
    }

    /// Null-terminated arrays that point into this image and into `environ`.
    pub(super) fn pointers(&self) -> (Vec<*const libc::c_char>, Vec<*const libc::c_char>) {
        let mut argv: Vec<_> = self.arguments.iter().map(|argument| argument.as_ptr()).collect();
        argv.push(ptr::null());
        let mut envp = Vec::with_capacity(64);
        // SAFETY: `environ` is a null-terminated array of C strings, and nothing in this program writes to it.
        unsafe {
            let mut next = if self.inherits { environ } else { ptr::null() };
            while !next.is_null() && !(*next).is_null() {
                let theirs = CStr::from_ptr(*next).to_bytes();
                if !theirs.starts_with(OWN_VARIABLE) && !self.replaces(theirs) && self.passes_on(theirs) {
                    envp.push(*next);
                }
                next = next.add(1);
            }
        }
        envp.extend(self.variables.iter().map(|variable| variable.as_ptr()));
        envp.push(ptr::null());
        (argv, envp)
    }

    /// Whether the sandbox lets a variable of the caller's through.
    fn passes_on(&self, theirs: &[u8]) -> bool {
        let name = theirs.split(|byte| *byte == b'=').next().unwrap_or_default();
        self.rules.as_ref().is_none_or(|rules| rules.passes_on(OsStr::from_bytes(name)))
    }

    /// Whether a variable of the caller's has the name of one of these.
    fn replaces(&self, theirs: &[u8]) -> bool {
        let name = |text: &[u8]| text.iter().position(|byte| *byte == b'=').map(|at| text[..at].to_vec());
        self.variables.iter().any(|own| name(own.to_bytes()) == name(theirs))
    }
}

/// The process group of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Ours.
    Ours,
    /// One of its own, which is the foreground group of the terminal if we have that to give.
    Own { has_terminal: bool },
}

impl Group {
    /// Enters it, in the child.
    fn enter(self) -> io::Result<()> {
        let Group::Own { has_terminal } = self else { return Ok(()) };
        rustix::process::setpgid(None, None)?;
        if has_terminal {
            // SAFETY: a set that is emptied first. Who is not in the foreground yet would be stopped for the asking.
            unsafe {
                let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
                libc::sigemptyset(set.as_mut_ptr());
                libc::sigaddset(set.as_mut_ptr(), libc::SIGTTOU);
                libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut());
            }
            let _ = rustix::termios::tcsetpgrp(rustix::stdio::stdin(), getpid());
        }
        Ok(())
    }
}

/// Starts a program as a child, which finds signals as our caller left them.
#[allow(clippy::disallowed_methods)] // This is one of the two places.
pub(crate) fn start(image: &Image<'_>, signals: &Signals, group: Group) -> io::Result<Pid> {
    let path = CString::new(image.file.as_os_str().as_bytes())?;
    let raw = RawImage::new(image)?;
    let pointers = Pointers(raw.pointers());
    let (caller, parent) = (signals.caller, getpid());
    let prepared = image.sandbox.map(|sandbox| sandbox.prepared.try_clone()).transpose()?;
    // The standard library's own exec would hand what the kernel does not know to a shell.
    let mut command = Command::new(&image.file);
    // SAFETY: between fork and exec only calls that are safe in a signal handler; nothing is allocated. The pointers are
    // into the image that is there with them, and into `environ`.
    unsafe {
        command.pre_exec(move || {
            let (_strings, Pointers((argv, envp))) = (&raw, &pointers);
            die_with_parent(parent, rustix::process::Signal::KILL)?;
            group.enter()?;
            caller.restore()?;
            if let Some(prepared) = &prepared {
                prepared.enter()?;
            }
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

/// Has every descriptor but the first three closed when the program is replaced.
pub(super) fn close_at_exec() {
    const FIRST: libc::c_int = 3;
    /// Descriptors beyond that are asked for by name only, where the kernel does not do it at once.
    const MOST: u64 = 65_536;
    #[cfg(target_os = "linux")]
    {
        const CLOSE_ON_EXEC: libc::c_uint = 4;
        // SAFETY: three numbers; nothing is closed here and now.
        let done = unsafe {
            libc::syscall(libc::SYS_close_range, FIRST as libc::c_uint, libc::c_uint::MAX, CLOSE_ON_EXEC)
        };
        if done == 0 {
            return;
        }
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(MOST);
    for descriptor in FIRST..limit.min(MOST) as libc::c_int {
        // SAFETY: two numbers; of one that is not open nothing happens.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Asks the system to send this process a signal when its parent dies.
#[cfg(target_os = "linux")]
pub(super) fn die_with_parent(parent: Pid, signal: rustix::process::Signal) -> io::Result<()> {
    // Where a filter refuses this, a child may outlive us: that is no reason not to have it.
    let _ = rustix::process::set_parent_process_death_signal(Some(signal));
    // It may have died before it was asked.
    match getppid() == Some(parent) {
        true => Ok(()),
        false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn die_with_parent(parent: Pid, _signal: rustix::process::Signal) -> io::Result<()> {
    match getppid() == Some(parent) {
        true => Ok(()),
        false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
    }
}
