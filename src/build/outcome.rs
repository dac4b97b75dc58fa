//! The outcome of one attempt at a build, and what every backend says of its failure.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use crate::base::error::{Error, Result, Step};
use crate::store::entry::Built;
use crate::store::trace::fact::Check;

/// The result of one attempt.
pub(crate) enum Outcome {
    Built(Built),
    /// This input changed during the build; the attempt has to be repeated.
    InputChanged(PathBuf),
}

/// Why an attempt has no program.
pub(crate) enum Interruption {
    /// This input changed during the build.
    InputChanged(PathBuf),
    Failed(Error),
}

impl From<Error> for Interruption {
    fn from(error: Error) -> Interruption {
        Interruption::Failed(error)
    }
}

impl Outcome {
    /// Tells an attempt that has to be repeated from one that failed.
    pub(crate) fn of(attempt: std::result::Result<Built, Interruption>) -> Result<Outcome> {
        match attempt {
            Ok(built) => Ok(Outcome::Built(built)),
            Err(Interruption::InputChanged(path)) => Ok(Outcome::InputChanged(path)),
            Err(Interruption::Failed(error)) => Err(error),
        }
    }
}

/// The facts of a trace, each once: those of the resolved recipe, then those that the compiler read. Also how many of the
/// first are no choices of the user's: by that [`crate::engine::shared_cache`] tells the two apart.
pub(crate) fn trace_facts(
    resolved: &[Check<'static>],
    read: impl IntoIterator<Item = Check<'static>>,
) -> (Vec<Check<'static>>, usize) {
    let mut all = resolved.to_vec();
    remove_repeats(&mut all);
    let decisions = all.iter().filter(|check| !check.choice).count();
    all.extend(read);
    remove_repeats(&mut all);
    (all, decisions)
}

fn remove_repeats(checks: &mut Vec<Check<'static>>) {
    let mut seen = FxHashSet::default();
    checks.retain(|check| {
        let mut text = Vec::new();
        check.render(&mut text);
        seen.insert(text)
    });
}

/// The error of a build whose staging directory was removed.
#[cold]
pub(crate) fn cache_removed() -> Error {
    Error::message(Step::Cache, "the cache was removed while it was compiled there")
}

/// The error of a build that failed because the disk of `directory` is full, as `cannot compile in the cache`; `None` if the
/// disk is not full.
#[cold]
pub(crate) fn disk_full(directory: &Path, messages: &str, what: &'static str) -> Option<Error> {
    let full = std::io::Error::from_raw_os_error(libc::ENOSPC);
    is_full(directory, messages).then(|| Error::new(Step::Cache, anyhow::Error::new(full).context(what)))
}

/// Whether a compiler that wrote to `directory` failed because the disk is full.
fn is_full(directory: &Path, messages: &str) -> bool {
    /// More than a linker maps of its output at a time.
    const LITTLE_ROOM_BYTES: u64 = 256 << 20;
    if messages.contains("No space left on device") || messages.contains("Disk quota exceeded") {
        return true;
    }
    // A linker that writes through a mapping is not told; it is killed.
    if messages.contains("[Bus error]")
        && let Ok(filesystem) = rustix::fs::statvfs(directory)
        && filesystem.f_bavail * filesystem.f_frsize < LITTLE_ROOM_BYTES
    {
        return true;
    }
    let probe = directory.join("room");
    let written = std::fs::write(&probe, vec![0; 1 << 16]);
    let _ = std::fs::remove_file(&probe);
    written.is_err_and(|error| {
        matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    })
}
