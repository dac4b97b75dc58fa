//! `build --cache` and `runner update`: builds ahead of a run, and newer dependencies.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::engine::context::Context;
use crate::engine::{recipe, trim};
use crate::packages::recipe::{PackageRecipe, PackageRequest};
use crate::packages::resolve::{self, Resolved};
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::rust::deps::{self, VersionChange};
use crate::script::script_file::Script;

/// Builds scripts into the cache, as many at once as there are processors, so that their first run is a hit. One result
/// a script, in order; or one for all if there is no cache to build into.
pub(crate) fn prebuild(context: &Context, scripts: &[Script], options: &Options) -> Vec<Result<()>> {
    let options = Options { optimal: true, ..options.clone() };
    // A run does without a cache; here there would be nothing to show for it.
    let usable = || context.cache()?.create();
    if let Err(error) = usable() {
        return vec![Err(error)];
    }
    in_parallel(scripts, |script| {
        let program = crate::engine::prepare::prepare(context, script, &options)?;
        program.path().map(drop).ok_or_else(|| {
            Error::message(
                Step::Cache,
                "nothing was cached: the cache could not be used, or `--temp` was given",
            )
            .about(script.display_name())
        })
    })
}

/// Does one thing with each script, with as many at once as there are processors. One result a script, in order.
pub(crate) fn in_parallel<T: Send>(scripts: &[Script], work: impl Fn(&Script) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(scripts.len());
    let work_on = || {
        let mut done = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(script) = scripts.get(index)
        {
            done.push((index, work(script)));
        }
        done
    };
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work_on)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    order::sort_by_key(&mut done, |(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Resolves the dependencies of a script to the newest versions that fit, and tells what changed. They are kept in
/// `SCRIPT.lock` if that is there or `write_lock` asks for it; else in the cache, for this manifest.
///
/// # Errors
/// As [`crate::Runner::build`]; [`Step::Install`] if `SCRIPT.lock` cannot be written.
pub(crate) fn update(
    context: &Context,
    script: &Script,
    options: &Options,
    write_lock: bool,
) -> Result<Vec<VersionChange>> {
    if let Some(package) = script.package() {
        return update_package(context, script, package, options)
            .map_err(|error| error.about(script.display_name()));
    }
    update_inner(context, script, options, write_lock).map_err(|error| error.about(script.display_name()))
}

fn update_inner(
    context: &Context,
    script: &Script,
    options: &Options,
    write_lock: bool,
) -> Result<Vec<VersionChange>> {
    let cache = context.cache()?;
    cache.create()?;
    if let Some(context) = context.with_cargo_home(&cache) {
        return update_inner(&context, script, options, write_lock);
    }
    let reporter = context.reporter(options.verbosity);
    let read = recipe::read_rust(script, options, context.environment())?;
    let rust = read.resolve(context.environment(), &cache)?;
    if !rust.needs_cargo() {
        return Ok(Vec::new());
    }
    if write_lock && script.path().is_none() {
        return Err(Error::message(
            Step::Install,
            "a script that came through a pipe has no place for a lock",
        ));
    }
    let updated = deps::update(&rust, &cache, context.environment(), &reporter, write_lock)?;
    if let Some(path) = rust.script.path().filter(|_| !updated.is_empty()) {
        // Its builds rest on the versions of before, and no check knows of them.
        trim::clean(&cache, Some(path))?;
    }
    Ok(updated)
}

/// Resolves a package anew; what changed.
fn update_package(
    context: &Context,
    script: &Script,
    package: &Package,
    options: &Options,
) -> Result<Vec<VersionChange>> {
    let cache = context.cache()?;
    cache.create()?;
    if let Some(context) = context.with_cargo_home(&cache) {
        return update_package(&context, script, package, options);
    }
    let request = PackageRequest::read(script, package, options, context.environment())?;
    let recipe = PackageRecipe::resolve(&request, context.environment(), &cache)?;
    let reporter = context.reporter(recipe.options.verbosity);
    if let Some(version) = package.version() {
        return Err(Error::message(Step::Arguments, format!("version {version} is asked for, and no other"))
            .hint(format!("`runner update {}@latest`", package.name())));
    }
    let old = Resolved::recorded(&recipe, &cache, context.environment());
    let new = match options.debug.is_dry_run {
        true => resolve::ask(&recipe, &cache, context.environment(), &reporter)?,
        false => Resolved::renew(&recipe, &cache, context.environment(), &reporter)?.version,
    };
    let updated = VersionChange {
        name: package.name().to_owned(),
        old: old.map(|old| old.version.to_string()).unwrap_or_default(),
        new: new.to_string(),
    };
    Ok(if updated.old == updated.new { Vec::new() } else { vec![updated] })
}
