//! One recorded input of a build: its line in a trace, and whether it still holds.
//!
//! The content of a file or directory is compared by its stamp first and by its digest when that differs; a variable, an
//! absence, an existence, a link and the result of a search of PATH are compared as they are. The lines are those
//! `store::trace::line` describes. Another kind of content (of files, of directories) is a row of [`Content`].

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::store::file_digest::{Names, is_absence, is_out_of_reach, names_in, read_stamped};
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::escape::{Text, escape, line, split_at_byte, split_field, unescape};

/// One recorded input, and what it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check<'a> {
    /// Whether it is the compiler's.
    pub(crate) tool: bool,
    /// Whether it only tells what was asked for, which the content key of the script spells out.
    pub(crate) choice: bool,
    /// Whether it was a dependency that read it, or whatever built one.
    pub(crate) dependency: bool,
    /// The program that looked at it, by its file name, if that was seen.
    pub(crate) by: Option<Text<'a>>,
    pub(crate) input: Input<'a>,
}

/// One recorded input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    Content {
        content: Content,
        path: Text<'a>,
        digest: Digest,
        stamp: Option<Stamp>,
    },
    Absent {
        path: Text<'a>,
    },
    /// Something is there: a directory if the path ends in a slash, else something else.
    Present {
        path: Text<'a>,
    },
    /// The text of a link; empty if it is no link.
    Link {
        path: Text<'a>,
        target: Text<'a>,
    },
    /// The build is not to be used again, and this is why.
    Never {
        why: Text<'a>,
    },
    /// The facts of a tree about searches of PATH, in place of which its value is compared.
    SearchPath {
        value: Text<'a>,
        digest: Digest,
    },
    Variable {
        name: Text<'a>,
        value: Option<Text<'a>>,
    },
    /// A variable whose value is nobody's business.
    Private {
        name: Text<'a>,
        value: Digest,
    },
    Command {
        name: Text<'a>,
        path: Option<Text<'a>>,
    },
}

/// What of a file or directory is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The bytes of a file.
    File,
    /// The names in a directory.
    Names(Names),
    /// The facts of a tree (see [`crate::store::fact_tree`]), in place of which the stamp of this file or directory is asked.
    Tree,
}

impl Content {
    const ALL: [Content; 6] = [
        Content::File,
        Content::Names(Names::All),
        Content::Names(Names::Sources),
        Content::Names(Names::Package),
        Content::Names(Names::Below),
        Content::Tree,
    ];

    /// The word that begins its line.
    fn word(self) -> &'static str {
        match self {
            Content::File => "file",
            Content::Names(Names::All) => "directory",
            Content::Names(Names::Sources) => "sources",
            Content::Names(Names::Package) => "package",
            Content::Names(Names::Below) => "below",
            Content::Tree => "tree",
        }
    }

    /// The digest it has now. A tool's large file is compared by samples.
    pub(super) fn read(self, path: &Path, tool: bool) -> io::Result<Digest> {
        match self {
            Content::File => match read_stamped(path, tool) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(unreadable()),
                read => read.map(|(digest, _)| digest),
            },
            Content::Names(which) => names_in(path, which),
            Content::Tree => Err(io::Error::other("its facts differ")),
        }
    }

    /// What a change of it is called.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Content::File => "file",
            Content::Names(_) => "directory",
            Content::Tree => "tree",
        }
    }
}

/// Stands for the content of a file that may not be read.
fn unreadable() -> Digest {
    Digest::of(b"not readable")
}

pub(crate) fn path_of(text: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(text))
}

pub(crate) fn text_of(path: &Path) -> Text<'static> {
    Cow::Owned(path.as_os_str().as_bytes().to_vec())
}

