//! Security where real compilers are called: by root, and with names nobody would choose.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::chown;

use crate::support::files::tree;
use crate::support::machine::is_root;
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn root_gives_cargo_a_home_of_its_own_where_home_is_another_users() {
    if !is_root() {
        return skipped("only root can have another user's HOME");
    }
    let sandbox = Sandbox::new().with("CARGO_HOME", "");
    sandbox.write("word/Cargo.toml", "[package]\nname = \"word\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("word/src/lib.rs", "pub const WORD: &str = \"word\";\n");
    sandbox.write(
        "x.rs",
        "---\n[dependencies]\nword = { path = \"word\" }\n---\nfn main() { println!(\"{}\", word::WORD); }\n",
    );
    chown(sandbox.home(), Some(65534), Some(65534)).unwrap();
    // What the user planted is not run as root.
    fs::create_dir_all(sandbox.home().join(".cargo")).unwrap();
    fs::write(sandbox.home().join(".cargo/config.toml"), "[build]\nrustc-wrapper = \"/nowhere/evil\"\n")
        .unwrap();
    for path in tree(&sandbox.home()) {
        chown(&path, Some(65534), Some(65534)).unwrap();
    }
    let before = tree(&sandbox.home());
    let ran = sandbox.runner(["--profile", "quick", "x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "word\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(tree(&sandbox.home()), before);
    // With a cache of its own root is told nothing, and leaves nothing there either.
    let own = sandbox.root().join("own");
    for _ in 0..2 {
        let run = sandbox.runner(["--profile", "quick", "x.rs"]).env("RUNNER_CACHE", &own);
        run.run().prints("word\n");
        assert_eq!(tree(&sandbox.home()), before);
    }
}

#[test]
fn no_name_of_a_script_is_an_argument_a_command_or_a_movement_of_the_cursor() {
    let names: [&[u8]; 15] = [
        b"./-x.rs",
        b"./--cfg=evil.rs",
        b"./@file.rs",
        b"./a b.rs",
        b"./a\nb.rs",
        b"./a=b.rs",
        b"./a,b.rs",
        b"./a\\b.rs",
        b"./a\"b'c.rs",
        b"./$(touch evil).rs",
        b"./x;touch evil;.rs",
        b"./\x1b[2J.rs",
        b"./\xff\xfe.rs",
        b"./\xe2\x80\xae.rs",
        b"./#!.rs",
    ];
    let fake = Sandbox::fake();
    let real = Sandbox::new();
    for name in names {
        let name = OsString::from_vec(name.to_vec());
        fake.write(&name, "print right\n");
        for _ in 0..2 {
            fake.runner([&name]).run().prints("right\n");
        }
        real.write(&name, "fn main() { println!(\"right\"); }\n");
        let ran = real.runner([&name]).run();
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "right\n", ""), "{name:?}");
        // What fails is told in one line of ours, printable.
        fake.write(&name, "fail on purpose\n");
        let ran = fake.runner([&name]).run();
        let ours: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).collect();
        assert_eq!((ran.code, ours.len()), (125, 1), "{name:?}: {}", ran.stderr);
        assert!(ran.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{name:?}: {:?}", ran.stderr);
        fs::remove_file(fake.path(&name)).unwrap();
        let ran = fake.runner([&name]).run();
        assert_eq!(ran.code, 127);
        assert!(ran.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{name:?}: {:?}", ran.stderr);
        assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count(), 1, "{name:?}");
        // Nor in what lists.
        let list = fake.runner(["cache", "list"]).run();
        assert!(list.stdout.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{:?}", list.stdout);
    }
    for sandbox in [&fake, &real] {
        assert!(!tree(sandbox.root()).iter().any(|path| path.file_name().is_some_and(|name| name == "evil")));
    }
}

#[test]
fn a_cache_may_lie_in_a_directory_of_any_name() {
    for name in ["a b", "a=b", "a:b", "a\nb", "a'b\"c", "-x", "\u{e9}"] {
        let sandbox = Sandbox::new();
        let cache = sandbox.root().join(name).join("cache");
        sandbox.write("x.rs", "fn main() { println!(\"right\"); }\n");
        for _ in 0..2 {
            sandbox
                .runner(["--profile", "quick", "x.rs"])
                .env("RUNNER_CACHE", &cache)
                .run()
                .prints("right\n");
        }
        assert!(cache.join("v1/bin").is_dir());
    }
    // Apart from one that rustc has no way to be told of.
    let sandbox = Sandbox::new();
    let cache = sandbox.root().join("a,b");
    sandbox.write("x.rs", "fn main() { println!(\"right\"); }\n");
    let ran = sandbox.runner(["--profile", "quick", "x.rs"]).env("RUNNER_CACHE", &cache).run();
    ran.ends(
        0,
        "right\n",
        &format!(
            "runner: x.rs: cache directory `{}` has a comma in its name, which rustc takes for a separator; \
             running from a temporary binary\n",
            cache.display()
        ),
    );
}
