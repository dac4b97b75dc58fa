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
