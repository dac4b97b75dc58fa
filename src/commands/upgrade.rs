//! `runner upgrade`: rebuilds installed commands that are out of date.
//!
//! With the options, the name and the place of the promotion, which its receipt holds. What is as it should be is left
//! alone; what was changed by somebody else, or removed, is only touched by force.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use crate::base::error::{Error, Result, Step};
use crate::commands::installed::{State, dependency_changes, find};
use crate::commands::promote::Placement;
use crate::commands::promote::receipt::{self, Receipt};
use crate::engine::context::Context;
use crate::packages::recipe::{PackageRecipe, PackageRequest};
use crate::packages::resolve::{self, Resolved};
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::script::script_file::Script;

/// What an upgrade came to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UpgradeResult {
    /// The executable's name.
    pub name: OsString,
    /// Where it is.
    pub path: PathBuf,
    /// Why it was built again; `None` if it is current.
    pub reason: Option<Reason>,
    /// The version of the package, if it is of one.
    pub version: Option<String>,
}

/// Why an executable was built again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// An input of the script changed.
    SourceChanged,
    /// Another toolchain would build it now.
    OtherToolchain,
    /// Its dependencies are resolved to other versions now: these.
    DependenciesChanged(Vec<String>),
    /// There is another version of the package: the old one, and the new one.
    Version(String, String),
    /// It was modified, or gone, and that is what was asked for.
    Forced,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::SourceChanged => formatter.write_str("source changed"),
            Reason::DependenciesChanged(changes) => {
                write!(formatter, "dependencies changed ({})", changes.join(", "))
            }
            Reason::OtherToolchain => formatter.write_str("built by another toolchain"),
            Reason::Version(old, new) => write!(formatter, "{old} -> {new}"),
            Reason::Forced => formatter.write_str("forced"),
        }
    }
}

/// Builds a promoted executable again, unless in a dry run, if its source, its toolchain or the version of its package is another now. Of
/// `options` count `offline`, `verbosity`, and `force`: replace what somebody else changed, put back what was removed.
///
/// # Errors
/// Those of `Runner::promote`; 127 if its source is gone; [`Step::Install`] if it was modified or removed.
pub(crate) fn upgrade(context: &Context, name: &OsStr, options: &Options) -> Result<UpgradeResult> {
    let receipts = receipt::directory(context.environment())?;
    let receipt = find(&receipts, name)?;
    let shown = receipt.name.to_string_lossy().into_owned();
    upgrade_receipt(context, receipt, options).map_err(|error| error.about(shown))
}

fn upgrade_receipt(context: &Context, receipt: Receipt, options: &Options) -> Result<UpgradeResult> {
    let asked = Options { offline: options.offline, verbosity: options.verbosity, ..receipt.options.clone() };
    let reason = match crate::commands::installed::state(context, &receipt) {
        State::SourceChanged => Some(Reason::SourceChanged),
        State::OtherToolchain => Some(Reason::OtherToolchain),
        State::DependenciesChanged => {
            let changes = dependency_changes(context, &receipt);
            Some(Reason::DependenciesChanged(changes.iter().map(ToString::to_string).collect()))
        }
        State::SourceGone => return Err(source_gone(&receipt)),
        State::Modified | State::Missing if options.force => Some(Reason::Forced),
        state @ (State::Modified | State::Missing) => return Err(not_ours(&receipt, state)),
        State::Current => None,
    };
    let old = receipt.about("version").map(str::to_owned);
    let newer = match &receipt.package {
        Some(package) => newest(context, package, &asked, options.debug.is_dry_run)?
            .filter(|newest| Some(newest) != old.as_ref()),
        None => None,
    };
    let reason = newer.map(|new| Reason::Version(old.clone().unwrap_or_default(), new)).or(reason);
    let Some(reason) = reason else {
        return Ok(UpgradeResult { name: receipt.name, path: receipt.path, reason: None, version: old });
    };
    if options.debug.is_dry_run {
        return Ok(UpgradeResult {
            name: receipt.name,
            path: receipt.path,
            reason: Some(reason),
            version: old,
        });
    }
    let script = match &receipt.package {
        Some(package) => Script::from_package(package.clone()),
        None => Script::read(receipt.source.as_os_str(), context.environment())?,
    };
    let placement = Placement {
        name: Some(receipt.name.clone()),
        directory: receipt.path.parent().map(PathBuf::from),
        force: reason == Reason::Forced || options.force,
    };
    let installed =
        crate::commands::promote::promote_each(context, &[script], &asked, &placement, true)?.pop();
    let version = installed.and_then(|installed| installed.version).or(old);
    Ok(UpgradeResult { name: receipt.name, path: receipt.path, reason: Some(reason), version })
}

/// The newest version that fits, asked of the registry now; `None` if only one will do.
///
/// # Errors
/// As [`Resolved::renew`].
pub(crate) fn newest(
    context: &Context,
    package: &Package,
    options: &Options,
    is_dry_run: bool,
) -> Result<Option<String>> {
    if package.version().is_some() {
        return Ok(None);
    }
    let cache = context.cache()?;
    cache.create()?;
    if let Some(context) = context.with_cargo_home(&cache) {
        return newest(&context, package, options, is_dry_run);
    }
    let script = Script::from_package(package.clone());
    let request = PackageRequest::read(&script, package, options, context.environment())?;
    let recipe = PackageRecipe::resolve(&request, context.environment(), &cache)?;
    let reporter = context.reporter(recipe.options.verbosity);
    if is_dry_run {
        let version = resolve::ask(&recipe, &cache, context.environment(), &reporter)?;
        return Ok(Some(version.to_string()));
    }
    let resolved = Resolved::renew(&recipe, &cache, context.environment(), &reporter)?;
    Ok(Some(resolved.version.to_string()))
}

#[cold]
fn source_gone(receipt: &Receipt) -> Error {
    let name = receipt.name.to_string_lossy();
    Error::message(Step::Install, format!("its source `{}` is gone", receipt.source.display()))
        .not_found()
        .hint(format!("`runner demote {name}` removes it too, or promote it from where the source is now"))
}

#[cold]
fn not_ours(receipt: &Receipt, state: State) -> Error {
    let path = receipt.path.display();
    match state {
        State::Missing => Error::message(Step::Install, format!("`{path}` was removed"))
            .hint("`--force` puts it back, `runner demote` forgets it"),
        _ => Error::message(Step::Install, format!("`{path}` is not what runner put there"))
            .hint("`--force` replaces it all the same"),
    }
}
