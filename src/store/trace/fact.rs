//! Checks: one fact a build depended on, whether it still holds, and its line in a trace.
//!
//! A file or directory is compared by its stamp first and by its content when that differs; a variable, an
//! absence and the result of a search of PATH are compared as they are. The lines are those [`crate::store::trace`] describes.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::store::file_digest::{Names, is_absence, names_in, read_stamped};
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::change::Change;
use crate::store::trace::escape::{Text, escape, line, parse_stamp, split_field, stamp_text, unescape};

/// One fact a build depended on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check<'a> {
    /// Whether it is the compiler's.
    pub(crate) tool: bool,
    /// Whether it only tells what was asked for, which the launch id of the script's home spells out.
    pub(crate) choice: bool,
    pub(crate) fact: Fact<'a>,
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact<'a> {
    File { path: Text<'a>, digest: Digest, stamp: Option<Stamp> },
    Directory { path: Text<'a>, which: Names, digest: Digest, stamp: Option<Stamp> },
    Absent { path: Text<'a> },
    Variable { name: Text<'a>, value: Option<Text<'a>> },
    Command { name: Text<'a>, path: Option<Text<'a>> },
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

impl<'a> Check<'a> {
    pub(crate) fn of(fact: Fact<'a>) -> Check<'a> {
        Check { tool: false, choice: false, fact }
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
        if let Fact::File { stamp, .. } | Fact::Directory { stamp, .. } = &mut self.fact {
            *stamp = None;
        }
        self
    }

    /// A file's content as it is now. The stamp is kept only if the file was left alone before `since`.
    pub(crate) fn file(path: &Path, since: Moment) -> io::Result<Check<'static>> {
        let (digest, stamp) = read_stamped(path, false)?;
        let stamp = Some(stamp).filter(|stamp| stamp.settled_before(since));
        Ok(Check::of(Fact::File { path: text_of(path), digest, stamp }))
    }

    /// A file of the compiler's, large ones by samples.
    pub(crate) fn tool_file(path: &Path, since: Moment) -> io::Result<Check<'static>> {
        let (digest, stamp) = read_stamped(path, true)?;
        let stamp = Some(stamp).filter(|stamp| stamp.settled_before(since));
        Ok(Check::of(Fact::File { path: text_of(path), digest, stamp }).tool())
    }

    /// The names in a directory as they are now, `which` of them matter.
    pub(crate) fn directory(path: &Path, which: Names, since: Moment) -> io::Result<Check<'static>> {
        let stamp = Stamp::of(&std::fs::metadata(path)?);
        let digest = names_in(path, which)?;
        let stamp = Some(stamp).filter(|stamp| stamp.settled_before(since));
        Ok(Check::of(Fact::Directory { path: text_of(path), which, digest, stamp }))
    }

    pub(crate) fn absent(path: &Path) -> Check<'static> {
        Check::of(Fact::Absent { path: text_of(path) })
    }

    /// A file that is read if it exists: its content, or that it is absent.
    pub(crate) fn file_or_absent(path: &Path, since: Moment) -> io::Result<Check<'static>> {
        match Check::file(path, since) {
            Err(error) if is_absence(&error) => Ok(Check::absent(path)),
            other => other,
        }
    }

    /// A variable as it is now.
    pub(crate) fn variable(name: &str, environment: &Environment) -> Check<'static> {
        Check::variable_is(name, environment.variable(name).map(|value| value.as_bytes().to_vec()))
    }

    /// A variable as somebody else saw it.
    pub(crate) fn variable_is(name: &str, value: Option<Vec<u8>>) -> Check<'static> {
        Check::of(Fact::Variable { name: Cow::Owned(name.as_bytes().to_vec()), value: value.map(Cow::Owned) })
    }

    /// What a search of PATH finds now.
    pub(crate) fn command(name: &str, environment: &Environment) -> Check<'static> {
        let path = environment.find_command(OsStr::new(name)).map(|path| text_of(&path));
        Check::of(Fact::Command { name: Cow::Owned(name.as_bytes().to_vec()), path })
    }

    /// The file a check is about, if its content matters.
    pub(crate) fn file_path(&self) -> Option<&Path> {
        match &self.fact {
            Fact::File { path, .. } => Some(path_of(path)),
            _ => None,
        }
    }

    /// Whether both say the same of the world, stamps aside.
    pub(crate) fn same_fact(&self, other: &Check<'_>) -> bool {
        match (&self.fact, &other.fact) {
            (Fact::File { path: a, digest: x, .. }, Fact::File { path: b, digest: y, .. }) => {
                a == b && x == y
            }
            (
                Fact::Directory { path: a, which: v, digest: x, .. },
                Fact::Directory { path: b, which: w, digest: y, .. },
            ) => a == b && v == w && x == y,
            (one, two) => one == two,
        }
    }

    /// The file or directory whose content a check is about.
    pub(crate) fn content_path(&self) -> Option<&Path> {
        match &self.fact {
            Fact::File { path, .. } | Fact::Directory { path, .. } => Some(path_of(path)),
            _ => None,
        }
    }

    pub(crate) fn holds(&self, environment: &Environment) -> Holds {
        let yes_if = |holds: bool| if holds { Holds::Yes } else { Holds::No };
        match &self.fact {
            Fact::File { path, digest, stamp } => {
                let path = path_of(path);
                let Ok(metadata) = std::fs::metadata(path) else { return Holds::No };
                let now = Stamp::of(&metadata);
                if Some(now) == *stamp {
                    return Holds::Yes;
                }
                // A file of another size needs no reading.
                if stamp.is_some_and(|stamp| stamp.size != now.size) || !metadata.is_file() {
                    return Holds::No;
                }
                compare(*stamp, *digest, || read_stamped(path, self.tool).map(|(digest, _)| digest), now)
            }
            Fact::Directory { path, which, digest, stamp } => {
                let path = path_of(path);
                let Ok(metadata) = std::fs::metadata(path) else { return Holds::No };
                let now = Stamp::of(&metadata);
                if Some(now) == *stamp {
                    return Holds::Yes;
                }
                compare(*stamp, *digest, || names_in(path, *which), now)
            }
            // A dangling link is nothing that could be read, until it dangles no more.
            Fact::Absent { path } => match std::fs::metadata(path_of(path)) {
                Err(error) => yes_if(is_absence(&error)),
                Ok(_) => Holds::No,
            },
            Fact::Variable { name, value } => {
                let now = environment.variable(OsStr::from_bytes(name));
                yes_if(now.as_ref().map(|now| now.as_bytes()) == value.as_deref())
            }
            Fact::Command { name, path } => {
                let now = environment.find_command(OsStr::from_bytes(name));
                yes_if(now.as_ref().map(|now| now.as_os_str().as_bytes()) == path.as_deref())
            }
        }
    }

    /// What is different now. Only asked of a check that does not hold.
    #[cold]
    pub(crate) fn change(&self, environment: &Environment) -> Change {
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        match &self.fact {
            Fact::File { path, digest, .. } => {
                let path = path_of(path);
                let now = read_stamped(path, self.tool)
                    .map_or_else(|error| failure(&error), |(digest, _)| digest.short(12));
                Change::new("file", path, &digest.short(12), &now)
            }
            Fact::Directory { path, which, digest, .. } => {
                let path = path_of(path);
                let now =
                    names_in(path, *which).map_or_else(|error| failure(&error), |digest| digest.short(12));
                Change::new("directory", path, &digest.short(12), &now)
            }
            Fact::Absent { path } => Change::new("file", path_of(path), "absent", "present"),
            Fact::Variable { name, value } => {
                let now = environment.variable(OsStr::from_bytes(name));
                let shown = |value: Option<&[u8]>| value.map_or_else(|| "unset".to_owned(), text);
                Change::new(
                    "variable",
                    path_of(name),
                    &shown(value.as_deref()),
                    &shown(now.as_ref().map(|now| now.as_bytes())),
                )
            }
            Fact::Command { name, path } => {
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

    pub(crate) fn parse(line: &'a [u8]) -> Option<Check<'a>> {
        let (tool, line) = match line.strip_prefix(b"tool ") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (choice, line) = match line.strip_prefix(b"choice ") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (kind, rest) = split_field(line)?;
        let content = || -> Option<(Digest, Option<Stamp>, Text<'a>)> {
            let (digest, rest) = split_field(rest)?;
            let (stamp, path) = split_field(rest)?;
            Some((Digest::parse(digest)?, parse_stamp(stamp)?, unescape(path)?))
        };
        let fact = match kind {
            b"file" => {
                let (digest, stamp, path) = content()?;
                Fact::File { path, digest, stamp }
            }
            b"directory" | b"sources" => {
                let which = if kind == b"directory" { Names::All } else { Names::Sources };
                let (digest, stamp, path) = content()?;
                Fact::Directory { path, which, digest, stamp }
            }
            b"absent" => Fact::Absent { path: unescape(rest)? },
            b"variable" => match rest.iter().position(|byte| *byte == b'=') {
                Some(at) => {
                    Fact::Variable { name: unescape(&rest[..at])?, value: Some(unescape(&rest[at + 1..])?) }
                }
                None => Fact::Variable { name: unescape(rest)?, value: None },
            },
            b"command" => match split_field(rest) {
                Some((name, path)) => Fact::Command { name: unescape(name)?, path: Some(unescape(path)?) },
                None => Fact::Command { name: unescape(rest)?, path: None },
            },
            _ => return None,
        };
        Some(Check { tool, choice, fact })
    }

    pub(crate) fn render(&self, out: &mut Vec<u8>) {
        if self.tool {
            out.extend_from_slice(b"tool ");
        }
        if self.choice {
            out.extend_from_slice(b"choice ");
        }
        match &self.fact {
            Fact::File { path, digest, stamp } => {
                line(out, &[b"file", digest.hex().as_bytes(), stamp_text(stamp).as_bytes(), &escape(path)])
            }
            Fact::Directory { path, which, digest, stamp } => {
                let kind: &[u8] = if *which == Names::All { b"directory" } else { b"sources" };
                line(out, &[kind, digest.hex().as_bytes(), stamp_text(stamp).as_bytes(), &escape(path)]);
            }
            Fact::Absent { path } => line(out, &[b"absent", &escape(path)]),
            Fact::Variable { name, value } => {
                let mut text = escape(name).into_owned();
                if let Some(value) = value {
                    text.push(b'=');
                    text.extend_from_slice(&escape(value));
                }
                line(out, &[b"variable", &text]);
            }
            Fact::Command { name, path: Some(path) } => {
                line(out, &[b"command", &escape(name), &escape(path)]);
            }
            Fact::Command { name, path: None } => line(out, &[b"command", &escape(name)]),
        }
    }

    /// The same check, owning its texts.
    pub(crate) fn into_owned(self) -> Check<'static> {
        let own = |text: Text<'_>| Cow::Owned(text.into_owned());
        let fact = match self.fact {
            Fact::File { path, digest, stamp } => Fact::File { path: own(path), digest, stamp },
            Fact::Directory { path, which, digest, stamp } => {
                Fact::Directory { path: own(path), which, digest, stamp }
            }
            Fact::Absent { path } => Fact::Absent { path: own(path) },
            Fact::Variable { name, value } => Fact::Variable { name: own(name), value: value.map(own) },
            Fact::Command { name, path } => Fact::Command { name: own(name), path: path.map(own) },
        };
        Check { tool: self.tool, choice: self.choice, fact }
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
    now: Stamp,
) -> Holds {
    let before = Moment::now();
    match read() {
        // A stamp that was settled before the content was read stands for that content.
        Ok(content) if content == digest => {
            Holds::ByContent(Some(now).filter(|now| Some(*now) != recorded && now.settled_before(before)))
        }
        _ => Holds::No,
    }
}
