//! Never stale: sources that cargo takes for unchangeable, and that change all the same.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::fake_registry::{Crate, Registry};
use crate::support::files::set_modified;
use crate::support::path_dependency::script;
use crate::support::sandbox::Sandbox;
use crate::support::watched::{LONG_AGO, real_with_cargo_home};

const CODE: &str = "fn main() { println!(\"{}\", one::said()) }\n";

/// What `cargo vendor` makes, with no sums of the files.
fn vendor(sandbox: &Sandbox, version: &str, word: &str) {
    sandbox.write(
        "vendor/one/Cargo.toml",
        format!("[package]\nname = \"one\"\nversion = \"{version}\"\nedition = \"2021\"\n"),
    );
    sandbox.write("vendor/one/src/lib.rs", format!("pub fn said() -> &'static str {{ \"{word}\" }}\n"));
    let sum = "0".repeat(64);
    sandbox.write("vendor/one/.cargo-checksum.json", format!("{{\"files\":{{}},\"package\":\"{sum}\"}}"));
}

fn with_vendor() -> Sandbox {
    let sandbox = real_with_cargo_home();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"{}\"\n",
        sandbox.path("vendor").display()
    );
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    vendor(&sandbox, "1.0.0", "one");
    script(&sandbox, "s.rs", "dependencies.one = \"1\"", CODE);
    sandbox
}

#[test]
fn a_source_that_cargo_takes_for_unchangeable_is_compiled_again_when_it_is_edited() {
    let sandbox = with_vendor();
    sandbox.runner(["s.rs"]).run().prints("one\n");
    vendor(&sandbox, "1.0.0", "two");
    set_modified(&sandbox.path("vendor/one/src/lib.rs"), SystemTime::UNIX_EPOCH + LONG_AGO);
    // First for another script, which finds what was built before it was edited.
    script(&sandbox, "t.rs", "dependencies.one = \"1\"\nfeatures.x = []", CODE);
    sandbox.runner(["t.rs"]).run().prints("two\n");
    sandbox.runner(["s.rs"]).run().prints("two\n");
    sandbox.runner(["t.rs"]).run().prints("two\n");
}

#[test]
fn a_file_that_a_build_script_of_a_registry_watches_counts_by_content() {
    let (sandbox, registry) = Registry::new();
    let header = sandbox.write("sys.h", "one");
    let build = format!(
        "fn main() {{ println!(\"cargo:rerun-if-changed={0}\");\n\
         println!(\"cargo:rustc-env=SAID={{}}\", std::fs::read_to_string(\"{0}\").unwrap()) }}\n",
        header.display()
    );
    let files =
        &[("src/lib.rs", "pub fn said() -> &'static str { env!(\"SAID\") }\n"), ("build.rs", build.as_str())];
    registry.publish(&Crate { files, ..Crate::program("one", "1.0.0") });
    script(&sandbox, "s.rs", "dependencies.one = \"1\"", CODE);
    sandbox.runner(["s.rs"]).run().prints("one\n");
    for (word, age) in [("two", LONG_AGO), ("tre", LONG_AGO - Duration::from_secs(9))] {
        fs::write(&header, word).unwrap();
        set_modified(&header, SystemTime::UNIX_EPOCH + age);
        sandbox.runner(["s.rs"]).run().prints(&format!("{word}\n"));
        sandbox.runner(["s.rs"]).run().prints(&format!("{word}\n"));
    }
}

#[test]
fn versions_that_are_gone_are_resolved_anew_where_the_lock_was_not_the_users() {
    let sandbox = with_vendor();
    sandbox.runner(["s.rs"]).run().prints("one\n");
    vendor(&sandbox, "1.0.1", "two");
    sandbox.runner(["s.rs"]).run().prints("two\n");
    script(&sandbox, "s.rs", "dependencies.one = \"1\"", &format!("{CODE}// edited\n"));
    sandbox.runner(["s.rs"]).run().prints("two\n");
    sandbox.runner(["--offline", "s.rs"]).run().prints("two\n");
    // A lock of the user's is not passed over.
    assert_eq!(sandbox.runner(["update", "s.rs", "--lock"]).run().code, 0);
    vendor(&sandbox, "1.0.2", "three");
    let ran = sandbox.runner(["--force", "s.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: `runner update s.rs` renews `s.rs.lock`"), "{}", ran.stderr);
}
