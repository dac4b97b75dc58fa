//! The sandbox's seccomp filter: the system calls that Landlock does not decide about.
//!
//! A program for the kernel's classic BPF machine, a pure function of what is allowed and of the architecture. Landlock
//! knows TCP ports and files; so this closes every other kind of socket (UDP, raw, unix), what would go round either
//! (io_uring, TCP fast open, 32-bit entry), and what acts on other processes or on the machine.
//!
//! ```text
//! another architecture than ours              the process is killed (SIGSYS)
//! x32                                         ENOSYS
//! socket                                      EACCES, but for the families and types that are allowed
//! socketpair                                  AF_UNIX, stream and seqpacket: a datagram socket can be sent elsewhere
//! sendto, sendmsg, sendmmsg                   EPERM with MSG_FASTOPEN, which connects without connect(2)
//! ioctl                                       EPERM for what types into a terminal
//! clone                                       EPERM with a new namespace; clone3 is ENOSYS, so that clone is used
//! prlimit64                                   EPERM for another process
//! a list                                      EPERM
//! everything else                             allowed
//! ```
//!
//! Arguments are compared by their lower 32 bits, as the kernel itself takes them: with all 64, a bit that it ignores would
//! make an argument another one (CVE-2019-7303). Calls whose arguments do not matter come after one comparison each; the
//! kernel runs the filter for those once and remembers the answer (since Linux 5.11).

use crate::process::sandbox::rules::Sandbox;
use crate::process::sandbox::system_calls::{
    CLONE, CLONE3, CLOSED, DEBUGGING, IOCTL, METADATA, PRLIMIT64, SENDMMSG, SENDMSG, SENDTO, SOCKET,
    SOCKETPAIR, SystemCall,
};
use crate::request::sandbox_permissions::Grant;

/// A kind of processor that filters can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    X86_64,
    Aarch64,
}

impl Architecture {
    /// This program's own.
    pub(super) fn own() -> Option<Architecture> {
        match std::env::consts::ARCH {
            "x86_64" if size_of::<usize>() == 8 => Some(Architecture::X86_64),
            "aarch64" if size_of::<usize>() == 8 && cfg!(target_endian = "little") => {
                Some(Architecture::Aarch64)
            }
            _ => None,
        }
    }

    /// `AUDIT_ARCH_…` of `linux/audit.h`.
    fn audit(self) -> u32 {
        match self {
            Architecture::X86_64 => 0xC000_003E,
            Architecture::Aarch64 => 0xC000_00B7,
        }
    }

    fn number(self, call: SystemCall) -> Option<u32> {
        match self {
            Architecture::X86_64 => call.x86_64,
            Architecture::Aarch64 => call.aarch64,
        }
    }
}

/// Places in `struct seccomp_data`; both architectures are little-endian, so an argument's lower half comes first.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

const X32_BIT: u32 = 0x4000_0000;

const ALLOW: u32 = 0x7fff_0000;
const KILL_PROCESS: u32 = 0x8000_0000;
const fn errno(number: i32) -> u32 {
    0x0005_0000 | number as u32
}
const EPERM: u32 = errno(libc::EPERM);
const EACCES: u32 = errno(libc::EACCES);
const ENOSYS: u32 = errno(libc::ENOSYS);

const AF_UNIX: u32 = libc::AF_UNIX as u32;
const AF_INET: u32 = libc::AF_INET as u32;
const AF_INET6: u32 = libc::AF_INET6 as u32;
const AF_NETLINK: u32 = libc::AF_NETLINK as u32;
const SOCK_STREAM: u32 = libc::SOCK_STREAM as u32;
const SOCK_SEQPACKET: u32 = libc::SOCK_SEQPACKET as u32;
/// A type's bits without its flags: `SOCK_TYPE_MASK` of `linux/net.h`.
const TYPE_BITS: u32 = 0xf;
const IPPROTO_TCP: u32 = libc::IPPROTO_TCP as u32;
const MSG_FASTOPEN: u32 = 0x2000_0000;

/// `TIOCSTI` types into the terminal, `TIOCLINUX` pastes into a console.
const TYPING: [u32; 2] = [0x5412, 0x541C];
/// `FS_IOC_SETFLAGS`, `FS_IOC32_SETFLAGS` and `FS_IOC_FSSETXATTR`.
const SET_ATTRIBUTES: [u32; 3] = [0x4008_6602, 0x4004_6602, 0x401C_5820];

/// All of `CLONE_NEW…` that clone(2) can say.
const NEW_NAMESPACES: u32 = 0x7E02_0000;

