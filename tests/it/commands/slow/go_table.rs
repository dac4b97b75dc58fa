//! The table of Go's commands and ours (`src/docs/go.md`, which is part of the crate's documentation): every command on the
//! right is run, in the order of the page, and what it does is looked at.

use std::fs;
use std::path::Path;

use crate::support::fake_registry::{Crate, Registry};
use crate::support::sandbox::{Ran, Sandbox};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/docs/go.md"));

const HELLO: &str = "#!/usr/bin/env runner
fn add(one: u8, two: u8) -> u8 {
    one + two
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    println!(\"hello {arguments:?}\");
    std::process::exit(add(3, 4).into());
}

#[test]
fn adds() {
    assert_eq!(add(1, 2), 3);
}

#[test]
fn subtracts() {}
";

struct Row {
    section: String,
    go: String,
    ours: String,
    note: String,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut section = String::new();
    for line in PAGE.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            section = title.to_owned();
        }
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')) else { continue };
        let cells: Vec<&str> =
            cells.split(" | ").map(|cell| cell.trim().trim_end_matches('|').trim()).collect();
        if cells[0] == "Go" || cells[0].starts_with("---") {
            continue;
        }
        assert_eq!(cells.len(), 3, "{line}");
        let [go, ours, note] = [0, 1, 2].map(|index| cells[index].to_owned());
        rows.push(Row { section: section.clone(), go, ours, note });
    }
    rows
}

/// A command in back-ticks; `None` for a dash.
fn command(cell: &str) -> Option<&str> {
    match cell {
        "—" => None,
        _ => Some(
            cell.strip_prefix('`')
                .and_then(|cell| cell.strip_suffix('`'))
                .unwrap_or_else(|| panic!("{cell}")),
        ),
    }
}

fn sandbox() -> (Sandbox, Registry) {
    let (sandbox, registry) = Registry::new();
    let text = "fn main() { println!(\"{} {} {:?}\", env!(\"CARGO_PKG_VERSION\"), cfg!(feature = \"loud\"), \
                std::env::args().skip(1).collect::<Vec<_>>()) }";
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        let (manifest, features) = ("[features]\nloud = []\n", &["loud"][..]);
        let files = &[("src/main.rs", text)];
        registry.publish(&Crate { manifest, features, files, ..Crate::program("greeter", version) });
    }
    let files = &[("src/lib.rs", "pub const LEAF: &str = \"green\";")];
    registry.publish(&Crate { files, ..Crate::program("leaf", "1.0.0") });
    sandbox.script("hello.rs", HELLO);
    sandbox.script("tool.rs", "fn main() {\n    println!(\"tool\");\n}\n");
    let words = "---\n[dependencies]\nleaf = \"1\"\n---\nmod part;\nfn main() {\n    println!(\"{} {}\", part::WORD, leaf::LEAF);\n}\n";
    sandbox.script("words.rs", words);
    sandbox.write("part.rs", "pub const WORD: &str = \"word\";\n");
    let lock = sandbox.runner(["update", "words.rs", "--lock", "-q"]).run();
    assert_eq!((lock.code, lock.stderr.as_str()), (0, ""));
    sandbox.script("leafy.rs", "fn main() {\n    println!(\"{}\", leaf::LEAF);\n}\n");
    let bin = sandbox.commands();
    let path =
        format!("{}:{}:/usr/local/bin:/usr/bin:/bin", sandbox.root().join("bin").display(), bin.display());
    (sandbox.with("PATH", path), registry)
}

#[test]
fn every_command_of_the_table_does_what_it_is_there_for() {
    let (sandbox, _registry) = sandbox();
    let rows = rows();
    let mut count = 0;
    for row in &rows {
        match (command(&row.go), command(&row.ours)) {
            (_, Some(ours)) => {
                let ran = sandbox.sh(ours).run();
                look(ours, &ran, &sandbox);
                count += 1;
            }
            (go, None) => {
                assert!(go.is_some() && !row.note.is_empty(), "{}: nothing, and no reason", row.section)
            }
        }
    }
    assert!(count > 40, "{count}");
    println!("go: {count} of {} rows run", rows.len());
}

