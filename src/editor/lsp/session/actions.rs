//! Code lenses, code actions, commands and formatting of scripts.
//!
//! Commands run in threads; what a script writes goes to the editor's log line by line, and the answer to the command is its
//! exit status, or what it printed if that is JSON.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::supervision::Supervision;
use crate::editor::lsp::capability::ADD_DEPENDENCY;
use crate::editor::lsp::event::{Done, Event};
use crate::editor::lsp::message::{self, Message};
use crate::editor::lsp::projects::{Action, Language};
use crate::editor::lsp::session::document::{Document, Role};
use crate::editor::lsp::session::state::{Pending, Session, document_key};
use crate::editor::lsp::text::{self, Position, range_value};
use crate::editor::lsp::uri;
use crate::process::running::Heard;
use crate::process::task::Task;

/// The first segments of paths that no dependency is for.
const NO_CRATES: &[&str] = &["crate", "self", "super", "std", "core", "alloc", "Self", "proc_macro", "test"];

impl Session {
    /// Adds what is ours to the answer of a server.
    pub(super) fn add_own(&self, method: &str, params: &Value, key: Option<&Path>, result: &mut Value) {
        let Some(document) = key.and_then(|key| self.documents.get(key)).filter(|one| one.is_script()) else {
            return;
        };
        let own = match method {
            "textDocument/codeLens" => self.lenses(document),
            "textDocument/codeAction" => self.code_actions(document, params),
            _ => return,
        };
        match result {
            Value::Array(elements) => elements.extend(own),
            other => *other = own.into(),
        }
    }

    fn lenses(&self, document: &Document) -> Vec<Value> {
        let lens = |at: usize, title: &str, action: Action, more: &[&str]| {
            let place = Position::of(&document.text, at, self.client.encoding);
            let mut arguments = vec![document.uri.as_str()];
            arguments.extend(more);
            json!({"range": range_value(place, place),
                "command": {"title": title, "command": action.command(), "arguments": arguments}})
        };
        let mut lenses = Vec::new();
        for runnable in &document.runnables {
            match &runnable.test {
                None => {
                    lenses.push(lens(runnable.at, "\u{25b6} Run script", Action::Run, &[]));
                    lenses.push(lens(runnable.at, "Debug script", Action::Debug, &[]));
                }
                Some(name) => lenses.push(lens(runnable.at, "\u{25b6} Test", Action::Test, &[name])),
            }
        }
        if document.runnables.iter().any(|runnable| runnable.test.is_some())
            && let Some(script) = document.runnables.iter().find(|runnable| runnable.test.is_none())
        {
            lenses.push(lens(script.at, "Test script", Action::Test, &[]));
        }
        lenses
    }

    /// For a crate that is not known: to add it. In the head: to pin what it names.
    fn code_actions(&self, document: &Document, params: &Value) -> Vec<Value> {
        let mut actions: Vec<Value> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let diagnostics =
            params.pointer("/context/diagnostics").and_then(Value::as_array).into_iter().flatten();
        for diagnostic in diagnostics {
            let Some(name) = unknown_crate(&document.text, diagnostic, self.client.encoding) else {
                continue;
            };
            if document.role != Role::Script(Language::Rust) || names.contains(&name) {
                continue;
            }
            let title = format!("Add dependency `{name}` to the script");
            actions.push(json!({"title": title, "kind": "quickfix", "diagnostics": [diagnostic.clone()],
                "command": {"title": title, "command": ADD_DEPENDENCY, "arguments": [document.uri, name]}}));
            names.push(name);
        }
        let line = params.pointer("/range/start/line").and_then(Value::as_u64);
        let is_in_head = line.is_some_and(|line| line < document.served.head_end.line);
        if is_in_head && document.role == Role::Script(Language::Rust) {
            let title = "Pin dependencies with a lock";
            actions.push(json!({"title": title, "kind": "source",
                "command": {"title": title, "command": Action::Lock.command(), "arguments": [document.uri]}}));
        }
        actions
    }

