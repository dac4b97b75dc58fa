//! `runner cache …` on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use pico_args::Arguments;
use runner::{Limits, Result, usage_error};

use super::{CacheCommand, Command, no_more, text, words};

/// What follows the word `cache`.
pub(super) fn parse(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let older = text(&mut parser, "--older")?;
    let most = text(&mut parser, "--max-size")?;
    let mut list = words(parser, "cache", None)?.into_iter().chain(plain);
    let word = list.next().unwrap_or_default();
    if word != "trim"
        && let Some(option) = older.as_ref().map(|_| "--older").or(most.as_ref().map(|_| "--max-size"))
    {
        return Err(usage_error(format!("`{option}` is for `cache trim`")).with_hint("`runner help cache`"));
    }
    let command = match word.to_str() {
        Some("path") => CacheCommand::Path,
        Some("size") => CacheCommand::Size,
        Some("list") => CacheCommand::List,
        Some("trim") => CacheCommand::Trim(Limits {
            unused_days: older.as_deref().map_or(Ok(Limits::default().unused_days), days)?,
            most_bytes: most.as_deref().map_or(Ok(Limits::default().most_bytes), bytes)?,
        }),
        Some("stop") => CacheCommand::Stop,
        Some("clean") => CacheCommand::Clean(list.next().map(PathBuf::from)),
        _ => {
            return Err(usage_error("`cache` needs one of `path`, `size`, `list`, `trim`, `clean`, `stop`")
                .with_hint("`runner help cache`"));
        }
    };
    no_more(list, "cache")?;
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
