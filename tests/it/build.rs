//! `runner build`: a self-contained executable, where the caller says.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::sandbox::Sandbox;

fn fake() -> Sandbox {
    let sandbox = Sandbox::fake();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nprint hi\n");
    sandbox
}

#[test]
fn a_build_is_written_under_the_scripts_name_into_the_working_directory() {
    let sandbox = fake();
    fs::create_dir(sandbox.path("here")).unwrap();
    sandbox.runner(["build", "../x.rs"]).within(sandbox.path("here")).run().prints("");
    sandbox.command(sandbox.path("here/x")).run().prints("hi\n");
    assert!(!sandbox.path("x").exists());
    let mode = fs::metadata(sandbox.path("here/x")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert_eq!(fs::read_dir(sandbox.path("here")).unwrap().count(), 1);
}

#[test]
fn a_build_is_written_where_it_is_said() {
    let sandbox = fake();
    fs::create_dir(sandbox.path("there")).unwrap();
    for (said, place) in [
        ("file", "file"),
        ("./deep/er/file", "deep/er/file"),
        ("there", "there/x"),
        ("new/", "new/x"),
        ("new/dir/", "new/dir/x"),
    ] {
        sandbox.runner(["build", "x.rs", "-o", said]).run().prints("");
        sandbox.command(sandbox.path(place)).run().prints("hi\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_build_and_a_release_run_are_told_apart_and_both_are_cached() {
    let sandbox = fake();
    for _ in 0..2 {
        sandbox.runner(["build", "x.rs"]).run().prints("");
        sandbox.runner(["x.rs"]).run().prints("hi\n");
    }
    // A build keeps this machine's paths out of the binary; a run has them.
    assert_eq!(sandbox.compiles(), 2);
}

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
fn a_build_replaces_a_link_and_not_what_it_points_to() {
    let sandbox = fake();
    let precious = sandbox.write("precious", "keep\n");
    symlink(&precious, sandbox.path("x")).unwrap();
    sandbox.runner(["build", "x.rs"]).run().prints("");
    assert_eq!(fs::read_to_string(precious).unwrap(), "keep\n");
    sandbox.sh("./x").run().prints("hi\n");
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
fn a_build_of_a_script_without_extension_needs_another_name_or_place() {
    let sandbox = Sandbox::fake();
    sandbox.script("tool", "#!/usr/bin/env runner\nprint tool\n");
    sandbox.runner(["build", "tool", "-o", "out/"]).run().prints("");
    sandbox.sh("out/tool").run().prints("tool\n");
    sandbox.sh("echo print piped | runner build /dev/stdin && ./script").run().prints("piped\n");
}

#[test]
fn a_build_that_fails_changes_nothing() {
    let sandbox = fake();
    sandbox.runner(["build", "x.rs"]).run().prints("");
    sandbox.script("x.rs", "fail now\n");
    sandbox.runner(["build", "x.rs"]).run().fails(125, "nothing was cached");
    sandbox.sh("./x").run().prints("hi\n");
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 2);
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
fn several_scripts_are_built_into_one_directory() {
    let sandbox = fake();
    sandbox.script("sub/y", "#!/usr/bin/env runner\nprint other\n");
    fs::create_dir(sandbox.path("here")).unwrap();
    sandbox.runner(["build", "../x.rs", "../sub/y"]).within(sandbox.path("here")).run().prints("");
    sandbox.runner(["build", "x.rs", "sub/y", "-o", "new/dir/"]).run().prints("");
    for directory in ["here", "new/dir"] {
        sandbox.sh(&format!("{directory}/x; {directory}/y")).run().prints("hi\nother\n");
        assert_eq!(fs::read_dir(sandbox.path(directory)).unwrap().count(), 2);
    }
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn what_cannot_be_built_side_by_side_is_refused_before_anything_is() {
    let sandbox = fake();
    sandbox.script("sub/x", "#!/usr/bin/env runner\nprint other\n");
    sandbox.runner(["build", "x.rs", "sub/x", "-o", "out/"]).run().ends(
        125,
        "",
        "runner: sub/x: it would take the place of that of `x.rs`\n  hint: build one of them by itself, with `-o FILE`\n",
    );
    sandbox.runner(["build", "x.rs", "sub/x", "-o", "file"]).run().ends(
        125,
        "",
        "runner: several scripts cannot be one file, `file`\n  hint: `-o DIR/` takes them all\n",
    );
    sandbox
        .runner(["build", "x.rs", "nope.rs"])
        .run()
        .fails(127, "give the path of a file, or `runner --help`");
    sandbox.script("tool", "#!/usr/bin/env runner\nprint tool\n");
    let ran = sandbox.runner(["build", "x.rs", "tool"]).run();
    assert!(ran.code == 125 && ran.stderr.contains("is the script itself"), "{}", ran.stderr);
    assert_eq!(sandbox.compiles(), 0);
    assert!(!sandbox.path("out").exists() && !sandbox.path("x").exists());
}

#[test]
fn a_script_that_fails_takes_nothing_from_the_others() {
    let sandbox = fake();
    sandbox.script("bad.rs", "fail here\n");
    sandbox.script("worse.rs", "fail there\n");
    let ran = sandbox.runner(["build", "bad.rs", "x.rs", "worse.rs"]).run();
    assert!(ran.code == 125 && ran.stdout.is_empty(), "{}", ran.stderr);
    for name in ["bad.rs", "worse.rs"] {
        assert!(ran.stderr.contains(&format!("runner: {name}: rustc failed")), "{}", ran.stderr);
    }
    sandbox.sh("./x").run().prints("hi\n");
    assert!(!sandbox.path("bad").exists());
}

#[test]
fn a_program_for_windows_is_called_so() {
    let sandbox = fake();
    let program = sandbox.write("windows", "MZ, and so on");
    let sandbox = sandbox.with("FAKE_PROGRAM", program);
    sandbox.runner(["build", "x.rs"]).run().prints("");
    assert!(sandbox.path("x.exe").exists() && !sandbox.path("x").exists());
    sandbox.runner(["build", "x.rs", "-o", "out/"]).run().prints("");
    assert!(sandbox.path("out/x.exe").exists());
    sandbox.runner(["build", "x.rs", "-o", "named"]).run().prints("");
    assert!(sandbox.path("named").exists());
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
        assert_eq!(told["size"], fs::metadata(&path).unwrap().len());
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
