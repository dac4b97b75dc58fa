//! The same input gives the same bytes: a script with dependencies, a proc macro, native code and generated code is built
//! twice, under as different circumstances as there can be, and compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::fake_registry::{Crate, Registry};
use crate::support::files::copy;
use crate::support::sandbox::{Run, Sandbox, skipped};

/// Uses a derive macro, a crate that was configured by its build script, and a package in a directory that brings C and
/// generated code; and names its files in every way that ends up in a program.
const SCRIPT: &str = r#"#!/usr/bin/env runner
---
[dependencies]
serde = { version = "1", features = ["derive"] }
anyhow = "1"
part-sys.path = "part-sys"
---
mod near;

#[derive(serde::Serialize, serde::Deserialize, Debug)]
struct Point<T> { x: T }

fn main() -> anyhow::Result<()> {
    println!("{:?} {} {} {}", Point { x: part_sys::said() }, part_sys::GENERATED, file!(), near::place());
    let caught = std::panic::catch_unwind(|| part_sys::element(&[1u64], 1));
    anyhow::ensure!(caught.is_err(), "there is none");
    Ok(())
}
"#;

const PART: &str = r#"
unsafe extern "C" { fn number() -> i32; }
include!(concat!(env!("OUT_DIR"), "/generated.rs"));
pub fn said() -> i32 { unsafe { number() } }
pub fn element<T: Copy>(list: &[T], at: usize) -> T { list[at] }
"#;

const PART_BUILD: &str = r#"
use std::process::Command;
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/generated.rs"), "pub const GENERATED: &str = file!();\n").unwrap();
    let run = |program: &str, arguments: &[&str]| assert!(Command::new(program).args(arguments).status().unwrap().success());
    run("cc", &["-O2", "-c", "number.c", "-o", &format!("{out}/number.o")]);
    run("ar", &["rcD", &format!("{out}/libnumber.a"), &format!("{out}/number.o")]);
    println!("cargo:rustc-link-search=native={out}\ncargo:rustc-link-lib=static=number");
}
"#;

/// Writes the script and what it needs into a directory of the work directory.
fn write(sandbox: &Sandbox, directory: &str) -> PathBuf {
    let write = |name: &str, text: &str| sandbox.write(format!("{directory}/{name}"), text);
    write("near.rs", "pub fn place() -> u32 { std::panic::Location::caller().line() }\n");
    write("part-sys/src/lib.rs", PART);
    write("part-sys/build.rs", PART_BUILD);
    write(
        "part-sys/number.c",
        "#include <stdio.h>\nint number(void) { puts(__FILE__ \" \" __DATE__); return 7; }\n",
    );
    let manifest = "[package]\nname = \"part-sys\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    write("part-sys/Cargo.toml", manifest);
    sandbox.script(format!("{directory}/point.rs"), SCRIPT)
}

