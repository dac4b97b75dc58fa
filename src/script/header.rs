//! The head of a script: its `#!` line and the manifest written inside it, found in the text alone.
//!
//! ```text
//! [BOM]                            dropped before anything else is looked at
//! [#! line]                        unless rustc would read it as `#![attribute]`
//! then one of
//!   frontmatter                    after blank lines only; RFC 3503, as cargo reads it
//!     ---[cargo]
//!     TOML
//!     ---
//!   comments                       the leading run of comments and inner attributes; as rust-script reads them
//!     // cargo-deps: a="1", b      short form
//!     //! ```cargo                 block form: `//!`, `///`, `/*! */` or `/** */`
//!     //! TOML
//!     //! ```
//!   scriptisto                     YAML between `scriptisto-begin` and `scriptisto-end`
//! ```
//!
//! The files `frontmatter`, `short`, `block` and `scriptisto` each hold the grammar of one form, and `comment` walks the leading run.
//! Frontmatter comes first: when a script has one, a `cargo` block in its comments is documentation. Among the comment
//! forms the first one in the script is the manifest. Where rust-script would silently drop the dependencies of a
//! script, they are either accepted or spoken of in a [`Note`].
//!
//! Not done here: TOML is not parsed (it comes back padded, so that the lines in a parser's errors are the script's
//! own), a shebang is not split into words, nothing is read from disk. This is the head of a *Rust* script; in other
//! languages only the `#!` line means the same, and for example a Haskell comment is not a short frontmatter fence.

pub(crate) mod attributes;
pub(crate) mod block;
pub(crate) mod comment;
pub(crate) mod frontmatter;
pub(crate) mod scriptisto;
pub(crate) mod short;
#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;

use crate::base::error::{Error, Step};
use crate::base::text_position::TextPosition;
pub use crate::script::header::attributes::features;
pub use crate::script::header::scriptisto::{Spec, is_in as has_spec};

/// A byte order mark, as it stands in a text.
pub const BOM: &str = "\u{feff}";

/// Which dialect the metadata of a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// TOML between lines of `---`, as cargo reads it.
    Frontmatter,
    /// TOML in a fence labelled `cargo` in a doc comment, as rust-script reads it.
    Block,
    /// A line `// cargo-deps: name="version", …`, as rust-script reads it.
    Short,
    /// The header of scriptisto, with or without a `Cargo.toml` in it.
    Scriptisto,
}

/// The manifest found in a script, as TOML whose line numbers are the script's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The dialect it is written in.
    pub form: Form,
    /// TOML text. For [`Form::Frontmatter`] and [`Form::Block`] it is padded with empty lines, so that line N here is
    /// line N of the script. For [`Form::Short`] it is `[dependencies]` and one line per dependency, and every error
    /// in it belongs to `line`.
    pub toml: String,
    /// One-based line of the script where the metadata begins: its opening fence, or the comment.
    pub line: usize,
    /// Byte range of the script (its BOM counted) that holds the metadata, from the first byte of the opening
    /// delimiter to the last of the closing one, without the line end.
    pub range: Range<usize>,
    /// How many bytes each TOML line lost at its left: a column in `toml` plus `margin` is a column of the script.
    /// It is 0 for [`Form::Frontmatter`] and means nothing for [`Form::Short`].
    pub margin: usize,
}

/// What the head of a script says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The first line after `#!`, without it and without the line end; `None` when there is no shebang.
    /// `#![attribute]` is not one.
    pub shebang: Option<&'a str>,
    /// Whether the text begins with a UTF-8 BOM, which hides a shebang from the kernel.
    pub bom: bool,
    /// Whether the shebang line ends in a carriage return, which the kernel takes for a part of the interpreter's name.
    pub shebang_crlf: bool,
    /// The manifest, if the script has one.
    pub metadata: Option<Metadata>,
    /// The build command in the header of scriptisto.
    pub build_command: Option<String>,
    /// What is not an error but should be known to the author, such as a comment that hides the manifest from
    /// rust-script.
    pub notes: Vec<Note>,
}

/// Something about a line of the script that its author should know, although it is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// One-based line of the script.
    pub line: usize,
    /// One sentence, lower case, no final period.
    pub text: String,
}

/// Metadata that was meant as such and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderError {
    pub(crate) position: TextPosition,
    /// What is wrong; in cargo's or rustc's own words where they have some.
    pub message: String,
    /// What to write instead, if that is known.
    pub hint: Option<String>,
}

/// Reads the head of a Rust script.
///
/// # Errors
///
/// When there is metadata that is malformed, or text that rustc refuses and that was evidently meant as metadata
/// (frontmatter below a comment, backticks in place of dashes). Everything else that rustc would refuse is left to it.
pub fn parse(text: &str) -> Result<Header<'_>, HeaderError> {
    let (bom, body) = match text.strip_prefix(BOM) {
        Some(body) => (true, body),
        None => (false, text),
    };
    let (line, rest) = match split_shebang(body) {
        Some((line, rest)) => (Some(line), rest),
        None => (None, body),
    };
    let mut header = Header {
        shebang: line.map(|line| line.strip_suffix('\r').unwrap_or(line)),
        bom,
        shebang_crlf: line.is_some_and(|line| line.ends_with('\r')),
        metadata: frontmatter::find(text, rest)?,
        build_command: None,
        notes: Vec::new(),
    };
    if header.metadata.is_none() {
        (header.metadata, header.notes) = comment::find(text, rest)?;
    }
    if header.metadata.is_none()
        && let Some(spec) = Spec::read(text)?
    {
        header.metadata = Some(spec.metadata());
        header.build_command = spec.build_cmd.map(|command| command.trim_end().to_owned());
    }
    Ok(header)
}

/// The text with its frontmatter between dashes, if it is between backticks, as it was while that form was not settled.
pub(crate) fn with_dashes(text: &str) -> Option<String> {
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let rest = split_shebang(body).map_or(body, |(_, rest)| rest).trim_start();
    let count = rest.len() - rest.trim_start_matches('`').len();
    let (fence, dashes) = rest.get(..count).filter(|_| count >= 3).map(|fence| (fence, "-".repeat(count)))?;
    let start = text.len() - rest.len();
    let mut at = start;
    let end = rest.split_inclusive('\n').find_map(|line| {
        let begin = at;
        at += line.len();
        (begin > start && line.trim_end() == fence).then_some(begin)
    })?;
    Some([&text[..start], &dashes, &text[start + count..end], &dashes, &text[end + count..]].concat())
}

/// The rest of the first line after `#!` (a carriage return included), and what follows that line.
///
/// rustc skips white space, line ends and comments when it looks for the `[` of an attribute; cargo does not skip
/// comments and rust-script skips nothing. rustc is followed, because it is rustc that compiles the script.
fn split_shebang(body: &str) -> Option<(&str, &str)> {
    let after = body.strip_prefix("#!")?;
    if comment::skip_trivia(after).starts_with('[') {
        return None;
    }
    Some(split_line(after))
}

/// The first line, without its `\n`, and the text after it.
fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Byte offset at which `rest`, a suffix of `text`, begins.
fn offset(text: &str, rest: &str) -> usize {
    text.len().saturating_sub(rest.len())
}

/// Pattern_White_Space, which is what Rust calls white space. The set is guaranteed never to change.
fn is_whitespace(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ' | '\u{85}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}

/// Text of the script as a message may show it: whatever it holds, it does not steer a terminal.
fn shown(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

impl HeaderError {
    fn at(text: &str, offset: usize, message: impl Into<String>) -> HeaderError {
        HeaderError { position: TextPosition::of(text, offset), message: message.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> HeaderError {
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
