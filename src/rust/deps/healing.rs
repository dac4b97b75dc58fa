//! Healing a lane before cargo builds in it: cargo forgets what is not as it was built, or not from what is there now.
//!
//! Cargo looks only whether an artifact is older than the sources it watches, and takes what comes from a registry for
//! unchangeable. Records of environments say more: what each artifact was, and which facts it rests on. An artifact goes if it
//! was changed, or if a fact that it names (in its dep-info, or in what its build script said) does not hold; unless another
//! record vouches for it as it is.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::fs::Mode;
use crate::base::order;
use crate::rust::deps::artifacts::are_untouched;
use crate::rust::deps::target_dir::{Lane, PARTS, entries, hash_of, profiles, remove_where};
use crate::store::cache::Cache;
use crate::store::fact_tree;
use crate::store::sealed_record::Record;
use crate::store::trace::fact_state::Holds;

impl Lane {
    /// Makes cargo forget what is not as it was built.
    pub(crate) fn heal(&self, cache: &Cache, environment: &Environment) {
        self.remove_links(cache);
        self.forget_changed_reads(cache, environment);
        let mut votes: BTreeMap<PathBuf, bool> = BTreeMap::new();
        let environments = self.path().with_file_name("environments");
        for place in entries(&environments) {
            let Ok(bytes) = fs::read(place.join("record")) else { continue };
            let record = Record::read_any(&bytes);
            let changed = changed_paths(&record, environment);
            for artifact in record.all("artifact") {
                let Some(path) = path_in(&artifact, self.name()) else { continue };
                let Some(hash) = hash_of(&path.to_string_lossy()).map(str::to_owned) else { continue };
                let whole = cache.join(&path);
                // What is missing cargo sees for itself.
                if fs::symlink_metadata(&whole).is_err() {
                    continue;
                }
                let is_good = are_untouched(cache.directory(), std::slice::from_ref(&artifact))
                    && !(changed.iter().any(|changed| names(&whole, &hash, changed)));
                *votes.entry(path).or_default() |= is_good;
            }
        }
        let gone = votes.iter().filter(|(_, is_good)| !**is_good);
        let gone =
            order::set(gone.filter_map(|(path, _)| hash_of(&path.to_string_lossy()).map(str::to_owned)));
        if !gone.is_empty() {
            let goes = |hash: Option<&str>| hash.is_some_and(|hash| gone.contains(hash));
            remove_where(self.path(), goes, Mode::Remove);
        }
    }

    /// Removes links and what stands in the way of directories: cargo makes none, and would write through one.
    fn remove_links(&self, cache: &Cache) {
        let forget_link = |path: &PathBuf| {
            if path.is_symlink() {
                let _ = fs::remove_file(path);
            }
        };
        entries(self.path()).iter().for_each(forget_link);
        for profile in profiles(self.path()) {
            entries(&profile).iter().for_each(forget_link);
            let parts = PARTS.iter().map(|part| profile.join(part));
            for part in parts.filter(|part| fs::symlink_metadata(part).is_ok()) {
                // A file where a directory should be goes, too.
                let _ = cache.make_directory(&part);
                for entry in entries(&part) {
                    forget_link(&entry);
                    entries(&entry).iter().for_each(forget_link);
                }
            }
        }
    }
}

/// The files and directories of a record's facts that are not as they were.
fn changed_paths(record: &Record, environment: &Environment) -> Vec<PathBuf> {
    let changed = record.checks.iter().filter(|check| fact_tree::holds(check, environment) == Holds::No);
    changed.filter_map(|check| Some(check.content_path()?.to_owned())).collect()
}

/// The path of an artifact relative to the cache, if it is of this lane.
fn path_in(artifact: &OsString, lane: &str) -> Option<PathBuf> {
    let bytes = artifact.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b' ')?;
    let path = Path::new(OsStr::from_bytes(&bytes[at + 1..]));
    path.starts_with(lane).then(|| path.to_owned())
}

/// Whether an artifact was made from a file: its dep-info names it, or what its build script printed.
fn names(artifact: &Path, hash: &str, file: &Path) -> bool {
    let Some(directory) = artifact.parent() else { return false };
    let is_of_build = directory.parent().is_some_and(|parent| parent.ends_with("build"));
    let beside = match is_of_build {
        // `build/NAME-HASH/out` and `output`.
        true => vec![directory.join("output")],
        false if artifact.ends_with("out") || artifact.ends_with("output") => vec![directory.join("output")],
        false => entries(directory)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "d"))
            .filter(|path| path.to_str().and_then(hash_of) == Some(hash))
            .collect(),
    };
    // As dep-info writes it.
    let escaped = file.as_os_str().to_string_lossy().replace(' ', "\\ ");
    let wanted = [file.as_os_str().as_bytes(), escaped.as_bytes()];
    let holds = |text: &[u8]| wanted.iter().any(|one| text.windows(one.len()).any(|window| window == *one));
    beside.iter().any(|path| fs::read(path).is_ok_and(|text| holds(&text)))
}
