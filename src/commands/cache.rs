//! `runner cache`: lists, measures, trims and cleans the cache.

use std::path::{Path, PathBuf};

use crate::base::environment::absolute;
use crate::base::error::Result;
use crate::base::fs::{Mode, size_of};
use crate::base::order;
use crate::engine::context::Context;
use crate::engine::trim::{self, CachedBuild, TrimReport};
use crate::request::limits::Limits;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::script::url::ScriptUrl;
use crate::store::cache::Cache;
use crate::store::stamp::Moment;
use crate::store::usage_counts::{Counted, counted};

/// How often the cache was of use, and what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Misses that asked the remote cache.
    pub remote_questions: u64,
    /// Programs that were taken from it.
    pub remote_hits: u64,
    /// Questions that it did not answer, or not so that the answer could be believed.
    pub remote_failures: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes of the binaries among them.
    pub binary_bytes: u64,
    /// Bytes of dependencies among them.
    pub dependency_bytes: u64,
    /// Milliseconds that the builds took that are cached.
    pub milliseconds: u64,
}

/// How often the cache was of use, and what it holds.
///
/// # Errors
/// [`crate::Step::Cache`] if it is not ours to read.
pub(crate) fn statistics(context: &Context) -> Result<Statistics> {
    const DAY: i64 = 86_400;
    let Some(cache) = context.existing_cache()? else { return Ok(Statistics::default()) };
    let builds = trim::distinct(trim::builds(&cache));
    let now = Moment::now().unix_seconds();
    let used_within = |age: i64| builds.iter().filter(|build| now - build.last_used < age).count() as u64;
    let mut scripts: Vec<_> = builds.iter().map(|build| &build.script).collect();
    order::sort(&mut scripts);
    scripts.dedup();
    Ok(Statistics {
        scripts: scripts.len() as u64,
        builds: builds.len() as u64,
        used_today: used_within(DAY),
        used_this_week: used_within(7 * DAY),
        misses: counted(&cache, Counted::Misses),
        remote_questions: counted(&cache, Counted::RemoteQuestions),
        remote_hits: counted(&cache, Counted::RemoteHits),
        remote_failures: counted(&cache, Counted::RemoteFailures),
        bytes: size_of_all(&cache),
        binary_bytes: size_of(&cache.join("bin")),
        dependency_bytes: size_of(&cache.join("deps")),
        milliseconds: builds.iter().map(|build| build.milliseconds).sum(),
    })
}

/// The directory of the cache, which need not exist.
///
/// # Errors
/// [`crate::Step::Cache`] if there is nowhere to keep one.
pub(crate) fn path(context: &Context) -> Result<PathBuf> {
    Ok(context.cache()?.root().to_owned())
}

/// Bytes of the cache on disk.
///
/// # Errors
/// [`crate::Step::Cache`] if it is not ours to read.
pub(crate) fn size(context: &Context) -> Result<u64> {
    Ok(context.existing_cache()?.map_or(0, |cache| size_of_all(&cache)))
}

/// Bytes of all of a cache, also of one that a link leads to.
fn size_of_all(cache: &Cache) -> u64 {
    size_of(&std::fs::canonicalize(cache.root()).unwrap_or_else(|_| cache.root().to_owned()))
}

/// Every cached build, most recently used first.
///
/// # Errors
/// [`crate::Step::Cache`] if it is not ours to read.
pub(crate) fn list(context: &Context) -> Result<Vec<CachedBuild>> {
    Ok(context.existing_cache()?.map_or_else(Vec::new, |cache| trim::distinct(trim::builds(&cache))))
}

/// Removes what was not used for long, then the least recently used beyond the size.
///
/// # Errors
/// [`crate::Step::Cache`] if it is not ours to change.
pub(crate) fn trim(context: &Context, limits: Limits) -> Result<TrimReport> {
    let cache = context.existing_cache()?;
    Ok(cache.map_or(TrimReport::default(), |cache| trim::trim(&cache, limits, Mode::Remove).1))
}

/// What `Runner::cache_trim` would remove: the builds, and what that comes to with all that only they need. Removes
/// nothing.
///
/// # Errors
/// [`crate::Step::Cache`] if it is not ours to read.
pub(crate) fn trimmable(context: &Context, limits: Limits) -> Result<(Vec<CachedBuild>, TrimReport)> {
    let cache = context.existing_cache()?;
    Ok(cache.map_or_else(Default::default, |cache| trim::trim(&cache, limits, Mode::Show)))
}

/// What a trim keeps to if nobody says otherwise: what `RUNNER_OLDER`, `RUNNER_MAX_SIZE` or the configuration say.
///
/// # Errors
/// [`crate::Step::Config`], and [`crate::Step::Arguments`] if a variable means nothing.
pub(crate) fn limits(context: &Context) -> Result<Limits> {
    Ok(crate::commands::env::layers(context, &Options::default())?.limits())
}

/// Removes everything, or every build of one script, which need not exist any more.
///
/// # Errors
/// [`crate::Step::Cache`] if it is not ours to change.
pub(crate) fn clean(context: &Context, script: Option<&Path>) -> Result<TrimReport> {
    let Some(cache) = context.existing_cache()? else { return Ok(TrimReport::default()) };
    let Some(script) = script else { return trim::clean(&cache, None) };
    let is_no_path =
        || Package::parse(script.as_os_str()).is_some() || ScriptUrl::parse(script.as_os_str()).is_some();
    if !script.exists() && is_no_path() {
        return trim::clean(&cache, Some(script));
    }
    let path = absolute(script.to_owned());
    let mut trimmed = trim::clean(&cache, Some(&path))?;
    if let Ok(real) = std::fs::canonicalize(&path)
        && real != path
    {
        let more = trim::clean(&cache, Some(&real))?;
        trimmed = TrimReport { builds: trimmed.builds + more.builds, bytes: trimmed.bytes + more.bytes };
    }
    Ok(trimmed)
}