fn bytes_of(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is in one file and not in the other, for people.
#[track_caller]
fn assert_same(one: &Path, two: &Path) {
    let (a, b) = (bytes_of(one), bytes_of(two));
    if a == b {
        return;
    }
    let at = a.iter().zip(&b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
    panic!(
        "{} and {} differ from byte {at} on ({} and {} bytes)",
        one.display(),
        two.display(),
        a.len(),
        b.len()
    );
}

/// That no path of this machine is in a program.
#[track_caller]
fn assert_no_path(program: &Path, sandbox: &Sandbox) {
    let bytes = bytes_of(program);
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for path in [sandbox.root().to_owned(), cargo_home.unwrap_or(home.join(".cargo")), home.join(".rustup")] {
        let path = path.to_str().unwrap().as_bytes();
        let found = bytes.windows(path.len()).position(|window| window == path);
        let context =
            |at: usize| String::from_utf8_lossy(&bytes[at..(at + 120).min(bytes.len())]).into_owned();
        assert!(found.is_none(), "{}: {}", program.display(), context(found.unwrap()));
    }
}

/// A copy of cargo's home in another place: what it downloaded, and nothing it could share with the first.
fn other_cargo_home(sandbox: &Sandbox) -> PathBuf {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let first = std::env::var_os("CARGO_HOME").map_or(home.join(".cargo"), PathBuf::from);
    let other = sandbox.root().join("another cargo's home");
    for part in ["registry/cache", "registry/index"] {
        let to = other.join(part);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if first.join(part).is_dir() {
            assert!(Command::new("cp").arg("-r").arg(first.join(part)).arg(&to).status().unwrap().success());
        }
    }
    other
}

/// The same in another place, as another user, with another home, cache, locale, time zone and umask, on one processor.
fn elsewhere<'a>(sandbox: &'a Sandbox, arguments: &str, cargo_home: &Path) -> Run<'a> {
    let is_there = |command: &[&str]| {
        Command::new(command[0])
            .args(&command[1..])
            .arg("true")
            .output()
            .is_ok_and(|ran| ran.status.success())
    };
    let mut prefix: Vec<&str> = Vec::new();
    for command in [&["unshare", "--user", "--map-user=4321"][..], &["taskset", "-c", "0"]] {
        match is_there(command) {
            true => prefix.extend(command),
            false => skipped(&format!("`{}` cannot be used here", command.join(" "))),
        }
    }
    let home = sandbox.root().join("home of another");
    fs::create_dir_all(&home).unwrap();
    sandbox
        .sh(&format!("umask 077; exec {} runner {arguments}", prefix.join(" ")))
        .env("HOME", home)
        .env("USER", "another")
        .env("LOGNAME", "another")
        .env("RUNNER_CACHE", sandbox.root().join("another cache"))
        .env("CARGO_HOME", cargo_home)
        .env("TMPDIR", "/var/tmp")
        .env("LANG", "C")
        .env("LC_ALL", "POSIX")
        .env("TZ", "Pacific/Kiritimati")
}

#[test]
fn the_same_script_with_dependencies_gives_the_same_bytes_under_different_everything() {
    let sandbox = Sandbox::new();
    write(&sandbox, "one");
    let other = "quite/elsewhere/and deeper";
    write(&sandbox, other);
    let cargo_home = other_cargo_home(&sandbox);
    for options in ["", "--debug", "--profile quick"] {
        // What runs have left behind is what a build then takes.
        if options != "--debug" {
            sandbox.sh(&format!("exec runner {options} one/point.rs")).run();
        }
        sandbox.sh(&format!("exec runner build {options} one/point.rs -o here/")).run().prints("");
        elsewhere(&sandbox, &format!("build {options} point.rs -o ../../../there/"), &cargo_home)
            .within(sandbox.path(other))
            .run()
            .prints("");
        let (here, there) = (sandbox.path("here/point"), sandbox.path("there/point"));
        assert_same(&here, &there);
        assert_no_path(&here, &sandbox);
    }
    fs::remove_dir_all(sandbox.path("one")).unwrap();
    let ran = sandbox.sh("exec here/point").run();
    let said = "Point { x: 7 } /cargo/build-dir/part-sys-0.1.0/out/generated.rs point.rs 1\n\
                number.c Jan  1 1980\n";
    assert!(ran.code == 0 && ran.stdout == said, "{} {}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("panicked at part-sys-0.1.0/src/lib.rs:5:"), "{}", ran.stderr);
}

#[test]
fn a_patched_crate_and_what_depends_on_it() {
    let (sandbox, registry) = Registry::new();
    let text = "pub fn place() -> String { format!(\"registry {}\", file!()) }\n";
    registry.publish(&Crate { files: &[("src/lib.rs", text)], ..Crate::program("leaf", "1.0.0") });
    // In the registry itself, and depends on what is patched.
    registry.publish(&Crate {
        files: &[("src/lib.rs", "pub fn place() -> String { format!(\"{} {}\", file!(), leaf::place()) }\n")],
        dependencies: &[("leaf", "^1")],
        manifest: "[dependencies]\nleaf = \"1\"\n",
        ..Crate::program("middle", "1.0.0")
    });
    let script = "---\ndependencies.middle = \"1\"\ndependencies.near.path = \"near\"\n\
                  patch.crates-io.leaf.path = \"../patches/leaf\"\n---\n\
                  fn main() { println!(\"{}\\n{}\", middle::place(), near::place()) }\n";
    let mut built = Vec::new();
    for place in ["one", "quite/elsewhere"] {
        let write = |name: &str, text: &str| sandbox.write(format!("{place}/{name}"), text);
        let package = |name: &str, more: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{more}")
        };
        write("src/s.rs", script);
        write("patches/leaf/Cargo.toml", &package("leaf", ""));
        write("patches/leaf/src/lib.rs", "pub fn place() -> String { format!(\"patch {}\", file!()) }\n");
        write("src/near/Cargo.toml", &package("near", "[dependencies]\nleaf = \"1\"\n"));
        write("src/near/src/lib.rs", "pub fn place() -> String { leaf::place() }\n");
        let (script, output) = (format!("{place}/src/s.rs"), format!("{place}/out"));
        sandbox
            .runner(["build", &script, "-o", &output])
            .env("RUNNER_CACHE", sandbox.path(format!("{place}/cache")))
            .run()
            .prints("");
        built.push(sandbox.path(output));
    }
    assert_same(&built[0], &built[1]);
    assert_no_path(&built[0], &sandbox);
    let said = "middle-1.0.0/src/lib.rs patch leaf-1.0.0/src/lib.rs\npatch leaf-1.0.0/src/lib.rs\n";
    sandbox.command(&built[0]).run().prints(said);
}

