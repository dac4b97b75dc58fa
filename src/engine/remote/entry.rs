//! An entry of the remote cache: builds of one key, with the facts that must hold on the machine that takes one.
//!
//! It is the text of a trace ([`crate::store::trace::line`]), sealed with the key, and of the trees that its facts stand for, one after
//! the other. It differs from a trace of the user's own cache in this:
//!
//! ```text
//! file DIGEST - {script}/x.h                  no stamps, and directories of a machine by name (see `places`)
//! private DIGEST NAME                         every variable, by a digest that only this key's askers can compare
//! about sha256 HEX, about bytes NUMBER        the program
//! about place {home}=/home/ana                the program holds this directory
//! about lock DIGEST                           its dependencies were resolved to this lock
//! ```
//!
//! The facts that a recipe rests on are not in it: they are in the key.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::digest::{Digest, Fields, Sums};
use crate::base::environment::Environment;
use crate::base::search::find;
use crate::build::outcome::trace_facts;
use crate::build::tool_digests::ToolDigests;
use crate::engine::remote::action::File;
use crate::engine::remote::places::{Places, SCRIPT};
use crate::store::cache::Cache;
use crate::store::fact_tree;
use crate::store::file_digest::is_absence;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::{Check, Content, Input, path_of};
use crate::store::trace::fact_state::Holds;
use crate::store::trace::line::Binary;
use crate::store::trace::{Trace, Variant};

/// What of a build is told for people, and is the same on every machine.
pub(super) const ABOUT_BUILD: [&str; 9] = [
    "source",
    "options",
    "profile",
    "toolchain",
    "target",
    "toolchain-id",
    "edition",
    "language",
    "milliseconds",
];

/// What an entry tells besides.
const ABOUT_ENTRY: [&str; 4] = ["lock", "sha256", "bytes", "place"];

/// Builds of one key, the newest first.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) variants: Vec<Variant<'static>>,
    trees: BTreeMap<Digest, Vec<Check<'static>>>,
}

/// What an entry is about: whose facts are read or written, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine<'a> {
    pub(crate) key: &'a Digest,
    pub(crate) places: &'a Places,
    pub(crate) environment: &'a Environment,
    pub(crate) cache: &'a Cache,
}

impl Entry {
    /// Reads the entry of `key`; anything else is `None`.
    pub(crate) fn parse(key: &Digest, text: &[u8]) -> Option<Entry> {
        let starts = |text: &[u8]| find(text, &[b"\n", fact_tree::TREE, b"\n"].concat()).map(|at| at + 1);
        let (trace, mut rest) = text.split_at(starts(text).unwrap_or(text.len()));
        let trace = Trace::parse(key, trace)?;
        let variants = trace.variants.into_iter().map(Variant::into_owned).collect();
        let mut trees = BTreeMap::new();
        while !rest.is_empty() {
            let (tree, after) = rest.split_at(starts(rest).unwrap_or(rest.len()));
            let facts = fact_tree::facts(tree)?;
            trees.insert(fact_tree::text(&facts).0, facts);
            rest = after;
        }
        Some(Entry { variants, trees })
    }

    pub(crate) fn render(&self, key: &Digest, script: &OsStr) -> Vec<u8> {
        let trace = Trace { script: Cow::Borrowed(script.as_bytes()), variants: self.variants.clone() };
        let mut out = trace.render(key);
        let used: Vec<&Digest> =
            self.variants.iter().flat_map(|variant| &variant.checks).filter_map(fact_tree::tree_of).collect();
        for (_, facts) in self.trees.iter().filter(|(digest, _)| used.contains(digest)) {
            out.extend(fact_tree::text(facts).1);
        }
        out
    }

    /// The programs of its builds.
    pub(crate) fn files(&self) -> Vec<File> {
        self.variants.iter().filter_map(program).collect()
    }

