//! Never stale: the toolchain, as rustup, options, variables and PATH name it.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::SystemTime;

use crate::support::files::{overwrite_keeping_time, program, replace, set_modified};
use crate::support::rustup::{rustup, set_default, toolchain, with_host};
use crate::support::sandbox::Sandbox;
use crate::support::watched::{LONG_AGO, changed, compiler, run, touched, unchanged};

#[test]
fn the_default_toolchain() {
    let sandbox = rustup(&["stable-x86_64-unknown-linux-gnu", "nightly"]);
    sandbox.write("s.rs", "print end\n");
    set_default(&sandbox, "stable-x86_64-unknown-linux-gnu");
    changed(run(&sandbox), "stable-x86_64-unknown-linux-gnu\nend\n");
    let settings = sandbox.root().join("rustup/settings.toml");
    touched(&settings, || unchanged(run(&sandbox), "stable-x86_64-unknown-linux-gnu\nend\n"));
    set_default(&sandbox, "nightly");
    changed(run(&sandbox), "nightly\nend\n");
    set_default(&sandbox, "stable-x86_64-unknown-linux-gnu");
    unchanged(run(&sandbox), "stable-x86_64-unknown-linux-gnu\nend\n");
}

#[test]
fn a_toolchain_updated_in_place() {
    let sandbox = rustup(&["stable"]);
    sandbox.write("s.rs", "print end\n");
    set_default(&sandbox, "stable");
    changed(run(&sandbox), "stable\nend\n");
    let rustc = sandbox.root().join("rustup/toolchains/stable/bin/rustc");
    touched(&rustc, || unchanged(run(&sandbox), "stable\nend\n"));
    toolchain(&sandbox, "stable", "STABLE");
    set_modified(&rustc, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "STABLE\nend\n");
    // Its library is replaced, and `bin/rustc`, which only calls it, is not.
    sandbox.write("../rustup/toolchains/stable/lib/rustlib/components", "");
    let library = sandbox.write("../rustup/toolchains/stable/lib/librustc_driver-1.so", "one");
    replace(&rustc, fs::read(&rustc).unwrap());
    program(&rustc, &compiler("again"));
    changed(run(&sandbox), "again\nend\n");
    touched(&library, || unchanged(run(&sandbox), "again\nend\n"));
    overwrite_keeping_time(&library, "two");
    changed(run(&sandbox), "again\nend\n");
}

#[test]
fn the_toolchain_that_options_and_variables_name() {
    let sandbox = rustup(&["stable", "nightly", "1.90.0"]);
    sandbox.write("s.rs", "print end\n");
    set_default(&sandbox, "stable");
    changed(run(&sandbox), "stable\nend\n");
    changed(sandbox.runner(["--toolchain", "nightly", "s.rs"]), "nightly\nend\n");
    unchanged(sandbox.runner(["+nightly", "s.rs"]), "nightly\nend\n");
    changed(run(&sandbox).env("RUSTUP_TOOLCHAIN", "1.90.0"), "1.90.0\nend\n");
    // Built already, for somebody who asked for it in other words.
    let both = run(&sandbox).env("RUNNER_TOOLCHAIN", "nightly").env("RUSTUP_TOOLCHAIN", "1.90.0");
    unchanged(both, "nightly\nend\n");
    let rustc = sandbox.root().join("other/rustc");
    program(&rustc, &compiler("other"));
    changed(run(&sandbox).env("RUSTC", &rustc), "other\nend\n");
    program(&rustc, &compiler("OTHER"));
    changed(run(&sandbox).env("RUSTC", &rustc), "OTHER\nend\n");
    unchanged(run(&sandbox), "stable\nend\n");
    sandbox.write("s.rs", "---\npackage.metadata.runner.toolchain = \"nightly\"\n---\nprint end\n");
    changed(run(&sandbox), "nightly\nend\n");
    toolchain(&sandbox, "nightly", "NIGHTLY");
    changed(run(&sandbox), "NIGHTLY\nend\n");
}

#[test]
fn a_compiler_found_on_path_by_another_name() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    program(&sandbox.root().join("fake/rustc-web"), &compiler("web"));
    let run = || run(&sandbox).env("RUSTC", "rustc-web");
    changed(run(), "web\nend\n");
    program(&sandbox.root().join("bin/rustc-web"), &compiler("earlier"));
    changed(run(), "earlier\nend\n");
    fs::remove_file(sandbox.root().join("bin/rustc-web")).unwrap();
    unchanged(run(), "web\nend\n");
    // One that would be another from elsewhere is none.
    run().env("RUSTC", "../fake/rustc-web").run().fails(
        125,
        "runner: s.rs: `RUSTC` names `../fake/rustc-web`, which must be a name or an absolute path\n  \
         hint: unset `RUSTC` to use the default toolchain",
    );
}

