//! Text that rustfmt prints of a script with text of runner's in it. rustfmt has no other form; what a compiler says is data
//! ([`crate::rust::source::span_map`]).
//!
//! A script without `main` is given to the compiler with an opening before its first statement and a closing behind its last
//! one ([`crate::rust::source::main_wrapper`]). Where such a line is shown, ours is taken out of it, the marks below it move to the left, and
//! so do columns:
//!
//! ```text
//!  --> s.rs:1:38                                  --> s.rs:1:7
//!   |                                              |
//! 1 |  fn main() -> __RunnerResult { {1 + x   ──►  1 | 1 + x
//!   |                                     ^        |     ^
//! ```
//!
//! The compiler may have cut either short to fit a terminal.

use std::ops::Range;

/// What the compiler puts where it cuts a line.
const CUT: &str = "...";
/// So much of the closing and of the opening is no coincidence.
const LEAST_BEGINNING: usize = 4;
const LEAST_END: usize = 3;

/// What is ours in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inserted {
    /// The one-based line that the opening shares with the script, and the characters before it there.
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// In one line.
    pub(crate) opening: String,
    /// What stands behind the script's own, in one line.
    pub(crate) closing: String,
    /// The line and the characters before the closing, in the script.
    pub(crate) end: (usize, usize),
    /// Where in the script stands what would be put above `main`.
    pub(crate) anchor: (usize, usize),
    /// Items that were moved into the opening.
    pub(crate) moved: Vec<Moved>,
    /// Whether all lines below the closing are ours.
    pub(crate) is_last: bool,
}

/// An item that stands in the opening, and in the script elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The characters of the opening.
    pub(crate) at: Range<usize>,
    /// The line, and the characters before it there, in the script.
    pub(crate) start: (usize, usize),
    pub(crate) end: (usize, usize),
}

impl Inserted {
    /// What was said of a file called `name`, without ours.
    pub(crate) fn taken_out(&self, said: &str, name: &str) -> String {
        let width = self.opening.chars().count();
        let mut out = String::with_capacity(said.len());
        // Where the opening stood in the last line of source that held it, and how much of it.
        let mut cut = None;
        for line in said.split_inclusive('\n') {
            let mut line = self.with_own_columns(line, name, width);
            let plain: String = visible(&line).map(|(_, character)| character).collect();
            let is_source =
                plain.trim_start().starts_with(|c: char| c.is_ascii_digit()) && plain.contains('|');
            let is_marks = plain.trim_start().starts_with('|') || plain.trim_start().starts_with("...");
            if is_source {
                // From the right, so that what stands to the left stays where it is.
                line = self.closing_in(&plain).map_or(line.clone(), |(at, count)| without(&line, at, count));
                cut = self.opening_in(&plain);
            } else if !is_marks {
                cut = None;
            }
            if let Some((at, count)) = cut {
                line = without(&line, at, count);
            }
            out.push_str(&line);
        }
        out
    }

    /// Where a line of source shows the opening: the first character and how many. A terminal may have room for its end only.
    fn opening_in(&self, line: &str) -> Option<(usize, usize)> {
        if let Some(at) = line.find(&self.opening) {
            return Some((line[..at].chars().count(), self.opening.chars().count()));
        }
        let at = line.find("| ...")? + "| ".len();
        let shown = &line[at + CUT.len()..];
        let ends = self.opening.char_indices().skip(1).map(|(start, _)| &self.opening[start..]);
        let end = ends.take_while(|end| end.len() >= LEAST_END).find(|end| shown.starts_with(end))?;
        Some((line[..at].chars().count(), CUT.len() + end.chars().count()))
    }

    /// The same of the closing, of which there may be room for the beginning only.
    fn closing_in(&self, line: &str) -> Option<(usize, usize)> {
        line.match_indices(self.closing.get(..LEAST_BEGINNING)?).find_map(|(at, _)| {
            let rest = line[at..].trim_end();
            let is_all = rest.starts_with(&self.closing);
            let part = rest.strip_suffix(CUT).filter(|part| self.closing.starts_with(part));
            let count = if is_all { self.closing.chars().count() } else { part?.chars().count() + CUT.len() };
            Some((line[..at].chars().count(), count))
        })
    }

