//! Text that is being typed: brackets and quotes that are open are closed at its end, so that it has an outline.
//!
//! Offsets stay: what closes is added at the end, and a bracket that closes nothing becomes a space. What is an open
//! bracket's beginning is all the rest of the text, as it is to the compiler.

/// The text with its brackets and its last string closed.
pub(crate) fn closed(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut open: Vec<u8> = Vec::new();
    let mut end = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        match byte {
            b'/' if rest.starts_with(b"//") => {
                at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                continue;
            }
            b'/' if rest.starts_with(b"/*") => {
                at += block_comment(rest).unwrap_or_else(|| {
                    end.extend_from_slice(b"*/");
                    rest.len()
                });
                continue;
            }
            b'"' => {
                let hashes = hashes_before(bytes, at);
                at += string(rest, hashes).unwrap_or_else(|| {
                    end.push(b'"');
                    end.extend(std::iter::repeat_n(b'#', hashes.unwrap_or_default()));
                    rest.len()
                });
                continue;
            }
            b'\'' => at += character(rest),
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b')' | b']' | b'}' => match open.iter().rposition(|close| close == byte) {
                // What it closes was opened before something that is still open.
                Some(place) if place + 1 < open.len() => out[at] = b' ',
                Some(place) => open.truncate(place),
                None => out[at] = b' ',
            },
            _ => {}
        }
        at += 1;
    }
    out.extend(end);
    out.push(b'\n');
    out.extend(open.iter().rev());
    String::from_utf8(out).unwrap_or_default()
}

/// The length of a block comment.
fn block_comment(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(pair) = text.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return Some(at + 2),
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    None
}

/// The `#` of a raw string's quote; `None` if it is not raw.
fn hashes_before(bytes: &[u8], quote: usize) -> Option<usize> {
    let before = bytes.get(..quote)?;
    let count = before.iter().rev().take_while(|byte| **byte == b'#').count();
    (before.get(before.len().checked_sub(count + 1)?) == Some(&b'r')).then_some(count)
}

/// The length of a string.
fn string(text: &[u8], hashes: Option<usize>) -> Option<usize> {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match (byte, hashes) {
            (b'\\', None) => at += 1,
            (b'"', None) => return Some(at + 1),
            (b'"', Some(count))
                if text[at + 1..].iter().take_while(|byte| **byte == b'#').count() >= count =>
            {
                return Some(at + 1 + count);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The length of what a character literal has after its quote; nothing for a lifetime.
fn character(text: &[u8]) -> usize {
    match text {
        [_, b'\\', _, rest @ ..] => {
            2 + rest.iter().take(12).position(|byte| *byte == b'\'').map_or(0, |at| at + 1)
        }
        [_, first, rest @ ..] => {
            // One character, which has up to four bytes.
            let width = match first {
                0..=0x7f => 0,
                0..=0xdf => 1,
                0..=0xef => 2,
                _ => 3,
            };
            if rest.get(width) == Some(&b'\'') { width + 2 } else { 0 }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust::source::outline::Outline;

    #[test]
    fn what_is_being_typed_has_an_outline() {
        for (text, pieces) in [
            ("let a = 1;\nfoo(", 2),
            ("use a;\nlet x = [(1, {", 2),
            ("foo(\nfn f() {}\n", 1),
            ("a();\nlet s = \"abc", 2),
            ("let s = r#\"a\" b", 1),
            ("a(); /* b", 1),
            ("a(')');\nb('\\u{1f}', 'é', \"\\\"(\");\nc(", 3),
            ("fn f<'a>(x: &'a str) {}\nx(", 2),
            ("a();)\nb();", 2),
            ("fn f() { ( }\nb();", 1),
        ] {
            let closed = closed(text);
            let outline = Outline::read(&closed).unwrap_or_else(|| panic!("{text:?} is {closed:?}"));
            assert_eq!(outline.pieces.len(), pieces, "{closed:?}: {:?}", outline.pieces);
        }
    }

    #[test]
    fn a_text_that_is_whole_only_gets_a_line_end() {
        let text = include_str!("repair.rs");
        assert_eq!(closed(text).trim_end(), text.trim_end());
    }
}
