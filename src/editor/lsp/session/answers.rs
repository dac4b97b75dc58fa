//! Messages of servers: their answers, what they tell, and what they ask, in terms of the script.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::editor::lsp::configuration;
use crate::editor::lsp::message::{self, Message};
use crate::editor::lsp::server::{INITIALIZE, Key, SHUTDOWN};
use crate::editor::lsp::session::state::{Configuration, Pending, Session, document_key};
use crate::editor::lsp::translate::Fate;

/// Methods whose answers are items that a later request may be about.
pub(super) const WITH_ITEMS: &[&str] = &[
    "textDocument/completion",
    "completionItem/resolve",
    "textDocument/codeAction",
    "codeAction/resolve",
    "textDocument/codeLens",
    "codeLens/resolve",
    "textDocument/documentLink",
    "documentLink/resolve",
    "textDocument/inlayHint",
    "inlayHint/resolve",
    "workspace/symbol",
    "workspaceSymbol/resolve",
    "textDocument/prepareCallHierarchy",
    "callHierarchy/incomingCalls",
    "callHierarchy/outgoingCalls",
    "textDocument/prepareTypeHierarchy",
    "typeHierarchy/supertypes",
    "typeHierarchy/subtypes",
];

/// Whether rust-analyzer is quiescent, for those who have asked to be told.
const STATUS: &str = "experimental/serverStatus";
/// How the tokens of rust-analyzer begin that show the progress of its checks.
const CHECK_TOKEN: &str = "rust-analyzer/flycheck/";

impl Session {
    pub(super) fn server_message(&mut self, index: usize, message: Message) -> Result<(), String> {
        match (message.method().map(str::to_owned), message.id()) {
            (None, Some(_)) => self.server_answered(index, message),
            (Some(method), Some(_)) => self.server_asks(index, &method, message),
            (Some(method), None) => self.server_tells(index, &method, message),
            (None, None) => Ok(()),
        }
    }

    fn server_answered(&mut self, index: usize, mut message: Message) -> Result<(), String> {
        let Some(id) = message.id() else { return Ok(()) };
        let asked_by = self.servers.get(index).and_then(|server| server.asked_by.clone());
        if id == INITIALIZE || asked_by.as_ref() == Some(id) {
            message.complete();
            return self.server_initialized(index, &message.value["result"]);
        }
        if id == SHUTDOWN {
            self.server_shut(index);
            return Ok(());
        }
        let Some(mut pending) = self.pending.remove(&id.to_string()) else {
            return self.tell_bytes(&message.bytes);
        };
        if message.value["error"]["code"] == message::CONTENT_MODIFIED {
            match self.ask_again(pending) {
                Some(refused) => pending = refused,
                None => return Ok(()),
            }
        }
        if pending.method.ends_with("efinition") || pending.method.ends_with("mplementation") {
            self.last_definition = Some(index);
        }
        if self.is_plain(&pending) {
            return self.tell_bytes(&message.bytes);
        }
        if message.value.get("error").is_some() {
            return match pending.gathering {
                Some(number) => self.gathered(number, Value::Null),
                // A lens of ours needs no server.
                None if pending.method == "textDocument/codeLens" => self.answer(&pending, Value::Null),
                None => self.tell_bytes(&message.bytes),
            };
        }
        if let Some(body) = message.large_result().and_then(|result| self.large_answer(&pending, result)) {
            return self.tell_bytes(&body);
        }
        message.complete();
        let mut value = message.value;
        let result = value.get_mut("result").map(Value::take).unwrap_or_default();
        self.answer(&pending, result)
    }

    /// Whether an answer passes as it is: there is one server, and the request was about no script.
    fn is_plain(&self, pending: &Pending) -> bool {
        let Some(server) = self.servers.get(pending.server) else { return true };
        matches!(server.key, Key::Project(_)) && !server.is_tagged() && pending.gathering.is_none()
    }

