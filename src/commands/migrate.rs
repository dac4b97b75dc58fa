//! `runner migrate`: rewrites the metadata of a script in another form.
//!
//! ````text
//! ---                                //! ```cargo
//! [dependencies]          <──►       //! [dependencies]
//! regex = "1"                        //! regex = "1"
//! ---                                //! ```
//! ````
//!
//! Frontmatter between backticks, an abandoned form, is rewritten too. An edition that the old dialect implies is written
//! down where the new one implies another. The file is replaced by a rename, with its permissions; a script that has the
//! form already stays untouched. Migration is refused when something would be lost: text of a doc comment around the
//! manifest that would become another comment's, fields that the other form may not have, a `--` that closes what it
//! should not.

use toml::{Table, Value};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::commands::script_rewrite;
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::dialect::Dialect;
use crate::script::header::{self, Form, Header, Metadata};
use crate::script::script_file::Script;

/// A form of metadata that scripts are written in today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// Between lines of `---`, as cargo reads it.
    Frontmatter,
    /// In a fence labelled `cargo` in a doc comment, as rust-script reads it.
    Block,
}

/// Rewrites the metadata of a script in another form; whether the file has to change. If `dry_run`, that is all.
///
/// # Errors
/// [`Step::Metadata`] if it has none, if it is malformed, or if something would be lost; [`Step::Script`] if the script
/// is no file or cannot be replaced.
pub(crate) fn migrate(context: &Context, script: &Script, style: Style, dry_run: bool) -> Result<bool> {
    rewrite(script, style, dry_run, context.environment()).map_err(|error| error.about(script.display_name()))
}

fn rewrite(script: &Script, style: Style, dry_run: bool, environment: &Environment) -> Result<bool> {
    script_rewrite::require_file(script)?;
    let with_dashes = std::str::from_utf8(script.bytes()).ok().and_then(header::with_dashes);
    let is_abandoned = with_dashes.is_some();
    let current = with_dashes.map_or_else(|| script.clone(), |text| script.with_text(text));
    // Whatever is wrong with the script gets the error of a run.
    let recipe = recipe::read_rust(&current, &Default::default(), environment)?;
    let text = std::str::from_utf8(current.bytes()).unwrap_or_default();
    let header = header::parse(text)?;
    let Some(metadata) = &header.metadata else {
        return Err(Error::message(Step::Metadata, "it has no metadata to rewrite"));
    };
    let is_there = matches!(
        (metadata.form, style),
        (Form::Frontmatter, Style::Frontmatter) | (Form::Block, Style::Block)
    );
    if is_there && !is_abandoned {
        return Ok(false);
    }
    let lost = |what: String| Error::message(Step::Metadata, what).hint("nothing was changed");
    if style == Style::Frontmatter {
        recipe.manifest.check_for_frontmatter()?;
    }
    if metadata.form == Form::Scriptisto {
        return Err(lost("the header of scriptisto says more than metadata can".to_owned()));
    }
    let toml = if is_there {
        metadata.toml.clone()
    } else {
        let code = [&text[..metadata.range.start], &text[metadata.range.end..]].concat();
        if let Some(name) = lost_variable(&code, style) {
            return Err(lost(format!(
                "it asks for `{}…`, which the other form does not set",
                name.trim_start_matches("var_os(\"").trim_start_matches("var(\"")
            )));
        }
        // What it has had so far, said by its dialect or by what it looks like.
        let edition = recipe.request.options.edition.as_deref();
        let edition = edition.unwrap_or_else(|| recipe.manifest.dialect().edition("2024"));
        let toml = with_edition(metadata, edition, style, recipe.manifest.edition());
        let later = match style {
            Style::Frontmatter => Dialect::Cargo,
            Style::Block => Dialect::RustScript,
        };
        let is_named = recipe.manifest.package_text("version").is_some();
        match !is_named && recipe.manifest.version() != later.version() && may_ask_for_version(&code) {
            true => with_field(&toml, "version", recipe.manifest.version()),
            false => toml,
        }
    };
    let rewritten = match style {
        _ if is_there => text.to_owned(),
        Style::Frontmatter => to_frontmatter(text, &header, metadata, &toml).map_err(lost)?,
        Style::Block => to_block(text, &header, metadata, &toml),
    };
    // What was written must be read as the same.
    let again = header::parse(&rewritten).ok().and_then(|header| header.metadata);
    let same = |toml: &str| toml.parse::<Table>().ok();
    if again.is_none_or(|again| same(&again.toml) != same(&toml)) {
        return Err(lost("its metadata would not be read back as the same".to_owned()));
    }
    match dry_run {
        true => Ok(rewritten.as_bytes() != script.bytes()),
        false => script_rewrite::replace(script, &rewritten),
    }
}

