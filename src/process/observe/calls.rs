//! System calls that look at or change paths: a table by number, for each architecture that a program may use.
//!
//! The table says where a call's arguments are; what the call means for a build is decided in `record`. Calls that
//! take only file descriptors are not here, except those that list a directory: whoever has a descriptor got it from a
//! call that is.
//!
//! Numbers of 32-bit programs on x86-64 are written out, since libc names only the numbers of the machine it is built for.

#![cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")),
    allow(dead_code, reason = "there is no table of its system calls")
)]

/// What a system call does with its paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Opens a file; the argument holds the flags of open(2).
    Open { flags: usize },
    /// Opens a file; the argument points to a `struct open_how`.
    OpenHow { how: usize },
    /// Opens a file for writing from its start.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    // `creat` is a call of the oldest machines only.
    Create,
    /// Asks for size, times and identity; the argument holds `AT_…` flags, if there is one.
    Stat { flags: Option<usize> },
    /// Asks for the same of a link itself.
    StatLink,
    /// Asks whether something is there.
    Access { flags: Option<usize> },
    /// Asks what the caller may do with something; the first argument holds `…_OK` bits, the second `AT_…` flags.
    May { mode: usize, flags: Option<usize> },
    /// Reads the target of a link.
    ReadLink,
    /// Executes a file; the argument holds `AT_…` flags, if there is one.
    Execute { flags: Option<usize> },
    /// Lists the directory behind a descriptor.
    List,
    /// Enters a directory.
    Enter,
    /// Makes a name that was not there.
    Make,
    /// Makes a link whose target is any text.
    MakeLink,
    /// Makes another name for a file.
    HardLink,
    /// Removes a name.
    Remove,
    /// Gives a file another name; `RENAME_…` flags are in the argument, if there is one.
    Rename { flags: Option<usize> },
    /// Changes a file's size.
    Truncate,
    /// Changes a file's permissions.
    Permit,
    /// Talks to a server, which reads files of its own accord.
    Connect,
    /// Changes which file a path names.
    Mount,
    /// Changes which file a path names, if the flag `CLONE_NEWNS` is in the argument.
    Unshare { flags: usize },
}

impl Action {
    /// Whether a call changes nothing.
    pub(crate) fn is_look(self, argument: impl Fn(usize) -> u64) -> bool {
        match self {
            Action::Open { flags } => {
                argument(flags) as i32 & (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) == 0
            }
            Action::Stat { .. }
            | Action::StatLink
            | Action::Access { .. }
            | Action::May { .. }
            | Action::ReadLink
            | Action::List
            | Action::Enter
            | Action::Connect => true,
            _ => false,
        }
    }
}

/// Where a call has a path: the argument with the directory's descriptor, if there is one, and that of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) directory: Option<usize>,
    pub(crate) text: usize,
}

/// One call of an architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) number: i64,
    pub(crate) action: Action,
    pub(crate) place: Place,
    /// Of calls with two paths: the new name.
    pub(crate) second: Place,
}

/// The calls of one architecture.
#[derive(Debug)]
pub(crate) struct Abi {
    /// As the kernel's audit names it.
    pub(crate) architecture: u32,
    pub(crate) calls: &'static [Call],
    /// Refused with `ENOSYS`: whoever uses them can do without, and we could not see what they do.
    pub(crate) refused: &'static [i64],
}

impl Abi {
    pub(crate) fn call(&self, number: i64) -> Option<&'static Call> {
        self.calls.iter().find(|call| call.number == number)
    }
}

/// The tables of this machine, its own first.
pub(crate) fn abis() -> &'static [Abi] {
    ABIS
}

pub(crate) fn abi(architecture: u32) -> Option<&'static Abi> {
    abis().iter().find(|abi| abi.architecture == architecture)
}

const NO_PLACE: Place = Place { directory: None, text: 0 };

/// A call with its path at argument `text`, relative to the working directory.
const fn at(number: i64, text: usize, action: Action) -> Call {
    Call { number, action, place: Place { directory: None, text }, second: NO_PLACE }
}

