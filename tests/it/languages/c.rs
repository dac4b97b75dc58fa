//! C and C++.

use std::fs;
use std::os::unix::fs::symlink;

use super::{count, counting, has};
use crate::sandbox::Sandbox;

/// Prints a string that a header defines.
const SAYS: &str = "#include <stdio.h>\n#include \"x.h\"\nint main(void) { puts(X); return 0; }\n";

fn header(text: &str) -> String {
    format!("#define X \"{text}\"\n")
}

#[test]
fn a_script_knows_its_path_its_lines_and_its_arguments() {
    let sandbox = Sandbox::new();
    let body = "#include <stdio.h>\nint main(int argc, char **argv) {\n    \
                printf(\"%s %s %d %s\\n\", argv[0], __FILE__, __LINE__, argv[1]);\n    return 7;\n}\n";
    for (name, first) in [
        ("plain.c", ""),
        ("with shebang", "#!/usr/bin/env runner\n"),
        ("q\"u\\o.cpp", "#!/usr/bin/env runner\n"),
    ] {
        sandbox.script(name, format!("{first}{body}"));
        let line = if first.is_empty() { 3 } else { 4 };
        let path = sandbox.path(name);
        let typed = format!("./{name}");
        let expected = format!("{typed} {} {line} --help\n", path.display());
        for _ in 0..2 {
            sandbox.runner([typed.as_str(), "--help"]).run().ends(7, &expected, "");
        }
    }
    assert_eq!(sandbox.cached("bin").len(), 3);
}

#[test]
fn what_the_compiler_says_is_about_the_script_as_typed() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("d")).unwrap();
    sandbox.write("d/h.h", "int h = bad;\n");
    for (name, text, place) in [
        ("d/a.c", "int main(void) {\n    return x;\n}\n", "d/a.c:2:12: error: "),
        (
            "d/a",
            "#!/usr/bin/env runner\nint main(void) {\n    return x;\n}\n#include <stdio.h>\n",
            "d/a:3:12: error: ",
        ),
        ("d/b.c", "#include \"h.h\"\nint main(void) {}\n", "d/h.h:1:9: error: "),
        ("d/c", "#!/usr/bin/env runner\n#include \"h.h\"\nint main(void) {}\n", "h.h:1:9: error: "),
    ] {
        sandbox.script(name, text);
        let ran = sandbox.runner(["--lang", "c", name]).run();
        let last = format!("runner: {name}: cc failed (exit status: 1); nothing was cached\n");
        assert!(
            ran.code == 125 && ran.stderr.contains(place) && ran.stderr.ends_with(&last),
            "{name}: {}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("staging"), "{}", ran.stderr);
    }
    assert!(sandbox.cached("bin").is_empty() && sandbox.cached("traces").is_empty());
}

#[test]
fn a_changed_header_a_touched_header_and_one_within_it() {
    let sandbox = counting("cc");
    for first in ["", "#!/usr/bin/env runner\n"] {
        let name = if first.is_empty() { "a.c" } else { "a" };
        let before = count(&sandbox);
        sandbox.write("x.h", "#include \"y.h\"\n");
        sandbox.write("y.h", header("one"));
        sandbox.write(name, format!("{first}{SAYS}"));
        let run = || sandbox.runner(["--lang", "c", name]).run();
        run().prints("one\n");
        run().prints("one\n");
        assert_eq!(count(&sandbox), before + 1);
        sandbox.write("y.h", header("two"));
        run().prints("two\n");
        assert_eq!(count(&sandbox), before + 2);
        sandbox.write("y.h", header("two"));
        run().prints("two\n");
        fs::File::open(sandbox.path("x.h")).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        run().prints("two\n");
        assert_eq!(count(&sandbox), before + 2);
    }
}

#[test]
fn a_header_that_shadows_another() {
    let sandbox = counting("cc");
    sandbox.write("i1/z", "");
    sandbox.write("i2/x.h", header("second"));
    sandbox.write("a.c", SAYS);
    let run = || sandbox.runner(["a.c"]).env("CPPFLAGS", "-Ii1 -Ii2").run();
    run().prints("second\n");
    sandbox.write("i1/x.h", header("first"));
    run().prints("first\n");
    sandbox.write("x.h", header("beside"));
    run().prints("beside\n");
    fs::remove_file(sandbox.path("x.h")).unwrap();
    run().prints("first\n");
    fs::remove_dir_all(sandbox.path("i1")).unwrap();
    run().prints("second\n");
    let before = count(&sandbox);
    sandbox.write("i2/other.h", "");
    sandbox.write("other.h", "");
    run().prints("second\n");
    assert_eq!(count(&sandbox), before);
}

#[test]
fn a_header_of_the_system_that_is_shadowed() {
    let sandbox = Sandbox::new();
    sandbox.write("inc/empty", "");
    sandbox.write("a.c", "#include <limits.h>\n#include <stdio.h>\n#ifndef MINE\n#define MINE 0\n#endif\nint main(void) { return MINE; }\n");
    let run = || sandbox.runner(["a.c"]).env("CPATH", sandbox.path("inc")).run();
    run().prints("");
    // It is read by one of the system's.
    sandbox.write("inc/features.h", "#define MINE 5\n#include_next <features.h>\n");
    assert_eq!(run().code, 5);
    fs::remove_file(sandbox.path("inc/features.h")).unwrap();
    sandbox.write("inc/bits/types.h", "#define MINE 6\n#include_next <bits/types.h>\n");
    assert_eq!(run().code, 6);
}

