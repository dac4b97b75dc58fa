//! Garbage in the cache: whatever is damaged, it is never a wrong program and at worst a rebuild.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use crate::support::damage::damage;
use crate::support::faults::{RIGHT, cold};
use crate::support::files::{files_below, tree};
use crate::support::machine::is_root;
use crate::support::sandbox::{RUNNER, Ran, Sandbox};

/// Ways to damage a file of the cache.
const DAMAGES: &[&str] = &[
    "cut",
    "empty",
    "flip",
    "unreadable",
    "gone",
    "directory",
    "full directory",
    "dangling link",
    "link",
    "alien",
];

/// `runner ARGUMENT…` by a user to whom permissions mean something: root can read and write everything.
fn as_user(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    if !is_root() {
        return sandbox.runner(arguments).run();
    }
    let own = Command::new("chown").args(["-R", "65534:65534"]).arg(sandbox.root()).status().unwrap();
    assert!(own.success());
    let user = ["--reuid=65534", "--regid=65534", "--clear-groups", RUNNER];
    sandbox.command("setpriv").args(user).args(arguments).run()
}

#[test]
fn whatever_is_damaged_in_the_cache_it_is_never_a_wrong_program_and_at_worst_a_rebuild() {
    let files = {
        let sandbox = cold();
        as_user(&sandbox, &["link"]).prints(RIGHT);
        files_below(&sandbox.cache()).len()
    };
    let mut count = 0;
    for index in 0..files {
        for how in DAMAGES {
            let sandbox = cold();
            as_user(&sandbox, &["link"]).prints(RIGHT);
            let mut all = files_below(&sandbox.cache());
            // By kind: names differ from sandbox to sandbox.
            all.sort_by_key(|path| {
                let path = path.strip_prefix(sandbox.cache()).unwrap().to_owned();
                (path.components().count(), path)
            });
            let path = all[index].clone();
            let context = format!("{how}: {}", path.display());
            damage(&path, how);
            // A miss looks at more than a hit; both must do.
            for edit in [false, true] {
                if edit {
                    sandbox.write("one.txt", "print two\n");
                }
                let right = if edit { "right\ntwo\n" } else { RIGHT };
                for round in 0..2 {
                    let before = sandbox.compiles();
                    let ran = as_user(&sandbox, &["link"]);
                    assert_eq!(
                        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
                        (0, right, ""),
                        "{context}, edit {edit}, round {round}"
                    );
                    assert!(round == 0 || sandbox.compiles() == before, "{context}: not cached again");
                }
            }
            let clean = as_user(&sandbox, &["cache", "trim"]);
            assert_eq!((clean.code, clean.stderr.as_str()), (0, ""), "{context}");
            as_user(&sandbox, &["link"]).prints("right\ntwo\n");
            let list = as_user(&sandbox, &["cache", "list"]);
            assert_eq!((list.code, list.stderr.as_str()), (0, ""), "{context}");
            count += 1;
        }
    }
    println!("garbage: {count} damages of {files} files");
}

#[test]
fn directories_of_the_cache_may_be_files_links_or_closed() {
    let directories = |sandbox: &Sandbox| -> Vec<PathBuf> {
        let v1 = sandbox.cache().join("v1");
        let mut all: Vec<PathBuf> = tree(&v1).into_iter().filter(|path| path.is_dir()).chain([v1]).collect();
        all.sort_by_key(|path| {
            let path = path.strip_prefix(sandbox.cache()).unwrap().to_owned();
            (path.components().count(), path)
        });
        all
    };
    let count = {
        let sandbox = cold();
        as_user(&sandbox, &["link"]).prints(RIGHT);
        directories(&sandbox).len()
    };
    let mut damages = 0;
    for index in 0..count {
        for how in ["file", "gone", "dangling link", "link", "closed", "read-only"] {
            let sandbox = cold();
            as_user(&sandbox, &["link"]).prints(RIGHT);
            let path = directories(&sandbox)[index].clone();
            let context = format!("{how}: {}", path.display());
            let elsewhere = sandbox.root().join("elsewhere");
            fs::create_dir_all(elsewhere.join("build-precious")).unwrap();
            fs::write(elsewhere.join(".new-precious"), "").unwrap();
            match how {
                "closed" => fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap(),
                "read-only" => fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).unwrap(),
                _ => fs::remove_dir_all(&path).unwrap(),
            }
            match how {
                "file" => fs::write(&path, "alien").unwrap(),
                "dangling link" => symlink("/nowhere/at/all", &path).unwrap(),
                "link" => symlink(&elsewhere, &path).unwrap(),
                _ => {}
            }
            for text in ["one", "two"] {
                sandbox.write("one.txt", format!("print {text}\n"));
                let right = format!("right\n{text}\n");
                for round in 0..2 {
                    let before = sandbox.compiles();
                    let ran = as_user(&sandbox, &["link"]);
                    assert_eq!(
                        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
                        (0, right.as_str(), ""),
                        "{context}, {text}, round {round}"
                    );
                    assert!(round == 0 || sandbox.compiles() == before, "{context}: not cached again");
                }
            }
            let clean = as_user(&sandbox, &["cache", "clean"]);
            assert_eq!((clean.code, clean.stderr.as_str()), (0, ""), "{context}");
            assert!(elsewhere.join("build-precious").exists(), "{context}: a sweep followed a link");
            assert!(elsewhere.join(".new-precious").exists(), "{context}: a sweep followed a link");
            damages += 1;
        }
    }
    println!("garbage: {damages} damages of {count} directories");
}
