//! The command line: `argv` to a [`Command`].
//!
//! `argv` is cut at the script before any option parser sees it: everything after the script is the script's, `--help`
//! included. Linux hands over all that follows the interpreter on a `#!` line as one argument; if the first argument
//! begins with a dash and holds a space, it is split there. `--` ends the options: the next word is a script, whatever it
//! is called.
//!
//! A word without `/` or `.` that names a subcommand is one; `runner run SCRIPT` and `runner ./SCRIPT` say plainly that it
//! is a script.

pub(crate) mod add;
pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod color;
pub(crate) mod command;
pub(crate) mod dependencies;
pub(crate) mod export;
pub(crate) mod expression;
pub(crate) mod new;
pub(crate) mod options;
pub(crate) mod positional;
pub(crate) mod promote;
pub(crate) mod split;
pub(crate) mod trust;
pub(crate) mod values;
pub(crate) mod watch;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use pico_args::Arguments;
use runner::{Error, Harness, Kind, Placement, Result, ScriptUrl, Step, usage_error};

use crate::commands;
use crate::parse::command::{Command, Project};
use crate::parse::options::{common, options_and_words};
use crate::parse::positional::{no_more, one_script, some_scripts, words};
use crate::parse::split::{asks_for_expression, cut, help_or_version, parser, split_shebang_argument};
use crate::parse::values::{path, text};
use crate::run::many;

/// The name under which it is `runner lsp`.
const LANGUAGE_SERVER: &str = "runner-lsp";

/// Understands the arguments, of which the first is the program's own name.
pub(crate) fn parse(mut arguments: Vec<OsString>) -> Result<Command> {
    if !arguments.is_empty() {
        let program = arguments.remove(0);
        // What some editors start has no arguments.
        if Path::new(&program).file_name() == Some(OsStr::new(LANGUAGE_SERVER)) {
            return subcommand("lsp", arguments);
        }
    }
    split_shebang_argument(&mut arguments);
    let (mut before, is_named_plainly, rest) = cut(arguments);
    let mut color = None;
    color::take(&mut before, &mut color)?;
    let mut pin = None;
    trust::take_pin(&mut before, &mut pin)?;
    let mut rest = rest.into_iter();
    let word = rest.next();
    let rest: Vec<OsString> = rest.collect();
    let command = parse_words(before, is_named_plainly, word, rest, &mut color, pin)?;
    Ok(color::colored(command, color))
}

