//! C and C++: compilers, their variables, flags and libraries.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::compilers::{count, counting};
use crate::support::header::{SAYS, header};
use crate::support::machine::has;
use crate::support::sandbox::Sandbox;

#[test]
fn variables_that_compilers_heed() {
    let sandbox = counting("cc");
    sandbox.write("a.c", "#include <stdio.h>\n#ifndef V\n#define V 0\n#endif\nint main(void) { printf(\"%d\\n\", V); return 0; }\n");
    sandbox.write("inc/stdio.h", "#include_next <stdio.h>\n#define V 9\n");
    let run = |name: &str, value: &str| sandbox.runner(["a.c"]).env(name, value).run();
    run("NOTHING", "x").prints("0\n");
    run("CFLAGS", "-DV=1").prints("1\n");
    run("CPPFLAGS", "-DV=2").prints("2\n");
    run("CPATH", sandbox.path("inc").to_str().unwrap()).prints("9\n");
    run("C_INCLUDE_PATH", sandbox.path("inc").to_str().unwrap()).prints("9\n");
    run("CC", "cc -DV=3").prints("3\n");
    run("CC", "ccache cc -DV=4").prints("4\n");
    let failed = run("LDFLAGS", "-L/none -lnone");
    assert!(failed.code == 125 && failed.stderr.contains("-lnone"), "{}", failed.stderr);
    for name in ["LIBRARY_PATH", "SOURCE_DATE_EPOCH", "SDKROOT"] {
        run(name, "1").prints("0\n");
    }
    // A trace keeps eight variants.
    run("NOTHING", "x").prints("0\n");
    let before = count(&sandbox);
    run("CC", "cc -DV=3").prints("3\n");
    run("NOTHING", "y").prints("0\n");
    // The report of what was read is ours, whatever the caller wants of it.
    run("DEPENDENCIES_OUTPUT", sandbox.path("deps").to_str().unwrap()).prints("0\n");
    assert_eq!(count(&sandbox), before);
    let missing = run("CC", "no-such-cc");
    missing.fails(
        127,
        "runner: a.c: `no-such-cc` is not on PATH, and this script needs it to compile\n  \
         hint: install a C compiler, for example `apt-get install gcc libc6-dev`",
    );
}

#[test]
fn a_compiler_that_is_updated_replaced_or_wrapped() {
    let sandbox = counting("cc");
    sandbox.write("a.c", "int main(void) { return 0; }\n");
    let run = || sandbox.runner(["a.c"]).run().prints("");
    run();
    run();
    assert_eq!(count(&sandbox), 1);
    let compiler = sandbox.root().join("bin/cc");
    let text = fs::read_to_string(&compiler).unwrap();
    // The same again is no update.
    fs::write(&compiler, &text).unwrap();
    run();
    assert_eq!(count(&sandbox), 1);
    fs::write(&compiler, format!("{text}# newer\n")).unwrap();
    run();
    assert_eq!(count(&sandbox), 2);
    // A cache of objects in front of it is passed over.
    let wrappers = sandbox.root().join("wrappers");
    fs::create_dir(&wrappers).unwrap();
    sandbox.script(wrappers.join("ccache"), "#!/bin/sh\nexit 1\n");
    symlink("ccache", wrappers.join("cc")).unwrap();
    let path = format!("{}:{}:/usr/bin:/bin", wrappers.display(), sandbox.root().join("bin").display());
    let wrapped = || sandbox.runner(["a.c"]).env("PATH", &path).run().prints("");
    wrapped();
    wrapped();
    assert_eq!(count(&sandbox), 3);
    fs::write(&compiler, format!("{text}# newest\n")).unwrap();
    wrapped();
    assert_eq!(count(&sandbox), 4);
    // It is gone, and what was compiled is not.
    fs::remove_file(&compiler).unwrap();
    let alone = format!("{}", sandbox.root().join("wrappers").display());
    fs::remove_file(wrappers.join("cc")).unwrap();
    sandbox.runner(["a.c"]).env("PATH", &alone).run().prints("");
}

