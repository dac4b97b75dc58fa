//! C and C++: headers, changed, shadowed and asked for in vain.

use std::fs;

use crate::support::compilers::{count, counting};
use crate::support::header::{SAYS, header};
use crate::support::sandbox::Sandbox;

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
fn a_header_that_is_edited_while_it_is_compiled() {
    let sandbox = Sandbox::new();
    sandbox.write("x.h", header("old"));
    sandbox.write("a.c", SAYS);
    let compiler = sandbox.root().join("bin/cc");
    let place = sandbox.root().join("bin").display().to_string();
    sandbox.sh(&format!("mkfifo {place}/compiled {place}/edited")).run().prints("");
    // Once it has compiled, somebody else edits.
    let text = format!(
        "#!/bin/sh\n/usr/bin/cc \"$@\" || exit\ncase $* in *\"-o \"*) [ -e {place}/once ] || {{ : >{place}/once; : >{place}/compiled; read x <{place}/edited; }} ;; esac\n"
    );
    sandbox.script(&compiler, text);
    let (header, compiled, edited) =
        (sandbox.path("x.h"), format!("{place}/compiled"), format!("{place}/edited"));
    let editor = std::thread::spawn(move || {
        fs::read(compiled).unwrap();
        fs::write(header, "#define X \"new\"\n").unwrap();
        fs::write(edited, "x\n").unwrap();
    });
    for _ in 0..3 {
        sandbox.runner(["a.c"]).run().prints("new\n");
    }
    editor.join().unwrap();
}
