//! What was typed after the name of a subcommand.

use std::ffi::OsString;
use std::path::PathBuf;

use pico_args::{Arguments, Keys};
use runner::command_line::{flags, usage_error};
use runner::{Options, Result, Verbosity};

use crate::commands;
use crate::parse::options::common;
use crate::parse::positional::{no_more, words};
use crate::parse::{split, values};

/// The words after a subcommand. Options are taken out of them one by one; what is left must be words.
pub(crate) struct Typed<'a> {
    /// The subcommand.
    pub(crate) name: &'a str,
    pub(crate) parser: Arguments,
    /// What follows `--`.
    pub(crate) plain: Vec<OsString>,
    /// Whether it is asked for JSON.
    pub(crate) json: bool,
}

impl<'a> Typed<'a> {
    /// After `--` there are words only.
    pub(crate) fn of(name: &'a str, mut arguments: Vec<OsString>) -> Typed<'a> {
        let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
        let plain = arguments.split_off(end).into_iter().skip(1).collect();
        let mut parser = split::parser(arguments);
        let json = takes_json(name) && parser.contains("--json");
        Typed { name, parser, plain, json }
    }

    /// Whether a switch is there.
    pub(crate) fn has(&mut self, switch: impl Into<Keys>) -> bool {
        self.parser.contains(switch)
    }

    /// The value of a flag, as text.
    pub(crate) fn text(&mut self, flag: &str) -> Result<Option<String>> {
        values::text(&mut self.parser, flag)
    }

    /// The values of a flag that may be given several times.
    pub(crate) fn texts(&mut self, flag: &str) -> Result<Vec<String>> {
        values::texts(&mut self.parser, flag)
    }

    /// The value of a flag, as a path.
    pub(crate) fn path(&mut self, flag: &str) -> Result<Option<PathBuf>> {
        values::path(&mut self.parser, flag)
    }

    /// `-q`.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.has(["-q", "--quiet"])
    }

    /// `-q` or `-v`, of which the first wins.
    pub(crate) fn verbosity(&mut self) -> Verbosity {
        match (self.is_quiet(), self.has(["-v", "--verbose"])) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }

    /// The words that are left; no option may be.
    pub(crate) fn words(self, options: Option<&mut Options>) -> Result<Vec<OsString>> {
        let mut list = words(self.parser, self.name, options)?;
        list.extend(self.plain);
        Ok(list)
    }

    /// The options of a subcommand that has those of a run, and the words that are left.
    pub(crate) fn options_and_words(mut self) -> Result<(Options, Vec<OsString>)> {
        let mut options = common(&mut self.parser, self.name)?;
        let words = self.words(Some(&mut options))?;
        Ok((options, words))
    }

    /// The same, of which there must be one word: a script.
    pub(crate) fn options_and_script(self) -> Result<(Options, OsString)> {
        let name = self.name;
        let (options, scripts) = self.options_and_scripts()?;
        let mut scripts = scripts.into_iter();
        let script = scripts.next().unwrap_or_default();
        no_more(scripts, name)?;
        Ok((options, script))
    }

    /// The same, of which there must be some: scripts.
    pub(crate) fn options_and_scripts(self) -> Result<(Options, Vec<OsString>)> {
        let name = self.name;
        let (options, words) = self.options_and_words()?;
        Ok((options, some_scripts(words, name)?))
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<()> {
        let name = self.name;
        no_more(self.words(None)?, name)
    }
}

/// Whether a subcommand prints JSON if it is asked to.
pub(crate) fn takes_json(name: &str) -> bool {
    flags::named("--json").any(|flag| commands::takes(name, flag))
}

/// Words of which there must be some: scripts.
pub(crate) fn some_scripts(words: Vec<OsString>, command: &str) -> Result<Vec<OsString>> {
    match words.is_empty() {
        true => Err(usage_error(format!("`{command}` needs a script"))
            .with_hint(format!("`runner {command} SCRIPT`"))),
        false => Ok(words),
    }
}
