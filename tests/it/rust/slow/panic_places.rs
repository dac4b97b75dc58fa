//! Panics of the standard library name its source by what that is called everywhere, though it be installed here.

use std::path::PathBuf;

use crate::support::sandbox::{Sandbox, skipped};

/// Whether a toolchain is here with the source of its library; says aloud if not.
fn has_source() -> bool {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let rustup = std::env::var_os("RUSTUP_HOME").map_or(home.join(".rustup"), PathBuf::from);
    let toolchains = std::fs::read_dir(rustup.join("toolchains")).into_iter().flatten().flatten();
    let is_there =
        toolchains.map(|one| one.path().join("lib/rustlib/src/rust/library")).any(|path| path.is_dir());
    if !is_there {
        skipped("no source of the standard library (`rust-src`)");
    }
    is_there
}

/// Generic code of the library, which is compiled with whoever calls it.
const PANICS: &str = "std::collections::BTreeMap::from([(1u8, 1u8)]).range(5..2).count()";

#[test]
fn a_panic_of_the_standard_library_names_no_place_of_this_machine() {
    if !has_source() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.script("own.rs", format!("fn main() {{ {PANICS}; }}\n"));
    sandbox
        .script("part.rs", "---\n[dependencies]\npart.path = \"part\"\n---\nfn main() { part::count(); }\n");
    sandbox.write("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("part/src/lib.rs", format!("pub fn count() -> usize {{ {PANICS} }}\n"));
    for script in ["own.rs", "part.rs"] {
        for profile in ["release", "dev"] {
            let ran = sandbox.runner(["--profile", profile, script]).env("RUST_BACKTRACE", "0").run();
            assert_eq!(ran.code, 101, "{script} {profile} {}", ran.stderr);
            assert!(ran.stderr.contains(" panicked at /rustc/"), "{script} {profile} {}", ran.stderr);
            assert!(ran.stderr.contains("/library/alloc/src/"), "{script} {profile} {}", ran.stderr);
        }
    }
}

#[test]
fn what_the_compiler_says_still_names_the_source_that_is_here() {
    if !has_source() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.script("t/x.rs", "mod m;\nfn main() { m::f(); std::thread::spawn(std::rc::Rc::new(1)); }\n");
    sandbox.write("t/m.rs", "pub fn f() { let unused = 1; }\n");
    let ran = sandbox.runner(["t/x.rs"]).run();
    assert_eq!(ran.code, 125, "{}", ran.stderr);
    for part in ["--> t/x.rs:2:", "--> t/m.rs:1:18\n", "lib/rustlib/src/rust/library/std/src/thread/"] {
        assert!(ran.stderr.contains(part), "{part}\n{}", ran.stderr);
    }
}
