//! `runner check`, `clippy`, `doc`, `fmt` and `migrate` on the command line. What follows `--` is for the tool.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::{Lint, Result, Style, usage_error};

use crate::parse::command::Command;
use crate::parse::options::options_and_words;
use crate::parse::positional::no_more;
use crate::parse::values::{path, text};

/// What follows one of these words.
pub(crate) fn parse(name: &str, mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let directory = match name {
        "doc" => path(&mut parser, "--output")?,
        _ => None,
    };
    let shows_only = name == "fmt" && parser.contains("--check");
    let to = match name {
        "migrate" => text(&mut parser, "--to")?,
        _ => None,
    };
    let (options, list) = options_and_words(parser, name)?;
    let mut list = list.into_iter();
    let mut arguments = plain.into_iter();
    let script = list.next().or_else(|| arguments.next()).ok_or_else(|| {
        usage_error(format!("`{name}` needs a script")).with_hint(format!("`runner {name} SCRIPT`"))
    })?;
    no_more(list, name)?;
    let mut arguments: Vec<OsString> = arguments.collect();
    arguments.extend(shows_only.then(|| "--check".into()));
    Ok(match name {
        "check" => Command::Check { script, lint: Lint::Check, arguments, options },
        "clippy" => Command::Check { script, lint: Lint::Clippy, arguments, options },
        "doc" => Command::Document { script, directory, arguments, options },
        "fmt" => Command::Format { script, arguments, options },
        _ => {
            no_more(arguments, name)?;
            let style = match to.as_deref() {
                None | Some("frontmatter") => Style::Frontmatter,
                Some("block") => Style::Block,
                Some(other) => {
                    return Err(usage_error(format!("there is no form `{other}`"))
                        .with_hint("`--to frontmatter` or `--to block`"));
                }
            };
            Command::Migrate { script, style }
        }
    })
}
