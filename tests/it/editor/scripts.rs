//! Scripts, with a fake server: the text that it gets, and what comes back.

use serde_json::{Value, json};

use crate::support::editor::{Editor, uri, with_fake};
use crate::support::editor_directory::Directory;

/// What stands before the statements of a script without `main`.
pub const OPENING: &str =
    " #[allow(clippy::unnecessary_wraps, clippy::items_after_statements)] fn main() -> __RunnerResult { {";

fn editor(directory: &Directory) -> Editor {
    Editor::open(with_fake(directory.path()), None).0
}

#[test]
fn a_script_without_main_is_served_with_one_and_places_are_its_own() {
    let directory = Directory::new("mainless");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool");
    editor.open_text(&path, "rust", "#!/usr/bin/env runner\nx();\n");
    let served = editor.text_at_server(&path);
    assert!(served.starts_with(&format!("#!/usr/bin/env runner\n{OPENING}x(); }}")), "{served}");
    let at = editor.ask_at("textDocument/hover", &path, 1, 2)["at"].clone();
    // There and back.
    assert_eq!(at, json!({"line": 1, "character": 2}));
    let hover = editor.log(None).into_iter().find(|one| one["method"] == "textDocument/hover").unwrap();
    assert_eq!(hover["params"]["position"]["character"], OPENING.len() + 2);
    assert_eq!(editor.close(), Some(0));
    assert!(directory.names().is_empty(), "{:?}", directory.names());
}

