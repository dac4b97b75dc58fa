//! `runner inspect`: what a program says of where it came from.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::fake_registry::{Crate, Registry};
use crate::support::files::write_program;
use crate::support::machine::has;
use crate::support::sandbox::{Sandbox, skipped};

const PLAIN: &str = "#!/usr/bin/env runner\nfn main() { println!(\"plain\") }\n";

fn with_plain() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("x.rs", PLAIN);
    sandbox
}

/// A script with a package beside it.
fn with_package() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("y.rs", "---\ndependencies.part.path = \"part\"\n---\nfn main() { part::say() }\n");
    sandbox.write("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.3.1\"\nedition = \"2024\"\n");
    sandbox.write("part/src/lib.rs", "pub fn say() { println!(\"part\") }\n");
    sandbox
}

fn inspected(sandbox: &Sandbox, program: &str) -> Value {
    let ran = sandbox.runner(["inspect", "--json", program]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{program}");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn has_target(target: &str) -> bool {
    let libraries =
        Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output().unwrap();
    let has_it = Path::new(String::from_utf8(libraries.stdout).unwrap().trim()).is_dir();
    if !has_it {
        skipped(&format!("no standard library for {target}"));
    }
    has_it
}

#[test]
fn a_program_says_what_it_was_made_of() {
    let sandbox = with_package();
    sandbox.runner(["build", "y.rs", "--edition", "2021", "--profile", "quick"]).run().prints("");
    let record = inspected(&sandbox, "y");
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    assert_eq!(record["script"], "y.rs");
    let b3 = record["script_b3"].as_str().unwrap();
    assert!(b3.len() == 64 && b3.bytes().all(|byte| byte.is_ascii_hexdigit()), "{b3}");
    assert!(text("toolchain").starts_with("rustc 1."), "{record}");
    assert_eq!((text("language"), text("profile")), ("rust".to_owned(), "quick".to_owned()));
    assert!(text("target").contains('-'), "{record}");
    assert_eq!(record["options"], serde_json::json!(["--edition=2021"]));
    assert!(record["flags"].as_array().unwrap().iter().any(|flag| flag == "-Cembed-bitcode=no"), "{record}");
    let part = serde_json::json!([{"name": "part", "version": "0.3.1", "source": "path", "checksum": null}]);
    assert_eq!(record["dependencies"], part);
    assert_eq!(text("lock").len(), 64);
    assert_eq!(record["revision"], Value::Null);
    assert_eq!(record["path"], sandbox.path("y").to_str().unwrap());
    // And the program itself is none the worse for it.
    sandbox.sh("./y").run().prints("part\n");
}

#[test]
fn the_checksum_of_a_package_from_a_registry_is_that_of_its_lock() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "z.rs",
        "---\ndependencies.cfg-if = \"1\"\n---\nfn main() { cfg_if::cfg_if! { if #[cfg(unix)] {} } }\n",
    );
    sandbox.runner(["update", "z.rs", "--lock"]).run();
    sandbox.runner(["build", "z.rs"]).run().prints("");
    let one = inspected(&sandbox, "z")["dependencies"][0].clone();
    assert_eq!((&one["name"], &one["source"]), (&"cfg-if".into(), &"crates.io".into()));
    let lock = fs::read_to_string(sandbox.path("z.rs.lock")).unwrap();
    assert!(
        lock.contains(one["checksum"].as_str().unwrap()) && lock.contains(one["version"].as_str().unwrap())
    );
}

#[test]
fn the_record_is_in_programs_of_every_kind_and_survives_strip() {
    let sandbox = with_package();
    sandbox.script("x.rs", PLAIN);
    let mut kinds = vec!["", "--debug", "--profile quick", "--static", "--strip"];
    if has_target("x86_64-unknown-linux-musl") {
        kinds.push("--target x86_64-unknown-linux-musl");
    }
    if has_target("aarch64-unknown-linux-gnu") && has("aarch64-linux-gnu-gcc") {
        kinds.push("--target aarch64-unknown-linux-gnu");
    }
    let strips = ["strip -s", "strip -g", "llvm-strip --strip-all", "objcopy -S"];
    let strips: Vec<&str> =
        strips.into_iter().filter(|strip| has(strip.split(' ').next().unwrap())).collect();
    for (script, kind) in kinds.iter().flat_map(|kind| [("x", kind), ("y", kind)]) {
        sandbox.sh(&format!("exec runner build {kind} {script}.rs -o out/")).run().prints("");
        let program = format!("out/{script}");
        let record = inspected(&sandbox, &program);
        assert_eq!(record["script"], format!("{script}.rs"), "{kind}");
        for strip in &strips {
            if kind.contains("aarch64") && !strip.starts_with("llvm") {
                continue;
            }
            sandbox.sh(&format!("cp {program} stripped && {strip} stripped")).run().prints("");
            let mut stripped = inspected(&sandbox, "stripped");
            stripped["path"] = record["path"].clone();
            assert_eq!(stripped, record, "{kind} {strip}");
        }
    }
}