/// The TOML without the padding, with the edition that the script has had so far if it names none and the new form would
/// mean another.
fn with_edition(metadata: &Metadata, edition: &str, style: Style, named: Option<&str>) -> String {
    let toml = metadata.toml.trim_start_matches('\n').trim_end();
    let is_other = match style {
        Style::Frontmatter => edition != "2024",
        Style::Block => edition != "2021",
    };
    match named.is_some() || !is_other {
        true => toml.to_owned(),
        false => with_field(toml, "edition", edition),
    }
}

/// The TOML with one more field under `[package]`.
fn with_field(toml: &str, key: &str, value: &str) -> String {
    let line = format!("{key} = \"{value}\"");
    let mut lines: Vec<&str> = toml.lines().collect();
    match lines.iter().position(|text| text.split('#').next().unwrap_or_default().trim() == "[package]") {
        Some(at) => lines.insert(at + 1, &line),
        None => {
            let has_package =
                toml.parse::<Table>().is_ok_and(|table| table.get("package").is_some_and(Value::is_table));
            // Dotted keys stand above all tables.
            return match has_package {
                true => format!("package.{line}\n{toml}"),
                false if toml.is_empty() => format!("[package]\n{line}"),
                false => match toml
                    .lines()
                    .find(|text| !text.trim().is_empty() && !text.trim_start().starts_with('#'))
                {
                    Some(first) if !first.trim_start().starts_with('[') => format!("package.{line}\n{toml}"),
                    _ => format!("[package]\n{line}\n\n{toml}"),
                },
            };
        }
    }
    lines.join("\n")
}

/// Whether a script, or a file of it, may ask for its version.
fn may_ask_for_version(text: &str) -> bool {
    ["CARGO_PKG_", "version", "mod ", "include!"].iter().any(|word| text.contains(word))
}

/// What a script asks its old tool for, and the new form does not give; as it is written in the code.
fn lost_variable(text: &str, style: Style) -> Option<&'static str> {
    let names: &[&str] = match style {
        Style::Frontmatter => &["RUST_SCRIPT_", "CARGO_SCRIPT_", "CARGO_EVAL_"],
        // At run time; for the compiler it is there in both.
        Style::Block => &["var(\"CARGO_MANIFEST_", "var_os(\"CARGO_MANIFEST_"],
    };
    names.iter().find(|name| text.contains(*name)).copied()
}

/// How lines of the script end.
fn line_end(text: &str) -> &'static str {
    if text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r')) { "\r\n" } else { "\n" }
}

/// Where the code begins: below the `#!` line.
fn below_shebang(text: &str, header: &Header<'_>) -> usize {
    let end = header.shebang_end();
    match header.shebang {
        Some(_) => text[end..].find('\n').map_or(text.len(), |at| end + at + 1),
        None => end,
    }
}

