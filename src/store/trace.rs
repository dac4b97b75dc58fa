//! Traces: what a build looked at, and where its binary is.
//!
//! A *verifying trace* (Mokhov et al., "Build systems à la carte", 2018): instead of deriving a key from all inputs,
//! which nobody knows before the compiler has run, the build writes down every fact it depended on, and a later run
//! asks whether each still holds. A trace file keeps the last few variants, newest first, so that going back and forth
//! between two values of a variable compiles each once.
//!
//! ```text
//! runner-trace 1
//! script PATH                                 whose trace this is; for people and `cache list`
//! variant
//! binary DIGEST STAMP PATH                    relative to the cache; absolute in another one (see `system`)
//! provisional                                 if a better one is to come
//! target NAME                                 it is for another kind of machine than the compiler's
//! argument TEXT                               the program is given it before the caller's own
//! set NAME=VALUE                              the program is given the variable, whatever the caller has
//! about NAME TEXT                             for people: toolchain, profile, when, how long
//! file DIGEST STAMP PATH                      content; STAMP is size,mtime,ctime,inode or - while it proves nothing
//! directory DIGEST STAMP PATH                 the names in it
//! sources DIGEST STAMP PATH                   likewise, without `target` and what begins with a dot
//! absent PATH                                 nothing is there, or a dangling link
//! variable NAME=VALUE | variable NAME         set to, or unset
//! command NAME PATH | command NAME            what a search of PATH finds, or that it finds nothing
//! end DIGEST                                  of the launch id and all bytes before this line
//! ```
//!
//! Any check may be preceded by `tool `: it is the compiler's, and a cached script outlives its compiler; or by `choice `:
//! it only tells what was asked for, and where that is spelled out (see `Recipe::home`) the build outlives it. Texts are
//! escaped as `\n`, `\r`, `\s` (space), `\e` (equals sign) and `\\`, so that every line splits at its spaces. A file that does not end in
//! its own digest is no trace at all: torn, flipped, or another script's.
//!
//! Nothing here needs a toolchain, TOML or a child process.

pub(crate) mod change;
pub(crate) mod escape;
pub(crate) mod fact;

use std::borrow::Cow;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};

use crate::base::digest::{Digest, Fields};
use crate::base::environment::Environment;
use crate::store::key::Key;
use crate::store::shared_root;
use crate::store::stamp::Stamp;
use crate::store::trace::change::Change;
use crate::store::trace::escape::{Text, escape, line, parse_stamp, split_field, stamp_text, unescape};
use crate::store::trace::fact::{Check, Fact, Holds, compare, path_of};

const FIRST_LINE: &[u8] = b"runner-trace 1";

/// Digits of the id of the home a variant was built for, as it has them.
pub(crate) const HOME_DIGITS: usize = 16;

/// Variants a trace file keeps.
const VARIANTS: usize = 8;

/// All the variants of one launch id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace<'a> {
    pub(crate) script: Text<'a>,
    pub(crate) variants: Vec<Variant<'a>>,
}

/// One build: its binary, and what must hold for it to be current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant<'a> {
    pub(crate) binary: Binary<'a>,
    /// Whether a better one is to come: see [`crate::engine::background`].
    pub(crate) provisional: bool,
    /// The kind of machine it is for, if that is not the compiler's own.
    pub(crate) target: Option<Text<'a>>,
    /// What the program is told: see [`crate::request::program_args::ProgramArgs`].
    pub(crate) arguments: Vec<Text<'a>>,
    pub(crate) variables: Vec<(Text<'a>, Text<'a>)>,
    pub(crate) about: Vec<(Text<'a>, Text<'a>)>,
    pub(crate) checks: Vec<Check<'a>>,
}

/// A binary in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binary<'a> {
    pub(crate) digest: Digest,
    pub(crate) stamp: Option<Stamp>,
    /// Relative to the cache.
    pub(crate) path: Text<'a>,
}

/// A variant that holds, and the stamps that should be refreshed: `(None, _)` is the binary's.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) variant: usize,
    pub(crate) restamps: Vec<(Option<usize>, Stamp)>,
}

/// Which checks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tools {
    /// All.
    Checked,
    /// Not the compiler's own.
    Forgiven,
    /// Not those of what was asked for: the id spells it out.
    Decided,
}

