//! The candidates that shell completion offers. Looking makes nothing and asks no compiler.

use std::ffi::OsString;

use crate::base::fs::entries;
use crate::base::order;
use crate::commands::promote::receipt::{self, Receipt};
use crate::engine::context::Context;
use crate::languages::table::LANGUAGES;
use crate::rust::architecture::is_own_architecture;
use crate::rust::toolchain;

/// The installed toolchains, by the shortest names that [`crate::Options::toolchain`] understands.
pub(crate) fn toolchains(context: &Context) -> Vec<String> {
    let short =
        |name: String| match name.match_indices('-').find(|(at, _)| is_own_architecture(&name[at + 1..])) {
            Some((at, _)) => name[..at].to_owned(),
            None => name,
        };
    toolchain::installed(context.environment()).into_iter().map(short).collect()
}

/// The targets that installed toolchains have a standard library for, sorted.
pub(crate) fn targets(context: &Context) -> Vec<String> {
    let home = context.environment().rustup_home().unwrap_or_default().join("toolchains");
    let libraries = toolchain::installed(context.environment()).into_iter();
    let targets = libraries.flat_map(|name| entries(&home.join(name).join("lib/rustlib")));
    let targets = targets.filter(|target| target.join("lib").is_dir());
    let mut names: Vec<String> =
        targets.filter_map(|target| Some(target.file_name()?.to_str()?.to_owned())).collect();
    order::sort(&mut names);
    names.dedup();
    names
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
