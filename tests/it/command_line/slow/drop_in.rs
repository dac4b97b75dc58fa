//! Called by the name of rust-script, with rustc.

use std::path::PathBuf;

use crate::support::drop_in::{call, named};
use crate::support::sandbox::Sandbox;

#[test]
fn a_shebang_that_names_a_tool_finds_the_drop_in() {
    let sandbox = Sandbox::new();
    named(&sandbox);
    let main =
        "fn main() { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); std::process::exit(7) }\n";
    for (name, line) in [
        ("a", "#!/usr/bin/env rust-script"),
        ("b", "#!/usr/bin/env -S rust-script -c --debug"),
        ("c", "#!/usr/bin/env run-cargo-script"),
        ("d", "#!/usr/bin/env -S cargo-eval --"),
    ] {
        let script = sandbox.script(name, format!("{line}\n{main}"));
        let ran = sandbox.command(&script).args(["--debug", "x"]).run();
        let expected = format!("[{script:?}, \"--debug\", \"x\"]\n");
        assert_eq!((ran.code, ran.stdout), (7, expected), "{line}: {}", ran.stderr);
    }
}

#[test]
fn rust_script_finds_what_else_it_is_used_for() {
    let sandbox = Sandbox::new();
    named(&sandbox);
    sandbox.write(
        "s.rs",
        "//! ```cargo\n//! [dependencies]\n//! ```\nfn main() { println!(\"{}\", std::env::args().count()); }\n#[test]\nfn t() {}\n",
    );
    call(&sandbox, "rust-script", &["-w", "env X=1", "s.rs", "a"]).run().prints("2\n");
    call(&sandbox, "rust-script", &["-e", "1 + 1"]).run().prints("2\n");
    call(&sandbox, "rust-script", &["-l", "|line| line.len()"]).input("ab\n").run().prints("3\n");
    let tests = call(&sandbox, "rust-script", &["--test", "s.rs"]).run();
    assert!(tests.code == 0 && tests.stdout.contains("1 passed"), "{}{}", tests.stdout, tests.stderr);

    let tests = call(&sandbox, "rust-script", &["--test", "s.rs", "nothing", "--", "--nocapture"]).run();
    assert!(tests.code == 0 && tests.stdout.contains("1 filtered out"), "{}{}", tests.stdout, tests.stderr);

    let package = call(&sandbox, "rust-script", &["-p", "s.rs"]).run();
    let place = PathBuf::from(package.stdout.trim_end());
    let manifest: toml::Table = std::fs::read_to_string(place.join("Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("s"));
    assert_eq!(manifest["bin"][0]["path"].as_str().map(PathBuf::from), Some(sandbox.path("s.rs")));
    let there = sandbox.path("there").display().to_string();
    call(&sandbox, "rust-script", &["--pkg-path", "there", "-p", "s.rs"]).run().prints(&format!("{there}\n"));

    call(&sandbox, "rust-script", &["--clear-cache", "s.rs"]).run().prints("1\n");
    assert_eq!(sandbox.cached("bin").len(), 1);
    assert_eq!(call(&sandbox, "rust-script", &["--clear-cache"]).run().code, 0);
    assert!(sandbox.cached("bin").is_empty());
}

#[test]
fn scripts_read_the_variables_of_the_tool_they_were_written_for() {
    let sandbox = Sandbox::new();
    named(&sandbox);
    for (tool, prefix, path) in [
        ("rust-script", "RUST_SCRIPT", "PATH"),
        ("run-cargo-script", "CARGO_SCRIPT", "SCRIPT_PATH"),
        ("cargo-eval", "CARGO_EVAL", "SCRIPT_PATH"),
    ] {
        let text = format!(
            "#!/usr/bin/env {tool}\nfn main() {{\n    for name in [\"{path}\", \"SAFE_NAME\", \"PKG_NAME\", \"BASE_PATH\"] {{\n        \
             println!(\"{{}}\", std::env::var(format!(\"{prefix}_{{name}}\")).unwrap());\n    }}\n    \
             println!(\"{{}} {{}}\", env!(\"{prefix}_PKG_NAME\"), env!(\"CARGO_PKG_AUTHORS\"));\n}}\n"
        );
        let script = sandbox.script("My.rs", text);
        let expected = format!("{}\nMy\nmy\n{}\nmy Anonymous\n", script.display(), sandbox.work().display());
        for _ in 0..2 {
            call(&sandbox, tool, &["My.rs"]).run().prints(&expected);
            sandbox.runner(["My.rs"]).run().prints(&expected);
        }
    }
}

#[test]
fn what_stands_before_two_dashes_of_a_test_is_cargos() {
    let sandbox = Sandbox::new();
    named(&sandbox);
    let text = "#[test]\nfn t() { assert!(!cfg!(debug_assertions)); }\n#[test]\nfn u() {}\nfn main() {}\n";
    sandbox.write("s.rs", text);
    let test =
        |arguments: &[&str]| call(&sandbox, "rust-script", &[&["--test", "s.rs"], arguments].concat()).run();
    let help = test(&["--help"]);
    assert!(help.code == 0 && help.stdout.contains("runner test"), "{}{}", help.stdout, help.stderr);
    test(&["--no-run"]).prints("");
    assert_eq!(test(&[]).code, 101);
    let ran = test(&["--release", "--", "--exact", "t"]);
    assert!(ran.code == 0 && ran.stdout.contains("1 passed"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_file_with_nothing_but_its_first_line_runs() {
    let sandbox = Sandbox::new();
    named(&sandbox);
    sandbox.write("e.rs", "#!/usr/bin/env rust-script\n");
    call(&sandbox, "rust-script", &["e.rs"]).run().prints("");
    sandbox.write("f.rs", "#!/usr/bin/env runner\n");
    sandbox.runner(["f.rs"]).run().fails(125, "hint: a script needs at least `fn main() {}`");
}
