//! Lanes: cargo's target directories, so many that two cold scripts need not wait for each other.
//!
//! Cargo holds a lock on a target directory for a whole build. All scripts of a toolchain share one directory, so that
//! what one has built another finds; but a script that comes while it is busy takes the next lane, and builds there what
//! it does not find. Which crates are compiled twice for it is the price of not waiting minutes for a stranger.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::error::{At, Result, Step};
use crate::lock::Lock;
use crate::record::Record;
use crate::screen::Screen;
use crate::script::Script;
use crate::wait::patiently;

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
    pub(super) fn enter(cache: &Cache, toolchain: &str, screen: &Screen, script: &Script) -> Result<Lane> {
        let parent = cache.join("deps").join(toolchain);
        for index in 0..LANES {
            let (path, name) = place(&parent, toolchain, index).at(Step::Dependencies)?;
            if let Some(lock) = Lock::try_acquire(&path.join("lock")).at(Step::Dependencies)? {
                return Ok(Lane { path, name, _lock: lock });
            }
        }
        let (path, name) = place(&parent, toolchain, 0).at(Step::Dependencies)?;
        let lock = Lock::acquire(&path.join("lock"), patiently(screen, script)).at(Step::Dependencies)?;
        Ok(Lane { path, name, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Relative to the cache.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

fn place(parent: &Path, toolchain: &str, index: usize) -> io::Result<(PathBuf, String)> {
    let path = parent.join(format!("lane-{index}"));
    fs::create_dir_all(&path)?;
    Ok((path, format!("deps/{toolchain}/lane-{index}")))
}

/// Removes from every lane nobody uses the artifacts that no environment in `alive` names, and returns the bytes freed.
///
/// An artifact of cargo's is all the files and directories whose names end in the same `-HASH`.
pub(crate) fn sweep(cache: &Cache, alive: &[Record]) -> io::Result<u64> {
    let named: Vec<String> = alive
        .iter()
        .flat_map(|record| record.all("artifact"))
        .filter_map(|artifact| hash_of(&artifact.to_string_lossy()).map(str::to_owned))
        .collect();
    let mut freed = 0;
    for lane in lanes(cache) {
        let Ok(Some(_lock)) = Lock::try_acquire(&lane.join("lock")) else { continue };
        for profile in directories(&lane) {
            for part in ["deps", "build", ".fingerprint", "incremental", "examples"] {
                let Ok(entries) = fs::read_dir(profile.join(part)) else { continue };
                for entry in entries.flatten() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    let is_alive = hash_of(&name).is_some_and(|hash| named.iter().any(|named| named == hash));
                    if !is_alive {
                        freed += crate::trim::remove(&entry.path());
                    }
                }
            }
        }
    }
    Ok(freed)
}

fn lanes(cache: &Cache) -> Vec<PathBuf> {
    let toolchains = directories(&cache.join("deps"));
    let is_lane =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lane-"));
    toolchains.iter().flat_map(|toolchain| directories(toolchain)).filter(is_lane).collect()
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

/// `0123456789abcdef` of `…/libregex-0123456789abcdef.rlib` or `…/build/x-0123456789abcdef/out`.
fn hash_of(path: &str) -> Option<&str> {
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
