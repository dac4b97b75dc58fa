//! `runner promote`: builds a script or a package and installs it as a command.
//!
//! `Runner::promote` builds release with paths of this machine kept out, installs by rename, and keeps a receipt. A file
//! runner did not put there is never overwritten without `force`. What became of it is [`crate::commands::installed`]'s.
//!
//! 1. Everything that can be refused without a compiler is refused for all that were asked for, before anything is built.
//! 2. All are built; if one cannot be, nothing has changed.
//! 3. Each is installed under the one lock of all promotions: the place is looked at again, the receipt written, the
//!    executable renamed into place. A receipt names the executable it replaces too, so that whichever of the two is
//!    there after a crash is known as ours.

pub(crate) mod install;
pub(crate) mod previous;
pub(crate) mod receipt;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::digest::{Digest, Sums};
use crate::base::environment::{Environment, absolute};
use crate::base::error::{Error, Result, Step};
use crate::base::fs::{cannot, create_directory};
use crate::commands::build::is_for_windows;
use crate::commands::promote::install::{check_name, put, refuse_script_itself, sweep};
use crate::commands::promote::receipt::Receipt;
use crate::engine::context::Context;
use crate::engine::program::Program;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::store::lock::{Lock, Patience};
use crate::store::stamp::Moment;
use crate::store::trace::fact::{Check, Input};
use crate::store::trace::{Tools, Trace};

/// How long a promotion that was stopped is given to be continued.
const STOPPED: Duration = Duration::from_secs(5);

/// Where an executable goes.
#[derive(Debug, Clone, Default)]
pub struct Placement {
    /// Its name; the script's file stem, or what the package calls it, if `None`.
    pub name: Option<OsString>,
    /// Its directory; if `None` the user's directory for executables, and in that a directory of the target's name for what
    /// another kind of machine executes.
    pub directory: Option<PathBuf>,
    /// Replace what runner did not put there.
    pub force: bool,
}

/// An executable that has been installed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Installed {
    /// Where it is.
    pub path: PathBuf,
    /// The version of the package, if it is of one.
    pub version: Option<String>,
    /// The kind of machine it is for, if it is not this one.
    pub target: Option<String>,
    /// Whether its directory is on PATH.
    pub on_path: bool,
    /// Whether another command of its name comes first on PATH.
    pub shadowed_by: Option<PathBuf>,
}

/// What is to be promoted, as far as it can be known before it is built.
struct Plan<'a> {
    script: &'a Script,
    options: Options,
    directory: PathBuf,
    target: Option<String>,
    /// `None` for a package: it is its program's.
    name: Option<OsString>,
}

impl Plan<'_> {
    fn path(&self) -> Option<PathBuf> {
        self.name.as_ref().map(|name| self.directory.join(name))
    }
}

/// Installs a script as an executable.
///
/// # Errors
/// Those of [`crate::Runner::build`], and [`Step::Install`]: nothing has changed then.
pub(crate) fn promote(
    context: &Context,
    script: &Script,
    options: &Options,
    placement: &Placement,
) -> Result<Installed> {
    let mut installed = promote_all(context, std::slice::from_ref(script), options, placement)?;
    installed.pop().ok_or_else(|| Error::message(Step::Install, "nothing was installed"))
}

/// Installs several scripts as executables. Whatever can be refused is, before any of them is built; and all of them are
/// built before any is installed.
///
/// # Errors
/// As `Runner::promote`; and if two of them would have one name, or `placement` names more than one.
pub(crate) fn promote_all(
    context: &Context,
    scripts: &[Script],
    options: &Options,
    placement: &Placement,
) -> Result<Vec<Installed>> {
    promote_each(context, scripts, options, placement, false)
}

/// The same; an upgrade is only of what has not been demoted by the time it is built.
pub(crate) fn promote_each(
    context: &Context,
    scripts: &[Script],
    options: &Options,
    placement: &Placement,
    is_upgrade: bool,
) -> Result<Vec<Installed>> {
    if placement.name.is_some() && scripts.len() > 1 {
        return Err(Error::message(Step::Arguments, "one name is given for several executables")
            .hint("promote them one by one, or without `--name`"));
    }
    let receipts = receipt::directory(context.environment())?;
    let plan = |script| plan(context, script, options, placement, &receipts);
    let mut plans = scripts
        .iter()
        .map(|script| plan(script).map_err(|error| error.about(script.display_name())))
        .collect::<Result<Vec<_>>>()?;
    refuse_twins(&plans)?;
    let mut programs = Vec::with_capacity(plans.len());
    for plan in &mut plans {
        let program = crate::engine::prepare::prepare(context, plan.script, &plan.options)?;
        let name = plan.name.get_or_insert_with(|| program.name().to_owned());
        if placement.name.is_none() && is_for_windows(&program) {
            name.push(".exe");
        }
        programs.push(program);
    }
    refuse_twins(&plans)?;
    let install = |(plan, program): (&Plan<'_>, &Program)| {
        install(context, plan, program, &receipts, placement.force, is_upgrade)
            .map_err(|error| error.about(plan.script.display_name()))
    };
    plans.iter().zip(&programs).map(install).collect()
}

