//! The results of an observation: the paths that a command and everything it started looked at and changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::store::stamp::Moment;

/// What was observed of a command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// What was looked at that the command had not made itself, in the order of the first look.
    pub(crate) looks: Vec<Look>,
    /// What the command made, wrote, renamed or removed, in the order of the first change.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) written: Vec<Written>,
    /// Executables that looked at anything, in the order of their first look; first the command as it was given.
    pub(crate) programs: Vec<Arc<Path>>,
    /// Servers it talked to. What they read is not observed.
    pub(crate) servers: Vec<Server>,
    /// What could not be observed. If there is any, the looks are not all.
    pub(crate) gaps: Vec<Gap>,
    /// How many calls were seen.
    #[allow(dead_code)] // For measuring.
    pub(crate) calls: u64,
    /// Whether something that it started still ran when it had ended.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) left_running: bool,
}

impl Observed {
    /// Adds what was observed of the same command when it ran once more.
    pub(crate) fn add(&mut self, more: Observed) {
        let paths: Vec<PathBuf> = self.looks.iter().map(|look| look.path.clone()).collect();
        let places: FxHashMap<&[u8], u64> =
            paths.iter().map(|path| path.as_os_str().as_encoded_bytes()).zip(0..).collect();
        for look in more.looks {
            let place = places.get(look.path.as_os_str().as_encoded_bytes());
            let known = place.and_then(|place| self.looks.get_mut(*place as usize));
            match known {
                Some(known) if matches!(known.what, What::Existence | What::Metadata) => *known = look,
                Some(known) => known.disturbed |= look.disturbed,
                None => self.looks.push(look),
            }
        }
        self.written.extend(more.written);
        self.programs.extend(more.programs);
        self.servers.extend(more.servers);
        self.gaps.extend(more.gaps);
    }
}

/// One path that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// Absolute; links in it were followed, and each is a look of its own.
    pub(crate) path: PathBuf,
    /// What was seen.
    pub(crate) what: What,
    /// Who looked first, or deepest: the path of its executable.
    pub(crate) program: Arc<Path>,
    /// When: what happened to a file before is older, and what happens from then on is not.
    pub(crate) at: Moment,
    /// Whether somebody opened it, or wanted to.
    pub(crate) opened: bool,
    /// As it was when the command had ended; `None` if nothing was there at the first look.
    pub(crate) stamp: Option<Stamp>,
    /// Whether the command changed it after it had looked.
    pub(crate) rewritten: bool,
    /// Whether somebody else changed it since the first look, or may have.
    pub(crate) disturbed: bool,
}

/// What was seen of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A file that was opened, or executed: its content is an input.
    Content,
    /// A file whose size and times were asked, and that was not opened. A tool that goes by times reads nothing of what it
    /// deems unchanged, so its content is an input, too.
    Metadata,
    /// Something of which only the existence and kind (file or directory) was asked, or a directory that was passed or opened.
    Existence,
    /// A directory whose names were read.
    Listing {
        /// Whether the command itself made or removed names in it.
        own_names: bool,
    },
    /// A link, followed or read.
    Link {
        /// Its text; empty of a directory that a path left by `..`, and that is no link.
        target: PathBuf,
    },
    /// Nothing was there.
    Absent {
        /// The first part of the path that does not exist.
        missing: PathBuf,
    },
    /// It cannot be told what is there: a directory on the way cannot be searched, or links go round.
    Unreachable {
        /// The first part of the path that cannot be looked at.
        missing: PathBuf,
    },
}

/// Identity, size and times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Of the file system.
    pub(crate) device: u64,
    /// Number on it.
    pub(crate) inode: u64,
    /// In bytes.
    pub(crate) size: u64,
    /// Seconds and nanoseconds since 1970 of the last change of its content.
    pub(crate) modified: (i64, i64),
    /// Of the last change of anything.
    pub(crate) changed: (i64, i64),
    /// Whether it is a directory.
    pub(crate) directory: bool,
}

/// One path that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// Absolute, without links.
    pub(crate) path: PathBuf,
    /// Who changed it first.
    pub(crate) program: Arc<Path>,
    /// Whether something was there before.
    pub(crate) existed: bool,
    /// Whether something is there now.
    pub(crate) exists: bool,
}

/// A server that was talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// Path of a Unix socket, `@name` of an abstract one, or address and port.
    pub(crate) address: String,
    /// Who talked to it.
    pub(crate) program: Arc<Path>,
}

/// Something that could not be observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Who did it.
    pub(crate) program: Arc<Path>,
    /// What it did.
    pub(crate) reason: GapReason,
}

/// Why something could not be observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GapReason {
    /// Its memory could not be read, so that the path is not known.
    Memory,
    /// It changed which files paths name (mount, chroot, a namespace).
    Namespace,
    /// It is a program of an architecture whose calls are not known.
    Architecture,
    /// It is in a process namespace that we do not see.
    Process,
    /// It read a pipe with a name, whose other end is somebody else's.
    Pipe,
}
