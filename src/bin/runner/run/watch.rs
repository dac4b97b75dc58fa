//! What `runner watch` shows: errors always, and on a terminal what it is waiting for.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;

use runner::{Options, Result, Runner, Script, Verbosity, WatchEvent, WatchMode, WatchOptions, printable};

use crate::print::{self, tell};

pub(crate) fn watch(
    runner: &Runner,
    script: &Script,
    arguments: &[OsString],
    how: &WatchOptions,
    clears: bool,
    options: &Options,
) -> Result<u8> {
    let is_told = print::err().is_terminal() && options.verbosity > Verbosity::Quiet
        || options.verbosity == Verbosity::Verbose;
    let name = printable(&script.display_name()).into_owned();
    let say = |text: String| {
        if is_told {
            let _ = writeln!(print::err(), "runner: {name}: {text}");
        }
    };
    let clear = || {
        if clears && print::out().is_terminal() {
            let mut out = print::out().lock();
            let _ = out.write_all(b"\x1b[2J\x1b[3J\x1b[H").and_then(|()| out.flush());
        }
    };
    runner.watch(script, options, how, arguments, &|event| match event {
        WatchEvent::Starting(is_first) => {
            clear();
            if !is_first {
                say("changed; starting again".to_owned());
            }
        }
        WatchEvent::Failed(error) => {
            if how.mode == WatchMode::Check {
                clear();
            }
            tell(error);
        }
        WatchEvent::Checked => {
            clear();
            say("no errors; waiting for a change".to_owned());
        }
        WatchEvent::Ended(status) => {
            let how = match (status.code(), status.signal()) {
                (Some(code), _) => format!("exited {code}"),
                (None, signal) => format!("killed by signal {}", signal.unwrap_or_default()),
            };
            say(format!("{how}; waiting for a change"));
        }
        WatchEvent::Polling(error) => {
            let _ = writeln!(
                print::err(),
                "runner: {name}: the system cannot watch more files ({error}); they are looked at every second\n  \
                 hint: `sysctl fs.inotify.max_user_watches` shows the limit"
            );
        }
        _ => {}
    })
}
