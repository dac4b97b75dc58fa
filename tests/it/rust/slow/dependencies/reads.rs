//! Never stale: what build scripts, proc macros and linkers of dependencies read and do not say.

use std::fs;

use serde_json::Value;

use crate::support::fake_registry::{Crate, Registry};
use crate::support::path_dependency::{MAIN, package, run, script};
use crate::support::watched::{changed, real, touched, unchanged};

/// A build script that tells the crate what a file holds, and says that it reads nothing.
fn reading(path: &str) -> String {
    format!(
        "fn main() {{ println!(\"cargo:rerun-if-changed=build.rs\");\n\
         println!(\"cargo:rustc-env=SAID={{}}\", std::fs::read_to_string(\"{path}\").unwrap_or_default()) }}\n"
    )
}

const SAID: &str = "pub fn said() -> &'static str { env!(\"SAID\") }\n";

#[test]
fn a_header_that_a_build_script_of_a_registry_reads_without_a_word() {
    let (sandbox, registry) = Registry::new();
    let header = sandbox.write("sys/h.h", "one");
    let build = reading(&header.display().to_string());
    let files = &[("src/lib.rs", SAID), ("build.rs", build.as_str())];
    registry.publish(&Crate { files, ..Crate::program("a", "1.0.0") });
    script(&sandbox, "s.rs", "dependencies.a = \"1\"", MAIN);
    let compiled = |expected: &str| {
        let ran = sandbox.runner(["-v", "--profile", "quick", "s.rs"]).run();
        assert!(ran.code == 0 && ran.stdout == format!("{expected}\n"), "{} {}", ran.stdout, ran.stderr);
        ran.stderr.lines().filter(|line| line.contains("building dependencies")).count()
    };
    assert!(compiled("one") > 0);
    assert_eq!(compiled("one"), 0);
    touched(&header, || assert_eq!(compiled("one"), 0));
    fs::write(&header, "two").unwrap();
    assert!(compiled("two") > 0);
    assert_eq!(compiled("two"), 0);
    // Another script finds what was built, and what was read for it.
    script(&sandbox, "t.rs", "dependencies.a = \"1\"\nfeatures.x = []", MAIN);
    let other = || sandbox.runner(["--profile", "quick", "t.rs"]).run();
    other().prints("two\n");
    fs::remove_file(&header).unwrap();
    other().prints("\n");
    fs::write(&header, "three").unwrap();
    other().prints("three\n");
    assert!(compiled("three") > 0);
    // It is told who read it.
    let ran = sandbox.runner(["inputs", "--json", "--profile", "quick", "s.rs"]).run();
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let inputs = answer["inputs"].as_array().unwrap();
    let input = inputs.iter().find(|input| input["name"] == header.display().to_string().as_str());
    let input = input.unwrap_or_else(|| panic!("{inputs:#?}"));
    assert_eq!((&input["reader"], &input["program"]), (&"dependency".into(), &"build-script-build".into()));
}

#[test]
fn a_file_that_a_program_of_a_build_script_reads_without_a_word() {
    let sandbox = real();
    let outside = sandbox.path("outside");
    package(&sandbox, "a", "", SAID);
    let build = format!(
        "fn main() {{ println!(\"cargo:rerun-if-changed=build.rs\");\n\
         let out = std::process::Command::new(\"/bin/cat\").arg(\"{}\").output().unwrap();\n\
         println!(\"cargo:rustc-env=SAID={{}}\", String::from_utf8(out.stdout).unwrap()) }}\n",
        outside.display()
    );
    sandbox.write("a/build.rs", build);
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    // A name that is looked for in vain is one, too.
    changed(run(&sandbox), "\n");
    unchanged(run(&sandbox), "\n");
    fs::write(&outside, "one").unwrap();
    changed(run(&sandbox), "one\n");
    touched(&outside, || unchanged(run(&sandbox), "one\n"));
    fs::write(&outside, "two").unwrap();
    changed(run(&sandbox), "two\n");
}

