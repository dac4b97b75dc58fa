//! Resolution of packages: which version a requirement means, asked of cargo once and kept.
//!
//! A small package that depends on the one that is asked for is resolved by `cargo generate-lockfile`: with cargo's own
//! registries, mirrors and credentials, and cargo's own words for what is not there. The answer is a sealed record,
//! `v1/crates/ID`, named for the package, what is wanted of it and the registry. It is also a file that traces check.

use std::fs;
use std::path::PathBuf;

use semver::Version;
use toml::{Table, Value};

use crate::base::digest::{Digest, Fields};
use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::packages::recipe::PackageRecipe;
use crate::report::reporter::Reporter;
use crate::request::package_spec::{PACKAGE_NAME, Wanted};
use crate::rust::deps::cargo::{command, is_network_failure};
use crate::store::cache::Cache;
use crate::store::sealed_record::Record;
use crate::store::staging::Staging;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// The version that is built, and the record that says so, if it might have been another.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) version: Version,
    pub(crate) check: Option<Check<'static>>,
}

impl Resolved {
    /// The version that is asked for, else the recorded one, else the newest that fits.
    pub(crate) fn find(
        recipe: &PackageRecipe<'_>,
        cache: &Cache,
        environment: &Environment,
        reporter: &Reporter,
    ) -> Result<Resolved> {
        if let Some(version) = recipe.package.version() {
            return Ok(Resolved { version: version.clone(), check: None });
        }
        match Resolved::recorded(recipe, cache, environment) {
            Some(resolved) => Ok(resolved),
            None => Resolved::renew(recipe, cache, environment, reporter),
        }
    }

    /// What a requirement was resolved to, with the same configuration of cargo's.
    pub(crate) fn recorded(
        recipe: &PackageRecipe<'_>,
        cache: &Cache,
        environment: &Environment,
    ) -> Option<Resolved> {
        let since = Moment::now();
        let (id, path) = place(recipe, cache);
        let record = Record::parse(&id, &fs::read(&path).ok()?)?;
        let version = Version::parse(record.first("version")?.to_str()?).ok()?;
        let check = Some(Check::file(&path, since).ok()?);
        record.holds(environment).then_some(Resolved { version, check })
    }

    /// Asks cargo, and keeps the answer.
    ///
    /// # Errors
    /// [`Step::Dependencies`]: 127 if there is no such package or version.
    pub(crate) fn renew(
        recipe: &PackageRecipe<'_>,
        cache: &Cache,
        environment: &Environment,
        reporter: &Reporter,
    ) -> Result<Resolved> {
        let version = ask(recipe, cache, environment, reporter)?;
        let (id, path) = place(recipe, cache);
        let mut record = Record::default();
        record.push("package", recipe.package.to_string());
        record.push("version", version.to_string());
        record.checks = recipe.config.checks.iter().map(|check| check.clone().without_stamp()).collect();
        let unusable = |error| cache.unusable("cannot write to", error);
        cache.make_directory(&cache.join("crates")).map_err(unusable)?;
        cache.write_whole(&path, &record.render(&id)).map_err(unusable)?;
        // So that its stamp counts from the first hit on.
        Moment::latest().pass();
        let check = Check::file(&path, Moment::now()).map_err(unusable)?;
        Ok(Resolved { version, check: Some(check) })
    }
}

fn place(recipe: &PackageRecipe<'_>, cache: &Cache) -> (Digest, PathBuf) {
    let mut fields = Fields::new("package");
    recipe.package.add_to(&mut fields);
    fields.push_optional("registry", recipe.options.selection.registry.as_deref().map(str::as_bytes));
    let id = fields.finish();
    (id, cache.join("crates").join(id.short(32)))
}

/// The newest version that fits, asked of the registry.
///
/// # Errors
/// As [`Resolved::renew`].
pub(crate) fn ask(
    recipe: &PackageRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
) -> Result<Version> {
    let cargo = recipe.toolchain.cargo(environment)?;
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let manifest = staging.path().join("Cargo.toml");
    fs::create_dir(staging.path().join("src")).at(Step::Cache)?;
    fs::write(staging.path().join("src/main.rs"), "fn main() {}\n").at(Step::Cache)?;
    fs::write(&manifest, manifest_text(recipe)).at(Step::Cache)?;
    let ask = |offline: bool| {
        let mut command = command(&cargo, &recipe.toolchain, environment, reporter);
        command.arg("generate-lockfile").arg("--manifest-path").arg(&manifest);
        command.args(offline.then_some("--offline"));
        // A version that this compiler is too old for is of no use.
        command.env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback");
        reporter.run(&command, &format!("looking for {}", recipe.package), false).map_err(|error| {
            let what = format!("cannot run `{}`", cargo.display());
            Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
        })
    };
    let mut finished = ask(recipe.options.offline)?;
    let mut is_unreachable = false;
    if !finished.status.success() && !recipe.options.offline && is_network_failure(&finished.stderr) {
        is_unreachable = true;
        let again = ask(true)?;
        if again.status.success() {
            finished = again;
        }
    }
    if !finished.status.success() {
        return Err(explain(recipe, &String::from_utf8_lossy(&finished.stderr), is_unreachable, reporter));
    }
    let lock = fs::read_to_string(manifest.with_file_name("Cargo.lock")).at(Step::Dependencies)?;
    version_in(&lock, recipe.package.name()).ok_or_else(|| {
        let text = format!("cargo did not say which version `{}` is", recipe.package);
        Error::message(Step::Dependencies, text)
    })
}

