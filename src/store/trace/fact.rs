//! One recorded input of a build: its line in a trace, and whether it still holds.
//!
//! The content of a file or directory is compared by its stamp first and by its digest when that differs; a variable, an
//! absence and the result of a search of PATH are compared as they are. The lines are those [`crate::store::trace::line`]
//! describes. Another kind of content (of files, of directories) is a row of [`Content`].

use std::borrow::Cow;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::store::file_digest::{Names, is_absence, is_out_of_reach, names_in, read_stamped};
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::change::Change;
use crate::store::trace::escape::{Escaped, Text, escape, line, split_at_byte, split_field};

/// One recorded input, and what it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact<T> {
    /// Whether it is the compiler's.
    pub(crate) tool: bool,
    /// Whether it only tells what was asked for, which the content key of the script spells out.
    pub(crate) choice: bool,
    pub(crate) input: Input<T>,
}

/// A fact whose texts are at hand.
pub(crate) type Check<'a> = Fact<Text<'a>>;

/// One recorded input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input<T> {
    Content {
        content: Content,
        path: T,
        digest: Digest,
        stamp: Option<Stamp>,
    },
    Absent {
        path: T,
    },
    Variable {
        name: T,
        value: Option<T>,
    },
    /// A variable whose value is nobody's business.
    Private {
        name: T,
        value: Digest,
    },
    Command {
        name: T,
        path: Option<T>,
    },
}

/// What of a file or directory is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The bytes of a file.
    File,
    /// The names in a directory.
    Names(Names),
}

impl Content {
    const ALL: [Content; 5] = [
        Content::File,
        Content::Names(Names::All),
        Content::Names(Names::Sources),
        Content::Names(Names::Package),
        Content::Names(Names::Below),
    ];

    /// The word that begins its line.
    fn word(self) -> &'static str {
        match self {
            Content::File => "file",
            Content::Names(Names::All) => "directory",
            Content::Names(Names::Sources) => "sources",
            Content::Names(Names::Package) => "package",
            Content::Names(Names::Below) => "below",
        }
    }

    /// The digest it has now. A tool's large file is compared by samples.
    fn read(self, path: &Path, tool: bool) -> io::Result<Digest> {
        match self {
            Content::File => read_stamped(path, tool).map(|(digest, _)| digest),
            Content::Names(which) => names_in(path, which),
        }
    }

    /// What a change of it is called.
    fn noun(self) -> &'static str {
        match self {
            Content::File => "file",
            Content::Names(_) => "directory",
        }
    }
}

/// Whether a fact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    /// By content, not by stamp; this is the stamp it has now, if that can be trusted from now on.
    ByContent(Option<Stamp>),
    No,
}

pub(crate) fn path_of(text: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(text))
}

pub(crate) fn text_of(path: &Path) -> Text<'static> {
    Cow::Owned(path.as_os_str().as_bytes().to_vec())
}

impl<T> Input<T> {
    /// The same input with other texts.
    fn with_texts<U, E>(self, mut text: impl FnMut(T) -> Result<U, E>) -> Result<Input<U>, E> {
        Ok(match self {
            Input::Content { content, path, digest, stamp } => {
                Input::Content { content, path: text(path)?, digest, stamp }
            }
            Input::Absent { path } => Input::Absent { path: text(path)? },
            Input::Variable { name, value } => {
                Input::Variable { name: text(name)?, value: value.map(text).transpose()? }
            }
            Input::Private { name, value } => Input::Private { name: text(name)?, value },
            Input::Command { name, path } => {
                Input::Command { name: text(name)?, path: path.map(text).transpose()? }
            }
        })
    }
}

