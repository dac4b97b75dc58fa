//! Projects of scripts: made from the buffer, made again when its head changes, and told to the server.
//!
//! ```text
//! opened ──► make ──────────────► made ──► settle: the documents go to the server, with the project
//!               └─ 700 ms pass ──► settle with a project of `std` alone; the whole one follows
//! head changes ──► 500 ms of quiet ──► make ──► made ──► the server's settings change
//! head cannot be read ──► the project stays, the error is a diagnostic at its line
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::base::order;
use crate::editor::lsp::event::Event;
use crate::editor::lsp::projects::{Language, Problem, Project};
use crate::editor::lsp::server::Key;
use crate::editor::lsp::session::document::{Document, Role, Service};
use crate::editor::lsp::session::script::Script;
use crate::editor::lsp::session::state::Session;
use crate::editor::lsp::text::{Position, range_value};
use crate::editor::lsp::{configuration, message};
use crate::editor::rust_project::merge;

/// Quiet after a change of the head before the project is made again: shorter than a pause to think, longer than between
/// two keys.
const QUIET: Duration = Duration::from_millis(500);
/// What a project may take before the script is served without it. Loading one costs a server 2 to 9 seconds.
const BARE_AFTER: Duration = Duration::from_millis(700);
/// Projects that come together are told together.
const CONFIGURE_AFTER: Duration = Duration::from_millis(100);
/// While others are being made, those that are there wait so long: each time it is told a server loads all of them anew.
const CONFIGURE_WITHIN: Duration = Duration::from_secs(2);
/// Projects of closed scripts that are kept, so that opening one again costs nothing.
const MOST_CLOSED: usize = 16;

impl Session {
    /// A document of a script was opened.
    pub(super) fn use_script(&mut self, path: &Path, language: Language) -> Result<(), String> {
        let text = self.text_of(path).unwrap_or_default();
        if self.scripts.get(path).is_none_or(|script| script.language != language) {
            let script = Script {
                language,
                toolchain: None,
                digest: None,
                made: None,
                is_making: false,
                is_outdated: false,
                project: None,
                head_problems: Vec::new(),
                problems: Vec::new(),
                make_at: None,
                settle_at: None,
                progress: None,
                used: Instant::now(),
            };
            self.scripts.insert(path.to_owned(), script);
        }
        let head = self.projects.head(path, language, &text);
        let Some(script) = self.scripts.get_mut(path) else { return Ok(()) };
        script.used = Instant::now();
        match head {
            Ok(head) => {
                script.toolchain = head.toolchain;
                script.digest = Some(head.digest);
                script.head_problems.clear();
            }
            Err(problems) => script.head_problems = problems,
        }
        let needs_project =
            language == Language::Rust && script.digest.is_some() && script.made != script.digest;
        if needs_project && script.project.is_none() {
            script.settle_at = Some(Instant::now() + BARE_AFTER);
        }
        let is_settled = script.settle_at.is_none();
        if needs_project {
            self.make(path);
        }
        if self.scripts.get(path).is_some_and(|script| !script.head_problems.is_empty()) {
            self.publish(path)?;
        }
        match is_settled {
            true => self.settle_now(path),
            false => Ok(()),
        }
    }

    /// Makes the project in a thread.
    pub(super) fn make(&mut self, path: &Path) {
        let text = self.text_of(path).unwrap_or_default();
        let Some(script) = self.scripts.get_mut(path) else { return };
        script.make_at = None;
        let Some(digest) = script.digest.clone() else { return };
        if script.is_making || script.made.as_ref() == Some(&digest) && !script.is_outdated {
            return;
        }
        script.is_outdated = false;
        if script.language != Language::Rust {
            script.made = Some(digest);
            if let Some(index) = self.documents.get(path).and_then(Document::server) {
                self.push_compile_command(path, index);
            }
            return;
        }
        script.is_making = true;
        let (projects, events, path) = (Arc::clone(&self.projects), self.events.clone(), path.to_owned());
        std::thread::spawn(move || {
            let progress = |text: &str| {
                let event = Event::Progress { script: path.clone(), text: text.to_owned() };
                // Nobody is there to hear it when we are ending.
                let _ = events.send(event);
            };
            let result = projects.project(&path, &text, &progress);
            let _ = events.send(Event::Project { script: path.clone(), digest, result });
        });
    }