    /// A line in which a place of the script, if there is one, is where the script has it.
    fn with_own_columns(&self, line: &str, name: &str, width: usize) -> String {
        let place = format!("{name}:{}:", self.line);
        let Some((before, rest)) = line.split_once(&place) else { return line.to_owned() };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match rest[..digits].parse::<usize>() {
            Ok(column) if column > self.column => {
                let column = (self.column + 1).max(column.saturating_sub(width));
                format!("{before}{place}{column}{}", &rest[digits..])
            }
            _ => line.to_owned(),
        }
    }
}

/// The characters that a terminal would show, with where they are.
fn visible(line: &str) -> impl Iterator<Item = (usize, char)> {
    let mut in_escape = false;
    line.char_indices().filter(move |(_, character)| {
        let was_in_escape = in_escape;
        in_escape = match character {
            '\u{1b}' => true,
            '[' | ';' | '0'..='9' => in_escape,
            _ => false,
        };
        !(was_in_escape || in_escape)
    })
}

/// A line without some of the characters that would be shown, if it has them all.
fn without(line: &str, at: usize, count: usize) -> String {
    let shown: Vec<(usize, char)> = visible(line.trim_end_matches('\n')).collect();
    if shown.len() < at + count {
        return line.to_owned();
    }
    let gone = &shown[at..at + count];
    let is_gone = |index: usize| gone.binary_search_by_key(&index, |(index, _)| *index).is_ok();
    line.char_indices().filter(|(index, _)| !is_gone(*index)).map(|(_, character)| character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted() -> Inserted {
        let (opening, closing) = ("OPEN {".to_owned(), " } CLOSE CLOSE".to_owned());
        Inserted { line: 1, column: 2, opening, closing, ..Inserted::default() }
    }

    #[test]
    fn what_is_ours_is_not_shown() {
        let said = "error: no\n --> s.rs:1:11\n  |\n1 | a;OPEN {b+x; } CLOSE CLOSE\n  |           ^ not found\n2 | c\n  | ----- here\n\n\
                    help: x\n  |\n1 + a;OPEN {|y|; } CLOSE CLOSE\n  |         +\n";
        let expected = "error: no\n --> s.rs:1:5\n  |\n1 | a;b+x;\n  |     ^ not found\n2 | c\n  | ----- here\n\n\
                        help: x\n  |\n1 + a;|y|;\n  |   +\n";
        assert_eq!(inserted().taken_out(said, "s.rs"), expected);
    }

    #[test]
    fn colors_stay() {
        let said = "\u{1b}[1m--> \u{1b}[0ms.rs:1:9\n\u{1b}[94m1\u{1b}[0m \u{1b}[94m|\u{1b}[0m a;OPEN {b\n  \u{1b}[94m|\u{1b}[0m         \u{1b}[91m^\u{1b}[0m\n";
        let expected = "\u{1b}[1m--> \u{1b}[0ms.rs:1:3\n\u{1b}[94m1\u{1b}[0m \u{1b}[94m|\u{1b}[0m a;b\n  \u{1b}[94m|\u{1b}[0m   \u{1b}[91m^\u{1b}[0m\n";
        assert_eq!(inserted().taken_out(said, "s.rs"), expected);
    }

    #[test]
    fn what_is_the_scripts_stays() {
        for said in [
            "",
            "x",
            " --> s.rs:1:2\n",
            " --> s.rs:2:30\n",
            " --> t.rs:1:30\n",
            " --> s.rs:1:\n",
            "1 | a;OP...\n  |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
            "1 | ...{b\n  | ^^^ \n",
            "\u{1b}[",
        ] {
            assert_eq!(inserted().taken_out(said, "s.rs"), said);
        }
        // What was cut short is still ours.
        assert_eq!(inserted().taken_out("1 | b; } CLOSE CLO...\n", "s.rs"), "1 | b;\n");
        let colored =
            "1 \u{1b}[94m|\u{1b}[0m \u{1b}[94m...\u{1b}[0mEN {b; } CLO\u{1b}[94m...\u{1b}[0m\n  |        ^\n";
        let expected = "1 \u{1b}[94m|\u{1b}[0m \u{1b}[94m\u{1b}[0mb;\u{1b}[94m\u{1b}[0m\n  | ^\n";
        assert_eq!(inserted().taken_out(colored, "s.rs"), expected);
        assert_eq!(inserted().taken_out("1 | b; } CLOSE CLOT...\n", "s.rs"), "1 | b; } CLOSE CLOT...\n");
        // Never before where it stands.
        assert_eq!(inserted().taken_out("s.rs:1:4: x\n", "s.rs"), "s.rs:1:3: x\n");
    }
}
