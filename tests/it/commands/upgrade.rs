//! `runner upgrade`, and promotions of several: what was promoted is built again where it would not be the same any more.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::support::installed::three;
use crate::support::toaster::{TOASTER, furnished};

#[test]
fn an_upgrade_builds_what_changed_and_leaves_the_rest_alone() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs", "two.rs", "three.rs"]);
    let inode = |name: &str| fs::metadata(sandbox.commands().join(name)).unwrap().ino();
    let before = inode("one");
    sandbox.runner(["upgrade"]).run().prints("one: up to date\nthree: up to date\ntwo: up to date\n");
    sandbox.script("two.rs", "print 2\n");
    let said = "one: up to date\nthree: up to date\ntwo: source changed; built again\n";
    let compiles = sandbox.compiles();
    sandbox.runner(["upgrade", "--all"]).run().prints(said);
    assert_eq!(sandbox.compiles(), compiles + 1);
    assert_eq!((inode("one"), sandbox.says("two").as_str()), (before, "2\n"));
    sandbox.script("one.rs", "print 1\n");
    sandbox.script("three.rs", "print 3\n");
    sandbox.runner(["upgrade", "one"]).run().prints("one: source changed; built again\n");
    assert_eq!(sandbox.says("three"), "three\n");
    let path = sandbox.commands().join("three");
    sandbox.runner(["upgrade".as_ref(), path.as_os_str(), "-q".as_ref()]).run().prints("");
    assert_eq!(sandbox.says("three"), "3\n");
    let message = "runner: `nope` was not promoted\n  hint: `runner list` lists them\n";
    sandbox.script("one.rs", "print I\n");
    sandbox.runner(["upgrade", "one", "nope"]).run().ends(125, "", message);
    assert_eq!(sandbox.says("one"), "1\n", "names are looked at before anything is built");
    let message = "runner: `--all` and names cannot be used together\n  hint: give one of them\n";
    sandbox.runner(["upgrade", "--all", "one"]).run().ends(125, "", message);
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let sandbox = three();
    sandbox.script("four.rs", "print four\n");
    sandbox.script("five.rs", "print five\n");
    sandbox.quiet(&["promote", "one.rs", "two.rs", "three.rs", "four.rs", "five.rs"]);
    sandbox.script("one.rs", "fail now\n");
    sandbox.script("two.rs", "print 2\n");
    fs::remove_file(sandbox.path("three.rs")).unwrap();
    fs::write(sandbox.commands().join("four"), "mine\n").unwrap();
    fs::remove_file(sandbox.commands().join("five")).unwrap();
    let ran = sandbox.runner(["upgrade"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, "two: source changed; built again\n"));
    let (bin, work) = (sandbox.commands(), sandbox.work());
    let (bin, work) = (bin.display(), work.display());
    for line in [
        format!(
            "runner: five: `{bin}/five` was removed\n  hint: `--force` puts it back, `runner demote` forgets it\n"
        ),
        format!(
            "runner: four: `{bin}/four` is not what runner put there\n  hint: `--force` replaces it all the same\n"
        ),
        "error: now\n".to_owned(),
        format!(
            "runner: three: its source `{work}/three.rs` is gone\n  \
             hint: `runner demote three` removes it too, or promote it from where the source is now\n"
        ),
    ] {
        assert!(ran.stderr.contains(&line), "{line}{}", ran.stderr);
    }
    // What cannot be upgraded works as before.
    assert_eq!((sandbox.says("one"), sandbox.says("three")), ("one\n".to_owned(), "three\n".to_owned()));
    sandbox.runner(["upgrade", "three"]).run().fails(127, "promote it from where the source is now");
    let said = "five: forced; built again\nfour: forced; built again\n";
    sandbox.runner(["upgrade", "--force", "five", "four"]).run().prints(said);
    assert_eq!((sandbox.says("five"), sandbox.says("four")), ("five\n".to_owned(), "four\n".to_owned()));
}