#[test]
fn a_library_that_is_linked_in() {
    let sandbox = Sandbox::new();
    sandbox.write("a.c", "// /// runner\n// flags = [\"-Llib1\", \"-Llib2\", \"-lv\"]\n// ///\nint v(void);\nint main(void) { return v(); }\n");
    let library = |directory: &str, value: u8| {
        sandbox.write("v.c", format!("int v(void) {{ return {value}; }}\n"));
        let make = format!(
            "mkdir -p {directory} && rm -f {directory}/* && cc -c v.c -o v.o && ar rc {directory}/libv.a v.o"
        );
        sandbox.sh(&make).run().prints("");
    };
    library("lib2", 1);
    assert_eq!(sandbox.runner(["a.c"]).run().code, 1);
    library("lib2", 2);
    assert_eq!(sandbox.runner(["a.c"]).run().code, 2);
    library("lib1", 3);
    assert_eq!(sandbox.runner(["a.c"]).run().code, 3);
}

#[test]
fn flags_in_a_line_for_a_shell() {
    let sandbox = counting("gcc");
    let body = "#include <math.h>\n#include <stdio.h>\n#ifndef __OPTIMIZE__\n#define __OPTIMIZE__ 0\n#endif\nint main(int c, char **v) { printf(\"%s %.0f %d\\n\", V, sqrt(c * 8.0), __OPTIMIZE__ + 0); return 3; }\n";
    for (index, head) in [
        "//usr/bin/env gcc -DV='\"a b\"' \"$0\" -lm -o /tmp/never && exec /tmp/never \"$@\"; exit\n",
        "//usr/bin/gcc \"$0\" '-DV=\"a b\"' -o never -lm && ./never; rm never; exit\n",
        "/*/../bin/true\ngcc -DV='\"a b\"' \"$0\" -lm 2>/dev/null && ./a.out\nexit\n*/\n",
        "#if 0\nset -e\ngcc -DV='\"a b\"' -std=gnu11 \"$0\" -o /tmp/never -lm\nexec /tmp/never \"$@\"\n#endif\n",
        "#!/bin/sh\n//usr/bin/gcc -DV='\"a b\"' $0 -lm; exit\n",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("./trick{index}");
        sandbox.script(&name, format!("{head}{body}"));
        sandbox.runner([name.as_str(), "x"]).run().ends(3, "a b 4 1\n", "");
        assert_eq!(sandbox.cached("bin").len(), index + 1, "{head}");
    }
    sandbox.script("env", format!("//usr/bin/env gcc -DV='\"'$WHO'\"' $FLAGS \"$0\" -lm; exit\n{body}"));
    let run = |who: &str| sandbox.runner(["./env"]).env("WHO", who).env("FLAGS", "-O0 -DX=1").run();
    run("ana").ends(3, "ana 3 0\n", "");
    run("bea").ends(3, "bea 3 0\n", "");
    let before = count(&sandbox);
    run("ana").ends(3, "ana 3 0\n", "");
    assert_eq!(count(&sandbox), before);
}

#[test]
fn packages_of_the_system_in_a_line_for_a_shell() {
    let sandbox = counting("gcc");
    let tool = "#!/bin/sh\ncase $* in *pc_path*) echo /nowhere ;; *fails*) exit 1 ;; *) sed -n 's/^Cflags: *//p' \"$PKG_CONFIG_PATH/x.pc\" ;; esac\n";
    sandbox.script(sandbox.root().join("bin/pkg-config"), tool);
    sandbox.write("pc/x.pc", "Requires: y >= 1\nCflags: -DV=1 -DW\n");
    sandbox.write("pc/y.pc", "");
    let body = "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", V); return 0; }\n";
    sandbox.script(
        "a",
        format!("//usr/bin/env gcc `pkg-config --cflags x` \"$0\" $(rm -rf /nowhere) -lm; exit\n{body}"),
    );
    let run = |expected: &str| {
        sandbox.runner(["./a"]).env("PKG_CONFIG_PATH", sandbox.path("pc")).run().prints(expected);
    };
    run("1\n");
    run("1\n");
    assert_eq!(count(&sandbox), 1);
    sandbox.write("pc/x.pc", "Requires: y >= 1\nCflags: -DV=2\n");
    run("2\n");
    // One that it requires.
    sandbox.write("pc/y.pc", "Cflags:\n");
    run("2\n");
    assert_eq!(count(&sandbox), 3);
    sandbox.script("b", format!("//usr/bin/env gcc -DV=3 $(pkg-config --libs fails) \"$0\"; exit\n{body}"));
    let ran = sandbox.runner(["-v", "./b"]).run();
    assert!(ran.stdout == "3\n" && ran.stderr.contains("is ignored"), "{}", ran.stderr);
}

