//! Caches and disks that cannot be used: the script runs all the same, with one line that says why it was not cached.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::files::files_below;
use crate::support::hello::{HELLO, hello, with_dependencies};
use crate::support::machine::{is_root, mounts};
use crate::support::sandbox::{RUNNER, Sandbox, skipped};

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
fn a_cache_that_is_a_link_of_another_user_is_not_used() {
    let sandbox = hello();
    fs::create_dir(sandbox.path("real")).unwrap();
    symlink("real", sandbox.path("cache")).unwrap();
    if std::os::unix::fs::lchown(sandbox.path("cache"), Some(65534), None).is_err() {
        return skipped("only root can give a link away");
    }
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
    fs::write(path.join("alien"), "").unwrap();
    let path = path.to_str().unwrap();
    for mode in [0o777, 0o1777, 0o770] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let reason = format!("cache directory `{path}` is open to others (mode {mode:04o})");
        runs_without(&sandbox, path, &reason);
    }
    assert_eq!(files_below(path.as_ref()), [sandbox.path("cache/alien")]);
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
