//! `runner test` and `runner bench`.

use crate::support::sandbox::{Sandbox, skipped};

const SCRIPT: &str = "\
#!/usr/bin/env runner
fn main() { println!(\"{}\", add(1, 2)); }
fn add(a: u8, b: u8) -> u8 { a + b }
#[test]
fn adds() { println!(\"in {}:{}\", file!(), line!()); assert_eq!(add(1, 2), 3) }
#[test]
#[should_panic(expected = \"overflow\")]
fn overflows() { add(255, std::hint::black_box(1)); }
";

#[test]
fn tests_of_a_script_run() {
    let sandbox = Sandbox::new();
    let script = sandbox.script("s.rs", SCRIPT);
    let ran = sandbox.runner(["test", "s.rs"]).run();
    assert!(
        ran.code == 0 && ran.stdout.contains("test result: ok. 2 passed; 0 failed"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let ran = sandbox.runner(["test", "s.rs", "adds", "--", "--nocapture"]).run();
    assert!(ran.stdout.contains(&format!("in {}:5\n", script.display())), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("1 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out"),
        "{}",
        ran.stdout
    );
    let ran = sandbox.runner(["test", "s.rs", "--list", "--format", "terse"]).run();
    ran.prints("adds: test\noverflows: test\n");
    // The script itself is another program.
    sandbox.runner(["s.rs"]).run().prints("3\n");
    assert_eq!(sandbox.cached("bin").len(), 2);
}

#[test]
fn a_test_that_fails_is_the_exit_code() {
    let sandbox = Sandbox::new();
    sandbox.script("s.rs", "#[test]\nfn fails() { assert_eq!(1, 2) }");
    let ran = sandbox.runner(["test", "s.rs"]).run();
    let place = format!("panicked at {}:2:14:", sandbox.path("s.rs").display());
    assert!(ran.code == 101 && ran.stdout.contains(&place), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_file_of_tests_only_is_tested() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "s.rs",
        "//! ```cargo\n//! ```\nuse std::fs;\n#[test]\nfn t() { fs::metadata(\"/\").unwrap(); }\n",
    );
    let ran = sandbox.runner(["test", "s.rs"]).run();
    assert!(ran.code == 0 && ran.stdout.contains("1 passed"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn tests_of_a_script_without_main_run() {
    let sandbox = Sandbox::new();
    sandbox.write("m.rs", "pub fn two() -> u8 { 2 }\n#[test]\nfn in_a_module() { assert_eq!(two(), 2) }");
    sandbox.script(
        "s.rs",
        "use std::fmt::Write;\nlet mut s = String::new();\nwrite!(s, \"{}\", double(m::two()))?;\nmod m;\nprintln!(\"{s}\");\n\
         fn double(n: u8) -> u8 { n * 2 }\n#[test]\nfn doubles() { assert_eq!(double(2), 5) }\n\
         mod tests { use super::*; #[test] fn nested() { assert_eq!(double(m::two()), 4) } }\n",
    );
    sandbox.runner(["s.rs"]).run().prints("4\n");
    let ran = sandbox.runner(["test", "s.rs"]).run();
    assert!(ran.code == 101 && ran.stdout.contains("2 passed; 1 failed"), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains(&format!("panicked at {}:8:16:", sandbox.path("s.rs").display())),
        "{}",
        ran.stdout
    );
}

#[test]
fn development_dependencies_are_for_tests() {
    let sandbox = Sandbox::new();
    let package = |name: &str, value: u8| {
        sandbox.write(
            format!("{name}/Cargo.toml"),
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
        );
        sandbox.write(format!("{name}/src/lib.rs"), format!("pub fn say() -> u8 {{ {value} }}"));
    };
    package("always", 1);
    package("only", 2);
    sandbox.script(
        "s.rs",
        "---\n[dependencies]\nalways = { path = \"always\" }\n[dev-dependencies]\nonly = { path = \"only\" }\n---\n\
         fn main() { println!(\"{}\", always::say()); }\n#[test]\nfn t() { assert_eq!(always::say() + only::say(), 3) }\n",
    );
    sandbox.runner(["s.rs"]).run().prints("1\n");
    let ran = sandbox.runner(["test", "s.rs"]).run();
    assert!(ran.code == 0 && ran.stdout.contains("1 passed"), "{}{}", ran.stdout, ran.stderr);
    // Both are inputs of the tests, and one of the script.
    package("only", 3);
    assert_eq!(sandbox.runner(["test", "s.rs"]).run().code, 101);
    sandbox.runner(["s.rs"]).run().prints("1\n");
    // A script that uses them elsewhere is told as much.
    sandbox.script(
        "t.rs",
        "---\n[dev-dependencies]\nonly = { path = \"only\" }\n---\nfn main() { only::say(); }\n",
    );
    assert_eq!(sandbox.runner(["t.rs"]).run().code, 125);
}

#[test]
fn benchmarks_run_with_a_nightly_toolchain() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "s.rs",
        "#![feature(test)]\nextern crate test;\nfn main() {}\n#[bench]\nfn adds(b: &mut test::Bencher) { b.iter(|| 1 + 1) }\n\
         #[bench]\nfn other(b: &mut test::Bencher) { b.iter(|| ()) }\n",
    );
    let ran = sandbox.runner(["bench", "s.rs", "adds"]).run();
    if ran.code == 127 {
        return skipped("no nightly toolchain");
    }
    assert!(
        ran.code == 0 && ran.stdout.contains("1 measured; 1 filtered out"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn a_test_needs_a_script() {
    let sandbox = Sandbox::new();
    for (command, scripts) in [("test", "SCRIPT|DIR..."), ("bench", "SCRIPT...")] {
        let expected =
            format!("runner: `{command}` needs a script\n  hint: `runner {command} {scripts} [ARGS]...`\n");
        sandbox.runner([command]).run().ends(125, "", &expected);
    }
}

#[test]
fn a_script_that_a_shell_tests_is_tested() {
    let sandbox = Sandbox::new();
    let script = sandbox.script(
        "ch-1.rs",
        "#! /bin/sh\n//usr/bin/env rustc --test $0 -o ${0}x && ./${0}x --nocapture; rm -f ${0}x ; exit\n\n\
         #[test]\nfn example() {\n    let async = 1;\n    println!(\"seen {}\", async);\n}\n",
    );
    for _ in 0..2 {
        let ran = sandbox.runner([&script]).run();
        let is_right = ran.stdout.contains("seen 1\n") && ran.stdout.contains("1 passed");
        assert!(ran.code == 0 && is_right, "{}{}", ran.stdout, ran.stderr);
    }
}
