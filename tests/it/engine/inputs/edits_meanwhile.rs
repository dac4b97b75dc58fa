//! Never stale: edits while the compiler runs.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::files::program;
use crate::support::sandbox::Sandbox;
use crate::support::watched::{FAILED, changed, run, unchanged};

/// Lets a shell script run once, just before the fake compiler reads or just after it has.
fn hook(sandbox: &Sandbox, when: &str, script: &str) {
    let fake = sandbox.root().join("fake/rustc");
    let inner = sandbox.root().join("fake/inner");
    if !inner.exists() {
        fs::rename(&fake, &inner).unwrap();
        let hooks = sandbox.root().display();
        program(
            &fake,
            &format!(
                "#!/bin/sh\nonce() {{ [ ! -e \"$1\" ] || {{ mv \"$1\" \"$1.done\" && . \"$1.done\"; }}; }}\n\
                 case \" $* \" in *' -vV '*) exec {inner} \"$@\" ;; esac\n\
                 once {hooks}/before\n{inner} \"$@\"\ncode=$?\nonce {hooks}/after\nexit $code\n",
                inner = inner.display()
            ),
        );
    }
    let script = format!("cd '{}'\n{script}\n", sandbox.work().display());
    fs::write(sandbox.root().join(when), script).unwrap();
}

#[test]
fn the_script_edited_while_it_is_compiled() {
    for when in ["before", "after"] {
        let sandbox = Sandbox::fake();
        sandbox.write("s.rs", "print one\n");
        hook(&sandbox, when, "echo 'print two' >s.rs");
        changed(run(&sandbox), "two\n");
        unchanged(run(&sandbox), "two\n");
        sandbox.write("s.rs", "print one\n");
        changed(run(&sandbox), "one\n");
    }
}

#[test]
fn the_script_edited_and_reverted_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print one\n");
    hook(&sandbox, "before", "echo 'print two' >s.rs");
    hook(&sandbox, "after", "echo 'print one' >s.rs");
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn the_script_replaced_and_put_back_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print one\n");
    sandbox.write("t.rs", "print two\n");
    hook(&sandbox, "before", "mv s.rs kept.rs && mv t.rs s.rs");
    hook(&sandbox, "after", "mv -f kept.rs s.rs");
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn an_included_file_edited_while_it_is_compiled() {
    for edit in [
        "echo 'print two' >t",
        "touch -r t when; echo 'print two' >t; touch -r when t",
        "echo 'print two' >new; touch -d 2001-01-01 new; mv new t",
    ] {
        for when in ["before", "after"] {
            let sandbox = Sandbox::fake();
            sandbox.write("s.rs", "include t\n");
            sandbox.write("t", "print one\n");
            hook(&sandbox, when, edit);
            changed(run(&sandbox), "two\n");
            unchanged(run(&sandbox), "two\n");
        }
    }
}

#[test]
fn a_link_retargeted_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include link\n");
    sandbox.write("one", "print one\n");
    sandbox.write("two", "print two\n");
    symlink("one", sandbox.path("link")).unwrap();
    hook(&sandbox, "after", "ln -sfn two link");
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn a_directory_replaced_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include d/t\n");
    sandbox.write("d/t", "print one\n");
    sandbox.write("e/t", "print two\n");
    hook(&sandbox, "after", "mv d old && mv e d");
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn a_rival_module_that_appears_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print one\n");
    hook(&sandbox, "after", "mkdir m && echo 'print two' >m/mod.rs");
    run(&sandbox).run().fails(125, FAILED);
    fs::remove_file(sandbox.path("m.rs")).unwrap();
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_declared_file_edited_while_it_is_compiled() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"t\", \"d/*\"]\n---\n";
    sandbox.write("s.rs", format!("{head}secretly t\n"));
    sandbox.write("t", "one\n");
    sandbox.write("d/first", "");
    hook(&sandbox, "after", "echo two >t");
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
    sandbox.write("s.rs", format!("{head}secretly d/second\n"));
    sandbox.write("d/second", "one\n");
    hook(&sandbox, "after", "echo three >d/second; echo >d/third");
    changed(run(&sandbox), "three\n");
    unchanged(run(&sandbox), "three\n");
}

/// In the tick of the clock in which the compiler is started, that is.
#[test]
fn what_was_saved_a_moment_before_is_compiled_once() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include d/t\n");
    sandbox.write("d/t", "");
    for round in 0..20 {
        let before = sandbox.compiles();
        sandbox.write("d/t", format!("print {round}\n"));
        run(&sandbox).run().prints(&format!("{round}\n"));
        assert_eq!(sandbox.compiles(), before + 1);
    }
}

#[test]
fn a_script_that_is_edited_all_the_time_says_so() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    sandbox.write("t", "print one\n");
    let fake = sandbox.root().join("fake/rustc");
    let inner = sandbox.root().join("fake/inner");
    fs::rename(&fake, &inner).unwrap();
    let text =
        format!("#!/bin/sh\n{} \"$@\" && echo print $$ >{}\n", inner.display(), sandbox.path("t").display());
    program(&fake, &text);
    run(&sandbox).run().ends(
        125,
        "",
        "runner: s.rs: its inputs keep changing while it is compiled\n  hint: run it again when they have settled\n",
    );
}
