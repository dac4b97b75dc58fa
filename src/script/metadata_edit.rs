//! Gives a script another TOML as its metadata, in the form that it has; every line that stays keeps its bytes.
//!
//! An editor of manifests is given [`toml_of`] a script: without comment marks, with `\n` for every line end. What it made
//! of that goes back line by line. A line of the TOML that is the same is the same line of the script, to the byte; a new
//! one gets the comment mark and the line end of the fence above it.
//!
//! A script without metadata gets frontmatter below its `#!` line, or the block of a doc comment if that line names
//! rust-script. Metadata of which nothing is left goes, with its fences. `// cargo-deps:` holds dependencies only; TOML that
//! says more is refused.

use similar::{Algorithm, DiffOp};
use toml::{Table, Value};

use crate::script::header::{self, BOM, Form, Header, Metadata, short};
use crate::script::tool_call::Tool;
use crate::script::{first_line, shebang};

/// The TOML of a script's metadata, for an editor of manifests; empty if it has none.
pub(crate) fn toml_of(header: &Header<'_>) -> String {
    let Some(metadata) = &header.metadata else { return String::new() };
    let toml = match metadata.form {
        Form::Frontmatter | Form::Block => skip_lines(&metadata.toml, metadata.line),
        Form::Short | Form::Scriptisto => &metadata.toml,
    };
    toml.replace("\r\n", "\n")
}

/// The script with this TOML as its metadata.
///
/// # Errors
/// Why that cannot be written in the form that the script has.
pub(crate) fn with_toml(text: &str, header: &Header<'_>, toml: &str) -> Result<String, String> {
    let rewritten = match &header.metadata {
        None if toml.trim().is_empty() => return Ok(text.to_owned()),
        None => with_new_head(text, header, toml)?,
        Some(metadata) => match metadata.form {
            Form::Frontmatter if toml.trim().is_empty() => without_lines(text, metadata),
            Form::Block if toml.trim().is_empty() && stands_in_lines(text, metadata) => {
                without_lines(text, metadata)
            }
            Form::Frontmatter | Form::Block => merged(text, metadata, &toml_of(header), toml),
            Form::Short => with_list(text, metadata, toml)?,
            Form::Scriptisto => return Err("the header of scriptisto is not edited".to_owned()),
        },
    };
    // What was written must be read as what was meant.
    let again = header::parse(&rewritten).map_err(|error| error.message)?;
    let table = |toml: &str| toml.parse::<Table>().ok();
    match table(&toml_of(&again)) == table(toml) {
        true => Ok(rewritten),
        false => Err("its metadata would not be read back as the same".to_owned()),
    }
}

fn skip_lines(text: &str, count: usize) -> &str {
    let end = text.match_indices('\n').nth(count.saturating_sub(1)).map_or(text.len(), |(at, _)| at + 1);
    &text[end..]
}

/// How the line ends that begins the text.
fn line_end(text: &str) -> &'static str {
    if text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r')) { "\r\n" } else { "\n" }
}

/// Byte offset of the line on which a byte stands.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Byte offset of the line below that on which a byte stands.
fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The script without the lines of its metadata.
fn without_lines(text: &str, metadata: &Metadata) -> String {
    let mut start = line_start(text, metadata.range.start);
    if start == 0 && text.starts_with(BOM) {
        start = BOM.len();
    }
    let mut end = next_line(text, metadata.range.end);
    // The line that kept a block apart from the comment below it goes too.
    let is_mark = |line: &str| line.trim() == "//!";
    let is_below_comment =
        text[..start].trim_end().lines().next_back().is_some_and(|line| line.starts_with("//"));
    if metadata.form == Form::Block && !is_below_comment {
        let apart = next_line(text, end);
        if is_mark(&text[end..apart]) && text[apart..].trim_start_matches([' ', '\t']).starts_with("//!") {
            end = apart;
        }
    }
    [&text[..start], &text[end..]].concat()
}

/// Whether the metadata is in comments of one line each, none of which anything else depends on.
fn stands_in_lines(text: &str, metadata: &Metadata) -> bool {
    let line = text[line_start(text, metadata.range.start)..].trim_start_matches([' ', '\t']);
    line.starts_with("//!") || line.starts_with("///")
}

