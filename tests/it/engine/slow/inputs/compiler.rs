//! Never stale: what rustc itself says it reads.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::files::{overwrite_keeping_time, set_modified};
use crate::support::sandbox::{Sandbox, skipped};
use crate::support::watched::{LONG_AGO, changed, real, touched, unchanged};

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
            .args([crate::support::sandbox::RUNNER, "--profile", "quick", "s.rs"])
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
