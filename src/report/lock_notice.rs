//! The notice that another process is building the same script.

use std::time::Duration;

use crate::report::event::Event;
use crate::report::reporter::Reporter;
use crate::script::script_file::Script;
use crate::store::lock::{Holder, Patience};

/// On a terminal a person is told after a second; in a log, when it is worth a line.
const TELL_PERSON: Duration = Duration::from_secs(1);
const TELL_LOG: Duration = Duration::from_secs(30);
/// How long a stopped builder is given to be continued.
const STOPPED: Duration = Duration::from_secs(5);

/// Tells whom a run waits for, once, and gives up on a builder that was stopped.
pub(crate) fn patiently<'a>(
    reporter: &'a Reporter,
    script: &'a Script,
) -> impl FnMut(Duration, Holder) -> Patience + 'a {
    let mut told = false;
    let mut stopped_since: Option<Duration> = None;
    move |elapsed, holder| {
        if reporter.supervision().stopped().is_some() {
            return Patience::Stop;
        }
        let name = script.display_name();
        let who = holder.pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
        stopped_since = holder.stopped.then(|| stopped_since.unwrap_or(elapsed));
        if stopped_since.is_some_and(|since| elapsed - since >= STOPPED) {
            reporter.warn(&format!("{name}: {who}, which is compiling it, is stopped; compiling without it"));
            return Patience::GoOn;
        }
        if !told && elapsed >= if reporter.columns().is_some() { TELL_PERSON } else { TELL_LOG } {
            told = true;
            reporter.send(&Event::Waiting { script: &name, pid: holder.pid });
        }
        Patience::Wait
    }
}
