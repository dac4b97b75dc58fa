//! `runner check`, `clippy`, `doc` and `fmt`, on any dialect and with the script's own path and lines.

use std::path::Path;

use crate::support::sandbox::{Sandbox, skipped};

/// The three forms of one script, whose line of code with a complaint is the last but one.
fn dialects() -> [(&'static str, String); 3] {
    let code =
        "//! About it.\nfn one() -> i32 {\n    return 1;\n}\nfn main() {\n    let unused = one();\n}\n";
    [
        ("frontmatter.rs", format!("#!/usr/bin/env runner\n---\n[package]\nedition = \"2021\"\n---\n{code}")),
        ("block.rs", format!("//! ```cargo\n//! [package]\n//! edition = \"2021\"\n//! ```\n{code}")),
        ("plain.rs", code.to_owned()),
    ]
}

#[test]
fn check_and_clippy_speak_of_the_scripts_own_lines() {
    let sandbox = Sandbox::new();
    for (name, text) in dialects() {
        let name = format!("sub/{name}");
        sandbox.write(&name, &text);
        let line_of = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
        let checked = sandbox.runner(["check", &name]).run();
        assert_eq!((checked.code, checked.stdout.as_str()), (0, ""), "{}", checked.stderr);
        let place = format!("--> {name}:{}:9", line_of("unused"));
        assert!(checked.stderr.contains(&place), "{}", checked.stderr);
        let linted = sandbox.runner(["clippy", &name]).run();
        if linted.code == 127 {
            return skipped("no clippy");
        }
        let place = format!("--> {name}:{}:5", line_of("return"));
        assert!(linted.code == 0 && linted.stderr.contains(&place), "{}", linted.stderr);
        let strict = sandbox.runner(["clippy", &name, "--", "-Dwarnings"]).run();
        assert_eq!(strict.code, 125);
        assert!(
            strict.stderr.trim_end().ends_with("clippy-driver failed (exit status: 1)"),
            "{}",
            strict.stderr
        );
    }
}

#[test]
fn check_says_what_cargo_would_warn_of() {
    let sandbox = Sandbox::new();
    sandbox.write("s.rs", "---\nfoo = 1\n---\nfn main() {}\n");
    sandbox.runner(["check", "s.rs"]).run().ends(
        0,
        "",
        "runner: s.rs: warning: `package.edition` is unspecified, defaulting to the latest edition (currently `2024`)\n\
         runner: s.rs: warning: line 2: unused manifest key: foo\n",
    );
    sandbox.write("s.rs", "---\n---\nfn main() { let x: u8 = \"\"; }\n");
    let failed = sandbox.runner(["check", "s.rs"]).run();
    assert!(failed.stderr.contains("\n --> s.rs:3:25\n"), "{}", failed.stderr);
    failed.fails(125, "runner: s.rs: rustc failed (exit status: 1)");
    // Nothing of it is taken for a build.
    assert!(sandbox.cached("bin").is_empty());
}

#[test]
fn what_is_ours_is_not_complained_of() {
    let sandbox = Sandbox::new();
    for text in [
        "#![warn(clippy::pedantic, clippy::nursery, clippy::style)]\nconst fn one() -> u8 {\n    1\n}\nlet x = one();\nprintln!(\"{x}\");\n",
        "#![warn(clippy::pedantic)]\nlet x = one();\nconst fn one() -> u8 {\n    1\n}\nprintln!(\"{x}\");\nOk(())\n",
    ] {
        sandbox.write("s.rs", text);
        for tool in ["check", "clippy"] {
            let ran = sandbox.runner([tool, "s.rs"]).run();
            if ran.code == 127 {
                return skipped("no clippy");
            }
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{tool} {text}");
        }
    }
}

#[test]
fn documentation_goes_where_it_is_asked_to() {
    let sandbox = Sandbox::new();
    for (name, text) in dialects() {
        sandbox.write(name, text);
        let ran = sandbox.runner(["doc", name, "-o", "docs"]).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let page = sandbox.path("docs").join(Path::new(name).file_stem().unwrap()).join("index.html");
        assert_eq!(ran.stdout.trim_end(), page.to_str().unwrap());
        assert!(std::fs::read_to_string(page).unwrap().contains("About it."));
    }
    let ran = sandbox.runner(["doc", "plain.rs"]).run();
    assert!(Path::new(ran.stdout.trim_end()).starts_with(sandbox.cache()), "{}", ran.stdout);
}

#[test]
fn formatting_is_rustfmts() {
    let sandbox = Sandbox::new();
    for (name, text) in dialects() {
        let badly = text.replace("fn main() {", "fn main( ) {");
        let path = sandbox.write(name, &badly);
        let shown = sandbox.runner(["fmt", name, "--check"]).run();
        if shown.code == 127 {
            return skipped("no rustfmt");
        }
        assert_eq!(shown.code, 1, "{}", shown.stderr);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), badly);
        sandbox.runner(["fmt", name]).run().prints("");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        sandbox.runner(["fmt", "--check", name]).run().prints("");
    }
}

