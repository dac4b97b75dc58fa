//! Reads frontmatter, TOML between two lines of dashes before anything else in the script.
//!
//! ```text
//! blank lines            characters in Pattern_White_Space, up to the last `\n` among them
//! --- [infostring]       3 to 255 dashes at the start of a line
//! content                ends at the first `\n` that the same dashes follow
//! ---                    exactly as many, then only tabs and spaces
//! ```
//!
//! The grammar and the messages are cargo's (`src/util/frontmatter.rs`). Where rustc refuses what cargo passes over,
//! as an indented fence, it is refused here too: a manifest that is skipped now is a confusing error later. Positions
//! are where rustc puts them: at the fence, where cargo points at the end of the file.
//!
//! Carriage returns inside the content and everything else about TOML are the TOML parser's business.

use std::cmp::Reverse;

use crate::base::error::printable;
use crate::base::text_position::TextPosition;
use crate::script::header::diagnostics::HeaderError;
use crate::script::header::lexer::{is_whitespace, offset, split_line};
use crate::script::header::metadata::{Form, Metadata};

/// White space that may stand beside a fence on its line.
const HORIZONTAL: [char; 2] = ['\t', ' '];

/// The longest fence there may be: rustc keeps its length in one byte.
const MAX_DASHES: usize = 255;

/// Reads the frontmatter of `text`; `rest` is what follows the shebang.
pub(super) fn find(text: &str, rest: &str) -> Result<Option<Metadata>, HeaderError> {
    let opening = skip_blank_lines(rest);
    let start = offset(text, opening);
    let error = |at: usize, message: String| HeaderError::at(text, at, message);

    let (fence, after_fence) = split_dashes(opening);
    match fence.len() {
        0 if opening.trim_start_matches(is_whitespace).starts_with("---") => {
            let error = error(start, "invalid preceding whitespace for frontmatter opening".into());
            return Err(error.hint("put the opening `---` at the start of its line"));
        }
        0 => return Ok(None),
        found @ (1 | 2) => {
            let error = error(start, format!("found {found} `-` in rust frontmatter, expected at least 3"));
            return Err(error.hint("write `---` above and below the manifest"));
        }
        3..=MAX_DASHES => {}
        found => {
            let rule = format!("frontmatter openings may be delimited by up to {MAX_DASHES} `-` symbols");
            return Err(error(start, format!("too many `-` symbols: {rule}, but found {found}")));
        }
    }

    let Some(newline) = after_fence.find('\n') else {
        return Err(unclosed(text, start, fence));
    };
    let (info_line, body) = after_fence.split_at(newline);
    // The line end before the closing fence may be the one after the infostring: an empty block is legal.
    let Some(close) = body.find(&format!("\n{fence}")) else {
        return Err(not_closed(text, start, fence, body));
    };
    let (content, closing) = body.split_at(close + 1);
    let after_close = closing.strip_prefix(fence).unwrap_or(closing);
    let end = offset(text, after_close);

    let extra = split_dashes(after_close).0.len();
    if extra > 0 {
        let message = format!("closing code fence has {extra} more `-` than the opening fence");
        return Err(error(end, message).hint(format!("close it with `{fence}`")));
    }
    let (close_line, code) = match after_close.split_once('\n') {
        Some((line, code)) => (line.strip_suffix('\r').unwrap_or(line), code),
        None => (after_close, ""),
    };
    if let Some((indent, _)) = trimmed(close_line) {
        return Err(error(end + indent, "unexpected characters after frontmatter close".into()));
    }
    let code = skip_blank_lines(code);
    if code.starts_with('-') {
        return Err(error(offset(text, code), "only one frontmatter is supported".into()));
    }

    if let Some((indent, info)) = trimmed(info_line.strip_suffix('\r').unwrap_or(info_line)) {
        check_infostring(info).map_err(|message| error(offset(text, after_fence) + indent, message))?;
    }

    let content = content.strip_prefix('\n').unwrap_or(content);
    let line = TextPosition::of(text, start).line;
    Ok(Some(Metadata {
        form: Form::Frontmatter,
        toml: "\n".repeat(line) + content,
        line,
        range: start..end,
        margin: 0,
    }))
}

/// Whether `text` begins with an opening fence that is closed further down: with a whole frontmatter, where one may
/// not be. Both fences are asked for because `---x` is an expression.
pub(super) fn begins(text: &str) -> bool {
    let (fence, after) = split_dashes(text);
    let (info, _) = split_line(after);
    fence.len() >= 3 && matches!(info.trim(), "" | "cargo") && after.contains(&format!("\n{fence}"))
}

/// Cargo knows one infostring. rustc allows more, for tools to come.
fn check_infostring(info: &str) -> Result<(), String> {
    if info == "cargo" {
        return Ok(());
    }
    let text = match info.strip_prefix("cargo,") {
        Some(attributes) => format!("infostring attributes: `{}`", printable(attributes)),
        None => format!("infostring `{}`; specify `cargo` for embedding a manifest", printable(info)),
    };
    Err(format!("unsupported frontmatter {text}"))
}

fn unclosed(text: &str, start: usize, fence: &str) -> HeaderError {
    let error = HeaderError::at(text, start, format!("unclosed frontmatter; expected `{fence}`"));
    error.hint(format!("put `{fence}` at the start of a line below the manifest"))
}

/// No fence closes the block. The longest shorter one at the start of a line was probably meant to.
fn not_closed(text: &str, start: usize, fence: &str, body: &str) -> HeaderError {
    let candidates = body.match_indices("\n-").filter_map(|(newline, _)| {
        let line = body.get(newline + 1..)?;
        Some((split_dashes(line).0.len(), line))
    });
    // The first one of the longest.
    let longest = candidates.min_by_key(|&(dashes, _)| Reverse(dashes));
    let Some((dashes, line)) = longest else {
        return unclosed(text, start, fence);
    };
    // Cargo counts one dash too few to be missing when more than one is.
    let fewer = fence.len().saturating_sub(dashes);
    let message = format!("closing code fence has {fewer} less `-` than the opening fence");
    HeaderError::at(text, offset(text, line), message).hint(format!("close it with `{fence}`"))
}

/// Drops the lines that hold only white space. White space before anything else on its line stays.
fn skip_blank_lines(text: &str) -> &str {
    let blank = offset(text, text.trim_start_matches(is_whitespace));
    let newline = text.get(..blank).and_then(|blank| blank.rfind('\n'));
    newline.and_then(|newline| text.get(newline + 1..)).unwrap_or(text)
}

/// The dashes `text` begins with, and what follows them.
fn split_dashes(text: &str) -> (&str, &str) {
    let after = text.trim_start_matches('-');
    text.split_at(offset(text, after))
}

/// The text on a line beside a fence, if any, with the number of bytes before it.
fn trimmed(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches(HORIZONTAL);
    let indent = offset(line, text);
    let text = text.trim_end_matches(HORIZONTAL);
    (!text.is_empty()).then_some((indent, text))
}
