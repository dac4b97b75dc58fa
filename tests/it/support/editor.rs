//! An editor for tests: it waits for what it asks for, and answers what servers ask.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::editor_directory::beside;
use crate::support::fake_language_server;
use crate::support::files::write_program;
use crate::support::sandbox::tested;

/// Longer than anything takes on the slowest machine: reaching it is the failure.
const PATIENCE: Duration = Duration::from_secs(180);

pub struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<(Value, Vec<u8>)>,
    /// All that was told, and all that servers asked, in order.
    pub told: Vec<Value>,
    /// All bodies, as they came.
    pub bodies: Vec<Vec<u8>>,
    answers: Vec<Value>,
    next_id: i64,
    /// What the editor answers to `workspace/configuration`.
    pub configuration: Value,
}

/// `runner lsp`.
pub fn language_server() -> Command {
    let mut command = Command::new(tested());
    command.arg("lsp").env("RUNNER_TIER", "off");
    command
}

/// The same with fake servers in place of all others, and a compiler that is a shell script.
pub fn with_fake(directory: &Path) -> Command {
    let tools = tools();
    let path = std::env::join_paths([tools.as_path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut command = language_server();
    command.env("PATH", path).env("RUNNER_CACHE", beside(directory));
    // What the C library would keep of freed buffers is not ours; the static binary's gives back what is large.
    command.env("MALLOC_MMAP_THRESHOLD_", "131072").env("MALLOC_ARENA_MAX", "1");
    for name in ["RUSTC", "RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "XDG_CONFIG_HOME", "RUNNER_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command.env("HOME", directory.join("home"));
    command
}

/// Servers that this program plays, and the fake compiler.
pub fn tools() -> PathBuf {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS
        .get_or_init(|| {
            let directory =
                PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("servers-{}", std::process::id()));
            std::fs::create_dir_all(&directory).unwrap();
            let program = std::env::current_exe().unwrap();
            for name in ["rust-analyzer", "clangd", "gopls", "zls"] {
                let text = format!(
                    "#!/bin/sh\nFAKE_SERVER={name} exec '{}' --exact {} --nocapture 3>&1 >/dev/null\n",
                    program.display(),
                    fake_language_server::TEST,
                );
                executable(&directory.join(name), text.as_bytes());
            }
            executable(&directory.join("rustfmt"), b"#!/bin/sh\nexec sed 's/[ ]*$//'\n");
            let rustc = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/rustc");
            executable(&directory.join("rustc"), &std::fs::read(rustc).unwrap());
            directory
        })
        .clone()
}

fn executable(path: &Path, text: &[u8]) {
    write_program(path, text);
}

impl Editor {
    /// Starts a server and says nothing yet.
    pub fn start(mut command: Command) -> Editor {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(body) = read(&mut output) {
                let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
                if sender.send((value, body)).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Editor {
            child,
            input,
            messages,
            told: Vec::new(),
            bodies: Vec::new(),
            answers: Vec::new(),
            next_id: 1,
            configuration: Value::Null,
        }
    }

    /// Starts a server, and initializes it in a directory, as editors do.
    pub fn open(command: Command, root: Option<&Path>) -> (Editor, Value) {
        let mut editor = Editor::start(command);
        let answer = editor.initialize(root, &json!({}));
        (editor, answer)
    }

    pub fn initialize(&mut self, root: Option<&Path>, more: &Value) -> Value {
        let root = root.map(uri);
        let mut params = json!({"processId": std::process::id(), "rootUri": root,
            "capabilities": {"workspace": {"configuration": true, "applyEdit": true, "workspaceEdit": {"documentChanges": true}},
                "window": {"workDoneProgress": true}, "experimental": {"serverStatusNotification": true},
                "textDocument": {"completion": {"completionItem": {"resolveSupport": {"properties": ["additionalTextEdits", "documentation"]}}},
                    "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor"]}},
                        "resolveSupport": {"properties": ["edit"]}, "dataSupport": true},
                    "documentSymbol": {"hierarchicalDocumentSymbolSupport": true}, "publishDiagnostics": {}}},
            "initializationOptions": {}});
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        let answer = self.ask("initialize", params);
        self.tell("initialized", json!({}));
        answer
    }

    pub fn send(&mut self, value: &Value) {
        self.send_bytes(value.to_string().as_bytes());
    }

    pub fn send_bytes(&mut self, body: &[u8]) {
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        input.write_all(body).unwrap();
        input.flush().unwrap();
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        // It may have ended over the first half.
        let _ = self.input.as_mut().unwrap().write_all(bytes);
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// The body of an answer, as it came.
    pub fn body_of_answer(&mut self, id: &Value) -> Vec<u8> {
        let number = self.wait(|editor| {
            let is_it = |body: &Vec<u8>| {
                serde_json::from_slice::<Value>(body)
                    .is_ok_and(|one| one.get("method").is_none() && one["id"] == *id)
            };
            editor.bodies.iter().rposition(is_it)
        });
        self.bodies[number].clone()
    }

    /// Sends a request; the result is its id.
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The answer to a request: its `result`, or the whole of it if that is an error.
    pub fn answer(&mut self, id: i64) -> Value {
        let found = self.wait(|editor| editor.answers.iter().position(|answer| answer["id"] == id));
        let mut answer = self.answers.remove(found);
        if answer.get("error").is_some() { answer } else { answer["result"].take() }
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// Asks about a place in a document.
    pub fn ask_at(&mut self, method: &str, path: &Path, line: u64, character: u64) -> Value {
        let place = json!({"line": line, "character": character});
        self.ask(method, json!({"textDocument": {"uri": uri(path)}, "position": place}))
    }

    pub fn open_text(&mut self, path: &Path, language: &str, text: &str) {
        let item = json!({"uri": uri(path), "languageId": language, "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": item}));
    }

    pub fn open_file(&mut self, path: &Path, language: &str) {
        let text = std::fs::read_to_string(path).unwrap();
        self.open_text(path, language, &text);
    }

    pub fn change(&mut self, path: &Path, version: i64, changes: Value) {
        let document = json!({"uri": uri(path), "version": version});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    /// The last diagnostics of a document, once they are as wanted.
    pub fn diagnostics(&mut self, path: &Path, is_wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let uri = uri(path);
        self.wait(|editor| {
            let last = editor.told.iter().rev().find(|one| {
                one["method"] == "textDocument/publishDiagnostics" && one["params"]["uri"] == uri
            })?;
            let diagnostics = last["params"]["diagnostics"].as_array()?;
            is_wanted(diagnostics).then(|| diagnostics.clone())
        })
    }

    /// Waits for something told, from the message with this number on.
    pub fn wait_for_told(&mut self, from: usize, is_wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait(|editor| editor.told.iter().skip(from).find(|one| is_wanted(one)).cloned())
    }

    /// Waits until rust-analyzer has nothing more to do, after the message with this number.
    pub fn wait_until_quiet(&mut self, from: usize) {
        self.wait_for_told(from, |one| {
            one["method"] == "experimental/serverStatus" && one["params"]["quiescent"] == true
        });
    }

    /// Repeats a request until its answer is as wanted: a server answers before it knows all.
    pub fn ask_until(&mut self, method: &str, params: &Value, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let from = self.told.len();
            let answer = self.ask(method, params.clone());
            if is_wanted(&answer) {
                return answer;
            }
            if std::env::var_os("LSP_TEST_TRACE").is_some() {
                eprintln!("{:?} {method} {}", end - Instant::now(), params["textDocument"]["uri"]);
            }
            assert!(Instant::now() < end, "{method} {params}: {answer}");
            // Not before the server has said anything more.
            self.wait_briefly(from);
        }
    }

    fn wait_briefly(&mut self, from: usize) {
        let end = Instant::now() + Duration::from_millis(200);
        while self.told.len() == from {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return };
            match self.messages.recv_timeout(left) {
                Ok((value, body)) => self.take(value, body),
                Err(_) => return,
            }
        }
    }

    fn wait<T>(&mut self, find: impl Fn(&Editor) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok((value, body)) => self.take(value, body),
                Err(error) => {
                    let last: Vec<String> = self.told.iter().rev().take(5).map(Value::to_string).collect();
                    panic!("{error}; the last that was told: {last:#?}");
                }
            }
        }
    }

    fn take(&mut self, value: Value, body: Vec<u8>) {
        self.bodies.push(body);
        if value.get("method").is_none() {
            self.answers.push(value);
            return;
        }
        if let Some(id) = value.get("id") {
            let result = match value["method"].as_str() {
                Some("workspace/configuration") => {
                    let count = value["params"]["items"].as_array().map_or(0, Vec::len);
                    vec![self.configuration.clone(); count].into()
                }
                Some("workspace/applyEdit") => json!({"applied": true}),
                Some("fake/question") => value["params"].clone(),
                _ => Value::Null,
            };
            let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
            self.send(&answer);
        }
        self.told.push(value);
    }

    /// What the fake server of a document, or any, has received.
    pub fn log(&mut self, path: Option<&Path>) -> Vec<Value> {
        let params = path.map_or(Value::Null, |path| json!({"textDocument": {"uri": uri(path)}}));
        let log = self.ask("fake/log", params);
        let log = log.as_array().unwrap_or_else(|| panic!("{log}"));
        log.iter().map(|one| serde_json::from_str(one.as_str().unwrap()).unwrap()).collect()
    }

    /// The text that the fake server has of a document.
    pub fn text_at_server(&mut self, path: &Path) -> String {
        let answer = self.ask("fake/text", json!({"textDocument": {"uri": uri(path)}}));
        answer.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Memory of the executable under test, in KiB, at its largest; without the pages of its file, which in a test are many.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let kibibytes = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        kibibytes("VmHWM:") - kibibytes("RssFile:")
    }

    /// Shuts down as editors do; the result is the exit code.
    pub fn close(mut self) -> Option<i32> {
        let answer = self.ask("shutdown", Value::Null);
        assert!(answer.is_null(), "{answer}");
        self.tell("exit", Value::Null);
        self.end()
    }

    /// Closes the input, and waits for the end.
    pub fn end(mut self) -> Option<i32> {
        self.input = None;
        self.child.wait().unwrap().code()
    }

    /// Kills the executable under test.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // After a failure nothing may be left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn uri(path: &Path) -> String {
    format!("file://{}", path.to_str().unwrap().replace(' ', "%20"))
}

/// The place of the first `|` in a text, and the text without it.
pub fn cursor(text: &str) -> (String, u64, u64) {
    let at = text.find('|').unwrap();
    let line = text[..at].matches('\n').count() as u64;
    let character = text[..at].chars().rev().take_while(|c| *c != '\n').count() as u64;
    (text.replacen('|', "", 1), line, character)
}

fn read(output: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => {
                if let Some(number) = line.strip_prefix("Content-Length: ") {
                    length = number.parse().ok()?;
                }
            }
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(body)
}

/// The path of a URI that we have met.
pub fn path(uri: &str) -> std::path::PathBuf {
    uri.strip_prefix("file://").unwrap().replace("%2B", "+").replace("%20", " ").into()
}
