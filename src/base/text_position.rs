//! Line and column of a byte in a text.

use std::fmt;

/// A line and a column, both one-based; the column in characters, a byte order mark not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextPosition {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl TextPosition {
    /// The position of the byte at `offset`; that of the end if the text is shorter.
    pub(crate) fn of(text: impl AsRef<[u8]>, offset: usize) -> TextPosition {
        let text = text.as_ref();
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let on_line = String::from_utf8_lossy(&before[line_start..]);
        let column = on_line.strip_prefix('\u{feff}').unwrap_or(&on_line).chars().count() + 1;
        TextPosition { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, column }
    }
}

impl TextPosition {
    /// The byte of a text at this position; the end of its line if that is shorter.
    pub(crate) fn offset(self, text: &str) -> usize {
        let mut lines = text.split_inclusive('\n');
        let start: usize = lines.clone().take(self.line.saturating_sub(1)).map(str::len).sum();
        let line = lines.nth(self.line.saturating_sub(1)).unwrap_or_default();
        let line = line.trim_end_matches(['\r', '\n']);
        let skipped = if line.starts_with('\u{feff}') { self.column } else { self.column.saturating_sub(1) };
        start + line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at)
    }
}

impl fmt::Display for TextPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_begin_at_one_and_columns_count_characters() {
        for (text, offset, expected) in [
            ("", 0, (1, 1)),
            ("ab", 1, (1, 2)),
            ("ab\n", 3, (2, 1)),
            ("é\r\né=1", 6, (2, 2)),
            ("\u{feff}a", 3, (1, 1)),
            ("a\n", 99, (2, 1)),
        ] {
            let TextPosition { line, column } = TextPosition::of(text, offset);
            assert_eq!((line, column), expected, "{text:?}");
            assert_eq!(TextPosition { line, column }.offset(text), offset.min(text.len()), "{text:?}");
        }
        assert_eq!(TextPosition::of(b"a\xff\xffb", 3), TextPosition { line: 1, column: 3 + 1 });
        assert_eq!(TextPosition { line: 2, column: 9 }.to_string(), "line 2, column 9");
    }
}
