//! A cargo project with the real rust-analyzer: it is answered as without us, byte for byte.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::editor::slow::rust::{alone, find, has, nice, place};
use crate::support::editor::{Editor, uri};
use crate::support::editor_directory::Directory;

const MAIN: &str = "mod other;\n\n/// Doubles é.\nfn double(x: i32) -> i32 {\n    x * 2\n}\n\nfn main() {\n    let y = double(other::one());\n    println!(\"{y}\");\n    let text = String::new();\n    text.len();\n}\n";

/// The bytes of every answer, but for ids of what was asked until it was quiet.
fn answers(command: Command, root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut editor = Editor::start(command);
    editor.initialize(Some(root), &json!({}));
    let main = root.join("src/main.rs");
    editor.open_file(&main, "rust");
    editor.wait_until_quiet(0);
    let (line, character) = find(MAIN, "let y = dou|ble");
    editor.ask_until("textDocument/hover", &place(&main, line, character), |answer| {
        answer.to_string().contains("Doubles")
    });
    editor.wait_until_quiet(0);
    let document = json!({"textDocument": {"uri": uri(&main)}});
    let mut found = Vec::new();
    let (end_line, end) = find(MAIN, "text.|len");
    for (method, params) in [
        ("textDocument/hover", place(&main, line, character)),
        ("textDocument/definition", place(&main, line, character)),
        ("textDocument/completion", place(&main, end_line, end)),
        ("textDocument/documentSymbol", document.clone()),
        ("textDocument/foldingRange", document.clone()),
        ("textDocument/semanticTokens/full", document.clone()),
        ("textDocument/codeLens", document.clone()),
        ("textDocument/prepareRename", place(&main, line, character)),
        ("workspace/symbol", json!({"query": "double"})),
        ("rust-analyzer/viewFileText", json!({"uri": uri(&main)})),
    ] {
        // Ids are counted anew, so that they are the same with and without us.
        let id = format!("test/{}", found.len());
        editor.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let body = editor.body_of_answer(&id.into());
        found.push((method.to_owned(), body));
    }
    assert_eq!(editor.close(), Some(0));
    found
}

fn sorted(body: &[u8]) -> Vec<String> {
    let value: Value = serde_json::from_slice(body).unwrap();
    let items = value["result"]["items"].as_array().unwrap();
    let mut items: Vec<String> = items.iter().map(Value::to_string).collect();
    items.sort();
    items
}

#[test]
fn a_project_of_cargo_is_answered_as_without_us() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("cargo");
    directory.write(
        "Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
    );
    directory.write("src/main.rs", MAIN);
    directory.write("src/other.rs", "pub fn one() -> i32 { 1 }\n");
    let mut direct = Command::new("nice");
    direct.args(["-n", "10", "rust-analyzer"]).env("RA_LOG", "error");
    let expected = answers(direct, directory.path());
    let ours = answers(nice(), directory.path());
    let mut bytes = 0;
    for ((method, one), (_, other)) in ours.iter().zip(&expected) {
        // Items come in the order of a hash table, which is another one each time.
        let is_same = match method.as_str() {
            "textDocument/completion" => sorted(one) == sorted(other),
            _ => one == other,
        };
        assert!(is_same, "{method}\n{}\n{}", String::from_utf8_lossy(one), String::from_utf8_lossy(other));
        let value: Value = serde_json::from_slice(one).unwrap();
        assert!(!value["result"].is_null(), "{method}: {value}");
        bytes += one.len();
    }
    println!("{} answers, {bytes} bytes, the same", ours.len());
}
