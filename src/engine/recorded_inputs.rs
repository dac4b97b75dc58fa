//! What the trace of a script says that its build rested on.

use crate::engine::context::Context;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::store::trace::fact::Check;
use crate::store::trace::{Tools, Trace};

/// The facts of the build that would be run now; `None` if there is none.
pub(crate) fn of(context: &Context, script: &Script, options: &Options) -> Option<Vec<Check<'static>>> {
    let cache = context.cache().ok()?;
    let id = launch_key(script, options, context.environment());
    let bytes = cache.read_trace(&id)?;
    let mut trace = Trace::parse(id.digest(), &bytes)?;
    let current = trace.current(cache.directory(), context.environment(), Tools::Forgiven)?;
    Some(trace.variants.swap_remove(current.variant).into_owned().checks)
}
