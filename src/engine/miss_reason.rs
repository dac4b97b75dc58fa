//! The reason of a cache miss: which input changed since the last build.

use std::fmt;
use std::path::PathBuf;

use crate::base::digest::Digest;
use crate::base::error::Result;
use crate::engine::context::Context;
use crate::engine::{recipe, trim};
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::build_request::BuildRequest;
use crate::settings::launch_key::launch_key;
use crate::store::cache::Cache;
use crate::store::entry::Found;
use crate::store::key::Key;
use crate::store::trace::change::Change;
use crate::store::trace::fact::path_of;
use crate::store::trace::{Tools, Trace};

/// What the next run of a script would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Execute this binary.
    Hit {
        /// Where it is.
        path: PathBuf,
        /// Whether it is a quick build, in whose place a release build will be put.
        is_provisional: bool,
    },
    /// Compile: it was never built here with these options, or that was trimmed.
    Never,
    /// Compile: these things are not as they were at the last build.
    Changed(Vec<Change>),
}

/// Compares the state of the world with the traces of a script.
pub(crate) fn why_in(context: &Context, cache: &Cache, script: &Script, options: &Options) -> Result<Why> {
    let launch = launch_key(script, options, context.environment());
    if script.package().is_some() {
        let why = why_at(context, cache, &[launch]);
        return Ok(why.unwrap_or(Why::Never));
    }
    let read = recipe::read(script, options, context.environment())?;
    let why = why_at(context, cache, &[launch, recipe::key(read.as_ref(), context.environment(), cache)]);
    Ok(why.unwrap_or_else(|| changed_script(cache, read.request())))
}

/// The same for the builds under some keys; `None` if there never was one.
pub(crate) fn why_at(context: &Context, cache: &Cache, ids: &[Key]) -> Option<Why> {
    let found: Vec<Found> =
        ids.iter().filter_map(|id| cache.peek(id, context.environment(), Tools::Checked)).collect();
    // A final build is taken before a provisional one.
    if let Some(found) = found.iter().find(|found| !found.provisional).or(found.first()) {
        return Some(Why::Hit { path: found.path.clone(), is_provisional: found.provisional });
    }
    for id in ids {
        if let Some(bytes) = cache.read_trace(id)
            && let Some(trace) = Trace::parse(id.digest(), &bytes)
            && let Some(variant) = trace.variants.first()
        {
            return Some(Why::Changed(variant.changes(cache.directory(), context.environment())));
        }
    }
    None
}

/// Compares with the latest build of the same path that was made from other bytes or with other options.
pub(crate) fn changed_script(cache: &Cache, request: &BuildRequest) -> Why {
    let Some(path) = request.script.path() else { return Why::Never };
    let Some(last) =
        trim::builds(cache).into_iter().filter(|build| build.script == path).max_by_key(|build| build.built)
    else {
        return Why::Never;
    };
    let now = Digest::of(request.script.bytes()).short(12);
    let mut changes = Vec::new();
    if last.source != now {
        changes.push(Change::new("script", path, &last.source, &now));
    }
    let options = request.options.describe();
    if last.options != options {
        changes.push(Change::new("options", path_of(b"options"), &last.options, &options));
    }
    if changes.is_empty() { Why::Never } else { Why::Changed(changes) }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Hit { path, is_provisional } => {
                write!(formatter, "cached as `{}`", path.display())?;
                let note = "; provisional: the next run starts a release build in the background";
                formatter.write_str(if *is_provisional { note } else { "" })
            }
            Why::Never => write!(formatter, "not built yet"),
            Why::Changed(changes) => {
                for (index, change) in changes.iter().enumerate() {
                    write!(formatter, "{}{change}", if index > 0 { "; " } else { "" })?;
                }
                Ok(())
            }
        }
    }
}
