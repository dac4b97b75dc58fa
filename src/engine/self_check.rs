//! `RUNNER_VERIFY=1`: rebuilds on a cache hit and compares with the cached binary.
//!
//! A provisional build is not compared: what it is compared with would not be what takes its place.
//!
//! A compiler that is not deterministic, or an input no check knows of, shows as a difference.

use crate::base::digest::Digest;
use crate::base::error::{At, Error, Result, Step};
use crate::build::backend::Host;
use crate::engine::build_settled::build_settled;
use crate::engine::confined_build::Confined;
use crate::engine::context::Context;
use crate::engine::{background, recipe};
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::store::cache::Cache;
use crate::store::entry::Found;
use crate::store::staging::Staging;

/// Whether the caller wants hits to be proved.
pub(crate) fn is_on(context: &Context) -> bool {
    context.environment().set("RUNNER_VERIFY").is_some_and(|value| value != "0")
}

/// Builds the script again, and fails if that gives another binary than the one that was found.
#[cold]
pub(crate) fn verify_hit(
    context: &Context,
    cache: &Cache,
    script: &Script,
    options: &Options,
    found: &Found,
) -> Result<()> {
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let read = recipe::read(script, options, context.environment())?;
    let confined = Confined::of(context.environment(), cache, read.request(), options)?;
    let environment = confined.as_ref().map_or(context.environment(), |confined| &confined.environment);
    let reporter = context.reporter(options.verbosity).supervised(environment.supervision().clone());
    let resolved = read.resolve(environment, cache)?.anew();
    let resolved = match found.provisional {
        true => background::choose(resolved, cache, environment),
        false => resolved,
    };
    let host = Host { environment, cache, reporter: &reporter };
    let built = build_settled(resolved.as_ref(), staging.path(), host)?;
    let fresh = Digest::of_file(&built.output).at(Step::Compile)?;
    if fresh == found.digest {
        reporter.verbose(|| {
            format!("{}: verified: a fresh build gives the cached binary", script.display_name())
        });
        return Ok(());
    }
    let text = format!(
        "the cached binary ({}) is not what a fresh build gives ({})",
        found.digest.short(12),
        fresh.short(12)
    );
    Err(Error::message(Step::Compile, text).hint(
        "`--force` replaces it; an input no tool can see belongs under `inputs` in `[package.metadata.runner]`",
    ))
}
