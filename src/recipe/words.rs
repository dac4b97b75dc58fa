//! What a recipe is called, and what is told of it: to people, and to the program.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{RustRecipe, shown_directory};
use crate::cache::Told;

impl RustRecipe<'_> {
    /// How it is built, for people.
    pub(crate) fn profile_name(&self) -> &str {
        if self.provisional { "quick" } else { &self.profile }
    }

    /// What the program is told when it runs.
    pub(crate) fn told(&self) -> Told {
        let arguments = self.settings.arguments.iter().map(OsString::from).collect();
        Told { arguments, variables: self.variables.clone() }
    }

    /// What is built, for people: `release, for aarch64-unknown-linux-gnu, with rustc 1.95.0`.
    pub(crate) fn options_in_words(&self) -> String {
        let target = self.target.as_ref().map_or(String::new(), |target| format!(" for {}", target.name));
        format!("{}{target}, with {}", self.profile_name(), self.toolchain.short_version())
    }

    /// What the binary is called: the script's own name.
    pub(crate) fn name(&self) -> OsString {
        let stem = self.script.stem();
        let bytes: Vec<u8> =
            stem.as_bytes().iter().map(|byte| if byte.is_ascii_control() { b'-' } else { *byte }).collect();
        OsString::from_vec(bytes)
    }

    /// The directory of the script as it was typed, with its slash; `None` if that is no shorter way to say it.
    pub(crate) fn shown_directory(&self) -> Option<String> {
        shown_directory(self.script)
    }
}
