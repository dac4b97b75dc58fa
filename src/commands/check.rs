//! `runner check`, `clippy` and `doc`: the toolchain's tools on a script, in its own place with its own
//! dependencies.
//!
//! The compiler's call is that of a build ([`crate::rust::invocation`]), so what a tool says is about the script's own path and
//! lines, and dependencies that were built for a run are not built again. Nothing of it is cached: the answer is for a
//! person, or for a machine that asks once.

pub(crate) mod json;
pub(crate) mod language;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::base::diagnostic::Message;
use crate::base::digest::Fields;
use crate::base::environment::{Environment, absolute, is_executable};
use crate::base::error::{At, Error, Result, Step, cannot_run};
use crate::engine::confined_build::Confined;
use crate::engine::context::Context;
use crate::engine::{background, recipe};
use crate::report::command_log::CommandLog;
use crate::report::reporter::{Finished, Reporter};
use crate::request::dialect::Dialect;
use crate::request::options::Options;
use crate::rust::backend::provisional;
use crate::rust::deps::Call;
use crate::rust::invocation::{self, Purpose};
use crate::rust::recipe::RustRecipe;
use crate::rust::rust_script::RustScript;
use crate::rust::source::Source;
use crate::script::script_file::Script;
use crate::store::cache::Cache;
use crate::store::staging::Staging;

/// Who looks at a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lint {
    /// The compiler, and what cargo would say of the metadata.
    Check,
    /// clippy.
    Clippy,
}

/// Shows what the compiler or clippy has to say of a script. `arguments` are more of the tool's own.
///
/// # Errors
/// As [`crate::Runner::build`]: [`Step::Compile`] if there are errors.
pub(crate) fn check(
    context: &Context,
    script: &Script,
    options: &Options,
    lint: Lint,
    arguments: &[OsString],
) -> Result<()> {
    let other = match lint {
        Lint::Check => crate::commands::check::language::check_language(context, script, options, arguments),
        Lint::Clippy => Ok(None),
    };
    if let Some(checked) = other.map_err(|error| error.about(script.display_name()))? {
        return Ok(checked);
    }
    with_confined_recipe(context, script, options, |context, cache, recipe, rust, reporter| {
        if lint == Lint::Check {
            complaints(recipe, rust).iter().for_each(|text| {
                reporter.warn(&format!("{}: warning: {text}", script.display_name()));
            });
        }
        let tool = match lint {
            Lint::Check => rust.toolchain.rustc.clone(),
            Lint::Clippy => component(rust, "clippy-driver", "clippy")?,
        };
        let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
        let output = staging.path().join("metadata");
        let purpose = Purpose::Check { tool: &tool, output: &output };
        run(rust, cache, staging.path(), purpose, arguments, context.environment(), reporter)
    })
}

/// Writes the documentation of a script into `directory`, or into the cache; returns its first page.
///
/// # Errors
/// As [`crate::Runner::build`].
pub(crate) fn document(
    context: &Context,
    script: &Script,
    options: &Options,
    directory: Option<&Path>,
    arguments: &[OsString],
) -> Result<PathBuf> {
    with_recipe(context, script, options, |context, cache, _, rust, reporter| {
        let directory = match directory {
            Some(directory) => absolute(directory.to_owned()),
            None => {
                let mut fields = Fields::new("documentation");
                fields.push("launch", rust.key().digest().hex().as_bytes());
                cache.join("documentation").join(fields.finish().short(32))
            }
        };
        let tool = component(rust, "rustdoc", "rustc")?;
        let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
        let purpose = Purpose::Documentation { tool: &tool, directory: &directory };
        run(rust, cache, staging.path(), purpose, arguments, context.environment(), reporter)?;
        Ok(directory.join(rust.crate_name()).join("index.html"))
    })
}

