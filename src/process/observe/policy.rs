//! How a command is observed, and why it was not started.

use std::fmt;
use std::io;

use crate::process::observe::unavailable::Unavailable;

/// Whether reading a link is a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Links {
    /// Each is one.
    #[default]
    Seen,
    /// Only links that the kernel follows are seen, not those that a program reads. realpath(3) reads every component of a
    /// path, which is half of all that gcc and rustc do with paths.
    ///
    /// It is enough for programs that look at a path as it is spelled, too, and those only: whoever opens nothing but what
    /// realpath(3) gave is not seen to depend on the links. [`Observed::programs`](crate::process::observe::observed::Observed::programs) says who ran.
    Followed,
}

/// What becomes of programs that still run when the command has ended: servers that it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Leftovers {
    /// They go on; a small process answers for them as long as they live.
    #[default]
    Leave,
    /// They are killed.
    Kill,
}

/// How a command is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Policy {
    /// See [`Leftovers`].
    pub(crate) leftovers: Leftovers,
    /// See [`Links`].
    pub(crate) links: Links,
    /// Whether the command is killed when the *thread* that starts it ends, however that happens. What the command started
    /// then fails at its next look at a file. Only for a thread that waits for the command.
    pub(crate) die_with_thread: bool,
}

/// Why a command was not started.
#[derive(Debug)]
pub(crate) enum StartError {
    /// It cannot be observed; started as it is, it may well run.
    Unavailable(Unavailable),
    /// It cannot be started at all.
    Spawn(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Unavailable(reason) => reason.fmt(formatter),
            StartError::Spawn(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for StartError {}
