//! Where a path leads, and what was there.

use crate::process::observe::kernel::Status;
use crate::process::observe::observed::Stamp;
use crate::store::stamp::Moment;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Present(Status),
    /// Nothing, from the first so many bytes of the path on.
    Absent {
        missing: usize,
    },
    /// It cannot be told, from the first so many bytes of the path on.
    Unreachable {
        missing: usize,
    },
}

impl State {
    /// Waits for the tick to end in which a file was written: it may be written once more in it and have the same stamp, so
    /// nobody reads it before. Not for ever, if it is written all the time.
    pub(super) fn settle(&self) {
        if let State::Present(status) = self {
            changed(status).pass();
        }
    }
}

/// A link that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Followed {
    pub(crate) path: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) status: Status,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// Absolute, without links as far as it exists.
    pub(crate) path: Vec<u8>,
    pub(crate) state: State,
    pub(crate) links: Vec<Followed>,
    /// Directories that `..` led out of: each must be there, and be no link.
    pub(crate) left: Vec<Vec<u8>>,
    /// Whether the build made it.
    pub(crate) product: bool,
    /// What the build was about to change that it is, or is in; it is not yet known whether that succeeded.
    pub(crate) pending: Option<Vec<u8>>,
    /// Whether it is the kernel's own state, a device, or something else that is not kept on a disk.
    pub(crate) kernel: bool,
}

/// A path that the build changes.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// What was there; `None` if nothing.
    pub(crate) before: Option<Status>,
    /// When, counted in looks and writes.
    pub(crate) order: u64,
    pub(crate) program: u32,
    /// Whether it is known that the change was made: that the call that was to make it succeeded.
    pub(crate) made: bool,
}

impl Resolved {
    pub(super) fn new() -> Resolved {
        Resolved {
            path: Vec::new(),
            state: State::Unreachable { missing: 0 },
            links: Vec::new(),
            left: Vec::new(),
            product: false,
            pending: None,
            kernel: false,
        }
    }

    /// The end of a way; what was not walked is added as it is spelled.
    pub(super) fn ended(mut self, state: State, mut at: Vec<u8>, rest: &[u8], position: usize) -> Resolved {
        let mut position = position;
        while let Some((start, end)) = component(rest, position) {
            position = end;
            let name = rest.get(start..end).unwrap_or_default();
            if name != b"." {
                at.push(b'/');
                at.extend_from_slice(name);
            }
        }
        if at.is_empty() {
            at.push(b'/');
        }
        self.kernel |= in_devices(&at);
        self.path = at;
        self.state = state;
        self
    }
}

/// The next component from `position` on.
pub(super) fn component(path: &[u8], position: usize) -> Option<(usize, usize)> {
    let start = position + path.get(position..)?.iter().position(|byte| *byte != b'/')?;
    let length = path.get(start..)?.iter().position(|byte| *byte == b'/');
    let end = length.map_or(path.len(), |length| start + length);
    Some((start, end))
}

pub(crate) fn is(status: &Status, kind: libc::mode_t) -> bool {
    status.mode & libc::S_IFMT == kind
}

/// Devices are hardware, whatever their file system says; `/dev/shm` is an ordinary directory.
pub(super) fn in_devices(path: &[u8]) -> bool {
    (path == b"/dev" || path.starts_with(b"/dev/")) && path != b"/dev/shm" && !path.starts_with(b"/dev/shm/")
}

/// Whether something was made, removed, replaced or written.
pub(crate) fn differs(before: Option<Status>, now: Option<Status>) -> bool {
    match (before, now) {
        (None, None) => false,
        (Some(before), Some(now)) => {
            (before.device, before.inode, before.mode & libc::S_IFMT)
                != (now.device, now.inode, now.mode & libc::S_IFMT)
                // Files come and go in a directory that stays.
                || (!is(&now, libc::S_IFDIR) && (before.size, before.modified) != (now.size, now.modified))
        }
        _ => true,
    }
}

/// When a file was last written, replaced or touched.
pub(super) fn changed(status: &Status) -> Moment {
    Moment::from_unix(status.changed.0, status.changed.1)
}

/// The stamp of what is there.
pub(super) fn stamp(status: &Status) -> Stamp {
    Stamp {
        device: status.device,
        inode: status.inode,
        size: status.size,
        modified: status.modified,
        changed: status.changed,
        directory: is(status, libc::S_IFDIR),
    }
}
