//! Provisional builds first, release builds in the background.
//!
//! A release build costs two to three times a quick one, of dependencies and of the script itself. A script that asks for no
//! profile and has dependencies, or is large, is built `quick` first: unoptimized, but with the semantics of release, so
//! that nothing it does differs but its speed and the stack it needs (a crash on a terminal is told to be of such a build).
//! To optimize just enough for recursions to become loops (`opt-level = 1`) takes as long as release does. Where its dependencies are there in release it is linked with those, and
//! only its own code is quick. Its trace says `provisional`. When the same
//! content is run a second time, a background build makes the release binary, which takes the place of the quick one by the
//! usual commit; a script that is being edited never gets that far.
//!
//! One background build a user at a time, at the lowest priority for processor and disk, under a lock file that names it
//! (`v1/background`): `runner cache list` shows it, `runner cache stop` ends it, and one that is killed costs nothing, since
//! the provisional binary stays. It holds no lock that a run waits for. `RUNNER_TIER=off` and `CI` switch tiers off: the
//! first build is release then. The daily trim of the cache is started in the same way, and where tiers are off a miss does it
//! before its program runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::base::environment::{Environment, absolute};
use crate::base::error::{At, Error, Result, Step};
use crate::base::fs::{DAY, is_older};
use crate::base::process_identity::ProcessIdentity;
use crate::base::supervision::Supervision;
use crate::build::backend::{Host, ResolvedRecipe};
use crate::engine::build_settled::build_settled;
use crate::engine::confined_build::Confined;
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::process::task::{Output, Task};
use crate::report::reporter::Reporter;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::settings::layers::Layers;
use crate::store::cache::Cache;
use crate::store::entry::{Entry, Found};
use crate::store::key::Key;
use crate::store::lock::{Lock, Patience};
use crate::store::staging::Staging;
use crate::store::trace::Tools;

/// How often, and how long apart, a stopped build is looked for until it is gone.
const MOST_LOOKS: u32 = 500;
const LOOK: Duration = Duration::from_millis(10);

/// What the file that a background build holds says: its process, and its script.
const BACKGROUND: &str = "background";

/// The directory of notes of final builds that failed, one empty file a content key.
pub(crate) const FAILURES: &str = "failures";

/// A background build that is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Background {
    /// Its process.
    pub pid: u32,
    /// The script it builds.
    pub script: PathBuf,
}

/// The recipe of a script's next build: a provisional one where that is worth it.
pub(crate) fn choose<'a>(
    resolved: Box<dyn ResolvedRecipe<'a> + 'a>,
    cache: &Cache,
    environment: &Environment,
) -> Box<dyn ResolvedRecipe<'a> + 'a> {
    // What has no path cannot be read again by another process: its first build is final.
    let may_be_finished = resolved.request().script.path().is_some();
    match may_be_finished && is_on(&resolved.request().layers, environment) {
        true => resolved.provisional(environment, cache),
        false => resolved,
    }
}

/// Whether there are tiers: as it is said, and if it is not, everywhere but where `CI` is set. Never in a process that orphans
/// are given to: the script that this process becomes would be told of the end of a child that it never had.
pub(crate) fn is_on(layers: &Layers, environment: &Environment) -> bool {
    !is_given_orphans() && layers.is_on("tier").unwrap_or_else(|| !is_ci(environment))
}

/// Whether this process is the first of a PID namespace, or asked to be given orphans, which an exec does not change.
#[cfg(target_os = "linux")]
fn is_given_orphans() -> bool {
    rustix::process::getpid().is_init()
        || rustix::process::child_subreaper().is_ok_and(|reaper| reaper.is_some())
}

/// Other systems give orphans to their first process alone.
#[cfg(not(target_os = "linux"))]
fn is_given_orphans() -> bool {
    rustix::process::getpid().is_init()
}

pub(crate) fn is_ci(environment: &Environment) -> bool {
    environment.set("CI").is_some_and(|value| value != "false")
}

/// A hit on a provisional build: what is found under the real path and options if that is final by now, else this one,
/// with the final one on its way.
#[cold]
pub(crate) fn final_or_start(
    context: &Context,
    cache: &Cache,
    script: &Script,
    options: &Options,
    found: Found,
) -> Result<Found> {
    let read = recipe::read(script, options, context.environment())?;
    let home = recipe::key(read.as_ref(), context.environment(), cache);
    if let Some(there) = cache.peek(&home, context.environment(), Tools::Checked)
        && !there.provisional
    {
        let launch = launch_key(script, options, context.environment());
        cache.alias(&launch, &home, script.trace_name(), context.environment());
        return Ok(there);
    }
    let may_start = is_on(&read.request().layers, context.environment()) && background(cache).is_none();
    if may_start && !has_failed(cache, &home) {
        // Best effort: the next run asks again.
        let _ = start(context, script, options);
    }
    Ok(found)
}