#[test]
fn a_file_that_a_proc_macro_opens_for_a_dependency() {
    let sandbox = real();
    let outside = sandbox.write("outside", "one");
    let code = format!(
        "#[proc_macro]\npub fn text(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n\
         format!(\"{{:?}}\", std::fs::read_to_string(\"{}\").unwrap()).parse().unwrap()\n}}\n",
        outside.display()
    );
    package(&sandbox, "mac", "[lib]\nproc-macro = true\n", &code);
    package(
        &sandbox,
        "a",
        "[dependencies]\nmac.path = \"../mac\"\n",
        "pub fn said() -> &'static str { mac::text!() }\n",
    );
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    touched(&outside, || unchanged(run(&sandbox), "one\n"));
    fs::write(&outside, "two").unwrap();
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn the_directory_that_a_script_was_called_from_is_no_input_of_its_dependencies() {
    let sandbox = real();
    package(&sandbox, "a", "", "pub fn said() -> &'static str { \"one\" }\n");
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    let here = sandbox.path("here");
    fs::create_dir(&here).unwrap();
    let called = sandbox.runner(["--profile", "quick", "../s.rs"]).within(&here).env("PWD", &here);
    changed(called, "one\n");
    fs::remove_dir(&here).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn what_nobody_saw_being_built_is_built_again() {
    let (sandbox, registry) = Registry::with_libraries(&["a"]);
    let _keep = registry;
    script(&sandbox, "s.rs", "dependencies.a = \"1\"", MAIN);
    let is_rebuilt = || {
        let ran = sandbox.runner(["-v", "--profile", "quick", "s.rs"]).run();
        assert!(ran.code == 0 && ran.stdout == "a 1.0.0\n", "{}", ran.stderr);
        ran.stderr.contains("were not observed; once more")
    };
    script(&sandbox, "other.rs", "dependencies.a = \"1\"", MAIN);
    let other = sandbox.runner(["--profile", "quick", "other.rs"]).env("RUNNER_OBSERVE", "off").run();
    other.prints("a 1.0.0\n");
    assert!(is_rebuilt());
    assert!(!is_rebuilt());
    let reads = sandbox.cached_paths("deps").into_iter();
    let reads: Vec<_> = reads.filter(|path| path.parent().unwrap().ends_with("reads")).collect();
    assert_eq!(reads.len(), 1, "{reads:?}");
    fs::write(&reads[0], "damaged").unwrap();
    // Another environment, to which what is there is of no use.
    script(&sandbox, "s.rs", "dependencies.a = \"1\"\nfeatures.x = []", MAIN);
    assert!(is_rebuilt());
    assert!(!is_rebuilt());
}

#[test]
fn what_assembly_of_a_dependency_includes_is_read_again_where_nothing_is_optimized() {
    let sandbox = real();
    let outside = sandbox.write("outside", "1");
    let assembly = format!(
        "std::arch::global_asm!(\".global outside\\noutside: .incbin \\\"{}\\\"\\n\");\n",
        outside.display()
    );
    let code = "unsafe extern \"C\" {\n    static outside: u8;\n}\npub fn said() -> char {\n    unsafe { outside as char }\n}\n";
    package(&sandbox, "a", "", "mod b;\npub use b::said;\n");
    let module = sandbox.write("a/src/b.rs", format!("{assembly}{code}"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    let run = || sandbox.runner(["--profile", "dev", "s.rs"]);
    changed(run(), "1\n");
    unchanged(run(), "1\n");
    // What is compiled once more must not hide what was read before.
    fs::write(sandbox.path("a/src/lib.rs"), "mod b;\npub use b::said;\npub fn other() {}\n").unwrap();
    changed(run(), "1\n");
    touched(&module, || unchanged(run(), "1\n"));
    fs::write(&outside, "2").unwrap();
    changed(run(), "2\n");
    unchanged(run(), "2\n");
}
