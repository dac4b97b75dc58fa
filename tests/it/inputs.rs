//! Never stale: each input of a build, changed and merely touched.
//!
//! A change must be seen by the next run; a touch must compile nothing. The fake compiler counts for what `runner` itself
//! watches, the real one speaks where rustc decides what is read. What cargo reads is in `dependencies`, and all of it
//! mixed at random in `property`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::sandbox::{Run, Sandbox, skipped};
use crate::watched::{
    LONG_AGO, calls, changed, compiler, overwrite_keeping_time, program, real, real_with_cargo_home, replace,
    set_modified, touched, unchanged,
};

fn run(sandbox: &Sandbox) -> Run<'_> {
    sandbox.runner(["s.rs"])
}

const FAILED: &str = "runner: s.rs: rustc failed (exit status: 1); nothing was cached";

// The script.

#[test]
fn the_script() {
    let sandbox = Sandbox::fake();
    let script = sandbox.write("s.rs", "print one\n");
    changed(run(&sandbox), "one\n");
    touched(&script, || unchanged(run(&sandbox), "one\n"));
    sandbox.write("s.rs", "print two\n");
    changed(run(&sandbox), "two\n");
    overwrite_keeping_time(&script, "print six\n");
    changed(run(&sandbox), "six\n");
    replace(&script, "print ten\n");
    set_modified(&script, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "ten\n");
    sandbox.write("s.rs", "print one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_script_whose_name_needs_escaping() {
    let sandbox = Sandbox::fake();
    sandbox.write("a b=c/s.rs", "mod m\n");
    let module = sandbox.write("a b=c/m.rs", "print one\n");
    let run = || sandbox.runner(["a b=c/s.rs"]);
    changed(run(), "one\n");
    touched(&module, || unchanged(run(), "one\n"));
    sandbox.write("a b=c/m.rs", "print two\n");
    changed(run(), "two\n");
}

// Files the compiler reads.

#[test]
fn a_module() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    let module = sandbox.write("m.rs", "print one\n");
    changed(run(&sandbox), "one\n");
    touched(&module, || unchanged(run(&sandbox), "one\n"));
    sandbox.write("m.rs", "print two\n");
    changed(run(&sandbox), "two\n");
    overwrite_keeping_time(&module, "print six\n");
    changed(run(&sandbox), "six\n");
    sandbox.write("m.rs", "print one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_module_in_a_directory_and_one_within_it() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    let outer = sandbox.write("m/mod.rs", "mod inner\nprint outer\n");
    let inner = sandbox.write("m/inner.rs", "print one\n");
    changed(run(&sandbox), "one\nouter\n");
    touched(&outer, || unchanged(run(&sandbox), "one\nouter\n"));
    touched(&inner, || unchanged(run(&sandbox), "one\nouter\n"));
    sandbox.write("m/inner.rs", "print two\n");
    changed(run(&sandbox), "two\nouter\n");
    sandbox.write("m/mod.rs", "mod inner\nprint OUTER\n");
    changed(run(&sandbox), "two\nOUTER\n");
    fs::rename(sandbox.path("m/inner.rs"), sandbox.path("m/other.rs")).unwrap();
    run(&sandbox).run().fails(125, FAILED);
    fs::rename(sandbox.path("m/other.rs"), sandbox.path("m/inner.rs")).unwrap();
    unchanged(run(&sandbox), "two\nOUTER\n");
}

#[test]
fn a_rival_module_that_appears() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print one\n");
    changed(run(&sandbox), "one\n");
    sandbox.write("m/other.rs", "print no\n");
    unchanged(run(&sandbox), "one\n");
    sandbox.write("m/mod.rs", "print two\n");
    run(&sandbox).run().fails(125, FAILED);
    fs::rename(sandbox.path("m.rs"), sandbox.path("gone.rs")).unwrap();
    changed(run(&sandbox), "two\n");
    sandbox.write("m.rs", "print one\n");
    run(&sandbox).run().fails(125, FAILED);
    fs::remove_file(sandbox.path("m/mod.rs")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_rival_module_that_is_a_dangling_link_until_it_is_not() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print one\n");
    fs::create_dir(sandbox.path("m")).unwrap();
    symlink("../later.rs", sandbox.path("m/mod.rs")).unwrap();
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    sandbox.write("later.rs", "print two\n");
    run(&sandbox).run().fails(125, FAILED);
    fs::remove_file(sandbox.path("later.rs")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_file_that_only_looks_like_a_rival_module_compiles_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include m.rs\ninclude m/mod.rs\n");
    sandbox.write("m.rs", "print one\n");
    sandbox.write("m/mod.rs", "print two\n");
    changed(run(&sandbox), "one\ntwo\n");
    unchanged(run(&sandbox), "one\ntwo\n");
}

#[test]
fn an_included_file_and_one_it_includes() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include sub/a.txt\n");
    let outer = sandbox.write("sub/a.txt", "print outer\ninclude b.txt\n");
    let inner = sandbox.write("sub/b.txt", "print one\n");
    changed(run(&sandbox), "outer\none\n");
    touched(&outer, || unchanged(run(&sandbox), "outer\none\n"));
    touched(&inner, || unchanged(run(&sandbox), "outer\none\n"));
    overwrite_keeping_time(&inner, "print two\n");
    changed(run(&sandbox), "outer\ntwo\n");
}

#[test]
fn a_link_to_an_included_file() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include link\n");
    sandbox.write("one", "print one\n");
    sandbox.write("two", "print two\n");
    let link = sandbox.path("link");
    symlink("one", &link).unwrap();
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    fs::remove_file(&link).unwrap();
    symlink("two", &link).unwrap();
    changed(run(&sandbox), "two\n");
    fs::remove_file(&link).unwrap();
    run(&sandbox).run().fails(125, FAILED);
    symlink("one", &link).unwrap();
    unchanged(run(&sandbox), "one\n");
    sandbox.write("one", "print ONE\n");
    changed(run(&sandbox), "ONE\n");
}

