//! Programs for another kind of machine: `--target`.

use std::fs;

use crate::support::files::copy;
use crate::support::sandbox::{Run, Sandbox};
use crate::support::toaster::{TOASTER, furnished, kitchen};

/// Builds `x.rs` for toasters and returns what its program prints.
#[track_caller]
fn built(run: Run<'_>) -> String {
    let sandbox = run.sandbox();
    run.args(["build", "--target", TOASTER, "x.rs", "-o", "x"]).run().prints("");
    sandbox.command(sandbox.path("x")).run().stdout
}

fn runner(sandbox: &Sandbox) -> Run<'_> {
    sandbox.runner(std::iter::empty::<&str>())
}

#[test]
fn each_target_has_a_build_of_its_own_and_the_host_is_none() {
    let sandbox = furnished();
    sandbox.script("x.rs", "argument --target*\nprint x\n");
    for _ in 0..2 {
        assert_eq!(built(runner(&sandbox)), format!("--target {TOASTER}\nx\n"));
    }
    assert_eq!(sandbox.compiles(), 1);
    for arguments in [&["x.rs"][..], &["--target", "x86_64-unknown-linux-gnu", "x.rs"], &["x.rs"]] {
        sandbox.runner(arguments).run().prints("x\n");
    }
    assert_eq!(sandbox.compiles(), 2);
    let listed = sandbox.runner(["cache", "list"]).run();
    for target in [TOASTER, "x86_64-unknown-linux-gnu"] {
        assert!(listed.stdout.contains(&format!("  {target}  ")), "{}", listed.stdout);
    }
    sandbox.runner(["build", "--cache", "--target", TOASTER, "x.rs"]).run().prints("");
    let why = sandbox.runner(["why", "--target", TOASTER, "x.rs"]).run();
    assert!(why.stdout.starts_with("x.rs: cached as "), "{}", why.stdout);
}