impl<'a> Input<Escaped<'a>> {
    /// Reads what follows the word a line begins with.
    pub(crate) fn parse(word: &[u8], rest: &'a [u8]) -> Option<Input<Escaped<'a>>> {
        Some(match word {
            b"variable" => match split_at_byte(rest, b'=') {
                Some((name, value)) => Input::Variable { name: Escaped(name), value: Some(Escaped(value)) },
                None => Input::Variable { name: Escaped(rest), value: None },
            },
            b"private" => {
                let (digest, name) = split_field(rest)?;
                Input::Private { name: Escaped(name), value: Digest::parse(digest)? }
            }
            b"absent" => Input::Absent { path: Escaped(rest) },
            b"command" => match split_field(rest) {
                Some((name, path)) => Input::Command { name: Escaped(name), path: Some(Escaped(path)) },
                None => Input::Command { name: Escaped(rest), path: None },
            },
            _ => {
                let content = Content::ALL.into_iter().find(|content| content.word().as_bytes() == word)?;
                let (digest, rest) = split_field(rest)?;
                let (stamp, path) = split_field(rest)?;
                let (digest, stamp) = (Digest::parse(digest)?, parse_stamp(stamp)?);
                Input::Content { content, path: Escaped(path), digest, stamp }
            }
        })
    }
}

impl<'a> Fact<Escaped<'a>> {
    /// The same fact, its texts at hand.
    pub(crate) fn unescape(self) -> Option<Check<'a>> {
        let input = self.input.with_texts(|text| text.text().ok_or(())).ok()?;
        Some(Fact { tool: self.tool, choice: self.choice, input })
    }
}

impl<'a> Check<'a> {
    pub(crate) fn of(input: Input<Text<'a>>) -> Check<'a> {
        Fact { tool: false, choice: false, input }
    }

    pub(crate) fn tool(mut self) -> Check<'a> {
        self.tool = true;
        self
    }