    pub(super) fn project_made(
        &mut self,
        path: &Path,
        digest: &str,
        result: Result<Project, Vec<Problem>>,
    ) -> Result<(), String> {
        self.end_progress(path)?;
        let Some(script) = self.scripts.get_mut(path) else { return Ok(()) };
        script.is_making = false;
        script.made = Some(digest.to_owned());
        if script.digest.as_deref() != Some(digest) || script.is_outdated {
            // It has changed meanwhile; the pause to wait for began with that change.
            script.make_at.get_or_insert_with(Instant::now);
        }
        let is_new = match result {
            Ok(project) => {
                script.problems = project.problems;
                let is_new = script.project.as_ref() != Some(&project.rust_project);
                script.project = Some(project.rust_project);
                is_new
            }
            Err(problems) => {
                script.problems = problems;
                false
            }
        };
        let key = script.key();
        if is_new {
            self.configure_later(&key);
        }
        self.publish(path)?;
        self.settle_now(path)
    }

    /// Serves a script with what there is of its project.
    pub(super) fn settle(&mut self, path: &Path) {
        // What cannot be written to the editor is found out by the next message to it.
        let _ = self.settle_now(path);
    }

    fn settle_now(&mut self, path: &Path) -> Result<(), String> {
        let text = self.text_of(path).unwrap_or_default();
        let projects = Arc::clone(&self.projects);
        let Some(script) = self.scripts.get_mut(path) else { return Ok(()) };
        script.settle_at = None;
        let key = script.key();
        if script.project.is_none() && script.language == Language::Rust {
            script.project = projects.bare_project(path, &text);
            self.configure_later(&key);
        }
        let is_its = |document: &Document| document.script.as_deref() == Some(path);
        let keys: Vec<PathBuf> =
            self.documents.iter().filter(|(_, one)| is_its(one)).map(|(key, _)| key.clone()).collect();
        for document in keys {
            let server = match self.documents.get(&document).map(|document| document.service) {
                Some(Service::Waiting) => None,
                Some(Service::Server(index)) => Some(index),
                Some(Service::Nobody) | None => continue,
            };
            if server.and_then(|index| self.servers.get(index)).is_some_and(|server| server.key == key) {
                continue;
            }
            match self.server_for(&key) {
                Ok(index) => {
                    if server.is_some() {
                        self.take(&document)?;
                    }
                    self.give(&document, index, None)?;
                }
                Err(error) => self.leave(&document, &error)?,
            }
        }
        Ok(())
    }

    /// A script's text has changed: its head may have.
    pub(super) fn head_changed(&mut self, path: &Path) {
        let Some(document) = self.documents.get(path) else { return };
        let Role::Script(language) = document.role else { return };
        let head = self.projects.head(path, language, &document.text);
        let Some(script) = self.scripts.get_mut(path) else { return };
        script.used = Instant::now();
        let had = !script.head_problems.is_empty();
        match head {
            Ok(head) => {
                script.head_problems.clear();
                if script.digest.as_ref() != Some(&head.digest) {
                    script.digest = Some(head.digest);
                    script.toolchain = head.toolchain;
                }
                script.make_at = match script.made == script.digest {
                    true => None,
                    false => Some(Instant::now() + QUIET),
                };
            }
            Err(problems) => {
                // The old project stays.
                script.make_at = None;
                script.head_problems = problems;
            }
        }
        if had || !script.head_problems.is_empty() {
            // What cannot be written to the editor is found out by the next message to it.
            let _ = self.publish(path);
        }
    }

