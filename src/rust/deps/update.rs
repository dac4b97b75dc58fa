//! `runner update`: resolves a manifest to the newest versions that fit.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use toml::{Table, Value};

use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::base::fs::cannot;
use crate::base::named_output::{self, Permission};
use crate::base::order;
use crate::report::reporter::Reporter;
use crate::request::package_spec::PACKAGE_NAME;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::script_lock::Insistence;
use crate::rust::deps::seed;
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;
use crate::store::staging::Staging;

/// Digits of a commit that are shown.
const SHORT_COMMIT: usize = 8;

/// A package whose version an update changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionChange {
    /// The package.
    pub name: String,
    /// Its versions before; empty if it is new.
    pub old: String,
    /// Its versions now; empty if it is not needed any more.
    pub new: String,
}

impl fmt::Display for VersionChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.old.as_str(), self.new.as_str()) {
            ("", new) => write!(formatter, "{} {new} is new", self.name),
            (old, "") => write!(formatter, "{} {old} is not needed any more", self.name),
            (old, new) => write!(formatter, "{} {old} -> {new}", self.name),
        }
    }
}

/// Resolves the manifest of a script without looking at any lock, and keeps the result: in `SCRIPT.lock` if that is there or
/// `write_lock` asks for it, else in the cache.
pub(crate) fn update(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
    write_lock: bool,
) -> Result<Vec<VersionChange>> {
    let (environments, manifest) =
        Environments::find_with(recipe, cache, environment, reporter, Insistence::Never)?;
    let cargo = recipe.toolchain.cargo(environment)?;
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let manifest_path = staging.path().join("Cargo.toml");
    fs::create_dir(staging.path().join("src")).at(Step::Cache)?;
    fs::write(staging.path().join("src/main.rs"), "fn main() {}\n").at(Step::Cache)?;
    fs::write(&manifest_path, manifest).at(Step::Cache)?;
    let mut command = environments.cargo(&cargo);
    command.arg("generate-lockfile").arg("--manifest-path").arg(&manifest_path);
    command.args(recipe.options.offline.then_some("--offline"));
    let finished = reporter.run(&command, "resolving dependencies", false).map_err(|error| {
        let what = format!("cannot run `{}`", cargo.display());
        Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
    })?;
    if !finished.status.success() {
        return Err(environments.failed(&finished.stderr, finished.status));
    }
    let lock = fs::read_to_string(staging.path().join("Cargo.lock")).at(Step::Dependencies)?;
    let old = environments.lock.clone().or_else(|| seed::read_whole(&environments.resolved));
    if recipe.options.debug.is_dry_run {
        return Ok(differences(&old.unwrap_or_default(), &lock));
    }
    match recipe.adjacent_lock().filter(|_| environments.lock.is_some() || write_lock) {
        Some(path) => named_output::write(&path, Permission::OfText, &mut lock.as_bytes())
            .map_err(|error| cannot("write", &path, error))?,
        None => cache.write_whole(&environments.resolved, seed::sealed(&lock).as_bytes()).at(Step::Cache)?,
    }
    Ok(differences(&old.unwrap_or_default(), &lock))
}

/// What changed between two locks.
pub(crate) fn differences(old: &str, new: &str) -> Vec<VersionChange> {
    let (old, new) = (versions(old), versions(new));
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    let of = |list: &BTreeMap<String, String>, name: &String| list.get(name).cloned().unwrap_or_default();
    let mut found: Vec<VersionChange> = names
        .map(|name| VersionChange { name: name.clone(), old: of(&old, name), new: of(&new, name) })
        .filter(|updated| updated.old != updated.new)
        .collect();
    order::sort_by(&mut found, |one, two| one.name.cmp(&two.name));
    found
}

/// The versions of each package in a lock.
fn versions(lock: &str) -> BTreeMap<String, String> {
    let table: Table = lock.parse().unwrap_or_default();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for package in table.get("package").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        if let (Some(name), Some(version)) = (text("name"), text("version"))
            && name != PACKAGE_NAME
        {
            let versions = found.entry(name.to_owned()).or_default();
            if !versions.is_empty() {
                versions.push_str(", ");
            }
            versions.push_str(version);
            // A branch is at another commit while the version stays.
            let source = text("source").filter(|source| source.starts_with("git+"));
            if let Some((_, commit)) = source.and_then(|source| source.rsplit_once('#')) {
                let short: String = commit.chars().take(SHORT_COMMIT).collect();
                versions.push_str(&format!(" ({short})"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told() {
        let lock = |packages: &[(&str, &str)]| {
            let package = |(name, version): &(&str, &str)| {
                format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
            };
            packages.iter().map(package).collect::<String>()
        };
        let old = lock(&[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0"), (PACKAGE_NAME, "0.0.0")]);
        let new = lock(&[("a", "1.0.1"), ("b", "1.0.0"), ("d", "1.0.0"), ("d", "2.0.0")]);
        let told: Vec<String> = differences(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["a 1.0.0 -> 1.0.1", "c 1.0.0 is not needed any more", "d 1.0.0, 2.0.0 is new"]);
    }
}
