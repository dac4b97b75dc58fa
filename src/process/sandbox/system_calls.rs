//! The numbers of system calls that the filter knows, for x86_64 and aarch64.
//!
//! `libc` has the numbers of one architecture at a time; with both in one table, the filters of both can be tested on
//! either. Sources: `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`, which the tests read.

/// A system call: its name and its numbers, if an architecture has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SystemCall {
    pub(super) name: &'static str,
    pub(super) x86_64: Option<u32>,
    pub(super) aarch64: Option<u32>,
}

const fn both(name: &'static str, x86_64: u32, aarch64: u32) -> SystemCall {
    SystemCall { name, x86_64: Some(x86_64), aarch64: Some(aarch64) }
}

/// Newer calls have one number everywhere.
const fn new(name: &'static str, number: u32) -> SystemCall {
    both(name, number, number)
}

/// Older calls that newer architectures never had.
const fn old(name: &'static str, x86_64: u32) -> SystemCall {
    SystemCall { name, x86_64: Some(x86_64), aarch64: None }
}

pub(super) const SOCKET: SystemCall = both("socket", 41, 198);
pub(super) const SOCKETPAIR: SystemCall = both("socketpair", 53, 199);
pub(super) const SENDTO: SystemCall = both("sendto", 44, 206);
pub(super) const SENDMSG: SystemCall = both("sendmsg", 46, 211);
pub(super) const SENDMMSG: SystemCall = both("sendmmsg", 307, 269);
pub(super) const CLONE: SystemCall = both("clone", 56, 220);
pub(super) const CLONE3: SystemCall = new("clone3", 435);
pub(super) const IOCTL: SystemCall = both("ioctl", 16, 29);
pub(super) const PRLIMIT64: SystemCall = both("prlimit64", 302, 261);

/// Refused to everybody in a sandbox: what would act on other processes or on the machine, or go round the filter.
pub(super) const CLOSED: &[SystemCall] = &[
    // Does what other calls do, and no filter sees it.
    new("io_uring_setup", 425),
    new("io_uring_enter", 426),
    new("io_uring_register", 427),
    // Other processes.
    new("pidfd_getfd", 438),
    new("process_madvise", 440),
    new("process_mrelease", 448),
    both("kcmp", 312, 272),
    // Keys of the session, which the sandbox shares with its user.
    both("add_key", 248, 217),
    both("request_key", 249, 218),
    both("keyctl", 250, 219),
    // Mounts and namespaces.
    both("mount", 165, 40),
    both("umount2", 166, 39),
    both("pivot_root", 155, 41),
    both("chroot", 161, 51),
    new("open_tree", 428),
    new("move_mount", 429),
    new("fsopen", 430),
    new("fsconfig", 431),
    new("fsmount", 432),
    new("fspick", 433),
    new("mount_setattr", 442),
    new("open_tree_attr", 467),
    both("unshare", 272, 97),
    both("setns", 308, 268),
    // Parts of the kernel with a history.
    both("userfaultfd", 323, 282),
    both("bpf", 321, 280),
    both("perf_event_open", 298, 241),
    both("open_by_handle_at", 304, 265),
    both("fanotify_init", 300, 262),
    // Memory and messages that any process of the same user may attach to.
    both("shmget", 29, 194),
    both("shmat", 30, 196),
    both("shmctl", 31, 195),
    both("msgget", 68, 186),
    both("msgsnd", 69, 189),
    both("msgrcv", 70, 188),
    both("msgctl", 71, 187),
    both("semget", 64, 190),
    both("semop", 65, 193),
    both("semtimedop", 220, 192),
    both("semctl", 66, 191),
    both("mq_open", 240, 180),
    both("mq_unlink", 241, 181),
    // The machine, for root.
    both("kexec_load", 246, 104),
    both("kexec_file_load", 320, 294),
    both("init_module", 175, 105),
    both("finit_module", 313, 273),
    both("delete_module", 176, 106),
    both("reboot", 169, 142),
    old("iopl", 172),
    old("ioperm", 173),
    old("modify_ldt", 154),
    both("syslog", 103, 116),
    both("acct", 163, 89),
    both("swapon", 167, 224),
    both("swapoff", 168, 225),
    both("quotactl", 179, 60),
    new("quotactl_fd", 443),
    both("settimeofday", 164, 170),
    both("clock_settime", 227, 112),
    both("adjtimex", 159, 171),
    both("clock_adjtime", 305, 266),
    both("sethostname", 170, 161),
    both("setdomainname", 171, 162),
    both("vhangup", 153, 58),
];

