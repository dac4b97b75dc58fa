//! C and C++: scripts, what they know, and what is done with them.

use std::fs;

use crate::support::compilers::{count, counting};
use crate::support::header::{SAYS, header};
use crate::support::sandbox::Sandbox;

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
        crate::support::sandbox::Ran::of("a.c", child).prints("one\n");
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
        "#!/bin/sh\ncase $* in *\"-o \"*) kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); exit 1 ;; esac\nexec /usr/bin/cc \"$@\"\n",
    );
    assert_eq!(sandbox.runner(["a.c"]).run().code, 128 + 9);
    fs::remove_file(&compiler).unwrap();
    sandbox.runner(["a.c"]).run().prints("");
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

/// Neither what stands in the place of the line nor what names the script is anything that a strict compiler minds.
#[test]
fn a_script_with_a_first_line_can_be_of_the_strictest_standard() {
    let sandbox = Sandbox::new();
    for (name, first, body) in [
        (
            "a.c",
            "#!/usr/bin/gcc -std=c89 -pedantic -Wall -Wextra -Werror",
            "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", __LINE__); return 0; }\n",
        ),
        (
            "b.cpp",
            "#!/usr/bin/g++ -pedantic -Wall -Wextra -Werror",
            "#include <cstdio>\nint main() { std::printf(\"%d\\n\", __LINE__); }\n",
        ),
    ] {
        sandbox.script(name, format!("{first}\n{body}"));
        sandbox.runner([name]).run().prints("3\n");
        sandbox.script(name, format!("{first}\n{body}wrong\n"));
        let failed = sandbox.runner([name]).run();
        assert!(
            failed.code == 125 && failed.stderr.contains(&format!("{name}:4:1: error")),
            "{}",
            failed.stderr
        );
    }
}
