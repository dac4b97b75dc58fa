//! `runner lsp`: the language server in front of the language servers, over the rooms of the engine.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;

use crate::base::error::{Error, Result, Step};
use crate::commands::fmt;
use crate::editor::lsp::projects::{
    Action, Changes, CompileCommand, Head, Kind, Language, Problem, Project, Projects, ServerProgram,
};
use crate::editor::lsp::{self};
use crate::editor::{compile_command, dependency_text, script_project, script_text, server_program};
use crate::engine::context::Context;
use crate::report::event::EventSink;
use crate::request::options::Options;
use crate::script::script_file::Script;

/// Serves one editor until it says `exit` or closes `input`; the exit code. `server` is used in place of the server that
/// would be found; `language` names the one that answers first.
///
/// # Errors
/// [`Step::Arguments`] if there is no server for the language, [`Step::Execute`] if what comes is not the protocol.
pub(crate) fn serve(
    context: &Context,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    server: Option<PathBuf>,
    language: Option<&str>,
) -> Result<u8> {
    let language = language.map(language_named).transpose()?;
    // What is said while a project is made is shown where that is.
    let context = context.heard_by(EventSink::default());
    let projects = Arc::new(Scripts { context });
    lsp::run(input, output, projects, lsp::Options { server, language })
        .map_err(|text| Error::message(Step::Execute, text))
}

fn language_named(name: &str) -> Result<Language> {
    let id = if name == "c++" { "cpp" } else { name };
    Language::of_id(id).ok_or_else(|| {
        let text = format!("no language server is known for `{}`", name.escape_debug());
        Error::message(Step::Arguments, text).hint("known: `rust`, `c`, `c++`, `go`, `zig`")
    })
}

/// The scripts of an editor, as the engine sees them.
#[derive(Debug)]
struct Scripts {
    context: Context,
}

impl Scripts {
    /// This program, which checks, runs and tests scripts.
    fn program(&self) -> Option<PathBuf> {
        self.context.background.and_then(|program| program().ok())
    }
}

impl Projects for Scripts {
    fn kind(&self, path: &Path, language_id: &str, text: &str) -> Kind {
        script_text::kind(&self.context, path, language_id, text)
    }

    fn changes(&self, _path: &Path, language: Language, text: &str) -> Changes {
        script_text::changes(language, text)
    }

    fn head(&self, path: &Path, language: Language, text: &str) -> std::result::Result<Head, Vec<Problem>> {
        script_text::head(&self.context, path, language, text)
    }

    fn bare_project(&self, path: &Path, text: &str) -> Option<Value> {
        script_project::bare(&self.context, path, text, self.program().as_deref()).ok()
    }

    fn project(
        &self,
        path: &Path,
        text: &str,
        progress: &dyn Fn(&str),
    ) -> std::result::Result<Project, Vec<Problem>> {
        script_project::project(&self.context, path, text, self.program().as_deref(), progress)
    }

    fn compile_command(&self, path: &Path, _language: Language, text: &str) -> Option<CompileCommand> {
        compile_command::compile_command(&self.context, &Script::of_buffer(path, text)).ok()?
    }

    fn server(
        &self,
        language: Language,
        toolchain: Option<&str>,
    ) -> std::result::Result<ServerProgram, String> {
        server_program::find(&self.context, language, toolchain)
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        self.context.environment().all()
    }

    fn remembered(&self, program: &ServerProgram) -> Option<Value> {
        server_program::remembered(&self.context, program)
    }

    fn remember(&self, program: &ServerProgram, answer: &Value) {
        server_program::remember(&self.context, program, answer);
    }

    fn add_dependency(&self, path: &Path, text: &str, name: &str) -> std::result::Result<String, String> {
        dependency_text::with_dependency(&self.context, path, text, name).map_err(|error| error.reason())
    }

    fn formatted(&self, path: &Path, _language: Language, text: &str) -> Option<String> {
        let script = Script::of_buffer(path, text);
        let formatted = fmt::formatted(&self.context, &script, &Options::default()).ok()??;
        String::from_utf8(formatted).ok()
    }

    fn command(&self, action: Action, path: &Path, arguments: &[String]) -> Command {
        let words: &[&str] = match action {
            Action::Run => &["run"],
            Action::Test => &["test"],
            Action::Build => &["build"],
            Action::Debug => &["build", "--debug", "--print-path", "--json"],
            Action::Lock => &["update", "--lock"],
        };
        let mut command = Command::new(self.program().unwrap_or_else(|| PathBuf::from("runner")));
        command.env_clear().envs(self.context.environment().all());
        command.args(words).arg(path).args(arguments);
        command.current_dir(path.parent().filter(|base| base.is_dir()).unwrap_or(Path::new("/")));
        command
    }
}
