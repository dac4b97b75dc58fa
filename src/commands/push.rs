//! `runner cache push`: builds a script, builds it a second time with nothing but its recorded inputs, and adds the program to
//! the remote cache.

use crate::base::error::{At, Error, Result, Step};
use crate::build::backend::Host;
use crate::engine::context::Context;
use crate::engine::remote::question::Question;
use crate::engine::remote::server::{self, Server, directory};
use crate::engine::sealed_build::{self, First};
use crate::engine::{prepare, recipe};
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::store::staging::Staging;
use crate::store::trace::{Tools, Trace};

/// Adds the program of a script to the remote cache.
///
/// # Errors
/// As [`crate::Runner::build`]; [`Step::Cache`] if the settings do not allow it or the server does not take it, or if
/// a second build gave another program.
pub(crate) fn push(context: &Context, script: &Script, options: &Options) -> Result<()> {
    push_inner(context, script, options).map_err(|error| error.about(script.display_name()))
}

/// Why the remote cache is left alone at present.
///
/// # Errors
/// [`Step::Cache`] if the cache is not ours to read.
pub(crate) fn recent_failure(context: &Context) -> Result<Option<String>> {
    Ok(context.existing_cache()?.and_then(|cache| server::recent_failure(&cache)))
}

fn push_inner(context: &Context, script: &Script, options: &Options) -> Result<()> {
    let environment = context.environment();
    let options = &Options { optimal: true, ..options.clone() };
    let read = recipe::read(script, options, environment)?;
    let request = read.request();
    let cache = context.cache()?;
    let refused =
        |why: &str| Error::message(Step::Cache, format!("cannot push: {why}")).hint("`runner help cache`");
    if Server::of(&request.layers, environment, &cache).is_none() {
        return Err(refused("`remote` is not set"));
    }
    if request.layers.is_on("remote-write") != Some(true) {
        return Err(refused("`remote-write` is not set"));
    }
    let key = directory(&request.layers, "remote-key");
    let key = key.ok_or_else(|| refused("`remote-key` names no file by an absolute path"))?;
    // Held, so that no trim takes it.
    let _program = prepare::build(context, script, options)?;
    let resolved = read.resolve(environment, &cache)?;
    let reporter = context.reporter(options.verbosity);
    let host = Host { environment, cache: &cache, reporter: &reporter };
    let question = Question::of(resolved.as_ref(), host).map_err(refused)?;
    let home = resolved.key();
    let bytes = cache.read_trace(&home).unwrap_or_default();
    let trace = Trace::parse(home.digest(), &bytes);
    let current =
        trace.as_ref().and_then(|trace| trace.current(cache.directory(), environment, Tools::Checked));
    let (Some(trace), Some(current)) = (trace, current) else {
        return Err(refused("the cache keeps no build of it"));
    };
    let Some(variant) = trace.variants.get(current.variant).filter(|variant| !variant.provisional) else {
        return Err(refused("the cache keeps a provisional build of it only"));
    };
    let path = cache.join(crate::store::trace::fact::path_of(&variant.binary.path));
    let program = std::fs::read(&path).at(Step::Cache)?;
    let first = First {
        script: &request.script,
        options,
        config: &request.config,
        variant,
        is_bound: question.is_bound(variant, &program, host),
        lock: question.lock.as_deref(),
    };
    sealed_build::verify(context, &cache, first)?;
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    question.add(variant, &path, &key, staging.path(), host).map_err(|why| refused(&why))
}
