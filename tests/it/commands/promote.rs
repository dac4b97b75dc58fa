//! `runner promote`, `list`, `demote`: scripts as installed commands.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::files::{files_below, write_program};
use crate::support::sandbox::Sandbox;

#[test]
fn a_promoted_script_is_a_command_that_is_listed_and_can_be_demoted() {
    let sandbox = Sandbox::fake_hi();
    let place = sandbox.commands().join("x");
    let place = place.display();
    let sandbox_path = format!("{}:/usr/bin:/bin", sandbox.commands().display());
    sandbox.runner(["list"]).run().ends(0, "", "runner: no commands are installed\n");
    let with_path = |arguments: &[&str]| {
        let path = format!("{sandbox_path}:{}", sandbox.root().join("fake").display());
        sandbox.runner(arguments).env("PATH", path).run()
    };
    with_path(&["promote", "x.rs"]).prints(&format!("installed {place}\n"));
    sandbox.sh("x --any argument").env("PATH", &sandbox_path).run().prints("hi\n");
    let source = sandbox.path("x.rs");
    let line = format!("x  current         {place}  from {}\n", source.display());
    sandbox.runner(["list"]).run().prints(&line);
    assert_eq!(fs::metadata(sandbox.commands().join("x")).unwrap().permissions().mode() & 0o7777, 0o755);
    assert_eq!(sandbox.receipts().len(), 1);
    sandbox.runner(["demote", "x"]).run().prints(&format!("removed {place}\n"));
    sandbox.runner(["list"]).run().ends(0, "", "runner: no commands are installed\n");
    assert!(files_below(&sandbox.commands()).is_empty() && sandbox.receipts().is_empty());
    let message = "runner: `x` was not promoted\n  hint: `runner list` lists them\n";
    sandbox.runner(["demote", "x"]).run().ends(125, "", message);
    assert!(source.exists());
}

#[test]
fn a_directory_that_is_not_on_path_is_said_with_the_cure() {
    let sandbox = Sandbox::fake_hi();
    let directory = sandbox.commands();
    let directory = directory.display();
    let said = format!(
        "installed {directory}/x\n  \
         `{directory}` is not on PATH; for example: export PATH=\"{directory}:$PATH\"\n"
    );
    sandbox.runner(["promote", "x.rs"]).run().prints(&said);
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
}

#[test]
fn a_command_that_comes_first_on_path_is_said() {
    let sandbox = Sandbox::fake_hi();
    let other = sandbox.root().join("bin/x");
    write_program(&other, "#!/bin/sh\n");
    let path = format!(
        "{}:{}:{}:/usr/bin:/bin",
        sandbox.root().join("bin").display(),
        sandbox.root().join("fake").display(),
        sandbox.commands().display()
    );
    let said = format!(
        "installed {}\n  `{}` comes first on PATH\n",
        sandbox.commands().join("x").display(),
        other.display()
    );
    sandbox.runner(["promote", "x.rs"]).env("PATH", path).run().prints(&said);
}

#[test]
fn a_promotion_goes_where_it_is_said() {
    let sandbox = Sandbox::fake_hi();
    let bin = sandbox.path("of variable");
    sandbox.runner(["promote", "-q", "x.rs"]).env("RUNNER_BIN", &bin).run().prints("");
    sandbox.runner(["promote", "-q", "x.rs", "--to", "said", "--name", "other.name"]).run().prints("");
    sandbox
        .runner(["promote", "-q", "x.rs", "--to", "said", "--name", ".hidden"])
        .env("RUNNER_BIN", &bin)
        .run()
        .prints("");
    sandbox.runner(["promote", "-q", "x.rs"]).env("XDG_BIN_HOME", sandbox.path("xdg")).run().prints("");
    for place in ["of variable/x", "said/other.name", "said/.hidden", "xdg/x"] {
        sandbox.command(sandbox.path(place)).run().prints("hi\n");
    }
    assert_eq!(sandbox.states(), "current, current, current, current");
    assert_eq!(sandbox.compiles(), 1);
    // Two of one name: the path says which.
    let ran = sandbox.runner(["demote", "x"]).run();
    assert!(
        ran.code == 125 && ran.stderr.ends_with("  hint: give the path of the one that is meant\n"),
        "{}",
        ran.stderr
    );
    sandbox.runner(["demote", "xdg/x", ".hidden"]).run();
    sandbox.runner(["demote", "x"]).run().prints(&format!("removed {}\n", bin.join("x").display()));
}

