//! Security: nobody else's files are executed or left behind, no metadata or name becomes an argument, a command or a
//! movement of the cursor, nothing is written outside the cache.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;

use crate::support::files::{copy, files_below, mode, program, tree};
use crate::support::machine::is_root;
use crate::support::rustup::with_host;
use crate::support::sandbox::{Sandbox, skipped};
use crate::support::strace;

#[test]
fn a_binary_that_was_changed_is_not_executed() {
    let evil = "#!/bin/sh\necho wrong\n";
    for how in ["in place", "replaced", "linked over", "renamed over", "permissions", "link"] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print right\n");
        sandbox.runner(["x.rs"]).run().prints("right\n");
        let binary = sandbox.cache().join("v1/bin").join(&sandbox.cached("bin")[0]);
        let metadata = fs::metadata(&binary).unwrap();
        let (size, modified) = (metadata.len() as usize, metadata.modified().unwrap());
        // Of the same size, and in the end with the same time.
        let mut text = evil.to_owned();
        text.push_str(&"#".repeat(size - evil.len()));
        let other = sandbox.root().join("other");
        fs::write(&other, &text).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o700)).unwrap();
        fs::File::open(&other).unwrap().set_modified(modified).unwrap();
        match how {
            "in place" => {
                fs::write(&binary, &text).unwrap();
                fs::File::open(&binary).unwrap().set_modified(modified).unwrap();
            }
            "permissions" => fs::set_permissions(&binary, fs::Permissions::from_mode(0o600)).unwrap(),
            "renamed over" => fs::rename(&other, &binary).unwrap(),
            "replaced" => {
                fs::remove_file(&binary).unwrap();
                copy(&other, &binary);
                fs::File::open(&binary).unwrap().set_modified(modified).unwrap();
            }
            "linked over" => {
                fs::remove_file(&binary).unwrap();
                fs::hard_link(&other, &binary).unwrap();
            }
            _ => {
                fs::remove_file(&binary).unwrap();
                symlink(&other, &binary).unwrap();
            }
        }
        for arguments in [&["x.rs"][..], &["--offline", "x.rs"], &["x.rs"]] {
            let ran = sandbox.runner(arguments).run();
            assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "right\n", ""), "{how}");
        }
        assert_eq!(sandbox.compiles(), 2, "{how}: one rebuild");
    }
}

#[test]
fn whatever_the_umask_the_cache_is_ours_alone() {
    for umask in ["0", "022", "077"] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print right\n");
        for command in ["x.rs", "--temp x.rs", "x.rs"] {
            sandbox.sh(&format!("umask {umask} && exec runner {command}")).run().prints("right\n");
        }
        assert_eq!(mode(&sandbox.cache()), 0o700, "umask {umask}");
        assert_eq!(mode(&sandbox.home().join(".cache")) & 0o022, 0, "umask {umask}");
        for directory in tree(&sandbox.cache()).into_iter().filter(|path| path.is_dir()) {
            assert_eq!(mode(&directory) & 0o077, 0, "umask {umask}: {}", directory.display());
        }
        for binary in sandbox.cached("bin") {
            assert_eq!(mode(&sandbox.cache().join("v1/bin").join(binary)), 0o700);
        }
    }
}

#[test]
fn in_a_directory_that_anybody_may_change_there_is_no_cache() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let open = sandbox.root().join("open");
    let cache = open.join("above/cache");
    fs::create_dir_all(cache.parent().unwrap()).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let run = || sandbox.runner(["x.rs"]).env("RUNNER_CACHE", &cache).run();
    run().ends(
        0,
        "right\n",
        &format!(
            "runner: x.rs: anybody may put another cache in the place of `{}`, since `{}` is open to all (mode 0777); \
             running from a temporary binary\n",
            cache.display(),
            open.display()
        ),
    );
    assert!(!cache.exists());
    // With the sticky bit, as /tmp has it, only its owner may rename the directory below.
    fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
    run().prints("right\n");
    assert!(cache.exists());
}