/// A script without `main`, badly and well formatted.
const BADLY: &str = "#!/usr/bin/env rust-script\n//! Docs.\n#![allow(unused)]  // why\n\n/* a\n   b */\nuse std::fmt;\n\
                     use  std::collections::HashMap;\nlet s=\"a\n   b\";\n#[rustfmt::skip]\nlet y = [\n  1,   2,\n];\n\
                     mac! { a   b }\n\n\n  // Then.\nif s==y {println!( \"x\" )}\nfn f( ) {}\nOk(())\n// end";

const WELL: &str = "#!/usr/bin/env rust-script\n//! Docs.\n#![allow(unused)] // why\n\n/* a\nb */\n\
                    use std::collections::HashMap;\nuse std::fmt;\nlet s = \"a\n   b\";\n#[rustfmt::skip]\nlet y = [\n  1,   2,\n];\n\
                    mac! { a   b }\n\n// Then.\nif s == y {\n    println!(\"x\")\n}\nfn f() {}\nOk(())\n// end\n";

#[test]
fn statements_are_formatted_as_in_a_function_but_where_they_stand() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("sub/s.rs", BADLY);
    let read = || std::fs::read_to_string(&path).unwrap();
    let shown = sandbox.runner(["fmt", "--check", "sub/s.rs"]).run();
    if shown.code == 127 {
        return skipped("no rustfmt");
    }
    assert_eq!((shown.code, shown.stderr.as_str(), read().as_str()), (1, "", BADLY));
    let first = "Diff in sub/s.rs:1:\n #!/usr/bin/env rust-script\n //! Docs.\n-#![allow(unused)]  // why\n+#![allow(unused)] // why\n";
    assert!(shown.stdout.starts_with(first), "{}", shown.stdout);
    sandbox.runner(["fmt", "sub/s.rs", "--", "--emit", "stdout"]).run().prints(WELL);
    assert_eq!(sandbox.runner(["fmt", "sub/s.rs", "--", "-l", "--check"]).run().stdout, "sub/s.rs\n");
    assert_eq!(read(), BADLY);
    sandbox.runner(["fmt", "sub/s.rs"]).run().prints("");
    assert_eq!(read(), WELL);
    // What is formatted stays so.
    sandbox.runner(["fmt", "sub/s.rs"]).run().prints("");
    sandbox.runner(["fmt", "--check", "sub/s.rs"]).run().prints("");
    assert_eq!(read(), WELL);
    sandbox
        .runner(["fmt", "sub/s.rs", "--", "--emit=json"])
        .run()
        .fails(125, "runner: sub/s.rs: of a script without `main`, `--emit` gives `files` or `stdout`");

    // The configuration is what lies above the script; line ends stay.
    sandbox.write("sub/rustfmt.toml", "hard_tabs = true\nmax_width = 20\n");
    sandbox.write("sub/s.rs", "---\r\n---\r\nif x { f( \"a\", \"bcde\" ) }\r\n");
    sandbox.runner(["fmt", "sub/s.rs"]).run().prints("");
    assert_eq!(read(), "---\r\n---\r\nif x {\r\n\tf(\"a\", \"bcde\")\r\n}\r\n");

    // What is no Rust is left alone, and said where.
    for (text, place) in [
        ("x( ;\n", " --> "),
        ("let a = 1;\nlet b = ;\n", " --> sub/s.rs:2:9\n"),
        ("let b = ;", " --> sub/s.rs:1:9\n"),
    ] {
        sandbox.write("sub/s.rs", text);
        let refused = sandbox.runner(["fmt", "sub/s.rs"]).run();
        assert_eq!((refused.code, read().as_str()), (1, text));
        assert!(refused.stderr.contains(place), "{}", refused.stderr);
    }
}