/// Variables whose value is a path that means another place in another directory. The first ones shape no build, and are
/// made absolute.
const PLACES: &[&str] = &["RUNNER_CACHE", "RUNNER_CACHE_SYSTEM"];
const SHAPING_PLACES: &[&str] = &["RUNNER_CONFIG", "CARGO_HOME", "RUSTUP_HOME", "RUSTC", "HOME", "TMPDIR"];

/// The environment of a background build, which stands in another directory, so that no mount is busy for it; `None` if it
/// would build something else there.
fn variables(environment: &Environment) -> Option<Vec<(OsString, OsString)>> {
    let is_relative = |value: &OsString| !value.is_empty() && Path::new(value).is_relative();
    let mut variables = environment.all();
    for (name, value) in &mut variables {
        if SHAPING_PLACES.iter().any(|place| name == place) && is_relative(value) {
            return None;
        }
        if PLACES.iter().any(|place| name == place) && is_relative(value) {
            *value = absolute(PathBuf::from(&*value)).into_os_string();
        }
    }
    Some(variables)
}

/// Starts the background build.
fn start(context: &Context, script: &Script, options: &Options) -> std::io::Result<bool> {
    // A copy by its URL, as which it is built in the sandbox.
    let Some(script) =
        script.told_path().map(Path::as_os_str).or(script.is_fetched().then(|| script.typed()))
    else {
        return Ok(false);
    };
    let mut arguments = options.of_background().to_arguments();
    arguments.splice(0..0, ["build", "--cache", "--background"].map(OsString::from));
    arguments.push(script.to_owned());
    spawn(context, &arguments)
}

/// Starts the daily trim, which no program has to wait for; `false` if nothing may be started.
pub(crate) fn start_trim(context: &Context, layers: &Layers) -> bool {
    let limits = layers.limits();
    let (days, bytes) = (format!("{}d", limits.unused_days), limits.most_bytes.to_string());
    let arguments = ["cache", "trim", "--older", &days, "--max-size", &bytes].map(OsString::from);
    is_on(layers, context.environment()) && spawn(context, &arguments).is_ok_and(|is_started| is_started)
}

/// Starts runner as nobody's child: the script that this process becomes must not find one. Of what the caller has it keeps
/// the variables, the limits and the control group, and neither session nor directory nor open files.
fn spawn(context: &Context, arguments: &[OsString]) -> std::io::Result<bool> {
    let Some(command) = context.background else { return Ok(false) };
    let Some(variables) = variables(context.environment()) else { return Ok(false) };
    let mut shell = Command::new("/bin/sh");
    let text =
        "if command -v ionice >/dev/null 2>&1; then set -- ionice -c 3 \"$@\"; fi; nice -n 19 \"$@\" &";
    shell.args(["-c", text, "sh"]).arg(command()?).args(arguments);
    shell.env_clear().envs(variables).current_dir("/");
    // It outlives the operation, in a session of its own.
    let supervision = Supervision::default();
    let task = Task::new(&shell, &supervision).without_descriptors();
    task.stdout(Output::Null).stderr(Output::Null).output().map(|_| true)
}

/// Makes the final build of a script whose build is provisional, unless a background build is going on.
///
/// # Errors
/// As [`crate::Runner::build`].
pub(crate) fn finish(context: &Context, script: &Script, options: &Options) -> Result<()> {
    let cache = context.cache()?;
    cache.create()?;
    let Ok(Some(_background)) = Lock::try_acquire_as(&cache.join(BACKGROUND), Path::new(script.trace_name()))
    else {
        return Ok(());
    };
    let read = recipe::read(script, options, context.environment())?;
    let confined = Confined::of(context.environment(), &cache, read.request(), options)?;
    let environment = confined.as_ref().map_or(context.environment(), |confined| &confined.environment);
    let reporter = Reporter::silent(environment);
    let resolved = read.resolve(environment, &cache)?;
    let home = resolved.key();
    if cache.peek(&home, context.environment(), Tools::Checked).is_none_or(|found| !found.provisional) {
        return Ok(());
    }
    // Nobody waits for this directory, as they would for the launch's lock.
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let host = Host { environment, cache: &cache, reporter: &reporter };
    let built = build_settled(resolved.as_ref(), staging.path(), host).inspect_err(|_| {
        // Best effort: without it the next run tries again.
        let _ = cache.write_whole(&failure(&cache, &home), b"");
    })?;
    match cache.enter(home, resolved.checks(), context.environment(), |_| false, |_, _| Patience::Wait)? {
        Entry::Vacant(vacant) => {
            vacant.commit(built, resolved.request().script.trace_name(), context.environment()).map(drop)
        }
        Entry::Occupied(_) => Ok(()),
    }
}

