//! `runner new` on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use pico_args::Arguments;
use runner::{NewScript, Options, Result, Verbosity, usage_error};

use crate::parse::command::Command;
use crate::parse::positional::{no_more, words};
use crate::parse::values::{text, texts};

/// What follows the word `new`.
pub(crate) fn parse(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let template = text(&mut parser, "--template")?;
    // `NAME=VERSION`, as for a run, is `NAME@VERSION` to cargo.
    let dependencies =
        texts(&mut parser, "--dep")?.into_iter().map(|name| name.replacen('=', "@", 1)).collect();
    let mut options = Options {
        language: text(&mut parser, "--lang")?,
        edition: text(&mut parser, "--edition")?,
        offline: parser.contains("--offline"),
        verbosity: match parser.contains(["-q", "--quiet"]) {
            true => Verbosity::Quiet,
            false => Verbosity::Normal,
        },
        ..Options::default()
    };
    let new = NewScript { template, dependencies, force: parser.contains("--force") };
    let mut list = words(parser, "new", Some(&mut options))?.into_iter().chain(plain);
    let file = list.next().ok_or_else(|| {
        usage_error("`new` needs the name of a file").with_hint("for example `runner new hello.rs`")
    })?;
    no_more(list, "new")?;
    Ok(Command::New { file: PathBuf::from(file), new, options })
}
