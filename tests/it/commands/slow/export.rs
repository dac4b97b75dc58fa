//! `runner export` and `import`: a script becomes a cargo package that is the same program, and comes back.

use std::fs;
use std::path::Path;

use crate::support::path_dependency::{package, said, script};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::watched::real;

/// Cargo, in a package.
fn cargo(sandbox: &Sandbox, directory: &str, arguments: &[&str]) -> Ran {
    let cargo = sandbox.runner(["env", "cargo"]).run().stdout;
    sandbox.command(cargo.trim()).args(arguments).within(sandbox.path(directory)).run()
}

fn export(sandbox: &Sandbox, words: &[&str]) -> Ran {
    let ran = sandbox.runner([&["export", "--offline"], words].concat()).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{words:?}: {}", ran.stdout);
    ran
}

#[test]
fn the_package_is_the_same_program_and_holds_what_the_build_read_and_nothing_else() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("dependency"));
    let head = "#!/usr/bin/env runner\n---\n# kept\n[package]\nedition = \"2021\"\n\n[dependencies]\na.path = \"../a\"\n---\n";
    let code = "mod part;\nfn main() {\n    println!(\"{} {} {}\", a::said(), part::said(), include_str!(\"data/x.txt\").trim());\n}\n";
    sandbox.write("d/tool.rs", format!("{head}{code}"));
    sandbox.write("d/part.rs", said("module"));
    sandbox.write("d/data/x.txt", "text\n");
    for name in ["d/other.rs", "d/settings.json", "d/data/y.txt", "d/secret"] {
        sandbox.write(name, "not the script's\n");
    }
    sandbox.runner(["d/tool.rs"]).run().prints("dependency module text\n");
    let dry = export(&sandbox, &["--dry-run", "d/tool.rs", "out"]);
    assert!(!sandbox.path("out").exists());
    let listed: Vec<&str> = dry.stdout.lines().filter_map(|line| line.strip_prefix("would write ")).collect();
    let expected = [
        "out/.gitignore",
        "out/Cargo.lock",
        "out/Cargo.toml",
        "out/src/data/x.txt",
        "out/src/main.rs",
        "out/src/part.rs",
    ];
    assert_eq!(listed, expected);
    export(&sandbox, &["d/tool.rs", "out"]);
    for file in expected {
        assert!(sandbox.path(file).is_file(), "{file}");
    }
    assert_eq!(fs::read_to_string(sandbox.path("out/src/main.rs")).unwrap(), code);
    let manifest = fs::read_to_string(sandbox.path("out/Cargo.toml")).unwrap();
    assert!(manifest.starts_with("# kept\n[package]\nname = \"tool\"\n"), "{manifest}");
    let ran = cargo(&sandbox, "out", &["run", "--quiet", "--locked", "--offline"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "dependency module text\n"), "{}", ran.stderr);
    // What is there is left alone.
    sandbox
        .runner(["export", "d/tool.rs", "out"])
        .run()
        .fails(125, "is not empty\n  hint: name a directory that does not exist yet");
}

#[test]
fn statements_get_a_main_and_a_waiting_script_its_runtime() {
    let sandbox = real();
    package(
        &sandbox,
        "pollster",
        "",
        "pub fn block_on<F: Future>(f: F) -> F::Output { let mut f = std::pin::pin!(f); let mut c = std::task::Context::from_waker(std::task::Waker::noop()); loop { if let std::task::Poll::Ready(o) = f.as_mut().poll(&mut c) { return o; } } }\n",
    );
    let manifest = fs::read_to_string(sandbox.path("pollster/Cargo.toml")).unwrap();
    sandbox.write("pollster/Cargo.toml", manifest.replace("2021", "2024"));
    script(
        &sandbox,
        "plain.rs",
        "",
        "use std::fmt::Write;\nlet mut s = String::new();\nwrite!(s, \"{}\", two())?;\nfn two() -> i32 { 2 }\nprintln!(\"{s}\");\n",
    );
    script(&sandbox, "ends.rs", "", "println!(\"ends\");\nOk(())\n");
    script(
        &sandbox,
        "waits.rs",
        "dependencies.pollster.path = \"pollster\"",
        "async fn three() -> i32 { 3 }\nprintln!(\"{}\", three().await);\n",
    );
    sandbox.write("block.rs", "#!/usr/bin/env rust-script\n//! Says one.\n//!\n//! ```cargo\n//! [package]\n//! edition = \"2021\"\n//! ```\nfn main() { println!(\"one\") }\n");
    for (name, expected) in [("plain", "2\n"), ("ends", "ends\n"), ("waits", "3\n"), ("block", "one\n")] {
        let file = format!("{name}.rs");
        sandbox.runner([&file]).run().prints(expected);
        export(&sandbox, &[&file, name]);
        let ran = cargo(&sandbox, name, &["run", "--quiet", "--offline"]);
        let main = fs::read_to_string(sandbox.path(format!("{name}/src/main.rs"))).unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{name}: {}\n{main}", ran.stderr);
        assert!(!main.contains("#!/") && !main.contains("```cargo"), "{main}");
    }
}

