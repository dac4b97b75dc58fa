//! What stands around a script, with the real rust-analyzer: many scripts, many directories, no network, a macro twice.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::editor::slow::rust::{alone, cache, completes, completes_at, has, labels, nice, place};
use crate::support::editor::{Editor, cursor, language_server, uri};
use crate::support::editor_directory::Directory;

/// The children of a process that have this name.
fn children(parent: u32, name: &str) -> usize {
    let is_child = |stat: &str| {
        let (named, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ').skip(1);
        Some(named.ends_with(name) && fields.next() == Some(parent.to_string().as_str()))
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    stats.filter(|stat| is_child(stat) == Some(true)).count()
}

#[test]
fn thirty_scripts_of_a_directory_share_a_server() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("thirty");
    let mut editor = Editor::open(nice(), Some(directory.path())).0;
    let text = |number: usize| {
        format!(
            "#!/usr/bin/env runner\n---\n[dependencies]\nregex = \"1\"\n---\nstruct Own{number} {{ field_{number}: i32 }}\n\
             fn main() {{\n    let own = Own{number} {{ field_{number}: 1 }};\n    let re = regex::Regex::new(\"a\").unwrap();\n    \
             let _ = re.is_match(\"a\");\n    own.|\n}}\n"
        )
    };
    for number in 0..30 {
        let path = directory.write(&format!("script-{number}.rs"), &text(number).replace("own.|", "own;"));
        editor.open_file(&path, "rust");
    }
    for number in [0, 29] {
        let path = directory.path().join(format!("other-{number}.rs"));
        completes(&mut editor, &path, &text(number), &format!("field_{number}"));
    }
    assert_eq!(children(editor.process_id(), "(rust-analyzer"), 1);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn directories_beside_a_script_are_not_read() {
    if !has("rust-analyzer") || !has("strace") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("many");
    for number in 0..10_000 {
        directory.write(&format!("below-{number}/lib.rs"), "pub fn unread() {}\n");
    }
    let log = Directory::new("log");
    let calls = log.path().join("calls");
    let server = nice();
    let mut command = Command::new("strace");
    command.args(["-f", "--seccomp-bpf", "-qq", "-e", "trace=%file", "-o"]).arg(&calls);
    command.arg(server.get_program()).args(server.get_args());
    command.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut editor = Editor::open(command, Some(directory.path())).0;
    let path = directory.path().join("script.rs");
    completes(&mut editor, &path, "fn main() {\n    String::new().|\n}\n", "push_str");
    assert_eq!(editor.close(), Some(0));
    let calls = std::fs::read_to_string(calls).unwrap();
    assert!(calls.contains("rust-analyzer"), "nothing was traced");
    // That each holds a Cargo.toml or not is asked by rust-analyzer itself, of every directory that an editor opens.
    let is_reading = |call: &&str| call.contains("/below-") && !call.contains("statx(");
    let read: Vec<&str> = calls.lines().filter(is_reading).collect();
    assert!(read.is_empty(), "{} calls, as {:?}", read.len(), read.first());
}

#[test]
fn without_a_network_what_is_here_is_served_and_what_is_not_is_said() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("offline");
    let offline = |mut command: Command| {
        for variable in ["http_proxy", "https_proxy", "ALL_PROXY"] {
            command.env(variable, "http://127.0.0.1:9");
        }
        command.env("CARGO_NET_OFFLINE", "true").env("RUNNER_OFFLINE", "true");
        command
    };
    let script = |name: &str| {
        format!(
            "#!/usr/bin/env runner\n---\n[dependencies]\n{name} = \"1\"\n---\nfn main() {{\n    String::new().|\n}}\n"
        )
    };
    let here = directory.path().join("here.rs");
    let text = "#!/usr/bin/env runner\n---\n[dependencies]\nregex = \"1\"\n---\nfn main() {\n    regex::Regex::new(\"a\").unwrap().|\n}\n";
    std::fs::write(&here, cursor(text).0.replace(".unwrap().", ".unwrap();")).unwrap();
    // Dependencies take as long as they take.
    let mut check = Command::new(language_server().get_program());
    check.arg("check").arg(&here).env("RUNNER_TIER", "off").env("RUNNER_CACHE", cache());
    let checked = offline(check).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let mut editor = Editor::open(offline(nice()), Some(directory.path())).0;
    completes(&mut editor, &here, text, "is_match");
    let missing = directory.path().join("missing.rs");
    completes(&mut editor, &missing, &script("no-such-crate-of-runner"), "push_str");
    let said = editor.diagnostics(&missing, |all| {
        all.iter().any(|one| one.to_string().contains("no-such-crate-of-runner"))
    });
    assert!(said.iter().any(|one| one["range"]["start"]["line"] == 3), "{said:?}");
    assert_eq!(editor.close(), Some(0));
}

/// A package with a macro that makes a structure with this field.
fn write_macro(directory: &Directory, version: &str, field: &str) -> PathBuf {
    directory.write(
        &format!("mac{version}/Cargo.toml"),
        &format!("[package]\nname = \"mac\"\nversion = \"{version}.0.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n"),
    );
    directory.write(
        &format!("mac{version}/src/lib.rs"),
        &format!(
            "extern crate proc_macro;\n#[proc_macro]\npub fn make(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
             \"struct Made {{ {field}: i32 }}\".parse().unwrap()\n}}\n"
        ),
    )
}

#[test]
fn a_macro_beside_a_script_is_expanded_as_it_was_saved_last() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("edited");
    let library = write_macro(&directory, "1", "old_field");
    let mut editor = Editor::open(nice(), None).0;
    let path = directory.path().join("script.rs");
    let text = "#!/usr/bin/env runner\n---\n[dependencies]\nmac = { path = \"mac1\" }\n---\nmac::make!();\n\
        fn made() -> Made { todo!() }\nfn main() {\n    made().|\n}\n";
    completes(&mut editor, &path, text, "old_field");
    editor.open_file(&library, "rust");
    write_macro(&directory, "1", "new_field");
    editor.change(&library, 2, json!([{"text": std::fs::read_to_string(&library).unwrap()}]));
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": uri(&library)}}));
    let (_, line, character) = cursor(text);
    completes_at(&mut editor, &path, line, character, "new_field");
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn two_versions_of_one_macro_are_expanded_each_in_its_script() {
    if !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("macros");
    for (version, field) in [("1", "first_field"), ("2", "second_field")] {
        write_macro(&directory, version, field);
    }
    let mut editor = Editor::open(nice(), Some(directory.path())).0;
    let script = |version: &str, field: &str| {
        let text = format!(
            "#!/usr/bin/env runner\n---\n[dependencies]\nmac = {{ path = \"mac{version}\" }}\n---\nmac::make!();\n\
             fn main() {{\n    let made = Made {{ {field}: 1 }};\n    made.|\n}}\n"
        );
        (directory.path().join(format!("s{version}.rs")), text)
    };
    let (first, text) = script("1", "first_field");
    completes(&mut editor, &first, &text, "first_field");
    let (second, other) = script("2", "second_field");
    completes(&mut editor, &second, &other, "second_field");
    let (_, line, character) = cursor(&text);
    // The server has one more project, and reads all of them again.
    let answer = editor.ask_until("textDocument/completion", &place(&first, line, character), |answer| {
        labels(answer).contains(&"first_field")
    });
    assert!(!labels(&answer).contains(&"second_field"), "{answer}");
    assert_eq!(editor.close(), Some(0));
    assert!(
        cache().is_dir() && json!(directory.names()) == json!(["mac1", "mac2"]),
        "{:?}",
        directory.names()
    );
}