#[test]
fn a_directory_above_an_included_file() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include d/e/f.txt\n");
    sandbox.write("d/e/f.txt", "print one\n");
    sandbox.write("other/e/f.txt", "print two\n");
    changed(run(&sandbox), "one\n");
    fs::rename(sandbox.path("d"), sandbox.path("old")).unwrap();
    fs::rename(sandbox.path("other"), sandbox.path("d")).unwrap();
    changed(run(&sandbox), "two\n");
    fs::rename(sandbox.path("d"), sandbox.path("other")).unwrap();
    symlink("old", sandbox.path("d")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn what_rustc_reads() {
    let sandbox = real();
    sandbox.write(
        "s.rs",
        "mod plain;\n#[path = \"odd/place.rs\"]\nmod pathed;\nmod outer;\n\
         include!(\"inc/code.in\");\n\
         fn main() {\n    println!(\"{} {} {} {}\", plain::SAID, pathed::SAID, outer::inner::SAID, CODE);\n    \
         print!(\"{}{}\", include_str!(\"text.txt\"), include_bytes!(\"bytes\").len());\n    println!();\n}\n",
    );
    let text = |word: &str| format!("pub const SAID: &str = \"{word}\";\n");
    sandbox.write("plain.rs", text("plain"));
    sandbox.write("odd/place.rs", text("path"));
    sandbox.write("outer.rs", "pub mod inner;\n");
    sandbox.write("outer/inner.rs", text("nested"));
    sandbox.write("inc/code.in", "include!(\"deeper.in\");\n");
    sandbox.write("inc/deeper.in", "const CODE: u8 = 1;\n");
    sandbox.write("text.txt", "text\n");
    sandbox.write("bytes", [0xff; 3]);
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run(), "plain path nested 1\ntext\n3\n");
    for file in ["plain.rs", "odd/place.rs", "outer.rs", "outer/inner.rs", "inc/code.in", "text.txt", "bytes"]
    {
        touched(&sandbox.path(file), || unchanged(run(), "plain path nested 1\ntext\n3\n"));
    }
    overwrite_keeping_time(&sandbox.path("plain.rs"), text("PLAIN"));
    changed(run(), "PLAIN path nested 1\ntext\n3\n");
    overwrite_keeping_time(&sandbox.path("odd/place.rs"), text("PATH"));
    changed(run(), "PLAIN PATH nested 1\ntext\n3\n");
    overwrite_keeping_time(&sandbox.path("outer/inner.rs"), text("NESTED"));
    changed(run(), "PLAIN PATH NESTED 1\ntext\n3\n");
    overwrite_keeping_time(&sandbox.path("inc/deeper.in"), "const CODE: u8 = 2;\n");
    changed(run(), "PLAIN PATH NESTED 2\ntext\n3\n");
    overwrite_keeping_time(&sandbox.path("text.txt"), "TEXT\n");
    changed(run(), "PLAIN PATH NESTED 2\nTEXT\n3\n");
    sandbox.write("bytes", "four");
    changed(run(), "PLAIN PATH NESTED 2\nTEXT\n4\n");
    sandbox.write("plain/mod.rs", text("rival"));
    let rival = run().run();
    assert!(rival.code == 125 && rival.stderr.contains("E0761"), "{}", rival.stderr);
    fs::remove_file(sandbox.path("plain.rs")).unwrap();
    changed(run(), "rival PATH NESTED 2\nTEXT\n4\n");
}

#[test]
fn a_large_included_file_is_not_read_by_a_hit() {
    if !Path::new("/usr/bin/strace").exists() {
        return skipped("no strace: whether a hit reads a large included file");
    }
    const BYTES: u64 = 200 << 20;
    let sandbox = real();
    sandbox.write(
        "s.rs",
        "const BYTES: usize = include_bytes!(\"large\").len();\nfn main() { println!(\"{BYTES}\") }\n",
    );
    let large = sandbox.write("large", "");
    fs::File::options().write(true).open(&large).unwrap().set_len(BYTES).unwrap();
    set_modified(&large, SystemTime::UNIX_EPOCH + LONG_AGO);
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run(), &format!("{BYTES}\n"));
    // The first run after the compile may prove a young stamp by content; the second must not.
    unchanged(run(), &format!("{BYTES}\n"));
    let read = || -> (u64, bool) {
        let trace = sandbox.root().join("strace");
        let arguments = ["-f", "-qq", "-e", "trace=read,pread64,mmap,openat", "-o"];
        let ran = sandbox
            .command("/usr/bin/strace")
            .args(arguments)
            .args([trace.as_os_str()])
            .args([crate::sandbox::RUNNER, "--profile", "quick", "s.rs"])
            .run();
        ran.prints(&format!("{BYTES}\n"));
        let text = fs::read_to_string(&trace).unwrap();
        let bytes = text
            .lines()
            .filter(|line| line.contains("read(") || line.contains("pread64("))
            .filter_map(|line| line.rsplit_once("= ")?.1.trim().parse::<u64>().ok())
            .sum();
        (bytes, text.contains("/large\""))
    };
    let (bytes, opened) = read();
    assert!(bytes < 1 << 20 && !opened, "{bytes} bytes were read");
    set_modified(&large, SystemTime::UNIX_EPOCH + LONG_AGO + Duration::from_secs(1));
    unchanged(run(), &format!("{BYTES}\n"));
    unchanged(run(), &format!("{BYTES}\n"));
    let (bytes, opened) = read();
    assert!(bytes < 1 << 20 && !opened, "{bytes} bytes were read though the stamp was proved before");
    fs::File::options().write(true).open(&large).unwrap().set_len(BYTES + 1).unwrap();
    changed(run(), &format!("{}\n", BYTES + 1));
}

