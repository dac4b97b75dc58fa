//! Records the inputs of a build and the place of its binary, and finds the variant that is still current.
//!
//! A *verifying trace* (Mokhov et al., "Build systems à la carte", 2018): instead of deriving a key from all inputs,
//! which nobody knows before the compiler has run, the build writes down every fact it depended on, and a later run
//! asks whether each still holds. A trace file keeps the last few variants, newest first, so that going back and forth
//! between two values of a variable compiles each once.
//!
//! Their format is that of `line`. Nothing here needs a toolchain, TOML or a child process.

pub(crate) mod change;
pub(crate) mod escape;
pub(crate) mod fact;
pub(crate) mod fact_state;
pub(crate) mod lacking;
pub(crate) mod line;
pub(crate) mod questions;

use std::borrow::Cow;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::store::fact_tree;
use crate::store::key::Key;
use crate::store::seal::{sealed, unsealed};
use crate::store::shared_root;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::change::Change;
use crate::store::trace::escape::{Text, escape, line};
use crate::store::trace::fact::{Check, path_of, stamp_text};
use crate::store::trace::fact_state::{Holds, compare};
use crate::store::trace::lacking::{Lacking, still_lack};
use crate::store::trace::line::{Binary, Line, Lines};
use crate::store::trace::questions::{after_heads, head};

/// What a trace is sealed as.
const PURPOSE: &str = "trace";

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
    pub(crate) sandbox: Vec<Text<'a>>,
    pub(crate) about: Vec<(Text<'a>, Text<'a>)>,
    /// Where a search for the commands among the checks finds none of them.
    pub(crate) lacking: Vec<Lacking<'a>>,
    pub(crate) checks: Vec<Check<'a>>,
}

/// A variant that holds.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) variant: usize,
    /// Stamps that should be refreshed: `(None, _)` is the binary's.
    restamps: Vec<(Option<usize>, Stamp)>,
    /// Where its commands are not, if that has changed.
    lacking: Option<Vec<Lacking<'static>>>,
}

impl Current {
    /// Whether a hit would not find it as it is recorded.
    pub(crate) fn is_outdated(&self) -> bool {
        !self.restamps.is_empty() || self.lacking.is_some()
    }
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
    /// Neither.
    Outlived,
}

impl<'a> Trace<'a> {
    /// Reads the trace file of `id`. Anything but a whole, undamaged trace of that id is `None`.
    pub(crate) fn parse(id: &Digest, bytes: &'a [u8]) -> Option<Trace<'a>> {
        let lines = unsealed(PURPOSE, id, bytes)?.strip_prefix(line::TRACE)?.strip_prefix(b"\n")?;
        let mut lines = Lines::of(after_heads(lines));
        let Line::Script(script) = lines.next()?? else { return None };
        let mut variants: Vec<Variant<'a>> = Vec::new();
        for line in lines {
            match line? {
                Line::Variant(binary) => variants.push(Variant::of(binary)),
                line => variants.last_mut()?.add(line)?,
            }
        }
        Some(Trace { script, variants })
    }

    /// The text of the trace file of `id`.
    pub(crate) fn render(&self, id: &Digest) -> Vec<u8> {
        let mut out = Vec::new();
        line(&mut out, &[line::TRACE]);
        // None after one that a hit cannot ask about: a newer one may hold.
        out.extend(self.variants.iter().map_while(|variant| variant.head(id)).flatten());
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
            for text in &variant.sandbox {
                line(&mut out, &[b"sandbox", &escape(text)]);
            }
            for (name, text) in &variant.about {
                line(&mut out, &[b"about", &escape(name), &escape(text)]);
            }
            for (stamp, directory) in &variant.lacking {
                line(&mut out, &[b"lacking", stamp_text(stamp).as_bytes(), &escape(directory)]);
            }
            for check in &variant.checks {
                check.render(&mut out);
            }
        }
        sealed(PURPOSE, id, out)
    }

