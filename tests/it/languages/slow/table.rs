//! The languages that are rows of a table, each by its real compiler where that is there.

use std::fs;

use crate::support::machine::has;
use crate::support::sandbox::Sandbox;

/// Checks that what a script says follows what it reads; `{}` is the changing text.
fn follows(compiler: &str, plain: &str, text: &str, inputs: &[(&str, &str)]) {
    if !has(compiler) {
        return;
    }
    let sandbox = Sandbox::with_compiler(compiler);
    let script = "script";
    for (name, first) in [(plain, ""), (script, "#!/usr/bin/env runner\n")] {
        for (input, content) in inputs {
            sandbox.write(input, content.replace("{}", "1"));
        }
        sandbox.write(name, format!("{first}{text}"));
        let run = || sandbox.runner(["--lang", compiler_language(compiler), name]).run();
        let said = run();
        assert!(
            said.code == 0 && said.stderr.is_empty() && said.stdout.contains('1'),
            "{name}: {}",
            said.stderr
        );
        let builds = sandbox.cached("bin").len();
        run().prints(&said.stdout);
        assert_eq!(sandbox.cached("bin").len(), builds);
        for (input, content) in inputs {
            sandbox.write(input, content.replace("{}", "2"));
            let changed = run();
            assert!(
                changed.code == 0 && changed.stdout != said.stdout,
                "{name}: {input}: {}",
                changed.stdout
            );
            sandbox.write(input, content.replace("{}", "1"));
            run().prints(&said.stdout);
        }
        // Nothing was left beside it.
        let mut names: Vec<String> = fs::read_dir(sandbox.work())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.retain(|there| {
            there != script
                && *there != plain
                && !inputs.iter().any(|(input, _)| input.starts_with(there.as_str()))
        });
        assert!(names.is_empty(), "{names:?}");
        sandbox.write(name, format!("{first}this is no program )(\n"));
        let failed = run();
        let last = format!("runner: {name}: ");
        let is_told = failed.stderr.lines().any(|line| {
            line.starts_with(&last) && line.contains("failed") && line.ends_with("; nothing was cached")
        });
        assert!(failed.code == 125 && is_told && !failed.stderr.contains("staging"), "{}", failed.stderr);
    }
}

fn compiler_language(compiler: &str) -> &str {
    match compiler {
        "ldc2" => "d",
        "gfortran" => "fortran",
        "ocamlopt" => "ocaml",
        "ghc" => "haskell",
        other => other,
    }
}

#[test]
fn nim() {
    follows(
        "nim",
        "a.nim",
        "import b\nconst d = staticRead(\"d.txt\")\necho v, d\n",
        &[("b.nim", "const v* = {}\n"), ("d.txt", "{}")],
    );
}

#[test]
fn nim_settings_beside_the_script_and_a_module_in_place_of_the_librarys() {
    if !has("nim") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox
        .write("a.nim", "import strutils\nconst v {.intdefine.} = 1\necho v, \" \", toUpperAscii(\"x\")\n");
    let run = || sandbox.runner(["a.nim"]).run();
    run().prints("1 X\n");
    sandbox.write("nim.cfg", "-d:v=2\n");
    run().prints("2 X\n");
    sandbox.write("strutils.nim", "proc toUpperAscii*(s: string): string = \"mine\"\n");
    run().prints("2 mine\n");
}

#[test]
fn d() {
    follows(
        "ldc2",
        "a.d",
        "// /// runner\n// flags = [\"-J.\"]\n// ///\nimport std.stdio;\nimport b;\nvoid main() { writeln(v, import(\"d.txt\")); }\n",
        &[("b.d", "module b;\nenum v = {};\n"), ("d.txt", "{}")],
    );
}

#[test]
fn d_by_its_other_compiler() {
    if !has("gdc") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("a.d", "import std.stdio;\nvoid main() { write(import(\"d.txt\")); }\n");
    sandbox.write("d.txt", "1");
    let run = || {
        sandbox.write("t", "");
        sandbox.runner(["+gdc", "a.d"]).run()
    };
    let failed = run();
    assert!(failed.code == 125 && failed.stderr.contains("gdc failed"), "{}", failed.stderr);
    sandbox.write("a.d", "// /// runner\n// flags = [\"-J.\"]\n// ///\nimport std.stdio;\nvoid main() { write(import(\"d.txt\")); }\n");
    run().prints("1");
    sandbox.write("d.txt", "2");
    run().prints("2");
}

#[test]
fn fortran() {
    follows(
        "gfortran",
        "a.f90",
        "program a\ninclude 'v.inc'\nprint *, v\nend program\n",
        &[("v.inc", "integer, parameter :: v = {}\n")],
    );
}

#[test]
fn ocaml() {
    follows("ocamlopt", "a.ml", "let () = print_endline \"1\"; print_endline __FILE__\n", &[]);
}

#[test]
fn zig() {
    follows(
        "zig",
        "a.zig",
        "const std = @import(\"std\");\nconst b = @import(\"sub/b.zig\");\nconst d = @embedFile(\"d.txt\");\n\
         extern fn puts([*:0]const u8) c_int;\npub fn main() void {\n    _ = puts(d ++ b.v);\n}\n// /// runner\n// flags = [\"-lc\"]\n// ///\n",
        &[("sub/b.zig", "pub const v = \"{}\";\n"), ("d.txt", "{}")],
    );
}

#[test]
fn haskell() {
    follows(
        "ghc",
        "a.hs",
        "import B\nmain :: IO ()\nmain = print v\n",
        &[("B.hs", "module B where\nv :: Int\nv = {}\n")],
    );
}