    /// A file was saved. If it is of a package beside a script, one that has proc macros there, those are built again.
    pub(super) fn macros_changed(&mut self, saved: &Path) {
        let is_in =
            |directory: &Value| directory.as_str().is_some_and(|directory| saved.starts_with(directory));
        let has = |path: &Path, script: &Script| {
            let crates = script.project.as_ref().and_then(|project| project["crates"].as_array());
            let is_beside = |one: &&Value| {
                one["is_workspace_member"] == true && one["root_module"].as_str().map(Path::new) != Some(path)
            };
            let beside: Vec<&Value> = crates.into_iter().flatten().filter(is_beside).collect();
            let directories =
                |one: &Value| one["source"]["include_dirs"].as_array().cloned().unwrap_or_default();
            beside.iter().any(|one| one["is_proc_macro"] == true)
                && beside.iter().any(|one| directories(one).iter().any(is_in))
        };
        let having = self.scripts.iter().filter(|(path, script)| has(path, script));
        let paths: Vec<PathBuf> = having.map(|(path, _)| path.clone()).collect();
        for path in paths {
            if let Some(script) = self.scripts.get_mut(&path) {
                script.is_outdated = true;
            }
            self.make(&path);
        }
    }

    fn configure_later(&mut self, key: &Key) {
        let of_key = self.servers.iter().filter(|server| server.key == *key).map(|server| server.index);
        self.to_configure.extend(of_key);
        if !self.to_configure.is_empty() {
            self.configure_at.get_or_insert_with(|| Instant::now() + CONFIGURE_AFTER);
        }
    }

    /// Tells servers that their settings have changed; they ask for them then.
    pub(super) fn configure(&mut self) {
        let now = Instant::now();
        let since = *self.configure_since.get_or_insert(now);
        let is_making = self.scripts.values().any(|script| script.is_making);
        if is_making && now.duration_since(since) < CONFIGURE_WITHIN {
            self.configure_at = Some(now + CONFIGURE_AFTER);
            return;
        }
        self.configure_at = None;
        self.configure_since = None;
        for index in std::mem::take(&mut self.to_configure) {
            let Some(key) = self.servers.get(index).map(|server| server.key.clone()) else { continue };
            let settings = configuration::for_scripts(self.own_settings(), &self.projects_of(&key));
            if let Some(server) = self.servers.get_mut(index) {
                let params = json!({"settings": {configuration::SECTION: settings}});
                server
                    .send(message::bytes(&message::notification("workspace/didChangeConfiguration", params)));
            }
        }
    }

    /// The projects of all scripts that a server serves.
    pub(super) fn projects_of(&self, key: &Key) -> Vec<Value> {
        let of_key = self.scripts.values().filter(|script| script.key() == *key);
        merge(&of_key.filter_map(|script| script.project.as_ref()).collect::<Vec<&Value>>())
    }

    /// The server of scripts whose dependencies or toolchain a file belongs to.
    pub(super) fn script_server_of(&self, path: &Path) -> Option<usize> {
        let is_in =
            |directory: &Value| directory.as_str().is_some_and(|directory| path.starts_with(directory));
        let knows = |script: &&Script| {
            let Some(project) = &script.project else { return false };
            let crates = project["crates"].as_array().into_iter().flatten();
            is_in(&project["sysroot_src"])
                || crates
                    .filter(|one| one["is_workspace_member"] == false)
                    .flat_map(|one| one["source"]["include_dirs"].as_array().into_iter().flatten())
                    .any(is_in)
        };
        let mut keys = self.scripts.values().filter(knows).map(Script::key);
        keys.find_map(|key| self.servers.iter().find(|server| server.key == key && server.is_alive()))
            .map(|server| server.index)
    }

    /// Tells clangd how a script is compiled.
    pub(super) fn push_compile_command(&mut self, path: &Path, index: usize) {
        let Some(document) = self.documents.get(path) else { return };
        let Role::Script(language @ (Language::C | Language::Cpp)) = document.role else { return };
        let Some(command) = self.projects.compile_command(path, language, &document.text) else { return };
        let change = json!({"workingDirectory": command.directory, "compilationCommand": command.arguments});
        let mut changes = serde_json::Map::new();
        changes.insert(path.to_string_lossy().into_owned(), change);
        let params = json!({"settings": {"compilationDatabaseChanges": changes}});
        if let Some(server) = self.servers.get_mut(index) {
            server.send(message::bytes(&message::notification("workspace/didChangeConfiguration", params)));
        }
    }