#[test]
fn in_a_directory_that_a_group_may_change_there_is_no_cache_unless_nobody_else_is_in_it() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let open = sandbox.root().join("open");
    fs::create_dir_all(open.join("above")).unwrap();
    let is_private = fs::metadata(&open).unwrap().gid() != 0;
    for group_may in [0o775, 0o2770] {
        fs::set_permissions(&open, fs::Permissions::from_mode(group_may)).unwrap();
        if is_root() {
            chown(&open, None, Some(65534)).unwrap();
        } else if is_private {
            return skipped("this user has no group with other members");
        }
        for command in [&["x.rs"][..], &["build", "x.rs", "-o", "out"], &["build", "--cache", "x.rs"]] {
            let ran = sandbox.runner(command).env("RUNNER_CACHE", open.join("above/cache")).run();
            let line = "the members of group 65534 may put another cache in the place of `";
            assert!(ran.stderr.contains(line), "{command:?}: {}", ran.stderr);
            assert!(!open.join("above/cache").exists());
        }
    }
    // As /tmp, and as it is elsewhere.
    for closed in [0o3775, 0o755] {
        fs::set_permissions(&open, fs::Permissions::from_mode(closed)).unwrap();
        sandbox.runner(["x.rs"]).env("RUNNER_CACHE", open.join("above/cache")).run().prints("right\n");
    }
}

#[test]
fn a_cache_others_could_write_to_is_to_be_removed_and_not_only_closed() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    fs::create_dir_all(sandbox.cache()).unwrap();
    fs::write(sandbox.cache().join("something"), "").unwrap();
    for (mode, hint) in [(0o777, "remove it"), (0o770, "remove it")] {
        fs::set_permissions(sandbox.cache(), fs::Permissions::from_mode(mode)).unwrap();
        let ran = sandbox.runner(["cache", "list"]).run();
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(ran.code, 125);
        assert!(lines[1].starts_with(&format!("  hint: {hint}")), "{lines:?}");
    }
}

