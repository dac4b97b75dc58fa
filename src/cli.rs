//! The command line: `argv` to a [`Command`].
//!
//! `argv` is cut at the script before any option parser sees it: everything after the script is the script's, `--help`
//! included. Linux hands over all that follows the interpreter on a `#!` line as one argument; if the first argument
//! begins with a dash and holds a space, it is split there.
//!
//! A word without `/` or `.` that names a subcommand is one; `runner run SCRIPT` and `runner ./SCRIPT` say plainly that it
//! is a script.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use pico_args::Arguments;
use runner::{Error, Limits, Options, Placement, Result, Verbosity, shebang, usage_error};

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Run { script: OsString, arguments: Vec<OsString>, options: Options },
    Build { script: OsString, output: Option<PathBuf>, options: Options },
    Promote { script: OsString, placement: Placement, options: Options },
    Demote { names: Vec<OsString>, force: bool },
    List,
    Why { script: OsString, options: Options, json: bool },
    Cache(CacheCommand),
    Help(Option<String>),
    Version,
}

/// What is to be done with the cache.
#[derive(Debug)]
pub(crate) enum CacheCommand {
    Path,
    Size,
    List,
    Trim(Limits),
    Clean(Option<PathBuf>),
}

/// The words that are commands.
pub(crate) const SUBCOMMANDS: &[&str] =
    &["run", "build", "promote", "list", "demote", "why", "cache", "help"];

/// Options that take the next argument as their value.
const WITH_VALUE: &[&str] = &["--profile", "--toolchain", "--edition"];

/// Understands the arguments, of which the first is the program's own name.
pub(crate) fn parse(mut arguments: Vec<OsString>) -> Result<Command> {
    if !arguments.is_empty() {
        arguments.remove(0);
    }
    split_shebang_argument(&mut arguments);
    let script_at = cut(&arguments);
    let rest = arguments.split_off(script_at);
    let mut rest = rest.into_iter();
    let Some(word) = rest.next() else { return without_script(arguments) };
    let rest: Vec<OsString> = rest.collect();
    let name = word.to_str().filter(|name| SUBCOMMANDS.contains(name));
    let Some(name) = name else {
        let options = options_only(arguments)?;
        return Ok(Command::Run { script: word, arguments: rest, options });
    };
    // Options may stand before a subcommand too.
    let mut all = arguments;
    if name == "run" {
        let at = cut(&rest);
        let mut rest = rest;
        let mut script = rest.split_off(at).into_iter();
        all.extend(rest);
        let options = options_only(all)?;
        let word = script
            .next()
            .ok_or_else(|| usage_error("`run` needs a script").with_hint("`runner run SCRIPT`"))?;
        return Ok(Command::Run { script: word, arguments: script.collect(), options });
    }
    all.extend(rest);
    if all.iter().any(|argument| argument == "-h" || argument == "--help") {
        return Ok(Command::Help(Some(name.to_owned())));
    }
    subcommand(name, all)
}

/// Splits the one argument that Linux makes of all that follows the interpreter on a `#!` line.
fn split_shebang_argument(arguments: &mut Vec<OsString>) {
    let Some(text) = arguments.first().and_then(|first| first.to_str()) else { return };
    if arguments.len() > 1 && text.starts_with(['-', '+']) && text.contains([' ', '\t']) {
        let words = shebang::split(text);
        arguments.splice(0..1, words.into_iter().map(OsString::from));
    }
}

/// Where the options of runner end: the index of the first word that is neither an option nor an option's value.
fn cut(arguments: &[OsString]) -> usize {
    let mut index = 0;
    while let Some(argument) = arguments.get(index) {
        match argument.as_bytes() {
            b"--" => return index,
            b"-" => return index,
            text if WITH_VALUE.iter().any(|option| text == option.as_bytes()) => index += 2,
            [b'-' | b'+', ..] => index += 1,
            _ => return index,
        }
    }
    arguments.len()
}

fn without_script(arguments: Vec<OsString>) -> Result<Command> {
    let mut parser = Arguments::from_vec(arguments);
    if parser.contains(["-h", "--help"]) {
        return Ok(Command::Help(None));
    }
    if parser.contains(["-V", "--version"]) {
        return Ok(Command::Version);
    }
    common(&mut parser)?;
    finish(parser)?;
    Err(usage_error("a script is missing").with_hint("`runner SCRIPT [ARGS]…`, or `runner --help`"))
}

