//! Scripts in C and Go with the real clangd and gopls.

use serde_json::json;

use crate::editor::slow::rust::{find, has, labels, nice, place};
use crate::support::editor::Editor;
use crate::support::editor_directory::Directory;

const TOOL: &str = "#!/usr/bin/env runner\n// /// runner\n// flags = [\"-DANSWER=42\", \"-Iinclude\"]\n// ///\n#include <stdio.h>\n#include \"own.h\"\n\nstruct point { int wide; int high; };\n\nint main(void) {\n    struct point p = { ANSWER, own(1) };\n    p.wide = 2;\n    printf(\"%d\\n\", p.high);\n    return 0;\n}\n";

#[test]
fn scripts_in_c_are_understood() {
    if !has("clangd") {
        return;
    }
    let directory = Directory::new("clangd");
    directory.write("include/own.h", "static inline int own(int x) { return x; }\n");
    let mut editor = Editor::open(nice(), None).0;
    for name in ["tool.c", "tool"] {
        let path = directory.write(name, TOOL);
        editor.open_file(&path, "c");
        // Neither the first line, nor what the metadata defines, nor the header is an error.
        let found = editor.diagnostics(&path, |_| true);
        assert!(found.is_empty(), "{name}: {found:?}");
        let (line, character) = find(TOOL, "p.|wide");
        editor.ask_until("textDocument/completion", &place(&path, line, character), |answer| {
            let labels = labels(answer);
            ["wide", "high"]
                .iter()
                .all(|name| labels.iter().any(|label| label.trim_start_matches([' ', '•']) == *name))
        });
        let (line, character) = find(TOOL, "ANS|WER, own");
        editor.ask_until("textDocument/hover", &place(&path, line, character), |answer| {
            answer.to_string().contains("42")
        });
        let (line, character) = find(TOOL, "ow|n(1)");
        editor.ask_until("textDocument/definition", &place(&path, line, character), |answer| {
            answer.to_string().contains("/own.h")
        });
    }
    // Metadata that changes in the buffer.
    let path = directory.path().join("tool.c");
    editor.change(&path, 2, json!([{"text": TOOL.replace("ANSWER=42", "ANSWER=43")}]));
    let (line, character) = find(TOOL, "ANS|WER, own");
    editor.ask_until("textDocument/hover", &place(&path, line, character), |answer| {
        answer.to_string().contains("43")
    });
    assert_eq!(directory.names(), ["include", "tool", "tool.c"]);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn scripts_in_go_are_understood() {
    if std::process::Command::new("gopls").arg("version").output().is_err() {
        println!("skipped: no gopls");
        return;
    }
    let directory = Directory::new("gopls");
    let mut editor = Editor::open(nice(), None).0;
    let text =
        "#!/usr/bin/env runner\npackage main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"x\")\n}\n";
    let other = Directory::new("gopls-other");
    for (directory, name) in [(&directory, "one.go"), (&directory, "two.go"), (&other, "three.go")] {
        let path = directory.write(name, text);
        editor.open_file(&path, "go");
        let (line, character) = find(text, "Print|ln");
        editor.ask_until("textDocument/hover", &place(&path, line, character), |answer| {
            answer.to_string().contains("func fmt.Println") || answer.to_string().contains("func Println")
        });
    }
    for name in ["one.go", "two.go"] {
        // What the go command has said of the file on disk goes when it has seen the buffer.
        let path = directory.path().join(name);
        let found =
            editor.diagnostics(&path, |found| !found.iter().any(|one| one.to_string().contains("U+0023")));
        println!("gopls of {name}, one of two scripts in a directory: {found:?}");
        assert!(!found.iter().any(|one| one.to_string().contains("redeclared")), "{found:?}");
    }
    assert_eq!(editor.close(), Some(0));
}
