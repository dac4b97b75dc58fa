//! Scripts that say themselves how they are built, in a header of scriptisto's.

use std::fs;

use crate::support::compilers::{count, counting};
use crate::support::sandbox::Sandbox;

const BODY: &str =
    "#include <stdio.h>\nint main(int c, char **v) { printf(\"%d %s\\n\", c, S); return 2; }\n";

/// A C script with this header.
fn script(header: &str) -> String {
    let header: String = header.lines().map(|line| format!("// {line}\n")).collect();
    format!("#!/usr/bin/env scriptisto\n\n// scriptisto-begin\n{header}// scriptisto-end\n{BODY}")
}

#[test]
fn a_header_says_how_a_script_is_built() {
    let sandbox = counting("cc");
    sandbox.script("a", script("script_src: main.c\nbuild_cmd: cc -DS='\"one\"' main.c -o ./script"));
    for _ in 0..2 {
        sandbox.runner(["./a", "--help"]).run().ends(2, "2 one\n", "");
    }
    assert_eq!(count(&sandbox), 1);
    sandbox.script("a", script("script_src: main.c\nbuild_cmd: cc -DS='\"two\"' main.c -o ./script"));
    sandbox.runner(["./a"]).run().ends(2, "1 two\n", "");
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 1);
}

#[test]
fn files_variables_commands_and_targets() {
    let sandbox = Sandbox::new();
    let header = "script_src: src/main.c\nbuild_once_cmd: mkdir out && printf '#define T \"t\"\\n' > src/t.h\n\
                  build_cmd: |\n  set -e\n  test \"$SCRIPTISTO_SOURCE\" = \"$SCRIPTISTO_SOURCE_DIR/a\"\n  test \"$SCRIPTISTO_CACHE_DIR\" = \"$PWD\"\n  make -s\n\
                  target_bin: ./out/prog\nfiles:\n - path: Makefile\n   content: |\n     out/prog: src/main.c src/s.h\n     \tcc -include src/s.h -include src/t.h src/main.c -o out/prog\n\
                  - path: src/s.h\n   content: '#define S \"from a file\"'";
    let header = header.replace("\n- path", "\n - path");
    sandbox.script("a", script(&header));
    let ran = sandbox.runner(["./a"]).run();
    ran.ends(2, "1 from a file\n", "");
}

#[test]
fn paths_that_it_names_are_copied_and_watched() {
    let sandbox = counting("cc");
    sandbox.write("inc/deep/s.h", "#define S \"one\"\n");
    sandbox.write("lib.c", "int lib;\n");
    sandbox.script("a", script("script_src: main.c\nextra_src_paths:\n - inc\n - lib.c\nbuild_cmd: cc -include inc/deep/s.h main.c lib.c -o script"));
    let run = |expected: &str| sandbox.runner(["./a"]).run().ends(2, expected, "");
    run("1 one\n");
    run("1 one\n");
    assert_eq!(count(&sandbox), 1);
    sandbox.write("inc/deep/s.h", "#define S \"two\"\n");
    run("1 two\n");
    sandbox.write("inc/new", "");
    run("1 two\n");
    assert_eq!(count(&sandbox), 3);
    sandbox.write("lib.c", "int lib2;\n");
    run("1 two\n");
    assert_eq!(count(&sandbox), 4);
    fs::remove_dir_all(sandbox.path("inc")).unwrap();
    sandbox.runner(["./a"]).run().fails(
        125,
        &format!(
            "runner: ./a: cannot copy `{}`, one of `extra_src_paths`: No such file or directory",
            sandbox.path("inc").display()
        ),
    );
}