// Variables.

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
fn what_rustc_reads_of_the_environment() {
    let sandbox = real();
    sandbox.write("s.rs", "fn main() { println!(\"{:?} {}\", option_env!(\"MAYBE\"), env!(\"SURELY\")) }\n");
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]).env("SURELY", "here");
    changed(run(), "None here\n");
    unchanged(run().env("OTHER", "1"), "None here\n");
    changed(run().env("MAYBE", "one"), "Some(\"one\") here\n");
    changed(run().env("MAYBE", ""), "Some(\"\") here\n");
    changed(run().env("SURELY", "there"), "None there\n");
    let without = run().without("SURELY").run();
    assert!(without.code == 125 && without.stderr.contains("SURELY"), "{}", without.stderr);
    unchanged(run(), "None here\n");
    unchanged(run().env("MAYBE", "one"), "Some(\"one\") here\n");
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
fn the_library_path() {
    let sandbox = real();
    for (directory, number) in [("one", 1), ("two", 2)] {
        sandbox.write(format!("{directory}/n.c"), format!("int number(void) {{ return {number}; }}\n"));
        let archive = sandbox.path(directory);
        let commands = "cc -c n.c -o n.o && ar rcs libnumber.a n.o";
        sandbox.sh(commands).within(archive).run().prints("");
    }
    sandbox.write(
        "s.rs",
        "#[link(name = \"number\")]\nunsafe extern \"C\" { fn number() -> i32; }\n\
         fn main() { println!(\"{}\", unsafe { number() }) }\n",
    );
    let run = |directory: &str| {
        sandbox.runner(["--profile", "quick", "s.rs"]).env("LIBRARY_PATH", sandbox.path(directory))
    };
    changed(run("one"), "1\n");
    changed(run("two"), "2\n");
    unchanged(run("one"), "1\n");
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

// Options.

#[test]
fn options_of_the_build() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "argument -C opt-level=*\nargument --edition=*\nprint end\n");
    let run = |options: &[&str]| sandbox.runner(options.iter().chain(&["s.rs"]));
    changed(
        run(&[]),
        "--edition=2024\n-C opt-level=3\nend\n"
            .replace("--edition=2024\n-C opt-level=3", "-C opt-level=3\n--edition=2024")
            .as_str(),
    );
    changed(run(&["--debug"]), "--edition=2024\nend\n");
    changed(run(&["--edition", "2018"]), "-C opt-level=3\n--edition=2018\nend\n");
    changed(run(&["--profile", "quick"]), "--edition=2024\nend\n");
    unchanged(run(&["--profile", "dev"]), "--edition=2024\nend\n");
    // Said or understood, it is the same build.
    run(&["--release"]).run().prints("-C opt-level=3\n--edition=2024\nend\n");
    unchanged(run(&[]), "-C opt-level=3\n--edition=2024\nend\n");
    sandbox.write(
        "s.rs",
        "#!/usr/bin/env -S runner --debug\nargument -C opt-level=*\nargument --edition=*\nprint end\n",
    );
    changed(run(&[]), "--edition=2024\nend\n");
    changed(run(&["--release"]), "-C opt-level=3\n--edition=2024\nend\n");
}

// Declared inputs.

#[test]
fn declared_files() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"t/*.html\", \".secret\", \"one.txt\"]\n---\n";
    sandbox.write("s.rs", format!("{head}secretly t/a.html\n"));
    let declared = sandbox.write("t/a.html", "one\n");
    changed(run(&sandbox), "one\n");
    touched(&declared, || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&declared, "two\n");
    changed(run(&sandbox), "two\n");
    sandbox.write("t/b.html", "new\n");
    changed(run(&sandbox), "two\n");
    sandbox.write("other.txt", "not declared\n");
    sandbox.write(".secret", "not there before\n");
    changed(run(&sandbox), "two\n");
    sandbox.write(".secret", "something else\n");
    changed(run(&sandbox), "two\n");
    sandbox.write("one.txt", "not there before\n");
    changed(run(&sandbox), "two\n");
    fs::remove_file(sandbox.path("t/b.html")).unwrap();
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn declared_patterns_match_what_appears_under_any_name() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"*/x.txt\", \"**/y.txt\", \"z/*\"]\n---\n";
    sandbox.write("s.rs", format!("{head}print one\n"));
    sandbox.write("z/first", "");
    changed(run(&sandbox), "one\n");
    for name in ["a/x.txt", "target/x.txt", "deep/er/y.txt", "z/plain", "z/target"] {
        sandbox.write(name, "");
        changed(run(&sandbox), "one\n");
        unchanged(run(&sandbox), "one\n");
    }
}

#[test]
fn a_declared_file_that_is_a_link() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"data\"]\n---\n";
    sandbox.write("s.rs", format!("{head}secretly data\n"));
    sandbox.write("one", "one\n");
    sandbox.write("two", "two\n");
    symlink("one", sandbox.path("data")).unwrap();
    changed(run(&sandbox), "one\n");
    fs::remove_file(sandbox.path("data")).unwrap();
    symlink("two", sandbox.path("data")).unwrap();
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
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

// Times.

#[test]
fn a_file_that_changes_as_fast_as_it_can_while_size_and_time_stay() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    let text = sandbox.write("t", "print 000\n");
    for round in 0..40 {
        fs::write(&text, format!("print {round:03}\n")).unwrap();
        set_modified(&text, SystemTime::UNIX_EPOCH + LONG_AGO);
        changed(run(&sandbox), &format!("{round:03}\n"));
        // Twice at once: a stamp renewed by the run between must not vouch for the second.
        overwrite_keeping_time(&text, format!("print {:03}\n", round + 500));
        changed(run(&sandbox), &format!("{:03}\n", round + 500));
    }
}

#[test]
fn a_file_that_changes_right_after_its_stamp_was_renewed() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    let text = sandbox.write("t", "print aaa\n");
    changed(run(&sandbox), "aaa\n");
    for round in 0..40 {
        let (old, new) = if round % 2 == 0 { ("aaa", "bbb") } else { ("bbb", "aaa") };
        fs::write(&text, format!("print {old}\n")).unwrap();
        run(&sandbox).run().prints(&format!("{old}\n"));
        overwrite_keeping_time(&text, format!("print {new}\n"));
        run(&sandbox).run().prints(&format!("{new}\n"));
    }
}

#[test]
fn a_file_from_the_past_or_the_future() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    let text = sandbox.write("t", "print one\n");
    let past = SystemTime::UNIX_EPOCH + LONG_AGO;
    let future = SystemTime::now() + Duration::from_secs(400_000_000);
    set_modified(&text, future);
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    for (word, time) in [("two", future), ("six", past), ("ten", past), ("odd", future)] {
        fs::write(&text, format!("print {word}\n")).unwrap();
        set_modified(&text, time);
        changed(run(&sandbox), &format!("{word}\n"));
        unchanged(run(&sandbox), &format!("{word}\n"));
    }
    set_modified(&text, SystemTime::UNIX_EPOCH);
    unchanged(run(&sandbox), "odd\n");
    let archive = "print tar\n";
    replace(&text, archive);
    set_modified(&text, past);
    sandbox.sh("tar cf ../t.tar t").run().prints("");
    fs::write(&text, "print not\n").unwrap();
    changed(run(&sandbox), "not\n");
    sandbox.sh("tar xf ../t.tar").run().prints("");
    changed(run(&sandbox), "tar\n");
    sandbox.sh("cp -p t ../kept && echo 'print new' >t").run().prints("");
    changed(run(&sandbox), "new\n");
    sandbox.sh("cp -p ../kept t").run().prints("");
    unchanged(run(&sandbox), "tar\n");
}

// Other ways to run.

