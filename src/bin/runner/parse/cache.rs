//! `runner cache …` on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use pico_args::Arguments;
use runner::{Result, usage_error};

use crate::parse::command::{CacheCommand, Command};
use crate::parse::positional::{no_more, words};
use crate::parse::values::text;

/// What follows the word `cache`.
pub(crate) fn parse(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let older = text(&mut parser, "--older")?;
    let max_size = text(&mut parser, "--max-size")?;
    let only_shows = parser.contains("--dry-run");
    let mut list = words(parser, "cache", None)?.into_iter().chain(plain);
    let word = list.next().unwrap_or_default();
    if word != "trim"
        && let Some(option) = [
            older.as_ref().map(|_| "--older"),
            max_size.as_ref().map(|_| "--max-size"),
            only_shows.then_some("--dry-run"),
        ]
        .into_iter()
        .find_map(|option| option)
    {
        return Err(usage_error(format!("`{option}` is for `cache trim`")).with_hint("`runner help cache`"));
    }
    let command = match word.to_str() {
        Some("path") => CacheCommand::Path,
        Some("size") => CacheCommand::Size,
        Some("list") => CacheCommand::List,
        Some("stats") => CacheCommand::Stats,
        Some("trim") => CacheCommand::Trim { older, max_size, only_shows },
        Some("push") => {
            let scripts: Vec<OsString> = list.by_ref().collect();
            if scripts.is_empty() {
                return Err(usage_error("`cache push` needs a script").with_hint("`runner help cache`"));
            }
            CacheCommand::Push(scripts)
        }
        Some("stop") => CacheCommand::Stop,
        Some("clean") => CacheCommand::Clean(list.next().map(PathBuf::from)),
        _ => {
            return Err(usage_error(
                "`cache` needs one of `path`, `size`, `list`, `stats`, `trim`, `clean`, `push`, `stop`",
            )
            .with_hint("`runner help cache`"));
        }
    };
    no_more(list, "cache")?;
    Ok(Command::Cache(command))
}
