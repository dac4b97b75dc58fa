//! Evicts entries by age and size, and empties the cache.
//!
//! Mark and sweep, safe at any moment with builds and scripts running: a reader that finds something gone takes it for a
//! miss. First variants unused for 30 days go, then the least recently used until the cache is within its size; then
//! binaries no trace names, dependency environments likewise, and artifacts no environment names. A binary younger than an
//! hour is never swept: its trace may be on its way.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::digest::Digest;
use crate::base::error::Result;
use crate::base::fs::{DAY, HOUR, Mode, entries, is_older, remove, remove_in, size_of};
use crate::base::order;
use crate::engine::background::FAILURES;
use crate::request::limits::Limits;
use crate::rust::{deps, incremental};
use crate::store::cache::Cache;
use crate::store::entry::last_used;
use crate::store::fact_tree;
use crate::store::key::Key;
use crate::store::lock::Lock;
use crate::store::sealed_record::Record;
use crate::store::staging::Staging;
use crate::store::stamp::Moment;
use crate::store::trace::fact::{Check, path_of};
use crate::store::trace::{Trace, Variant};

/// What a trim removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrimReport {
    /// Cached builds of scripts.
    pub builds: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// One cached build.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CachedBuild {
    /// The script's absolute path; `-` if it had none.
    pub script: PathBuf,
    /// The binary.
    pub binary: PathBuf,
    /// Bytes of the binary.
    pub bytes: u64,
    /// When it was last used, in seconds since the epoch, as far as the file system tells (to a day).
    pub last_used: i64,
    /// `release`, `dev`, …
    pub profile: String,
    /// `rustc 1.95.0`
    pub toolchain: String,
    /// The kind of machine it is for: `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// The short digest of the script's bytes it was made from.
    pub(crate) source: String,
    /// The options it was made with, in words.
    pub(crate) options: String,
    /// When it was built, in seconds since the epoch.
    pub(crate) built: i64,
    /// How long that took.
    pub(crate) milliseconds: u64,
    /// Whether another machine built it.
    pub(crate) is_remote: bool,
    used: Moment,
    id: Key,
    place: PathBuf,
}

/// The part of a cache that may be what compilers remember.
const MOST_REMEMBERED: u64 = 10;

/// Whether nobody has trimmed today; from now on somebody has. Best effort: a cache that could not be trimmed is still a cache.
pub(crate) fn is_due(cache: &Cache) -> bool {
    let stamp = cache.join("trimmed");
    let age = fs::metadata(&stamp)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|time| time.elapsed().ok());
    match age {
        Some(age) if age < DAY => false,
        _ => {
            // A new cache has nothing to trim.
            let is_new = age.is_none() && !stamp.exists();
            cache.write_whole(&stamp, b"").is_ok() && !is_new
        }
    }
}

