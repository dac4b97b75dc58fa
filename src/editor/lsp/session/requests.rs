//! Messages of the editor: to which server they go, and where the script is in what they say.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::editor::lsp::message::{self, Message};
use crate::editor::lsp::server::{Key, State};
use crate::editor::lsp::session::document::{Document, Role, Service};
use crate::editor::lsp::session::state::{Again, Gathering, Pending, Phase, Session, document_key};
use crate::editor::lsp::{capability, configuration};

/// The request was taken back.
const REQUEST_CANCELLED: i64 = -32800;
/// How often a request is asked again. A load of projects moves the state of rust-analyzer five to ten times.
const MOST_REPEATS: u32 = 20;
/// The field of an item's `data` that tells whose it is.
const TAG: &str = "runner";

impl Session {
    /// Handles one message; the result is the exit code if it was the last.
    pub(super) fn client_message(&mut self, message: Message) -> Result<Option<u8>, String> {
        let Some(method) = message.method().map(str::to_owned) else {
            return self.editor_answered(message).map(|()| None);
        };
        match (method.as_str(), self.phase) {
            ("exit", phase) => return Ok(Some(u8::from(phase != Phase::Shut))),
            ("initialize", Phase::New) => self.initialize(message)?,
            (_, Phase::New) => self.refuse(&message, message::NOT_INITIALIZED, "not initialized")?,
            (_, Phase::Shut) => self.refuse(&message, message::INVALID_REQUEST, "shut down")?,
            ("initialize", _) => self.refuse(&message, message::INVALID_REQUEST, "initialized already")?,
            ("initialized", _) => self.initialized(message),
            ("shutdown", _) => {
                self.flush_all();
                self.shutdown(&message)?;
            }
            ("textDocument/didChange", _) => self.change(message)?,
            (method, _) => {
                // Whatever is asked is asked of the text as it is.
                self.flush_all();
                self.dispatch(method, message)?;
            }
        }
        Ok(None)
    }

    fn dispatch(&mut self, method: &str, message: Message) -> Result<(), String> {
        match method {
            "textDocument/didOpen" => self.open(message),
            "textDocument/didClose" => self.close(message),
            "textDocument/didSave" => self.save(message),
            "$/cancelRequest" => self.cancel(message),
            "workspace/didChangeConfiguration" => {
                let settings = message.params()["settings"].clone();
                self.client.settings = settings.get(configuration::SECTION).cloned().or(Some(settings));
                self.tell_servers(&message.bytes);
                Ok(())
            }
            "window/workDoneProgress/cancel" => {
                let token = &message.params()["token"];
                let owner = self.servers.iter().find_map(|one| Some((one.index, one.untagged(token)?)));
                if let Some((index, token)) = owner {
                    let value = message::notification(method, json!({"token": token}));
                    self.send(index, message::bytes(&value));
                }
                Ok(())
            }
            "workspace/executeCommand" => self.execute(message),
            "workspace/symbol" => self.gather(message),
            _ if message.id().is_none() && message.uri().is_none() => {
                self.tell_servers(&message.bytes);
                Ok(())
            }
            _ => self.route(message),
        }
    }

    fn send(&mut self, index: usize, bytes: Vec<u8>) {
        if let Some(server) = self.servers.get_mut(index) {
            server.send(bytes);
        }
    }

    fn refuse(&mut self, message: &Message, code: i64, text: &str) -> Result<(), String> {
        match message.id() {
            Some(id) => self.tell(&message::failure(id, code, text)),
            None => Ok(()),
        }
    }

    /// Sends a message to the server of its document, or of the item that it is about.
    pub(super) fn route(&mut self, message: Message) -> Result<(), String> {
        if let Some((server, document, message)) = self.of_item(&message) {
            return self.forward(message, server, document);
        }
        let key = message.uri().map(document_key);
        let Some(document) = key.as_ref().and_then(|key| self.documents.get_mut(key)) else {
            let of_file = key.as_ref().and_then(|key| self.script_server_of(key));
            return match self.any_project_server().or(of_file).or_else(|| self.any_server()) {
                Some(server) => self.forward(message, server, key),
                None => self.refuse(&message, message::METHOD_NOT_FOUND, "no language server runs yet"),
            };
        };
        match document.service {
            Service::Waiting => {
                document.waiting.push(message);
                Ok(())
            }
            Service::Server(server) => self.forward(message, server, key),
            Service::Nobody => self.answer_alone(&message, key.as_deref()),
        }
    }

    fn any_project_server(&self) -> Option<usize> {
        let is_projects = |key: &Key| matches!(key, Key::Project(_));
        self.servers.iter().find(|one| is_projects(&one.key) && one.is_alive()).map(|one| one.index)
    }

