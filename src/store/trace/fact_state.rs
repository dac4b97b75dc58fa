//! Whether a recorded input still holds, and what is different if not.
//!
//! The content of a file or directory is compared by its stamp first and by its digest when that differs. A tree can only be
//! told by its stamp here; what that does not tell is asked by [`crate::store::fact_tree`].

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::store::file_digest::{is_absence, is_out_of_reach};
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::change::Change;
use crate::store::trace::fact::{Check, Content, Input, path_of};

/// Whether a fact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    /// By content, not by stamp; this is the stamp it has now, if that can be trusted from now on.
    ByContent(Option<Stamp>),
    /// Only the facts of its tree can tell; the stamp is as above.
    Tree(Option<Stamp>),
    No,
}

impl Check<'_> {
    pub(crate) fn holds(&self, environment: &Environment) -> Holds {
        let yes_if = |holds: bool| if holds { Holds::Yes } else { Holds::No };
        match &self.input {
            Input::Content { content, path, digest, stamp } => {
                let path = path_of(path);
                let metadata = match std::fs::metadata(path) {
                    Ok(metadata) => metadata,
                    Err(_) if *content == Content::Tree && *stamp == Some(Stamp::ABSENT) => {
                        return Holds::Yes;
                    }
                    Err(_) if *content == Content::Tree => return Holds::Tree(Some(Stamp::ABSENT)),
                    Err(_) => return Holds::No,
                };
                let now = Stamp::of(&metadata);
                if Some(now) == *stamp {
                    return Holds::Yes;
                }
                // A file of another size needs no reading.
                let is_other_size = stamp.is_some_and(|stamp| stamp.size != now.size);
                if *content == Content::File && (is_other_size || metadata.is_dir()) {
                    return Holds::No;
                }
                // Paths that were observed lead through no link.
                let is_link = || std::fs::symlink_metadata(path).is_ok_and(|now| now.is_symlink());
                if *content == Content::File && self.by.is_some() && is_link() {
                    return Holds::No;
                }
                if *content == Content::Tree {
                    return Holds::Tree(now.trusted(path, Moment::now()));
                }
                compare(*stamp, *digest, || content.read(path, self.tool), |since| now.trusted(path, since))
            }
            // A dangling link is nothing that could be read, until it dangles no more.
            Input::Absent { path } => match std::fs::metadata(path_of(path)) {
                Err(error) => yes_if(is_out_of_reach(&error)),
                Ok(_) => Holds::No,
            },
            Input::Present { path } => {
                let wants_directory = path.last() == Some(&b'/');
                let found = std::fs::metadata(path_of(path));
                yes_if(found.is_ok_and(|metadata| metadata.is_dir() == wants_directory))
            }
            Input::Link { path, target } => yes_if(match std::fs::read_link(path_of(path)) {
                Ok(now) => now == path_of(target),
                // Something else.
                Err(error) => target.is_empty() && error.raw_os_error() == Some(libc::EINVAL),
            }),
            Input::Never { .. } => Holds::No,
            Input::SearchPath { value, .. } => match environment.variable("PATH") {
                Some(now) if now.as_bytes() == &**value => Holds::Yes,
                _ => Holds::Tree(None),
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
            Input::Present { path } => Change::new("file", path_of(path), "present", "absent"),
            Input::Link { path, target } => {
                let now = std::fs::read_link(path_of(path))
                    .map_or_else(|error| failure(&error), |now| now.to_string_lossy().into_owned());
                let before = if target.is_empty() { "no link".to_owned() } else { text(target) };
                Change::new("link", path_of(path), &before, &now)
            }
            Input::SearchPath { value, .. } => {
                let now = environment.variable("PATH").unwrap_or_default();
                Change::new("variable", path_of(b"PATH"), &text(value), &text(now.as_bytes()))
            }
            Input::Never { why } => Change::new("build", path_of(b"program"), "not kept", &text(why)),
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
