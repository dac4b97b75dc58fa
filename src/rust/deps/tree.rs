//! `cargo tree` and `cargo update --dry-run` of a script, with the lock that a run would take.

use std::ffi::OsString;
use std::process::Command;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::report::reporter::Reporter;
use crate::request::package_spec::PACKAGE_NAME;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::lock::{self, Renewal};
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;

/// What cargo printed.
pub(crate) struct Printed {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: u8,
}

/// Runs a subcommand of cargo on a copy of the package that stands for the script.
///
/// # Errors
/// [`Step::Dependencies`] if the versions cannot be resolved, or cargo does not start.
pub(crate) fn run(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
    arguments: &[OsString],
) -> Result<Printed> {
    let (environments, manifest) = Environments::find(recipe, cache, environment, reporter)?;
    let staging = lock::resolve(&environments, &manifest, &Renewal::Keep)?;
    let cargo = recipe.toolchain.cargo(environment)?;
    let mut command: Command = environments.cargo(&cargo);
    let (name, rest) = arguments.split_first().map(|(name, rest)| (name.clone(), rest)).unwrap_or_default();
    command.arg(name).arg("--manifest-path").arg(staging.path().join("Cargo.toml"));
    command.args(recipe.options.offline.then_some("--offline")).args(rest);
    let finished = reporter.run(&command, "asking cargo", true).map_err(|error| {
        let what = format!("cannot run `{}`", cargo.display());
        Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
    })?;
    if !finished.status.success() && recipe.options.offline {
        return Err(environments.failed(&finished.stderr, finished.status));
    }
    let words = |text: &[u8]| {
        // Cargo speaks of a package that nobody has seen.
        let shown = String::from_utf8_lossy(text).into_owned();
        let package = format!("{PACKAGE_NAME} v{} ({})", recipe.manifest.version(), staging.path().display());
        let script = recipe.script.display_name();
        shown.replace(&package, &script).replace(&*staging.path().to_string_lossy(), &script)
    };
    Ok(Printed {
        stdout: words(&finished.stdout),
        stderr: words(finished.said().as_bytes()),
        code: finished.status.code().map_or(crate::base::error::EXIT_FAILED, |code| code as u8),
    })
}
