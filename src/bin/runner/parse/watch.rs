//! `runner watch` on the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use runner::{Result, WatchMode, WatchOptions, usage_error};

use crate::parse::command::Command;
use crate::parse::options::common;
use crate::parse::positional::{no_more, words};
use crate::parse::split::{help_or_version, parser};
use crate::parse::values::{path, text};

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
pub(crate) fn parse(options: Vec<OsString>, script: Vec<OsString>) -> Result<Command> {
    if let Some(Command::Help(_)) = help_or_version(&options) {
        return Ok(Command::Help(Some("watch".to_owned())));
    }
    let mut parser = parser(options);
    let (tests, checks) = (parser.contains("--test"), parser.contains("--check"));
    let (once, poll, clears) =
        (parser.contains("--once"), parser.contains("--poll"), parser.contains("--clear"));
    let signal = text(&mut parser, "--signal")?.map_or(Ok(libc::SIGTERM), |name| signal(&name))?;
    let grace = text(&mut parser, "--grace")?.map_or(Ok(Duration::from_secs(5)), |text| seconds(&text))?;
    let on_change = path(&mut parser, "--on-change")?.map(PathBuf::into_os_string);
    let mode = match (tests, checks) {
        _ if on_change.is_some() && (tests || checks) => {
            return Err(usage_error("`--on-change` cannot be used together with `--test` or `--check`")
                .with_hint("give one of them"));
        }
        (false, false) => WatchMode::Run,
        (true, false) => WatchMode::Test,
        (false, true) => WatchMode::Check,
        (true, true) => {
            return Err(
                usage_error("`--test` and `--check` cannot be used together").with_hint("give one of them")
            );
        }
    };
    let mut options = common(&mut parser, "watch")?;
    no_more(words(parser, "watch", Some(&mut options))?, "watch")?;
    let mut script = script.into_iter();
    let word = script
        .next()
        .ok_or_else(|| usage_error("`watch` needs a script").with_hint("`runner watch SCRIPT [ARGS]...`"))?;
    let how = WatchOptions { mode, once, on_change, signal, grace, poll };
    Ok(Command::Watch { script: word, arguments: script.collect(), how, clears, options })
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
