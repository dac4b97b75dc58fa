//! The captured rustc call of a dependency environment.

use std::ffi::OsString;

use crate::rust::deps::artifacts::are_untouched;
use crate::store::cache::Cache;
use crate::store::trace::fact::Check;

/// How rustc is called for the script, apart from the script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: Vec<(OsString, OsString)>,
    pub(crate) checks: Vec<Check<'static>>,
    /// The packages that were compiled for it: see [`crate::build::record::Dependency`].
    pub(crate) packages: Vec<OsString>,
    /// The digest of the lock.
    pub(crate) lock: Option<String>,
    /// What `SCRIPT.lock` lacks, if it does not fit.
    pub(crate) misfit: Option<String>,
    /// What must be untouched in the cache for the call to work.
    pub(crate) artifacts: Vec<OsString>,
}

impl Call {
    /// A call that needs nothing but the compiler.
    pub(crate) fn plain(arguments: Vec<OsString>, variables: Vec<(OsString, OsString)>) -> Call {
        Call { arguments, variables, ..Call::default() }
    }

    /// Whether what it needs has gone since it was looked up (another process cleaned the cache).
    pub(crate) fn is_broken(&self, cache: &Cache) -> bool {
        !are_untouched(cache.directory(), &self.artifacts)
    }
}

/// `NAME=VALUE`, as an environment and a record have it.
pub(crate) fn split_variable(text: &OsString) -> Option<(OsString, OsString)> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bytes = text.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    Some((OsString::from_vec(bytes[..at].to_vec()), OsString::from_vec(bytes[at + 1..].to_vec())))
}
