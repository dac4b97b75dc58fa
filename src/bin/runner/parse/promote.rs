//! `runner upgrade` on the command line.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::{DebugOptions, Options, Result, Verbosity, usage_error};

use crate::parse::command::Command;
use crate::parse::positional::words;

/// What follows the word `upgrade`. What is built, and how, its receipt says; so only these options are left.
pub(crate) fn upgrade(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let all = parser.contains("--all");
    let (quiet, verbose) = (parser.contains(["-q", "--quiet"]), parser.contains(["-v", "--verbose"]));
    let debug = DebugOptions { is_dry_run: parser.contains("--dry-run"), ..DebugOptions::default() };
    let options = Options {
        debug,
        force: parser.contains("--force"),
        offline: parser.contains("--offline"),
        verbosity: match (quiet, verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        },
        ..Options::default()
    };
    let mut names = words(parser, "upgrade", None)?;
    names.extend(plain);
    if all && !names.is_empty() {
        return Err(usage_error("`--all` and names cannot be used together").with_hint("give one of them"));
    }
    Ok(Command::Upgrade { names, options })
}