#[test]
fn a_first_line_for_tcc() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/tcc -run -lm\n#include <math.h>\n#include <stdio.h>\nint main(int c, char **v) { printf(\"%d %.0f\\n\", c, sqrt(9)); return 0; }\n";
    sandbox.script("t", text);
    // Where there is no tcc, any compiler of C will do.
    sandbox.runner(["./t", "-x"]).run().prints("2 3\n");
    if has("tcc") {
        let about = sandbox.runner(["cache", "list"]).run();
        assert!(about.stdout.contains("tcc"), "{}", about.stdout);
        sandbox.write("h.h", "#define H 1\n");
        sandbox.script("u", "#!/usr/bin/tcc -run\n#include \"h.h\"\nint main(void) { return H; }\n");
        assert_eq!(sandbox.runner(["./u"]).run().code, 1);
        sandbox.write("h.h", "#define H 2\n");
        assert_eq!(sandbox.runner(["./u"]).run().code, 2);
    }
}

#[test]
fn clang_is_as_good_as_gcc() {
    if !has("clang") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("x.h", header("one"));
    sandbox.script("a", format!("#!/usr/bin/env runner\n{SAYS}"));
    let run = || sandbox.runner(["--lang", "c", "--toolchain", "clang", "./a"]).run();
    run().prints("one\n");
    sandbox.write("x.h", header("two"));
    run().prints("two\n");
    let ran = sandbox.runner(["+clang", "--debug", "--lang", "c", "./a"]).run();
    ran.prints("two\n");
    sandbox.runner(["+no-such-clang", "--lang", "c", "./a"]).run().fails(
        127,
        "runner: ./a: `no-such-clang` is not on PATH, and this script needs it to compile\n  \
         hint: install a C compiler, for example `apt-get install gcc libc6-dev`",
    );
}

#[test]
fn profiles_differ_in_speed_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("a.cpp", "#include <iostream>\nint main() {\n#ifdef __OPTIMIZE__\n std::cout << \"fast\\n\";\n#else\n std::cout << \"slow\\n\";\n#endif\n}\n");
    sandbox.runner(["a.cpp"]).run().prints("fast\n");
    sandbox.runner(["--debug", "a.cpp"]).run().prints("slow\n");
    sandbox.runner(["--profile", "quick", "a.cpp"]).run().prints("slow\n");
    sandbox.runner(["--release", "a.cpp"]).run().prints("fast\n");
}

/// The compiler that a script's first lines call and its options are used, or one line says that they are not.
#[test]
fn a_foreign_first_line_is_heeded_or_told_of() {
    let sandbox = Sandbox::new();
    let print = "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", X); return 0; }\n";
    for (name, first, expected) in [
        ("a.cpp", "//usr/bin/env gcc -DX=5 \"$0\" -lstdc++ -o /tmp/a && exec /tmp/a; exit", "5\n"),
        ("b.c", "//usr/bin/env ccache gcc -DX=6 \"$0\" -o /tmp/a && exec /tmp/a; exit", "6\n"),
    ] {
        sandbox.write(name, format!("{first}\n{print}"));
        let ran = sandbox.runner(["-v", name]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{}", ran.stderr);
        assert!(!ran.stderr.contains("passed over"), "{}", ran.stderr);
    }
    for (name, first, program) in [
        ("c.c", "//usr/bin/env g++ -DY=5 \"$0\" -o /tmp/a && exec /tmp/a; exit", "g++"),
        ("d.c", "//usr/bin/env zig cc -DY=5 \"$0\" -o /tmp/a && exec /tmp/a; exit", "zig"),
        ("e.c", "//usr/bin/env make -f - \"$0\"; exit", "make"),
        ("f.c", "#!/usr/bin/env c99sh", "c99sh"),
    ] {
        sandbox.write(name, format!("{first}\n{}", print.replace("X)", "1)")));
        let ran = sandbox.runner(["-v", name]).run();
        let note = format!("its first lines call `{program}`, which is passed over with its options");
        assert!(ran.code == 0 && ran.stdout == "1\n" && ran.stderr.contains(&note), "{name} {}", ran.stderr);
    }
}
