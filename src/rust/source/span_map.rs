//! Places of a text that holds something of ours, as places of the script: the lines and columns of a compiler's diagnostics.
//!
//! A script without `main` is given to the compiler with an opening before its first statement and a closing behind its last
//! one ([`crate::rust::source::main_wrapper`]). Neither has a line feed in it, so lines are the script's own, and on the two
//! lines that it shares with ours a column moves by the width of that:
//!
//! ```text
//! given    #[allow(…)] fn main() -> __RunnerResult { {1 + x } …
//! script   1 + x
//! ```
//!
//! What is said of ours alone is not the script's business: a warning is left out, and so is a part that only explains. An
//! error that is nowhere else stands where ours was put.

use crate::base::diagnostic::{Diagnostic, Level, Position, Span};
use crate::report::rendering::byte_of;
use crate::rust::source::diagnostics::Inserted;

/// The names that only ours has, with which a compiler speaks of it.
const OWN_NAMES: &str = "__runner";

/// A place of the script, and whether it was ours in the text that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mapped {
    line: usize,
    /// Characters before it.
    column: usize,
    is_ours: bool,
}

#[allow(clippy::result_large_err, reason = "both sides are spans, and few are made")]
impl Inserted {
    /// A diagnostic with the script's own places, and `original` as its text; `None` if it is about ours alone. Spans of files
    /// that are not the script stay.
    pub(crate) fn mapped(
        &self,
        diagnostic: &Diagnostic,
        is_script: &dyn Fn(&Span) -> bool,
        original: &str,
    ) -> Option<Diagnostic> {
        let mut own = Vec::new();
        let mut place = None;
        for span in &diagnostic.spans {
            match self.mapped_span(span, is_script, original) {
                Ok(span) => own.push(span),
                Err(span) if span.is_primary => place = place.or(Some(span)),
                Err(_) => {}
            }
        }
        let is_about_ours = place.is_some() && !own.iter().any(|span| span.is_primary);
        if is_about_ours && diagnostic.level != Level::Error && diagnostic.level != Level::InternalError {
            return None;
        }
        own.extend(place.filter(|_| is_about_ours));
        let children = diagnostic.children.iter().filter_map(|child| {
            let is_ours = child.message.contains(OWN_NAMES);
            let mapped = self.mapped_child(child, is_script, original).filter(|_| !is_ours)?;
            (child.spans.is_empty() || !mapped.spans.is_empty()).then_some(mapped)
        });
        Some(Diagnostic { spans: own, children: children.collect(), ..diagnostic.clone() })
    }

    /// A note or a suggestion: one that would change ours is none.
    fn mapped_child(
        &self,
        child: &Diagnostic,
        is_script: &dyn Fn(&Span) -> bool,
        original: &str,
    ) -> Option<Diagnostic> {
        let mapped: Vec<Result<Span, Span>> =
            child.spans.iter().map(|span| self.mapped_span(span, is_script, original)).collect();
        let is_suggestion = child.spans.iter().any(|span| span.suggestion.is_some());
        if is_suggestion && mapped.iter().any(Result::is_err) {
            return None;
        }
        let spans = mapped.into_iter().filter_map(Result::ok).collect();
        Some(Diagnostic { spans, ..child.clone() })
    }

    /// The same part of the script; an error is where ours stood, if it is of ours.
    fn mapped_span(
        &self,
        span: &Span,
        is_script: &dyn Fn(&Span) -> bool,
        original: &str,
    ) -> Result<Span, Span> {
        let mut mapped = span.clone();
        if let Some(expansion) = &mut mapped.expansion {
            let (Ok(inner) | Err(inner)) = self.mapped_span(&expansion.span, is_script, original);
            expansion.span = inner;
        }
        if !is_script(span) {
            return Ok(mapped);
        }
        let is_point = (span.start.line, span.start.column) == (span.end.line, span.end.column);
        let (start, end) = match is_point {
            true => {
                let point = self.point(span.start);
                (point, point)
            }
            false => match self.moved_at(span.start) {
                Some(piece) => piece,
                None => (self.place(span.start, true), self.place(span.end, false)),
            },
        };
        let is_ours = start.is_ours && end.is_ours;
        let position = |place: Mapped| {
            let position = Position { line: place.line, column: place.column + 1, byte: 0 };
            Position { byte: byte_of(original, position), ..position }
        };
        (mapped.start, mapped.end) = (position(start), position(end).max(position(start)));
        let lines = original.lines().skip(mapped.start.line.saturating_sub(1));
        mapped.text = lines.take(mapped.end.line + 1 - mapped.start.line).map(str::to_owned).collect();
        if is_ours { Err(mapped) } else { Ok(mapped) }
    }

