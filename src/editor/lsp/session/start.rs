//! The beginning and the end: `initialize`, starting servers and starting them again, `shutdown`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::editor::lsp::message::{self, Message};
use crate::editor::lsp::projects::{Language, ServerProgram};
use crate::editor::lsp::server::{self, INITIALIZE, Key, SHUTDOWN, Server, State};
use crate::editor::lsp::session::state::{Ending, PATIENCE, Phase, Session};
use crate::editor::lsp::text::Encoding;
use crate::editor::lsp::tokens::Legend;
use crate::editor::lsp::{capability, configuration, uri};

/// How long a server may think before it says what it can.
const ASK_PATIENCE: Duration = Duration::from_secs(10);

impl Session {
    /// In a project of a language its server is started, and answers. Elsewhere nothing is started before there is a script:
    /// a server that was asked before has told what it can, one that was not is started for that question alone.
    pub(super) fn initialize(&mut self, message: Message) -> Result<(), String> {
        let Some(id) = message.id().cloned() else { return Ok(()) };
        self.client.params = message.params().clone();
        self.client.bytes = message.bytes;
        self.phase = Phase::Running;
        if let Some(language) = self.project_language() {
            match self.start_server(Key::Project(language), Some(id.clone())) {
                Ok(_) => return Ok(()),
                Err(error) => {
                    self.announce(&id, &Value::Null, "no server")?;
                    return self.complain(&error);
                }
            }
        }
        let first = self.options.language.unwrap_or(Language::Rust);
        let mut error = None;
        for language in [first].into_iter().chain(Language::ALL) {
            let program = match self.program(language, None) {
                Ok(program) => program,
                Err(missing) => {
                    error.get_or_insert(missing);
                    continue;
                }
            };
            let answer = self.projects.remembered(&program).or_else(|| {
                let answer = server::ask(&program, &self.params_for_question(), ASK_PATIENCE)?;
                self.projects.remember(&program, &answer);
                Some(answer)
            });
            if let Some(answer) = answer {
                return self.announce(&id, &answer, &program.name);
            }
        }
        self.announce(&id, &Value::Null, "no server")?;
        let error = error.unwrap_or_else(|| "cannot start a language server".to_owned());
        self.missing.insert(error.clone());
        self.complain(&error)
    }

    /// Answers `initialize`.
    fn announce(&mut self, id: &Value, answer: &Value, server: &str) -> Result<(), String> {
        let answer = capability::announced(answer, server);
        self.announced = answer["capabilities"].clone();
        self.client.encoding = Encoding::named(self.announced["positionEncoding"].as_str());
        self.tell(&message::response(id, answer))
    }

    pub(super) fn initialized(&mut self, message: Message) {
        for server in self.servers.iter_mut().filter(|server| server.asked_by.is_some()) {
            server.asked_by = None;
            server.send_now(message.bytes.clone());
            server.release();
        }
        self.client.initialized = message.bytes;
    }

    /// The language of the project that the editor has opened.
    fn project_language(&self) -> Option<Language> {
        let params = &self.client.params;
        let folders = params["workspaceFolders"].as_array().into_iter().flatten();
        let mut roots: Vec<PathBuf> =
            folders.filter_map(|folder| uri::path(folder["uri"].as_str()?)).collect();
        if roots.is_empty() {
            roots.extend(params["rootUri"].as_str().and_then(uri::path));
            roots.extend(
                params["rootPath"].as_str().map(PathBuf::from).filter(|_| params["rootUri"].is_null()),
            );
        }
        let wanted = self.options.language;
        roots.iter().find_map(|root| {
            PROJECT_FILES.iter().find_map(|(language, name)| {
                let is_wanted = wanted.is_none_or(|wanted| wanted.served_as() == language.served_as());
                (is_wanted && has_project(root, *language, name)).then_some(*language)
            })
        })
    }

    fn program(&self, language: Language, toolchain: Option<&str>) -> Result<ServerProgram, String> {
        let is_meant = self.options.language.unwrap_or(Language::Rust).served_as() == language.served_as();
        if let Some(path) = self.options.server.as_ref().filter(|_| is_meant) {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            return Ok(ServerProgram {
                program: path.clone(),
                arguments: Vec::new(),
                variables: self.projects.variables(),
                name,
            });
        }
        self.projects.server(language, toolchain)
    }