/// The options before a script. Help and version win over the script, as everywhere.
fn options_only(arguments: Vec<OsString>) -> Result<Options> {
    let mut parser = Arguments::from_vec(arguments);
    let mut options = common(&mut parser)?;
    options.force = parser.contains("--force");
    finish(parser)?;
    Ok(options)
}

/// The options that every command with a script has.
fn common(parser: &mut Arguments) -> Result<Options> {
    let mut options = Options::default();
    let release = parser.contains("--release");
    let debug = parser.contains("--debug");
    options.profile = text(parser, "--profile")?;
    match (release, debug, &options.profile) {
        (false, false, _) => {}
        (true, false, None) => options.profile = Some("release".to_owned()),
        (false, true, None) => options.profile = Some("dev".to_owned()),
        _ => return Err(usage_error("`--release`, `--debug` and `--profile` exclude each other")),
    }
    options.toolchain = text(parser, "--toolchain")?;
    options.edition = text(parser, "--edition")?;
    options.offline = parser.contains("--offline");
    options.locked = parser.contains("--locked");
    options.temporary = parser.contains("--temp");
    let quiet = parser.contains(["-q", "--quiet"]);
    let verbose = parser.contains(["-v", "--verbose"]);
    options.verbosity = match (quiet, verbose) {
        (true, true) => return Err(usage_error("`--quiet` and `--verbose` exclude each other")),
        (true, false) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    Ok(options)
}

/// The value of an option, as text.
fn text(parser: &mut Arguments, name: &'static str) -> Result<Option<String>> {
    let value = parser.opt_value_from_os_str(
        name,
        |value: &OsStr| -> std::result::Result<OsString, std::convert::Infallible> { Ok(value.to_owned()) },
    );
    let value = value.map_err(|_| usage_error(format!("`{name}` needs a value")))?;
    match value.map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) if text.is_empty() => Err(usage_error(format!("`{name}` needs a value"))),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(usage_error(format!("the value of `{name}` is not UTF-8"))),
    }
}

/// The value of an option, as a path; `name` is its long form.
fn path(parser: &mut Arguments, keys: impl Into<pico_args::Keys>, name: &str) -> Result<Option<PathBuf>> {
    let keep = |value: &OsStr| -> std::result::Result<PathBuf, std::convert::Infallible> { Ok(value.into()) };
    let value = parser.opt_value_from_os_str(keys.into(), keep);
    let missing = || usage_error(format!("`{name}` needs a value"));
    match value.map_err(|_| missing())? {
        Some(path) if path.as_os_str().is_empty() => Err(missing()),
        value => Ok(value),
    }
}

/// What is left must be words: no option may be unknown.
fn words(parser: Arguments, options: &mut Options) -> Result<Vec<OsString>> {
    let mut words = Vec::new();
    for word in parser.finish() {
        match word.as_bytes() {
            [b'+', toolchain @ ..] if !toolchain.is_empty() && options.toolchain.is_none() => {
                options.toolchain = Some(String::from_utf8_lossy(toolchain).into_owned());
            }
            b"--" | b"-" => words.push(word),
            [b'-', ..] => return Err(unknown_option(&word)),
            _ => words.push(word),
        }
    }
    Ok(words)
}

fn finish(parser: Arguments) -> Result<Options> {
    let mut options = Options::default();
    match words(parser, &mut options)?.first() {
        None => Ok(options),
        Some(word) => Err(usage_error(format!("`{}` is not expected here", word.to_string_lossy()))),
    }
}

fn unknown_option(option: &OsStr) -> Error {
    let shown = option.to_string_lossy();
    let error = usage_error(format!("there is no option `{shown}`"));
    match crate::help::OPTIONS.iter().find(|known| runner::is_similar(known, &shown)) {
        Some(known) => error.with_hint(format!("there is `{known}`; `runner --help` lists them all")),
        None => error.with_hint("`runner --help` lists the options; those of the script go after it"),
    }
}

