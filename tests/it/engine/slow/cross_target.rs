//! Programs for another kind of machine, by real compilers, under an emulator.

use crate::support::children::{signal, wait_for_ready};
use crate::support::machine::{has, works};
use crate::support::sandbox::{Sandbox, skipped, tested};

/// A toolchain that has the standard library for the real foreign target: the one that `FOREIGN_TOOLCHAIN` names (CI puts
/// Debian's together), else the one that is used anyway.
fn foreign(sandbox: Sandbox) -> Option<(Sandbox, Vec<String>)> {
    if !works("qemu-aarch64", &["--version"]) || !works("aarch64-linux-gnu-gcc", &["--version"]) {
        skipped("no qemu-aarch64 and aarch64-linux-gnu-gcc to build and run a foreign program with");
        return None;
    }
    let toolchain = std::env::var("FOREIGN_TOOLCHAIN").ok().filter(|path| !path.is_empty());
    let options = toolchain.iter().flat_map(|path| ["--toolchain".to_owned(), path.clone()]);
    let options: Vec<String> = options.chain(["--target".to_owned(), AARCH64.to_owned()]).collect();
    sandbox.write("probe.rs", "fn main() {}\n");
    let probe = sandbox.runner(&options).args(["probe.rs"]).run();
    if probe.code == 127 && toolchain.is_none() {
        skipped(&format!("no standard library for {AARCH64}: {}", probe.stderr.trim()));
        return None;
    }
    probe.prints("");
    Some((sandbox, options))
}

const AARCH64: &str = "aarch64-unknown-linux-gnu";

#[test]
fn a_foreign_program_is_built_and_run() {
    let Some((sandbox, options)) = foreign(Sandbox::new()) else { return };
    sandbox.script(
        "hello.rs",
        "use std::io::Read;\nfn main() {\n    let mut input = String::new();\n    std::io::stdin().read_to_string(&mut input).unwrap();\n    \
         let all: Vec<String> = std::env::args().collect();\n    \
         println!(\"{} {all:?} {input} {}\", std::env::consts::ARCH, std::env::var(\"RUNNER_SCRIPT\").unwrap());\n    \
         match all.get(1).map(String::as_str) {\n        Some(\"die\") => std::process::abort(),\n        \
         Some(code) => std::process::exit(code.parse().unwrap()),\n        None => {}\n    }\n}\n",
    );
    let script = sandbox.path("hello.rs").display().to_string();
    let run = || sandbox.runner(&options);
    for way in [&[][..], &[], &["--temp"]] {
        let expected = format!("aarch64 [\"hello.rs\"] text {script}\n");
        run().args(way).args(["hello.rs"]).input("text").run().prints(&expected);
    }
    for code in [0, 1, 7, 255] {
        let expected = format!("aarch64 [\"hello.rs\", \"{code}\"]  {script}\n");
        run().args(["hello.rs", &code.to_string()]).run().ends(code, &expected, "");
    }
    let died = run().args(["hello.rs", "die"]).run();
    assert_eq!(died.code, 128 + 6, "{}", died.stderr);
    // The process is the emulator's, and signals are the program's.
    sandbox.write("wait.rs", "fn main() {\n    println!(\"ready\");\n    let _ = std::io::stdin().read_line(&mut String::new());\n}\n");
    let mut child = run().args(["wait.rs"]).start_with_input();
    wait_for_ready(&mut child);
    signal(&child, "TERM");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()), Some(15));
}