/// The filter of a sandbox.
pub(super) fn program(sandbox: &Sandbox, architecture: Architecture) -> Vec<libc::sock_filter> {
    let mut out =
        vec![load(ARCHITECTURE), jump(EQUAL, architecture.audit(), 1, 0), answer(KILL_PROCESS), load(NUMBER)];
    if architecture == Architecture::X86_64 {
        out.extend([jump(NOT_LESS, X32_BIT, 0, 1), answer(ENOSYS)]);
    }
    let mut on = |call: SystemCall, body: &[libc::sock_filter]| {
        // A jump is at most 255 instructions long; the longest body has 17.
        if let (Some(number), Ok(length)) = (architecture.number(call), u8::try_from(body.len())) {
            out.push(jump(EQUAL, number, 0, length));
            out.extend(body);
        }
    };
    on(SOCKET, &socket(sandbox));
    on(SOCKETPAIR, &socketpair(sandbox.unix));
    if sandbox.network != Grant::Everything {
        for (call, flags) in [(SENDTO, 3), (SENDMSG, 2), (SENDMMSG, 3)] {
            on(call, &without_bits(argument(flags), MSG_FASTOPEN));
        }
    }
    let writes = sandbox.writes() != Grant::default();
    let requests = if writes { TYPING.to_vec() } else { [&TYPING[..], &SET_ATTRIBUTES].concat() };
    on(IOCTL, &none_of(argument(1), &requests));
    on(CLONE, &without_bits(argument(0), NEW_NAMESPACES));
    on(CLONE3, &[answer(ENOSYS)]);
    on(PRLIMIT64, &[load(argument(0)), jump(EQUAL, 0, 0, 1), answer(ALLOW), answer(EPERM)]);
    for call in CLOSED {
        on(*call, &[answer(EPERM)]);
    }
    for call in DEBUGGING.iter().filter(|_| !sandbox.debugger) {
        on(*call, &[answer(EPERM)]);
    }
    for call in METADATA.iter().filter(|_| !writes) {
        on(*call, &[answer(EPERM)]);
    }
    out.push(answer(ALLOW));
    out
}

/// socket(2): by family, and by type and protocol where only TCP is allowed.
fn socket(sandbox: &Sandbox) -> Vec<libc::sock_filter> {
    let mut out = vec![load(argument(0))];
    let allow = |out: &mut Vec<_>, family| out.extend([jump(EQUAL, family, 0, 1), answer(ALLOW)]);
    if sandbox.unix {
        allow(&mut out, AF_UNIX);
    }
    match &sandbox.network {
        Grant::Everything => {
            allow(&mut out, AF_INET);
            allow(&mut out, AF_INET6);
            // What interfaces there are (NETLINK_ROUTE).
            out.extend([
                jump(EQUAL, AF_NETLINK, 0, 3),
                load(argument(2)),
                jump(EQUAL, 0, 0, 1),
                answer(ALLOW),
            ]);
        }
        Grant::These(ports) if !ports.is_empty() => {
            // The one or the other is followed by seven instructions.
            out.extend([jump(EQUAL, AF_INET, 1, 0), jump(EQUAL, AF_INET6, 0, 7)]);
            out.extend([
                load(argument(1)),
                and(TYPE_BITS),
                jump(EQUAL, SOCK_STREAM, 0, 4),
                load(argument(2)),
                jump(EQUAL, 0, 1, 0),
                jump(EQUAL, IPPROTO_TCP, 0, 1),
                answer(ALLOW),
            ]);
        }
        Grant::These(_) => {}
    }
    out.push(answer(EACCES));
    out
}

/// socketpair(2): both ends stay here, but those of a datagram pair can be connected and sent to another address.
fn socketpair(may_leave: bool) -> Vec<libc::sock_filter> {
    if may_leave {
        return vec![load(argument(0)), jump(EQUAL, AF_UNIX, 0, 1), answer(ALLOW), answer(EACCES)];
    }
    vec![
        load(argument(0)),
        jump(EQUAL, AF_UNIX, 0, 5),
        load(argument(1)),
        and(TYPE_BITS),
        jump(EQUAL, SOCK_STREAM, 1, 0),
        jump(EQUAL, SOCK_SEQPACKET, 0, 1),
        answer(ALLOW),
        answer(EACCES),
    ]
}

/// Refuses a call with one of these bits in an argument.
fn without_bits(at: u32, bits: u32) -> [libc::sock_filter; 4] {
    [load(at), jump(ANY_BIT, bits, 0, 1), answer(EPERM), answer(ALLOW)]
}

/// Refuses a call with one of these values as an argument.
fn none_of(at: u32, values: &[u32]) -> Vec<libc::sock_filter> {
    let mut out = vec![load(at)];
    for value in values {
        out.extend([jump(EQUAL, *value, 0, 1), answer(EPERM)]);
    }
    out.push(answer(ALLOW));
    out
}

/// Operations of `linux/bpf_common.h`: class, size or source, mode or operation.
const LOAD_WORD: u16 = 0x20;
const AND: u16 = 0x54;
const EQUAL: u16 = 0x15;
const NOT_LESS: u16 = 0x35;
const ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

fn load(at: u32) -> libc::sock_filter {
    libc::sock_filter { code: LOAD_WORD, jt: 0, jf: 0, k: at }
}

fn and(bits: u32) -> libc::sock_filter {
    libc::sock_filter { code: AND, jt: 0, jf: 0, k: bits }
}

/// Skips so many instructions if the comparison holds, or so many if not.
fn jump(operation: u16, value: u32, if_true: u8, if_false: u8) -> libc::sock_filter {
    libc::sock_filter { code: operation, jt: if_true, jf: if_false, k: value }
}

fn answer(action: u32) -> libc::sock_filter {
    libc::sock_filter { code: RETURN, jt: 0, jf: 0, k: action }
}

#[cfg(test)]
mod tests;