impl<'a> Trace<'a> {
    /// Reads the trace file of `id`. Anything but a whole, undamaged trace of that id is `None`.
    pub(crate) fn parse(id: &Digest, bytes: &'a [u8]) -> Option<Trace<'a>> {
        let body = unsealed(id, bytes)?;
        let mut lines = body.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let script = unescape(lines.next()?.strip_prefix(b"script ")?)?;
        let mut variants: Vec<Variant<'a>> = Vec::new();
        while let Some(line) = lines.next() {
            if line == b"variant" {
                let binary = parse_binary(lines.next()?)?;
                variants.push(Variant {
                    binary,
                    provisional: false,
                    target: None,
                    arguments: Vec::new(),
                    variables: Vec::new(),
                    about: Vec::new(),
                    checks: Vec::with_capacity(16),
                });
                continue;
            }
            let variant = variants.last_mut()?;
            if line == b"provisional" {
                variant.provisional = true;
                continue;
            }
            if let Some(rest) = line.strip_prefix(b"about ") {
                let (name, text) = split_field(rest)?;
                variant.about.push((unescape(name)?, unescape(text)?));
            } else if let Some(text) = line.strip_prefix(b"target ") {
                variant.target = Some(unescape(text)?);
            } else if let Some(text) = line.strip_prefix(b"argument ") {
                variant.arguments.push(unescape(text)?);
            } else if let Some(rest) = line.strip_prefix(b"set ") {
                let at = rest.iter().position(|byte| *byte == b'=')?;
                variant.variables.push((unescape(rest.get(..at)?)?, unescape(rest.get(at + 1..)?)?));
            } else {
                variant.checks.push(Check::parse(line)?);
            }
        }
        Some(Trace { script, variants })
    }

    /// The text of the trace file of `id`.
    pub(crate) fn render(&self, id: &Digest) -> Vec<u8> {
        let mut out = Vec::new();
        line(&mut out, &[FIRST_LINE]);
        line(&mut out, &[b"script", &escape(&self.script)]);
        for variant in &self.variants {
            line(&mut out, &[b"variant"]);
            let Binary { digest, stamp, path } = &variant.binary;
            line(
                &mut out,
                &[b"binary", digest.hex().as_bytes(), stamp_text(stamp).as_bytes(), &escape(path)],
            );
            if variant.provisional {
                line(&mut out, &[b"provisional"]);
            }
            if let Some(target) = &variant.target {
                line(&mut out, &[b"target", &escape(target)]);
            }
            for text in &variant.arguments {
                line(&mut out, &[b"argument", &escape(text)]);
            }
            for (name, value) in &variant.variables {
                line(&mut out, &[b"set", &[&*escape(name), b"=", &*escape(value)].concat()]);
            }
            for (name, text) in &variant.about {
                line(&mut out, &[b"about", &escape(name), &escape(text)]);
            }
            for check in &variant.checks {
                check.render(&mut out);
            }
        }
        sealed(id, out)
    }

    /// The newest variant of which every check holds and whose binary is there and whole.
    pub(crate) fn current(&self, cache: &Path, environment: &Environment, tools: Tools) -> Option<Current> {
        (0..self.variants.len()).find_map(|index| {
            let restamps = self.variants[index].holds(cache, environment, tools)?;
            Some(Current { variant: index, restamps })
        })
    }

    /// Puts a variant in front; forgets variants with the same checks, and those beyond the limit.
    pub(crate) fn push(&mut self, variant: Variant<'a>) {
        self.variants.retain(|other| !other.same_facts(&variant));
        self.variants.insert(0, variant);
        self.variants.truncate(VARIANTS);
    }

    /// Writes the stamps that a check found to be better than the recorded ones.
    pub(crate) fn restamp(&mut self, current: &Current) {
        let Some(variant) = self.variants.get_mut(current.variant) else { return };
        for (index, new) in &current.restamps {
            match index {
                None => variant.binary.stamp = Some(*new),
                Some(index) => {
                    if let Some(Fact::File { stamp, .. } | Fact::Directory { stamp, .. }) =
                        variant.checks.get_mut(*index).map(|check| &mut check.fact)
                    {
                        *stamp = Some(*new);
                    }
                }
            }
        }
    }
}

impl Variant<'_> {
    /// `None` if a check fails; else the stamps to refresh.
    fn holds(
        &self,
        cache: &Path,
        environment: &Environment,
        tools: Tools,
    ) -> Option<Vec<(Option<usize>, Stamp)>> {
        let mut restamps = Vec::new();
        // The binary first: without it the rest does not matter.
        let path = path_of(&self.binary.path);
        if path.is_absolute() && !shared_root::has(path, environment) {
            return None;
        }
        match self.binary.holds(cache) {
            Holds::Yes => {}
            Holds::ByContent(stamp) => restamps.extend(stamp.map(|stamp| (None, stamp))),
            Holds::No => return None,
        }
        for (index, check) in self.checks.iter().enumerate() {
            match check.holds(environment) {
                Holds::Yes => {}
                Holds::ByContent(stamp) => restamps.extend(stamp.map(|stamp| (Some(index), stamp))),
                Holds::No if check.tool && tools == Tools::Forgiven => {}
                Holds::No if check.choice && tools == Tools::Decided => {}
                Holds::No => return None,
            }
        }
        Some(restamps)
    }

