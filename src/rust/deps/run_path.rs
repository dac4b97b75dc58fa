//! Run paths: where a program finds the shared libraries (`crate-type = ["dylib"]`) that it depends on.
//!
//! Cargo sets `LD_LIBRARY_PATH` for what it runs; a script is run by nobody but the kernel, so the paths are in the program.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::base::error::Result;
use crate::base::order;
use crate::rust::deps::cargo_messages::Made;
use crate::rust::deps::environments::Environments;
use crate::rust::target;

impl Environments<'_> {
    /// The linker's arguments for it; none if no dependency is a shared library.
    pub(super) fn run_paths(&self, made: &Made) -> Result<Vec<OsString>> {
        let mut places: Vec<PathBuf> =
            made.shared_libraries().iter().filter_map(|file| file.parent()).map(Path::to_owned).collect();
        order::sort(&mut places);
        places.dedup();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        // They need the standard library as one, too.
        let toolchain = &self.recipe.toolchain;
        places.push(target::library_directory(
            self.recipe.machine(),
            toolchain,
            self.environment,
            self.cache,
        )?);
        let argument = |place: &PathBuf| {
            let mut text = OsString::from("link-arg=-Wl,-rpath,");
            text.push(place);
            ["-C".into(), text]
        };
        Ok(places.iter().flat_map(argument).collect())
    }
}
