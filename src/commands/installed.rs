//! `runner list` and `runner demote`: the installed commands and whether they are up to date.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::environment::{Environment, absolute};
use crate::base::error::{Error, Result, Step};
use crate::base::fs::cannot;
use crate::commands::promote::receipt::{self, Receipt};
use crate::commands::promote::{lock, previous};
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::rust::deps::{VersionChange, differences};
use crate::script::script_file::Script;
use crate::store::fact_tree;
use crate::store::file_digest::is_absence;
use crate::store::trace::fact_state::Holds;

/// What became of an installed executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// As it was installed, and so are its inputs.
    Current,
    /// An input has changed since; or the promotion of what changed was interrupted.
    SourceChanged,
    /// The script is not there any more.
    SourceGone,
    /// Somebody changed or replaced the executable.
    Modified,
    /// Somebody removed it.
    Missing,
    /// Its toolchain is not the one that would build it now.
    OtherToolchain,
    /// Its dependencies are resolved to other versions now.
    DependenciesChanged,
}

impl State {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Current => "current",
            State::SourceChanged => "source changed",
            State::SourceGone => "source gone",
            State::Modified => "modified",
            State::Missing => "missing",
            State::OtherToolchain => "built by another toolchain",
            State::DependenciesChanged => "dependencies changed",
        }
    }
}

/// An entry of `runner list`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InstalledCommand {
    /// Its name.
    pub name: OsString,
    /// Where it was put.
    pub path: PathBuf,
    /// The script it was made from; of a package what was asked for, as `ripgrep@latest`.
    pub source: PathBuf,
    /// The package, if it is of one.
    pub package: Option<Package>,
    /// The version of the package.
    pub version: Option<String>,
    /// What became of it.
    pub state: State,
    /// The blake3 digest of the executable as it was installed, in hexadecimal.
    pub digest: String,
    /// The blake3 digest of the script it was made from; none of a package.
    pub source_digest: Option<String>,
    /// What else the receipt says, by name: `profile`, `edition`, `toolchain`, `runner`, `installed` (seconds since the
    /// epoch) and others.
    pub facts: Vec<(String, String)>,
    /// The options it was promoted with, as they stand on a command line.
    pub options: Vec<OsString>,
}

/// Every executable that was promoted, by name, and what became of it.
///
/// # Errors
/// [`Step::Install`] if there is nowhere to keep receipts.
pub(crate) fn list(context: &Context) -> Result<Vec<InstalledCommand>> {
    let receipts = Receipt::all(&receipt::directory(context.environment())?);
    let listed = |receipt: &Receipt| InstalledCommand {
        name: receipt.name.clone(),
        path: receipt.path.clone(),
        source: receipt.source.clone(),
        package: receipt.package.clone(),
        version: receipt.about("version").map(str::to_owned),
        state: state(context, receipt),
        digest: receipt.binary_digest.hex(),
        source_digest: receipt.package.is_none().then(|| receipt.source_digest.hex()),
        facts: receipt.about.clone(),
        options: receipt.options.to_arguments(),
    };
    Ok(receipts.iter().map(listed).collect())
}

/// What became of an executable. While somebody is promoting it, its receipt is not its own for a moment.
pub(crate) fn state(context: &Context, receipt: &Receipt) -> State {
    let state = state_now(context, receipt);
    if !matches!(state, State::Modified | State::Missing) {
        return state;
    }
    let Ok(receipts) = receipt::directory(context.environment()) else { return state };
    let _lock = lock(&receipts);
    Receipt::find(&receipts, &receipt.path).map_or(state, |receipt| state_now(context, &receipt))
}

fn state_now(context: &Context, receipt: &Receipt) -> State {
    match Digest::of_file(&receipt.path) {
        Err(error) if is_absence(&error) => return State::Missing,
        Err(_) => return State::Modified,
        Ok(content) if content == receipt.binary_digest => {}
        // The promotion that was to replace it ended before it did.
        Ok(content) if receipt.is_ours(content) => return State::SourceChanged,
        Ok(_) => return State::Modified,
    }
    if let Some(state) = source_state(receipt, context.environment()) {
        return state;
    }
    // With no compiler at all it is as good as it was.
    let Some((toolchain, lock)) = decided_now(context, receipt) else { return State::Current };
    if receipt.about("toolchain-id").is_some_and(|built_by| built_by != toolchain) {
        return State::OtherToolchain;
    }
    // A cache that was emptied has nothing to say of versions.
    match receipt.lock.as_deref().zip(lock.as_deref()) {
        Some((then, now)) if !differences(then, now).is_empty() => State::DependenciesChanged,
        _ => State::Current,
    }
}

/// The versions of its dependencies that are others now.
pub(crate) fn dependency_changes(context: &Context, receipt: &Receipt) -> Vec<VersionChange> {
    let now = decided_now(context, receipt).and_then(|(_, lock)| lock);
    let both = receipt.lock.as_deref().zip(now.as_deref());
    both.map(|(then, now)| differences(then, now)).unwrap_or_default()
}

