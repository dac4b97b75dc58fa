//! The command line: `argv` to what is to be done.
//!
//! `argv` is cut at the script before any option parser sees it: everything after the script is the script's, `--help`
//! included. Linux hands over all that follows the interpreter on a `#!` line as one argument; if the first argument
//! begins with a dash and holds a space, it is split there. `--` ends the options: the next word is a script, whatever it
//! is called.
//!
//! A word without `/` or `.` that names a subcommand is one; `runner run SCRIPT` and `runner ./SCRIPT` say plainly that it
//! is a script.

pub(crate) mod color;
pub(crate) mod options;
pub(crate) mod pin;
pub(crate) mod positional;
pub(crate) mod split;
pub(crate) mod typed;
pub(crate) mod values;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use runner::{Error, Kind, Result, Step};

use crate::action::Asked;
use crate::commands;
use crate::parse::split::{asks_for_expression, cut, split_shebang_argument};
use crate::run::execution::NONE;
use crate::run::{self, expression};

/// The name under which it is `runner lsp`.
const LANGUAGE_SERVER: &str = "runner-lsp";

/// Understands the arguments, of which the first is the program's own name.
pub(crate) fn parse(mut arguments: Vec<OsString>) -> Result<Asked> {
    if !arguments.is_empty() {
        let program = arguments.remove(0);
        // What some editors start has no arguments.
        if Path::new(&program).file_name() == Some(OsStr::new(LANGUAGE_SERVER)) {
            return run::subcommand("lsp", arguments);
        }
    }
    split_shebang_argument(&mut arguments);
    let (mut before, is_named_plainly, rest) = cut(arguments);
    let mut color = None;
    color::take(&mut before, &mut color)?;
    let mut pin = None;
    pin::take(&mut before, &mut pin)?;
    let mut rest = rest.into_iter();
    let word = rest.next();
    let rest: Vec<OsString> = rest.collect();
    let asked = parse_words(before, is_named_plainly, word, rest, &mut color, pin)?;
    Ok(Asked { color, ..asked })
}

/// The same, cut at the first word.
fn parse_words(
    before: Vec<OsString>,
    is_named_plainly: bool,
    mut word: Option<OsString>,
    mut rest: Vec<OsString>,
    color: &mut Option<bool>,
    mut pin: Option<String>,
) -> Result<Asked> {
    let name = word.as_deref().and_then(OsStr::to_str);
    if asks_for_expression(&before) {
        return expression::parse(before, word, rest).map(Asked::from);
    }
    match name.filter(|name| !is_named_plainly && commands::is_command(name)) {
        Some(name) if run::has_script_arguments(name) => {
            let (mut more, _, mut rest) = cut(rest);
            pin::take(&mut more, &mut pin)?;
            pin::pin(rest.first_mut(), pin)?;
            if name != "watch" {
                color::take(&mut more, color)?;
            }
            run::before_script(name, before.into_iter().chain(more).collect(), rest)
        }
        // Options may stand before a subcommand too.
        Some(name) => {
            color::take(&mut rest, color)?;
            pin::take(&mut rest, &mut pin)?;
            pin::pin(&mut rest, pin)?;
            run::subcommand(name, before.into_iter().chain(rest).collect())
        }
        None => {
            pin::pin(&mut word, pin)?;
            run::before_script(NONE, before, word.into_iter().chain(rest).collect())
        }
    }
}

/// A subcommand that makes no sense, or finds no script, may have been meant as the script of that name.
pub(crate) fn perhaps_a_script(error: Error, word: Option<&str>) -> Error {
    let word = word.filter(|word| commands::is_command(word) && std::path::Path::new(word).is_file());
    let may_be = error.step() == Step::Arguments || error.kind() == Kind::NotFound;
    match word.filter(|_| may_be) {
        Some(name) => error
            .with_hint(format!("`runner ./{name}` runs the script of that name; else `runner help {name}`")),
        None => error,
    }
}
