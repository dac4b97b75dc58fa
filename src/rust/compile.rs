//! Compiling a Rust script: one rustc call, in staging, and what it read.
//!
//! The script is compiled in its own place: diagnostics, `file!()`, `line!()`, `mod` and `include_*!` are its own. The
//! call is that of the dependency environment, or for a script without dependencies the same call put together here.
//! Afterwards every file the compiler read is hashed; if one of them changed while the compiler was reading, the outcome says
//! so and the spine builds again.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::base::diagnostic::{Diagnostic, Message};
use crate::base::digest::Digest;
use crate::base::environment::{Environment, is_dropped};
use crate::base::error::{Error, Result, Step};
use crate::build::input_watch::InputWatch;
use crate::build::observed_inputs::{self, Surroundings};
use crate::build::observing::Observing;
use crate::build::outcome::{Interruption, Outcome, cache_removed, disk_full, trace_facts};
use crate::build::record::BuildRecord;
use crate::process::observe::observed::{Observed, What};
use crate::process::observe::policy::Links;
use crate::process::observe::unavailable::Unavailable;
use crate::report::reporter::{Finished, Reporter};
use crate::rust::dep_info::{self, DepInfo};
use crate::rust::deps::Call;
use crate::rust::incremental::Incremental;
use crate::rust::invocation::{self, Purpose};
use crate::rust::policy_check;
use crate::rust::recipe::RustRecipe;
use crate::rust::record::build_record;
use crate::rust::source::{ADD, Source};
use crate::rust::{linker, static_check};
use crate::script::dialect_detection;
use crate::store::cache::Cache;
use crate::store::entry::Built;
use crate::store::readied::Readied;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Compiles the script into `staging`.
///
/// # Errors
/// [`Step::Dependencies`] and [`Step::Compile`], after the compiler's own words have been shown.
pub(crate) fn compile(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    reporter: &Reporter,
) -> Result<Outcome> {
    Outcome::of(attempt(recipe, cache, staging, environment, reporter))
}

fn attempt(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    reporter: &Reporter,
) -> std::result::Result<Built, Interruption> {
    let began = Instant::now();
    static_check::check_machine(recipe)?;
    let mut call = invocation::call(recipe, cache, environment, reporter)?;
    let linker = linker::checks(
        &recipe.linker,
        &recipe.machine_variable("LINKER"),
        recipe.base(),
        &call.arguments,
        environment,
        cache,
        Moment::now(),
    )?;
    let name = recipe.name();
    let unusable = |error| cache.unusable("cannot write to", error);
    let record = add_record(recipe, &mut call, staging, environment, reporter).map_err(unusable)?;
    let is_unseen = may_have_neighbours(recipe.script.bytes());
    let mut watch = InputWatch::begin(recipe.script, recipe.settings, environment, is_unseen)?;
    let start = watch.start();
    let run = |source: &Source| run(recipe, &call, source, cache, staging, environment, reporter);
    let plain = match Source::place_plain(recipe, staging).map_err(unusable)? {
        Some(source) => Some((run(&source)?, source)).filter(|(finished, _)| finished.status.success()),
        None => None,
    };
    let (finished, source) = match plain {
        Some(plain) => plain,
        None => {
            let source = Source::place(recipe, staging).map_err(unusable)?;
            (run(&source)?, source)
        }
    };
    if !staging.is_dir() {
        return Err(cache_removed().into());
    }
    let messages = source.in_its_words(&finished.stderr, reporter.look());
    if call.is_broken(cache) {
        // Another script built the same crate from other sources while this one was linked.
        return Err(watch.script_changed());
    }
    if !finished.status.success() {
        watch.script_content()?;
        return Err(failed(recipe, &messages, finished.status, staging, reporter).into());
    }
    let (output, dep_info) = (staging.join("program"), staging.join("program.d"));
    let of_windows = output.with_extension("exe");
    if of_windows.exists() {
        // GNU's linker for Windows gives a name without an extension one.
        std::fs::rename(&of_windows, &output).map_err(unusable)?;
    }
    static_check::check_program(recipe, &output)?;
    if let Some(record) = record {
        record.add_to(&output).map_err(unusable)?;
    }
    let readied = Readied::begin(&output);
    let mut checks = inputs(recipe, &call, &source, &dep_info, (environment, cache), &mut watch)?;
    let known = recipe.checks.iter().chain(&linker).chain(&call.checks);
    checks = observed(recipe, cache, staging, environment, watch.start(), finished.observed, known, checks)?;
    checks.extend(watch.finish()?);
    reporter.show_messages(&messages, false);
    let read = linker.into_iter().chain(call.checks).chain(checks);
    let (checks, decisions) = trace_facts(&recipe.checks, read);
    let about = vec![
        ("source", Digest::of(recipe.script.bytes()).short(12)),
        ("options", recipe.options.describe()),
        ("profile", recipe.profile_name().to_owned()),
        ("toolchain", recipe.toolchain.short_version()),
        ("target", recipe.machine().to_owned()),
        ("toolchain-id", recipe.toolchain.id.clone()),
        ("edition", recipe.edition.clone()),
        ("decisions", decisions.to_string()),
        ("built", start.unix_seconds().to_string()),
        ("milliseconds", began.elapsed().as_millis().to_string()),
    ];
    let told = recipe.told();
    let target = recipe.target.as_ref().map(|target| target.name.clone());
    let provisional = recipe.provisional;
    Ok(Built { output, readied, name, provisional, target, told, checks, about })
}

