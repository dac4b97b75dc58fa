//! Where the cache is, that it is private, and what is done without one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::files::files_below;
use crate::support::machine::mortal;
use crate::support::sandbox::Sandbox;

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

/// As `rm -r` leaves it beside a build that goes on.
#[test]
fn what_a_build_makes_again_of_a_cache_that_was_removed_is_a_cache() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    let root = sandbox.cache();
    for left in ["v1", "v1/traces/ab", "v1/staging/build-xxxxxx"] {
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join(left)).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).unwrap();
        for _ in 0..2 {
            sandbox.runner(["x.rs"]).run().prints("hi\n");
        }
        assert!(root.join("CACHEDIR.TAG").exists() && !sandbox.cached("traces").is_empty(), "{left}");
        let _ = fs::remove_dir_all(&root);
        // Somebody else's has other names in it.
        fs::create_dir_all(root.join(left)).unwrap();
        fs::write(root.join("v1/index"), "").unwrap();
        let ran = sandbox.runner(["x.rs"]).run();
        assert!(ran.stderr.contains("is not empty and not a cache of runner's"), "{left}: {}", ran.stderr);
    }
}

#[test]
fn a_directory_in_use_for_something_else_is_left_as_it_is_by_every_subcommand() {
    let tags = [
        None,
        // Other programs write this tag too, cargo among them.
        Some("Signature: 8a477f597d28d172789f06886806bc55\n"),
        Some(
            "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag created by cargo.\n",
        ),
    ];
    for tag in tags {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print hi\n");
        for name in ["README", "v1/traces", "v1/bin/ab/x", "v1/staging/build-1/y", "v1/locks/l"] {
            sandbox.write(PathBuf::from("used").join(name), format!("mine: {name}"));
        }
        if let Some(tag) = tag {
            sandbox.write("used/CACHEDIR.TAG", tag);
        }
        fs::set_permissions(sandbox.path("used"), fs::Permissions::from_mode(0o700)).unwrap();
        let content = || {
            let files = files_below(&sandbox.path("used")).into_iter();
            files.map(|path| (fs::read(&path).unwrap(), path)).collect::<Vec<_>>()
        };
        let before = content();
        let line = format!(
            "directory `{}` is not empty and not a cache of runner's",
            sandbox.path("used").display()
        );
        let users =
            ["x.rs", "--force x.rs", "build x.rs -o out", "build --cache x.rs", "promote x.rs --to bin"];
        let others = ["-n x.rs", "why x.rs", "env x.rs", "eject x.rs --to ejected", "check x.rs"];
        let managers = ["list", "size", "stats", "stop", "trim", "trim --dry-run", "clean x.rs", "clean"];
        let managers = managers.map(|command| format!("cache {command}"));
        let managers = managers.iter().map(String::as_str);
        for command in users.into_iter().chain(managers).chain(others) {
            let ran =
                sandbox.sh(&format!("exec runner {command}")).env("RUNNER_CACHE", sandbox.path("used")).run();
            assert_eq!(content(), before, "{tag:?}: {command}: {}", ran.stderr);
            let is_refused = ran.stderr.contains(&line);
            assert!(is_refused || others.contains(&command), "{tag:?}: {command}: {}", ran.stderr);
        }
    }
    // Empty, or with what a killed process was about to name: a new cache.
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    sandbox.write("new/.new-x1y2z3", "Sig");
    fs::set_permissions(sandbox.path("new"), fs::Permissions::from_mode(0o700)).unwrap();
    sandbox.runner(["x.rs"]).env("RUNNER_CACHE", sandbox.path("new")).run().prints("hi\n");
    sandbox.runner(["cache", "clean"]).env("RUNNER_CACHE", sandbox.path("new")).run();
}

#[test]
fn a_directory_that_nobody_else_can_write_to_is_a_cache_however_it_was_made() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    // The first three may be read by others, the rest are empty and closed before anything is put in.
    for (place, mode) in [0o755, 0o711, 0o750, 0o775, 0o777, 0o1777].into_iter().enumerate() {
        let cache = sandbox.path(format!("cache{mode:o}"));
        fs::create_dir(&cache).unwrap();
        fs::set_permissions(&cache, fs::Permissions::from_mode(mode)).unwrap();
        for _ in 0..2 {
            sandbox.runner(["x.rs"]).env("RUNNER_CACHE", &cache).run().prints("hi\n");
        }
        assert_eq!(sandbox.compiles(), place + 1);
        let left = fs::metadata(&cache).unwrap().permissions().mode() & 0o7777;
        assert_eq!(left, if mode & 0o022 == 0 { mode } else { 0o700 });
        let inner = fs::metadata(cache.join("v1")).unwrap().permissions().mode();
        assert_eq!(inner & 0o077, 0, "what is in it is private");
    }
}

#[test]
fn a_shared_cache_can_be_built_ahead_again() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    let ahead = "RUNNER_CACHE=$PWD/shared runner build --cache x.rs && chmod -R a+rX shared";
    sandbox.sh(ahead).run().prints("");
    sandbox.write("x.rs", "print ho\n");
    sandbox.sh(ahead).run().prints("");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn a_cache_through_a_link_of_ones_own_is_used() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    fs::create_dir_all(sandbox.cache().parent().unwrap()).unwrap();
    fs::create_dir(sandbox.path("big")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("big"), sandbox.cache()).unwrap();
    for _ in 0..2 {
        sandbox.runner(["x.rs"]).run().prints("hi\n");
    }
    assert!(sandbox.cache().is_symlink() && sandbox.path("big/v1").is_dir());
    assert_eq!(sandbox.compiles(), 1);
    assert_ne!(sandbox.runner(["cache", "size"]).run().stdout, "0\n");
    assert!(sandbox.runner(["cache", "clean"]).run().stdout.starts_with("removed 1 build"));
    sandbox.runner(["x.rs"]).run().prints("hi\n");
    assert!(sandbox.cache().is_symlink());
}

#[test]
fn a_build_into_a_cache_that_caches_nothing_fails() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    let file = sandbox.write("file", "");
    let ran = sandbox.runner(["build", "--cache", "x.rs"]).env("RUNNER_CACHE", &file).run();
    let line = format!("runner: cache directory `{}` is not a directory\n", file.display());
    assert!(ran.code == 125 && ran.stderr.starts_with(&line), "{}", ran.stderr);
    sandbox.runner(["build", "--cache", "--temp", "x.rs"]).run().fails(125, "or `--temp` was given");
    assert_eq!(sandbox.runner(["build", "--cache", "x.rs"]).run().code, 0);
}