/// Each line of the old TOML is a line of the script; those of the new one that it shares with it stay as they are there.
fn merged(text: &str, metadata: &Metadata, old: &str, new: &str) -> String {
    let fence = line_start(text, metadata.range.start);
    let start = next_line(text, metadata.range.start);
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let raw: Vec<&str> = text[start..].split_inclusive('\n').take(old.len()).collect();
    let end = start + raw.iter().map(|line| line.len()).sum::<usize>();
    let end_of_line = line_end(&text[fence..]);
    let mark = mark_of(&text[fence..metadata.range.start], &raw, &old);
    let mut out = text[..start].to_owned();
    let keep = |out: &mut String, line: &str| {
        out.push_str(line);
        if !line.ends_with('\n') && !line.is_empty() {
            out.push_str(end_of_line);
        }
    };
    for change in similar::capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Equal { old_index, len, .. } = change {
            raw.iter().skip(old_index).take(len).for_each(|line| keep(&mut out, line));
            continue;
        }
        for line in &new[change.new_range()] {
            match line.is_empty() {
                true => out.push_str(mark.trim_end()),
                false => out.extend([mark, line]),
            }
            out.push_str(end_of_line);
        }
    }
    let rest = &text[end..];
    // A comment that nothing closes may be the end of the script, without a line end.
    if rest.is_empty() && !text.ends_with('\n') && out.ends_with(end_of_line) {
        out.truncate(out.len() - end_of_line.len());
    }
    out + rest
}