/// What a debugger needs. Landlock lets it reach what is in the sandbox, and nothing else.
pub(super) const DEBUGGING: &[SystemCall] =
    &[both("ptrace", 101, 117), both("process_vm_readv", 310, 270), both("process_vm_writev", 311, 271)];

/// What changes a file's permissions, owner, times and attributes, for which Landlock has no rule. They are closed where
/// nothing may be written; where something may, they reach every file of the user's.
pub(super) const METADATA: &[SystemCall] = &[
    old("chmod", 90),
    both("fchmod", 91, 52),
    both("fchmodat", 268, 53),
    new("fchmodat2", 452),
    old("chown", 92),
    both("fchown", 93, 55),
    old("lchown", 94),
    both("fchownat", 260, 54),
    old("utime", 132),
    old("utimes", 235),
    old("futimesat", 261),
    both("utimensat", 280, 88),
    both("setxattr", 188, 5),
    both("lsetxattr", 189, 6),
    both("fsetxattr", 190, 7),
    new("setxattrat", 463),
    both("removexattr", 197, 14),
    both("lremovexattr", 198, 15),
    both("fremovexattr", 199, 16),
    new("removexattrat", 466),
    new("file_setattr", 469),
];

#[cfg(test)]
#[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
mod tests {
    use super::*;

    fn all() -> Vec<SystemCall> {
        let single = [SOCKET, SOCKETPAIR, SENDTO, SENDMSG, SENDMMSG, CLONE, CLONE3, IOCTL, PRLIMIT64];
        [&single[..], CLOSED, DEBUGGING, METADATA].concat()
    }

    /// `NAME NUMBER` of a header's `#define __NR_NAME NUMBER`, with the generic header's `__NR3264_` names too.
    fn numbers_in(header: &str) -> Vec<(String, u32)> {
        let parse = |line: &str| {
            let mut words = line.strip_prefix("#define __NR")?.split_whitespace();
            let name = words.next()?;
            let name = name.strip_prefix("3264_").or(name.strip_prefix('_'))?;
            Some((name.to_owned(), words.next()?.parse().ok()?))
        };
        header.lines().filter_map(parse).collect()
    }

    #[test]
    fn numbers_are_those_of_the_kernels_headers() {
        let headers = [
            ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", true),
            ("/usr/include/asm-generic/unistd.h", false),
        ];
        for (path, is_x86_64) in headers {
            let Ok(text) = std::fs::read_to_string(path) else {
                println!("skipped: no {path}");
                continue;
            };
            let numbers = numbers_in(&text);
            assert!(numbers.len() > 250, "{path}: {}", numbers.len());
            let mut compared = 0;
            for call in all() {
                let ours = if is_x86_64 { call.x86_64 } else { call.aarch64 };
                match (numbers.iter().find(|(name, _)| name == call.name), ours) {
                    (Some((_, theirs)), ours) => {
                        assert_eq!(ours, Some(*theirs), "{path}: {}", call.name);
                        compared += 1;
                    }
                    // Newer than the header, or not of this architecture.
                    (None, ours) => assert!(ours.is_none_or(|number| number > 440), "{path}: {}", call.name),
                }
            }
            assert!(compared > 75, "{path}: {compared}");
        }
    }

    #[test]
    fn no_call_is_listed_twice() {
        for number in [|call: &SystemCall| call.x86_64, |call: &SystemCall| call.aarch64] {
            let mut numbers: Vec<u32> = all().iter().filter_map(number).collect();
            let count = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), count);
        }
    }
}
