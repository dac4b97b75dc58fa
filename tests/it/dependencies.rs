//! Never stale: what cargo reads for a script, changed and merely touched; and what scripts share of what it builds.
//!
//! The logs of rustc and cargo tell what was compiled: `rustc CRATE` for each crate, `cargo COMMAND`. Crates are local, or
//! tiny ones from the registry.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::sandbox::{Ran, Run, Sandbox, skipped};
use crate::watched::{
    LONG_AGO, calls, changed, overwrite_keeping_time, program, real, real_with_cargo_home, set_modified,
    touched, unchanged,
};

const MAIN: &str = "fn main() { println!(\"{}\", a::said()) }\n";

fn script(sandbox: &Sandbox, name: &str, manifest: &str, code: &str) {
    sandbox.write(name, format!("---\n{manifest}\n---\n{code}"));
}

/// A package in the working directory.
fn package(sandbox: &Sandbox, directory: &str, more: &str, code: &str) {
    let name = Path::new(directory).file_name().unwrap().to_str().unwrap();
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}");
    sandbox.write(format!("{directory}/Cargo.toml"), manifest);
    sandbox.write(format!("{directory}/src/lib.rs"), code);
}

/// A library that says this.
fn said(word: &str) -> String {
    format!("pub fn said() -> &'static str {{ \"{word}\" }}\n")
}

/// A script, `s.rs`, that says what the package `a` beside it says.
fn with_a() -> Sandbox {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    sandbox
}

fn run(sandbox: &Sandbox) -> Run<'_> {
    sandbox.runner(["--profile", "quick", "s.rs"])
}

/// Runs and expects exactly these calls of rustc and cargo, in any order.
#[track_caller]
fn calls_exactly(run: Run<'_>, text: &str, expected: &[&str]) {
    let sandbox = run.sandbox();
    calls(sandbox);
    run.run().prints(text);
    let mut calls = calls(sandbox);
    calls.sort();
    calls.dedup();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(calls, expected);
}

// A package in a directory.

#[test]
fn a_source_of_a_path_dependency() {
    let sandbox = with_a();
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    let source = sandbox.path("a/src/lib.rs");
    touched(&source, || unchanged(run(&sandbox), "one\n"));
    sandbox.write("a/src/lib.rs", said("three"));
    changed(run(&sandbox), "three\n");
    // As `cp -p`, `tar` and `git checkout` leave it: cargo itself would not see it.
    fs::write(&source, said("old")).unwrap();
    set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "old\n");
    overwrite_keeping_time(&source, said("new"));
    changed(run(&sandbox), "new\n");
    sandbox.write("a/src/lib.rs", said("one"));
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_new_module_of_a_path_dependency() {
    let sandbox = with_a();
    sandbox.write("a/src/lib.rs", "mod m;\npub fn said() -> &'static str { m::WORD }\n");
    sandbox.write("a/src/m.rs", "pub const WORD: &str = \"one\";\n");
    changed(run(&sandbox), "one\n");
    overwrite_keeping_time(&sandbox.path("a/src/m.rs"), "pub const WORD: &str = \"two\";\n");
    changed(run(&sandbox), "two\n");
    sandbox.write("a/src/m/mod.rs", "pub const WORD: &str = \"three\";\n");
    let rival = run(&sandbox).run();
    assert!(rival.code == 125 && rival.stderr.contains("E0761"), "{}", rival.stderr);
    fs::remove_file(sandbox.path("a/src/m.rs")).unwrap();
    changed(run(&sandbox), "three\n");
}

#[test]
fn the_manifest_of_a_path_dependency() {
    let sandbox = with_a();
    sandbox.write("a/src/lib.rs", "pub fn said() -> &'static str { env!(\"CARGO_PKG_DESCRIPTION\") }\n");
    changed(run(&sandbox), "\n");
    let manifest = sandbox.path("a/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{text}description = \"one\"\n")).unwrap();
    changed(run(&sandbox), "one\n");
    touched(&manifest, || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&manifest, format!("{text}description = \"two\"\n"));
    changed(run(&sandbox), "two\n");
}

