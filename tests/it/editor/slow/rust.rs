//! Rust scripts with the real rust-analyzer: everything that an editor asks, in every form that scripts have.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::support::editor::{Editor, cursor, language_server, uri};
use crate::support::editor_directory::Directory;

pub const FRONT: &str = r#"#!/usr/bin/env runner
---
[dependencies]
regex = "1"
serde = { version = "1", features = ["derive"] }
---
use regex::Regex;
use serde::Serialize;

#[derive(Serialize)]
struct Point {
    x: i32,
}

fn main() {
    let re = Regex::new("a").unwrap();
    re.|
    let point = Point { x: 1 };
    let _ = (re.is_match("a"), point.x);
}
"#;

const BLOCK: &str = r#"#!/usr/bin/env rust-script
//! What it does.
//!
//! ```cargo
//! [dependencies]
//! regex = "1"
//! ```
use regex::Regex;

fn main() {
    let re = Regex::new("a").unwrap();
    re.|
}
"#;

/// No `main`, no extension, no `use`: the opening shares its line with the first statement.
const BARE: &str = r#"#!/usr/bin/env runner
---
[dependencies]
regex = "1"
---
let re = regex::Regex::new("a").unwrap();
let words = vec!["a".to_string()];
re.|
"#;

/// rust-analyzer takes a gigabyte and both cores: one at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a server is there; said aloud if it is not.
pub fn has(name: &str) -> bool {
    let is_there = Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        println!("skipped: no {name}");
    }
    is_there
}

/// What all tests share: generated packages and what was built for them.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor-cache")
}

/// The executable under test, in nobody's way.
pub fn nice() -> Command {
    let mut command = Command::new("nice");
    command
        .args(["-n", "10", language_server().get_program().to_str().unwrap(), "lsp"])
        .env("RUNNER_TIER", "off")
        .env("RUNNER_CACHE", cache())
        .env("RA_LOG", "error");
    command
}

pub fn place(path: &Path, line: u64, character: u64) -> Value {
    json!({"textDocument": {"uri": uri(path)}, "position": {"line": line, "character": character}})
}

/// The place of a text's first, or of what stands in it behind a `|`.
pub fn find(text: &str, wanted: &str) -> (u64, u64) {
    let plain = wanted.replace('|', "");
    let at = text.find(&plain).unwrap_or_else(|| panic!("{plain}")) + wanted.find('|').unwrap_or(0);
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    (text[..at].matches('\n').count() as u64, text[line_start..at].encode_utf16().count() as u64)
}

pub fn labels(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().or(answer.as_array());
    items.into_iter().flatten().filter_map(|item| item["label"].as_str()).collect()
}

/// Opens a text with a cursor, and waits until what is completed there is this.
pub fn completes(editor: &mut Editor, path: &Path, text: &str, wanted: &str) -> String {
    let (text, line, character) = cursor(text);
    editor.open_text(path, "rust", &text);
    completes_at(editor, path, line, character, wanted);
    text
}

pub fn completes_at(editor: &mut Editor, path: &Path, line: u64, character: u64, wanted: &str) {
    editor.ask_until("textDocument/completion", &place(path, line, character), |answer| {
        labels(answer).iter().any(|label| label.starts_with(wanted))
    });
}

fn hovers(editor: &mut Editor, path: &Path, text: &str, at: &str, wanted: &str) {
    let (line, character) = find(text, at);
    editor.ask_until("textDocument/hover", &place(path, line, character), |answer| {
        answer.to_string().contains(wanted)
    });
}

fn leads_to(editor: &mut Editor, path: &Path, text: &str, at: &str, wanted: &str) -> String {
    let (line, character) = find(text, at);
    let answer = editor.ask_until("textDocument/definition", &place(path, line, character), |answer| {
        answer.to_string().contains(wanted)
    });
    answer[0]["uri"].as_str().or(answer[0]["targetUri"].as_str()).unwrap().to_owned()
}