/// A call with a directory's descriptor and a path relative to it, side by side.
const fn under(number: i64, directory: usize, action: Action) -> Call {
    Call {
        number,
        action,
        place: Place { directory: Some(directory), text: directory + 1 },
        second: NO_PLACE,
    }
}

const fn then(call: Call, directory: Option<usize>, text: usize) -> Call {
    Call { second: Place { directory, text }, ..call }
}

#[cfg(target_arch = "x86_64")]
const ABIS: &[Abi] = &[
    Abi { architecture: 0xC000_003E, calls: x86_64::CALLS, refused: x86_64::REFUSED },
    Abi { architecture: 0x4000_0003, calls: i386::CALLS, refused: i386::REFUSED },
];

#[cfg(target_arch = "aarch64")]
const ABIS: &[Abi] = &[Abi { architecture: 0xC000_00B7, calls: generic::CALLS, refused: generic::REFUSED }];

#[cfg(target_arch = "riscv64")]
const ABIS: &[Abi] = &[Abi { architecture: 0xC000_00F3, calls: generic::CALLS, refused: generic::REFUSED }];

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
const ABIS: &[Abi] = &[];

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::{Action, Call, at, then, under};
    use libc::*;

    pub(super) const CALLS: &[Call] = &[
        // In the order of how often compilers make them: the filter compares one after another.
        at(SYS_readlink, 0, Action::ReadLink),
        under(SYS_newfstatat, 0, Action::Stat { flags: Some(3) }),
        under(SYS_openat, 0, Action::Open { flags: 2 }),
        under(SYS_statx, 0, Action::Stat { flags: Some(2) }),
        at(SYS_access, 0, Action::May { mode: 1, flags: None }),
        at(SYS_open, 0, Action::Open { flags: 1 }),
        at(SYS_stat, 0, Action::Stat { flags: None }),
        at(SYS_lstat, 0, Action::StatLink),
        under(SYS_openat2, 0, Action::OpenHow { how: 2 }),
        at(SYS_creat, 0, Action::Create),
        under(SYS_faccessat, 0, Action::May { mode: 2, flags: None }),
        under(SYS_faccessat2, 0, Action::May { mode: 2, flags: Some(3) }),
        under(SYS_readlinkat, 0, Action::ReadLink),
        at(SYS_execve, 0, Action::Execute { flags: None }),
        under(SYS_execveat, 0, Action::Execute { flags: Some(4) }),
        at(SYS_getdents64, 0, Action::List),
        at(SYS_getdents, 0, Action::List),
        at(SYS_chdir, 0, Action::Enter),
        at(SYS_statfs, 0, Action::Access { flags: None }),
        at(SYS_getxattr, 0, Action::Access { flags: None }),
        at(SYS_lgetxattr, 0, Action::StatLink),
        at(SYS_listxattr, 0, Action::Access { flags: None }),
        at(SYS_llistxattr, 0, Action::StatLink),
        under(464, 0, Action::Access { flags: Some(2) }), // getxattrat
        under(465, 0, Action::Access { flags: Some(2) }), // listxattrat
        under(468, 0, Action::Access { flags: Some(4) }), // file_getattr
        at(SYS_unlink, 0, Action::Remove),
        under(SYS_unlinkat, 0, Action::Remove),
        at(SYS_rmdir, 0, Action::Remove),
        then(at(SYS_rename, 0, Action::Rename { flags: None }), None, 1),
        then(under(SYS_renameat, 0, Action::Rename { flags: None }), Some(2), 3),
        then(under(SYS_renameat2, 0, Action::Rename { flags: Some(4) }), Some(2), 3),
        then(at(SYS_link, 0, Action::HardLink), None, 1),
        then(under(SYS_linkat, 0, Action::HardLink), Some(2), 3),
        at(SYS_symlink, 1, Action::MakeLink),
        under(SYS_symlinkat, 1, Action::MakeLink),
        at(SYS_mkdir, 0, Action::Make),
        under(SYS_mkdirat, 0, Action::Make),
        at(SYS_mknod, 0, Action::Make),
        under(SYS_mknodat, 0, Action::Make),
        at(SYS_truncate, 0, Action::Truncate),
        at(SYS_chmod, 0, Action::Permit),
        under(SYS_fchmodat, 0, Action::Permit),
        under(452, 0, Action::Permit), // fchmodat2
        at(SYS_connect, 0, Action::Connect),
        at(SYS_chroot, 0, Action::Mount),
        at(SYS_pivot_root, 0, Action::Mount),
        at(SYS_mount, 1, Action::Mount),
        at(SYS_umount2, 0, Action::Mount),
        under(SYS_move_mount, 2, Action::Mount),
        at(SYS_setns, 0, Action::Mount),
        at(SYS_unshare, 0, Action::Unshare { flags: 0 }),
    ];

    pub(super) const REFUSED: &[i64] = &[SYS_io_uring_setup, SYS_uselib, SYS_open_by_handle_at];
}

