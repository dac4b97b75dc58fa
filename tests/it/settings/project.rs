//! `runner.toml`, the settings that the scripts of a directory share: where it is looked for, who may have written it, and what
//! a change of it compiles.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::sandbox::Sandbox;

/// Prints how much the compiler was told to optimize, and with how much debug information.
const TELLS: &str = "argument *opt-level*\nargument *debuginfo*\nprint end\n";

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// As [`TELLS`] prints it, in one line.
fn told(sandbox: &Sandbox, script: &str) -> String {
    let ran = sandbox.runner([script]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    ran.stdout.lines().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_that_appears_nearer_changes_and_goes_is_seen_at_once() {
    let sandbox = Sandbox::fake();
    sandbox.write("a/b/x.rs", TELLS);
    let told = || told(&sandbox, "a/b/x.rs");
    let release = told();
    assert!(release.starts_with("-C opt-level=3"), "{release}");
    let above = sandbox.write("runner.toml", "profile = \"quick\"\n");
    let quick = told();
    assert_ne!(quick, release, "it appears above");
    sandbox.write("a/runner.toml", "profile = \"dev\"\n");
    let dev = told();
    assert!(dev != quick && dev != release, "a nearer one hides it: {dev}");
    let nearest = sandbox.write("a/b/runner.toml", "# nothing\n");
    assert_eq!(told(), release, "the nearest counts, whole");
    assert_eq!(sandbox.compiles(), 3, "the build of before is still there");
    fs::write(&nearest, "profile = \"quick\"\n").unwrap();
    assert_eq!(told(), quick, "it changes");
    fs::remove_file(&nearest).unwrap();
    assert_eq!(told(), dev, "it goes");
    fs::remove_file(sandbox.path("a/runner.toml")).unwrap();
    fs::remove_file(&above).unwrap();
    assert_eq!(told(), release);
    // What says nothing about this script compiles nothing.
    fs::write(&above, "[dependencies]\nnosuch = \"1\"\n").unwrap();
    fs::create_dir(sandbox.path("a/runner.toml")).unwrap();
    assert_eq!(told(), release);
    assert_eq!(sandbox.compiles(), 3);
}

#[test]
fn it_is_weaker_than_script_and_variable_and_stronger_than_the_users_file() {
    let sandbox = Sandbox::fake();
    let config = sandbox.home().join(".config/runner/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "edition = \"2015\"\nprofile = \"dev\"\n").unwrap();
    sandbox.write("runner.toml", "edition = \"2018\"\n");
    sandbox.write("x.rs", "argument --edition*\n");
    let pinned = "---\npackage.edition = \"2024\"\n---\nargument --edition*\n";
    sandbox.write("pinned.rs", pinned);
    sandbox.runner(["x.rs"]).run().prints("--edition=2018\n");
    sandbox.runner(["x.rs"]).env("RUNNER_EDITION", "2021").run().prints("--edition=2021\n");
    sandbox.runner(["pinned.rs"]).run().prints("--edition=2024\n");
    sandbox.runner(["--edition", "2021", "x.rs"]).run().prints("--edition=2021\n");
    let shown = sandbox.runner(["env", "--script", "x.rs"]).run();
    assert!(shown.stdout.contains("runner.toml:1"), "{}", shown.stdout);
    assert!(shown.stdout.contains("config.toml:2"), "{}", shown.stdout);
}

#[test]
fn it_is_not_looked_for_above_home() {
    let sandbox = Sandbox::fake();
    fs::write(sandbox.root().join("runner.toml"), "profile = \"dev\"\n").unwrap();
    let script = sandbox.home().join("d/x.rs");
    fs::create_dir_all(script.parent().unwrap()).unwrap();
    fs::write(&script, TELLS).unwrap();
    let name = script.to_str().unwrap();
    let release = told(&sandbox, name);
    assert!(release.starts_with("-C opt-level=3"), "{release}");
    fs::write(sandbox.home().join("runner.toml"), "profile = \"quick\"\n").unwrap();
    assert!(!told(&sandbox, name).contains("opt-level=3"), "in HOME itself it counts");
    // A script elsewhere belongs to what lies above it.
    sandbox.write("x.rs", TELLS);
    assert!(!told(&sandbox, "x.rs").contains("opt-level=3"));
}

#[test]
fn what_others_can_write_to_does_not_count() {
    let sandbox = Sandbox::fake();
    sandbox.write("open/deep/x.rs", TELLS);
    let file = sandbox.write("open/runner.toml", "profile = \"dev\"\n");
    sandbox.write("runner.toml", "profile = \"dev\"\n");
    mode(&sandbox.path("open"), 0o777);
    let run = || sandbox.runner(["open/deep/x.rs"]).run();
    let first = run();
    assert!(first.stdout.contains("opt-level=3"), "{}", first.stdout);
    let open = sandbox.path("open");
    let expected = format!(
        "runner: `{}` is passed over: other users can write to `{}`\n",
        file.display(),
        open.display()
    );
    assert!(first.stderr.starts_with(&expected), "{}", first.stderr);
    // Said once, and looked at again each time.
    assert_eq!(run().stderr, "");
    mode(&open, 0o755);
    assert!(!run().stdout.contains("opt-level=3"));
    // The file itself; and nothing behind an open directory is looked at.
    fs::write(&file, "profile = \"quick\"\n").unwrap();
    mode(&file, 0o666);
    assert!(run().stdout.contains("opt-level=3"));
    fs::remove_file(&file).unwrap();
    mode(&open, 0o777);
    run().prints(&first.stdout);
    // Where anybody may leave files it is not worth a word.
    mode(&open, 0o1777);
    sandbox.write("open/runner.toml", "profile = \"dev\" # another\n");
    run().prints(&first.stdout);
}

#[test]
fn lints_are_for_scripts_that_have_none() {
    let sandbox = Sandbox::fake();
    sandbox.write("runner.toml", "[lints.rust]\nunused = \"deny\"\n");
    let tells = "argument --deny=*\nprint end\n";
    sandbox.write("x.rs", tells);
    sandbox.write("own.rs", format!("---\n[lints.rust]\nunsafe_code = \"deny\"\n---\n{tells}"));
    sandbox.write("asks.rs", format!("---\nlints.workspace = true\n---\n{tells}"));
    sandbox.runner(["x.rs"]).run().prints("--deny=unused\nend\n");
    sandbox.runner(["asks.rs"]).run().prints("--deny=unused\nend\n");
    sandbox.runner(["own.rs"]).run().prints("--deny=unsafe_code\nend\n");
    sandbox.write("runner.toml", "# none\n");
    sandbox.runner(["x.rs"]).run().prints("end\n");
    let path = sandbox.path("runner.toml");
    let expected = format!(
        "runner: asks.rs: line 2, column 7: `[lints]` is not in `{}`\n  hint: add it there, or write it in the script itself\n",
        path.display()
    );
    sandbox.runner(["asks.rs"]).run().ends(125, "", &expected);
}

#[test]
fn what_is_wrong_in_it_is_said_with_its_place() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let path = sandbox.path("runner.toml");
    for (text, expected) in [
        ("profile = 1\n", ":1:11: `profile` must be a string"),
        ("\nbin = \"/x\"\n", ":2:1: `bin` cannot be set for a project"),
        ("toolchain = \"./evil\"\n", ":1:13: `toolchain` must be the name of a toolchain, not a path"),
        ("dependencies = 1\n", ":1:16: `dependencies` must be a table"),
        ("profile\n", ":1:8: "),
        ("lints = []\n", ":1:9: `lints` must be a table"),
    ] {
        fs::write(&path, text).unwrap();
        let ran = sandbox.runner(["x.rs"]).run();
        let expected = format!("{}{expected}", path.display());
        assert!(ran.code == 125 && ran.stderr.contains(&expected), "{text}: {}", ran.stderr);
    }
    fs::write(&path, "profil = \"dev\"\n").unwrap();
    let ran = sandbox.runner(["x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "x\n"));
    assert!(ran.stderr.contains("there is no setting `profil`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `profile`?"), "{}", ran.stderr);
    sandbox.runner(["x.rs"]).run().prints("x\n");
}

#[test]
fn a_dependency_that_cannot_be_inherited_is_an_error() {
    let sandbox = Sandbox::fake();
    let head = |line: &str| format!("---\n[dependencies]\n{line}\n---\nprint x\n");
    sandbox.write("x.rs", head("regex.workspace = true"));
    sandbox.runner(["x.rs"]).run().fails(
        125,
        "dependency `regex` is inherited, and there is no runner.toml to inherit from\n  \
         hint: `runner.toml` is looked for beside the script and above it: `runner help project`",
    );
    sandbox.write("runner.toml", "[dependencies]\nregex = \"1\"\n");
    for (line, expected) in [
        ("rege.workspace = true", "line 3, column 1: dependency `rege` is not in `"),
        ("regex.workspace = false", "`regex.workspace` must be true"),
        (
            "regex = { workspace = true, version = \"1\" }",
            "`regex` cannot have `version` beside `workspace = true`",
        ),
    ] {
        sandbox.write("x.rs", head(line));
        let ran = sandbox.runner(["x.rs"]).run();
        assert!(ran.code == 125 && ran.stderr.contains(expected), "{line}: {}", ran.stderr);
    }
}