#[test]
fn why_tells_of_another_target() {
    let sandbox = furnished();
    sandbox.script("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let expected = format!("x.rs: options were `release`, are `release --target={TOASTER}`\n");
    sandbox.runner(["why", "--target", TOASTER, "x.rs"]).run().prints(&expected);
}

#[test]
fn what_is_no_target_is_told_in_a_line() {
    let sandbox = furnished();
    sandbox.script("x.rs", "print x\n");
    let example = "  hint: for example `aarch64-unknown-linux-gnu`";
    for name in ["-C", "a b", "../x.json", "a\nb"] {
        let message =
            format!("runner: x.rs: `{}` is not the name of a target\n{example}", name.escape_debug());
        sandbox.runner(["--target", name, "x.rs"]).run().ends(125, "", &format!("{message}\n"));
    }
    let compiler = sandbox.root().join("fake/rustc");
    let message = format!(
        "runner: x.rs: `{}` knows no target `garbage`\n  hint: `rustc --print target-list` lists them\n",
        compiler.display()
    );
    sandbox.runner(["--target", "garbage", "x.rs"]).run().ends(125, "", &message);
    let message = "runner: `--target` needs a value\n  hint: `--target TARGET`: cross-compile for TARGET, e.g. aarch64-unknown-linux-gnu\n";
    sandbox.runner(["--target", "", "x.rs"]).run().ends(125, "", message);
    sandbox.runner(["--target"]).run().ends(125, "", message);
    assert_eq!(sandbox.compiles(), 0);
}

#[test]
fn a_standard_library_that_is_not_there_is_named_with_its_cure() {
    let sandbox = furnished();
    sandbox.script("x.rs", "print x\n");
    let message = "runner: x.rs: rustc 1.95.0 has no standard library for `kettle-unknown-linux-gnu`\n  \
                   hint: `rustup target add kettle-unknown-linux-gnu` with a toolchain of rustup's, or your \
                   system's package of it\n";
    sandbox.runner(["--target", "kettle-unknown-linux-gnu", "x.rs"]).run().ends(127, "", message);
    // Of a toolchain of rustup's it is known what to type.
    let toolchains = sandbox.home().join(".rustup/toolchains");
    fs::create_dir_all(toolchains.join("old/bin")).unwrap();
    copy(sandbox.root().join("fake/rustc"), toolchains.join("old/bin/rustc"));
    let hint = "  hint: `rustup target add --toolchain old kettle-unknown-linux-gnu`";
    sandbox.runner(["+old", "--target", "kettle-unknown-linux-gnu", "x.rs"]).run().fails(127, hint);
    // It was not remembered as missing.
    let library = sandbox.root().join("fake/lib/rustlib/kettle-unknown-linux-gnu/lib");
    fs::create_dir_all(&library).unwrap();
    fs::write(library.join("libcore-0.rlib"), "").unwrap();
    let run = sandbox.runner(["build", "--target", "kettle-unknown-linux-gnu", "x.rs"]);
    run.env("CARGO_TARGET_KETTLE_UNKNOWN_LINUX_GNU_LINKER", "cc").run().prints("");
}

#[test]
fn a_standard_library_that_goes_is_noticed() {
    let sandbox = furnished();
    sandbox.script("x.rs", "print x\n");
    built(runner(&sandbox));
    let library = sandbox.root().join("fake/lib/rustlib").join(TOASTER).join("lib");
    fs::write(library.join("libcore-fedcba9876543210.rlib"), "").unwrap();
    built(runner(&sandbox));
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn the_conventional_cross_compiler_links() {
    let sandbox = kitchen();
    sandbox.script("x.rs", "argument -C linker=*\n");
    let missing = "runner: x.rs: there is no linker for `toaster-unknown-linux-gnu`: \
                   `toaster-linux-gnu-gcc` is not on PATH\n  hint: `apt-get install gcc-toaster-linux-gnu` \
                   or the like, or name a linker in `CARGO_TARGET_TOASTER_UNKNOWN_LINUX_GNU_LINKER`\n";
    let build = ["build", "--target", TOASTER, "x.rs"];
    sandbox.runner(build).run().ends(127, "", missing);
    copy(sandbox.path("linker"), sandbox.root().join("bin/toaster-linux-gnu-gcc"));
    assert_eq!(built(runner(&sandbox)), "-C linker=toaster-linux-gnu-gcc\n");
    // An input as any other.
    fs::write(sandbox.root().join("bin/toaster-linux-gnu-gcc"), "#!/bin/sh\n# another\n").unwrap();
    assert_eq!(built(runner(&sandbox)), "-C linker=toaster-linux-gnu-gcc\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_linker_or_flags_named_for_the_target_win() {
    let sandbox = furnished();
    sandbox.script("x.rs", "argument -C linker=*\nargument --cfg*\n");
    let linker = sandbox.path("linker");
    let named = || {
        runner(&sandbox)
            .env("CARGO_TARGET_TOASTER_UNKNOWN_LINUX_GNU_LINKER", &linker)
            .env("CARGO_TARGET_TOASTER_UNKNOWN_LINUX_GNU_RUSTFLAGS", "--cfg=crumbs")
            // Those of this machine are for the programs of a build.
            .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "--cfg=host")
    };
    assert_eq!(built(named()), format!("-C linker={}\n--cfg=crumbs\n", linker.display()));
    assert_eq!(built(runner(&sandbox)), "-C linker=toaster-linux-gnu-gcc\n");
    assert_eq!(built(named()), format!("-C linker={}\n--cfg=crumbs\n", linker.display()));
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_first_line_may_name_a_target() {
    let sandbox = furnished();
    sandbox
        .script("x.rs", "#!/usr/bin/env -S runner --target toaster-unknown-linux-gnu\nargument --target*\n");
    sandbox.runner(["build", "x.rs", "-o", "x"]).run().prints("");
    sandbox.command(sandbox.path("x")).run().prints("--target toaster-unknown-linux-gnu\n");
}

/// Programs for toasters run here under what a configuration names, or cannot run.
fn toast(sandbox: &Sandbox) {
    sandbox.script("x.rs", "print x\n");
    sandbox.script(
        "../bin/toaster",
        "#!/bin/sh\necho \"toaster $0 $RUNNER_SCRIPT\"\nprintf '[%s]' \"$@\"\nwhile [ $# -gt 0 ] && [ \"${1##*/}\" != x ]; do shift; done\nexec \"$@\"\n",
    );
}

fn program(sandbox: &Sandbox) -> String {
    let found = sandbox.cached("bin");
    assert_eq!(found.len(), 1);
    sandbox.cache().join("v1/bin").join(&found[0]).display().to_string()
}

#[test]
fn a_program_runs_under_what_is_configured_for_its_target() {
    let sandbox = furnished();
    toast(&sandbox);
    let run = || sandbox.runner(["--target", TOASTER, "x.rs", "a b"]);
    let script = sandbox.path("x.rs").display().to_string();
    let variable = "CARGO_TARGET_TOASTER_UNKNOWN_LINUX_GNU_RUNNER";
    let first = run().env(variable, "toaster --slot  2").run();
    let program = program(&sandbox);
    let expected = |words: &str| {
        format!(
            "toaster {} {script}\n{words}[{program}][a b]x\n",
            sandbox.root().join("bin/toaster").display()
        )
    };
    first.prints(&expected("[--slot][2]"));
    // As cargo has it: a table of cargo's configuration, a string or a list.
    for (value, words) in [("\"toaster -q\"", "[-q]"), ("[\"toaster\", \"a b\"]", "[a b]")] {
        sandbox.write("../home/.cargo/config.toml", format!("[target.{TOASTER}]\nrunner = {value}\n"));
        run().run().prints(&expected(words));
    }
    // The variable wins, and an option wins over both.
    run().env(variable, "toaster").run().prints(&expected(""));
    sandbox
        .runner(["--exec", "toaster --only", "--target", TOASTER, "x.rs", "a b"])
        .run()
        .prints(&expected("[--only]"));
    // A program beside the configuration.
    fs::rename(sandbox.root().join("bin/toaster"), sandbox.home().join("toaster")).unwrap();
    sandbox.write("../home/.cargo/config.toml", format!("[target.{TOASTER}]\nrunner = \"./toaster\"\n"));
    let ran = run().run();
    assert!(
        ran.code == 0 && ran.stdout.ends_with(&format!("[{program}][a b]x\n")),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    // `toaster` is gone from PATH.
    let message = format!("runner: x.rs: `{variable}` names `toaster`, which is not on PATH\n");
    run().env(variable, "toaster").run().ends(127, "", &message);
}

#[test]
fn a_target_with_an_emulator_runs_under_it() {
    let sandbox = furnished();
    toast(&sandbox);
    fs::rename(sandbox.root().join("bin/toaster"), sandbox.root().join("bin/qemu-toaster")).unwrap();
    let emulator = sandbox.root().join("bin/qemu-toaster").display().to_string();
    let ran = sandbox.runner(["--target", TOASTER, "x.rs", "a"]).run();
    let script = sandbox.path("x.rs").display().to_string();
    ran.prints(&format!("toaster {emulator} {script}\n[-0][x.rs][{}][a]x\n", program(&sandbox)));
    // It is found at each run, and so is another.
    fs::rename(&emulator, sandbox.root().join("bin/qemu-toaster-static")).unwrap();
    let ran = sandbox.runner(["--target", TOASTER, "x.rs", "a"]).run();
    assert!(ran.stdout.starts_with(&format!("toaster {emulator}-static ")), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(sandbox.compiles(), 1);
    // What a first line asks for, and what was built before its options were known, is no different.
    sandbox.script("y/x.rs", format!("#!/usr/bin/env -S runner --target {TOASTER}\nprint y\n"));
    for _ in 0..2 {
        let ran = sandbox.runner(["y/x.rs"]).run();
        assert!(
            ran.code == 0 && ran.stdout.starts_with("toaster ") && ran.stdout.ends_with("]y\n"),
            "{}",
            ran.stdout
        );
    }
    let ran = sandbox.runner(["--temp", "y/x.rs"]).run();
    assert!(
        ran.code == 0 && ran.stdout.starts_with("toaster ") && ran.stdout.ends_with("]y\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_nothing_here_runs_is_told_with_its_cure() {
    let sandbox = furnished().with("FAKE_GARBAGE", "1");
    sandbox.script("x.rs", "print x\n");
    let message = "runner: x.rs: nothing here runs programs for `toaster-unknown-linux-gnu`: Exec format error\n  hint: \
                   `qemu-toaster` is not on PATH: `apt-get install qemu-user` or the like, or name a program in \
                   `CARGO_TARGET_TOASTER_UNKNOWN_LINUX_GNU_RUNNER`\n";
    for way in [&[][..], &["--temp"], &["--timings"]] {
        let ran = sandbox.runner(way).args(["--target", TOASTER, "x.rs"]).run();
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (126, "", message), "{way:?}");
    }
}
