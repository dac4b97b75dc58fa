//! The dry run (`-n`): shows the commands of a run or a build and runs none.
//!
//! Everything is decided as for a run, and nothing is built, locked or kept. How rustc is called for a script with
//! dependencies only cargo knows, when it has built them; until then cargo's own call is the last that can be shown.

use std::ffi::OsString;
use std::path::Path;

use crate::base::error::{At, Result, Step};
use crate::build::backend::Host;
use crate::engine::context::Context;
use crate::engine::launch_options::LaunchOptions;
use crate::engine::program::Program;
use crate::engine::{background, recipe};
use crate::request::debug_options::DebugOptions;
use crate::request::options::{Options, Verbosity};
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::store::key::Key;
use crate::store::staging::Staging;
use crate::store::trace::Tools;

/// What the program is wanted for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// To be run with these arguments.
    #[cfg_attr(not(feature = "exec"), allow(dead_code))] // Only what becomes a program is shown so.
    Run(&'a [OsString]),
    /// To be written there.
    Write(&'a Path),
}

/// Shows the commands of a run or a build.
pub(crate) fn dry_run(
    context: &Context,
    script: &Script,
    options: &Options,
    purpose: Purpose<'_>,
) -> Result<()> {
    let context = context.without_named_programs();
    dry_run_inner(&context, script, options, purpose).map_err(|error| error.about(script.display_name()))
}

fn dry_run_inner(context: &Context, script: &Script, options: &Options, purpose: Purpose<'_>) -> Result<()> {
    let environment = context.environment();
    let debug = DebugOptions { shows_commands: true, keeps_work: false, ..options.debug.clone() };
    let launch_options = LaunchOptions::of(&Options { debug, ..options.clone() }, context);
    let cache = context.cache()?;
    let may_be_cached = !options.force && !options.temporary && cache.exists()?;
    let peek = |id: Key| {
        let found = may_be_cached.then(|| cache.peek(&id, environment, Tools::Checked)).flatten();
        found.filter(|found| !(options.optimal && found.provisional))
    };
    if let Some(found) = peek(launch_key(script, options, environment)) {
        return Program::cached(script, found, launch_options).rehearse(purpose);
    }
    let read = recipe::read(script, options, environment)?;
    let resolved = read.resolve(environment, &cache)?;
    if let Some(found) = peek(resolved.key()) {
        return Program::cached(script, found, launch_options).rehearse(purpose);
    }
    let resolved = match context.has_background() {
        true => background::choose(resolved, &cache, environment),
        false => resolved,
    };
    let staging = Staging::create_temporary(&environment.temporary_directory()).at(Step::Cache)?;
    let reporter = launch_options.reporter(Verbosity::Quiet);
    let host = Host { environment, cache: &cache, reporter: &reporter };
    let Some(output) = resolved.dry_run(staging.path(), host)? else { return Ok(()) };
    let target = resolved.target().map(str::to_owned);
    Program::planned(script, output, resolved.told(), target, launch_options).rehearse(purpose)
}

impl Program {
    /// Shows what would be done with it.
    fn rehearse(&self, purpose: Purpose<'_>) -> Result<()> {
        let Some(command_log) = self.command_log() else { return Ok(()) };
        match purpose {
            Purpose::Run(arguments) => {
                command_log.program(&self.image(self.under()?.as_ref(), arguments, None))
            }
            Purpose::Write(path) => command_log.copied(self.path(), path),
        }
        Ok(())
    }
}
