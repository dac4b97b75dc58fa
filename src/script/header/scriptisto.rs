//! Reads the header of scriptisto, YAML in comments with the commands that build the script.
//!
//! ```text
//! // scriptisto-begin
//! // script_src: src/main.rs
//! // build_cmd: cargo build --release
//! // target_bin: ./target/release/script
//! // files:
//! //  - path: Cargo.toml
//! //    content: |
//! //      [dependencies]
//! // scriptisto-end
//! ```
//!
//! Whatever stands before `scriptisto-begin` comes off the left of each line, as there. Of YAML only what such headers are
//! made of is known: keys with a text, a block (`|`, `>`) or a list, and a list of files.
//!
//! A Rust script whose header asks for no more than cargo or rustc would do anyhow is compiled as other Rust scripts are,
//! where it is ([`Spec::is_plain_rust`]); every other one is built as the header says (`languages/scriptisto.rs`).

use std::ops::Range;

use crate::script::header::diagnostics::HeaderError;
use crate::script::header::metadata::{Form, Metadata};

const BEGIN: &str = "scriptisto-begin";
const END: &str = "scriptisto-end";

/// The fields of a header.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Where the source is put, in the directory of the build.
    pub(crate) script_src: String,
    pub(crate) build_cmd: Option<String>,
    pub(crate) build_once_cmd: Option<String>,
    pub(crate) target_bin: Option<String>,
    pub(crate) target_interpreter: Option<String>,
    pub(crate) replace_shebang_with: String,
    pub(crate) extra_src_paths: Vec<String>,
    pub(crate) build_in_script_dir: bool,
    /// Line of the script that asks for a container.
    pub(crate) docker_line: Option<usize>,
    pub(crate) files: Vec<File>,
    /// Byte range of the script that holds the header.
    pub(crate) range: Range<usize>,
    /// One-based line of the script where it begins.
    pub(crate) line: usize,
}

/// A file that a header brings along.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) content: String,
    /// One-based line of the script above its content, and how many bytes each of its lines lost at the left.
    pub(crate) line: usize,
    pub(crate) margin: usize,
}

/// A line of the header without its comment mark.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    /// One-based line of the script.
    number: usize,
    /// Bytes before `text` on its line.
    column: usize,
}

impl Line<'_> {
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

impl Spec {
    /// Reads the header of `text`, if it has one.
    ///
    /// # Errors
    /// If it has no end.
    pub(crate) fn read(text: &str) -> Result<Option<Spec>, HeaderError> {
        let Some((start, begin)) = place(text) else { return Ok(None) };
        let prefix = &text[start..begin];
        let first = text[..start].matches('\n').count() + 2;
        let body = &text[begin..];
        let Some(end) = body.find(END) else {
            let error = HeaderError::at(text, begin, "the header of scriptisto has no end");
            return Err(error.hint(format!("write `{}{END}` below it", prefix.trim_start())));
        };
        let mut lines: Vec<Line<'_>> = (first..)
            .zip(body[..end].split('\n').skip(1))
            .map(|(number, line)| {
                let line = line.strip_suffix('\r').unwrap_or(line);
                let content = line
                    .strip_prefix(prefix)
                    .or_else(|| line.strip_prefix(prefix.trim_end()))
                    .unwrap_or_else(|| without_indent(line, prefix));
                Line { text: content, number, column: line.len() - content.len() }
            })
            .collect();
        // The last one is the comment mark before the end.
        lines.pop();
        let mut spec = Spec { range: start..begin + end + END.len(), line: first - 1, ..Spec::default() };
        let mut rest = lines.as_slice();
        while let Some((line, after)) = rest.split_first() {
            rest = after;
            let Some((key, value)) = line.text.split_once(':').filter(|_| line.indent() == 0) else {
                continue;
            };
            let block;
            (block, rest) = rest.split_at(block_length(after, 0));
            let text = || scalar(value, block);
            match key.trim() {
                "script_src" => spec.script_src = text(),
                "build_cmd" => spec.build_cmd = Some(text()),
                "build_once_cmd" => spec.build_once_cmd = Some(text()),
                "target_bin" => spec.target_bin = Some(text()),
                "target_interpreter" => {
                    spec.target_interpreter = Some(text()).filter(|text| !text.is_empty())
                }
                "replace_shebang_with" => spec.replace_shebang_with = text(),
                "build_in_script_dir" => spec.build_in_script_dir = text() == "true",
                "extra_src_paths" | "hash_additional_paths" => spec.extra_src_paths = list(value, block),
                "docker_build" if block.iter().any(|line| line.text.contains("dockerfile")) => {
                    spec.docker_line = Some(line.number);
                }
                "files" => spec.files = files(block),
                _ => {}
            }
        }
        Ok(Some(spec))
    }

