//! The engine as a host program sees it: the beginning of a script, and the way back from an upgrade.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::base::error::Result;
use crate::commands::doctor::finding::Finding;
use crate::commands::new::NewScript;
use crate::commands::rollback::Rollback;
use crate::host::runner::Runner;
use crate::request::options::Options;

impl Runner {
    /// Makes a new script, executable, which must not exist unless [`NewScript::force`] is given; its path.
    ///
    /// # Errors
    /// [`crate::Step::Arguments`] if there is no such template or language, [`crate::Step::Install`] if the file exists or
    /// cannot be written, those of [`Runner::add`] if there are dependencies. Nothing has been made then.
    pub fn create(&self, file: &Path, options: &Options, new: &NewScript) -> Result<PathBuf> {
        crate::commands::new::create(&self.context, file, options, new)
    }

    /// The text of a new script that would be called so, without its dependencies.
    ///
    /// # Errors
    /// As [`Runner::create`].
    pub fn new_text(&self, file: &Path, options: &Options, new: &NewScript) -> Result<String> {
        crate::commands::new::text(&self.context, file, options, new)
    }

    /// The names of all templates of new scripts, and what each is.
    pub fn templates(&self) -> Vec<(String, String)> {
        crate::commands::new::names(&self.context)
    }

    /// Looks at all that runs rest on, and at a script if one is named.
    ///
    /// # Errors
    /// What is found is none.
    pub fn doctor(&self, script: Option<&OsStr>, options: &Options) -> Result<Vec<Finding>> {
        crate::commands::doctor::doctor(&self.context, script, options)
    }

    /// Puts back the executable that the last promotion of a name replaced; with `dry_run` only tells what that would be.
    ///
    /// # Errors
    /// [`crate::Step::Install`] if there is nothing to put back, or if it was modified and `force` is not given.
    pub fn rollback(&self, name: &OsStr, force: bool, dry_run: bool) -> Result<Rollback> {
        crate::commands::rollback::rollback(&self.context, name, force, dry_run)
    }
}
