//! Scripts without `main`, with the machine's own rustc, and beside rust-script where there is one.

use std::fs;

use crate::support::files::files_below;
use crate::support::rust_script::{rust_script, theirs};
use crate::support::sandbox::Sandbox;

/// What scripts without `main` print, with which code, and what they say last on stderr.
const SCRIPTS: &[(&str, &str, i32, &str)] = &[
    ("println!(\"hi\");", "hi\n", 0, ""),
    ("println!(\"hi\")", "hi\n", 0, ""),
    ("#!/usr/bin/env rust-script\nprintln!(\"hi\");\n", "hi\n", 0, ""),
    // Items and statements, in any order.
    ("let x = f();\nprintln!(\"{x}\");\nfn f() -> u8 { g() }\nfn g() -> u8 { 1 }\n", "1\n", 0, ""),
    ("fn f() -> u8 { g() }\nlet x = f();\nfn g() -> u8 { 2 }\nprintln!(\"{x}\");\n", "2\n", 0, ""),
    (
        "use std::fmt::Write;\nlet mut s = String::new();\nwrite!(s, \"a\")?;\nprintln!(\"{s}\");\n",
        "a\n",
        0,
        "",
    ),
    (
        "struct P(u8);\nimpl P { fn n(&self) -> u8 { self.0 } }\nconst C: u8 = 3;\nstatic S: u8 = 4;\nenum E { A }\n\
         type T = u8;\nmacro_rules! m { ($x:expr) => { $x + 1 } }\nlet t: T = m!(P(C).n());\nlet E::A = E::A;\n\
         println!(\"{t} {S}\");\n",
        "4 4\n",
        0,
        "",
    ),
    (
        "if true { println!(\"a\") } else { println!(\"b\") }\nfor i in 0..2 { print!(\"{i}\") }\nfn f() {}\nf();\n",
        "a\n01",
        0,
        "",
    ),
    (
        "thread_local! { static N: std::cell::Cell<u8> = const { std::cell::Cell::new(5) }; }\nprintln!(\"{}\", N.get());\n",
        "5\n",
        0,
        "",
    ),
    // The result.
    (
        "let n: u8 = \"x\".parse()?;\nprintln!(\"{n}\");\n",
        "",
        1,
        "Error: ParseIntError { kind: InvalidDigit }",
    ),
    ("Err(\"boom\")?;\n", "", 1, "Error: \"boom\""),
    ("println!(\"a\");\nif true { return Ok(()); }\nprintln!(\"b\");\n", "a\n", 0, ""),
    ("println!(\"a\");\nreturn Ok(());\n", "a\n", 0, ""),
    ("println!(\"a\");\nstd::process::exit(7);\n", "a\n", 7, ""),
    // What a pattern is fooled by.
    ("// fn main() {}\nprintln!(\"a\");\n", "a\n", 0, ""),
    ("/* fn main() {}\nfn main() {} */\nprintln!(\"a\");\n", "a\n", 0, ""),
    ("//! docs\n//! fn main() {}\n\n/// more\nfn f() {}\nf();\nprintln!(\"a\");\n", "a\n", 0, ""),
    // At the head.
    ("//! docs\n#![allow(unused)]\n#![deny(unsafe_code)]\nlet x = 1;\nprintln!(\"a\");\n", "a\n", 0, ""),
    ("---\npackage.edition = \"2021\"\n---\nlet r#gen = 1;\nprintln!(\"{}\", r#gen);\n", "1\n", 0, ""),
    (
        "#!/usr/bin/env -S cargo -Zscript\n---cargo\n---\n\nlet gen_ = 1;\nprintln!(\"{gen_}\");\n",
        "1\n",
        0,
        "",
    ),
    ("//! ```cargo\n//! ```\nlet gen = 1;\nprintln!(\"{gen}\");\n", "1\n", 0, ""),
    ("\u{feff}println!(\"a\");\r\nlet x = \"\r\";\r\n", "", 125, ""),
    ("\u{feff}println!(\"a\");\r\nlet x = 1;\r\nprintln!(\"{x}\");\r\n", "a\n1\n", 0, ""),
    // Names of the script's own.
    (
        "type Result<T> = std::result::Result<T, u8>;\nstruct Box;\nlet r: Result<Box> = Ok(Box);\nprintln!(\"{}\", r.is_ok());\n",
        "true\n",
        0,
        "",
    ),
];

