//! What a hit asks: the head of a trace, in which the facts of each variant stand as questions that need no heap.
//!
//! ```text
//! ask SUM BYTES                               a variant: of so many bytes with this line's questions the sum is this
//! set NAME=VALUE                              the program is given the variable, whatever the caller has
//! without DIRECTORY                           while this of PATH has its stamp (or is not there), no command is in it
//! variable NAME=VALUE | variable NAME         set to, or unset
//! secret DIGEST NAME                          set to a value of this digest
//! path VALUE                                  what PATH is; with another the long way tells whether searches find the same
//! command NAME PATH | command NAME            what a search of PATH finds, or that it finds nothing
//! absent PATH                                 nothing is there
//! present PATH                                something is there: a directory if PATH ends in a slash, else none
//! link TARGET PATH                            a link, and where it leads; no TARGET: no link
//! file PATH                                   a file or directory that has its stamp, or is not there if that is recorded
//! binary PATH                                 the last: what to execute, with its stamp
//! ```
//!
//! Texts stand as they are, without escapes; a variant with one that cannot (a line's end in it) has no head, and neither has one
//! with a stamp that proves nothing, or of which more is to be known than its binary. The long way serves these.
//!
//! The sum is XXH3-64 over the trace's key, the questions, and the stamp of each `without`, `file` and `binary` in turn, and so a
//! hit needs neither the stamps nor the seal: whatever is torn, damaged, another script's or has another stamp gives another
//! sum. Then the long way looks at the contents.

use std::ffi::CStr;

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;
use crate::store::seal::{self, Sum};
use crate::store::stamp::{Stamp, unsigned};
use crate::store::trace::escape::{Text, line, position, split_at_byte};
use crate::store::trace::fact::{Check, Input};
use crate::store::trace::lacking::Lacking;
use crate::store::trace::line::Binary;

/// Tells their sums from those of anything else.
const PURPOSE: u64 = u64::from_le_bytes(*b"question");
const ASK: &[u8] = hit_text!(b"ask ");

