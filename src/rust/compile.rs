//! Compiling a Rust script: one rustc call, in staging, and what it read.
//!
//! The script is compiled in its own place: diagnostics, `file!()`, `line!()`, `mod` and `include_*!` are its own. The
//! call is that of the dependency environment, or for a script without dependencies the same call put together here.
//! Afterwards every file the compiler read is hashed; if one of them changed while it was being read, the result says
//! so and the spine builds again.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::base::digest::Digest;
use crate::base::environment::{Environment, is_dropped};
use crate::base::error::{Error, Result, Step};
use crate::build::declared_inputs;
use crate::build::input_mutation::Disturbances;
use crate::build::record::BuildRecord;
use crate::engine::recipe::RustRecipe;
use crate::engine::resolved::Decided;
use crate::report::reporter::{Finished, Screen};
use crate::request::dialect;
use crate::rust::dep_info::{self, DepInfo};
use crate::rust::deps::Call;
use crate::rust::incremental::Incremental;
use crate::rust::invocation::{self, Purpose};
use crate::rust::source::Source;
use crate::rust::{linker, static_check};
use crate::store::cache::Cache;
use crate::store::entry::Built;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::Check;

/// A build that ended well, or that has to be done again.
pub(crate) enum Outcome {
    Built(Built),
    /// This input changed while the compiler was reading.
    Disturbed(PathBuf),
}

/// Compiles the script into `staging`.
///
/// # Errors
/// [`Step::Dependencies`] and [`Step::Compile`], after the compiler's own words have been shown.
pub(crate) fn compile(
    recipe: &Decided<'_>,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    screen: &Screen,
) -> Result<Outcome> {
    match recipe {
        Decided::Rust(rust) => compile_rust(rust, cache, staging, environment, screen),
        Decided::Other(other) => crate::languages::build::compile(other, cache, staging, environment, screen),
    }
}

fn compile_rust(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    screen: &Screen,
) -> Result<Outcome> {
    let began = Instant::now();
    static_check::check_machine(recipe)?;
    let mut call = invocation::call(recipe, cache, environment, screen)?;
    let linker = linker::checks(recipe, &call.arguments, environment, cache, Moment::now())?;
    let name = recipe.name();
    let unusable = |error| cache.unusable("cannot write to", error);
    let source = Source::place(recipe, staging).map_err(unusable)?;
    let record = add_record(recipe, &mut call, staging, environment, screen).map_err(unusable)?;
    let declared = || declared_inputs::checks(recipe.settings, recipe.base(), environment, Moment::now());
    let declared_before = declared()?;
    // What was written before this moment has an older stamp, what is written from now on has not.
    if let Some(stamp) = recipe.script.stamp().filter(|_| may_have_neighbours(recipe.script.bytes())) {
        stamp.latest().pass();
    }
    let start = Moment::now();
    let before = recipe.script.path().and_then(|path| Some(Stamp::of(&std::fs::metadata(path).ok()?)));
    let mut finished = run(recipe, &call, &source, cache, staging, environment, screen)?;
    if !staging.is_dir() {
        return Err(removed());
    }
    finished.stderr = source.in_its_words(finished.stderr);
    if !finished.status.success() {
        if !recipe.script.is_unchanged() || call.is_broken(cache) {
            return Ok(Outcome::Disturbed(source.path));
        }
        return Err(failed(recipe, &finished.stderr, finished.status, staging, screen));
    }
    if call.is_broken(cache) {
        // Another script built the same crate from other sources while this one was linked.
        return Ok(Outcome::Disturbed(source.path));
    }
    let (output, dep_info) = (staging.join("program"), staging.join("program.d"));
    static_check::check_program(recipe, &output)?;
    if let Some(record) = record {
        record.add_to(&output).map_err(unusable)?;
    }
    let mut checks = match inputs(recipe, &call, &source, &dep_info, environment, start, before)? {
        Ok(checks) => checks,
        Err(disturbed) => return Ok(Outcome::Disturbed(disturbed)),
    };
    if let Some(path) = declared_disturbance(&declared_before, &declared()?, start) {
        return Ok(Outcome::Disturbed(path));
    }
    checks.extend(declared_before);
    screen.show(&finished.stderr, false);
    let read = linker.into_iter().chain(call.checks).chain(checks);
    let (checks, decisions) = all_checks(&recipe.checks, read);
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
    Ok(Outcome::Built(Built { output, name, provisional, target, told, checks, about }))
}

