//! The packages of a dependency environment as cargo's metadata has them, and what the build of each left: for an editor.
//!
//! Cargo is asked about a copy of the generated package, since it may rewrite the lock beside the one it is asked about. Its
//! answer is kept in `v1/editor` under environment and lock, unless a package lies in a directory, whose manifest may change.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use rustc_hash::FxHashMap;

use crate::base::digest::Fields;
use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::report::reporter::Reporter;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::seed;
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;
use crate::store::sealed_record::Record;
use crate::store::staging::Staging;

/// The packages of a dependency environment.
#[derive(Debug)]
pub(crate) struct PackageGraph {
    /// What `cargo metadata` answers.
    pub(crate) metadata: Value,
    /// What builds left, by package id: a lock may hold two versions of one package.
    pub(crate) built: FxHashMap<String, BuiltPackage>,
}

/// What the build of a package left.
#[derive(Debug, Default)]
pub(crate) struct BuiltPackage {
    pub(crate) proc_macro: Option<PathBuf>,
    pub(crate) out_directory: Option<PathBuf>,
}

/// The packages of a recipe whose dependency environment has been built.
///
/// # Errors
/// [`Step::Dependencies`] if it has not, or cargo cannot tell.
pub(crate) fn package_graph(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
) -> Result<PackageGraph> {
    let (environments, manifest) = Environments::find(recipe, cache, environment, reporter)?;
    let record = fs::read(environments.record_path()).ok();
    let record = record.and_then(|bytes| Record::parse(&environments.key, &bytes));
    let record =
        record.ok_or_else(|| Error::message(Step::Dependencies, "the dependencies have not been built"))?;
    let mut built: FxHashMap<String, BuiltPackage> = FxHashMap::default();
    for (id, path) in owned(&record, "proc-macro", cache) {
        built.entry(id).or_default().proc_macro = Some(path);
    }
    for (id, path) in owned(&record, "build-output", cache) {
        built.entry(id).or_default().out_directory = Some(path);
    }
    let place = (!recipe.manifest.has_path_dependencies() && !recipe.config.names_directories).then(|| {
        let mut fields = Fields::new("package graph");
        fields.push("environment", environments.key.hex().as_bytes());
        fields.push("lock", record.first("lock").unwrap_or_default().as_bytes());
        cache.join("editor").join(format!("{}.metadata", fields.finish().short(32)))
    });
    let known = place.as_ref().and_then(|place| fs::read(place).ok());
    if let Some(metadata) = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        place.iter().for_each(|place| cache.mark_used(place));
        return Ok(PackageGraph { metadata, built });
    }
    let bytes = ask(&environments, &manifest)?;
    let metadata: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Error::new(Step::Dependencies, anyhow::Error::new(error).context("cannot read what cargo says"))
    })?;
    if let Some(place) = place {
        // Best effort: without it cargo is asked again.
        let _ = cache.write_whole(&place, &bytes);
    }
    Ok(PackageGraph { metadata, built })
}

/// `cargo metadata` of a copy of the generated package, with its lock.
fn ask(environments: &Environments<'_>, manifest: &str) -> Result<Vec<u8>> {
    let recipe = environments.recipe;
    let staging = Staging::create(&environments.cache.join("staging")).at(Step::Cache)?;
    let copy = |name: &str, text: &str| fs::write(staging.path().join(name), text).at(Step::Cache);
    fs::create_dir(staging.path().join("src")).at(Step::Cache)?;
    copy("src/main.rs", "fn main() {}\n")?;
    copy("Cargo.toml", manifest)?;
    let lock = fs::read_to_string(environments.directory.join("Cargo.lock")).at(Step::Dependencies)?;
    copy("Cargo.lock", seed::unsealed(&lock))?;
    let cargo = recipe.toolchain.cargo(environments.environment)?;
    let mut command = environments.cargo(&cargo);
    command.arg("metadata").arg("--manifest-path").arg(staging.path().join("Cargo.toml"));
    command.args(["--format-version", "1", "--offline", "--filter-platform", recipe.machine()]);
    let finished = environments
        .reporter
        .run(&command, "reading dependencies", true)
        .map_err(|error| Error::new(Step::Dependencies, error))?;
    match finished.status.success() {
        true => Ok(finished.stdout),
        false => Err(environments.failed(&finished.stderr, finished.status)),
    }
}

/// The files of packages in a record: `ID PATH`.
fn owned<'a>(
    record: &'a Record,
    name: &'a str,
    cache: &'a Cache,
) -> impl Iterator<Item = (String, PathBuf)> + 'a {
    let split = |text: OsString| {
        let bytes = text.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b' ')?;
        let path = Path::new(OsStr::from_bytes(&bytes[at + 1..]));
        Some((String::from_utf8_lossy(&bytes[..at]).into_owned(), cache.directory().join(path)))
    };
    record.all(name).into_iter().filter_map(split)
}
