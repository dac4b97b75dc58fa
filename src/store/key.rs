//! The key of a script or package, which names its trace and its lock in the cache.
//!
//! A *launch key* is computed on every run, from almost nothing; a *content key* spells out all that was asked for, wherever
//! it was said, and so is shared by every launch that asks for the same. `settings::launch_key` computes both.

use crate::base::digest::Digest;

/// Names a trace, and the lock of those who write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(Digest);

impl Key {
    pub(crate) fn new(digest: Digest) -> Key {
        Key(digest)
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.0
    }
}
