//! The header of scriptisto: YAML in comments, which may bring a `Cargo.toml`.
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
//! made of is known: keys with a text or a block (`|`), and a list of files. What the header says about building in another
//! directory, in containers or by an interpreter has no meaning here: the script is compiled where it is.

use super::{Form, HeaderError, Metadata, Note};

const BEGIN: &str = "scriptisto-begin";
const END: &str = "scriptisto-end";

/// Keys that ask for what is not done here.
const WITHOUT_MEANING: &[&str] =
    &["docker_build", "target_interpreter", "extra_src_paths", "build_in_script_dir"];

/// What a header says.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) metadata: Option<Metadata>,
    pub(super) build_command: Option<String>,
    pub(super) notes: Vec<Note>,
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

/// Reads the header of `text`, if it has one.
pub(super) fn find(text: &str) -> Result<Option<Found>, HeaderError> {
    let Some(begin) = text.find(BEGIN) else { return Ok(None) };
    let start = text[..begin].rfind('\n').map_or(0, |newline| newline + 1);
    let prefix = &text[start..begin];
    // Elsewhere it is a word in somebody's code.
    if !prefix.trim_end().ends_with(['/', '*', '#', '!']) || prefix.contains('"') {
        return Ok(None);
    }
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
            let content =
                line.strip_prefix(prefix).or_else(|| line.strip_prefix(prefix.trim_end())).unwrap_or(line);
            Line { text: content, number, column: line.len() - content.len() }
        })
        .collect();
    // The last one is the comment mark before the end.
    lines.pop();

    let mut found = Found::default();
    let mut rest = lines.as_slice();
    while let Some((line, after)) = rest.split_first() {
        rest = after;
        let Some((key, value)) = line.text.split_once(':').filter(|_| line.indent() == 0) else { continue };
        let block;
        (block, rest) = rest.split_at(block_length(after, 0));
        match key.trim() {
            "build_cmd" => {
                let words = block.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join("; ");
                found.build_command = Some(if is_block(value) { words } else { unquoted(value).to_owned() });
            }
            "files" => read_files(text, block, start..begin + end, &mut found)?,
            key if WITHOUT_MEANING.contains(&key) => {
                found.notes.push(Note {
                    line: line.number,
                    text: format!("`{key}` of scriptisto has no meaning for runner"),
                });
            }
            _ => {}
        }
    }
    if found.metadata.is_none() {
        let range = start..begin + end + END.len();
        found.metadata =
            Some(Metadata { form: Form::Scriptisto, toml: String::new(), line: first - 1, range, margin: 0 });
    }
    Ok(Some(found))
}

/// How many lines are blank or indented by more than `indent`, or are a list below its key.
fn block_length(lines: &[Line<'_>], indent: usize) -> usize {
    let belongs = |line: &&Line<'_>| {
        line.is_blank() || line.indent() > indent || (indent == 0 && line.text.starts_with("- "))
    };
    lines.iter().take_while(belongs).count()
}

fn is_block(value: &str) -> bool {
    value.trim_start().starts_with(['|', '>'])
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

/// The list of files: of them `Cargo.toml` is the manifest.
fn read_files(
    text: &str,
    mut lines: &[Line<'_>],
    range: std::ops::Range<usize>,
    found: &mut Found,
) -> Result<(), HeaderError> {
    let mut path = "";
    while let Some((line, after)) = lines.split_first() {
        lines = after;
        let item = line.text.trim_start();
        let entry = item.strip_prefix("- ").unwrap_or(item);
        let Some((key, value)) = entry.split_once(':') else { continue };
        // A block is indented by more than its key, which in the first line of an item follows the dash.
        let indent = line.text.len() - entry.trim_start().len();
        match key.trim() {
            "path" => path = unquoted(value),
            "content" if is_block(value) => {
                let (content, rest) = lines.split_at(block_length(lines, indent.max(1)));
                lines = rest;
                match path.trim_start_matches("./") {
                    "Cargo.toml" => found.metadata = Some(manifest(content, line.number, range.clone())),
                    "Cargo.lock" => {}
                    path if path.ends_with(".rs") => {
                        let offset = text.split_inclusive('\n').take(line.number - 1).map(str::len).sum();
                        let error = HeaderError::at(text, offset, format!("it brings a file `{path}` along"));
                        return Err(error.hint("runner writes no files: put it beside the script"));
                    }
                    path => found.notes.push(Note {
                        line: line.number,
                        text: format!("the file `{path}` that it brings along is not written"),
                    }),
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn manifest(content: &[Line<'_>], line: usize, range: std::ops::Range<usize>) -> Metadata {
    let first = content.iter().find(|line| !line.is_blank());
    let indent = first.map_or(0, Line::indent);
    let mut toml = "\n".repeat(line);
    for line in content {
        toml.push_str(line.text.get(indent..).unwrap_or_default());
        toml.push('\n');
    }
    let margin = first.map_or(0, |line| line.column) + indent;
    Metadata { form: Form::Scriptisto, toml, line, range, margin }
}

#[cfg(test)]
mod tests {
    use crate::header::{Form, parse};

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

        let in_block = "/* scriptisto-begin\nscript_src: a.rs\nbuild_cmd: |\n  rustc --edition 2021 a.rs\ndocker_build:\n  x: y\n\
                    scriptisto-end */\nfn main() {}\n";
        let header = parse(in_block).unwrap();
        assert_eq!(
            header.metadata.map(|metadata| (metadata.toml, metadata.range)),
            Some((String::new(), 0..113))
        );
        assert_eq!(header.build_command.as_deref(), Some("rustc --edition 2021 a.rs"));
        assert_eq!(header.notes.first().map(|note| note.line), Some(5));

        assert_eq!(parse("let s = \"scriptisto-begin\";\n").map(|header| header.metadata), Ok(None));
        for (text, place, message) in [
            ("// scriptisto-begin\nfn main() {}\n", (1, 4), "the header of scriptisto has no end"),
            (
                "// scriptisto-begin\n// files:\n// - path: src/util.rs\n//   content: |\n//     x\n// scriptisto-end\n",
                (4, 1),
                "it brings a file `src/util.rs` along",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(((error.line, error.column), error.message.as_str()), (place, message));
        }
    }
}
