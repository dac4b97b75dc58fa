//! Features of a script: on the command line, on the first line of cargo's and of ours, and of its dependencies.

use crate::support::fake_registry::{Crate, Registry};
use crate::support::path_dependency::script;
use crate::support::sandbox::Sandbox;

const FEATURES: &str = "features = { default = [\"low\"], low = [], high = [\"mid\"], mid = [] }";
const CODE: &str = "fn main() { println!(\"{} {} {}\", cfg!(feature = \"low\"), cfg!(feature = \"mid\"), cfg!(feature = \"high\")) }\n";

/// Each choice, and what the script says of low, mid and high.
const CHOICES: &[(&[&str], &str)] = &[
    (&[], "true false false\n"),
    (&["--features", "high"], "true true true\n"),
    (&["-F", "mid,low"], "true true false\n"),
    (&["--no-default-features"], "false false false\n"),
    (&["--no-default-features", "-F", "mid"], "false true false\n"),
    (&["--all-features"], "true true true\n"),
];

#[test]
fn a_script_is_built_with_the_features_that_are_chosen_with_and_without_dependencies() {
    let (sandbox, _registry) = Registry::with_libraries(&["one"]);
    for manifest in [FEATURES.to_owned(), format!("{FEATURES}\ndependencies.one = \"1\"")] {
        script(&sandbox, "x.rs", &manifest, CODE);
        for (words, expected) in CHOICES {
            sandbox.runner(words.iter().chain(&["x.rs"])).run().prints(expected);
            sandbox.runner(words.iter().chain(&["--force", "x.rs"])).run().prints(expected);
            let build = [&["build"], *words, &["x.rs", "-o", "out"]].concat();
            assert_eq!(sandbox.runner(&build).run().code, 0);
            sandbox.command(sandbox.path("out")).run().prints(expected);
        }
        // Upgraded as it was promoted.
        sandbox.quiet(&["promote", "-F", "high", "x.rs"]);
        assert_eq!(sandbox.says("x"), "true true true\n");
        script(&sandbox, "x.rs", &manifest, &format!("{CODE}// edited\n"));
        assert_eq!(sandbox.runner(["upgrade", "x"]).run().code, 0);
        assert_eq!(sandbox.says("x"), "true true true\n");
        assert_eq!(sandbox.runner(["demote", "x"]).run().code, 0);
    }
}

#[test]
fn features_on_a_first_line_of_cargos_or_ours_are_those_of_the_script() {
    let sandbox = Sandbox::new();
    let lines =
        ["cargo +nightly -Zscript run", "cargo -Zscript run --manifest-path", "runner", "cargo -Zscript"];
    for (words, expected) in CHOICES {
        for line in lines {
            let words = words.join(" ");
            let end = if line.ends_with("--manifest-path") { line } else { "" };
            let (line, path) = match end {
                "" => (line, ""),
                _ => (line.trim_end_matches(" --manifest-path"), " --manifest-path"),
            };
            let text = format!("#!/usr/bin/env -S {line} {words}{path}\n---\n{FEATURES}\n---\n{CODE}");
            sandbox.script("x.rs", text);
            let ran = sandbox.runner(["x.rs"]).run();
            assert_eq!((ran.code, ran.stdout.as_str()), (0, *expected), "{line} {words}: {}", ran.stderr);
        }
    }
    // What is said on the command line is added to it.
    sandbox
        .script("x.rs", format!("#!/usr/bin/env -S cargo -Zscript run -F mid\n---\n{FEATURES}\n---\n{CODE}"));
    sandbox.runner(["-F", "high", "x.rs"]).run().prints("true true true\n");
}

#[test]
fn a_feature_that_is_not_there_is_named_with_those_that_are() {
    let (sandbox, registry) = Registry::new();
    let files = &[("src/lib.rs", "")];
    registry.publish(&Crate { files, features: &["loud", "soft"], ..Crate::program("one", "1.0.0") });
    script(&sandbox, "x.rs", FEATURES, CODE);
    let message =
        "runner: x.rs: there is no feature `hihg`\n  hint: its features are default, high, low and mid\n";
    sandbox.runner(["-F", "hihg", "x.rs"]).run().ends(125, "", message);
    sandbox.runner(["build", "-F", "hihg", "x.rs"]).run().ends(125, "", message);
    script(&sandbox, "y.rs", "", "fn main() {}\n");
    let message =
        "runner: y.rs: there is no feature `x`\n  hint: a script names its features under `[features]`\n";
    sandbox.runner(["-F", "x", "y.rs"]).run().ends(125, "", message);
    // Of a dependency, in cargo's own words and with what to do.
    script(
        &sandbox,
        "z.rs",
        "dependencies.one = { version = \"1\", features = [\"lout\"] }",
        "fn main() {}\n",
    );
    let ran = sandbox.runner(["z.rs"]).run();
    assert_eq!(ran.code, 125);
    assert!(ran.stderr.contains("`lout`"), "{}", ran.stderr);
    assert!(
        ran.stderr.ends_with("  hint: https://docs.rs/crate/one/latest/features lists its features\n"),
        "{}",
        ran.stderr
    );
    // Other languages have none.
    sandbox.script("x.c", "int main(void) { return 0; }\n");
    let message = "runner: x.c: `--features` is for Rust scripts and packages of a registry";
    sandbox.runner(["-F", "x", "x.c"]).run().fails(125, message);
}
