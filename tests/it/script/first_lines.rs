//! Conformance of what a script's first lines ask for, and of the dialect it is written in (REFERENCE C4, C9): see
//! [`crate::support::conformance`].

use crate::support::conformance::{DEPENDS, Error, Output, check_texts};
use crate::support::files::{copy, settle};
use crate::support::machine::is_emulated;
use crate::support::rustup::with_host;
use crate::support::sandbox::Sandbox;

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
fn a_nightly_that_is_installed_later_is_taken_then() {
    if is_emulated("which machine the compiler is for") {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "#!/usr/bin/env -S cargo +nightly -Zscript\nenv NONE\n");
    let note = "runner: s.rs: note: toolchain `nightly` is not installed; using rustc 1.95.0\n";
    let ran = sandbox.runner(["-v", "s.rs"]).run();
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
    sandbox.runner(["s.rs"]).run().prints("unset\n");
    assert_eq!(sandbox.compiles(), 1);
    let bin = sandbox.home().join(".rustup/toolchains").join(with_host("nightly")).join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    copy(sandbox.root().join("fake/rustc"), bin.join("rustc"));
    // A compiler that was written in the tick in which it is looked at may be written once more: it is asked again.
    settle();
    sandbox.runner(["s.rs"]).run().prints("unset\n");
    assert_eq!(sandbox.compiles(), 2);
}