/// The whole lines that the metadata stands on.
fn whole_lines(text: &str, metadata: &Metadata) -> (usize, usize) {
    let start = text[..metadata.range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[metadata.range.end..].find('\n').map_or(text.len(), |at| metadata.range.end + at + 1);
    (start, end)
}

fn to_frontmatter(
    text: &str,
    header: &Header<'_>,
    metadata: &Metadata,
    toml: &str,
) -> std::result::Result<String, String> {
    let end_of_line = line_end(text);
    let longest = toml.lines().map(|line| line.len() - line.trim_start_matches('-').len()).max().unwrap_or(0);
    let fence = "-".repeat(3.max(longest + 1));
    let head = below_shebang(text, header);
    let (mut start, mut end) = whole_lines(text, metadata);
    start = start.max(head);
    let (before, after) = (text[head..start].to_owned(), &text[end..]);
    let line = text[start..end].trim_start();
    if metadata.form == Form::Block && !(line.starts_with("//!") || line.starts_with("///")) {
        // A block comment: only if nothing else is in it.
        let (opening, closing) =
            (before.trim_end().strip_suffix("/*!"), after.trim_start().strip_prefix("*/"));
        let (Some(opening), Some(closing)) = (opening.or(before.trim_end().strip_suffix("/**")), closing)
        else {
            let is_whole = line.starts_with("/*") && text[start..end].trim_end().ends_with("*/");
            if !is_whole {
                return Err("the comment around its manifest holds other text".to_owned());
            }
            end = text.len() - after.len();
            return Ok(assembled(text, head, &fence, toml, end_of_line, &before, &text[end..]));
        };
        let closing = closing.strip_prefix('\r').unwrap_or(closing);
        let closing = closing.strip_prefix('\n').unwrap_or(closing);
        return Ok(assembled(text, head, &fence, toml, end_of_line, opening, closing));
    }
    Ok(assembled(text, head, &fence, toml, end_of_line, &before, after))
}

/// The script without `#!` line and metadata.
///
/// # Errors
/// Why the metadata cannot be taken out.
pub(super) fn without_metadata(text: &str, header: &Header<'_>) -> std::result::Result<String, String> {
    match &header.metadata {
        Some(metadata) if matches!(metadata.form, Form::Block | Form::Short) => {
            let whole = to_frontmatter(text, header, metadata, "")?;
            let header = header::parse(&whole).map_err(|error| error.message)?;
            without_metadata(&whole, &header)
        }
        Some(metadata) if metadata.form == Form::Frontmatter => {
            Ok(text[whole_lines(text, metadata).1..].to_owned())
        }
        _ => Ok(text[below_shebang(text, header)..].to_owned()),
    }
}

fn assembled(
    text: &str,
    head: usize,
    fence: &str,
    toml: &str,
    end_of_line: &str,
    before: &str,
    after: &str,
) -> String {
    let body: String =
        toml.lines().map(|line| format!("{}{end_of_line}", line.trim_end_matches('\r'))).collect();
    let mut out = text[..head].to_owned();
    if !out.is_empty() && !out.ends_with('\n') && out != header::BOM {
        out.push_str(end_of_line);
    }
    format!("{out}{fence}{end_of_line}{body}{fence}{end_of_line}{before}{after}")
}

fn to_block(text: &str, header: &Header<'_>, metadata: &Metadata, toml: &str) -> String {
    let end_of_line = line_end(text);
    let ticks = if toml.contains("```") { "~~~~" } else { "```" };
    let mut block = format!("//! {ticks}cargo{end_of_line}");
    for line in toml.lines() {
        let line = line.trim_end();
        block.push_str(if line.is_empty() { "//!" } else { "//! " });
        block.push_str(line);
        block.push_str(end_of_line);
    }
    block.push_str(&format!("//! {ticks}{end_of_line}"));
    let (start, end) = whole_lines(text, metadata);
    let start = start.max(below_shebang(text, header));
    // A doc comment that follows directly stays a paragraph of its own.
    let after = &text[end..];
    if after.trim_start_matches([' ', '\t']).starts_with("//!") {
        block.push_str(&format!("//!{end_of_line}"));
    }
    format!("{}{block}{after}", &text[..start])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str, style: Style) -> std::result::Result<String, String> {
        let header = header::parse(text).unwrap();
        let metadata = header.metadata.as_ref().unwrap();
        let (named, edition) = match metadata.form {
            Form::Frontmatter => (None, "2024"),
            _ => (None, "2021"),
        };
        let toml = with_edition(metadata, edition, style, named);
        match style {
            Style::Frontmatter => to_frontmatter(text, &header, metadata, &toml),
            Style::Block => Ok(to_block(text, &header, metadata, &toml)),
        }
    }

    #[test]
    fn every_other_byte_is_as_it_was() {
        use Style::{Block, Frontmatter};
        let package = "[package]\nedition = \"2021\"\n\n";
        for (text, style, expected) in [
            (
                "#!/x\n//! ```cargo\n//! [dependencies]\n//! a = \"1\"\n//! ```\nfn main() {}\n",
                Frontmatter,
                format!("#!/x\n---\n{package}[dependencies]\na = \"1\"\n---\nfn main() {{}}\n"),
            ),
            (
                "// License.\n//! Hi.\n//!\n//! ```cargo\n//! [dependencies]\n//! ```\n//! Bye.\nfn main() {}",
                Frontmatter,
                format!("---\n{package}[dependencies]\n---\n// License.\n//! Hi.\n//!\n//! Bye.\nfn main() {{}}"),
            ),
            (
                "// cargo-deps: a=\"1\", b\r\nfn main() {}\r\n",
                Frontmatter,
                format!("---\n{package}[dependencies]\na = \"1\"\nb = \"*\"\n---\nfn main() {{}}\n").replace('\n', "\r\n"),
            ),
            (
                "// cargo-deps: a\nfn main() {}\n",
                Block,
                "//! ```cargo\n//! [dependencies]\n//! a = \"*\"\n//! ```\nfn main() {}\n".to_owned(),
            ),
            (
                "/*!\n```cargo\n[dependencies]\n```\n*/\nfn main() {}\n",
                Frontmatter,
                format!("---\n{package}[dependencies]\n---\nfn main() {{}}\n"),
            ),
            (
                "#!/x\n\n---cargo\n[dependencies]\n\na = \"1\"\n---\n//! Hi.\nfn main() {}\n",
                Block,
                "#!/x\n\n//! ```cargo\n//! [package]\n//! edition = \"2024\"\n//!\n//! [dependencies]\n//!\n//! a = \"1\"\n\
                 //! ```\n//!\n//! Hi.\nfn main() {}\n"
                    .to_owned(),
            ),
        ] {
            assert_eq!(rewritten(text, style), Ok(expected), "{text}");
        }
        let within = "/*!\nHi.\n```cargo\n[dependencies]\n```\n*/\nfn main() {}\n";
        assert!(rewritten(within, Frontmatter).is_err());
    }
}
