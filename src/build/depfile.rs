//! Depfiles: what a compiler or linker says it read, as rules of a Makefile.
//!
//! ```text
//! target: dependency dependency \
//!   dependency
//! dependency:
//! ```
//!
//! All rules count, so that one file may be written by several calls. A space is `\ `, `#` is `\#`, `$` is `$$`; a
//! backslash before anything else is itself. A name with a line feed in it cannot be written.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// The dependencies of all rules, in order, each once.
pub(crate) fn parse(bytes: &[u8]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut word: Vec<u8> = Vec::new();
    let mut is_target = true;
    let mut rest = bytes.iter().copied().peekable();
    let mut end = |word: &mut Vec<u8>, is_target: bool| {
        let path = PathBuf::from(OsString::from_vec(std::mem::take(word)));
        if !is_target && !path.as_os_str().is_empty() && seen.insert(path.clone()) {
            found.push(path);
        }
    };
    while let Some(byte) = rest.next() {
        match (byte, rest.peek()) {
            (b'\\', Some(b'\r' | b'\n')) => {
                // A line feed goes with its carriage return.
                if rest.next() == Some(b'\r') && rest.peek() == Some(&b'\n') {
                    rest.next();
                }
                end(&mut word, is_target);
            }
            (b'\\', Some(b' ' | b'#')) | (b'$', Some(b'$')) => word.extend(rest.next()),
            (b'\n', _) => {
                end(&mut word, is_target);
                is_target = true;
            }
            (b' ' | b'\t' | b'\r', _) => end(&mut word, is_target),
            (b':', None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'\\')) if is_target => {
                word.clear();
                is_target = false;
            }
            _ => word.push(byte),
        }
    }
    end(&mut word, is_target);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dependencies_of_all_rules_are_read() {
        for (text, expected) in [
            ("", vec![]),
            ("t: a b\n", vec!["a", "b"]),
            ("t: a \\\n  b\\ c d$$e f\\#g\n\na:\n", vec!["a", "b c", "d$e", "f#g"]),
            ("t: a\nt: b\nt2: a c", vec!["a", "b", "c"]),
            ("C:/x: d\\e", vec!["d\\e"]),
            ("no rule", vec![]),
            ("t:\\\r\n a\r\n", vec!["a"]),
        ] {
            let expected: Vec<PathBuf> = expected.into_iter().map(PathBuf::from).collect();
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }
}
