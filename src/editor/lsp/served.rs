//! Served text stands for a script at its server; positions of the one are mapped to the other.
//!
//! Lines are the same in both. On a line that holds something inserted, columns behind it differ:
//!
//! ```text
//! script             x();              x();            2 │ opening │      a cursor at 0 is behind the opening
//! served    fn main() { {x(); } }      ^0 ──► 13         │
//! ```

use crate::base::order;
use crate::editor::lsp::projects::{Changes, FirstLine};
use crate::editor::lsp::text::{Encoding, Position};

/// A text as a server has it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Served {
    /// `None` if it is the script's own.
    text: Option<String>,
    insertions: Vec<Place>,
    /// Nothing above is a server's to edit.
    pub(super) head_end: Position,
    /// Where a new item may stand.
    pub(super) items_start: Position,
    /// Whether that place is the end of a line that has no end.
    pub(super) needs_newline: bool,
    /// Whether code that is no import follows that place at once.
    pub(super) needs_gap: bool,
}

/// Something inserted, at its place in the script.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    at: Position,
    width: u64,
    is_before_cursor: bool,
}

/// Where a position of the served text is in the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) position: Position,
    /// Whether it is strictly within something inserted; the position is where that stands.
    pub(super) is_inserted: bool,
}

impl Served {
    pub(super) fn new(script: &str, changes: &Changes, encoding: Encoding) -> Served {
        let is_fine = |at: usize| script.is_char_boundary(at);
        let items = script.get(changes.items_start..).unwrap_or_default();
        let served = Served {
            text: None,
            insertions: Vec::new(),
            head_end: Position::of(script, changes.head_end, encoding),
            items_start: Position::of(script, changes.items_start, encoding),
            needs_newline: changes.items_start > 0
                && script.get(..changes.items_start).is_some_and(|above| !above.ends_with('\n')),
            needs_gap: items.lines().next().is_some_and(|line| {
                let line = line.trim();
                !line.is_empty() && !line.starts_with("use ") && !line.starts_with("#include")
            }),
        };
        let is_same = changes.insertions.is_empty()
            && changes.blanks.is_empty()
            && (changes.first_line == FirstLine::Kept || !script.starts_with("#!"));
        if is_same {
            return served;
        }
        let mut text = script.to_owned();
        // From the end, so that offsets stay true. Blanks keep the length in every unit, if not in bytes: they are made
        // after what stands behind them.
        let mut edits: Vec<(std::ops::Range<usize>, String)> = Vec::new();
        for blank in changes.blanks.iter().filter(|blank| is_fine(blank.start) && is_fine(blank.end)) {
            let old = script.get(blank.clone()).unwrap_or_default();
            edits.push((blank.clone(), blanked(old, encoding)));
        }
        for insertion in changes.insertions.iter().filter(|insertion| is_fine(insertion.at)) {
            edits.push((insertion.at..insertion.at, insertion.text.replace(['\n', '\r'], " ")));
        }
        if script.starts_with("#!") {
            let line = script.find(['\r', '\n']).unwrap_or(script.len());
            match changes.first_line {
                FirstLine::Kept => {}
                FirstLine::Comment => edits.push((0..2, "//".to_owned())),
                FirstLine::GoProgram => edits.push((0..line, "//go:build ignore".to_owned())),
            }
        }
        order::sort_by_key(&mut edits, |(range, _)| (range.start, range.end));
        let mut rest = text.len();
        for (range, new) in edits.iter().rev() {
            // What overlaps is wrong already, and is not made worse.
            if range.end <= rest {
                text.replace_range(range.clone(), new);
                rest = range.start;
            }
        }
        let place = |insertion: &crate::editor::lsp::projects::Insertion| Place {
            at: Position::of(script, insertion.at, encoding),
            width: encoding.width(&insertion.text) as u64,
            is_before_cursor: insertion.is_before_cursor,
        };
        let mut insertions: Vec<Place> =
            changes.insertions.iter().filter(|insertion| is_fine(insertion.at)).map(place).collect();
        order::sort_by_key(&mut insertions, |place| place.at);
        Served { text: Some(text), insertions, ..served }
    }

    /// The text as the server has it.
    pub(super) fn text<'a>(&'a self, script: &'a str) -> &'a str {
        self.text.as_deref().unwrap_or(script)
    }

    /// Whether server and editor have the same text.
    pub(super) fn is_same(&self) -> bool {
        self.text.is_none()
    }

    /// Whether all positions are the same in both.
    pub(super) fn is_in_place(&self) -> bool {
        self.insertions.is_empty()
    }

    /// The place in the served text of a place in the script.
    pub(super) fn position_served(&self, position: Position) -> Position {
        let before = self.on_line(position.line).filter(|place| {
            place.at.character < position.character
                || place.at.character == position.character && place.is_before_cursor
        });
        Position::new(position.line, position.character + before.map(|place| place.width).sum::<u64>())
    }

    /// The place in the script of a place in the served text.
    pub(super) fn origin(&self, position: Position) -> Origin {
        let mut before = 0;
        for place in self.on_line(position.line) {
            let start = place.at.character + before;
            if position.character <= start {
                break;
            }
            if position.character < start + place.width {
                return Origin { position: place.at, is_inserted: true };
            }
            before += place.width;
        }
        let position = Position::new(position.line, position.character - before);
        Origin { position, is_inserted: false }
    }

    /// The range in the script of a range in the served text; `None` if all of it is inserted.
    pub(super) fn range_origin(&self, start: Position, end: Position) -> Option<(Position, Position)> {
        let (from, to) = (self.origin(start), self.origin(end));
        let was_empty = start == end;
        let is_empty = from.position == to.position;
        let is_lost = from.is_inserted && to.is_inserted && is_empty || is_empty && !was_empty;
        (!is_lost).then_some((from.position, to.position))
    }