/// A question, its texts as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question<'a> {
    /// `NAME=VALUE`, and a zero byte.
    Set(&'a [u8]),
    Without(&'a CStr),
    Variable(&'a [u8], Option<&'a [u8]>),
    Secret(&'a [u8], Digest),
    SearchPath(&'a [u8]),
    Command(&'a [u8], Option<&'a [u8]>),
    Absent(&'a CStr),
    Present(&'a CStr),
    Link(&'a CStr, &'a [u8]),
    File(&'a CStr),
    Binary(&'a CStr),
}

// --- read ---

/// The heads of a trace: of each variant that can be asked about, newest first.
pub(crate) struct Heads<'a> {
    key: &'a Digest,
    lines: &'a mut [u8],
}

impl<'a> Heads<'a> {
    /// Those of the trace of `key`, of which these are the lines after the first.
    pub(crate) fn of(key: &'a Digest, lines: &'a mut [u8]) -> Heads<'a> {
        Heads { key, lines }
    }
}

impl<'a> Iterator for Heads<'a> {
    type Item = Questions<'a>;

    fn next(&mut self) -> Option<Questions<'a>> {
        let head = Head::begin(self.lines)?;
        let (lines, rest) = std::mem::take(&mut self.lines).split_at_mut_checked(head.end)?;
        self.lines = rest;
        let lines = lines.get_mut(head.start..)?;
        let seed = seal::sum(self.key.prefix() ^ PURPOSE, lines);
        Some(Questions { recorded: head.sum, seed, lines })
    }
}

/// The questions of one variant.
pub(crate) struct Questions<'a> {
    recorded: Sum,
    /// The sum of the questions, from which that of the stamps goes on.
    seed: u64,
    lines: &'a mut [u8],
}

impl<'a> Questions<'a> {
    /// Whether these are the stamps that were recorded.
    pub(crate) fn are_answered_by(&self, stamps: &[u8]) -> bool {
        self.recorded == seal::digits(seal::sum(self.seed, stamps))
    }
}

impl<'a> Iterator for Questions<'a> {
    type Item = Option<Question<'a>>;

    /// The next question, `None` in place of one that is none.
    fn next(&mut self) -> Option<Option<Question<'a>>> {
        let end = position(b'\n', self.lines)?;
        let (line, rest) = std::mem::take(&mut self.lines).split_at_mut_checked(end + 1)?;
        self.lines = rest;
        *line.last_mut()? = 0;
        Some(Question::parse(line))
    }
}

impl<'a> Question<'a> {
    /// Of a line that ends with a zero byte.
    fn parse(line: &'a [u8]) -> Option<Question<'a>> {
        let (word, text) = split_at_byte(line, b' ')?;
        let path = || CStr::from_bytes_with_nul(text).ok();
        let bytes = || text.split_last().map(|(_, bytes)| bytes);
        let two = |byte| bytes().map(|bytes| split_at_byte(bytes, byte));
        Some(match word {
            b"file" => Question::File(path()?),
            b"absent" => Question::Absent(path()?),
            b"variable" => match two(b'=')? {
                Some((name, value)) => Question::Variable(name, Some(value)),
                None => Question::Variable(bytes()?, None),
            },
            b"command" => match two(b' ')? {
                Some((name, path)) => Question::Command(name, Some(path)),
                None => Question::Command(bytes()?, None),
            },
            b"without" => Question::Without(path()?),
            b"set" => Question::Set(text),
            b"link" => {
                let (target, path) = split_at_byte(text, b' ')?;
                Question::Link(CStr::from_bytes_with_nul(path).ok()?, target)
            }
            b"present" => Question::Present(path()?),
            b"secret" => {
                let (digest, name) = two(b' ')??;
                Question::Secret(name, Digest::parse(digest)?)
            }
            b"path" => Question::SearchPath(bytes()?),
            b"binary" => Question::Binary(path()?),
            _ => return None,
        })
    }
}

/// Where a head is, and its sum.
struct Head {
    sum: Sum,
    start: usize,
    end: usize,
}

impl Head {
    /// The one that these lines begin with.
    fn begin(lines: &[u8]) -> Option<Head> {
        let (sum, rest) = lines.strip_prefix(ASK)?.split_first_chunk()?;
        let (bytes, rest) = unsigned(rest.strip_prefix(hit_text!(b" "))?)?;
        let rest = rest.strip_prefix(hit_text!(b"\n"))?;
        let start = lines.len() - rest.len();
        let end = start.checked_add(usize::try_from(bytes).ok()?)?;
        (end <= lines.len()).then_some(Head { sum: *sum, start, end })
    }
}

/// The lines after the heads.
pub(crate) fn after_heads(mut lines: &[u8]) -> &[u8] {
    while let Some(head) = Head::begin(lines) {
        lines = lines.get(head.end..).unwrap_or_default();
    }
    lines
}

// --- written ---

/// The head of a variant, if it can be asked about.
pub(crate) fn head(
    key: &Digest,
    binary: &Binary<'_>,
    variables: &[(Text<'_>, Text<'_>)],
    lacking: &[Lacking<'_>],
    checks: &[Check<'_>],
) -> Option<Vec<u8>> {
    let mut asked = Asked::default();
    for (name, value) in variables {
        asked.ask("set", &[name, b"=", value])?;
    }
    for (stamp, directory) in lacking {
        asked.ask("without", &[directory])?;
        asked.stamp(stamp.unwrap_or(Stamp::ABSENT));
    }
    for check in checks {
        asked.input(&check.input)?;
    }
    asked.ask("binary", &[&binary.path])?;
    asked.stamp(binary.stamp?);
    let sum = seal::sum(seal::sum(key.prefix() ^ PURPOSE, &asked.lines), &asked.stamps);
    let bytes = asked.lines.len().to_string();
    Some([ASK, &seal::digits(sum), b" ", bytes.as_bytes(), b"\n", &asked.lines].concat())
}

/// Questions, and the stamps that answer them.
#[derive(Default)]
struct Asked {
    lines: Vec<u8>,
    stamps: Vec<u8>,
}

impl Asked {
    /// Adds a line, unless its text cannot stand there.
    fn ask(&mut self, word: &str, parts: &[&[u8]]) -> Option<()> {
        let text = parts.concat();
        if text.iter().any(|byte| matches!(byte, b'\n' | 0)) {
            return None;
        }
        line(&mut self.lines, &[word.as_bytes(), &text]);
        Some(())
    }

    fn stamp(&mut self, stamp: Stamp) {
        self.stamps.extend_from_slice(&stamp.to_bytes());
    }

    fn input(&mut self, input: &Input<'_>) -> Option<()> {
        let is_word = |text: &[u8]| (!text.contains(&b' ')).then_some(());
        match input {
            Input::Content { path, stamp, .. } => {
                self.ask("file", &[path])?;
                self.stamp((*stamp)?);
            }
            Input::Absent { path } => self.ask("absent", &[path])?,
            Input::Present { path } => self.ask("present", &[path])?,
            Input::Link { path, target } => {
                is_word(target)?;
                self.ask("link", &[target, b" ", path])?;
            }
            Input::Never { .. } => return None,
            Input::SearchPath { value, .. } => self.ask("path", &[value])?,
            Input::Variable { name, value: Some(value) } => self.ask("variable", &[name, b"=", value])?,
            Input::Variable { name, value: None } => self.ask("variable", &[name])?,
            Input::Private { name, value } => self.ask("secret", &[&value.hex_bytes(), b" ", name])?,
            Input::Command { name, path } => {
                is_word(name)?;
                match path {
                    Some(path) => self.ask("command", &[name, b" ", path])?,
                    None => self.ask("command", &[name])?,
                }
            }
        }
        Some(())
    }
}
