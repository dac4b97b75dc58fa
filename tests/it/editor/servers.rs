//! Several servers in one session, all of them fake.

use serde_json::{Value, json};

use crate::support::editor::{Editor, uri, with_fake};
use crate::support::editor_directory::Directory;

fn ask_of(editor: &mut Editor, path: &std::path::Path, method: &str, more: Value) -> Value {
    let mut params = more;
    params["textDocument"] = json!({"uri": uri(path)});
    editor.ask(method, params)
}

#[test]
fn each_language_has_its_server_and_each_request_its_own_answer() {
    let directory = Directory::new("languages");
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    let files = [
        ("a.rs", "rust", "rust-analyzer"),
        ("b.c", "c", "clangd"),
        ("c.go", "go", "gopls"),
        ("d.cpp", "cpp", "clangd"),
    ];
    for (name, language, server) in files {
        let path = directory.path().join(name);
        editor.open_text(&path, language, "#!/usr/bin/env runner\nx\n");
        assert_eq!(editor.ask_at("textDocument/hover", &path, 1, 0)["contents"], server);
    }
    let mut processes = Vec::new();
    for (number, (name, ..)) in files.iter().enumerate() {
        let path = directory.path().join(name);
        processes.push(ask_of(&mut editor, &path, "fake/id", json!({})));
        // All servers ask with the same id.
        let question = json!({"method": "fake/question", "params": {"number": number}});
        assert_eq!(ask_of(&mut editor, &path, "fake/ask", question), json!({"number": number}));
        let registration = json!({"registrations": [{"id": "1", "method": "workspace/didSave"}]});
        ask_of(
            &mut editor,
            &path,
            "fake/ask",
            json!({"method": "client/registerCapability", "params": registration}),
        );
    }
    assert_eq!(processes[1], processes[3], "clangd is for both");
    let mut ids: Vec<String> = editor
        .told
        .iter()
        .filter(|one| one["method"] == "client/registerCapability")
        .map(|one| one["params"]["registrations"][0]["id"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
    // An item finds its way back.
    let items = editor.ask_at("textDocument/completion", &directory.path().join("c.go"), 1, 0);
    assert_eq!(editor.ask("completionItem/resolve", items[0].clone())["detail"], "gopls has {\"own\":7}");
    // And what is asked of all is answered by all.
    let symbols = editor.ask("workspace/symbol", json!({"query": ""}));
    let mut names: Vec<&str> =
        symbols.as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["clangd", "gopls", "rust-analyzer"]);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn progress_of_two_servers_is_told_apart() {
    let directory = Directory::new("progress");
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    for (name, language) in [("a.rs", "rust"), ("b.c", "c")] {
        let path = directory.path().join(name);
        editor.open_text(&path, language, "#!/usr/bin/env runner\nx\n");
        ask_of(
            &mut editor,
            &path,
            "fake/ask",
            json!({"method": "window/workDoneProgress/create", "params": {"token": "t"}}),
        );
        ask_of(
            &mut editor,
            &path,
            "fake/tell",
            json!({"method": "$/progress", "params": {"token": "t", "value": {"kind": "begin"}}}),
        );
        ask_of(
            &mut editor,
            &path,
            "fake/tell",
            json!({"method": "$/progress", "params": {"token": "mine", "value": {"kind": "end"}}}),
        );
    }
    let tokens = |method: &str| -> Vec<Value> {
        let told = editor.told.iter().filter(|one| one["method"] == method);
        told.map(|one| one["params"]["token"].clone())
            .filter(|token| !token.to_string().contains("project"))
            .collect()
    };
    let (made, used) = (tokens("window/workDoneProgress/create"), tokens("$/progress"));
    assert_eq!(made, [json!("t"), json!("runner/1/0/\"t\"")]);
    assert_eq!(used, [json!("t"), json!("mine"), made[1].clone(), json!("mine")]);
    editor.tell("window/workDoneProgress/cancel", json!({"token": made[1]}));
    let log = editor.log(Some(&directory.path().join("b.c")));
    let cancel = log.iter().find(|one| one["method"] == "window/workDoneProgress/cancel").unwrap();
    assert_eq!(cancel["params"]["token"], "t");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn another_toolchain_is_another_server() {
    let directory = Directory::new("toolchains");
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    let text = |toolchain: &str| {
        format!(
            "#!/usr/bin/env runner\n---\n[package.metadata.runner]\ntoolchain = \"{toolchain}\"\n---\nfn main() {{}}\n"
        )
    };
    let (one, two) = (directory.path().join("one.rs"), directory.path().join("two.rs"));
    editor.open_text(&one, "rust", &text("stable"));
    editor.open_text(&two, "rust", &text("1.95.0"));
    let first = ask_of(&mut editor, &one, "fake/id", json!({}));
    let second = ask_of(&mut editor, &two, "fake/id", json!({}));
    assert_ne!(first, second);
    // A script that changes its mind moves.
    editor.change(&two, 2, json!([{"text": text("stable")}]));
    editor.ask_until("fake/id", &json!({"textDocument": {"uri": uri(&two)}}), |id| *id == first);
    assert_eq!(editor.text_at_server(&two), text("stable"));
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_module_belongs_to_the_server_of_its_script() {
    let directory = Directory::new("module");
    directory.write("tool", "#!/usr/bin/env runner\nmod helper;\nhelper::f();\n");
    let module = directory.write("helper.rs", "pub fn f() {}\n");
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    editor.open_file(&module, "rust");
    assert_eq!(editor.text_at_server(&module), "pub fn f() {}\n");
    let log = editor.log(Some(&module));
    let project = &log[0]["params"]["initializationOptions"]["linkedProjects"][0];
    assert_eq!(project["crates"][0]["root_module"], directory.path().join("tool").to_str().unwrap());
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn scripts_and_a_cargo_project_are_served_apart() {
    let directory = Directory::new("both");
    directory.write("Cargo.toml", "[package]\nname = \"x\"\n");
    let main = directory.write("src/main.rs", "fn main() {}\n");
    let script = directory.write("tools/report", "#!/usr/bin/env runner\nx();\n");
    let cache = Directory::new("cache");
    let mut editor = Editor::open(with_fake(cache.path()), Some(directory.path())).0;
    editor.open_file(&main, "rust");
    editor.open_file(&script, "rust");
    assert_eq!(editor.text_at_server(&main), "fn main() {}\n");
    assert!(editor.text_at_server(&script).contains("fn main()"));
    let of_project = ask_of(&mut editor, &main, "fake/id", json!({}));
    assert_ne!(ask_of(&mut editor, &script, "fake/id", json!({})), of_project);
    let log = editor.log(Some(&main));
    assert_eq!(
        log[0]["params"]["initializationOptions"],
        json!({}),
        "the project's server knows nothing of scripts"
    );
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn thirty_scripts_have_one_server_and_one_project() {
    let directory = Directory::new("thirty");
    let mut editor = Editor::open(with_fake(directory.path()), None).0;
    let paths: Vec<_> = (0..30).map(|number| directory.path().join(format!("s{number}.rs"))).collect();
    for path in &paths {
        editor.open_text(path, "rust", "#!/usr/bin/env runner\nx();\n");
    }
    for path in &paths {
        assert!(editor.text_at_server(path).contains("fn main()"));
    }
    let items = json!({"items": [{"section": "rust-analyzer"}]});
    let settings = editor.ask("fake/ask", json!({"method": "workspace/configuration", "params": items}));
    let projects = settings[0]["linkedProjects"].as_array().unwrap();
    assert_eq!((projects.len(), projects[0]["crates"].as_array().unwrap().len()), (1, 30));
    assert_eq!(editor.close(), Some(0));
}
