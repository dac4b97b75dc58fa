//! `runner lock`: the lock of a script, renewed as little as its manifest asks for, or as much as is asked for.
//!
//! Cargo keeps the entries of a lock that fit. It starts from `SCRIPT.lock`; without one from the versions that a run
//! would take, so that what is written down is what has been running.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::base::fs::cannot;
use crate::base::named_output::{self, Permission};
use crate::report::reporter::Reporter;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::script_lock::Insistence;
use crate::rust::deps::seed;
use crate::rust::deps::update::{VersionChange, differences};
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;
use crate::store::staging::Staging;

/// What is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// Nothing that still fits.
    Keep,
    /// Everything, to the newest versions that fit.
    All,
    /// These packages.
    Packages(Vec<String>),
}

/// A lock that was resolved, and not written yet.
#[derive(Debug)]
pub(crate) struct Lock {
    /// The text of `SCRIPT.lock`, if it is there.
    pub(crate) old: Option<String>,
    /// What it should be; `None` if the script needs none.
    pub(crate) new: Option<String>,
}

impl Lock {
    pub(crate) fn is_current(&self) -> bool {
        self.old == self.new
    }

    /// The packages that differ.
    pub(crate) fn changes(&self) -> Vec<VersionChange> {
        let text = |lock: &Option<String>| lock.clone().unwrap_or_default();
        differences(&text(&self.old), &text(&self.new))
    }
}

/// Resolves the lock of a script.
///
/// # Errors
/// [`Step::Dependencies`], after cargo's own words have been shown.
pub(crate) fn renewed(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
    renewal: Renewal,
) -> Result<Lock> {
    let (environments, manifest) =
        Environments::find_with(recipe, cache, environment, reporter, Insistence::Never)?;
    let old = environments.lock.clone();
    if !recipe.manifest.needs_cargo() {
        return Ok(Lock { old, new: None });
    }
    let staging = resolve(&environments, &manifest, &renewal)?;
    let text = fs::read_to_string(staging.path().join("Cargo.lock")).at(Step::Dependencies)?;
    let text = seed::unsealed(&text);
    let name = recipe.script.path().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let new = with_head(text, &name);
    let is_same = |old: &String| same(old, &new);
    let new = old.clone().filter(is_same).unwrap_or(new);
    Ok(Lock { old, new: Some(new) })
}

/// A lock that says whose it is, below the lines by which cargo says that it is generated. Cargo keeps such a line.
pub(crate) fn with_head(lock: &str, script: &str) -> String {
    let line = format!("# For {script}, by runner.");
    let (head, body): (Vec<&str>, Vec<&str>) = lock.lines().partition(|line| line.starts_with('#'));
    let head = head.into_iter().filter(|known| !known.starts_with("# For ")).chain([line.as_str()]);
    format!("{}\n{}\n", head.collect::<Vec<_>>().join("\n"), body.join("\n").trim_end())
}

/// Whether two locks say the same, whatever their comments.
fn same(one: &str, other: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
    };
    lines(one) == lines(other)
}

/// The package with its lock, in a directory of its own.
pub(crate) fn resolve(environments: &Environments<'_>, manifest: &str, renewal: &Renewal) -> Result<Staging> {
    let staging = Staging::create(&environments.cache.join("staging")).at(Step::Cache)?;
    let manifest_path = staging.path().join("Cargo.toml");
    fs::create_dir(staging.path().join("src")).at(Step::Cache)?;
    fs::write(staging.path().join("src/main.rs"), "fn main() {}\n").at(Step::Cache)?;
    fs::write(&manifest_path, manifest).at(Step::Cache)?;
    let lock_path = staging.path().join("Cargo.lock");
    // A cache that is empty has nothing to start from.
    let _ = environments.write_lock(&lock_path);
    if let Ok(lock) = fs::read_to_string(&lock_path) {
        fs::write(&lock_path, seed::unsealed(&lock)).at(Step::Cache)?;
    }
    let mut arguments: Vec<OsString> = vec!["update".into()];
    match renewal {
        Renewal::Keep => arguments.push("--workspace".into()),
        Renewal::All => {}
        Renewal::Packages(names) => arguments.extend(names.iter().map(OsString::from)),
    }
    let offline = |is_offline: bool| -> Result<_> {
        let cargo = environments.recipe.toolchain.cargo(environments.environment)?;
        let mut command = environments.cargo(&cargo);
        command.args(&arguments).arg("--manifest-path").arg(&manifest_path);
        command.args(is_offline.then_some("--offline"));
        environments.reporter.run(&command, "resolving dependencies", false).map_err(|error| {
            let what = format!("cannot run `{}`", cargo.display());
            Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
        })
    };
    // What is here answers most questions, and asking the registry costs more.
    let covers = *renewal == Renewal::Keep && seed::covers(&lock_path, environments.recipe.manifest);
    let is_offline = environments.recipe.options.offline;
    let mut finished = offline(is_offline || covers)?;
    if !finished.status.success() && covers && !is_offline {
        finished = offline(false)?;
    }
    match finished.status.success() {
        true => Ok(staging),
        false => Err(environments.failed(&finished.stderr, finished.status)),
    }
}

/// Writes `SCRIPT.lock`, or removes it where none is needed.
///
/// # Errors
/// [`Step::Install`].
pub(crate) fn write(path: &Path, lock: Option<&str>) -> Result<()> {
    match lock {
        Some(text) => named_output::write(path, Permission::OfText, &mut text.as_bytes())
            .map_err(|error| cannot("write", path, error)),
        None => match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot("remove", path, error)),
            _ => Ok(()),
        },
    }
}
