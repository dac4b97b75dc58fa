//! Events that the engine sends while it works. The library writes to no stream; who embeds it, or the
//! command line, decides what of these a person sees.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::diagnostic::Diagnostic;
use crate::request::options::Verbosity;

/// Something that happened while a script was looked up, built or run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Something is not as it should be, and the work goes on.
    Warning {
        /// One line.
        text: &'a str,
        /// What would mend it.
        hint: Option<&'a str>,
    },
    /// What the author of a script should know, though it runs.
    Note {
        /// The script as it was typed.
        script: &'a str,
        /// One line.
        text: &'a str,
        /// Whether the build has failed since the note was reported for the first time.
        is_late: bool,
    },
    /// A step of the work; only where [`Verbosity::Verbose`] is asked for.
    Detail {
        /// One line.
        text: &'a str,
    },
    /// What a compiler or cargo printed, with its colors if the environment has a terminal.
    Diagnostics {
        /// The text, untouched.
        text: &'a [u8],
        /// Whether the command failed.
        failed: bool,
        /// The same as data, as far as it came as data: rustc's and clippy's messages.
        diagnostics: &'a [Diagnostic],
    },
    /// The script is being built by another process.
    Waiting {
        /// The script as it was typed.
        script: &'a str,
        /// The process that builds it, if that is known.
        pid: Option<u32>,
    },
    /// A command is running. Reported ten times a second, and whenever its progress changes.
    Working {
        /// What is done, for a person: `compiling report`.
        label: &'a str,
        /// How long the command has been running.
        elapsed: Duration,
        /// The latest progress of cargo's, if it printed any.
        progress: Option<&'a str>,
    },
    /// A status line of cargo's; only where [`Verbosity::Verbose`] is asked for.
    Status {
        /// One line.
        text: &'a str,
    },
    /// The command that was [`Event::Working`] has ended.
    Idle,
    /// What a formatter prints: a diff, the names of files, or the formatted text. It belongs on the standard output.
    Output {
        /// The text.
        text: &'a [u8],
    },
    /// Lines of the command log (`-x`, `--work`) or of the time report (`--timings`), each with its line end.
    Log {
        /// The lines.
        text: &'a [u8],
    },
    /// A build in the background was started, for the release binary of a provisional one.
    BackgroundStarted {
        /// The script as it was typed.
        script: &'a str,
    },
}

/// The function that is given each event, and how much of it was asked for.
#[derive(Clone)]
pub(crate) struct EventSink(Arc<Listener>);

type Listener = dyn Fn(&Event<'_>, Verbosity) -> Flow + Send + Sync;

/// What a listener wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Flow {
    /// Go on.
    Go,
    /// Stop the operation that sent the event, as a cancellation does.
    Stop,
}

impl EventSink {
    pub(crate) fn new(sink: impl Fn(&Event<'_>, Verbosity) -> Flow + Send + Sync + 'static) -> EventSink {
        EventSink(Arc::new(sink))
    }

    pub(crate) fn send(&self, event: &Event<'_>, verbosity: Verbosity) -> Flow {
        (self.0)(event, verbosity)
    }
}

/// Nobody listens.
impl Default for EventSink {
    fn default() -> EventSink {
        EventSink::new(|_, _| Flow::Go)
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EventSink")
    }
}
