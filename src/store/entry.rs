//! Finds the binary of a key in the cache, and publishes one that was built.
//!
//! A miss is a value, not an error: [`Entry::Vacant`] owns the lock and a staging directory, and holding it is the right
//! and the duty to build. Readers take no lock. Nothing here changes after it appears; it appears by rename, the binary
//! before the trace that names it:
//!
//! 1. write the binary in staging; `fdatasync` it;
//! 2. rename its directory into `bin/`;
//! 3. write the trace in staging; rename it into `traces/`.
//!
//! One sync is enough. Whatever the power takes of the rest, in any order, a trace that is there names a binary whose bytes
//! reached the disk before the trace was written; or one whose directory did not, which is a miss; or it is damaged itself,
//! and its seal says so, which is a miss too.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::base::digest::{Digest, Fields};
use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::request::program_args::ProgramArgs;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::lock::{Holder, Lock, Patience};
use crate::store::readied::Readied;
use crate::store::staging::Staging;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::escape::Text;
use crate::store::trace::fact::{Check, path_of};
use crate::store::trace::lacking::lacking;
use crate::store::trace::line::Binary;
use crate::store::trace::{Current, HOME_DIGITS, Tools, Trace, Variant};

/// A binary that a trace vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) digest: Digest,
    /// Whether a better one is to come: see [`crate::engine::background`].
    pub(crate) provisional: bool,
    /// The kind of machine it is for, if that is not the compiler's own.
    pub(crate) target: Option<String>,
    /// What the program is told when it runs.
    pub(crate) told: ProgramArgs,
}

/// What a look under the lock found.
pub(crate) enum Entry<'a> {
    /// Somebody has built it meanwhile.
    Occupied(Found),
    /// Nobody has: build it.
    Vacant(Vacant<'a>),
}

/// The right and the duty to build.
pub(crate) struct Vacant<'a> {
    cache: &'a Cache,
    id: Key,
    staging: Staging,
    _lock: Lock,
}

/// What a build made, and what it looked at.
#[derive(Debug)]
pub(crate) struct Built {
    /// In the staging directory.
    pub(crate) output: PathBuf,
    /// Whether that is being hashed already.
    pub(crate) readied: Readied,
    /// What the binary is called.
    pub(crate) name: std::ffi::OsString,
    /// Whether a better one is to come.
    pub(crate) provisional: bool,
    /// The kind of machine it is for, if that is not the compiler's own.
    pub(crate) target: Option<String>,
    /// What the program is told when it runs.
    pub(crate) told: ProgramArgs,
    pub(crate) checks: Vec<Check<'static>>,
    /// For people.
    pub(crate) about: Vec<(&'static str, String)>,
}

impl Variant<'_> {
    /// What it has, its path as the trace has it.
    pub(crate) fn found(&self) -> Found {
        let text = |text: &Text<'_>| OsString::from_vec(text.to_vec());
        let told = ProgramArgs {
            arguments: self.arguments.iter().map(text).collect(),
            variables: self.variables.iter().map(|(name, value)| (text(name), text(value))).collect(),
            sandbox: self.sandbox.iter().map(text).collect(),
        };
        let path = path_of(&self.binary.path).to_owned();
        let target = self.target.as_ref().map(|target| String::from_utf8_lossy(target).into_owned());
        Found { path, digest: self.binary.digest, provisional: self.provisional, target, told }
    }
}

impl Cache {
    /// The bytes of a trace file, if there is one that can be read.
    pub(crate) fn read_trace(&self, id: &Key) -> Option<Vec<u8>> {
        std::fs::read(self.trace_path(id)).ok()
    }

    /// As [`Cache::find`], writing nothing at all.
    pub(crate) fn peek(&self, id: &Key, environment: &Environment, tools: Tools) -> Option<Found> {
        let bytes = self.read_trace(id)?;
        let trace = Trace::parse(id.digest(), &bytes)?;
        let current = trace.current(self.directory(), environment, tools)?;
        Some(self.found(&trace, &current))
    }

    fn found(&self, trace: &Trace<'_>, current: &Current) -> Found {
        let found = trace.variants[current.variant].found();
        // An absolute path is another cache's.
        Found { path: self.directory().join(&found.path), ..found }
    }

