//! The head of a script that is not in Rust: its `#!` line, its own compiler call, and its metadata.
//!
//! ```text
//! #!/usr/bin/env runner
//! // /// runner                        in the comments of the language: `//`, `#`, `--`, `!`, or within `(* *)`
//! // lang = "c"                        as `--lang`; the other keys are those of `[package.metadata.runner]`
//! // flags = ["-pthread", "-lm"]       more arguments of the compiler
//! // ///
//! ```

use toml::{Table, Value};

use crate::base::error::{Error, Result, Step};
use crate::languages::compile_call::{self, CompileCall};
use crate::languages::language::Language;
use crate::languages::scriptisto_spec;
use crate::request::options::Options;
use crate::script::header::Spec;
use crate::script::shebang;
use crate::script::tool_call::Tool;
use crate::settings::script_table::Settings;

/// The head of a script.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) language: &'static Language,
    /// Whether it has a `#!` line.
    pub(crate) has_shebang: bool,
    /// The compiler call in its first lines.
    pub(crate) call: Option<CompileCall>,
    /// More arguments of the compiler.
    pub(crate) flags: Vec<String>,
    /// Whether it is a Go script that calls C.
    pub(crate) calls_c: bool,
    /// Its header of scriptisto.
    pub(crate) spec: Option<Spec>,
}

/// A head, and the settings in it that are not about its language.
pub(crate) struct Read {
    pub(crate) head: Head,
    /// What of its first lines is not used.
    pub(crate) note: Option<String>,
    pub(crate) settings: Settings,
    /// Options of runner in its `#!` line.
    pub(crate) options: Options,
    /// Variables that its `#!` line sets for the program.
    pub(crate) variables: Vec<(String, String)>,
}

const KEYS: &str = "supported: `lang`, `profile`, `toolchain`, `args`, `inputs`, `env`, `flags`, `static`";

impl Head {
    /// Reads the head of a script in `language`.
    ///
    /// # Errors
    /// [`Step::Metadata`] if its metadata is malformed.
    pub(crate) fn read(text: &str, language: &'static Language) -> Result<Read> {
        let first = text.strip_prefix("#!").and_then(|line| line.lines().next());
        let (mut settings, mut flags) = (Settings::default(), Vec::new());
        if let Some(block) = Block::find(text) {
            (settings, flags) = block.settings()?;
        }
        let line = first.and_then(shebang::read).filter(|line| line.tool == Tool::Runner);
        let variables = first.and_then(shebang::program).map(|(variables, ..)| variables).unwrap_or_default();
        let call = compile_call::find(text).filter(|call| compile_call::is_used(call, language));
        let spec = scriptisto_spec::read(text)?;
        let calls_c = language.name == "go"
            && text.lines().any(|line| line.trim_start_matches("import").trim() == "\"C\"");
        let head = Head { language, has_shebang: text.starts_with("#!"), call, flags, calls_c, spec };
        // A header of scriptisto has its own build command.
        let note = if head.spec.is_some() { None } else { compile_call::unused(text, language) };
        Ok(Read {
            head,
            note,
            settings,
            options: line.map(|line| line.options).unwrap_or_default(),
            variables,
        })
    }
}

/// The language that the metadata names.
pub(super) fn metadata_language(text: &str) -> Option<String> {
    let table: Table = Block::find(text)?.toml.parse().ok()?;
    table.get("lang").and_then(Value::as_str).map(str::to_owned)
}

/// Whether there is metadata.
pub(crate) fn has_block(text: &str) -> bool {
    Block::find(text).is_some()
}

/// The byte behind the last line of the metadata.
pub(crate) fn block_end(text: &str) -> Option<usize> {
    let block = Block::find(text)?;
    let lines = block.line - 1 + block.toml.lines().count() + usize::from(block.is_closed);
    Some(text.split_inclusive('\n').take(lines).map(str::len).sum())
}

/// The metadata of a script, as TOML.
struct Block {
    toml: String,
    /// One-based line of the script where the TOML begins.
    line: usize,
    /// Whether its end was found.
    is_closed: bool,
}