#[cfg(target_arch = "x86_64")]
mod i386 {
    use super::{Action, Call, at, then, under};

    /// From the kernel's `arch/x86/entry/syscalls/syscall_32.tbl`.
    pub(super) const CALLS: &[Call] = &[
        at(85, 0, Action::ReadLink),
        under(300, 0, Action::Stat { flags: Some(3) }), // fstatat64
        under(295, 0, Action::Open { flags: 2 }),
        under(383, 0, Action::Stat { flags: Some(2) }), // statx
        at(33, 0, Action::May { mode: 1, flags: None }),
        at(5, 0, Action::Open { flags: 1 }),
        at(195, 0, Action::Stat { flags: None }), // stat64
        at(196, 0, Action::StatLink),             // lstat64
        at(106, 0, Action::Stat { flags: None }),
        at(107, 0, Action::StatLink),
        at(18, 0, Action::Stat { flags: None }), // oldstat
        at(84, 0, Action::StatLink),             // oldlstat
        under(437, 0, Action::OpenHow { how: 2 }),
        at(8, 0, Action::Create),
        under(307, 0, Action::May { mode: 2, flags: None }),
        under(439, 0, Action::May { mode: 2, flags: Some(3) }),
        under(305, 0, Action::ReadLink),
        at(11, 0, Action::Execute { flags: None }),
        under(358, 0, Action::Execute { flags: Some(4) }),
        at(220, 0, Action::List), // getdents64
        at(141, 0, Action::List),
        at(89, 0, Action::List), // readdir
        at(12, 0, Action::Enter),
        at(99, 0, Action::Access { flags: None }), // statfs
        at(268, 0, Action::Access { flags: None }),
        at(229, 0, Action::Access { flags: None }), // getxattr
        at(230, 0, Action::StatLink),
        at(232, 0, Action::Access { flags: None }), // listxattr
        at(233, 0, Action::StatLink),
        under(464, 0, Action::Access { flags: Some(2) }), // getxattrat
        under(465, 0, Action::Access { flags: Some(2) }), // listxattrat
        under(468, 0, Action::Access { flags: Some(4) }), // file_getattr
        at(10, 0, Action::Remove),
        under(301, 0, Action::Remove),
        at(40, 0, Action::Remove), // rmdir
        then(at(38, 0, Action::Rename { flags: None }), None, 1),
        then(under(302, 0, Action::Rename { flags: None }), Some(2), 3),
        then(under(353, 0, Action::Rename { flags: Some(4) }), Some(2), 3),
        then(at(9, 0, Action::HardLink), None, 1),
        then(under(303, 0, Action::HardLink), Some(2), 3),
        at(83, 1, Action::MakeLink),
        under(304, 1, Action::MakeLink),
        at(39, 0, Action::Make),
        under(296, 0, Action::Make),
        at(14, 0, Action::Make), // mknod
        under(297, 0, Action::Make),
        at(92, 0, Action::Truncate),
        at(193, 0, Action::Truncate), // truncate64
        at(15, 0, Action::Permit),    // chmod
        under(306, 0, Action::Permit),
        under(452, 0, Action::Permit), // fchmodat2
        at(362, 0, Action::Connect),
        at(61, 0, Action::Mount),  // chroot
        at(217, 0, Action::Mount), // pivot_root
        at(21, 1, Action::Mount),
        at(22, 0, Action::Mount), // umount
        at(52, 0, Action::Mount),
        under(429, 2, Action::Mount), // move_mount
        at(346, 0, Action::Mount),    // setns
        at(310, 0, Action::Unshare { flags: 0 }),
    ];