#[test]
fn changes_give_the_server_the_text_that_opening_would() {
    let directory = Directory::new("changes");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool");
    let mut text = "#!/usr/bin/env runner\nlet é = 1;\n".to_owned();
    editor.open_text(&path, "rust", &text);
    let pieces = ["fn f() {}\n", "x();\n", "use a;\n", "// 𝕏\n", "\n", "fn main() {}\n"];
    for (version, piece) in (2..).zip(pieces.iter().cycle().take(40)) {
        let line = 1 + version % 3;
        let place = json!({"line": line, "character": 0});
        editor.change(&path, version, json!([{"range": {"start": place, "end": place}, "text": piece}]));
        let at = text.match_indices('\n').nth(line as usize - 1).map_or(text.len(), |(at, _)| at + 1);
        text.insert_str(at, piece);
        if version % 2 == 0 {
            let served = editor.text_at_server(&path);
            let other = directory.path().join(format!("other{version}"));
            editor.open_text(&other, "rust", &text);
            assert_eq!(served, editor.text_at_server(&other), "{text}");
        }
    }
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_hundred_changes_at_once_end_in_the_last_state() {
    let directory = Directory::new("storm");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool.rs");
    editor.open_text(&path, "rust", "#!/usr/bin/env runner\nfn main() {}\n");
    editor.text_at_server(&path);
    let place = json!({"line": 2, "character": 0});
    let mut expected = "#!/usr/bin/env runner\nfn main() {}\n".to_owned();
    for version in 2..1002 {
        editor.change(
            &path,
            version,
            json!([{"range": {"start": place, "end": place}, "text": format!("// {version}\n")}]),
        );
        expected.insert_str("#!/usr/bin/env runner\nfn main() {}\n".len(), &format!("// {version}\n"));
    }
    assert_eq!(editor.text_at_server(&path), expected);
    let log = editor.log(None);
    let changes: Vec<&Value> = log.iter().filter(|one| one["method"] == "textDocument/didChange").collect();
    assert_eq!(changes.last().unwrap()["params"]["textDocument"]["version"], 1001);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn an_import_lands_below_the_head_and_items_find_their_way_back() {
    let directory = Directory::new("import");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool.rs");
    editor.open_text(
        &path,
        "rust",
        "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\n#![allow(unused)]\nfn main() {}\n",
    );
    let items = editor.ask_at("textDocument/completion", &path, 5, 0);
    let edit = &items[0]["additionalTextEdits"][0];
    assert_eq!(edit["range"]["start"], json!({"line": 5, "character": 0}));
    assert_eq!(edit["newText"], "use regex::Regex;\n\n");
    let resolved = editor.ask("completionItem/resolve", items[0].clone());
    assert_eq!(resolved["detail"], "rust-analyzer has {\"own\":7}");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn diagnostics_are_the_scripts_own() {
    let directory = Directory::new("diagnostics");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool");
    editor.open_text(&path, "rust", "#!/usr/bin/env runner\nx();\n");
    let shift = OPENING.len();
    let range = |from: usize, to: usize| json!({"start": {"line": 1, "character": from}, "end": {"line": 1, "character": to}});
    let diagnostics = json!([{"range": range(3, 7), "message": "ours"}, {"range": range(shift, shift + 1), "message": "theirs"}]);
    let told = json!({"method": "textDocument/publishDiagnostics", "params": {"uri": uri(&path), "diagnostics": diagnostics}});
    let mut params = told;
    params["textDocument"] = json!({"uri": uri(&path)});
    // As the server says it: the request itself is not translated, it is no shape of the protocol.
    params["params"]["uri"] = uri(&path).into();
    editor.tell("x", Value::Null);
    let _ = editor.ask("fake/text", json!({"textDocument": {"uri": uri(&path)}}));
    let id = editor.request("fake/tell", json!({"method": params["method"], "params": params["params"]}));
    editor.answer(id);
    let found = editor.diagnostics(&path, |found| !found.is_empty());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["message"], "theirs");
    assert_eq!(found[0]["range"], range(0, 1));
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn metadata_that_cannot_be_read_is_a_diagnostic_at_its_line() {
    let directory = Directory::new("toml");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool.rs");
    let text = "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\nfn main() {}\n";
    editor.open_text(&path, "rust", text);
    editor.text_at_server(&path);
    editor.change(&path, 2, json!([{"text": text.replace("\"2021\"", "\"2021")}]));
    let found = editor.diagnostics(&path, |found| !found.is_empty());
    assert_eq!((&found[0]["source"], &found[0]["range"]["start"]["line"]), (&json!("runner"), &json!(2)));
    editor.change(&path, 3, json!([{"text": text}]));
    editor.diagnostics(&path, <[Value]>::is_empty);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_change_of_the_head_is_told_as_new_settings() {
    let directory = Directory::new("head");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool.rs");
    let text = "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\nfn main() {}\n";
    editor.open_text(&path, "rust", text);
    editor.text_at_server(&path);
    let initialize = editor.log(None)[0].clone();
    let edition = |settings: &Value| settings["linkedProjects"][0]["crates"][0]["edition"].clone();
    assert_eq!(edition(&initialize["params"]["initializationOptions"]), "2021");
    editor.change(&path, 2, json!([{"text": text.replace("2021", "2018")}]));
    let is_told = |log: &Value| {
        let log = log.as_array().unwrap().iter();
        let log = log.map(|one| serde_json::from_str::<Value>(one.as_str().unwrap()).unwrap());
        let mut told = log.filter(|one| one["method"] == "workspace/didChangeConfiguration");
        told.any(|one| edition(&one["params"]["settings"]["rust-analyzer"]) == "2018")
    };
    editor.ask_until("fake/log", &Value::Null, is_told);
    // And it is what the server gets when it asks.
    editor.configuration = json!({"check": {"command": "clippy"}});
    let items = json!({"items": [{"section": "rust-analyzer"}, {"section": "other"}]});
    let answer = editor.ask("fake/ask", json!({"method": "workspace/configuration", "params": items}));
    assert_eq!(edition(&answer[0]), "2018");
    assert_eq!(answer[0]["check"]["command"], "clippy");
    assert_eq!(answer[1], json!({"check": {"command": "clippy"}}));
    assert_eq!(editor.close(), Some(0));
}

/// The fake compiler reads what is in the comment.
const TESTED: &str = "#!/usr/bin/env runner\nfn main() {}\n#[test]\nfn works() {}\n/*\nprint tested\n*/\n";

#[test]
fn lenses_and_commands_run_the_script() {
    let directory = Directory::new("lenses");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool.rs");
    editor.open_text(&path, "rust", TESTED);
    directory.write("tool.rs", TESTED);
    let document = json!({"textDocument": {"uri": uri(&path)}});
    let lenses = editor.ask("textDocument/codeLens", document);
    let commands: Vec<(u64, &str)> = lenses
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|lens| {
            Some((lens["range"]["start"]["line"].as_u64()?, lens["command"]["command"].as_str()?))
        })
        .collect();
    assert_eq!(commands, [(1, "runner.run"), (1, "runner.debug"), (3, "runner.test"), (1, "runner.test")]);
    let test =
        lenses.as_array().unwrap().iter().find(|lens| lens["range"]["start"]["line"] == 3).unwrap().clone();
    let result = editor.ask(
        "workspace/executeCommand",
        json!({"command": "runner.test", "arguments": test["command"]["arguments"]}),
    );
    assert_eq!(result["code"], 0);
    editor
        .wait_for_told(0, |one| one["method"] == "window/logMessage" && one["params"]["message"] == "tested");
    let missing = uri(&directory.path().join("missing.rs"));
    let failed =
        editor.ask("workspace/executeCommand", json!({"command": "runner.build", "arguments": [missing]}));
    assert_eq!(failed["error"]["code"], -32803);
    let debug =
        editor.ask("workspace/executeCommand", json!({"command": "runner.debug", "arguments": [uri(&path)]}));
    assert_eq!(debug["script"], path.to_str().unwrap());
    assert!(std::path::Path::new(debug["path"].as_str().unwrap()).is_file(), "{debug}");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn scripts_in_c_begin_with_a_comment_and_tell_how_they_are_compiled() {
    let directory = Directory::new("c");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool.c");
    editor.open_text(&path, "c", "#!/usr/bin/env runner\n// /// runner\n// flags = [\"-DN=1\"]\n// ///\nint main(void) { return N; }\n");
    assert!(editor.text_at_server(&path).starts_with("///usr/bin/env runner\n"));
    let log = editor.log(None);
    let methods: Vec<&str> = log.iter().filter_map(|one| one["method"].as_str()).collect();
    assert_eq!(
        methods[..4],
        ["initialize", "initialized", "workspace/didChangeConfiguration", "textDocument/didOpen"]
    );
    let command = &log[2]["params"]["settings"]["compilationDatabaseChanges"][path.to_str().unwrap()];
    let words = command["compilationCommand"].as_array().unwrap();
    assert_eq!(words[1..3], [json!("-x"), json!("c")]);
    assert_eq!(words[words.len() - 2..], [json!("-DN=1"), json!(path)]);
    assert!(!words.contains(&json!("-o")), "{words:?}");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_new_file_becomes_a_script_when_its_first_line_is_written() {
    let directory = Directory::new("new");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool");
    editor.open_text(&path, "rust", "x();\n");
    assert_eq!(editor.text_at_server(&path), "x();\n");
    editor.change(&path, 2, json!([{"text": "#!/usr/bin/env runner\nx();\n"}]));
    assert!(editor.text_at_server(&path).contains(OPENING));
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn large_answers_are_the_same_as_small_ones() {
    let directory = Directory::new("large-answer");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool");
    editor.open_text(&path, "rust", "#!/usr/bin/env runner\nx();\n");
    for count in [10, 20_000] {
        let params = json!({"textDocument": {"uri": uri(&path)}, "count": OPENING.len() + 4 + count});
        let answer = editor.ask("textDocument/references", params);
        // What is before the opening's end is inserted, and so is what is behind the script's own.
        let characters: Vec<u64> = answer
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["range"]["start"]["character"].as_u64())
            .collect();
        assert_eq!(characters[..4], [0, 1, 2, 3], "{count}");
    }
    println!("peak memory with an answer of 5 MB: {} KiB", editor.peak_memory());
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn formatting_is_ours() {
    let directory = Directory::new("format");
    let mut editor = editor(&directory);
    let path = directory.path().join("tool.rs");
    editor.open_text(&path, "rust", "#!/usr/bin/env runner\nfn main() {}   \n");
    let edits =
        editor.ask("textDocument/formatting", json!({"textDocument": {"uri": uri(&path)}, "options": {}}));
    assert_eq!(
        edits,
        json!([{"range": {"start": {"line": 1, "character": 12}, "end": {"line": 1, "character": 15}}, "newText": ""}])
    );
    assert_eq!(editor.close(), Some(0));
}