#[test]
fn every_form_of_script_is_understood() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("forms");
    let mut editor = Editor::open(nice(), None).0;

    // Frontmatter, with dependencies, a derive and a proc macro.
    let front = directory.path().join("front.rs");
    let text = completes(&mut editor, &front, FRONT, "is_match");
    hovers(&mut editor, &front, &text, "Re|gex::new", "compiled regular expression");
    let defined = leads_to(&mut editor, &front, &text, "Regex::n|ew", "/regex-");
    hovers(&mut editor, &front, &text, "Poi|nt { x: 1", "struct Point");
    let (line, character) = find(&text, "derive(Ser|ialize");
    let expanded = editor.ask_until("rust-analyzer/expandMacro", &place(&front, line, character), |answer| {
        answer["expansion"]
            .as_str()
            .is_some_and(|text| text.contains("serialize_field") || text.contains("SerializeStruct"))
    });
    println!("expansion of Serialize: {} characters", expanded["expansion"].as_str().unwrap().len());
    // The file of the dependency is served by who has led there.
    let dependency = crate::support::editor::path(&defined);
    editor.open_file(&dependency, "rust");
    let source = std::fs::read_to_string(&dependency).unwrap();
    hovers(&mut editor, &dependency, &source, "pub fn n|ew(re: &str)", "Compiles a regular expression");
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": uri(&dependency)}}));

    // A manifest in a doc comment.
    let block = directory.path().join("block.rs");
    let text = completes(&mut editor, &block, BLOCK, "is_match");
    hovers(&mut editor, &block, &text, "Re|gex::new", "compiled regular expression");

    // Without `main`, without extension.
    let bare = directory.path().join("bare");
    let text = completes(&mut editor, &bare, BARE, "is_match");
    hovers(&mut editor, &bare, &text, "Re|gex::new", "compiled regular expression");
    hovers(&mut editor, &bare, &text, "let wo|rds", "Vec<String>");
    leads_to(&mut editor, &bare, &text, "Regex::n|ew", "/regex-");
    let symbols = editor.ask("textDocument/documentSymbol", json!({"textDocument": {"uri": uri(&bare)}}));
    assert!(!symbols.to_string().contains("\"main\""), "{symbols}");
    let references = editor.ask("textDocument/references", {
        let (line, character) = find(&text, "let r|e");
        let mut params = place(&bare, line, character);
        params["context"] = json!({"includeDeclaration": true});
        params
    });
    let mut places: Vec<(u64, u64)> = references
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["range"]["start"]["line"].as_u64().unwrap(),
                one["range"]["start"]["character"].as_u64().unwrap(),
            )
        })
        .collect();
    places.sort_unstable();
    assert_eq!(places, [(5, 4), (7, 0)]);

    // A file that was never saved, and one with a byte order mark.
    let unsaved = directory.path().join("unsaved.rs");
    completes(
        &mut editor,
        &unsaved,
        "#!/usr/bin/env runner\nfn main() {\n    String::new().|\n}\n",
        "push_str",
    );
    let marked = directory.path().join("marked.rs");
    completes(&mut editor, &marked, "\u{feff}fn main() {\n    String::new().|\n}\n", "push_str");

    // A module that is opened alone.
    directory.write("app", "#!/usr/bin/env runner\nmod helper;\nfn local() -> i32 { 1 }\nhelper::help();\n");
    directory.write("helper/deep.rs", "pub fn bottom() {}\n");
    let text = "pub mod deep;\npub fn help() {}\npub fn again() { crate::local(); deep::bottom(); }\n";
    let module = directory.write("helper.rs", text);
    editor.open_file(&module, "rust");
    let source = std::fs::read_to_string(&module).unwrap();
    leads_to(&mut editor, &module, &source, "crate::lo|cal", "/app");
    leads_to(&mut editor, &module, &source, "deep::bot|tom", "/helper/deep.rs");
    let app = directory.path().join("app");
    editor.open_file(&app, "rust");
    let source = std::fs::read_to_string(&app).unwrap();
    leads_to(&mut editor, &app, &source, "helper::he|lp", "/helper.rs");

    println!("memory of ours: {} KiB", editor.peak_memory());
    assert_eq!(directory.names(), ["app", "helper", "helper.rs"], "nothing is written beside scripts");
    assert_eq!(editor.close(), Some(0));
}
