//! Bad input and bad places: each has one line, a hint if the cure is known, and an exit code. What needs no more than a
//! script and a command line is in `tests/golden/`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::machine::{is_root, mortal, mounts};
use crate::sandbox::{RUNNER, Ran, Sandbox, files_below, skipped};

const HELLO: &str = "#!/usr/bin/env runner\nfn main() { println!(\"hello\"); }\n";

fn hello() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("hello.rs", HELLO);
    sandbox
}

/// A script with dependencies, of which it uses none.
fn with_dependencies(text: &str) -> String {
    format!("#!/usr/bin/env runner\n---\n[dependencies]\n{text}\n---\nfn main() {{}}\n")
}

#[test]
fn an_unreadable_script_exits_with_126() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "print hi\n");
    fs::set_permissions(&path, Permissions::from_mode(0o311)).unwrap();
    let Some(run) = mortal(&sandbox, "runner x.rs") else { return };
    let message = "runner: x.rs: cannot read the script: Permission denied\n  \
                   hint: `chmod +r x.rs` lets you read it, if it is yours\n";
    run.run().ends(126, "", message);
}

#[test]
fn a_script_in_a_directory_that_may_not_be_entered_exits_with_126() {
    let sandbox = Sandbox::fake();
    sandbox.write("closed/x.rs", "print hi\n");
    let Some(run) =
        mortal(&sandbox, "chmod 0 closed; runner closed/x.rs; code=$?; chmod 700 closed; exit $code")
    else {
        return;
    };
    run.run().fails(126, "lets you read it, if it is yours");
}

#[test]
fn a_syntax_error_has_the_scripts_own_path_and_line_and_then_one_line_of_ours() {
    let sandbox = Sandbox::new();
    let text =
        "#!/usr/bin/env runner\n---\npackage.edition = \"2021\"\n---\n\nfn main() {\n    let x = ;\n}\n";
    sandbox.script("sub/syntax.rs", text);
    let absolute = sandbox.path("sub/syntax.rs");
    let absolute = absolute.to_str().unwrap();
    for typed in ["sub/syntax.rs", "./sub/syntax.rs", absolute] {
        let ran = sandbox.runner([typed]).run();
        let last = format!("\nrunner: {typed}: rustc failed (exit status: 1); nothing was cached");
        let ran = ran.fails(125, &last);
        assert!(ran.stderr.contains("error: expected expression, found `;`"), "{}", ran.stderr);
        // Compilers before 1.95 name it by its whole path.
        let places = [format!("--> {typed}:7:13"), format!("--> {absolute}:7:13")];
        assert!(places.iter().any(|place| ran.stderr.contains(place)), "{}", ran.stderr);
        assert!(!ran.stderr.contains("staging") && !ran.stderr.contains('\x1b'), "{}", ran.stderr);
    }
    assert!(sandbox.cached("bin").is_empty() && sandbox.cached("traces").is_empty());
}

#[test]
fn a_library_without_main_is_told_what_a_script_is() {
    let sandbox = Sandbox::new();
    sandbox.write("lib.rs", "pub fn f() {}\n");
    let message = "runner: lib.rs: rustc failed (exit status: 1); nothing was cached\n  \
                   hint: a script is a program: it needs `fn main`";
    let ran = sandbox.runner(["lib.rs"]).run().fails(125, message);
    assert!(
        ran.stderr.starts_with("error[E0601]: `main` function not found in crate `lib`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_crate_that_is_not_named_is_told_where_to_name_it() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "use regex::Regex;\nfn main() {}\n");
    let message = "hint: name the crate under `[dependencies]` at the head of the script";
    sandbox.runner(["x.rs"]).run().fails(125, message);
}

#[test]
fn an_unstable_feature_on_stable_is_told_how_to_get_nightly() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "---\npackage.edition = \"2024\"\n---\n#![feature(never_type)]\nfn main() {}\n");
    let ran = sandbox.runner(["x.rs"]).run();
    if ran.code == 0 {
        return skipped("the default toolchain is a nightly, which has unstable features");
    }
    ran.fails(125, "hint: unstable features need a nightly compiler: `+nightly` before the script");
}

