//! Counts the builds that were made since the cache was.
//!
//! A miss writes anyway, and adds one byte to `v1/misses`: the size of that file is their number, and no two processes can
//! lose each other's. A hit writes nothing, and is not counted: what is known of hits is when each binary was last used,
//! which the kernel notes by itself (to a day, on a file system mounted `relatime`; not at all on `noatime`).

use std::fs::File;
use std::io::Write;

use crate::store::cache::Cache;

const FILE: &str = "misses";

/// Counts a build. Best effort.
pub(crate) fn count_miss(cache: &Cache) {
    let file = File::options().append(true).create(true).open(cache.join(FILE));
    let _ = file.and_then(|mut file| file.write_all(b"."));
}

/// Builds since the cache was made.
pub(crate) fn misses(cache: &Cache) -> u64 {
    std::fs::metadata(cache.join(FILE)).map_or(0, |file| file.len())
}
