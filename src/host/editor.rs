//! What a host that is an editor calls: diagnostics, projects, the language server.

#[cfg(doc)]
use crate::base::error::Step;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::base::error::Result;
use crate::commands::artifact::Artifact;
use crate::commands::check::Lint;
use crate::host::runner::Runner;
use crate::request::options::Options;
use crate::script::script_file::Script;

impl Runner {
    /// Hands every diagnostic of the compiler or of clippy to `tell`, as rustc's JSON with the script's own places; whether
    /// there was no error. The last diagnostic counts them and has no place.
    ///
    /// # Errors
    /// As [`Runner::build`], if the compiler could not be asked; what is wrong with the metadata is a diagnostic.
    pub fn check_as_json(
        &self,
        script: &Script,
        options: &Options,
        lint: Lint,
        arguments: &[OsString],
        tell: &dyn Fn(&Value),
    ) -> Result<bool> {
        self.context.operate(options, |context| {
            crate::commands::discover::refresh(context, script);
            crate::commands::check::json::check(context, script, options, lint, arguments, tell)
        })
    }

    /// Answers a question of rust-analyzer's `workspace.discoverConfig`: hands each line to `tell`.
    ///
    /// # Errors
    /// [`Step::Arguments`] if the question cannot be understood; all else is told.
    pub fn discover(&self, question: &str, tell: &dyn Fn(&Value)) -> Result<()> {
        crate::commands::discover::discover(&self.context, question, tell)
    }

    /// The `rust-project.json` of a script.
    ///
    /// # Errors
    /// [`Step::Script`] and [`Step::Metadata`] if it is not a script.
    pub fn rust_project(&self, question: &str) -> Result<Value> {
        crate::commands::discover::project(&self.context, question)
    }

    /// The `compile_commands.json` of scripts in C and C++.
    ///
    /// # Errors
    /// [`Step::Script`] if one is in another language, [`Step::Toolchain`] if there is no compiler.
    pub fn compile_commands(&self, scripts: &[Script]) -> Result<Value> {
        crate::commands::discover::compile_commands(&self.context, scripts)
    }

    /// Opens a script in an editor, waits, and checks the script if it has changed; the exit code of an editor that failed.
    ///
    /// # Errors
    /// [`Step::Execute`] if there is no editor; those of [`Runner::check`].
    pub fn edit(&self, script: &Script, options: &Options, open: Option<&str>) -> Result<u8> {
        self.context.operate(options, |context| crate::commands::edit::edit(context, script, options, open))
    }

    /// Makes a file a link to a program in the cache, in the place of an older link.
    ///
    /// # Errors
    /// [`Step::Install`] if something else is there, or it cannot be written.
    pub fn link(&self, artifact: &Artifact, link: &Path) -> Result<()> {
        crate::commands::build::link(artifact, link)
    }

    /// Serves an editor as a language server, until the editor says `exit` or closes `input`; the exit code. `server` is
    /// started in place of the language server that would be found; the one of `language` answers first.
    ///
    /// # Errors
    /// [`Step::Arguments`] if no language server is known for the language, [`Step::Execute`] if what comes is not the
    /// protocol.
    pub fn serve_editor(
        &self,
        input: impl io::Read + Send + 'static,
        output: impl io::Write + Send + 'static,
        server: Option<PathBuf>,
        language: Option<&str>,
    ) -> Result<u8> {
        crate::commands::lsp::serve(&self.context, input, output, server, language)
    }
}
