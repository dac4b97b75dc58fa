//! The build record of the program of a script in a language other than Rust.

use std::ffi::OsStr;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::build::record::{BuildRecord, defined, places, without_places};
use crate::languages::recipe::LanguageRecipe;

/// The build record of the program.
pub(crate) fn build_record(recipe: &LanguageRecipe<'_>, environment: &Environment) -> BuildRecord {
    let options = recipe.options;
    let mut words: Vec<String> = Vec::new();
    words.extend((recipe.settings.is_static == Some(true)).then(|| "--static".to_owned()));
    words.extend(options.strip.then(|| "--strip".to_owned()));
    let name = recipe.script.path().and_then(Path::file_name).map(OsStr::to_string_lossy);
    let places = places(recipe.script.path().map(|_| recipe.base()), environment);
    BuildRecord {
        script: name.map_or_else(|| "script".to_owned(), |name| name.into_owned()),
        digest: Digest::of(recipe.script.bytes()).hex(),
        language: recipe.head.language.name.to_owned(),
        toolchain: recipe.compiler.version.clone(),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        profile: recipe.profile_name().to_owned(),
        options: words,
        flags: recipe.flags.iter().map(|flag| without_places(&defined(flag), &places)).collect(),
        revision: options.revision.clone(),
        runner: env!("CARGO_PKG_VERSION").to_owned(),
        ..BuildRecord::default()
    }
}
