//! Scripts that are run: `run`, `test` and `bench`; and what has its own options before the script in the same way.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::command_line::usage_error;
use runner::{Error, Harness, Options, Result};

use crate::action::Action;
use crate::commands;
use crate::end::end_as;
use crate::parse::options::common;
use crate::parse::positional::{no_more, words};
use crate::parse::split::parser;
use crate::run::help::help_or_version;
use crate::run::many;
use crate::run::script::{perhaps_anothers_word, read};

/// What stands for a subcommand where there is none.
pub(crate) const NONE: &str = "runner";

/// A script, the options that stand before it and the arguments that stand after it.
pub(crate) struct Behind {
    pub(crate) script: OsString,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) options: Options,
}

/// Takes apart what a subcommand is given whose script's arguments follow the script. `take` takes what is the subcommand's own.
/// The inner error is what was asked for instead: help.
pub(crate) fn behind_options<T>(
    name: &str,
    options: Vec<OsString>,
    words_behind: Vec<OsString>,
    take: impl FnOnce(&mut Arguments) -> Result<T>,
) -> Result<std::result::Result<(Behind, T), Action>> {
    if let Some(help) = help_or_version(Some(name).filter(|name| *name != NONE), &options) {
        return Ok(Err(help));
    }
    let mut parser = parser(options);
    let own = take(&mut parser)?;
    let mut options = common(&mut parser, if name == NONE { "run" } else { name })?;
    no_more(words(parser, name, Some(&mut options))?, name)?;
    let mut words_behind = words_behind.into_iter();
    let script = words_behind.next().ok_or_else(|| missing(name))?;
    Ok(Ok((Behind { script, arguments: words_behind.collect(), options }, own)))
}

fn missing(name: &str) -> Error {
    match name {
        NONE => usage_error("a script is missing").with_hint("`runner SCRIPT [ARGS]...`, or `runner --help`"),
        _ => {
            let words = commands::words_of(name);
            usage_error(format!("`{name}` needs a script")).with_hint(format!("`runner {name} {words}`"))
        }
    }
}

/// `run`, `test` and `bench`.
pub(crate) fn parse(name: &str, options: Vec<OsString>, script: Vec<OsString>, json: bool) -> Result<Action> {
    let typed = options.clone();
    let Behind { script, mut arguments, mut options } =
        match behind_options(name, options, script, |_| Ok(()))? {
            Ok((behind, ())) => behind,
            Err(help) => return Ok(help),
        };
    options.harness = match name {
        "test" => Some(Harness::Test),
        "bench" => Some(Harness::Bench),
        _ => None,
    };
    let Some(harness) = options.harness else { return Ok(run(script, options, arguments)) };
    let more = arguments.iter().take_while(|word| many::is_script(word)).count();
    if more > 0 || many::is_directory(&script) || json {
        let scripts: Vec<OsString> = std::iter::once(script).chain(arguments.drain(..more)).collect();
        let words: Vec<OsString> = std::iter::once(OsString::from(name)).chain(typed).collect();
        return Ok(Box::new(move |call| many::test(call, &scripts, &words, &arguments, &options)));
    }
    // As in cargo, what follows `--` is for the program that runs the tests; here everything is.
    if let Some(at) = arguments.iter().position(|argument| argument == "--") {
        arguments.remove(at);
    }
    if harness == Harness::Bench {
        arguments.insert(0, "--bench".into());
    }
    Ok(run(script, options, arguments))
}

/// Runs a script, which becomes this process.
pub(crate) fn run(script: OsString, options: Options, arguments: Vec<OsString>) -> Action {
    Box::new(move |call| {
        let read = read(&call.runner, &script, &options)?;
        let ran = call.runner.exec(&read, &options, &arguments);
        ran.map(end_as).map_err(|error| perhaps_anothers_word(error, &script))
    })
}
