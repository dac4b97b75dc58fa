//! The engine as a host program sees it: a script that is run again when something changes.

use std::ffi::OsString;

use crate::base::error::Result;
use crate::commands::watch::watch_options::{WatchEvent, WatchOptions};
use crate::host::runner::Runner;
use crate::request::options::Options;
use crate::script::script_file::Script;

impl Runner {
    /// Runs a script, and again when an input of its build changes, until a signal ends that; the exit code of the last run.
    /// The process that does this should do nothing else: it blocks signals and waits for its children.
    ///
    /// # Errors
    /// [`crate::Step::Execute`] if the system refuses, [`crate::Step::Script`] if the script has no file.
    pub fn watch(
        &self,
        script: &Script,
        options: &Options,
        how: &WatchOptions,
        arguments: &[OsString],
        listener: &dyn Fn(&WatchEvent<'_>),
    ) -> Result<u8> {
        crate::commands::watch::watch(&self.context, script, options, how, arguments, listener)
    }
}
