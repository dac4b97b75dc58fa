//! Who sets a file's change time: the kernel, a server, or whoever made the file system.
//!
//! A stamp stands for content because no program can set a change time. That is so on the file systems of a machine's own
//! disks. An image (squashfs, erofs) has the times that its maker gave it, and another image with the same times may be
//! mounted in its place. Over a network the times come from a server: an NFS server's kernel sets them as ours does, by a
//! clock that may be slow; sshfs and its like have no change time and show the modification time, which `cp -p` sets. What is
//! on no list is of the last kind: its files are compared by content.

#[cfg(target_os = "linux")]
use std::path::Path;

/// Where change times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeTimes {
    /// This machine's kernel, by its clock.
    Kernel,
    /// What lies below an overlay: the kernel, or an image, whose times are usually whole seconds.
    Below,
    /// A server's kernel, by another clock.
    Server,
    /// Anybody.
    Anybody,
}

/// File systems by the numbers that `statfs(2)` lists.
#[cfg(target_os = "linux")]
const KNOWN: &[(u32, ChangeTimes)] = &[
    (0xef53, ChangeTimes::Kernel),      // ext2, ext3, ext4
    (0x5846_5342, ChangeTimes::Kernel), // XFS
    (0x9123_683e, ChangeTimes::Kernel), // Btrfs
    (0x0102_1994, ChangeTimes::Kernel), // tmpfs
    (0x8584_58f6, ChangeTimes::Kernel), // ramfs
    (0xf2f5_2010, ChangeTimes::Kernel), // F2FS
    (0x2fc1_2fc1, ChangeTimes::Kernel), // ZFS
    (0xca45_1a4e, ChangeTimes::Kernel), // bcachefs
    (0x3153_464a, ChangeTimes::Kernel), // JFS
    (0x5265_4973, ChangeTimes::Kernel), // ReiserFS
    (0x3434, ChangeTimes::Kernel),      // NILFS
    (0x7461_636f, ChangeTimes::Kernel), // OCFS2
    (0xf15f, ChangeTimes::Kernel),      // eCryptfs
    (0x9fa0, ChangeTimes::Kernel),      // proc
    (0x6265_6572, ChangeTimes::Kernel), // sysfs
    (0x794c_7630, ChangeTimes::Below),  // overlayfs
    (0x6969, ChangeTimes::Server),      // NFS
];

/// Where the change times of a file or directory come from.
#[cfg(target_os = "linux")]
pub(crate) fn change_times(path: &Path) -> ChangeTimes {
    let Ok(found) = rustix::fs::statfs(path) else { return ChangeTimes::Anybody };
    // Signed on some machines, and of other widths: the lower 32 bits are the list's.
    #[allow(clippy::unnecessary_cast)]
    let number = found.f_type as u32;
    KNOWN.iter().find(|(known, _)| *known == number).map_or(ChangeTimes::Anybody, |(_, times)| *times)
}

/// Other systems do not number them; their disks are taken to be the machine's own.
#[cfg(not(target_os = "linux"))]
pub(crate) fn change_times(_path: &std::path::Path) -> ChangeTimes {
    ChangeTimes::Kernel
}