fn manifest_text(recipe: &PackageRecipe<'_>) -> String {
    let mut dependency = Table::new();
    dependency.insert("version".to_owned(), recipe.package.requirement().into());
    if let Some(registry) = &recipe.options.selection.registry {
        dependency.insert("registry".to_owned(), registry.clone().into());
    }
    let mut package = Table::new();
    for (key, value) in [("name", PACKAGE_NAME), ("version", "0.0.0"), ("edition", "2021")] {
        package.insert(key.to_owned(), value.into());
    }
    let mut dependencies = Table::new();
    dependencies.insert(recipe.package.name().to_owned(), dependency.into());
    let mut manifest = Table::new();
    manifest.insert("package".to_owned(), package.into());
    manifest.insert("dependencies".to_owned(), dependencies.into());
    manifest.insert("workspace".to_owned(), Table::new().into());
    manifest.to_string()
}

/// The version that the only dependency of the root has in a lock. A registry takes `_` for `-`.
fn version_in(lock: &str, name: &str) -> Option<Version> {
    let table: Table = lock.parse().ok()?;
    let packages = table.get("package")?.as_array()?;
    let text = |package: &Value, key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    let root = packages.iter().find(|package| text(package, "name").as_deref() == Some(PACKAGE_NAME))?;
    let dependency = root.get("dependencies")?.as_array()?.first()?.as_str()?;
    // `NAME`, or `NAME VERSION` where there are several of that name.
    let mut words = dependency.split(' ');
    let (found, version) = (words.next()?, words.next());
    if found.replace('_', "-") != name.replace('_', "-") {
        return None;
    }
    let version = match version {
        Some(version) => version.to_owned(),
        None => {
            let package = packages.iter().find(|package| text(package, "name").as_deref() == Some(found))?;
            text(package, "version")?
        }
    };
    Version::parse(&version).ok()
}

/// One line for what cargo says in many.
#[cold]
fn explain(recipe: &PackageRecipe<'_>, said: &str, is_unreachable: bool, reporter: &Reporter) -> Error {
    let package = recipe.package;
    let name = package.name();
    let registry = recipe.options.selection.registry.as_deref().unwrap_or("crates.io");
    let missing = |text: String| Error::message(Step::Dependencies, text).not_found();
    if is_unreachable {
        let text = format!("the registry cannot be reached, and `{package}` is not here yet");
        return Error::message(Step::Dependencies, text)
            .hint("once it has been built, no run of it needs the network");
    }
    if recipe.options.offline {
        let text = format!("`{package}` is not downloaded, and `--offline` is set");
        return Error::message(Step::Dependencies, text).hint("run it once without `--offline`");
    }
    if said.contains("is yanked") {
        return missing(format!("version {} of `{name}` was yanked", package.wanted_text()))
            .hint(format!("`{name}@latest`, or another version"));
    }
    if said.contains(&format!("no matching package named `{name}` found"))
        || said.contains("no matching package found")
    {
        let error = missing(format!("there is no package `{name}` in {registry}"));
        let known = said.lines().find_map(|line| line.trim().strip_prefix("perhaps you meant:"));
        if let Some(known) = known.and_then(|names| names.split([',', ' ']).find(|name| !name.is_empty())) {
            return error.hint(format!("there is `{known}`"));
        }
        return error.hint(format!("https://crates.io/search?q={name} may know it by another name"));
    }
    if let Some(versions) = candidates(said, name) {
        let text = match package.wanted() {
            Wanted::Latest => format!("`{name}` has pre-releases only"),
            _ => format!("`{name}` has no version {}", package.wanted_text()),
        };
        return missing(text).hint(format!("there is {versions}"));
    }
    reporter.show(said.as_bytes(), true);
    Error::message(Step::Dependencies, format!("cargo could not resolve `{package}`"))
}

/// The versions there are, in cargo's words, if none of them fits.
fn candidates(said: &str, name: &str) -> Option<String> {
    let about = format!("failed to select a version for the requirement `{name} ");
    if !said.contains(&about) {
        return None;
    }
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("candidate versions found which didn't match: "))?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_dependency() {
        let lock = |dependency: &str| {
            format!(
                "version = 4\n[[package]]\nname = \"a-b\"\nversion = \"1.0.0\"\n\
                 [[package]]\nname = \"a-b\"\nversion = \"2.0.0\"\n\
                 [[package]]\nname = \"{PACKAGE_NAME}\"\nversion = \"0.0.0\"\ndependencies = [\"{dependency}\"]\n"
            )
        };
        let version = |dependency: &str, name: &str| {
            version_in(&lock(dependency), name).map(|version| version.to_string())
        };
        assert_eq!(version("a-b 2.0.0", "a-b").as_deref(), Some("2.0.0"));
        assert_eq!(version("a-b", "a_b").as_deref(), Some("1.0.0"));
        assert_eq!(version("other", "a-b"), None);
        assert_eq!(version_in("nonsense", "a"), None);
    }
}
