//! Compiling a script in a language other than Rust: one compiler call in staging, and the facts of what it read.
//!
//! Declared inputs are hashed, the compiler runs, and what it read is hashed; if an input changed meanwhile, the outcome says
//! so and the spine builds again. How the compiler is called and how it reports what it read is the [`Driver`]'s.
//!
//! [`Driver`]: crate::languages::driver::Driver

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Instant;

use crate::base::digest::Digest;
use crate::base::error::{Error, Result, Step};
use crate::build::backend::Host;
use crate::build::input_watch::InputWatch;
use crate::build::observed_inputs::{self, Surroundings};
use crate::build::observing::Observing;
use crate::build::outcome::{Interruption, Outcome, cache_removed, disk_full, trace_facts};
use crate::languages::driver::{Build, Call};
use crate::languages::recipe::LanguageRecipe;
use crate::languages::record::build_record;
use crate::process::observe::observed::Observed;
use crate::process::observe::policy::Policy;
use crate::process::observe::unavailable::Unavailable;
use crate::process::task::Task;
use crate::rust::recipe::command_words::shown_directory;
use crate::rust::static_check;
use crate::store::entry::Built;
use crate::store::readied::Readied;
use crate::store::trace::fact::Check;

/// How many directories of a tree stand for it: a hit asks each.
const DIRECTORIES_OF_TREES: usize = 16;

/// What a compiler looked at, or why that is not known.
type Watched = Option<std::result::Result<Observed, Unavailable>>;

/// Compiles the script into `staging`.
///
/// # Errors
/// [`Step::Compile`], after the compiler's own messages have been shown.
pub(crate) fn compile(recipe: &LanguageRecipe<'_>, staging: &Path, host: Host<'_>) -> Result<Outcome> {
    Outcome::of(attempt(recipe, staging, host))
}

fn attempt(
    recipe: &LanguageRecipe<'_>,
    staging: &Path,
    host: Host<'_>,
) -> std::result::Result<Built, Interruption> {
    let began = Instant::now();
    let compilation = &recipe.compilation;
    let observing = Observing::of(&recipe.request.layers);
    let build = Build { compilation, staging, host, is_observed: observing.is_in_force() };
    let (script, settings) = (compilation.script, compilation.settings);
    // What is seen to be looked at is compared with the moment of the look.
    let is_unseen = !build.is_observed || recipe.driver.names_inputs();
    let mut watch = InputWatch::begin(script, settings, host.environment, is_unseen)?;
    clear(staging).map_err(|error| build.unusable(error))?;
    let mut call = recipe.driver.call(build)?;
    let query = call.query.as_ref().and_then(|command| {
        // Its answer may be long, and is read when the compiler has ended.
        Task::new(command, host.environment.supervision()).start().ok()
    });
    let policy = observing.policy(recipe.driver.links(build));
    let (messages, status, observed) = run(build, &mut call, policy)?;
    watch.script_content()?;
    if !status.success() || !call.output.is_file() {
        return Err(failed(recipe, build, &call, &messages, status).into());
    }
    let observed = match observed {
        Some(Ok(observed)) => Some(unhidden(recipe, build, &mut call, observed, policy)?),
        other => other,
    };
    let mut inputs = recipe.driver.complete(build, &mut call)?;
    // A record is added when all is known.
    let readied = match compilation.options.portable {
        true => Readied::default(),
        false => Readied::begin(&call.output),
    };
    watch.script()?;
    let mut checks = match observed {
        Some(Ok(observed)) => {
            let own = recipe.driver.own_directories(build);
            let surroundings = Surroundings {
                environment: host.environment,
                cache: host.cache,
                start: watch.start(),
                script: script.path(),
                base: compilation.base(),
                compiler: &compilation.compiler.path,
                mirror: call.source.mirror.as_deref(),
                own: own.into_iter().chain([staging.to_owned(), host.cache.root().to_owned()]).collect(),
                constant: recipe.driver.constant_directories(build),
                directories: DIRECTORIES_OF_TREES,
            };
            observed_inputs::facts(observed, &surroundings)?
        }
        Some(Err(reason)) => vec![Check::never(&format!("the compiler could not be observed: {reason}"))],
        None => {
            let reported = recipe.driver.reported_inputs(build, &call, query)?;
            inputs.files.extend(reported.files);
            reported.checks
        }
    };
    for input in &inputs.files {
        // Files in staging are removed after the build.
        if script.path() == Some(&input.path) || input.path.starts_with(staging) {
            continue;
        }
        checks.push(match input.is_tool {
            true => watch.tool_file(&input.path)?,
            false => watch.file(&input.path)?,
        });
    }
    // A name that appears in a directory while the compiler reads shows in the directory.
    for directory in inputs.checks.iter().filter_map(Check::content_path) {
        watch.unchanged(directory)?;
    }
    checks.extend(inputs.checks);
    let start = watch.start();
    checks.extend(watch.finish()?);
    if compilation.is_static() {
        static_check::check(&call.output)?;
    }
    if compilation.options.portable {
        let record = build_record(compilation, host.environment);
        record.add_to(&call.output).map_err(|error| build.unusable(error))?;
    }
    host.reporter.show(&messages, false);
    let (checks, decisions) = trace_facts(&recipe.checks, checks);
    let about = vec![
        ("source", Digest::of(script.bytes()).short(12)),
        ("options", compilation.options.describe()),
        ("profile", compilation.profile.name().to_owned()),
        ("toolchain", compilation.compiler.version.clone()),
        ("toolchain-id", compilation.compiler.version.clone()),
        ("decisions", decisions.to_string()),
        ("language", compilation.head.language.name.to_owned()),
        ("built", start.unix_seconds().to_string()),
        ("milliseconds", began.elapsed().as_millis().to_string()),
    ];
    Ok(Built {
        output: call.output,
        readied,
        name: compilation.name(),
        target: None,
        provisional: false,
        told: recipe.told(),
        checks,
        about,
    })
}