    pub(crate) fn choice(mut self) -> Check<'a> {
        self.choice = true;
        self
    }

    /// What is true of the content alone.
    pub(crate) fn without_stamp(mut self) -> Check<'a> {
        self.set_stamp(None);
        self
    }

    /// Gives a fact of some content another stamp.
    pub(crate) fn set_stamp(&mut self, new: Option<Stamp>) {
        if let Input::Content { stamp, .. } = &mut self.input {
            *stamp = new;
        }
    }

    /// A file's content as it is now. The stamp is kept only if the file was left alone before `since`.
    pub(crate) fn file(path: &Path, since: Moment) -> io::Result<Check<'static>> {
        let (digest, stamp) = read_stamped(path, false)?;
        let stamp = stamp.trusted(path, since);
        Ok(Check::of(Input::Content { content: Content::File, path: text_of(path), digest, stamp }))
    }

    /// A file of the compiler's, large ones by samples.
    pub(crate) fn tool_file(path: &Path, since: Moment) -> io::Result<Check<'static>> {
        let (digest, stamp) = read_stamped(path, true)?;
        let stamp = stamp.trusted(path, since);
        Ok(Check::of(Input::Content { content: Content::File, path: text_of(path), digest, stamp }).tool())
    }

    /// The names in a directory as they are now, `which` of them matter.
    pub(crate) fn directory(path: &Path, which: Names, since: Moment) -> io::Result<Check<'static>> {
        let stamp = Stamp::of(&std::fs::metadata(path)?);
        let digest = names_in(path, which)?;
        let stamp = stamp.trusted(path, since);
        Ok(Check::of(Input::Content { content: Content::Names(which), path: text_of(path), digest, stamp }))
    }

    pub(crate) fn absent(path: &Path) -> Check<'static> {
        Check::of(Input::Absent { path: text_of(path) })
    }

    /// A file that is read if it exists: its content, or that it is absent.
    pub(crate) fn file_or_absent(path: &Path, since: Moment) -> io::Result<Check<'static>> {
        match Check::file(path, since) {
            Err(error) if is_absence(&error) => Ok(Check::absent(path)),
            Err(_) if std::fs::metadata(path).is_err_and(|error| is_out_of_reach(&error)) => {
                Ok(Check::absent(path))
            }
            other => other,
        }
    }

    /// A variable as it is now.
    pub(crate) fn variable(name: &str, environment: &Environment) -> Check<'static> {
        Check::variable_is(name, environment.variable(name).map(|value| value.as_bytes().to_vec()))
    }

    /// A variable that a script or a compiler named: it may hold a secret, of which only the digest is kept.
    pub(crate) fn private_variable(name: &str, environment: &Environment) -> Check<'static> {
        match environment.variable(name) {
            Some(value) => Check::of(Input::Private {
                name: Cow::Owned(name.as_bytes().to_vec()),
                value: Digest::of(value.as_bytes()),
            }),
            None => Check::variable_is(name, None),
        }
    }

    /// A variable as somebody else saw it.
    pub(crate) fn variable_is(name: &str, value: Option<Vec<u8>>) -> Check<'static> {
        Check::of(Input::Variable {
            name: Cow::Owned(name.as_bytes().to_vec()),
            value: value.map(Cow::Owned),
        })
    }

    /// What a search of PATH finds now.
    pub(crate) fn command(name: &str, environment: &Environment) -> Check<'static> {
        let path = environment.find_command(OsStr::new(name)).map(|path| text_of(&path));
        Check::of(Input::Command { name: Cow::Owned(name.as_bytes().to_vec()), path })
    }

    /// The file a fact is about, if its content matters.
    pub(crate) fn file_path(&self) -> Option<&Path> {
        match &self.input {
            Input::Content { content: Content::File, path, .. } => Some(path_of(path)),
            _ => None,
        }
    }

    /// Whether both say the same of the world, stamps aside.
    pub(crate) fn same_fact(&self, other: &Check<'_>) -> bool {
        match (&self.input, &other.input) {
            (
                Input::Content { content: v, path: a, digest: x, .. },
                Input::Content { content: w, path: b, digest: y, .. },
            ) => a == b && v == w && x == y,
            (one, two) => one == two,
        }
    }

    /// Whether a fact is about this file or directory, there or not.
    pub(crate) fn is_about(&self, file: &Path) -> bool {
        match &self.input {
            Input::Content { path, .. } | Input::Absent { path } => path_of(path) == file,
            _ => false,
        }
    }

    /// The file or directory whose content a fact is about.
    pub(crate) fn content_path(&self) -> Option<&Path> {
        match &self.input {
            Input::Content { path, .. } => Some(path_of(path)),
            _ => None,
        }
    }

    pub(crate) fn holds(&self, environment: &Environment) -> Holds {
        let yes_if = |holds: bool| if holds { Holds::Yes } else { Holds::No };
        match &self.input {
            Input::Content { content, path, digest, stamp } => {
                let path = path_of(path);
                let Ok(metadata) = std::fs::metadata(path) else { return Holds::No };
                let now = Stamp::of(&metadata);
                if Some(now) == *stamp {
                    return Holds::Yes;
                }
                // A file of another size needs no reading.
                let is_other_size = stamp.is_some_and(|stamp| stamp.size != now.size);
                if *content == Content::File && (is_other_size || !metadata.is_file()) {
                    return Holds::No;
                }
                compare(*stamp, *digest, || content.read(path, self.tool), |since| now.trusted(path, since))
            }
            // A dangling link is nothing that could be read, until it dangles no more.
            Input::Absent { path } => match std::fs::metadata(path_of(path)) {
                Err(error) => yes_if(is_out_of_reach(&error)),
                Ok(_) => Holds::No,
            },
            Input::Variable { name, value } => {
                let now = environment.variable(OsStr::from_bytes(name));
                yes_if(now.as_ref().map(|now| now.as_bytes()) == value.as_deref())
            }
            Input::Private { name, value } => {
                let now = environment.variable(OsStr::from_bytes(name));
                yes_if(now.is_some_and(|now| Digest::of(now.as_bytes()) == *value))
            }
            Input::Command { name, path } => {
                let now = environment.find_command(OsStr::from_bytes(name));
                yes_if(now.as_ref().map(|now| now.as_os_str().as_bytes()) == path.as_deref())
            }
        }
    }

    /// What is different now. Only asked of a check that does not hold.
    #[cold]
    pub(crate) fn change(&self, environment: &Environment) -> Change {
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        match &self.input {
            Input::Content { content, path, digest, .. } => {
                let path = path_of(path);
                let now = content
                    .read(path, self.tool)
                    .map_or_else(|error| failure(&error), |digest| digest.short(12));
                Change::new(content.noun(), path, &digest.short(12), &now)
            }
            Input::Absent { path } => Change::new("file", path_of(path), "absent", "present"),
            Input::Variable { name, value } => {
                let now = environment.variable(OsStr::from_bytes(name));
                let shown = |value: Option<&[u8]>| value.map_or_else(|| "unset".to_owned(), text);
                Change::new(
                    "variable",
                    path_of(name),
                    &shown(value.as_deref()),
                    &shown(now.as_ref().map(|now| now.as_bytes())),
                )
            }
            Input::Private { name, value } => {
                let now = environment.variable(OsStr::from_bytes(name));
                let now = now.map(|now| format!("blake3 {}", Digest::of(now.as_bytes()).short(12)));
                let old = format!("blake3 {}", value.short(12));
                Change::new("variable", path_of(name), &old, &now.unwrap_or_else(|| "unset".to_owned()))
            }
            Input::Command { name, path } => {
                let now = environment.find_command(OsStr::from_bytes(name));
                let shown = |path: Option<&[u8]>| path.map_or_else(|| "not on PATH".to_owned(), text);
                Change::new(
                    "command",
                    path_of(name),
                    &shown(path.as_deref()),
                    &shown(now.as_ref().map(|now| now.as_os_str().as_bytes())),
                )
            }
        }
    }

    pub(crate) fn render(&self, out: &mut Vec<u8>) {
        if self.tool {
            out.extend_from_slice(b"tool ");
        }
        if self.choice {
            out.extend_from_slice(b"choice ");
        }
        match &self.input {
            Input::Content { content, path, digest, stamp } => {
                let (digest, stamp) = (digest.hex_bytes(), stamp_text(stamp));
                line(out, &[content.word().as_bytes(), &digest, stamp.as_bytes(), &escape(path)]);
            }
            Input::Absent { path } => line(out, &[b"absent", &escape(path)]),
            Input::Variable { name, value } => {
                let mut text = escape(name).into_owned();
                if let Some(value) = value {
                    text.push(b'=');
                    text.extend_from_slice(&escape(value));
                }
                line(out, &[b"variable", &text]);
            }
            Input::Private { name, value } => {
                line(out, &[b"private", &value.hex_bytes(), &escape(name)]);
            }
            Input::Command { name, path: Some(path) } => {
                line(out, &[b"command", &escape(name), &escape(path)]);
            }
            Input::Command { name, path: None } => line(out, &[b"command", &escape(name)]),
        }
    }

    /// The same check, owning its texts.
    pub(crate) fn into_owned(self) -> Check<'static> {
        let own = |text: Text<'_>| Ok::<_, Infallible>(Cow::Owned(text.into_owned()));
        let Ok(input) = self.input.with_texts(own);
        Fact { tool: self.tool, choice: self.choice, input }
    }
}

/// Why something cannot be read, as a state it is in.
fn failure(error: &io::Error) -> String {
    match is_absence(error) {
        true => "absent".to_owned(),
        false => format!("not readable ({})", error.kind()),
    }
}

/// Compares by content, and says which stamp may stand for it from now on.
#[cold]
pub(crate) fn compare(
    recorded: Option<Stamp>,
    digest: Digest,
    read: impl FnOnce() -> io::Result<Digest>,
    stamp: impl FnOnce(Moment) -> Option<Stamp>,
) -> Holds {
    let before = Moment::now();
    match read() {
        // A stamp that was settled before the content was read stands for that content.
        Ok(content) if content == digest => {
            Holds::ByContent(stamp(before).filter(|now| Some(*now) != recorded))
        }
        _ => Holds::No,
    }
}

pub(crate) fn parse_stamp(text: &[u8]) -> Option<Option<Stamp>> {
    match text {
        b"-" => Some(None),
        _ => Stamp::parse(std::str::from_utf8(text).ok()?).map(Some),
    }
}

pub(crate) fn stamp_text(stamp: &Option<Stamp>) -> String {
    stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.to_string())
}