#[test]
fn an_unknown_crate_is_named_in_the_words_of_cargo() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("no-such-crate-of-runner = \"1\""));
    let ran = sandbox.runner(["x.rs"]).run();
    if is_offline(&ran) {
        return skipped("crates.io cannot be reached");
    }
    let message = "required by package `x.rs`\n\
                   runner: x.rs: cargo could not build the dependencies (exit status: 101); nothing was cached\n  \
                   hint: check the name under `[dependencies]` against https://crates.io";
    let ran = ran.fails(125, message);
    assert!(ran.stderr.starts_with("error: no matching package named `no-such-crate-of-runner` found"));
    assert_no_inner_places(&ran);
}

#[test]
fn a_version_that_does_not_exist_is_named_in_the_words_of_cargo() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("itoa = \"99\""));
    let ran = sandbox.runner(["x.rs"]).run();
    if is_offline(&ran) {
        return skipped("crates.io cannot be reached");
    }
    let message = "runner: x.rs: cargo could not build the dependencies (exit status: 101); nothing was cached\n  \
                   hint: ask for a version that exists, or `\"*\"` for any";
    let ran = ran.fails(125, message);
    assert!(ran.stderr.contains("for the requirement `itoa = \"^99\"`"), "{}", ran.stderr);
    assert_no_inner_places(&ran);
}

#[test]
fn a_dependency_that_means_nothing_is_told_in_the_scripts_words() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("itoa = 1"));
    let ran = sandbox.runner(["x.rs"]).run();
    let ran = ran.fails(125, "could not build the dependencies (exit status: 101); nothing was cached");
    assert!(ran.stderr.starts_with("error: invalid type: integer `1`, expected a version"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\n --> x.rs:4:8\n  |\n4 | itoa = 1\n  |        ^\n"), "{}", ran.stderr);
    assert_no_inner_places(&ran);
}

fn is_offline(ran: &Ran) -> bool {
    ran.stderr.contains("the registry cannot be reached")
}

/// The user knows a script, not the package that cargo is shown.
fn assert_no_inner_places(ran: &Ran) {
    for place in ["/v1/", "runner-script", "environments", "Cargo.toml"] {
        assert!(!ran.stderr.contains(place), "{}", ran.stderr);
    }
}

#[test]
fn offline_without_the_crates_is_told_to_go_online_once() {
    let sandbox = Sandbox::new();
    let sandbox = sandbox.with("CARGO_HOME", "").with("CARGO_NET_OFFLINE", "");
    sandbox.write("x.rs", with_dependencies("itoa = \"1\""));
    let message = "runner: x.rs: dependency `itoa` is not here, and `--offline` forbids to look for it\n  \
                   hint: run it once without `--offline` to download what is missing\n";
    sandbox.runner(["--offline", "x.rs"]).run().ends(125, "", message);
}

#[test]
fn locked_without_a_lock_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", with_dependencies("itoa = \"1\""));
    let lock = sandbox.path("x.rs.lock");
    let message = format!(
        "runner: x.rs: `{}` is not there, and `--locked` insists on it\n  \
         hint: `runner update x.rs --lock` writes it\n",
        lock.display()
    );
    sandbox.runner(["--locked", "x.rs"]).run().ends(125, "", &message);
}

#[test]
fn without_rustc_the_script_exits_with_127_and_says_where_rust_comes_from() {
    let sandbox = hello().with("RUSTC", "");
    let none = sandbox.root().join("none");
    let message = "runner: hello.rs: `rustc` is not on PATH, and this script needs it to compile\n  \
                   hint: install Rust from https://rustup.rs, or your system's `rustc` package\n";
    sandbox.runner(["hello.rs"]).env("RUSTUP_HOME", &none).env("PATH", &none).run().ends(127, "", message);
}

