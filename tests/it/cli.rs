//! The command line: what each option does. What it says when misused is in `tests/golden/`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::sandbox::{Sandbox, files_below, skipped};

/// Panics on an overflow only where overflows are checked, and tells whether it was optimized.
const ADDS: &str = "#!/usr/bin/env runner\n\
    fn main() {\n\
        let number: u8 = std::env::args().nth(1).unwrap().parse().unwrap();\n\
        println!(\"{} {}\", cfg!(debug_assertions), number + 200);\n\
    }\n";

#[test]
fn profiles_decide_about_checks() {
    let sandbox = Sandbox::new();
    sandbox.script("adds.rs", ADDS);
    for options in
        [&[][..], &["--release"], &["--profile", "release"], &["--profile", "quick"], &["--profile=quick"]]
    {
        sandbox.runner(options).args(["adds.rs", "100"]).run().prints("false 44\n");
    }
    for options in [&["--debug"][..], &["--profile", "dev"]] {
        let ran = sandbox.runner(options).args(["adds.rs", "100"]).run();
        assert!(ran.code == 101 && ran.stderr.contains("attempt to add with overflow"), "{}", ran.stderr);
        sandbox.runner(options).args(["adds.rs", "1"]).run().prints("true 201\n");
    }
    // Two names of a profile are one binary each; the others were hits.
    assert_eq!(sandbox.cached("bin").len(), 3);
}

#[test]
fn a_profile_of_the_scripts_own_may_be_named() {
    let sandbox = Sandbox::new();
    let text = "---\n[profile.checked]\ninherits = \"release\"\noverflow-checks = true\n---\n";
    sandbox.script("adds.rs", format!("{text}{}", ADDS.split_once('\n').unwrap().1));
    let ran = sandbox.runner(["--profile", "checked", "adds.rs", "100"]).run();
    assert!(ran.code == 101 && ran.stderr.contains("attempt to add with overflow"), "{}", ran.stderr);
}

#[test]
fn an_edition_is_that_of_the_option_then_of_the_script_then_the_latest() {
    let sandbox = Sandbox::new();
    // In 2015 `async` is a name like any other.
    sandbox.script("e.rs", "fn main() { let async = 1; println!(\"{}\", async); }\n");
    sandbox.script(
        "own.rs",
        "---\npackage.edition = \"2015\"\n---\nfn main() { let async = 1; println!(\"{}\", async); }\n",
    );
    sandbox.runner(["--edition", "2015", "e.rs"]).run().prints("1\n");
    sandbox.runner(["own.rs"]).run().prints("1\n");
    sandbox.runner(["e.rs"]).run().fails(125, "nothing was cached");
    sandbox.runner(["--edition", "2021", "own.rs"]).run().fails(125, "nothing was cached");
}

#[test]
fn a_toolchain_may_be_a_directory() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    fs::create_dir_all(sandbox.path("chain/bin")).unwrap();
    fs::rename(sandbox.root().join("fake/rustc"), sandbox.path("chain/bin/rustc")).unwrap();
    let chain = sandbox.path("chain");
    let chain = chain.to_str().unwrap();
    for chain in ["./chain", chain] {
        let (plus, equals) = (format!("+{chain}"), format!("--toolchain={chain}"));
        for options in [&["--toolchain", chain][..], &[&plus], &[&equals]] {
            sandbox.runner(options).args(["x.rs"]).run().prints("hi\n");
        }
    }
    sandbox.runner(["x.rs"]).env("RUNNER_TOOLCHAIN", sandbox.path("chain")).run().prints("hi\n");
    sandbox.runner(["x.rs"]).env("RUSTC", sandbox.path("chain/bin/rustc")).run().prints("hi\n");
    sandbox.runner(["x.rs"]).run().fails(127, "or your system's `rustc` package");
}

#[test]
fn force_compiles_again() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    for (options, compiles) in [(&[][..], 1), (&[], 1), (&["--force"], 2), (&["run", "--force"], 3), (&[], 3)]
    {
        sandbox.runner(options).args(["x.rs"]).run().prints("hi\n");
        assert_eq!(sandbox.compiles(), compiles);
    }
    sandbox.runner(["build", "--force", "x.rs", "-o", "out"]).run().prints("");
    assert_eq!(sandbox.compiles(), 4);
}