#[test]
fn a_toolchain_that_appears_and_would_now_be_chosen() {
    let nightly = with_host("nightly");
    let sandbox = rustup(&[&nightly]);
    sandbox.write("s.rs", "print end\n");
    let run = || sandbox.runner(["--toolchain", "nightly", "s.rs"]);
    changed(run(), &format!("{nightly}\nend\n"));
    toolchain(&sandbox, "nightly", "linked");
    changed(run(), "linked\nend\n");
    fs::remove_dir_all(sandbox.root().join("rustup/toolchains/nightly")).unwrap();
    unchanged(run(), &format!("{nightly}\nend\n"));
}

#[test]
fn a_rustup_that_appears_and_would_now_be_asked() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    fs::create_dir_all(sandbox.home().join(".rustup")).unwrap();
    unchanged(run(&sandbox), "end\n");
    program(&sandbox.home().join(".rustup/toolchains/stable/bin/rustc"), &compiler("stable"));
    fs::write(sandbox.home().join(".rustup/settings.toml"), "default_toolchain = \"stable\"\n").unwrap();
    changed(run(&sandbox), "stable\nend\n");
    fs::remove_dir_all(sandbox.home().join(".rustup")).unwrap();
    unchanged(run(&sandbox), "end\n");
}

#[test]
fn rustc_on_path() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "print end\n");
    changed(run(&sandbox), "end\n");
    // Another in its place.
    program(&sandbox.root().join("fake/rustc"), &compiler("second"));
    changed(run(&sandbox), "second\nend\n");
    touched(&sandbox.root().join("fake/rustc"), || unchanged(run(&sandbox), "second\nend\n"));
    // One in a directory that comes before.
    program(&sandbox.root().join("bin/rustc"), &compiler("third"));
    changed(run(&sandbox), "third\nend\n");
    fs::remove_file(sandbox.root().join("bin/rustc")).unwrap();
    unchanged(run(&sandbox), "second\nend\n");
    // Another order.
    program(&sandbox.root().join("fourth/rustc"), &compiler("fourth"));
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        sandbox.root().join("fourth").display(),
        sandbox.root().join("fake").display()
    );
    changed(run(&sandbox).env("PATH", &path), "fourth\nend\n");
    // A link that is moved from one to the other.
    let link = sandbox.root().join("bin/rustc");
    symlink("../fake/rustc", &link).unwrap();
    run(&sandbox).run().prints("second\nend\n");
    fs::remove_file(&link).unwrap();
    symlink("../fourth/rustc", &link).unwrap();
    run(&sandbox).run().prints("fourth\nend\n");
    unchanged(run(&sandbox), "fourth\nend\n");
}

#[test]
fn a_proxy_of_rustup_that_is_replaced_by_a_compiler() {
    let sandbox = rustup(&["stable"]);
    set_default(&sandbox, "stable");
    sandbox.write("s.rs", "print end\n");
    let proxy = sandbox.root().join("proxies/rustc");
    program(&sandbox.root().join("proxies/rustup"), "#!/bin/sh\nexit 1\n");
    fs::hard_link(sandbox.root().join("proxies/rustup"), &proxy).unwrap();
    changed(run(&sandbox).env("RUSTC", &proxy), "stable\nend\n");
    fs::remove_file(&proxy).unwrap();
    program(&proxy, &compiler("own"));
    changed(run(&sandbox).env("RUSTC", &proxy), "own\nend\n");
}

#[test]
fn a_cached_script_outlives_its_toolchain() {
    let sandbox = rustup(&["stable"]);
    set_default(&sandbox, "stable");
    sandbox.write("s.rs", "include t\n");
    sandbox.write("t", "print one\n");
    changed(run(&sandbox), "stable\none\n");
    fs::remove_dir_all(sandbox.root().join("rustup/toolchains")).unwrap();
    unchanged(run(&sandbox), "stable\none\n");
    fs::remove_dir_all(sandbox.root().join("rustup")).unwrap();
    unchanged(run(&sandbox), "stable\none\n");
    // But not its own sources.
    sandbox.write("t", "print two\n");
    let stale = run(&sandbox).run();
    assert_eq!((stale.code, stale.stdout.as_str()), (127, ""), "{}", stale.stderr);
    toolchain(&sandbox, "stable", "new");
    set_default(&sandbox, "stable");
    changed(run(&sandbox), "new\ntwo\n");
}