#[test]
fn a_script_outlives_the_compiler_it_was_compiled_with() {
    let sandbox = hello().with("RUSTC", "");
    let home = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".rustup"));
    if !home.join("settings.toml").exists() {
        return skipped("no rustup, whose toolchain could be taken away");
    }
    let link = sandbox.root().join("rustup");
    symlink(&home, &link).unwrap();
    let sandbox = sandbox.with("RUSTUP_HOME", &link);
    sandbox.runner(["hello.rs"]).run().prints("hello\n");
    fs::remove_file(&link).unwrap();
    let sandbox = sandbox.with("PATH", "/nowhere");
    for _ in 0..2 {
        sandbox.runner(["hello.rs"]).run().prints("hello\n");
    }
    // What changes the program still does.
    sandbox.script("hello.rs", HELLO.replace("hello", "other"));
    sandbox.runner(["hello.rs"]).run().fails(127, "or your system's `rustc` package");
}

#[test]
fn rustup_without_a_default_toolchain_is_told_to_choose_one() {
    let sandbox = hello().with("RUSTC", "");
    let bin = sandbox.root().join("proxies");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("rustup"), "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("rustup"), Permissions::from_mode(0o755)).unwrap();
    symlink("rustup", bin.join("rustc")).unwrap();
    let home = sandbox.root().join("rustup-home");
    fs::create_dir_all(&home).unwrap();
    let message = "runner: hello.rs: rustup is installed, but no toolchain is its default\n  \
                   hint: `rustup default stable`\n";
    sandbox.runner(["hello.rs"]).env("RUSTUP_HOME", home).env("PATH", bin).run().ends(127, "", message);
}

#[test]
fn without_a_linker_the_script_exits_with_127_and_says_how_to_get_one() {
    let sandbox = hello();
    let only = sandbox.root().join("only");
    fs::create_dir_all(&only).unwrap();
    let message = "runner: hello.rs: `cc` is not on PATH, and rustc needs it to link\n  \
                   hint: install a C compiler, for example `apt-get install gcc libc6-dev`\n";
    sandbox.runner(["hello.rs"]).env("PATH", &only).run().ends(127, "", message);
}

#[test]
fn a_linker_that_was_named_and_is_not_there_is_told_apart() {
    let sandbox = hello().with("RUSTFLAGS", "-Clinker=no-such-linker");
    let message = "runner: hello.rs: rustc failed (exit status: 1); nothing was cached\n  \
                   hint: install that linker, or ask for another in `RUSTFLAGS` or cargo's configuration";
    let ran = sandbox.runner(["hello.rs"]).run().fails(125, message);
    assert!(ran.stderr.contains("error: linker `no-such-linker` not found"), "{}", ran.stderr);
}

