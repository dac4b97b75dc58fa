//! The script of a subcommand, and the profile of what is handed on.

use std::ffi::OsStr;

use runner::command_line::ScriptUrl;
use runner::{Error, Kind, Options, Result, Runner, Script, Step};

use crate::commands;
use crate::run::trust;

/// Reads a script; one by URL that may not run yet is downloaded, and the user is asked.
pub(crate) fn read(runner: &Runner, script: &OsStr, options: &Options) -> Result<Script> {
    if let Some(url) = ScriptUrl::parse(script) {
        return trust::read(runner, script, &url?, options);
    }
    Script::find(script, &runner.settings()).map_err(|error| perhaps_a_subcommand(error, script))
}

/// A missing script whose name is nearly a subcommand's was probably meant as one.
fn perhaps_a_subcommand(error: Error, script: &OsStr) -> Error {
    let name = script.to_string_lossy();
    match commands::meant(&name) {
        Some(hint)
            if error.step() == Step::Script && error.kind() == Kind::NotFound && !name.contains('/') =>
        {
            error.with_hint(hint)
        }
        _ => error,
    }
}

/// The same for a word that a search of PATH found, where it is no script: `install`.
pub(crate) fn perhaps_anothers_word(error: Error, script: &OsStr) -> Error {
    let name = script.to_string_lossy();
    let is_bare = !name.contains(['/', '.']) && !std::path::Path::new(script).is_file();
    match commands::meant(&name).filter(|_| is_bare && error.step() == Step::Script) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// What is handed on is release unless told otherwise, whatever the script asks for its own runs.
pub(crate) fn with_release(options: Options) -> Options {
    Options { profile: options.profile.or_else(|| Some("release".to_owned())), ..options }
}
