//! `runner outdated`: which dependencies of a script have newer versions.
//!
//! Cargo is asked what an update would do (`cargo update --dry-run --verbose`, on a copy), so that yanked versions,
//! pre-releases and versions for newer compilers are judged as cargo judges them.

use semver::Version;

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::commands::check::with_recipe;
use crate::commands::promote::receipt::{self, Receipt};
use crate::commands::upgrade::newest;
use crate::engine::context::Context;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::rust::deps::tree;
use crate::script::script_file::Script;

/// A dependency of which there is a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutdatedDependency {
    /// The package.
    pub name: String,
    /// The version that a run takes.
    pub now: String,
    /// The newest version that fits, if that is another.
    pub fits: Option<String>,
    /// The newest version there is, if that does not fit.
    pub newest: Option<String>,
    /// What the manifest says of it, if the script asks for it itself.
    pub requirement: Option<String>,
}

/// The dependencies of a script that have newer versions, by name; with `transitive` those of dependencies too.
///
/// # Errors
/// [`Step::Dependencies`] if the registry cannot be asked.
pub(crate) fn outdated(
    context: &Context,
    script: &Script,
    options: &Options,
    transitive: bool,
) -> Result<Vec<OutdatedDependency>> {
    if let Some(package) = script.package() {
        return of_package(context, package, options).map_err(|error| error.about(script.display_name()));
    }
    with_recipe(context, script, options, |context, cache, _, rust, reporter| {
        if !rust.needs_cargo() {
            return Ok(Vec::new());
        }
        let words = ["update", "--dry-run", "--verbose"].map(Into::into);
        let printed = tree::run(rust, cache, context.environment(), reporter, &words)?;
        if printed.code != 0 {
            reporter.show(printed.stderr.as_bytes(), true);
            return Err(Error::message(Step::Dependencies, "cargo cannot tell which versions there are"));
        }
        let requirements = rust.manifest.requirements();
        let requirement = |name: &str| requirements.iter().find(|(known, _)| known == name);
        let mut found = read(&printed.stderr);
        for dependency in &mut found {
            dependency.requirement = requirement(&dependency.name).map(|(_, text)| text.clone());
        }
        found.retain(|dependency| transitive || dependency.requirement.is_some());
        Ok(found)
    })
}

/// A package, if there is a newer version than the one that was promoted or was run.
fn of_package(context: &Context, package: &Package, options: &Options) -> Result<Vec<OutdatedDependency>> {
    let ask = |package: &Package| newest(context, package, options, true);
    let receipts = receipt::directory(context.environment()).map(|directory| Receipt::all(&directory));
    let promoted = receipts.unwrap_or_default().into_iter();
    let promoted = promoted.filter(|receipt| receipt.package.as_ref() == Some(package));
    let now = promoted.filter_map(|receipt| receipt.about("version").map(str::to_owned)).next();
    let fits = ask(package)?;
    let exact = || package.version().map(ToString::to_string);
    let Some(now) = now.or_else(exact).or_else(|| fits.clone()) else { return Ok(Vec::new()) };
    let any = Package::parse(format!("{}@latest", package.name()).as_ref());
    let newest = any.map_or(Ok(None), |any| ask(&any))?;
    // One that was withdrawn leaves an older one that fits.
    let is_newer = |other: &String| Version::parse(other).ok() > Version::parse(&now).ok();
    let fits = fits.filter(is_newer);
    let newest = newest.filter(|newest| is_newer(newest) && Some(newest) != fits.as_ref());
    let found = OutdatedDependency {
        name: package.name().to_owned(),
        requirement: Some(package.wanted_text().to_owned()),
        now,
        fits,
        newest,
    };
    Ok(if found.fits.is_some() || found.newest.is_some() { vec![found] } else { Vec::new() })
}

/// What cargo says of versions:
///
/// ```text
///     Updating regex v1.9.0 -> v1.13.2
///     Updating clap v3.2.0 -> v3.2.25 (available: v4.6.9)
///    Unchanged clap v3.2.25 (available: v4.6.9, requires Rust 1.85)
/// ```
fn read(said: &str) -> Vec<OutdatedDependency> {
    let version = |word: &str| {
        let word = word.trim_matches(['(', ')', ',']).strip_prefix('v')?;
        Version::parse(word).ok()
    };
    let mut found = Vec::new();
    for line in said.lines() {
        let mut words = line.split_whitespace();
        let (Some(verb @ ("Updating" | "Unchanged")), Some(name)) = (words.next(), words.next()) else {
            continue;
        };
        let Some(now) = words.next().and_then(version) else { continue };
        let rest: Vec<&str> = words.collect();
        let fits = match (verb, rest.first()) {
            ("Updating", Some(&"->")) => rest.get(1).copied().and_then(version),
            _ => None,
        };
        let available = rest.iter().position(|word| word.starts_with("(available:") || *word == "(latest:");
        let newest = available.and_then(|at| version(rest.get(at + 1)?));
        let is_newer = |other: &Version| *other > now;
        let (fits, newest) = (fits.filter(is_newer), newest.filter(is_newer));
        if fits.is_some() || newest.is_some() {
            found.push(OutdatedDependency {
                name: name.to_owned(),
                now: now.to_string(),
                fits: fits.map(|version| version.to_string()),
                newest: newest.map(|version| version.to_string()),
                requirement: None,
            });
        }
    }
    order::sort_by(&mut found, |one, other| one.name.cmp(&other.name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_and_not_their_texts() {
        let said = "    Updating crates.io index\n     Locking 2 packages to latest compatible versions\n    \
                    Updating regex v1.9.0 -> v1.13.2\n    Updating a v0.9.9 -> v0.9.10 (available: v1.0.0)\n   \
                    Unchanged clap v3.2.25 (available: v4.6.9)\n   Unchanged b v0.11.11 (available: v0.11.4)\n      \
                    Adding new v1.0.0\nnote: not updating lockfile due to dry run\n";
        let told: Vec<_> = read(said)
            .into_iter()
            .map(|one| format!("{} {} {:?} {:?}", one.name, one.now, one.fits, one.newest))
            .collect();
        assert_eq!(
            told,
            [
                "a 0.9.9 Some(\"0.9.10\") Some(\"1.0.0\")",
                "clap 3.2.25 None Some(\"4.6.9\")",
                "regex 1.9.0 Some(\"1.13.2\") None"
            ]
        );
    }
}
