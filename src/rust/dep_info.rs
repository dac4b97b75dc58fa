//! Reads rustc's dep-info: a depfile with the variables that were read in its comments.
//!
//! Source: cargo's `src/compiler/fingerprint/dep_info.rs`. `# env-dep:NAME=VALUE` is a variable that was read, `# env-dep:NAME` one that
//! was asked for and unset, with `\\`, `\n` and `\r` escaped.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::build::depfile;

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
        let files = depfile::parse_rustc(text.as_bytes())?;
        let mut variables = Vec::new();
        for variable in text.lines().filter_map(|line| line.strip_prefix("# env-dep:")) {
            variables.push(match variable.split_once('=') {
                Some((name, value)) => (unescape(name)?, Some(unescape(value)?)),
                None => (unescape(variable)?, None),
            });
        }
        Some(DepInfo { files, variables })
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