#[test]
fn what_has_no_record_is_said_to_have_none() {
    let sandbox = with_plain();
    sandbox.write("empty", "");
    sandbox.write("text", "hello\n");
    fs::create_dir(sandbox.path("directory")).unwrap();
    let hint = "\n  hint: programs that `runner build` writes and `runner promote` installs have one\n";
    let no_program = format!("it is not a program in which there could be a build record{hint}");
    let script = format!("it is a script, and only programs have a build record{hint}");
    // Longer than memory, and not read.
    let huge = fs::File::create(sandbox.path("huge")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let none = format!("there is no build record in it{hint}");
    let names = "\n  hint: give the path of a program, or a name that `runner list` tells\n";
    sandbox.sh("mkfifo fifo; runner --release x.rs").run().prints("plain\n");
    let cached = sandbox.sh("runner build --print-path x.rs").run().stdout;
    for (file, code, expected) in [
        ("/bin/ls", 125, none.as_str()),
        (cached.trim_end(), 125, &none),
        ("x.rs", 125, &script),
        ("text", 125, &no_program),
        ("empty", 125, &no_program),
        ("huge", 125, &no_program),
        ("directory", 125, "it is not a file\n"),
        ("fifo", 125, "it is not a file\n"),
        ("/dev/zero", 125, "it is not a file\n"),
        ("nothing", 127, &format!("no such file, and nothing was promoted under that name{names}")),
        ("./nothing", 127, &format!("no such file{names}")),
    ] {
        for json in [&[][..], &["--json"]] {
            let arguments = [&["inspect", file][..], json].concat();
            sandbox.runner(arguments).run().ends(code, "", &format!("runner: {file}: {expected}"));
        }
    }
    let ran = sandbox.runner(["inspect"]).run();
    ran.fails(125, "`inspect` needs a program\n  hint: `runner inspect FILE`");
}

#[test]
fn a_program_that_is_cut_or_damaged_is_an_error_and_never_worse() {
    let sandbox = with_plain();
    sandbox.runner(["build", "--strip", "x.rs"]).run().prints("");
    let whole = fs::read(sandbox.path("x")).unwrap();
    let record = inspected(&sandbox, "x");
    let start = whole.windows(15).position(|window| window == b"runner-record 1").unwrap();
    let cuts = [1, 4, 5, 16, 51, 52, 63, 64, 65, 200, start, start + 100, whole.len() / 2];
    let damaged =
        cuts.iter().map(|cut| whole[..*cut].to_vec()).chain((start..start + 200).step_by(13).map(|at| {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            flipped
        }));
    for bytes in damaged {
        fs::write(sandbox.path("damaged"), &bytes).unwrap();
        let ran = sandbox.runner(["inspect", "damaged"]).run();
        // A cut after it leaves it where it was.
        match ran.code {
            0 => assert_eq!(inspected(&sandbox, "damaged")["script"], record["script"]),
            code => assert!(code == 125 && ran.stdout.is_empty(), "{code} {}", ran.stderr),
        }
    }
}

#[test]
fn a_record_tells_no_place_and_no_secret_of_whoever_built_it() {
    let sandbox = with_package();
    let home = sandbox.home();
    fs::create_dir_all(home.join("libraries")).unwrap();
    let flags = format!(
        "--cfg token=\"s3cr3t\" -L {home}/libraries -C link-arg=-Wl,-rpath-link,{home}/libraries",
        home = home.display()
    );
    sandbox.runner(["build", "y.rs"]).env("RUSTFLAGS", flags).env("TOKEN", "s3cr3t").run().prints("");
    let record = inspected(&sandbox, "y");
    let flags = record["flags"].to_string();
    assert!(
        flags.contains("--cfg=token=…") && flags.contains("-Clink-arg=-Wl,-rpath-link,~/libraries"),
        "{flags}"
    );
    let program = fs::read(sandbox.path("y")).unwrap();
    for secret in ["s3cr3t", sandbox.root().to_str().unwrap()] {
        let is_there = program.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_there, "{secret}");
    }
}