#[test]
fn a_header_that_is_asked_for_in_vain() {
    let sandbox = counting("cc");
    sandbox.write(
        "a.c",
        "#include <stdio.h>\n#if __has_include(\"opt.h\")\n#include \"opt.h\"\n#else\n#define O \"none\"\n#endif\n\
         #if __has_include(<deep/in.h>)\n#define D \"deep\"\n#else\n#define D \"flat\"\n#endif\n\
         int main(void) { puts(O); puts(D); return 0; }\n",
    );
    let run = || sandbox.runner(["a.c"]).env("C_INCLUDE_PATH", sandbox.path("inc")).run();
    run().prints("none\nflat\n");
    run().prints("none\nflat\n");
    assert_eq!(count(&sandbox), 1);
    sandbox.write("opt.h", "#define O \"there\"\n");
    run().prints("there\nflat\n");
    sandbox.write("inc/deep/in.h", "");
    run().prints("there\ndeep\n");
    fs::remove_file(sandbox.path("opt.h")).unwrap();
    run().prints("none\ndeep\n");
}

#[test]
fn a_header_whose_name_is_computed() {
    let sandbox = Sandbox::new();
    sandbox.write("inc/x.h", header("far"));
    sandbox.write(
        "a.c",
        "#include <stdio.h>\n#define H \"x.h\"\n#include H\nint main(void) { puts(X); return 0; }\n",
    );
    let run = || sandbox.runner(["a.c"]).env("CFLAGS", "-Iinc").run();
    run().prints("far\n");
    sandbox.write("x.h", header("near"));
    run().prints("near\n");
}

#[test]
fn a_file_that_the_assembler_includes() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.c",
        "#include <stdio.h>\n__asm__(\".global d\\nd: .incbin \\\"d.txt\\\"\\n.byte 0\\n\");\nextern const char d[];\n\
         int main(void) { fputs(d, stdout); return 0; }\n",
    );
    for text in ["one\n", "two\n"] {
        sandbox.write("d.txt", text);
        sandbox.runner(["a.c"]).run().prints(text);
    }
}

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

/// Whether a program of 64 bits names a loader.
fn has_loader(bytes: &[u8]) -> bool {
    const INTERPRETER: u32 = 3;
    let start = usize::try_from(u64::from_le_bytes(bytes[32..40].try_into().unwrap())).unwrap();
    let size = usize::from(u16::from_le_bytes([bytes[54], bytes[55]]));
    let count = usize::from(u16::from_le_bytes([bytes[56], bytes[57]]));
    let kinds = (0..count).map(|index| bytes[start + index * size..][..4].try_into().unwrap());
    kinds.map(u32::from_le_bytes).any(|kind| kind == INTERPRETER)
}

#[test]
fn settings_in_the_script() {
    let sandbox = counting("cc");
    let text = |more: &str| {
        format!(
            "#!/usr/bin/env runner\n// /// runner\n// args = [\"a b\"]\n// inputs = [\"*.txt\"]\n// env = [\"WATCHED\"]\n// flags = [\"-DN=5\"]\n{more}// ///\n\
             #include <stdio.h>\nint main(int c, char **v) {{ printf(\"%d %s\\n\", N, v[1]); return 0; }}\n"
        )
    };
    sandbox.script("a.c", text(""));
    let run = || sandbox.runner(["./a.c"]).run().prints("5 a b\n");
    run();
    run();
    assert_eq!(count(&sandbox), 1);
    sandbox.write("new.txt", "");
    run();
    assert_eq!(count(&sandbox), 2);
    sandbox.runner(["./a.c"]).env("WATCHED", "1").run().prints("5 a b\n");
    assert_eq!(count(&sandbox), 3);
    sandbox.script("s.c", text("// static = true\n"));
    sandbox.runner(["./s.c"]).run().prints("5 a b\n");
    let file = sandbox.runner(["build", "./s.c", "-o", "s"]).run();
    file.prints("");
    assert!(!has_loader(&fs::read(sandbox.path("s")).unwrap()) && has_loader(&fs::read("/bin/sh").unwrap()));
    sandbox.script("bad.c", text("// flagz = 1\n"));
    sandbox.runner(["./bad.c"]).run().fails(
        125,
        "runner: ./bad.c: line 7: unknown setting `flagz`\n  hint: supported: `lang`, `profile`, `toolchain`, `args`, `inputs`, `env`, `flags`, `static`",
    );
}

