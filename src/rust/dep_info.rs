//! Dep-info: what a compiler says it read, in the Makefile syntax that rustc and C compilers share.
//!
//! Source: cargo's `src/compiler/fingerprint/dep_info.rs`. The first `target: dep dep …` line counts; a space in a path
//! is `\ `, and a backslash is itself. `# env-dep:NAME=VALUE` is a variable that was read, `# env-dep:NAME` one that
//! was asked for and unset, with `\\`, `\n` and `\r` escaped.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Files and variables a compiler read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DepInfo {
    /// As the compiler names them: relative ones to its working directory.
    pub(crate) files: Vec<PathBuf>,
    /// Names and values, `None` if unset.
    pub(crate) variables: Vec<(String, Option<String>)>,
}

impl DepInfo {
    /// Reads dep-info; `None` if there is no rule in it.
    pub(crate) fn parse(text: &str) -> Option<DepInfo> {
        let mut info = DepInfo::default();
        let mut has_rule = false;
        for line in text.lines() {
            if let Some(variable) = line.strip_prefix("# env-dep:") {
                info.variables.push(match variable.split_once('=') {
                    Some((name, value)) => (unescape(name)?, Some(unescape(value)?)),
                    None => (unescape(variable)?, None),
                });
            } else if let Some(at) = line.find(": ").filter(|_| !has_rule && !line.starts_with('#')) {
                has_rule = true;
                info.files = files(&line[at + 2..]);
            } else if !has_rule && !line.starts_with('#') && line.ends_with(':') {
                has_rule = true;
            }
        }
        has_rule.then_some(info)
    }
}

/// Dep-info without a script's own place, where its syntax cannot express that place: a line feed is not escaped, and what
/// is not UTF-8 is lost. The script itself is left out, and files below its directory become relative to it.
pub(crate) fn without_place<'a>(text: &'a str, script: &Path, directory: &Path) -> Cow<'a, str> {
    let is_plain =
        |path: &Path| path.to_str().is_some_and(|path| !path.contains('\n') && !path.ends_with('\\'));
    if is_plain(script) && is_plain(directory) {
        return Cow::Borrowed(text);
    }
    let as_written = |path: &Path| format!(" {}", path.to_string_lossy().replace(' ', "\\ "));
    let text = text.replace(&as_written(script), " ");
    Cow::Owned(text.replace(&(as_written(directory) + "/"), " "))
}

/// Splits at spaces that no backslash precedes.
fn files(text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let mut path = word.to_owned();
        while path.ends_with('\\') {
            path.pop();
            path.push(' ');
            path.push_str(words.next().unwrap_or_default());
        }
        found.push(PathBuf::from(path));
    }
    found
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_variables_are_read() {
        let text = "/o/s.d: /s/s.rs /s/a\\ b.rs /s/c\\d.rs\n\n/o/s: /s/s.rs\n\n/s/s.rs:\n\n\
                    # env-dep:A=x=y\\nz\n# env-dep:UNSET\n# env-dep:EMPTY=\n";
        let info = DepInfo::parse(text).unwrap();
        assert_eq!(info.files, ["/s/s.rs", "/s/a b.rs", "/s/c\\d.rs"].map(PathBuf::from));
        let variable = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        assert_eq!(
            info.variables,
            [variable("A", Some("x=y\nz")), variable("UNSET", None), variable("EMPTY", Some(""))]
        );
    }

    #[test]
    fn text_without_a_rule_is_not_dep_info() {
        for text in ["", "\n", "# env-dep:A=b\n", "nothing"] {
            assert_eq!(DepInfo::parse(text), None, "{text:?}");
        }
    }
}