fn plan<'a>(
    context: &Context,
    script: &'a Script,
    options: &Options,
    placement: &Placement,
    receipts: &Path,
) -> Result<Plan<'a>> {
    if script.path().is_none() && script.package().is_none() {
        return Err(Error::message(
            Step::Install,
            "a script that came through a pipe has no file to keep track of",
        )
        .hint("save it first"));
    }
    let own = || match script.package() {
        Some(_) => options.selection.bin.clone().map(OsString::from),
        None => Some(script.stem()),
    };
    let name = placement.name.clone().or_else(own);
    name.as_ref().map_or(Ok(()), check_name)?;
    let options = crate::commands::artifact::portable_options(context, script, options);
    let target = foreign_target(context, script, &options)?;
    let directory = match &placement.directory {
        Some(directory) => absolute(directory.clone()),
        None => {
            let directory = crate::commands::env::executable_directory(context)?.ok_or_else(|| {
                Error::message(Step::Install, "there is no directory for executables")
                    .hint("`--to DIR`, or set `HOME`")
            })?;
            target.iter().fold(directory, |directory, target| directory.join(target))
        }
    };
    let plan = Plan { script, options, directory, target, name };
    if let Some(path) = plan.path() {
        refuse_script_itself(script, &path)?;
        if check_place(receipts, &path, placement.force).is_err() {
            // Perhaps somebody is promoting it, and has written its receipt only.
            let _lock = lock(receipts)?;
            check_place(receipts, &path, placement.force)?;
        }
    }
    Ok(plan)
}

