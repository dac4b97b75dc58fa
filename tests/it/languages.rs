//! Languages other than Rust, by their real compilers: the same promises, one test an input.
//!
//! gcc, g++ and go come from `.ci/run`; of other compilers those that are there are tried, and the rest is said aloud to be
//! missing. How often something was compiled is told by [`Compiled`]: the builds in the cache are counted, or a `cc` of the
//! sandbox counts its calls before it becomes the real one.

mod c;
mod go;
mod scriptisto;
mod table;

use std::process::Command;

use crate::sandbox::{Sandbox, skipped};

/// Whether a compiler is there; says so if not.
fn has(program: &str) -> bool {
    let is_there =
        Command::new("/bin/sh").args(["-c", &format!("command -v {program} >/dev/null")]).status().unwrap();
    if !is_there.success() {
        skipped(&format!("no {program}"));
    }
    is_there.success()
}

/// A sandbox in which a command counts its compilations before it does what the real one does.
fn counting(program: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let log = sandbox.root().join("compilations");
    let text = format!(
        "#!/bin/sh\ncase \" $* \" in *' -E '*|*-print-prog-name*|*-Wl,--help*|*--version*|*' version '*|*' list '*) ;;\n\
         *) echo x >>'{}' ;; esac\nexec /usr/bin/{program} \"$@\"\n",
        log.display()
    );
    sandbox.script(sandbox.root().join("bin").join(program), text);
    sandbox
}

/// How often the counting command has compiled.
fn count(sandbox: &Sandbox) -> usize {
    std::fs::read_to_string(sandbox.root().join("compilations")).unwrap_or_default().lines().count()
}

#[test]
fn a_missing_compiler_is_named_with_a_cure() {
    let sandbox = Sandbox::new();
    for (name, text, compiler) in [
        ("plot.zig", "pub fn main() void {}\n", "zig"),
        ("x.c", "int main(){}\n", "cc"),
        ("x.cpp", "int main(){}\n", "c++"),
        ("x.go", "package main\n", "go"),
        ("a", "#!/usr/bin/env gorun\npackage main\n", "go"),
        ("b", "//usr/bin/env go run \"$0\" \"$@\"; exit\npackage main\n", "go"),
        ("c", "package main\n\n// go.mod >>>\n// <<< go.mod\n", "go"),
        ("d", "/* Hi. */\n#include <stdio.h>\nint main() {}\n", "cc"),
        ("e", "#!/usr/bin/env runner\n// /// runner\n// lang = \"nim\"\n// ///\n", "nim"),
        ("x.d", "void main() {}\n", "ldc2"),
        ("x.f90", "end\n", "gfortran"),
    ] {
        sandbox.write(name, text);
        let ran = sandbox.runner([format!("./{name}")]).env("PATH", "/nowhere").run();
        let expected = format!(
            "runner: ./{name}: `{compiler}` is not on PATH, and this script needs it to compile\n  hint: "
        );
        assert!(ran.code == 127 && ran.stderr.starts_with(&expected), "{}", ran.stderr);
    }
    assert!(sandbox.cached("bin").is_empty());
}

#[test]
fn a_language_may_be_named() {
    let sandbox = Sandbox::new();
    let c = "#include <stdio.h>\nint main(void) { puts(\"C\"); return 0; }\n";
    sandbox.write("x.rs", c);
    sandbox.runner(["--lang", "c", "x.rs"]).run().prints("C\n");
    sandbox.runner(["--lang=C", "-"]).input(c).run().prints("C\n");
    sandbox.write("y.c", "fn main() { println!(\"Rust\"); }\n");
    sandbox.runner(["--lang", "rust", "y.c"]).run().prints("Rust\n");
    sandbox.script("z", format!("#!{} --lang c\n{c}", sandbox.root().join("bin/runner").display()));
    sandbox.command(sandbox.path("z")).run().prints("C\n");
    sandbox.runner(["./z"]).run().prints("C\n");
    sandbox.write("w", "// /// runner\n// lang = \"c\"\n// ///\nint puts(const char *);\nint main(void) { return puts(\"w\") < 0; }\n");
    sandbox.runner(["./w"]).run().prints("w\n");
    sandbox.runner(["--lang", "cobble", "x.rs"]).run().fails(
        125,
        "runner: x.rs: there is no language `cobble`\n  hint: there are rust, c, c++, go, zig, nim, d, odin, swift, ocaml, fortran, haskell",
    );
    sandbox
        .runner(["--lang"])
        .run()
        .fails(125, "runner: `--lang` needs a value\n  hint: for example `--lang c`");
}

#[test]
fn what_is_not_compiled_is_said_to_be() {
    let sandbox = Sandbox::new();
    sandbox.write("x.py", "print(1)\n");
    sandbox
        .runner(["x.py"])
        .run()
        .fails(125, "runner: x.py: it is a Python script, and runner runs what is compiled\n  hint: `python3 x.py` may run it");
}

#[test]
fn what_only_rust_has_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("x.c", "int main(void) { return 0; }\n");
    for (words, text) in [
        (&["test", "x.c"][..], "`runner test` is for Rust, and this is a C script"),
        (&["--edition", "2021", "x.c"], "`--edition` is for Rust, and this is a C script"),
        (&["-d", "regex", "x.c"], "`--dep` is for Rust, and this is a C script"),
        (&["--locked", "x.c"], "`--locked` is for Rust, and this is a C script"),
        (&["doc", "x.c"], "it is a C script, and this is done with Rust scripts only"),
        (&["clippy", "x.c"], "it is a C script, and this is done with Rust scripts only"),
        (&["update", "x.c"], "it is a C script, and this is done with Rust scripts only"),
    ] {
        sandbox.runner(words).run().fails(125, &format!("runner: x.c: {text}"));
    }
    sandbox.runner(["--profile", "bench", "x.c"]).run().fails(
        125,
        "runner: x.c: there is no profile `bench` for C\n  hint: there are `release`, `dev` and `quick`",
    );
}
