//! Errors and notes about lines of a script's header.

use crate::base::error::{Error, Step};
use crate::base::text_position::TextPosition;

/// Something about a line of the script that its author should know, although it is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// One-based line of the script.
    pub(crate) line: usize,
    /// One sentence, lower case, no final period.
    pub(crate) text: String,
}

/// Metadata that was meant as such and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderError {
    pub(crate) position: TextPosition,
    /// What is wrong; in cargo's or rustc's own words where they have some.
    pub(crate) message: String,
    /// What to write instead, if that is known.
    pub(crate) hint: Option<String>,
}

impl HeaderError {
    pub(super) fn at(text: &str, offset: usize, message: impl Into<String>) -> HeaderError {
        HeaderError { position: TextPosition::of(text, offset), message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> HeaderError {
        HeaderError { hint: Some(hint.into()), ..self }
    }
}

impl From<HeaderError> for Error {
    fn from(error: HeaderError) -> Error {
        let here = Error::message(Step::Metadata, error.message).placed(Some(error.position));
        match error.hint {
            Some(hint) => here.hint(hint),
            None => here,
        }
    }
}
