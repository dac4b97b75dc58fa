//! `runner rollback`: puts back the executable that the last upgrade replaced.
//!
//! The two change places, so that a second rollback takes the first one back. As with a promotion the receipt is written
//! first and names both, and the executable is renamed into place.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::base::digest::Digest;
use crate::base::error::{Error, Result, Step};
use crate::base::fs::cannot;
use crate::commands::installed::find;
use crate::commands::promote::previous::{self, Previous};
use crate::commands::promote::{lock, receipt};
use crate::engine::context::Context;

/// What a rollback put back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rollback {
    /// The executable's name.
    pub name: OsString,
    /// Where it is.
    pub path: PathBuf,
    /// The version of its package, or the beginning of its digest: as it is now, and as it was.
    pub now: String,
    /// As it was.
    pub before: String,
}

/// Puts back what the last promotion of a name replaced; with `dry_run` only tells.
///
/// # Errors
/// [`Step::Install`] if there is nothing to put back, or if the executable was modified and `force` is not given.
pub(crate) fn rollback(context: &Context, name: &OsStr, force: bool, dry_run: bool) -> Result<Rollback> {
    let receipts = receipt::directory(context.environment())?;
    let shown = name.to_string_lossy().into_owned();
    let _lock = lock(&receipts)?;
    let current = find(&receipts, name)?;
    let about = |error: Error| error.about(shown.clone());
    let Some(Previous { receipt: mut old, program }) = previous::find(&receipts, &current.path) else {
        return Err(about(
            Error::message(Step::Install, "nothing that it replaced is kept")
                .hint("the program that an upgrade replaces is kept, until the next one"),
        ));
    };
    let installed = Digest::of_file(&current.path).ok();
    if !force && installed.is_some_and(|digest| !current.is_ours(digest)) {
        let text = format!("`{}` is not what runner put there", current.path.display());
        return Err(about(Error::message(Step::Install, text).hint("`--force` replaces it all the same")));
    }
    let version = |receipt: &receipt::Receipt| {
        receipt.about("version").map_or_else(|| receipt.binary_digest.short(12), str::to_owned)
    };
    let result = Rollback {
        name: current.name.clone(),
        path: current.path.clone(),
        now: version(&old),
        before: version(&current),
    };
    if dry_run {
        return Ok(result);
    }
    // A copy first: what is kept is about to be replaced by what is installed now.
    let staged = program.with_extension("restored");
    let fail = |error| about(cannot("write", &current.path, error));
    previous::copy(&program, &staged).map_err(fail)?;
    if installed == Some(current.binary_digest) {
        previous::keep(&receipts, &current)?;
    }
    old.replaces = installed;
    old.write(&receipts)?;
    let put = previous::copy(&staged, &current.path).map_err(fail);
    let _ = std::fs::remove_file(&staged);
    put?;
    Ok(result)
}
