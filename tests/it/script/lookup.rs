//! Where a script is: by what names, links, descriptors and lines it is found, and what cannot be read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::support::files::files_below;
use crate::support::machine::{mortal, mounts, works};
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn a_script_in_the_working_directory_comes_before_one_on_path() {
    let sandbox = Sandbox::fake();
    sandbox.script("tool", "print here\n");
    fs::write(sandbox.root().join("bin/tool"), "print on PATH\n").unwrap();
    sandbox.runner(["tool"]).run().prints("here\n");
}

#[test]
fn a_script_runs_from_a_read_only_directory() {
    let sandbox = Sandbox::fake();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nprint hi\n");
    let work = sandbox.work();
    let work = work.display();
    let script = format!(
        "mount --bind {work} {work} && mount -o remount,bind,ro {work} && cd {work}\n\
         ! touch y 2>/dev/null\n./x.rs\nx.rs 2>/dev/null || ./x.rs"
    );
    let Some(run) = mounts(&sandbox, &script) else { return };
    run.run().prints("hi\nhi\n");
    assert_eq!(files_below(&sandbox.work()).len(), 1);
}

#[test]
fn a_script_may_come_through_a_descriptor() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\ninclude beside.txt\n");
    sandbox.write("beside.txt", "print and beside it\n");
    // A descriptor of a file is that file, siblings included.
    sandbox.sh("runner /proc/self/fd/7 7<x.rs").run().prints("hi\nand beside it\n");
    sandbox.sh("runner /dev/fd/7 7<x.rs").run().prints("hi\nand beside it\n");
    sandbox.sh("runner /dev/stdin <x.rs").run().prints("hi\nand beside it\n");
    assert_eq!(sandbox.compiles(), 1);
    // One that is read through a pipe is compiled once for each directory it is run in.
    for _ in 0..2 {
        sandbox.sh("echo print piped | runner /dev/stdin").run().prints("piped\n");
        sandbox.sh("echo print piped | runner /proc/self/fd/0").run().prints("piped\n");
    }
    assert_eq!(sandbox.compiles(), 2);
    // Its file is gone, but it can still be read.
    sandbox
        .sh("cp x.rs y.rs; exec 7<y.rs; rm y.rs; grep -v include <&7 | runner /dev/fd/0")
        .run()
        .prints("hi\n");
}

#[test]
fn a_script_may_be_a_process_substitution() {
    let sandbox = Sandbox::fake();
    if !works("bash", &["-c", "true"]) {
        return skipped("no bash, which has <(…)");
    }
    let run = |script: &str| sandbox.command("bash").args(["-c", script]).run();
    for _ in 0..2 {
        run("runner <(echo print substituted)").prints("substituted\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn the_interpreter_line_may_name_runner_in_any_way() {
    let sandbox = Sandbox::fake();
    let runner = sandbox.root().join("bin/runner");
    let runner = runner.display();
    let lines = [
        "/usr/bin/env runner".to_owned(),
        format!("{runner}"),
        format!(" {runner} "),
        format!("{runner} --debug"),
        format!("{runner} --profile dev -q"),
        format!("{runner} --profile=dev --"),
        format!("{runner} run"),
        "/usr/bin/env -S runner --debug".to_owned(),
    ];
    for (index, line) in lines.iter().enumerate() {
        for name in [format!("with-{index}.rs"), format!("without-{index}")] {
            sandbox.script(&name, format!("#!{line}\nprint {index}\n"));
            for _ in 0..2 {
                sandbox
                    .command(sandbox.path(&name))
                    .args(["--debug", "x"])
                    .run()
                    .prints(&format!("{index}\n"));
            }
        }
    }
    assert_eq!(sandbox.compiles(), 2 * lines.len());
    // What the line asks for is what is done, whether or not the kernel reads it.
    let listed = sandbox.sh("runner cache list | grep -c ' dev '; runner with-3.rs").run();
    listed.prints("8\n3\n");
    assert_eq!(sandbox.compiles(), 2 * lines.len());
}

#[test]
fn an_unreadable_script_exits_with_126() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "print hi\n");
    fs::set_permissions(&path, Permissions::from_mode(0o311)).unwrap();
    let Some(run) = mortal(&sandbox, "runner x.rs") else { return };
    let message = "runner: x.rs: cannot read the script: Permission denied\n  \
                   hint: `chmod +r x.rs` lets you read it, if it is yours\n";
    run.run().ends(126, "", message);
}

#[test]
fn a_script_in_a_directory_that_may_not_be_entered_exits_with_126() {
    let sandbox = Sandbox::fake();
    sandbox.write("closed/x.rs", "print hi\n");
    let Some(run) =
        mortal(&sandbox, "chmod 0 closed; runner closed/x.rs; code=$?; chmod 700 closed; exit $code")
    else {
        return;
    };
    run.run().fails(126, "lets you read it, if it is yours");
}
