//! Reads the block form of a manifest, a fence labelled `cargo` in the Markdown of a doc comment.
//!
//! ````text
//! //! ```cargo              /*!
//! //! [dependencies]         * ~~~ Cargo
//! //! time = "0.1.25"        * dependencies.time = "0.1.25"
//! //! ```                    * ~~~
//! ````
//!
//! rust-script's rules that find a manifest hold here: comment marks come off, the margin of ` * ` and the indentation
//! of the comment too, a fence may be indented by three more, one that is not closed ends with its comment, and others
//! (`sh`, `text`) are passed over with what is in them. Its rules that lose one do not: it gives up on a comment with
//! a tab at the left, or with a line that is indented less than the first indented one.
//!
//! Of Markdown only fences are known; one in a list or a quotation counts if it looks like one without it.

use std::ops::Range;

use crate::base::error::printable;
use crate::script::header::diagnostics::Note;
use crate::script::header::lexer::offset;
use crate::script::header::metadata::{Form, Metadata};
use crate::script::header::short;

/// White space that indents a line.
const INDENT: [char; 2] = [' ', '\t'];

/// A fence that is indented by more is an example in the text, says Markdown.
const MAX_FENCE_INDENT: usize = 3;

/// A line of a doc comment without its mark.
pub(super) struct Line<'a> {
    text: &'a str,
    /// One-based line of the script.
    number: usize,
    /// Byte offset of `text` in the script.
    start: usize,
    /// How many bytes stand before `text` on its line.
    column: usize,
}

/// The manifests and notes of a doc comment.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) blocks: Vec<Block<'a>>,
    pub(super) notes: Vec<Note>,
}

/// A manifest in a doc comment.
pub(super) struct Block<'a> {
    fence: Fence<'a>,
    opening: &'a Line<'a>,
    content: &'a [Line<'a>],
    /// The closing fence, or the last line of the comment.
    end: &'a Line<'a>,
}

impl Found<'_> {
    fn note(&mut self, line: &Line<'_>, text: impl Into<String>) {
        self.notes.push(Note { line: line.number, text: text.into() });
    }
}

/// The content of the doc comment line that `text` begins with, and all that follows.
pub(super) fn line_content(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
    text.strip_prefix("//!").or_else(|| text.strip_prefix("///"))
}

/// The lines of a run of doc comment lines at `range` of the script, which begins on line `first`.
pub(super) fn of_lines(script: &str, range: Range<usize>, first: usize) -> Vec<Line<'_>> {
    lines(script, range, first, |line| line_content(line).unwrap_or(line))
}

/// The lines of a block doc comment at `range` of the script, without its marks.
pub(super) fn of_block(script: &str, range: Range<usize>, first: usize) -> Vec<Line<'_>> {
    // The first ` * ` sets a margin; it comes off where it is, so that a list of Markdown does not cost the
    // lines below it two characters, as in rust-script.
    let mut margin = false;
    lines(script, range, first, |line| match line.trim_start().strip_prefix('*') {
        Some(content) if margin || content.is_empty() || content.starts_with(INDENT) => {
            margin = true;
            content
        }
        _ => line,
    })
}

fn lines(
    script: &str,
    range: Range<usize>,
    first: usize,
    mut unmarked: impl FnMut(&str) -> &str,
) -> Vec<Line<'_>> {
    let mut start = range.start;
    let before = script.get(..start).unwrap_or_default();
    let mut column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
    let mut lines = Vec::new();
    for (number, whole) in (first..).zip(script.get(range).unwrap_or_default().split('\n')) {
        let line = whole.strip_suffix('\r').unwrap_or(whole);
        let content = unmarked(line);
        let mark = offset(line, content);
        lines.push(Line { text: content, number, start: start + mark, column: column + mark });
        start += whole.len() + 1;
        column = 0;
    }
    lines
}

/// An opening fence.
struct Fence<'a> {
    marks: &'a str,
    info: &'a str,
    indent: usize,
}

