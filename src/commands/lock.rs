//! `runner lock`: writes `SCRIPT.lock`, or tells whether it fits.

use std::path::PathBuf;

use crate::base::error::{Error, Result, Step};
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::rust::deps::VersionChange;
use crate::rust::deps::lock::{self, Renewal};
use crate::script::script_file::Script;

/// What became of a lock.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LockResult {
    /// `SCRIPT.lock`.
    pub path: PathBuf,
    /// Whether it is, or would be, another than it was.
    pub is_changed: bool,
    /// Whether the script needs one.
    pub is_needed: bool,
    /// The packages that differ.
    pub changes: Vec<VersionChange>,
}

/// Renews the lock of a script as far as `renewal` says and its manifest needs; with `check` writes nothing.
///
/// # Errors
/// As [`crate::Runner::build`]; [`Step::Install`] if it cannot be written.
pub(crate) fn lock(
    context: &Context,
    script: &Script,
    options: &Options,
    renewal: Renewal,
    check: bool,
) -> Result<LockResult> {
    lock_inner(context, script, options, renewal, check).map_err(|error| error.about(script.display_name()))
}

fn lock_inner(
    context: &Context,
    script: &Script,
    options: &Options,
    renewal: Renewal,
    check: bool,
) -> Result<LockResult> {
    let environment = context.environment();
    let cache = context.cache()?;
    cache.create()?;
    let reporter = context.reporter(options.verbosity);
    let mut read = recipe::read_rust(script, options, environment)?;
    // Whoever asks for a lock has none that fits.
    read.request.options.locked = false;
    let rust = read.resolve(environment, &cache)?;
    let path = rust.adjacent_lock().ok_or_else(|| {
        Error::message(Step::Install, "a script that came through a pipe has no place for a lock")
            .hint("save it first")
    })?;
    let lock = lock::renewed(&rust, &cache, environment, &reporter, renewal)?;
    let is_changed = !lock.is_current();
    if is_changed && !check {
        lock::write(&path, lock.new.as_deref())?;
    }
    Ok(LockResult { path, is_changed, is_needed: lock.new.is_some(), changes: lock.changes() })
}
