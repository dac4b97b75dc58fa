//! Expressions: `-e` and `--loop`, by rust-script's rules.

use crate::support::machine::is_offline;
use crate::support::rust_script::{rust_script, theirs};
use crate::support::sandbox::Sandbox;

/// Arguments, standard input, what is printed, with which code, and what is said on stderr.
type Row = (&'static [&'static str], &'static str, &'static str, i32, &'static str);

const EXPRESSIONS: &[Row] = &[
    // A value is printed as `{:?}`, unless it is `()`.
    (&["-e", "1 + 1"], "", "2\n", 0, ""),
    (&["--expr", "\"a\""], "", "\"a\"\n", 0, ""),
    (&["-e", "()"], "", "", 0, ""),
    (&["-e", "println!(\"x\")"], "", "x\n", 0, ""),
    (&["-e", "let x = 2; x * x"], "", "4\n", 0, ""),
    (&["-e", "fn f() -> u8 { 3 } f()"], "", "3\n", 0, ""),
    (&["-e", "2 // two"], "", "2\n", 0, ""),
    (&["-e", "return Ok(())"], "", "", 0, ""),
    (&["-e", "std::process::exit(3)"], "", "", 3, ""),
    // An error is `Error: {}`.
    (&["-e", "\"x\".parse::<u8>()?"], "", "", 1, "Error: invalid digit found in string\n"),
    // What follows is the expression's; the first argument is the expression.
    (
        &["-e", "std::env::args().collect::<Vec<_>>().join(\" \")", "a", "-e", "--help"],
        "",
        "\"std::env::args().collect::<Vec<_>>().join(\\\" \\\") a -e --help\"\n",
        0,
        "",
    ),
    (&["-e", "TypeId::of::<u8>() == 1u8.type_id()"], "", "true\n", 0, ""),
    // A closure is called with each line, line end included.
    (&["--loop", "|l| l.len()"], "a\nbc", "2\n2\n", 0, ""),
    (&["-l", "|l| print!(\"{l}\")"], "a\nbc\n", "a\nbc\n", 0, ""),
    (&["--loop", "|_| ()"], "a\n", "", 0, ""),
    (&["--loop", "|l| l.len()"], "", "", 0, ""),
    (&["--loop", "{ let mut n = 0; move |l| { n += l.len(); n } }"], "a\nbc\n", "2\n5\n", 0, ""),
    (&["--loop", "str::len"], "a\n", "2\n", 0, ""),
    (&["--count", "--loop", "|l, n| format!(\"{n}{l}\")"], "a\nb", "\"1a\\n\"\n\"2b\"\n", 0, ""),
    (&["--loop", "--count", "{ let mut m = 0; move |_, n| { m += n; m } }"], "a\nb\n", "1\n3\n", 0, ""),
];

/// Rows that rust-script gets wrong, or has not.
const OWN: &[Row] = &[
    (&["-e", "-1"], "", "-1\n", 0, ""),
    (&["-e", "--", "-1"], "", "-1\n", 0, ""),
    (&["-e", "build"], "", "", 125, "cannot find value `build`"),
    // What a plain closure returns may borrow from its line.
    (&["--loop", "|l| l.trim()"], " a \n", "\"a\"\n", 0, ""),
    (&["--loop", "--count", "move |l, n| (n, l.trim())"], " a \n", "(1, \"a\")\n", 0, ""),
    (&["--edition", "2024", "-e", "if let Some(x) = Some(1) && x > 0 { x } else { 0 }"], "", "1\n", 0, ""),
    // Messages speak of the expression.
    (&["-e", "let x = 1;\nx + y"], "", "", 125, " --> <expression>:2:5\n"),
    (
        &["-e", "let x = 1;\nx + y"],
        "",
        "",
        125,
        "runner: let x = 1;\\nx + y: rustc failed (exit status: 1); nothing was cached\n",
    ),
    (&["-e", "panic!(\"p\")"], "", "", 101, "panicked at <expression>:1:"),
    (&["-e", "let x = 1;\npanic!(\"{x}\")"], "", "", 101, "panicked at <expression>:2:1:\n"),
    (&["-e", "line!() + file!().len() as u32"], "", "13\n", 0, ""),
    (&["-e", "1 +"], "", "", 125, " --> <expression>:1:4\n  |\n1 | 1 +\n  |    ^ "),
    (&["-e", "{ f(|x| { x }); g( } // why"], "", "", 125, " --> <expression>:1:"),
    (&["-e", "x + 1"], "", "", 125, " --> <expression>:1:1\n  |\n1 | x + 1\n  | ^ not found"),
    (&["--loop", "|l| l.nothing()"], "", "", 125, " --> <closure>:1:7\n"),
    (&["-e", "{"], "", "", 125, " --> <expression>:1:2\n"),
    (&["-e", "1 } fn f() { 2"], "", "", 125, " --> <expression>:1:3\n"),
    (&["-u", "test", "-e", "1"], "", "", 125, "unstable features need a nightly compiler"),
    // What is asked for must make sense.
    (&["-e"], "", "", 125, "runner: an expression is missing\n"),
    (&["-e", "--loop", "1"], "", "", 125, "runner: `-e` and `--loop` cannot be used together\n"),
    (&["-e", "--count", "1"], "", "", 125, "runner: `--count` needs `--loop`\n"),
    (&["-d", "=1", "-e", "1"], "", "", 125, "runner: `--dep =1` is not a dependency\n"),
    (
        &["-d", "a=1", "-d", "a=2", "-e", "1"],
        "",
        "",
        125,
        "runner: dependency `a` is given twice, as `1` and `2`\n",
    ),
];

