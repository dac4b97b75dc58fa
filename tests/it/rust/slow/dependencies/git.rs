//! Dependencies in git, whose version stays when their revision changes.

use crate::support::machine::has;
use crate::support::path_dependency::{MAIN, package, said, script};
use crate::support::sandbox::Sandbox;
use crate::support::watched::real;

fn commit(sandbox: &Sandbox, word: &str) {
    package(sandbox, "a", "", &said(word));
    let text = "cd a && { [ -d .git ] || git init -q -b main; } && git add . && \
                git -c user.name=a -c user.email=a@b commit -qm x";
    let ran = sandbox.sh(text).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn an_update_takes_another_revision_of_a_version_that_stays() {
    if !has("git") {
        return;
    }
    let sandbox = real();
    let sandbox = sandbox.with("CARGO_HOME", "");
    commit(&sandbox, "one");
    let manifest = format!("dependencies.a.git = \"file://{}\"", sandbox.path("a").display());
    script(&sandbox, "s.rs", &manifest, MAIN);
    sandbox.runner(["s.rs"]).run().prints("one\n");
    commit(&sandbox, "two");
    // Until it is asked for, everything stays: a run, one that is forced, and what is handed on.
    sandbox.runner(["s.rs"]).run().prints("one\n");
    sandbox.runner(["--force", "s.rs"]).run().prints("one\n");
    let ran = sandbox.runner(["update", "s.rs"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let revision = |text: &str| text.split(['(', ')']).nth(1).unwrap_or_default().len();
    let (old, new) = ran.stdout.split_once(" -> ").unwrap_or_else(|| panic!("{:?}", ran.stdout));
    assert!(old.starts_with("a 0.1.0 ("), "{}", ran.stdout);
    assert_eq!((revision(old), revision(new)), (8, 8), "{}", ran.stdout);
    sandbox.runner(["s.rs"]).run().prints("two\n");
    sandbox.runner(["--force", "s.rs"]).run().prints("two\n");
    sandbox.runner(["update", "s.rs"]).run().prints("s.rs: up to date\n");
}