/// Finds the manifests in a doc comment, in order.
pub(super) fn find<'a>(lines: &'a [Line<'a>]) -> Found<'a> {
    let mut found = Found::default();
    // The first line that is indented says how far the comment is.
    let mut indented = lines.iter().map(|line| unindented(line.text));
    let first = indented.find(|&(content, indent)| indent > 0 && !content.is_empty());
    let deepest = first.map_or(0, |(_, indent)| indent) + MAX_FENCE_INDENT;

    let mut rest = lines.iter().enumerate();
    while let Some((index, line)) = rest.next() {
        let fence = Fence::opened_by(line.text).filter(|fence| fence.indent <= deepest);
        let Some(fence) = fence else {
            if short::list_in(line.text).is_some() {
                found.note(line, short::WRONG_COMMENT);
            }
            continue;
        };

        let close = rest.by_ref().find(|(_, line)| fence.closed_by(line.text, deepest));
        if fence.is_manifest() {
            let (after, end) = close.unwrap_or_else(|| {
                found.note(line, "this manifest is not closed, so it ends with its comment");
                (lines.len(), lines.iter().rfind(|line| !line.text.trim().is_empty()).unwrap_or(line))
            });
            let content = lines.get(index + 1..after).unwrap_or_default();
            found.blocks.push(Block { fence, opening: line, content, end });
        } else if fence.is_almost_manifest() {
            found.note(
                line,
                format!("only the label `cargo` makes this a manifest, not `{}`", printable(fence.info)),
            );
        }
    }
    found
}

/// Whether a line of a doc comment opens a manifest.
pub(super) fn opens_manifest(content: &str) -> bool {
    Fence::opened_by(content).is_some_and(|fence| fence.is_manifest())
}

impl<'a> Fence<'a> {
    fn opened_by(line: &'a str) -> Option<Fence<'a>> {
        let (content, indent) = unindented(line);
        let mark = content.chars().next().filter(|mark| ['`', '~'].contains(mark))?;
        let info = content.trim_start_matches(mark);
        let marks = content.get(..offset(content, info))?;
        // With a backtick in its label it is code in a line of text.
        let fence = marks.len() >= 3 && !(mark == '`' && info.contains('`'));
        fence.then_some(Fence { marks, info: info.trim(), indent })
    }

    fn closed_by(&self, line: &str, deepest: usize) -> bool {
        let (content, indent) = unindented(line);
        let more = content.strip_prefix(self.marks);
        let label = more.map(|more| more.trim_start_matches(|mark| self.marks.starts_with(mark)));
        indent <= deepest && label.is_some_and(|label| label.trim().is_empty())
    }

    fn is_manifest(&self) -> bool {
        self.info.eq_ignore_ascii_case("cargo")
    }

    /// Labels as `cargo,ignore` and `cargo toml`, which rust-script passes over.
    fn is_almost_manifest(&self) -> bool {
        let word = self.info.split(|c: char| !c.is_alphanumeric()).next();
        word.is_some_and(|word| word.eq_ignore_ascii_case("cargo"))
    }
}

impl Block<'_> {
    /// One-based line of the script.
    pub(super) fn line(&self) -> usize {
        self.opening.number
    }

    /// Puts the TOML together, each line where it is in the script.
    pub(super) fn metadata(&self) -> Metadata {
        let Block { fence, opening, content, end } = self;
        // What each line loses: the mark, and as much indentation as the fence has.
        let dedented = content.iter().map(|line| {
            let indent = unindented(line.text).1.min(fence.indent);
            (line.column + indent, line.text.get(indent..).unwrap_or_default())
        });
        let losses = dedented.clone().filter(|(_, text)| !text.trim().is_empty()).map(|(lost, _)| lost);
        let margin = losses.min().unwrap_or(opening.column + fence.indent);

        let mut toml = "\n".repeat(opening.number);
        for (lost, text) in dedented {
            // In a ragged block some lines lost more. They get it back, so that there is one margin to reckon
            // columns with; white space at the left means nothing to TOML.
            if !text.trim().is_empty() {
                toml.push_str(&" ".repeat(lost - margin));
                toml.push_str(text);
            }
            toml.push('\n');
        }
        let range = opening.start + fence.indent..end.start + end.text.trim_end().len();
        Metadata { form: Form::Block, toml, line: self.line(), range, margin }
    }
}

/// A line without its indentation, and how many bytes that was.
fn unindented(line: &str) -> (&str, usize) {
    let content = line.trim_start_matches(INDENT);
    (content, offset(line, content))
}