#[test]
fn dependencies_are_those_of_a_run() {
    let sandbox = Sandbox::new();
    sandbox.write("d/Cargo.toml", "[package]\nname = \"d\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("d/src/lib.rs", "pub fn two() -> i32 { 2 }\n");
    sandbox.write("s.rs", "---\n[package]\nedition = \"2021\"\n[dependencies]\nd = { path = \"d\" }\n---\nfn main() { println!(\"{}\", d::two()) }\n");
    sandbox.runner(["check", "s.rs"]).run().prints("");
    sandbox.runner(["s.rs"]).run().prints("2\n");
    let ran = sandbox.runner(["doc", "s.rs"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn lints_of_rustdoc_are_its_own() {
    let sandbox = Sandbox::new();
    let script = |lints: &str| {
        format!(
            "---\npackage.edition = \"2021\"\n{lints}---\n//! [nothing] [private]\nfn private() {{}}\nfn main() {{}}\n"
        )
    };
    sandbox.write("s.rs", script(""));
    let warned = sandbox.runner(["doc", "s.rs"]).run();
    assert!(
        warned.code == 0 && warned.stderr.contains("warning: unresolved link to `nothing`"),
        "{}",
        warned.stderr
    );
    assert!(!warned.stderr.contains("`private`"), "{}", warned.stderr);
    sandbox.write("s.rs", script("[lints.rustdoc]\nbroken_intra_doc_links = \"deny\"\n"));
    sandbox.runner(["s.rs"]).run().prints("");
    let denied = sandbox.runner(["doc", "s.rs"]).run();
    assert!(
        denied.code == 125 && denied.stderr.contains("error: unresolved link to `nothing`"),
        "{}",
        denied.stderr
    );
}

#[test]
fn flags_of_the_metadata_reach_dependencies_as_cargos_do() {
    let sandbox = Sandbox::new();
    sandbox.write("d/Cargo.toml", "[package]\nname = \"d\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[lints.rust]\nunexpected_cfgs = \"allow\"\n");
    sandbox.write("d/src/lib.rs", "pub fn told() -> [bool; 2] { [cfg!(one), cfg!(two)] }\n");
    let script = |flags: &str| {
        format!(
            "---\n[package.metadata.runner]\nrustflags = \"{flags}\"\n[dependencies]\nd = {{ path = \"d\" }}\n\
             [lints.rust]\nunexpected_cfgs = \"allow\"\n---\nfn main() {{ println!(\"{{:?}} {{:?}}\", d::told(), [cfg!(one), cfg!(two)]) }}\n"
        )
    };
    sandbox.write("s.rs", script(""));
    sandbox.runner(["s.rs"]).run().prints("[false, false] [false, false]\n");
    sandbox.write("s.rs", script("--cfg one"));
    sandbox.runner(["s.rs"]).run().prints("[true, false] [true, false]\n");
    // With what cargo takes from the caller.
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
    ] {
        if name.starts_with("CARGO_TARGET_") && cfg!(not(all(target_arch = "x86_64", target_os = "linux"))) {
            continue;
        }
        let flag = if name.contains("ENCODED") { "--cfg\u{1f}two" } else { "--cfg two" };
        sandbox.runner(["s.rs"]).env(name, flag).run().prints("[true, true] [true, true]\n");
    }
    let linted = sandbox.runner(["check", "s.rs"]).run();
    assert_eq!((linted.code, linted.stdout.as_str()), (0, ""), "{}", linted.stderr);
}
