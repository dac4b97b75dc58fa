//! `runner watch`. It shows errors always, and on a terminal what it is waiting for.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;

use runner::command_line::{WatchEvent, WatchMode, WatchOptions, printable, usage_error};
use runner::{Options, Result, Runner, Script, Verbosity};

use crate::action::Action;
use crate::parse::values::{path, text};
use crate::print::{self, tell};
use crate::run::execution::{Behind, behind_options};
use crate::run::script::read;

/// Signals that end a program, by their names.
const SIGNALS: &[(&str, i32)] = &[
    ("TERM", libc::SIGTERM),
    ("INT", libc::SIGINT),
    ("HUP", libc::SIGHUP),
    ("QUIT", libc::SIGQUIT),
    ("USR1", libc::SIGUSR1),
    ("USR2", libc::SIGUSR2),
    ("KILL", libc::SIGKILL),
];

/// What stands before the script, and what follows it.
pub(crate) fn parse(options: Vec<OsString>, script: Vec<OsString>) -> Result<Action> {
    let taken = behind_options("watch", options, script, |parser| {
        let (tests, checks) = (parser.contains("--test"), parser.contains("--check"));
        let (once, poll, clears) =
            (parser.contains("--once"), parser.contains("--poll"), parser.contains("--clear"));
        let signal = text(parser, "--signal")?.map_or(Ok(libc::SIGTERM), |name| signal(&name))?;
        let grace = text(parser, "--grace")?.map_or(Ok(Duration::from_secs(5)), |text| seconds(&text))?;
        let on_change = path(parser, "--on-change")?.map(PathBuf::into_os_string);
        let mode = match (tests, checks) {
            _ if on_change.is_some() && (tests || checks) => {
                return Err(usage_error("`--on-change` cannot be used together with `--test` or `--check`")
                    .with_hint("give one of them"));
            }
            (false, false) => WatchMode::Run,
            (true, false) => WatchMode::Test,
            (false, true) => WatchMode::Check,
            (true, true) => {
                return Err(usage_error("`--test` and `--check` cannot be used together")
                    .with_hint("give one of them"));
            }
        };
        Ok((WatchOptions { mode, once, on_change, signal, grace, poll }, clears))
    })?;
    let (behind, (how, clears)) = match taken {
        Ok(taken) => taken,
        Err(help) => return Ok(help),
    };
    Ok(Box::new(move |call| {
        let Behind { script, arguments, options } = &behind;
        watch(&call.runner, &read(&call.runner, script, options)?, arguments, &how, clears, options)
    }))
}

fn signal(name: &str) -> Result<i32> {
    let plain = name.to_ascii_uppercase();
    let plain = plain.strip_prefix("SIG").unwrap_or(&plain);
    let known = SIGNALS.iter().find(|(known, _)| *known == plain);
    known.map(|(_, number)| *number).ok_or_else(|| {
        let names: Vec<&str> = SIGNALS.iter().map(|(name, _)| *name).collect();
        usage_error(format!("unknown signal `{name}`")).with_hint(format!("one of {}", names.join(", ")))
    })
}

fn seconds(text: &str) -> Result<Duration> {
    let seconds =
        text.trim_end_matches('s').parse::<f64>().ok().filter(|seconds| (0.0..86_400.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        usage_error(format!("`--grace {text}` is not a number of seconds"))
            .with_hint("for example `--grace 10`")
    })
}

fn watch(
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