/// Reads and decides as a run does, and hands on the context in which cargo has a home.
pub(crate) fn with_recipe<T>(
    context: &Context,
    script: &Script,
    options: &Options,
    work: impl FnOnce(&Context, &Cache, &RustScript, &RustRecipe<'_>, &Reporter) -> Result<T>,
) -> Result<T> {
    with_recipe_in(context, script, options, false, work)
}

/// The same for what compiles: confined, if builds are to be.
pub(crate) fn with_confined_recipe<T>(
    context: &Context,
    script: &Script,
    options: &Options,
    work: impl FnOnce(&Context, &Cache, &RustScript, &RustRecipe<'_>, &Reporter) -> Result<T>,
) -> Result<T> {
    with_recipe_in(context, script, options, true, work)
}

fn with_recipe_in<T>(
    context: &Context,
    script: &Script,
    options: &Options,
    compiles: bool,
    work: impl FnOnce(&Context, &Cache, &RustScript, &RustRecipe<'_>, &Reporter) -> Result<T>,
) -> Result<T> {
    let work = || {
        let cache = context.cache()?;
        cache.create()?;
        let own = context.with_cargo_home(&cache);
        let context = own.as_ref().unwrap_or(context);
        let command_log = CommandLog::open(&options.debug, context.environment(), &context.sink);
        let reporter = context.reporter(options.verbosity).with(command_log);
        let read = recipe::read_rust(script, options, context.environment())?;
        let confined = match compiles {
            true => Confined::of(context.environment(), &cache, &read.request, options)?,
            false => None,
        };
        let own = confined.as_ref().map(|confined| context.within(confined.environment.clone()));
        let context = own.as_ref().unwrap_or(context);
        let reporter = reporter.supervised(context.environment().supervision().clone());
        let rust = read.resolve(context.environment(), &cache)?;
        // Dependencies that are not built yet are built fast: nobody is going to run them.
        let rust = match background::is_on(&read.request.layers, context.environment()) {
            true => provisional(rust, context.environment(), &cache),
            false => rust,
        };
        work(context, &cache, &read, &rust, &reporter)
    };
    work().map_err(|error| error.about(script.display_name()))
}

/// What cargo would warn of, and what else is noted of a script.
fn complaints(read: &RustScript, rust: &RustRecipe<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let manifest = &read.manifest;
    if manifest.dialect() == Dialect::Cargo
        && manifest.edition().is_none()
        && read.request.options.edition.is_none()
    {
        found.push(format!(
            "`package.edition` is unspecified, defaulting to the latest edition (currently `{}`)",
            rust.edition
        ));
    }
    found.extend(read.request.notes.iter().chain(&rust.notes).cloned());
    found
}

/// A program of the toolchain.
pub(crate) fn component(rust: &RustRecipe<'_>, program: &str, component: &str) -> Result<PathBuf> {
    let path = rust.toolchain.rustc.with_file_name(program);
    match is_executable(&path) {
        true => Ok(path),
        false => Err(Error::message(Step::Toolchain, format!("`{program}` is not beside its compiler"))
            .not_found()
            .hint(format!("`rustup component add {component}`"))),
    }
}

/// Calls the tool, and shows what it says.
fn run(
    rust: &RustRecipe<'_>,
    cache: &Cache,
    staging: &Path,
    purpose: Purpose<'_>,
    arguments: &[OsString],
    environment: &Environment,
    reporter: &Reporter,
) -> Result<()> {
    let call = invocation::call(rust, cache, environment, reporter)?;
    if let Some(source) = Source::place_plain(rust, staging).at(Step::Compile)? {
        let (name, finished) = run_on(rust, &call, &source, purpose, arguments, environment, reporter)?;
        if finished.status.success() {
            return conclude(&source, &name, finished, arguments, reporter);
        }
    }
    let source = Source::place(rust, staging).at(Step::Compile)?;
    let (name, finished) = run_on(rust, &call, &source, purpose, arguments, environment, reporter)?;
    conclude(&source, &name, finished, arguments, reporter)
}

/// Calls the tool on one form of the source; what it is called, and how it ended.
fn run_on(
    rust: &RustRecipe<'_>,
    call: &Call,
    source: &Source,
    purpose: Purpose<'_>,
    arguments: &[OsString],
    environment: &Environment,
    reporter: &Reporter,
) -> Result<(String, Finished)> {
    let mut command = invocation::command(rust, call, source, purpose, environment, reporter);
    command.args(arguments);
    let tool = PathBuf::from(command.get_program());
    if let Some(command_log) = reporter.command_log() {
        command_log.command(&command, source.text().at(Step::Compile)?.as_deref());
    }
    invocation::ask_for_data(&mut command, reporter);
    let name = tool.file_name().unwrap_or(OsStr::new("rustc")).to_string_lossy().into_owned();
    let label = format!("{name} {}", rust.name().to_string_lossy());
    let finished = reporter
        .run_reading(source.input().at(Step::Compile)?, &command, &label, false)
        .map_err(|error| cannot_run(&tool, error))?;
    Ok((name, finished))
}

/// Whether the tool's words are wanted as data.
fn asks_for_json(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().map(|word| word.to_string_lossy());
    words.any(|word| word == "--error-format=json") || {
        let pairs = arguments.windows(2);
        pairs.into_iter().any(|pair| pair[0] == "--error-format" && pair[1] == "json")
    }
}

/// Shows what the tool said.
fn conclude(
    source: &Source,
    name: &str,
    finished: Finished,
    arguments: &[OsString],
    reporter: &Reporter,
) -> Result<()> {
    let mut messages = source.in_its_words(&finished.stderr, reporter.look());
    if asks_for_json(arguments) {
        messages.iter_mut().for_each(Message::as_json);
    }
    reporter.show_messages(&messages, true);
    match finished.status.success() {
        true => Ok(()),
        false => Err(Error::message(Step::Compile, format!("{name} failed ({})", finished.status))),
    }
}
