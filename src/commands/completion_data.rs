//! Choices: what there is to name on a command line, for completions. Looking makes nothing and asks no compiler.

use std::ffi::OsString;

use crate::commands::promote::receipt::{self, Receipt};
use crate::engine::runner::Runner;
use crate::rust::toolchain;

impl Runner {
    /// The installed toolchains, by the shortest names that [`crate::Options::toolchain`] understands.
    pub fn toolchains(&self) -> Vec<String> {
        let of_this_machine = format!("-{}-", std::env::consts::ARCH);
        let short = |name: String| match name.split_once(&of_this_machine) {
            Some((short, _)) => short.to_owned(),
            None => name,
        };
        toolchain::installed(self.environment()).into_iter().map(short).collect()
    }

    /// The names of the executables that were promoted, whatever became of them.
    pub fn promoted_names(&self) -> Vec<OsString> {
        let receipts = receipt::directory(self.environment()).map(|directory| Receipt::all(&directory));
        receipts.unwrap_or_default().into_iter().map(|receipt| receipt.name).collect()
    }
}

/// The file extensions of scripts that can be run.
pub fn script_extensions() -> impl Iterator<Item = &'static str> {
    crate::languages::detect::extensions()
}