    /// Whether all it asks for is what cargo or rustc make of a Rust script wherever that is.
    pub(crate) fn is_plain_rust(&self) -> bool {
        let is_rust = self.script_src.is_empty() || self.script_src.ends_with(".rs");
        let command = self.build_cmd.as_deref().unwrap_or_default();
        let is_plain = !command.contains(['|', '&', ';', '`', '$', '<', '>', '\n'])
            && matches!(command.split_whitespace().next(), None | Some("cargo" | "rustc"));
        let known = ["Cargo.toml", "Cargo.lock"];
        is_rust
            && is_plain
            && self.build_once_cmd.is_none()
            && self.target_interpreter.is_none()
            && self.extra_src_paths.is_empty()
            && !self.build_in_script_dir
            && self.docker_line.is_none()
            && self.files.iter().all(|file| known.contains(&file.path.trim_start_matches("./")))
    }

    /// The manifest of a Rust script that it brings along; an empty one if there is none.
    pub(super) fn metadata(&self) -> Metadata {
        let manifest = self.files.iter().find(|file| file.path.trim_start_matches("./") == "Cargo.toml");
        let (toml, line, margin) = manifest.map_or((String::new(), self.line, 0), |file| {
            ("\n".repeat(file.line) + &file.content, file.line, file.margin)
        });
        Metadata { form: Form::Scriptisto, toml, line, range: self.range.clone(), margin }
    }
}

/// Whether a text has a header.
pub(crate) fn is_in(text: &str) -> bool {
    place(text).is_some()
}

/// Where the line of the mark begins, and the mark itself.
fn place(text: &str) -> Option<(usize, usize)> {
    let begin = text.find(BEGIN)?;
    let start = text[..begin].rfind('\n').map_or(0, |newline| newline + 1);
    let prefix = &text[start..begin];
    // Elsewhere it is a word in somebody's code. Within a longer comment it stands alone on its line.
    let is_comment = prefix.trim_end().ends_with(['/', '*', '#', '!', '-', ';', '%']);
    let stands_alone =
        prefix.trim().is_empty() && text[begin + BEGIN.len()..].lines().next()?.trim().is_empty();
    ((is_comment || stands_alone) && !prefix.contains('"')).then_some((start, begin))
}

/// As many bytes less as the mark has before it, whatever they are: so scriptisto does it.
fn without_indent<'a>(line: &'a str, prefix: &str) -> &'a str {
    match prefix.trim().is_empty() {
        true => line.trim_start_matches([' ', '\t']),
        false => line,
    }
}

/// How many lines are blank or indented by more than `indent`, or are a list below its key.
fn block_length(lines: &[Line<'_>], indent: usize) -> usize {
    let belongs = |line: &&Line<'_>| {
        line.is_blank() || line.indent() > indent || (indent == 0 && line.text.starts_with("- "))
    };
    lines.iter().take_while(belongs).count()
}