/// Shows the files in staging and the call of the compiler; the path that the program would have.
pub(crate) fn dry_run(recipe: &LanguageRecipe<'_>, staging: &Path, host: Host<'_>) -> Result<PathBuf> {
    let is_observed = Observing::of(&recipe.request.layers).is_in_force();
    let build = Build { compilation: &recipe.compilation, staging, host, is_observed };
    let call = recipe.driver.call(build)?;
    show(build, &call)?;
    Ok(call.output)
}

/// Shows the files in staging and the call of the compiler, with `-x` and `-n`.
fn show(build: Build<'_>, call: &Call) -> Result<()> {
    if let Some(command_log) = build.host.reporter.command_log() {
        let input = call.input.as_ref().map(std::fs::read).transpose();
        command_log.files(build.staging);
        command_log.command(&call.command, input.map_err(|error| build.unusable(error))?.as_deref());
    }
    Ok(())
}

/// Runs the compiler: its messages, its exit status, and what it looked at if there is a policy to observe it by.
pub(crate) fn run(
    build: Build<'_>,
    call: &mut Call,
    policy: Option<Policy>,
) -> Result<(Vec<u8>, ExitStatus, Watched)> {
    let input = match &call.input {
        Some(path) => File::open(path).map_err(|error| build.unusable(error))?.into(),
        None => Stdio::null(),
    };
    show(build, call)?;
    let compilation = build.compilation;
    build.host.reporter.verbose(|| {
        let script = compilation.script.display_name();
        let (profile, version) = (compilation.profile.name(), &compilation.compiler.version);
        let how = if policy.is_some() { "" } else { ", unobserved" };
        format!("{script}: compiling it, {profile}, with {version}{how}")
    });
    let label = format!("compiling {}", compilation.name().to_string_lossy());
    let finished =
        build.host.reporter.run_observed(input, &call.command, &label, false, policy).map_err(|error| {
            let what = format!("cannot run `{}`", compilation.compiler.path.display());
            Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
        })?;
    match build.staging.is_dir() {
        true => Ok((with_script_paths(build, call, finished.stderr), finished.status, finished.observed)),
        false => Err(cache_removed()),
    }
}

/// What a compiler looked at, and what it would have if it kept no cache.
fn unhidden(
    recipe: &LanguageRecipe<'_>,
    build: Build<'_>,
    call: &mut Call,
    mut observed: Observed,
    policy: Option<Policy>,
) -> std::result::Result<std::result::Result<Observed, Unavailable>, Interruption> {
    let Some(command) = recipe.driver.again(build, call, &observed)? else { return Ok(Ok(observed)) };
    call.command = command;
    let (messages, status, more) = run(build, call, policy)?;
    if !status.success() {
        return Err(failed(recipe, build, call, &messages, status).into());
    }
    match more {
        Some(Ok(more)) => observed.add(more),
        Some(Err(reason)) => return Ok(Err(reason)),
        None => {}
    }
    Ok(Ok(observed))
}

/// Removes what an earlier attempt left in staging.
fn clear(staging: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(staging)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// Messages of the compiler, with the script's own paths as typed in place of those in staging.
fn with_script_paths(build: Build<'_>, call: &Call, messages: Vec<u8>) -> Vec<u8> {
    let compilation = build.compilation;
    let base = format!("{}/", compilation.base().to_string_lossy());
    let mut renames = call.renames.clone();
    if let Some(mirror) = &call.source.mirror {
        // The copy first: its name may have got an extension.
        let own = compilation.shown_path().to_string_lossy().into_owned();
        renames.push((call.source.path.to_string_lossy().into_owned(), own));
        renames.push((format!("{}/", mirror.to_string_lossy()), base.clone()));
    }
    renames.extend(shown_directory(compilation.script).map(|shown| (base, shown)));
    if renames.is_empty() {
        return messages;
    }
    let mut text = String::from_utf8_lossy(&messages).into_owned();
    for (from, to) in renames.iter().filter(|(from, _)| from.len() > 1) {
        text = text.replace(from.as_str(), to);
    }
    text.into_bytes()
}

/// The error after the compiler's own messages.
#[cold]
fn failed(
    recipe: &LanguageRecipe<'_>,
    build: Build<'_>,
    call: &Call,
    messages: &[u8],
    status: ExitStatus,
) -> Error {
    let text = String::from_utf8_lossy(messages);
    if let Some(error) = disk_full(build.staging, &text, "cannot compile in the cache") {
        return error;
    }
    build.host.reporter.show(messages, true);
    let name = recipe.driver.name(build.compilation);
    let error = Error::message(
        Step::Compile,
        match status.success() {
            true => format!("{name} made no program; nothing was cached"),
            false => format!("{name} failed ({status}); nothing was cached"),
        },
    );
    match recipe.driver.hint(build, call, &text, status) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