#[test]
fn a_foreign_program_has_dependencies() {
    let Some((sandbox, options)) = foreign(Sandbox::new()) else { return };
    sandbox.write(
        "made/Cargo.toml",
        "[package]\nname = \"made\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[dependencies]\nmacros = { path = \"../macros\" }\n",
    );
    // Runs on this machine, and is told of the other.
    sandbox.write(
        "made/build.rs",
        "fn main() {\n    let target = std::env::var(\"TARGET\").unwrap();\n    \
         println!(\"cargo::rustc-env=BUILT={} on {}\", target, std::env::consts::ARCH);\n}\n",
    );
    sandbox.write(
        "made/src/lib.rs",
        "pub const BUILT: &str = env!(\"BUILT\");\npub const EXPANDED: &str = macros::architecture!();\n",
    );
    sandbox.write(
        "macros/Cargo.toml",
        "[package]\nname = \"macros\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n",
    );
    sandbox.write(
        "macros/src/lib.rs",
        "#[proc_macro]\npub fn architecture(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
         format!(\"{:?}\", std::env::consts::ARCH).parse().unwrap()\n}\n",
    );
    sandbox.script(
        "x.rs",
        "---\n[dependencies]\nmade = { path = \"made\" }\n---\nfn main() {\n    \
         println!(\"{}, {}, {}\", made::BUILT, made::EXPANDED, std::env::consts::ARCH);\n}\n",
    );
    let own = std::env::consts::ARCH;
    let expected = format!("{AARCH64} on {own}, {own}, aarch64\n");
    for _ in 0..2 {
        sandbox.runner(&options).args(["x.rs"]).run().prints(&expected);
    }
    // For this machine it is another build, and what was built stays.
    let here: Vec<&String> = options.iter().take(options.len() - 2).collect();
    sandbox.runner(&here).args(["x.rs"]).run();
    let why = sandbox.command(tested()).args(["why"]).args(&options).args(["x.rs"]).run();
    assert!(why.stdout.contains(": cached as "), "{}{}", why.stdout, why.stderr);
    sandbox.runner(&options).args(["x.rs"]).run().prints(&expected);
    // What is handed on is the same program.
    sandbox.command(tested()).args(["build"]).args(&options).args(["x.rs", "-o", "out/"]).run().prints("");
    let emulated =
        sandbox.command("qemu-aarch64").args(["-L", "/usr/aarch64-linux-gnu"]).args([sandbox.path("out/x")]);
    emulated.run().prints(&expected);
}

#[test]
fn a_foreign_transcript_can_be_pasted() {
    let Some((sandbox, options)) = foreign(Sandbox::new()) else { return };
    sandbox.script("x.rs", "fn main() {\n    println!(\"{}\", std::env::consts::ARCH);\n}\n");
    let rehearsed = sandbox.runner(&options).args(["-n", "x.rs"]).run();
    assert!(rehearsed.code == 0 && rehearsed.stdout.is_empty(), "{}", rehearsed.stderr);
    sandbox.command("/bin/sh").args(["-e"]).input(&rehearsed.stderr).run().prints("aarch64\n");
    sandbox.runner(&options).args(["--timings", "x.rs"]).run();
    let ran = sandbox.runner(&options).args(["-x", "x.rs"]).run();
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    sandbox.command("/bin/sh").args(["-e"]).input(&ran.stderr).run().prints("aarch64\n");
}

#[test]
fn a_program_for_windows_is_an_exe() {
    if !has("x86_64-w64-mingw32-gcc") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "fn main() { println!(\"{}\", std::env::consts::OS) }\n");
    for words in [&["build", "-q"][..], &["build", "-q", "--debug"]] {
        let words = [words, &["--target", "x86_64-pc-windows-gnu", "x.rs"]].concat();
        let ran = sandbox.runner(words).run();
        if ran.stderr.contains("has no standard library") {
            return skipped("no standard library for Windows");
        }
        ran.prints("");
        let program = sandbox.path("x.exe");
        assert!(std::fs::read(&program).unwrap().starts_with(b"MZ"));
        if has("wine") {
            let ran = sandbox.command("wine").args([&program]).env("WINEDEBUG", "-all").run();
            assert_eq!((ran.code, ran.stdout.trim_end()), (0, "windows"), "{}", ran.stderr);
        }
        std::fs::remove_file(program).unwrap();
    }
}
