//! `runner why`: explains whether the next run is a cache hit, and why not.

use crate::base::error::Result;
use crate::engine::context::Context;
use crate::engine::miss_reason::{Why, why_in};
use crate::request::options::Options;
use crate::script::script_file::Script;

/// Tells whether the next run of a script would be a hit, without running or building anything.
///
/// # Errors
/// [`crate::Step::Cache`] if the cache cannot be used; [`crate::Step::Metadata`] and [`crate::Step::Script`] if the script
/// could not be built either.
pub(crate) fn why(context: &Context, script: &Script, options: &Options) -> Result<Why> {
    let context = &context.without_named_programs();
    let cache = context.cache()?;
    if !cache.exists()? {
        return Ok(Why::Never);
    }
    why_in(context, &cache, script, options).map_err(|error| error.about(script.display_name()))
}
