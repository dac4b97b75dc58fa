//! What a script may ask of its package, with and without dependencies, and what it says of it in vain.

use crate::support::path_dependency::{package, said, script};
use crate::support::watched::real;

#[test]
fn cargos_own_path_is_known_to_a_script_with_and_without_dependencies() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    let code = "fn main() { println!(\"{}\", std::path::Path::new(env!(\"CARGO\")).file_name().unwrap().to_str().unwrap()) }\n";
    for manifest in ["", "dependencies.a.path = \"a\""] {
        script(&sandbox, "x.rs", manifest, code);
        sandbox.runner(["x.rs"]).run().prints("cargo\n");
    }
}

#[test]
fn what_a_manifest_says_in_vain_is_told() {
    let sandbox = real();
    let checked = |text: &str| {
        sandbox.write("x.rs", text);
        sandbox.runner(["check", "x.rs"]).run()
    };
    let build =
        "//! ```cargo\n//! [package]\n//! edition = \"2021\"\n//! build = \"b.rs\"\n//! ```\nfn main() {}\n";
    let ran = checked(build);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("line 4: `package.build` is not run: a script has no build script"),
        "{}",
        ran.stderr
    );
    let two = "---\npackage.edition = \"2021\"\n---\n//! ```cargo\n//! [dependencies]\n//! itoa = \"1\"\n//! ```\nfn main() {}\n";
    let ran = checked(two);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("this second manifest is not read; the first is on line 1"),
        "{}",
        ran.stderr
    );
    // What is heeded in another place would be lost in this one.
    sandbox.write(
        "x.rs",
        "---\n[package]\nedition = \"2021\"\n[runner]\nprofile = \"dev\"\n---\nfn main() {}\n",
    );
    sandbox.runner(["x.rs"]).run().fails(
        125,
        "runner: x.rs: line 4, column 2: `[runner]` is not read here\n  hint: its place is `[package.metadata.runner]`",
    );
    let lints = "---\npackage.edition = \"2021\"\nlints.workspace = true\n---\nfn main() {}\n";
    for command in [&["x.rs"][..], &["check", "x.rs"], &["build", "x.rs"]] {
        sandbox.write("x.rs", lints);
        let ran = sandbox.runner(command).run();
        assert_eq!(ran.code, 125);
        assert!(ran.stderr.contains("`[lints]` is inherited, and there is no runner.toml"), "{}", ran.stderr);
    }
}

#[test]
fn a_name_that_a_compiler_takes_for_an_option_or_a_file_of_arguments_is_a_scripts() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    for name in ["-x.rs", "@x.rs", "--help.rs", "@@.rs"] {
        for manifest in
            ["package.edition = \"2021\"", "package.edition = \"2021\"\ndependencies.a.path = \"a\""]
        {
            let path = format!("./{name}");
            script(&sandbox, &path, manifest, "fn main() { println!(\"ran\") }\n");
            sandbox.runner([&path]).run().prints("ran\n");
            for command in ["check", "test", "build"] {
                let ran = sandbox.runner([command, &path]).run();
                assert_eq!(ran.code, 0, "{command} {name}: {}", ran.stderr);
            }
        }
    }
}

#[test]
fn the_feature_frontmatter_is_allowed_where_there_is_none() {
    let sandbox = real();
    sandbox.write("x.rs", "#![feature(frontmatter)]\nfn main() { println!(\"ran\") }\n");
    let ran = sandbox.runner(["x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "ran\n"), "{}", ran.stderr);
}

/// With and without a manifest, statements alone, and below a condition: it needs no nightly. What is unstable still does.
#[test]
fn a_feature_that_has_become_stable_is_no_error_on_stable() {
    let sandbox = real();
    for (name, text) in [
        ("a.rs", "#![feature(let_chains, frontmatter)]\nfn main() { println!(\"ran\") }\n"),
        ("b.rs", "#![feature(inline_const)]\nprintln!(\"ran\")\n"),
        ("c.rs", "#![cfg_attr(all(), feature(inline_const))]\nfn main() { println!(\"ran\") }\n"),
        (
            "d.rs",
            "---\npackage.edition = \"2021\"\n---\n#![feature(inline_const)]\nfn main() { println!(\"ran\") }\n",
        ),
        (
            "e.rs",
            "#!/usr/bin/env -S cargo +nightly-2001-01-01 -Zscript\n#![feature(inline_const)]\nfn main() { println!(\"ran\") }\n",
        ),
    ] {
        sandbox.write(name, text);
        let ran = sandbox.runner([name]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "ran\n"), "{name}: {}", ran.stderr);
    }
    sandbox.write("f.rs", "#![feature(inline_const, never_type)]\nfn main() {}\n");
    let ran = sandbox.runner(["f.rs"]).run();
    if ran.code != 0 {
        ran.fails(125, "hint: unstable features need a nightly compiler: `+nightly` before the script");
    }
}

#[test]
fn an_included_file_may_have_a_manifest_at_its_head() {
    let sandbox = real();
    sandbox.write("lib.rs", "---\npackage.edition = \"2021\"\n---\npub fn one() -> u8 { 1 }\n");
    sandbox.write("x.rs", "include!(\"lib.rs\");\nfn main() { println!(\"{}\", one()) }\n");
    sandbox.runner(["x.rs"]).run().prints("1\n");
}

#[test]
fn a_program_is_told_of_its_package_as_by_cargo() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    let code = "fn main() {\n    for name in [\"NAME\", \"VERSION\", \"VERSION_MINOR\", \"AUTHORS\", \"LICENSE\"] {\n        \
                println!(\"{}\", std::env::var(format!(\"CARGO_PKG_{name}\")).unwrap());\n    }\n    \
                println!(\"{}\", std::env::var(\"CARGO\").unwrap().ends_with(\"/cargo\"));\n}\n";
    for dependency in ["", "\ndependencies.a.path = \"a\""] {
        let manifest = format!(
            "package.version = \"1.2.3-x\"\npackage.authors = [\"A\", \"B\"]\npackage.edition = \"2021\"{dependency}"
        );
        script(&sandbox, "My X.rs", &manifest, code);
        // Built, and found.
        for _ in 0..2 {
            sandbox.runner(["My X.rs"]).run().prints("My-X\n1.2.3-x\n2\nA:B\n\ntrue\n");
        }
    }
}