#[test]
fn run_says_plainly_that_it_is_a_script() {
    let sandbox = Sandbox::fake();
    sandbox.script("list", "print a script called list\n");
    sandbox.runner(["run", "list"]).run().prints("a script called list\n");
    sandbox.runner(["./list"]).run().prints("a script called list\n");
    sandbox.runner(["--debug", "run", "--force", "list", "--help"]).run().prints("a script called list\n");
    sandbox.runner(["list"]).run().prints("");
}

#[test]
fn options_may_stand_before_and_after_a_subcommand() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    sandbox.runner(["--debug", "build", "x.rs", "-o", "one"]).run().prints("");
    sandbox.runner(["build", "-o", "two", "--debug", "x.rs"]).run().prints("");
    sandbox.runner(["build", "x.rs", "--debug", "--output=three"]).run().prints("");
    for name in ["one", "two", "three"] {
        sandbox.command(sandbox.path(name)).run().prints("hi\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn verbose_says_why_and_quiet_says_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print one\n");
    sandbox.runner(["x.rs"]).run().prints("one\n");
    sandbox.write("x.rs", "print two\n");
    let ran = sandbox.runner(["-v", "x.rs"]).run();
    assert!(ran.stdout == "two\n" && ran.stderr.starts_with("runner: x.rs: "), "{}", ran.stderr);
    let ran = sandbox.runner(["-v", "x.rs"]).run();
    assert!(ran.stdout == "two\n" && ran.stderr.starts_with("runner: x.rs: cached as `"), "{}", ran.stderr);
    sandbox.write("x.rs", "print three\n");
    sandbox.runner(["-q", "x.rs"]).run().prints("three\n");
}

#[test]
fn the_cache_is_where_the_variables_say() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    let of_home = format!("{}\n", sandbox.cache().display());
    sandbox.runner(["cache", "path"]).run().prints(&of_home);
    sandbox.runner(["cache", "path"]).env("XDG_CACHE_HOME", "/x").run().prints("/x/runner\n");
    sandbox.runner(["cache", "path"]).env("XDG_CACHE_HOME", "relative").run().prints(&of_home);
    sandbox.runner(["cache", "path"]).env("RUNNER_CACHE", "/c d").run().prints("/c d\n");
    let relative = format!("{}\n", sandbox.path("c").display());
    sandbox.runner(["cache", "path"]).env("RUNNER_CACHE", "c").run().prints(&relative);
    // Looking makes nothing.
    sandbox.runner(["cache", "list"]).run().prints("");
    sandbox.runner(["cache", "size"]).run().prints("0\n");
    assert!(!sandbox.cache().exists());
    sandbox.runner(["x.rs"]).env("RUNNER_CACHE", "c").run().prints("hi\n");
    assert!(sandbox.path("c/CACHEDIR.TAG").exists() && !sandbox.cache().exists());
}

