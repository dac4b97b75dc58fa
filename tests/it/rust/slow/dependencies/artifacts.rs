//! What cargo built for scripts, and where it lies: a cache that is restored or moved, and directories of cargo's own.

use std::fs;

use crate::support::fake_registry::{Crate, Registry};
use crate::support::files::program;
use crate::support::path_dependency::{MAIN, package, said, script};
use crate::support::sandbox::Sandbox;
use crate::support::watched::{calls, real, real_with_cargo_home};

const CODE: &str = "fn main() { println!(\"{}\", one::said()) }\n";

/// Has each call of the compiler for a crate written down.
fn logged(sandbox: Sandbox) -> Sandbox {
    let wrapper = sandbox.root().join("bin/log-calls");
    let text = format!(
        "#!/bin/sh\nlast=\nfor word; do\n  [ \"$last\" != --crate-name ] || echo \"rustc $word\" >>'{}'\n  last=$word\n\
         done\nexec \"$@\"\n",
        sandbox.root().join("log").display()
    );
    program(&wrapper, &text);
    sandbox.with("RUSTC_WRAPPER", wrapper)
}

#[test]
fn what_was_built_for_others_is_taken_from_a_cache_that_was_restored() {
    let (sandbox, registry) = Registry::with_libraries(&["one", "two"]);
    // With a build script, of which there is more to know.
    let files = &[
        ("src/lib.rs", "pub fn said() -> &'static str { env!(\"SAID\") }\n"),
        ("build.rs", "fn main() { println!(\"cargo:rustc-env=SAID=built\") }\n"),
    ];
    registry.publish(&Crate { files, ..Crate::program("built", "1.0.0") });
    let sandbox = logged(sandbox);
    let manifest = "dependencies.one = \"1\"\ndependencies.built = \"1\"";
    script(&sandbox, "s.rs", manifest, CODE);
    sandbox.runner(["s.rs"]).run().prints("one 1.0.0\n");
    for how in [
        "tar cf c.tar -C ~/.cache runner && rm -r ~/.cache/runner && tar xf c.tar -C ~/.cache",
        "cp -a ~/.cache/runner ~/.cache/c && rm -r ~/.cache/runner && mv ~/.cache/c ~/.cache/runner",
    ] {
        calls(&sandbox);
        let ran = sandbox.sh(how).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        sandbox.runner(["s.rs"]).run().prints("one 1.0.0\n");
        // The same manifest, and another that shares a part of it.
        script(&sandbox, "t.rs", manifest, &format!("{CODE}// {}", how.len()));
        sandbox.runner(["t.rs"]).run().prints("one 1.0.0\n");
        let more = format!("{manifest}\ndependencies.two = \"1\"\nfeatures.f{} = []", how.len());
        script(&sandbox, "u.rs", &more, CODE);
        sandbox.runner(["u.rs"]).run().prints("one 1.0.0\n");
        let calls = calls(&sandbox);
        assert!(!calls.contains(&"rustc one".to_owned()), "{how}: {calls:?}");
        assert!(!calls.contains(&"rustc build_script_build".to_owned()), "{how}: {calls:?}");
        assert!(!calls.contains(&"rustc built".to_owned()), "{how}: {calls:?}");
    }
}

#[test]
fn a_cache_that_was_moved_links_what_is_in_it_and_not_what_is_where_it_was() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    let run = |cache: &str, expected: &str, comment: &str| {
        script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", &format!("{MAIN}// {comment}\n"));
        let ran = sandbox.runner(["s.rs"]).env("RUNNER_CACHE", sandbox.path(cache)).run();
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, expected, ""),
            "{cache} {comment}"
        );
    };
    run("c", "one\n", "1");
    fs::rename(sandbox.path("c"), sandbox.path("moved")).unwrap();
    run("moved", "one\n", "2");
    // Something else is built where it was.
    fs::write(sandbox.path("a/src/lib.rs"), said("two")).unwrap();
    run("c", "two\n", "3");
    fs::write(sandbox.path("a/src/lib.rs"), said("one")).unwrap();
    run("moved", "one\n", "4");
    fs::remove_dir_all(sandbox.path("c")).unwrap();
    run("moved", "one\n", "5");
}

#[test]
fn artifacts_lie_in_the_cache_whatever_cargos_configuration_says() {
    let sandbox = real_with_cargo_home();
    package(&sandbox, "a", "", &said("one"));
    let elsewhere = sandbox.path("elsewhere");
    let config =
        format!("[build]\nbuild-dir = \"{0}/build\"\ntarget-dir = \"{0}/target\"\n", elsewhere.display());
    fs::write(sandbox.root().join("cargo/config.toml"), config).unwrap();
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    sandbox.runner(["s.rs"]).run().prints("one\n");
    assert!(!elsewhere.exists(), "{:?}", fs::read_dir(&elsewhere).unwrap().flatten().collect::<Vec<_>>());
}

#[test]
fn force_builds_again_whatever_became_of_what_was_built_for_dependencies() {
    let (sandbox, _registry) = Registry::with_libraries(&["one"]);
    let sandbox = logged(sandbox);
    script(&sandbox, "s.rs", "dependencies.one = \"1\"", CODE);
    sandbox.runner(["s.rs"]).run().prints("one 1.0.0\n");
    let remove = |part: &str| {
        let ran = sandbox.sh(&format!("rm -rf ~/.cache/runner/v1/deps/*/{part}")).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    for part in
        ["lane-*", "lane-*/release/deps/*.rlib", "environments/*/Cargo.*", "environments/*/record", "locks"]
    {
        remove(part);
        sandbox.runner(["--force", "s.rs"]).run().prints("one 1.0.0\n");
    }
}

#[test]
fn a_dependency_that_is_a_shared_library_is_found_at_run_time() {
    let sandbox = real();
    package(&sandbox, "a", "[lib]\ncrate-type = [\"dylib\"]\n", &said("one"));
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    sandbox.runner(["s.rs"]).run().prints("one\n");
    sandbox.runner(["s.rs"]).run().prints("one\n");
    assert_eq!(sandbox.runner(["build", "s.rs", "-o", "out"]).run().code, 0);
    sandbox.command(sandbox.path("out")).run().prints("one\n");
}

#[test]
fn a_cache_may_be_named_with_parent_directories() {
    let sandbox = real();
    package(&sandbox, "a", "", &said("one"));
    sandbox.write("a/build.rs", "fn main() {}\n");
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    fs::create_dir_all(sandbox.path("deep/er")).unwrap();
    for cache in ["../c".to_owned(), format!("{}/deep/er/../../d", sandbox.work().display())] {
        let run = || sandbox.runner(["s.rs"]).env("RUNNER_CACHE", &cache).run();
        run().prints("one\n");
        run().prints("one\n");
    }
    let home = format!("{}/deep/../home", sandbox.work().display());
    fs::create_dir(sandbox.path("home")).unwrap();
    sandbox.runner(["s.rs"]).env("HOME", home).run().prints("one\n");
}
