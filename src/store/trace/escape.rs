//! Escapes the texts of traces and records, whose fields are divided by spaces.
//!
//! `\n`, `\r`, `\s` (space), `\e` (equals sign) and `\\`, so that every line splits at its spaces.

use std::borrow::Cow;

/// Bytes of a path, a name or a value.
pub(crate) type Text<'a> = Cow<'a, [u8]>;

/// The text that stands so in a line; `None` if there is an escape that there is not.
pub(crate) fn unescape(written: &[u8]) -> Option<Text<'_>> {
    let Some(first) = position(b'\\', written) else { return Some(Cow::Borrowed(written)) };
    let mut text = written.get(..first)?.to_vec();
    let mut rest = written.iter().skip(first);
    while let Some(byte) = rest.next() {
        text.push(match byte {
            b'\\' => unescaped(*rest.next()?)?,
            other => *other,
        });
    }
    Some(Cow::Owned(text))
}

fn unescaped(escape: u8) -> Option<u8> {
    Some(match escape {
        b'\\' => b'\\',
        b'n' => b'\n',
        b'r' => b'\r',
        b's' => b' ',
        b'e' => b'=',
        _ => return None,
    })
}

/// Where the byte is first. Sixteen bytes at a time with what every x86-64 has; `memchr::memchr` would ask the processor
/// what else it can, which costs more than a whole trace.
pub(crate) fn position(byte: u8, text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = memchr::arch::x86_64::sse2::memchr::One::new(byte) {
        return search.find(text);
    }
    memchr::arch::all::memchr::One::new(byte).find(text)
}

/// Splits at the first space.
pub(crate) fn split_field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    split_at_byte(text, b' ')
}

/// Splits at the first byte of that value, which is in neither part.
pub(crate) fn split_at_byte(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = position(byte, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Writes a line of fields.
pub(crate) fn line(out: &mut Vec<u8>, fields: &[&[u8]]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(field);
    }
    out.push(b'\n');
}

/// A text as it is written.
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
