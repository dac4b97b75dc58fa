//! The life of a session, with a fake server: beginning, end, and what ends too early.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::editor::{Editor, tools, uri, with_fake};
use crate::support::editor_directory::Directory;
use crate::support::machine::is_emulated;

const SCRIPT: &str = "#!/usr/bin/env runner\nfn main() {}\n";

fn with_script(directory: &Directory) -> (Editor, PathBuf) {
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    let path = directory.path().join("tool.rs");
    editor.open_text(&path, "rust", SCRIPT);
    editor.text_at_server(&path);
    (editor, path)
}

/// Everything an editor does in a project of cargo, and all that it hears.
fn in_project(command: Command, root: &Path) -> (Value, Vec<Vec<u8>>) {
    let (mut editor, answer) = Editor::open(command, Some(root));
    let main = root.join("src/main.rs");
    editor.open_file(&main, "rust");
    let place = json!({"line": 0, "character": 0});
    for version in 2..20 {
        editor.change(
            &main,
            version,
            json!([{"range": {"start": place, "end": place}, "text": format!("// {version}\n")}]),
        );
    }
    assert!(editor.text_at_server(&main).starts_with("// 19\n"));
    let items = editor.ask_at("textDocument/completion", &main, 0, 0);
    editor.ask("completionItem/resolve", items[0].clone());
    editor.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri(&main)}}));
    editor.ask("workspace/symbol", json!({"query": ""}));
    editor.ask(
        "fake/ask",
        json!({"method": "workspace/configuration", "params": {"items": [{"section": "rust-analyzer"}]}}),
    );
    let registration = json!({"registrations": [{"id": "1", "method": "workspace/didChangeWatchedFiles"}]});
    editor.ask("fake/ask", json!({"method": "client/registerCapability", "params": registration}));
    editor.ask(
        "fake/tell",
        json!({"method": "$/progress", "params": {"token": "a", "value": {"kind": "begin"}}}),
    );
    editor.ask(
        "fake/tell",
        json!({"method": "textDocument/publishDiagnostics", "params":
        {"uri": uri(&main), "diagnostics": [{"message": "m", "range": {"start": place, "end": place}}]}}),
    );
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": uri(&main)}}));
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    editor.ask("fake/log", Value::Null);
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": uri(&main)}}));
    editor.ask("fake/unknown", json!({"numbers": 1.50}));
    let bodies = editor.bodies.clone();
    assert_eq!(editor.close(), Some(0));
    (answer, bodies)
}

#[test]
fn a_cargo_project_passes_byte_for_byte() {
    let directory = Directory::new("project");
    directory.write("Cargo.toml", "[package]\nname = \"x\"\n");
    directory.write("src/main.rs", "fn main() {}\n");
    let cache = Directory::new("cache");
    let mut direct = Command::new(tools().join("rust-analyzer"));
    direct.arg("rust-analyzer");
    let (without, expected) = in_project(direct, directory.path());
    let (answer, bodies) = in_project(with_fake(cache.path()), directory.path());
    // The first is the answer to `initialize`, to which ours was added.
    assert_eq!(bodies[1..].len(), expected[1..].len());
    for (body, expected) in bodies.iter().zip(&expected).skip(1) {
        let shown = String::from_utf8_lossy(body);
        // The log tells which process is the editor.
        assert_eq!(shown.len(), expected.len(), "{shown}\n{}", String::from_utf8_lossy(expected));
        assert_eq!(shown, String::from_utf8_lossy(expected));
    }
    assert_eq!(answer["serverInfo"]["name"], "runner lsp (rust-analyzer 1.0)");
    for (key, value) in without["capabilities"].as_object().unwrap() {
        assert_eq!(&answer["capabilities"][key], value, "{key}");
    }
}