#[test]
fn a_file_that_runner_did_not_put_there_is_replaced_only_by_force() {
    let sandbox = Sandbox::fake_hi();
    let place = sandbox.commands().join("x");
    fs::create_dir_all(sandbox.commands()).unwrap();
    fs::write(&place, "mine\n").unwrap();
    let message = format!(
        "runner: x.rs: `{}` exists and runner did not put it there\n  hint: `--force` replaces it\n",
        place.display()
    );
    sandbox.runner(["promote", "x.rs"]).run().ends(125, "", &message);
    assert_eq!(fs::read_to_string(&place).unwrap(), "mine\n");
    assert!(sandbox.receipts().is_empty());
    assert_eq!(sandbox.compiles(), 0, "what will be refused is not compiled first");
    sandbox.runner(["promote", "-q", "--force", "x.rs"]).run().prints("");
    sandbox.command(&place).run().prints("hi\n");
    // From now on it is ours.
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    // Links are not ours either, wherever they point to.
    let precious = sandbox.write("precious", "keep\n");
    for target in [precious.as_path(), "/nowhere".as_ref(), &place] {
        let link = sandbox.commands().join("link");
        let _ = fs::remove_file(&link);
        symlink(target, &link).unwrap();
        sandbox.runner(["promote", "x.rs", "--name", "link"]).run().fails(125, "hint: `--force` replaces it");
    }
    sandbox.runner(["promote", "-q", "--force", "x.rs", "--name", "link"]).run().prints("");
    assert!(!sandbox.commands().join("link").is_symlink());
    assert_eq!(fs::read_to_string(precious).unwrap(), "keep\n");
    // A directory stays whatever is said.
    fs::create_dir(sandbox.commands().join("d")).unwrap();
    let message = format!(
        "runner: x.rs: `{}` is a directory\n  hint: `--name NAME` gives the executable another name\n",
        sandbox.commands().join("d").display()
    );
    sandbox.runner(["promote", "--force", "x.rs", "--name", "d"]).run().ends(125, "", &message);
}

#[test]
fn a_promotion_never_replaces_the_script_itself() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("tool", "#!/usr/bin/env runner\nprint hi\n");
    let message = format!(
        "runner: tool: `{}` is the script itself\n  \
         hint: name another file, for example `-o FILE` with `build`, `--name NAME` with `promote`\n",
        script.display()
    );
    sandbox.runner(["promote", "--force", "tool", "--to", "."]).run().ends(125, "", &message);
    symlink("..", sandbox.path("up")).unwrap();
    let ran = sandbox.runner(["promote", "--force", "tool", "--to", "up/work"]).run();
    assert!(ran.code == 125 && ran.stderr.contains("is the script itself"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(script).unwrap(), "#!/usr/bin/env runner\nprint hi\n");
}

#[test]
fn the_list_tells_what_became_of_each() {
    let sandbox = Sandbox::fake();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nprint hi\nmod part\ninclude text\n");
    sandbox.write("part.rs", "print part\n");
    sandbox.write("text", "print text\n");
    let place = sandbox.commands().join("x");
    let promote = |options: &[&str]| {
        sandbox.runner(["promote", "-q", "x.rs"]).args(options).run().prints("");
        assert_eq!(sandbox.states(), "current");
    };
    promote(&[]);
    // Each input counts, and touching one changes nothing.
    for (file, text) in [("part.rs", "print part\n"), ("text", "print text\n")] {
        sandbox.write(file, text);
        assert_eq!(sandbox.states(), "current");
        sandbox.write(file, "print changed\n");
        assert_eq!(sandbox.states(), "source changed");
        sandbox.write(file, text);
        assert_eq!(sandbox.states(), "current");
        fs::remove_file(sandbox.path(file)).unwrap();
        assert_eq!(sandbox.states(), "source changed");
        sandbox.write(file, text);
    }
    // So does one that would now be read and was not there.
    sandbox.write("part/mod.rs", "print rival\n");
    assert_eq!(sandbox.states(), "source changed");
    fs::remove_dir_all(sandbox.path("part")).unwrap();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nprint other\n");
    assert_eq!(sandbox.states(), "source changed");
    promote(&[]);
    sandbox.command(&place).run().prints("other\n");
    fs::remove_file(sandbox.path("x.rs")).unwrap();
    assert_eq!(sandbox.states(), "source gone");
    fs::write(&place, "mine\n").unwrap();
    assert_eq!(sandbox.states(), "modified");
    fs::remove_file(&place).unwrap();
    assert_eq!(sandbox.states(), "missing");
    sandbox.runner(["demote", "x"]).run().prints(&format!("removed {}\n", place.display()));
    assert_eq!(sandbox.states(), "");
}

#[test]
fn the_list_is_sorted_and_aligned_and_survives_a_damaged_receipt() {
    let sandbox = Sandbox::fake_hi();
    for name in ["zeta", "a", "middle"] {
        sandbox.runner(["promote", "-q", "x.rs", "--name", name]).run().prints("");
    }
    let place = sandbox.commands();
    let place = place.display();
    let source = sandbox.path("x.rs");
    let source = source.display();
    let line = |name: &str| format!("{name:6}  current         {place}/{name}  from {source}\n");
    let expected = [line("a"), line("middle"), line("zeta")].concat();
    sandbox.runner(["list"]).run().prints(&expected);
    let directory = sandbox.home().join(".local/share/runner/receipts");
    fs::write(directory.join("0".repeat(64)), "nonsense").unwrap();
    fs::write(directory.join("README"), "nonsense").unwrap();
    sandbox.runner(["list"]).run().prints(&expected);
}