#[test]
fn scripts_without_main_run() {
    let sandbox = Sandbox::new();
    for (index, (text, stdout, code, says)) in SCRIPTS.iter().enumerate() {
        let name = format!("s{index}.rs");
        sandbox.script(&name, text);
        let ran = sandbox.runner([&name]).run();
        assert_eq!((ran.stdout.as_str(), ran.code), (*stdout, *code), "{text}\n{}", ran.stderr);
        assert!(ran.stderr.contains(says) && (*code != 0 || ran.stderr.is_empty()), "{text}\n{}", ran.stderr);
    }
}

#[test]
fn rust_script_gives_the_same() {
    let Some(rust_script) = rust_script() else { return };
    let sandbox = Sandbox::new();
    // Known differences: it knows no frontmatter and no BOM, is fooled by a `main` in a comment, loses inner attributes and
    // takes `Ok(())` of the scripts without `;` for a value.
    let is_known =
        |text: &str| ["---", "\u{feff}", "fn main", "#![", "\r"].iter().any(|sign| text.contains(sign));
    for (text, stdout, code, says) in SCRIPTS.iter().filter(|(text, ..)| !is_known(text)).step_by(3) {
        sandbox.script("s.rs", text);
        let ran = theirs(&sandbox, &rust_script).args(["s.rs"]).run();
        assert_eq!((ran.stdout.as_str(), ran.code), (*stdout, *code), "{text}\n{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{text}\n{}", ran.stderr);
    }
}

#[test]
fn a_main_in_any_spelling_is_left_alone() {
    let sandbox = Sandbox::new();
    for (index, text) in [
        "\tfn\tmain ( ) { println!(\"main\") }",
        "pub fn main() { println!(\"main\") }",
        "#[cfg(not(test))]\nfn main() { println!(\"main\") }\n#[cfg(test)]\nfn main() {}",
        "#![no_main]\n#[unsafe(no_mangle)]\npub extern \"C\" fn main(_: i32, _: *const *const u8) -> i32 { println!(\"main\"); 0 }",
        "/* fn */ fn /* the */ main() { println!(\"main\") }",
        "macro_rules! program { () => { fn main() { println!(\"main\") } } }\nprogram!();",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("s{index}.rs");
        sandbox.script(&name, text);
        sandbox.runner([&name]).run().prints("main\n");
    }
}

/// A script that looks at everything around it.
const CURIOUS: &str = "\
#!/usr/bin/env rust-script
//! Docs.
#![allow(unused)]
mod plain;
#[path = \"elsewhere/other.rs\"] mod other;
mod directory;
use std::collections::BTreeMap;

