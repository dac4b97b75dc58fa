//! Dependencies where cargo has no home: there is none, or nothing can be written to it.

use std::fs;

use crate::support::path_dependency::{MAIN, package, said, script};
use crate::support::sandbox::Sandbox;
use crate::support::watched::real;

fn with_own_cache() -> Sandbox {
    let sandbox = real();
    let cache = sandbox.root().join("cache");
    package(&sandbox, "a", "", &said("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    sandbox.with("RUNNER_CACHE", cache).with("CARGO_HOME", "")
}

#[test]
fn dependencies_are_built_without_a_home_that_can_be_written_to() {
    let sandbox = with_own_cache();
    // A file has no files in it, and nobody makes directories there.
    let file = sandbox.write("file", "");
    for (number, home) in [file.to_str().unwrap(), "/proc/nobody", "/dev/null"].iter().enumerate() {
        script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", &format!("{MAIN}// {number}\n"));
        for command in [
            &["s.rs"][..],
            &["s.rs"],
            &["check", "s.rs"],
            &["build", "s.rs", "-o", "out"],
            &["--temp", "s.rs"],
        ] {
            let ran = sandbox.runner(command).env("HOME", home).run();
            assert_eq!(
                (ran.code, ran.stdout.replace("one\n", "").lines().count()),
                (0, 0),
                "{home} {command:?}: {}",
                ran.stderr
            );
        }
        for command in ["update", "tree", "outdated"] {
            let ran = sandbox.runner([command, "s.rs"]).env("HOME", home).run();
            assert_eq!(ran.code, 0, "{home} {command}: {}", ran.stderr);
        }
        let ran = sandbox.runner(["s.rs"]).env("HOME", "/other").env("CARGO_HOME", format!("{home}/x")).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "one\n"), "{home}: {}", ran.stderr);
    }
    assert!(fs::read(&file).unwrap().is_empty());
}
