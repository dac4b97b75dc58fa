//! Counts the builds that were made since the cache was, and the questions that were put to a remote one.
//!
//! A miss writes anyway, and adds one byte to `v1/misses`: the size of that file is their number, and no two processes can
//! lose each other's. A hit writes nothing, and is not counted: what is known of hits is when each binary was last used,
//! which the kernel notes by itself (to a day, on a file system mounted `relatime`; not at all on `noatime`).

use std::fs::File;
use std::io::Write;

use crate::store::cache::Cache;

/// What is counted, each in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    Misses,
    /// Misses that asked a remote cache.
    RemoteQuestions,
    /// Programs that were taken from it.
    RemoteHits,
    /// Questions that it did not answer, or not so that the answer could be believed.
    RemoteFailures,
}

impl Counted {
    fn file(self) -> &'static str {
        match self {
            Counted::Misses => "misses",
            Counted::RemoteQuestions => "remote-questions",
            Counted::RemoteHits => "remote-hits",
            Counted::RemoteFailures => "remote-failures",
        }
    }
}

/// Counts one. Best effort.
pub(crate) fn count(cache: &Cache, what: Counted) {
    let file = File::options().append(true).create(true).open(cache.join(what.file()));
    let _ = file.and_then(|mut file| file.write_all(b"."));
}

/// How many there were since the cache was made.
pub(crate) fn counted(cache: &Cache, what: Counted) -> u64 {
    std::fs::metadata(cache.join(what.file())).map_or(0, |file| file.len())
}