/// Reads every trace that is whole.
fn for_each_trace(cache: &Cache, work: &mut dyn FnMut(Digest, &Path, &Trace<'_>)) {
    for path in files_below(&cache.join("traces"), 2) {
        let id = path.file_name().and_then(|name| Digest::parse(name.as_encoded_bytes()));
        if let (Some(id), Ok(bytes)) = (id, fs::read(&path))
            && let Some(trace) = Trace::parse(&id, &bytes)
        {
            work(id, &path, &trace);
        }
    }
}

/// Every build in the cache, most recently used first.
pub(crate) fn builds(cache: &Cache) -> Vec<CachedBuild> {
    let mut found = Vec::new();
    for_each_trace(cache, &mut |id, _, trace| {
        for variant in &trace.variants {
            let place = path_of(&variant.binary.path).to_owned();
            let binary = cache.join(&place);
            let Ok(metadata) = fs::symlink_metadata(&binary) else { continue };
            let used = last_used(&metadata);
            found.push(CachedBuild {
                script: path_of(&trace.script).to_owned(),
                binary,
                // What lies in the system's cache is not ours.
                bytes: if place.is_absolute() { 0 } else { metadata.blocks() * 512 },
                last_used: used.unix_seconds(),
                profile: variant.about("profile").unwrap_or_default(),
                toolchain: variant.about("toolchain").unwrap_or_default(),
                target: variant.about("target").unwrap_or_default(),
                source: variant.about("source").unwrap_or_default(),
                options: variant.about("options").unwrap_or_default(),
                built: variant.about("built").and_then(|text| text.parse().ok()).unwrap_or_default(),
                milliseconds: variant.about("milliseconds").and_then(|text| text.parse().ok()).unwrap_or(0),
                is_remote: variant.about("remote").is_some(),
                used,
                id: Key::new(id),
                place,
            });
        }
    });
    order::sort_by(&mut found, |one, two| two.used.cmp(&one.used).then_with(|| one.script.cmp(&two.script)));
    found
}

/// The script whose build read a file, the one that was used last if there are several.
pub(crate) fn script_that_read(cache: &Cache, file: &Path) -> Option<PathBuf> {
    let mut found: Option<(SystemTime, PathBuf)> = None;
    for_each_trace(cache, &mut |_, path, trace| {
        let is_input = |check: &Check<'_>| check.content_path().is_some_and(|path| path == file);
        if trace.variants.iter().any(|variant| variant.checks.iter().any(is_input)) {
            let used = fs::metadata(path).and_then(|metadata| metadata.modified());
            let used = used.unwrap_or(SystemTime::UNIX_EPOCH);
            if found.as_ref().is_none_or(|(latest, _)| used > *latest) {
                found = Some((used, path_of(&trace.script).to_owned()));
            }
        }
    });
    found.map(|(_, script)| script)
}

/// Each build once, however many ways of asking for it there are.
pub(crate) fn distinct(mut builds: Vec<CachedBuild>) -> Vec<CachedBuild> {
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    builds.retain(|build| {
        // None can stand for another: no path holds this byte.
        let mut key = build.place.clone().into_os_string();
        for text in [&build.profile, &build.toolchain, &build.target, &build.source] {
            key.push("\0");
            key.push(text);
        }
        key.push("\0");
        key.push(&build.script);
        seen.insert(PathBuf::from(key))
    });
    builds
}

/// Removes what `limits` do not allow, and what nothing refers to; or tells what that is.
pub(crate) fn trim(cache: &Cache, limits: Limits, mode: Mode) -> (Vec<CachedBuild>, TrimReport) {
    let mut trimmed = TrimReport::default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let oldest = now - i64::from(limits.unused_days) * DAY.as_secs() as i64;
    if mode == Mode::Remove {
        let _ = Staging::sweep(&cache.join("staging"));
    }
    let environments = environments(cache);
    let (alive, unused): (Vec<_>, Vec<_>) = environments.into_iter().partition(|one| one.used >= oldest);
    let shared: u64 = ["deps", incremental::DIRECTORY].iter().map(|part| size_of(&cache.join(part))).sum();
    trimmed.bytes += incremental::sweep(cache, oldest, limits.most_bytes / MOST_REMEMBERED, mode);
    let mut room = limits.most_bytes.saturating_sub(shared - trimmed.bytes.min(shared));
    let mut gone: Vec<CachedBuild> = Vec::new();
    let mut kept: Vec<CachedBuild> = Vec::new();
    let mut places: BTreeSet<PathBuf> = BTreeSet::new();
    for build in builds(cache) {
        let is_shared = places.contains(&build.place);
        let needs = if is_shared { 0 } else { build.bytes };
        // The newest stays even in a cache too small for it: it was just built, and is about to run.
        if build.last_used < oldest || (needs > room && !kept.is_empty()) {
            gone.push(build);
        } else {
            room = room.saturating_sub(needs);
            places.insert(build.place.clone());
            kept.push(build);
        }
    }
    trimmed.builds = gone.len() as u64;
    if mode == Mode::Remove {
        gone.iter().for_each(|build| forget(cache, build));
        sweep_traces(cache);
    }
    trimmed.bytes += sweep_binaries(cache, &kept, mode);
    trimmed.bytes += sweep_dependencies(cache, alive, &unused, limits.most_bytes, mode);
    trimmed.bytes += sweep_written(cache, oldest, mode);
    trimmed.bytes += sweep_trees(cache, mode);
    if mode == Mode::Remove {
        for failure in entries(&cache.join(FAILURES)) {
            if fs::symlink_metadata(&failure).is_ok_and(|metadata| is_older(&metadata, DAY)) {
                remove(&failure);
            }
        }
        sweep_resolutions(cache);
        sweep_locks(cache);
    }
    (gone, trimmed)
}

/// Removes environments nobody used, what only they needed, and then the least recently used until the rest is within
/// `most_bytes`: dependencies are most of a cache.
fn sweep_dependencies(
    cache: &Cache,
    mut alive: Vec<Environment>,
    unused: &[Environment],
    most_bytes: u64,
    mode: Mode,
) -> u64 {
    let total = size_of(&cache.join("deps"));
    let freed: u64 = unused.iter().map(|one| cache.remove_unused(&one.directory, mode)).sum();
    order::sort_by_key(&mut alive, |environment| environment.used);
    // What is freed besides if so many of the oldest go.
    let freed_without = |count: usize, mode: Mode| {
        let (gone, kept) = alive.split_at(count);
        let directories: u64 = gone.iter().map(|one| cache.remove_unused(&one.directory, mode)).sum();
        let records: Vec<Record> = kept.iter().map(|one| one.record.clone()).collect();
        directories + deps::sweep(cache, &records, mode)
    };
    let (mut few, mut many) = (0, alive.len().saturating_sub(1));
    if total.saturating_sub(freed) <= most_bytes {
        many = 0;
    }
    // Each look reads everything: there are as many as a binary search needs.
    while few < many {
        let middle = (few + many) / 2;
        if total.saturating_sub(freed + freed_without(middle, Mode::Show)) <= most_bytes {
            many = middle;
        } else {
            few = middle + 1;
        }
    }
    freed + freed_without(few, mode)
}

/// Forgets what the version of a package was resolved to when nothing rests on it any more.
fn sweep_resolutions(cache: &Cache) {
    let mut unnamed = order::set(entries(&cache.join("crates")));
    if unnamed.is_empty() {
        return;
    }
    for_each_trace(cache, &mut |_, _, trace| {
        for file in
            trace.variants.iter().flat_map(|variant| variant.checks.iter().filter_map(Check::file_path))
        {
            unnamed.remove(file);
        }
    });
    for path in unnamed.iter().filter(|path| is_older_than_an_hour(path)) {
        remove(path);
    }
}

/// What was written for a person or an editor, by its age: documentation, packages, projects.
fn sweep_written(cache: &Cache, oldest: i64, mode: Mode) -> u64 {
    let written =
        ["documentation", "packages", "editor"].into_iter().flat_map(|part| entries(&cache.join(part)));
    let is_old = |path: &PathBuf| fs::metadata(path).is_ok_and(|metadata| metadata.mtime() < oldest);
    written.filter(is_old).map(|path| remove_in(mode, &path)).sum()
}

/// Removes facts that no trace and no environment rests on, but for those whose trace may be on its way.
fn sweep_trees(cache: &Cache, mode: Mode) -> u64 {
    let mut named: BTreeSet<PathBuf> = BTreeSet::new();
    for_each_trace(cache, &mut |_, _, trace| {
        named.extend(trace.variants.iter().flat_map(|variant| fact_tree::names(variant.checks.iter())));
    });
    for environment in environments(cache) {
        let bytes = fs::read(environment.directory.join("record")).unwrap_or_default();
        named.extend(fact_tree::names(Record::read_any_facts(&bytes).iter()));
    }
    for path in deps::all_reads(cache) {
        let bytes = fs::read(path).unwrap_or_default();
        named.extend(fact_tree::names(Record::read_any_facts(&bytes).iter()));
    }
    let named = order::set(named.iter().map(|name| cache.join(name)));
    let trees = files_below(&cache.join(fact_tree::DIRECTORY), 2);
    let unused =
        trees.into_iter().filter(|path| !named.contains(path)).filter(|path| is_older_than_an_hour(path));
    unused.map(|path| remove_in(mode, &path)).sum()
}

/// Removes everything, or every build of one script.
pub(crate) fn clean(cache: &Cache, script: Option<&Path>) -> Result<TrimReport> {
    let mut trimmed = TrimReport::default();
    match script {
        Some(script) => {
            let (gone, others): (Vec<_>, Vec<_>) =
                builds(cache).into_iter().partition(|build| build.script == script);
            let mut places = order::set(others.iter().map(|build| build.place.as_path()));
            for build in &gone {
                forget(cache, build);
                trimmed.builds += 1;
                // Each place once, and not one that another script's build is in.
                let is_shared = build.place.is_absolute() || !places.insert(&build.place);
                let parent = build.binary.parent().unwrap_or(&build.binary);
                trimmed.bytes += if is_shared { 0 } else { remove(parent) };
            }
            trimmed.bytes += incremental::forget(cache, script);
        }
        None => {
            trimmed.builds = builds(cache).len() as u64;
            // Traces first: whoever looks from now on builds anew.
            let parts = [
                "traces",
                fact_tree::DIRECTORY,
                "bin",
                "toolchains",
                "crates",
                "documentation",
                "packages",
                "editor",
                FAILURES,
            ];
            for part in parts {
                for entry in entries(&cache.join(part)) {
                    trimmed.bytes += remove(&entry);
                }
            }
            for environment in environments(cache) {
                trimmed.bytes += cache.remove_unused(&environment.directory, Mode::Remove);
            }
            trimmed.bytes += deps::sweep(cache, &[], Mode::Remove);
            trimmed.bytes += incremental::sweep(cache, i64::MAX, 0, Mode::Remove);
            let _ = Staging::sweep(&cache.join("staging"));
            sweep_resolutions(cache);
            sweep_locks(cache);
        }
    }
    Ok(trimmed)
}

/// Removes one variant from its trace, and the trace with its last.
fn forget(cache: &Cache, build: &CachedBuild) {
    retain(cache, &build.id, |variant| path_of(&variant.binary.path) != build.place);
}

/// Removes variants from a trace, and the trace with its last; also one that cannot be read. Not while somebody builds:
/// then it is in use, and about to change.
fn retain(cache: &Cache, id: &Key, keep: impl Fn(&Variant<'_>) -> bool) {
    let Some(_lock) = cache.try_lock(id) else { return };
    let path = cache.trace_path(id);
    let bytes = cache.read_trace(id).unwrap_or_default();
    let Some(mut trace) = Trace::parse(id.digest(), &bytes) else {
        remove(&path);
        return;
    };
    let before = trace.variants.len();
    trace.variants.retain(keep);
    let _ = match trace.variants.len() {
        0 => fs::remove_file(&path),
        after if after == before => Ok(()),
        _ => cache.write_whole(&path, &trace.render(id.digest())),
    };
}

/// Removes what is damaged among traces, and variants whose binary is gone.
fn sweep_traces(cache: &Cache) {
    for path in files_below(&cache.join("traces"), 2) {
        match path.file_name().and_then(|name| Digest::parse(name.as_encoded_bytes())) {
            Some(id) => {
                retain(cache, &Key::new(id), |variant| cache.join(path_of(&variant.binary.path)).exists())
            }
            None => drop(remove(&path)),
        }
    }
}

/// Removes binaries that no kept build names, but for those whose trace may be on its way.
fn sweep_binaries(cache: &Cache, kept: &[CachedBuild], mode: Mode) -> u64 {
    let mut freed = 0;
    let named = order::set(kept.iter().filter_map(|build| build.binary.parent()));
    for directory in entries(&cache.join("bin")).iter().flat_map(|shard| entries(shard)) {
        if !named.contains(directory.as_path()) && is_older_than_an_hour(&directory) {
            freed += remove_in(mode, &directory);
        }
    }
    freed
}

/// By the time its binary was put in, or was last taken for another trace.
fn is_older_than_an_hour(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| is_older(&metadata, HOUR))
}

/// Removes lock files nobody holds and whose trace is gone.
fn sweep_locks(cache: &Cache) {
    for path in entries(&cache.join("locks")) {
        let id = path.file_name().and_then(|name| Digest::parse(name.as_encoded_bytes()));
        let has_trace = id.is_some_and(|id| cache.trace_path(&Key::new(id)).exists());
        if !has_trace && let Ok(Some(_lock)) = Lock::try_acquire(&path) {
            let _ = fs::remove_file(&path);
        }
    }
}

struct Environment {
    directory: PathBuf,
    record: Record,
    used: i64,
}

fn environments(cache: &Cache) -> Vec<Environment> {
    let all = entries(&cache.join("deps"));
    let all = all.iter().flat_map(|toolchain| entries(&toolchain.join("environments")));
    all.filter_map(|directory| {
        let path = directory.join("record");
        let used = fs::metadata(&path).map(|metadata| metadata.mtime());
        // One without a record is being built, or was abandoned while it was.
        let Ok(used) = used else {
            let used = fs::metadata(&directory).map(|metadata| metadata.mtime()).ok()?;
            return Some(Environment { directory, record: Record::default(), used });
        };
        let record = Record::read_any(&fs::read(&path).ok()?);
        Some(Environment { directory, record, used })
    })
    .collect()
}

fn files_below(path: &Path, depth: usize) -> Vec<PathBuf> {
    match depth {
        0 => vec![path.to_owned()],
        _ => entries(path).iter().flat_map(|entry| files_below(entry, depth - 1)).collect(),
    }
}
