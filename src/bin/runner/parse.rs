//! The command line: `argv` to a [`Command`].
//!
//! `argv` is cut at the script before any option parser sees it: everything after the script is the script's, `--help`
//! included. Linux hands over all that follows the interpreter on a `#!` line as one argument; if the first argument
//! begins with a dash and holds a space, it is split there. `--` ends the options: the next word is a script, whatever it
//! is called.
//!
//! A word without `/` or `.` that names a subcommand is one; `runner run SCRIPT` and `runner ./SCRIPT` say plainly that it
//! is a script.

pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod expression;
pub(crate) mod positional;
pub(crate) mod promote;
pub(crate) mod values;

pub(crate) use crate::parse::build::Saying;
use crate::parse::positional::{no_more, one_script, some_scripts, words};
use crate::parse::values::path;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::commands;
use pico_args::Arguments;
use runner::{
    EXIT_NOT_FOUND, Error, Expression, Harness, Lint, Options, Placement, Result, Step, Style, flags,
    shell_words, usage_error,
};

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Run {
        script: OsString,
        arguments: Vec<OsString>,
        options: Options,
    },
    Evaluate {
        expression: Expression,
        base: PathBuf,
        arguments: Vec<OsString>,
        options: Options,
    },
    Build {
        scripts: Vec<OsString>,
        output: Option<PathBuf>,
        saying: Saying,
        options: Options,
    },
    /// Shows the build records in programs.
    Inspect {
        programs: Vec<OsString>,
        json: bool,
    },
    /// Builds programs again, and compares.
    Verify {
        programs: Vec<OsString>,
        script: Option<OsString>,
        options: Options,
    },
    BuildCache {
        scripts: Vec<OsString>,
        options: Options,
    },
    Background {
        script: OsString,
        options: Options,
    },
    Update {
        script: OsString,
        write_lock: bool,
        options: Options,
    },
    Promote {
        scripts: Vec<OsString>,
        placement: Placement,
        options: Options,
    },
    Demote {
        names: Vec<OsString>,
        force: bool,
    },
    List {
        json: bool,
    },
    /// Builds again what was promoted; everything, if no names are given.
    Upgrade {
        names: Vec<OsString>,
        options: Options,
    },
    Why {
        script: OsString,
        options: Options,
        json: bool,
    },
    /// Shows what the compiler or clippy says of a script.
    Check {
        script: OsString,
        lint: Lint,
        arguments: Vec<OsString>,
        options: Options,
    },
    Document {
        script: OsString,
        directory: Option<PathBuf>,
        arguments: Vec<OsString>,
        options: Options,
    },
    Format {
        script: OsString,
        arguments: Vec<OsString>,
        options: Options,
    },
    Migrate {
        script: OsString,
        style: Style,
    },
    /// Shows what runner sees, and where it comes from.
    Env {
        names: Vec<String>,
        script: Option<OsString>,
        options: Options,
        json: bool,
    },
    /// Writes the package that cargo would be given, and prints where.
    Package {
        script: OsString,
        directory: Option<PathBuf>,
        options: Options,
    },
    /// Empties the cache first.
    AfterCleaning(Box<Command>),
    Cache(CacheCommand),
    Help(Option<String>),
    /// The page for `man`.
    Manual,
    /// What a shell loads; or, given the words before the cursor, what can stand there.
    Completions {
        shell: String,
        words: Vec<OsString>,
    },
    Version,
}

/// What is to be done with the cache.
#[derive(Debug)]
pub(crate) enum CacheCommand {
    Path,
    Size { json: bool },
    List { json: bool },
    Stats { json: bool },
    Trim { older: Option<String>, max_size: Option<String>, only_shows: bool },
    Clean(Option<PathBuf>),
    Stop,
}

/// Understands the arguments, of which the first is the program's own name.
pub(crate) fn parse(mut arguments: Vec<OsString>) -> Result<Command> {
    if !arguments.is_empty() {
        arguments.remove(0);
    }
    split_shebang_argument(&mut arguments);
    let (before, is_named_plainly, rest) = cut(arguments);
    let mut rest = rest.into_iter();
    let word = rest.next();
    let rest: Vec<OsString> = rest.collect();
    let name = word.as_ref().and_then(|word| word.to_str());
    if expression::is_asked_for(&before) {
        return expression::parse(before, word, rest);
    }
    match name.filter(|name| !is_named_plainly && commands::is_command(name)) {
        Some(name @ ("run" | "test" | "bench")) => {
            let (more, _, rest) = cut(rest);
            run(before.into_iter().chain(more).collect(), rest, name)
        }
        // Options may stand before a subcommand too.
        Some(name) => subcommand(name, before.into_iter().chain(rest).collect()),
        None => run(before, word.into_iter().chain(rest).collect(), "runner"),
    }
}

/// A subcommand that makes no sense, or finds no script, may have been meant as the script of that name.
pub(crate) fn perhaps_a_script(error: Error, word: Option<&str>) -> Error {
    let word = word.filter(|word| commands::is_command(word) && std::path::Path::new(word).is_file());
    let may_be = error.step() == Step::Arguments || error.exit_code() == EXIT_NOT_FOUND;
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

/// Help and version win over whatever else is asked for, as everywhere.
fn help_or_version(options: &[OsString]) -> Option<Command> {
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.to_str() {
            Some("-h" | "--help") => return Some(Command::Help(None)),
            Some("-V" | "--version") => return Some(Command::Version),
            Some(option) if flags::takes_value(option) => drop(options.next()),
            _ => {}
        }
    }
    None
}