#[test]
fn the_cache_is_private_and_says_what_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    sandbox.sh("umask 000; runner x.rs").run().prints("hi\n");
    for path in std::iter::once(sandbox.cache()).chain(files_below(&sandbox.cache())) {
        for path in path.ancestors().take_while(|path| path.starts_with(sandbox.cache())) {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert!(path.is_file() || mode & 0o077 == 0, "{} {mode:o}", path.display());
        }
    }
    let tag = fs::read_to_string(sandbox.cache().join("CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
    assert!(fs::read_to_string(sandbox.cache().join("README")).unwrap().contains("runner cache clean"));
}

#[test]
fn the_list_and_the_size_of_the_cache_tell_what_is_there() {
    let sandbox = Sandbox::fake();
    for name in ["x.rs", "y.rs"] {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run();
    }
    sandbox.runner(["--debug", "x.rs"]).run().prints("x.rs\n");
    let list = sandbox.runner(["cache", "list"]).run();
    assert_eq!((list.code, list.stderr.as_str(), list.stdout.lines().count()), (0, "", 3), "{}", list.stdout);
    for (profile, name) in [("release ", "x.rs"), ("dev ", "x.rs"), ("release ", "y.rs")] {
        let path = sandbox.path(name).display().to_string();
        let is_it =
            |line: &str| line.contains(profile) && line.ends_with(&path) && line.contains("rustc 1.95.0");
        assert!(list.stdout.lines().any(is_it), "{}", list.stdout);
    }
    let size: u64 = sandbox.runner(["cache", "size"]).run().stdout.trim().parse().unwrap();
    assert!(size > 3 * 4096, "{size}");
}

#[test]
fn clean_removes_every_build_of_one_script_or_all() {
    let sandbox = Sandbox::fake();
    for name in ["x.rs", "y.rs", "sub/z.rs"] {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run().prints(&format!("{name}\n"));
    }
    sandbox.runner(["--debug", "x.rs"]).run().prints("x.rs\n");
    symlink("sub/z.rs", sandbox.path("link")).unwrap();
    let removed = |arguments: &[&str]| sandbox.runner(["cache", "clean"]).args(arguments).run().stdout;
    assert!(removed(&["x.rs"]).starts_with("removed 2 builds, "));
    assert_eq!(removed(&["x.rs"]), "removed 0 builds, 0 bytes\n");
    assert!(removed(&["link"]).starts_with("removed 1 build, "));
    // A script that is gone can still be named.
    fs::remove_file(sandbox.path("y.rs")).unwrap();
    assert!(removed(&["y.rs"]).starts_with("removed 1 build, "));
    sandbox.runner(["x.rs"]).run().prints("x.rs\n");
    assert!(removed(&[]).starts_with("removed 1 build, "));
    assert!(sandbox.cached("bin").is_empty() && sandbox.cached("traces").is_empty());
    sandbox.runner(["x.rs"]).run().prints("x.rs\n");
    assert_eq!(sandbox.compiles(), 6);
}

/// Makes what is in the cache look as if it had not been used for so many days.
fn age(sandbox: &Sandbox, part: &str, days: u64) {
    for path in sandbox.cached(part) {
        let path = sandbox.cache().join("v1").join(part).join(path);
        let file = fs::File::options().read(true).open(&path).unwrap();
        let then = SystemTime::now() - Duration::from_secs(days * 86_400);
        file.set_times(fs::FileTimes::new().set_accessed(then).set_modified(then)).unwrap();
    }
}

#[test]
fn trim_removes_what_was_not_used_for_long() {
    let sandbox = Sandbox::fake();
    for name in ["x.rs", "y.rs"] {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run();
        if name == "x.rs" {
            age(&sandbox, "bin", 10);
        }
    }
    sandbox.runner(["cache", "trim", "--older", "11d"]).run().prints("removed 0 builds, 0 bytes\n");
    let ran = sandbox.runner(["cache", "trim", "--older", "9d"]).run();
    assert!(ran.stdout.starts_with("removed 1 build, "), "{}", ran.stdout);
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    assert!(list.lines().count() == 1 && list.contains("y.rs"), "{list}");
    for name in ["x.rs", "y.rs"] {
        sandbox.runner([name]).run().prints(&format!("{name}\n"));
    }
    assert_eq!(sandbox.compiles(), 3);
}

#[test]
fn trim_removes_the_least_recently_used_beyond_a_size() {
    let sandbox = Sandbox::fake();
    for (index, name) in ["a.rs", "b.rs", "c.rs"].iter().enumerate() {
        sandbox.write(name, format!("print {name}\n"));
        sandbox.runner([name]).run();
        let newest = |path: &Path| path.file_name().unwrap() == name.strip_suffix(".rs").unwrap();
        for path in files_below(&sandbox.cache().join("v1/bin")).iter().filter(|path| newest(path)) {
            let then = SystemTime::now() - Duration::from_secs(3600 * (10 - index as u64));
            let file = fs::File::options().read(true).open(path).unwrap();
            file.set_times(fs::FileTimes::new().set_accessed(then).set_modified(then)).unwrap();
        }
    }
    // Each takes a block.
    let ran = sandbox.runner(["cache", "trim", "--max-size", "8192"]).run();
    assert!(ran.stdout.starts_with("removed 1 build, "), "{}", ran.stdout);
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    assert!(list.lines().count() == 2 && !list.contains("a.rs"), "{list}");
    // The last one stays in a cache too small for it: somebody is about to run it.
    sandbox.runner(["cache", "trim", "--max-size", "0"]).run();
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    assert!(list.lines().count() == 1 && list.contains("c.rs"), "{list}");
}

#[test]
fn a_miss_trims_by_itself_once_a_day() {
    let sandbox = Sandbox::fake();
    for name in ["old.rs", "new.rs", "newer.rs"] {
        sandbox.write(name, format!("print {name}\n"));
    }
    sandbox.runner(["old.rs"]).run().prints("old.rs\n");
    age(&sandbox, "bin", 40);
    sandbox.runner(["new.rs"]).run().prints("new.rs\n");
    assert_eq!(sandbox.runner(["cache", "list"]).run().stdout.lines().count(), 2);
    let stamp = fs::File::options().write(true).open(sandbox.cache().join("v1/trimmed")).unwrap();
    stamp.set_modified(SystemTime::now() - Duration::from_secs(90_000)).unwrap();
    sandbox.runner(["new.rs"]).run().prints("new.rs\n");
    assert_eq!(sandbox.runner(["cache", "list"]).run().stdout.lines().count(), 2, "a hit trims nothing");
    sandbox.runner(["newer.rs"]).run().prints("newer.rs\n");
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    assert!(list.lines().count() == 2 && !list.contains("old.rs"), "{list}");
}

#[test]
fn what_a_killed_build_left_is_removed() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).env("FAKE_DIE", "half").run();
    assert!(!sandbox.cached("staging").is_empty());
    // The compiler may outlive its caller for a moment, and still be writing there.
    let is_gone = (0..100).any(|_| {
        sandbox.runner(["cache", "trim"]).run().prints("removed 0 builds, 0 bytes\n");
        sandbox.cached("staging").is_empty()
    });
    assert!(is_gone);
}

