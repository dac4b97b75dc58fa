//! Starts a child and tells of its end, whatever the process does about its children.
//!
//! A library must not touch SIGCHLD, and cannot count on it: where it is ignored the kernel forgets how children end. So:
//!
//! 1. A child has a descriptor of its own (`pidfd_open(2)`), which is polled; it is waited for by that number, once, when
//!    the descriptor tells of its end.
//! 2. Where SIGCHLD is ignored, on systems without such descriptors, and where a child's own children are to end with us, a
//!    process of ours stands between: it is forked first, restores SIGCHLD for itself, forks the child, waits for it
//!    ([`crate::process::guard`]), and writes how it ended into a pipe.
//!
//! Between fork and exec the child gets a session of its own (so that everything it starts is one process group), its
//! limits, and a signal for the case that we die.
//!
//! There is `unsafe` here: what happens between fork and exec. Only calls that are safe in a signal handler are made there;
//! nothing is allocated, and every string was made before.
#![allow(unsafe_code)]

use std::ffi::{CString, OsStr};
use std::io::{self, PipeReader, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::ptr;

use rustix::process::{Pid, Resource, Rlimit, Signal, getpid, setrlimit};

use crate::base::resource_limits::ResourceLimits;
use crate::process::exec::{close_at_exec, die_with_parent};
use crate::process::sandbox::enter::Prepared;
use crate::process::signals;

/// What is arranged for a child before it is executed.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// It leads a session, and so a process group, of its own.
    pub(crate) has_session: bool,
    /// The signal it gets when the thread that starts it ends: only for callers that wait for it.
    pub(crate) dies_with_us: Option<Signal>,
    /// All that it starts ends with us, too.
    pub(crate) is_guarded: bool,
    pub(crate) limits: ResourceLimits,
    /// It has no open file but its three streams.
    pub(crate) closes_descriptors: bool,
    /// A descriptor that it keeps open: the program that an interpreter is to read.
    pub(crate) keeps: Option<RawFd>,
    /// It ignores SIGCHLD if this process does.
    pub(crate) ignores_children_as_we_do: bool,
    /// The sandbox that it enters last.
    pub(crate) sandbox: Option<Prepared>,
}

/// A child that was started.
#[derive(Debug)]
pub(crate) struct Started {
    /// The child itself.
    pub(crate) pid: Pid,
    end: End,
}

/// How the end of a child is learned.
#[derive(Debug)]
enum End {
    Descriptor(OwnedFd),
    /// From the process between, which is `child`.
    Monitor {
        reports: PipeReader,
        child: Child,
    },
}

/// How a child has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    /// The most memory it had resident, in bytes.
    pub(crate) most_memory: u64,
}

/// What the process between writes: what it is, and a number.
const REPORT_BYTES: usize = 16;
const PID: i64 = 1;
const NOT_EXECUTED: i64 = 2;
const MOST_MEMORY: i64 = 3;
const STATUS: i64 = 4;

/// Starts a command whose streams are arranged. Its environment is what the command says, and nothing else.
/// `name` is its `argv[0]`, if that is not the program.
#[allow(clippy::disallowed_methods)] // This is one of the two places.
pub(crate) fn start(command: &mut Command, name: Option<&OsStr>, setup: Setup) -> io::Result<Started> {
    if has_descriptors() && !signals::is_child_ignored() && !(cfg!(target_os = "linux") && setup.is_guarded) {
        let parent = getpid();
        if let Some(name) = name {
            command.arg0(name);
        }
        // SAFETY: `arrange` is safe between fork and exec.
        unsafe { command.pre_exec(move || arrange(&setup, parent)) };
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        return Ok(Started { pid, end: End::Descriptor(descriptor(pid).map_err(lost)?) });
    }
    start_monitored(command, name, setup)
}