/// A text: after its key, or in the block below it.
fn scalar(value: &str, block: &[Line<'_>]) -> String {
    let value = value.trim();
    match value.chars().next() {
        Some('|') => {
            let text = literal(block).0;
            if value.starts_with("|-") { text.trim_end_matches('\n').to_owned() } else { text }
        }
        Some('>') => {
            let folded = literal(block).0.trim_end().replace('\n', " ");
            if value.starts_with(">-") { folded } else { folded + "\n" }
        }
        // A plain text may go on below.
        _ => {
            let more = block.iter().map(|line| line.text.trim()).filter(|text| !text.is_empty());
            unquoted(&std::iter::once(value).chain(more).collect::<Vec<_>>().join(" ")).to_owned()
        }
    }
}

/// The lines of a block without their common indent, and that indent with what stood before it.
fn literal(block: &[Line<'_>]) -> (String, usize) {
    let first = block.iter().find(|line| !line.is_blank());
    let indent = first.map_or(0, Line::indent);
    let end = block.iter().rposition(|line| !line.is_blank()).map_or(0, |last| last + 1);
    let mut text = String::new();
    for line in &block[..end] {
        text.push_str(line.text.get(indent..).unwrap_or_default());
        text.push('\n');
    }
    (text, first.map_or(0, |line| line.column) + indent)
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

/// `[a, b]`, or a line for each.
fn list(value: &str, block: &[Line<'_>]) -> Vec<String> {
    if let Some(inner) = value.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner
            .split(',')
            .map(|item| unquoted(item).to_owned())
            .filter(|item| !item.is_empty())
            .collect();
    }
    let items = block.iter().filter_map(|line| line.text.trim_start().strip_prefix("- "));
    items.map(|item| unquoted(item).to_owned()).collect()
}

fn files(mut lines: &[Line<'_>]) -> Vec<File> {
    let mut found: Vec<File> = Vec::new();
    while let Some((line, after)) = lines.split_first() {
        lines = after;
        let item = line.text.trim_start();
        let entry = item.strip_prefix("- ").unwrap_or(item);
        if item.starts_with("- ") {
            found.push(File::default());
        }
        let Some((key, value)) = entry.split_once(':') else { continue };
        let Some(file) = found.last_mut() else { continue };
        // A block is indented by more than its key, which in the first line of an item follows the dash.
        let indent = line.text.len() - entry.trim_start().len();
        match key.trim() {
            "path" => file.path = unquoted(value).to_owned(),
            "content" => {
                let (content, rest) = lines.split_at(block_length(lines, indent.max(1)));
                lines = rest;
                file.content = scalar(value, content);
                file.line = line.number;
                file.margin = literal(content).1;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::header::parse;

    #[test]
    fn the_header_of_scriptisto_may_bring_a_manifest() {
        let text = "#!/usr/bin/env scriptisto\n\n// scriptisto-begin\n// script_src: src/main.rs\n// build_cmd: cargo build --release\n\
                // files:\n//  - path: Cargo.toml\n//    content: |\n//      a=1\n//\n//      [b]\n// target_bin: x\n\
                // scriptisto-end\nfn main() {}\n";
        let header = parse(text).unwrap();
        let metadata = header.metadata.as_ref().unwrap();
        let expected = format!("{}a=1\n\n[b]\n", "\n".repeat(8));
        assert_eq!(
            (metadata.form, metadata.toml.as_str(), metadata.margin),
            (Form::Scriptisto, expected.as_str(), 8)
        );
        assert_eq!(header.build_command.as_deref(), Some("cargo build --release"));
        assert_eq!(header.notes, []);
        assert!(Spec::read(text).unwrap().unwrap().is_plain_rust());

        let in_block = "/* scriptisto-begin\nscript_src: a.rs\nbuild_cmd: |\n  rustc --edition 2021 a.rs\n\
                    scriptisto-end */\nfn main() {}\n";
        let header = parse(in_block).unwrap();
        assert_eq!(
            header.metadata.map(|metadata| (metadata.toml, metadata.range)),
            Some((String::new(), 0..92))
        );
        assert_eq!(header.build_command.as_deref(), Some("rustc --edition 2021 a.rs"));

        assert_eq!(parse("let s = \"scriptisto-begin\";\n").map(|header| header.metadata), Ok(None));
        let error = parse("// scriptisto-begin\nfn main() {}\n").unwrap_err();
        assert_eq!(
            (error.position.line, error.position.column, error.message.as_str()),
            (1, 4, "the header of scriptisto has no end")
        );
    }

    #[test]
    fn the_fields_of_a_header_are_read() {
        let text = "#!/usr/bin/env scriptisto\n(*\n  scriptisto-begin\n  script_src: script.ml\n  \
                    build_once_cmd: 'a b'\n  build_cmd: >\n    one\n    two\n  target_bin: ./x\n  \
                    target_interpreter: /usr/bin/env node\n  replace_shebang_with: (* *)\n  extra_src_paths:\n   - a\n   - \"b c\"\n  \
                    build_in_script_dir: true\n  docker_build:\n    dockerfile: |\n      FROM x\n  files:\n   - path: dune\n     \
                    content: (x)\n   - path: y/z\n     content: |-\n       1\n         2\n  scriptisto-end\n*)\n";
        let spec = Spec::read(text).unwrap().unwrap();
        assert_eq!(spec.script_src, "script.ml");
        assert_eq!(spec.build_once_cmd.as_deref(), Some("a b"));
        assert_eq!(spec.build_cmd.as_deref(), Some("one two\n"));
        assert_eq!(spec.target_bin.as_deref(), Some("./x"));
        assert_eq!(spec.target_interpreter.as_deref(), Some("/usr/bin/env node"));
        assert_eq!(spec.replace_shebang_with, "(* *)");
        assert_eq!(spec.extra_src_paths, ["a", "b c"]);
        assert_eq!((spec.build_in_script_dir, spec.docker_line), (true, Some(16)));
        let files: Vec<_> =
            spec.files.iter().map(|file| (file.path.as_str(), file.content.as_str())).collect();
        assert_eq!(files, [("dune", "(x)"), ("y/z", "1\n  2")]);
        assert!(!spec.is_plain_rust());
    }

    #[test]
    fn more_than_cargo_or_rustc_would_do_is_not_plain() {
        let plain = |lines: &str| {
            let text = format!("// scriptisto-begin\n// script_src: a.rs\n{lines}// scriptisto-end\n");
            Spec::read(&text).unwrap().unwrap().is_plain_rust()
        };
        assert!(plain(""));
        assert!(plain("// build_cmd: rustc -O a.rs\n"));
        for lines in [
            "// build_cmd: make\n",
            "// build_cmd: rustc a.rs && strip a\n",
            "// build_once_cmd: cargo fetch\n",
            "// files:\n// - path: src/util.rs\n//   content: |\n//     x\n",
            "// extra_src_paths: [x]\n",
        ] {
            assert!(!plain(lines), "{lines}");
        }
    }
}
