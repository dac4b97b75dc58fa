//! Loss of power, where cargo builds.

use std::path::Path;

use crate::support::disk_model::{CALLS, written};
use crate::support::sandbox::Sandbox;
use crate::support::strace;

#[test]
fn what_was_built_for_dependencies_is_on_disk_before_its_record() {
    if !strace::is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("word/Cargo.toml", "[package]\nname = \"word\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("word/src/lib.rs", "pub const WORD: &str = \"word\";\n");
    sandbox.write(
        "x.rs",
        "---\n[dependencies]\nword = { path = \"word\" }\n---\nfn main() { println!(\"{}\", word::WORD); }\n",
    );
    let (ran, calls) = strace::trace(&sandbox, &["-f", "-y", "-e", CALLS], &["--profile", "quick", "x.rs"]);
    ran.prints("word\n");
    let lane = sandbox.cache().join("v1/deps");
    let is_artifact = |path: &Path| {
        path.starts_with(&lane)
            && path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("lane-"))
    };
    let last_write = calls
        .iter()
        .rposition(|call| call.name.contains("write") && written(call).is_some_and(|path| is_artifact(&path)))
        .expect("cargo writes to its lane");
    let sync = calls.iter().position(|call| call.name == "syncfs").expect("a sync of all");
    let record = calls
        .iter()
        .position(|call| call.name.starts_with("rename") && call.arguments.contains("/record\""))
        .expect("a record");
    assert!(last_write < sync && sync < record, "{last_write} < {sync} < {record}");
}
