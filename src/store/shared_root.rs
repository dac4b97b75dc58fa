//! The root of the machine's shared cache, which `RUNNER_CACHE_SYSTEM` names: what lies below it, and who may have put it
//! there. `engine::shared_cache` says how it is used.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::base::environment::Environment;

/// The variable that names it.
pub(crate) const VARIABLE: &str = "RUNNER_CACHE_SYSTEM";

/// Whether a binary lies in the shared cache as it is named now.
pub(crate) fn has(path: &Path, environment: &Environment) -> bool {
    environment.set(VARIABLE).is_some_and(|root| path.starts_with(Path::new(&root).join("v1/bin")))
}

/// Whether what lies there may be executed, or believed.
pub(crate) fn is_trusted(metadata: &Metadata) -> bool {
    is_ours_or_roots(metadata) && !metadata.is_symlink() && metadata.mode() & 0o022 == 0
}

/// Whether it belongs to this user or to root.
pub(crate) fn is_ours_or_roots(metadata: &Metadata) -> bool {
    metadata.uid() == 0 || metadata.uid() == rustix::process::geteuid().as_raw()
}