    /// io_uring_setup, uselib, open_by_handle_at.
    pub(super) const REFUSED: &[i64] = &[425, 86, 342];
}

#[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
mod generic {
    use super::{Action, Call, at, then, under};
    use libc::*;

    pub(super) const CALLS: &[Call] = &[
        under(SYS_readlinkat, 0, Action::ReadLink),
        under(SYS_newfstatat, 0, Action::Stat { flags: Some(3) }),
        under(SYS_openat, 0, Action::Open { flags: 2 }),
        under(SYS_statx, 0, Action::Stat { flags: Some(2) }),
        under(SYS_faccessat, 0, Action::May { mode: 2, flags: None }),
        under(SYS_faccessat2, 0, Action::May { mode: 2, flags: Some(3) }),
        under(SYS_openat2, 0, Action::OpenHow { how: 2 }),
        at(SYS_execve, 0, Action::Execute { flags: None }),
        under(SYS_execveat, 0, Action::Execute { flags: Some(4) }),
        at(SYS_getdents64, 0, Action::List),
        at(SYS_chdir, 0, Action::Enter),
        at(SYS_statfs, 0, Action::Access { flags: None }),
        at(SYS_getxattr, 0, Action::Access { flags: None }),
        at(SYS_lgetxattr, 0, Action::StatLink),
        at(SYS_listxattr, 0, Action::Access { flags: None }),
        at(SYS_llistxattr, 0, Action::StatLink),
        under(464, 0, Action::Access { flags: Some(2) }), // getxattrat
        under(465, 0, Action::Access { flags: Some(2) }), // listxattrat
        under(468, 0, Action::Access { flags: Some(4) }), // file_getattr
        under(SYS_unlinkat, 0, Action::Remove),
        then(under(RENAMEAT, 0, Action::Rename { flags: None }), Some(2), 3),
        then(under(SYS_renameat2, 0, Action::Rename { flags: Some(4) }), Some(2), 3),
        then(under(SYS_linkat, 0, Action::HardLink), Some(2), 3),
        under(SYS_symlinkat, 1, Action::MakeLink),
        under(SYS_mkdirat, 0, Action::Make),
        under(SYS_mknodat, 0, Action::Make),
        at(SYS_truncate, 0, Action::Truncate),
        under(SYS_fchmodat, 0, Action::Permit),
        under(452, 0, Action::Permit), // fchmodat2
        at(SYS_connect, 0, Action::Connect),
        at(SYS_chroot, 0, Action::Mount),
        at(SYS_pivot_root, 0, Action::Mount),
        at(SYS_mount, 1, Action::Mount),
        at(SYS_umount2, 0, Action::Mount),
        under(SYS_move_mount, 2, Action::Mount),
        at(SYS_setns, 0, Action::Mount),
        at(SYS_unshare, 0, Action::Unshare { flags: 0 }),
    ];

    /// RISC-V never had it, and never will: the number is taken.
    const RENAMEAT: i64 = 38;

    pub(super) const REFUSED: &[i64] = &[SYS_io_uring_setup, SYS_open_by_handle_at];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_in_a_table_twice() {
        for abi in abis() {
            let mut numbers: Vec<i64> =
                abi.calls.iter().map(|call| call.number).chain(abi.refused.iter().copied()).collect();
            numbers.sort_unstable();
            let count = numbers.len();
            numbers.dedup();
            assert_eq!(count, numbers.len(), "{:x}", abi.architecture);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_32_bit_program_can_do_nothing_more_than_the_table_of_64_bits_has() {
        let actions = |abi: &Abi| {
            let mut actions: Vec<String> =
                abi.calls.iter().map(|call| format!("{:?}", call.action)).collect();
            actions.sort();
            actions.dedup();
            actions
        };
        assert_eq!(actions(&abis()[0]), actions(&abis()[1]));
    }
}
