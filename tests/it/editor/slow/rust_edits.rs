//! Rust scripts that are edited, with the real rust-analyzer.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::editor::scripts::OPENING;
use crate::editor::slow::rust::{alone, cache, completes_at, find, has, nice, place};
use crate::support::editor::{Editor, cursor, language_server, tools, uri};
use crate::support::editor_directory::Directory;
use crate::support::sandbox::tested;

/// Applies text edits as an editor does.
fn apply(text: &str, edits: &[Value]) -> String {
    let offset = |place: &Value| {
        let line = place["line"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        start + place["character"].as_u64().unwrap() as usize
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            (
                offset(&edit["range"]["start"]),
                offset(&edit["range"]["end"]),
                edit["newText"].as_str().unwrap(),
            )
        })
        .collect();
    edits.sort_unstable();
    let mut new = text.to_owned();
    for (start, end, with) in edits.into_iter().rev() {
        new.replace_range(start..end, with);
    }
    new
}

/// What rustc says of a script without dependencies.
fn checked(path: &Path) -> String {
    let output = Command::new(tested())
        .args(["check", "--json"])
        .arg(path)
        .env("RUNNER_CACHE", cache())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The text after `HashMap` was completed at the cursor, and its import with it.
fn completed(editor: &mut Editor, path: &Path, text: &str) -> String {
    let (text, line, character) = cursor(text);
    editor.open_text(path, "rust", &text);
    let is_import = |item: &&Value| {
        item["label"].as_str().is_some_and(|label| label.starts_with("HashMap"))
            && item.to_string().contains("std::collections::HashMap")
    };
    let answer = editor.ask_until("textDocument/completion", &place(path, line, character), |answer| {
        answer["items"].as_array().or(answer.as_array()).into_iter().flatten().any(|item| is_import(&item))
    });
    let items = answer["items"].as_array().or(answer.as_array()).unwrap();
    let item = items.iter().find(is_import).unwrap().clone();
    let item = editor.ask("completionItem/resolve", item);
    let mut edits = item["additionalTextEdits"].as_array().cloned().unwrap_or_default();
    assert!(!edits.is_empty(), "{item}");
    let mut edit = item["textEdit"].clone();
    if let Some(range) = edit.get("insert").cloned() {
        edit["range"] = range;
    }
    edits.push(edit);
    apply(&text, &edits)
}

#[test]
fn imports_keep_the_script_a_script() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("imports");
    let mut editor = Editor::open(nice(), None).0;
    for (name, text, expected) in [
        (
            "i1.rs",
            "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\nfn main() {\n    let m: HashMa|;\n}\n",
            "---\nuse std::collections::HashMap;\n\nfn main",
        ),
        (
            "i2.rs",
            "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\n#![allow(unused)]\n\nfn main() {\n    let m: HashMa|;\n}\n",
            "#![allow(unused)]\nuse std::collections::HashMap;\n\nfn main",
        ),
        (
            "i3.rs",
            "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\nuse std::fmt;\n\nfn main() {\n    let m: HashMa|;\n}\n",
            "HashMap",
        ),
        (
            "i4",
            "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\nlet m: HashMa|;\n",
            "---\nuse std::collections::HashMap;\n\nlet m: HashMap",
        ),
        (
            "i5.rs",
            "#!/usr/bin/env runner\nfn main() {\n    let m: HashMa|;\n}\n",
            "runner\nuse std::collections::HashMap;\n",
        ),
    ] {
        let path = directory.path().join(name);
        let new = completed(&mut editor, &path, text);
        println!("{name}: {new:?}");
        assert!(new.contains(expected), "{new}");
        let head = text.split("---\n").take(2).collect::<Vec<_>>().join("---\n");
        assert!(new.starts_with(&head) || name == "i5.rs", "{new}");
        if !name.ends_with(".rs") {
            continue;
        }
        std::fs::write(&path, new.replace("let m: HashMap", "let _m: HashMap<u8, u8>")).unwrap();
        let said = checked(&path);
        assert!(!said.contains("\"level\":\"error\""), "{said}");
    }
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn what_is_wrong_is_said_at_its_place_and_no_longer_when_it_is_mended() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("wrong");
    let mut editor = Editor::open(nice(), None).0;
    let good = "#!/usr/bin/env runner\n---\npackage.edition = \"2021\"\n---\nfn main() {\n    let x: i32 = 1;\n    println!(\"{x}\");\n}\n";
    let bad = good.replace("= 1;", "= \"a\";");
    let path = directory.write("wrong.rs", &bad);
    editor.open_file(&path, "rust");
    let is_type_error = |one: &Value| one["code"] == "E0308" && one["range"]["start"]["line"] == 5;
    // rust-analyzer's own, while it is typed.
    editor.diagnostics(&path, |found| found.iter().any(is_type_error));
    // rustc's, when it is saved.
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": uri(&path)}}));
    let found = editor
        .diagnostics(&path, |found| found.iter().any(|one| is_type_error(one) && one["source"] == "rustc"));
    println!("sources: {:?}", found.iter().map(|one| one["source"].to_string()).collect::<Vec<_>>());
    std::fs::write(&path, good).unwrap();
    editor.change(&path, 2, json!([{"text": good}]));
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": uri(&path)}}));
    editor.diagnostics(&path, <[Value]>::is_empty);

    // A statement too few in a script without `main`: said of the script's own line, nothing of what was inserted.
    let path = directory.path().join("bare");
    editor.open_text(&path, "rust", "#!/usr/bin/env runner\nlet x: i32 = \"a\";\nnothing();\n");
    let found = editor.diagnostics(&path, |found| found.iter().any(|one| one["code"] == "E0308"));
    let error = found.iter().find(|one| one["code"] == "E0308").unwrap();
    assert_eq!(
        error["range"],
        json!({"start": {"line": 1, "character": 13}, "end": {"line": 1, "character": 16}})
    );
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn dependencies_come_and_go_in_an_unsaved_buffer() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("metadata");
    let mut editor = Editor::open(nice(), None).0;
    let text = "#!/usr/bin/env runner\n---\n[dependencies]\n---\nuse regex::Regex;\nfn main() {\n    let re = Regex::new(\"\").unwrap();\n    re.is_match(\"\");\n}\n";
    let path = directory.write("tool.rs", text);
    editor.open_text(&path, "rust", text);
    let (line, character) = find(text, "fn ma|in");
    editor.ask_until("textDocument/hover", &place(&path, line, character), |answer| {
        answer.to_string().contains("fn main")
    });
    // What rustc does not know when it is saved can be added.
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": uri(&path)}}));
    let (line, character) = find(text, "regex::Reg|ex");
    let code_of = |one: &Value| one["code"].as_str().map(str::to_owned);
    let found = editor.diagnostics(&path, |found| {
        found.iter().any(|one| {
            one["range"]["start"]["line"] == line && code_of(one).is_some_and(|code| code.starts_with("E043"))
        })
    });
    let unknown = found.iter().find(|one| one["range"]["start"]["line"] == line).unwrap().clone();
    let range = unknown["range"].clone();
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({"textDocument": {"uri": uri(&path)}, "range": range,
        "context": {"diagnostics": [unknown]}}),
    );
    let action =
        actions.as_array().unwrap().iter().find(|one| one["title"] == "Add dependency `regex` to the script");
    let command = action.unwrap_or_else(|| panic!("{actions}"))["command"].clone();
    editor.ask(
        "workspace/executeCommand",
        json!({"command": command["command"], "arguments": command["arguments"]}),
    );
    let told = editor.wait_for_told(0, |one| one["method"] == "workspace/applyEdit");
    let edits = told["params"]["edit"]["changes"][uri(&path)].as_array().unwrap().clone();
    let text = apply(text, &edits);
    assert!(text.contains("[dependencies]\nregex = \"1\"\n---"), "{text}");
    editor.change(&path, 2, json!([{"text": text}]));
    editor.ask_until("textDocument/hover", &place(&path, line + 1, character), |answer| {
        answer.to_string().contains("regex")
    });
    completes_at(&mut editor, &path, line + 4, 7, "is_match");

    // One that cannot be had is said at its line; the rest goes on.
    let wrong = text.replace("regex = \"1\"", "regex = \"1\"\nno-such-crate-anywhere = \"1\"");
    editor.change(&path, 3, json!([{"text": wrong}]));
    let found = editor.diagnostics(&path, |found| found.iter().any(|one| one["source"] == "runner"));
    let ours = found.iter().find(|one| one["source"] == "runner").unwrap();
    println!("unknown dependency: {}", ours["message"]);
    assert_eq!(ours["range"]["start"]["line"], 4);
    editor.change(&path, 4, json!([{"text": text}]));
    editor.diagnostics(&path, |found| !found.iter().any(|one| one["source"] == "runner"));
    assert_eq!(directory.names(), ["tool.rs"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches("regex =").count(), 0, "nothing was saved");
    assert_eq!(editor.close(), Some(0));
}

