//! The text of a script in an editor's buffer, and the changes that make it readable for a language server.
//!
//! A buffer is a script if its first line calls a tool for scripts, if it has metadata, or if it is a `.rs` file in no
//! package. A `.rs` file without either may be a module of a script: the trace of that names it, or one of its neighbours
//! declares it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::base::digest::Fields;
use crate::base::error::Result;
use crate::base::order;
use crate::editor::lsp::projects::{Changes, FirstLine, Head, Insertion, Kind, Language, Problem, Runnable};
use crate::engine::context::Context;
use crate::engine::recipe::{self, ReadScript};
use crate::engine::trim;
use crate::languages::{detect, metadata};
use crate::request::dialect::Dialect;
use crate::request::options::Options;
use crate::rust::manifest::Manifest;
use crate::rust::source::main_wrapper::{self, Wrapper};
use crate::rust::source::outline::{self, Outline};
use crate::rust::source::repair;
use crate::script::header::{self, Header};
use crate::script::script_file::Script;
use crate::script::tool_call::Tool;
use crate::script::{first_line, shebang};

/// What a file is; `language_id` is the editor's opinion.
pub(crate) fn kind(context: &Context, path: &Path, language_id: &str, text: &str) -> Kind {
    let script = Script::of_buffer(path, text);
    let Ok(found) = detect::of(&script, text, None) else { return Kind::Other };
    let language = match found {
        None => Language::Rust,
        Some(language) => match language.name {
            "c" => Language::C,
            "c++" => Language::Cpp,
            "go" => Language::Go,
            "zig" => Language::Zig,
            _ => return Kind::Other,
        },
    };
    let is_rust_file = path.extension().is_some_and(|extension| extension == "rs");
    // A file without extension and without anything that names a language is what the editor takes it for.
    let is_plain = found.is_none() && !is_rust_file && !text.starts_with("#!");
    if is_plain && Language::of_id(language_id).is_none_or(|language| language != Language::Rust) {
        return Kind::Other;
    }
    if calls_a_tool(text) || has_metadata(language, text) {
        return Kind::Script(language);
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let is_in_package = || directory.ancestors().any(|one| one.join("Cargo.toml").is_file());
    if language != Language::Rust || !is_rust_file || is_in_package() {
        return Kind::Other;
    }
    match owner_by_trace(context, path).or_else(|| owner_by_declaration(path)) {
        Some(script) => Kind::Module { script },
        None => Kind::Script(Language::Rust),
    }
}

/// Whether the first line calls a tool that runs scripts.
pub(crate) fn calls_a_tool(text: &str) -> bool {
    let line = text.strip_prefix("#!").filter(|rest| !rest.trim_start().starts_with('['));
    let call = line.and_then(|rest| shebang::read(rest.lines().next()?));
    call.is_some_and(|call| !matches!(call.tool, Tool::Other(_)))
}

fn has_metadata(language: Language, text: &str) -> bool {
    match language {
        Language::Rust => header::parse(text).is_ok_and(|header| header.metadata.is_some()),
        _ => metadata::has_block(text),
    }
}

/// The script of which a file was an input.
fn owner_by_trace(context: &Context, path: &Path) -> Option<PathBuf> {
    let cache = context.existing_cache().ok()??;
    trim::script_that_read(&cache, path).filter(|script| script != path && script.is_file())
}

/// The script in the directory, or in the one above, that declares a file as a module.
fn owner_by_declaration(path: &Path) -> Option<PathBuf> {
    /// More neighbours than that are not read.
    const MOST_NEIGHBOURS: usize = 200;
    const LARGEST_BYTES: u64 = 1 << 20;
    let stem = path.file_stem()?.to_str()?;
    let directory = path.parent()?;
    let above = directory.parent().filter(|_| stem != "mod");
    let name = if stem == "mod" { directory.file_name()?.to_str()? } else { stem };
    let places = match stem {
        "mod" => [directory.parent(), None],
        _ => [Some(directory), above],
    };
    places.into_iter().flatten().find_map(|place| {
        let entries = std::fs::read_dir(place).ok()?.flatten().take(MOST_NEIGHBOURS);
        let is_small = |path: &PathBuf| {
            std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() < LARGEST_BYTES)
        };
        let mut scripts: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|file| file != path && is_small(file)).collect();
        order::sort(&mut scripts);
        scripts.into_iter().find(|script| {
            let Ok(text) = std::fs::read_to_string(script) else { return false };
            let is_script = calls_a_tool(&text) || has_metadata(Language::Rust, &text);
            is_script && Text::read(&text).is_some_and(|text| text.modules().any(|module| module == name))
        })
    })
}

/// The text of a Rust script, read as far as it can be while it is being typed.
pub(crate) struct Text<'a> {
    text: &'a str,
    header: Header<'a>,
    /// Without what is no code.
    plain: String,
    outline: Option<Outline>,
}