/// Has the record of a build that is handed on linked into its program, where that is done so.
pub(crate) fn add_record(
    recipe: &RustRecipe<'_>,
    call: &mut Call,
    staging: &Path,
    environment: &Environment,
    reporter: &Reporter,
) -> std::io::Result<Option<BuildRecord>> {
    let record = recipe.options.portable.then(|| build_record(recipe, call, environment));
    if let Some(object) = record.as_ref().and_then(BuildRecord::object) {
        let path = staging.join("record.o");
        std::fs::write(&path, &object)?;
        if let Some(command_log) = reporter.command_log() {
            command_log.bytes(&path, &object);
        }
        let mut argument = OsString::from("link-arg=");
        argument.push(path);
        call.arguments.extend(["-C".into(), argument]);
    }
    Ok(record)
}

/// Runs the compiler, which leaves a program and what it read in `staging`; once more without what it remembers of earlier
/// builds if that may be why it failed.
fn run(
    recipe: &RustRecipe<'_>,
    call: &Call,
    source: &Source,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    reporter: &Reporter,
) -> Result<Finished> {
    // What the compiler remembers is in nobody's transcript.
    let remembers = reporter.command_log().is_none_or(|command_log| !command_log.shows_commands());
    let mut memory =
        remembers.then(|| Incremental::enter(recipe, call, cache, environment, staging)).flatten();
    loop {
        let place = memory.as_ref().map_or_else(|| staging.to_owned(), Incremental::output);
        let (output, dep_info) = (place.join("program"), place.join("program.d"));
        let purpose = Purpose::Program { output: &output, dep_info: &dep_info };
        let mut command = invocation::command(recipe, call, source, purpose, environment, reporter);
        command.args(memory.iter().flat_map(Incremental::arguments));
        // rustc and what links look at each path as it is spelled, too. Nobody knows it of procedural macros.
        let links = match call.arguments.iter().any(|argument| argument == "--extern") {
            true => Links::Seen,
            false => Links::Followed,
        };
        let policy = Observing::of(recipe.layers).policy(links);
        reporter.verbose(|| {
            let script = recipe.script.display_name();
            let how = if policy.is_some() { "" } else { ", unobserved" };
            format!("{script}: compiling it, {}{how}", recipe.options_in_words())
        });
        if let Some(command_log) = reporter.command_log() {
            let text = source.text().map_err(|error| cache.unusable("cannot read in", error))?;
            command_log.command(&command, text.as_deref());
        }
        invocation::ask_for_data(&mut command, reporter);
        let finished = reporter
            .run_observed(
                source.input().map_err(|error| cache.unusable("cannot write to", error))?,
                &command,
                &format!("compiling {}", recipe.name().to_string_lossy()),
                false,
                policy,
            )
            .map_err(|error| {
                let what = format!("cannot run `{}`", recipe.toolchain.rustc.display());
                Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
            })?;
        match memory.take() {
            None => return Ok(finished),
            Some(blamed) if blamed.is_to_blame(&finished) => blamed.forget(),
            Some(memory) => {
                match memory.settle(&finished, staging, !is_silent(recipe, cache, &finished, &dep_info)) {
                    Ok(()) => return Ok(finished),
                    // Somebody cleans the cache.
                    Err(_) => continue,
                }
            }
        }
        reporter.verbose(|| {
            let script = recipe.script.display_name();
            format!("{script}: what the compiler remembered is forgotten; once more without")
        });
    }
}

