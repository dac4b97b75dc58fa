//! The script of a subcommand, and the profile of what is handed on.

use std::ffi::OsStr;

use runner::{Error, Kind, Options, Result, Runner, Script, Step};

use crate::commands;

/// Reads a script.
pub(crate) fn read(runner: &Runner, script: &OsStr) -> Result<Script> {
    Script::read(script, runner.environment()).map_err(|error| perhaps_a_subcommand(error, script))
}

/// A missing script whose name is nearly a subcommand's was probably meant as one.
fn perhaps_a_subcommand(error: Error, script: &OsStr) -> Error {
    let name = script.to_string_lossy();
    let similar =
        commands::COMMANDS.iter().map(|command| command.name).find(|known| runner::is_similar(known, &name));
    match similar {
        Some(known)
            if error.step() == Step::Script && error.kind() == Kind::NotFound && !name.contains('/') =>
        {
            error.with_hint(format!("there is a subcommand `{known}`"))
        }
        _ => error,
    }
}

/// What is handed on is release unless told otherwise, whatever the script asks for its own runs.
pub(crate) fn with_release(options: Options) -> Options {
    Options { profile: options.profile.or_else(|| Some("release".to_owned())), ..options }
}
