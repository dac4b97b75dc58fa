//! The status of a script's program in the cache, for hosts that ask before they build.
//!
//! Only files are read: no process is started, no lock taken, nothing written. A target that a script names is taken for another
//! machine, since only its compiler could tell.

use crate::base::error::{At, Result, Step};
use crate::commands::artifact::{Inputs, provenance_at};
use crate::engine::context::Context;
use crate::engine::launch_options::LaunchOptions;
use crate::engine::miss_reason::{Why, changed_script, why_at};
use crate::engine::program::Program;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::trace::Tools;
use crate::store::trace::change::Change;

/// What a build of a script would do now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Status {
    /// Nothing: its program is there, and these are the inputs it rests on.
    Current {
        /// The program.
        program: Program,
        /// What it was made from, apart from the script.
        inputs: Inputs,
    },
    /// Nothing: a quick build is there, in whose place a release build will be put.
    Provisional {
        /// The quick build.
        program: Program,
        /// What it was made from, apart from the script.
        inputs: Inputs,
    },
    /// Compile: these things are not as they were at the last build.
    Stale(Vec<Change>),
    /// Compile: it was never built here with these options, or that was trimmed.
    Never,
}

/// Looks a script up in the cache.
///
/// # Errors
/// [`Step::Cache`] if the cache cannot be used; [`Step::Metadata`] and [`Step::Script`] if the script could not be built.
pub(crate) fn status(context: &Context, script: &Script, options: &Options) -> Result<Status> {
    look(context, script, options).map_err(|error| error.about(script.display_name()))
}

fn look(context: &Context, script: &Script, options: &Options) -> Result<Status> {
    let quiet = &context.without_named_programs();
    let launch = launch_key(script, options, context.environment());
    let Some(cache) = context.existing_cache()? else {
        // What the script is has to be right all the same.
        return recipe::read(script, options, quiet.environment()).map(|_| Status::Never);
    };
    if let Some(status) = at(context, &cache, &launch, script, options)? {
        return Ok(status);
    }
    let read = recipe::read(script, options, quiet.environment())?;
    let content = read.request().key_without_compiler();
    if let Some(status) = at(context, &cache, &content, script, options)? {
        return Ok(status);
    }
    let why = why_at(quiet, &cache, &[launch, content]);
    Ok(match why.unwrap_or_else(|| changed_script(&cache, read.request())) {
        Why::Changed(changes) => Status::Stale(changes),
        // Somebody has built it meanwhile, or trimmed it.
        Why::Never | Why::Hit { .. } => Status::Never,
    })
}

/// The program under a key, held open.
fn at(
    context: &Context,
    cache: &Cache,
    key: &Key,
    script: &Script,
    options: &Options,
) -> Result<Option<Status>> {
    let Some(found) = cache.peek(key, context.environment(), Tools::Checked) else { return Ok(None) };
    let is_provisional = found.provisional;
    let program =
        Program::cached(script, found, LaunchOptions::of(options, context)).hold().at(Step::Execute)?;
    let inputs = Inputs::of(&provenance_at(context, cache, key).checks);
    Ok(program.map(|program| match is_provisional {
        true => Status::Provisional { program, inputs },
        false => Status::Current { program, inputs },
    }))
}
