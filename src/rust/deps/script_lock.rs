//! `SCRIPT.lock`: whether it is there, and whether it fits the script.
//!
//! It fits if cargo would not change it: its packages, apart from the script itself, are those that the manifest is resolved
//! to with it.

use std::fs;

use toml::{Table, Value};

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::request::package_spec::PACKAGE_NAME;
use crate::rust::recipe::RustRecipe;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Whether `SCRIPT.lock` has to be there and has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Insistence {
    /// As the options say (`--locked`).
    AsAsked,
    /// It is to be written.
    Never,
}

/// The text of `SCRIPT.lock`, if there is one, and the fact that it is there or not.
pub(super) fn read(
    recipe: &RustRecipe<'_>,
    insistence: Insistence,
) -> Result<(Option<String>, Vec<Check<'static>>)> {
    let Some(path) = recipe.adjacent_lock() else { return Ok((None, Vec::new())) };
    let unreadable = |error: std::io::Error| {
        let what = format!("cannot read `{}`", path.display());
        Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
    };
    let check = Check::file_or_absent(&path, Moment::now()).map_err(unreadable)?;
    let text = match check.file_path() {
        Some(path) => Some(fs::read_to_string(path).map_err(unreadable)?),
        None if recipe.options.locked && insistence == Insistence::AsAsked => {
            let text = format!("`{}` is not there, and `--locked` insists on it", path.display());
            let hint = format!("`runner update {} --lock` writes it", recipe.script.display_name());
            return Err(Error::message(Step::Dependencies, text).hint(hint));
        }
        None => None,
    };
    Ok((text, vec![check]))
}

/// What a lock lacks of what it was resolved to; `None` if it fits.
pub(super) fn misfit(own: &str, resolved: &str) -> Option<String> {
    let (own, resolved) = (packages(own), packages(resolved));
    if own == resolved {
        return None;
    }
    let is_there = |name: &str| own.iter().any(|package| package.name == name);
    let mut lacking: Vec<&str> =
        resolved.iter().map(|package| package.name.as_str()).filter(|name| !is_there(name)).collect();
    lacking.dedup();
    Some(lacking.join(" "))
}

/// A package of a lock.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LockedPackage {
    pub(super) name: String,
    /// Version, source, checksum and dependencies, as they stand there.
    facts: String,
}

/// The packages of a lock but the script itself, in order.
pub(super) fn packages(lock: &str) -> Vec<LockedPackage> {
    let table: Table = lock.parse().unwrap_or_default();
    let all = table.get("package").and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<LockedPackage> = all
        .filter_map(|package| {
            let name = package.get("name")?.as_str().filter(|name| *name != PACKAGE_NAME)?.to_owned();
            Some(LockedPackage { name, facts: package.to_string() })
        })
        .collect();
    order::sort(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_fits_if_its_packages_are_those_it_is_resolved_to() {
        let package =
            |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        let (a, b, own) = (package("a", "1.0.0"), package("b", "1.0.0"), package(PACKAGE_NAME, "0.1.0"));
        let cases = [
            (format!("version = 3\n{a}{b}"), format!("version = 4\n{b}{own}{a}"), None),
            (a.clone(), format!("{a}{b}"), Some("b")),
            (format!("{a}{b}"), a.clone(), Some("")),
            (a.clone(), package("a", "1.0.1"), Some("")),
            (String::new(), own, None),
        ];
        for (lock, resolved, expected) in cases {
            assert_eq!(misfit(&lock, &resolved).as_deref(), expected, "{lock}");
        }
    }
}