    /// The newest variant of which every check holds and whose binary is there and whole.
    pub(crate) fn current(&self, cache: &Path, environment: &Environment, tools: Tools) -> Option<Current> {
        (0..self.variants.len()).find_map(|index| {
            let variant = &self.variants[index];
            let restamps = variant.holds(cache, environment, tools)?;
            let is_moved = !still_lack(&variant.lacking);
            let lacking = is_moved.then(|| lacking::lacking(&variant.checks, environment));
            Some(Current { variant: index, restamps, lacking })
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
        if let Some(lacking) = &current.lacking {
            variant.lacking.clone_from(lacking);
        }
        for (index, new) in &current.restamps {
            match index {
                None => variant.binary.stamp = Some(*new),
                Some(index) => {
                    if let Some(check) = variant.checks.get_mut(*index) {
                        check.set_stamp(Some(*new));
                    }
                }
            }
        }
    }
}

impl<'a> Variant<'a> {
    fn of(binary: Binary<'a>) -> Variant<'a> {
        Variant {
            binary,
            provisional: false,
            target: None,
            arguments: Vec::new(),
            variables: Vec::new(),
            sandbox: Vec::new(),
            about: Vec::new(),
            lacking: Vec::new(),
            checks: Vec::with_capacity(16),
        }
    }

    /// Takes in a line after its first; `None` if it has no meaning there.
    fn add(&mut self, line: Line<'a>) -> Option<()> {
        match line {
            Line::Script(_) | Line::Variant(_) => return None,
            Line::Provisional => self.provisional = true,
            Line::Target(target) => self.target = Some(target),
            Line::Argument(text) => self.arguments.push(text),
            Line::Set(name, value) => self.variables.push((name, value)),
            Line::Sandbox(text) => self.sandbox.push(text),
            Line::About(name, text) => self.about.push((name, text)),
            Line::Lacking(stamp, directory) => self.lacking.push((stamp, directory)),
            Line::Fact(fact) => self.checks.push(fact),
        }
        Some(())
    }
}

impl Variant<'_> {
    /// What a hit asks; `None` if a hit is to be left to the long way.
    fn head(&self, id: &Digest) -> Option<Vec<u8>> {
        let is_short = !self.provisional
            && self.target.is_none()
            && self.arguments.is_empty()
            && self.sandbox.is_empty();
        is_short.then(|| head(id, &self.binary, &self.variables, &self.lacking, &self.checks))?
    }

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
            Holds::ByContent(stamp) | Holds::Tree(stamp) => {
                restamps.extend(stamp.map(|stamp| (None, stamp)));
            }
            Holds::No => return None,
        }
        for (index, check) in self.checks.iter().enumerate() {
            match fact_tree::holds(check, environment) {
                Holds::Yes => {}
                Holds::ByContent(stamp) | Holds::Tree(stamp) => {
                    restamps.extend(stamp.map(|stamp| (Some(index), stamp)));
                }
                Holds::No if check.tool && matches!(tools, Tools::Forgiven | Tools::Outlived) => {}
                Holds::No if check.choice && matches!(tools, Tools::Decided | Tools::Outlived) => {}
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
                .filter(|check| fact_tree::holds(check, environment) == Holds::No)
                .map(|check| fact_tree::change(check, environment)),
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
            sandbox: self.sandbox.into_iter().map(own).collect(),
            about: pairs(self.about),
            lacking: self.lacking.into_iter().map(|(stamp, text)| (stamp, own(text))).collect(),
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
                // Nobody but runner writes to the user's own cache; the machine's may be an image.
                let trusted = |since: Moment| match path_of(&self.path).is_absolute() {
                    true => stamp.trusted(&path, since),
                    false => Some(stamp).filter(|stamp| stamp.settled_before(since)),
                };
                compare(self.stamp, self.digest, || Digest::of_file(&path), trusted)
            }
            _ => Holds::No,
        }
    }
}