#[test]
fn what_the_compiler_of_a_command_read_and_the_variables_it_mentions() {
    let sandbox = counting("cc");
    sandbox.write("s.h", "#define S \"one\"\n");
    sandbox.script("a", script("script_src: main.c\nbuild_cmd: cc $MORE -include \"$SCRIPTISTO_SOURCE_DIR/s.h\" main.c -o script"));
    let run = |expected: &str| sandbox.runner(["./a"]).run().ends(2, expected, "");
    run("1 one\n");
    sandbox.write("s.h", "#define S \"two\"\n");
    run("1 two\n");
    sandbox.runner(["./a"]).env("MORE", "-O1").run().ends(2, "1 two\n", "");
    sandbox.runner(["./a"]).env("CFLAGS", "-O1").run().ends(2, "1 two\n", "");
    assert_eq!(count(&sandbox), 4);
    // The compiler it names.
    let compiler = sandbox.root().join("bin/cc");
    let text = fs::read_to_string(&compiler).unwrap();
    fs::write(&compiler, text + "# newer\n").unwrap();
    run("1 two\n");
    assert_eq!(count(&sandbox), 5);
}

#[test]
fn an_interpreter_gets_the_target() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env scriptisto\n# scriptisto-begin\n# script_src: script.sh\n# target_bin: ./script.sh\n# target_interpreter: /bin/sh -u\n# scriptisto-end\necho \"$# $1\"\nexit 4\n";
    sandbox.script("a.sh", text);
    sandbox.runner(["./a.sh", "x y"]).run().ends(4, "1 x y\n", "");
    sandbox.script("b", text.replace("/bin/sh -u", "sh -u -e"));
    sandbox.runner(["./b", "x y"]).run().ends(4, "1 x y\n", "");
}

#[test]
fn rust_with_more_than_cargo_would_do() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env scriptisto\n// scriptisto-begin\n// script_src: main.rs\n// build_cmd: rustc -O main.rs -o script\n// files:\n//  - path: util.rs\n\
                //    content: |\n//      pub fn f() -> u8 { 6 }\n// scriptisto-end\nmod util;\nfn main() { println!(\"{}\", util::f()); }\n";
    sandbox.script("a", text);
    let path = std::env::var_os("PATH").unwrap_or_default();
    sandbox.runner(["./a"]).env("PATH", path).run().prints("6\n");
}

#[test]
fn messages_name_the_script_and_what_is_wrong_with_the_header() {
    let sandbox = Sandbox::new();
    let ends_with = |name: &str, text: &str, expected: &str| {
        sandbox.script(name, text);
        let ran = sandbox.runner([format!("./{name}")]).run();
        assert!(ran.code == 125 && ran.stderr.ends_with(expected), "{}", ran.stderr);
        ran.stderr
    };
    let said = ends_with(
        "a",
        &script("script_src: main.c\nbuild_cmd: cc main.c -o script"),
        "runner: ./a: the build command failed (exit status: 1); nothing was cached\n",
    );
    assert!(said.contains("./a:8:") && !said.contains("staging"), "{said}");
    ends_with(
        "b",
        &script("script_src: main.c\nbuild_cmd: 'true'"),
        "runner: ./b: the build command made no program; nothing was cached\n  hint: `target_bin` names `build/script`, which the build did not make\n",
    );
    ends_with(
        "c",
        &script("script_src: main.c\ndocker_build:\n  dockerfile: FROM scratch\nbuild_cmd: cc main.c"),
        "runner: ./c: line 5: `docker_build` is not supported: runner starts no containers\n  \
         hint: remove `docker_build`; `build_cmd` then runs on this machine\n",
    );
    ends_with(
        "d.c",
        &script("script_src: ../main.c\nbuild_cmd: cc main.c"),
        "runner: ./d.c: path `../main.c` in the scriptisto header is outside the build directory\n  \
         hint: use a path relative to the build directory\n",
    );
    ends_with("e.c", &script("build_cmd: cc main.c"), "runner: ./e.c: line 3: `script_src` is missing\n");
    assert!(sandbox.cached("bin").is_empty());
}

#[test]
fn called_by_that_name_it_is_the_same() {
    let sandbox = counting("cc");
    std::os::unix::fs::symlink("runner", sandbox.root().join("bin/scriptisto")).unwrap();
    sandbox.script("a", script("script_src: main.c\nbuild_cmd: cc -DS='\"one\"' main.c -o ./script"));
    sandbox.command(sandbox.path("a")).args(["x"]).run().ends(2, "2 one\n", "");
    sandbox.runner(["./a", "x"]).run().ends(2, "2 one\n", "");
}
