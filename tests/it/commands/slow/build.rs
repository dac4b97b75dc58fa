//! `runner build`, by rustc: what the program needs, and that it is the same wherever it is built.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::sandbox::Sandbox;

#[test]
fn a_build_replaces_what_is_there_even_while_it_runs() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "x.rs",
        "fn main() { println!(\"one\"); std::io::stdin().read_line(&mut String::new()).unwrap(); }",
    );
    sandbox.runner(["build", "x.rs"]).run().prints("");
    let before = fs::metadata(sandbox.path("x")).unwrap().ino();
    let script = "mkfifo in out; ./x <in >out & exec 7>in 8<out; read said <&8; echo $said\n\
                  sed -i s/one/two/ x.rs; runner build x.rs; echo >&7; wait; ./x </dev/null";
    sandbox.sh(script).run().prints("one\ntwo\n");
    assert_ne!(fs::metadata(sandbox.path("x")).unwrap().ino(), before);
}

#[test]
fn a_build_runs_without_runner_source_toolchain_or_environment() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nmod part;\nconst TEXT: &str = include_str!(\"text\");\n\
                fn main() { print!(\"{TEXT}{}{:?}\", part::X, std::env::var_os(\"RUNNER_SCRIPT\")) }";
    sandbox.script("src/x.rs", text);
    sandbox.write("src/part.rs", "pub const X: u8 = 7;");
    sandbox.write("src/text", "text ");
    sandbox.runner(["build", "src/x.rs"]).run().prints("");
    fs::remove_dir_all(sandbox.path("src")).unwrap();
    fs::remove_dir_all(sandbox.cache()).unwrap();
    sandbox.command("env").args(["-i".as_ref(), sandbox.path("x").as_os_str()]).run().prints("text 7None");
}

#[test]
fn the_same_script_gives_the_same_bytes_wherever_it_lies() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nfn main() { println!(\"{}\", file!()); None::<u8>.unwrap(); }";
    let mut bytes = Vec::new();
    for place in ["here/x.rs", "quite/elsewhere/x.rs"] {
        sandbox.script(place, text);
        sandbox.runner(["build", "--force", place, "-o", "out"]).run().prints("");
        bytes.push(fs::read(sandbox.path("out")).unwrap());
    }
    sandbox
        .runner(["build", "--force", "here/x.rs", "-o", "out"])
        .env("HOME", sandbox.path("home"))
        .run()
        .prints("");
    bytes.push(fs::read(sandbox.path("out")).unwrap());
    assert!(bytes[0] == bytes[1] && bytes[0] == bytes[2]);
    let place = sandbox.root().to_str().unwrap().as_bytes();
    assert!(!bytes[0].windows(place.len()).any(|window| window == place), "a path of this machine is in it");
    let ran = sandbox.sh("./out").run();
    assert!(ran.stdout == "x.rs\n" && ran.stderr.contains("x.rs:2:"), "{} {}", ran.stdout, ran.stderr);
}

#[test]
fn a_build_is_release_unless_it_is_told_otherwise() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env -S runner --debug\nfn main() { println!(\"{}\", cfg!(debug_assertions)) }";
    sandbox.script("x.rs", text);
    sandbox.sh("./x.rs").run().prints("true\n");
    sandbox.runner(["build", "x.rs"]).run().prints("");
    sandbox.sh("./x").run().prints("false\n");
    sandbox.runner(["build", "--debug", "x.rs"]).run().prints("");
    sandbox.sh("./x").run().prints("true\n");
}

#[test]
fn a_build_without_a_usable_cache_is_made_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.script("x.rs", "fn main() { print!(\"hi\") }");
    let line = "runner: x.rs: cannot create cache directory `/proc/none`: No such file or directory; \
                running from a temporary binary\n";
    sandbox.runner(["build", "x.rs"]).env("RUNNER_CACHE", "/proc/none").run().ends(0, "", line);
    sandbox.sh("./x").run().prints("hi");
}

#[test]
fn what_was_made_is_told_as_json_with_its_sums_and_its_inputs() {
    let sandbox = Sandbox::new();
    let text = "mod near;\nfn main() { println!(\"{:?} {}\", option_env!(\"SAID\"), near::X) }";
    sandbox.script("src/x.rs", text);
    let near = sandbox.write("src/near.rs", "pub const X: u8 = 1;");
    sandbox.script("y.rs", "fn main() {}");
    let run = || {
        let ran =
            sandbox.runner(["build", "--json", "src/x.rs", "y.rs", "-o", "out/"]).env("SAID", "s3cr3t").run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        ran.stdout
    };
    let text = run();
    // A hit says the same.
    assert_eq!(run(), text);
    assert!(!text.contains("s3cr3t"), "{text}");
    let told: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 2);
    for (told, name) in told.iter().zip(["x", "y"]) {
        let path = sandbox.path(format!("out/{name}"));
        assert_eq!(told["path"], path.to_str().unwrap());
        assert_eq!(told["bytes"], fs::metadata(&path).unwrap().len());
        let sum = sandbox.sh(&format!("sha256sum <out/{name}")).run().stdout;
        assert_eq!(told["sha256"], sum.split(' ').next().unwrap());
        assert_eq!(told["b3"].as_str().unwrap().len(), 64);
        assert_eq!(told["profile"], "release");
        assert!(told["toolchain"].as_str().unwrap().starts_with("rustc 1."), "{told}");
        assert!(told["target"].as_str().unwrap().contains('-') && told["dependencies"].is_array(), "{told}");
    }
    let inputs = &told[0]["inputs"];
    let has = |list: &str, key: &str, value: serde_json::Value| {
        inputs[list].as_array().unwrap().iter().any(|one| one[key] == value)
    };
    assert!(has("files", "path", near.to_str().unwrap().into()), "{inputs}");
    let rival = sandbox.path("src/near/mod.rs");
    assert!(inputs["absent"].as_array().unwrap().contains(&rival.to_str().unwrap().into()));
    assert!(has("env", "name", "SAID".into()) && has("env", "set", true.into()), "{inputs}");
    // Without a cache, too.
    let ran = sandbox.runner(["build", "--json", "src/x.rs"]).env("RUNNER_CACHE", "/proc/none").run();
    assert!(
        ran.code == 0 && ran.stdout.contains("near.rs") && ran.stdout.contains("\"release\""),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_path_of_the_cached_binary_is_for_debuggers() {
    let sandbox = Sandbox::new();
    sandbox.script("x.rs", "#!/usr/bin/env -S runner --debug\nfn main() { println!(\"hi\") }");
    let path = sandbox.runner(["build", "--print-path", "x.rs"]).run().stdout;
    // It is what a run executes, and stays it.
    let before = sandbox.cached("bin");
    assert_eq!(before.len(), 1);
    sandbox.sh("./x.rs").run().prints("hi\n");
    assert_eq!(sandbox.cached("bin"), before);
    sandbox.sh(&format!("exec {path}")).run().prints("hi\n");
    assert!(path.starts_with(sandbox.cache().to_str().unwrap()) && path.ends_with("/x\n"), "{path}");
    // With debug information that names the file where it is.
    let bytes = fs::read(path.trim_end()).unwrap();
    let place = sandbox.work();
    let place = place.to_str().unwrap().as_bytes();
    assert!(bytes.windows(place.len()).any(|window| window == place));
    assert!(bytes.windows(12).any(|window| window == b".debug_info\0"));
    let ran = sandbox.runner(["build", "--print-path", "--json", "x.rs"]).run();
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["path"], &told["profile"]), (&path.trim_end().into(), &"dev".into()));
    for other in ["-o x", "--cache"] {
        let ran = sandbox.sh(&format!("exec runner build --print-path {other} x.rs")).run();
        assert!(ran.code == 125 && ran.stdout.is_empty(), "{other}");
    }
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 1);
}