    /// Whether both say the same of the world, stamps aside.
    fn same_facts(&self, other: &Variant<'_>) -> bool {
        let is_in = |check: &Check<'_>| other.checks.iter().any(|other| other.same_fact(check));
        self.checks.len() == other.checks.len()
            && (self.checks.iter().zip(&other.checks).all(|(one, two)| one.same_fact(two))
                || self.checks.iter().all(is_in))
    }

    /// What is not as it was, one entry a failing check.
    pub(crate) fn changes(&self, cache: &Path, environment: &Environment) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.binary.holds(cache) == Holds::No {
            let path = cache.join(path_of(&self.binary.path));
            changes.push(Change::new(
                "binary",
                &path,
                "whole",
                if path.exists() { "altered" } else { "gone" },
            ));
        }
        changes.extend(
            self.checks
                .iter()
                .filter(|check| check.holds(environment) == Holds::No)
                .map(|check| check.change(environment)),
        );
        changes
    }

    /// Whether it was built for this home, not for another that something under the same id was decided to be once.
    pub(crate) fn is_of(&self, home: &Key) -> bool {
        self.about("home").is_some_and(|recorded| recorded == home.digest().short(HOME_DIGITS))
    }

    /// The same, owning its texts.
    pub(crate) fn into_owned(self) -> Variant<'static> {
        fn own(text: Text<'_>) -> Text<'static> {
            Cow::Owned(text.into_owned())
        }
        let pairs = |list: Vec<(Text<'_>, Text<'_>)>| {
            list.into_iter().map(|(one, two)| (own(one), own(two))).collect()
        };
        let Binary { digest, stamp, path } = self.binary;
        Variant {
            binary: Binary { digest, stamp, path: own(path) },
            provisional: self.provisional,
            target: self.target.map(own),
            arguments: self.arguments.into_iter().map(own).collect(),
            variables: pairs(self.variables),
            about: pairs(self.about),
            checks: self.checks.into_iter().map(Check::into_owned).collect(),
        }
    }

    pub(crate) fn about(&self, name: &str) -> Option<String> {
        self.about
            .iter()
            .find(|(key, _)| **key == *name.as_bytes())
            .map(|(_, text)| String::from_utf8_lossy(text).into_owned())
    }
}

impl Binary<'_> {
    fn holds(&self, cache: &Path) -> Holds {
        let path = cache.join(path_of(&self.path));
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {
                let stamp = Stamp::of(&metadata);
                if Some(stamp) == self.stamp {
                    return Holds::Yes;
                }
                // A change of permissions shows in the stamp.
                let is_ours_to_run = match path_of(&self.path).is_absolute() {
                    true => shared_root::is_trusted(&metadata),
                    false => matches!(metadata.mode() & 0o7777, 0o700 | 0o755),
                };
                if !is_ours_to_run {
                    return Holds::No;
                }
                compare(self.stamp, self.digest, || Digest::of_file(&path), stamp)
            }
            _ => Holds::No,
        }
    }
}

/// The lines of the trace file of `id` before its seal, if that is unbroken.
pub(crate) fn unsealed<'a>(id: &Digest, bytes: &'a [u8]) -> Option<&'a [u8]> {
    const END_BYTES: usize = "end ".len() + 64 + 1;
    let (body, end) = bytes.split_at_checked(bytes.len().checked_sub(END_BYTES)?)?;
    let recorded = Digest::parse(end.strip_prefix(b"end ")?.strip_suffix(b"\n")?)?;
    (recorded == seal(id, body)).then_some(body)
}

/// Adds the last line.
pub(crate) fn sealed(id: &Digest, mut body: Vec<u8>) -> Vec<u8> {
    let seal = seal(id, &body);
    line(&mut body, &[b"end", seal.hex().as_bytes()]);
    body
}

fn seal(id: &Digest, body: &[u8]) -> Digest {
    let mut fields = Fields::new("trace");
    fields.push("id", &id.hex_bytes());
    fields.push("body", body);
    fields.finish()
}

fn parse_binary(text: &[u8]) -> Option<Binary<'_>> {
    let (digest, rest) = split_field(text.strip_prefix(b"binary ")?)?;
    let (stamp, path) = split_field(rest)?;
    let path = unescape(path)?;
    // Nothing outside is ever executed, whoever wrote the trace, but what the system's cache has.
    let mut parts = path_of(&path).components().peekable();
    let is_of_system = parts.next_if_eq(&Component::RootDir).is_some();
    let is_below = (is_of_system || parts.next() == Some(Component::Normal("bin".as_ref())))
        && parts.all(|part| matches!(part, Component::Normal(_)));
    is_below.then_some(Binary { digest: Digest::parse(digest)?, stamp: parse_stamp(stamp)?, path })
}