    /// The server for this purpose, started if it is not there.
    ///
    /// # Errors
    /// A message, the first time; an empty one from then on.
    pub(super) fn server_for(&mut self, key: &Key) -> Result<usize, String> {
        if let Some(server) = self.servers.iter().find(|server| server.key == *key) {
            return Ok(server.index);
        }
        let name = format!("{key:?}");
        if self.missing.contains(&name) {
            return Err(String::new());
        }
        self.start_server(key.clone(), None).map_err(|error| {
            self.missing.insert(name);
            // It may have been said already.
            if self.missing.insert(error.clone()) { error } else { String::new() }
        })
    }

    fn start_server(&mut self, key: Key, asked_by: Option<Value>) -> Result<usize, String> {
        let program = self.program(key.language(), key.toolchain())?;
        let index = self.servers.len();
        let mut server = Server::new(key, program, index);
        server.asked_by = asked_by;
        let bytes = self.initialize_bytes(&server);
        server.start(&self.events, bytes)?;
        self.servers.push(server);
        Ok(index)
    }

    /// What a server is asked first: word for word what the editor asked, if it serves a project.
    fn initialize_bytes(&self, server: &Server) -> Vec<u8> {
        if server.asked_by.is_some() {
            return self.client.bytes.clone();
        }
        let params = match &server.key {
            Key::Project(_) => self.client.params.clone(),
            Key::Scripts(language, _) => self.params_for_scripts(*language, &server.key),
        };
        message::bytes(&message::request(&INITIALIZE.into(), "initialize", params))
    }

    fn params_for_scripts(&self, language: Language, key: &Key) -> Value {
        let mut params = self.client.params.clone();
        params["processId"] = std::process::id().into();
        self.settle_encoding(&mut params);
        let workspace = &mut params["capabilities"]["workspace"];
        if !workspace.is_object() {
            *workspace = json!({});
        }
        workspace["configuration"] = true.into();
        if language == Language::Rust {
            // When it is quiescent it is told again what it has forgotten.
            let experimental = &mut params["capabilities"]["experimental"];
            if !experimental.is_object() {
                *experimental = json!({});
            }
            experimental["serverStatusNotification"] = true.into();
            params["initializationOptions"] =
                configuration::for_scripts(self.own_settings(), &self.projects_of(key));
        }
        if language == Language::Go {
            let folders = self.script_directories(language).into_iter();
            let folders: Vec<Value> = folders
                .map(|directory| json!({"uri": uri::of(&directory), "name": directory.to_string_lossy()}))
                .collect();
            params["rootUri"] = folders.first().map_or(Value::Null, |folder| folder["uri"].clone());
            params["rootPath"] = Value::Null;
            params["workspaceFolders"] = folders.into();
        }
        params
    }

    /// All servers count characters as the first has said it does.
    fn settle_encoding(&self, params: &mut Value) {
        let encoding = self.announced["positionEncoding"].as_str().unwrap_or("utf-16").to_owned();
        let capabilities = &mut params["capabilities"];
        if !capabilities.is_object() {
            *capabilities = json!({});
        }
        if !capabilities["general"].is_object() {
            capabilities["general"] = json!({});
        }
        capabilities["general"]["positionEncodings"] = json!([encoding]);
        // Clangd's own name for it.
        capabilities["offsetEncoding"] = json!([encoding]);
    }

    /// Without a workspace nothing is loaded.
    fn params_for_question(&self) -> Value {
        let mut params = self.client.params.clone();
        self.settle_encoding(&mut params);
        for key in ["rootUri", "rootPath", "workspaceFolders", "initializationOptions"] {
            params[key] = Value::Null;
        }
        params["processId"] = std::process::id().into();
        params
    }

    /// The answer of a server to `initialize`.
    pub(super) fn server_initialized(&mut self, index: usize, result: &Value) -> Result<(), String> {
        let Some(server) = self.servers.get_mut(index) else { return Ok(()) };
        server.capabilities = result["capabilities"].clone();
        if let Some(id) = server.asked_by.clone() {
            let name = server.program.name.clone();
            self.announce(&id, result, &name)?;
            // It goes on when the editor does.
            return Ok(());
        }
        server.legend = Legend::between(&server.capabilities, &self.announced);
        self.projects.remember(&server.program, result);
        let initialized = match self.client.initialized.is_empty() {
            true => message::bytes(&message::notification("initialized", json!({}))),
            false => self.client.initialized.clone(),
        };
        server.send_now(initialized);
        server.release();
        Ok(())
    }