#[test]
fn what_is_built_and_promoted_is_never_stale_either() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    let program = sandbox.path("program");
    let bin = sandbox.root().join("own");
    for word in ["one", "two", "one"] {
        sandbox.write("m.rs", format!("print {word}\n"));
        set_modified(&sandbox.path("m.rs"), SystemTime::UNIX_EPOCH + LONG_AGO);
        let built = sandbox.runner(["build", "s.rs", "-o", "program"]).run();
        assert_eq!(built.code, 0, "{}", built.stderr);
        sandbox.command(&program).run().prints(&format!("{word}\n"));
        let promoted = sandbox.runner(["promote", "s.rs", "--to"]).args([&bin]).run();
        assert_eq!(promoted.code, 0, "{}", promoted.stderr);
        sandbox.command(bin.join("s")).run().prints(&format!("{word}\n"));
        sandbox.runner(["--temp", "s.rs"]).run().prints(&format!("{word}\n"));
        sandbox.runner(["--force", "s.rs"]).run().prints(&format!("{word}\n"));
        run(&sandbox).run().prints(&format!("{word}\n"));
    }
}

#[test]
fn a_script_that_comes_through_a_pipe() {
    let sandbox = Sandbox::fake();
    let run = |text: &str| sandbox.runner(["/dev/stdin"]).input(text);
    changed(run("print one\n"), "one\n");
    changed(run("print two\n"), "two\n");
    unchanged(run("print one\n"), "one\n");
    changed(run("env WORD\n"), "unset\n");
    changed(run("env WORD\n").env("WORD", "set"), "set\n");
    // The same text from another directory may mean other things.
    fs::create_dir(sandbox.path("d")).unwrap();
    run("print one\n").within(sandbox.path("d")).run().prints("one\n");
}