    /// Answers a request that no server is there for.
    fn answer_alone(&mut self, message: &Message, key: Option<&Path>) -> Result<(), String> {
        let (Some(id), Some(method)) = (message.id(), message.method()) else { return Ok(()) };
        let mut result = Value::Null;
        self.add_own(method, message.params(), key, &mut result);
        self.tell(&message::response(id, result))
    }

    fn forward(&mut self, message: Message, index: usize, key: Option<PathBuf>) -> Result<(), String> {
        let method = message.method().unwrap_or_default().to_owned();
        let document = key.as_ref().and_then(|key| self.documents.get(key));
        let is_script = document.is_some_and(Document::is_script);
        let Some(server) = self.servers.get(index) else { return Ok(()) };
        if let Some(id) = message.id().cloned() {
            if is_script
                && matches!(method.as_str(), "textDocument/formatting" | "textDocument/rangeFormatting")
            {
                let result = self.formatted(&method, key.as_deref());
                return self.tell(&message::response(&id, result));
            }
            // A server of scripts may not know what the first one, whose capabilities the editor was told, does.
            let is_known = server.state != State::Ready
                || !server.is_tagged() && !is_script
                || server.registered.contains(&method)
                || capability::has(&server.capabilities, &method);
            if !server.is_alive() || !is_known {
                return self.answer_alone(&message, key.as_deref());
            }
        }
        let needs_params = is_script && method == "textDocument/codeAction";
        let params = if needs_params { message.params().clone() } else { Value::Null };
        let mut message = message;
        if is_script {
            let is_delta = method == "textDocument/semanticTokens/full/delta";
            let is_in_place = self.documents.values().all(|one| !one.is_script() || one.served.is_in_place());
            if is_delta || !is_in_place {
                let mut value = message.value;
                if is_delta {
                    // What changed between two answers cannot be told of what we make of them.
                    value["method"] = "textDocument/semanticTokens/full".into();
                }
                self.serve(&mut value["params"], key.as_deref());
                message = Message { bytes: message::bytes(&value), value, large: None };
            }
        }
        if let Some(id) = message.id().cloned() {
            let of_scripts = self.servers.get(index).is_some_and(|one| matches!(one.key, Key::Scripts(..)));
            let document = key.as_ref().and_then(|key| self.documents.get(key)).filter(|_| of_scripts);
            let again = document.map(|document| Again {
                bytes: message.bytes.clone(),
                version: document.version.clone(),
                attempts_left: MOST_REPEATS,
            });
            let pending = Pending {
                id: id.clone(),
                method,
                server: index,
                document: key,
                params,
                gathering: None,
                again,
            };
            self.pending.insert(id.to_string(), pending);
        }
        self.send(index, message.bytes);
        Ok(())
    }

    /// Asks again what a server refuses because its state has changed, if nothing has that the editor knows of: it has loaded
    /// the project of a script. Gives back what is not asked again.
    pub(super) fn ask_again(&mut self, mut pending: Pending) -> Option<Pending> {
        let document = pending.document.as_ref().and_then(|key| self.documents.get(key));
        let (Some(document), Some(again)) = (document, &mut pending.again) else { return Some(pending) };
        let is_same = document.version == again.version && document.server() == Some(pending.server);
        if !is_same || again.attempts_left == 0 {
            return Some(pending);
        }
        again.attempts_left -= 1;
        let bytes = again.bytes.clone();
        let index = pending.server;
        self.pending.insert(pending.id.to_string(), pending);
        self.send(index, bytes);
        None
    }

    /// Takes a request back.
    fn cancel(&mut self, message: Message) -> Result<(), String> {
        let id = message.params()["id"].clone();
        if let Some(server) = self.pending.get(&id.to_string()).map(|pending| pending.server) {
            self.send(server, message.bytes);
            return Ok(());
        }
        for document in self.documents.values_mut() {
            if let Some(at) = document.waiting.iter().position(|waiting| waiting.id() == Some(&id)) {
                document.waiting.remove(at);
                return self.tell(&message::failure(&id, REQUEST_CANCELLED, "cancelled"));
            }
        }
        Ok(())
    }

