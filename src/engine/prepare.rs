//! The spine: the way of a script, from its bytes to a program that can be executed.
//!
//! ```text
//! Script ─► launch id ─► trace holds? ──yes──────────────────────────► Program
//!                          │ no
//!                          ▼
//!             Recipe ─► lock ─► trace holds now? ──yes──► (alias) ───► Program
//!                                 │ no
//!                                 ▼
//!                    compile in staging ─► commit ─► (alias) ────────► Program
//! ```

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;

use crate::base::environment::Environment;
use crate::base::error::{At, Error, Kind, Result, Step};
use crate::base::fs::Mode;
use crate::build::backend::{Backend, Host, ResolvedRecipe};
use crate::engine::build_settled::{MOST_ATTEMPTS, build_settled};
use crate::engine::confined_build::Confined;
use crate::engine::context::Context;
use crate::engine::dry_run::Purpose;
use crate::engine::launch_options::LaunchOptions;
use crate::engine::miss_reason::{Why, why_in};
use crate::engine::program::Program;
use crate::engine::remote::question::Question;
use crate::engine::{background, config_warnings, recipe, trim};
use crate::report::lock_notice::patiently;
use crate::report::reporter::Reporter;
use crate::request::options::{Options, Verbosity};
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::settings::schema;
use crate::store::cache::Cache;
use crate::store::entry::{Built, Entry, Found};
use crate::store::key::Key;
use crate::store::staging::Staging;
use crate::store::trace::Tools;
use crate::store::usage_counts::{self, Counted};

/// How often a program is looked for again because it was trimmed between the look and the exec.
const MOST_VANISHINGS: usize = 3;

/// Becomes the script. Returns only if the program had to be spawned, with the way it ended.
///
/// # Errors
/// Those of [`crate::Runner::build`], and [`Step::Execute`].
#[cfg_attr(not(feature = "exec"), allow(dead_code))] // Only what becomes a program calls it.
pub(crate) fn run(
    context: &Context,
    script: &Script,
    options: &Options,
    arguments: &[OsString],
) -> Result<ExitStatus> {
    if options.debug.is_dry_run {
        return crate::engine::dry_run::dry_run(context, script, options, Purpose::Run(arguments))
            .map(|()| ExitStatus::default());
    }
    for _ in 0..MOST_VANISHINGS {
        if let Some(status) = prepare(context, script, options)?.execute(arguments)? {
            return Ok(status);
        }
    }
    // Somebody cleans the cache all the time: do without it.
    let temporary = Options { temporary: true, ..options.clone() };
    let status = prepare(context, script, &temporary)?.execute(arguments)?;
    status.ok_or_else(|| Error::message(Step::Execute, "its program vanished before it could be executed"))
}

/// As [`prepare`], and the program is held open, so that no trim takes it.
///
/// # Errors
/// As [`prepare`].
pub(crate) fn build(context: &Context, script: &Script, options: &Options) -> Result<Program> {
    for _ in 0..MOST_VANISHINGS {
        if let Some(program) = prepare(context, script, options)?.hold().at(Step::Execute)? {
            return Ok(program);
        }
    }
    // Somebody cleans the cache all the time: do without it.
    prepare(context, script, &Options { temporary: true, ..options.clone() })
}

/// The program of a script: the cached one if its trace holds, else built now.
///
/// # Errors
/// Any [`Step`] but [`Step::Execute`] and [`Step::Install`]. If the cache cannot be used the program is temporary, and
/// one line on stderr says why. A script that is edited while it is compiled is read again.
pub(crate) fn prepare(context: &Context, script: &Script, options: &Options) -> Result<Program> {
    let mut edited = None;
    let verbosity = schema::verbosity(options, context.environment());
    let options = &Options { verbosity, ..options.clone() };
    for _ in 1..MOST_ATTEMPTS {
        let script = edited.as_ref().unwrap_or(script);
        match prepare_once(context, script, options) {
            Err(error) if error.step() == Step::Compile && !script.is_unchanged() => {
                edited = Some(script.read_again()?);
            }
            Err(error) if error.step() == Step::Compile && script.is_fetched() && error.cure().is_none() => {
                return Err(error.hint("a script by URL comes alone: it can use no file beside it"));
            }
            prepared => return prepared,
        }
    }
    prepare_once(context, edited.as_ref().unwrap_or(script), options)
}