    /// The directories of scripts in a language.
    pub(super) fn script_directories(&self, language: Language) -> BTreeSet<PathBuf> {
        let scripts = self.scripts.iter().filter(|(_, script)| script.language == language);
        order::set(scripts.filter_map(|(path, _)| path.parent().map(Path::to_owned)))
    }

    /// A document was closed: of scripts that nobody looks at the latest are kept.
    pub(super) fn script_closed(&mut self, path: &Path) {
        let is_open =
            |path: &Path| self.documents.values().any(|document| document.script.as_deref() == Some(path));
        let mut closed: Vec<(Instant, PathBuf)> = self
            .scripts
            .iter()
            .filter(|(path, script)| !is_open(path) && !script.is_making)
            .map(|(path, script)| (script.used, path.clone()))
            .collect();
        if let Some(script) = self.scripts.get_mut(path) {
            script.make_at = None;
            script.settle_at = None;
        }
        order::sort(&mut closed);
        for (_, path) in closed.iter().rev().skip(MOST_CLOSED) {
            self.scripts.remove(path);
        }
    }

    /// Publishes what is wrong with a script: what its server says, and what we know.
    pub(super) fn publish(&mut self, path: &Path) -> Result<(), String> {
        let Some(document) = self.documents.get(path).filter(|document| document.is_script()) else {
            return Ok(());
        };
        let mut diagnostics = document.diagnostics.clone();
        if let Some(script) = self.scripts.get(path) {
            let problems = script.head_problems.iter().chain(&script.problems);
            diagnostics.extend(problems.map(|problem| self.diagnostic(document, problem)));
        }
        let params = json!({"uri": document.uri, "version": document.version, "diagnostics": diagnostics});
        self.tell(&message::notification("textDocument/publishDiagnostics", params))
    }

    fn diagnostic(&self, document: &Document, problem: &Problem) -> Value {
        let text = &document.text;
        let (start, mut end) = (problem.range.start.min(text.len()), problem.range.end.min(text.len()));
        if end <= start {
            let rest = text.get(start..).unwrap_or_default();
            end = start + rest.find('\n').unwrap_or(rest.len());
        }
        let place = |offset| Position::of(text, offset, self.client.encoding);
        json!({"range": range_value(place(start), place(end)), "severity": if problem.is_error { 1 } else { 2 },
            "source": "runner", "message": problem.message})
    }

    /// What a server said of its documents is no news of a server that is gone.
    pub(super) fn forget_diagnostics(&mut self, index: usize) -> Result<(), String> {
        let mut keys = Vec::new();
        for (key, document) in self.documents.iter_mut().filter(|(_, one)| one.server() == Some(index)) {
            document.diagnostics.clear();
            keys.push(key.clone());
        }
        keys.iter().try_for_each(|key| self.publish(key))
    }

    /// Shows what is being done for a script.
    pub(super) fn project_progress(&mut self, path: &Path, text: &str) -> Result<(), String> {
        if !self.client.can("/window/workDoneProgress") {
            return Ok(());
        }
        let Some(script) = self.scripts.get_mut(path) else { return Ok(()) };
        if let Some(token) = script.progress.clone() {
            let value = json!({"kind": "report", "message": text});
            return self.tell(&message::notification("$/progress", json!({"token": token, "value": value})));
        }
        self.counter += 1;
        let token = format!("runner/project/{}", self.counter);
        script.progress = Some(token.clone());
        self.ask_editor("window/workDoneProgress/create", json!({"token": token}))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let value = json!({"kind": "begin", "title": name, "message": text, "cancellable": false});
        self.tell(&message::notification("$/progress", json!({"token": token, "value": value})))
    }

    fn end_progress(&mut self, path: &Path) -> Result<(), String> {
        let token = self.scripts.get_mut(path).and_then(|script| script.progress.take());
        let Some(token) = token else { return Ok(()) };
        self.tell(&message::notification("$/progress", json!({"token": token, "value": {"kind": "end"}})))
    }
}