/// The only child of a process.
fn child_of(process: u32) -> Option<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .find_map(|children| children.split_whitespace().next()?.parse().ok())
}

#[test]
fn a_storm_of_edits_and_a_killed_server_leave_the_last_state() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("storm");
    let mut editor = Editor::open(nice(), None).0;
    for (name, head, tail) in [
        ("plain.rs", "#!/usr/bin/env runner\nfn main() {\n", "}\n"),
        ("bare", "#!/usr/bin/env runner\n---\nedition = \"2021\"\n---\n", "println!();\n"),
    ] {
        let path: PathBuf = directory.path().join(name);
        let mut text = [head, tail].concat();
        editor.open_text(&path, "rust", &text);
        let line = head.matches('\n').count() as u64;
        let place = json!({"line": line, "character": 0});
        for number in 0..300 {
            let piece = format!("let v{number} = {number};\n");
            editor.change(
                &path,
                number + 2,
                json!([{"range": {"start": place, "end": place}, "text": piece}]),
            );
            text.insert_str(head.len(), &piece);
        }
        let (at_line, character) = find(&text, "let v|7 ");
        editor.ask_until(
            "textDocument/hover",
            &crate::editor::slow::rust::place(&path, at_line, character),
            |answer| answer.to_string().contains("v7: i32"),
        );
        let params = json!({"uri": uri(&path)});
        let served = editor.ask_until("rust-analyzer/viewFileText", &params, |text| *text != "");
        let served = served.as_str().unwrap_or_else(|| panic!("{served}")).replace(OPENING, "");
        let closing = served.find(" } #[allow(unreachable_code").zip(served.find("Send>>;"));
        let served = match closing {
            Some((from, to)) => [&served[..from], &served[to + "Send>>;".len()..]].concat(),
            None => served,
        };
        assert!(served == text, "{} bytes, not {}", served.len(), text.len());
    }
    let server = child_of(editor.process_id()).unwrap();
    assert!(Command::new("kill").args(["-9", &server.to_string()]).status().unwrap().success());
    let path = directory.path().join("bare");
    let from = editor.told.len();
    editor.wait_for_told(from, |one| {
        one["params"]["message"].as_str().is_some_and(|text| text.contains("started again"))
    });
    editor.change(&path, 500, json!([{"range": {"start": {"line": 4, "character": 0}, "end": {"line": 4, "character": 0}}, "text": "let last = 1.5;\n"}]));
    editor.ask_until("textDocument/hover", &place(&path, 4, 5), |answer| {
        answer.to_string().contains("last: f64")
    });
    assert_ne!(child_of(editor.process_id()), Some(server));
    completes_at(&mut editor, &path, 305, 0, "last");
    println!("memory of ours: {} KiB", editor.peak_memory());
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_crate_that_is_not_known_can_be_added() {
    let directory = Directory::new("add");
    let mut command = language_server();
    command.env("RUNNER_CACHE", cache()).arg("--server").arg(tools().join("rust-analyzer"));
    let mut editor = Editor::open(command, None).0;
    let path = directory.path().join("tool.rs");
    editor.open_text(
        &path,
        "rust",
        "#!/usr/bin/env runner\n---\n[dependencies]\n---\nuse regex::Regex;\nfn main() {}\n",
    );
    let range = json!({"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 16}});
    let diagnostic = json!({"range": range, "code": "E0432", "message": "unresolved import"});
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({"textDocument": {"uri": uri(&path)}, "range": range, "context": {"diagnostics": [diagnostic]}}),
    );
    assert_eq!(actions[0]["title"], "Add dependency `regex` to the script");
    let command = &actions[0]["command"];
    editor.ask(
        "workspace/executeCommand",
        json!({"command": command["command"], "arguments": command["arguments"]}),
    );
    let edit = editor.wait_for_told(0, |one| one["method"] == "workspace/applyEdit");
    let edits = &edit["params"]["edit"]["changes"][uri(&path)];
    assert!(edits[0]["newText"].as_str().unwrap().starts_with("regex = \"1\""), "{edits}");
    assert_eq!(edits[0]["range"]["start"], json!({"line": 3, "character": 0}));
    assert_eq!(editor.close(), Some(0));
}
