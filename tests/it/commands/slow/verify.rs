//! `runner verify`: whether a program is what its script gives.

use std::fs;

use crate::support::files::copy;
use crate::support::sandbox::Sandbox;

fn built() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .script("src/x.rs", "#!/usr/bin/env runner\nmod near;\nfn main() { println!(\"{}\", near::WORD) }\n");
    sandbox.write("src/near.rs", "pub const WORD: &str = \"near\";\n");
    sandbox.runner(["build", "src/x.rs"]).run().prints("");
    sandbox
}

fn identical(sandbox: &Sandbox, script: &str) -> String {
    format!("x: identical to what {} gives\n", sandbox.path(script).display())
}

#[test]
fn a_program_is_identical_to_what_its_script_gives() {
    let sandbox = built();
    sandbox.runner(["verify", "x"]).run().prints(&identical(&sandbox, "src/x.rs"));
    for command in ["verify", "inspect"] {
        sandbox.runner([command, "--quiet", "x"]).run().prints("");
    }
    // Without the cache nobody knows where the script is.
    sandbox.runner(["cache", "clean"]).run();
    let ran = sandbox.runner(["verify", "x"]).run();
    let expected = "was not found\n  hint: `--script FILE` names it";
    assert!(ran.stderr.starts_with("runner: x: its script `x.rs` (b3 "), "{}", ran.stderr);
    ran.fails(125, expected);
    sandbox.runner(["verify", "x", "--script", "src/x.rs"]).run().prints(&identical(&sandbox, "src/x.rs"));
    // Beside the program, and from elsewhere.
    copy(sandbox.path("x"), sandbox.path("src/x"));
    let beside = sandbox.path("src/x");
    let said =
        format!("{}: identical to what {} gives\n", beside.display(), sandbox.path("src/x.rs").display());
    sandbox.runner(["verify".as_ref(), beside.as_os_str()]).within("/").run().prints(&said);
    sandbox
        .runner(["verify", "x"])
        .within(sandbox.path("src"))
        .run()
        .prints(&identical(&sandbox, "src/x.rs"));
    // Nothing is left of it in the cache.
    assert!(sandbox.cached("traces").is_empty() && sandbox.cached("staging").is_empty());
}

#[test]
fn a_program_that_was_changed_differs_and_so_does_one_whose_inputs_were() {
    let sandbox = built();
    let mut bytes = fs::read(sandbox.path("x")).unwrap();
    let at = bytes.windows(4).position(|window| window == b"near").unwrap();
    let length = bytes.len();
    bytes[at] = b'N';
    fs::write(sandbox.path("changed"), &bytes).unwrap();
    let source = sandbox.path("src/x.rs");
    let told = |name: &str| format!("{name}: differs from what {} gives\n", source.display());
    let where_it_does = format!("  from byte {at} on; it has {length} bytes, and the other {length}\n");
    sandbox.runner(["verify", "changed"]).run().ends(1, &(told("changed") + &where_it_does), "");
    sandbox.write("src/near.rs", "pub const WORD: &str = \"Near\";\n");
    let ran = sandbox.runner(["verify", "x"]).run();
    assert!(ran.code == 1 && ran.stdout.starts_with(&told("x")), "{}", ran.stdout);
    // Flags of the surroundings are told by name.
    sandbox.write("src/near.rs", "pub const WORD: &str = \"near\";\n");
    let ran = sandbox.runner(["verify", "x"]).env("RUSTFLAGS", "-C debuginfo=1").run();
    assert!(ran.code == 1, "{}", ran.stdout);
    assert!(ran.stdout.ends_with("  flag: nothing, and of the other: -Cdebuginfo=1\n"), "{}", ran.stdout);
    // Several: each is told, and one that differs makes 1, one that cannot be told 125.
    let ran = sandbox.runner(["verify", "x", "changed"]).run();
    assert!(ran.code == 1 && ran.stdout.contains("x: identical") && ran.stdout.contains("changed: differs"));
    assert_eq!(sandbox.runner(["verify", "changed", "/bin/ls"]).run().code, 125);
}

#[test]
fn it_cannot_be_told_when_the_script_has_changed_or_gone() {
    let sandbox = built();
    let script = sandbox.path("src/x.rs");
    sandbox.runner(["promote", "-q", "src/x.rs", "--name", "tool"]).run().prints("");
    let said = format!("tool: identical to what {} gives\n", script.display());
    sandbox.runner(["verify", "tool"]).run().prints(&said);
    sandbox.sh("echo '// changed' >>src/x.rs").run();
    let hint = "so nothing can be told\n  hint: `--script FILE` names it, as it was\n";
    let changed = format!("runner: tool: its script `{}` has changed since, {hint}", script.display());
    sandbox.runner(["verify", "tool"]).run().ends(125, "", &changed);
    fs::remove_file(&script).unwrap();
    let gone = format!("runner: tool: its script `{}` is not there any more, {hint}", script.display());
    sandbox.runner(["verify", "tool"]).run().ends(125, "", &gone);
    let ran = sandbox.runner(["verify", "/bin/ls"]).run();
    ran.fails(125, "runner build` writes and `runner promote` installs have one");
}

#[test]
fn it_cannot_be_told_without_the_compiler() {
    let sandbox = built();
    let ran = sandbox
        .runner(["verify", "x"])
        .env("RUSTUP_HOME", "/nowhere")
        .env("PATH", "/nowhere")
        .without("RUSTC")
        .run();
    assert!(ran.stderr.starts_with("runner: x: it was built by rustc 1."), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("which is not installed\n  hint: `rustup toolchain install 1."),
        "{}",
        ran.stderr
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (125, ""));
}

#[test]
fn a_program_is_built_again_with_the_versions_and_options_it_was_built_with() {
    let sandbox = Sandbox::new();
    let text =
        "---\ndependencies.cfg-if = \"1\"\n---\nfn main() { cfg_if::cfg_if! { if #[cfg(unix)] {} } }\n";
    sandbox.script("x.rs", text);
    sandbox.runner(["update", "x.rs", "--lock"]).run();
    // Not the newest.
    let lock = fs::read_to_string(sandbox.path("x.rs.lock")).unwrap();
    let older: String = lock
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("checksum"))
        .map(|line| match line.starts_with("version = \"1.0.") {
            true => "version = \"1.0.1\"\n".to_owned(),
            false => line.to_owned(),
        })
        .collect();
    assert_ne!(older, lock);
    sandbox.write("x.rs.lock", &older);
    let options = ["--edition", "2021", "--profile", "quick", "--static", "--strip", "--dep", "cfg-if=1.0.1"];
    // Which is said, since nobody asked for another dependency in it.
    let ran = sandbox.runner(["build", "x.rs"].iter().chain(&options)).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let lock = fs::read_to_string(sandbox.path("x.rs.lock")).unwrap();
    // Its record knows them.
    fs::remove_file(sandbox.path("x.rs.lock")).unwrap();
    sandbox.runner(["cache", "clean"]).run();
    sandbox.runner(["verify", "x"]).run().prints(&identical(&sandbox, "x.rs"));
    // A lock that says otherwise is the script's.
    sandbox.write("x.rs.lock", lock.replace("\"1.0.1\"", "\"1.0.0\""));
    let ran = sandbox.runner(["verify", "x"]).run();
    assert!(ran.code == 125, "{}{}", ran.stdout, ran.stderr);
}