#[test]
fn a_script_found_on_path() {
    let sandbox = Sandbox::fake();
    let path = |first: &str, second: &str| {
        let rest = ["fake", "bin"].map(|name| sandbox.root().join(name).display().to_string()).join(":");
        let [first, second] = [first, second].map(|name| sandbox.path(name).display().to_string());
        format!("{first}:{second}:{rest}:/usr/bin:/bin")
    };
    for place in ["a", "b"] {
        sandbox.script(format!("{place}/tool"), "mod m\n");
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    let run = |first: &str, second: &str| {
        sandbox.runner(["run", "tool"]).env("PATH", path(first, second)).within(sandbox.root())
    };
    changed(run("a", "b"), "a\n");
    changed(run("b", "a"), "b\n");
    unchanged(run("a", "b"), "a\n");
    fs::remove_file(sandbox.path("a/tool")).unwrap();
    unchanged(run("a", "b"), "b\n");
}

// Links and places.

#[test]
fn the_script_replaced_by_a_link_to_another() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print one\n");
    sandbox.write("other.rs", "print two\n");
    changed(run(&sandbox), "one\n");
    fs::rename(sandbox.path("s.rs"), sandbox.path("kept.rs")).unwrap();
    symlink("other.rs", sandbox.path("s.rs")).unwrap();
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
    fs::rename(sandbox.path("kept.rs"), sandbox.path("s.rs")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn the_script_replaced_by_a_link_to_the_same_text_with_other_siblings() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print here\n");
    sandbox.write("there/s.rs", "mod m\n");
    sandbox.write("there/m.rs", "print there\n");
    changed(run(&sandbox), "here\n");
    fs::remove_file(sandbox.path("s.rs")).unwrap();
    symlink("there/s.rs", sandbox.path("s.rs")).unwrap();
    changed(run(&sandbox), "there\n");
    unchanged(run(&sandbox), "there\n");
    fs::remove_file(sandbox.path("s.rs")).unwrap();
    sandbox.write("s.rs", "mod m\n");
    unchanged(run(&sandbox), "here\n");
}

#[test]
fn a_link_to_a_script_retargeted() {
    let sandbox = Sandbox::fake();
    for place in ["one", "two"] {
        sandbox.write(format!("{place}/t.rs"), "mod m\n");
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    let link = sandbox.path("s.rs");
    for place in ["one", "two"] {
        let _ = fs::remove_file(&link);
        symlink(format!("{place}/t.rs"), &link).unwrap();
        changed(run(&sandbox), &format!("{place}\n"));
        unchanged(run(&sandbox), &format!("{place}\n"));
        sandbox.runner([format!("{place}/t.rs")]).run().prints(&format!("{place}\n"));
    }
    fs::remove_file(&link).unwrap();
    symlink("one/t.rs", &link).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn the_target_of_a_link_replaced_by_a_link() {
    let sandbox = Sandbox::fake();
    for place in ["one", "two"] {
        sandbox.write(format!("{place}/t.rs"), "mod m\n");
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    symlink("one/t.rs", sandbox.path("s.rs")).unwrap();
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    fs::remove_file(sandbox.path("one/t.rs")).unwrap();
    symlink("../two/t.rs", sandbox.path("one/t.rs")).unwrap();
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_directory_that_becomes_a_link_takes_the_scripts_place_with_it() {
    let sandbox = real();
    sandbox.write("d/s.rs", "fn main() { println!(\"{}\", env!(\"CARGO_MANIFEST_DIR\")) }\n");
    let run = || sandbox.runner(["--profile", "quick", "d/s.rs"]);
    changed(run(), &format!("{}\n", sandbox.path("d").display()));
    fs::rename(sandbox.path("d"), sandbox.path("moved")).unwrap();
    symlink("moved", sandbox.path("d")).unwrap();
    changed(run(), &format!("{}\n", sandbox.path("moved").display()));
    unchanged(run(), &format!("{}\n", sandbox.path("moved").display()));
}

#[test]
fn a_directory_above_the_script_replaced_by_another() {
    let sandbox = Sandbox::fake();
    for place in ["d", "other"] {
        sandbox.write(format!("{place}/e/s.rs"), "mod m\n");
        sandbox.write(format!("{place}/e/m.rs"), format!("print {place}\n"));
    }
    let run = || sandbox.runner(["d/e/s.rs"]);
    changed(run(), "d\n");
    fs::rename(sandbox.path("d"), sandbox.path("kept")).unwrap();
    fs::rename(sandbox.path("other"), sandbox.path("d")).unwrap();
    changed(run(), "other\n");
    fs::rename(sandbox.path("d"), sandbox.path("other")).unwrap();
    symlink("kept", sandbox.path("d")).unwrap();
    run().run().prints("d\n");
    unchanged(run(), "d\n");
    fs::remove_file(sandbox.path("d")).unwrap();
    symlink("other", sandbox.path("d")).unwrap();
    run().run().prints("other\n");
    unchanged(run(), "other\n");
}

#[test]
fn one_name_in_two_directories() {
    let sandbox = Sandbox::fake();
    sandbox.write("a/s.rs", "print one\n");
    sandbox.write("b/s.rs", "print two\n");
    for _ in 0..2 {
        sandbox.runner(["a/s.rs"]).run().prints("one\n");
        sandbox.runner(["b/s.rs"]).run().prints("two\n");
        sandbox.runner(["s.rs"]).within(sandbox.path("a")).run().prints("one\n");
        sandbox.runner(["s.rs"]).within(sandbox.path("b")).run().prints("two\n");
    }
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn one_text_in_two_directories_with_other_siblings() {
    let sandbox = Sandbox::fake();
    for place in ["a", "b", "a b", "a/b"] {
        sandbox.write(format!("{place}/m.rs"), format!("print {place}\n"));
    }
    sandbox.write("a/s.rs", "mod m\n");
    for place in ["b", "a b", "a/b"] {
        // One file, not a copy.
        fs::hard_link(sandbox.path("a/s.rs"), sandbox.path(place).join("s.rs")).unwrap();
    }
    for _ in 0..2 {
        for place in ["a", "b", "a b", "a/b"] {
            sandbox.runner([format!("{place}/s.rs")]).run().prints(&format!("{place}\n"));
        }
    }
    assert_eq!(sandbox.compiles(), 4);
}

// Edits while the compiler runs.

/// Lets a shell script run once, just before the fake compiler reads or just after it has.
fn hook(sandbox: &Sandbox, when: &str, script: &str) {
    let fake = sandbox.root().join("fake/rustc");
    let inner = sandbox.root().join("fake/inner");
    if !inner.exists() {
        fs::rename(&fake, &inner).unwrap();
        let hooks = sandbox.root().display();
        program(
            &fake,
            &format!(
                "#!/bin/sh\nonce() {{ [ ! -e \"$1\" ] || {{ mv \"$1\" \"$1.done\" && . \"$1.done\"; }}; }}\n\
                 case \" $* \" in *' -vV '*) exec {inner} \"$@\" ;; esac\n\
                 once {hooks}/before\n{inner} \"$@\"\ncode=$?\nonce {hooks}/after\nexit $code\n",
                inner = inner.display()
            ),
        );
    }
    let script = format!("cd '{}'\n{script}\n", sandbox.work().display());
    fs::write(sandbox.root().join(when), script).unwrap();
}

#[test]
fn the_script_edited_while_it_is_compiled() {
    for when in ["before", "after"] {
        let sandbox = Sandbox::fake();
        sandbox.write("s.rs", "print one\n");
        hook(&sandbox, when, "echo 'print two' >s.rs");
        changed(run(&sandbox), "two\n");
        unchanged(run(&sandbox), "two\n");
        sandbox.write("s.rs", "print one\n");
        changed(run(&sandbox), "one\n");
    }
}

#[test]
fn the_script_edited_and_reverted_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print one\n");
    hook(&sandbox, "before", "echo 'print two' >s.rs");
    hook(&sandbox, "after", "echo 'print one' >s.rs");
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn the_script_replaced_and_put_back_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print one\n");
    sandbox.write("t.rs", "print two\n");
    hook(&sandbox, "before", "mv s.rs kept.rs && mv t.rs s.rs");
    hook(&sandbox, "after", "mv -f kept.rs s.rs");
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn an_included_file_edited_while_it_is_compiled() {
    for edit in [
        "echo 'print two' >t",
        "touch -r t when; echo 'print two' >t; touch -r when t",
        "echo 'print two' >new; touch -d 2001-01-01 new; mv new t",
    ] {
        for when in ["before", "after"] {
            let sandbox = Sandbox::fake();
            sandbox.write("s.rs", "include t\n");
            sandbox.write("t", "print one\n");
            hook(&sandbox, when, edit);
            changed(run(&sandbox), "two\n");
            unchanged(run(&sandbox), "two\n");
        }
    }
}

#[test]
fn a_link_retargeted_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include link\n");
    sandbox.write("one", "print one\n");
    sandbox.write("two", "print two\n");
    symlink("one", sandbox.path("link")).unwrap();
    hook(&sandbox, "after", "ln -sfn two link");
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn a_directory_replaced_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include d/t\n");
    sandbox.write("d/t", "print one\n");
    sandbox.write("e/t", "print two\n");
    hook(&sandbox, "after", "mv d old && mv e d");
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn a_rival_module_that_appears_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print one\n");
    hook(&sandbox, "after", "mkdir m && echo 'print two' >m/mod.rs");
    run(&sandbox).run().fails(125, FAILED);
    fs::remove_file(sandbox.path("m.rs")).unwrap();
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_declared_file_edited_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"t\", \"d/*\"]\n---\n";
    sandbox.write("s.rs", format!("{head}secretly t\n"));
    sandbox.write("t", "one\n");
    sandbox.write("d/first", "");
    hook(&sandbox, "after", "echo two >t");
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
    sandbox.write("s.rs", format!("{head}secretly d/second\n"));
    sandbox.write("d/second", "one\n");
    hook(&sandbox, "after", "echo three >d/second; echo >d/third");
    changed(run(&sandbox), "three\n");
    unchanged(run(&sandbox), "three\n");
}

#[test]
fn a_script_that_is_edited_all_the_time_says_so() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    sandbox.write("t", "print one\n");
    let fake = sandbox.root().join("fake/rustc");
    let inner = sandbox.root().join("fake/inner");
    fs::rename(&fake, &inner).unwrap();
    let text =
        format!("#!/bin/sh\n{} \"$@\" && echo print $$ >{}\n", inner.display(), sandbox.path("t").display());
    program(&fake, &text);
    run(&sandbox).run().ends(
        125,
        "",
        "runner: s.rs: its inputs keep changing while it is compiled\n  hint: run it again when they have settled\n",
    );
}

// Toolchains.

/// A fake rustup home whose toolchains each print their name.
fn rustup(names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::fake();
    fs::remove_file(sandbox.root().join("fake/rustc")).unwrap();
    for name in names {
        toolchain(&sandbox, name, name);
    }
    let home = sandbox.root().join("rustup");
    sandbox.with("RUSTUP_HOME", home)
}

fn toolchain(sandbox: &Sandbox, name: &str, says: &str) -> PathBuf {
    let path = sandbox.root().join("rustup/toolchains").join(name).join("bin/rustc");
    program(&path, &compiler(says));
    path
}

fn set_default(sandbox: &Sandbox, name: &str) {
    let text = format!("version = \"12\"\ndefault_toolchain = \"{name}\"\n\n[overrides]\n");
    replace(&sandbox.root().join("rustup/settings.toml"), text);
}

#[test]
fn the_default_toolchain() {
    let sandbox = rustup(&["stable-x86_64-unknown-linux-gnu", "nightly"]);
    sandbox.write("s.rs", "print end\n");
    set_default(&sandbox, "stable-x86_64-unknown-linux-gnu");
    changed(run(&sandbox), "stable-x86_64-unknown-linux-gnu\nend\n");
    let settings = sandbox.root().join("rustup/settings.toml");
    touched(&settings, || unchanged(run(&sandbox), "stable-x86_64-unknown-linux-gnu\nend\n"));
    set_default(&sandbox, "nightly");
    changed(run(&sandbox), "nightly\nend\n");
    set_default(&sandbox, "stable-x86_64-unknown-linux-gnu");
    unchanged(run(&sandbox), "stable-x86_64-unknown-linux-gnu\nend\n");
}

#[test]
fn a_toolchain_updated_in_place() {
    let sandbox = rustup(&["stable"]);
    sandbox.write("s.rs", "print end\n");
    set_default(&sandbox, "stable");
    changed(run(&sandbox), "stable\nend\n");
    let rustc = sandbox.root().join("rustup/toolchains/stable/bin/rustc");
    touched(&rustc, || unchanged(run(&sandbox), "stable\nend\n"));
    toolchain(&sandbox, "stable", "STABLE");
    set_modified(&rustc, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "STABLE\nend\n");
    // Its library is replaced, and `bin/rustc`, which only calls it, is not.
    sandbox.write("../rustup/toolchains/stable/lib/rustlib/components", "");
    let library = sandbox.write("../rustup/toolchains/stable/lib/librustc_driver-1.so", "one");
    replace(&rustc, fs::read(&rustc).unwrap());
    program(&rustc, &compiler("again"));
    changed(run(&sandbox), "again\nend\n");
    touched(&library, || unchanged(run(&sandbox), "again\nend\n"));
    overwrite_keeping_time(&library, "two");
    changed(run(&sandbox), "again\nend\n");
}

#[test]
fn the_toolchain_that_options_and_variables_name() {
    let sandbox = rustup(&["stable", "nightly", "1.90.0"]);
    sandbox.write("s.rs", "print end\n");
    set_default(&sandbox, "stable");
    changed(run(&sandbox), "stable\nend\n");
    changed(sandbox.runner(["--toolchain", "nightly", "s.rs"]), "nightly\nend\n");
    unchanged(sandbox.runner(["+nightly", "s.rs"]), "nightly\nend\n");
    changed(run(&sandbox).env("RUSTUP_TOOLCHAIN", "1.90.0"), "1.90.0\nend\n");
    // Built already, for somebody who asked for it in other words.
    let both = run(&sandbox).env("RUNNER_TOOLCHAIN", "nightly").env("RUSTUP_TOOLCHAIN", "1.90.0");
    unchanged(both, "nightly\nend\n");
    let rustc = sandbox.root().join("other/rustc");
    program(&rustc, &compiler("other"));
    changed(run(&sandbox).env("RUSTC", &rustc), "other\nend\n");
    program(&rustc, &compiler("OTHER"));
    changed(run(&sandbox).env("RUSTC", &rustc), "OTHER\nend\n");
    unchanged(run(&sandbox), "stable\nend\n");
    sandbox.write("s.rs", "---\npackage.metadata.runner.toolchain = \"nightly\"\n---\nprint end\n");
    changed(run(&sandbox), "nightly\nend\n");
    toolchain(&sandbox, "nightly", "NIGHTLY");
    changed(run(&sandbox), "NIGHTLY\nend\n");
}

#[test]
fn a_compiler_found_on_path_by_another_name() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    program(&sandbox.root().join("fake/rustc-web"), &compiler("web"));
    let run = || run(&sandbox).env("RUSTC", "rustc-web");
    changed(run(), "web\nend\n");
    program(&sandbox.root().join("bin/rustc-web"), &compiler("earlier"));
    changed(run(), "earlier\nend\n");
    fs::remove_file(sandbox.root().join("bin/rustc-web")).unwrap();
    unchanged(run(), "web\nend\n");
    // One that would be another from elsewhere is none.
    run().env("RUSTC", "../fake/rustc-web").run().fails(
        125,
        "runner: s.rs: `RUSTC` names `../fake/rustc-web`, which must be a name or an absolute path\n  \
         hint: unset `RUSTC` to use the default toolchain",
    );
}

#[test]
fn a_toolchain_that_appears_and_would_now_be_chosen() {
    let sandbox = rustup(&["nightly-x86_64-unknown-linux-gnu"]);
    sandbox.write("s.rs", "print end\n");
    let run = || sandbox.runner(["--toolchain", "nightly", "s.rs"]);
    changed(run(), "nightly-x86_64-unknown-linux-gnu\nend\n");
    toolchain(&sandbox, "nightly", "linked");
    changed(run(), "linked\nend\n");
    fs::remove_dir_all(sandbox.root().join("rustup/toolchains/nightly")).unwrap();
    unchanged(run(), "nightly-x86_64-unknown-linux-gnu\nend\n");
}

#[test]
fn a_rustup_that_appears_and_would_now_be_asked() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    fs::create_dir_all(sandbox.home().join(".rustup")).unwrap();
    unchanged(run(&sandbox), "end\n");
    program(&sandbox.home().join(".rustup/toolchains/stable/bin/rustc"), &compiler("stable"));
    fs::write(sandbox.home().join(".rustup/settings.toml"), "default_toolchain = \"stable\"\n").unwrap();
    changed(run(&sandbox), "stable\nend\n");
    fs::remove_dir_all(sandbox.home().join(".rustup")).unwrap();
    unchanged(run(&sandbox), "end\n");
}

#[test]
fn rustc_on_path() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    // Another in its place.
    program(&sandbox.root().join("fake/rustc"), &compiler("second"));
    changed(run(&sandbox), "second\nend\n");
    touched(&sandbox.root().join("fake/rustc"), || unchanged(run(&sandbox), "second\nend\n"));
    // One in a directory that comes before.
    program(&sandbox.root().join("bin/rustc"), &compiler("third"));
    changed(run(&sandbox), "third\nend\n");
    fs::remove_file(sandbox.root().join("bin/rustc")).unwrap();
    unchanged(run(&sandbox), "second\nend\n");
    // Another order.
    program(&sandbox.root().join("fourth/rustc"), &compiler("fourth"));
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        sandbox.root().join("fourth").display(),
        sandbox.root().join("fake").display()
    );
    changed(run(&sandbox).env("PATH", &path), "fourth\nend\n");
    // A link that is moved from one to the other.
    let link = sandbox.root().join("bin/rustc");
    symlink("../fake/rustc", &link).unwrap();
    run(&sandbox).run().prints("second\nend\n");
    fs::remove_file(&link).unwrap();
    symlink("../fourth/rustc", &link).unwrap();
    run(&sandbox).run().prints("fourth\nend\n");
    unchanged(run(&sandbox), "fourth\nend\n");
}

