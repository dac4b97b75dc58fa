//! Reads the lines of traces and records one by one.
//!
//! ```text
//! runner-trace 1
//! ask …                                       what a hit asks of each variant (see `questions`)
//! script PATH                                 whose trace this is; for people and `cache list`
//! variant
//! binary DIGEST STAMP PATH                    relative to the cache; absolute in the shared one (see `shared_root`)
//! provisional                                 if a better one is to come
//! target NAME                                 it is for another kind of machine than the compiler's
//! argument TEXT                               the program is given it before the caller's own
//! set NAME=VALUE                              the program is given the variable, whatever the caller has
//! sandbox TEXT                                a permission that the script asks to be limited to
//! about NAME TEXT                             for people: toolchain, profile, when, how long
//! lacking STAMP DIRECTORY                     while this of PATH has the stamp (- is: while it is not there), no command is in it
//! file DIGEST STAMP PATH                      content; STAMP is size,mtime,ctime,inode or - while it proves nothing
//! directory DIGEST STAMP PATH                 the names in it
//! sources DIGEST STAMP PATH                   likewise, without `target` and what begins with a dot
//! package DIGEST STAMP PATH                   likewise, without `target` and the version control's
//! below DIGEST STAMP PATH                     likewise, without the version control's
//! tree DIGEST STAMP PATH                      in place of the facts of a tree (see `fact_tree`); only its stamp is compared
//! absent PATH                                 nothing is there, or a dangling link
//! present PATH                                something is there: a directory if PATH ends in a slash, else none
//! link TARGET PATH                            a link, and where it leads
//! path DIGEST VALUE                           in place of the facts of a tree about searches of PATH; only PATH is compared
//! never TEXT                                  the build is not to be used again, and why
//! variable NAME=VALUE | variable NAME         set to, or unset
//! private DIGEST NAME                         set to a value of this digest, which may be a secret
//! command NAME PATH | command NAME            what a search of PATH finds, or that it finds nothing
//! end SUM                                     the seal (see `seal`)
//! ```
//!
//! A record begins with `runner-record 1`, and holds `about` lines and facts. Any fact may be preceded by `tool `: it is the
//! compiler's, and a cached script outlives its compiler; or by `choice `: it only tells what was asked for, and where that
//! is spelled out (see `Recipe::home`) the build outlives it; or by `dependency `: a dependency read it, or what built that; or by
//! `by NAME `: that program looked at it. Texts are escaped: see `escape`. A file that
//! does not end in its seal is no trace at all: torn, flipped, or another script's.
//!

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;
use crate::store::stamp::Stamp;
use crate::store::trace::escape::{Text, split_at_byte, split_field, unescape};
use crate::store::trace::fact::{Check, Input, parse_stamp};

/// The first line of a trace.
pub(crate) const TRACE: &[u8] = hit_text!(b"runner-trace 1");
/// The first line of a record.
pub(crate) const RECORD: &[u8] = b"runner-record 1";

/// A line.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    Script(Text<'a>),
    /// Two lines: a variant begins, and its binary is this.
    Variant(Binary<'a>),
    Provisional,
    Target(Text<'a>),
    Argument(Text<'a>),
    Set(Text<'a>, Text<'a>),
    /// One word of the permissions of its sandbox.
    Sandbox(Text<'a>),
    About(Text<'a>, Text<'a>),
    /// See [`crate::store::trace::lacking`].
    Lacking(Option<Stamp>, Text<'a>),
    Fact(Check<'a>),
}

/// A binary in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binary<'a> {
    pub(crate) digest: Digest,
    pub(crate) stamp: Option<Stamp>,
    /// Relative to the cache, or absolute in the shared one; never outside of both.
    pub(crate) path: Text<'a>,
}

/// The lines of a file; in place of one that cannot be read there is `None`.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The lines after `first`, if that is the first one.
    pub(crate) fn after(first: &[u8], bytes: &'a [u8]) -> Option<Lines<'a>> {
        Some(Lines { rest: bytes.strip_prefix(first)?.strip_prefix(b"\n")? })
    }

    /// The lines of a file that may be damaged.
    pub(crate) fn of(bytes: &'a [u8]) -> Lines<'a> {
        Lines { rest: bytes }
    }

    /// The bytes of the next line; those after the last end of a line are none.
    fn next_bytes(&mut self) -> Option<&'a [u8]> {
        let (line, rest) = split_at_byte(self.rest, b'\n')?;
        self.rest = rest;
        Some(line)
    }

    fn parse(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let (word, rest) = split_field(line).unwrap_or((line, b""));
        Some(match word {
            b"about" => {
                let (name, text) = split_field(rest)?;
                Line::About(unescape(name)?, unescape(text)?)
            }
            b"script" => Line::Script(unescape(rest)?),
            b"variant" => Line::Variant(Binary::parse(self.next_bytes()?)?),
            b"lacking" => {
                let (stamp, directory) = split_field(rest)?;
                Line::Lacking(parse_stamp(stamp)?, unescape(directory)?)
            }
            b"provisional" => Line::Provisional,
            b"target" => Line::Target(unescape(rest)?),
            b"argument" => Line::Argument(unescape(rest)?),
            b"sandbox" => Line::Sandbox(unescape(rest)?),
            b"set" => {
                let (name, value) = split_at_byte(rest, b'=')?;
                Line::Set(unescape(name)?, unescape(value)?)
            }
            _ => Line::Fact(fact(word, rest)?),
        })
    }
}

/// A fact, after the words that say what it counts for.
fn fact<'a>(mut word: &'a [u8], mut rest: &'a [u8]) -> Option<Check<'a>> {
    let (mut tool, mut choice, mut dependency, mut by) = (false, false, false, None);
    loop {
        match word {
            b"tool" if !tool && !choice => tool = true,
            b"choice" if !choice => choice = true,
            b"dependency" if !dependency => dependency = true,
            b"by" if by.is_none() => {
                let (name, after) = split_field(rest)?;
                (by, rest) = (Some(unescape(name)?), after);
            }
            _ => return Some(Check { tool, choice, dependency, by, input: Input::parse(word, rest)? }),
        }
        (word, rest) = split_field(rest)?;
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Option<Line<'a>>;

    fn next(&mut self) -> Option<Option<Line<'a>>> {
        match self.next_bytes() {
            Some(line) => Some(self.parse(line)),
            // What has no end was torn.
            None => (!std::mem::take(&mut self.rest).is_empty()).then_some(None),
        }
    }
}

impl<'a> Binary<'a> {
    fn parse(line: &'a [u8]) -> Option<Binary<'a>> {
        let (digest, rest) = split_field(line.strip_prefix(b"binary ")?)?;
        let (stamp, path) = split_field(rest)?;
        // No slash or dot is escaped.
        is_in_cache(path).then_some(())?;
        Some(Binary { digest: Digest::parse(digest)?, stamp: parse_stamp(stamp)?, path: unescape(path)? })
    }
}

/// Whether a binary may be there: nothing outside is ever executed, whoever wrote the trace, but what the shared cache has.
pub(crate) fn is_in_cache(path: &[u8]) -> bool {
    let is_inside = path.starts_with(hit_text!(b"bin/")) || path.first() == Some(&b'/');
    is_inside && !has_parents(path)
}

/// Whether a path holds a `..`.
pub(crate) fn has_parents(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|component| component == b"..")
}
