//! What a build rested on, where no trace says it.

use crate::store::trace::fact::Check;

/// What a build rested on, and what is told of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provenance {
    pub(crate) checks: Vec<Check<'static>>,
    pub(crate) about: Vec<(String, String)>,
}
