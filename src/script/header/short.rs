//! Reads the short form of a manifest, `// cargo-deps: time="0.1.25", libc, log={ git = "…" }`.
//!
//! ```text
//! list        dependency { `,` dependency }
//! dependency  name [ `=` value ]          without a value any version will do
//! value       a TOML string or inline table, taken over as it is
//! ```
//!
//! rust-script splits the list at every comma and hopes that the pieces are lines of TOML. This reads what it reads,
//! commas within values too, and says where the list is malformed. What a value means is left to cargo.

use crate::base::error::printable;
use crate::script::header::lexer::{offset, split_string};

/// For a list in a comment where rust-script does not look for one either.
pub(super) const WRONG_COMMENT: &str = "`cargo-deps` is read in a `//` comment only";

const KEYWORD: &str = "cargo-deps";
const EXAMPLE: &str = "write `// cargo-deps: name=\"version\", other=\"version\"`";

/// A list that cannot be read, from `rest` on.
pub(super) struct Malformed<'a> {
    pub(super) rest: &'a str,
    pub(super) message: String,
    pub(super) hint: String,
}

/// The list in a comment (without its mark), if it is one.
pub(crate) fn list_in(comment: &str) -> Option<&str> {
    let (word, rest) = comment.trim_start().split_at_checked(KEYWORD.len())?;
    if !word.eq_ignore_ascii_case(KEYWORD) {
        return None;
    }
    rest.trim_start().strip_prefix(':')
}

/// The table of dependencies that a list stands for.
pub(super) fn to_toml(list: &str) -> Result<String, Malformed<'_>> {
    let mut toml = String::from("[dependencies]\n");
    let mut rest = list;
    loop {
        rest = rest.trim_start();
        let (name, after) = rest.split_at(rest.find(['=', ',']).unwrap_or(rest.len()));
        let name = read_name(name.trim_end()).map_err(|message| malformed(rest, message))?;
        let (value, after) = match after.strip_prefix('=') {
            Some(value) => read_value(&name, value.trim_start())?,
            None => ("\"*\"", after),
        };
        toml.push_str(&format!("{name} = {value}\n"));

        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(toml),
            None => return Err(malformed(rest, format!("expected `,` after dependency `{name}`"))),
        }
    }
}

/// The entries of a well-formed list: their names, and their text with the space round it.
pub(crate) fn items(list: &str) -> Vec<(String, &str)> {
    let mut items = Vec::new();
    let mut rest = list;
    loop {
        let (name, after) = rest.split_at(rest.find(['=', ',']).unwrap_or(rest.len()));
        let bare = name.trim().trim_matches('"').to_owned();
        let after = match after.strip_prefix('=').map(|value| read_value(&bare, value.trim_start())) {
            Some(Ok((_, after))) => after,
            Some(Err(_)) => return items,
            None => after,
        };
        let end = offset(rest, after) + after.find(',').unwrap_or(after.len());
        items.push((bare, &rest[..end]));
        match rest[end..].strip_prefix(',') {
            Some(next) => rest = next,
            None => return items,
        }
    }
}

/// The name as a TOML key.
fn read_name(name: &str) -> Result<String, String> {
    let bare = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    if name.is_empty() {
        return Err("expected the name of a dependency".into());
    }
    if bare.is_empty() || !bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(format!("`{}` is not the name of a dependency", printable(name)));
    }
    // TOML wants quotes round letters outside ASCII. Nothing that needs an escape is left.
    Ok(if bare.is_ascii() { bare.into() } else { format!("\"{bare}\"") })
}

/// The value that `text` begins with, and what follows it.
fn read_value<'a>(name: &str, text: &'a str) -> Result<(&'a str, &'a str), Malformed<'a>> {
    let unclosed = |what: &str| malformed(text, format!("the {what} of dependency `{name}` is not closed"));
    match text.chars().next() {
        Some('"' | '\'') => split_string(text).ok_or_else(|| unclosed("string")),
        Some('{') => split_table(text).ok_or_else(|| unclosed("table")),
        _ => {
            let version = text.split(',').next().unwrap_or(text).trim();
            let mut error = malformed(text, format!("the version of dependency `{name}` is not a string"));
            let quotable = |c: char| !c.is_control() && !['"', '\'', '\\'].contains(&c);
            if !version.is_empty() && version.chars().all(quotable) {
                error.hint = format!("write `{name}=\"{version}\"`");
            }
            Err(error)
        }
    }
}

/// The inline table that `text` begins with, braces included, and what follows it.
fn split_table(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        let (_, from) = rest.split_at(rest.find(['{', '}', '"', '\''])?);
        if let Some((_, after)) = split_string(from) {
            rest = after;
        } else if let Some(after) = from.strip_prefix('{') {
            depth += 1;
            rest = after;
        } else {
            depth = depth.checked_sub(1)?;
            rest = from.strip_prefix('}')?;
            if depth == 0 {
                return text.split_at_checked(offset(text, rest));
            }
        }
    }
}

fn malformed(rest: &str, message: String) -> Malformed<'_> {
    Malformed { rest, message, hint: EXAMPLE.into() }
}