/// Where it is noted that the final build of a script failed.
fn failure(cache: &Cache, home: &Key) -> PathBuf {
    cache.join(FAILURES).join(home.digest().hex())
}

/// Whether the final build failed today, and nothing was built since: it would fail again, at every run.
fn has_failed(cache: &Cache, home: &Key) -> bool {
    let written = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let (failed, built) = (failure(cache, home), cache.trace_path(home));
    match (std::fs::metadata(&failed), written(&failed), written(&built)) {
        (Ok(metadata), Some(failed), built) => {
            !is_older(&metadata, DAY) && built.is_none_or(|built| built <= failed)
        }
        _ => false,
    }
}

/// The background build that is going on, if there is one.
///
/// # Errors
/// [`Step::Cache`] if the cache is not ours to read.
pub(crate) fn running(context: &Context) -> Result<Option<Background>> {
    Ok(context.existing_cache()?.and_then(|cache| background(&cache)))
}

/// Stops the background build, with the compilers it runs.
///
/// # Errors
/// [`Step::Cache`] if that may not be done.
pub(crate) fn stop(context: &Context) -> Result<Option<Background>> {
    let Some(cache) = context.existing_cache()? else { return Ok(None) };
    let Some((process, background)) = holder(&cache) else { return Ok(None) };
    let cannot = |error: std::io::Error| {
        Error::new(Step::Cache, anyhow::Error::new(error).context("cannot stop the background build"))
    };
    // Its number may be another process's by now, or in this container.
    if !process.is_running_here() {
        let text = format!(
            "cannot stop the background build: process {} is not visible here, or has another number",
            background.pid
        );
        return Err(Error::message(Step::Cache, text).hint("stop it in the container that it runs in"));
    }
    end_group(process).map_err(cannot)?;
    // It is gone when its lock is.
    for _ in 0..MOST_LOOKS {
        if running(context)?.is_none() {
            return Ok(Some(background));
        }
        std::thread::sleep(LOOK);
    }
    Err(Error::message(Step::Cache, format!("process {} does not stop", background.pid))
        .hint(format!("`kill -KILL {}`", background.pid)))
}

/// Sends SIGTERM to a process and its group. It is the leader of a session of its own, and so of a group.
fn end_group(process: ProcessIdentity) -> std::io::Result<()> {
    let Some(pid) = process.number() else { return Err(std::io::ErrorKind::NotFound.into()) };
    let stopped = stop_for_good(process, pid);
    rustix::process::kill_process_group(pid, Signal::TERM)
        .or_else(|_| rustix::process::kill_process(pid, Signal::TERM))?;
    if stopped {
        rustix::process::kill_process_group(pid, Signal::CONT)
            .or_else(|_| rustix::process::kill_process(pid, Signal::CONT))?;
    }
    Ok(())
}

/// Stops a process, so that it does not end and its number is not given to another while its group is told. Whether that
/// was done: a kernel older than 5.3 has no descriptors of processes.
#[cfg(target_os = "linux")]
fn stop_for_good(process: ProcessIdentity, pid: rustix::process::Pid) -> bool {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    // In this order: what the descriptor means was running when it was compared.
    pidfd_open(pid, PidfdFlags::empty())
        .is_ok_and(|open| process.is_running_here() && pidfd_send_signal(&open, Signal::STOP).is_ok())
}

/// Other systems have no descriptors of processes.
#[cfg(not(target_os = "linux"))]
fn stop_for_good(_process: ProcessIdentity, _pid: rustix::process::Pid) -> bool {
    false
}

fn background(cache: &Cache) -> Option<Background> {
    holder(cache).map(|(_, background)| background)
}

fn holder(cache: &Cache) -> Option<(ProcessIdentity, Background)> {
    let path = cache.join(BACKGROUND);
    if !Lock::is_held(&path) {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let (process, script) = text.split_once('\n')?;
    let process = ProcessIdentity::parse(process)?;
    let script = Path::new(script.strip_suffix('\n').unwrap_or(script)).to_owned();
    Some((process, Background { pid: process.pid, script }))
}
