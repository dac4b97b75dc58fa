//! One compilation: the script, the compiler that was found for it, the profile and the flags.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::base::error::{Error, Result, Step};
use crate::languages::compiler::Compiler;
use crate::languages::metadata::Head;
use crate::languages::variables::Variables;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::script_table::Settings;

/// The profile of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Optimized.
    Release,
    /// With debug information, and with the checks that the language has.
    Dev,
    /// Compiled as fast as possible.
    Quick,
}

impl Profile {
    /// The profile that was asked for.
    ///
    /// # Errors
    /// [`Step::Arguments`] if it is one of cargo's.
    pub(crate) fn requested(options: &Options, head: &Head) -> Result<Profile> {
        Ok(match options.profile.as_deref() {
            None | Some("release") => Profile::Release,
            Some("dev" | "debug") => Profile::Dev,
            Some("quick") => Profile::Quick,
            Some(other) => {
                let language = head.language.display_name;
                let text = format!("unknown profile `{}` for {language}", other.escape_debug());
                return Err(
                    Error::message(Step::Arguments, text).hint("supported: `release`, `dev`, `quick`")
                );
            }
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Profile::Release => "release",
            Profile::Dev => "dev",
            Profile::Quick => "quick",
        }
    }
}

/// What is compiled, and with what.
#[derive(Debug)]
pub(crate) struct Compilation<'a> {
    pub(crate) script: &'a Script,
    pub(crate) options: &'a Options,
    pub(crate) settings: &'a Settings,
    pub(crate) head: &'a Head,
    pub(crate) profile: Profile,
    pub(crate) compiler: Compiler,
    /// The script's own flags for the compiler, in order.
    pub(crate) flags: Vec<String>,
    /// The variables that compilers are started with.
    pub(crate) variables: Variables,
}

impl Compilation<'_> {
    /// The name of the program: the script's own.
    pub(crate) fn name(&self) -> OsString {
        let stem = self.script.stem();
        let bytes = stem.as_bytes().iter().map(|byte| if byte.is_ascii_control() { b'-' } else { *byte });
        OsString::from_vec(bytes.collect())
    }

    /// The directory that relative paths of the script are taken from, and in which its compiler runs.
    pub(crate) fn base(&self) -> &Path {
        self.script.base()
    }

    /// The name of the script's file, if it has one.
    pub(crate) fn file_name(&self) -> Option<&OsStr> {
        self.script.path().and_then(Path::file_name)
    }

    /// The path in messages: the absolute one, else the script as typed.
    pub(crate) fn shown_path(&self) -> &Path {
        self.script.path().unwrap_or(Path::new(self.script.typed()))
    }

    /// Whether a static program was asked for.
    pub(crate) fn is_static(&self) -> bool {
        self.settings.is_static == Some(true)
    }
}
