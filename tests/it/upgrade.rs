//! `runner upgrade`, and promotions of several: what was promoted is built again where it would not be the same any more.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::foreign::{TOASTER, furnished};
use crate::registry::{Crate, Registry};
use crate::sandbox::{Ran, Sandbox, files_below};
use crate::strace;

impl Sandbox {
    fn bin(&self) -> PathBuf {
        self.home().join(".local/bin")
    }

    /// The output of an installed command.
    fn says(&self, name: &str) -> String {
        let ran = self.command(self.bin().join(name)).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        ran.stdout
    }

    fn listed(&self) -> Value {
        let ran = self.runner(["list", "--json"]).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        serde_json::from_str(&ran.stdout).unwrap()
    }

    fn state(&self, name: &str) -> String {
        let listed = self.listed();
        let found = listed.as_array().unwrap().iter().find(|one| one["name"] == name);
        found.unwrap()["state"].as_str().unwrap().to_owned()
    }

    fn quiet(&self, arguments: &[&str]) {
        self.runner(arguments).args(["-q"]).run().prints("");
    }
}

fn three() -> Sandbox {
    let sandbox = Sandbox::fake_with_machine_code();
    for name in ["one", "two", "three"] {
        sandbox.script(format!("{name}.rs"), format!("print {name}\n"));
    }
    sandbox
}

#[test]
fn several_scripts_are_promoted_at_once() {
    let sandbox = three();
    let bin = sandbox.bin();
    let bin = bin.display();
    let said = format!(
        "installed {bin}/one\ninstalled {bin}/two\ninstalled {bin}/three\n  \
         `{bin}` is not on PATH; for example: export PATH=\"{bin}:$PATH\"\n"
    );
    sandbox.runner(["promote", "one.rs", "two.rs", "three.rs"]).run().prints(&said);
    for name in ["one", "two", "three"] {
        assert_eq!(sandbox.says(name), format!("{name}\n"));
    }
    sandbox.runner(["promote", "-q", "one.rs", "two.rs", "--to", "there"]).run().prints("");
    assert_eq!(files_below(&sandbox.path("there")).len(), 2);
}

#[test]
fn whatever_can_be_refused_is_refused_before_anything_is_built() {
    let sandbox = three();
    fs::create_dir_all(sandbox.bin()).unwrap();
    fs::write(sandbox.bin().join("two"), "mine\n").unwrap();
    sandbox.script("other/one.rs", "print other\n");
    let bin = sandbox.bin();
    let bin = bin.display();
    let cases: &[(&[&str], i32, String)] = &[
        (
            &["one.rs", "two.rs"],
            125,
            format!("two.rs: `{bin}/two` exists and runner did not put it there\n  hint: `--force` replaces it\n"),
        ),
        (
            &["one.rs", "other/one.rs"],
            125,
            format!(
                "other/one.rs: it would be installed as `{bin}/one`, and so would `one.rs`\n  \
                 hint: promote one of them by itself, with `--name NAME`\n"
            ),
        ),
        (
            &["one.rs", "three.rs", "--name", "x"],
            125,
            "one name is given for several executables\n  hint: promote them one by one, or without `--name`\n".into(),
        ),
        (
            &["one.rs", "nope.rs"],
            127,
            "nope.rs: no such script\n  hint: there is `one.rs`\n".into(),
        ),
    ];
    for (arguments, code, message) in cases {
        let ran = sandbox.runner(["promote"]).args(*arguments).run();
        ran.ends(*code, "", &format!("runner: {message}"));
    }
    assert_eq!(sandbox.compiles(), 0);
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}

