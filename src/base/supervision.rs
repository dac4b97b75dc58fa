//! Supervision of an operation: what may stop it, and what its children may use.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::cancel::Cancel;
use crate::base::resource_limits::ResourceLimits;

/// Who may stop an operation, until when it may go on, and the limits of what it starts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Supervision {
    /// The caller's token.
    pub(crate) cancel: Option<Cancel>,
    /// What an event listener stops.
    pub(crate) own: Option<Cancel>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) limits: ResourceLimits,
    /// Whether children stay in the process group of this process: where a person's keys reach both, as on a terminal.
    pub(crate) shares_group: bool,
    /// What children are confined to, if they may not do everything.
    pub(crate) confinement: Option<Arc<Confinement>>,
}

/// What a confined child may do: nothing on a network, and with files this besides reading those of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Confinement {
    pub(crate) reads: Vec<PathBuf>,
    pub(crate) writes: Vec<PathBuf>,
    /// Whether of the system's configuration only that of the linker may be read.
    pub(crate) is_narrow: bool,
}

/// Why an operation was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    Deadline,
    /// It printed more than it may.
    Output,
}

impl Supervision {
    /// Why the operation may not go on, if so.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        if self.tokens().any(Cancel::is_cancelled) {
            return Some(Stop::Cancelled);
        }
        self.deadline.is_some_and(|deadline| deadline <= Instant::now()).then_some(Stop::Deadline)
    }

    /// What cancels it.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Cancel> {
        self.cancel.iter().chain(&self.own)
    }

    /// Stops it, as an event listener wishes.
    pub(crate) fn stop(&self) {
        self.own.iter().for_each(Cancel::cancel);
    }

    /// How long the operation may still take.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Stop::Cancelled => "cancelled",
            Stop::Deadline => "the deadline has passed",
            Stop::Output => "it printed more than its limit",
        })
    }
}

impl std::error::Error for Stop {}

impl From<Stop> for std::io::Error {
    fn from(stop: Stop) -> std::io::Error {
        std::io::Error::other(stop)
    }
}
