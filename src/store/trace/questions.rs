//! What a hit asks: the head of a trace, in which the facts of each variant stand as questions that need no heap.
//!
//! ```text
//! ask SUM BYTES             a variant: of so many bytes after this line, its questions, the sum is this
//! u BYTES NAMES             variables that are not set, each with its `Mark`
//! t NAME=VALUE              the program is told the variable, whatever the caller has
//! w DIRECTORY               while this of PATH has its stamp (or is not there), no command is in it
//! v NAME VALUE              a variable is set to this
//! s DIGEST NAME             set to a value of this digest
//! p VALUE                   what PATH is; with another the long way tells whether searches find the same
//! c NAME PATH | n NAME      what a search of PATH finds, or that it finds nothing
//! a PATH                    nothing is there
//! e PATH                    something is there: a directory if PATH ends in a slash, else none
//! l TARGET PATH             a link, and where it leads; no TARGET: no link
//! f PATH                    a file or directory that has its stamp, or is not there if that is recorded
//! b PATH                    the last: what to execute, with its stamp
//! ```
//!
//! A question is its letter and its texts, without the spaces: before each text stands how many bytes it has, two bytes in
//! little-endian order, and at its end a zero byte, which counts, as what is to be asked of the kernel ends so. The names of `u`
//! are counted as one text; each is its mark (two bytes), its length (one) and the name. A variant with a stamp that proves
//! nothing, or of which more is to be known than its binary, has no head: the long way serves it.
//!
//! The sum is over the trace's key, the questions, and the stamp of each `w`, `f` and `b` in turn, and so a hit needs neither the
//! stamps nor the seal: whatever is torn, damaged, another script's or has another stamp gives another sum. Then the long way
//! looks at the contents.

use std::collections::BTreeSet;

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;
use crate::base::name_marks::Mark;
use crate::base::terminated::Terminated;
use crate::store::seal::{self, Sum};
use crate::store::stamp::{Stamp, unsigned};
use crate::store::trace::escape::Text;
use crate::store::trace::fact::{Check, Input};
use crate::store::trace::lacking::Lacking;
use crate::store::trace::line::Binary;

/// Tells their sums from those of anything else.
const PURPOSE: u64 = u64::from_le_bytes(*b"question");
const ASK: &[u8] = hit_text!(b"ask ");