/// Whether rustc read a file and does not say so: what assembly includes, it does not read again for code that it remembers.
fn is_silent(recipe: &RustRecipe<'_>, cache: &Cache, finished: &Finished, dep_info: &Path) -> bool {
    let Some(Ok(observed)) = &finished.observed else { return false };
    let text = std::fs::read(dep_info).unwrap_or_default();
    let info = DepInfo::parse(&String::from_utf8_lossy(&text));
    let told: Vec<PathBuf> =
        info.iter().flat_map(|info| &info.files).map(|file| recipe.base().join(file)).collect();
    let toolchain = recipe.toolchain.rustc.ancestors().nth(2).unwrap_or(Path::new("/"));
    observed.looks.iter().any(|look| {
        look.what == What::Content
            && look.program.file_name().is_some_and(|name| name == "rustc")
            && !look.path.starts_with(cache.root())
            && !look.path.starts_with(toolchain)
            && !observed_inputs::is_system(&look.path, recipe.base())
            && recipe.script.path() != Some(&look.path)
            && !told.contains(&look.path)
    })
}

/// Whether a text may have assembly include files.
fn includes_in_assembly(text: &[u8]) -> bool {
    let has = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    has(b"asm!") && has(b"inc")
}

/// Variables we set ourselves: they say nothing that is not in the launch id.
fn is_ours(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || dialect_detection::is_variable(name)
        || matches!(
            name,
            "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_PRIMARY_PACKAGE"
                | "CARGO"
                | "OUT_DIR"
        )
}

/// Whether a script may read files beside it, which were perhaps saved with it a moment ago. One that hides it from this
/// look is built a second time where this waits for the clock.
fn may_have_neighbours(script: &[u8]) -> bool {
    let has = |word: &[u8]| script.windows(word.len()).any(|window| window == word);
    has(b"mod ") || has(b"include")
}

/// The facts of everything that the compiler says it read.
fn inputs(
    recipe: &RustRecipe<'_>,
    call: &Call,
    source: &Source,
    dep_info: &Path,
    (environment, cache): (&Environment, &Cache),
    watch: &mut InputWatch<'_>,
) -> std::result::Result<Vec<Check<'static>>, Interruption> {
    let unclear =
        || Error::message(Step::Compile, "the compiler did not say what it read; nothing was cached");
    let text = std::fs::read(dep_info).map_err(|error| match error.kind() {
        // Whoever removes a directory removes what is in it first.
        std::io::ErrorKind::NotFound => cache_removed(),
        _ => Error::new(
            Step::Compile,
            anyhow::Error::new(error).context("cannot read what the compiler has read"),
        ),
    })?;
    let text = String::from_utf8_lossy(&text);
    let text = dep_info::without_place(&text, &source.path, recipe.base());
    let info = DepInfo::parse(&text).ok_or_else(unclear)?;
    watch.script()?;
    let mut checks = Vec::new();
    for file in &info.files {
        let path = recipe.base().join(file);
        // The script itself is in the launch id; what lies in our own cache is the dependency environment's.
        if path == source.path {
            continue;
        }
        if let Some(policy) = environment.policy().filter(|_| !path.starts_with(cache.root())) {
            policy_check::check_read(&path, recipe.base(), policy)?;
        }
        checks.push(watch.file(&path)?);
        match rival_module(&path) {
            // It was there and the compiler did not mind: no module was looked for under either name.
            Some(rival) if rival.exists() => watch.unchanged(&rival)?,
            rival => checks.extend(rival.map(|rival| Check::absent(&rival))),
        }
    }
    for (name, _) in info.variables {
        let ours = call.variables.iter().any(|(given, _)| given == name.as_str());
        if !is_ours(&name) && !ours && !is_dropped(OsStr::new(&name)) {
            // As the caller has it: dep-info spells out only what is UTF-8.
            checks.push(Check::variable(&name, environment));
        }
    }
    Ok(checks)
}

