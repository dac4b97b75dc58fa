//! The kernel's interfaces that observation needs and that no safe crate has: the only file with `unsafe`.
//!
//! - seccomp(2) with `SECCOMP_FILTER_FLAG_NEW_LISTENER`, and the three ioctls of its listener;
//! - the listener's way from the child to us, as a message with a descriptor over a socket;
//! - process_vm_readv(2), by which a path is read from the memory of who passed it;
//! - lstat(2), readlink(2) and statfs(2) into buffers of ours, since they are made for every call of a compiler;
//! - the process that goes on answering for programs that outlive their build.
//!
//! Everything that runs in a child between fork and exec is async-signal-safe: system calls on values that were made before.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use libc::{c_int, c_long, c_void, sock_filter};

/// More than a path can have, its end included.
pub(crate) const PATH_BYTES: usize = libc::PATH_MAX as usize;

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`, Linux 6.6: who is woken runs on this processor, for the waker is about to wait.
const SYNC_WAKE_UP: u64 = 1;

/// A system call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notification {
    pub(crate) id: u64,
    /// The thread that made it; 0 if it is not in our process namespace.
    pub(crate) thread: i32,
    pub(crate) architecture: u32,
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
}

/// What a child did of what is needed before it can be observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// prctl(PR_SET_NO_NEW_PRIVS).
    NoNewPrivileges,
    /// seccomp(SECCOMP_SET_MODE_FILTER).
    Filter,
    /// The message with the listener.
    Send,
}

/// What a child sends: its listener, or the step that failed and `errno`.
#[derive(Debug)]
pub(crate) enum Sent {
    Listener(OwnedFd),
    Failed(Step, i32),
    /// The child ended before.
    Nothing,
}

fn check(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Two ends of a socket for one message, both closed on exec.
pub(crate) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: the kernel writes two descriptors, which are nobody's but ours.
    unsafe {
        check(
            libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr())
                .into(),
        )?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// Room for one descriptor beside a message.
#[repr(align(8))]
struct Control([u8; 32]);

/// In the child: installs the filter, and sends its listener over `socket`. On failure the step is sent instead.
///
/// Async-signal-safe.
pub(crate) fn install(filter: &[sock_filter], socket: RawFd) -> io::Result<()> {
    let failed = |step: Step, error: io::Error| {
        let message = [step as u8, error.raw_os_error().unwrap_or(0) as u8];
        // SAFETY: a buffer of ours. That the message could not be sent shows as none.
        unsafe { libc::send(socket, message.as_ptr().cast(), message.len(), libc::MSG_NOSIGNAL) };
        error
    };
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: `program` lives through the calls, which only read it.
    let listener = unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())
            .map_err(|error| failed(Step::NoNewPrivileges, error))?;
        let set = |flags: libc::c_ulong| {
            check(libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program as *const c_void,
            ))
        };
        // Without the first a kernel before 5.16 slows down all code by its defence against Spectre; without the second
        // (Linux 5.19) a signal makes a call that waits be made again, and Go sends itself many.
        let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        match set(flags | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => set(flags),
            other => other,
        }
        .map_err(|error| failed(Step::Filter, error))?
    } as RawFd;
    send_descriptor(socket, listener).map_err(|error| failed(Step::Send, error))
}

/// Async-signal-safe.
fn send_descriptor(socket: RawFd, descriptor: RawFd) -> io::Result<()> {
    let mut byte = 0_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = Control([0; 32]);
    // SAFETY: all that the message points to lives until it is sent; `control` is aligned and has room for one descriptor.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(header).cast::<c_int>().write_unaligned(descriptor);
        check(libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL) as c_long)?;
    }
    Ok(())
}

/// Waits for what a child sends.
pub(crate) fn receive(socket: RawFd) -> io::Result<Sent> {
    let mut bytes = [0_u8; 2];
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let mut control = Control([0; 32]);
    // SAFETY: as in `send_descriptor`; a descriptor that comes with the message is nobody's but ours.
    let (count, listener) = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = control.0.len() as _;
        let count = loop {
            match check(libc::recvmsg(socket, &raw mut message, libc::MSG_CMSG_CLOEXEC) as c_long) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let listener = (!header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS)
            .then(|| OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<c_int>().read_unaligned()));
        (count, listener)
    };
    Ok(match (count, listener) {
        (_, Some(listener)) => Sent::Listener(listener),
        (2, None) => {
            let step = match bytes[0] {
                0 => Step::NoNewPrivileges,
                1 => Step::Filter,
                _ => Step::Send,
            };
            Sent::Failed(step, bytes[1].into())
        }
        _ => Sent::Nothing,
    })
}

/// Asks that who is woken by this listener runs where the waker ran. A kernel before 6.6 has no such thing.
pub(crate) fn wake_in_step(listener: RawFd) -> io::Result<()> {
    // SAFETY: an ioctl on a number.
    unsafe { check(libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS as _, SYNC_WAKE_UP).into()) }?;
    Ok(())
}

/// What there is to do for who waits for a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    Call,
    /// Nobody is left that could make one.
    Over,
    Nothing,
}

/// Waits for a call, or for the end of all who could make one.
///
/// Async-signal-safe.
pub(crate) fn wait(listener: RawFd) -> io::Result<Ready> {
    poll(listener, -1)
}

/// What there is to do now.
pub(crate) fn wait_no_longer(listener: RawFd) -> io::Result<Ready> {
    poll(listener, 0)
}

fn poll(listener: RawFd, milliseconds: c_int) -> io::Result<Ready> {
    let mut polled = libc::pollfd { fd: listener, events: libc::POLLIN, revents: 0 };
    loop {
        // SAFETY: one entry of ours.
        match check(unsafe { libc::poll(&raw mut polled, 1, milliseconds) }.into()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    Ok(match polled.revents {
        events if events & libc::POLLIN != 0 => Ready::Call,
        0 => Ready::Nothing,
        _ => Ready::Over,
    })
}

/// The kernel's release: 6 and 11 of `6.11.0-1-amd64`.
pub(crate) fn release() -> Option<(u32, u32)> {
    // SAFETY: the kernel fills it, and ends each text with a zero byte.
    let names = unsafe {
        let mut names: libc::utsname = std::mem::zeroed();
        check(libc::uname(&raw mut names).into()).ok()?;
        names
    };
    let text: Vec<u8> = names.release.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
    let text = String::from_utf8(text).ok()?;
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// What came of waiting for a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Taken {
    Call(Notification),
    /// Who made it is gone; or, on newer kernels, all are.
    Gone,
    Interrupted,
}

/// Room for what a newer kernel adds to a notification.
#[repr(C, align(8))]
struct NotificationBuffer {
    known: libc::seccomp_notif,
    rest: [u8; 176],
}

/// Takes the next call, and waits for it.
///
/// Async-signal-safe.
pub(crate) fn take(listener: RawFd) -> io::Result<Taken> {
    // SAFETY: the kernel wants zeroes, and any bytes are a value of these integers.
    let taken = unsafe {
        let mut buffer: NotificationBuffer = std::mem::zeroed();
        let result = libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_RECV as _, &raw mut buffer.known);
        check(result.into()).map(|_| buffer.known)
    };
    match taken {
        Ok(taken) => Ok(Taken::Call(Notification {
            id: taken.id,
            thread: taken.pid as i32,
            architecture: taken.data.arch,
            number: taken.data.nr.into(),
            arguments: taken.data.args,
        })),
        Err(error) => match error.raw_os_error() {
            Some(libc::EINTR) => Ok(Taken::Interrupted),
            Some(libc::ENOENT) => Ok(Taken::Gone),
            _ => Err(error),
        },
    }
}

/// Lets a call go on as if nobody had looked. `false`: who made it is gone, and what was read of its memory means nothing.
///
/// Async-signal-safe.
pub(crate) fn let_go_on(listener: RawFd, id: u64) -> bool {
    let mut answer = libc::seccomp_notif_resp {
        id,
        val: 0,
        error: 0,
        flags: libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32,
    };
    // SAFETY: a buffer of ours.
    unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SEND as _, &raw mut answer) == 0 }
}

/// Reads bytes from another thread's memory: as many as there are before a page that is not mapped.
pub(crate) fn read_memory(thread: i32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: as many bytes as there are.
    unsafe { copy_memory(thread, address, buffer.as_mut_ptr(), buffer.len()) }
}

/// The same, to the end of `text`.
fn append_memory(thread: i32, address: u64, count: usize, text: &mut Vec<u8>) -> io::Result<usize> {
    text.reserve(count);
    // SAFETY: there is room for so many, and those that were read are as good as any.
    unsafe {
        let read = copy_memory(thread, address, text.as_mut_ptr().add(text.len()), count)?;
        text.set_len(text.len() + read);
        Ok(read)
    }
}

/// # Safety
/// `to` has room for `count` bytes.
unsafe fn copy_memory(thread: i32, address: u64, to: *mut u8, count: usize) -> io::Result<usize> {
    let local = libc::iovec { iov_base: to.cast(), iov_len: count };
    let remote = libc::iovec { iov_base: address as usize as *mut c_void, iov_len: count };
    // SAFETY: the kernel writes to `local` only, and no more than there is room for.
    let read = unsafe { libc::process_vm_readv(thread, &raw const local, 1, &raw const remote, 1, 0) };
    Ok(check(read as c_long)? as usize)
}

/// Reads a text that ends with a zero byte, which is left out, to the end of `text`.
pub(crate) fn read_text(thread: i32, address: u64, text: &mut Vec<u8>) -> io::Result<()> {
    /// Most paths are shorter, and reading less costs less.
    const FIRST_BYTES: u64 = 256;
    /// No supported kernel has smaller pages.
    const PAGE_BYTES: u64 = 4096;
    let start = text.len();
    let (mut address, mut limit) = (address, FIRST_BYTES);
    loop {
        // Not across pages: the next may not be there.
        let count = limit.min(PAGE_BYTES - address % PAGE_BYTES) as usize;
        let old = text.len();
        let read = append_memory(thread, address, count, text)?;
        if let Some(end) = text.iter().skip(old).position(|byte| *byte == 0) {
            text.truncate(old + end);
            return Ok(());
        }
        if read == 0 || text.len() - start >= PATH_BYTES {
            return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
        }
        (address, limit) = (address.wrapping_add(read as u64), PAGE_BYTES);
    }
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) mode: u32,
    pub(crate) links: u64,
    pub(crate) size: u64,
    pub(crate) modified: (i64, i64),
    pub(crate) changed: (i64, i64),
}

/// What is at a path, links not followed.
#[allow(clippy::useless_conversion, reason = "on 32-bit systems these are smaller")]
pub(crate) fn status(path: &CStr) -> io::Result<Status> {
    let mut status = MaybeUninit::<libc::stat64>::uninit();
    // SAFETY: the kernel fills `status` if the call succeeds.
    let status = unsafe {
        check(libc::lstat64(path.as_ptr(), status.as_mut_ptr()).into())?;
        status.assume_init()
    };
    Ok(Status {
        device: status.st_dev,
        inode: status.st_ino,
        mode: status.st_mode,
        links: status.st_nlink as u64,
        size: status.st_size as u64,
        modified: (status.st_mtime.into(), status.st_mtime_nsec.into()),
        changed: (status.st_ctime.into(), status.st_ctime_nsec.into()),
    })
}

/// The target of a link.
pub(crate) fn link_target(path: &CStr) -> io::Result<Vec<u8>> {
    let mut target = [0_u8; PATH_BYTES];
    // SAFETY: the kernel writes no more than the length.
    let count =
        check(unsafe { libc::readlink(path.as_ptr(), target.as_mut_ptr().cast(), target.len()) } as c_long)?;
    Ok(target.get(..count as usize).unwrap_or_default().to_vec())
}

/// The kind of file system that a path is on, as statfs(2) names it.
pub(crate) fn file_system(path: &CStr) -> io::Result<i64> {
    let mut status = MaybeUninit::<libc::statfs64>::uninit();
    // SAFETY: the kernel fills `status` if the call succeeds.
    unsafe {
        check(libc::statfs64(path.as_ptr(), status.as_mut_ptr()).into())?;
        // Of another width on some machines.
        #[allow(clippy::unnecessary_cast)]
        let kind = status.assume_init().f_type as i64;
        Ok(kind)
    }
}

/// Kills the process that a thread belongs to.
pub(crate) fn kill(thread: i32) {
    // SAFETY: a number; that nobody has it any more is as good.
    unsafe { libc::kill(thread, libc::SIGKILL) };
}

/// Has `action` done in the child that `command` becomes, after its descriptors and directory are set and before it executes.
///
/// `action` must be async-signal-safe: another thread may hold any lock, the allocator's included.
pub(crate) fn in_child(
    command: &mut Command,
    action: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: the callers in this crate pass system calls on values that were made before.
    unsafe { command.pre_exec(action) };
}

/// Leaves all signals to the other threads of this process.
pub(crate) fn block_signals() {
    // SAFETY: a set of ours.
    unsafe {
        let mut every: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut every);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const every, std::ptr::null_mut());
    }
}

/// Starts a process of its own that lets every call go on until nobody is left to make one, and gives it the listener.
///
/// It is nobody's child, has nothing else open, and is in a session of its own, so that neither a terminal nor who reads
/// our output waits for it or ends it.
pub(crate) fn leave_answering(listener: &OwnedFd) -> io::Result<()> {
    let listener = listener.as_raw_fd();
    // SAFETY: between fork and _exit both children make only system calls on values that they have.
    unsafe {
        let child = check(libc::fork().into())? as libc::pid_t;
        if child != 0 {
            wait_for(child);
            return Ok(());
        }
        if libc::fork() == 0 {
            answer(listener);
        }
        libc::_exit(0)
    }
}

/// Waits for the end of a child, if nobody else in this process did.
fn wait_for(child: libc::pid_t) {
    // SAFETY: no status is asked for.
    while unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) } < 0
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

/// Starts a child that installs the filter, makes one call that is told of, and ends; waits for it.
///
/// The child shares our memory, and this thread waits until it has ended: copying the memory would be half the cost of it all.
pub(crate) fn try_filter(filter: &[sock_filter], socket: OwnedFd) -> io::Result<()> {
    const STACK_BYTES: usize = 64 * 1024;
    type Trial<'a> = (&'a [sock_filter], RawFd);
    extern "C" fn child(trial: *mut c_void) -> c_int {
        // SAFETY: `try_filter` waits, and has it.
        let (filter, socket) = unsafe { *trial.cast::<Trial<'_>>() };
        if install(filter, socket).is_ok() {
            // SAFETY: a text that ends with NUL.
            unsafe { libc::access(c"/".as_ptr(), libc::F_OK) };
        }
        0
    }
    let mut trial: Trial<'_> = (filter, socket.as_raw_fd());
    let mut stack: Vec<u128> = Vec::with_capacity(STACK_BYTES / size_of::<u128>());
    // SAFETY: the child runs on a stack of its own, makes only system calls, on values that live until it has ended, and then
    // ends: libc does that when its function returns.
    let child = unsafe {
        let top = stack.as_mut_ptr().add(stack.capacity()).cast();
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        check(libc::clone(child, top, flags, (&raw mut trial).cast()).into())? as libc::pid_t
    };
    drop(socket);
    wait_for(child);
    Ok(())
}

/// # Safety
/// Only in a process that is there for nothing else.
unsafe fn answer(listener: RawFd) -> ! {
    // SAFETY: system calls on numbers.
    unsafe {
        libc::setsid();
        libc::chdir(c"/".as_ptr());
        block_signals();
        let rest = if listener == 0 { 0 } else { libc::dup2(listener, 0) };
        libc::syscall(libc::SYS_close_range, 1, c_int::MAX, 0);
        libc::prctl(libc::PR_SET_NAME, c"observe-rest".as_ptr());
        while let Ok(Ready::Call) = wait(rest) {
            match take(rest) {
                Ok(Taken::Call(call)) => drop(let_go_on(rest, call.id)),
                Ok(Taken::Gone | Taken::Interrupted) => {}
                Err(_) => break,
            }
        }
        libc::_exit(0)
    }
}