    /// The edits that format a script.
    pub(super) fn formatted(&self, method: &str, key: Option<&Path>) -> Value {
        let Some((key, document)) = key.and_then(|key| Some((key, self.documents.get(key)?))) else {
            return Value::Null;
        };
        let Role::Script(language) = document.role else { return Value::Null };
        if method != "textDocument/formatting" {
            return Value::Null;
        }
        match self.projects.formatted(key, language, &document.text) {
            Some(new) => {
                let edit = text::edit(&document.text, &new, self.client.encoding, "newText");
                edit.into_iter().collect::<Vec<Value>>().into()
            }
            None => Value::Null,
        }
    }

    /// `workspace/executeCommand`: ours here, others where they are known.
    pub(super) fn execute(&mut self, message: Message) -> Result<(), String> {
        let Some(id) = message.id().cloned() else { return Ok(()) };
        let name = message.params()["command"].as_str().unwrap_or_default().to_owned();
        let words = message.params()["arguments"].as_array().into_iter().flatten();
        let arguments: Vec<String> = words.filter_map(Value::as_str).map(str::to_owned).collect();
        let action = Action::ALL.into_iter().find(|action| action.command() == name);
        if action.is_none() && name != ADD_DEPENDENCY {
            let knows =
                |commands: &Value| commands.as_array().into_iter().flatten().any(|command| *command == name);
            let server = self
                .servers
                .iter()
                .find(|one| one.is_alive() && knows(&one.capabilities["executeCommandProvider"]["commands"]));
            let Some(index) = server.map(|one| one.index).or_else(|| self.any_server()) else {
                let text = format!("unknown command `{name}`");
                return self.tell(&message::failure(&id, message::REQUEST_FAILED, &text));
            };
            let pending = Pending {
                id: id.clone(),
                method: "workspace/executeCommand".to_owned(),
                server: index,
                document: None,
                params: Value::Null,
                gathering: None,
                again: None,
            };
            self.pending.insert(id.to_string(), pending);
            if let Some(server) = self.servers.get_mut(index) {
                server.send(message.bytes);
            }
            return Ok(());
        }
        let path = arguments.first().and_then(|uri| uri::path(uri));
        let Some(path) = path else {
            let text = format!("`{name}` needs the URI of a script");
            return self.tell(&message::failure(&id, message::REQUEST_FAILED, &text));
        };
        let (projects, events) = (Arc::clone(&self.projects), self.events.clone());
        let Some(action) = action else {
            let (Some(crate_name), Some(text)) = (arguments.get(1).cloned(), self.text_of(&path)) else {
                return self.tell(&message::failure(&id, message::REQUEST_FAILED, "no script, or no crate"));
            };
            let uri = uri_of(&arguments);
            std::thread::spawn(move || {
                let added = projects.add_dependency(&path, &text, &crate_name);
                let result = added.map(|new| (text, new));
                // Nobody is there to hear it when we are ending.
                let _ = events.send(Event::Done(Done::Added { id, uri, result }));
            });
            return Ok(());
        };
        std::thread::spawn(move || {
            let command = projects.command(action, &path, arguments.get(1..).unwrap_or_default());
            let output = |text: String| drop(events.send(Event::Output { text }));
            let result = run(&command, action, output);
            // Nobody is there to hear it when we are ending.
            let _ = events.send(Event::Done(Done::Ran { id, result }));
        });
        Ok(())
    }

    pub(super) fn done(&mut self, done: Done) -> Result<(), String> {
        match done {
            Done::Ran { id, result: Ok(result) } => self.tell(&message::response(&id, result)),
            Done::Ran { id, result: Err(error) } | Done::Added { id, result: Err(error), .. } => {
                self.complain(&error)?;
                self.tell(&message::failure(&id, message::REQUEST_FAILED, &error))
            }
            Done::Added { id, uri, result: Ok((old, new)) } => {
                let Some(document) = self.documents.get(&document_key(&uri)) else {
                    return self.tell(&message::failure(
                        &id,
                        message::CONTENT_MODIFIED,
                        "the script was closed",
                    ));
                };
                if document.text != old {
                    let text = "the script was changed meanwhile; add the dependency again";
                    return self.tell(&message::failure(&id, message::CONTENT_MODIFIED, text));
                }
                let edit = text::edit(&old, &new, self.client.encoding, "newText");
                let edits: Vec<Value> = edit.into_iter().collect();
                let mut changes = serde_json::Map::new();
                changes.insert(uri, edits.into());
                let edit = json!({"label": "Add dependency", "edit": {"changes": changes}});
                self.ask_editor("workspace/applyEdit", edit)?;
                self.tell(&message::response(&id, Value::Null))
            }
        }
    }
}