    /// A server's process has ended: another takes its place, and gets what is open.
    pub(super) fn server_closed(
        &mut self,
        index: usize,
        generation: u32,
        reason: Option<String>,
    ) -> Result<(), String> {
        let Some(server) = self.servers.get_mut(index).filter(|server| server.generation == generation)
        else {
            return Ok(());
        };
        server.collect();
        let tokens: Vec<Value> =
            server.tokens.drain().filter_map(|token| serde_json::from_str(&token).ok()).collect();
        let tokens: Vec<Value> = tokens.iter().map(|token| server.tagged(token)).collect();
        let name = server.program.name.clone();
        let asked_by = server.asked_by.take();
        if let Some(ending) = &mut self.ending {
            ending.left.remove(&index);
            if ending.left.is_empty() {
                self.answer_shutdown();
            }
            return Ok(());
        }
        if let Some(id) = asked_by {
            self.announce(&id, &Value::Null, "no server")?;
        }
        for token in tokens {
            let end = json!({"token": token, "value": {"kind": "end"}});
            self.tell(&message::notification("$/progress", end))?;
        }
        self.fail_pending(index, &format!("`{name}` ended"))?;
        let bytes = self.servers.get(index).map(|server| self.initialize_bytes(server));
        let events = self.events.clone();
        let started = match (self.servers.get_mut(index), bytes) {
            (Some(server), Some(bytes)) => server.start(&events, bytes),
            _ => return Ok(()),
        };
        match started {
            Ok(()) => {
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let text = format!("`{name}` ended{reason}; it is started again");
                self.tell(&message::notification("window/logMessage", json!({"type": 2, "message": text})))?;
                self.reopen(index);
            }
            Err(error) => {
                self.forget_diagnostics(index)?;
                self.complain(&error)?;
            }
        }
        Ok(())
    }

    /// Requests that a process had take their errors.
    fn fail_pending(&mut self, index: usize, text: &str) -> Result<(), String> {
        let is_its = |pending: &super::state::Pending| pending.server == index;
        let failed: Vec<String> =
            self.pending.iter().filter(|(_, pending)| is_its(pending)).map(|(key, _)| key.clone()).collect();
        for key in failed {
            let Some(pending) = self.pending.remove(&key) else { continue };
            match pending.gathering {
                Some(gathering) => self.gathered(gathering, Value::Null)?,
                None => self.tell(&message::failure(&pending.id, message::CONTENT_MODIFIED, text))?,
            }
        }
        self.configurations.retain(|_, configuration| configuration.server != index);
        Ok(())
    }

    pub(super) fn shutdown(&mut self, message: &Message) -> Result<(), String> {
        let Some(id) = message.id().cloned() else { return Ok(()) };
        self.phase = Phase::Shut;
        let request = message::bytes(&json!({"jsonrpc": "2.0", "id": SHUTDOWN, "method": "shutdown"}));
        let mut left = rustc_hash::FxHashSet::default();
        for server in self.servers.iter_mut().filter(|server| server.state == State::Ready) {
            server.send(request.clone());
            left.insert(server.index);
        }
        let is_done = left.is_empty();
        self.ending = Some(Ending { id, left, until: Instant::now() + PATIENCE });
        if is_done {
            self.answer_shutdown();
        }
        Ok(())
    }

    pub(super) fn server_shut(&mut self, index: usize) {
        let Some(ending) = &mut self.ending else { return };
        ending.left.remove(&index);
        if ending.left.is_empty() {
            self.answer_shutdown();
        }
    }

    pub(super) fn answer_shutdown(&mut self) {
        if let Some(ending) = self.ending.take() {
            // An editor that cannot hear it any more has closed its end, which ends us.
            let _ = self.tell(&message::response(&ending.id, Value::Null));
        }
    }
}

/// Files that make a directory a project, and the language of it.
const PROJECT_FILES: &[(Language, &str)] = &[
    (Language::Rust, "Cargo.toml"),
    (Language::Rust, "rust-project.json"),
    (Language::Rust, ".rust-project.json"),
    (Language::Go, "go.mod"),
    (Language::Go, "go.work"),
    (Language::Zig, "build.zig"),
    (Language::C, "compile_commands.json"),
    (Language::C, "compile_flags.txt"),
    (Language::C, ".clangd"),
];

/// Whether a directory is in a project, or, as rust-analyzer looks for it, has one in a directory of its own.
fn has_project(root: &Path, language: Language, name: &str) -> bool {
    if root.ancestors().any(|directory| directory.join(name).is_file()) {
        return true;
    }
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    language == Language::Rust
        && name == "Cargo.toml"
        && entries.into_iter().any(|entry| entry.path().join(name).is_file())
}