#[test]
fn trim_and_clean_follow_no_link_out_of_the_cache() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let precious = sandbox.write("precious/file", "keep\n");
    for place in ["bin/ab", "staging/build-x", "traces/ab", "deps/x", "locks/x"] {
        let link = sandbox.cache().join("v1").join(place);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(precious.parent().unwrap(), link).unwrap();
    }
    sandbox.runner(["cache", "trim", "--older", "0", "--max-size", "0"]).run();
    sandbox.runner(["cache", "clean"]).run();
    assert_eq!(fs::read_to_string(precious).unwrap(), "keep\n");
}

#[test]
fn a_program_that_is_trimmed_while_it_runs_runs_on() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "waits.rs",
        "fn main() { let mut s = String::new(); println!(\"ready\"); \
                                std::io::stdin().read_line(&mut s).unwrap(); print!(\"{s}\"); }",
    );
    let script = "mkfifo in out; runner waits.rs <in >out & exec 7>in 8<out; read ready <&8\n\
                  runner cache clean >/dev/null; echo still here >&7; cat <&8; wait; runner cache list";
    sandbox.sh(script).run().prints("still here\n");
}

#[test]
fn every_command_of_the_readme_works_one_after_the_other() {
    let sandbox = Sandbox::new();
    sandbox.script("hello.rs", "#!/usr/bin/env runner\nfn main() { println!(\"hello\") }\n");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let commands = crate::tidy::commands(&readme);
    let commands: Vec<&String> = commands.iter().filter(|command| command.starts_with("runner ")).collect();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let ran = sandbox.sh(command).run();
        if ran.stderr.contains("toolchain `nightly` is not installed") {
            skipped("no nightly toolchain");
            continue;
        }
        if ran.stderr.contains("the registry cannot be reached") {
            skipped("no crates.io");
            continue;
        }
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command}");
        if command.contains(" hello.rs")
            && !["build", "promote", "why", "update", "test", "check", "clippy", "fmt", "doc"]
                .iter()
                .any(|word| command.contains(word))
        {
            assert_eq!(ran.stdout, "hello\n", "{command}");
        }
    }
    sandbox.sh("out/hello").run().prints("hello\n");
}
