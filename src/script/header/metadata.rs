//! The manifest that is embedded in a script, and the form it is written in.

use std::ops::Range;

use crate::base::text_position::TextPosition;

/// Which dialect the metadata of a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
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
pub(crate) struct Metadata {
    /// The dialect it is written in.
    pub(crate) form: Form,
    /// TOML text. For [`Form::Frontmatter`] and [`Form::Block`] it is padded with empty lines, so that line N here is
    /// line N of the script. For [`Form::Short`] it is `[dependencies]` and one line per dependency, and every error
    /// in it belongs to `line`.
    pub(crate) toml: String,
    /// One-based line of the script where the metadata begins: its opening fence, or the comment.
    pub(crate) line: usize,
    /// Byte range of the script (its BOM counted) that holds the metadata, from the first byte of the opening
    /// delimiter to the last of the closing one, without the line end.
    pub(crate) range: Range<usize>,
    /// How many bytes each TOML line lost at its left: a column in `toml` plus `margin` is a column of the script.
    /// It is 0 for [`Form::Frontmatter`] and means nothing for [`Form::Short`].
    pub(crate) margin: usize,
}

impl Metadata {
    /// The position in the script of a byte of the TOML.
    pub(crate) fn position(&self, offset: usize) -> TextPosition {
        match self.form {
            Form::Short => TextPosition { line: self.line, column: 1 },
            Form::Frontmatter | Form::Block | Form::Scriptisto => {
                let TextPosition { line, column } = TextPosition::of(&self.toml, offset);
                TextPosition { line, column: column + self.margin }
            }
        }
    }
}