    /// Answers a request of the editor by a server's result, in terms of the script.
    fn answer(&mut self, pending: &Pending, mut result: Value) -> Result<(), String> {
        let key = pending.document.as_deref();
        if pending.method.starts_with("textDocument/semanticTokens/") {
            if let Some(server) = self.servers.get(pending.server) {
                server.legend.translate(&mut result, key.and_then(|key| self.served(key)));
            }
        } else if self.restore(&mut result, key) == Fate::Lost {
            let is_edit = matches!(pending.method.as_str(), "textDocument/rename" | "codeAction/resolve");
            if is_edit {
                let text = "the edit would change the `main` that runner puts around the script";
                return self.tell(&message::failure(&pending.id, message::REQUEST_FAILED, text));
            }
            result = Value::Null;
        }
        if WITH_ITEMS.contains(&pending.method.as_str()) {
            self.tag_items(pending, &mut result);
        }
        self.add_own(&pending.method, &pending.params, pending.document.as_deref(), &mut result);
        match pending.gathering {
            Some(number) => self.gathered(number, result),
            None => self.tell(&message::response(&pending.id, result)),
        }
    }

    fn server_asks(&mut self, index: usize, method: &str, message: Message) -> Result<(), String> {
        let Some(server) = self.servers.get_mut(index) else { return Ok(()) };
        let is_project = matches!(server.key, Key::Project(_));
        if method == "client/registerCapability" {
            let registrations = message.params()["registrations"].as_array().into_iter().flatten();
            let methods = registrations.filter_map(|one| one["method"].as_str().map(str::to_owned));
            server.registered.extend(methods);
        }
        if is_project && !server.is_tagged() {
            return self.tell_bytes(&message.bytes);
        }
        let mut value = message.value;
        let id = value["id"].clone();
        let tagged = server.tagged(&id);
        value["id"] = tagged.clone();
        match method {
            "client/registerCapability" | "client/unregisterCapability" => {
                // The second name is a misspelling that has become the protocol's.
                for key in ["registrations", "unregistrations", "unregisterations"] {
                    for one in
                        value["params"].get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
                    {
                        one["id"] = server.tagged(&one["id"]);
                    }
                }
            }
            "window/workDoneProgress/create" => {
                let token = value["params"]["token"].clone();
                value["params"]["token"] = server.tagged(&token);
                server.tokens.insert(token.to_string());
            }
            "workspace/configuration"
                if server.key.language() == crate::editor::lsp::projects::Language::Rust && !is_project =>
            {
                if !self.client.can("/workspace/configuration") {
                    let configuration =
                        Configuration { server: index, id, items: value["params"]["items"].clone() };
                    return self.configuration_answered(&configuration, &Value::Null);
                }
                let configuration =
                    Configuration { server: index, id, items: value["params"]["items"].clone() };
                self.configurations.insert(tagged.to_string(), configuration);
            }
            _ => {
                let fate = self.restore(&mut value["params"], None);
                if fate == Fate::Lost && method == "workspace/applyEdit" {
                    let reason = "the edit would change what runner puts around the script";
                    let refusal = message::response(&id, json!({"applied": false, "failureReason": reason}));
                    if let Some(server) = self.servers.get_mut(index) {
                        server.send_now(message::bytes(&refusal));
                    }
                    return Ok(());
                }
            }
        }
        self.tell(&value)
    }

    /// Completes the editor's answer to a server of scripts that asked for its settings.
    pub(super) fn configuration_answered(
        &mut self,
        configuration: &Configuration,
        answers: &Value,
    ) -> Result<(), String> {
        let Configuration { server, id, items } = configuration;
        let Some(key) = self.servers.get(*server).map(|server| server.key.clone()) else { return Ok(()) };
        let projects = self.projects_of(&key);
        let answer = configuration::answer(Some(items), answers, self.own_settings(), &projects);
        if let Some(server) = self.servers.get_mut(*server) {
            server.send_now(message::bytes(&message::response(id, answer)));
        }
        Ok(())
    }