    /// The binary of `id` whose trace holds. Takes no lock; writes only to refresh a stamp that content proved.
    pub(crate) fn find(&self, id: &Key, environment: &Environment, tools: Tools) -> Option<Found> {
        let bytes = self.read_trace(id)?;
        let trace = Trace::parse(id.digest(), &bytes)?;
        let current = trace.current(self.directory(), environment, tools)?;
        let found = self.found(&trace, &current);
        if current.is_outdated() {
            let mut refreshed = trace.clone();
            refreshed.restamp(&current);
            self.refresh(id, &bytes, &refreshed);
        }
        Some(found)
    }

    /// Writes a trace whose stamps were renewed, unless somebody is building or it is not what was `read` any more: best
    /// effort.
    #[cold]
    fn refresh(&self, id: &Key, read: &[u8], trace: &Trace<'_>) {
        if let Some(_lock) = self.try_lock(id)
            && self.read_trace(id).is_some_and(|bytes| bytes == read)
        {
            let _ = self.write_trace(id, trace);
        }
    }

    /// The binary of a home whose trace holds, whatever its decisions rested on then: they came out as they are now, and
    /// rest on `decisions`.
    fn find_decided(
        &self,
        id: &Key,
        environment: &Environment,
        decisions: &[Check<'static>],
    ) -> Option<Found> {
        let bytes = self.read_trace(id)?;
        let mut trace = Trace::parse(id.digest(), &bytes)?;
        // Those of other homes are here because what was asked for under this very id was decided otherwise once.
        trace.variants.retain(|variant| variant.is_of(id));
        let current = trace.current(self.directory(), environment, Tools::Decided)?;
        let found = self.found(&trace, &current);
        trace.restamp(&current);
        let mut variant = trace.variants[current.variant].clone();
        variant.checks.retain(|check| !check.choice);
        variant.checks.extend(decisions.iter().filter(|check| check.choice).cloned());
        let mut renewed = Trace::parse(id.digest(), &bytes)?;
        renewed.push(variant);
        let renewed = renewed.render(id.digest());
        if renewed != bytes {
            // Best effort: without it the next run decides anew.
            let _ = self.write_whole(&self.trace_path(id), &renewed);
        }
        Some(found)
    }

    /// Takes the lock of `id` and looks again. What the id was decided by rests on `decisions`.
    pub(crate) fn enter(
        &self,
        id: Key,
        decisions: &[Check<'static>],
        environment: &Environment,
        is_wanted: impl Fn(&Found) -> bool,
        waiting: impl FnMut(Duration, Holder) -> Patience,
    ) -> Result<Entry<'_>> {
        let lock = Lock::acquire(&self.lock_path(&id), waiting)
            .map_err(|error| self.unusable("cannot lock in", error))?;
        if let Some(found) = self.find_decided(&id, environment, decisions).filter(is_wanted) {
            return Ok(Entry::Occupied(found));
        }
        let _ = Staging::sweep(&self.join("staging"));
        let staging = Staging::create(&self.join("staging"))
            .map_err(|error| self.unusable("cannot write to", error))?;
        Ok(Entry::Vacant(Vacant { cache: self, id, staging, _lock: lock }))
    }

    /// Puts a variant in front of those of `id`. `script` is whose trace it is, for people.
    pub(crate) fn add_variant(&self, id: &Key, script: &OsStr, variant: Variant<'_>) -> io::Result<()> {
        let bytes = self.read_trace(id).unwrap_or_default();
        let script = Cow::Borrowed(script.as_bytes());
        let mut trace = Trace::parse(id.digest(), &bytes)
            .unwrap_or_else(|| Trace { script: script.clone(), variants: Vec::new() });
        trace.push(variant);
        self.write_trace(id, &trace)
    }

    fn write_trace(&self, id: &Key, trace: &Trace<'_>) -> io::Result<()> {
        let path = self.trace_path(id);
        self.write_whole(&path, &trace.render(id.digest()))
    }

    /// Lets a script whose options come from its own first lines find the binary that was built for those options.
    pub(crate) fn alias(&self, name: &Key, home: &Key, script: &OsStr, environment: &Environment) {
        if name == home {
            return;
        }
        let Some(bytes) = self.read_trace(home) else { return };
        let Some(trace) = Trace::parse(home.digest(), &bytes) else { return };
        let Some(current) = trace.current(self.directory(), environment, Tools::Checked) else { return };
        let variant = trace.variants[current.variant].clone();
        // Best effort: without it the next run comes the same long way.
        let _ = self.add_variant(name, script, variant);
    }
}

impl Vacant<'_> {
    /// A private directory on the cache's file system.
    pub(crate) fn staging(&self) -> &Path {
        self.staging.path()
    }

