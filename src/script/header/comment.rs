//! Looks for rust-script's two forms of manifest in the leading run of comments and attributes.
//!
//! ```text
//! white space
//! // comment             the short form, if it says `cargo-deps:`
//! /* comment */
//! //! and /// lines      the block form, if there is a `cargo` fence in them
//! /*! */ and /** */      likewise
//! #![attribute]
//! anything else          is code, and ends the run
//! ```
//!
//! The first manifest counts. rust-script reads one only where it is the very first thing; a license above it makes
//! the dependencies vanish without a word. Here it is read, and a note says so, because whoever writes these forms may
//! well run the script with both.
//!
//! Code is not looked into, but for one thing: when a script has no manifest, a line further down that looks like one
//! is worth a note.

use crate::base::order;
use crate::script::header::diagnostics::{HeaderError, Note};
use crate::script::header::lexer::{
    is_whitespace, offset, skip_inner_attribute, split_block_comment, split_line,
};
use crate::script::header::metadata::{Form, Metadata};
use crate::script::header::{block, frontmatter, short};

// What may stand above a manifest, as messages call it.
const COMMENT: &str = "comment";
const ATTRIBUTE: &str = "attribute";

/// Reads the manifest in the leading run of `text`; `rest` is what follows the shebang.
pub(super) fn find(text: &str, rest: &str) -> Result<(Option<Metadata>, Vec<Note>), HeaderError> {
    let mut reader = Reader { text, rest, start: 0, line: 1, above: None, metadata: None, notes: Vec::new() };
    while reader.read_one()? {}
    reader.check_code()?;
    order::sort_by_key(&mut reader.notes, |note| note.line);
    Ok((reader.metadata, reader.notes))
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    /// Byte offset of what is being read.
    start: usize,
    /// One-based line of `start`.
    line: usize,
    /// Line and kind of the first thing that stands above where we are, if rust-script would read no manifest below it.
    above: Option<(usize, &'static str)>,
    metadata: Option<Metadata>,
    notes: Vec<Note>,
}

impl<'a> Reader<'a> {
    /// Reads one comment, a run of doc comment lines or one attribute; says whether there was any.
    fn read_one(&mut self) -> Result<bool, HeaderError> {
        self.rest = self.rest.trim_start_matches(is_whitespace);
        let start = offset(self.text, self.rest);
        // Counted on from the last one, so that a script of many comments is gone through once.
        self.line += self.text.get(self.start..start).unwrap_or_default().matches('\n').count();
        self.start = start;
        let mut kind = COMMENT;
        if let Some(run) = self.take_doc_lines() {
            self.read_doc_comment(block::of_lines(self.text, self.start..self.start + run.len(), self.line));
        } else if let Some(comment) = self.rest.strip_prefix("//") {
            let (line, after) = split_line(comment);
            self.rest = after;
            self.read_line_comment(line.strip_suffix('\r').unwrap_or(line))?;
        } else if let Some((comment, after)) = split_block_comment(self.rest) {
            self.rest = after;
            self.read_block_comment(comment);
        } else if let Some(after) = skip_inner_attribute(self.rest) {
            self.rest = after;
            kind = ATTRIBUTE;
        } else {
            return Ok(false);
        }
        self.now_below(kind);
        Ok(true)
    }

    /// Takes the doc comment lines that follow each other without a blank line, in either of the two kinds and four
    /// or more slashes too: rust-script takes all of these for one comment.
    fn take_doc_lines(&mut self) -> Option<&'a str> {
        let mut after = self.rest;
        while block::line_content(after).is_some() {
            after = split_line(after).1;
        }
        let run = self.rest.get(..offset(self.rest, after))?;
        self.rest = after;
        let run = run.strip_suffix('\n').unwrap_or(run);
        (!run.is_empty()).then_some(run)
    }

    fn read_line_comment(&mut self, line: &str) -> Result<(), HeaderError> {
        let Some(list) = short::list_in(line) else { return Ok(()) };
        let range = self.start..self.start + "//".len() + line.len();
        let toml = short::to_toml(list).map_err(|malformed| {
            let error = HeaderError::at(self.text, range.end - malformed.rest.len(), malformed.message);
            error.hint(malformed.hint)
        })?;
        let line = self.line;
        self.accept(line, || Metadata { form: Form::Short, toml, line, range, margin: 0 });
        Ok(())
    }

    fn read_block_comment(&mut self, comment: &str) {
        let outer = comment.starts_with("/**") && !comment.starts_with("/***");
        if outer {
            // rust-script does not read this kind, so for it the comment hides what is in it.
            self.now_below(COMMENT);
        }
        if outer || comment.starts_with("/*!") {
            let content = self.start + "/*!".len()..self.start + comment.len();
            self.read_doc_comment(block::of_block(self.text, content, self.line));
        } else if short::list_in(comment.trim_start_matches(['/', '*'])).is_some() {
            self.note(self.line, short::WRONG_COMMENT);
        }
    }

    fn read_doc_comment(&mut self, lines: Vec<block::Line<'_>>) {
        let found = block::find(&lines);
        for block in found.blocks {
            self.accept(block.line(), || block.metadata());
        }
        self.notes.extend(found.notes);
    }

    /// Takes the first manifest, and says so if rust-script would not.
    fn accept(&mut self, line: usize, metadata: impl FnOnce() -> Metadata) {
        if let Some(first) = &self.metadata {
            let text = format!("this second manifest is not read; the first is on line {}", first.line);
            return self.note(line, text);
        }
        if let Some((above, kind)) = self.above {
            let text = format!("the manifest on line {line}, because of this {kind}");
            self.note(above, format!("rust-script does not see {text}"));
        }
        self.metadata = Some(metadata());
    }

    fn now_below(&mut self, kind: &'static str) {
        self.above.get_or_insert((self.line, kind));
    }

    fn note(&mut self, line: usize, text: impl Into<String>) {
        self.notes.push(Note { line, text: text.into() });
    }

    /// The code begins: is it metadata that rustc will not recognize, or is there any below where nobody reads it?
    fn check_code(&mut self) -> Result<(), HeaderError> {
        let start = self.start;
        if frontmatter::begins(self.rest) {
            let error = HeaderError::at(self.text, start, "frontmatter is not the first thing in the script");
            return Err(match self.above {
                Some((line, kind)) => error.hint(format!("move it above the {kind} on line {line}")),
                None => error,
            });
        }
        if self.metadata.is_some() {
            return Ok(());
        }
        if self.rest.starts_with("```") {
            let error = HeaderError::at(self.text, start, "backticks do not delimit frontmatter any more");
            return Err(error.hint("`runner migrate SCRIPT` writes `---` in place of the backticks"));
        }
        for (line, text) in (self.line..).zip(self.rest.split('\n')) {
            let text = text.trim_start();
            let short = text.strip_prefix("//").is_some_and(|comment| short::list_in(comment).is_some());
            if short || block::line_content(text).is_some_and(block::opens_manifest) {
                self.note(line, "this manifest is not read, because it is below code");
                return Ok(());
            }
        }
        Ok(())
    }
}
