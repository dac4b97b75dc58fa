//! A file of settings as TOML: its tables, and the positions that errors name.

use std::path::Path;

use toml::de::DeTable;
use toml::{Spanned, Table};

use crate::base::error::{Error, Result, Step};
use crate::base::text_position::TextPosition;

#[cold]
pub(super) fn error_at(file: &Path, position: TextPosition, text: &str) -> Error {
    let TextPosition { line, column } = position;
    Error::message(Step::Config, format!("{}:{line}:{column}: {text}", file.display()))
}

/// The tables of a file, with the places of their keys and without.
///
/// # Errors
/// [`Step::Config`] if it is not TOML.
pub(super) fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<(Spanned<DeTable<'a>>, Table)> {
    let at = |offset: usize, text: &str| error_at(path, TextPosition::of(bytes, offset), text);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| at(error.valid_up_to(), "it is not UTF-8 text").hint("write it in UTF-8"))?;
    let malformed = |error: toml::de::Error| {
        let words = error.message().lines().collect::<Vec<_>>().join(", ");
        at(error.span().map_or(0, |span| span.start), &words).hint("it is TOML: `name = value` lines")
    };
    Ok((DeTable::parse(text).map_err(malformed)?, text.parse().map_err(malformed)?))
}
