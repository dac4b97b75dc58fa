//! The README: every command of it works.

use std::fs;
use std::path::Path;

use crate::support::machine::is_offline;
use crate::support::readme::commands;
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn every_command_of_the_readme_works_one_after_the_other() {
    let sandbox = Sandbox::new();
    sandbox.script("hello.rs", "#!/usr/bin/env runner\nfn main() { println!(\"hello\") }\n");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let commands = commands(&readme);
    let commands: Vec<&String> = commands.iter().filter(|command| command.starts_with("runner ")).collect();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let ran = sandbox.sh(command).run();
        if ran.stderr.contains("toolchain `nightly` is not installed") {
            skipped("no nightly toolchain");
            continue;
        }
        if is_offline(&ran) {
            continue;
        }
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command}");
        if command.contains(" hello.rs")
            && !["build", "promote", "why", "update", "test", "check", "clippy", "fmt", "doc"]
                .iter()
                .any(|word| command.contains(word))
        {
            assert_eq!(ran.stdout, "hello\n", "{command}");
        }
    }
    sandbox.sh("out/hello").run().prints("hello\n");
}
