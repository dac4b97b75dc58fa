//! Text positions: lines and characters in the units that client and server agreed on, and changes to a text.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

/// The unit in which characters of a line are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

impl Encoding {
    /// The encoding of a name of the protocol; UTF-16 is what holds if nobody says anything.
    pub(super) fn named(name: Option<&str>) -> Encoding {
        match name {
            Some("utf-8") => Encoding::Utf8,
            Some("utf-32") => Encoding::Utf32,
            _ => Encoding::Utf16,
        }
    }

    pub(super) fn width(self, text: &str) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 => text.chars().map(char::len_utf16).sum(),
            Encoding::Utf32 => text.chars().count(),
        }
    }

    fn width_of(self, character: char) -> usize {
        match self {
            Encoding::Utf8 => character.len_utf8(),
            Encoding::Utf16 => character.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }
}

/// A place in a text, both numbers from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Position {
    pub(super) line: u64,
    pub(super) character: u64,
}

impl Position {
    pub(super) const fn new(line: u64, character: u64) -> Position {
        Position { line, character }
    }

    /// Reads a position; `None` if the value is none.
    pub(super) fn read(value: &Value) -> Option<Position> {
        let object = value.as_object().filter(|object| object.len() == 2)?;
        Some(Position::new(object.get("line")?.as_u64()?, object.get("character")?.as_u64()?))
    }

    pub(super) fn value(self) -> Value {
        json!({"line": self.line, "character": self.character})
    }

    /// The place of a byte of a text.
    pub(super) fn of(text: &str, offset: usize, encoding: Encoding) -> Position {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count();
        Position::new(line as u64, encoding.width(&before[line_start..]) as u64)
    }

    /// The byte of a text at this place; what is beyond the end of a line or of the text is its end.
    pub(super) fn offset(self, text: &str, encoding: Encoding) -> usize {
        let mut start = 0;
        for _ in 0..self.line {
            match text[start..].find('\n') {
                Some(newline) => start += newline + 1,
                None => return text.len(),
            }
        }
        let line = text[start..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut left = self.character as usize;
        for (offset, character) in line.char_indices() {
            let width = encoding.width_of(character);
            if left < width {
                return start + offset;
            }
            left -= width;
        }
        start + line.len()
    }
}

/// Reads a range; `None` if the value is none.
pub(super) fn range(value: &Value) -> Option<(Position, Position)> {
    let object = value.as_object().filter(|object| object.len() == 2)?;
    Some((Position::read(object.get("start")?)?, Position::read(object.get("end")?)?))
}

pub(super) fn range_value(start: Position, end: Position) -> Value {
    json!({"start": start.value(), "end": end.value()})
}

/// Applies one element of `contentChanges`; a whole text is taken out of it. One that is malformed changes nothing.
pub(super) fn apply(text: &mut Arc<String>, change: &mut Value, encoding: Encoding) {
    let range = change.get("range").and_then(range);
    let Some(Value::String(new)) = change.get_mut("text") else { return };
    match range {
        Some((start, end)) => {
            let (start, end) = (start.offset(text, encoding), end.offset(text, encoding));
            Arc::make_mut(text).replace_range(start.min(end)..start.max(end), new);
        }
        None => *text = Arc::new(std::mem::take(new)),
    }
}

/// The least part of `old` to replace so that it becomes `new`, and what to replace it by; `None` if they are equal.
pub(super) fn difference<'a>(old: &str, new: &'a str) -> Option<(Range<usize>, &'a str)> {
    if old == new {
        return None;
    }
    let is_border = |at: usize| old.is_char_boundary(at) && new.is_char_boundary(at);
    let mut start = old.bytes().zip(new.bytes()).take_while(|(one, other)| one == other).count();
    while !is_border(start) {
        start -= 1;
    }
    // A `\r\n` is one thing to a server that counts lines.
    if old.as_bytes().get(start.wrapping_sub(1)) == Some(&b'\r') {
        start -= 1;
    }
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let mut end =
        old_rest.bytes().rev().zip(new_rest.bytes().rev()).take_while(|(one, other)| one == other).count();
    while !old_rest.is_char_boundary(old_rest.len() - end) || !new_rest.is_char_boundary(new_rest.len() - end)
    {
        end -= 1;
    }
    let is_return = |text: &str| end > 0 && text[..text.len() - end].ends_with('\r');
    if old_rest[old_rest.len() - end..].starts_with('\n') && (is_return(old_rest) || is_return(new_rest)) {
        end -= 1;
    }
    Some((start..old.len() - end, &new_rest[..new_rest.len() - end]))
}

/// The least text edit that makes `new` of `old`, as an element of `contentChanges` (`text`) or a `TextEdit` (`newText`).
pub(super) fn edit(old: &str, new: &str, encoding: Encoding, key: &str) -> Option<Value> {
    let (range, new) = difference(old, new)?;
    let (start, end) = (Position::of(old, range.start, encoding), Position::of(old, range.end, encoding));
    Some(json!({"range": range_value(start, end), key: new}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_offsets_are_one_thing() {
        let text = "a\u{e9}\u{1d54f}z\r\n\n  x";
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (offset, _) in text.char_indices().filter(|(_, c)| *c != '\n').chain([(text.len(), ' ')]) {
                let position = Position::of(text, offset, encoding);
                assert_eq!(position.offset(text, encoding), offset, "{encoding:?} {position:?}");
            }
        }
        assert_eq!(Position::of(text, 7, Encoding::Utf16), Position::new(0, 4));
        assert_eq!(Position::new(0, 99).offset(text, Encoding::Utf16), 8);
        assert_eq!(Position::new(9, 0).offset(text, Encoding::Utf16), text.len());
        // Within a character is before it.
        assert_eq!(Position::new(0, 3).offset(text, Encoding::Utf16), 3);
    }

    /// Whatever is changed, the text after incremental changes is the one that a full change would give; and the
    /// difference we find leads from the one to the other.
    #[test]
    fn incremental_changes_give_the_full_text() {
        const PIECES: &[&str] = &["", "a", "\n", "\r\n", "é", "𝕏", "fn main() {}\n", "xx", "{ }"];
        let mut state = 7_u64;
        let mut pick = |count: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % count
        };
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let (mut ours, mut servers) = (Arc::<String>::default(), Arc::<String>::default());
            let mut full = String::new();
            for _ in 0..3000 {
                let borders: Vec<usize> = (0..=full.len())
                    .filter(|at| full.is_char_boundary(*at) && !full[..*at].ends_with('\r'))
                    .collect();
                let (one, other) = (borders[pick(borders.len())], borders[pick(borders.len())]);
                let (start, end) = (one.min(other), one.max(other));
                let end = if pick(4) == 0 { end } else { start.max(end.min(start + 3)) };
                let end = *borders.iter().find(|at| **at >= end).unwrap();
                let new: String = (0..pick(4)).map(|_| PIECES[pick(PIECES.len())]).collect();
                let (from, to) = (Position::of(&full, start, encoding), Position::of(&full, end, encoding));
                let mut change = json!({"range": range_value(from, to), "text": new});
                full.replace_range(start..end, &new);
                apply(&mut ours, &mut change, encoding);
                assert_eq!(*ours, full);
                if let Some(mut change) = edit(&servers, &full, encoding, "text") {
                    apply(&mut servers, &mut change, encoding);
                }
                assert_eq!(*servers, full);
            }
        }
    }
}