#[test]
fn what_the_table_says_of_go_is_a_command_of_go() {
    for row in rows() {
        let Some(go) = command(&row.go) else { continue };
        let words: Vec<&str> = go.split([' ', '(', '$', ';']).collect();
        assert!(words.iter().any(|word| ["go", "gofmt"].contains(word)), "{go}");
    }
}

/// What a command must have said and done.
#[track_caller]
fn look(command: &str, ran: &Ran, sandbox: &Sandbox) {
    let (hello, none) = ("hello []\n", "");
    let bin = sandbox.commands();
    let is_executable = |path: &Path| path.is_file();
    let made = |path: &str| is_executable(&sandbox.path(path));
    let (code, stdout): (i32, &str) = match command {
        "runner hello.rs a b" => (7, "hello [\"a\", \"b\"]\n"),
        "runner ./hello.rs; echo $?" => (0, "hello []\n7\n"),
        "runner words.rs" | "runner --locked words.rs" => (0, "word green\n"),
        "runner --dep leaf=1 leafy.rs" => (0, "green\n"),
        "runner update words.rs" => (0, "words.rs: up to date\n"),
        "runner greeter@1.0.0 -a" => (0, "1.0.0 false [\"-a\"]\n"),
        "runner greeter@1" => (0, "1.1.0 false []\n"),
        "runner greeter@latest" => (0, "2.0.0 false []\n"),
        "runner --features loud greeter@1.0.0" => (0, "1.0.0 true []\n"),
        "runner -v hello.rs" => {
            assert!(ran.stderr.starts_with("runner: hello.rs: cached as "), "{}", ran.stderr);
            assert_eq!((ran.code, ran.stdout.as_str()), (7, hello));
            return;
        }
        "runner --timings hello.rs" | "runner build -x hello.rs -o shown" => {
            let (end, (code, stdout)) = match command {
                "runner --timings hello.rs" => (" ms  altogether\n", (7, hello)),
                _ => ("/shown\n", (i32::from(!made("shown")), none)),
            };
            assert!(ran.stderr.ends_with(end), "{command}: {}", ran.stderr);
            assert_eq!((ran.code, ran.stdout.as_str()), (code, stdout), "{command}: {}", ran.stderr);
            return;
        }
        "runner -x --force hello.rs" => {
            assert!(ran.stderr.contains("rustc ") && ran.stderr.contains("hello.rs"), "{}", ran.stderr);
            assert_eq!((ran.code, ran.stdout.as_str()), (7, hello));
            return;
        }
        "runner -n hello.rs" => {
            assert_eq!((ran.code, ran.stdout.as_str()), (0, none));
            assert!(ran.stderr.contains("/v1/bin/"), "{}", ran.stderr);
            return;
        }
        "runner --work --force hello.rs" => {
            let work =
                ran.stderr.trim_end().strip_prefix("WORK=").unwrap_or_else(|| panic!("{}", ran.stderr));
            assert!(Path::new(work).is_dir() && ran.code == 7);
            return;
        }
        "runner --exec 'env A=b' hello.rs" => (7, hello),
        "runner ./hello.rs"
        | "runner hello.rs"
        | "runner --force hello.rs"
        | "(cd /tmp && runner \"$OLDPWD/hello.rs\")"
        | "runner --debug hello.rs"
        | "RUNNER_TOOLCHAIN=stable runner hello.rs"
        | "runner --offline hello.rs"
        | "RUNNER_CACHE=$HOME/other runner hello.rs"
        | "RUNNER_VERIFY=1 runner hello.rs" => (7, hello),
        "runner build hello.rs" => (i32::from(!made("hello")), none),
        "runner build hello.rs -o out/" => (i32::from(!made("out/hello")), none),
        "runner build hello.rs tool.rs -o out/" => (i32::from(!made("out/tool")), none),
        "runner build --json hello.rs -o hello.json" => return contains(ran, "\"sha256\""),
        "runner build --strip hello.rs -o small" => {
            let size = |name: &str| fs::metadata(sandbox.path(name)).unwrap().len();
            assert!(size("small") < size("hello"));
            (0, none)
        }
        "runner inspect ./hello" => return contains(ran, "\tscript\thello.rs\n"),
        "runner inspect --json ./hello" => return contains(ran, "\"language\":"),
        "runner verify ./hello" => return contains(ran, "./hello: identical to "),
        "runner env" => return contains(ran, "profile "),
        "runner env cache" => return contains(ran, ".cache/runner\n"),
        "runner env --json" => return contains(ran, "\"name\""),
        "runner build hello.rs -o greet" => (i32::from(!made("greet")), none),
        "runner build greeter@1.0.0 -o out/" => (i32::from(!made("out/greeter")), none),
        "runner build --static hello.rs -o static" => {
            let program = fs::read(sandbox.path("static")).unwrap();
            let loader = b"/lib64/ld-linux";
            assert!(!program.windows(loader.len()).any(|bytes| bytes == loader), "it needs a loader");
            (0, none)
        }
        "runner build --target x86_64-unknown-linux-gnu hello.rs -o cross" => {
            (i32::from(!made("cross")), none)
        }
        "runner build --cache hello.rs words.rs" => (0, none),
        "runner promote tool.rs" => return installed(ran, &[&bin.join("tool")]),
        "runner promote hello.rs words.rs" => {
            return installed(ran, &[&bin.join("hello"), &bin.join("words")]);
        }
        "RUNNER_BIN=$PWD/bin runner promote tool.rs" => return installed(ran, &[&sandbox.path("bin/tool")]),
        "runner promote greeter@latest" => return installed(ran, &[&bin.join("greeter")]),
        "runner promote greeter@1.0.0 --name greeter-1" => return installed(ran, &[&bin.join("greeter-1")]),
        "runner list" => return contains(ran, "greeter    current         "),
        "runner list --json" => return contains(ran, "\"state\":\"current\""),
        "runner upgrade" => (
            0,
            "greeter: up to date (2.0.0)\ngreeter-1: up to date (1.0.0)\nhello: up to date\ntool: up to date\ntool: up to date\nwords: up to date\n",
        ),
        "runner demote hello words" => {
            assert!(!bin.join("hello").exists() && bin.join("tool").exists());
            return contains(ran, "removed ");
        }
        "runner update words.rs --lock" | "runner update greeter@latest" => {
            return contains(ran, ": up to date\n");
        }
        "runner --version" => return contains(ran, concat!("runner ", env!("CARGO_PKG_VERSION"), "\n")),
        "runner check hello.rs" | "runner fmt hello.rs" | "runner fmt --check hello.rs" => (0, none),
        "runner test hello.rs" => return contains(ran, "2 passed"),
        "runner test hello.rs add" => return contains(ran, "1 passed"),
        "runner doc hello.rs -o doc" => return contains(ran, "doc/hello/index.html\n"),
        "runner cache clean" => return contains(ran, "removed "),
        "runner cache size" => return contains(ran, "\n"),
        "runner help run" => return contains(ran, "Usage:"),
        "runner why hello.rs" => return contains(ran, "hello.rs: not built yet\n"),
        "runner inputs hello.rs" => {
            // The row before cleans the cache.
            assert!(ran.code == 125 && ran.stderr.contains("it was not built yet"), "{}", ran.stderr);
            return;
        }
        other => panic!("nobody has said what `{other}` does"),
    };
    assert_eq!((ran.code, ran.stdout.as_str()), (code, stdout), "{command}: {}", ran.stderr);
    assert_eq!(ran.stderr, "", "{command}");
}

#[track_caller]
fn installed(ran: &Ran, paths: &[&Path]) {
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("installed ")).collect();
    assert_eq!(lines.len(), paths.len(), "{}", ran.stdout);
    for (line, path) in lines.iter().zip(paths) {
        assert!(line.contains(path.to_str().unwrap()) && path.is_file(), "{line}");
    }
}

#[track_caller]
fn contains(ran: &Ran, text: &str) {
    assert!(
        ran.code == 0 && ran.stderr.is_empty() && ran.stdout.contains(text),
        "{} {}",
        ran.stdout,
        ran.stderr
    );
}