    /// An item that was moved into the opening, if the place is in it: where it begins and ends in the script.
    fn moved_at(&self, position: Position) -> Option<(Mapped, Mapped)> {
        let at = (position.line == self.line).then(|| (position.column - 1).checked_sub(self.column))??;
        let moved = self.moved.iter().find(|moved| moved.at.contains(&at))?;
        let mapped = |(line, column)| Mapped { line, column, is_ours: false };
        Some((mapped(moved.start), mapped(moved.end)))
    }

    /// A place between two characters, where a suggestion puts something: above `main` is above the statements.
    fn point(&self, position: Position) -> Mapped {
        let (line, column) = self.anchor;
        let at = position.column.saturating_sub(1).checked_sub(self.column);
        match at.filter(|at| position.line == self.line && *at <= 1 && !self.opening.is_empty()) {
            Some(_) => Mapped { line, column, is_ours: false },
            None => self.place(position, true),
        }
    }

    /// A place of the text that was given; the first character of ours is ours where something begins, and the last where
    /// something ends.
    fn place(&self, position: Position, is_start: bool) -> Mapped {
        let line = position.line;
        let mut column = position.column.saturating_sub(1);
        // The characters of one of ours that stand before it, and whether it is within.
        let passed = |column: usize, from: usize, width: usize| {
            let is_within = match is_start {
                true => column >= from && column < from + width,
                false => column > from && column <= from + width,
            };
            (is_within, if column >= from + width { width } else { 0 })
        };
        if line == self.line {
            let (is_within, width) = passed(column, self.column, self.opening.chars().count());
            if is_within {
                return Mapped { line, column: self.column, is_ours: true };
            }
            column -= width;
        }
        let (last_line, last_column) = self.end;
        if line == last_line {
            let (is_within, width) = passed(column, last_column, self.closing.chars().count());
            if is_within {
                return Mapped { line, column: last_column, is_ours: true };
            }
            column -= width;
        }
        if self.is_last && line > last_line {
            return Mapped { line: last_line, column: last_column, is_ours: true };
        }
        Mapped { line, column, is_ours: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted() -> Inserted {
        // `ab` stands on lines 1 and 2, with `OPEN{` before and `}CLOSE` behind.
        Inserted {
            line: 1,
            column: 0,
            opening: "OPEN{".to_owned(),
            closing: "}CLOSE".to_owned(),
            end: (2, 2),
            anchor: (1, 0),
            moved: Vec::new(),
            is_last: true,
        }
    }

    fn span(start: (usize, usize), end: (usize, usize)) -> Span {
        let position = |(line, column)| Position { line, column, byte: 0 };
        let value = serde_json::json!({"message": "", "spans": [{"file_name": "s.rs", "is_primary": true}]});
        let read = Diagnostic::parse(value.to_string().as_bytes()).unwrap();
        Span { start: position(start), end: position(end), ..read.spans[0].clone() }
    }

    #[test]
    fn places_are_the_scripts_own() {
        for (start, end, expected) in [
            ((1, 6), (1, 7), Some("1:1-1:2@0")),
            ((1, 7), (2, 3), Some("1:2-2:3@1")),
            ((2, 1), (2, 3), Some("2:1-2:3@3")),
            ((2, 9), (2, 9), Some("2:3-2:3@5")),
            // From ours into the script, and back.
            ((1, 1), (1, 7), Some("1:1-1:2@0")),
            ((2, 2), (2, 9), Some("2:2-2:3@4")),
            // Before `main` is before the statements.
            ((1, 1), (1, 1), Some("1:1-1:1@0")),
            ((1, 1), (1, 6), None),
            ((2, 3), (2, 4), None),
            ((1, 1), (2, 9), None),
            ((3, 1), (3, 4), None),
        ] {
            let mapped = inserted().mapped_span(&span(start, end), &|_| true, "ab\nab\n");
            let shown = mapped.ok().map(|span| {
                let (start, end) = (span.start, span.end);
                format!("{}:{}-{}:{}@{}", start.line, start.column, end.line, end.column, start.byte)
            });
            assert_eq!(shown.as_deref(), expected, "{start:?} {end:?}");
        }
    }

    #[test]
    fn warnings_of_ours_are_left_out_and_errors_stay() {
        let of = |level: &str| {
            let value = serde_json::json!({"message": "m", "level": level, "spans": []});
            let mut read = Diagnostic::parse(value.to_string().as_bytes()).unwrap();
            read.spans.push(span((1, 1), (1, 3)));
            inserted().mapped(&read, &|_| true, "ab\nab\n")
        };
        assert_eq!(of("warning"), None);
        assert_eq!(of("error").map(|error| error.spans[0].start.column), Some(1));
    }
}