    /// Asks all servers that know it; the answer is all of theirs.
    fn gather(&mut self, message: Message) -> Result<(), String> {
        let method = message.method().unwrap_or_default().to_owned();
        let Some(id) = message.id().cloned() else { return Ok(()) };
        let knows = |one: &&crate::editor::lsp::server::Server| {
            one.state == State::Ready && capability::has(&one.capabilities, &method)
        };
        let servers: Vec<usize> = self.servers.iter().filter(knows).map(|one| one.index).collect();
        match servers.as_slice() {
            [] => self.tell(&message::response(&id, Value::Null)),
            [one] => self.forward(message, *one, None),
            several => {
                self.counter += 1;
                let number = self.counter;
                self.gatherings.insert(number, Gathering { id, left: several.len(), results: Vec::new() });
                for server in several {
                    let id: Value = format!("runner/gathering/{number}/{server}").into();
                    let request = message::request(&id, &method, message.params().clone());
                    let pending = Pending {
                        id: id.clone(),
                        method: method.clone(),
                        server: *server,
                        document: None,
                        params: Value::Null,
                        gathering: Some(number),
                        again: None,
                    };
                    self.pending.insert(id.to_string(), pending);
                    self.send(*server, message::bytes(&request));
                }
                Ok(())
            }
        }
    }

    /// One share of an answer has come.
    pub(super) fn gathered(&mut self, number: u64, result: Value) -> Result<(), String> {
        let Some(gathering) = self.gatherings.get_mut(&number) else { return Ok(()) };
        gathering.left -= 1;
        if let Value::Array(results) = result {
            gathering.results.extend(results);
        }
        if gathering.left > 0 {
            return Ok(());
        }
        match self.gatherings.remove(&number) {
            Some(gathering) => self.tell(&message::response(&gathering.id, gathering.results.into())),
            None => Ok(()),
        }
    }

    /// An answer of the editor to what a server has asked.
    fn editor_answered(&mut self, message: Message) -> Result<(), String> {
        let Some(id) = message.id() else { return Ok(()) };
        if let Some(configuration) = self.configurations.remove(&id.to_string()) {
            return self.configuration_answered(&configuration, &message.value["result"]);
        }
        let owner = self.servers.iter().find_map(|server| Some((server.index, server.untagged(id)?)));
        let Some((index, own_id)) = owner else { return Ok(()) };
        let bytes = match own_id == *id {
            true => message.bytes,
            false => {
                let mut value = message.value;
                value["id"] = own_id;
                message::bytes(&value)
            }
        };
        if let Some(server) = self.servers.get_mut(index) {
            server.send_now(bytes);
        }
        Ok(())
    }

    /// The user's own settings, as far as they are known without asking.
    pub(super) fn own_settings(&self) -> &Value {
        self.client.settings.as_ref().unwrap_or(&self.client.params["initializationOptions"])
    }

    /// Marks the items of an answer by what a request about one of them needs to find its way back. What the first server
    /// says of what is no script stays as it is.
    pub(super) fn tag_items(&self, pending: &Pending, result: &mut Value) {
        let server = pending.server;
        let document = pending.document.as_ref().and_then(|key| self.documents.get(key));
        let is_plain = document.is_none_or(|document| document.role == Role::Other);
        if is_plain && self.servers.get(server).is_some_and(|server| !server.is_tagged()) {
            return;
        }
        let number = document.map_or(0, |document| document.number);
        let default = result.pointer("/itemDefaults/data").cloned();
        let list = if result.get("items").is_some() { &mut result["items"] } else { result };
        let items: &mut [Value] = match list {
            Value::Array(items) => items,
            item => std::slice::from_mut(item),
        };
        for item in items {
            for key in ["from", "to"] {
                if item.get(key).is_some_and(Value::is_object) {
                    tag(&mut item[key], server, number, None);
                }
            }
            if item.get("fromRanges").is_none() && item.is_object() {
                tag(item, server, number, default.as_ref());
            }
        }
    }

    /// The server and document of the item that a message is about, and the message as that server knows it.
    fn of_item(&self, message: &Message) -> Option<(usize, Option<PathBuf>, Message)> {
        let pointer = if message.params().get("item").is_some() { "/params/item" } else { "/params" };
        let marks = message.value.pointer(pointer)?.get("data")?.get(TAG)?.as_array()?.clone();
        let server = usize::try_from(marks.first()?.as_u64()?).ok()?;
        let number = marks.get(1)?.as_u64()?;
        let document = self.documents.iter().find(|(_, document)| document.number == number);
        let mut value = message.value.clone();
        let item = value.pointer_mut(pointer)?.as_object_mut()?;
        let data = item.get_mut("data")?.as_object_mut()?.remove("data");
        match data {
            Some(data) => item.insert("data".to_owned(), data),
            None => item.remove("data"),
        };
        let message = Message { bytes: message::bytes(&value), value, large: None };
        Some((server, document.map(|(key, _)| key.clone()), message))
    }
}

fn tag(item: &mut Value, server: usize, document: u64, default: Option<&Value>) {
    let mut data = json!({TAG: [server, document]});
    if let Some(own) = item.get("data").or(default) {
        data["data"] = own.clone();
    }
    item["data"] = data;
}