/// What stands before each line of TOML: that of the fence, unless it opens the comment.
fn mark_of<'a>(fence: &'a str, raw: &[&'a str], old: &[&str]) -> &'a str {
    if !fence.contains("/*") {
        return fence.strip_prefix(BOM).unwrap_or(fence);
    }
    let marks = raw.iter().zip(old).filter(|(_, line)| !line.trim().is_empty());
    let mark = marks.filter_map(|(raw, line)| raw.trim_end().strip_suffix(line.trim_end())).next();
    mark.unwrap_or_default()
}

/// The script with metadata above everything but its `#!` line.
fn with_new_head(text: &str, header: &Header<'_>, toml: &str) -> Result<String, String> {
    let tool = header.shebang.and_then(shebang::read).map(|call| call.tool);
    let is_for_shell = matches!(&tool, Some(Tool::Other(name)) if first_line::is_shell(name));
    let is_called_below = first_line::tool_call(header, text).map(|call| call.tool) != tool;
    if header.build_command.is_some() || is_for_shell || is_called_below {
        return Err("its first lines are for another program, which would read the metadata too".to_owned());
    }
    let mut head = header.shebang_end();
    let mut opening = text[..head].to_owned();
    let end_of_line = line_end(text);
    if header.shebang.is_some() {
        let below = next_line(text, head);
        opening = text[..below].to_owned();
        if !opening.ends_with('\n') {
            opening.push_str(end_of_line);
        }
        head = below;
    }
    let toml = toml.trim_matches('\n');
    let (above, mark, below) = match tool == Some(Tool::RustScript) {
        true => ("//! ```cargo".to_owned(), "//! ", "//! ```".to_owned()),
        false => ("---".to_owned(), "", "---".to_owned()),
    };
    let lines = toml.lines().map(|line| [mark, line].concat().trim_end().to_owned());
    let lines = std::iter::once(above).chain(lines).chain([below]);
    let block: String = lines.map(|line| line + end_of_line).collect();
    // A doc comment that follows directly stays a paragraph of its own.
    let rest = &text[head..];
    let is_followed = !mark.is_empty() && rest.trim_start_matches([' ', '\t']).starts_with("//!");
    let apart = if is_followed { ["//!", end_of_line].concat() } else { String::new() };
    Ok([&opening, block.as_str(), &apart, rest].concat())
}

/// The script with another `// cargo-deps:` list: entries that are the same stay as they are written.
fn with_list(text: &str, metadata: &Metadata, toml: &str) -> Result<String, String> {
    let too_much = || "`// cargo-deps:` holds nothing but dependencies".to_owned();
    let table: Table = toml.parse().map_err(|_| too_much())?;
    let mut wanted = match (table.get("dependencies").and_then(Value::as_table), table.len()) {
        (Some(wanted), 1) => wanted.clone(),
        (None, 0) => return Ok(without_lines(text, metadata)),
        _ => return Err(too_much()),
    };
    if wanted.is_empty() {
        return Ok(without_lines(text, metadata));
    }
    let comment = &text[metadata.range.clone()];
    let list = short::list_in(comment.trim_start_matches('/')).unwrap_or_default();
    let opening = &comment[..comment.len() - list.len()];
    let old: Table = metadata.toml.parse().unwrap_or_default();
    let old = old.get("dependencies").and_then(Value::as_table).cloned().unwrap_or_default();
    let mut items = Vec::new();
    for (name, item) in short::items(list) {
        match wanted.remove(&name) {
            None => {}
            Some(value) if old.get(&name) == Some(&value) => items.push(item.to_owned()),
            Some(value) => items.push(format!("{}{name}={value}", leading_space(item))),
        }
    }
    let between = if items.iter().skip(1).all(|item| item.starts_with(' ')) { " " } else { "" };
    items.extend(wanted.into_iter().map(|(name, value)| format!("{between}{name}={value}")));
    let list = items.join(",");
    // The space before the first entry is the list's.
    let list = match opening.ends_with(':') && !list.starts_with(' ') {
        true if comment[opening.len()..].starts_with(' ') => [" ", &list].concat(),
        _ => list,
    };
    Ok([&text[..metadata.range.start], opening, &list, &text[metadata.range.end..]].concat())
}

fn leading_space(text: &str) -> &str {
    &text[..text.len() - text.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: impl Fn(&str) -> String) -> Result<String, String> {
        let header = header::parse(text).unwrap();
        with_toml(text, &header, &edit(&toml_of(&header)))
    }

    #[test]
    fn new_lines_are_written_as_their_neighbours_are() {
        let add = |toml: &str| format!("{toml}b = \"2\"\n");
        for (text, expected) in [
            ("---\n[dependencies]\n---\nx", "---\n[dependencies]\nb = \"2\"\n---\nx"),
            (
                "#!/x\r\n---\r\n[dependencies] # c\r\n---\r\nx",
                "#!/x\r\n---\r\n[dependencies] # c\r\nb = \"2\"\r\n---\r\nx",
            ),
            (
                "//! ```cargo\n//! [dependencies]\n//! ```\nx",
                "//! ```cargo\n//! [dependencies]\n//! b = \"2\"\n//! ```\nx",
            ),
            (
                "//!```cargo\n//![dependencies]\n//!```\nx",
                "//!```cargo\n//![dependencies]\n//!b = \"2\"\n//!```\nx",
            ),
            (
                "/*!\n * ```cargo\n * [dependencies]\n * ```\n */\nx",
                "/*!\n * ```cargo\n * [dependencies]\n * b = \"2\"\n * ```\n */\nx",
            ),
            (
                "/*! ```cargo\n  [dependencies]\n```\n*/\nx",
                "/*! ```cargo\n  [dependencies]\n b = \"2\"\n```\n*/\nx",
            ),
            ("//! ```cargo\n//! [dependencies]", "//! ```cargo\n//! [dependencies]\n//! b = \"2\""),
            ("// cargo-deps: a=\"1\", c\nx", "// cargo-deps: a=\"1\", c, b=\"2\"\nx"),
            ("// cargo-deps:a=\"1\"\nx", "// cargo-deps:a=\"1\", b=\"2\"\nx"),
        ] {
            assert_eq!(edited(text, add).as_deref(), Ok(expected), "{text}");
            // And what is taken away again leaves nothing behind.
            let back = edited(expected, |toml| toml.replace("b = \"2\"\n", ""));
            let back = back.map(|back| back.replace(",\n", "\n"));
            assert_eq!(back.as_deref(), Ok(text), "{expected}");
        }
    }

    #[test]
    fn a_script_without_metadata_gets_the_form_of_its_tool() {
        let toml = |_: &str| "\n[dependencies]\nb = \"2\"\n".to_owned();
        for (text, expected) in [
            ("fn main() {}", "---\n[dependencies]\nb = \"2\"\n---\nfn main() {}"),
            ("#!/usr/bin/env runner", "#!/usr/bin/env runner\n---\n[dependencies]\nb = \"2\"\n---\n"),
            ("\u{feff}//! x\n", "\u{feff}---\n[dependencies]\nb = \"2\"\n---\n//! x\n"),
            (
                "#!/usr/bin/env rust-script\n//! x\n",
                "#!/usr/bin/env rust-script\n//! ```cargo\n//! [dependencies]\n//! b = \"2\"\n//! ```\n//!\n//! x\n",
            ),
        ] {
            assert_eq!(edited(text, toml).as_deref(), Ok(expected), "{text}");
        }
        let block = "#!/x\n//! ```cargo\n//! [dependencies]\n//! ```\n//!\n//! x\n";
        assert_eq!(edited(block, |_| String::new()).as_deref(), Ok("#!/x\n//! x\n"));
        assert!(edited("#!/bin/sh\nfn main() {}", toml).is_err());
        let gone = edited("#!/x\n---\n[dependencies]\nb = \"2\"\n---\nx", |_| "\n".to_owned());
        assert_eq!(gone.as_deref(), Ok("#!/x\nx"));
        assert!(edited("// cargo-deps: a\n", |toml| format!("{toml}[features]\nx = []\n")).is_err());
    }
}
