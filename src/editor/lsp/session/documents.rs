//! Open documents: opening, changing, saving and closing them, and what servers have of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::editor::lsp::capability;
use crate::editor::lsp::message::{self, Message};
use crate::editor::lsp::projects::{Kind, Language};
use crate::editor::lsp::served::Served;
use crate::editor::lsp::server::Key;
use crate::editor::lsp::session::document::{Document, Role, Service};
use crate::editor::lsp::session::state::{Session, document_key};
use crate::editor::lsp::text;

impl Session {
    pub(super) fn open(&mut self, mut message: Message) -> Result<(), String> {
        // Taken out, not copied: buffers may be large.
        let text = message.value.pointer_mut("/params/textDocument/text").map(Value::take);
        let item = &message.params()["textDocument"];
        let (Some(uri), Some(Value::String(text))) = (item["uri"].as_str(), text) else { return Ok(()) };
        let key = document_key(uri);
        self.close_document(&key)?;
        self.counter += 1;
        let document = Document {
            number: self.counter,
            uri: uri.to_owned(),
            language_id: item["languageId"].as_str().unwrap_or_default().to_owned(),
            version: item["version"].clone(),
            text: Arc::new(text),
            role: Role::Other,
            script: None,
            service: Service::Waiting,
            waiting: Vec::new(),
            served: Served::default(),
            runnables: Vec::new(),
            changes: Vec::new(),
            is_replaced: false,
            is_dirty: false,
            diagnostics: Vec::new(),
        };
        self.documents.insert(key.clone(), document);
        self.place(&key, Some(message.bytes))
    }

    /// Finds out what a document is, and who serves it. `opening` is the editor's own message, if it has one.
    fn place(&mut self, key: &Path, opening: Option<Vec<u8>>) -> Result<(), String> {
        let Some(document) = self.documents.get_mut(key) else { return Ok(()) };
        let kind = match key.is_absolute() {
            true => self.projects.kind(key, &document.language_id, &document.text),
            false => Kind::Other,
        };
        // What a script's server is told is made of the text.
        let opening = opening.filter(|_| matches!(kind, Kind::Other));
        match kind {
            Kind::Script(language) => {
                document.role = Role::Script(language);
                document.script = Some(key.to_owned());
                let changes = self.projects.changes(key, language, &document.text);
                document.served = Served::new(&document.text, &changes, self.client.encoding);
                document.runnables = changes.runnables;
                self.use_script(key, language)
            }
            Kind::Module { script } => {
                document.role = Role::Module;
                document.script = Some(script.clone());
                self.use_script(&script, Language::Rust)
            }
            Kind::Other => {
                document.role = Role::Other;
                document.script = None;
                self.place_other(key, opening)
            }
        }
    }

    /// A file that is no script: it belongs to the server that has led to it, or to that of a project.
    fn place_other(&mut self, key: &Path, opening: Option<Vec<u8>>) -> Result<(), String> {
        let Some(document) = self.documents.get(key) else { return Ok(()) };
        let language = Language::of_id(&document.language_id).or_else(|| language_of(key));
        let of_scripts = self.script_server_of(key);
        let of_project = language.map(|language| Key::Project(language.served_as()));
        let is_running =
            of_project.as_ref().is_some_and(|key| self.servers.iter().any(|one| one.key == *key));
        let found = match (of_scripts, of_project) {
            // Both may know it; the one that was asked last where something is defined has sent the editor here.
            (Some(index), _) if !is_running || self.last_definition == Some(index) => Ok(index),
            (_, Some(key)) => self.server_for(&key),
            (_, None) => self.any_server().ok_or_else(String::new),
        };
        match found {
            Ok(index) => self.give(key, index, opening),
            Err(error) => self.leave(key, &error),
        }
    }

    /// Gives a document to a server.
    pub(super) fn give(&mut self, key: &Path, index: usize, opening: Option<Vec<u8>>) -> Result<(), String> {
        let Some(document) = self.documents.get_mut(key) else { return Ok(()) };
        document.service = Service::Server(index);
        let waiting = std::mem::take(&mut document.waiting);
        self.push_compile_command(key, index);
        let Some(bytes) = opening.or_else(|| self.opening(key)) else { return Ok(()) };
        if let Some(server) = self.servers.get_mut(index) {
            server.send(bytes);
        }
        waiting.into_iter().try_for_each(|message| match message.method() {
            Some("textDocument/didSave") => self.save(message),
            _ => self.route(message),
        })
    }