#[test]
fn if_one_of_several_cannot_be_built_none_is_installed() {
    let sandbox = three();
    sandbox.script("two.rs", "fail now\n");
    let ran = sandbox.runner(["promote", "one.rs", "two.rs", "three.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, ""));
    assert_eq!(files_below(&sandbox.bin()), Vec::<PathBuf>::new());
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}

#[test]
fn if_one_of_several_cannot_be_demoted_none_is() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs", "two.rs"]);
    let message = "runner: `nope` was not promoted\n  hint: `runner list` tells what was\n";
    sandbox.runner(["demote", "one", "nope"]).run().ends(125, "", message);
    fs::write(sandbox.bin().join("two"), "mine\n").unwrap();
    sandbox.runner(["demote", "one", "two"]).run().fails(125, "hint: `--force` removes it all the same");
    assert_eq!(sandbox.says("one"), "one\n");
    let bin = sandbox.bin();
    let bin = bin.display();
    let said = format!("removed {bin}/one\nremoved {bin}/two\n");
    sandbox.runner(["demote", "--force", "one", "two", "one"]).run().prints(&said);
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}

#[test]
fn an_upgrade_builds_what_changed_and_leaves_the_rest_alone() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs", "two.rs", "three.rs"]);
    let inode = |name: &str| fs::metadata(sandbox.bin().join(name)).unwrap().ino();
    let before = inode("one");
    sandbox.runner(["upgrade"]).run().prints("one: current\nthree: current\ntwo: current\n");
    sandbox.script("two.rs", "print 2\n");
    let said = "one: current\nthree: current\ntwo: source changed; built again\n";
    let compiles = sandbox.compiles();
    sandbox.runner(["upgrade", "--all"]).run().prints(said);
    assert_eq!(sandbox.compiles(), compiles + 1);
    assert_eq!((inode("one"), sandbox.says("two").as_str()), (before, "2\n"));
    sandbox.script("one.rs", "print 1\n");
    sandbox.script("three.rs", "print 3\n");
    sandbox.runner(["upgrade", "one"]).run().prints("one: source changed; built again\n");
    assert_eq!(sandbox.says("three"), "three\n");
    let path = sandbox.bin().join("three");
    sandbox.runner(["upgrade".as_ref(), path.as_os_str(), "-q".as_ref()]).run().prints("");
    assert_eq!(sandbox.says("three"), "3\n");
    let message = "runner: `nope` was not promoted\n  hint: `runner list` tells what was\n";
    sandbox.script("one.rs", "print I\n");
    sandbox.runner(["upgrade", "one", "nope"]).run().ends(125, "", message);
    assert_eq!(sandbox.says("one"), "1\n", "names are looked at before anything is built");
    let message = "runner: `--all` is everything that was promoted, and names are some of it\n  hint: give one of them\n";
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
    fs::write(sandbox.bin().join("four"), "mine\n").unwrap();
    fs::remove_file(sandbox.bin().join("five")).unwrap();
    let ran = sandbox.runner(["upgrade"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, "two: source changed; built again\n"));
    let (bin, work) = (sandbox.bin(), sandbox.work());
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
    sandbox.runner(["upgrade"]).run().prints("one: current\ntwo: current\n");
}

#[test]
fn an_upgrade_builds_with_the_options_of_the_promotion() {
    let sandbox = Sandbox::new();
    let text = "fn main() { println!(\"{} {} 1\", cfg!(debug_assertions), env!(\"CARGO_PKG_VERSION\")) }\n";
    sandbox.script("x.rs", text);
    sandbox.quiet(&["promote", "--debug", "--edition", "2018", "x.rs", "--name", "y", "--to", "there"]);
    sandbox.script("x.rs", text.replace('1', "2"));
    let other = sandbox.root().join("home");
    sandbox.runner(["upgrade", "y"]).within(other).run().prints("y: source changed; built again\n");
    sandbox.command(sandbox.path("there/y")).run().prints("true 0.0.0 2\n");
    assert_eq!(files_below(&sandbox.bin()), Vec::<PathBuf>::new());
    let listed = &sandbox.listed()[0];
    assert_eq!(listed["options"], serde_json::json!(["--profile", "dev", "--edition", "2018"]));
    assert_eq!((&listed["profile"], &listed["edition"]), (&"dev".into(), &"2018".into()));
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
        ("path", sandbox.bin().join("one").to_str().unwrap().into()),
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
    for name in ["binary_digest", "source_digest"] {
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
    let place = sandbox.bin().join(TOASTER).join("x");
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

// ── Packages ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_program_of_a_package_is_promoted_listed_upgraded_and_demoted() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    let bin = sandbox.bin();
    let bin = bin.display();
    let ran = sandbox.runner(["promote", "tool@latest"]).run();
    assert!(ran.stdout.starts_with(&format!("installed {bin}/tool (1.0.0)\n")), "{}", ran.stdout);
    sandbox.quiet(&["promote", "tool@1.0.0", "--name", "fixed"]);
    let said = format!(
        "fixed  current         {bin}/fixed  from tool@1.0.0 (1.0.0)\n\
         tool   current         {bin}/tool  from tool@latest (1.0.0)\n"
    );
    sandbox.runner(["list"]).run().prints(&said);
    sandbox.runner(["upgrade"]).run().prints("fixed: current (1.0.0)\ntool: current (1.0.0)\n");
    registry.publish(&Crate::program("tool", "1.1.0"));
    sandbox.runner(["upgrade"]).run().prints("fixed: current (1.0.0)\ntool: 1.0.0 -> 1.1.0\n");
    assert!(sandbox.says("tool").starts_with("tool 1.1.0 "));
    assert!(sandbox.says("fixed").starts_with("tool 1.0.0 "));
    // It is the same that a run takes from now on.
    sandbox.runner(["tool@latest"]).run().prints("tool 1.1.0 [\"tool\"]\n");
    let listed = sandbox.listed();
    let expected =
        [("kind", "package"), ("source", "tool@latest"), ("version", "1.1.0"), ("state", "current")];
    for (name, value) in expected {
        assert_eq!(listed[1][name], value, "{name}");
    }
    assert_eq!(listed[1]["source_digest"], Value::Null);
    sandbox
        .runner(["demote", "tool", "fixed"])
        .run()
        .prints(&format!("removed {bin}/tool\nremoved {bin}/fixed\n"));
    assert_eq!(files_below(&sandbox.bin()), Vec::<PathBuf>::new());
}

#[test]
fn a_requirement_is_upgraded_within_itself() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    sandbox.quiet(&["promote", "tool@1"]);
    registry.publish(&Crate::program("tool", "1.2.0"));
    registry.publish(&Crate::program("tool", "2.0.0"));
    sandbox.runner(["upgrade", "tool"]).run().prints("tool: 1.0.0 -> 1.2.0\n");
    // A version that was withdrawn is left for one that was not.
    registry.yank("tool", "1.2.0");
    sandbox.runner(["upgrade", "tool"]).run().prints("tool: 1.2.0 -> 1.0.0\n");
}