/// A question, its texts as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question<'a> {
    /// `NAME=VALUE`
    Told(Terminated<'a>),
    Without(Terminated<'a>),
    Unset(Names<'a>),
    Variable(Terminated<'a>, Terminated<'a>),
    Secret(Digest, Terminated<'a>),
    SearchPath(Terminated<'a>),
    Command(Terminated<'a>, Option<Terminated<'a>>),
    Absent(Terminated<'a>),
    Present(Terminated<'a>),
    Link(Terminated<'a>, Terminated<'a>),
    File(Terminated<'a>),
    Binary(Terminated<'a>),
}

// --- read ---

/// The questions of one variant.
pub(crate) struct Questions<'a> {
    recorded: Sum,
    /// The sum of the questions, from which that of the stamps goes on.
    seed: u64,
    rest: &'a [u8],
}

impl<'a> Questions<'a> {
    /// Whether these are the stamps that were recorded.
    pub(crate) fn are_answered_by(&self, stamps: &[u8]) -> bool {
        self.recorded == seal::digits(seal::sum(self.seed, stamps))
    }

    /// The next of so many bytes as stand before them.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        self.rest = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<Terminated<'a>> {
        Terminated::new(self.counted()?)
    }
}

impl<'a> Iterator for Questions<'a> {
    type Item = Question<'a>;

    /// The next question; `None` too in place of one that is none.
    fn next(&mut self) -> Option<Question<'a>> {
        let (letter, rest) = self.rest.split_first()?;
        self.rest = rest;
        if *letter == b'u' {
            return Some(Question::Unset(Names(self.counted()?)));
        }
        let text = self.text()?;
        Some(match letter {
            b'f' => Question::File(text),
            b'v' => Question::Variable(text, self.text()?),
            b'a' => Question::Absent(text),
            b'w' => Question::Without(text),
            b'c' => Question::Command(text, Some(self.text()?)),
            b'n' => Question::Command(text, None),
            b'l' => Question::Link(text, self.text()?),
            b'e' => Question::Present(text),
            b't' => Question::Told(text),
            b'p' => Question::SearchPath(text),
            b's' => Question::Secret(Digest::parse(text.bytes())?, self.text()?),
            b'b' => Question::Binary(text),
            _ => return None,
        })
    }
}

/// Names of variables, with their marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names<'a>(&'a [u8]);

impl<'a> Iterator for Names<'a> {
    type Item = (Mark, &'a [u8]);

    fn next(&mut self) -> Option<(Mark, &'a [u8])> {
        let ([one, other, length], rest) = self.0.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some((Mark::from_bytes([*one, *other]), name))
    }
}

/// The most bytes of the line that a head begins with.
pub(crate) const LINE_BYTES: usize = ASK.len() + size_of::<Sum>() + 1 + 20 + 1;

/// A head: its sum, and where its questions are, from the beginning of its line on.
pub(crate) struct Head {
    sum: Sum,
    start: usize,
    pub(crate) end: usize,
}

impl Head {
    /// The one that these bytes begin with, whose questions may be cut off.
    pub(crate) fn begin(bytes: &[u8]) -> Option<Head> {
        let (sum, rest) = bytes.strip_prefix(ASK)?.split_first_chunk()?;
        let (length, rest) = unsigned(rest.strip_prefix(hit_text!(b" "))?)?;
        let rest = rest.strip_prefix(hit_text!(b"\n"))?;
        let start = bytes.len() - rest.len();
        Some(Head { sum: *sum, start, end: start.checked_add(usize::try_from(length).ok()?)? })
    }

    /// Its questions, of the trace of `key`, if these bytes hold all of them.
    pub(crate) fn questions<'a>(&self, key: &Digest, bytes: &'a [u8]) -> Option<Questions<'a>> {
        let rest = bytes.get(self.start..self.end)?;
        Some(Questions { recorded: self.sum, seed: seal::sum(key.prefix() ^ PURPOSE, rest), rest })
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
        asked.ask(b't', &[&[name, &b"="[..], value].concat()])?;
    }
    for (stamp, directory) in lacking {
        asked.stamped(b'w', directory, stamp.unwrap_or(Stamp::ABSENT))?;
    }
    for check in checks {
        asked.input(&check.input)?;
    }
    asked.stamped(b'b', &binary.path, binary.stamp?)?;
    let questions = [unset(&asked.unset)?, asked.questions].concat();
    let sum = seal::sum(seal::sum(key.prefix() ^ PURPOSE, &questions), &asked.stamps);
    let bytes = questions.len().to_string();
    Some([ASK, &seal::digits(sum), b" ", bytes.as_bytes(), b"\n", &questions].concat())
}

/// The question about all variables that are not set.
fn unset(names: &BTreeSet<&[u8]>) -> Option<Vec<u8>> {
    if names.is_empty() {
        return Some(Vec::new());
    }
    let mut text = Vec::new();
    for name in names {
        (!name.contains(&0)).then_some(())?;
        text.extend_from_slice(&Mark::of(name).to_bytes());
        text.push(u8::try_from(name.len()).ok()?);
        text.extend_from_slice(name);
    }
    Some([b"u", &counted(&text)?[..], &text].concat())
}

/// How many bytes there are, as it stands before them.
fn counted(bytes: &[u8]) -> Option<[u8; 2]> {
    Some(u16::try_from(bytes.len()).ok()?.to_le_bytes())
}

/// Questions, and the stamps that answer them.
#[derive(Default)]
struct Asked<'a> {
    unset: BTreeSet<&'a [u8]>,
    /// What is asked already, with its stamp: much is configured by a few variables, and a compiler is found in several ways.
    asked: BTreeSet<(u8, Vec<u8>)>,
    /// What the last question's search finds: its file is to be asked next, whether it was or not.
    command: Option<&'a [u8]>,
    questions: Vec<u8>,
    stamps: Vec<u8>,
}

impl<'a> Asked<'a> {
    /// Adds a question that no stamp answers, as [`Asked::stamped`] does.
    fn ask(&mut self, letter: u8, texts: &[&[u8]]) -> Option<()> {
        self.add(letter, texts, &[])
    }

    /// Adds a question about a file or directory that has this stamp, unless it was asked. `None` if its text cannot stand there.
    fn stamped(&mut self, letter: u8, path: &[u8], stamp: Stamp) -> Option<()> {
        self.add(letter, &[path], &stamp.to_bytes())
    }

    fn add(&mut self, letter: u8, texts: &[&[u8]], stamp: &[u8]) -> Option<()> {
        let mut question = Vec::new();
        for text in texts {
            (!text.contains(&0)).then_some(())?;
            let text = [text, &b"\0"[..]].concat();
            question.extend_from_slice(&counted(&text)?);
            question.extend_from_slice(&text);
        }
        // A directory of PATH may be asked for as any other, too.
        let kind = if letter == b'w' { b'f' } else { letter };
        let is_new = self.asked.insert((kind, [&question, stamp].concat()));
        if is_new || letter == b'f' && texts.first().copied() == self.command {
            self.questions.push(letter);
            self.questions.extend_from_slice(&question);
            self.stamps.extend_from_slice(stamp);
        }
        Some(())
    }

    fn input(&mut self, input: &'a Input<'_>) -> Option<()> {
        match input {
            Input::Content { path, stamp, .. } => self.stamped(b'f', path, (*stamp)?)?,
            Input::Absent { path } => self.ask(b'a', &[path])?,
            Input::Present { path } => self.ask(b'e', &[path])?,
            Input::Link { path, target } => self.ask(b'l', &[target, path])?,
            Input::Never { .. } => return None,
            Input::SearchPath { value, .. } => self.ask(b'p', &[value])?,
            Input::Variable { name, value: Some(value) } => self.ask(b'v', &[name, value])?,
            Input::Variable { name, value: None } => drop(self.unset.insert(name)),
            Input::Private { name, value } => self.ask(b's', &[&value.hex_bytes(), name])?,
            Input::Command { name, path: Some(path) } => self.ask(b'c', &[name, path])?,
            Input::Command { name, path: None } => self.ask(b'n', &[name])?,
        }
        self.command = match input {
            Input::Command { path, .. } => path.as_deref(),
            _ => None,
        };
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::path::Path;

    use super::*;
    use crate::store::stamp::Moment;
    use crate::store::trace::fact::Content;

    #[test]
    fn the_same_is_asked_once() {
        let stamp = Stamp { size: 1, modified: Moment::now(), changed: Moment::now(), inode: 2 };
        let content = |path: &'static str, stamp: Stamp| {
            let path = Cow::Borrowed(path.as_bytes());
            Check::of(Input::Content {
                content: Content::Tree,
                path,
                digest: Digest::of(b""),
                stamp: Some(stamp),
            })
        };
        let other = Stamp { size: 3, ..stamp };
        let head = |lacking: &[Lacking<'_>], checks: &[Check<'_>]| {
            let path = Cow::Borrowed(&b"bin/x"[..]);
            let binary = Binary { digest: Digest::of(b""), stamp: Some(stamp), path };
            head(&Digest::of(b"key"), &binary, &[], lacking, checks).unwrap()
        };
        let absent = || Check::absent(Path::new("/a"));
        assert_eq!(head(&[], &[absent(), absent()]), head(&[], &[absent()]));
        let file = || content("/bin/cc", stamp);
        assert_eq!(head(&[], &[file(), absent(), file()]), head(&[], &[file(), absent()]));
        // The second cannot hold, which is to be found out.
        assert_ne!(head(&[], &[file(), content("/bin/cc", other)]), head(&[], &[file()]));
        // A search leaves to the question after it whether what it met can be executed.
        let found = || Check::found_command("cc", Some(Path::new("/bin/cc")));
        let met = head(&[], &[file(), found(), file()]);
        assert_ne!(met, head(&[], &[file(), found()]));
        assert_eq!(met, head(&[], &[file(), found(), file(), file()]));
        let lacking = [(Some(stamp), Cow::Borrowed(&b"/sbin"[..]))];
        assert_eq!(head(&lacking, &[content("/sbin", stamp)]), head(&lacking, &[]));
        assert_ne!(head(&lacking, &[content("/sbin", other)]), head(&lacking, &[]));
    }
}
