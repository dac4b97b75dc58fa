//! Texts of a trace or record: fields divided by spaces, with what would divide them escaped.

use std::borrow::Cow;

use crate::store::stamp::Stamp;

/// Bytes of a path, a name or a value, borrowed from the trace they were read from.
pub(crate) type Text<'a> = Cow<'a, [u8]>;

pub(crate) fn parse_stamp(text: &[u8]) -> Option<Option<Stamp>> {
    match text {
        b"-" => Some(None),
        _ => Stamp::parse(std::str::from_utf8(text).ok()?).map(Some),
    }
}

pub(crate) fn stamp_text(stamp: &Option<Stamp>) -> String {
    stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.to_string())
}

/// Splits at the first space.
pub(crate) fn split_field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == b' ')?;
    Some((&text[..at], &text[at + 1..]))
}

pub(crate) fn line(out: &mut Vec<u8>, fields: &[&[u8]]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(field);
    }
    out.push(b'\n');
}

pub(crate) fn escape(text: &[u8]) -> Text<'_> {
    if !text.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b' ' | b'=')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    for byte in text {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b' ' => out.extend_from_slice(b"\\s"),
            b'=' => out.extend_from_slice(b"\\e"),
            _ => out.push(*byte),
        }
    }
    Cow::Owned(out)
}

pub(crate) fn unescape(text: &[u8]) -> Option<Text<'_>> {
    if !text.contains(&b'\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                b's' => b' ',
                b'e' => b'=',
                _ => return None,
            },
            byte => *byte,
        });
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_round_trips_and_holds_no_space() {
        for text in ["", "plain", "a b", "a=b", "\\", "\r\n", "\\s", "é\u{7f}", "tab\tstays"] {
            let escaped = escape(text.as_bytes());
            assert!(!escaped.iter().any(|byte| b" =\r\n".contains(byte)), "{text:?}");
            assert_eq!(unescape(&escaped).as_deref(), Some(text.as_bytes()), "{text:?}");
        }
        for damaged in ["\\", "a\\x", "\\S"] {
            assert_eq!(unescape(damaged.as_bytes()), None, "{damaged:?}");
        }
    }
}