println!(\"{}:{}:{}\", file!(), line!(), column!());
println!(\"{} {} {}\", plain::say(), other::say(), directory::say());
println!(\"{} {}\", include_str!(\"text\"), include_str!(\"../above\"));
let mut map: BTreeMap<u8, u8> = include!(\"map.in\");
fn among() -> usize { include_bytes!(\"elsewhere/bytes\").len() }
println!(\"{:?} {}\", map.remove(&1), among());
\tif map.is_empty() { panic!(\"done\"); }
";

fn curious() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("d/s.rs", CURIOUS);
    for (name, text) in [
        ("d/plain.rs", "pub fn say() -> String { inner::say() }\nmod inner;"),
        ("d/plain/inner.rs", "pub fn say() -> String { \"plain\".into() }"),
        ("d/elsewhere/other.rs", "#!/usr/bin/env runner\npub fn say() -> &'static str { \"other\" }"),
        ("d/elsewhere/bytes", "123"),
        ("d/directory/mod.rs", "pub fn say() -> &'static str { include_str!(\"said\") }"),
        ("d/directory/said", "directory"),
        ("d/text", "text"),
        ("above", "above"),
        ("d/map.in", "[(1, 2)].into_iter().collect()"),
    ] {
        sandbox.write(name, text);
    }
    sandbox
}

#[test]
fn everything_around_a_script_is_found() {
    let sandbox = curious();
    let script = sandbox.path("d/s.rs");
    let before = files_below(&sandbox.work()).len();
    let stdout = format!("{}:9:40\nplain other directory\ntext above\nSome(2) 3\n", script.display());
    for directory in ["d", "."] {
        let typed = if directory == "d" { "s.rs" } else { "d/s.rs" };
        let ran = sandbox.runner([typed]).within(sandbox.path(directory)).run();
        assert_eq!((ran.stdout.as_str(), ran.code), (stdout.as_str(), 101), "{}", ran.stderr);
        assert!(
            ran.stderr.contains(&format!("panicked at {}:15:25:\ndone", script.display())),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(files_below(&sandbox.work()).len(), before, "nothing is written beside the script");
}

#[test]
fn a_change_of_anything_around_a_script_is_seen() {
    let sandbox = curious();
    sandbox.runner(["d/s.rs"]).run();
    for name in [
        "d/plain.rs",
        "d/plain/inner.rs",
        "d/elsewhere/other.rs",
        "d/elsewhere/bytes",
        "d/directory/said",
        "d/text",
        "above",
        "d/map.in",
    ] {
        assert!(sandbox.runner(["why", "d/s.rs"]).run().stdout.contains(": cached as "), "{name}");
        let path = sandbox.path(name);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text} ")).unwrap();
        let why = sandbox.runner(["why", "d/s.rs"]).run().stdout;
        assert!(why.contains(&format!("/{}` was ", path.file_name().unwrap().display())), "{name}: {why}");
        fs::write(&path, text).unwrap();
    }
    // And a module that would make another ambiguous.
    sandbox.write("d/plain/mod.rs", "");
    assert!(!sandbox.runner(["why", "d/s.rs"]).run().stdout.contains(": cached as "));
}

#[test]
fn messages_name_the_scripts_own_lines_and_columns() {
    let sandbox = Sandbox::new();
    sandbox.script("d/s.rs", "#!/usr/bin/env runner\n// é\nuse std::fs;\nlet b: u8 = \"\";\n\n\tlet c = nothing;\nfn f() {}\nf();\n");
    let ran = sandbox.runner(["d/s.rs"]).run();
    for place in [" --> d/s.rs:4:13", " --> d/s.rs:6:10"] {
        assert!(ran.stderr.contains(place), "{place}\n{}", ran.stderr);
    }
    // A module that is not there, and what is never closed, are rustc's to say, in its own words.
    sandbox.script("d/s.rs", "println!();\nmod gone;\n");
    let ran = sandbox.runner(["d/s.rs"]).run();
    assert!(
        ran.stderr.starts_with("error[E0583]: file not found for module `gone`\n --> d/s.rs:2:1"),
        "{}",
        ran.stderr
    );
    sandbox.script("d/s.rs", "println!();\nif true {\n");
    let ran = sandbox.runner(["d/s.rs"]).run();
    assert!(ran.stderr.contains("unclosed delimiter\n --> d/s.rs:2:"), "{}", ran.stderr);
}

#[test]
fn modules_below_statements_are_modules_of_the_script() {
    let sandbox = Sandbox::new();
    sandbox.write("m.rs", "mod inner;\npub fn say() -> u8 { inner::say() }");
    sandbox.write("m/inner.rs", "pub fn say() -> u8 { 6 }");
    sandbox.script("s.rs", "let x = 1;\nmod m;\nuse m::say;\nprintln!(\"{} {}\", x, say());\n");
    sandbox.runner(["s.rs"]).run().prints("1 6\n");
}

#[test]
fn items_alone_are_a_program_without_main_unless_they_are_rust_scripts() {
    let sandbox = Sandbox::new();
    sandbox.script("plain.rs", "fn mian() {}\n");
    sandbox.script("tests.rs", "#[test]\nfn t() {}\n");
    sandbox.script("theirs.rs", "#!/usr/bin/env rust-script\n#[test]\nfn t() {}\n");
    sandbox.script("empty.rs", "//! ```cargo\n//! [dependencies]\n//! ```\n");
    let hint = "hint: a script is a program: it needs `fn main`";
    sandbox.runner(["plain.rs"]).run().fails(125, hint);
    let hint = "hint: it only holds tests: `runner test` before the script runs them";
    sandbox.runner(["tests.rs"]).run().fails(125, hint);
    sandbox.runner(["theirs.rs"]).run().prints("");
    sandbox.runner(["empty.rs"]).run().prints("");
}

#[test]
fn a_script_on_standard_input_runs_where_the_caller_is() {
    let sandbox = Sandbox::new();
    sandbox.write("text", "beside");
    sandbox.write("m.rs", "pub fn say() -> u8 { 7 }");
    let with_main =
        "mod m;\nfn main() { println!(\"{} {} {:?}\", m::say(), include_str!(\"text\"), std::env::args()); }";
    let text = |code: &str| sandbox.runner(["-", "a", "--help"]).input(code);
    text(with_main).run().prints("7 beside Args { inner: [\"-\", \"a\", \"--help\"] }\n");
    text("#!/usr/bin/env runner\nlet rest = std::io::read_to_string(std::io::stdin())?;\nprintln!(\"{rest:?}\");").run().prints("\"\"\n");
    let ran = text("println!(\"a\");\npanic!(\"b\")").run();
    assert!(ran.code == 101 && ran.stderr.contains("panicked at <stdin>:2:1:\nb"), "{}", ran.stderr);
    let ran = text("let x = 1;\nlet y: u8 = x + \"\";").run();
    assert!(ran.code == 125 && ran.stderr.contains(" --> <stdin>:2:15"), "{}", ran.stderr);
    text("---\npackage.edition = \"2015\"\n---\nfn main() { let async = 1; println!(\"{}\", async); }")
        .run()
        .prints("1\n");
    text("").run().fails(125, "hint: a script needs at least `fn main() {}`");
    // It is a hit the second time, wherever its arguments differ.
    sandbox.runner(["--verbose", "-"]).input(with_main).run();
    let again = sandbox.runner(["--verbose", "-", "b"]).input(with_main).run();
    assert!(again.stderr.contains("cached"), "{}", again.stderr);
}

/// A `main` that is seen only when macros are expanded: in an included file, by a macro of another file, by one that is given
/// the name.
#[test]
fn a_main_that_a_macro_makes_is_the_scripts_own() {
    let sandbox = Sandbox::new();
    sandbox.write("real.rs", "fn main() { println!(\"real\"); }\n#[test] fn real() {}\n");
    sandbox.write(
        "m.rs",
        "macro_rules! make { ($n:expr) => { fn main() { println!(\"{}\", $n); } } }\n\
         macro_rules! say { ($n:expr) => { println!(\"{}\", $n) } }\npub(crate) use {make, say};\n",
    );
    let named = "macro_rules! named { ($f:ident) => { fn $f() { println!(\"n\"); } } }\nnamed!(main);\n";
    for (text, expected) in [
        ("include!(\"real.rs\");\n", "real\n"),
        ("#!/usr/bin/env runner\n---\npackage.edition = \"2021\"\n---\ninclude!(\"real.rs\");\n", "real\n"),
        ("mod m;\nm::make!(3);\n", "3\n"),
        (named, "n\n"),
        // And those that are statements still are.
        ("mod m;\nm::say!(4);\n", "4\n"),
        ("mod m;\nm::say!(4);\nm::say!(5);\n", "4\n5\n"),
        ("macro_rules! twice { ($e:expr) => { $e; $e } }\ntwice!(println!(\"t\"));\n", "t\nt\n"),
    ] {
        sandbox.write("s.rs", text);
        sandbox.runner(["s.rs"]).run().prints(expected);
        let checked = sandbox.runner(["check", "s.rs"]).run();
        assert!(checked.code == 0 && !checked.stderr.contains("error"), "{text}{}", checked.stderr);
        sandbox.runner(["build", "s.rs"]).run().prints("");
        sandbox.sh("./s").run().prints(expected);
    }
    sandbox.write("s.rs", "include!(\"real.rs\");\n");
    let tested = sandbox.runner(["test", "s.rs"]).run();
    assert!(tested.code == 0 && tested.stdout.contains("1 passed"), "{}{}", tested.stdout, tested.stderr);
    // rust-script's rule for what only holds items is for what has no `main`.
    sandbox.write("r.rs", "#!/usr/bin/env rust-script\nmod m;\nm::make! { 6 }\n");
    sandbox.runner(["r.rs"]).run().prints("6\n");
    sandbox.write("s.rs", "mod m;\nm::say!(nothing);\n");
    let failed = sandbox.runner(["s.rs"]).run();
    assert!(failed.code == 125 && failed.stderr.contains("--> s.rs:2:9"), "{}", failed.stderr);
}

/// Neither the opening nor the closing round the statements is anybody's business: not as text, not as data, not as columns.
#[test]
fn messages_never_show_what_stands_round_the_statements() {
    let sandbox = Sandbox::new();
    let wrapper = ["__Runner", "__runner", "fn main()", "unnecessary_wraps"];
    for (name, text, place) in [
        ("type", "let x: u8 = \"a\";\n", "--> s.rs:1:13\n"),
        ("return", "return 5;\n", "--> s.rs:1:8\n"),
        ("await", "async fn f() {}\nf().await;\n", "--> s.rs:2:5\n"),
        ("import", "// c\nlet m = HashMap::new();\n", "2 + use std::collections::HashMap;\n"),
        ("moved", "use std::fmt;\nx();\nmod nope;\ny();\n", "--> s.rs:3:1\n"),
        ("last", "let a = 1; // c\nlet b: u8 = a + \"x\"; // d\n", "let b: u8 = a + \"x\"; // d\n"),
        (
            "macro",
            "macro_rules! m { ($e:expr) => { let a: u8 = $e; } }\nm!(\"x\");\nlet q = 1;\n",
            "--> s.rs:2:4\n",
        ),
    ] {
        sandbox.write("s.rs", text);
        let ran = sandbox.runner(["s.rs"]).run();
        assert!(ran.code == 125 && ran.stderr.contains(place), "{name}: {}", ran.stderr);
        for word in wrapper {
            assert!(!ran.stderr.contains(word), "{name}: {}", ran.stderr);
        }
        let json = sandbox.runner(["check", "s.rs", "--", "--error-format=json"]).run();
        assert_eq!(json.code, 125, "{}", json.stderr);
        for line in json.stderr.lines().filter(|line| line.starts_with('{')) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            for word in wrapper {
                assert!(!line.contains(word), "{name}: {line}");
            }
            for span in value["spans"].as_array().unwrap() {
                let bytes = span["byte_start"].as_u64().unwrap() as usize
                    ..span["byte_end"].as_u64().unwrap() as usize;
                let column = span["column_start"].as_u64().unwrap() as usize;
                let line = span["line_start"].as_u64().unwrap() as usize;
                let before: usize = text.lines().take(line - 1).map(|line| line.len() + 1).sum();
                assert_eq!(bytes.start, before + column - 1, "{name}: {span}");
                assert!(bytes.end <= text.len(), "{name}: {span}");
            }
        }
    }
}

#[test]
fn warnings_are_about_the_scripts_own_code() {
    let sandbox = Sandbox::new();
    let silent = ["vec![1,2]", "{1}", "(1)", "let x = 1; x + 1"];
    for expression in silent {
        let ran = sandbox.runner(["-v", "-e", expression]).run();
        assert!(ran.code == 0 && !ran.stderr.contains("warning"), "{expression}: {}", ran.stderr);
    }
    for closure in ["|l| l.trim().len()*2", "|l| { l.len() }"] {
        let ran = sandbox.runner(["-v", "--loop", closure]).run();
        assert!(ran.code == 0 && !ran.stderr.contains("warning"), "{closure}: {}", ran.stderr);
    }
    sandbox.write("s.rs", "let unused = 1;\n");
    let ran = sandbox.runner(["-v", "s.rs"]).run();
    assert!(ran.code == 0 && ran.stderr.contains("--> s.rs:1:5"), "{}", ran.stderr);
    assert!(ran.stderr.contains("let unused = 1;\n  |     ^^^^^^ help:"), "{}", ran.stderr);
}
