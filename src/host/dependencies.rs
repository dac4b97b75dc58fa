//! The engine as a host program sees it: the dependencies of a script.

use std::ffi::OsString;

use crate::base::error::Result;
use crate::commands::add::{Addition, DependencyChange};
use crate::commands::lock::LockResult;
use crate::commands::outdated::OutdatedDependency;
use crate::host::runner::Runner;
use crate::request::options::Options;
use crate::rust::deps::lock::Renewal;
use crate::script::script_file::Script;

impl Runner {
    /// Adds dependencies to a script, or changes those that are there; cargo edits its metadata, in the form that it has.
    ///
    /// # Errors
    /// [`crate::Step::Metadata`] if that form cannot say them, [`crate::Step::Dependencies`] if cargo refuses; nothing has changed then.
    pub fn add(
        &self,
        script: &Script,
        options: &Options,
        addition: &Addition,
    ) -> Result<Vec<DependencyChange>> {
        self.context.operate(options, |context| crate::commands::add::add(context, script, options, addition))
    }

    /// Removes dependencies from a script; `arguments` are options of `cargo remove`.
    ///
    /// # Errors
    /// As [`Runner::add`]; [`crate::Step::Dependencies`] if there is no such dependency.
    pub fn remove(
        &self,
        script: &Script,
        options: &Options,
        names: &[String],
        arguments: &[OsString],
        dry_run: bool,
    ) -> Result<Vec<DependencyChange>> {
        self.context.operate(options, |context| {
            crate::commands::add::remove(context, script, options, names, arguments, dry_run)
        })
    }

    /// Renews `SCRIPT.lock` as far as `renewal` says and the manifest needs, or removes it where none is needed; with `check`
    /// writes nothing.
    ///
    /// # Errors
    /// As [`Runner::build`]; [`crate::Step::Install`] if it cannot be written.
    pub fn lock(
        &self,
        script: &Script,
        options: &Options,
        renewal: Renewal,
        check: bool,
    ) -> Result<LockResult> {
        self.context
            .operate(options, |context| crate::commands::lock::lock(context, script, options, renewal, check))
    }

    /// What `cargo tree` prints of a script, and its exit code; `arguments` are its options.
    ///
    /// # Errors
    /// As [`Runner::build`], as far as nothing has to be built.
    pub fn tree(&self, script: &Script, options: &Options, arguments: &[OsString]) -> Result<(String, u8)> {
        self.context
            .operate(options, |context| crate::commands::tree::tree(context, script, options, arguments))
    }

    /// The dependencies of a script that have newer versions, by name; with `transitive` those of dependencies too.
    ///
    /// # Errors
    /// [`crate::Step::Dependencies`] if the registry cannot be asked.
    pub fn outdated(
        &self,
        script: &Script,
        options: &Options,
        transitive: bool,
    ) -> Result<Vec<OutdatedDependency>> {
        self.context.operate(options, |context| {
            crate::commands::outdated::outdated(context, script, options, transitive)
        })
    }
}
