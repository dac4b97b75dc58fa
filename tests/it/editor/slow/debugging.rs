//! Breakpoints with the real gdb and lldb: in a script without `main`, in a module, in a dependency, in C.

use std::path::Path;
use std::process::Command;

use crate::support::sandbox::{Sandbox, skipped};

/// The place where a debugger stops: what it says after it has run the program to a breakpoint.
fn stop(debugger: &str, program: &Path, file: &str, line: u32) -> String {
    let mut command = Command::new(debugger);
    match debugger {
        "gdb" => command.args(["-batch", "-nx", "-iex", "set debuginfod enabled off", "-ex"]).args([
            &format!("break {file}:{line}"),
            "-ex",
            "run",
            "-ex",
            "bt 1",
        ]),
        _ => command
            .args(["--batch", "--no-lldbinit", "-o", "settings set target.disable-aslr false", "-o"])
            .args([&format!("breakpoint set --file {file} --line {line}"), "-o", "run", "-o", "bt 1"]),
    };
    let output = command.arg(program).output().unwrap();
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n")
}

#[test]
fn breakpoints_are_hit_wherever_the_code_is() {
    let sandbox = Sandbox::new();
    sandbox.write("part.rs", "pub fn part(x: i32) -> i32 {\n    let y = x + 1;\n    y * 2\n}\n");
    sandbox.write("near/Cargo.toml", "[package]\nname = \"near\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    sandbox.write("near/src/lib.rs", "pub fn near(x: i32) -> i32 {\n    let y = x + 3;\n    y * 4\n}\n");
    sandbox.script(
        "bare",
        "#!/usr/bin/env runner\n---\n[dependencies]\nnear = { path = \"near\" }\n---\nmod part;\nlet x = part::part(1);\nlet y = near::near(x);\nprintln!(\"{y}\");\n",
    );
    sandbox.script(
        "tool.c",
        "#!/usr/bin/env runner\n#include <stdio.h>\nint main(void) {\n    int x = 1;\n    printf(\"%d\\n\", x);\n    return 0;\n}\n",
    );
    for debugger in ["gdb", "lldb"] {
        if Command::new(debugger).arg("--version").output().is_err() {
            skipped(&format!("no {debugger}"));
            continue;
        }
        for (script, file, line) in [
            ("bare", "bare", 8),
            ("bare", "part.rs", 3),
            ("bare", "near/src/lib.rs", 3),
            ("tool.c", "tool.c", 5),
        ] {
            let built = sandbox.runner(["build", "--debug", "--print-path", script]).run();
            assert_eq!(built.code, 0, "{}", built.stderr);
            let said = stop(
                debugger,
                Path::new(built.stdout.trim_end()),
                sandbox.path(file).to_str().unwrap(),
                line,
            );
            let name = file.rsplit('/').next().unwrap();
            assert!(said.contains(&format!("{name}:{line}")), "{debugger} {file}: {said}");
            assert!(said.contains("#0") && !said.contains("not currently running"), "{said}");
        }
    }
}