    /// Whether an edit of this range of the served text would change something inserted.
    pub(super) fn is_touched(&self, start: Position, end: Position) -> bool {
        if self.origin(start).is_inserted || self.origin(end).is_inserted {
            return true;
        }
        start != end
            && self.insertions.iter().any(|place| {
                let from = self.served_start(place);
                let to = Position::new(from.line, from.character + place.width);
                start < to && from < end
            })
    }

    fn served_start(&self, place: &Place) -> Position {
        let before = self.on_line(place.at.line).take_while(|other| *other != place).map(|place| place.width);
        Position::new(place.at.line, place.at.character + before.sum::<u64>())
    }

    fn on_line(&self, line: u64) -> impl Iterator<Item = &Place> {
        self.insertions.iter().filter(move |place| place.at.line == line)
    }
}

/// White space as wide as a text, line ends where they were.
fn blanked(text: &str, encoding: Encoding) -> String {
    let mut blank = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => blank.push(character),
            other => {
                let width = encoding.width(other.encode_utf8(&mut [0; 4]));
                blank.extend(std::iter::repeat_n(' ', width));
            }
        }
    }
    blank
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::lsp::projects::Insertion;

    fn insertion(at: usize, text: &str, is_before_cursor: bool) -> Insertion {
        Insertion { at, text: text.to_owned(), is_before_cursor }
    }

    fn served(script: &str, insertions: Vec<Insertion>) -> Served {
        let changes = Changes { insertions, ..Changes::default() };
        Served::new(script, &changes, Encoding::Utf16)
    }

    #[test]
    fn positions_go_both_ways() {
        // 0 "use a;" / 1 "é(x); // end": the opening before `é`, the closing behind `;`.
        let script = "use a;\né(x); // end\n";
        let ours = served(script, vec![insertion(7, "OPEN{", true), insertion(13, "}CLOSE", false)]);
        assert_eq!(ours.text(script), "use a;\nOPEN{é(x);}CLOSE // end\n");
        for (line, character, expected) in
            [(0, 0, 0), (0, 6, 6), (1, 0, 5), (1, 1, 6), (1, 5, 10), (1, 6, 17), (1, 12, 23), (2, 0, 0)]
        {
            let position = Position::new(line, character);
            let there = ours.position_served(position);
            assert_eq!(there, Position::new(line, expected), "{position:?}");
            assert_eq!(ours.origin(there), Origin { position, is_inserted: false }, "{position:?}");
        }
        for (character, expected, is_inserted) in [
            (0, 0, false),
            (1, 0, true),
            (4, 0, true),
            (5, 0, false),
            (10, 5, false),
            (11, 5, true),
            (16, 5, false),
        ] {
            let origin = Origin { position: Position::new(1, expected), is_inserted };
            assert_eq!(ours.origin(Position::new(1, character)), origin, "{character}");
        }
    }

    #[test]
    fn ranges_of_inserted_text_are_dropped() {
        let ours = served("use a;\nx();\n", vec![insertion(6, " OPEN {", false), insertion(11, "}", false)]);
        let range = |line, from, to| {
            let found = ours.range_origin(Position::new(line, from), Position::new(line, to));
            found.map(|(start, end)| (start.character, end.character))
        };
        for (line, from, to, expected) in [
            (0, 0, 6, Some((0, 6))),
            (0, 6, 13, None),
            (0, 7, 11, None),
            (0, 8, 8, None),
            (0, 6, 6, Some((6, 6))),
            (0, 13, 13, Some((6, 6))),
            // What surrounds the script's own is cut to it.
            (0, 4, 9, Some((4, 6))),
            (1, 4, 5, None),
            (1, 0, 5, Some((0, 4))),
            (1, 4, 4, Some((4, 4))),
        ] {
            assert_eq!(range(line, from, to), expected, "{line}:{from}-{to}");
        }
        let whole = ours.range_origin(Position::new(0, 7), Position::new(1, 5));
        assert_eq!(whole, Some((Position::new(0, 6), Position::new(1, 4))));
        let touched = |from: (u64, u64), to: (u64, u64)| {
            ours.is_touched(Position::new(from.0, from.1), Position::new(to.0, to.1))
        };
        assert!(touched((0, 7), (0, 7)) && touched((0, 0), (1, 0)) && touched((0, 4), (0, 8)));
        assert!(!touched((0, 6), (0, 6)) && !touched((0, 0), (0, 6)) && !touched((1, 0), (1, 4)));
    }

    #[test]
    fn first_lines_and_blanks_keep_their_columns() {
        let script = "#!/usr/bin/env runner\nmod é𝕏;\n";
        let changes = Changes {
            first_line: FirstLine::Comment,
            blanks: std::iter::once(22..script.len() - 1).collect(),
            ..Changes::default()
        };
        let ours = Served::new(script, &changes, Encoding::Utf16);
        assert_eq!(ours.text(script), "///usr/bin/env runner\n        \n");
        assert!(ours.is_in_place() && !ours.is_same());
        let changes = Changes { first_line: FirstLine::GoProgram, ..Changes::default() };
        let text = "#!/usr/bin/env runner\r\npackage main\r\n";
        let ours = Served::new(text, &changes, Encoding::Utf16);
        assert_eq!(ours.text(text), "//go:build ignore\r\npackage main\r\n");
        assert!(Served::new("x", &changes, Encoding::Utf16).is_same());
    }
}
