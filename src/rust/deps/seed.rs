//! Seeds: the lock that a new manifest starts from holds what is already built here. Cargo keeps the entries
//! that fit and drops the rest.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use toml::{Table, Value};

use crate::base::digest::Digest;
use crate::base::order;
use crate::request::package_spec::PACKAGE_NAME;
use crate::rust::manifest::Manifest;
use crate::store::cache::Cache;

/// Newer locks first; older ones add only packages, in versions nobody newer chose.
const MOST_LOCKS: usize = 200;

/// Writes the union of the locks of all environments of a toolchain to `path`,
/// without the packages of these names: what is put in their place may have another version.
pub(super) fn write(cache: &Cache, toolchain: &str, path: &Path, without: &[String]) -> io::Result<()> {
    let mut locks: Vec<_> = fs::read_dir(cache.join("deps").join(toolchain).join("environments"))?
        .flatten()
        .filter(|entry| entry.path().join("record").exists())
        .map(|entry| entry.path().join("Cargo.lock"))
        .filter_map(|lock| Some((fs::metadata(&lock).ok()?.modified().ok()?, lock)))
        .collect();
    order::sort(&mut locks);
    // By name and compatible series: cargo takes one version of a series, and it should be the newest that is here.
    let mut packages: BTreeMap<(String, String), Table> = BTreeMap::new();
    for (_, lock) in locks.iter().rev().take(MOST_LOCKS) {
        let Some(text) = read_whole(lock) else { continue };
        let Ok(table) = text.parse::<Table>() else { continue };
        for package in table.get("package").and_then(Value::as_array).into_iter().flatten() {
            let Some(package) = package.as_table() else { continue };
            let text = |key: &str| package.get(key).and_then(Value::as_str);
            // Only what comes from a registry: a path or a git revision is the manifest's own business.
            let (Some(name), Some(version), Some(source)) = (text("name"), text("version"), text("source"))
            else {
                continue;
            };
            let is_replaced = without.iter().any(|replaced| replaced == name);
            if !is_replaced && (source.starts_with("registry+") || source.starts_with("sparse+")) {
                packages.entry((name.to_owned(), series(version))).or_insert_with(|| package.clone());
            }
        }
    }
    if packages.is_empty() {
        return Ok(());
    }
    let mut out = Table::new();
    out.insert("version".to_owned(), 4.into());
    let known: Vec<(String, String)> = packages
        .values()
        .filter_map(|package| {
            Some((package.get("name")?.as_str()?.to_owned(), package.get("version")?.as_str()?.to_owned()))
        })
        .collect();
    let list = packages
        .into_values()
        .map(|package| Value::Table(with_known_dependencies(package, &known)))
        .collect();
    out.insert("package".to_owned(), Value::Array(list));
    fs::write(path, out.to_string())
}

/// A lock may only name dependencies that are in it; an edge that is not there is resolved anew.
fn with_known_dependencies(mut package: Table, known: &[(String, String)]) -> Table {
    if let Some(Value::Array(dependencies)) = package.get_mut("dependencies") {
        dependencies.retain_mut(|dependency| {
            let Some(text) = dependency.as_str() else { return false };
            let mut words = text.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words.next();
            let mut versions =
                known.iter().filter(|(known, _)| known == name).map(|(_, version)| version.as_str());
            match version {
                Some(version) => versions.any(|known| known == version),
                None => {
                    let first = versions.next().map(str::to_owned);
                    // With one version in the lock a name is enough; with several, which one is meant is unknown.
                    first.is_some() && versions.next().is_none()
                }
            }
        });
    }
    package
}

/// The leading parts of a version that compatible ones share: `1`, `0.4`, `0.0.3`.
pub(super) fn series(version: &str) -> String {
    let numbers: Vec<&str> = version.split(['-', '+']).next().unwrap_or_default().split('.').collect();
    let significant =
        numbers.iter().position(|number| *number != "0").unwrap_or(numbers.len().saturating_sub(1));
    numbers.iter().take(significant + 1).copied().collect::<Vec<_>>().join(".")
}

/// What begins the last line of a lock that is kept: a comment to cargo, with the digest of what comes before it.
const SEAL: &str = "# blake3 ";

/// A lock as it is kept.
pub(crate) fn sealed(lock: &str) -> String {
    format!("{lock}{SEAL}{}\n", Digest::of(lock.as_bytes()).hex())
}

/// A lock without its seal, which cargo keeps or drops as it likes.
pub(super) fn unsealed(lock: &str) -> &str {
    lock.rsplit_once(SEAL).map_or(lock, |(text, _)| text)
}

/// A lock that was kept, if it is as it was written. One that was cut off when its writer died, or damaged since, is not.
pub(super) fn read_whole(path: &Path) -> Option<String> {
    let mut text = fs::read_to_string(path).ok()?;
    let at = text.rfind(SEAL)?;
    let (lock, seal) = text.split_at(at);
    let is_whole = seal.strip_prefix(SEAL)?.trim_end() == Digest::of(lock.as_bytes()).hex();
    text.truncate(at);
    is_whole.then_some(text)
}

/// Whether a lock has a package of every name the manifest asks for, so that it is worth trying without the network.
pub(super) fn covers(lock: &Path, manifest: &Manifest) -> bool {
    let Ok(text) = fs::read_to_string(lock) else { return manifest.dependency_names().is_empty() };
    let Ok(table) = text.parse::<Table>() else { return false };
    let names: Vec<&str> = table
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|package| package.get("name")?.as_str())
        .collect();
    manifest.dependency_names().iter().all(|name| name == PACKAGE_NAME || names.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fall_into_series() {
        for (version, expected) in [
            ("1.2.3", "1"),
            ("0.4.1", "0.4"),
            ("0.0.3", "0.0.3"),
            ("0.0.0", "0.0.0"),
            ("2.0.0-rc.1", "2"),
            ("0.10.0+x", "0.10"),
        ] {
            assert_eq!(series(version), expected, "{version}");
        }
    }
}