#[test]
fn it_can_be_built_installed_explained_and_run_from_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("x.h", header("one"));
    sandbox.write("a.c", SAYS);
    sandbox.runner(["--temp", "a.c"]).run().prints("one\n");
    assert!(sandbox.cached("bin").is_empty());
    sandbox.runner(["build", "a.c"]).run().prints("");
    sandbox.command(sandbox.path("a")).run().prints("one\n");
    let inspected = sandbox.runner(["inspect", "./a"]).run();
    assert!(
        inspected.stdout.contains("a.c") && inspected.stdout.contains("language\tc"),
        "{}",
        inspected.stdout
    );
    let shown = sandbox.runner(["-n", "--force", "a.c", "x y"]).run();
    assert!(
        shown.code == 0 && shown.stderr.contains(" -O2 ") && shown.stderr.contains("'x y'"),
        "{}",
        shown.stderr
    );
    let promoted = sandbox.runner(["promote", "a.c"]).run();
    assert_eq!(promoted.code, 0, "{}", promoted.stderr);
    let bytes = fs::read(sandbox.home().join(".local/bin/a")).unwrap();
    let here = sandbox.root().to_str().unwrap().as_bytes();
    assert!(!bytes.windows(here.len()).any(|part| part == here), "a path of this machine is in it");
    assert!(sandbox.runner(["list"]).run().stdout.contains("current"));
    sandbox.write("x.h", header("two"));
    assert!(sandbox.runner(["list"]).run().stdout.contains("source changed"));
    sandbox.runner(["a.c"]).run().prints("two\n");
    sandbox.write("x.h", header("three"));
    let why = sandbox.runner(["why", "a.c"]).run();
    assert!(why.stdout.contains("x.h") && !why.stdout.contains("stdio.h"), "{}", why.stdout);
    let verbose = sandbox.runner(["-v", "a.c"]).run();
    assert!(verbose.stdout == "three\n" && verbose.stderr.contains("x.h"), "{}", verbose.stderr);
}

#[test]
fn sixteen_first_runs_make_one_compile() {
    let sandbox = counting("cc");
    sandbox.write("x.h", header("one"));
    sandbox.write("a.c", SAYS);
    let children: Vec<_> = (0..16).map(|_| sandbox.runner(["a.c"]).start()).collect();
    for child in children {
        crate::sandbox::Ran::of("a.c", child).prints("one\n");
    }
    assert_eq!(count(&sandbox), 1);
}

#[test]
fn a_builder_that_is_killed_leaves_nothing_in_the_way() {
    let sandbox = Sandbox::new();
    sandbox.write("a.c", "int main(void) { return 0; }\n");
    let compiler = sandbox.root().join("bin/cc");
    sandbox.script(
        &compiler,
        "#!/bin/sh\ncase $* in *-MD*) kill -9 $PPID; exit 1 ;; esac\nexec /usr/bin/cc \"$@\"\n",
    );
    assert_eq!(sandbox.runner(["a.c"]).run().code, 128 + 9);
    fs::remove_file(&compiler).unwrap();
    sandbox.runner(["a.c"]).run().prints("");
}

#[test]
fn a_header_that_is_edited_while_it_is_compiled() {
    let sandbox = Sandbox::new();
    sandbox.write("x.h", header("old"));
    sandbox.write("a.c", SAYS);
    let compiler = sandbox.root().join("bin/cc");
    let text = format!(
        "#!/bin/sh\n/usr/bin/cc \"$@\" || exit\ncase $* in *-MD*) [ -e '{0}/once' ] || {{ : >'{0}/once'; echo '#define X \"new\"' >'{0}/x.h'; }} ;; esac\n",
        sandbox.work().display()
    );
    sandbox.script(&compiler, text);
    for _ in 0..3 {
        sandbox.runner(["a.c"]).run().prints("new\n");
    }
}

#[test]
fn garbage_is_an_error_of_one_line_at_the_end() {
    let sandbox = Sandbox::new();
    for (name, bytes) in [
        ("a.c", &b"\xff\xfe\x00garbage"[..]),
        ("b.c", b"#include \"none.h\"\n"),
        ("c.c", b"int f(void);\nint main(void) { return f(); }\n"),
    ] {
        sandbox.write(name, bytes);
        let ran = sandbox.runner([name]).run();
        let said = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count();
        assert!(ran.code == 125 && said == 1, "{}", ran.stderr);
    }
    // What is not UTF-8 is a comment as good as any.
    sandbox.write("latin.c", b"/* caf\xe9 */\nint main(void) { return 0; }\n");
    sandbox.runner(["latin.c"]).run().prints("");
    sandbox.write("empty.c", "\n");
    let ran = sandbox.runner(["empty.c"]).run();
    assert!(ran.code == 125 && ran.stderr.starts_with("runner: empty.c: it is empty"), "{}", ran.stderr);
}

#[test]
fn a_script_on_standard_input_has_its_neighbours() {
    let sandbox = Sandbox::new();
    sandbox.write("x.h", header("one"));
    sandbox.runner(["--lang", "c", "-"]).input(SAYS).run().prints("one\n");
    sandbox.write("x.h", header("two"));
    sandbox.runner(["--lang", "c", "-"]).input(SAYS).run().prints("two\n");
    let ran = sandbox.runner(["--lang", "c", "-"]).input("int main(void) { return x; }\n").run();
    assert!(ran.code == 125 && ran.stderr.contains("<stdin>:1:"), "{}", ran.stderr);
}