#[test]
fn demote_removes_only_what_promote_put_there() {
    let sandbox = Sandbox::fake_hi();
    let place = sandbox.commands().join("x");
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    fs::write(&place, "mine\n").unwrap();
    let message = format!(
        "runner: `{}` is not what runner put there\n  hint: `--force` removes it all the same\n",
        place.display()
    );
    sandbox.runner(["demote", "x"]).run().ends(125, "", &message);
    assert_eq!(fs::read_to_string(&place).unwrap(), "mine\n");
    assert_eq!(sandbox.receipts().len(), 1);
    sandbox.runner(["demote", "--force", "x"]).run().prints(&format!("removed {}\n", place.display()));
    assert!(!place.exists() && sandbox.receipts().is_empty());
}

#[test]
fn demote_takes_several_names() {
    let sandbox = Sandbox::fake_hi();
    for name in ["one", "two"] {
        sandbox.runner(["promote", "-q", "x.rs", "--name", name]).run().prints("");
    }
    let place = sandbox.commands();
    let place = place.display();
    let said = format!("removed {place}/one\nremoved {place}/two\n");
    let dry = said.replace("removed", "would remove");
    sandbox.runner(["demote", "--dry-run", "one", "two"]).run().prints(&dry);
    assert_eq!(sandbox.receipts().len(), 2);
    sandbox.runner(["demote", "one", "two"]).run().prints(&said);
    sandbox.runner(["promote", "--dry-run", "x.rs"]).run().fails(
        125,
        "`--dry-run` of `promote` needs `--from FILE`\n  hint: `runner build -n SCRIPT` shows how a script would be built",
    );
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    sandbox.runner(["demote", "-q", "x"]).run().prints("");
}

#[test]
fn a_promotion_that_fails_changes_nothing() {
    let sandbox = Sandbox::fake_hi();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    let receipt = fs::read(&sandbox.receipts()[0]).unwrap();
    sandbox.script("x.rs", "fail now\n");
    sandbox.runner(["promote", "-q", "x.rs"]).run().fails(125, "nothing was cached");
    sandbox.command(sandbox.commands().join("x")).run().prints("hi\n");
    assert_eq!(fs::read(&sandbox.receipts()[0]).unwrap(), receipt);
    sandbox.runner(["promote", "x.rs", "--to", "/proc/none"]).run().fails(125, "nothing was cached");
    sandbox.script("x.rs", "print two\n");
    let message = "runner: x.rs: cannot create the directory `/proc/none`: No such file or directory\n";
    sandbox.runner(["promote", "x.rs", "--to", "/proc/none"]).run().ends(125, "", message);
    assert_eq!(sandbox.states(), "source changed");
    assert_eq!(sandbox.receipts().len(), 1);
}

/// What a crash may leave between the writing of a receipt and the renaming of the executable.
#[test]
fn a_crash_between_receipt_and_executable_leaves_what_the_next_promotion_mends() {
    let sandbox = Sandbox::fake_hi();
    let place = sandbox.commands().join("x");
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    let old = fs::read(&place).unwrap();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nprint two\n");
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    // The new receipt, the old executable: it is still known as ours, and not as what was promised.
    fs::write(&place, &old).unwrap();
    assert_eq!(sandbox.states(), "source changed");
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    sandbox.command(&place).run().prints("two\n");
    assert_eq!(sandbox.states(), "current");
    // The same, and given up.
    fs::write(&place, &old).unwrap();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    sandbox.runner(["demote", "x"]).run();
    // The first receipt, and no executable.
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    fs::remove_file(&place).unwrap();
    assert_eq!(sandbox.states(), "missing");
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    assert_eq!(sandbox.states(), "current");
    assert_eq!(files_below(&sandbox.commands()).len(), 1);
}

#[test]
fn a_removed_receipt_makes_the_executable_a_strangers() {
    let sandbox = Sandbox::fake_hi();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    fs::remove_file(&sandbox.receipts()[0]).unwrap();
    sandbox.runner(["promote", "x.rs"]).run().fails(125, "hint: `--force` replaces it");
    sandbox.runner(["demote", "x"]).run().fails(125, "hint: `runner list` lists them");
    assert!(sandbox.commands().join("x").exists());
}

#[test]
fn a_script_behind_a_link_is_promoted_under_the_links_name() {
    let sandbox = Sandbox::fake_hi();
    symlink("x.rs", sandbox.path("nice-name")).unwrap();
    sandbox.runner(["promote", "-q", "nice-name"]).run().prints("");
    sandbox.command(sandbox.commands().join("nice-name")).run().prints("hi\n");
    assert_eq!(sandbox.states(), "current");
    sandbox.script("x.rs", "print other\n");
    assert_eq!(sandbox.states(), "source changed");
}

#[test]
fn another_compiler_or_variable_does_not_make_an_executable_old() {
    let sandbox = Sandbox::fake_hi();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    sandbox.runner(["list"]).env("RUSTFLAGS", "-O").run();
    fs::remove_file(sandbox.root().join("fake/rustc")).unwrap();
    assert_eq!(sandbox.states(), "current");
}
