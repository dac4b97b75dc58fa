//! Never stale: variables.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use crate::support::machine::{has, is_emulated};
use crate::support::sandbox::Sandbox;
use crate::support::watched::{changed, run, unchanged};

#[test]
fn a_variable_the_script_reads() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "env WORD\n");
    changed(run(&sandbox), "unset\n");
    unchanged(run(&sandbox).env("OTHER", "x"), "unset\n");
    changed(run(&sandbox).env("WORD", "one"), "one\n");
    unchanged(run(&sandbox).env("WORD", "one"), "one\n");
    changed(run(&sandbox).env("WORD", "two"), "two\n");
    changed(run(&sandbox).env("WORD", ""), "\n");
    changed(run(&sandbox).env("WORD", "a=b c"), "a=b c\n");
    unchanged(run(&sandbox), "unset\n");
    unchanged(run(&sandbox).env("WORD", "two"), "two\n");
}

#[test]
fn a_variable_whose_value_is_not_text() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "env WORD\n");
    let value = |byte: u8| OsString::from_vec(vec![b'<', byte, b'>']);
    changed(run(&sandbox).env("WORD", value(0xfe)), "<\u{fffd}>\n");
    unchanged(run(&sandbox).env("WORD", value(0xfe)), "<\u{fffd}>\n");
    changed(run(&sandbox).env("WORD", value(0xff)), "<\u{fffd}>\n");
}

#[test]
fn a_variable_that_is_kept_from_builds_compiles_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "env CARGO_TARGET_DIR\nenv MAKEFLAGS\n");
    changed(run(&sandbox), "unset\nunset\n");
    let inside_make = || run(&sandbox).env("CARGO_TARGET_DIR", "/t").env("MAKEFLAGS", "-j");
    inside_make().run().prints("unset\nunset\n");
    unchanged(inside_make(), "unset\nunset\n");
    unchanged(run(&sandbox), "unset\nunset\n");
}

#[test]
fn flags_in_variables() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "argument --cfg=*\nprint end\n");
    changed(run(&sandbox), "end\n");
    changed(run(&sandbox).env("RUSTFLAGS", "--cfg=a"), "--cfg=a\nend\n");
    unchanged(run(&sandbox).env("RUSTFLAGS", "--cfg=a"), "--cfg=a\nend\n");
    changed(run(&sandbox).env("RUSTFLAGS", "--cfg=a --cfg=b"), "--cfg=a\n--cfg=b\nend\n");
    let host = format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU_RUSTFLAGS", "X86_64");
    changed(run(&sandbox).env(&host, "--cfg=h"), "--cfg=h\nend\n");
    changed(run(&sandbox).env("CARGO_BUILD_RUSTFLAGS", "--cfg=c"), "--cfg=c\nend\n");
    changed(
        run(&sandbox).env("CARGO_BUILD_RUSTFLAGS", "--cfg=c").env("CARGO_ENCODED_RUSTFLAGS", "--cfg=e"),
        "--cfg=e\nend\n",
    );
    unchanged(run(&sandbox), "end\n");
}

#[test]
fn flags_that_differ_only_in_where_they_are_split_are_not_confused() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "argument --cfg=*\n");
    let run = |flags: &str| run(&sandbox).env("CARGO_ENCODED_RUSTFLAGS", flags);
    changed(run("--cfg=a --cfg=b"), "--cfg=a --cfg=b\n");
    changed(run("--cfg=a\u{1f}--cfg=b"), "--cfg=a\n--cfg=b\n");
    unchanged(run("--cfg=a --cfg=b"), "--cfg=a --cfg=b\n");
}

#[test]
fn another_home_with_the_same_cache() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "env HOME\n");
    let cache = sandbox.root().join("shared");
    let run = |home: &str| {
        let home = sandbox.root().join(home);
        fs::create_dir_all(&home).unwrap();
        run(&sandbox).env("RUNNER_CACHE", &cache).env("HOME", home)
    };
    let said = |home: &str| format!("{}\n", sandbox.root().join(home).display());
    changed(run("ana"), &said("ana"));
    changed(run("ben"), &said("ben"));
    unchanged(run("ana"), &said("ana"));
    fs::create_dir(sandbox.root().join("ben/.cargo")).unwrap();
    fs::write(sandbox.root().join("ben/.cargo/config.toml"), "[net]\noffline = true\n").unwrap();
    changed(run("ben"), &said("ben"));
    unchanged(run("ana"), &said("ana"));
}

/// No compiler says that it read one of these.
#[test]
fn variables_of_linkers() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    for name in ["LIBRARY_PATH", "GCC_EXEC_PREFIX", "CCC_OVERRIDE_OPTIONS", "GNUTARGET", "LDEMULATION"] {
        changed(run(&sandbox).env(name, "/nowhere"), "end\n");
        unchanged(run(&sandbox).env(name, "/nowhere"), "end\n");
        unchanged(run(&sandbox), "end\n");
    }
}

#[test]
fn declared_variables() {
    let sandbox = Sandbox::fake();
    // The fake prints FAKE_TEXT and says nothing of it.
    sandbox.write("s.rs", "---\npackage.metadata.runner.env = [\"FAKE_TEXT\"]\n---\nprint end\n");
    changed(run(&sandbox), "end\n");
    changed(run(&sandbox).env("FAKE_TEXT", "one"), "one\nend\n");
    changed(run(&sandbox).env("FAKE_TEXT", "two"), "two\nend\n");
    unchanged(run(&sandbox).env("FAKE_TEXT", "one"), "one\nend\n");
    unchanged(run(&sandbox), "end\n");
}

#[test]
fn a_variable_that_is_there_twice() {
    if !has("python3") || is_emulated("that a variable is there twice") {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "env TWICE\n");
    // No shell can say it; the first is the one that `getenv` gives.
    let program = "import ctypes, os, sys\nnames = sys.argv[1:]\n\
        own = [k.encode() + b'=' + v.encode() for k, v in os.environ.items()] + [n.encode() for n in names]\n\
        strings = lambda all: (ctypes.c_char_p * (len(all) + 1))(*all, None)\n\
        ctypes.CDLL(None).execve(os.environ['RUNNER_BINARY'].encode(), strings([b'runner', b's.rs']), strings(own))\n";
    let binary = fs::canonicalize(sandbox.root().join("bin/runner")).unwrap();
    let link = sandbox.root().join("twice/runner");
    fs::create_dir(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(binary, &link).unwrap();
    let run = |values: [&str; 2]| {
        let values = values.map(|value| format!("TWICE={value}"));
        let command = sandbox.command("python3").args(["-c", program]).args(values);
        command.env("RUNNER_BINARY", &link).without("RUNNER_TIER")
    };
    changed(run(["one", "two"]), "one\n");
    unchanged(run(["one", "two"]), "one\n");
    changed(run(["two", "one"]), "two\n");
    unchanged(run(["one", "six"]), "one\n");
    unchanged(sandbox.runner(["s.rs"]).env("TWICE", "two"), "two\n");
}
