//! Rows of C and C++.

use super::Row;

/// `A` is a macro of some file.
pub(super) const C: &[Row] = &[
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
pub(super) const EACH: &[Row] = &[
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
