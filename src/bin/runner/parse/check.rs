//! `runner check`, `clippy`, `doc`, `fmt` and `migrate` on the command line. What follows `--` is for the tool.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::{Lint, Result, Style, usage_error};

use crate::parse::command::{Command, Data};
use crate::parse::options::options_and_words;
use crate::parse::positional::some_scripts;
use crate::parse::values::{path, text};

/// What follows one of these words.
pub(crate) fn parse(name: &str, mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let directory = match name {
        "doc" => path(&mut parser, "--output")?,
        _ => None,
    };
    let data = match name {
        "check" | "clippy" => {
            let (json, is_buffer) = (parser.contains("--json"), parser.contains("--stdin-text"));
            match (json, is_buffer) {
                (true, is_buffer) => Data::Json { is_buffer },
                (false, false) => Data::Text,
                (false, true) => return Err(usage_error("`--stdin-text` needs `--json`")),
            }
        }
        _ => Data::Text,
    };
    let shows_only = name == "fmt" && parser.contains("--check");
    let to = match name {
        "migrate" => text(&mut parser, "--to")?,
        _ => None,
    };
    let (options, list) = options_and_words(parser, name)?;
    // What follows `--` is for the tool, unless there is none, or the script comes there.
    let (scripts, mut arguments) = match (list.is_empty(), name) {
        (_, "migrate") => (list.into_iter().chain(plain).collect(), Vec::new()),
        (false, _) => (list, plain),
        (true, _) => {
            let mut plain = plain.into_iter();
            (plain.next().into_iter().collect(), plain.collect::<Vec<_>>())
        }
    };
    let scripts = some_scripts(scripts, Vec::new(), name)?;
    if scripts.len() > 1 && data != Data::Text {
        return Err(
            usage_error("`--json` needs exactly one script").with_hint("check the scripts one by one")
        );
    }
    arguments.extend(shows_only.then(|| "--check".into()));
    Ok(match name {
        "check" => Command::Check { scripts, lint: Lint::Check, arguments, data, options },
        "clippy" => Command::Check { scripts, lint: Lint::Clippy, arguments, data, options },
        "doc" => Command::Document { scripts, directory, arguments, options },
        "fmt" => Command::Format { scripts, arguments, options },
        _ => {
            let style = match to.as_deref() {
                None | Some("frontmatter") => Style::Frontmatter,
                Some("block") => Style::Block,
                Some(other) => {
                    return Err(usage_error(format!("there is no form `{other}`"))
                        .with_hint("`--to frontmatter` or `--to block`"));
                }
            };
            Command::Migrate { scripts, style }
        }
    })
}