#[test]
fn rustc_on_path_replaced_by_another_real_one() {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let rustup = std::env::var_os("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from);
    let toolchains = fs::read_dir(rustup.join("toolchains")).into_iter().flatten().flatten();
    let mut compilers: Vec<PathBuf> = toolchains.map(|entry| entry.path().join("bin/rustc")).collect();
    compilers.push(PathBuf::from("/usr/bin/rustc"));
    let version = |rustc: &PathBuf| {
        let output = std::process::Command::new(rustc).arg("-V").output().ok()?;
        String::from_utf8(output.stdout).ok().filter(|text| text.starts_with("rustc "))
    };
    let mut compilers: Vec<(PathBuf, String)> =
        compilers.into_iter().filter_map(|rustc| Some((rustc.clone(), version(&rustc)?))).collect();
    compilers.dedup_by(|one, two| one.1 == two.1);
    if compilers.len() < 2 {
        return skipped("no second Rust compiler (apt-get install rustc-web): rustc on PATH replaced");
    }
    let mut sandbox = Sandbox::new();
    sandbox.set("RUSTUP_HOME", sandbox.root().join("no-rustup"));
    sandbox.set("RUSTC", "");
    // A program says who compiled it, in its own file; the sign is an argument, so that it is there only once.
    sandbox.write(
        "s.rs",
        "fn main() {\n    let bytes = std::fs::read(\"/proc/self/exe\").unwrap();\n    \
         let sign = std::env::args().nth(1).unwrap().into_bytes();\n    \
         let at = bytes.windows(sign.len()).position(|part| part == sign).unwrap() + sign.len();\n    \
         let end = bytes[at..].iter().position(|byte| *byte == 0).unwrap();\n    \
         println!(\"rustc {}\", String::from_utf8_lossy(&bytes[at..at + end]));\n}\n",
    );
    let link = sandbox.root().join("bin/rustc");
    for _ in 0..2 {
        for (rustc, version) in &compilers[..2] {
            let _ = fs::remove_file(&link);
            symlink(rustc, &link).unwrap();
            sandbox.runner(["--profile", "quick", "s.rs", "rustc version "]).run().prints(version);
        }
    }
}

#[test]
fn a_proxy_of_rustup_that_is_replaced_by_a_compiler() {
    let sandbox = rustup(&["stable"]);
    set_default(&sandbox, "stable");
    sandbox.write("s.rs", "print end\n");
    let proxy = sandbox.root().join("proxies/rustc");
    program(&sandbox.root().join("proxies/rustup"), "#!/bin/sh\nexit 1\n");
    fs::hard_link(sandbox.root().join("proxies/rustup"), &proxy).unwrap();
    changed(run(&sandbox).env("RUSTC", &proxy), "stable\nend\n");
    fs::remove_file(&proxy).unwrap();
    program(&proxy, &compiler("own"));
    changed(run(&sandbox).env("RUSTC", &proxy), "own\nend\n");
}

#[test]
fn a_cached_script_outlives_its_toolchain() {
    let sandbox = rustup(&["stable"]);
    set_default(&sandbox, "stable");
    sandbox.write("s.rs", "include t\n");
    sandbox.write("t", "print one\n");
    changed(run(&sandbox), "stable\none\n");
    fs::remove_dir_all(sandbox.root().join("rustup/toolchains")).unwrap();
    unchanged(run(&sandbox), "stable\none\n");
    fs::remove_dir_all(sandbox.root().join("rustup")).unwrap();
    unchanged(run(&sandbox), "stable\none\n");
    // But not its own sources.
    sandbox.write("t", "print two\n");
    let stale = run(&sandbox).run();
    assert_eq!((stale.code, stale.stdout.as_str()), (127, ""), "{}", stale.stderr);
    toolchain(&sandbox, "stable", "new");
    set_default(&sandbox, "stable");
    changed(run(&sandbox), "new\ntwo\n");
}

// The linker and cargo's configuration.

fn host(suffix: &str) -> String {
    format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU_{suffix}", std::env::consts::ARCH.to_uppercase())
}

#[test]
fn the_linker_on_path() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    let linker = sandbox.root().join("bin/cc");
    program(&linker, "#!/bin/sh\nexec /usr/bin/cc \"$@\"\n");
    changed(run(&sandbox), "end\n");
    touched(&linker, || unchanged(run(&sandbox), "end\n"));
    program(&linker, "#!/bin/sh\nexec /usr/bin/cc -g \"$@\"\n");
    changed(run(&sandbox), "end\n");
    fs::remove_file(&linker).unwrap();
    unchanged(run(&sandbox), "end\n");
}

