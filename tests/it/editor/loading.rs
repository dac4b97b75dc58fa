//! What a server forgets or refuses while it loads projects, with a fake server that tells whether it does.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::editor::{Editor, uri, with_fake};
use crate::support::editor_directory::Directory;

const SCRIPT: &str = "#!/usr/bin/env runner\nfn main() {}\n";

fn with_scripts(directory: &Directory, capabilities: &Value, names: &[&str]) -> (Editor, Vec<PathBuf>) {
    let mut editor = Editor::start(with_fake(directory.path()));
    editor.initialize(None, &json!({"capabilities": capabilities}));
    let paths: Vec<PathBuf> = names.iter().map(|name| directory.path().join(name)).collect();
    for path in &paths {
        editor.open_text(path, "rust", SCRIPT);
        editor.text_at_server(path);
    }
    (editor, paths)
}

fn can_all() -> Value {
    json!({"window": {"workDoneProgress": true}, "experimental": {"serverStatusNotification": true}})
}

fn save(editor: &mut Editor, path: &Path) {
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": uri(path)}}));
}

/// Has the server tell something.
fn server_tells(editor: &mut Editor, method: &str, params: Value) {
    editor.ask("fake/tell", json!({"method": method, "params": params}));
}

fn loads(editor: &mut Editor) {
    for is_quiescent in [false, true] {
        let status = json!({"health": "ok", "quiescent": is_quiescent, "message": null});
        server_tells(editor, "experimental/serverStatus", status);
    }
}

fn checks(editor: &mut Editor) {
    for kind in ["begin", "end"] {
        let params = json!({"token": "rust-analyzer/flycheck/0", "value": {"kind": kind, "title": "check"}});
        server_tells(editor, "$/progress", params);
    }
}

/// The names of the documents that the server was told are saved, in order.
fn saved(editor: &mut Editor) -> Vec<String> {
    let log = editor.log(None);
    let saves = log.iter().filter(|one| one["method"] == "textDocument/didSave");
    let uris = saves.map(|one| one["params"]["textDocument"]["uri"].as_str().unwrap());
    uris.map(|uri| uri.rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn what_was_saved_while_projects_were_loaded_is_saved_again() {
    let directory = Directory::new("forgotten");
    let (mut editor, paths) = with_scripts(&directory, &can_all(), &["one.rs", "two.rs"]);
    paths.iter().for_each(|path| save(&mut editor, path));
    loads(&mut editor);
    assert_eq!(saved(&mut editor), ["one.rs", "two.rs", "one.rs"]);
    // The second would cancel the check of the first.
    checks(&mut editor);
    assert_eq!(saved(&mut editor)[3..], ["two.rs"]);
    checks(&mut editor);
    loads(&mut editor);
    assert_eq!(saved(&mut editor).len(), 4, "what was checked is not checked again");
    // One that is closed is nobody's.
    save(&mut editor, &paths[0]);
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": uri(&paths[0])}}));
    loads(&mut editor);
    assert_eq!(saved(&mut editor).len(), 5);
    let statuses = editor.told.iter().filter(|one| one["method"] == "experimental/serverStatus").count();
    assert_eq!(statuses, 6, "the editor has asked for them");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn what_is_refused_because_projects_are_loaded_is_asked_again() {
    let directory = Directory::new("refused");
    let (mut editor, paths) = with_scripts(&directory, &can_all(), &["one.rs"]);
    let document = json!({"uri": uri(&paths[0])});
    let ask = |times: u64| json!({"textDocument": document, "times": times});
    assert_eq!(editor.ask("fake/modified", ask(3)), 4);
    // Not for ever.
    assert_eq!(editor.ask("fake/modified", ask(1000))["error"]["code"], -32801);
    // What the editor itself has changed is its own to ask again.
    let id = editor.request("fake/outdated", ask(0));
    editor.change(&paths[0], 2, json!([{"text": "#!/usr/bin/env runner\n"}]));
    assert_eq!(editor.answer(id)["error"]["code"], -32801);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_save_before_the_project_is_there_reaches_the_server() {
    let directory = Directory::new("early");
    let (mut editor, _) = with_scripts(&directory, &can_all(), &[]);
    let path = directory.path().join("one.rs");
    editor.open_text(&path, "rust", SCRIPT);
    save(&mut editor, &path);
    editor.text_at_server(&path);
    assert_eq!(saved(&mut editor), ["one.rs"]);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn an_editor_hears_of_no_status_that_it_has_not_asked_for() {
    let directory = Directory::new("unasked");
    let (mut editor, paths) = with_scripts(&directory, &json!({}), &["one.rs"]);
    save(&mut editor, &paths[0]);
    loads(&mut editor);
    assert_eq!(saved(&mut editor), ["one.rs", "one.rs"]);
    loads(&mut editor);
    assert_eq!(saved(&mut editor).len(), 2, "without progress nobody knows, and once is enough");
    let error = json!({"health": "error", "quiescent": true, "message": "cannot load"});
    server_tells(&mut editor, "experimental/serverStatus", error);
    // As rust-analyzer shows it to who has not asked for its status.
    let shown = editor.told.iter().find(|one| one["method"] == "window/showMessage").unwrap();
    assert_eq!(shown["params"], json!({"type": 1, "message": "cannot load"}));
    assert!(!editor.told.iter().any(|one| one["method"] == "experimental/serverStatus"));
    let log = editor.log(None);
    let initialize = log.iter().rfind(|one| one["method"] == "initialize").unwrap();
    assert_eq!(initialize["params"]["capabilities"]["experimental"]["serverStatusNotification"], true);
    assert_eq!(editor.close(), Some(0));
}