/// A parser of options, to which `--option=value` is `--option value`.
fn parser(arguments: Vec<OsString>) -> Arguments {
    let mut spread = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let bytes = argument.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
        let (option, value) = bytes.split_at(at);
        let takes_value = std::str::from_utf8(option).is_ok_and(flags::takes_value);
        match value {
            [b'=', value @ ..] if takes_value => {
                spread.extend([option, value].map(|part| OsStr::from_bytes(part).to_owned()));
            }
            _ => spread.push(argument),
        }
    }
    Arguments::from_vec(spread)
}

/// Splits the one argument that Linux makes of all that follows the interpreter on a `#!` line.
fn split_shebang_argument(arguments: &mut Vec<OsString>) {
    let Some(text) = arguments.first().and_then(|first| first.to_str()) else { return };
    // A program to run it under with its arguments is one word on nobody's `#!` line.
    let is_line = text.starts_with(['-', '+']) && !text.starts_with("--exec=");
    if arguments.len() > 1 && is_line && text.contains([' ', '\t']) {
        let words = shell_words::split(text);
        arguments.splice(0..1, words.into_iter().map(OsString::from));
    }
}

/// Cuts arguments where the options of runner end, at the first word that is neither an option nor an option's value.
/// `--` ends them too: then what follows is a script, whatever it is called.
fn cut(mut arguments: Vec<OsString>) -> (Vec<OsString>, bool, Vec<OsString>) {
    let mut index = 0;
    let mut is_ended = false;
    while let Some(argument) = arguments.get(index) {
        match argument.as_bytes() {
            // `-1` is an expression where one is due.
            b"-" | [b'-', ..] if !is_known(argument) && expression::is_asked_for(&arguments[..index]) => {
                break;
            }
            b"--" => {
                is_ended = true;
                break;
            }
            b"-" => break,
            [b'-', ..] if argument.to_str().is_some_and(flags::takes_value) => index += 2,
            [b'-' | b'+', ..] => index += 1,
            _ => break,
        }
    }
    let mut rest = arguments.split_off(index.min(arguments.len()));
    if is_ended {
        rest.remove(0);
    }
    (arguments, is_ended, rest)
}

/// Whether a word is an option of runner's, be it with its value.
fn is_known(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    let name = text.split('=').next().unwrap_or_default();
    text == "--" || flags::named(name).next().is_some()
}

/// The options that a subcommand takes, as far as the table of flags knows what they set.
fn common(parser: &mut Arguments, command: &str) -> Result<Options> {
    let mut options = Options::default();
    for flag in commands::flags_of(command).filter(|flag| flag.is_option()) {
        values::take(parser, flag, &mut options)?;
    }
    options.toolchain = options.toolchain.map(from_here);
    Ok(options)
}

/// A toolchain that is a directory is meant from here: the same words elsewhere mean another one.
fn from_here(toolchain: String) -> String {
    match std::path::absolute(&toolchain) {
        Ok(path) if toolchain.contains('/') => path.to_string_lossy().into_owned(),
        _ => toolchain,
    }
}

fn subcommand(name: &str, mut arguments: Vec<OsString>) -> Result<Command> {
    // After `--` there are words only.
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let plain: Vec<OsString> = arguments.split_off(end).into_iter().skip(1).collect();
    if arguments.iter().any(|argument| argument == "-h" || argument == "--help") {
        return Ok(Command::Help(Some(name.to_owned())));
    }
    let mut parser = parser(arguments);
    match name {
        "build" | "inspect" | "verify" => build::parse(name, parser, plain),
        "check" | "clippy" | "doc" | "fmt" | "migrate" => check::parse(name, parser, plain),
        "update" => {
            let write_lock = parser.contains("--lock");
            let (options, list) = options_and_words(parser, name)?;
            Ok(Command::Update { script: one_script(list, plain, name)?, write_lock, options })
        }
        "promote" => {
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
            let force = parser.contains("--force");
            let mut names = words(parser, name, None)?;
            names.extend(plain);
            if names.is_empty() {
                return Err(usage_error("`demote` needs the name of what was promoted")
                    .with_hint("`runner list` tells them"));
            }
            Ok(Command::Demote { names, force })
        }
        "why" => {
            let json = parser.contains("--json");
            let (options, list) = options_and_words(parser, name)?;
            Ok(Command::Why { script: one_script(list, plain, name)?, options, json })
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
            let json = parser.contains("--json");
            no_more(words(parser, name, None)?.into_iter().chain(plain), name)?;
            Ok(Command::List { json })
        }
        "upgrade" => promote::upgrade(parser, plain),
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
        "completions" => {
            let mut list = words(parser, name, None)?.into_iter();
            let shell = list.next().unwrap_or_default().to_string_lossy().into_owned();
            no_more(list, name)?;
            Ok(Command::Completions { shell, words: plain })
        }
        _ => cache::parse(parser, plain),
    }
}

fn options_and_words(mut parser: Arguments, command: &str) -> Result<(Options, Vec<OsString>)> {
    let mut options = common(&mut parser, command)?;
    let words = words(parser, command, Some(&mut options))?;
    Ok((options, words))
}