#[test]
fn root_leaves_nothing_in_the_home_of_another_user_and_says_so() {
    if !is_root() {
        return skipped("only root can have another user's HOME");
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    chown(sandbox.home(), Some(65534), Some(65534)).unwrap();
    for _ in 0..2 {
        let ran = sandbox.runner(["x.rs"]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "right\n"));
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("belongs to uid 65534, not to you (uid 0)"), "{}", ran.stderr);
        assert_eq!(tree(&sandbox.home()), Vec::<PathBuf>::new());
    }
    // A cache the user has already: not executed from, not written to.
    let cache = sandbox.cache();
    fs::create_dir_all(&cache).unwrap();
    for path in tree(&sandbox.home()) {
        chown(&path, Some(65534), Some(65534)).unwrap();
    }
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    let ran = sandbox.runner(["x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "right\n"));
    assert!(ran.stderr.contains("belongs to uid 65534, not to you (uid 0)"), "{}", ran.stderr);
    assert_eq!(tree(&cache), Vec::<PathBuf>::new());
    assert_eq!(tree(&sandbox.root().join("tmp")), Vec::<PathBuf>::new());
}

#[test]
fn names_in_shared_directories_cannot_be_predicted() {
    if !strace::is_there() {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let shared = sandbox.root().join("tmp");
    fs::write(sandbox.home().join(".cache"), "no cache here").unwrap();
    let mut names = Vec::new();
    for _ in 0..2 {
        let (ran, calls) = strace::trace(&sandbox, &["-f"], &["x.rs"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "right\n"));
        for call in calls.iter().filter(|call| call.changes_files() && !call.failed()) {
            let Some(path) = call.texts().into_iter().next().map(PathBuf::from) else { continue };
            if path.parent() != Some(&shared) {
                continue;
            }
            match call.name.as_str() {
                "mkdir" => assert!(call.arguments.ends_with("0700"), "{call:?}"),
                "openat" => assert!(call.arguments.contains("O_EXCL"), "{call:?}"),
                _ => continue,
            }
            names.push(path);
        }
    }
    assert!(names.len() >= 2);
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
    assert_eq!(tree(&shared), Vec::<PathBuf>::new());
}

#[test]
fn root_runs_no_compiler_that_lies_in_the_home_of_another_user() {
    if !is_root() {
        return skipped("only root can have another user's HOME");
    }
    let sandbox = Sandbox::fake();
    let cache = sandbox.root().join("cache");
    let theirs = sandbox.home().join(".rustup");
    let evil = format!("#!/bin/sh\ntouch {}\nexit 1\n", sandbox.root().join("evil").display());
    for name in ["stable", &with_host("nightly")] {
        program(&theirs.join("toolchains").join(name).join("bin/rustc"), &evil);
        program(&theirs.join("toolchains").join(name).join("bin/cargo"), &evil);
    }
    fs::write(theirs.join("settings.toml"), "default_toolchain = \"stable\"\n").unwrap();
    let is_untouched = || assert!(!sandbox.root().join("evil").exists());
    let with = |script: &str, words: &[&str]| {
        sandbox.write("x.rs", script);
        let ran = sandbox.runner(words).env("RUNNER_CACHE", &cache).run();
        is_untouched();
        ran
    };
    let commands: [&[&str]; 6] = [
        &["-n", "x.rs"],
        &["build", "x.rs", "-o", "o"],
        &["check", "x.rs"],
        &["why", "x.rs"],
        &["env"],
        &["test", "x.rs"],
    ];
    for user in [true, false] {
        // The directory, or only a link that the user may turn round.
        if user {
            for path in std::iter::once(theirs.clone()).chain(tree(&theirs)) {
                chown(&path, Some(65534), Some(65534)).unwrap();
            }
        } else {
            let real = sandbox.root().join("real");
            fs::rename(&theirs, &real).unwrap();
            for path in std::iter::once(real.clone()).chain(tree(&real)) {
                chown(&path, Some(0), Some(0)).unwrap();
            }
            symlink(&real, &theirs).unwrap();
            std::os::unix::fs::lchown(&theirs, Some(65534), Some(65534)).unwrap();
        }
        with(&format!("print right {user}\n"), &["x.rs"]).prints(&format!("right {user}\n"));
        for words in commands {
            with("print right\n", words);
        }
        let named = with("print right\n", &["+nightly", "x.rs"]);
        assert_eq!(named.code, 127);
        let line = format!("`{}` belongs to uid 65534, not to you (uid 0)", theirs.display());
        assert!(named.stderr.contains(&line) && named.stderr.contains("hint: "), "{}", named.stderr);
    }
    // Only that user's compiler is there.
    let none = sandbox.runner(["x.rs"]).env("RUNNER_CACHE", &cache).env("PATH", "/nowhere").run();
    is_untouched();
    assert_eq!(none.code, 127);
    assert!(none.stderr.contains("there is no other compiler: `"), "{}", none.stderr);
    // Who names it means it.
    let named = sandbox.runner(["x.rs"]).env("RUNNER_CACHE", &cache).env("RUSTUP_HOME", &theirs).run();
    assert!(named.code != 0 && sandbox.root().join("evil").exists());
}

#[test]
fn nothing_is_written_to_a_file_that_got_the_number_of_a_closed_stream() {
    for closed in ["2>&-", ">&- 2>&-", "<&- 2>&-", "<&- >&- 2>&-", ">&-"] {
        let sandbox = Sandbox::fake();
        sandbox.write("bad.rs", "fail of-the-compiler\n");
        sandbox.write("good.rs", "print of-the-program\n");
        for command in ["bad.rs", "-v bad.rs", "build bad.rs -o out", "check bad.rs", "build --cache bad.rs"]
        {
            let ran = sandbox.sh(&format!("exec runner {command} {closed}")).run();
            assert_eq!(ran.code, 125, "{closed}: {command}");
        }
        // What the script finds is what the caller left, the first time and later.
        let codes = [(); 3].map(|()| sandbox.sh(&format!("exec runner good.rs {closed}")).run().code);
        assert!(codes.iter().all(|code| *code == codes[0]), "{closed}: {codes:?}");
        for path in files_below(&sandbox.cache()) {
            let bytes = fs::read(&path).unwrap();
            for word in ["of-the-compiler", "runner:", "bad.rs:"] {
                let is_there = bytes.windows(word.len()).any(|part| part == word.as_bytes());
                assert!(!is_there, "{closed}: `{word}` in {}", path.display());
            }
        }
    }
}