impl<'a> Input<'a> {
    /// The same input with other texts.
    pub(crate) fn with_texts<'b>(self, text: impl Fn(Text<'a>) -> Text<'b>) -> Input<'b> {
        match self {
            Input::Content { content, path, digest, stamp } => {
                Input::Content { content, path: text(path), digest, stamp }
            }
            Input::Absent { path } => Input::Absent { path: text(path) },
            Input::Present { path } => Input::Present { path: text(path) },
            Input::Link { path, target } => Input::Link { path: text(path), target: text(target) },
            Input::Never { why } => Input::Never { why: text(why) },
            Input::SearchPath { value, digest } => Input::SearchPath { value: text(value), digest },
            Input::Variable { name, value } => Input::Variable { name: text(name), value: value.map(text) },
            Input::Private { name, value } => Input::Private { name: text(name), value },
            Input::Command { name, path } => Input::Command { name: text(name), path: path.map(text) },
        }
    }

    /// Reads what follows the word a line begins with.
    pub(crate) fn parse(word: &[u8], rest: &'a [u8]) -> Option<Input<'a>> {
        Some(match word {
            b"variable" => match split_at_byte(rest, b'=') {
                Some((name, value)) => {
                    Input::Variable { name: unescape(name)?, value: Some(unescape(value)?) }
                }
                None => Input::Variable { name: unescape(rest)?, value: None },
            },
            b"private" => {
                let (digest, name) = split_field(rest)?;
                Input::Private { name: unescape(name)?, value: Digest::parse(digest)? }
            }
            b"absent" => Input::Absent { path: unescape(rest)? },
            b"present" => Input::Present { path: unescape(rest)? },
            b"link" => {
                let (target, path) = split_field(rest)?;
                Input::Link { path: unescape(path)?, target: unescape(target)? }
            }
            b"never" => Input::Never { why: unescape(rest)? },
            b"path" => {
                let (digest, value) = split_field(rest)?;
                Input::SearchPath { value: unescape(value)?, digest: Digest::parse(digest)? }
            }
            b"command" => match split_field(rest) {
                Some((name, path)) => Input::Command { name: unescape(name)?, path: Some(unescape(path)?) },
                None => Input::Command { name: unescape(rest)?, path: None },
            },
            _ => {
                let content = Content::ALL.into_iter().find(|content| content.word().as_bytes() == word)?;
                let (digest, rest) = split_field(rest)?;
                let (stamp, path) = split_field(rest)?;
                let (digest, stamp) = (Digest::parse(digest)?, parse_stamp(stamp)?);
                Input::Content { content, path: unescape(path)?, digest, stamp }
            }
        })
    }
}

impl<'a> Check<'a> {
    pub(crate) fn of(input: Input<'a>) -> Check<'a> {
        Check { tool: false, choice: false, dependency: false, by: None, input }
    }

    /// The same, seen to be looked at by a program.
    pub(crate) fn by(self, program: &Path) -> Check<'a> {
        Check { by: program.file_name().map(|name| text_of(Path::new(name))), ..self }
    }

