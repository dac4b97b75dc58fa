//! The build record of a Rust script's program.

use std::ffi::OsStr;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::build::record::{BuildRecord, Dependency, flags, places, without_places};
use crate::request::options::Options;
use crate::rust::deps::Call;
use crate::rust::recipe::RustRecipe;

/// The build record of the program that this call compiles.
pub(crate) fn build_record(recipe: &RustRecipe<'_>, call: &Call, environment: &Environment) -> BuildRecord {
    let options = recipe.options;
    let shaping = Options {
        edition: options.edition.clone(),
        dependencies: options.dependencies.clone(),
        locked: options.locked,
        is_static: recipe.settings.is_static.filter(|on| *on),
        strip: options.strip,
        ..Options::default()
    };
    let name = recipe.script.path().and_then(Path::file_name).map(OsStr::to_string_lossy);
    let places = places(recipe.script.path().map(|_| recipe.base()), environment);
    BuildRecord {
        script: name.map_or_else(|| recipe.name().to_string_lossy().into_owned(), |name| name.into_owned()),
        digest: Digest::of(recipe.script.bytes()).hex(),
        language: "rust".to_owned(),
        toolchain: recipe.toolchain.version.short_version_string.clone(),
        target: recipe.machine().to_owned(),
        profile: recipe.profile.clone(),
        options: shaping.to_words(),
        flags: flags(&call.arguments).iter().map(|flag| without_places(flag, &places)).collect(),
        lock: call.lock.clone(),
        dependencies: call.packages.iter().filter_map(|text| Dependency::parse(text.to_str()?)).collect(),
        revision: options.revision.clone(),
        runner: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