impl<'a> Text<'a> {
    /// `None` if its head cannot be read.
    pub(crate) fn read(text: &'a str) -> Option<Text<'a>> {
        let header = header::parse(text).ok()?;
        let plain = main_wrapper::without_head(text, &header);
        let outline = Outline::read(&plain).or_else(|| Outline::read(&repair::closed(&plain)));
        Some(Text { text, header, plain, outline })
    }

    fn pieces(&self, kind: outline::Kind) -> impl Iterator<Item = Range<usize>> + '_ {
        let pieces = self.outline.iter().flat_map(|outline| &outline.pieces);
        pieces.filter(move |piece| piece.kind == kind).map(|piece| self.clamp(piece.range.clone()))
    }

    /// What was closed for the outline is not in the text.
    fn clamp(&self, range: Range<usize>) -> Range<usize> {
        let end = self.plain.trim_end().len();
        range.start.min(end)..range.end.min(end)
    }

    /// The names of the modules that are files.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        let texts = self.pieces(outline::Kind::File).filter_map(|range| self.plain.get(range));
        texts.filter_map(|text| text.trim_end_matches(';').split_whitespace().next_back())
    }

    /// Where the files of its modules are looked for.
    pub(crate) fn module_paths(&self, base: &Path) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> =
            self.modules().flat_map(|name| [base.join(format!("{name}.rs")), base.join(name)]).collect();
        for range in self.pieces(outline::Kind::File) {
            let text = self.plain.get(range).unwrap_or_default();
            let named = text.split_once("path").and_then(|(_, rest)| rest.split('"').nth(1));
            paths.extend(named.map(|named| base.join(named)));
        }
        paths
    }

    /// The functions with `#[test]`, and where they begin.
    pub(crate) fn tests(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for range in self.pieces(outline::Kind::Test) {
            let Some(piece) = self.plain.get(range.clone()) else { continue };
            for (at, _) in piece.match_indices("test]") {
                let after = &piece[at..];
                let Some(function) = after.find("fn ") else { continue };
                let name: String =
                    after[function + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.push((name, range.start + at + function));
            }
        }
        found
    }

    /// The end of first line and metadata, with its line end.
    fn head_end(&self) -> usize {
        let first = if self.header.shebang.is_some() { self.header.shebang_end() } else { 0 };
        let metadata = self.header.metadata.as_ref().map_or(0, |metadata| metadata.range.end);
        match first.max(metadata) {
            0 => 0,
            end => line_end(self.text, end),
        }
    }

    fn manifest(&self) -> Option<Manifest> {
        let dialect = Dialect::Runner;
        let read = Manifest::read(self.header.metadata.clone(), dialect);
        // While the metadata are wrong the script has no runtime.
        read.or_else(|_| Manifest::read(None, dialect)).ok()
    }

    fn changes(&self) -> Changes {
        let head_end = self.head_end();
        let inner_end = self.outline.as_ref().map_or(0, |outline| outline.inner_end);
        let items_start = if inner_end > head_end { line_end(self.text, inner_end) } else { head_end };
        let mut changes = Changes { head_end, items_start, ..Changes::default() };
        if self.text.starts_with(header::BOM) {
            changes.blanks.push(0..header::BOM.len());
        }
        for range in self.pieces(outline::Kind::Main) {
            changes.runnables.push(Runnable { test: None, at: range.start });
        }
        let tests = self.tests();
        changes.runnables.extend(tests.into_iter().map(|(name, at)| Runnable { test: Some(name), at }));
        let outline = self.outline.as_ref().zip(self.manifest());
        let wrapper = outline.and_then(|(outline, manifest)| Wrapper::of(&self.plain, outline, &manifest));
        let Some(wrapper) = wrapper else { return changes };
        let Range { start, end } = self.clamp(wrapper.start..wrapper.end);
        // At the end of the code above, where the first column of the script's own is its own; but below the head.
        let gap = self.text.get(wrapper.before..start).unwrap_or_default();
        let is_above = wrapper.before > head_end && wrapper.before >= inner_end && gap.contains('\n');
        let opening = Insertion {
            at: if is_above { wrapper.before } else { start },
            text: wrapper.opening,
            is_before_cursor: !is_above,
        };
        // Behind a comment at the end there is nothing but the next line.
        let is_comment = self.plain.get(start..end).is_some_and(main_wrapper::swallows);
        let end = if is_comment { line_end(self.text, end) } else { end };
        let closing = Insertion { at: end, text: wrapper.closing, is_before_cursor: false };
        changes.insertions = vec![opening, closing];
        changes.blanks.extend(wrapper.moved.into_iter().map(|(range, _)| range));
        changes.runnables.push(Runnable { test: None, at: start });
        changes
    }
}

