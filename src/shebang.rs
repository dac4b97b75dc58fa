//! Shebang lines: the words after `#!`, and the options in them that are meant for runner.

use crate::options::Options;

/// Splits the one argument that Linux makes of everything after the interpreter: at spaces and tabs, with single and
/// double quotes and backslashes as in a shell.
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

/// The options for runner in a script's own first line; `None` if that line names another program.
pub(crate) fn options(line: &str) -> Option<Options> {
    let mut words = split(line).into_iter().peekable();
    let program = words.next()?;
    let mut name = program.rsplit('/').next()?.to_owned();
    if name == "env" {
        // `env -S runner --debug`, `env runner`.
        while words.peek().is_some_and(|word| word.starts_with('-') || word.contains('=')) {
            words.next();
        }
        name = words.next()?.rsplit('/').next()?.to_owned();
    }
    if name != "runner" {
        return None;
    }
    let mut options = Options::default();
    let words: Vec<String> = words.collect();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let (flag, attached) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word, None),
        };
        let mut value = || attached.or_else(|| words.next()).map(str::to_owned);
        match flag {
            "--release" => options.profile = Some("release".to_owned()),
            "--debug" => options.profile = Some("dev".to_owned()),
            "--profile" => options.profile = value(),
            "--toolchain" => options.toolchain = value(),
            "--edition" => options.edition = value(),
            "--offline" => options.offline = true,
            "--locked" => options.locked = true,
            "--temp" => options.temporary = true,
            _ => match flag.strip_prefix('+') {
                Some(toolchain) => options.toolchain = Some(toolchain.to_owned()),
                None if flag.starts_with('-') || flag == "run" => {}
                None => break,
            },
        }
    }
    Some(options)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn only_our_own_shebang_has_options_for_us() {
        let debug = Options { profile: Some("dev".to_owned()), ..Options::default() };
        assert_eq!(options("/usr/bin/env runner"), Some(Options::default()));
        assert_eq!(options("/usr/bin/env -S runner --debug"), Some(debug.clone()));
        assert_eq!(options("/usr/local/bin/runner --profile=dev"), Some(debug.clone()));
        assert_eq!(
            options(" /opt/runner --profile dev -v").map(|options| options.profile),
            Some(debug.profile)
        );
        assert_eq!(options("/usr/bin/env rust-script --debug"), None);
        assert_eq!(options(""), None);
    }
}