#[test]
fn expressions_are_evaluated() {
    let sandbox = Sandbox::new();
    for (arguments, input, stdout, code, says) in EXPRESSIONS.iter().chain(OWN) {
        let ran = sandbox.runner(*arguments).input(input).run();
        assert_eq!((ran.stdout.as_str(), ran.code), (*stdout, *code), "{arguments:?}\n{}", ran.stderr);
        let is_silent = *code == 0 && ran.stderr.is_empty();
        assert!(is_silent || *code != 0 && ran.stderr.contains(says), "{arguments:?}\n{}", ran.stderr);
    }
}

#[test]
fn rust_script_gives_the_same() {
    let Some(rust_script) = rust_script() else { return };
    let sandbox = Sandbox::new();
    for (arguments, input, stdout, code, says) in EXPRESSIONS.iter().step_by(4) {
        let ran = theirs(&sandbox, &rust_script).args(*arguments).input(input).run();
        assert_eq!((ran.stdout.as_str(), ran.code), (*stdout, *code), "{arguments:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{arguments:?}\n{}", ran.stderr);
    }
}

#[test]
fn called_as_rust_script_it_says_what_rust_script_says() {
    let sandbox = Sandbox::new();
    let name = sandbox.root().join("bin/rust-script");
    std::os::unix::fs::symlink(crate::support::sandbox::RUNNER, &name).unwrap();
    let named = |name: &str| format!("(std::env::var(\"{name}\"), option_env!(\"{name}\").is_some())");
    for (variable, value) in [("SAFE_NAME", "expr"), ("PKG_NAME", "expr"), ("PATH", "")] {
        let expression = named(&format!("RUST_SCRIPT_{variable}"));
        let ran = sandbox.command(&name).args(["-e", expression.as_str()]).run();
        ran.prints(&format!("(Ok(\"{value}\"), true)\n"));
    }
}

#[test]
fn relative_paths_start_where_the_caller_is_or_says() {
    let sandbox = Sandbox::new();
    sandbox.write("text", "here");
    sandbox.write("d/text", "there");
    let expression = "include_str!(\"text\")";
    sandbox.runner(["-e", expression]).run().prints("\"here\"\n");
    sandbox.runner(["-e", expression]).within(sandbox.path("d")).run().prints("\"there\"\n");
    sandbox.runner(["-b", "d", "-e", expression]).run().prints("\"there\"\n");
    sandbox.runner(["--base-path=d", "-e", expression]).run().prints("\"there\"\n");
    sandbox.write("text", "changed");
    sandbox.runner(["-e", expression]).run().prints("\"changed\"\n");
}

#[test]
fn an_expression_is_compiled_once() {
    let sandbox = Sandbox::new();
    let binaries = || sandbox.cached("bin").len();
    for _ in 0..3 {
        sandbox.runner(["-e", "40 + 2"]).run().prints("42\n");
    }
    assert_eq!(binaries(), 1);
    for arguments in [&["--debug", "-e", "40 + 2"][..], &["--loop", "|_| 40 + 2"]] {
        sandbox.runner(arguments).run();
    }
    assert_eq!(binaries(), 3);
}

#[test]
fn a_reader_that_has_enough_ends_a_loop_without_a_word() {
    let sandbox = Sandbox::new();
    let ran = sandbox.sh("yes | runner --loop '|l| l.len()' | head -n 2").run();
    ran.prints("2\n2\n");
}

#[test]
fn a_line_that_is_no_text_is_an_error_and_not_the_end() {
    let sandbox = Sandbox::new();
    let ran = sandbox.runner(["--loop", "|l| l.len()"]).input(b"a\n\xff\nb\n").run();
    ran.ends(1, "2\n", "Error: stream did not contain valid UTF-8\n");
}

#[test]
fn dependencies_and_macros_of_crates() {
    let sandbox = Sandbox::new();
    sandbox.write("d/Cargo.toml", "[package]\nname = \"speak\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    sandbox.write(
        "d/src/lib.rs",
        "pub fn say() -> u8 { 5 }\n#[macro_export] macro_rules! said { () => { $crate::say() } }",
    );
    // From crates.io, if it can be reached.
    let ran = sandbox.runner(["-d", "itoa=1", "-e", "itoa::Buffer::new().format(5).to_string()"]).run();
    if is_offline(&ran) {
        return;
    }
    assert_eq!((ran.stdout.as_str(), ran.code), ("\"5\"\n", 0), "{}", ran.stderr);
    sandbox
        .runner(["--dep", "itoa", "--loop", "|l| itoa::Buffer::new().format(l.len()).len()"])
        .input("a\n")
        .run()
        .prints("1\n");
    sandbox
        .runner([
            "--dep=cfg-if=1",
            "--extern",
            "cfg_if",
            "-e",
            "cfg_if! { if #[cfg(unix)] { 1 } else { 2 } }",
        ])
        .run()
        .prints("1\n");
    // A script may be given one too; it wins over the script's own.
    sandbox.script("s.rs", "println!(\"{}\", itoa::Buffer::new().format(7));");
    sandbox.runner(["-d", "itoa=1", "s.rs"]).run().prints("7\n");
}