    /// Adds a build of this machine, in front of those with other facts.
    ///
    /// # Errors
    /// Why it is of no use to other machines.
    pub(crate) fn add(
        &mut self,
        variant: &Variant<'_>,
        program: &[u8],
        lock: Option<&str>,
        machine: Machine<'_>,
    ) -> Result<(), String> {
        let facts = self.shared_facts(variant, machine)?;
        let sums = Sums::of_reader(&mut &program[..]).map_err(|error| error.to_string())?;
        let bound = machine.places.in_program(program).into_iter();
        let mut places: Vec<(&str, PathBuf)> = bound.map(|(name, path)| (name, path.to_owned())).collect();
        if is_bound_by_facts(variant, machine.places, machine.environment)
            && let Some(path) = machine.places.path(SCRIPT)
        {
            places.push((SCRIPT, path.to_owned()));
        }
        let text = |text: &str| Cow::Owned(text.as_bytes().to_vec());
        let is_told =
            |name: &[u8]| ABOUT_BUILD.iter().chain(&ABOUT_ENTRY).any(|known| known.as_bytes() == name);
        let mut about: Vec<_> = variant.about.iter().filter(|(name, _)| is_told(name)).cloned().collect();
        about.push((text("sha256"), text(&sums.sha256)));
        about.push((text("bytes"), text(&sums.bytes.to_string())));
        about.extend(lock.map(|lock| (text("lock"), text(&Digest::of(lock.as_bytes()).hex()))));
        for (name, path) in places {
            about.push((text("place"), [name.as_bytes(), b"=", path.as_os_str().as_bytes()].concat().into()));
        }
        let name = path_of(&variant.binary.path).file_name().unwrap_or_default().as_bytes();
        let binary = Binary { digest: sums.b3, stamp: None, path: [b"bin/", name].concat().into() };
        let shared = Variant {
            binary,
            about,
            checks: facts,
            arguments: Vec::new(),
            variables: Vec::new(),
            sandbox: Vec::new(),
            lacking: Vec::new(),
            ..variant.clone()
        };
        let mut trace = Trace { script: Cow::Borrowed(b""), variants: std::mem::take(&mut self.variants) };
        trace.push(shared.into_owned());
        self.variants = trace.variants;
        Ok(())
    }

