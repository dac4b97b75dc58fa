//! The candidates that shell completion offers. Looking makes nothing and asks no compiler.

use std::ffi::OsString;

use crate::commands::promote::receipt::{self, Receipt};
use crate::engine::context::Context;
use crate::languages::table::LANGUAGES;
use crate::rust::toolchain;

/// The installed toolchains, by the shortest names that [`crate::Options::toolchain`] understands.
pub(crate) fn toolchains(context: &Context) -> Vec<String> {
    let of_this_machine = format!("-{}-", std::env::consts::ARCH);
    let short = |name: String| match name.split_once(&of_this_machine) {
        Some((short, _)) => short.to_owned(),
        None => name,
    };
    toolchain::installed(context.environment()).into_iter().map(short).collect()
}

/// The names of the executables that were promoted, whatever became of them.
pub(crate) fn promoted_names(context: &Context) -> Vec<OsString> {
    let receipts = receipt::directory(context.environment()).map(|directory| Receipt::all(&directory));
    receipts.unwrap_or_default().into_iter().map(|receipt| receipt.name).collect()
}

/// The names of the languages that scripts can be written in.
pub fn language_names() -> impl Iterator<Item = &'static str> {
    let compiled = LANGUAGES.iter().filter(|language| language.is_compiled());
    std::iter::once("rust").chain(compiled.map(|language| language.name))
}

/// The file extensions of scripts that can be run.
pub fn script_extensions() -> impl Iterator<Item = &'static str> {
    crate::languages::detect::extensions()
}
