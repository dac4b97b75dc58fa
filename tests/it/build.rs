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