    /// The facts that a build of this machine rests on besides those in the key, for other machines.
    fn shared_facts(
        &mut self,
        variant: &Variant<'_>,
        machine: Machine<'_>,
    ) -> Result<Vec<Check<'static>>, String> {
        let mut shared = Vec::new();
        for check in inputs(variant) {
            let neutral = machine.places.neutral(check);
            let input = match neutral.input.clone() {
                Input::Never { why } => return Err(String::from_utf8_lossy(&why).into_owned()),
                Input::Variable { name, value: Some(_) } | Input::Private { name, .. } => {
                    let value = machine.environment.variable(OsStr::from_bytes(&name)).unwrap_or_default();
                    Input::Private { name, value: salted(machine.key, value.as_bytes()) }
                }
                Input::SearchPath { value, digest } => {
                    Input::SearchPath { value, digest: self.share_tree(&digest, machine)? }
                }
                Input::Content { content: Content::Tree, path, digest, .. } => {
                    let digest = self.share_tree(&digest, machine)?;
                    Input::Content { content: Content::Tree, path, digest, stamp: None }
                }
                input => input,
            };
            shared.push(Check { input, ..neutral });
        }
        Ok(shared)
    }

    fn share_tree(&mut self, digest: &Digest, machine: Machine<'_>) -> Result<Digest, String> {
        let facts =
            fact_tree::read(digest, machine.environment).ok_or("facts of it are gone from the cache")?;
        let facts: Vec<_> = facts.iter().map(|fact| machine.places.neutral(fact)).collect();
        let (digest, _) = fact_tree::text(&facts);
        self.trees.insert(digest, facts);
        Ok(digest)
    }

    /// The facts of a build, with the stamps of this machine, after those of `decisions`; and how many of these are no
    /// choices.
    ///
    /// # Errors
    /// What is not as it was on the machine that built it.
    pub(crate) fn facts_here(
        &self,
        variant: &Variant<'_>,
        decisions: &[Check<'static>],
        machine: Machine<'_>,
    ) -> Result<(Vec<Check<'static>>, usize), String> {
        let Machine { key, places, environment, .. } = machine;
        let since = Moment::now();
        let mut trees = BTreeMap::new();
        let is_search = |check: &&Check<'_>| matches!(check.input, Input::SearchPath { .. });
        let searches: Vec<&Digest> =
            variant.checks.iter().filter(is_search).filter_map(fact_tree::tree_of).collect();
        let mut here = Vec::new();
        for check in &variant.checks {
            match &check.input {
                Input::Private { name, value } => {
                    let name = String::from_utf8_lossy(name);
                    let now = environment.variable(&*name);
                    if now.map(|now| salted(key, now.as_bytes())) != Some(*value) {
                        return Err(format!("variable `{name}` differs"));
                    }
                    let now = Check::private_variable(&name, environment);
                    here.push(Check { input: now.input, ..check.clone().into_owned() });
                }
                Input::SearchPath { digest, .. } => {
                    let digest = self.tree_here(digest, &mut trees, machine)?;
                    for path in searched(check, variant, machine) {
                        here.push(fact_tree::stand_in(digest, &path, stamp(&path, since)).tool());
                    }
                    here.push(Check::search_path(digest, environment).tool());
                }
                Input::Content { content: Content::Tree, digest, .. } if searches.contains(&digest) => {}
                Input::Content { content: Content::Tree, digest, .. } => {
                    let Check { tool, input, .. } = places.local(check);
                    let Input::Content { path, .. } = input else { continue };
                    let digest = self.tree_here(digest, &mut trees, machine)?;
                    let standing = fact_tree::stand_in(digest, path_of(&path), stamp(path_of(&path), since));
                    here.push(Check { tool, ..standing });
                }
                _ => here.push(verified(places.local(check), environment)?),
            }
        }
        Ok(trace_facts(decisions, here))
    }

    /// Keeps a tree whose facts hold here; what stands for it.
    fn tree_here(
        &self,
        digest: &Digest,
        known: &mut BTreeMap<Digest, Digest>,
        machine: Machine<'_>,
    ) -> Result<Digest, String> {
        if let Some(here) = known.get(digest) {
            return Ok(*here);
        }
        let facts = self.trees.get(digest).ok_or("it is cut off")?;
        let mut here = Vec::with_capacity(facts.len());
        let since = Moment::now();
        // A compiler is hundreds of megabytes, and the same for every script.
        let mut digests = ToolDigests::of(Path::new("remote"), machine.cache);
        for fact in facts {
            let fact = machine.places.local(fact);
            here.push(match tool_file(&fact, &mut digests, since) {
                Some(now) if now.same_fact(&fact) => Check { input: now.input, ..fact },
                Some(_) => return Err(fact.change(machine.environment).to_string()),
                None => verified(fact, machine.environment)?,
            });
        }
        digests.keep(machine.cache);
        let kept = fact_tree::keep(machine.cache, &here).map_err(|error| error.to_string())?;
        known.insert(*digest, kept);
        Ok(kept)
    }
}

/// The facts of a build of this machine that are inputs, not decisions.
fn inputs<'a>(variant: &'a Variant<'a>) -> impl Iterator<Item = &'a Check<'a>> {
    let decisions = variant.about("decisions").and_then(|count| count.parse().ok()).unwrap_or(0);
    variant.checks.iter().filter(|check| !check.choice).skip(decisions)
}