#[test]
fn a_package_is_upgraded_with_the_program_and_the_features_of_the_promotion() {
    let (sandbox, registry) = Registry::new();
    let text = "fn main() { println!(\"{} {}\", env!(\"CARGO_PKG_VERSION\"), cfg!(feature = \"loud\")) }";
    let publish = |version| {
        let files = &[("src/bin/a.rs", text), ("src/bin/b.rs", "fn main() {}")];
        let (manifest, features) = ("[features]\nloud = []\n", &["loud"][..]);
        registry.publish(&Crate { manifest, files, features, ..Crate::program("pair", version) });
    };
    publish("1.0.0");
    sandbox.quiet(&["promote", "--bin", "a", "-F", "loud", "pair@latest"]);
    assert_eq!(sandbox.says("a"), "1.0.0 true\n");
    publish("1.0.1");
    sandbox.runner(["upgrade"]).run().prints("a: 1.0.0 -> 1.0.1\n");
    assert_eq!(sandbox.says("a"), "1.0.1 true\n");
}

#[test]
fn an_unreachable_registry_leaves_what_is_installed() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    sandbox.quiet(&["promote", "tool@latest"]);
    sandbox.script("x.rs", "fn main() { println!(\"x\") }\n");
    sandbox.quiet(&["promote", "x.rs"]);
    sandbox.script("x.rs", "fn main() { println!(\"y\") }\n");
    registry.publish(&Crate::program("tool", "1.1.0"));
    // What is known offline: that there is one version.
    registry.set_down(true);
    sandbox.runner(["upgrade"]).run().prints("tool: current (1.0.0)\nx: source changed; built again\n");
    fs::remove_dir_all(sandbox.root().join("cargo/registry")).unwrap();
    let ran = sandbox.runner(["upgrade"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, "x: current\n"));
    assert!(ran.stderr.starts_with("runner: tool: the registry cannot be reached"), "{}", ran.stderr);
    assert!(sandbox.says("tool").starts_with("tool 1.0.0 "));
    registry.set_down(false);
    sandbox.runner(["upgrade", "tool"]).run().prints("tool: 1.0.0 -> 1.1.0\n");
}

#[test]
fn the_program_of_a_package_does_not_replace_what_is_not_ours() {
    let (sandbox, registry) = Registry::new();
    let files = &[("src/bin/short.rs", "fn main() {}")];
    registry.publish(&Crate { files, ..Crate::program("longer", "1.0.0") });
    fs::create_dir_all(sandbox.bin()).unwrap();
    fs::write(sandbox.bin().join("short"), "mine\n").unwrap();
    let message = format!(
        "runner: longer@1: `{}` exists and runner did not put it there\n  hint: `--force` replaces it\n",
        sandbox.bin().join("short").display()
    );
    sandbox.runner(["promote", "longer@1"]).run().ends(125, "", &message);
    assert_eq!(fs::read_to_string(sandbox.bin().join("short")).unwrap(), "mine\n");
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}

