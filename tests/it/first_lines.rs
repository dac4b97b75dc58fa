//! Conformance of what a script's first lines ask for, and of the dialect it is written in (REFERENCE C4, C9): see
//! [`crate::conformance`].

use crate::conformance::{DEPENDS, Error, Output, check_texts};
use crate::sandbox::Sandbox;

#[test]
fn defaults_of_each_dialect() {
    let says = "argument --edition*\nenv CARGO_PKG_VERSION\n";
    let scriptisto = |toml: &str| {
        format!(
            "#!/usr/bin/env scriptisto\n\n// scriptisto-begin\n// script_src: src/main.rs\n// build_cmd: cargo build\n\
             // files:\n//  - path: Cargo.toml\n//    content: |\n//      [package]\n//      {toml}\n// scriptisto-end\n{says}"
        )
    };
    check_texts(&[
        ("none", says, Output("--edition=2024\n0.0.0\n")),
        ("runner", &format!("#!/usr/bin/env runner\n{says}"), Output("--edition=2024\n0.0.0\n")),
        ("cargo", &format!("---\n---\n{says}"), Output("--edition=2024\n0.0.0\n")),
        (
            "cargo by its first line",
            &format!("#!/usr/bin/env -S cargo -Zscript\n{says}"),
            Output("--edition=2024\n0.0.0\n"),
        ),
        ("rust-script", &format!("//! ```cargo\n//! ```\n{says}"), Output("--edition=2021\n0.1.0\n")),
        (
            "rust-script by its first line",
            &format!("#!/usr/bin/env rust-script\n{says}"),
            Output("--edition=2021\n0.1.0\n"),
        ),
        (
            "its ancestor",
            &format!("#!/usr/bin/env run-cargo-script\n{says}"),
            Output("--edition=2021\n0.1.0\n"),
        ),
        (
            "its ancestor, and the edition that had",
            "#!/usr/bin/env run-cargo-script\nextern crate x;\nargument --edition*\n",
            Output("--edition=2015\n"),
        ),
        (
            "another edition is the script's own to name",
            "#!/usr/bin/env run-cargo-script\n//! ```cargo\n//! package.edition = \"2018\"\n//! ```\n// extern crate x;\nargument --edition*\n",
            Output("--edition=2018\n"),
        ),
        (
            "rustc",
            &format!("#!/bin/sh\n//usr/bin/env rustc \"$0\" && exec ./a; exit\n{says}"),
            Output("--edition=2015\n0.0.0\n"),
        ),
        (
            "rustc with an edition",
            &format!("//usr/bin/env rustc --edition 2018 \"$0\"; exit\n{says}"),
            Output("--edition=2018\n0.0.0\n"),
        ),
        ("scriptisto", &scriptisto("version = \"3.0.0\""), Output("--edition=2015\n3.0.0\n")),
        ("scriptisto's own", &scriptisto("edition = \"2018\""), Output("--edition=2018\n0.0.0\n")),
        (
            "the manifest's own",
            "#!/usr/bin/env rust-script\n---\npackage.edition = \"2018\"\n---\nargument --edition*\n",
            Output("--edition=2018\n"),
        ),
    ]);
}

#[test]
fn first_lines() {
    let dev = "argument -C debuginfo=2\n";
    check_texts(&[
        (
            "rust-script --debug",
            &format!("#!/usr/bin/env -S rust-script -c --debug\n{dev}"),
            Output("-C debuginfo=2\n"),
        ),
        (
            "rust-script -t, --force",
            "#!/usr/bin/env -S rust-script -t nightly -c --force\nprint x\n",
            Output("x\n"),
        ),
        (
            "cargo +nightly-DATE -q",
            "#!/usr/bin/env -S cargo +nightly-2026-04-14 -Z script -q --\nprint x\n",
            Output("x\n"),
        ),
        (
            "env NAME=VALUE",
            "#!/usr/bin/env -S RUST_BACKTRACE=1 cargo +nightly -Zscript\nprint x\n",
            Output("x\n"),
        ),
        (
            "env RUSTFLAGS",
            "#!/usr/bin/env -S RUSTFLAGS=-Copt-level=1 cargo -Zscript\nargument -Copt*\nenv RUSTFLAGS\n",
            Output("-Copt-level=1\nunset\n"),
        ),
        ("runner's own", &format!("#!/usr/bin/env -S runner --debug\n{dev}"), Output("-C debuginfo=2\n")),
        ("rust-script -d", "#!/usr/bin/env -S rust-script -d a=1 --dep b -c\nprint x\n", DEPENDS),
        (
            "rust-script's metadata",
            "//! ```cargo\n//! [package.metadata.rustscript]\n//! toolchain = \"nightly\"\n//! ```\nprint x\n",
            Output("x\n"),
        ),
        (
            "runner's own toolchain is insisted on",
            "#!/usr/bin/env -S runner +nightly\nprint x\n",
            Error("toolchain `nightly` is not installed"),
        ),
        (
            "a shell's comment",
            "#!/bin/sh\n#![allow(x)] /*\n    OUT=/tmp/a && rustc \"$0\" -o ${OUT} && exec ${OUT} $@ || exit $? #*/\nargument --edition*\n",
            Output("--edition=2015\n"),
        ),
        (
            "a shell that calls rust-script",
            "#!/bin/bash\n//! 2>/dev/null; command -v rust-script || exit 1; exec rust-script \"$0\" \"$@\"\nargument --edition*\n",
            Output("--edition=2021\n"),
        ),
        (
            "a shell that tests",
            "#! /bin/sh\n//usr/bin/env rustc --test $0 -o ${0}x && ./${0}x --nocapture; rm -f ${0}x ; exit\nargument --test\n",
            Output("--test\n"),
        ),
        ("rust-script --test", "#!/usr/bin/env -S rust-script --test\nargument --test\n", Output("--test\n")),
        (
            "cargo test",
            "#!/usr/bin/env -S cargo +nightly -Zscript test --manifest-path\nargument --test\n",
            Output("--test\n"),
        ),
        (
            "a release that is not there",
            "#!/usr/bin/env -S cargo +1.70.0 -Zscript\nprint x\n",
            Error("toolchain `1.70.0` is not installed"),
        ),
        (
            "a feature",
            "#!/usr/bin/env -S cargo +nightly -Zscript\n#![feature(never_type)]\nprint x\n",
            Error("`#![feature(never_type)]` needs toolchain `nightly`, which is not installed"),
        ),
    ]);
}

