//! What a recipe is called, and what is told of it: to people, and to the program.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::request::dialect::Dialect;
use crate::request::program_args::ProgramArgs;
use crate::rust::invocation;
use crate::rust::recipe::RustRecipe;
use crate::script::script_file::Script;

impl RustRecipe<'_> {
    /// How it is built, for people.
    pub(crate) fn profile_name(&self) -> &str {
        if self.provisional { "quick" } else { &self.profile }
    }

    /// What the program is told when it runs.
    pub(crate) fn told(&self) -> ProgramArgs {
        let arguments = self.settings.arguments.iter().map(OsString::from).collect();
        let mut variables = self.request.variables.clone();
        if self.manifest.dialect() == Dialect::Cargo {
            // As `cargo run` tells a program of its package.
            variables.extend(invocation::package_variables(self));
            variables.push(("CARGO_PKG_NAME".into(), self.package_name().into()));
            let cargo = self.toolchain.rustc.with_file_name("cargo");
            variables.extend(cargo.exists().then(|| ("CARGO".into(), cargo.into())));
        }
        ProgramArgs { arguments, variables, sandbox: self.request.options.sandbox.to_arguments() }
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

    /// The directory of the script as it was typed: see [`shown_directory`].
    pub(crate) fn shown_directory(&self) -> Option<String> {
        shown_directory(self.script)
    }

    /// The directory that messages put before the names of its files: as it was typed, or where it is.
    pub(crate) fn message_directory(&self) -> String {
        let whole = || self.base().to_str().map(|base| format!("{}/", base.trim_end_matches('/')));
        self.shown_directory().or_else(whole).unwrap_or_default()
    }
}

/// The directory of a script as it was typed, with its slash; `None` if that is no shorter way to say it.
pub(crate) fn shown_directory(script: &Script) -> Option<String> {
    let path = script.path()?;
    let typed = Path::new(script.typed());
    // Through a link or PATH the typed name is not where the file is.
    if typed.is_absolute() || typed.file_name() != path.file_name() || !path.ends_with(typed.file_name()?) {
        return None;
    }
    let directory = typed.parent()?.to_str()?;
    Some(if directory.is_empty() { String::new() } else { format!("{directory}/") })
}
