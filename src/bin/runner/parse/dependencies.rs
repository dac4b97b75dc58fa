//! `runner lock`, `tree` and `outdated` on the command line.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::{Renewal, Result, usage_error};

use crate::parse::command::Command;
use crate::parse::options::{common, options_and_words};
use crate::parse::positional::{no_more, some_scripts, words};
use crate::parse::split::{help_or_version, parser};
use crate::parse::values::texts;

/// What follows the word `lock`.
pub(crate) fn lock(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let check = parser.contains("--check");
    let all = parser.contains("--upgrade");
    let json = parser.contains("--json");
    let packages = texts(&mut parser, "--upgrade-package")?;
    let renewal = match (all, packages.is_empty()) {
        (true, true) => Renewal::All,
        (false, true) => Renewal::Keep,
        (false, false) => Renewal::Packages(packages),
        (true, false) => {
            return Err(usage_error("`--upgrade` and `--upgrade-package` cannot be used together")
                .with_hint("`--upgrade` renews every package"));
        }
    };
    let (options, list) = options_and_words(parser, "lock")?;
    Ok(Command::Lock { scripts: some_scripts(list, plain, "lock")?, renewal, check, options, json })
}

/// `tree SCRIPT …`: what follows the script is for cargo.
pub(crate) fn tree(options: Vec<OsString>, script: Vec<OsString>) -> Result<Command> {
    if let Some(Command::Help(_)) = help_or_version(&options) {
        return Ok(Command::Help(Some("tree".to_owned())));
    }
    let mut parser = parser(options);
    let mut options = common(&mut parser, "tree")?;
    no_more(words(parser, "tree", Some(&mut options))?, "tree")?;
    let mut script = script.into_iter();
    let word = script
        .next()
        .ok_or_else(|| usage_error("`tree` needs a script").with_hint("`runner tree SCRIPT`"))?;
    Ok(Command::Tree { script: word, arguments: script.collect(), options })
}

/// What follows the word `outdated`; no scripts are all of them.
pub(crate) fn outdated(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let all = parser.contains("--all");
    let (transitive, json) = (parser.contains("--transitive"), parser.contains("--json"));
    let (options, list) = options_and_words(parser, "outdated")?;
    let scripts: Vec<OsString> = list.into_iter().chain(plain).collect();
    match (all, scripts.is_empty()) {
        (true, false) => {
            Err(usage_error("`--all` and scripts cannot be used together").with_hint("give one of them"))
        }
        (false, true) => Err(usage_error("`outdated` needs a script")
            .with_hint("`runner outdated SCRIPT`, or `runner outdated --all`")),
        _ => Ok(Command::Outdated { scripts, transitive, options, json }),
    }
}