#[test]
fn the_build_script_of_a_path_dependency_and_what_it_reads() {
    let sandbox = with_a();
    sandbox.write("a/src/lib.rs", "pub fn said() -> &'static str { env!(\"SAID\") }\n");
    let build = |more: &str| {
        format!(
            "fn main() {{\n    {more}\n    let read = |name| std::fs::read_to_string(name).unwrap_or_default();\n    \
             let words = [read(\"data.txt\"), read(\"../outside.txt\"), read(\".hidden\"), \
             std::env::var(\"WORD\").unwrap_or_default()];\n    \
             println!(\"cargo:rustc-env=SAID={{}}\", words.join(\"-\").replace('\\n', \"\"));\n}}\n"
        )
    };
    // Without a word of what it reads: then every file of the package counts, for cargo too.
    sandbox.write("a/build.rs", build(""));
    sandbox.write("a/data.txt", "data");
    changed(run(&sandbox), "data---\n");
    touched(&sandbox.path("a/data.txt"), || unchanged(run(&sandbox), "data---\n"));
    overwrite_keeping_time(&sandbox.path("a/data.txt"), "DATA");
    changed(run(&sandbox), "DATA---\n");
    // With words: files within, hidden and outside, and a variable.
    let words = ["data.txt", "../outside.txt", ".hidden"]
        .map(|path| format!("println!(\"cargo:rerun-if-changed={path}\");"))
        .join(" ");
    sandbox.write("a/build.rs", build(&format!("{words} println!(\"cargo::rerun-if-env-changed=WORD\");")));
    changed(run(&sandbox), "DATA---\n");
    unchanged(run(&sandbox), "DATA---\n");
    sandbox.write("outside.txt", "out");
    changed(run(&sandbox), "DATA-out--\n");
    overwrite_keeping_time(&sandbox.path("outside.txt"), "OUT");
    changed(run(&sandbox), "DATA-OUT--\n");
    touched(&sandbox.path("outside.txt"), || unchanged(run(&sandbox), "DATA-OUT--\n"));
    sandbox.write("a/.hidden", "hid");
    changed(run(&sandbox), "DATA-OUT-hid-\n");
    changed(run(&sandbox).env("WORD", "word"), "DATA-OUT-hid-word\n");
    unchanged(run(&sandbox), "DATA-OUT-hid-\n");
    unchanged(run(&sandbox).env("WORD", "word"), "DATA-OUT-hid-word\n");
    // Back and forth in one place of cargo's: the script is linked with what belongs to each.
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", "fn main() { println!(\"{}!\", a::said()) }\n");
    changed(run(&sandbox), "DATA-OUT-hid-!\n");
    changed(run(&sandbox).env("WORD", "word"), "DATA-OUT-hid-word!\n");
    unchanged(run(&sandbox), "DATA-OUT-hid-!\n");
}

#[test]
fn a_directory_a_build_script_watches() {
    let sandbox = with_a();
    sandbox.write("a/src/lib.rs", "pub fn said() -> &'static str { env!(\"SAID\") }\n");
    sandbox.write(
        "a/build.rs",
        "fn main() {\n    println!(\"cargo:rerun-if-changed=../shared\");\n    \
         let count = std::fs::read_dir(\"../shared\").map(|list| list.count()).unwrap_or(0);\n    \
         println!(\"cargo:rustc-env=SAID={count}\");\n}\n",
    );
    sandbox.write("shared/one", "");
    changed(run(&sandbox), "1\n");
    sandbox.write("shared/two", "");
    changed(run(&sandbox), "2\n");
    unchanged(run(&sandbox), "2\n");
    fs::remove_dir_all(sandbox.path("shared")).unwrap();
    changed(run(&sandbox), "0\n");
    unchanged(run(&sandbox), "0\n");
}

#[test]
fn what_a_build_script_is_made_of() {
    let sandbox = with_a();
    sandbox.write("a/src/lib.rs", "pub fn said() -> &'static str { env!(\"SAID\") }\n");
    sandbox.write(
        "a/build.rs",
        "#[path = \"../common.rs\"]\nmod common;\nfn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n    \
         println!(\"cargo:rustc-env=SAID={}{}\", common::WORD, option_env!(\"BUILDER\").unwrap_or(\"\"));\n}\n",
    );
    sandbox.write("common.rs", "pub const WORD: &str = \"one\";\n");
    changed(run(&sandbox), "one\n");
    overwrite_keeping_time(&sandbox.path("common.rs"), "pub const WORD: &str = \"two\";\n");
    changed(run(&sandbox), "two\n");
    touched(&sandbox.path("common.rs"), || unchanged(run(&sandbox), "two\n"));
    changed(run(&sandbox).env("BUILDER", "!"), "two!\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn what_a_path_dependency_includes_and_asks_for() {
    let sandbox = with_a();
    sandbox.write(
        "a/src/lib.rs",
        "pub fn said() -> String {\n    \
         format!(\"{}{}\", include_str!(\"../../words.txt\"), option_env!(\"WORD\").unwrap_or(\"unset\"))\n}\n",
    );
    sandbox.write("words.txt", "one ");
    changed(run(&sandbox), "one unset\n");
    overwrite_keeping_time(&sandbox.path("words.txt"), "two ");
    changed(run(&sandbox), "two unset\n");
    touched(&sandbox.path("words.txt"), || unchanged(run(&sandbox), "two unset\n"));
    changed(run(&sandbox).env("WORD", "set"), "two set\n");
    unchanged(run(&sandbox), "two unset\n");
}

#[test]
fn a_path_dependency_of_a_path_dependency() {
    let sandbox = with_a();
    package(&sandbox, "a", "[dependencies]\nb = { path = \"../deep/b\" }\n", "pub use b::said;\n");
    package(&sandbox, "deep/b", "", &said("one"));
    changed(run(&sandbox), "one\n");
    touched(&sandbox.path("deep/b/src/lib.rs"), || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&sandbox.path("deep/b/src/lib.rs"), said("two"));
    changed(run(&sandbox), "two\n");
    package(&sandbox, "other/b", "", &said("other"));
    package(&sandbox, "a", "[dependencies]\nb = { path = \"../other/b\" }\n", "pub use b::said;\n");
    changed(run(&sandbox), "other\n");
}

#[test]
fn a_workspace_that_a_path_dependency_inherits_from() {
    let sandbox = with_a();
    let workspace = |word: &str| {
        format!("[workspace]\nmembers = [\"a\"]\n[workspace.package]\ndescription = \"{word}\"\n")
    };
    sandbox.write("ws/Cargo.toml", workspace("one"));
    package(
        &sandbox,
        "ws/a",
        "description.workspace = true\n",
        "pub fn said() -> &'static str { env!(\"CARGO_PKG_DESCRIPTION\") }\n",
    );
    script(&sandbox, "s.rs", "dependencies.a.path = \"ws/a\"", MAIN);
    changed(run(&sandbox), "one\n");
    touched(&sandbox.path("ws/Cargo.toml"), || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&sandbox.path("ws/Cargo.toml"), workspace("two"));
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_directory_put_in_the_place_of_a_path_dependency() {
    let sandbox = with_a();
    package(&sandbox, "other/a", "", &said("two"));
    changed(run(&sandbox), "one\n");
    fs::rename(sandbox.path("a"), sandbox.path("kept")).unwrap();
    symlink("other/a", sandbox.path("a")).unwrap();
    changed(run(&sandbox), "two\n");
    fs::remove_file(sandbox.path("a")).unwrap();
    fs::rename(sandbox.path("kept"), sandbox.path("a")).unwrap();
    unchanged(run(&sandbox), "one\n");
    fs::rename(sandbox.path("a"), sandbox.path("gone")).unwrap();
    let gone = run(&sandbox).run();
    assert_eq!((gone.code, gone.stdout.as_str()), (125, ""), "{}", gone.stderr);
}

#[test]
fn a_path_dependency_edited_while_it_is_compiled() {
    for (when, edit) in [
        ("rustc a", "printf '%s' \"$TWO\" >a/src/lib.rs"),
        // Beside the edit, as `cp -p` and `mv` would.
        ("rustc a", "printf '%s' \"$TWO\" >new; touch -d 2001-01-01 new; mv new a/src/lib.rs"),
        ("rustc runner_script", "printf '%s' \"$TWO\" >a/src/lib.rs"),
    ] {
        let mut sandbox = with_a();
        // After that call, once.
        let wrapper = sandbox.root().join("bin/wrapper");
        let text = format!(
            "#!/bin/sh\n\"$@\"\ncode=$?\ncase \" $* \" in *' --crate-name {} '*) if [ ! -e {done} ]; then >{done}; cd {work}; {edit}; fi ;; esac\nexit $code\n",
            when.trim_start_matches("rustc "),
            done = sandbox.root().join("done").display(),
            work = sandbox.work().display(),
        );
        program(&wrapper, &text);
        sandbox.set("RUSTC_WRAPPER", &wrapper);
        sandbox.set("TWO", said("two"));
        changed(run(&sandbox), "two\n");
        unchanged(run(&sandbox), "two\n");
        assert!(sandbox.root().join("done").exists());
        sandbox.write("a/src/lib.rs", said("one"));
        changed(run(&sandbox), "one\n");
    }
}

#[test]
fn a_path_dependency_edited_and_reverted_while_it_is_compiled() {
    let mut sandbox = with_a();
    let wrapper = sandbox.root().join("bin/wrapper");
    let text = format!(
        "#!/bin/sh\ncase \" $* \" in\n*' --crate-name a '*) if [ ! -e {done} ]; then >{done}; cd {work}\n  \
         printf '%s' \"$TWO\" >a/src/lib.rs; \"$@\"; code=$?; printf '%s' \"$ONE\" >a/src/lib.rs; exit $code\nfi ;;\nesac\nexec \"$@\"\n",
        done = sandbox.root().join("done").display(),
        work = sandbox.work().display(),
    );
    program(&wrapper, &text);
    sandbox.set("RUSTC_WRAPPER", &wrapper);
    sandbox.set("TWO", said("two"));
    sandbox.set("ONE", said("one"));
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_path_dependency_that_writes_its_own_sources_is_built_all_the_same() {
    let sandbox = with_a();
    sandbox.write("a/src/lib.rs", "mod made;\npub fn said() -> &'static str { made::WORD }\n");
    sandbox.write(
        "a/build.rs",
        "fn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n    \
         std::fs::write(\"src/made.rs\", \"pub const WORD: &str = \\\"made\\\";\").unwrap();\n}\n",
    );
    changed(run(&sandbox), "made\n");
    unchanged(run(&sandbox), "made\n");
}

#[test]
fn a_c_library_of_a_path_dependency() {
    let sandbox = real();
    package(
        &sandbox,
        "number-sys",
        "links = \"number\"\n[build-dependencies]\ncc = \"1\"\n",
        "unsafe extern \"C\" { fn number() -> i32; }\npub fn said() -> i32 { unsafe { number() } }\n",
    );
    sandbox.write(
        "number-sys/build.rs",
        "fn main() {\n    println!(\"cargo:rerun-if-changed=c\");\n    cc::Build::new().file(\"c/number.c\").compile(\"number\");\n}\n",
    );
    let source =
        |number: u8| format!("#include \"number.h\"\nint number(void) {{ return BASE + {number}; }}\n");
    sandbox.write("number-sys/c/number.c", source(1));
    sandbox.write("number-sys/c/number.h", "#define BASE 10\n");
    script(
        &sandbox,
        "s.rs",
        "dependencies.number-sys.path = \"number-sys\"",
        "fn main() { println!(\"{}\", number_sys::said()) }\n",
    );
    changed(run(&sandbox), "11\n");
    touched(&sandbox.path("number-sys/c/number.c"), || unchanged(run(&sandbox), "11\n"));
    overwrite_keeping_time(&sandbox.path("number-sys/c/number.c"), source(2));
    changed(run(&sandbox), "12\n");
    overwrite_keeping_time(&sandbox.path("number-sys/c/number.h"), "#define BASE 20\n");
    changed(run(&sandbox), "22\n");
    changed(run(&sandbox).env("CFLAGS", "-DUNUSED"), "22\n");
    unchanged(run(&sandbox), "22\n");
}

#[test]
fn a_proc_macro_of_a_path_dependency() {
    let sandbox = with_a();
    let code = |word: &str| {
        format!(
            "#[proc_macro]\npub fn said(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
             let word = option_env!(\"WORD\").unwrap_or(\"{word}\");\n    format!(\"{{word:?}}\").parse().unwrap()\n}}\n"
        )
    };
    package(&sandbox, "a", "[lib]\nproc-macro = true\n", &code("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", "fn main() { println!(\"{}\", a::said!()) }\n");
    changed(run(&sandbox), "one\n");
    overwrite_keeping_time(&sandbox.path("a/src/lib.rs"), code("two"));
    changed(run(&sandbox), "two\n");
    changed(run(&sandbox).env("WORD", "mine"), "mine\n");
    unchanged(run(&sandbox), "two\n");
}

// Patches, sources, configuration.

#[test]
fn a_patch_to_a_directory() {
    let sandbox = real();
    sandbox
        .write("itoa/Cargo.toml", "[package]\nname = \"itoa\"\nversion = \"1.99.0\"\nedition = \"2021\"\n");
    sandbox.write("itoa/src/lib.rs", said("one"));
    let manifest = "dependencies.itoa = \"1\"\npatch.crates-io.itoa.path = \"itoa\"";
    script(&sandbox, "s.rs", manifest, "fn main() { println!(\"{}\", itoa::said()) }\n");
    changed(run(&sandbox), "one\n");
    touched(&sandbox.path("itoa/src/lib.rs"), || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&sandbox.path("itoa/src/lib.rs"), said("two"));
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_patch_to_a_directory_in_cargos_configuration() {
    let sandbox = real_with_cargo_home();
    sandbox
        .write("itoa/Cargo.toml", "[package]\nname = \"itoa\"\nversion = \"1.99.0\"\nedition = \"2021\"\n");
    sandbox.write("itoa/src/lib.rs", said("one"));
    let config = format!("[patch.crates-io]\nitoa.path = \"{}\"\n", sandbox.path("itoa").display());
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    script(&sandbox, "s.rs", "dependencies.itoa = \"1\"", "fn main() { println!(\"{}\", itoa::said()) }\n");
    changed(run(&sandbox), "one\n");
    touched(&sandbox.path("itoa/src/lib.rs"), || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&sandbox.path("itoa/src/lib.rs"), said("two"));
    changed(run(&sandbox), "two\n");
    // A file that only the whole package's listing knows of.
    sandbox.write("itoa/build.rs", "fn main() { println!(\"cargo:rustc-env=X=1\") }\n");
    changed(run(&sandbox), "two\n");
    fs::remove_file(sandbox.root().join("cargo/config.toml")).unwrap();
    let without = run(&sandbox).run();
    assert!(without.code == 125 && without.stderr.contains("E0425"), "{}", without.stderr);
}

#[test]
fn a_target_in_cargos_configuration_builds_no_stale_dependency() {
    let sandbox = real_with_cargo_home();
    package(&sandbox, "a", "", &said("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    let config = format!("[build]\ntarget = \"{}-unknown-linux-gnu\"\n", std::env::consts::ARCH);
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    changed(run(&sandbox), "one\n");
    let source = sandbox.path("a/src/lib.rs");
    fs::write(&source, said("two")).unwrap();
    set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "two\n");
}

#[test]
fn flags_and_configuration_reach_dependencies() {
    let sandbox = real_with_cargo_home();
    package(
        &sandbox,
        "a",
        "",
        "pub fn said() -> String { format!(\"{} {}\", cfg!(flagged), option_env!(\"WORD\").unwrap_or(\"unset\")) }\n",
    );
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    changed(run(&sandbox), "false unset\n");
    changed(run(&sandbox).env("RUSTFLAGS", "--cfg=flagged"), "true unset\n");
    unchanged(run(&sandbox), "false unset\n");
    let config = sandbox.root().join("cargo/config.toml");
    fs::write(&config, "[build]\nrustflags = [\"--cfg=flagged\"]\n[env]\nWORD = \"config\"\n").unwrap();
    changed(run(&sandbox), "true config\n");
    changed(run(&sandbox).env("WORD", "mine"), "true mine\n");
    overwrite_keeping_time(&config, "[build]\nrustflags = [\"--cfg=flagged\"]\n[env]\nWORD = \"CONFIG\"\n");
    changed(run(&sandbox), "true CONFIG\n");
    fs::remove_file(&config).unwrap();
    unchanged(run(&sandbox), "false unset\n");
}

// What the script's own manifest says.

#[test]
fn features_profiles_and_other_lines_of_the_manifest() {
    let sandbox = real();
    package(
        &sandbox,
        "a",
        "[features]\nloud = []\n",
        "pub fn said() -> String { format!(\"{} {}\", cfg!(feature = \"loud\"), cfg!(debug_assertions)) }\n",
    );
    let manifest = "dependencies.a = { path = \"a\" }";
    script(&sandbox, "s.rs", manifest, MAIN);
    changed(run(&sandbox), "false false\n");
    script(&sandbox, "s.rs", "dependencies.a = { path = \"a\", features = [\"loud\"] }", MAIN);
    changed(run(&sandbox), "true false\n");
    changed(sandbox.runner(["--debug", "s.rs"]), "true true\n");
    unchanged(run(&sandbox), "true false\n");
    script(
        &sandbox,
        "s.rs",
        "dependencies.a = { path = \"a\" }\nprofile.quick.inherits = \"release\"\nprofile.quick.debug-assertions = true\nprofile.quick.opt-level = 0",
        MAIN,
    );
    changed(run(&sandbox), "false true\n");
    script(&sandbox, "s.rs", manifest, MAIN);
    unchanged(run(&sandbox), "false false\n");
}

#[test]
fn renamed_optional_and_target_specific_dependencies() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("a"));
    package(&sandbox, "b", "", &said("b"));
    package(&sandbox, "c", "", &said("c"));
    let manifest = "[dependencies]\nother = { path = \"a\", package = \"a\" }\nc = { path = \"c\", optional = true }\n\
                    [target.'cfg(unix)'.dependencies]\nb = { path = \"b\" }\n\
                    [target.'cfg(windows)'.dependencies]\nnone = { path = \"none\", package = \"a\", optional = true }\n\
                    [features]\ndefault = [\"dep:c\"]";
    package(&sandbox, "none", "", "");
    sandbox.write("none/Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.3.0\"\nedition = \"2021\"\n");
    let code = "fn main() { println!(\"{}{}{}\", other::said(), b::said(), c::said()) }\n";
    script(&sandbox, "s.rs", manifest, code);
    changed(run(&sandbox), "abc\n");
    for (name, expected) in [("a", "Abc\n"), ("b", "ABc\n"), ("c", "ABC\n")] {
        overwrite_keeping_time(&sandbox.path(format!("{name}/src/lib.rs")), said(&name.to_uppercase()));
        changed(run(&sandbox), expected);
    }
    unchanged(run(&sandbox), "ABC\n");
}

#[test]
fn a_dependency_in_git() {
    if !Path::new("/usr/bin/git").exists() {
        return skipped("no git: a dependency in a repository");
    }
    let sandbox = real_with_cargo_home();
    let _ = fs::remove_file(sandbox.root().join("cargo/git"));
    package(&sandbox, "repository/a", "", &said("one"));
    let git = |text: &str| {
        let script = format!("cd repository/a && git -c user.name=a -c user.email=a@b {text}");
        let ran = sandbox.sh(&script).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    git("init -q");
    git("add .");
    git("commit -qm one");
    git("tag one");
    let manifest = |tag: &str| {
        format!(
            "dependencies.a = {{ git = \"file://{}\", tag = \"{tag}\" }}",
            sandbox.path("repository/a").display()
        )
    };
    script(&sandbox, "s.rs", &manifest("one"), MAIN);
    let first = run(&sandbox).run();
    assert_eq!((first.code, first.stdout.as_str()), (0, "one\n"), "{}", first.stderr);
    sandbox.write("repository/a/src/lib.rs", said("two"));
    git("commit -qam two");
    git("tag two");
    unchanged(run(&sandbox), "one\n");
    script(&sandbox, "s.rs", &manifest("two"), MAIN);
    let second = run(&sandbox).run();
    assert_eq!((second.code, second.stdout.as_str()), (0, "two\n"), "{}", second.stderr);
    script(&sandbox, "s.rs", &manifest("one"), MAIN);
    unchanged(run(&sandbox), "one\n");
}

// The compiler.

#[test]
fn a_compiler_replaced_by_one_that_calls_itself_the_same() {
    let sandbox = with_a();
    changed(run(&sandbox), "one\n");
    let rustc = sandbox.root().join("toolchain/bin/rustc");
    touched(&rustc, || unchanged(run(&sandbox), "one\n"));
    let text = fs::read_to_string(&rustc).unwrap();
    program(&rustc, &format!("{text}# another\n"));
    let compiled = changed(run(&sandbox), "one\n");
    assert!(compiled.contains(&"rustc a".to_owned()), "{compiled:?}");
    program(&rustc, &text);
    unchanged(run(&sandbox), "one\n");
}

// Fast now, optimal later.

#[test]
fn edits_while_the_final_build_is_made_in_the_background() {
    let sandbox = with_a();
    let run = || sandbox.runner(["s.rs"]);
    let source = sandbox.path("a/src/lib.rs");
    for round in 0..4 {
        // Quick first; a second run starts the final build, and the edit comes while that is going on.
        for word in ["one", "two"] {
            fs::write(&source, said(&format!("{word}{round}"))).unwrap();
            set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
            run().run().prints(&format!("{word}{round}\n"));
            run().run().prints(&format!("{word}{round}\n"));
        }
    }
    // Whatever is still being built, and whatever of it was committed meanwhile.
    for word in ["one3", "two3", "end"] {
        fs::write(&source, said(word)).unwrap();
        for _ in 0..3 {
            run().run().prints(&format!("{word}\n"));
        }
    }
    let stop = sandbox.runner(["cache", "stop"]).run();
    assert_eq!(stop.code, 0, "{}", stop.stderr);
    run().run().prints("end\n");
}

// Locks.

fn lock(version: &str, checksum: &str) -> String {
    format!(
        "version = 4\n\n[[package]]\nname = \"cfg-if\"\nversion = \"{version}\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\n\
         [[package]]\nname = \"runner-script\"\nversion = \"0.0.0\"\ndependencies = [\n \"cfg-if\",\n]\n"
    )
}

#[test]
fn a_lock_beside_the_script() {
    let sandbox = real();
    script(&sandbox, "s.rs", "dependencies.cfg-if = \"1\"", "fn main() { println!(\"end\") }\n");
    let run = |more: &[&str]| sandbox.runner(more.iter().chain(&["--profile", "quick", "s.rs"]));
    if let Some(why) = no_network(run(&[]).run()) {
        return skipped(&why);
    }
    let without = run(&["--locked"]).run();
    let text =
        format!("`{}` is not there, and `--locked` insists on it", sandbox.path("s.rs.lock").display());
    assert!(without.code == 125 && without.stderr.contains(&text), "{}", without.stderr);
    let one = lock("1.0.0", "baf1de4339761588bc0619e3cbc0120ee582ebb74b53b4efbf79117bd2da40fd");
    let two = lock("1.0.1", "9555578bc9e57714c812a1f84e4fc5b4d21fcb063490c624de019f7464c91268");
    sandbox.write("s.rs.lock", &one);
    let compiled = changed(run(&[]), "end\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
    touched(&sandbox.path("s.rs.lock"), || unchanged(run(&[]), "end\n"));
    changed(run(&["--locked"]), "end\n");
    overwrite_keeping_time(&sandbox.path("s.rs.lock"), &two);
    let compiled = changed(run(&[]), "end\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
    changed(run(&["--locked"]), "end\n");
    sandbox.write("s.rs.lock", &one);
    unchanged(run(&[]), "end\n");
    unchanged(run(&["--locked"]), "end\n");
    fs::remove_file(sandbox.path("s.rs.lock")).unwrap();
    unchanged(run(&[]), "end\n");
    let without = run(&["--locked"]).run();
    assert_eq!(without.code, 125, "{}", without.stderr);
}

/// Why a first run that needs the registry did not work, if that is for want of a network.
fn no_network(ran: Ran) -> Option<String> {
    let unreachable = ["registry cannot be reached", "failed to download", "Could not connect"];
    (ran.code != 0 && unreachable.iter().any(|sign| ran.stderr.contains(sign)))
        .then(|| "no network: crates from the registry".to_owned())
}

// What scripts share.

#[test]
fn scripts_with_one_manifest_share_everything() {
    let sandbox = with_a();
    calls_exactly(run(&sandbox), "one\n", &["cargo build", "cargo metadata", "rustc a", "rustc s"]);
    script(&sandbox, "t.rs", "dependencies.a.path = \"a\"", "fn main() { println!(\"t {}\", a::said()) }\n");
    calls_exactly(sandbox.runner(["--profile", "quick", "t.rs"]), "t one\n", &["rustc t"]);
    // An edit needs no cargo either.
    script(&sandbox, "t.rs", "dependencies.a.path = \"a\"", "fn main() { println!(\"T {}\", a::said()) }\n");
    calls_exactly(sandbox.runner(["--profile", "quick", "t.rs"]), "T one\n", &["rustc t"]);
    // Elsewhere `a` is another directory.
    script(&sandbox, "d/s.rs", "dependencies.a.path = \"a\"", MAIN);
    package(&sandbox, "d/a", "", &said("elsewhere"));
    changed(sandbox.runner(["--profile", "quick", "d/s.rs"]), "elsewhere\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn overlapping_manifests_compile_only_what_is_new() {
    let sandbox = real();
    let code = "fn main() { println!(\"{}\", itoa::Buffer::new().format(7)) }\n";
    script(&sandbox, "s.rs", "dependencies.itoa = \"1\"", code);
    if let Some(why) = no_network(run(&sandbox).run()) {
        return skipped(&why);
    }
    calls(&sandbox);
    script(&sandbox, "t.rs", "dependencies.itoa = \"1\"\ndependencies.cfg-if = \"1\"", code);
    let compiled = changed(sandbox.runner(["--profile", "quick", "t.rs"]), "7\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
    assert!(!compiled.contains(&"rustc itoa".to_owned()), "{compiled:?}");
    // What is here is taken, without the network: a third script asks for both another way.
    script(&sandbox, "u.rs", "dependencies.cfg-if = \"1.0\"\ndependencies.itoa = \">=1\"", code);
    let offline = sandbox
        .runner(["--offline", "--profile", "quick", "u.rs"])
        .env("CARGO_HTTP_PROXY", "http://127.0.0.1:9")
        .env("https_proxy", "http://127.0.0.1:9");
    calls_exactly(offline, "7\n", &["cargo build", "rustc u"]);
}

#[test]
fn a_new_manifest_picks_the_version_that_is_built() {
    let sandbox = real();
    let code = "fn main() { println!(\"end\") }\n";
    script(&sandbox, "s.rs", "dependencies.cfg-if = \"=1.0.0\"", code);
    if let Some(why) = no_network(run(&sandbox).run()) {
        return skipped(&why);
    }
    calls(&sandbox);
    script(&sandbox, "t.rs", "dependencies.cfg-if = \"1\"", code);
    calls_exactly(sandbox.runner(["--profile", "quick", "t.rs"]), "end\n", &["cargo build", "rustc t"]);
    // A version that is asked for is not overruled.
    script(&sandbox, "u.rs", "dependencies.cfg-if = \"=1.0.1\"", code);
    let compiled = changed(sandbox.runner(["--profile", "quick", "u.rs"]), "end\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
}

#[test]
fn two_scripts_sharing_a_dependency_that_changes_and_changes_back() {
    let sandbox = with_a();
    script(
        &sandbox,
        "t.rs",
        "dependencies.a.path = \"a\"\ndependencies.b.path = \"b\"",
        "fn main() { println!(\"{} {}\", a::said(), b::said()) }\n",
    );
    package(&sandbox, "b", "", &said("b"));
    let source = sandbox.path("a/src/lib.rs");
    let other = || sandbox.runner(["--profile", "quick", "t.rs"]);
    set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "one\n");
    changed(other(), "one b\n");
    let mut round = 0;
    for time in [LONG_AGO, LONG_AGO + Duration::from_secs(5), Duration::from_secs(5)] {
        // Another content, of the same length and age, is built for one of them.
        fs::write(&source, said("two")).unwrap();
        set_modified(&source, SystemTime::UNIX_EPOCH + time);
        other().run().prints("two b\n");
        // It goes back; the other script is edited, so that it is linked anew.
        fs::write(&source, said("one")).unwrap();
        set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
        for _ in 0..2 {
            round += 1;
            let code = format!("fn main() {{ println!(\"{round} {{}}\", a::said()) }}\n");
            script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", &code);
            changed(run(&sandbox), &format!("{round} one\n"));
        }
        other().run().prints("one b\n");
    }
}

#[test]
fn two_cold_scripts_with_dependencies_do_not_wait_for_each_other() {
    let mut sandbox = with_a();
    package(&sandbox, "b", "", &said("b"));
    script(&sandbox, "t.rs", "dependencies.b.path = \"b\"", "fn main() { println!(\"{}\", b::said()) }\n");
    // Either compiler of `a` and `b` waits until the other has been started too.
    let wrapper = sandbox.root().join("bin/wrapper");
    let text = format!(
        "#!/bin/sh\ncd {root}\ncase \" $* \" in\n*' --crate-name a '*) >met-a; wanted=met-b ;;\n\
         *' --crate-name b '*) >met-b; wanted=met-a ;;\n*) cd - >/dev/null; exec \"$@\" ;;\nesac\ncd - >/dev/null\n\
         for i in $(seq 600); do [ ! -e {root}/$wanted ] || exec \"$@\"; sleep 0.05; done\n\
         echo 'the other never came' >&2; exit 1\n",
        root = sandbox.root().display()
    );
    program(&wrapper, &text);
    sandbox.set("RUSTC_WRAPPER", &wrapper);
    let one = run(&sandbox).start();
    let two = sandbox.runner(["--profile", "quick", "t.rs"]).start();
    Ran::of("s.rs", one).prints("one\n");
    Ran::of("t.rs", two).prints("b\n");
    let mut lanes: Vec<String> = fs::read_dir(toolchain_directory(&sandbox))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_prefix("lane-")?.trim_start_matches("trimmed-").to_owned()))
        .collect();
    lanes.sort();
    assert_eq!(lanes, ["0", "1"]);
}

fn toolchain_directory(sandbox: &Sandbox) -> std::path::PathBuf {
    let mut directories = fs::read_dir(sandbox.cache().join("v1/deps")).unwrap().flatten();
    directories.next().unwrap().path()
}