/// The toolchain that would build it now, if there is one, and the lock of its dependencies.
fn decided_now(context: &Context, receipt: &Receipt) -> Option<(String, Option<String>)> {
    let cache = context.cache().ok()?;
    let options = receipt.options.clone();
    let script = match &receipt.package {
        Some(package) => Script::from_package(package.clone()),
        None => Script::read(receipt.source.as_os_str(), context.environment()).ok()?,
    };
    let options = Options { portable: receipt.package.is_none(), ..options };
    let read = recipe::read(&script, &options, context.environment()).ok()?;
    let resolved = read.resolve(context.environment(), &cache).ok()?;
    let lock = resolved.resolution(context.environment(), &cache);
    Some((resolved.toolchain_id().to_owned(), lock))
}

/// The paths of executables that were promoted, by their names, or by their paths if there are several of a name.
///
/// # Errors
/// [`Step::Install`] if one of them was not promoted, or several have the name.
pub(crate) fn paths_of(context: &Context, names: &[OsString]) -> Result<Vec<PathBuf>> {
    let receipts = receipt::directory(context.environment())?;
    let mut paths = Vec::new();
    for name in names {
        let path = find(&receipts, name)?.path;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Removes an executable that was promoted: by its name, or by its path if there are several of that name. Returns
/// where it was.
///
/// # Errors
/// [`Step::Install`] if there is none, if several have the name, or if it was modified and `force` is not given.
pub(crate) fn demote(context: &Context, name: &OsStr, force: bool) -> Result<PathBuf> {
    demote_all(context, &[name.to_owned()], force)?
        .pop()
        .ok_or_else(|| Error::message(Step::Install, "nothing was removed"))
}

/// As `Runner::demote`, of several: if one of them cannot be removed, none is.
///
/// # Errors
/// As `Runner::demote`.
pub(crate) fn demote_all(context: &Context, names: &[OsString], force: bool) -> Result<Vec<PathBuf>> {
    let receipts = receipt::directory(context.environment())?;
    let paths = paths_of(context, names)?;
    let _lock = lock(&receipts)?;
    let found = paths
        .iter()
        .map(|path| find(&receipts, path.as_os_str()))
        .map(|found| found.and_then(|receipt| check_removal(receipt, force)))
        .collect::<Result<Vec<_>>>()?;
    for receipt in found {
        match fs::remove_file(&receipt.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot("remove", &receipt.path, error));
            }
            _ => {
                receipt.remove(&receipts)?;
                previous::forget(&receipts, &receipt.path);
            }
        }
    }
    Ok(paths)
}

/// What the source alone says; `None` if it is as it was.
fn source_state(receipt: &Receipt, environment: &Environment) -> Option<State> {
    if receipt.package.is_some() {
        return None;
    }
    match Script::read(receipt.source.as_os_str(), environment) {
        Err(_) => Some(State::SourceGone),
        Ok(script) if Digest::of(script.bytes()) != receipt.source_digest => Some(State::SourceChanged),
        Ok(_) => {
            let is_changed =
                receipt.checks.iter().any(|check| fact_tree::holds(check, environment) == Holds::No);
            is_changed.then_some(State::SourceChanged)
        }
    }
}

/// The receipt of a name, or of a path.
pub(crate) fn find(receipts: &Path, name: &OsStr) -> Result<Receipt> {
    let path = name.as_bytes().contains(&b'/').then(|| absolute(PathBuf::from(name)));
    let mut matching: Vec<Receipt> = Receipt::all(receipts)
        .into_iter()
        .filter(|receipt| receipt.name == name || Some(&receipt.path) == path.as_ref())
        .collect();
    let shown = name.to_string_lossy();
    match (matching.pop(), matching.first()) {
        (Some(receipt), None) => Ok(receipt),
        (None, _) => Err(Error::message(Step::Install, format!("`{shown}` was not promoted"))
            .hint("`runner list` lists them")),
        (Some(one), Some(other)) => {
            let (one, other) = (one.path.display(), other.path.display());
            let text = format!("`{shown}` was promoted to `{other}` and to `{one}`");
            Err(Error::message(Step::Install, text).hint("give the path of the one that is meant"))
        }
    }
}

/// Whether an executable may be removed: one that is not ours only by force.
fn check_removal(receipt: Receipt, force: bool) -> Result<Receipt> {
    match Digest::of_file(&receipt.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(receipt),
        Ok(content) if force || receipt.is_ours(content) => Ok(receipt),
        Ok(_) => {
            let text = format!("`{}` is not what runner put there", receipt.path.display());
            Err(Error::message(Step::Install, text).hint("`--force` removes it all the same"))
        }
        Err(error) => Err(cannot("read", &receipt.path, error)),
    }
}