fn uri_of(arguments: &[String]) -> String {
    arguments.first().cloned().unwrap_or_default()
}

/// The crate that a diagnostic says is not known.
fn unknown_crate(text: &str, diagnostic: &Value, encoding: text::Encoding) -> Option<String> {
    let code = diagnostic["code"].as_str().or_else(|| diagnostic["code"]["value"].as_str())?;
    if !matches!(code, "E0432" | "E0433" | "E0463" | "unresolved-import" | "unresolved-extern-crate") {
        return None;
    }
    let (start, _) = text::range(&diagnostic["range"])?;
    let at = start.offset(text, encoding);
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let path_start = text.get(..at)?.trim_end_matches(is_path).len();
    let path = text.get(path_start..)?.trim_start_matches(':');
    let name: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && !NO_CRATES.contains(&name.as_str());
    is_name.then_some(name)
}

/// Runs a command of ours to its end. What it prints for the editor, as JSON, is the result; anything else goes to the log.
fn run(command: &Command, action: Action, output: impl Fn(String)) -> Result<Value, String> {
    let shown = format!("{command:?}");
    let supervision = Supervision { shares_group: true, ..Supervision::default() };
    // It may have been started as `runner-lsp`.
    let started = Task::new(command, &supervision).name(OsStr::new("runner")).start();
    let mut running = started.map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    let (mut kept, mut lines) = (Vec::new(), [Lines::default(), Lines::default()]);
    let driven = running.drive(&supervision, None, &mut |heard| {
        match heard {
            Heard::Stdout(bytes) if action == Action::Debug => kept.extend_from_slice(bytes),
            Heard::Stdout(bytes) => lines[0].add(bytes, &output),
            Heard::Stderr(bytes) => lines[1].add(bytes, &output),
            Heard::Frame => {}
        }
        None
    });
    lines.iter_mut().for_each(|lines| lines.end(&output));
    let (exit, _) = driven.map_err(|error| format!("cannot wait for `{shown}`: {error}"))?;
    let (status, kept) = (exit.status, String::from_utf8_lossy(&kept));
    if action == Action::Debug && status.success() {
        return Ok(serde_json::from_str(&kept).unwrap_or_else(|_| kept.trim_end().into()));
    }
    match status.success() || matches!(action, Action::Run | Action::Test) {
        true => {
            output(status.to_string());
            Ok(json!({"status": status.to_string(), "code": status.code()}))
        }
        false => Err(format!("`{shown}` failed ({status})")),
    }
}

/// What was printed of a line that has not ended yet.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn add(&mut self, bytes: &[u8], output: &impl Fn(String)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.0.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end(output);
            }
        }
    }

    fn end(&mut self, output: &impl Fn(String)) {
        let line = std::mem::take(&mut self.0);
        if !line.is_empty() {
            output(String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_crates_are_told_from_other_unknowns() {
        for (text, code, expected) in [
            ("use regex::Regex;", "E0432", Some("regex")),
            ("use ::regex::Regex;", "E0432", Some("regex")),
            ("use crate::Regex;", "E0432", None),
            ("use Regex;", "E0432", None),
            ("use regex::Regex;", "E0308", None),
            ("use a::b;", "E0433", Some("a")),
        ] {
            for at in [4, text.len() - 1] {
                let place = json!({"line": 0, "character": at});
                let diagnostic = json!({"code": code, "range": {"start": place, "end": place}});
                let found = unknown_crate(text, &diagnostic, text::Encoding::Utf16);
                assert_eq!(found.as_deref(), expected, "{text} {at}");
            }
        }
    }
}
