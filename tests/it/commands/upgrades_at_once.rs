//! Promotions and upgrades at once, at every moment, and in places that cannot be written to.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::support::files::files_below;
use crate::support::installed::three;
use crate::support::sandbox::{Ran, Sandbox};

#[test]
fn what_a_killed_promotion_left_beside_the_executable_goes_when_it_is_old() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs"]);
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let leave = |name: &str, is_old: bool| {
        let path = sandbox.commands().join(name);
        fs::write(&path, "half").unwrap();
        if is_old {
            fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
        }
    };
    leave(".runner-abcdef", true);
    leave(".runner-fresh1", false);
    leave(".runner-of-somebody-else", true);
    sandbox.quiet(&["promote", "two.rs"]);
    let mut left: Vec<String> = fs::read_dir(sandbox.commands())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".runner-fresh1", ".runner-of-somebody-else", "one", "two"]);
}

/// Whoever executes the command while it is replaced gets the old one or the new one, and never an error.
#[test]
fn a_command_works_at_every_moment_of_its_upgrades() {
    let sandbox = Sandbox::fake_with_machine_code();
    sandbox.script("x.rs", "print 0\n");
    sandbox.quiet(&["promote", "x.rs"]);
    let command = sandbox.commands().join("x");
    let script = "end=$1; count=0; while :; do out=$(\"$2\") || exit 1; count=$((count + 1)); \
                  [ -e \"$end\" ] && break; done; echo \"$out $count\"";
    let end = sandbox.path("end");
    let watch = || {
        sandbox
            .command("sh")
            .args(["-c".as_ref(), script.as_ref(), "sh".as_ref(), end.as_os_str(), command.as_os_str()])
            .start()
    };
    let watchers = [watch(), watch()];
    for number in 1..=25 {
        sandbox.script("x.rs", format!("print {number}\n"));
        sandbox.runner(["upgrade", "x"]).run().prints("x: source changed; built again\n");
    }
    fs::write(&end, "").unwrap();
    for watcher in watchers {
        let ran = Ran::of("watch", watcher);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert!(ran.stdout.split(' ').nth(1).unwrap().trim().parse::<u32>().unwrap() > 1, "{}", ran.stdout);
    }
}

#[test]
fn promotions_of_one_name_at_once_leave_one_of_them_and_its_receipt() {
    for _ in 0..3 {
        let sandbox = Sandbox::fake_with_machine_code();
        for number in 0..6 {
            sandbox.script(format!("{number}/x.rs"), format!("print {number}\n"));
        }
        let promote = |number| sandbox.runner(["promote", "-q", &format!("{number}/x.rs")]).start();
        let children: Vec<_> = (0..6).map(promote).collect();
        for child in children {
            Ran::of("promote", child).prints("");
        }
        let listed = sandbox.listed();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &"current".into()));
        let source = listed[0]["source"].as_str().unwrap();
        let number = Path::new(source).parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert_eq!(sandbox.says("x"), format!("{number}\n"));
        assert_eq!(files_below(&sandbox.commands()).len(), 1);
    }
}

#[test]
fn upgrades_at_once_with_promotions_and_demotions_end_in_order() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs", "two.rs", "three.rs"]);
    for round in 0..4 {
        for name in ["one", "two", "three"] {
            sandbox.script(format!("{name}.rs"), format!("print {name} {round}\n"));
        }
        let start = |arguments: &[&str]| sandbox.runner(arguments).start();
        let children = [
            start(&["upgrade", "one", "two"]),
            start(&["upgrade", "two", "three"]),
            start(&["promote", "-q", "one.rs"]),
            start(&["promote", "-q", "two.rs", "three.rs"]),
        ];
        for child in children {
            let ran = Ran::of("at once", child);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        }
        for name in ["one", "two", "three"] {
            assert_eq!(
                (sandbox.says(name), sandbox.state(name)),
                (format!("{name} {round}\n"), "current".to_owned())
            );
        }
    }
}

#[test]
fn what_is_demoted_while_it_is_built_again_stays_away() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs"]);
    sandbox.script("one.rs", "print 1\n");
    let before = sandbox.compiles();
    let upgrade = sandbox.runner(["upgrade", "one"]).env("FAKE_SLEEP", "2").start();
    while sandbox.compiles() == before {
        std::thread::yield_now();
    }
    let demoted = sandbox.runner(["demote", "one"]).run();
    assert_eq!((demoted.code, demoted.stderr.as_str()), (0, ""));
    let ran = Ran::of("upgrade", upgrade);
    let said = "it was demoted while it was built again\n";
    assert!(ran.code == 125 && ran.stdout.is_empty() && ran.stderr.ends_with(said), "{}", ran.stderr);
    assert_eq!(files_below(&sandbox.commands()), Vec::<PathBuf>::new());
}

#[test]
fn a_place_that_cannot_be_written_to_is_said_and_changes_nothing() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs"]);
    sandbox.script("one.rs", "print 1\n");
    let receipts = sandbox.home().join(".local/share/runner/receipts");
    let lock = sandbox.home().join(".local/share/runner/lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir_all(lock.join("full")).unwrap();
    // A directory where the lock should be is nobody's.
    sandbox.runner(["upgrade"]).run().prints("one: source changed; built again\n");
    sandbox.script("one.rs", "print I\n");
    fs::set_permissions(&receipts, fs::Permissions::from_mode(0o500)).unwrap();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let ran = sandbox.runner(["upgrade"]).run();
    fs::set_permissions(&receipts, fs::Permissions::from_mode(0o700)).unwrap();
    if !is_root {
        assert_eq!((ran.code, ran.stdout.as_str()), (125, ""));
        assert!(ran.stderr.contains("cannot write the receipt"), "{}", ran.stderr);
        assert_eq!(sandbox.says("one"), "1\n");
    }
    sandbox.runner(["upgrade"]).run();
    assert_eq!(sandbox.says("one"), "I\n");
}
