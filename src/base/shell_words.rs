//! Quotes and splits words as a POSIX shell reads them.
//!
//! `shlex` is close to this, but drops what follows a word that begins with `#`, refuses an unclosed quote, which the one
//! argument of a `#!` line may hold, and shows control characters to a terminal as they are.

/// Splits a text at white space, with single and double quotes and backslashes as in a shell. An unclosed quote ends with
/// the text.
pub fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            (mark, Some(open)) if mark == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_with(String::new);
            }
            ('\\', None | Some('"')) => {
                let next = characters.next().unwrap_or('\\');
                word.get_or_insert_with(String::new).push(next);
            }
            (' ' | '\t' | '\r' | '\n', None) => words.extend(word.take()),
            _ => word.get_or_insert_with(String::new).push(character),
        }
    }
    words.extend(word);
    words
}

/// Joins words into a text from which [`split`] gives them back.
pub(crate) fn join(words: &[String]) -> String {
    let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\"'\"'")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// One word for a shell. Control characters that would steer the terminal of whoever reads it are written by `printf`.
pub(crate) fn quote(word: impl AsRef<[u8]>) -> Vec<u8> {
    let word = word.as_ref();
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./=,:+@%".contains(byte);
    if !word.is_empty() && word.iter().all(is_safe) {
        return word.to_vec();
    }
    let mut out = b"'".to_vec();
    for byte in word {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            // It would steer the terminal of whoever reads it.
            0x1b | 0x07 | 0x08 | b'\r' => {
                out.extend_from_slice(format!("'\"$(printf '\\{byte:03o}')\"'").as_bytes())
            }
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
    out
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // A shell is asked.
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn joined_words_are_split_again() {
        let words = ["", "a b", "it's", "\"", "\\", "$x\t"].map(str::to_owned);
        assert_eq!(split(&join(&words)), words);
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("--debug", &["--debug"]),
            ("--debug  -v ", &["--debug", "-v"]),
            ("-e '1 + 1' x", &["-e", "1 + 1", "x"]),
            ("a\\ b \"c 'd\" ''", &["a b", "c 'd", ""]),
            ("--x=\"a b\"c", &["--x=a bc"]),
            ("trailing\\", &["trailing\\"]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn words_come_through_a_shell_as_they_are() {
        let words = [
            "",
            "a",
            "a b",
            "it's",
            "$HOME `x` \"y\" \\",
            "*",
            "~",
            "a\nb",
            "\u{1b}[2J",
            "é",
            "#x",
            "-n",
            "a\r",
        ];
        for word in words {
            let line = [b"printf %s ".as_slice(), &quote(word)].concat();
            let output = Command::new("sh").arg("-c").arg(OsStr::from_bytes(&line)).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
            assert!(!line.contains(&0x1b));
        }
    }
}
