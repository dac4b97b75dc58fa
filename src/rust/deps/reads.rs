//! What build scripts, proc macros, compilers and linkers read while cargo built in a lane, as they were observed.
//!
//! Cargo knows what they say they read, and takes a crate of a registry for finished. So each run of cargo leaves a record in the
//! lane: the artifacts it made, and the facts that everything it started was seen to look at.
//!
//! ```text
//! lane-0/reads/KEY      sealed: artifacts, as in the record of an environment, and facts
//! ```
//!
//! An environment rests on the facts of every run that made one of its artifacts. Where a fact does not hold, all that its run
//! made is built again: who of them read it is not told apart. So is an artifact that no run answers for: its builder
//! was killed, was not observed, or an input changed while it ran.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::base::digest::{Digest, Fields};
use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::base::fs::Mode;
use crate::build::observed_inputs::{self, Surroundings};
use crate::build::outcome::Interruption;
use crate::process::observe::observed::Observed;
use crate::process::observe::unavailable::Unavailable;
use crate::rust::deps::artifacts::{are_untouched, recorded};
use crate::rust::deps::cargo_messages::Made;
use crate::rust::deps::target_dir::{Lane, READS, entries, hash_of, path_of, remove_where};
use crate::store::cache::Cache;
use crate::store::sealed_record::Record;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::Check;

/// Programs that fetch what a lock names, or keep what a compiler makes of what it is given: their servers are none of the
/// build's.
const FETCHERS: &[&str] = &["git", "git-remote-http", "git-remote-https", "ssh", "sccache"];

/// What is observed of a run of cargo.
pub(super) type Watched = Option<std::result::Result<Observed, Unavailable>>;

impl Lane {
    /// Records what a run of cargo read that was begun at `start`, for the artifacts it made. Nothing if an input changed
    /// meanwhile: then nobody answers for them.
    pub(super) fn keep_reads(
        &self,
        watched: Watched,
        messages: &[u8],
        start: Moment,
        compiler: &Path,
        cache: &Cache,
        environment: &Environment,
    ) -> Result<()> {
        let Some(watched) = watched else { return Ok(()) };
        let mut record = Record::default();
        for path in Made::read(messages).paths().filter(|path| is_made_since(path, start)) {
            let name = path.strip_prefix(cache.directory()).ok();
            if let Some(artifact) = name.and_then(|name| recorded(&path, name)) {
                record.push("artifact", artifact);
            }
        }
        if record.all("artifact").is_empty() {
            return Ok(());
        }
        record.checks = match watched {
            Err(reason) => {
                vec![Check::never(&format!("what builds dependencies could not be observed: {reason}"))]
            }
            Ok(mut observed) => {
                let is_fetcher = |program: &Path| {
                    FETCHERS.iter().any(|name| program.file_name().is_some_and(|own| own == *name))
                };
                observed.servers.retain(|server| !is_fetcher(&server.program));
                observed.gaps.retain(|gap| !is_fetcher(&gap.program));
                let of_cargo = environment.cargo_home().into_iter();
                let of_cargo = of_cargo.flat_map(|home| ["registry", "git"].map(|part| home.join(part)));
                let of_cargo: Vec<PathBuf> = of_cargo
                    .flat_map(|named| [fs::canonicalize(&named).ok(), Some(named)])
                    .flatten()
                    .collect();
                let surroundings = Surroundings {
                    environment,
                    cache,
                    start,
                    script: None,
                    base: self.path(),
                    compiler,
                    mirror: None,
                    own: of_cargo.into_iter().chain([cache.root().to_owned()]).collect(),
                    constant: Vec::new(),
                    directories: 0,
                };
                match observed_inputs::facts(observed, &surroundings) {
                    Ok(facts) => facts.into_iter().map(Check::dependency).collect(),
                    Err(Interruption::InputChanged(_)) => return Ok(()),
                    Err(Interruption::Failed(error)) => return Err(error),
                }
            }
        };
        let mut fields = Fields::new("reads of dependencies");
        record
            .all("artifact")
            .iter()
            .for_each(|artifact| fields.push("artifact", artifact.as_encoded_bytes()));
        let id = fields.finish();
        let place = self.path().join(READS);
        cache
            .make_directory(&place)
            .and_then(|()| cache.write_whole(&place.join(id.hex()), &record.render(&id)))
            .map_err(|error| cache.unusable("cannot write to", error))
    }

    /// The facts of all runs that made these artifacts.
    ///
    /// # Errors
    /// The artifacts for which no run answers.
    pub(super) fn reads_of(
        &self,
        artifacts: &[OsString],
        cache: &Cache,
    ) -> std::result::Result<Vec<Check<'static>>, Vec<OsString>> {
        let mut unknown: Vec<&OsString> = artifacts
            .iter()
            .filter(|artifact| path_of(artifact, cache).is_some_and(|path| path.starts_with(self.path())))
            .filter(|artifact| hash_of(&artifact.to_string_lossy()).is_some())
            .collect();
        let mut checks: Vec<Check<'static>> = Vec::new();
        for (_, record) in self.runs() {
            let made: Vec<OsString> = record.all("artifact");
            let made: Vec<&OsString> = made
                .iter()
                .filter(|own| are_untouched(cache.directory(), std::slice::from_ref(own)))
                .collect();
            let before = unknown.len();
            let paths: Vec<PathBuf> = made.iter().filter_map(|own| path_of(own, cache)).collect();
            let is_of_run =
                |artifact: &OsString| path_of(artifact, cache).is_some_and(|path| paths.contains(&path));
            unknown.retain(|artifact| !is_of_run(artifact));
            if unknown.len() < before {
                let fresh: Vec<_> = record
                    .checks
                    .into_iter()
                    .filter(|check| !checks.iter().any(|known| known.same_fact(check)))
                    .collect();
                checks.extend(fresh);
            }
        }
        if unknown.is_empty() { Ok(checks) } else { Err(unknown.into_iter().cloned().collect()) }
    }

    /// Makes cargo forget artifacts.
    pub(super) fn forget(&self, artifacts: &[OsString]) {
        let hashes: Vec<String> = artifacts
            .iter()
            .filter_map(|artifact| hash_of(&artifact.to_string_lossy()).map(str::to_owned))
            .collect();
        let goes = |hash: Option<&str>| hash.is_some_and(|hash| hashes.iter().any(|known| known == hash));
        remove_where(self.path(), goes, Mode::Remove);
    }

    /// Makes cargo forget what runs made that read something that is not as it was, and removes records of what is gone.
    pub(super) fn forget_changed_reads(&self, cache: &Cache, environment: &Environment) {
        for (path, record) in self.runs() {
            let made: Vec<OsString> = record
                .all("artifact")
                .into_iter()
                .filter(|own| are_untouched(cache.directory(), std::slice::from_ref(own)))
                .collect();
            let holds = record.holds(environment);
            if !holds {
                self.forget(&made);
            }
            if !holds || made.is_empty() {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The records that are whole.
    fn runs(&self) -> Vec<(PathBuf, Record)> {
        let read = |path: PathBuf| {
            let id = Digest::parse(path.file_name()?.as_encoded_bytes())?;
            let record = Record::parse(&id, &fs::read(&path).ok()?)?;
            Some((path, record))
        };
        entries(&self.path().join(READS)).into_iter().filter_map(read).collect()
    }
}

/// Whether a file was written at or after a moment; links that cargo makes to it do not count.
fn is_made_since(path: &Path, start: Moment) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| Stamp::of(&metadata).modified >= start)
}