#[test]
fn a_compiler_of_the_table_that_is_a_fake_is_called_with_the_right_words() {
    let sandbox = Sandbox::new();
    // It writes down its arguments, and makes a program that prints them.
    let fake = "#!/bin/sh\ncase $1 in version|--version) echo 1.2; exit ;; esac\nout= read=\nfor a; do case $a in\n\
                -femit-bin=*) out=${a#*=} ;; -out:*) out=${a#*:} ;; -export-dependencies-file:*) read=${a#*:} ;; -o) next=out ;; *) [ \"$next\" = out ] && out=$a; next= ;; esac; done\n\
                [ -z \"$read\" ] || echo \"x: $PWD/a.odin $PWD/lib/l.odin\" >\"$read\"\n[ -z \"$read\" ] || ls lib >/dev/null\nprintf '#!/bin/sh\\necho %s\\n' \"$*\" >\"$out\"\n";
    for (name, file, expected) in [
        ("zig", "a.zig", "build-exe -O ReleaseSafe -femit-bin= --cache-dir"),
        ("odin", "a.odin", "build a.odin -file -o:speed -out:"),
        ("swiftc", "a.swift", "-O a.swift -o"),
    ] {
        sandbox.script(sandbox.root().join("bin").join(name), fake);
        sandbox.write("lib/l.odin", "1");
        sandbox.write(file, "x\n");
        let said = sandbox.runner([file]).run();
        assert_eq!(said.code, 0, "{}", said.stderr);
        let here = format!("{}/", sandbox.work().display());
        let words: Vec<String> = said.stdout.split_whitespace().map(|word| word.replace(&here, "")).collect();
        let kept: Vec<&str> = words
            .iter()
            .map(|word| {
                if word.contains("/staging/") {
                    word.split_inclusive(['=', ':']).next().filter(|x| !x.contains('/')).unwrap_or("")
                } else {
                    word.as_str()
                }
            })
            .filter(|word| !word.is_empty())
            .collect();
        assert!(kept.join(" ").starts_with(expected), "{}", kept.join(" "));
        sandbox.runner([file]).run().prints(&said.stdout);
    }
    // A package of Odin is a directory: whatever appears in it counts.
    let builds = sandbox.cached("traces");
    sandbox.write("lib/m.odin", "2");
    let why = sandbox.runner(["why", "a.odin"]).run();
    assert!(why.stdout.contains("lib"), "{} {builds:?}", why.stdout);
}

#[test]
fn a_name_that_is_none_of_a_module_is_no_less_a_scripts() {
    let nim = "import helper\necho helped\n";
    let d = "import std.stdio, helper;\nvoid main() { writeln(helped); }\n";
    for (compiler, extension, text, helper) in
        [("nim", "nim", nim, "const helped* = 1\n"), ("ldc2", "d", d, "module helper; enum helped = 1;\n")]
    {
        if !has(compiler) {
            continue;
        }
        let sandbox = Sandbox::new();
        sandbox.write(format!("helper.{extension}"), helper);
        for name in [format!("my-tool.{extension}"), format!("2 of.them.{extension}")] {
            sandbox.write(&name, text);
            sandbox.runner([&name]).run().prints("1\n");
            sandbox.write(&name, "no program )(\n");
            let ran = sandbox.runner([&name]).run();
            assert!(ran.code == 125 && ran.stderr.contains(&name), "{}", ran.stderr);
        }
    }
}

/// What a script's first line gives a tool that runs scripts, or a compiler that is not here, reaches the one that compiles.
#[test]
fn flags_of_a_first_line_for_another_tool_of_the_language_are_heeded_or_told_of() {
    let d = "import std.stdio;\nvoid main() { version(Foo) writeln(\"foo\"); else writeln(\"none\"); }\n";
    let hs = "main :: IO ()\nmain = putStrLn ((\\case { 1 -> \"one\"; _ -> \"x\" }) (1 :: Int))\n";
    let ml = "let () = print_endline (string_of_int (Unix.getpid () * 0))\n";
    for (compiler, name, first, text, expected) in [
        ("ldc2", "a.d", "rdmd --chatty -version=Foo", d, "foo\n"),
        ("ldc2", "b.d", "-S ldmd2 -version=Foo -run", d, "foo\n"),
        ("ldc2", "c.d", "-S dmd -debug -version=Foo -run", d, "foo\n"),
        ("gdc", "d.d", "-S gdc -fversion=Foo", d, "foo\n"),
        ("ghc", "a.hs", "-S runghc -XLambdaCase", hs, "one\n"),
        ("ghc", "b.hs", "-S runhaskell -f ghc --ghc-arg=-XLambdaCase --", hs, "one\n"),
        ("ocamlopt", "a.ml", "-S ocaml unix.cma", ml, "0\n"),
    ] {
        if !has(compiler) {
            continue;
        }
        let sandbox = Sandbox::new();
        sandbox.write(name, format!("#!/usr/bin/env {first}\n{text}"));
        sandbox.runner([name]).run().prints(expected);
    }
    if has("ldc2") {
        let sandbox = Sandbox::new();
        sandbox.write("a.d", format!("#!/usr/bin/env dub\n{d}"));
        let ran = sandbox.runner(["-v", "a.d"]).run();
        let note = "its first lines call `dub`, which is passed over with its options";
        assert!(ran.code == 0 && ran.stdout == "none\n" && ran.stderr.contains(note), "{}", ran.stderr);
    }
}