impl Block {
    fn find(text: &str) -> Option<Block> {
        /// Comment marks before `/// runner`, and the prefix of each line below it.
        const MARKS: &[(&str, &str)] = &[
            ("//", "//"),
            ("#", "#"),
            ("--", "--"),
            ("!", "!"),
            (";", ";"),
            ("(*", ""),
            ("/*", ""),
            ("{-", ""),
        ];
        let mut lines = text.lines().zip(1..);
        let (prefix, line) = lines.find_map(|(line, number)| {
            let mark = line.trim().strip_suffix("/// runner")?.trim();
            Some((MARKS.iter().find(|(known, _)| *known == mark)?.1, number + 1))
        })?;
        let mut block = Block { toml: String::new(), line, is_closed: false };
        for (line, _) in lines {
            let content = line.trim_start().strip_prefix(prefix)?;
            if content.trim_start().starts_with("///") {
                block.is_closed = true;
                break;
            }
            block.toml.push_str(content);
            block.toml.push('\n');
        }
        Some(block)
    }

    fn settings(&self) -> Result<(Settings, Vec<String>)> {
        let at = |line: usize, text: String| Error::message(Step::Metadata, format!("line {line}: {text}"));
        if !self.is_closed {
            return Err(at(self.line - 1, "the metadata is not closed".to_owned())
                .hint("add `///` below it, in a comment of the language"));
        }
        let table: Table = self.toml.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| self.toml.get(..span.start)).unwrap_or_default();
            at(self.line + before.matches('\n').count(), error.message().to_owned())
        })?;
        let mut settings = Settings::default();
        let mut flags = Vec::new();
        for (key, value) in &table {
            let line = self.toml.lines().position(|line| line.trim_start().starts_with(key.as_str()));
            let error = |text: String| at(self.line + line.unwrap_or(0), text);
            let must_be = |shape: &str| error(format!("`{key}` must be {shape}"));
            let text = || value.as_str().map(str::to_owned).ok_or_else(|| must_be("a string"));
            let list = || -> Result<Vec<String>> {
                let list = value.as_array().ok_or_else(|| must_be("a list of strings"))?;
                let texts = list.iter().map(|item| item.as_str().map(str::to_owned));
                let texts: Option<Vec<String>> = texts.collect();
                let texts = texts.ok_or_else(|| must_be("a list of strings"))?;
                match texts.iter().any(|text| text.contains('\0')) {
                    true => Err(error(format!("`{key}` contains a NUL character"))),
                    false => Ok(texts),
                }
            };
            match key.as_str() {
                "lang" => drop(text()?),
                "profile" => settings.profile = Some(text()?),
                "toolchain" => settings.toolchain = Some(text()?),
                "args" => settings.arguments = list()?,
                "inputs" => settings.inputs = list()?,
                "env" => settings.env = list()?,
                "flags" => flags = list()?,
                "static" => {
                    settings.is_static = Some(value.as_bool().ok_or_else(|| must_be("true or false"))?);
                }
                _ => {
                    return Err(error(format!("unknown setting `{}`", key.escape_debug())).hint(KEYS));
                }
            }
        }
        Ok((settings, flags))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_stands_in_the_comments_of_any_language() {
        for (text, expected) in [
            ("// /// runner\n// flags = [\"-lm\"]\n// ///\n", Some(&["-lm"][..])),
            ("#!/x\n# /// runner\n# flags = [\"a\", \"b\"]\n# ///\n", Some(&["a", "b"])),
            ("-- /// runner\n--   flags = [\"a\"]\n--\n-- ///\n", Some(&["a"])),
            ("(* /// runner\nflags = [\"a\"]\n/// *)\n", Some(&["a"])),
            ("/// runner\n/// flags = 1\n", None),
            ("// runner\n", None),
        ] {
            let found = Block::find(text).map(|block| block.settings().unwrap().1);
            assert_eq!(
                found.as_deref(),
                expected.map(|list| list.iter().map(|x| (*x).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{text}"
            );
        }
    }

    #[test]
    fn malformed_metadata_names_its_line() {
        for (text, expected) in [
            ("\n// /// runner\n// flags = 1\n// ///\n", "line 3: `flags` must be a list of strings"),
            ("// /// runner\n//\n// flagz = 1\n// ///\n", "line 3: unknown setting `flagz`"),
            ("// /// runner\n// flags = [\n// ///\n", "line 2"),
            ("// /// runner\n// flags = []\n", "line 1: the metadata is not closed"),
            ("// /// runner\n// static = \"x\"\n// ///", "line 2: `static` must be true or false"),
        ] {
            let error = Block::find(text).unwrap().settings().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
