//! What is named in the place of a script and is none: FIFOs, compiled programs on PATH, sources of other languages, words of
//! other tools.

use std::process::Command;

use crate::support::files::copy;
use crate::support::sandbox::Sandbox;

#[test]
fn a_fifo_is_refused_and_not_waited_for() {
    let sandbox = Sandbox::fake();
    assert!(Command::new("mkfifo").arg(sandbox.path("fifo.rs")).status().unwrap().success());
    std::os::unix::fs::symlink("fifo.rs", sandbox.path("link.rs")).unwrap();
    for name in ["fifo.rs", "link.rs"] {
        for command in [&[][..], &["check"], &["build"], &["why"], &["--offline"]] {
            let ran = sandbox.runner([command, &[name]].concat()).run();
            let message = format!("runner: {name}: it is a FIFO, not a file\n  hint: `runner - <");
            assert!(ran.code == 126 && ran.stderr.starts_with(&message), "{command:?} {}", ran.stderr);
        }
    }
    // One that a shell has opened is read to its end.
    sandbox.sh("echo print piped | runner /dev/stdin").run().prints("piped\n");
    sandbox.sh("runner - <fifo.rs & echo print hi >fifo.rs; wait $!").run().prints("hi\n");
}

#[test]
fn a_program_that_was_found_on_path_is_named_by_its_path() {
    let sandbox = Sandbox::fake();
    let program = sandbox.root().join("bin/something");
    copy("/bin/sh", &program);
    let message = format!(
        "runner: something: `{}`, found on PATH, is a compiled program, not a script\n  hint: run it without `runner`",
        program.display()
    );
    sandbox.runner(["something"]).run().fails(125, &message);
    copy("/bin/sh", sandbox.path("here"));
    sandbox
        .runner(["here"])
        .run()
        .fails(125, "runner: here: it is a compiled program, not a script\n  hint: run it without `runner`");
}

#[test]
fn words_of_other_tools_get_the_word_that_runner_has() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    copy("/bin/sh", sandbox.root().join("bin/install"));
    for (word, meant) in [
        ("install", "promote"),
        ("uninstall", "demote"),
        ("format", "fmt"),
        ("lint", "clippy"),
        ("clean", "cache clean"),
    ] {
        let ran = sandbox.runner([word, "x.rs"]).run();
        let hint = format!("  hint: did you mean `runner {meant}`?\n");
        assert!(ran.code != 0 && ran.stderr.ends_with(&hint), "{word}: {}", ran.stderr);
    }
    // A script of that name is a script, here and on PATH.
    sandbox.write("format", "#!/usr/bin/env runner\nprint mine\n");
    sandbox.runner(["format"]).run().prints("mine\n");
    sandbox.script(sandbox.root().join("bin/lint"), "#!/usr/bin/env runner\nprint path\n");
    sandbox.runner(["lint"]).run().prints("path\n");
}

#[test]
fn a_source_of_a_language_that_runner_has_not_is_told_in_one_line() {
    let sandbox = Sandbox::fake();
    for (name, text, expected) in [
        ("Main.java", "class Main {}\n", "it is Java, which runner does not know how to compile"),
        ("x.cs", "using System;\n", "it is C#, which runner does not know how to compile"),
        ("x.kt", "fun main() {}\n", "it is Kotlin, which runner does not know how to compile"),
        ("main", "import java.util.*;\n", "it is Java, which runner does not know how to compile"),
        ("x.lua", "print(1)\n", "it is Lua, which runner does not know how to compile"),
        ("y.lua", "#!/usr/bin/lua\nprint(1)\n", "it is Lua, which runner does not know how to compile"),
        ("y", "#!/usr/bin/env -S Rscript -e\nx\n", "it is R, which runner does not know how to compile"),
    ] {
        sandbox.write(name, text);
        for command in [&[][..], &["check"], &["build", "-o", "out"]] {
            let ran = sandbox.runner([command, &[format!("./{name}").as_str()]].concat()).run();
            let line = format!("runner: ./{name}: {expected}\n  hint: ");
            assert!(ran.code == 125 && ran.stderr.starts_with(&line), "{name}: {}", ran.stderr);
        }
    }
    // Rust in a file that is called so, if somebody says so.
    sandbox.write("x.cs", "#!/usr/bin/env runner\nprint rust\n");
    sandbox.runner(["./x.cs"]).run().prints("rust\n");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_first_line_that_no_kernel_splits_is_noted() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "#!/usr/bin/env runner --debug\nprint x\n");
    let ran = sandbox.runner(["-v", "x.rs"]).run();
    assert!(ran.stderr.contains("`/usr/bin/env -S runner --debug` splits it"), "{}", ran.stderr);
    sandbox.write("x.rs", "#!/usr/bin/env -S runner --debug\nprint x\n");
    assert!(!sandbox.runner(["-v", "x.rs"]).run().stderr.contains("splits it"));
}
