//! A language server for tests: it does what its requests say, and tells what it was given.
//!
//! `fake/text` the text of a document; `fake/log` what it received; `fake/return` a value as result; `fake/ask` a request to
//! the editor, whose answer is the result; `fake/tell` a notification to the editor; `fake/die` the end; `fake/never` no
//! answer until it is cancelled; `fake/modified` so many refusals because something has changed, then how often it was asked;
//! `fake/outdated` such a refusal after the next change; `fake/garbage` something that is no message.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::sync::OnceLock;

use serde_json::{Value, json};

/// The test that plays a server, for [`crate::support::editor::with_fake`].
pub const TEST: &str = "support::fake_language_server::this_is_a_language_server_if_it_is_asked_to_be";

#[test]
fn this_is_a_language_server_if_it_is_asked_to_be() {
    let Ok(name) = std::env::var("FAKE_SERVER") else { return };
    let mut server =
        Server { name, log: Vec::new(), texts: BTreeMap::new(), asked: None, never: None, outdated: None };
    let mut input = io::stdin().lock();
    while let Some(message) = read(&mut input) {
        if !server.handle(&message) {
            return;
        }
    }
}

struct Server {
    name: String,
    log: Vec<Value>,
    texts: BTreeMap<String, String>,
    /// The request that waits for the editor's answer.
    asked: Option<Value>,
    never: Option<Value>,
    /// The request that the next change refuses.
    outdated: Option<Value>,
}

impl Server {
    fn handle(&mut self, message: &Value) -> bool {
        let params = &message["params"];
        let id = &message["id"];
        let uri = params["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        self.log.push(message.clone());
        let result = match message["method"].as_str().unwrap_or("") {
            "initialize" => {
                json!({"capabilities": capabilities(), "serverInfo": {"name": self.name, "version": "1.0 (fake)"}})
            }
            "exit" => return false,
            "fake/die" => std::process::exit(3),
            "fake/garbage" => {
                send(b"hello\r\n\r\n");
                return true;
            }
            "textDocument/didOpen" => {
                let text = params["textDocument"]["text"].as_str().unwrap_or_default();
                self.texts.insert(uri, text.to_owned());
                return true;
            }
            "textDocument/didClose" => {
                self.texts.remove(&uri);
                return true;
            }
            "textDocument/didChange" => {
                let text = self.texts.entry(uri).or_default();
                for change in params["contentChanges"].as_array().into_iter().flatten() {
                    apply(text, change);
                }
                if let Some(id) = self.outdated.take() {
                    refuse(&id);
                }
                return true;
            }
            "$/cancelRequest" => {
                if let Some(id) = self.never.take() {
                    write(
                        &json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32800, "message": "cancelled"}}),
                    );
                }
                return true;
            }
            "fake/text" => self.texts.get(&uri).map_or(Value::Null, |text| text.as_str().into()),
            // As text, in which nobody finds places to translate.
            "fake/log" => self.log.iter().map(Value::to_string).collect::<Vec<String>>().into(),
            "fake/deaf" => loop {
                std::thread::park();
            },
            "fake/id" => std::process::id().into(),
            "fake/return" => params["value"].clone(),
            "fake/modified" => {
                let asked = self.log.iter().filter(|one| one["id"] == *id).count() as u64;
                if asked <= params["times"].as_u64().unwrap_or(0) {
                    refuse(id);
                    return true;
                }
                asked.into()
            }
            "fake/outdated" => {
                self.outdated = Some(id.clone());
                return true;
            }
            "fake/never" => {
                self.never = Some(id.clone());
                return true;
            }
            "fake/tell" => {
                write(&json!({"jsonrpc": "2.0", "method": params["method"], "params": params["params"]}));
                Value::Null
            }
            "fake/ask" => {
                self.asked = Some(id.clone());
                write(
                    &json!({"jsonrpc": "2.0", "id": 1, "method": params["method"], "params": params["params"]}),
                );
                return true;
            }
            "textDocument/completion" => {
                let place = json!({"line": 1, "character": 0});
                json!([{"label": "Regex", "data": {"own": 7}, "additionalTextEdits":
                    [{"range": {"start": place, "end": place}, "newText": "\n\nuse regex::Regex; "}]}])
            }
            "textDocument/references" => {
                let count = params["count"].as_u64().unwrap_or(0);
                let place = |number| json!({"line": 1, "character": number});
                let range = |number| json!({"start": place(number), "end": place(number + 1)});
                (0..count)
                    .map(|number| json!({"uri": uri, "range": range(number), "padding": "x".repeat(100)}))
                    .collect()
            }
            "textDocument/hover" => json!({"contents": self.name, "at": params["position"]}),
            "textDocument/codeLens" => json!([{"range": zero(), "data": 1}]),
            "textDocument/codeAction" => json!([]),
            "completionItem/resolve" | "codeLens/resolve" => {
                let mut item = params.clone();
                item["detail"] = format!("{} has {}", self.name, params["data"]).into();
                item
            }
            "workspace/symbol" => {
                json!([{"name": self.name, "location": {"uri": "file:///o", "range": zero()}}])
            }
            "" => {
                if let Some(id) = self.asked.take() {
                    write(&json!({"jsonrpc": "2.0", "id": id, "result": message["result"]}));
                }
                return true;
            }
            _ => Value::Null,
        };
        if !id.is_null() {
            write(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        }
        true
    }
}

fn refuse(id: &Value) {
    let error = json!({"code": -32801, "message": "content modified"});
    write(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
}

fn zero() -> Value {
    let place = json!({"line": 0, "character": 0});
    json!({"start": place, "end": place})
}

fn capabilities() -> Value {
    json!({"textDocumentSync": {"openClose": true, "change": 2, "save": {}}, "hoverProvider": true,
        "completionProvider": {"resolveProvider": true}, "codeLensProvider": {"resolveProvider": true},
        "codeActionProvider": true, "workspaceSymbolProvider": true, "renameProvider": true,
        "definitionProvider": true, "referencesProvider": true, "documentFormattingProvider": true})
}

/// Applies a change; characters are counted in UTF-16.
fn apply(text: &mut String, change: &Value) {
    let new = change["text"].as_str().unwrap_or_default();
    let Some(range) = change.get("range") else {
        new.clone_into(text);
        return;
    };
    let offset = |place: &Value| {
        let mut lines = text.split_inclusive('\n');
        let line = place["line"].as_u64().unwrap_or(0);
        let start: usize = lines.by_ref().take(line as usize).map(str::len).sum();
        let mut left = place["character"].as_u64().unwrap_or(0) as usize;
        let mut at = start;
        for character in lines.next().unwrap_or("").chars() {
            if left == 0 || character == '\n' {
                break;
            }
            left = left.saturating_sub(character.len_utf16());
            at += character.len_utf8();
        }
        at
    };
    let (start, end) = (offset(&range["start"]), offset(&range["end"]));
    text.replace_range(start..end, new);
}

fn read(input: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => length = line.strip_prefix("Content-Length: ")?.parse().ok()?,
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn write(value: &Value) {
    let body = value.to_string();
    send(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
}

/// Writes to what was the standard output before the test harness had it.
fn send(bytes: &[u8]) {
    let output = OUTPUT.get_or_init(|| File::options().write(true).open("/proc/self/fd/3").unwrap());
    // An editor that is gone has closed our input too.
    let _ = Write::write_all(&mut &*output, bytes);
}

static OUTPUT: OnceLock<File> = OnceLock::new();