fn prepare_once(context: &Context, script: &Script, options: &Options) -> Result<Program> {
    let prepared = context.cache().and_then(|cache| prepare_in(context, cache, script, options));
    let prepared = match prepared {
        Err(unusable)
            if unusable.step() == Step::Cache && context.environment().supervision().stopped().is_none() =>
        {
            let launch = launch_key(script, options, context.environment());
            match crate::engine::shared_cache::find_in_shared_cache(context, None, &launch, script, options)?
            {
                Some(found) => Ok(Program::cached(script, found, LaunchOptions::of(options, context))),
                None => prepare_without(context, &unusable, script, options),
            }
        }
        other => other,
    };
    prepared.map_err(|error| error.about(script.display_name()))
}

/// The way of a script, one line a step.
fn prepare_in(context: &Context, cache: Cache, script: &Script, options: &Options) -> Result<Program> {
    let launch = launch_key(script, options, context.environment());
    let launch_options = LaunchOptions::of(options, context);
    let find = || match find(context, &cache, &launch, script, options)? {
        None => {
            crate::engine::shared_cache::find_in_shared_cache(context, Some(&cache), &launch, script, options)
        }
        found => Ok(found),
    };
    if let Some(found) = launch_options.timed("looking in the cache", find)? {
        return Ok(Program::cached(script, found, launch_options));
    }
    cache.create()?;
    if let Some(context) = &context.with_cargo_home(&cache) {
        return prepare_in(context, cache, script, options);
    }
    let read = launch_options
        .timed("reading its metadata", || recipe::read(script, options, context.environment()))?;
    let request = read.request();
    let confined = Confined::of(context.environment(), &cache, request, options)?;
    let environment = confined.as_ref().map_or(context.environment(), |confined| &confined.environment);
    let reporter = launch_options.reporter(request.options.verbosity);
    let reporter = reporter.supervised(environment.supervision().clone());
    config_warnings::show(&request.config, &cache, &reporter);
    let resolved = match launch_options.timed("finding the compiler", || read.resolve(environment, &cache)) {
        Ok(resolved) => resolved,
        Err(no_compiler) => {
            return outlive(context, no_compiler, &cache, script, read.as_ref(), launch_options);
        }
    };
    let notes: Vec<String> = request.notes.iter().chain(resolved.notes()).cloned().collect();
    notes.iter().for_each(|note| reporter.note(script, note));
    if request.options.temporary || cache.is_temporary() {
        return build_temporary(environment, cache, script, resolved.as_ref(), &reporter, launch_options);
    }
    let host = Host { environment, cache: &cache, reporter: &reporter };
    // Of the recipe as it was asked for: what was built elsewhere needs no quick build before it.
    let question = Question::if_any(resolved.as_ref(), host);
    let resolved = match context.background {
        Some(_) => background::choose(resolved, &cache, environment),
        None => resolved,
    };
    let home = resolved.key();
    let is_wanted = |found: &Found| !(options.force || options.optimal && found.provisional);
    let waiting = patiently(&reporter, script);
    let found = match cache.enter(home, resolved.checks(), context.environment(), is_wanted, waiting)? {
        Entry::Occupied(found) => found,
        Entry::Vacant(vacant) => match built(resolved.as_ref(), question.as_ref(), vacant.staging(), host) {
            Ok(built) => {
                launch_options.kept(|| vacant.commit(built, script.trace_name(), context.environment()))?
            }
            Err(error) => {
                let outlived = outlive(context, error, &cache, script, read.as_ref(), launch_options);
                if outlived.as_ref().is_err_and(|error| error.step() != Step::Toolchain) {
                    notes.iter().for_each(|note| reporter.note_late(script, note));
                }
                return outlived;
            }
        },
    };
    cache.alias(&launch, &home, script.trace_name(), context.environment());
    if context.trims_daily && trim::is_due(&cache) && !background::start_trim(context, &request.layers) {
        trim::trim(&cache, request.layers.limits(), Mode::Remove);
    }
    Ok(Program::cached(script, found, launch_options))
}