#[test]
fn the_revision_is_that_of_the_moment() {
    let sandbox = with_plain();
    if !has("git") {
        return;
    }
    let git = |arguments: &str| {
        let ran = sandbox.sh(&format!("git -c user.name=a -c user.email=a@example.org {arguments}")).run();
        assert_eq!(ran.code, 0, "{arguments}: {}", ran.stderr);
        ran.stdout.trim_end().to_owned()
    };
    let built = |sandbox: &Sandbox| {
        sandbox.runner(["build", "tools/x.rs"]).run().prints("");
        inspected(sandbox, "x")["revision"].clone()
    };
    sandbox.script("tools/x.rs", PLAIN);
    sandbox.write("other", "one\n");
    git("init -q");
    // Git keeps no such file yet.
    assert_eq!(built(&sandbox), Value::Null);
    git("add tools other");
    assert_eq!(built(&sandbox), Value::Null);
    git("commit -qm one");
    let revision = |commit: &str, modified: bool| serde_json::json!({"commit": commit, "modified": modified});
    let first = git("rev-parse HEAD");
    // What was built lies there too, and is not git's.
    assert_eq!(built(&sandbox), revision(&first, false));
    assert_eq!(built(&sandbox), revision(&first, false));
    sandbox.write("other", "two\n");
    assert_eq!(built(&sandbox), revision(&first, true));
    git("commit -qam two");
    let second = git("rev-parse HEAD");
    assert_eq!(built(&sandbox), revision(&second, false));
    git("checkout -q HEAD~1");
    assert_eq!(built(&sandbox), revision(&first, false));
    // From a hook of another repository.
    let ran =
        sandbox.sh("GIT_DIR=/nowhere GIT_INDEX_FILE=/nowhere/index runner build tools/x.rs -o hooked").run();
    assert_eq!(ran.prints("").code, 0);
    assert_eq!(inspected(&sandbox, "hooked")["revision"], revision(&first, false));
    // Without git nothing is said of it, and nothing is asked for a run.
    let log = sandbox.root().join("git was called");
    let fake = sandbox.root().join("bin/git");
    write_program(&fake, format!("#!/bin/sh\necho called >>'{}'; exit 1\n", log.display()));
    sandbox.runner(["tools/x.rs"]).run().prints("plain\n");
    assert!(!log.exists());
    assert_eq!(built(&sandbox), Value::Null);
    assert!(log.exists());
}

#[test]
fn what_was_promoted_is_inspected_by_its_name() {
    let sandbox = with_plain();
    sandbox.runner(["promote", "-q", "x.rs", "--name", "tool"]).run().prints("");
    let place = sandbox.commands().join("tool");
    assert_eq!(inspected(&sandbox, "tool")["path"], place.to_str().unwrap());
    // Its sums are in its receipt.
    let listed: Value = serde_json::from_str(&sandbox.runner(["list", "--json"]).run().stdout).unwrap();
    let sum = sandbox.sh(&format!("sha256sum <{}", place.display())).run().stdout;
    assert_eq!(listed[0]["sha256"], sum.split(' ').next().unwrap());
    let built = sandbox.runner(["build", "--json", "x.rs"]).run().stdout;
    let built: Value = serde_json::from_str(&built).unwrap();
    assert_eq!((&listed[0]["sha256"], &listed[0]["b3"]), (&built["sha256"], &built["b3"]));
    let ran = sandbox.runner(["inspect", "tool", "./nothing"]).run();
    assert_eq!(ran.code, 127);
    assert!(ran.stdout.starts_with("tool: rustc 1."), "{}", ran.stdout);
}

#[test]
fn a_program_of_a_package_says_which_and_is_the_same_wherever_it_is_built() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    registry.publish(&Crate {
        files: &[("src/lib.rs", "pub fn place() -> &'static str { file!() }\n")],
        ..Crate::program("part", "0.2.0")
    });
    let text = "fn main() { println!(\"{} {}\", file!(), part::place()) }\n";
    registry.publish(&Crate {
        files: &[("src/main.rs", text)],
        dependencies: &[("part", "0.2")],
        manifest: "[features]\nmore = []\n[dependencies]\npart = \"0.2\"\n",
        features: &["more"],
        ..Crate::program("user", "2.0.0")
    });
    sandbox.runner(["build", "user@2", "--features", "more"]).run().prints("");
    sandbox.sh("./user").run().prints("user-2.0.0/src/main.rs part-0.2.0/src/lib.rs\n");
    let record = inspected(&sandbox, "user");
    assert_eq!(record["script"], "user@2.0.0");
    assert_eq!(record["options"], serde_json::json!(["--bin=user", "--features=more"]));
    let names: Vec<&str> =
        record["dependencies"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["part", "user"]);
    sandbox.runner(["verify", "user"]).run().prints("user: identical to what user@2.0.0 gives\n");
    // With other versions nothing can be told.
    registry.publish(&Crate {
        files: &[("src/lib.rs", "pub fn place() -> u8 { 1 }\n")],
        ..Crate::program("part", "0.2.1")
    });
    let ran = sandbox.runner(["verify", "user"]).run();
    let said =
        "user: its dependencies differ: it was built with part 0.2.0, and would now be with part 0.2.1\n";
    assert!(ran.code == 125 && ran.stderr.contains(said), "{} {}", ran.stdout, ran.stderr);
}