#[test]
fn nothing_is_started_before_there_is_a_file() {
    let directory = Directory::new("lazy");
    let (editor, answer) = Editor::open(with_fake(directory.path()), None);
    assert_eq!(answer["capabilities"]["hoverProvider"], true);
    editor.close();
    // What it can is remembered: from now on it is not even asked.
    let (editor, again) = Editor::open(with_fake(directory.path()), None);
    assert_eq!(answer, again);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", editor.process_id()));
    assert_eq!(children.unwrap_or_default(), "");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_server_that_ends_is_started_again_with_what_is_open() {
    let directory = Directory::new("killed");
    let (mut editor, path) = with_script(&directory);
    editor.change(&path, 2, json!([{"text": "#!/usr/bin/env runner\nx();\n"}]));
    let text = editor.text_at_server(&path);
    let before = editor.ask("fake/id", Value::Null);
    let waiting = editor.request("fake/never", json!({"textDocument": {"uri": uri(&path)}}));
    editor.tell("fake/die", json!({}));
    assert_eq!(editor.answer(waiting)["error"]["code"], -32801);
    assert_eq!(editor.text_at_server(&path), text);
    assert_ne!(editor.ask("fake/id", Value::Null), before);
    // Its ids are not those of the process before.
    let answer = editor.ask("fake/ask", json!({"method": "fake/question", "params": {"x": 1}}));
    assert_eq!(answer, json!({"x": 1}));
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_server_that_keeps_ending_is_given_up() {
    let directory = Directory::new("given-up");
    let (mut editor, path) = with_script(&directory);
    for _ in 0..4 {
        editor.text_at_server(&path);
        editor.tell("fake/die", json!({}));
        // It has heard that before anything else is asked of the next one.
        let from = editor.told.len();
        editor.wait_for_told(from, |one| {
            one["params"]["message"].as_str().is_some_and(|text| text.contains("ended"))
        });
    }
    let last = editor.told.iter().rev().find(|one| one["method"] == "window/showMessage").unwrap();
    assert_eq!(
        last["params"]["message"],
        "`rust-analyzer` ended 4 times within a minute; not starting it again"
    );
    assert!(editor.ask_at("textDocument/hover", &path, 1, 0).is_null());
    let lenses = editor.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri(&path)}}));
    assert_eq!(lenses.as_array().map(Vec::len), Some(2), "ours need no server: {lenses}");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_server_that_talks_nonsense_is_started_again() {
    let directory = Directory::new("nonsense");
    let (mut editor, path) = with_script(&directory);
    editor.tell("fake/garbage", json!({}));
    editor.wait_for_told(0, |one| one["method"] == "window/logMessage");
    assert_eq!(editor.text_at_server(&path), SCRIPT);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn what_is_no_message_ends_the_session() {
    for garbage in ["hello\r\n\r\n", "Content-Length: x\r\n\r\n", "Content-Length: 10\r\n\r\n{"] {
        let directory = Directory::new("garbage");
        let mut editor = Editor::start(with_fake(directory.path()));
        editor.send_raw(garbage.as_bytes());
        assert_eq!(editor.end(), Some(125), "{garbage:?}");
    }
    let directory = Directory::new("malformed");
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    editor.send_bytes(b"{");
    editor.send_bytes(b"[]");
    let uri = uri(&directory.path().join("x"));
    assert_eq!(
        editor.ask("textDocument/hover", json!({"textDocument": {"uri": uri}}))["error"]["code"],
        -32601
    );
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn requests_outside_of_a_session_are_refused() {
    let directory = Directory::new("order");
    let mut editor = Editor::start(with_fake(directory.path()));
    assert_eq!(editor.ask("textDocument/hover", json!({}))["error"]["code"], -32002);
    editor.initialize(None, &json!({}));
    assert_eq!(editor.ask("initialize", json!({}))["error"]["code"], -32600);
    assert!(editor.ask("shutdown", Value::Null).is_null());
    assert_eq!(editor.ask("textDocument/hover", json!({}))["error"]["code"], -32600);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(0));
    // Without `shutdown` it is an error, and so is an editor that is gone.
    for says_exit in [true, false] {
        let (mut editor, _) = with_script(&directory);
        if says_exit {
            editor.tell("exit", Value::Null);
        }
        assert_eq!(editor.end(), Some(1));
    }
}

#[test]
fn servers_end_with_us() {
    let directory = Directory::new("orphan");
    let (mut editor, _) = with_script(&directory);
    let server = editor.ask("fake/id", Value::Null);
    // From now on it does not even see that its input has ended.
    editor.tell("fake/deaf", json!({}));
    editor.kill();
    let state = PathBuf::from(format!("/proc/{server}/stat"));
    let is_there = || {
        let stat = std::fs::read_to_string(&state).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    while is_there() {
        std::thread::yield_now();
    }
}

#[test]
fn requests_can_be_taken_back() {
    let directory = Directory::new("cancel");
    let (mut editor, path) = with_script(&directory);
    let id = editor.request("fake/never", json!({"textDocument": {"uri": uri(&path)}}));
    editor.tell("$/cancelRequest", json!({"id": id}));
    assert_eq!(editor.answer(id)["error"]["code"], -32800);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn large_buffers_take_little_memory() {
    let directory = Directory::new("large");
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    let path = directory.path().join("tool.rs");
    let mut text = SCRIPT.to_owned();
    while text.len() < 1 << 20 {
        text.push_str("// a line of a comment that makes it long\n");
    }
    editor.open_text(&path, "rust", &text);
    assert_eq!(editor.text_at_server(&path), text);
    let place = json!({"line": 1, "character": 0});
    for version in 2..102 {
        editor.change(&path, version, json!([{"range": {"start": place, "end": place}, "text": "// x\n"}]));
    }
    editor.change(&path, 102, json!([{"text": text}]));
    assert_eq!(editor.text_at_server(&path), text);
    let peak = editor.peak_memory();
    println!("peak memory with a buffer of 1 MiB: {peak} KiB");
    assert!(peak < 10 << 10 || is_emulated("how much memory a program takes"), "{peak} KiB");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_missing_server_is_said_once_and_what_is_ours_goes_on() {
    let directory = Directory::new("missing");
    let mut command = with_fake(directory.path());
    let empty = Directory::new("no-servers");
    std::os::unix::fs::symlink(tools().join("rustc"), empty.path().join("rustc")).unwrap();
    command.env("PATH", empty.path());
    let (mut editor, answer) = Editor::open(command, None);
    assert_eq!(answer["serverInfo"]["name"], "runner lsp (no server)");
    for name in ["one.rs", "two.rs"] {
        let path = directory.path().join(name);
        editor.open_text(&path, "rust", SCRIPT);
        let lenses = editor.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri(&path)}}));
        assert_eq!(lenses.as_array().map(Vec::len), Some(2));
        assert!(editor.ask_at("textDocument/hover", &path, 1, 0).is_null());
    }
    let cannot = |one: &&Value| {
        one["params"]["message"].as_str().is_some_and(|text| text.starts_with("cannot find `rust-analyzer`"))
    };
    assert_eq!(editor.told.iter().filter(cannot).count(), 1);
    assert_eq!(editor.close(), Some(0));
}