/// The inputs of a build of this machine, those of trees too.
pub(crate) fn recorded(variant: &Variant<'_>, environment: &Environment) -> Vec<Check<'static>> {
    let mut all = Vec::new();
    for check in inputs(variant) {
        match fact_tree::tree_of(check) {
            Some(tree) => all.extend(fact_tree::read(tree, environment).unwrap_or_default()),
            None => all.push(check.clone().into_owned()),
        }
    }
    all
}

/// Whether what was looked at depends on where the script lies.
pub(crate) fn is_bound_by_facts(variant: &Variant<'_>, places: &Places, environment: &Environment) -> bool {
    recorded(variant, environment).iter().any(|check| places.is_above_script(check))
}

/// The program of a build of an entry.
pub(crate) fn program(variant: &Variant<'_>) -> Option<File> {
    let name = path_of(&variant.binary.path).strip_prefix("bin").ok()?;
    let is_name = name.components().count() == 1 && name.file_name() == Some(name.as_os_str());
    let sha256 = variant.about("sha256").filter(|text| Digest::parse(text.as_bytes()).is_some())?;
    let bytes = variant.about("bytes")?.parse().ok()?;
    is_name.then(|| File { name: name.as_os_str().as_bytes().to_vec(), sha256, bytes })
}

/// The directories that the program of a build holds, by name, as they are on the machine that built it.
pub(crate) fn bound<'a>(variant: &'a Variant<'_>) -> impl Iterator<Item = (String, PathBuf)> + 'a {
    let of_place = variant.about.iter().filter(|(name, _)| **name == *b"place");
    of_place.filter_map(|(_, text)| {
        let (name, path) = crate::store::trace::escape::split_at_byte(text, b'=')?;
        Some((String::from_utf8_lossy(name).into_owned(), path_of(path).to_owned()))
    })
}

/// The file of a compiler that a fact is about, as it is now and as far as it is one.
fn tool_file(fact: &Check<'_>, digests: &mut ToolDigests, since: Moment) -> Option<Check<'static>> {
    let path = fact.file_path().filter(|_| fact.tool)?;
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    digests.fact(path, Stamp::of(&metadata), since).ok()
}

/// A fact of this machine with its stamp, if it holds.
fn verified(mut check: Check<'static>, environment: &Environment) -> Result<Check<'static>, String> {
    match check.holds(environment) {
        Holds::Yes => Ok(check),
        Holds::ByContent(stamp) => {
            check.set_stamp(stamp);
            Ok(check)
        }
        Holds::Tree(_) | Holds::No => Err(check.change(environment).to_string()),
    }
}

/// The directories of PATH that stand for what a search of it finds: those of this machine, but those for which something of
/// the system's stood on the other.
fn searched(check: &Check<'_>, variant: &Variant<'_>, machine: Machine<'_>) -> Vec<PathBuf> {
    let Input::SearchPath { value, .. } = machine.places.local(check).input else { return Vec::new() };
    let standing: Vec<Check<'_>> = variant.checks.iter().map(|other| machine.places.local(other)).collect();
    let is_stood_for = |path: &PathBuf| standing.iter().any(|other| other.content_path() == Some(path));
    let theirs = std::env::split_paths(OsStr::from_bytes(&value));
    let covered: Vec<PathBuf> = theirs.filter(|path| !is_stood_for(path)).collect();
    let mut ours: Vec<PathBuf> = Vec::new();
    for path in std::env::split_paths(&machine.environment.variable("PATH").unwrap_or_default()) {
        if path.is_absolute() && !ours.contains(&path) && !covered.contains(&path) {
            ours.push(path);
        }
    }
    ours
}

/// The stamp of what stands for a tree, if that can be trusted.
fn stamp(path: &Path, since: Moment) -> Option<Stamp> {
    match std::fs::metadata(path) {
        Ok(metadata) => Stamp::of(&metadata).trusted(path, since),
        Err(error) if is_absence(&error) => Some(Stamp::ABSENT),
        Err(_) => None,
    }
}

/// The digest of a variable's value that is told: of no use for finding the value but by trying.
fn salted(key: &Digest, value: &[u8]) -> Digest {
    let mut fields = Fields::new("runner-remote variable");
    fields.push("key", &key.hex_bytes());
    fields.push("value", value);
    fields.finish()
}
