//! Never stale: what cargo reads for a script, changed and merely touched; and what scripts share of what it builds.
//!
//! The logs of rustc and cargo tell what was compiled: `rustc CRATE` for each crate, `cargo COMMAND`. Crates are local, or
//! tiny ones from the registry.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::SystemTime;

use crate::support::files::{overwrite_keeping_time, program, set_modified};
use crate::support::path_dependency::{MAIN, package, run, said, script, with_a};
use crate::support::watched::{LONG_AGO, changed, real, touched, unchanged};

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

#[test]
fn whatever_cargo_watches_for_a_build_script_that_does_not_say_what_it_reads() {
    let sandbox = real();
    // Where a package belongs is not told by what directories are called.
    let place = "registry/src/git/checkouts/a";
    package(&sandbox, place, "", "pub fn said() -> &'static str { env!(\"SAID\") }\n");
    let read = "fn main() { let all = [\"data/target/b.txt\", \".hidden\", \"linked/c.txt\", \".dir/d.txt\"]; \
                let text: String = all.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect(); \
                println!(\"cargo:rustc-env=SAID={text}\") }\n";
    let file = |name: &str| format!("{place}/{name}");
    sandbox.write(file("build.rs"), read);
    for name in ["data/target/b.txt", ".hidden", ".dir/d.txt"] {
        sandbox.write(file(name), "1");
    }
    sandbox.write("elsewhere/c.txt", "1");
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), sandbox.path(file("linked"))).unwrap();
    script(&sandbox, "s.rs", &format!("dependencies.a.path = \"{place}\""), MAIN);
    changed(run(&sandbox), "1111\n");
    unchanged(run(&sandbox), "1111\n");
    let mut expected = [b'1'; 4];
    let all = [file("data/target/b.txt"), file(".hidden"), "elsewhere/c.txt".to_owned(), file(".dir/d.txt")];
    for (index, name) in all.iter().enumerate() {
        overwrite_keeping_time(&sandbox.path(name), "2");
        expected[index] = b'2';
        let text = format!("{}\n", String::from_utf8_lossy(&expected));
        changed(run(&sandbox), &text);
        unchanged(run(&sandbox), &text);
    }
}

#[test]
fn a_build_script_that_writes_among_its_own_sources_runs_as_it_does_with_cargo() {
    let sandbox = real();
    package(&sandbox, "a", "", "pub fn said() -> &'static str { \"ran\" }\n");
    let build = "use std::io::Write;\nfn main() { let mut log = std::fs::File::options().create(true).append(true)\n\
                 .open(\"log\").unwrap(); writeln!(log, \"built\").unwrap(); }\n";
    sandbox.write("a/build.rs", build);
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    for _ in 0..2 {
        let ran = run(&sandbox).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "ran\n"), "{}", ran.stderr);
        assert!(ran.stderr.contains("changes its own sources whenever it is compiled"), "{}", ran.stderr);
    }
}
