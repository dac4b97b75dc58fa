//! Homes (`HOME`, `CARGO_HOME`, `RUSTUP_HOME`) that are another's, closed to us, or not there.

use crate::support::machine::mortal;
use crate::support::sandbox::Sandbox;

/// A script that was built, in a cache that does not follow `HOME`.
fn built() -> Sandbox {
    let sandbox = Sandbox::fake();
    let cache = sandbox.root().join("cache");
    let sandbox = sandbox.with("RUNNER_CACHE", cache);
    sandbox.script("s.rs", "#!/usr/bin/env runner\nprint hi\n");
    sandbox.runner(["s.rs"]).run().prints("hi\n");
    assert_eq!(sandbox.compiles(), 1);
    sandbox
}

#[test]
fn a_cached_script_needs_no_compiler_where_homes_are_others_than_it_was_built_with() {
    let sandbox = built();
    let other = sandbox.root().join("other");
    for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME", "XDG_CONFIG_HOME", "RUSTUP_TOOLCHAIN"] {
        let value = if name == "RUSTUP_TOOLCHAIN" { "nightly".into() } else { other.clone() };
        sandbox.runner(["s.rs"]).env(name, value).env("PATH", "/usr/bin:/bin").run().prints("hi\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn what_a_script_reads_of_a_home_counts_without_a_compiler_too() {
    let sandbox = Sandbox::fake();
    let cache = sandbox.root().join("cache");
    let sandbox = sandbox.with("RUNNER_CACHE", cache);
    sandbox.script("s.rs", "#!/usr/bin/env runner\nenv HOME\n");
    assert_eq!(sandbox.runner(["s.rs"]).run().code, 0);
    let ran = sandbox.runner(["s.rs"]).env("HOME", "/other").env("PATH", "/usr/bin:/bin").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (127, ""), "{}", ran.stderr);
}

#[test]
fn a_home_that_is_closed_to_us_is_as_one_that_is_empty() {
    let sandbox = built();
    let cached = "mkdir -p closed/.cargo closed/.rustup closed/.config/runner && \
                  echo '[net]' >closed/.cargo/config.toml && chmod 0 closed && \
                  HOME=$PWD/closed RUNNER_CACHE=$PWD/../fresh ../bin/runner s.rs && \
                  HOME=$PWD/closed RUNNER_CACHE=$PWD/../fresh ../bin/runner s.rs";
    let Some(run) = mortal(&sandbox, cached) else { return };
    run.run().prints("hi\nhi\n");
    // Built from nothing, and found.
    assert_eq!(sandbox.compiles(), 2);
    // Directories below it, one by one.
    for directory in [".cargo", ".rustup", ".config"] {
        let text = format!(
            "chmod 700 closed && chmod 0 closed/{directory} && export HOME=$PWD/closed RUNNER_CACHE=$PWD/../{directory} && \
             ../bin/runner s.rs; code=$?; chmod 700 closed/{directory}; exit $code"
        );
        let Some(run) = mortal(&sandbox, &text) else { return };
        run.run().prints("hi\n");
    }
}