#[test]
fn a_script_and_a_package_of_one_name_are_refused_before_either_is_installed() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    sandbox.script("tool.rs", "fn main() {}\n");
    let message = format!(
        "runner: tool@1: it would be installed as `{}`, and so would `tool.rs`\n  \
         hint: promote one of them by itself, with `--name NAME`\n",
        sandbox.bin().join("tool").display()
    );
    sandbox.runner(["promote", "tool.rs", "tool@1"]).run().ends(125, "", &message);
    assert_eq!(files_below(&sandbox.bin()), Vec::<PathBuf>::new());
}

#[test]
fn what_took_the_place_of_an_executable_is_left_alone() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs"]);
    let place = sandbox.bin().join("one");
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

// ── Faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Killed at any system call by which an upgrade changes the file system, there is a working executable: the old one or the
/// new one; and the next upgrade mends the rest.
#[test]
fn killed_at_any_system_call_of_an_upgrade_there_is_a_working_executable() {
    if !strace::is_there() {
        return;
    }
    let make = || {
        let sandbox = Sandbox::fake_with_machine_code();
        sandbox.script("x.rs", "print old\n");
        sandbox.quiet(&["promote", "x.rs"]);
        sandbox.script("x.rs", "print new\n");
        // Stamps that can be trusted, so that every run makes the same calls.
        std::thread::sleep(std::time::Duration::from_millis(12));
        sandbox
    };
    let sandbox = make();
    let (ran, calls) = strace::trace(&sandbox, &["-y", "-f"], &["upgrade", "x"]);
    ran.prints("x: source changed; built again\n");
    let runner = calls[0].process;
    let mut counts = std::collections::HashMap::new();
    let mut points = Vec::new();
    for call in calls.iter().filter(|call| call.process == runner) {
        let number = counts.entry(call.name.clone()).or_insert(0);
        *number += 1;
        if call.changes_files() {
            points.push((call.name.clone(), *number, call.arguments.clone()));
        }
    }
    let (last, _, arguments) = points.last().unwrap();
    assert!(last.starts_with("rename") && arguments.contains(".local/bin/x"), "{points:#?}");
    let (mut old, mut new) = (0, 0);
    for (name, number, arguments) in &points {
        let context = format!("{name} {number} ({arguments})");
        let sandbox = make();
        let log = sandbox.root().join("strace");
        let inject = format!("inject={name}:signal=KILL:when={number}");
        let options = ["-e", &format!("trace={name}"), "-e", &inject];
        strace::command(&sandbox, &log, &options, &["upgrade", "x"]).run();
        match sandbox.says("x").as_str() {
            "old\n" => old += 1,
            "new\n" => new += 1,
            other => panic!("{context}: {other}"),
        }
        let ran = sandbox.runner(["upgrade", "x"]).run();
        assert!(
            ran.code == 0 && ran.stderr.is_empty() && ran.stdout.starts_with("x: "),
            "{context}: {} {}",
            ran.stdout,
            ran.stderr
        );
        assert_eq!(
            (sandbox.says("x").as_str(), sandbox.state("x").as_str()),
            ("new\n", "current"),
            "{context}"
        );
    }
    println!(
        "faults: {} kills of an upgrade: {old} left the old executable, {new} the new one",
        points.len()
    );
    // The last of them is the renaming: everything before leaves the old one.
    assert!(old > 10 && old + new == points.len(), "{old} {new}");
}

#[test]
fn what_a_killed_promotion_left_beside_the_executable_goes_when_it_is_old() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs"]);
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let leave = |name: &str, is_old: bool| {
        let path = sandbox.bin().join(name);
        fs::write(&path, "half").unwrap();
        if is_old {
            fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
        }
    };
    leave(".runner-abcdef", true);
    leave(".runner-fresh1", false);
    leave(".runner-of-somebody-else", true);
    sandbox.quiet(&["promote", "two.rs"]);
    let mut left: Vec<String> = fs::read_dir(sandbox.bin())
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
    let command = sandbox.bin().join("x");
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
        assert_eq!(files_below(&sandbox.bin()).len(), 1);
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
    assert_eq!(files_below(&sandbox.bin()), Vec::<PathBuf>::new());
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
