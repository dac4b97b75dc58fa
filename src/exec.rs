//! Execution: becoming the program.
//!
//! On Unix the process becomes the script: `execve` with `argv[0]` the script as typed, everything else inherited and
//! untouched (the standard library's own `exec` would reset the signal mask and SIGPIPE, which are the caller's).
//!
//! A temporary binary is copied into a sealed memory file (`memfd_create(2)`) and executed from there after its
//! directory is gone, so that nothing remains however the run ends, SIGKILL included. Where that is not to be had a
//! child is spawned, signals are forwarded, its status is returned and the directory removed.
//!
//! This is the library's one file with `unsafe` in it: `execve` and `fexecve` take raw pointers. Every pointer passed
//! lives in a `CString` or in the process's own `environ`, and this process has one thread when it gets here, or calls
//! nothing that another thread could disturb before the program is replaced.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::ptr;

use signal_hook::iterator::Signals;

use crate::cache::Told;

unsafe extern "C" {
    static environ: *const *const libc::c_char;
}

/// What the program is told of its script.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    /// `argv[0]`.
    pub(crate) typed: &'a OsStr,
    /// `RUNNER_SCRIPT`; a script that came through a pipe has none.
    pub(crate) path: Option<&'a Path>,
    /// More arguments and variables.
    pub(crate) told: &'a Told,
}

/// Replaces this process by the file at `path`. Returns only if that failed.
pub(crate) fn become_file(path: &Path, identity: Identity<'_>, arguments: &[OsString]) -> io::Error {
    let image = match Image::new(identity, arguments) {
        Ok(image) => image,
        Err(error) => return error,
    };
    let path = match CString::new(path.as_os_str().as_bytes()) {
        Ok(path) => path,
        Err(error) => return error.into(),
    };
    let (argv, envp) = image.pointers();
    // SAFETY: `path` is a C string, `argv` and `envp` are null-terminated arrays of C strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// Replaces this process by an open file. Returns only if that failed.
#[cfg(target_os = "linux")]
pub(crate) fn become_memory(file: &OwnedFd, identity: Identity<'_>, arguments: &[OsString]) -> io::Error {
    let image = match Image::new(identity, arguments) {
        Ok(image) => image,
        Err(error) => return error,
    };
    let (argv, envp) = image.pointers();
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

/// The arguments and variables of the new program.
struct Image {
    arguments: Vec<CString>,
    /// `NAME=VALUE`.
    variables: Vec<CString>,
}

const OWN_VARIABLE: &[u8] = b"RUNNER_SCRIPT=";

impl Image {
    fn new(identity: Identity<'_>, arguments: &[OsString]) -> io::Result<Image> {
        let told = identity.told.arguments.iter().chain(arguments);
        let all = std::iter::once(identity.typed).chain(told.map(OsString::as_os_str));
        let arguments = all.map(|text| CString::new(text.as_bytes())).collect::<Result<_, _>>()?;
        let own = identity.path.map(|path| [OWN_VARIABLE, path.as_os_str().as_bytes()].concat());
        let told = identity.told.variables.iter();
        let told = told.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat());
        let variables = own.into_iter().chain(told).map(CString::new).collect::<Result<_, _>>()?;
        Ok(Image { arguments, variables })
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
pub(crate) fn become_memory(_file: &OwnedFd, _identity: Identity<'_>, _arguments: &[OsString]) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// Signals that are for the program, not for us.
const FORWARDED: &[i32] = &[
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGWINCH,
    libc::SIGCONT,
    libc::SIGTSTP,
];

/// Runs a program as a child, forwards every signal to it, and returns how it ended.
pub(crate) fn spawn(path: &Path, identity: Identity<'_>, arguments: &[OsString]) -> io::Result<ExitStatus> {
    let mut signals = Signals::new(FORWARDED)?;
    let mut command = Command::new(path);
    command.arg0(identity.typed).args(&identity.told.arguments).args(arguments);
    command.envs(identity.told.variables.iter().map(|(name, value)| (name, value)));
    match identity.path {
        Some(path) => command.env("RUNNER_SCRIPT", path),
        None => command.env_remove("RUNNER_SCRIPT"),
    };
    let mut child = command.spawn()?;
    let pid = rustix::process::Pid::from_child(&child);
    let handle = signals.handle();
    let forwarder = std::thread::spawn(move || {
        for signal in signals.forever() {
            if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    });
    let status = child.wait();
    handle.close();
    let _ = forwarder.join();
    status
}

/// The exit code that stands for how a child ended: its own, or 128 + the signal that killed it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128u8.wrapping_add(signal as u8),
        (None, None) => crate::error::EXIT_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_childs_status_is_returned_as_a_shell_does() {
        let identity = Identity { typed: OsStr::new("sh"), path: None, told: &Told::default() };
        let run = |script: &str| {
            let status = spawn(Path::new("/bin/sh"), identity, &["-c".into(), script.into()]).unwrap();
            exit_code(status)
        };
        assert_eq!(run("exit 7"), 7);
        assert_eq!(run("kill -TERM $$"), 143);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_loaded_program_cannot_be_changed() {
        let memory = load(Path::new("/bin/sh")).unwrap();
        assert!(rustix::io::write(&memory, b"x").is_err());
        assert!(rustix::fs::ftruncate(&memory, 0).is_err());
    }
}