/// The script runs all the same, with one line that says why it was not cached, and nothing remains of it.
#[track_caller]
fn runs_without(sandbox: &Sandbox, cache: &str, reason: &str) {
    let line = format!("runner: hello.rs: {reason}; running from a temporary binary\n");
    for _ in 0..2 {
        sandbox.runner(["hello.rs"]).env("RUNNER_CACHE", cache).run().ends(0, "hello\n", &line);
    }
    let left = files_below(&sandbox.root().join("tmp"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_cache_that_is_a_link_is_not_used() {
    let sandbox = hello();
    fs::create_dir(sandbox.path("real")).unwrap();
    symlink("real", sandbox.path("cache")).unwrap();
    let path = sandbox.path("cache");
    let path = path.to_str().unwrap();
    runs_without(&sandbox, path, &format!("cache directory `{path}` is a symbolic link"));
    assert!(files_below(&sandbox.path("real")).is_empty());
}

#[test]
fn a_cache_that_is_open_to_others_is_not_used() {
    let sandbox = hello();
    let path = sandbox.path("cache");
    fs::create_dir(&path).unwrap();
    let path = path.to_str().unwrap();
    for mode in [0o777, 0o1777, 0o755, 0o770] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let reason = format!("cache directory `{path}` is open to others (mode {mode:04o})");
        runs_without(&sandbox, path, &reason);
    }
    assert!(files_below(path.as_ref()).is_empty());
    // What a program that insists on a cache is told.
    let message = format!(
        "runner: cache directory `{path}` is open to others (mode 0770)\n  \
         hint: remove it, since others may have put something in it; runner makes it anew\n"
    );
    sandbox.runner(["cache", "size"]).env("RUNNER_CACHE", path).run().ends(125, "", &message);
}

#[test]
fn a_cache_that_is_a_file_is_not_used() {
    let sandbox = hello();
    let path = sandbox.write("cache", "mine\n");
    let path = path.to_str().unwrap();
    runs_without(&sandbox, path, &format!("cache directory `{path}` is not a directory"));
    let below = format!("{path}/below");
    runs_without(&sandbox, &below, &format!("cannot read cache directory `{below}`: Not a directory"));
    assert_eq!(fs::read_to_string(path).unwrap(), "mine\n");
}

#[test]
fn a_cache_that_belongs_to_somebody_else_is_not_used() {
    if !is_root() {
        return skipped("only root can give a directory away");
    }
    let sandbox = hello();
    let path = sandbox.path("cache");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
    let path = path.to_str().unwrap();
    runs_without(
        &sandbox,
        path,
        &format!("cache directory `{path}` belongs to uid 12345, not to you (uid 0)"),
    );
    // Nor is one made in somebody else's directory: `sudo` with the home of whoever called it.
    let below = format!("{path}/runner");
    let reason =
        format!("cannot create cache directory `{below}`: `{path}` belongs to uid 12345, not to you (uid 0)");
    runs_without(&sandbox, &below, &reason);
    assert!(files_below(path.as_ref()).is_empty());
}

#[test]
fn without_a_home_there_is_no_cache() {
    let sandbox = hello();
    let line = "runner: hello.rs: there is no home directory to keep a cache in; \
                running from a temporary binary\n";
    sandbox.runner(["hello.rs"]).env("HOME", "not/absolute").run().ends(0, "hello\n", line);
    assert!(!sandbox.path("not").exists());
}

#[test]
fn a_cache_that_cannot_be_written_to_is_not_used() {
    let sandbox = Sandbox::fake();
    sandbox.script("hello.rs", "print hello\n");
    // Programs of the fake compiler are shell scripts, which cannot be run from memory; it is the line that counts.
    let script = "mkdir closed && chmod 500 closed && RUNNER_CACHE=$PWD/closed/cache exec runner hello.rs";
    let Some(run) = mortal(&sandbox, script) else { return };
    let ran = run.run();
    let line = format!(
        "runner: hello.rs: cannot create cache directory `{}`: Permission denied; \
         running from a temporary binary\n",
        sandbox.path("closed/cache").display()
    );
    assert!(ran.stderr.starts_with(&line), "{}", ran.stderr);
}

#[test]
fn a_read_only_disk_still_runs_what_is_cached_and_all_else_from_temporary_binaries() {
    let sandbox = hello();
    sandbox.script("other.rs", HELLO.replace("hello", "other"));
    let home = sandbox.home();
    let home = home.display();
    sandbox.runner(["hello.rs"]).run().prints("hello\n");
    let script = format!(
        "mount --bind {home} {home}; mount -o remount,bind,ro {home}; runner hello.rs; runner other.rs"
    );
    let Some(run) = mounts(&sandbox, &script) else { return };
    let line = format!(
        "runner: other.rs: cannot write to cache directory `{home}/.cache/runner`: Read-only file system; \
         running from a temporary binary\n"
    );
    run.run().ends(0, "hello\nother\n", &line);
}

#[test]
fn a_full_disk_still_runs_scripts_from_temporary_binaries() {
    let sandbox = hello();
    sandbox.script("depends.rs", with_dependencies("itoa = \"1\""));
    let home = sandbox.home();
    // Full before the compiler begins, while it writes, and while the linker does.
    for size in ["16k", "100k", "400k"] {
        let script =
            format!("mount -t tmpfs -o size={size},mode=700 none {}; runner hello.rs", home.display());
        let Some(run) = mounts(&sandbox, &script) else { return };
        let line = "runner: hello.rs: cannot compile in the cache: No space left on device; \
                    running from a temporary binary\n";
        run.run().ends(0, "hello\n", line);
    }
    let script = format!(
        "mount -t tmpfs -o size=64k,mode=700 none {0}; cat /dev/zero >{0}/full 2>/dev/null || runner hello.rs",
        home.display()
    );
    let Some(run) = mounts(&sandbox, &script) else { return };
    let ran = run.run();
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.lines().count()),
        (0, "hello\n", 1),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("No space left on device; running from a temporary binary"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_disk_that_is_full_and_then_is_not_holds_no_broken_cache() {
    let sandbox = hello();
    let script = format!(
        "mount -t tmpfs -o size=100k,mode=700 none {0}; runner hello.rs 2>/dev/null\n\
         mount -o remount,size=50m {0}; runner hello.rs; runner hello.rs; runner cache list | wc -l",
        sandbox.home().display()
    );
    let Some(run) = mounts(&sandbox, &script) else { return };
    run.run().prints("hello\nhello\nhello\n1\n");
}

#[test]
fn a_noexec_disk_still_runs_scripts_from_temporary_binaries() {
    let sandbox = hello();
    let home = sandbox.home();
    let home = home.display();
    let noexec = format!("mount -t tmpfs -o noexec,mode=700 none {home}");
    let Some(run) = mounts(&sandbox, &format!("{noexec}; runner hello.rs")) else { return };
    let line = format!(
        "runner: hello.rs: cache directory `{home}/.cache/runner` is on a file system mounted noexec; \
         running from a temporary binary\n"
    );
    run.run().ends(0, "hello\n", &line);
    // One that was mounted so after the script was cached.
    let later = format!(
        "mount -t tmpfs -o mode=700 none {home}; runner hello.rs; mount -o remount,noexec {home}; runner hello.rs"
    );
    let ran = mounts(&sandbox, &later).unwrap().run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "hello\nhello\n"));
    assert!(
        ran.stderr.lines().count() == 1
            && ran
                .stderr
                .ends_with("/hello` is on a file system mounted noexec; running from a temporary binary\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_machine_with_no_place_at_all_says_so() {
    let sandbox = hello();
    let places =
        ["/tmp", "/var/tmp", "/dev/shm"].map(|place| format!("mount --bind /proc {place}; ")).concat();
    // The sandbox itself is in one of these.
    let script =
        format!("cat {RUNNER} >/run/r; chmod +x /run/r; cat hello.rs >/run/hello.rs; cd /run; {places}");
    let script = format!("mount -t tmpfs none /run; {script} HOME=/proc TMPDIR=/proc exec ./r hello.rs");
    let Some(run) = mounts(&sandbox, &script) else { return };
    let message = "runner: hello.rs: cannot create a temporary directory in `/proc`: No such file or directory\n  \
                   hint: set `TMPDIR` to a directory you can write to\n";
    run.run().ends(125, "", message);
}

#[test]
fn arguments_too_long_for_the_system_exit_with_126() {
    let sandbox = Sandbox::fake();
    // A long way to the script: what it is given beyond what runner was is the variable with its path.
    let deep = sandbox.path(vec!["d".repeat(200); 12].join("/"));
    sandbox.script(deep.join("x.rs"), "print hi\n");
    sandbox.runner(["x.rs"]).within(&deep).run().prints("hi\n");
    let script = "ulimit -s 512; n=66000; while :; do\n\
                  long=$(head -c $n /dev/zero | tr '\\0' x)\n\
                  /bin/true $long $long 2>/dev/null && exec runner x.rs $long $long; n=$((n - 500)); done";
    let message = "runner: x.rs: cannot execute the compiled script: Argument list too long\n  \
                   hint: the arguments and the environment together are longer than the system allows\n";
    sandbox.sh(script).within(&deep).run().ends(126, "", message);
}
