//! Lexical rules of Rust that the header of a script is read by: white space, comments, attributes, strings.

/// A byte order mark, as it stands in a text.
pub(crate) const BOM: &str = "\u{feff}";

/// The rest of the first line after `#!` (a carriage return included), and what follows that line.
///
/// rustc skips white space, line ends and comments when it looks for the `[` of an attribute; cargo does not skip
/// comments and rust-script skips nothing. rustc is followed, because it is rustc that compiles the script.
pub(super) fn split_shebang(body: &str) -> Option<(&str, &str)> {
    let after = body.strip_prefix("#!")?;
    if skip_trivia(after).starts_with('[') {
        return None;
    }
    Some(split_line(after))
}

/// The first line, without its `\n`, and the text after it.
pub(super) fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Byte offset at which `rest`, a suffix of `text`, begins.
pub(super) fn offset(text: &str, rest: &str) -> usize {
    text.len().saturating_sub(rest.len())
}

/// Pattern_White_Space, which is what Rust calls white space. The set is guaranteed never to change.
pub(super) fn is_whitespace(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ' | '\u{85}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}

/// Drops white space and the comments that are not documentation, as rustc does before a token.
pub(super) fn skip_trivia(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_start_matches(is_whitespace);
        let documentation = match rest.get(..3) {
            Some("//!" | "/*!") => true,
            Some("///") => !rest.starts_with("////"),
            Some("/**") => !rest.starts_with("/***") && !rest.starts_with("/**/"),
            _ => false,
        };
        if documentation {
            return rest;
        } else if rest.starts_with("//") {
            rest = split_line(rest).1;
        } else if let Some((_, after)) = split_block_comment(rest) {
            rest = after;
        } else {
            return rest;
        }
    }
}

/// The block comment that `rest` begins with, without its end mark, and what follows it. Without an end it is all
/// that follows, which rustc will not accept.
pub(super) fn split_block_comment(rest: &str) -> Option<(&str, &str)> {
    let bytes = rest.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            _ if depth == 0 => return None,
            b"*/" if depth == 1 => return Some((rest.get(..at)?, rest.get(at + 2..)?)),
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    (depth > 0).then_some((rest, ""))
}

/// What follows the inner attribute that `rest` begins with. Of its tokens only brackets and strings matter.
pub(super) fn skip_inner_attribute(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix("#!")?.trim_start_matches(is_whitespace);
    let mut rest = rest.strip_prefix('[')?;
    let mut depth = 1_usize;
    while depth > 0 {
        let (before, from) = rest.split_at(rest.find(['[', ']', '"'])?);
        if let Some(after) = from.strip_prefix('[') {
            depth += 1;
            rest = after;
        } else if let Some(after) = from.strip_prefix(']') {
            depth -= 1;
            rest = after;
        } else {
            let prefix = before.trim_end_matches('#');
            rest = if prefix.ends_with('r') {
                let hashes = before.get(prefix.len()..)?;
                from.strip_prefix('"')?.split_once(&format!("\"{hashes}"))?.1
            } else {
                split_string(from)?.1
            };
        }
    }
    Some(rest)
}

/// The string that `text` begins with, quotes included, and what follows it. A backslash escapes between double
/// quotes only, in Rust as in TOML.
pub(super) fn split_string(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && quote == '"' && !escaped;
        ends
    });
    text.split_at_checked(end?.0 + 1)
}
