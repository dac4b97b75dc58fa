//! The build record of the program of a script in a language other than Rust.

use std::ffi::OsStr;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::build::record::{BuildRecord, defined, places, without_places};
use crate::languages::compilation::Compilation;
use crate::request::options::Options;

/// The build record of the program.
pub(crate) fn build_record(compilation: &Compilation<'_>, environment: &Environment) -> BuildRecord {
    let options = compilation.options;
    let is_static = compilation.is_static().then_some(true);
    let shaping = Options { is_static, strip: options.strip, ..Options::default() };
    let name = compilation.script.path().and_then(Path::file_name).map(OsStr::to_string_lossy);
    let places = places(compilation.script.path().map(|_| compilation.base()), environment);
    BuildRecord {
        script: name.map_or_else(|| "script".to_owned(), |name| name.into_owned()),
        digest: Digest::of(compilation.script.bytes()).hex(),
        language: compilation.head.language.name.to_owned(),
        toolchain: compilation.compiler.version.clone(),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        profile: compilation.profile.name().to_owned(),
        options: shaping.to_words(),
        flags: compilation.flags.iter().map(|flag| without_places(&defined(flag), &places)).collect(),
        revision: options.revision.clone(),
        runner: env!("CARGO_PKG_VERSION").to_owned(),
        ..BuildRecord::default()
    }
}
