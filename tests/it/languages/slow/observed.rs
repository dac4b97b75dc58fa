//! What a compiler reads, in every way it can be made to: changed, the next run is right; touched, nothing is compiled.
//!
//! A row is a script with files beside it, one change of them, and what is printed before and after. It is run, run again,
//! touched and run, changed and run, and run again: two compilations, and right each time.

use std::fs;
use std::path::Path;

use crate::support::files::settle;
use crate::support::sandbox::Sandbox;

/// A compiler, the script, files beside it, the files after the change (empty: removed), output before and after.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const SAYS: &str = "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", A); return 0; }\n";

/// `A` is a macro of some file.
const C: &[Row] = &[
    (
        "gcc",
        "a.c",
        &[("a.c", "#include \"a.h\"\n@"), ("a.h", "#define A 1\n")],
        &[("a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "flags.c",
        &[
            (
                "flags.c",
                "// /// runner\n// flags = [\"b.c\"]\n// ///\n#include \"a.h\"\nint b(void);\n#include <stdio.h>\nint main(void) { printf(\"%d\\n\", A + b()); return 0; }\n",
            ),
            ("b.c", "int b(void) { return 10; }\n"),
            ("a.h", "#define A 1\n"),
        ],
        &[("a.h", "#define A 2\n")],
        "11\n",
        "12\n",
    ),
    (
        "gcc",
        "second.c",
        &[
            (
                "second.c",
                "// /// runner\n// flags = [\"b.c\"]\n// ///\nint b(void);\n#include <stdio.h>\nint main(void) { printf(\"%d\\n\", b()); return 0; }\n",
            ),
            ("b.c", "#include \"b.h\"\nint b(void) { return B; }\n"),
            ("b.h", "#define B 1\n"),
        ],
        &[("b.h", "#define B 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "incbin.c",
        &[
            (
                "incbin.c",
                "#include <stdio.h>\n__asm__(\".global d\\nd: .incbin \\\"d1\\\"; .incbin \\\"d2\\\"; .byte 0\\n\");\nextern const char d[];\nint main(void) { puts(d); return 0; }\n",
            ),
            ("d1", "x"),
            ("d2", "1"),
        ],
        &[("d2", "2")],
        "x1\n",
        "x2\n",
    ),
    (
        "gcc",
        "macro.c",
        &[
            (
                "macro.c",
                "#include <stdio.h>\n#define IN(f) \".inc\" \"bin \\\"\" f \"\\\"\\n\"\n__asm__(\".global d\\nd: \" IN(\"d\") \".byte 0\\n\");\nextern const char d[];\nint main(void) { puts(d); return 0; }\n",
            ),
            ("d", "1"),
        ],
        &[("d", "2")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "include.c",
        &[
            (
                "include.c",
                "#include <stdio.h>\n__asm__(\".include \\\"d.s\\\"\\n\");\nextern const int d;\nint main(void) { printf(\"%d\\n\", d); return 0; }\n",
            ),
            ("d.s", ".global d\nd: .long 1\n"),
        ],
        &[("d.s", ".global d\nd: .long 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "args.c",
        &[
            ("args.c", "// /// runner\n// flags = [\"@one\"]\n// ///\n@"),
            ("one", "@two\n"),
            ("two", "-DA=1\n"),
        ],
        &[("two", "-DA=2\n")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "linked.c",
        &[
            (
                "linked.c",
                "// /// runner\n// flags = [\"-Wl,@link\"]\n// ///\nextern char a;\n#include <stdio.h>\nint main(void) { printf(\"%d\\n\", (int)(long)&a); return 0; }\n",
            ),
            ("link", "--defsym=a=1 -no-pie\n"),
        ],
        &[("link", "--defsym=a=2 -no-pie\n")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "earlier.c",
        &[
            ("earlier.c", "// /// runner\n// flags = [\"-Ii1\", \"-Ii2\"]\n// ///\n#include <a.h>\n@"),
            ("i1/x", ""),
            ("i2/a.h", "#define A 1\n"),
        ],
        &[("i1/a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "has.c",
        &[("has.c", "#if __has_include(\"a.h\")\n#define A 2\n#else\n#define A 1\n#endif\n@")],
        &[("a.h", "")],
        "1\n",
        "2\n",
    ),
    (
        "gcc",
        "made.c",
        &[
            ("made.c", "// /// runner\n// flags = [\"-Inone\"]\n// ///\n#include \"a.h\"\n@"),
            ("a.h", "#if __has_include(<x.h>)\n#define A 2\n#else\n#define A 1\n#endif\n"),
        ],
        &[("none/x.h", "")],
        "1\n",
        "2\n",
    ),
    (
        "tcc",
        "t.c",
        &[
            ("t.c", "#!/usr/bin/tcc -run -Ii1 -Ii2\n#include <a.h>\n@"),
            ("i1/x", ""),
            ("i2/a.h", "#define A 1\n"),
        ],
        &[("i1/a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "clang",
        "cl.c",
        &[
            ("cl.c", "#!/usr/bin/clang -Ii1 -Ii2\n#include <a.h>\n@"),
            ("i1/x", ""),
            ("i2/a.h", "#define A 1\n"),
        ],
        &[("i1/a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "g++",
        "a.cpp",
        &[
            (
                "a.cpp",
                "#include \"a.hpp\"\n#include <cstdio>\nint main() { std::printf(\"%d\\n\", f<int>()); }\n",
            ),
            ("a.hpp", "template <class T> int f() { return 1; }\n"),
        ],
        &[("a.hpp", "template <class T> int f() { return 2; }\n")],
        "1\n",
        "2\n",
    ),
];

/// Each with every C compiler; the flags of the first line are in place of the compiler, the script is the second field.
const EACH: &[Row] = &[
    ("", "#include \"a.h\"\n@", &[("a.h", "#define A 1\n")], &[("a.h", "#define A 2\n")], "1\n", "2\n"),
    (
        "",
        "#include \"sub/b.h\"\n@",
        &[("sub/b.h", "#include \"a.h\"\n"), ("sub/a.h", "#define A 1\n")],
        &[("sub/a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "-Ii1 -Ii2",
        "#include <a.h>\n@",
        &[("i1/x", ""), ("i2/a.h", "#define A 1\n")],
        &[("i1/a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "-Inone -Ii2",
        "#include <a.h>\n@",
        &[("i2/a.h", "#define A 1\n")],
        &[("none/a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "-Ii2",
        "#include \"a.h\"\n@",
        &[("i2/a.h", "#define A 1\n")],
        &[("a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    ("-include pre.h", "\n@", &[("pre.h", "#define A 1\n")], &[("pre.h", "#define A 2\n")], "1\n", "2\n"),
    (
        "",
        "#define H \"a.h\"\n#include H\n@",
        &[("a.h", "#define A 1\n")],
        &[("a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "",
        "#ifdef __has_include\n#if __has_include(\"x.h\")\n#define A 2\n#endif\n#endif\n#ifndef A\n#define A 1\n#endif\n@",
        &[("y.h", "")],
        &[("x.h", "")],
        "1\n",
        "2\n",
    ),
    (
        "-Ii1 -Ii2",
        "#include \"b.h\"\n@",
        &[("b.h", "#include <a.h>\n"), ("i1/x", ""), ("i2/a.h", "#define A 1\n")],
        &[("i1/a.h", "#define A 2\n")],
        "1\n",
        "2\n",
    ),
    ("@args", "\n@", &[("args", "-DA=1\n")], &[("args", "-DA=2\n")], "1\n", "2\n"),
    (
        "b.c",
        "int b(void);\n#define A b()\n@",
        &[("b.c", "#include \"b.h\"\nint b(void) { return B; }\n"), ("b.h", "#define B 1\n")],
        &[("b.h", "#define B 2\n")],
        "1\n",
        "2\n",
    ),
];

const OTHERS: &[Row] = &[
    (
        "gfortran",
        "dirs.f90",
        &[
            (
                "dirs.f90",
                "! /// runner\n! flags = [\"-I\", \"HERE/i1\", \"-I\", \"HERE/i2\"]\n! ///\nprogram a\ninclude 'w.inc'\nprint '(i0)', v\nend program\n",
            ),
            ("i1/x", ""),
            ("i2/w.inc", "integer, parameter :: v = 1\n"),
        ],
        &[("i1/w.inc", "integer, parameter :: v = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "ldc2",
        "both.d",
        &[
            ("both.d", "import std.stdio;\nimport b;\nvoid main() { writeln(v); }\n"),
            ("b.d", "enum v = 1;\n"),
        ],
        &[("b.di", "enum v = 2;\n")],
        "1\n",
        "2\n",
    ),
    (
        "gdc",
        "g.d",
        &[
            ("g.d", "#!/usr/bin/gdc\nimport std.stdio;\nimport b;\nvoid main() { writeln(v); }\n"),
            ("b.d", "module b;\nenum v = 1;\n"),
        ],
        &[("b.d", "module b;\nenum v = 2;\n")],
        "1\n",
        "2\n",
    ),
    (
        "nim",
        "path.nim",
        &[
            ("path.nim", "# /// runner\n# flags = [\"--path:p1\", \"--path:p2\"]\n# ///\nimport b\necho v\n"),
            ("p1/x", ""),
            ("p2/b.nim", "const v* = 1\n"),
        ],
        &[("p2/b.nim", "const v* = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "nim",
        "header.nim",
        &[
            (
                "header.nim",
                "# /// runner\n# flags = [\"--passC:-IHERE\"]\n# ///\nvar v {.importc: \"V\", header: \"v.h\".}: cint\necho v\n",
            ),
            ("v.h", "#define V 1\n"),
        ],
        &[("v.h", "#define V 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "nim",
        "read.nim",
        &[("read.nim", "const t = staticRead(\"t.txt\")\necho t\n"), ("t.txt", "1")],
        &[("t.txt", "2")],
        "1\n",
        "2\n",
    ),
    (
        "go",
        "x@1/p.go",
        &[
            ("x@1/p.go", "package main\nimport (\"fmt\"; \"a/b\")\nfunc main() { fmt.Println(b.V) }\n"),
            ("x@1/b/b.go", "package b\nconst V = 1\n"),
            ("x@1/go.mod", "module a\ngo 1.19\n"),
        ],
        &[("x@1/b/b.go", "package b\nconst V = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "go",
        "new.go",
        &[
            ("new.go", "package main\nimport (\"fmt\"; \"a/b\")\nfunc main() { fmt.Println(b.V()) }\n"),
            ("b/b.go", "package b\nvar v = 1\nfunc V() int { return v }\n"),
            ("go.mod", "module a\ngo 1.19\n"),
        ],
        &[("b/c.go", "package b\nfunc init() { v = 2 }\n")],
        "1\n",
        "2\n",
    ),
    (
        "gfortran",
        "inc.f90",
        &[
            ("inc.f90", "program a\ninclude 'v.inc'\nprint '(i0)', v\nend program\n"),
            ("v.inc", "integer, parameter :: v = 1\n"),
        ],
        &[("v.inc", "integer, parameter :: v = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "gfortran",
        "cpp.f90",
        &[
            (
                "cpp.f90",
                "! /// runner\n! flags = [\"-cpp\", \"-DX\"]\n! ///\nprogram a\n#ifdef X\n#include \"v.inc\"\n#endif\nprint '(i0)', v\nend program\n",
            ),
            ("v.inc", "integer, parameter :: v = 1\n"),
        ],
        &[("v.inc", "integer, parameter :: v = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "ghc",
        "a.hs",
        &[
            ("a.hs", "import B\nmain :: IO ()\nmain = print v\n"),
            ("B.hs", "module B where\nv :: Int\nv = 1\n"),
        ],
        &[("B.hs", "module B where\nv :: Int\nv = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "ghc",
        "src.hs",
        &[
            (
                "src.hs",
                "-- /// runner\n-- flags = [\"-isrc\"]\n-- ///\nimport B\nmain :: IO ()\nmain = print v\n",
            ),
            ("src/B.hs", "module B where\nv :: Int\nv = 1\n"),
        ],
        &[("src/B.hs", "module B where\nv :: Int\nv = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "ghc",
        "cpp.hs",
        &[
            ("cpp.hs", "{-# LANGUAGE CPP #-}\n#include \"v.h\"\nmain :: IO ()\nmain = print (V :: Int)\n"),
            ("v.h", "#define V 1\n"),
        ],
        &[("v.h", "#define V 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "ghc",
        "own.hs",
        &[
            ("own.hs", "import Data.List (sum')\nimport B\nmain :: IO ()\nmain = print (v + sum')\n"),
            ("B.hs", "module B where\nv :: Int\nv = 1\n"),
            ("Data/List.hs", "module Data.List where\nsum' :: Int\nsum' = 1\n"),
        ],
        &[("Data/List.hs", "module Data.List where\nsum' :: Int\nsum' = 2\n")],
        "2\n",
        "3\n",
    ),
    (
        "ldc2",
        "a.d",
        &[
            ("a.d", "import std.stdio;\nimport b;\nvoid main() { writeln(v()); }\n"),
            ("b.d", "int v() { return 1; }\n"),
        ],
        &[("b.d", "int v() { return 2; }\n")],
        "1\n",
        "2\n",
    ),
    (
        "ldc2",
        "paths.d",
        &[
            (
                "paths.d",
                "// /// runner\n// flags = [\"-Ii1\", \"-Ii2\"]\n// ///\nimport std.stdio;\nimport c;\nvoid main() { writeln(v()); }\n",
            ),
            ("i1/x", ""),
            ("i2/c.d", "int v() { return 1; }\n"),
        ],
        &[("i1/c.d", "int v() { return 2; }\n")],
        "1\n",
        "2\n",
    ),
    (
        "ldc2",
        "texts.d",
        &[
            (
                "texts.d",
                "// /// runner\n// flags = [\"-Ji1\", \"-Ji2\"]\n// ///\nimport std.stdio;\nvoid main() { write(import(\"t\")); }\n",
            ),
            ("i1/x", ""),
            ("i2/t", "1\n"),
        ],
        &[("i1/t", "2\n")],
        "1\n",
        "2\n",
    ),
    (
        "nim",
        "a.nim",
        &[("a.nim", "import b\necho v\n"), ("b.nim", "const v* = 1\n")],
        &[("b.nim", "const v* = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "nim",
        "exec.nim",
        &[("exec.nim", "const t = staticExec(\"cat t.txt\")\necho t\n"), ("t.txt", "1")],
        &[("t.txt", "2")],
        "1\n",
        "2\n",
    ),
    (
        "nim",
        "c.nim",
        &[
            ("c.nim", "{.compile: \"v.c\".}\nproc v(): cint {.importc.}\necho v()\n"),
            ("v.c", "int v(void) { return 1; }\n"),
        ],
        &[("v.c", "int v(void) { return 2; }\n")],
        "1\n",
        "2\n",
    ),
    (
        "nim",
        "cfg.nim",
        &[("cfg.nim", "const v {.intdefine.} = 1\necho v\n")],
        &[("../home/.config/nim/nim.cfg", "-d:v=2\n")],
        "1\n",
        "2\n",
    ),
    (
        "ocamlopt",
        "a.ml",
        &[("a.ml", "let () = print_endline \"1\"\n")],
        &[("a.ml", "let () = print_endline \"2\"\n")],
        "1\n",
        "2\n",
    ),
    (
        "go",
        "embed.go",
        &[
            (
                "embed.go",
                "package main\nimport (_ \"embed\"; \"fmt\")\n//go:embed t.txt\nvar t string\nfunc main() { fmt.Println(t) }\n",
            ),
            ("t.txt", "1"),
            ("go.mod", "module a\ngo 1.19\n"),
        ],
        &[("t.txt", "2")],
        "1\n",
        "2\n",
    ),
    (
        "go",
        "p.go",
        &[
            ("p.go", "package main\nimport (\"fmt\"; \"a/b\")\nfunc main() { fmt.Println(b.V) }\n"),
            ("b/b.go", "package b\nconst V = 1\n"),
            ("go.mod", "module a\ngo 1.19\n"),
        ],
        &[("b/b.go", "package b\nconst V = 2\n")],
        "1\n",
        "2\n",
    ),
    (
        "go",
        "cgo.go",
        &[
            (
                "cgo.go",
                "package main\n// #cgo CFLAGS: -Iinc\n// #include <v.h>\nimport \"C\"\nimport \"fmt\"\nfunc main() { fmt.Println(C.V) }\n",
            ),
            ("inc/v.h", "#define V 1\n"),
            ("go.mod", "module a\ngo 1.19\n"),
        ],
        &[("inc/v.h", "#define V 2\n")],
        "1\n",
        "2\n",
    ),
];

const RUST: &[Row] = &[
    (
        "rustc",
        "a.rs",
        &[("a.rs", "mod b;\nfn main() { println!(\"{}\", b::V); }\n"), ("b.rs", "pub const V: u8 = 1;\n")],
        &[("b.rs", "pub const V: u8 = 2;\n")],
        "1\n",
        "2\n",
    ),
    (
        "rustc",
        "text.rs",
        &[("text.rs", "fn main() { println!(\"{}\", include_str!(\"t.txt\")); }\n"), ("t.txt", "1")],
        &[("t.txt", "2")],
        "1\n",
        "2\n",
    ),
    (
        "rustc",
        "path.rs",
        &[
            ("path.rs", "#[path = \"d/e.rs\"]\nmod b;\nfn main() { println!(\"{}\", b::V); }\n"),
            ("d/e.rs", "include!(\"f.rs\");\n"),
            ("d/f.rs", "pub const V: u8 = 1;\n"),
        ],
        &[("d/f.rs", "pub const V: u8 = 2;\n")],
        "1\n",
        "2\n",
    ),
    (
        "rustc",
        "asm.rs",
        &[
            (
                "asm.rs",
                "std::arch::global_asm!(\".global d\\nd: .incbin \\\"d.txt\\\"\\n\");\nunsafe extern \"C\" { static d: u8; }\nfn main() { println!(\"{}\", unsafe { d as char }); }\n",
            ),
            ("d.txt", "1"),
        ],
        &[("d.txt", "2")],
        "1\n",
        "2\n",
    ),
];

fn compiles(sandbox: &Sandbox, script: &str, expected: &str, what: &str) -> usize {
    let ran = sandbox.runner(["-v", script]).run();
    assert!(ran.code == 0 && ran.stdout == expected, "{script}: {what}: {} {}", ran.stdout, ran.stderr);
    ran.stderr.lines().filter(|line| line.contains("compiling it")).count()
}

/// The counts of compilations of a row if it is not as it should be.
fn try_row(compiler: &str, script: &str, text: Option<String>, row: &Row) -> Option<String> {
    let (_, _, files, changes, before, after) = row;
    let sandbox = Sandbox::new();
    let here = sandbox.work().display().to_string();
    for (name, text) in *files {
        sandbox.write(name, text.replace("\n@", &format!("\n{SAYS}")).replace("HERE", &here));
    }
    if let Some(text) = text {
        sandbox.script(script, text.replace("\n@", &format!("\n{SAYS}")));
    }
    settle();
    let first = compiles(&sandbox, script, before, "first");
    let again = compiles(&sandbox, script, before, "again");
    for (name, _) in files.iter().filter(|(name, _)| *name != script) {
        sandbox.sh(&format!("touch '{name}'")).run();
    }
    let touched = compiles(&sandbox, script, before, "touched");
    for (name, text) in *changes {
        let path = sandbox.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let ran = sandbox.runner(["-v", script]).run();
    let changed = ran.stderr.lines().filter(|line| line.contains("compiling it")).count();
    println!("{compiler} {script}: {first} {again} {touched} {changed}");
    let is_right = ran.stdout == *after && (first, again, touched, changed) == (1, 0, 0, 1);
    (!is_right).then(|| {
        format!("{compiler} {script}: {first} {again} {touched} {changed} {:?} {}", ran.stdout, ran.stderr)
    })
}

/// Whether a compiler is here; says so if not.
fn has(compiler: &str) -> bool {
    let is_there = compiler == "rustc"
        || ["/usr/local/bin", "/usr/bin"]
            .iter()
            .any(|directory| Path::new(directory).join(compiler).is_file());
    if !is_there {
        println!("skipped: no {compiler}");
    }
    is_there
}

fn try_rows(rows: &[Row]) {
    let tried = rows.iter().filter(|row| has(row.0)).filter_map(|row| try_row(row.0, row.1, None, row));
    let stale: Vec<String> = tried.collect();
    assert!(stale.is_empty(), "{stale:#?}");
}

#[test]
fn every_c_compiler() {
    let mut stale = Vec::new();
    for compiler in ["gcc", "clang", "tcc"].into_iter().filter(|compiler| has(compiler)) {
        for row in EACH {
            let text = format!("#!/usr/bin/{compiler} {}\n{}", row.0, row.1);
            stale.extend(try_row(compiler, "./s", Some(text), row));
        }
    }
    assert!(stale.is_empty(), "{stale:#?}");
}

#[test]
fn c_and_cpp() {
    try_rows(C);
}

#[test]
fn other_languages() {
    try_rows(OTHERS);
}

#[test]
fn rust() {
    try_rows(RUST);
}

#[test]
fn without_observation_it_works_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("a.c", format!("#include \"a.h\"\n{SAYS}"));
    sandbox.write("a.h", "#define A 1\n");
    settle();
    let run = || sandbox.runner(["-v", "a.c"]).env("RUNNER_OBSERVE", "off").run();
    let first = run();
    assert!(first.stdout == "1\n" && first.stderr.contains("unobserved"), "{}", first.stderr);
    assert!(!run().stderr.contains("compiling it"));
    sandbox.write("a.h", "#define A 2\n");
    assert_eq!(run().stdout, "2\n");
    let env = sandbox.runner(["env"]).env("RUNNER_OBSERVE", "off").run();
    assert!(env.stdout.contains("what compilers report"), "{}", env.stdout);
    // What nobody reports is compiled each time.
    sandbox.write(
        "b.c",
        "// /// runner\n// flags = [\"c.c\"]\n// ///\nint c(void);\nint main(void) { return c(); }\n",
    );
    sandbox.write("c.c", "int c(void) { return 1; }\n");
    for _ in 0..2 {
        let ran = sandbox.runner(["-v", "b.c"]).env("RUNNER_OBSERVE", "off").run();
        assert!(ran.code == 1 && ran.stderr.contains("compiling it"), "{}", ran.stderr);
    }
}
