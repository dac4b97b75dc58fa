//! The build record of a package's program.

use std::collections::BTreeSet;

use semver::Version;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::build::record::{BuildRecord, Dependency, flags, places, without_places};
use crate::packages::recipe::PackageRecipe;
use crate::request::options::Options;
use crate::request::package_spec::Selection;

/// The build record of a program that was compiled with these packages, by cargo's names of them.
pub(crate) fn build_record(
    recipe: &PackageRecipe<'_>,
    version: &Version,
    program: &str,
    packages: &BTreeSet<String>,
    environment: &Environment,
) -> BuildRecord {
    let Options { locked, is_static, strip, selection, .. } = recipe.options;
    let shaping = Options {
        selection: Selection { bin: Some(program.to_owned()), ..selection.clone() },
        locked: *locked,
        is_static: is_static.filter(|on| *on),
        strip: *strip,
        ..Options::default()
    };
    let dependencies: Vec<Dependency> = packages.iter().filter_map(|id| Dependency::of_id(id)).collect();
    let list: String = dependencies.iter().map(|dependency| dependency.text() + "\n").collect();
    let places = places(None, environment);
    let flags = flags(&recipe.flags(environment));
    BuildRecord {
        script: format!("{}@{version}", recipe.package.name()),
        digest: String::new(),
        language: "rust".to_owned(),
        toolchain: recipe.toolchain.version.short_version_string.clone(),
        target: recipe.machine().to_owned(),
        profile: recipe.profile.clone(),
        options: shaping.to_words(),
        flags: flags.iter().map(|flag| without_places(flag, &places)).collect(),
        // Which versions it was compiled with; a lock of cargo's there is none.
        lock: Some(Digest::of(list.as_bytes()).hex()),
        dependencies,
        revision: None,
        runner: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
