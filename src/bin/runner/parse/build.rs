//! `runner build`, `inspect` and `verify` on the command line.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::{Options, Result, flags, usage_error};

use crate::parse::command::{Command, Saying};
use crate::parse::options::options_and_words;
use crate::parse::positional::{one_script, words};
use crate::parse::values::path;

/// What follows one of these words.
pub(crate) fn parse(name: &str, mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    if name != "build" {
        return of_programs(name, parser, plain);
    }
    let output = path(&mut parser, "--output")?;
    let (cache, background) = (parser.contains("--cache"), parser.contains("--background"));
    let link = path(&mut parser, "--link")?;
    let saying = Saying { path: parser.contains("--print-path"), json: parser.contains("--json"), link };
    // A background build has all options of the run that started it.
    let (options, list) = options_and_words(parser, if background { flags::BACKGROUND } else { name })?;
    if background {
        return match cache {
            true => Ok(Command::Background { script: one_script(list, plain, name)?, options }),
            false => Err(usage_error("`--background` needs `--cache`")),
        };
    }
    let into_cache = if cache { "--cache" } else { "--print-path" };
    if (cache || saying.path) && output.is_some() {
        return Err(usage_error(format!("`{into_cache}` and `--output` cannot be used together"))
            .with_hint(format!("`{into_cache}` builds into the cache")));
    }
    if cache && saying != Saying::default() {
        let other = if saying.path { "--print-path" } else { "--json" };
        return Err(usage_error(format!("`--cache` and `{other}` cannot be used together"))
            .with_hint("give one of them"));
    }
    let scripts: Vec<OsString> = list.into_iter().chain(plain).collect();
    if saying.link.is_some() && (!saying.path || scripts.len() != 1) {
        return Err(usage_error("`--link` needs `--print-path` and exactly one script")
            .with_hint("`runner build --debug --print-path --link FILE SCRIPT`"));
    }
    match (scripts.is_empty(), cache) {
        (true, true) => Err(usage_error("`build --cache` needs at least one script")),
        (true, false) => Err(usage_error("`build` needs a script").with_hint("`runner build SCRIPT...`")),
        (false, true) => Ok(Command::BuildCache { scripts, options }),
        (false, false) => Ok(Command::Build { scripts, output, saying, options }),
    }
}

/// `inspect FILE…`, `verify FILE|NAME…`
fn of_programs(name: &str, mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    // How runner's own binary gets its record: `install.sh` and `scripts/release` write the lines.
    let adds_record = name == "inspect" && parser.contains("--add-record");
    let (json, script, options, list) = match name {
        "inspect" => (parser.contains("--json"), None, Options::default(), words(parser, name, None)?),
        _ => {
            let script = path(&mut parser, "--script")?.map(OsString::from);
            let options = Options { offline: parser.contains("--offline"), ..Options::default() };
            (false, script, options, words(parser, name, None)?)
        }
    };
    let programs: Vec<OsString> = list.into_iter().chain(plain).collect();
    if programs.is_empty() {
        return Err(
            usage_error(format!("`{name}` needs a program")).with_hint(format!("`runner {name} FILE`"))
        );
    }
    if programs.len() > 1 && script.is_some() {
        return Err(
            usage_error("`--script` needs exactly one program").with_hint("verify the programs one by one")
        );
    }
    Ok(match name {
        "inspect" if adds_record => Command::AddRecord { programs },
        "inspect" => Command::Inspect { programs, json },
        _ => Command::Verify { programs, script, options },
    })
}
