//! Replaces the text of a script: `add`, `remove`, `migrate`.
//!
//! What is on disk must still be what was read. The new text is written beside it and renamed, with the mode and the owner
//! of the old one, through links to the file itself: see [`crate::base::named_output`]. Killed at any moment, the old text
//! or the new one is there.

use crate::base::error::{Error, Result, Step};
use crate::base::named_output::{self, Permission};
use crate::script::script_file::Script;

/// Replaces the text of a script; whether it had to change.
///
/// # Errors
/// [`Step::Script`] if the script is no file, was changed meanwhile, or cannot be replaced.
pub(crate) fn replace(script: &Script, text: &str) -> Result<bool> {
    let Some(path) = script.real_path().filter(|_| !script.is_fetched()) else { return Err(no_file()) };
    if text.as_bytes() == script.bytes() {
        return Ok(false);
    }
    if !script.is_unchanged() {
        return Err(Error::message(Step::Script, "it was changed while it was rewritten"));
    }
    named_output::write(path, Permission::OfText, &mut text.as_bytes()).map_err(|error| {
        let what = format!("cannot replace `{}`", path.display());
        Error::new(Step::Script, anyhow::Error::new(error).context(what))
    })?;
    Ok(true)
}

/// Refuses a script that is no file.
///
/// # Errors
/// [`Step::Script`].
pub(crate) fn require_file(script: &Script) -> Result<()> {
    script.real_path().filter(|_| !script.is_fetched()).map_or_else(|| Err(no_file()), |_| Ok(()))
}

#[cold]
fn no_file() -> Error {
    Error::message(Step::Script, "there is no file to rewrite")
}
