//! Reads the simple commands of a few lines of shell, as far as one can be told without running them.
//!
//! A script may begin with lines for a shell that call its compiler. Of them only that call is wanted: words with their
//! quotes removed, variables of the environment put in, and whatever else a shell would have to work out left as it stands
//! and marked.

use crate::base::environment::Environment;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Without its quotes; variables as they were written.
    pub(crate) text: String,
    /// Whether a shell expands something in it.
    pub(crate) is_expanded: bool,
}

impl Word {
    /// Whether it stands for the script itself.
    pub(crate) fn is_script(&self) -> bool {
        matches!(self.text.as_str(), "$0" | "${0}" | "$_" | "$BASH_SOURCE" | "${BASH_SOURCE[0]}")
    }

    /// The last part of its path.
    pub(crate) fn base_name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }
}

/// The simple commands of a text, in order, without redirections.
pub(crate) fn commands(text: &str) -> Vec<Vec<Word>> {
    let mut reader = Reader { rest: text, commands: Vec::new(), words: Vec::new(), skips: false };
    reader.read();
    reader.commands
}

struct Reader<'a> {
    rest: &'a str,
    commands: Vec<Vec<Word>>,
    words: Vec<Word>,
    /// Whether the next word is where a redirection leads.
    skips: bool,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut word: Option<Word> = None;
        while let Some(c) = self.next() {
            let is_fresh = word.is_none();
            match c {
                ' ' | '\t' | '\r' => self.end_word(&mut word),
                '\\' if self.rest.starts_with('\n') => drop(self.next()),
                '#' if is_fresh => {
                    self.rest = self.rest.split_at(self.rest.find('\n').unwrap_or(self.rest.len())).1;
                }
                // The descriptor before it is no word, and neither is the one behind it.
                '>' | '<' => {
                    word = None;
                    self.rest = self.rest.trim_start_matches(['>', '<', '&', '|']);
                    self.skips = true;
                }
                '\n' | ';' | '|' | '&' | '(' | ')' | '{' | '}'
                    if is_fresh || matches!(c, '\n' | ';' | '|' | '&' | '(' | ')') =>
                {
                    self.end_word(&mut word);
                    self.end_command();
                }
                '\'' => {
                    let (quoted, rest) = self.rest.split_once('\'').unwrap_or((self.rest, ""));
                    self.rest = rest;
                    Self::open(&mut word).text.push_str(quoted);
                }
                '"' => self.read_quoted(Self::open(&mut word)),
                '\\' => {
                    let next = self.next();
                    Self::open(&mut word).text.extend(next);
                }
                '$' | '`' => self.read_expansion(c, Self::open(&mut word)),
                _ => Self::open(&mut word).text.push(c),
            }
        }
        self.end_word(&mut word);
        self.end_command();
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn open(word: &mut Option<Word>) -> &mut Word {
        word.get_or_insert_with(|| Word { text: String::new(), is_expanded: false })
    }

    fn end_word(&mut self, word: &mut Option<Word>) {
        if let Some(word) = word.take()
            && !std::mem::take(&mut self.skips)
        {
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.skips = false;
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    fn read_quoted(&mut self, word: &mut Word) {
        while let Some(c) = self.next() {
            match c {
                '"' => return,
                '\\' if self.rest.starts_with(['"', '\\', '$', '`']) => word.text.extend(self.next()),
                '$' | '`' => self.read_expansion(c, word),
                _ => word.text.push(c),
            }
        }
    }

    /// `$NAME`, `${…}`, `$(…)` or a command in backticks, as it stands.
    fn read_expansion(&mut self, mark: char, word: &mut Word) {
        word.text.push(mark);
        word.is_expanded = true;
        let length = match (mark, self.rest.chars().next()) {
            ('`', _) => self.rest.find('`').map_or(self.rest.len(), |at| at + 1),
            (_, Some(open @ ('(' | '{'))) => {
                let close = if open == '(' { ')' } else { '}' };
                let mut depth = 0_usize;
                let end = self.rest.char_indices().find(|&(_, c)| {
                    depth = if c == open { depth + 1 } else { depth - usize::from(c == close) };
                    depth == 0
                });
                end.map_or(self.rest.len(), |(at, _)| at + 1)
            }
            (_, Some(c)) if c.is_ascii_alphabetic() || c == '_' => {
                self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len())
            }
            (_, Some(c)) => c.len_utf8(),
            (_, None) => 0,
        };
        let (text, rest) = self.rest.split_at(length);
        word.text.push_str(text);
        self.rest = rest;
    }
}

/// What a word is when variables of the environment are put in; `None` if a shell would have to run something. Names of
/// variables that were asked for go to `asked`. Without quotes a value may be several words, or none.
pub(crate) fn expand(word: &Word, environment: &Environment, asked: &mut Vec<String>) -> Option<Vec<String>> {
    if !word.is_expanded {
        return Some(vec![word.text.clone()]);
    }
    let mut out = String::new();
    let mut rest = word.text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (inner, behind) = match after.strip_prefix('{') {
            Some(inner) => inner.split_once('}')?,
            None => after.split_at(
                after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len()),
            ),
        };
        let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return None;
        }
        asked.push(name.to_owned());
        match environment.set(name) {
            Some(value) => out.push_str(value.to_str()?),
            None => out.push_str(default),
        }
        rest = behind;
    }
    out.push_str(rest);
    (!out.contains('`')).then(|| out.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_apart() {
        for (text, expected) in [
            ("a b", vec!["a b"]),
            ("/usr/bin/env go run \"$0\" \"$@\"; exit \"$?\"", vec!["/usr/bin/env go run $0 $@", "exit $?"]),
            (
                "gcc '-DX=a b' \"$0\" -o x 2>&1 >/dev/null && exec ./x",
                vec!["gcc -DX=a b $0 -o x", "exec ./x"],
            ),
            ("cc -o ${o=`mktemp`} $0 && $o", vec!["cc -o ${o=`mktemp`} $0", "$o"]),
            ("# cc\nx \\\n y # z\n( a )", vec!["x y", "a"]),
            ("cc `pkg-config a b` $(c (d) e) f", vec!["cc `pkg-config a b` $(c (d) e) f"]),
            ("'unclosed", vec!["unclosed"]),
            ("${unclosed", vec!["${unclosed"]),
        ] {
            let found: Vec<String> = commands(text)
                .iter()
                .map(|words| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn variables_are_put_in_and_commands_are_not_run() {
        let environment = Environment::fixed([("A".into(), "1  2".into())]);
        for (text, expected) in [
            ("plain", Some(vec!["plain"])),
            ("$A", Some(vec!["1", "2"])),
            ("-x${A}y$NONE", Some(vec!["-x1", "2y"])),
            ("${NONE:-z}", Some(vec!["z"])),
            ("$NONE", Some(vec![])),
            ("$(ls)", None),
            ("`ls`", None),
            ("${A%x}", None),
            ("$1", None),
        ] {
            let words = commands(text);
            let found = expand(&words[0][0], &environment, &mut Vec::new());
            let expected = expected.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(found, expected, "{text}");
        }
    }
}