/// The same, cut at the first word.
fn parse_words(
    before: Vec<OsString>,
    is_named_plainly: bool,
    mut word: Option<OsString>,
    mut rest: Vec<OsString>,
    color: &mut Option<bool>,
    mut pin: Option<String>,
) -> Result<Command> {
    let name = word.as_deref().and_then(OsStr::to_str);
    if asks_for_expression(&before) {
        return expression::parse(before, word, rest);
    }
    match name.filter(|name| !is_named_plainly && commands::is_command(name)) {
        Some(name @ ("run" | "test" | "bench" | "watch" | "tree")) => {
            let (mut more, _, mut rest) = cut(rest);
            trust::take_pin(&mut more, &mut pin)?;
            trust::pin(rest.first_mut(), pin)?;
            if name != "watch" {
                color::take(&mut more, color)?;
            }
            let options = before.into_iter().chain(more).collect();
            match name {
                "watch" => watch::parse(options, rest),
                "tree" => dependencies::tree(options, rest),
                name => run(options, rest, name),
            }
        }
        // Options may stand before a subcommand too.
        Some(name) => {
            color::take(&mut rest, color)?;
            trust::take_pin(&mut rest, &mut pin)?;
            trust::pin(&mut rest, pin)?;
            subcommand(name, before.into_iter().chain(rest).collect())
        }
        None => {
            trust::pin(&mut word, pin)?;
            run(before, word.into_iter().chain(rest).collect(), "runner")
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

/// A script, with the options that stand before it and the arguments that stand after it.
fn run(options: Vec<OsString>, script: Vec<OsString>, command: &str) -> Result<Command> {
    if let Some(asked) = help_or_version(&options) {
        return Ok(asked);
    }
    let typed = options.clone();
    let mut parser = parser(options);
    let mut options = common(&mut parser, if command == "runner" { "run" } else { command })?;
    no_more(words(parser, command, Some(&mut options))?, command)?;
    options.harness = match command {
        "test" => Some(Harness::Test),
        "bench" => Some(Harness::Bench),
        _ => None,
    };
    let mut script = script.into_iter();
    let Some(word) = script.next() else {
        return Err(match command {
            "runner" => {
                usage_error("a script is missing").with_hint("`runner SCRIPT [ARGS]...`, or `runner --help`")
            }
            _ => usage_error(format!("`{command}` needs a script"))
                .with_hint(format!("`runner {command} SCRIPT [ARGS]...`")),
        });
    };
    let mut arguments: Vec<OsString> = script.collect();
    let is_more = |word: &OsString| options.harness.is_some() && many::is_script(word);
    let more = arguments.iter().take_while(|word| is_more(word)).count();
    let scripts: Vec<OsString> = std::iter::once(word.clone()).chain(arguments.drain(..more)).collect();
    let is_directory =
        options.harness.is_some() && Path::new(&word).is_dir() && ScriptUrl::parse(&word).is_none();
    if scripts.len() > 1 || is_directory {
        let words = std::iter::once(OsString::from(command)).chain(typed).collect();
        return Ok(Command::Test { scripts, words, arguments, options });
    }
    // As in cargo, what follows `--` is for the program that runs the tests; here everything is.
    if options.harness.is_some()
        && let Some(at) = arguments.iter().position(|argument| argument == "--")
    {
        arguments.remove(at);
    }
    if options.harness == Some(Harness::Bench) {
        arguments.insert(0, "--bench".into());
    }
    Ok(Command::Run { script: word, arguments, options })
}

fn subcommand(name: &str, mut arguments: Vec<OsString>) -> Result<Command> {
    // After `--` there are words only.
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let plain: Vec<OsString> = arguments.split_off(end).into_iter().skip(1).collect();
    if arguments.iter().any(|argument| argument == "-h" || argument == "--help") {
        return Ok(Command::Help(Some(name.to_owned())));
    }
    let mut parser = parser(arguments);
    if AS_JSON.contains(&name) && parser.contains("--json") {
        return Ok(Command::AsJson(Box::new(of_subcommand(name, parser, plain)?)));
    }
    of_subcommand(name, parser, plain)
}

/// The subcommands that tell the same as JSON, and have no more to say of that.
const AS_JSON: &[&str] = &[
    "cache", "demote", "doc", "fmt", "migrate", "new", "promote", "rollback", "trust", "update", "upgrade",
    "verify",
];

fn of_subcommand(name: &str, mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    match name {
        "build" | "inspect" | "verify" => build::parse(name, parser, plain),
        "check" | "clippy" | "doc" | "fmt" | "migrate" => check::parse(name, parser, plain),
        "doctor" => {
            let (strict, json) = (parser.contains("--strict"), parser.contains("--json"));
            let quiet = parser.contains(["-q", "--quiet"]);
            let mut options = runner::Options::default();
            let mut list = words(parser, name, Some(&mut options))?.into_iter().chain(plain);
            let script = list.next();
            no_more(list, name)?;
            Ok(Command::Doctor { script, strict, json, quiet, options })
        }
        "new" => new::parse(parser, plain),
        "export" => export::export(parser, plain),
        "import" => export::import(parser, plain),
        "rollback" => promote::rollback(parser, plain),
        "add" | "remove" => add::parse(name, parser, plain),
        "lock" => dependencies::lock(parser, plain),
        "outdated" => dependencies::outdated(parser, plain),
        "update" => {
            let write_lock = parser.contains("--lock");
            let (options, list) = options_and_words(parser, name)?;
            Ok(Command::Update { scripts: some_scripts(list, plain, name)?, write_lock, options })
        }
        "promote" => {
            if let Some(file) = path(&mut parser, "--from")? {
                return promote::from(file, parser, plain);
            }
            if parser.contains("--dry-run") {
                return Err(usage_error("`--dry-run` of `promote` needs `--from FILE`")
                    .with_hint("`runner build -n SCRIPT` shows how a script would be built"));
            }
            let placement = Placement {
                name: path(&mut parser, "--name")?.map(PathBuf::into_os_string),
                directory: path(&mut parser, "--to")?,
                force: parser.contains("--force"),
            };
            let (options, list) = options_and_words(parser, name)?;
            let scripts = some_scripts(list, plain, name)?;
            Ok(Command::Promote { scripts, placement, options })
        }
        "demote" => {
            let (force, quiet) = (parser.contains("--force"), parser.contains(["-q", "--quiet"]));
            let dry_run = parser.contains("--dry-run");
            let mut names = words(parser, name, None)?;
            names.extend(plain);
            if names.is_empty() {
                return Err(usage_error("`demote` needs the name of an installed command")
                    .with_hint("`runner list` lists them"));
            }
            Ok(Command::Demote { names, force, quiet, dry_run })
        }
        "why" => {
            let json = parser.contains("--json");
            let (options, list) = options_and_words(parser, name)?;
            Ok(Command::Why { scripts: some_scripts(list, plain, name)?, options, json })
        }
        "inputs" => {
            let json = parser.contains("--json");
            let (options, list) = options_and_words(parser, name)?;
            Ok(Command::Inputs { scripts: some_scripts(list, plain, name)?, options, json })
        }
        "env" => {
            let (script, json) = (path(&mut parser, "--script")?, parser.contains("--json"));
            let (options, list) = options_and_words(parser, name)?;
            let names = list.into_iter().chain(plain).map(|name| name.to_string_lossy().into_owned());
            Ok(Command::Env {
                names: names.collect(),
                script: script.map(PathBuf::into_os_string),
                options,
                json,
            })
        }
        "list" => {
            let (json, export) = (parser.contains("--json"), path(&mut parser, "--export")?);
            no_more(words(parser, name, None)?.into_iter().chain(plain), name)?;
            Ok(Command::List { json, export })
        }
        "upgrade" => promote::upgrade(parser, plain),
        "trust" => trust::parse(parser, plain),
        "help" => {
            if parser.contains("--man") {
                no_more(words(parser, name, None)?.into_iter().chain(plain), name)?;
                return Ok(Command::Manual);
            }
            let mut topics = words(parser, name, None)?.into_iter().chain(plain);
            let topic = topics.next();
            no_more(topics, name)?;
            Ok(Command::Help(topic.map(|topic| topic.to_string_lossy().into_owned())))
        }
        "discover" => {
            let form = match (parser.contains("--project"), parser.contains("--compile-commands")) {
                (false, false) => Project::Lines,
                (true, false) => Project::Whole,
                (false, true) => Project::CompileCommands,
                (true, true) => {
                    return Err(usage_error("`--project` and `--compile-commands` cannot be used together"));
                }
            };
            let list = some_scripts(words(parser, name, None)?, plain, name)?;
            if form != Project::CompileCommands {
                no_more(list.iter().skip(1).cloned(), name)?;
            }
            Ok(Command::Discover { words: list, form })
        }
        "edit" => {
            if let Some(editor) = text(&mut parser, "--print-config")? {
                no_more(words(parser, name, None)?.into_iter().chain(plain), name)?;
                return Ok(Command::EditorConfig(editor));
            }
            let open = text(&mut parser, "--open")?;
            let (options, list) = options_and_words(parser, name)?;
            Ok(Command::Edit { script: one_script(list, plain, name)?, open, options })
        }
        "lsp" => {
            let (server, language) = (path(&mut parser, "--server")?, text(&mut parser, "--lang")?);
            // Some editors say how they speak, and there is one way only.
            let _ = parser.contains("--stdio");
            no_more(words(parser, name, None)?.into_iter().chain(plain), name)?;
            Ok(Command::LanguageServer { server, language })
        }
        "completions" => {
            let mut list = words(parser, name, None)?.into_iter();
            let shell = list.next().unwrap_or_default().to_string_lossy().into_owned();
            no_more(list, name)?;
            Ok(Command::Completions { shell, words: plain })
        }
        _ => cache::parse(parser, plain),
    }
}
