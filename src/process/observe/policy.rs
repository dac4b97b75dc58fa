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

/// Whose looks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Whose {
    /// Everybody's.
    #[default]
    All,
    /// Those of what the command starts. Of the command itself only what it writes is written down: it says by other means what
    /// it read, as cargo does.
    Started,
}

/// How a command is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Policy {
    /// See [`Links`].
    pub(crate) links: Links,
    /// See [`Whose`].
    pub(crate) whose: Whose,
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