    /// Publishes what was built. On return the binary is in its place, whole, and the trace names it.
    pub(crate) fn commit(
        &self,
        mut built: Built,
        script: &OsStr,
        environment: &Environment,
    ) -> Result<Found> {
        let unusable = |error| self.cache.unusable("cannot write to", error);
        let readied = std::mem::take(&mut built.readied);
        let (found, stamp) = self.publish(&built, readied).map_err(unusable)?;
        let path = found.path.strip_prefix(self.cache.directory()).unwrap_or(&found.path);
        let text = |text: String| Cow::Owned(text.into_bytes());
        let bytes = |text: OsString| Cow::Owned(text.into_vec());
        let variant = Variant {
            binary: Binary {
                digest: found.digest,
                stamp: Some(stamp),
                path: Cow::Owned(path.as_os_str().as_bytes().to_vec()),
            },
            about: built
                .about
                .into_iter()
                .chain([("home", self.id.digest().short(HOME_DIGITS))])
                .map(|(name, value)| (text(name.to_owned()), text(value)))
                .collect(),
            provisional: built.provisional,
            target: built.target.map(text),
            arguments: built.told.arguments.into_iter().map(bytes).collect(),
            variables: built
                .told
                .variables
                .into_iter()
                .map(|(name, value)| (bytes(name), bytes(value)))
                .collect(),
            sandbox: built.told.sandbox.into_iter().map(bytes).collect(),
            lacking: lacking(&built.checks, environment),
            checks: built.checks,
        };
        self.cache.add_variant(&self.id, script, variant).map_err(unusable)?;
        Ok(found)
    }

    fn publish(&self, built: &Built, readied: Readied) -> io::Result<(Found, Stamp)> {
        let found = |path: PathBuf, digest: Digest| Found {
            path,
            digest,
            provisional: built.provisional,
            target: built.target.clone(),
            told: built.told.clone(),
        };
        let digest = readied.digest_of(&built.output)?;
        let hex = name_of_binary(digest, &built.name).hex();
        let place = self.cache.join(format!("bin/{}/{hex}", &hex[..2]));
        let path = place.join(&built.name);
        // The same bytes under the same name may be here already, from another script or an earlier day.
        if let Ok(stamp) = reuse(&place, &path, digest) {
            return Ok((found(path, digest), stamp));
        }
        let holder = self.staging.path().join("binary");
        DirBuilder::new().mode(0o700).create(&holder)?;
        let held = holder.join(&built.name);
        std::fs::rename(&built.output, &held)?;
        // Its directory moves, the file itself does not: it keeps the stamp. Afterwards another process may remove it.
        let stamp = Stamp::of(&std::fs::symlink_metadata(&held)?);
        // Without locks, or beside a builder that was stopped, another may have published the same at this moment: that one
        // is as good, and may be running.
        let theirs = self.cache.put_unless(&holder, &place, || reuse(&place, &path, digest).ok())?;
        Ok((found(path, digest), theirs.unwrap_or(stamp)))
    }
}

/// The stamp of the binary at `path`, if it is whole and can be executed. Its directory is marked as used first, so that
/// no sweep takes it before a trace names it.
fn reuse(place: &Path, path: &Path, digest: Digest) -> io::Result<Stamp> {
    File::open(place)?.set_modified(SystemTime::now())?;
    let metadata = std::fs::symlink_metadata(path)?;
    if metadata.is_file() && metadata.mode() & 0o7777 == 0o700 && Digest::of_file(path)? == digest {
        return Ok(Stamp::of(&metadata));
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// A binary's directory is named for its content and its name: the same program under two names is two entries, since
/// the name is what `ps` shows.
fn name_of_binary(digest: Digest, name: &OsStr) -> Digest {
    let mut fields = Fields::new("binary");
    fields.push("digest", digest.hex().as_bytes());
    fields.push("name", name.as_bytes());
    fields.finish()
}

/// When an entry was last used: relatime lets an exec refresh a binary's access time at most daily.
pub(crate) fn last_used(metadata: &std::fs::Metadata) -> Moment {
    Moment::from_unix(metadata.atime(), metadata.atime_nsec()).max(Stamp::of(metadata).modified)
}