#[test]
fn a_static_program_needs_nothing_and_one_that_does_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.script("x.rs", "fn main() { println!(\"hi\") }");
    let said = "---\npackage.metadata.runner.static = true\n---\nfn main() { println!(\"hi\") }";
    sandbox.script("said.rs", said);
    sandbox.runner(["build", "x.rs"]).run().prints("");
    let needs = |name: &str| {
        let ran = sandbox.sh(&format!("readelf -ld {name}")).run();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.contains("INTERP") || ran.stdout.contains("(NEEDED)")
    };
    assert!(needs("x"));
    for arguments in ["--static x.rs", "said.rs", "--static --strip x.rs"] {
        sandbox.sh(&format!("exec runner build {arguments} -o static")).run().prints("");
        assert!(!needs("static"), "{arguments}");
        sandbox.sh("./static").run().prints("hi\n");
    }
    // A library that is only there as a shared one.
    sandbox
        .sh("echo 'int f(void) { return 1; }' >f.c; exec cc -shared -fPIC f.c -o libf.so")
        .run()
        .prints("");
    let text = "unsafe extern \"C\" { fn f() -> i32; }\nfn main() { println!(\"{}\", unsafe { f() }) }\n";
    sandbox.script("f.rs", text);
    let flags = format!("-L {} -l f", sandbox.work().display());
    sandbox.runner(["build", "f.rs"]).env("RUSTFLAGS", &flags).run().prints("");
    let hint = "  hint: a program with musl needs none: `--target x86_64-unknown-linux-musl`, after \
                `rustup target add` of it\n";
    // And one that the linker is made to take all the same.
    let forced = format!("-C link-arg={}/libf.so -C link-arg=-Wl,-Bdynamic", sandbox.work().display());
    for flags in [flags, forced] {
        let ran = sandbox.runner(["build", "--static", "f.rs", "-o", "g"]).env("RUSTFLAGS", flags).run();
        assert!(ran.code == 125 && ran.stderr.ends_with(hint), "{}", ran.stderr);
        assert!(!sandbox.path("g").exists());
    }
}

#[test]
fn a_stripped_program_has_no_names_of_symbols() {
    let sandbox = Sandbox::new();
    sandbox.script("x.rs", "fn main() { println!(\"hi\") }");
    for (options, expected) in [("", true), ("--strip", false), ("--debug --strip", false)] {
        sandbox.sh(&format!("exec runner build {options} x.rs")).run().prints("");
        let bytes = fs::read(sandbox.path("x")).unwrap();
        assert_eq!(bytes.windows(8).any(|window| window == b".symtab\0"), expected, "{options}");
        sandbox.sh("./x").run().prints("hi\n");
    }
}