#[test]
fn a_script_is_moved_once_cargo_builds_its_package() {
    let sandbox = real();
    script(
        &sandbox,
        "good.rs",
        "[package.metadata.runner]\nrustflags = [\"--cfg\", \"special\"]",
        "fn main() { println!(\"{}\", cfg!(special)) }\n",
    );
    export(&sandbox, &["--move", "good.rs", "good"]);
    assert!(!sandbox.path("good.rs").exists());
    assert_eq!(cargo(&sandbox, "good", &["run", "-q", "--offline"]).stdout, "true\n");
    // A package in which a file from outside is missing.
    script(&sandbox, "d/e/bad.rs", "", "fn main() { print!(\"{}\", include_str!(\"../../text\")) }\n");
    sandbox.write("text", "x");
    let ran = sandbox.runner(["export", "--move", "d/e/bad.rs", "out/bad"]).run();
    assert_eq!(ran.code, 125);
    assert!(ran.stderr.ends_with("  hint: the script was not removed\n"), "{}", ran.stderr);
    assert!(sandbox.path("d/e/bad.rs").is_file());
}

#[test]
fn a_package_of_one_file_becomes_a_script_and_what_was_exported_comes_back() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    fs::create_dir_all(sandbox.path("p/src")).unwrap();
    let manifest = "[package]\nname = \"tool\"\nversion = \"0.3.0\"\nedition = \"2021\"\n\n[dependencies]\na.path = \"../a\" # beside\n";
    sandbox.write("p/Cargo.toml", manifest);
    sandbox.write("p/rust-toolchain.toml", "");
    let main = "//! A tool.\nfn main() { println!(\"{} {}\", a::said(), env!(\"CARGO_PKG_VERSION\")) }\n";
    sandbox.write("p/src/main.rs", main);
    assert_eq!(cargo(&sandbox, "p", &["generate-lockfile", "--offline"]).code, 0);
    let path = |name: &str| sandbox.path(name).display().to_string();
    let ran = sandbox.runner(["import", "p"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.starts_with("wrote tool.rs\nwrote tool.rs.lock\n"), "{}", ran.stdout);
    let text = fs::read_to_string(sandbox.path("tool.rs")).unwrap();
    let expected = manifest.replace("../a", &path("p/../a"));
    assert_eq!(text, format!("#!/usr/bin/env runner\n---\n{expected}---\n{main}"));
    sandbox.runner(["--offline", "--locked", "tool.rs"]).run().prints("one 0.3.0\n");
    export(&sandbox, &["tool.rs", "again"]);
    let same = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();
    assert_eq!(same("again/src/main.rs"), main);
    assert_eq!(same("again/Cargo.toml").trim(), expected.trim());
    assert_eq!(cargo(&sandbox, "again", &["run", "-q", "--locked", "--offline"]).stdout, "one 0.3.0\n");
    sandbox.runner(["import", "-q", "-o", "back.rs", "again"]).run().prints("");
    assert_eq!(same("back.rs"), same("tool.rs"));
    for (words, fields) in [
        (["export", "--dry-run", "--json", "tool.rs", "third"], ["files", "notes", "path", "schema"]),
        (["import", "--dry-run", "--json", "--force", "again"], ["lock", "notes", "path", "schema"]),
    ] {
        let told: serde_json::Value = serde_json::from_str(&sandbox.runner(words).run().stdout).unwrap();
        assert!(told.as_object().unwrap().keys().eq(fields), "{told}");
    }
    sandbox.runner(["import", "p"]).run().fails(125, "it is there already\n  hint: `--force` replaces it");
    sandbox.write("lone.rs", "fn main() { println!(\"alone\") }\n");
    sandbox.runner(["import", "-q", "-o", "script", "lone.rs"]).run().prints("");
    sandbox.runner(["script"]).run().prints("alone\n");
}

#[test]
fn what_one_file_cannot_hold_is_named() {
    let sandbox = real();
    let plain = "[package]\nname = \"p\"\n";
    let cases: &[(&str, &str, &str, &str)] = &[
        ("", "mod x;\nfn main() {}\n", "its module `x` is a file", ""),
        ("[lib]\nname = \"x\"\n", "fn main() {}\n", "its `[lib]` has no meaning", ""),
        ("[[bin]]\nname = \"x\"\npath = \"src/x.rs\"\n", "fn main() {}\n", "its `[bin]` has no meaning", ""),
        ("", "fn main() {}\n", "it has a build script, `build.rs`", "build.rs"),
        ("", "fn main() {}\n", "it has a library, `src/lib.rs`", "src/lib.rs"),
        ("[dependencies]\na.workspace = true\n", "fn main() {}\n", "it inherits from a workspace", ""),
        ("[workspace]\nmembers = [\"x\"]\n", "fn main() {}\n", "its `[workspace]` has no meaning", ""),
    ];
    for (number, (more, main, expected, extra)) in cases.iter().enumerate() {
        let directory = format!("p{number}");
        sandbox.write(format!("{directory}/Cargo.toml"), format!("{plain}{more}"));
        sandbox.write(format!("{directory}/src/main.rs"), main);
        if !extra.is_empty() {
            sandbox.write(Path::new(&directory).join(extra), "");
        }
        let ran = sandbox.runner(["import", &directory]).run();
        assert!(
            ran.code == 125 && ran.stderr.contains(expected),
            "{more}{extra}: {} {}",
            ran.code,
            ran.stderr
        );
    }
    assert!(!sandbox.path("p.rs").exists());
}
