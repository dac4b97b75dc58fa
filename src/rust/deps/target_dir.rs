//! Lanes: cargo's target directories, several for each toolchain, so that cold scripts do not wait for each
//! other.
//!
//! Cargo holds a lock on a target directory for a whole build. All scripts of a toolchain share one directory, so that
//! what one has built another finds; but a script that comes while it is busy takes the next lane, and builds there what
//! it does not find. Which crates are compiled twice for it is the price of not waiting minutes for a stranger.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::fs::{Mode, remove_in};
use crate::base::order;
use crate::report::lock_notice::patiently;
use crate::report::reporter::Reporter;
use crate::rust::toolchain::Toolchain;
use crate::script::script_file::Script;
use crate::store::cache::Cache;
use crate::store::lock::Lock;
use crate::store::sealed_record::Record;

/// As many cold builds at once as can be useful.
const LANES: usize = 4;

/// A target directory that is ours for now.
pub(crate) struct Lane {
    path: PathBuf,
    name: String,
    _lock: Lock,
}

impl Lane {
    /// The first lane nobody uses; if all are in use, waits for the first.
    pub(crate) fn enter(
        cache: &Cache,
        toolchain: &Toolchain,
        is_trimmed: bool,
        reporter: &Reporter,
        script: &Script,
    ) -> io::Result<Lane> {
        for index in 0..LANES {
            let (path, name) = place(cache, toolchain, is_trimmed, index)?;
            if let Some(lock) = Lock::try_acquire(&path.join("lock"))? {
                return Ok(Lane { path, name, _lock: lock });
            }
        }
        let (path, name) = place(cache, toolchain, is_trimmed, 0)?;
        let lock = Lock::acquire(&path.join("lock"), patiently(reporter, script))?;
        Ok(Lane { path, name, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Relative to the cache.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until all that was built is on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        let directory = fs::File::open(&self.path)?;
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::fs::syncfs(directory) {
            match error {
                // A sandbox that does not know the call, or a filter that refuses it: every file system, then.
                rustix::io::Errno::NOSYS | rustix::io::Errno::PERM => rustix::fs::sync(),
                error => return Err(error.into()),
            }
        }
        #[cfg(not(target_os = "linux"))]
        directory.sync_all().map(|()| rustix::fs::sync())?;
        Ok(())
    }
}

/// The lane that a build takes if nobody else builds.
pub(super) fn first(cache: &Cache, toolchain: &Toolchain, is_trimmed: bool) -> PathBuf {
    cache.join(name_of(toolchain, is_trimmed, 0))
}

fn name_of(toolchain: &Toolchain, is_trimmed: bool, index: usize) -> String {
    let kind = if is_trimmed { "trimmed-" } else { "" };
    format!("deps/{}/lane-{kind}{index}", toolchain.id)
}

fn place(
    cache: &Cache,
    toolchain: &Toolchain,
    is_trimmed: bool,
    index: usize,
) -> io::Result<(PathBuf, String)> {
    let name = name_of(toolchain, is_trimmed, index);
    let path = cache.join(&name);
    cache.make_directory(&path)?;
    Ok((path, name))
}

/// Where a lane keeps what was observed to be read (see `reads`).
pub(super) const READS: &str = "reads";

/// Where cargo puts the artifacts of a profile.
pub(super) const PARTS: &[&str] = &["deps", "build", ".fingerprint", "incremental", "examples"];

/// Removes from every lane nobody uses the artifacts that no environment in `alive` names, and returns the bytes freed.
///
/// An artifact of cargo's is all the files and directories whose names end in the same `-HASH`.
pub(crate) fn sweep(cache: &Cache, alive: &[Record], mode: Mode) -> u64 {
    let artifacts = alive.iter().flat_map(|record| record.all("artifact"));
    let named =
        order::set(artifacts.filter_map(|artifact| hash_of(&artifact.to_string_lossy()).map(str::to_owned)));
    let is_unnamed = |hash: Option<&str>| !hash.is_some_and(|hash| named.contains(hash));
    let mut freed = 0;
    for lane in lanes(cache) {
        if mode == Mode::Show {
            freed += remove_where(&lane, is_unnamed, mode);
            continue;
        }
        let Ok(Some(lock)) = Lock::try_acquire(&lane.join("lock")) else { continue };
        // Without locks nobody knows whether a build is going on; only who empties the cache does not ask.
        if lock.is_exclusive() || alive.is_empty() {
            freed += remove_where(&lane, is_unnamed, mode);
            freed += remove_unused_reads(cache, &lane);
        }
    }
    freed
}

/// Removes what was read for artifacts that are all gone.
fn remove_unused_reads(cache: &Cache, lane: &Path) -> u64 {
    let is_used = |path: &PathBuf| {
        let record = Record::read_any(&fs::read(path).unwrap_or_default());
        let artifacts = record.all("artifact");
        artifacts.iter().any(|artifact| path_of(artifact, cache).is_some_and(|path| path.exists()))
    };
    let unused = entries(&lane.join(READS)).into_iter().filter(|path| !is_used(path));
    unused.map(|path| remove_in(Mode::Remove, &path)).sum()
}

/// Where an artifact is that a record has as `STAMP PATH`.
pub(super) fn path_of(artifact: &OsStr, cache: &Cache) -> Option<PathBuf> {
    Some(cache.join(artifact.to_str()?.split_once(' ')?.1))
}

/// What cargo keeps the artifacts of each profile in: a directory of the lane, or for another target one of its directory.
pub(super) fn profiles(lane: &Path) -> Vec<PathBuf> {
    let mut found = directories(lane);
    let is_part = |path: &PathBuf| PARTS.iter().any(|part| path.ends_with(part));
    let of_targets: Vec<PathBuf> =
        found.iter().flat_map(|target| directories(target)).filter(|path| !is_part(path)).collect();
    found.extend(of_targets);
    found
}

/// Removes the artifacts of a lane whose hash (of their name, if there is one in it) `goes`; returns the bytes freed.
pub(super) fn remove_where(lane: &Path, goes: impl Fn(Option<&str>) -> bool, mode: Mode) -> u64 {
    let mut freed = 0;
    for profile in profiles(lane) {
        for part in PARTS {
            for entry in entries(&profile.join(part)) {
                if goes(entry.file_name().and_then(OsStr::to_str).and_then(hash_of)) {
                    freed += remove_in(mode, &entry);
                }
            }
        }
    }
    freed
}

/// What runs of cargo were observed to read in all lanes.
pub(crate) fn all_reads(cache: &Cache) -> Vec<PathBuf> {
    lanes(cache).iter().flat_map(|lane| entries(&lane.join(READS))).collect()
}

fn lanes(cache: &Cache) -> Vec<PathBuf> {
    let toolchains = directories(&cache.join("deps"));
    let is_lane =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lane-"));
    toolchains.iter().flat_map(|toolchain| directories(toolchain)).filter(is_lane).collect()
}

pub(super) fn entries(path: &Path) -> Vec<PathBuf> {
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn directories(path: &Path) -> Vec<PathBuf> {
    entries(path).into_iter().filter(|entry| is_directory(entry)).collect()
}

/// `0123456789abcdef` of `…/libregex-0123456789abcdef.rlib` or `…/build/x-0123456789abcdef/out`.
pub(super) fn hash_of(path: &str) -> Option<&str> {
    path.split(['/', '.']).rev().find_map(|part| {
        let (_, hash) = part.rsplit_once('-')?;
        (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_known_by_their_hash() {
        let hash = Some("0123456789abcdef");
        for name in [
            "lane-0/release/deps/libregex-0123456789abcdef.rlib",
            "regex-0123456789abcdef.d",
            "libserde_derive-0123456789abcdef.so",
            "lane-0/release/build/x-0123456789abcdef/build-script-build",
            "serde-core-0123456789abcdef",
        ] {
            assert_eq!(hash_of(name), hash, "{name}");
        }
        for name in ["libregex.rlib", "x-0123", "x-0123456789abcdeg"] {
            assert_eq!(hash_of(name), None, "{name}");
        }
    }
}