#[test]
fn a_program_is_told_where_its_script_is() {
    let sandbox = Sandbox::new();
    let tell = "fn main() { for name in [\"CARGO_MANIFEST_DIR\", \"CARGO_MANIFEST_PATH\", \"RUST_SCRIPT_PATH\", \
                \"RUST_SCRIPT_BASE_PATH\", \"RUST_SCRIPT_PKG_NAME\", \"RUST_SCRIPT_SAFE_NAME\"] \
                { if let Ok(value) = std::env::var(name) { println!(\"{name}={value}\"); } } }\n";
    let here = sandbox.work().display().to_string();
    sandbox.write("c.rs", format!("---\n---\n{tell}"));
    let cargo = format!("CARGO_MANIFEST_DIR={here}\nCARGO_MANIFEST_PATH={here}/c.rs\n");
    sandbox.write(
        "R 1.rs",
        format!("#!/usr/bin/env rust-script\nconst _: &str = env!(\"RUST_SCRIPT_PATH\");\n{tell}"),
    );
    let rust_script = format!(
        "RUST_SCRIPT_PATH={here}/R 1.rs\nRUST_SCRIPT_BASE_PATH={here}\nRUST_SCRIPT_PKG_NAME=r_1\nRUST_SCRIPT_SAFE_NAME=R 1\n"
    );
    sandbox.write("n.rs", tell);
    // The second run of each is a hit; what the caller has under these names does not count.
    for _ in 0..2 {
        sandbox.runner(["c.rs"]).env("CARGO_MANIFEST_DIR", "/no").run().prints(&cargo);
        sandbox.runner(["R 1.rs"]).env("RUST_SCRIPT_PATH", "/no").run().prints(&rust_script);
        sandbox.runner(["n.rs"]).run().prints("");
        sandbox.runner(["--temp", "c.rs"]).run().prints(&cargo);
    }
}

#[test]
fn a_nightly_that_is_installed_later_is_taken_then() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "#!/usr/bin/env -S cargo +nightly -Zscript\nenv NONE\n");
    let note = "runner: s.rs: note: toolchain `nightly` is not installed; using rustc 1.95.0\n";
    let ran = sandbox.runner(["-v", "s.rs"]).run();
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
    sandbox.runner(["s.rs"]).run().prints("unset\n");
    assert_eq!(sandbox.compiles(), 1);
    let bin = sandbox.home().join(".rustup/toolchains/nightly-x86_64-unknown-linux-gnu/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::copy(sandbox.root().join("fake/rustc"), bin.join("rustc")).unwrap();
    sandbox.runner(["s.rs"]).run().prints("unset\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn paths_are_those_that_the_scripts_own_tool_gives() {
    let sandbox = Sandbox::new();
    let code = "mod helper;\nfn main() { println!(\"{} {}\", file!(), helper::file()); let n: Option<u8> = None; n.unwrap(); }\n";
    sandbox.write("sub/helper.rs", "pub fn file() -> &'static str { file!() }\n");
    let whole = sandbox.path("sub").display().to_string();
    for (name, head, directory) in [
        ("c.rs", "---\npackage.edition = \"2021\"\n---\n", String::new()),
        (
            "m.rs",
            "#!/usr/bin/env -S cargo -Zscript\n---\npackage.edition = \"2021\"\n---\nlet mut _x = 1;\n_x = 2;\nprintln!();\n",
            String::new(),
        ),
        ("r.rs", "#!/usr/bin/env rust-script\n", format!("{whole}/")),
        ("n.rs", "", format!("{whole}/")),
    ] {
        let is_mainless = name == "m.rs";
        let code = if is_mainless { code.replace("fn main() ", "") } else { code.to_owned() };
        let text = format!("{head}{code}");
        sandbox.write(format!("sub/{name}"), &text);
        let line = text.lines().position(|line| line.contains("unwrap")).unwrap() + 1;
        let ran = sandbox.runner([format!("sub/{name}")]).run();
        let said = format!("{directory}{name} {directory}helper.rs\n");
        assert!(ran.code == 101 && ran.stdout.ends_with(&said), "{name}: {}{}", ran.stdout, ran.stderr);
        let place = format!("panicked at {directory}{name}:{line}:");
        assert!(ran.stderr.contains(&place), "{place} {}", ran.stderr);

        // The compiler's messages name the script as it was typed.
        sandbox.write(format!("sub/{name}"), text.replace("Option<u8>", "Nothing"));
        for typed in [format!("sub/{name}"), format!("{whole}/{name}")] {
            let failed = sandbox.runner([&typed]).run();
            let place = format!(" --> {typed}:{line}:");
            assert!(failed.code == 125 && failed.stderr.contains(&place), "{place} {}", failed.stderr);
        }
        let failed = sandbox.runner([name]).within(sandbox.path("sub")).run();
        let place = format!(" --> {name}:{line}:");
        assert!(failed.code == 125 && failed.stderr.contains(&place), "{place} {}", failed.stderr);
    }
}
