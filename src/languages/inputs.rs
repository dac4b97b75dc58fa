//! The inputs of a compilation: files that the compiler read, and facts that are not the content of a file.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::store::trace::fact::Check;

/// The inputs of a compilation.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) files: Vec<Input>,
    /// Facts that are not the content of a file.
    pub(crate) checks: Vec<Check<'static>>,
}

/// A file that a compiler read.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// Whether it came with the compiler or the system.
    pub(crate) is_tool: bool,
}

impl Inputs {
    /// Adds a file that came with the system, or with the script, which stands in `base`.
    pub(crate) fn add(&mut self, path: PathBuf, base: &Path) {
        self.files.push(Input { is_tool: is_system(&path, base), path });
    }

    /// Adds a file that did not come with the system.
    pub(crate) fn add_own(&mut self, path: PathBuf) {
        self.files.push(Input { path, is_tool: false });
    }

    /// Adds a file that the compiler looks for: its content, or its absence. Tells whether it exists.
    pub(crate) fn add_wanted(&mut self, path: PathBuf) -> bool {
        let exists = path.is_file();
        match exists {
            true => self.add_own(path),
            false => self.checks.push(Check::absent(&path)),
        }
        exists
    }
}

/// Directories of the system.
const SYSTEM: &[&str] = &["/usr/", "/lib/", "/lib64/", "/opt/", "/nix/", "/gnu/", "/Library/", "/System/"];

/// Whether a file came with the system or a compiler, and not with the script, which stands in `base`.
pub(crate) fn is_system(path: &Path, base: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    SYSTEM.iter().any(|prefix| bytes.starts_with(prefix.as_bytes())) && !path.starts_with(base)
}