/// Adds what rustc, proc macros and the linker were observed to look at, but for what is known to be looked at.
#[allow(clippy::too_many_arguments)] // What an attempt at a build has.
fn observed<'c>(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    start: Moment,
    observed: Option<std::result::Result<Observed, Unavailable>>,
    known: impl Iterator<Item = &'c Check<'static>>,
    mut checks: Vec<Check<'static>>,
) -> std::result::Result<Vec<Check<'static>>, Interruption> {
    let observed = match observed {
        None => {
            let files = checks.iter().filter_map(Check::file_path).map(std::fs::read);
            let texts = files.flatten().chain([recipe.script.bytes().to_vec()]);
            if texts.into_iter().any(|text| includes_in_assembly(&text)) {
                checks.push(Check::never("without observation nobody knows what its assembly includes"));
            }
            return Ok(checks);
        }
        Some(Err(reason)) => {
            checks.push(Check::never(&format!("the compiler could not be observed: {reason}")));
            return Ok(checks);
        }
        Some(Ok(observed)) => observed,
    };
    let surroundings = Surroundings {
        environment,
        cache,
        start,
        script: recipe.script.path(),
        base: recipe.base(),
        compiler: &recipe.toolchain.rustc,
        mirror: None,
        own: vec![staging.to_owned(), cache.root().to_owned()],
        constant: Vec::new(),
        directories: 0,
    };
    let found = observed_inputs::facts(observed, &surroundings)?;
    let known: Vec<&Check<'static>> = known.collect();
    let is_known = |fact: &Check<'static>, checks: &[Check<'static>]| {
        known.iter().copied().chain(checks).any(|other| match (fact.stated_path(), other.stated_path()) {
            (Some(one), Some(two)) => one == two,
            _ => fact.same_fact(other),
        })
    };
    let fresh: Vec<_> = found.into_iter().filter(|fact| !is_known(fact, &checks)).collect();
    checks.extend(fresh);
    Ok(checks)
}

/// For `x.rs`, `x/mod.rs`, and the other way round: with both there the compiler would refuse to choose.
fn rival_module(path: &Path) -> Option<PathBuf> {
    if path.extension()? != "rs" {
        return None;
    }
    match path.file_name()?.as_bytes() {
        b"mod.rs" => Some(path.parent()?.with_extension("rs")),
        _ => Some(path.with_extension("").join("mod.rs")),
    }
}

/// The crate that rustc would have one add.
fn missing_crate(diagnostic: &Diagnostic) -> Option<&str> {
    let texts = diagnostic.children.iter().map(|child| child.message.as_str());
    texts.into_iter().find_map(|text| text.split_once(ADD)?.1.split_once('`').map(|(name, _)| name))
}

/// One line after the compiler's own.
#[cold]
fn failed(
    recipe: &RustRecipe<'_>,
    messages: &[Message],
    status: std::process::ExitStatus,
    staging: &Path,
    reporter: &Reporter,
) -> Error {
    let text = Message::text_of(messages);
    let text = String::from_utf8_lossy(&text);
    if let Some(error) = disk_full(staging, &text, "cannot compile in the cache") {
        return error;
    }
    reporter.show_messages(messages, true);
    const TESTS: &str = "it only holds tests: `runner test` before the script runs them";
    const NIGHTLY: &str = "unstable features need a nightly compiler: `+nightly` before the script";
    let error = Error::message(Step::Compile, format!("rustc failed ({status}); nothing was cached"));
    let error = error.with_diagnostics(Message::diagnostics_of(messages));
    let hints = [
        (
            "error[E0601]",
            if recipe.code.only_tests { TESTS } else { "a script is a program: it needs `fn main`" },
        ),
        (
            "error: linker `",
            "install that linker, or ask for another in `RUSTFLAGS` or cargo's configuration",
        ),
        ("error[E0554]", NIGHTLY),
        // On stable a script with frontmatter is allowed that one feature.
        ("error[E0725]", NIGHTLY),
        ("maybe a missing crate", "name the crate under `[dependencies]` at the head of the script"),
        (
            "use of unresolved module or unlinked crate",
            "name the crate under `[dependencies]` at the head of the script",
        ),
    ];
    let known = hints.iter().find(|(sign, _)| text.contains(sign)).map(|(_, hint)| *hint);
    // Data: of a colored text the words are in pieces.
    let missing = messages.iter().find_map(|message| match message {
        Message::Diagnostic(diagnostic) => missing_crate(diagnostic),
        Message::Text(_) => None,
    });
    if let Some(name) = missing {
        return error.hint(match recipe.script.path() {
            Some(_) => format!("`runner add {} {name}` adds that crate", recipe.script.display_name()),
            None => format!("`--dep {name}` adds that crate"),
        });
    }
    match static_check::cure(recipe, &text).or(known) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
