//! The README: every command of it works.

use std::fs;
use std::path::Path;

use crate::support::machine::is_offline;
use crate::support::readme::commands;
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn every_command_of_the_readme_works_one_after_the_other() {
    let sandbox = Sandbox::new();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let commands = commands(&readme);
    let commands: Vec<&String> = commands.iter().filter(|command| command.starts_with("runner ")).collect();
    assert!(commands.len() > 5, "{commands:?}");
    let mut said = None;
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
        // Runs of one script say one thing.
        if ["hello.rs", "--debug hello.rs", "--temp hello.rs", "--exec 'env LANG=C' hello.rs"]
            .iter()
            .any(|words| *command == format!("runner {words}"))
        {
            assert_eq!(*said.get_or_insert_with(|| ran.stdout.clone()), ran.stdout, "{command}");
        }
    }
    sandbox.sh("out/hello").run().prints(&said.unwrap());
}