    pub(crate) fn tool(mut self) -> Check<'a> {
        self.tool = true;
        self
    }

    pub(crate) fn choice(mut self) -> Check<'a> {
        self.choice = true;
        self
    }

    pub(crate) fn dependency(mut self) -> Check<'a> {
        self.dependency = true;
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
        Ok(Check::content(path, digest, stamp, since))
    }

    /// A file of the compiler's, large ones by samples.
    pub(crate) fn tool_file(path: &Path, since: Moment) -> io::Result<Check<'static>> {
        let (digest, stamp) = read_stamped(path, true)?;
        Ok(Check::content(path, digest, stamp, since).tool())
    }

    /// Either, if the file is still as it was `seen`.
    ///
    /// # Errors
    /// It cannot be read, or is another.
    pub(crate) fn seen(path: &Path, is_tool: bool, seen: Stamp, since: Moment) -> io::Result<Check<'static>> {
        let (digest, stamp) = read_stamped(path, is_tool)?;
        let is_same = stamp == seen;
        is_same
            .then(|| Check::content(path, digest, stamp, since))
            .ok_or_else(|| io::Error::other("it changed"))
    }

    fn content(path: &Path, digest: Digest, stamp: Stamp, since: Moment) -> Check<'static> {
        let (path, stamp) = (text_of(path), stamp.trusted(path, since));
        Check::of(Input::Content { content: Content::File, path, digest, stamp })
    }

    /// The names in a directory as they are now, `which` of them matter.
    pub(crate) fn directory(path: &Path, which: Names, since: Moment) -> io::Result<Check<'static>> {
        let stamp = Stamp::of(&std::fs::metadata(path)?);
        let digest = names_in(path, which)?;
        let stamp = stamp.trusted_of_directory(path, since);
        Ok(Check::of(Input::Content { content: Content::Names(which), path: text_of(path), digest, stamp }))
    }

    /// Something is there, a directory or not.
    pub(crate) fn present(path: &Path, is_directory: bool) -> Check<'static> {
        let mut text = path.as_os_str().as_bytes().to_vec();
        if is_directory && text.last() != Some(&b'/') {
            text.push(b'/');
        }
        Check::of(Input::Present { path: Cow::Owned(text) })
    }

    /// A file that may not be read.
    pub(crate) fn unreadable(path: &Path) -> Check<'static> {
        let (content, digest) = (Content::File, unreadable());
        Check::of(Input::Content { content, path: text_of(path), digest, stamp: None })
    }

    /// The text of a link; none if it is no link.
    pub(crate) fn link(path: &Path, target: &Path) -> Check<'static> {
        Check::of(Input::Link { path: text_of(path), target: text_of(target) })
    }

    /// The build is not to be used again.
    pub(crate) fn never(why: &str) -> Check<'static> {
        Check::of(Input::Never { why: Cow::Owned(why.as_bytes().to_vec()) })
    }

    /// What searches of PATH find, by the facts of a tree, while PATH is what it is now.
    pub(crate) fn search_path(digest: Digest, environment: &Environment) -> Check<'static> {
        let value = environment.variable("PATH").unwrap_or_default();
        Check::of(Input::SearchPath { value: Cow::Owned(value.as_bytes().to_vec()), digest })
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
        Check::found_command(name, environment.find_command(OsStr::new(name)).as_deref())
    }

    /// What a search of PATH has found.
    pub(crate) fn found_command(name: &str, path: Option<&Path>) -> Check<'static> {
        let (name, path) = (Cow::Owned(name.as_bytes().to_vec()), path.map(text_of));
        Check::of(Input::Command { name, path })
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

    /// The file whose content, absence or existence a fact is about.
    pub(crate) fn stated_path(&self) -> Option<&Path> {
        match &self.input {
            Input::Content { content: Content::File, path, .. }
            | Input::Absent { path }
            | Input::Present { path } => Some(path_of(path)),
            _ => None,
        }
    }

    /// The file or directory whose content a fact is about.
    pub(crate) fn content_path(&self) -> Option<&Path> {
        match &self.input {
            Input::Content { path, .. } => Some(path_of(path)),
            _ => None,
        }
    }

    /// Adds its line.
    pub(crate) fn render(&self, out: &mut Vec<u8>) {
        let stamp = match &self.input {
            Input::Content { stamp, .. } => *stamp,
            _ => None,
        };
        self.render_with(stamp, out);
    }

    /// Adds the line of what is true of the content alone.
    pub(crate) fn render_without_stamp(&self, out: &mut Vec<u8>) {
        self.render_with(None, out);
    }

    fn render_with(&self, stamp: Option<Stamp>, out: &mut Vec<u8>) {
        if self.tool {
            out.extend_from_slice(b"tool ");
        }
        if self.choice {
            out.extend_from_slice(b"choice ");
        }
        if self.dependency {
            out.extend_from_slice(b"dependency ");
        }
        if let Some(by) = &self.by {
            out.extend_from_slice(b"by ");
            out.extend_from_slice(&escape(by));
            out.push(b' ');
        }
        match &self.input {
            Input::Content { content, path, digest, .. } => {
                let (digest, stamp) = (digest.hex_bytes(), stamp_text(&stamp));
                line(out, &[content.word().as_bytes(), &digest, stamp.as_bytes(), &escape(path)]);
            }
            Input::Absent { path } => line(out, &[b"absent", &escape(path)]),
            Input::Present { path } => line(out, &[b"present", &escape(path)]),
            Input::Link { path, target } => line(out, &[b"link", &escape(target), &escape(path)]),
            Input::Never { why } => line(out, &[b"never", &escape(why)]),
            Input::SearchPath { value, digest } => {
                line(out, &[b"path", digest.hex().as_bytes(), &escape(value)]);
            }
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
        let input = self.input.with_texts(|text| Cow::Owned(text.into_owned()));
        let by = self.by.map(|by| Cow::Owned(by.into_owned()));
        Check { tool: self.tool, choice: self.choice, dependency: self.dependency, by, input }
    }
}

pub(crate) fn parse_stamp(text: &[u8]) -> Option<Option<Stamp>> {
    match text {
        [b'-'] => Some(None),
        _ => Stamp::parse(text).map(Some),
    }
}

pub(crate) fn stamp_text(stamp: &Option<Stamp>) -> String {
    stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.to_string())
}
