//! `runner promote`, `list`, `demote`: scripts as installed commands.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use crate::sandbox::{Sandbox, files_below};

fn fake() -> Sandbox {
    let sandbox = Sandbox::fake();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nprint hi\n");
    sandbox
}

impl Sandbox {
    /// Where promoted scripts go unless it is said.
    fn commands(&self) -> PathBuf {
        self.home().join(".local/bin")
    }

    fn receipts(&self) -> Vec<PathBuf> {
        files_below(&self.home().join(".local/share/runner/receipts"))
    }

    /// What `runner list` says of each.
    fn states(&self) -> String {
        let ran = self.runner(["list"]).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let of = |line: &str| {
            line.split("  ").map(str::trim).filter(|part| !part.is_empty()).nth(1).map(str::to_owned)
        };
        ran.stdout.lines().filter_map(of).collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn a_promoted_script_is_a_command_that_is_listed_and_can_be_demoted() {
    let sandbox = fake();
    let place = sandbox.commands().join("x");
    let place = place.display();
    let sandbox_path = format!("{}:/usr/bin:/bin", sandbox.commands().display());
    sandbox.runner(["list"]).run().prints("");
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
    sandbox.runner(["list"]).run().prints("");
    assert!(files_below(&sandbox.commands()).is_empty() && sandbox.receipts().is_empty());
    let message = "runner: `x` was not promoted\n  hint: `runner list` tells what was\n";
    sandbox.runner(["demote", "x"]).run().ends(125, "", message);
    assert!(source.exists());
}

#[test]
fn a_directory_that_is_not_on_path_is_said_with_the_cure() {
    let sandbox = fake();
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
    let sandbox = fake();
    let other = sandbox.root().join("bin/x");
    fs::write(&other, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
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
    let sandbox = fake();
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
    let sandbox = fake();
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
    let sandbox = fake();
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
    let sandbox = fake();
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
    let sandbox = fake();
    for name in ["one", "two"] {
        sandbox.runner(["promote", "-q", "x.rs", "--name", name]).run().prints("");
    }
    let place = sandbox.commands();
    let place = place.display();
    let said = format!("removed {place}/one\nremoved {place}/two\n");
    sandbox.runner(["demote", "one", "two"]).run().prints(&said);
}

#[test]
fn a_promoted_script_needs_neither_runner_nor_source_nor_toolchain_nor_cache() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nmod part;\nfn main() { print!(\"{} {:?}\", part::X, \
                std::env::args_os().skip(1).collect::<Vec<_>>()) }";
    sandbox.script("src/tool.rs", text);
    sandbox.write("src/part.rs", "pub const X: u8 = 7;");
    sandbox.runner(["promote", "-q", "src/tool.rs"]).run().prints("");
    fs::remove_dir_all(sandbox.path("src")).unwrap();
    fs::remove_dir_all(sandbox.cache()).unwrap();
    let place = sandbox.commands().join("tool");
    sandbox
        .command("env")
        .args(["-i".as_ref(), place.as_os_str(), "--help".as_ref()])
        .run()
        .prints("7 [\"--help\"]");
}

#[test]
fn a_promoted_script_can_be_replaced_while_it_runs() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "x.rs",
        "fn main() { println!(\"one\"); std::io::stdin().read_line(&mut String::new()).unwrap(); }",
    );
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    let place = sandbox.commands().join("x");
    let before = fs::metadata(&place).unwrap().ino();
    let script = "mkfifo in out; x=$HOME/.local/bin/x; $x <in >out & exec 7>in 8<out; read said <&8; echo $said\n\
                  sed -i s/one/two/ x.rs; runner promote -q x.rs; echo >&7; wait; $HOME/.local/bin/x </dev/null";
    sandbox.sh(script).run().prints("one\ntwo\n");
    assert_ne!(fs::metadata(&place).unwrap().ino(), before);
}

#[test]
fn a_promotion_that_fails_changes_nothing() {
    let sandbox = fake();
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
    let sandbox = fake();
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
    let sandbox = fake();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    fs::remove_file(&sandbox.receipts()[0]).unwrap();
    sandbox.runner(["promote", "x.rs"]).run().fails(125, "hint: `--force` replaces it");
    sandbox.runner(["demote", "x"]).run().fails(125, "hint: `runner list` tells what was");
    assert!(sandbox.commands().join("x").exists());
}

#[test]
fn a_script_behind_a_link_is_promoted_under_the_links_name() {
    let sandbox = fake();
    symlink("x.rs", sandbox.path("nice-name")).unwrap();
    sandbox.runner(["promote", "-q", "nice-name"]).run().prints("");
    sandbox.command(sandbox.commands().join("nice-name")).run().prints("hi\n");
    assert_eq!(sandbox.states(), "current");
    sandbox.script("x.rs", "print other\n");
    assert_eq!(sandbox.states(), "source changed");
}

#[test]
fn another_compiler_or_variable_does_not_make_an_executable_old() {
    let sandbox = fake();
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    sandbox.runner(["list"]).env("RUSTFLAGS", "-O").run();
    fs::remove_file(sandbox.root().join("fake/rustc")).unwrap();
    assert_eq!(sandbox.states(), "current");
}
