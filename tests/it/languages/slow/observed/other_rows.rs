//! Rows of the other languages, and of Rust.

use super::Row;

pub(super) const OTHERS: &[Row] = &[
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

pub(super) const RUST: &[Row] = &[
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