#[test]
fn a_linker_named_by_a_variable_or_a_flag() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    let linker = sandbox.root().join("bin/linker");
    let flag = |name: &str| (name.to_owned(), format!("-C linker={}", linker.display()));
    let named: [(String, String); 5] = [
        (host("LINKER"), linker.display().to_string()),
        (host("LINKER"), "linker".to_owned()),
        flag("RUSTFLAGS"),
        ("RUSTFLAGS".to_owned(), "-Clinker=linker".to_owned()),
        ("CARGO_ENCODED_RUSTFLAGS".to_owned(), "--codegen=linker=linker".to_owned()),
    ];
    for (number, (name, value)) in named.into_iter().enumerate() {
        program(&linker, &format!("#!/bin/sh\nexec cc \"$@\" # {number}\n"));
        let run = || run(&sandbox).env(&name, &value);
        changed(run(), "end\n");
        touched(&linker, || unchanged(run(), "end\n"));
        program(&linker, &format!("#!/bin/sh\nexec cc \"$@\" # {number} again\n"));
        changed(run(), "end\n");
        unchanged(run(), "end\n");
    }
}

#[test]
fn cargos_configuration_created_changed_and_deleted() {
    let sandbox = real_with_cargo_home();
    let config = sandbox.root().join("cargo/config.toml");
    sandbox.write(
        "s.rs",
        "fn main() { println!(\"{} {}\", cfg!(said), option_env!(\"WORD\").unwrap_or(\"none\")) }\n",
    );
    let run = || sandbox.runner(["-q", "--profile", "quick", "s.rs"]);
    changed(run(), "false none\n");
    let empty = sandbox.root().join("cargo/nowhere");
    symlink(&empty, &config).unwrap();
    unchanged(run(), "false none\n");
    fs::write(&empty, "[build]\nrustflags = [\"--cfg\", \"said\"]\n").unwrap();
    changed(run(), "true none\n");
    touched(&empty, || unchanged(run(), "true none\n"));
    fs::remove_file(&config).unwrap();
    unchanged(run(), "false none\n");
    replace(&config, "[env]\nWORD = \"one\"\n");
    changed(run(), "false one\n");
    overwrite_keeping_time(&config, "[env]\nWORD = \"two\"\n");
    changed(run(), "false two\n");
    changed(run().env("WORD", "mine"), "false mine\n");
    unchanged(run(), "false two\n");
    unchanged(run().env("WORD", "mine"), "false mine\n");
    overwrite_keeping_time(&config, "[env]\nWORD = { value = \"p\", relative = true }\n");
    let relative = sandbox.root().join("p");
    changed(run(), &format!("false {}\n", relative.display()));
    fs::remove_file(&config).unwrap();
    unchanged(run(), "false none\n");
}