    /// Leaves a document to nobody.
    pub(super) fn leave(&mut self, key: &Path, error: &str) -> Result<(), String> {
        let Some(document) = self.documents.get_mut(key) else { return Ok(()) };
        document.service = Service::Nobody;
        let waiting = std::mem::take(&mut document.waiting);
        if !error.is_empty() {
            self.complain(error)?;
        }
        waiting.into_iter().try_for_each(|message| self.route(message))
    }

    /// The message that tells a server of a document as it is now.
    fn opening(&mut self, key: &Path) -> Option<Vec<u8>> {
        let document = self.documents.get_mut(key)?;
        document.changes.clear();
        document.is_replaced = false;
        let served = document.served.text(&document.text);
        let item = json!({"uri": document.uri, "languageId": document.served_language(), "version": document.version});
        let item = item.to_string();
        let item = item.strip_suffix('}').unwrap_or(&item);
        let head = format!(
            r#"{{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{{"textDocument":{item},"text":"#
        );
        Some(message::with_text(&head, served, "}}}"))
    }

    /// Tells a server that was started again of all that is open.
    pub(super) fn reopen(&mut self, index: usize) {
        let keys: Vec<PathBuf> = self
            .documents
            .iter()
            .filter(|(_, one)| one.server() == Some(index))
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            self.push_compile_command(&key, index);
            let bytes = self.opening(&key);
            if let (Some(bytes), Some(server)) = (bytes, self.servers.get_mut(index)) {
                server.send(bytes);
            }
        }
    }

    pub(super) fn change(&mut self, mut message: Message) -> Result<(), String> {
        let Some(key) = message.uri().map(document_key) else { return Ok(()) };
        let encoding = self.client.encoding;
        let Some(document) = self.documents.get_mut(&key) else { return Ok(()) };
        let was_script = document.starts_as_script();
        document.version = message.params()["textDocument"]["version"].clone();
        for change in message.value["params"]["contentChanges"].as_array_mut().into_iter().flatten() {
            text::apply(&mut document.text, change, encoding);
            if change.get("range").is_none() {
                document.changes.clear();
                document.is_replaced = true;
            } else if document.is_script() && document.served.is_same() && !document.is_replaced {
                document.changes.push(change.take());
            }
        }
        if document.is_script() {
            document.is_dirty = true;
            return Ok(());
        }
        let becomes_script = document.starts_as_script() != was_script;
        if document.service == Service::Waiting {
            return Ok(());
        }
        self.flush_all();
        if becomes_script {
            return self.reconsider(&key);
        }
        if let Some(server) = self.documents.get(&key).and_then(Document::server)
            && let Some(server) = self.servers.get_mut(server)
        {
            server.send(message.bytes);
        }
        Ok(())
    }

    /// Sends every change that servers do not have yet.
    pub(super) fn flush_all(&mut self) {
        let dirty: Vec<PathBuf> =
            self.documents.iter().filter(|(_, one)| one.is_dirty).map(|(key, _)| key.clone()).collect();
        for key in dirty {
            self.flush(&key);
        }
    }

    fn flush(&mut self, key: &Path) {
        let encoding = self.client.encoding;
        let Some(document) = self.documents.get_mut(key) else { return };
        document.is_dirty = false;
        let Role::Script(language) = document.role else { return };
        let changes = self.projects.changes(key, language, &document.text);
        let served = Served::new(&document.text, &changes, encoding);
        let before = std::mem::replace(&mut document.served, served);
        document.runnables = changes.runnables;
        let own_changes = std::mem::take(&mut document.changes);
        let is_replaced = std::mem::take(&mut document.is_replaced);
        if let Some(server) = document.server().and_then(|index| self.servers.get_mut(index)) {
            let is_incremental = capability::is_incremental(&server.capabilities);
            let now = document.served.text(&document.text);
            let edits = match (before.is_same(), document.served.is_same()) {
                _ if !is_incremental => None,
                (true, true) if !is_replaced => Some(own_changes),
                // What the server has is kept only if it is not the editor's.
                (true, _) => None,
                (false, _) => Some(text::edit(before.text(""), now, encoding, "text").into_iter().collect()),
            };
            let item = json!({"uri": document.uri, "version": document.version});
            match edits {
                Some(edits) if edits.is_empty() => {}
                Some(edits) => {
                    let params = json!({"textDocument": item, "contentChanges": edits});
                    server.send(message::bytes(&message::notification("textDocument/didChange", params)));
                }
                None => {
                    let head = format!(
                        r#"{{"jsonrpc":"2.0","method":"textDocument/didChange","params":{{"textDocument":{item},"contentChanges":[{{"text":"#
                    );
                    server.send(message::with_text(&head, now, "}]}}"));
                }
            }
        }
        self.head_changed(key);
    }

    pub(super) fn save(&mut self, message: Message) -> Result<(), String> {
        let Some(key) = message.uri().map(document_key) else { return Ok(()) };
        self.reconsider(&key)?;
        let Some(document) = self.documents.get_mut(&key) else { return Ok(()) };
        if document.service == Service::Waiting {
            document.waiting.push(message);
            return Ok(());
        }
        let mut bytes = message.bytes;
        if !document.served.is_same() && message.value["params"].get("text").is_some() {
            let mut value = message.value;
            value["params"]["text"] = document.served.text(&document.text).into();
            bytes = message::bytes(&value);
        }
        let is_of_script = document.script.is_some();
        if let Some(server) = document.server().and_then(|index| self.servers.get_mut(index)) {
            server.send(bytes);
            if is_of_script {
                server.checks.saved(&key);
            }
        }
        self.macros_changed(&key);
        Ok(())
    }

    /// Looks again what a document is: a new file becomes a script when its first line is written.
    fn reconsider(&mut self, key: &Path) -> Result<(), String> {
        let Some(document) = self.documents.get(key) else { return Ok(()) };
        if !key.is_absolute() || document.service == Service::Waiting {
            return Ok(());
        }
        let kind = self.projects.kind(key, &document.language_id, &document.text);
        let is_same = match (&kind, &document.role) {
            (Kind::Script(one), Role::Script(other)) => one == other,
            (Kind::Module { script }, Role::Module) => document.script.as_ref() == Some(script),
            (Kind::Other, Role::Other) => true,
            _ => false,
        };
        if is_same {
            return Ok(());
        }
        self.take(key)?;
        if let Some(document) = self.documents.get_mut(key) {
            document.served = Served::default();
            document.service = Service::Waiting;
        }
        self.place(key, None)
    }

    pub(super) fn close(&mut self, message: Message) -> Result<(), String> {
        let Some(key) = message.uri().map(document_key) else { return Ok(()) };
        let Some(document) = self.documents.get(&key) else { return Ok(()) };
        if document.role == Role::Other {
            if let Some(server) = document.server().and_then(|index| self.servers.get_mut(index)) {
                server.send(message.bytes);
            }
            self.documents.remove(&key);
            return Ok(());
        }
        self.close_document(&key)
    }

    fn close_document(&mut self, key: &Path) -> Result<(), String> {
        self.take(key)?;
        if let Some(document) = self.documents.remove(key) {
            let failed = document.waiting.iter().filter_map(Message::id).cloned().collect::<Vec<_>>();
            for id in failed {
                self.tell(&message::failure(&id, message::CONTENT_MODIFIED, "the document was closed"))?;
            }
            self.script_closed(key);
        }
        Ok(())
    }

    /// Takes a document away from its server.
    pub(super) fn take(&mut self, key: &Path) -> Result<(), String> {
        let Some(document) = self.documents.get_mut(key) else { return Ok(()) };
        let had = std::mem::take(&mut document.diagnostics);
        let uri = document.uri.clone();
        let closing = message::notification("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
        if let Some(server) = document.server().and_then(|index| self.servers.get_mut(index)) {
            server.send(message::bytes(&closing));
            server.checks.closed(key);
        }
        match had.is_empty() {
            true => Ok(()),
            false => self.tell(&message::notification(
                "textDocument/publishDiagnostics",
                json!({"uri": uri, "diagnostics": []}),
            )),
        }
    }

    /// The text of a script: its buffer, or its file if it is not open.
    pub(super) fn text_of(&self, path: &Path) -> Option<Arc<String>> {
        match self.documents.get(path) {
            Some(document) => Some(Arc::clone(&document.text)),
            None => std::fs::read_to_string(path).ok().map(Arc::new),
        }
    }
}

fn language_of(path: &Path) -> Option<Language> {
    Some(match path.extension()?.to_str()? {
        "rs" => Language::Rust,
        "c" | "h" => Language::C,
        "cc" | "cpp" | "cxx" | "hpp" | "hh" => Language::Cpp,
        "go" | "mod" => Language::Go,
        "zig" => Language::Zig,
        _ => return None,
    })
}
