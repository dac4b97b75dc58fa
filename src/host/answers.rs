//! The engine as a host program sees it: what can be asked of a script without running it, answered as data.

use std::cell::RefCell;

use serde_json::Value;

use crate::base::diagnostic::Diagnostic;
use crate::base::error::{Error, Result, Step};
use crate::commands::check::Lint;
use crate::commands::metadata::Metadata;
use crate::commands::status::Status;
use crate::host::runner::Runner;
use crate::request::options::Options;
use crate::script::script_file::Script;

/// What a compiler or clippy says of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Each diagnostic, with what a person reads in [`Diagnostic::rendered`]; errors in the metadata are among them.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether none of them is an error.
    pub is_ok: bool,
}

impl Runner {
    /// What a build would do now. Reads files; starts no process, takes no lock and writes nothing.
    ///
    /// # Errors
    /// [`Step::Cache`] if the cache cannot be used; [`Step::Metadata`] and [`Step::Script`] if the script could not be built.
    pub fn status(&self, script: &Script, options: &Options) -> Result<Status> {
        self.context.operate(options, |context| crate::commands::status::status(context, script, options))
    }

    /// What a script says of itself. Nothing is run, and the policy is not asked.
    ///
    /// # Errors
    /// [`Step::Script`] and [`Step::Metadata`] if it is not a script.
    pub fn metadata(&self, script: &Script, options: &Options) -> Result<Metadata> {
        self.context.operate(options, |context| crate::commands::metadata::metadata(context, script, options))
    }

    /// What the compiler or clippy says of a script in Rust, as data.
    ///
    /// # Errors
    /// As [`Runner::check_as_json`].
    pub fn diagnose(&self, script: &Script, options: &Options, lint: Lint) -> Result<Checked> {
        let told = RefCell::new(Vec::new());
        let tell = |value: &Value| told.borrow_mut().push(Diagnostic::read(value));
        let is_ok = self.check_as_json(script, options, lint, &[], &tell)?;
        let mut diagnostics = told.into_inner();
        // The last one counts the others.
        diagnostics.pop();
        Ok(Checked { diagnostics, is_ok })
    }

    /// The text of a script, formatted; nothing is written.
    ///
    /// # Errors
    /// [`Step::Compile`] if the formatter cannot read it, [`Step::Toolchain`] if there is none.
    pub fn formatted(&self, script: &Script, options: &Options) -> Result<Vec<u8>> {
        self.context.operate(options, |context| {
            let text = crate::commands::fmt::formatted(context, script, options)?;
            text.ok_or_else(|| {
                Error::message(Step::Compile, "the formatter cannot read it").about(script.display_name())
            })
        })
    }

    /// The project of a script for editors: the `rust-project.json` of one in Rust, the `compile_commands.json` of one in C or
    /// C++.
    ///
    /// # Errors
    /// As [`Runner::rust_project`] and [`Runner::compile_commands`].
    pub fn project(&self, script: &Script, options: &Options) -> Result<Value> {
        match self.metadata(script, options)?.language.as_str() {
            "rust" => self.rust_project(&script.path().unwrap_or(script.base()).to_string_lossy()),
            _ => self.compile_commands(std::slice::from_ref(script)),
        }
    }
}