/// The program of a miss: from the remote cache if that has it, else compiled.
fn built(
    resolved: &dyn ResolvedRecipe<'_>,
    question: Option<&Question<'_>>,
    staging: &Path,
    host: Host<'_>,
) -> Result<Built> {
    if let Some(fetched) = question.and_then(|question| question.ask(staging, host)) {
        return Ok(fetched);
    }
    let built = build_settled(resolved, staging, host)?;
    usage_counts::count(host.cache, Counted::Misses);
    Ok(built)
}

/// A hit: no lock, nothing written, no process started.
fn find(
    context: &Context,
    cache: &Cache,
    launch: &Key,
    script: &Script,
    options: &Options,
) -> Result<Option<Found>> {
    if options.verbosity == Verbosity::Verbose {
        let why = match cache.exists()? {
            true => why_in(context, cache, script, options)?,
            false => Why::Never,
        };
        context.reporter(options.verbosity).verbose(|| format!("{}: {why}", script.display_name()));
    }
    if options.force || options.temporary || !cache.exists()? {
        return Ok(None);
    }
    let found = cache.find(launch, context.environment(), Tools::Checked);
    let Some(found) = found.filter(|found| !(options.optimal && found.provisional)) else {
        return Ok(None);
    };
    if crate::engine::self_check::is_on(context) && !found.provisional {
        crate::engine::self_check::verify_hit(context, cache, script, options, &found)?;
    }
    match found.provisional {
        true => crate::engine::background::final_or_start(context, cache, script, options, found).map(Some),
        false => Ok(Some(found)),
    }
}

/// A program that is not kept: in a directory that goes with it, or in memory where files are not executed.
fn build_temporary(
    environment: &Environment,
    cache: Cache,
    script: &Script,
    resolved: &dyn ResolvedRecipe<'_>,
    reporter: &Reporter,
    launch_options: LaunchOptions,
) -> Result<Program> {
    let _ = Staging::sweep(&cache.join("staging"));
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let host = Host { environment, cache: &cache, reporter };
    let built = build_settled(resolved, staging.path(), host)?;
    Ok(Program::temporary(script, built, staging, cache, launch_options))
}

/// The cache cannot be used: say why, and do without.
#[cold]
fn prepare_without(
    context: &Context,
    unusable: &Error,
    script: &Script,
    options: &Options,
) -> Result<Program> {
    let temporary = Cache::temporary(context.environment())?;
    let reporter = context.reporter(options.verbosity);
    let typed = script.display_name();
    reporter.warn(&format!("{typed}: {unusable}; running from a temporary binary"));
    prepare_in(context, temporary, script, options)
}

/// A cached script outlives its compiler: with none to be found, the compiler's own checks are forgiven.
#[cold]
fn outlive(
    context: &Context,
    no_compiler: Error,
    cache: &Cache,
    script: &Script,
    read: &dyn Backend,
    launch_options: LaunchOptions,
) -> Result<Program> {
    let is_absence = no_compiler.step() == Step::Toolchain && no_compiler.kind() == Kind::NotFound;
    let request = read.request();
    let may = is_absence && !request.options.force && !request.options.temporary;
    match may
        .then(|| cache.find(&request.key_without_compiler(), context.environment(), Tools::Outlived))
        .flatten()
    {
        Some(found) => Ok(Program::cached(script, found, launch_options)),
        None => Err(no_compiler),
    }
}
