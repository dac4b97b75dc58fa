//! What is run: the same programs as scripts of every tool, and of other languages.

use std::fmt::Write;
use std::path::PathBuf;

use crate::table::{GO, RUNNER, RUST_SCRIPT, SCRIPTISTO, UNOBSERVED};

const GO_HELLO: &str = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello NONCE\") }\n";

/// A language besides Rust: its name, the extension of its scripts, compilers any of which will do, and a program.
pub struct Language {
    pub name: &'static str,
    pub extension: &'static str,
    pub compilers: &'static [&'static str],
    hello: &'static str,
}

pub const LANGUAGES: [Language; 5] = [
    Language {
        name: "C",
        extension: "c",
        compilers: &["cc", "gcc", "clang", "tcc"],
        hello: "#include <stdio.h>\n\nint main(void) {\n    puts(\"hello NONCE\");\n    return 0;\n}\n",
    },
    Language { name: "Go", extension: "go", compilers: &["go"], hello: GO_HELLO },
    Language {
        name: "Zig",
        extension: "zig",
        compilers: &["zig"],
        hello: "const std = @import(\"std\");\n\npub fn main() void {\n    std.debug.print(\"hello NONCE\\n\", .{});\n}\n",
    },
    Language {
        name: "D",
        extension: "d",
        compilers: &["ldmd2", "dmd", "gdmd"],
        hello: "import std.stdio;\n\nvoid main() {\n    writeln(\"hello NONCE\");\n}\n",
    },
    Language { name: "Nim", extension: "nim", compilers: &["nim"], hello: "echo \"hello NONCE\"\n" },
];

pub const MANIFEST: &str = r#"[package]
name = "words"
version = "0.1.0"
edition = "2021"

[dependencies]
regex = "1"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
"#;

/// A program. `NONCE` in it is another text in each version.
pub struct Source {
    manifest: &'static str,
    pub body: String,
    /// The same in Go, for the peer that runs it.
    go: Option<&'static str>,
    pub extension: &'static str,
}

impl Source {
    pub fn of(body: impl Into<String>) -> Source {
        Source { manifest: "", body: body.into(), go: None, extension: "rs" }
    }

    pub fn hello() -> Source {
        Source { go: Some(GO_HELLO), ..Source::of("fn main() {\n    println!(\"hello NONCE\");\n}\n") }
    }

    pub fn hello_in(language: &Language) -> Source {
        Source { extension: language.extension, ..Source::of(language.hello) }
    }

    pub fn with_dependencies() -> Source {
        Source { manifest: MANIFEST, ..Source::of(include_str!("words.rs")) }
    }

    /// About as many lines as asked for, of the kind that scripts are made of.
    pub fn lines(count: usize) -> Source {
        let record = include_str!("record.rs");
        let mut body = String::from("use std::collections::BTreeMap;\n");
        let mut calls = String::new();
        for number in 0..count / (record.lines().count() + 1) {
            body += "\n";
            body += &record
                .replace("RecordN", &format!("Record{number}"))
                .replace("N as", &format!("{number} as"));
            let _ =
                writeln!(calls, "    sum += Record{number}::parse(\"some name: 1, 2\").unwrap().total();");
        }
        let _ = writeln!(
            body,
            "\nfn main() {{\n    let mut sum = 0.0;\n{calls}    println!(\"{{sum}} NONCE\");\n}}"
        );
        Source::of(body)
    }

    /// A program that includes these files.
    pub fn including(files: &[PathBuf]) -> Source {
        let included: Vec<String> = files.iter().map(|file| format!("include_bytes!({file:?})")).collect();
        let (count, included) = (files.len(), included.join(", "));
        Source::of(format!(
            "static FILES: [&[u8]; {count}] = [{included}];\n\n\
            fn main() {{\n    println!(\"{{}}\", FILES.iter().filter_map(|file| file.last()).count());\n}}\n"
        ))
    }

    /// As a script of a tool; `None` if there is no way to say it there.
    pub fn for_tool(&self, column: &str) -> Option<String> {
        let Source { manifest, body, go, extension } = self;
        let commented = |prefix: &str| -> String {
            manifest.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned() + "\n").collect()
        };
        match column {
            _ if *extension != "rs" => [RUNNER, UNOBSERVED].contains(&column).then(|| body.clone()),
            GO => go.map(str::to_owned),
            SCRIPTISTO if manifest.is_empty() => Some(format!(
                "// scriptisto-begin\n// script_src: main.rs\n// build_cmd: rustc -O main.rs\n// target_bin: ./main\n\
                // scriptisto-end\n{body}"
            )),
            SCRIPTISTO => Some(format!(
                "// scriptisto-begin\n// script_src: src/main.rs\n// build_cmd: cargo build --release\n\
                // target_bin: ./target/release/words\n// files:\n//  - path: Cargo.toml\n//    content: |\n{}\
                // scriptisto-end\n{body}",
                commented("//      ")
            )),
            _ if manifest.is_empty() => Some(body.clone()),
            RUST_SCRIPT => Some(format!("//! ```cargo\n{}//! ```\n{body}", commented("//! "))),
            _ => Some(format!("---\n{}---\n{body}", without_name(manifest))),
        }
    }
}

/// A script is called as its file is.
fn without_name(manifest: &str) -> String {
    manifest.replace("name = \"words\"\nversion = \"0.1.0\"\n", "")
}