    fn server_tells(&mut self, index: usize, method: &str, message: Message) -> Result<(), String> {
        let Some(server) = self.servers.get(index) else { return Ok(()) };
        if method == "textDocument/publishDiagnostics" {
            return self.server_diagnoses(index, message);
        }
        if matches!(server.key, Key::Project(_)) && !server.is_tagged() {
            return self.tell_bytes(&message.bytes);
        }
        match method {
            STATUS => return self.server_status(index, &message),
            "$/progress" => self.check_progress(index, message.params()),
            _ => {}
        }
        let Some(server) = self.servers.get(index) else { return Ok(()) };
        if method == "$/progress" && server.is_tagged() {
            let mut value = message.value;
            // Tokens that the editor made are numbers or words of its own; servers tell theirs first.
            let token = value["params"]["token"].clone();
            let is_servers = server.tokens.contains(&token.to_string());
            if is_servers {
                value["params"]["token"] = server.tagged(&token);
            }
            return self.tell(&value);
        }
        self.tell_bytes(&message.bytes)
    }

    /// rust-analyzer has loaded what there is, or loads again. An editor that has not asked for it is told only what it would be
    /// told if nobody had.
    fn server_status(&mut self, index: usize, message: &Message) -> Result<(), String> {
        let status = message.params();
        let tells_ends = self.client.can("/window/workDoneProgress");
        if let Some(server) = self.servers.get_mut(index) {
            let again = server.checks.status(status["quiescent"] == true, tells_ends);
            self.save_again(index, again);
        }
        if self.client.can("/experimental/serverStatusNotification") {
            return self.tell_bytes(&message.bytes);
        }
        let kind = match status["health"].as_str() {
            Some("error") => 1,
            Some("warning") => 2,
            _ => return Ok(()),
        };
        match status["message"].as_str() {
            Some(text) => self
                .tell(&message::notification("window/showMessage", json!({"type": kind, "message": text}))),
            None => Ok(()),
        }
    }

    /// rust-analyzer tells of its checks by their progress, if the editor shows progress at all.
    fn check_progress(&mut self, index: usize, params: &Value) {
        let Some(server) = self.servers.get_mut(index) else { return };
        if !params["token"].as_str().is_some_and(|token| token.starts_with(CHECK_TOKEN)) {
            return;
        }
        let again = match params["value"]["kind"].as_str() {
            Some("begin") => {
                server.checks.begun();
                None
            }
            Some("end") => server.checks.ended(),
            _ => None,
        };
        self.save_again(index, again);
    }

    fn save_again(&mut self, index: usize, key: Option<PathBuf>) {
        let document = key.and_then(|key| self.documents.get(&key));
        let Some(uri) = document.map(|document| document.uri.as_str()) else { return };
        let params = json!({"textDocument": {"uri": uri}});
        if let Some(server) = self.servers.get_mut(index) {
            server.send(message::bytes(&message::notification("textDocument/didSave", params)));
        }
    }

    fn server_diagnoses(&mut self, index: usize, message: Message) -> Result<(), String> {
        let key = message.params()["uri"].as_str().map(document_key);
        let document = key.as_ref().and_then(|key| self.documents.get(key));
        let (Some(key), Some(document)) = (&key, document.filter(|document| document.is_script())) else {
            let is_plain = self.documents.values().all(|one| !one.is_script() || one.served.is_in_place());
            if is_plain {
                return self.tell_bytes(&message.bytes);
            }
            let mut value = message.value;
            self.restore(&mut value["params"], None);
            return self.tell(&value);
        };
        if document.server() != Some(index) {
            // Another server has met it as a file of a project.
            return Ok(());
        }
        let mut value = message.value;
        let mut diagnostics = value["params"]["diagnostics"].take();
        self.restore(&mut diagnostics, Some(key));
        let diagnostics = match diagnostics {
            Value::Array(diagnostics) => diagnostics,
            _ => Vec::new(),
        };
        if let Some(document) = self.documents.get_mut(key) {
            document.diagnostics = diagnostics;
        }
        self.publish(key)
    }
}
