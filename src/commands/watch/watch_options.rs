//! `WatchOptions`: how a script is watched, and the events of a watch.

use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use crate::base::error::Error;

/// What is done when something has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchMode {
    /// The script is run.
    Run,
    /// Its tests are.
    Test,
    /// It is checked.
    Check,
}

/// How a script is watched.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// What is done.
    pub mode: WatchMode,
    /// Whether the end of the program is the end of the watch.
    pub once: bool,
    /// What the shell is given in place of the script, with the new program as its `$0`.
    pub on_change: Option<OsString>,
    /// The signal by which a program is ended, as the system numbers it.
    pub signal: i32,
    /// How long it is given to end.
    pub grace: Duration,
    /// Whether files are looked at every second instead of asking the system to tell of changes.
    pub poll: bool,
}

impl Default for WatchOptions {
    /// Runs it until the watch is ended; a program is given five seconds after SIGTERM.
    fn default() -> WatchOptions {
        let (signal, grace) = (libc::SIGTERM, Duration::from_secs(5));
        WatchOptions { mode: WatchMode::Run, once: false, on_change: None, signal, grace, poll: false }
    }
}

/// What a watch tells of.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchEvent<'a> {
    /// A program is about to start; whether it is the first.
    Starting(bool),
    /// The script could not be read or built. A program that runs goes on.
    Failed(&'a Error),
    /// A check found nothing.
    Checked,
    /// The program has ended by itself.
    Ended(ExitStatus),
    /// The system cannot tell of changes; files are looked at every second.
    Polling(&'a io::Error),
}
