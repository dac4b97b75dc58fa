//! Languages other than Rust, by their real compilers: what is the same in all of them.

use std::os::unix::fs::PermissionsExt;

use crate::support::machine::has;
use crate::support::sandbox::Sandbox;

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
        "runner: x.rs: unknown language `cobble`\n  hint: supported: rust, c, c++, go, zig, nim, d, odin, swift, ocaml, fortran, haskell",
    );
    sandbox
        .runner(["--lang"])
        .run()
        .fails(125, "runner: `--lang` needs a value\n  hint: `--lang LANGUAGE`: language of the script, if it cannot be told from the file");
}

#[test]
fn what_is_not_compiled_is_said_to_be() {
    let sandbox = Sandbox::new();
    sandbox.write("x.py", "print(1)\n");
    sandbox
        .runner(["x.py"])
        .run()
        .fails(125, "runner: x.py: it is a Python script; runner only runs compiled languages\n  hint: run it with `python3 x.py`");
}

#[test]
fn what_only_rust_has_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("x.c", "int main(void) { return 0; }\n");
    for (words, text) in [
        (&["test", "x.c"][..], "`runner test` is only for Rust, and this is a C script"),
        (&["--edition", "2021", "x.c"], "`--edition` is only for Rust, and this is a C script"),
        (&["-d", "regex", "x.c"], "`--dep` is only for Rust, and this is a C script"),
        (&["--locked", "x.c"], "`--locked` is only for Rust, and this is a C script"),
        (&["doc", "x.c"], "it is a C script, and this is done with Rust scripts only"),
        (&["clippy", "x.c"], "it is a C script, and this is done with Rust scripts only"),
        (&["update", "x.c"], "it is a C script, and this is done with Rust scripts only"),
    ] {
        sandbox.runner(words).run().fails(125, &format!("runner: x.c: {text}"));
    }
    sandbox.runner(["--profile", "bench", "x.c"]).run().fails(
        125,
        "runner: x.c: unknown profile `bench` for C\n  hint: supported: `release`, `dev`, `quick`",
    );
}

#[test]
fn what_compilers_say_without_a_run() {
    let sandbox = Sandbox::new();
    sandbox.script("a", "#!/usr/bin/env runner\n#include <stdio.h>\nint main(void) { int x; return 0; }\n");
    let ran = sandbox.runner(["check", "./a"]).run();
    assert!(
        ran.code == 0 && ran.stderr.contains("./a:3:") && ran.stderr.contains("-Wunused"),
        "{}",
        ran.stderr
    );
    sandbox.write("b.c", "int main(void) { return x; }\n");
    let ran = sandbox.runner(["check", "b.c"]).run();
    let last = "runner: b.c: cc failed (exit status: 1)\n";
    assert!(ran.code == 125 && ran.stderr.contains("b.c:1:") && ran.stderr.ends_with(last), "{}", ran.stderr);
    assert!(sandbox.cached("bin").is_empty());
    if has("go") {
        let text = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Printf(\"%d\\n\", \"x\")\n}\n";
        sandbox.write("g.go", text);
        let ran = sandbox.runner(["check", "./g.go"]).run();
        assert!(ran.code == 125 && ran.stderr.contains("wrong type"), "{}", ran.stderr);
        sandbox.script("g", format!("#!/usr/bin/env gorun\n{}", text.replace("\"x\"", "x")));
        let ran = sandbox.runner(["check", "./g"]).run();
        assert!(ran.code == 125 && ran.stderr.contains("./g:7: undefined: x"), "{}", ran.stderr);
    }
}

#[test]
fn formatters_keep_the_first_line() {
    let sandbox = Sandbox::new();
    if has("go") {
        let path =
            sandbox.script("g", "#!/usr/bin/env gorun\n\npackage main\nfunc main() {\nprintln( 1 )\n}\n");
        let shown = sandbox.runner(["fmt", "--check", "./g"]).run();
        assert!(shown.code == 1 && shown.stdout.contains("println(1)"), "{} {}", shown.stdout, shown.stderr);
        sandbox.runner(["fmt", "./g"]).run().prints("");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "#!/usr/bin/env gorun\n\npackage main\n\nfunc main() {\n\tprintln(1)\n}\n");
        sandbox.runner(["fmt", "--check", "./g"]).run().prints("");
        sandbox.script("bad", "#!/usr/bin/env gorun\npackage main\nfunc {\n");
        let ran = sandbox.runner(["fmt", "./bad"]).run();
        assert!(ran.code != 0 && ran.stderr.contains("./bad:3:6"), "{}", ran.stderr);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    }
    sandbox.write("a.nim", "echo 1\n");
    sandbox.runner(["fmt", "a.nim"]).run().fails(125, "runner: a.nim: no formatter for Nim is known");
    sandbox.write("a.ml", "let () = ()\n");
    let ran = sandbox.runner(["fmt", "a.ml"]).env("PATH", "/nowhere").run();
    assert!(
        ran.code == 127 && ran.stderr.starts_with("runner: a.ml: `ocamlformat` is not on PATH"),
        "{}",
        ran.stderr
    );
}
