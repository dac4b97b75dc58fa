//! Reads depfiles: a compiler or linker lists its inputs in them as rules of a Makefile.
//!
//! ```text
//! target: dependency dependency \
//!   dependency
//! # comment
//! dependency:
//! ```
//!
//! All rules count, so that one file may be written by several calls. A space is `\ `; a backslash before anything else is
//! itself. C compilers and linkers also write `#` as `\#` and `$` as `$$`, and continue lines; rustc does not. A name with a
//! line feed in it cannot be written.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// The dependencies of all rules, in order, each once.
pub(crate) fn parse(bytes: &[u8]) -> Vec<PathBuf> {
    dependencies(bytes, true).unwrap_or_default()
}

/// The same of a depfile of rustc's; `None` if there is no rule in it.
pub(crate) fn parse_rustc(bytes: &[u8]) -> Option<Vec<PathBuf>> {
    dependencies(bytes, false)
}

fn dependencies(mut rest: &[u8], is_make: bool) -> Option<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut word: Vec<u8> = Vec::new();
    let (mut is_target, mut has_rule) = (true, false);
    let mut end_word = |word: &mut Vec<u8>, is_target: bool| {
        let path = PathBuf::from(OsString::from_vec(std::mem::take(word)));
        if !is_target && !path.as_os_str().is_empty() && seen.insert(path.clone()) {
            found.push(path);
        }
    };
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'\\', [b'\r', b'\n', tail @ ..] | [b'\r' | b'\n', tail @ ..]) if is_make => {
                end_word(&mut word, is_target);
                rest = tail;
            }
            (b'\\', [b' ', tail @ ..]) => {
                word.push(b' ');
                rest = tail;
            }
            (b'\\', [escaped @ b'#', tail @ ..]) | (b'$', [escaped @ b'$', tail @ ..]) if is_make => {
                word.push(*escaped);
                rest = tail;
            }
            (b'#', _) if is_target && word.is_empty() => {
                let line_end = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
                rest = &after[line_end..];
            }
            (b'\n', _) => {
                end_word(&mut word, is_target);
                is_target = true;
            }
            (b' ', _) => end_word(&mut word, is_target),
            (b'\t' | b'\r', _) if is_make => end_word(&mut word, is_target),
            (b':', [] | [b' ' | b'\t' | b'\r' | b'\n', ..] | [b'\\', b'\r' | b'\n', ..]) if is_target => {
                word.clear();
                (is_target, has_rule) = (false, true);
            }
            _ => word.push(byte),
        }
    }
    end_word(&mut word, is_target);
    has_rule.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dependencies_of_all_rules_are_read() {
        for (text, expected) in [
            ("t: a b\n", vec!["a", "b"]),
            ("t: a \\\n  b\\ c d$$e f\\#g\n\na:\n", vec!["a", "b c", "d$e", "f#g"]),
            ("t: a\nt: b\nt2: a c", vec!["a", "b", "c"]),
            ("C:/x: d\\e", vec!["d\\e"]),
            ("# t: a\nt: b\n", vec!["b"]),
            ("t: x:\\ y\n\nx:\\ y:\n", vec!["x: y"]),
            ("t:\\\r\n a\r\n", vec!["a"]),
        ] {
            let expected: Vec<PathBuf> = expected.into_iter().map(PathBuf::from).collect();
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn rustc_escapes_spaces_alone() {
        for (text, expected) in [
            (
                "/o/s.d: /s/s.rs /s/a\\ b.rs /s/c\\d.rs\n\n/o/s: /s/s.rs\n",
                vec!["/s/s.rs", "/s/a b.rs", "/s/c\\d.rs"],
            ),
            ("t: a$$b \\#c #d e\tf\n", vec!["a$$b", "\\#c", "#d", "e\tf"]),
            ("t: x:\\ y\n\nx:\\ y:\n# env-dep:A=b: c\n", vec!["x: y"]),
        ] {
            let expected: Vec<PathBuf> = expected.into_iter().map(PathBuf::from).collect();
            assert_eq!(parse_rustc(text.as_bytes()), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn text_without_a_rule_is_no_depfile() {
        for text in ["", "\n", "no rule", "# env-dep:A=b\n"] {
            assert_eq!((parse(text.as_bytes()), parse_rustc(text.as_bytes())), (vec![], None), "{text:?}");
        }
    }
}