fn install(
    context: &Context,
    plan: &Plan<'_>,
    program: &Program,
    receipts: &Path,
    force: bool,
    is_upgrade: bool,
) -> Result<Installed> {
    let name = plan.name.clone().unwrap_or_else(|| program.name().to_owned());
    check_name(&name)?;
    let path = plan.directory.join(&name);
    // As it was compiled: one that was edited meanwhile has been read again.
    let script = program.script();
    let (checks, mut about) = build_record(context, script, &plan.options);
    let version = script
        .package()
        .and_then(|_| about.iter().find(|(name, _)| name == "version").map(|(_, version)| version.clone()));
    about.push(("runner".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    about.push(("installed".to_owned(), Moment::now().unix_seconds().to_string()));
    let source = script.told_path().map_or_else(|| PathBuf::from(script.typed()), Path::to_owned);
    fs::create_dir_all(&plan.directory)
        .map_err(|error| cannot("create the directory", &plan.directory, error))?;
    let sums = program.open().and_then(|mut file| Sums::of_reader(&mut file));
    let sums = sums.map_err(|error| cannot("read the program of", &source, error))?;
    about.push(("sha256".to_owned(), sums.sha256.clone()));
    let _lock = lock(receipts)?;
    if is_upgrade && Receipt::find(receipts, &path).is_none() {
        return Err(Error::message(Step::Install, "it was demoted while it was built again"));
    }
    sweep(&plan.directory);
    let lock = resolution(context, script, &plan.options);
    let receipt = Receipt {
        // It is compared by what is in it.
        checks: match (&lock, lock_beside(script)) {
            (Some(_), Some(beside)) => checks.into_iter().filter(|check| !check.is_about(&beside)).collect(),
            _ => checks,
        },
        lock,
        name: name.clone(),
        path: path.clone(),
        source,
        package: script.package().cloned(),
        source_digest: Digest::of(script.bytes()),
        binary_digest: sums.b3,
        // Not what it was before the build: somebody may have promoted the same name meanwhile.
        replaces: check_place(receipts, &path, force)?,
        options: plan.options.of_promotion(),
        about,
    };
    if let Some(old) = Receipt::find(receipts, &path)
        && receipt.replaces == Some(old.binary_digest)
        && old.binary_digest != receipt.binary_digest
    {
        previous::keep(receipts, &old)?;
    }
    receipt.write(receipts)?;
    put(program, &path).map_err(|error| cannot("write", &path, error))?;
    if let Some(command_log) = program.command_log() {
        command_log.copied(program.path(), &path);
    }
    Ok(Installed {
        on_path: is_on_path(context.environment(), &plan.directory),
        shadowed_by: shadow(context.environment(), &name, &path),
        target: plan.target.clone(),
        version,
        path,
    })
}

/// The lock that the dependencies of a script are resolved to now.
pub(crate) fn resolution(context: &Context, script: &Script, options: &Options) -> Option<String> {
    if script.package().is_some() {
        return None;
    }
    let cache = context.cache().ok()?;
    let read = recipe::read(script, options, context.environment()).ok()?;
    read.resolve(context.environment(), &cache).ok()?.resolution(context.environment(), &cache)
}

/// `SCRIPT.lock`.
fn lock_beside(script: &Script) -> Option<PathBuf> {
    let mut path = script.real_path()?.as_os_str().to_owned();
    path.push(".lock");
    Some(PathBuf::from(path))
}

/// The kind of machine a program will be for, if that is not the compiler's own.
fn foreign_target(context: &Context, script: &Script, options: &Options) -> Result<Option<String>> {
    let cache = context.cache()?;
    let read = recipe::read(script, options, context.environment())?;
    Ok(read.resolve(context.environment(), &cache)?.target().map(str::to_owned))
}

/// What the build rested on, as far as a later look can tell whether the source has changed; and what is told of it.
fn build_record(
    context: &Context,
    script: &Script,
    options: &Options,
) -> (Vec<Check<'static>>, Vec<(String, String)>) {
    let nothing = (Vec::new(), Vec::new());
    let Ok(cache) = context.cache() else { return nothing };
    let id = launch_key(script, options, context.environment());
    let Some(bytes) = cache.read_trace(&id) else { return nothing };
    let Some(trace) = Trace::parse(id.digest(), &bytes) else { return nothing };
    let Some(current) = trace.current(cache.directory(), context.environment(), Tools::Forgiven) else {
        return nothing;
    };
    let variant = &trace.variants[current.variant];
    let is_source = |check: &&Check<'_>| {
        !check.tool
            && !check.choice
            && !matches!(check.input, Input::Variable { .. } | Input::Private { .. } | Input::Command { .. })
    };
    let mut checks: Vec<_> =
        variant.checks.iter().filter(is_source).map(|check| check.clone().into_owned()).collect();
    let about = ["profile", "edition", "toolchain", "toolchain-id", "target"];
    let mut about: Vec<(String, String)> =
        about.iter().filter_map(|name| Some(((*name).to_owned(), variant.about(name)?))).collect();
    if script.package().is_some() {
        // A version never changes; which one it is, is asked of the registry.
        checks.clear();
        about.extend(variant.about("source").map(|version| ("version".to_owned(), version)));
    }
    (checks, about)
}

/// Refuses two executables of one place.
fn refuse_twins(plans: &[Plan<'_>]) -> Result<()> {
    for (index, plan) in plans.iter().enumerate() {
        let Some(path) = plan.path() else { continue };
        if let Some(twin) = plans.iter().take(index).find(|other| other.path().as_ref() == Some(&path)) {
            let text = format!(
                "it would be installed as `{}`, and so would `{}`",
                path.display(),
                twin.script.display_name()
            );
            return Err(Error::message(Step::Install, text)
                .about(plan.script.display_name())
                .hint("promote one of them by itself, with `--name NAME`"));
        }
    }
    Ok(())
}

/// The right to change what is installed.
pub(crate) fn lock(receipts: &Path) -> Result<Lock> {
    let path = receipts.with_file_name("lock");
    let directory = path.parent().unwrap_or(receipts);
    let mut stopped_since = None;
    let patience = |elapsed: Duration, holder: crate::store::lock::Holder| {
        stopped_since = holder.stopped.then(|| stopped_since.unwrap_or(elapsed));
        match stopped_since.is_some_and(|since| elapsed - since >= STOPPED) {
            true => Patience::GoOn,
            false => Patience::Wait,
        }
    };
    create_directory(directory)
        .and_then(|()| Lock::acquire(&path, patience))
        .map_err(|error| cannot("lock", &path, error))
}

/// Whether something may be put at `path`; returns the digest of what is there, if that is ours.
fn check_place(receipts: &Path, path: &Path, force: bool) -> Result<Option<Digest>> {
    let there = match fs::symlink_metadata(path) {
        Err(_) => return Ok(None),
        Ok(metadata) => metadata,
    };
    if there.is_dir() {
        let text = format!("`{}` is a directory", path.display());
        return Err(
            Error::message(Step::Install, text).hint("`--name NAME` gives the executable another name")
        );
    }
    if !there.is_file() && !there.is_symlink() {
        let text = format!("`{}` is a device, a FIFO or a socket", path.display());
        return Err(
            Error::message(Step::Install, text).hint("`--name NAME` gives the executable another name")
        );
    }
    let content = if there.is_file() { Digest::of_file(path).ok() } else { None };
    let ours =
        Receipt::find(receipts, path).zip(content).filter(|(receipt, content)| receipt.is_ours(*content));
    match ours {
        Some((_, content)) => Ok(Some(content)),
        None if force => Ok(None),
        None => {
            let text = format!("`{}` exists and runner did not put it there", path.display());
            Err(Error::message(Step::Install, text).hint("`--force` replaces it"))
        }
    }
}

fn is_on_path(environment: &Environment, directory: &Path) -> bool {
    let path = environment.variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|entry| entry.components().eq(directory.components()))
}

/// Another command that a search of PATH finds first.
fn shadow(environment: &Environment, name: &OsStr, path: &Path) -> Option<PathBuf> {
    environment
        .find_command(name)
        .filter(|found| found != path && is_on_path(environment, path.parent().unwrap_or(path)))
}
