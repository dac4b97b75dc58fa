//! Statistics: how often the cache was of use.
//!
//! A miss writes anyway, and adds one byte to `v1/misses`: the size of that file is their number, and no two processes can
//! lose each other's. A hit writes nothing, and is not counted: what is known of hits is when each binary was last used,
//! which the kernel notes by itself (to a day, on a file system mounted `relatime`; not at all on `noatime`). Who wants
//! hits counted sets `RUNNER_STATS=1`: then each adds its byte to `v1/hits`, at the price of the long way through
//! [`crate::engine::runner`] and of that write.

use std::fs::{self, File};
use std::io::Write;

use crate::base::error::Result;
use crate::base::small_sort;
use crate::engine::runner::Runner;
use crate::engine::trim;
use crate::store::cache::Cache;
use crate::store::stamp::{Moment, Stamp};

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    Hit,
    Miss,
}

impl Event {
    fn file(self) -> &'static str {
        match self {
            Event::Hit => "hits",
            Event::Miss => "misses",
        }
    }
}

/// How often the cache was of use, and what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Scripts with a cached build.
    pub scripts: u64,
    /// Cached builds: a script has one for each profile, toolchain and state of its inputs.
    pub builds: u64,
    /// How many of them were used within a day, as far as the file system tells.
    pub used_today: u64,
    /// How many of them were used within seven days.
    pub used_this_week: u64,
    /// Builds since the cache was made.
    pub misses: u64,
    /// Runs that found their binary, as far as they were counted; `None` if none ever was.
    pub hits: Option<u64>,
    /// When the first of those was, in seconds since the epoch.
    pub hits_since: i64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes of the binaries among them.
    pub binary_bytes: u64,
    /// Bytes of dependencies among them.
    pub dependency_bytes: u64,
    /// Milliseconds that the builds took that are cached.
    pub milliseconds: u64,
}

/// Counts an event. Best effort.
pub(crate) fn count(cache: &Cache, event: Event) {
    let path = cache.join(event.file());
    let is_new = matches!(event, Event::Hit) && !path.exists();
    if is_new {
        // When it began, which appending does not change.
        let _ = fs::write(cache.join("hits-since"), Moment::now().unix_seconds().to_string());
    }
    let _ = File::options().append(true).create(true).open(path).and_then(|mut file| file.write_all(b"."));
}

impl Runner {
    /// Whether hits are counted.
    pub(crate) fn counts_hits(&self) -> bool {
        self.environment().set("RUNNER_STATS").is_some_and(|value| value != "0")
    }

    /// How often the cache was of use, and what it holds.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if it is not ours to read.
    pub fn cache_statistics(&self) -> Result<Statistics> {
        const DAY: i64 = 86_400;
        let Some(cache) = self.existing_cache()? else { return Ok(Statistics::default()) };
        let builds = trim::distinct(trim::builds(&cache));
        let now = Moment::now().unix_seconds();
        let used_within = |age: i64| builds.iter().filter(|build| now - build.last_used < age).count() as u64;
        let size =
            |event: Event| fs::metadata(cache.join(event.file())).ok().map(|file| Stamp::of(&file).size);
        let mut scripts: Vec<_> = builds.iter().map(|build| &build.script).collect();
        small_sort::sort(&mut scripts);
        scripts.dedup();
        let hits_since = fs::read_to_string(cache.join("hits-since")).ok().and_then(|text| text.parse().ok());
        Ok(Statistics {
            scripts: scripts.len() as u64,
            builds: builds.len() as u64,
            used_today: used_within(DAY),
            used_this_week: used_within(7 * DAY),
            misses: size(Event::Miss).unwrap_or(0),
            hits: size(Event::Hit),
            hits_since: hits_since.unwrap_or(0),
            bytes: trim::size_of(cache.root()),
            binary_bytes: trim::size_of(&cache.join("bin")),
            dependency_bytes: trim::size_of(&cache.join("deps")),
            milliseconds: builds.iter().map(|build| build.milliseconds).sum(),
        })
    }
}