fn subcommand(name: &str, arguments: Vec<OsString>) -> Result<Command> {
    let mut parser = Arguments::from_vec(arguments);
    match name {
        "build" => {
            let output = path(&mut parser, ["-o", "--output"], "--output")?;
            let (mut options, mut list) = options_and_words(parser)?;
            options.force |= take_flag(&mut list, "--force");
            Ok(Command::Build { script: one_script(list, name)?, output, options })
        }
        "promote" => {
            let placement = Placement {
                name: path(&mut parser, "--name", "--name")?.map(PathBuf::into_os_string),
                directory: path(&mut parser, "--to", "--to")?,
                force: parser.contains("--force"),
            };
            let (options, list) = options_and_words(parser)?;
            Ok(Command::Promote { script: one_script(list, name)?, placement, options })
        }
        "demote" => {
            let force = parser.contains("--force");
            let names = words(parser, &mut Options::default())?;
            if names.is_empty() {
                return Err(usage_error("`demote` needs the name of what was promoted")
                    .with_hint("`runner list` tells them"));
            }
            Ok(Command::Demote { names, force })
        }
        "why" => {
            let json = parser.contains("--json");
            let (options, list) = options_and_words(parser)?;
            Ok(Command::Why { script: one_script(list, name)?, options, json })
        }
        "list" => {
            no_more(words(parser, &mut Options::default())?)?;
            Ok(Command::List)
        }
        "help" => {
            let topic = words(parser, &mut Options::default())?;
            Ok(Command::Help(topic.first().map(|topic| topic.to_string_lossy().into_owned())))
        }
        _ => cache(parser),
    }
}

fn cache(mut parser: Arguments) -> Result<Command> {
    let older = text(&mut parser, "--older")?;
    let most = text(&mut parser, "--max-size")?;
    let mut list = words(parser, &mut Options::default())?.into_iter();
    let word = list.next().unwrap_or_default();
    let rest: Vec<OsString> = list.collect();
    let limits = Limits {
        unused_days: older.as_deref().map_or(Ok(Limits::default().unused_days), days)?,
        most_bytes: most.as_deref().map_or(Ok(Limits::default().most_bytes), bytes)?,
    };
    let command = match word.to_str() {
        Some("path") => CacheCommand::Path,
        Some("size") => CacheCommand::Size,
        Some("list") => CacheCommand::List,
        Some("trim") => CacheCommand::Trim(limits),
        Some("clean") => {
            let mut rest = rest.into_iter();
            let script = rest.next().map(PathBuf::from);
            no_more(rest.collect())?;
            return Ok(Command::Cache(CacheCommand::Clean(script)));
        }
        _ => {
            return Err(usage_error("`cache` needs one of `path`, `size`, `list`, `trim`, `clean`")
                .with_hint("`runner help cache`"));
        }
    };
    no_more(rest)?;
    Ok(Command::Cache(command))
}

/// `30d`, or `30`.
fn days(text: &str) -> Result<u32> {
    text.strip_suffix('d').unwrap_or(text).parse().map_err(|_| {
        usage_error(format!("`--older {text}` is not a number of days")).with_hint("for example `--older 7d`")
    })
}

/// `500M`, `2G`, or bytes.
fn bytes(text: &str) -> Result<u64> {
    let wrong =
        || usage_error(format!("`--max-size {text}` is not a size")).with_hint("for example `--max-size 2G`");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match text[digits.len()..].to_ascii_uppercase().trim_end_matches('B') {
        "" => 1,
        "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

fn options_and_words(mut parser: Arguments) -> Result<(Options, Vec<OsString>)> {
    let mut options = common(&mut parser)?;
    options.force = parser.contains("--force");
    let words = words(parser, &mut options)?;
    Ok((options, words))
}

fn take_flag(list: &mut Vec<OsString>, flag: &str) -> bool {
    let before = list.len();
    list.retain(|word| word != flag);
    list.len() < before
}

fn one_script(list: Vec<OsString>, command: &str) -> Result<OsString> {
    let mut list = list.into_iter();
    let script = list.next().ok_or_else(|| {
        usage_error(format!("`{command}` needs a script")).with_hint(format!("`runner {command} SCRIPT`"))
    })?;
    no_more(list.collect())?;
    Ok(script)
}

fn no_more(list: Vec<OsString>) -> Result<()> {
    match list.first() {
        None => Ok(()),
        Some(word) => Err(usage_error(format!("`{}` is not expected here", word.to_string_lossy()))),
    }
}