/// Has the record of a build that is handed on linked into its program, where that is done so.
pub(crate) fn add_record(
    recipe: &RustRecipe<'_>,
    call: &mut Call,
    staging: &Path,
    environment: &Environment,
    screen: &Screen,
) -> std::io::Result<Option<BuildRecord>> {
    let record = recipe.options.portable.then(|| BuildRecord::of(recipe, call, environment));
    if let Some(object) = record.as_ref().and_then(BuildRecord::object) {
        let path = staging.join("record.o");
        std::fs::write(&path, &object)?;
        if let Some(journal) = screen.journal() {
            journal.bytes(&path, &object);
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
    screen: &Screen,
) -> Result<Finished> {
    // What the compiler remembers is in nobody's transcript.
    let remembers = screen.journal().is_none_or(|journal| !journal.shows_commands());
    let mut memory =
        remembers.then(|| Incremental::enter(recipe, call, cache, environment, staging)).flatten();
    loop {
        let place = memory.as_ref().map_or_else(|| staging.to_owned(), Incremental::output);
        let (output, dep_info) = (place.join("program"), place.join("program.d"));
        let purpose = Purpose::Program { output: &output, dep_info: &dep_info };
        let mut command = invocation::command(recipe, call, source, purpose, environment, screen);
        command.args(memory.iter().flat_map(Incremental::arguments));
        screen.verbose(|| {
            let script = recipe.script.typed().to_string_lossy();
            format!("{script}: compiling it, {}", recipe.options_in_words())
        });
        if let Some(journal) = screen.journal() {
            let text = source.text().map_err(|error| cache.unusable("cannot read in", error))?;
            journal.command(&command, text.as_deref());
        }
        let finished = screen
            .run_reading(
                source.input().map_err(|error| cache.unusable("cannot write to", error))?,
                &mut command,
                &format!("compiling {}", recipe.name().to_string_lossy()),
                false,
            )
            .map_err(|error| {
                let what = format!("cannot run `{}`", recipe.toolchain.rustc.display());
                Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
            })?;
        match memory.take() {
            None => return Ok(finished),
            Some(blamed) if blamed.is_to_blame(&finished) => blamed.forget(),
            Some(memory) => match memory.settle(&finished, staging) {
                Ok(()) => return Ok(finished),
                // Somebody cleans the cache.
                Err(_) => continue,
            },
        }
        screen.verbose(|| {
            let script = recipe.script.typed().to_string_lossy();
            format!("{script}: what the compiler remembered is forgotten; once more without")
        });
    }
}

/// Variables we set ourselves: they say nothing that is not in the launch id.
fn is_ours(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || dialect::is_variable(name)
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

/// Whether a script may read files beside it, which were perhaps written with it a moment ago. One that hides it from this
/// look is built a second time where this waits for a tick of the clock.
fn may_have_neighbours(script: &[u8]) -> bool {
    let has = |word: &[u8]| script.windows(word.len()).any(|window| window == word);
    has(b"mod ") || has(b"include")
}

/// Everything the compiler says it read, as checks; or the input that changed while it did.
fn inputs(
    recipe: &RustRecipe<'_>,
    call: &Call,
    source: &Source,
    dep_info: &Path,
    environment: &Environment,
    start: Moment,
    before: Option<Stamp>,
) -> Result<std::result::Result<Vec<Check<'static>>, PathBuf>> {
    let unclear =
        || Error::message(Step::Compile, "the compiler did not say what it read; nothing was cached");
    let text = std::fs::read(dep_info).map_err(|error| match error.kind() {
        // Whoever removes a directory removes what is in it first.
        std::io::ErrorKind::NotFound => removed(),
        _ => Error::new(
            Step::Compile,
            anyhow::Error::new(error).context("cannot read what the compiler has read"),
        ),
    })?;
    let text = String::from_utf8_lossy(&text);
    let text = dep_info::without_place(&text, &source.path, recipe.base());
    let info = DepInfo::parse(&text).ok_or_else(unclear)?;
    let mut disturbances = Disturbances::since(start);
    let script =
        recipe.script.path().map(|path| before.is_none_or(|before| disturbances.reached_since(path, before)));
    if !recipe.script.is_unchanged() || script == Some(true) {
        return Ok(Err(source.path.clone()));
    }
    let mut checks = Vec::new();
    for file in &info.files {
        let path = recipe.base().join(file);
        // The script itself is in the launch id; what lies in our own cache is the dependency environment's.
        if path == source.path {
            continue;
        }
        let check = match Check::file(&path, start) {
            Ok(check) => check,
            Err(_) => return Ok(Err(path)),
        };
        if disturbances.reached(&path) {
            return Ok(Err(path));
        }
        checks.push(check);
        match rival_module(&path) {
            // It was there and the compiler did not mind: no module was looked for under either name.
            Some(rival) if rival.exists() => {
                if disturbances.reached(&rival) {
                    return Ok(Err(rival));
                }
            }
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
    Ok(Ok(checks))
}

/// A declared input that is not as it was before the compiler was started.
pub(crate) fn declared_disturbance(
    before: &[Check<'_>],
    after: &[Check<'_>],
    start: Moment,
) -> Option<PathBuf> {
    let mut disturbances = Disturbances::since(start);
    let is_same =
        before.len() == after.len() && before.iter().zip(after).all(|(one, two)| one.same_fact(two));
    if !is_same {
        return Some(PathBuf::from("a declared input"));
    }
    let mut files = after.iter().filter_map(Check::file_path);
    files.find(|file| disturbances.reached(file)).map(Path::to_owned)
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

/// What a build rests on, each check once: what was decided before it, then what it read. Also how many of the first are
/// no choices of the user's: by that [`crate::engine::shared_cache`] tells the two apart.
pub(crate) fn all_checks(
    decided: &[Check<'static>],
    read: impl IntoIterator<Item = Check<'static>>,
) -> (Vec<Check<'static>>, usize) {
    let mut all = decided.to_vec();
    without_repeats(&mut all);
    let decisions = all.iter().filter(|check| !check.choice).count();
    all.extend(read);
    without_repeats(&mut all);
    (all, decisions)
}

fn without_repeats(checks: &mut Vec<Check<'static>>) {
    let mut seen = Vec::with_capacity(checks.len());
    checks.retain(|check| {
        let mut text = Vec::new();
        check.render(&mut text);
        let fresh = !seen.contains(&text);
        if fresh {
            seen.push(text);
        }
        fresh
    });
}

#[cold]
pub(crate) fn removed() -> Error {
    Error::message(Step::Cache, "the cache was removed while it was compiled there")
}

/// One line after the compiler's own.
#[cold]
fn failed(
    recipe: &RustRecipe<'_>,
    diagnostics: &[u8],
    status: std::process::ExitStatus,
    staging: &Path,
    screen: &Screen,
) -> Error {
    let text = String::from_utf8_lossy(diagnostics);
    if is_full(staging, &text) {
        let full = std::io::Error::from_raw_os_error(libc::ENOSPC);
        return Error::new(Step::Cache, anyhow::Error::new(full).context("cannot compile in the cache"));
    }
    screen.show(diagnostics, true);
    const TESTS: &str = "it only holds tests: `runner test` before the script runs them";
    const NIGHTLY: &str = "unstable features need a nightly compiler: `+nightly` before the script";
    let error = Error::message(Step::Compile, format!("rustc failed ({status}); nothing was cached"));
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
    match static_check::cure(recipe, &text).or(known) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Whether a compiler that was writing to `directory` failed for want of room.
pub(crate) fn is_full(directory: &Path, diagnostics: &str) -> bool {
    /// More than a linker maps of its output at a time.
    const LITTLE_ROOM_BYTES: u64 = 256 << 20;
    if diagnostics.contains("No space left on device") || diagnostics.contains("Disk quota exceeded") {
        return true;
    }
    // A linker that writes through a mapping is not told; it is killed.
    if diagnostics.contains("[Bus error]")
        && let Ok(filesystem) = rustix::fs::statvfs(directory)
        && filesystem.f_bavail * filesystem.f_frsize < LITTLE_ROOM_BYTES
    {
        return true;
    }
    let probe = directory.join("room");
    let written = std::fs::write(&probe, vec![0; 1 << 16]);
    let _ = std::fs::remove_file(&probe);
    written.is_err_and(|error| {
        matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    })
}
