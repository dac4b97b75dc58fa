//! What the compiler has left for the next edit.

use std::path::PathBuf;

use crate::support::sandbox::Sandbox;

/// What the compiler has left.
pub fn state(sandbox: &Sandbox) -> Vec<PathBuf> {
    let files = sandbox.cached("incremental").into_iter();
    let is_state = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "state");
    files.filter(is_state).map(|path| sandbox.cache().join("v1/incremental").join(path)).collect()
}