#[test]
fn a_variable_the_configuration_leaves_to_the_caller() {
    let sandbox = real_with_cargo_home();
    fs::write(sandbox.root().join("cargo/config.toml"), "[env]\nWORD = \"config\"\n").unwrap();
    sandbox.write("s.rs", "fn main() { println!(\"{}\", option_env!(\"WORD\").unwrap_or(\"none\")) }\n");
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run().env("WORD", "mine"), "mine\n");
    changed(run(), "config\n");
    unchanged(run().env("WORD", "mine"), "mine\n");
    changed(run().env("WORD", "yours"), "yours\n");
    unchanged(run(), "config\n");
}

#[test]
fn the_older_name_of_cargos_configuration() {
    let sandbox = real_with_cargo_home();
    sandbox.write("s.rs", "fn main() { println!(\"{}\", option_env!(\"WORD\").unwrap_or(\"none\")) }\n");
    let run = || sandbox.runner(["-q", "--profile", "quick", "s.rs"]);
    fs::write(sandbox.root().join("cargo/config.toml"), "[env]\nWORD = \"new\"\n").unwrap();
    changed(run(), "new\n");
    let old = sandbox.root().join("cargo/config");
    fs::write(&old, "[env]\nWORD = \"old\"\n").unwrap();
    changed(run(), "old\n");
    fs::remove_file(&old).unwrap();
    unchanged(run(), "new\n");
}

#[test]
fn a_configuration_that_includes_another() {
    let sandbox = real_with_cargo_home();
    let config = sandbox.root().join("cargo/config.toml");
    let included = sandbox.root().join("cargo/more.toml");
    fs::write(&config, "include = [{ path = \"more.toml\", optional = true }]\n").unwrap();
    sandbox.write("s.rs", "fn main() { println!(\"{}\", option_env!(\"WORD\").unwrap_or(\"none\")) }\n");
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run(), "none\n");
    fs::write(&included, "[env]\nWORD = \"one\"\n").unwrap();
    changed(run(), "one\n");
    touched(&included, || unchanged(run(), "one\n"));
    overwrite_keeping_time(&included, "[env]\nWORD = \"two\"\n");
    changed(run(), "two\n");
    changed(run().env("WORD", "mine"), "mine\n");
    fs::write(sandbox.root().join("cargo/deep.toml"), "[env]\nWORD = \"deep\"\n").unwrap();
    fs::write(&included, "include = [\"deep.toml\"]\n").unwrap();
    changed(run(), "deep\n");
    fs::write(sandbox.root().join("cargo/deep.toml"), "[env]\nWORD = \"peed\"\n").unwrap();
    changed(run(), "peed\n");
}

#[test]
fn a_linker_named_in_cargos_configuration() {
    let sandbox = real_with_cargo_home();
    let linker = sandbox.root().join("bin/my-linker");
    let text = |word: &str| {
        format!("#!/bin/sh\necho {word} >>{}\nexec cc \"$@\"\n", sandbox.root().join("linked").display())
    };
    program(&linker, &text("one"));
    let config =
        format!("[target.{}-unknown-linux-gnu]\nlinker = \"{}\"\n", std::env::consts::ARCH, linker.display());
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    sandbox.write("s.rs", "fn main() { println!(\"end\") }\n");
    let run = || sandbox.runner(["--profile", "quick", "s.rs"]);
    changed(run(), "end\n");
    touched(&linker, || unchanged(run(), "end\n"));
    program(&linker, &text("two"));
    changed(run(), "end\n");
    let linked = fs::read_to_string(sandbox.root().join("linked")).unwrap();
    assert!(linked.ends_with("two\n"), "{linked}");
    unchanged(run(), "end\n");
}

#[test]
fn credentials_compile_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    fs::create_dir(sandbox.home().join(".cargo")).unwrap();
    fs::write(sandbox.home().join(".cargo/credentials.toml"), "[registry]\ntoken = \"x\"\n").unwrap();
    unchanged(run(&sandbox).env("CARGO_REGISTRY_TOKEN", "y"), "end\n");
    unchanged(run(&sandbox).env("LANG", "de_DE.UTF-8").env("TERM", "xterm"), "end\n");
}

#[test]
fn a_script_run_from_anywhere_is_one_script() {
    let sandbox = Sandbox::fake();
    sandbox.write("d/s.rs", "mod m\n");
    sandbox.write("d/m.rs", "print one\n");
    changed(sandbox.runner(["d/s.rs"]), "one\n");
    unchanged(sandbox.runner(["s.rs"]).within(sandbox.path("d")), "one\n");
    unchanged(sandbox.runner([sandbox.path("d/s.rs")]).within("/"), "one\n");
    unchanged(sandbox.runner(["./d/s.rs"]), "one\n");
    sandbox.runner(["d/../d/s.rs"]).run().prints("one\n");
    // What is in the caller's directory has no say.
    sandbox.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg=no\"]\n");
    sandbox.write("rust-toolchain.toml", "[toolchain]\nchannel = \"nightly\"\n");
    sandbox.write("d/rust-toolchain.toml", "[toolchain]\nchannel = \"nightly\"\n");
    unchanged(sandbox.runner(["d/s.rs"]), "one\n");
    assert_eq!(calls(&sandbox), [""; 0]);
}
