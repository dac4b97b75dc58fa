//! What only looks at a script (`-n`, `why`, `env --script`) runs no program that the script names.

use std::fs;

use crate::support::files::program;
use crate::support::sandbox::Sandbox;

/// Scripts that name programs by their paths, each of which leaves a mark when it is run: the name, the text.
fn scripts(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let evil = sandbox.root().join("evil");
    let mark = format!("#!/bin/sh\ntouch {}\nexit 1\n", sandbox.root().join("mark").display());
    for name in ["bin/rustc", "bin/cargo", "gcc", "x-config", "pkg-config", "go", "zig"] {
        program(&evil.join(name), &mark);
    }
    // On PATH, where the script only says how it is called.
    program(&sandbox.root().join("bin/own-config"), &mark);
    let evil = evil.display();
    vec![
        ("metadata.rs", format!("---\n[package.metadata.runner]\ntoolchain = \"{evil}\"\n---\nprint x\n")),
        ("frontmatter.rs", format!("#!/usr/bin/env -S runner --toolchain {evil}\nprint x\n")),
        (
            "block.rs",
            format!(
                "//! ```cargo\n//! [package.metadata.runner]\n//! toolchain = \"{evil}\"\n//! ```\nprint x\n"
            ),
        ),
        (
            "dependent.rs",
            format!(
                "---\n[package.metadata.runner]\ntoolchain = \"{evil}\"\n[dependencies]\nx = \"1\"\n---\n"
            ),
        ),
        (
            "call.c",
            format!("/{evil}/gcc -o /tmp/x \"$0\" && exec /tmp/x; exit\nint main(void) {{ return 0; }}\n"),
        ),
        (
            "flags.c",
            format!("//usr/bin/gcc $({evil}/x-config --libs) \"$0\"; exit\nint main(void) {{ return 0; }}\n"),
        ),
        (
            "quoted.c",
            format!(
                "//usr/bin/gcc `{evil}/pkg-config --libs` \"$0\"; exit\nint main(void) {{ return 0; }}\n"
            ),
        ),
        (
            "named.c",
            "//usr/bin/gcc $(own-config --libs) \"$0\"; exit\nint main(void) { return 0; }\n".to_owned(),
        ),
        (
            "setting.c",
            format!("/// runner\n/// toolchain = \"{evil}/gcc\"\n///\nint main(void) {{ return 0; }}\n"),
        ),
        (
            "setting.go",
            format!("/// runner\n// toolchain = \"{evil}/go\"\n// ///\npackage main\nfunc main() {{}}\n"),
        ),
        (
            "header.rs",
            format!(
                "#!/usr/bin/env scriptisto\n// scriptisto-begin\n// script_src: a.rs\n// build_cmd: {evil}/gcc a.rs\n// scriptisto-end\nfn main() {{}}\n"
            ),
        ),
    ]
}

#[test]
fn what_only_looks_at_a_script_runs_no_program_that_the_script_names() {
    let sandbox = Sandbox::fake();
    let mark = sandbox.root().join("mark");
    sandbox.write("cached.rs", "print x\n");
    sandbox.runner(["cached.rs"]).run().prints("x\n");
    for (name, text) in scripts(&sandbox) {
        sandbox.write(name, &text);
        for words in [
            &["-n", name][..],
            &["-n", "build", name, "-o", "out"],
            &["build", "-n", name],
            &["-n", "--temp", name],
            &["-n", "--target", "x86_64-unknown-linux-gnu", name],
            &["why", name],
            &["why", "--target", "x86_64-unknown-linux-gnu", name],
            &["env", "--script", name],
            &["env", "rustc", "--script", name],
        ] {
            let ran = sandbox.runner(words).run();
            assert!(!mark.exists(), "{words:?}: {}{}", ran.stdout, ran.stderr);
        }
    }
    // Who looks is told.
    for name in ["metadata.rs", "frontmatter.rs", "call.c"] {
        let ran = sandbox.runner(["-n", name]).run();
        let line =
            "which is not run to answer this\n  hint: if you trust it, name it yourself with `--toolchain`";
        assert!(ran.code == 125 && ran.stderr.contains(line), "{name}: {}", ran.stderr);
    }
    let shown = sandbox.runner(["-n", "flags.c"]).run();
    assert!(shown.code != 0 || shown.stderr.contains("x-config --libs)"), "{}", shown.stderr);
}

#[test]
fn what_builds_a_script_says_in_its_help_that_it_runs_what_the_script_names() {
    let sandbox = Sandbox::fake();
    let mark = sandbox.root().join("mark");
    for (name, text) in scripts(&sandbox).into_iter().filter(|(name, _)| name.ends_with(".rs")) {
        sandbox.write(name, &text);
        for command in ["check", "fmt"] {
            let _ = fs::remove_file(&mark);
            sandbox.runner([command, name]).run();
            assert!(mark.exists() || name == "header.rs", "{command} {name}: the test has no teeth");
            let help = sandbox.runner([command, "--help"]).run().stdout;
            assert!(help.contains("that the script names"), "{help}");
        }
    }
}

#[test]
fn what_the_user_names_is_asked() {
    let sandbox = Sandbox::fake();
    scripts(&sandbox);
    sandbox.write("x.rs", "print x\n");
    let evil = sandbox.root().join("evil");
    sandbox.runner(["-n", "--toolchain", evil.to_str().unwrap(), "x.rs"]).run();
    assert!(sandbox.root().join("mark").exists());
}