#[test]
fn another_toolchain_makes_an_executable_old() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs", "two.rs"]);
    let rustc = sandbox.root().join("fake/rustc");
    let text = fs::read_to_string(&rustc).unwrap();
    fs::write(&rustc, text + "# another\n").unwrap();
    assert_eq!(sandbox.state("one"), "built by another toolchain");
    let line = sandbox.runner(["list"]).run().stdout;
    assert!(line.starts_with("one  built by another toolchain  "), "{line}");
    sandbox.runner(["upgrade", "one"]).run().prints("one: built by another toolchain; built again\n");
    assert_eq!(
        (sandbox.state("one").as_str(), sandbox.state("two").as_str()),
        ("current", "built by another toolchain")
    );
    // Without a compiler nothing is old, and nothing can be built again.
    fs::remove_file(&rustc).unwrap();
    assert_eq!(sandbox.state("two"), "current");
    sandbox.runner(["upgrade"]).run().prints("one: up to date\ntwo: up to date\n");
}

#[test]
fn the_list_as_json_has_all_that_a_receipt_says() {
    let sandbox = three();
    sandbox.quiet(&["promote", "two.rs", "one.rs"]);
    let ran = sandbox.runner(["list", "--json"]).run();
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "two"]);
    let one = &listed[0];
    let expected = [
        ("kind", Value::from("script")),
        ("path", sandbox.commands().join("one").to_str().unwrap().into()),
        ("source", sandbox.path("one.rs").to_str().unwrap().into()),
        ("state", "current".into()),
        ("version", Value::Null),
        ("options", serde_json::json!(["--profile", "release"])),
        ("profile", "release".into()),
        ("runner", env!("CARGO_PKG_VERSION").into()),
        ("toolchain", "rustc 1.95.0".into()),
    ];
    for (name, value) in expected {
        assert_eq!(one[name], value, "{name}");
    }
    for name in ["b3", "source_b3"] {
        assert_eq!(one[name].as_str().unwrap().len(), 64, "{name}");
    }
    assert!(one["installed"].as_i64().unwrap() > 1_600_000_000 && one["toolchain_id"].is_string());
    let keys: Vec<&String> = one.as_object().unwrap().keys().collect();
    assert!(keys.is_sorted(), "{keys:?}");
}

#[test]
fn what_is_for_another_machine_has_a_directory_of_its_own() {
    let sandbox = furnished();
    sandbox.script("x.rs", "argument --target*\nprint x\n");
    let place = sandbox.commands().join(TOASTER).join("x");
    let said = format!("installed {}\n", place.display());
    sandbox.runner(["promote", "--target", TOASTER, "x.rs"]).run().prints(&said);
    sandbox.quiet(&["promote", "--target", "x86_64-unknown-linux-gnu", "x.rs"]);
    sandbox.quiet(&["promote", "--target", TOASTER, "x.rs", "--to", "there", "--name", "y"]);
    assert_eq!(sandbox.says("x"), "x\n", "the compiler's own machine is none");
    sandbox.command(&place).run().prints(&format!("--target {TOASTER}\nx\n"));
    sandbox.command(sandbox.path("there/y")).run().prints(&format!("--target {TOASTER}\nx\n"));
    assert_eq!(sandbox.listed()[0]["target"], TOASTER);
    // Windows wants to be told by the name.
    let magic = sandbox.write("magic", "MZ");
    let run = sandbox.runner(["promote", "-q", "--target", TOASTER, "x.rs", "--to", "windows"]);
    run.args(["--force", "--edition", "2018"]).env("FAKE_PROGRAM", magic).run().prints("");
    assert!(sandbox.path("windows/x.exe").is_file());
    sandbox.runner(["demote", "x.exe"]).run();
    sandbox.script("x.rs", "argument --target*\nprint z\n");
    let said = ["x", "x", "y"].map(|name| format!("{name}: source changed; built again\n")).concat();
    sandbox.runner(["upgrade"]).run().prints(&said);
    sandbox.command(&place).run().prints(&format!("--target {TOASTER}\nz\n"));
    assert_eq!(sandbox.says("x"), "z\n");
}

#[test]
fn what_took_the_place_of_an_executable_is_left_alone() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs"]);
    let place = sandbox.commands().join("one");
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    assert_eq!(sandbox.state("one"), "modified");
    sandbox.runner(["upgrade"]).run().fails(125, "hint: `--force` replaces it all the same");
    sandbox
        .runner(["upgrade", "--force"])
        .run()
        .fails(125, "hint: `--name NAME` gives the executable another name");
    assert_eq!(sandbox.runner(["demote", "--force", "one"]).run().code, 125);
    assert!(place.is_dir());
}