impl Started {
    /// Becomes readable when the child has ended.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.end {
            End::Descriptor(descriptor) => descriptor.as_fd(),
            End::Monitor { reports, .. } => reports.as_fd(),
        }
    }

    /// The pidfd, if the child is ours to wait for.
    pub(crate) fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        match &self.end {
            End::Descriptor(descriptor) => Some(descriptor.as_fd()),
            End::Monitor { .. } => None,
        }
    }

    /// How the child has ended; waits for its end. To be called once.
    pub(crate) fn collect(&mut self) -> io::Result<Exit> {
        match &mut self.end {
            End::Descriptor(descriptor) => {
                // Whoever waits for every child of the process may have taken it; then its number means nothing.
                wait_by(descriptor)?;
                let mut status = 0;
                // SAFETY: the numbers are written to here, and all zeros is a usage.
                let (waited, usage) = unsafe {
                    let mut usage = MaybeUninit::<libc::rusage>::zeroed().assume_init();
                    (wait4(self.pid.as_raw_nonzero().get(), &mut status, 0, &mut usage), usage)
                };
                match waited {
                    -1 => Err(lost(io::Error::last_os_error())),
                    _ => Ok(Exit { status: ExitStatus::from_raw(status), most_memory: resident(&usage) }),
                }
            }
            End::Monitor { reports, child } => {
                let mut most_memory = 0;
                let status = loop {
                    match report(reports).map_err(lost)? {
                        (MOST_MEMORY, bytes) => most_memory = bytes as u64,
                        (STATUS, status) => break ExitStatus::from_raw(status as i32),
                        _ => {}
                    }
                };
                // It ends by itself, and the kernel may have forgotten it already.
                let _ = child.wait();
                Ok(Exit { status, most_memory })
            }
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn descriptor(pid: Pid) -> io::Result<OwnedFd> {
    Ok(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn descriptor(_pid: Pid) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the kernel has descriptors of processes.
fn has_descriptors() -> bool {
    static HAS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HAS.get_or_init(|| descriptor(getpid()).is_ok())
}

/// Waits until the child has ended, and leaves it to be waited for.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn wait_by(descriptor: &OwnedFd) -> io::Result<()> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::PidFd(descriptor.as_fd()), options) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(lost(error.into())),
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn wait_by(_descriptor: &OwnedFd) -> io::Result<()> {
    Ok(())
}

/// The error of a child that somebody else waited for.
fn lost(error: io::Error) -> io::Error {
    let is_lost = matches!(error.raw_os_error(), Some(libc::ECHILD | libc::ESRCH))
        || error.kind() == io::ErrorKind::UnexpectedEof;
    match is_lost {
        true => io::Error::other("something else in this process waits for its children"),
        false => error,
    }
}

fn resident(usage: &libc::rusage) -> u64 {
    // Kilobytes, but on Apple's systems.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    u64::try_from(usage.ru_maxrss).unwrap_or(0) * unit
}

/// In the child: what it is to have before it is executed.
fn arrange(setup: &Setup, parent: Pid) -> io::Result<()> {
    if setup.has_session {
        rustix::process::setsid()?;
    }
    if let Some(signal) = setup.dies_with_us {
        die_with_parent(parent, signal)?;
    }
    let ResourceLimits { memory, cpu, processes, file_size, output: _ } = setup.limits;
    let seconds = cpu.map(|time| time.as_secs() + u64::from(time.subsec_nanos() > 0));
    if setup.closes_descriptors {
        close_at_exec();
    }
    if let Some(number) = setup.keeps {
        // SAFETY: numbers; the descriptor is our caller's, and open.
        unsafe { libc::fcntl(number, libc::F_SETFD, 0) };
    }
    limit(Resource::As, memory, 0)?;
    limit(Resource::Cpu, seconds, 1)?;
    limit(Resource::Fsize, file_size, 0)?;
    #[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
    limit(Resource::Nproc, processes, 0)?;
    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    let _ = processes;
    setup.sandbox.as_ref().map_or(Ok(()), Prepared::enter)
}

/// Lowers a limit; a lower one that the caller has stays.
fn limit(resource: Resource, value: Option<u64>, more: u64) -> io::Result<()> {
    let Some(value) = value else { return Ok(()) };
    let before = rustix::process::getrlimit(resource);
    let least = |wanted: u64, there: Option<u64>| there.map_or(wanted, |there| there.min(wanted));
    let current = least(value, before.maximum);
    let maximum = least(value.saturating_add(more), before.maximum);
    Ok(setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) })?)
}

/// Starts a command as the child of a process between.
#[allow(clippy::disallowed_methods)] // This is one of the two places.
fn start_monitored(command: &mut Command, name: Option<&OsStr>, setup: Setup) -> io::Result<Started> {
    let (mut reports, writer) = io::pipe()?;
    let (parent, number) = (getpid(), writer.as_raw_fd());
    let raw = RawCommand::new(command, name)?;
    let caller = signals::child_action()?;
    // SAFETY: everything in `between` is safe between fork and exec, and the strings are there as long as the closure.
    unsafe {
        command.pre_exec(move || {
            // The descriptor is open as long as the closure is there.
            let number = number.max(writer.as_raw_fd());
            between(number, &setup, parent, &raw, &caller)
        });
    }
    let mut child = command.spawn()?;
    // Our copy of the writing end goes with the closure.
    *command = Command::new("/");
    let pid = match report(&mut reports).map_err(lost)? {
        (NOT_EXECUTED, number) => {
            let _ = child.wait();
            return Err(io::Error::from_raw_os_error(number as i32));
        }
        (_, pid) => pid,
    };
    let pid = Pid::from_raw(pid as i32).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut started = Started { pid, end: End::Monitor { reports, child } };
    // Both ends of std's own pipe are closed by now: the child has been executed, or has said why not.
    if let Some(error) = started.not_executed()? {
        return Err(error);
    }
    Ok(started)
}

impl Started {
    /// Why the child could not be executed, if so.
    fn not_executed(&mut self) -> io::Result<Option<io::Error>> {
        let End::Monitor { reports, child } = &mut self.end else { return Ok(None) };
        let mut polled = [rustix::event::PollFd::new(&*reports, rustix::event::PollFlags::IN)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        if rustix::event::poll(&mut polled, Some(&now))? == 0 {
            return Ok(None);
        }
        match report(reports).map_err(lost)? {
            (NOT_EXECUTED, number) => {
                let _ = child.wait();
                Ok(Some(io::Error::from_raw_os_error(number as i32)))
            }
            // It has ended already; `collect` reads the rest.
            _ => Ok(None),
        }
    }
}

/// One report; the end of the pipe is an error.
fn report(reports: &mut PipeReader) -> io::Result<(i64, i64)> {
    let mut bytes = [0; REPORT_BYTES];
    reports.read_exact(&mut bytes)?;
    let (what, value) = bytes.split_at(REPORT_BYTES / 2);
    let number = |half: &[u8]| half.iter().rev().fold(0_i64, |value, byte| value << 8 | i64::from(*byte));
    Ok((number(what), number(value)))
}

/// Writes one report: less than a pipe takes at once.
fn tell(writer: RawFd, what: i64, value: i64) {
    let mut bytes = [0; REPORT_BYTES];
    bytes[..REPORT_BYTES / 2].copy_from_slice(&what.to_le_bytes());
    bytes[REPORT_BYTES / 2..].copy_from_slice(&value.to_le_bytes());
    // SAFETY: bytes on the stack.
    unsafe { libc::write(writer, bytes.as_ptr().cast(), bytes.len()) };
}

/// In the process between: forks the child, which executes the command, and waits for it. Returns in nobody.
fn between(
    writer: RawFd,
    setup: &Setup,
    parent: Pid,
    raw: &RawCommand,
    caller: &libc::sigaction,
) -> io::Result<()> {
    // SAFETY: calls that are safe in a signal handler, on values of this stack.
    unsafe {
        match setup.dies_with_us {
            #[cfg(target_os = "linux")]
            Some(_) if setup.is_guarded => crate::process::guard::adopt_orphans(),
            Some(_) => drop(die_with_parent(parent, Signal::KILL)),
            None => {}
        }
        // Its own end is nobody's business but ours.
        signals::restore_child_default();
        let us = getpid();
        let child = libc::fork();
        if child == 0 {
            if setup.ignores_children_as_we_do {
                signals::restore_child_action(caller);
            }
            let error = match arrange(setup, us) {
                Ok(()) => {
                    raw.execute();
                    io::Error::last_os_error()
                }
                Err(error) => error,
            };
            tell(writer, NOT_EXECUTED, i64::from(error.raw_os_error().unwrap_or(libc::EINVAL)));
            libc::_exit(127);
        }
        signals::block_all();
        if child < 0 {
            tell(writer, PID, i64::from(us.as_raw_nonzero().get()));
            tell(writer, NOT_EXECUTED, i64::from(*errno()));
            libc::_exit(127);
        }
        tell(writer, PID, i64::from(child));
        close_all_but(writer);
        #[cfg(target_os = "linux")]
        let rest = Pid::from_raw(child)
            .filter(|_| setup.is_guarded)
            .map(|child| crate::process::guard::attend(child, BorrowedFd::borrow_raw(writer)));
        let mut status = 0;
        let mut usage = MaybeUninit::<libc::rusage>::zeroed().assume_init();
        while wait4(child, &mut status, 0, &mut usage) < 0 && *errno() == libc::EINTR {}
        tell(writer, MOST_MEMORY, resident(&usage) as i64);
        tell(writer, STATUS, i64::from(status));
        #[cfg(target_os = "linux")]
        if let Some(rest) = rest.filter(|_| libc::WIFSIGNALED(status)) {
            rest.end();
        }
        libc::_exit(0);
    }
}

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
use libc::wait4;

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
unsafe extern "C" {
    /// wait4(3C), which `libc` leaves out.
    fn wait4(pid: libc::pid_t, status: *mut i32, options: i32, usage: *mut libc::rusage) -> libc::pid_t;
}

/// Has a command enter a sandbox before it is executed.
pub(crate) fn confine(command: &mut Command, sandbox: Prepared) {
    // SAFETY: `enter` is made for this moment: it allocates nothing and takes no lock.
    unsafe { command.pre_exec(move || sandbox.enter()) };
}

/// Has a command own what it executes, and leave that open for an interpreter.
pub(crate) fn keep_open(command: &mut Command, number: RawFd, held: impl Send + Sync + 'static) {
    // SAFETY: between fork and exec one flag of a descriptor is cleared; what is captured is only held.
    unsafe {
        command.pre_exec(move || {
            let _held = &held;
            libc::fcntl(number, libc::F_SETFD, 0);
            Ok(())
        });
    }
}

/// Where the C library keeps the number of the latest error.
unsafe fn errno() -> *mut libc::c_int {
    #[cfg(any(target_os = "linux", target_os = "dragonfly", target_os = "hurd"))]
    // SAFETY: no arguments.
    return unsafe { libc::__errno_location() };
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    // SAFETY: no arguments.
    return unsafe { libc::__error() };
    #[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
    // SAFETY: no arguments.
    return unsafe { libc::__errno() };
    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    // SAFETY: no arguments.
    return unsafe { libc::___errno() };
}

/// Closes every descriptor but one, so that nobody waits for the process between.
unsafe fn close_all_but(kept: RawFd) {
    // SAFETY: numbers.
    unsafe {
        #[cfg(target_os = "linux")]
        {
            let below = match kept {
                0 => 0,
                kept => libc::syscall(libc::SYS_close_range, 0, kept - 1, 0),
            };
            if below == 0 && libc::syscall(libc::SYS_close_range, kept + 1, libc::c_uint::MAX, 0) == 0 {
                return;
            }
        }
        let most = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 65_536) as RawFd;
        for number in (0..most).filter(|number| *number != kept) {
            libc::close(number);
        }
    }
}

/// A command as the kernel takes it.
struct RawCommand {
    path: CString,
    _arguments: Vec<CString>,
    _variables: Vec<CString>,
    argv: Vec<*const libc::c_char>,
    envp: Vec<*const libc::c_char>,
}

// SAFETY: the pointers are into strings that nobody changes.
unsafe impl Send for RawCommand {}
// SAFETY: likewise.
unsafe impl Sync for RawCommand {}

impl RawCommand {
    fn new(command: &Command, name: Option<&OsStr>) -> io::Result<RawCommand> {
        let text = |text: &OsStr| CString::new(text.as_bytes());
        let path = text(command.get_program())?;
        let arguments = [name.unwrap_or(command.get_program())].into_iter().chain(command.get_args());
        let arguments = arguments.map(text).collect::<Result<Vec<_>, _>>()?;
        let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let variables = variables
            .map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()))
            .collect::<Result<Vec<_>, _>>()?;
        let pointers =
            |all: &[CString]| all.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>();
        let (argv, envp) = (pointers(&arguments), pointers(&variables));
        Ok(RawCommand { path, _arguments: arguments, _variables: variables, argv, envp })
    }

    /// Executes it. Returns only if that failed.
    unsafe fn execute(&self) {
        // SAFETY: null-terminated arrays of C strings that are there as long as this value.
        unsafe { libc::execve(self.path.as_ptr(), self.argv.as_ptr(), self.envp.as_ptr()) };
    }
}
