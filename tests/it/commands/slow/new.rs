//! Every template of `runner new`: it compiles, passes check, test and fmt, and runs.

use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn every_template_is_clean_and_runs() {
    let sandbox = Sandbox::new();
    for (template, arguments, input, output) in [
        ("hello", &[][..], "", "Hello, world!\n"),
        ("cli", &["-c", "2", "you"], "", "Hello, you!\nHello, you!\n"),
        ("filter", &[], "a\nb\n", "A\nB\n"),
        ("async", &[], "", "Hello, both of you!\n"),
        ("test", &["a", "bc", "de"], "", "bc\n"),
        ("http", &["nonsense:"], "", ""),
        ("json", &[], "[{\"name\":\"a\",\"age\":3},{\"name\":\"b\"}]", "{\"name\":\"a\",\"age\":3}\n"),
    ] {
        let file = format!("{template}.rs");
        sandbox.runner(["new", "-q", &file, "--template", template]).run().prints("");
        sandbox.runner(["fmt", "--check", &file]).run().prints("");
        let ran = sandbox.runner(["check", &file]).run();
        if ran.code != 0 && (ran.stderr.contains("registry") || ran.stderr.contains("is not here")) {
            skipped(&format!("no crates for the template {template}"));
            continue;
        }
        ran.prints("");
        let ran = sandbox.runner([&[file.as_str()], arguments].concat()).input(input).run();
        assert_eq!(
            (ran.stdout.as_str(), ran.code),
            (output, i32::from(template == "http")),
            "{}",
            ran.stderr
        );
        let ran = sandbox.runner(["test", &file]).run();
        assert_eq!(ran.code, 0, "{template}: {}", ran.stderr);
    }
    for name in ["42.rs", "a-b.rs", "test", "ä.rs", "build.rs"] {
        sandbox.runner(["new", "-q", name]).run().prints("");
        sandbox.runner([&format!("./{name}")]).run().prints("Hello, world!\n");
    }
}

#[test]
fn a_dependency_that_is_not_there_makes_no_file() {
    let (sandbox, _registry) = crate::support::fake_registry::Registry::new();
    let ran = sandbox.runner(["new", "x.rs", "--dep", "nosuchcrate"]).run();
    assert_eq!(ran.code, 125, "{}", ran.stderr);
    assert!(!sandbox.path("x.rs").exists());
}