#[test]
fn scripts_in_c_and_go_too_and_their_programs_have_a_record() {
    let sandbox = Sandbox::new();
    let c = "#include <stdio.h>\nint main(void) { puts(__FILE__); return 0; }\n";
    let cc = "#include <iostream>\nint main() { std::cout << __FILE__ << '\\n'; }\n";
    let go = "package main\n\nimport (\"fmt\"; \"path\"; \"runtime\")\n\nfunc main() {\n\t_, file, _, _ := \
              runtime.Caller(0)\n\tfmt.Println(path.Base(file))\n}\n";
    for (compiler, version, language, name, text) in [
        ("gcc", "--version", "c", "x.c", c),
        ("g++", "--version", "c++", "x.cc", cc),
        ("go", "version", "go", "x.go", go),
    ] {
        if !Command::new(compiler).arg(version).output().is_ok_and(|ran| ran.status.success()) {
            skipped(&format!("no `{compiler}`"));
            continue;
        }
        for options in ["", "--debug", "--strip"] {
            let mut built = Vec::new();
            for place in ["one", "quite/elsewhere"] {
                sandbox.write(format!("{place}/{name}"), text);
                let output = format!("{place}/out");
                sandbox
                    .sh(&format!("exec runner build {options} {place}/{name} -o {output}"))
                    .env("RUNNER_CACHE", sandbox.path(format!("{place}/cache")))
                    .run()
                    .prints("");
                built.push(sandbox.path(output));
            }
            assert_same(&built[0], &built[1]);
            assert_no_path(&built[0], &sandbox);
            sandbox.command(&built[0]).run().prints(&format!("{name}\n"));
            let record = |program: &Path| {
                let ran = sandbox.runner(["inspect".as_ref(), program.as_os_str()]).run();
                assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{language}");
                ran.stdout.split_once('\n').unwrap().1.to_owned()
            };
            let said = record(&built[0]);
            assert!(said.contains(&format!("\tlanguage\t{language}\n")), "{said}");
            copy(&built[0], sandbox.path("stripped"));
            sandbox.sh("exec strip -s stripped").run().prints("");
            assert_eq!(record(&sandbox.path("stripped")), said);
            let verified = sandbox.runner(["verify".as_ref(), built[0].as_os_str()]).run();
            assert!(verified.code == 0 && verified.stdout.contains("identical"), "{}", verified.stderr);
        }
    }
}
