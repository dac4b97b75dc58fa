//! Finds the `#!` line and the embedded manifest of a Rust script, in its text alone.
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
//! The files `frontmatter`, `short`, `block` and `scriptisto` each hold the grammar of one form, and `comment` walks the
//! leading run; `lexer` has what they share of Rust's own grammar.
//! Frontmatter comes first: when a script has one, a `cargo` block in its comments is documentation. Among the comment
//! forms the first one in the script is the manifest. Where rust-script would silently drop the dependencies of a
//! script, they are accepted or get a [`Note`].
//!
//! Not done here: TOML is not parsed (it comes back padded, so that the lines in a parser's errors are the script's
//! own), a shebang is not split into words, nothing is read from disk. This is the head of a *Rust* script; in other
//! languages only the `#!` line means the same, and for example a Haskell comment is not a short frontmatter fence.

pub(crate) mod attributes;
pub(crate) mod block;
pub(crate) mod comment;
pub(crate) mod diagnostics;
pub(crate) mod frontmatter;
pub(crate) mod lexer;
pub(crate) mod metadata;
pub(crate) mod scriptisto;
pub(crate) mod short;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use crate::script::header::diagnostics::{HeaderError, Note};
pub(crate) use crate::script::header::lexer::BOM;
use crate::script::header::lexer::{split_line, split_shebang};
pub(crate) use crate::script::header::metadata::{Form, Metadata};
pub(crate) use crate::script::header::scriptisto::{Spec, is_in as has_spec};

/// The head of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// The first line after `#!`, without it and without the line end; `None` when there is no shebang.
    /// `#![attribute]` is not one.
    pub(crate) shebang: Option<&'a str>,
    /// Whether the text begins with a UTF-8 BOM, which hides a shebang from the kernel.
    pub(crate) bom: bool,
    /// Whether the shebang line ends in a carriage return, which the kernel takes for a part of the interpreter's name.
    pub(crate) shebang_crlf: bool,
    /// The manifest, if the script has one.
    pub(crate) metadata: Option<Metadata>,
    /// The build command in the header of scriptisto.
    pub(crate) build_command: Option<String>,
    /// The unstable features that its inner attributes ask for.
    pub(crate) features: Vec<&'a str>,
    /// What is not an error but should be known to the author, such as a comment that hides the manifest from
    /// rust-script.
    pub(crate) notes: Vec<Note>,
}

impl Header<'_> {
    /// Byte offset at which the `#!` line ends, its line end not counted; that of the first byte if there is none.
    pub(crate) fn shebang_end(&self) -> usize {
        let start = if self.bom { BOM.len() } else { 0 };
        self.shebang.map_or(start, |line| start + "#!".len() + line.len())
    }

    /// The metadata, if rustc has to know its form.
    pub(crate) fn frontmatter(&self) -> Option<&Metadata> {
        self.metadata.as_ref().filter(|metadata| metadata.form == Form::Frontmatter)
    }
}

/// Reads the head of a Rust script.
///
/// # Errors
///
/// When there is metadata that is malformed, or text that rustc refuses and that was evidently meant as metadata
/// (frontmatter below a comment, backticks in place of dashes). Everything else that rustc would refuse is left to it.
pub(crate) fn parse(text: &str) -> Result<Header<'_>, HeaderError> {
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
        features: Vec::new(),
        notes: Vec::new(),
    };
    let code = header.metadata.as_ref().and_then(|metadata| text.get(metadata.range.end..));
    header.features = attributes::features(code.map_or(rest, |after| split_line(after).1));
    if header.metadata.is_none() {
        (header.metadata, header.notes) = comment::find(text, rest)?;
    } else if let Some(after) = code.map(|after| split_line(after).1)
        // What is wrong with a manifest that nobody reads is nobody's business.
        && let Ok((Some(second), _)) = comment::find(text, after)
    {
        let first = header.metadata.as_ref().map_or(1, |metadata| metadata.line);
        let text = format!("this second manifest is not read; the first is on line {first}");
        header.notes.push(Note { line: second.line, text });
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