/// What the compiler is given in place of a script's text.
pub(crate) fn changes(language: Language, text: &str) -> Changes {
    let first_line = if text.starts_with("#!") { line_end(text, 0) } else { 0 };
    let unread = || Changes { head_end: first_line, items_start: first_line, ..Changes::default() };
    match language {
        Language::Rust => Text::read(text).map_or_else(unread, |text| text.changes()),
        _ => {
            let head_end = metadata::block_end(text).map_or(first_line, |end| end.max(first_line));
            let first_line = if language == Language::Go { FirstLine::GoProgram } else { FirstLine::Comment };
            Changes { first_line, head_end, items_start: head_end, ..Changes::default() }
        }
    }
}

/// What decides which project a script has.
///
/// # Errors
/// What is wrong with its metadata.
pub(crate) fn head(
    context: &Context,
    path: &Path,
    language: Language,
    text: &str,
) -> std::result::Result<Head, Vec<Problem>> {
    let read = || -> Result<Option<String>> {
        let script = Script::of_buffer(path, text);
        let read = match recipe::read_script(&script, &Options::default(), context.environment())? {
            ReadScript::Rust(rust) => rust.request.options.toolchain,
            ReadScript::Other(_) => None,
        };
        Ok(read)
    };
    let toolchain = read().map_err(|error| vec![problem(text, &error)])?;
    let mut fields = Fields::new("head of a buffer");
    match Text::read(text).filter(|_| language == Language::Rust) {
        Some(read) => {
            fields.push("head", text.get(..read.head_end()).unwrap_or_default().as_bytes());
            read.modules().for_each(|name| fields.push("module", name.as_bytes()));
            fields.push("tests", &[u8::from(!read.tests().is_empty())]);
        }
        None => {
            let end = changes(language, text).head_end;
            fields.push("head", text.get(..end).unwrap_or_default().as_bytes());
        }
    }
    // A first line of rust-script's may say more than a head.
    let call = header::parse(text).ok().and_then(|header| first_line::tool_call(&header, text));
    fields.push_optional("toolchain", toolchain.as_deref().map(str::as_bytes));
    fields.push("options", call.map(|call| call.options.describe()).unwrap_or_default().as_bytes());
    Ok(Head { digest: fields.finish().hex(), toolchain })
}

/// An error of the engine, as an editor shows it.
pub(crate) fn problem(text: &str, error: &crate::base::error::Error) -> Problem {
    let at = error.position().map_or(0, |position| position.offset(text));
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |line| at + line);
    let mut message = error.reason();
    if let Some(hint) = error.cure() {
        message.push_str("\nhint: ");
        message.push_str(&hint);
    }
    Problem { range: at..end, message, is_error: true }
}

/// The end of the line that a place is in, with its line end.
fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| at + newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(text: &str) -> String {
        let changes = changes(Language::Rust, text);
        let mut out = text.to_owned();
        for insertion in changes.insertions.iter().rev() {
            let word = if insertion.text.contains("fn main") && insertion.text.trim_end().ends_with('{') {
                "OPEN "
            } else {
                " CLOSE"
            };
            out.insert_str(insertion.at, word);
        }
        out
    }

    #[test]
    fn an_opening_stands_above_no_code_and_on_no_line_of_the_head() {
        for (text, expected) in [
            ("x();\n", "OPEN x(); CLOSE\n"),
            ("#!/usr/bin/env runner\n---\n---\nx();\n", "#!/usr/bin/env runner\n---\n---\nOPEN x(); CLOSE\n"),
            ("#!/usr/bin/env runner\nx();", "#!/usr/bin/env runner\nOPEN x(); CLOSE"),
            ("use a; // b\n\n// c\nx();\n", "use a;OPEN  // b\n\n// c\nx(); CLOSE\n"),
            ("#![a]\nx();\n", "#![a]OPEN \nx(); CLOSE\n"),
            ("//! d\nx();\n", "//! d\nOPEN x(); CLOSE\n"),
            ("fn main() {}\n", "fn main() {}\n"),
            ("x(\n", "OPEN x( CLOSE\n"),
            ("let re = 1;\nre.\n", "OPEN let re = 1;\nre. CLOSE\n"),
        ] {
            assert_eq!(served(text), expected, "{text:?}");
        }
    }

    #[test]
    fn places_of_a_head_and_of_tests_are_known() {
        let text = "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\n#![allow(unused)]\nmod m;\n#[test]\nfn t() {}\nx();\n";
        let changes = changes(Language::Rust, text);
        assert_eq!(&text[..changes.head_end], "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\n");
        assert!(text[changes.items_start..].starts_with("mod m;"));
        let read = Text::read(text).unwrap();
        assert_eq!(read.modules().collect::<Vec<_>>(), ["m"]);
        assert_eq!(read.tests().len(), 1);
        assert_eq!(read.tests()[0].0, "t");
        assert!(text[read.tests()[0].1..].starts_with("fn t"));
    }
}
