//! What the command line shows of the engine's events.
//!
//! On a pipe nothing is shown of a build that succeeds. On a terminal a line appears when something takes longer than half a
//! second: cargo's own bar for dependencies, a spinner with the elapsed time for the script; it is erased when done. What a
//! compiler prints is shown untouched: always when it failed, on a terminal also when it only warned.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use runner::command_line::printable;
use runner::{Event, Settings, Verbosity};

use crate::print;

/// What takes less than this is over before a person has looked.
const QUIET: Duration = Duration::from_millis(500);
/// When a reader of a log is told that something is being built, and how often after that.
const FIRST_LINE: Duration = Duration::from_secs(5);
const NEXT_LINE: Duration = Duration::from_secs(30);

/// The standard error as a person or a log reads it.
pub(crate) struct Terminal {
    is_terminal: bool,
    /// Whether a log is told of what takes long.
    tells_log: bool,
    /// The line that is erased when done.
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    frame: usize,
    is_shown: bool,
    /// In a log: when the first command began, and when that was last told.
    began: Option<Instant>,
    told: Option<Instant>,
}

impl Terminal {
    pub(crate) fn of_process(settings: &Settings) -> Terminal {
        let progress = settings.value("RUNNER_PROGRESS").unwrap_or_default();
        let tells_log = !["0", "false", "off", "no"].iter().any(|off| progress == *off);
        Terminal { is_terminal: print::err().is_terminal(), tells_log, progress: Mutex::default() }
    }

    /// Shows an event, if it is for this reader. Nobody to tell is no reason to stop.
    pub(crate) fn show(&self, event: &Event<'_>, verbosity: Verbosity) {
        let is_verbose = verbosity >= Verbosity::Verbose;
        let is_watched = self.is_terminal && verbosity > Verbosity::Quiet;
        let is_told = is_watched || is_verbose;
        match event {
            Event::Warning { text, hint } => {
                say(text);
                if let Some(hint) = hint {
                    let _ = writeln!(print::err(), "  hint: {}", printable(hint));
                }
            }
            Event::Note { script, text, is_late } if is_told != *is_late => {
                say(&format!("{script}: note: {text}"));
            }
            Event::Detail { text } => say(text),
            Event::Waiting { script, pid } => {
                let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
                say(&format!("{script}: waiting for {who} to compile it"));
            }
            Event::Diagnostics { text, failed, .. } if *failed || is_told => {
                let _ = print::err().write_all(text);
            }
            Event::Status { text } => {
                self.erase();
                let _ = writeln!(print::err(), "{}", printable(text));
            }
            Event::Working { label, elapsed, progress } if is_watched && *elapsed >= QUIET => {
                self.draw(label, *elapsed, *progress);
            }
            Event::Working { label, .. }
                if !self.is_terminal && self.tells_log && verbosity > Verbosity::Quiet =>
            {
                self.tell_log(label);
            }
            Event::Idle => self.erase(),
            Event::Log { text } => {
                let _ = print::err().lock().write_all(text);
            }
            Event::Output { text } => {
                let _ = print::out().write_all(text);
            }
            _ => {}
        }
    }

    /// Tells a log that it takes long: what is done, and since when there is nothing to be seen.
    fn tell_log(&self, label: &str) {
        let Ok(mut line) = self.progress.lock() else { return };
        let now = Instant::now();
        let began = *line.began.get_or_insert(now);
        let is_due = match line.told {
            None => now - began >= FIRST_LINE,
            Some(told) => now - told >= NEXT_LINE,
        };
        if is_due {
            line.told = Some(now);
            say(&format!("{label}, {} s so far", (now - began).as_secs()));
        }
    }

    fn draw(&self, label: &str, elapsed: Duration, progress: Option<&str>) {
        let Ok(mut line) = self.progress.lock() else { return };
        line.frame += 1;
        let text = match progress {
            Some(text) => text.to_owned(),
            None => {
                let spinner = ["|", "/", "-", "\\"][line.frame % 4];
                format!("{spinner} {label} {:.1}s", elapsed.as_secs_f32())
            }
        };
        // One that is wider than the window would go on in the next line, and not be erased.
        let mut room = columns().saturating_sub(1);
        let fits = |c: &char| {
            let width = if c.is_ascii() { 1 } else { 2 };
            room = room.saturating_sub(width);
            room > 0 || width == 1
        };
        let text: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(columns().saturating_sub(1))
            .take_while(fits)
            .collect();
        let _ = write!(print::err(), "\r{text}\x1b[K");
        let _ = print::err().flush();
        line.is_shown = true;
    }

    fn erase(&self) {
        let Ok(mut line) = self.progress.lock() else { return };
        if std::mem::take(&mut line.is_shown) {
            let _ = write!(print::err(), "\r\x1b[K");
            let _ = print::err().flush();
        }
    }
}

fn say(text: &str) {
    let _ = writeln!(print::err(), "runner: {}", printable(text));
}

/// Columns of the terminal now: a window may have been made narrower.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(print::err()).ok();
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80)
}
