//! `runner crate@version`: programs of a registry, compiled once and executed as scripts are.

use std::fs;
use std::path::PathBuf;

use crate::registry::{Crate, Registry, sha256};
use crate::sandbox::{Ran, Sandbox, files_below, skipped};
use crate::strace;

/// Runs `runner ARGUMENT…`, and tells how many processes were started besides.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.runner(arguments).run()
}

#[test]
fn a_program_is_compiled_once_and_runs_as_if_it_were_installed() {
    let (sandbox, registry) = Registry::new();
    let text = r#"fn main() {
        let all: Vec<_> = std::env::args().collect();
        let input = std::io::read_to_string(std::io::stdin()).unwrap();
        let script = std::env::var_os("RUNNER_SCRIPT");
        println!("{all:?} {input:?} {script:?} {}", std::env::current_dir().unwrap().display());
        std::process::exit(7);
    }"#;
    let files = &[("src/main.rs", text)];
    registry.publish(&Crate { files, ..Crate::program("tool", "1.2.3") });
    let said = format!("[\"tool\", \"--help\", \"-x\"] \"in\" None {}\n", sandbox.work().display());
    for _ in 0..2 {
        let ran = sandbox.runner(["tool@1.2.3", "--help", "-x"]).input("in").env("RUNNER_SCRIPT", "/x").run();
        ran.ends(7, &said, "");
    }
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 0, "nothing is left where it was called");
    assert!(!sandbox.root().join("cargo/bin").exists(), "nothing is installed");
}

#[test]
fn a_hit_asks_neither_cargo_nor_the_network() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0", "1.1.0"]);
    for word in ["tool@1.0.0", "tool@1", "tool@latest"] {
        run(&sandbox, &[word]);
    }
    let before = registry.requests();
    fs::remove_dir_all(sandbox.root().join("registry")).unwrap();
    fs::remove_dir_all(sandbox.root().join("cargo/registry")).unwrap();
    for (word, version) in [("tool@1.0.0", "1.0.0"), ("tool@1", "1.1.0"), ("tool@latest", "1.1.0")] {
        // Told as everything else, and no script's.
        sandbox
            .runner([word])
            .env("RUNNER_SCRIPT", "/x")
            .run()
            .prints(&format!("tool {version} [\"tool\"]\n"));
        run(&sandbox, &[word, "a"]).prints(&format!("tool {version} [\"tool\", \"a\"]\n"));
        run(&sandbox, &["--offline", word]).prints(&format!("tool {version} [\"tool\"]\n"));
        if strace::is_there() {
            let (ran, calls) = strace::trace(&sandbox, &["-f"], &[word]);
            ran.prints(&format!("tool {version} [\"tool\"]\n"));
            let started = calls.iter().filter(|call| call.name == "execve" && !call.failed()).count();
            assert_eq!(started, 2, "runner, and the program it becomes");
            // The shortest way: whether there is such a file is asked once, and nobody asks where this is.
            let looks = calls.iter().filter(|call| call.texts().iter().any(|text| text == word)).count();
            assert_eq!(looks, 2, "a look at the file, and the arguments of the command");
            assert!(calls.iter().all(|call| call.name != "getcwd"));
            assert!(calls.iter().all(|call| !matches!(call.name.as_str(), "flock" | "socket" | "clone3")));
            let changes: Vec<_> =
                calls.iter().filter(|call| call.name != "write" && call.changes_files()).collect();
            assert!(changes.is_empty(), "{changes:?}");
        }
    }
    assert_eq!(registry.requests(), before);
}

#[test]
fn a_requirement_stays_what_it_was_resolved_to_until_it_is_updated() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0", "2.0.0-rc.1", "0.9.0"]);
    for word in ["tool@1", "tool@latest", "tool@>=0.9, <2", "tool@*", "tool@~1.0"] {
        run(&sandbox, &[word]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    run(&sandbox, &["tool@2.0.0-rc.1"]).prints("tool 2.0.0-rc.1 [\"tool\"]\n");
    registry.publish(&Crate::program("tool", "1.1.0"));
    registry.publish(&Crate::program("tool", "3.0.0"));
    for word in ["tool@1", "tool@latest"] {
        run(&sandbox, &[word]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    run(&sandbox, &["update", "tool@1"]).prints("tool 1.0.0 -> 1.1.0\n");
    run(&sandbox, &["update", "tool@1"]).prints("");
    run(&sandbox, &["tool@1"]).prints("tool 1.1.0 [\"tool\"]\n");
    run(&sandbox, &["tool@latest"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["update", "tool@latest"]).prints("tool 1.0.0 -> 3.0.0\n");
    run(&sandbox, &["tool@latest"]).prints("tool 3.0.0 [\"tool\"]\n");
    let message =
        "runner: tool@1.0.0: version 1.0.0 is asked for, and no other\n  hint: `runner update tool@latest`\n";
    run(&sandbox, &["update", "tool@1.0.0"]).ends(125, "", message);
}

#[test]
fn the_newest_is_the_newest_that_this_compiler_can_build() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    let manifest = "rust-version = \"1.999\"\n";
    registry.publish(&Crate { manifest, ..Crate::program("tool", "1.1.0") });
    for word in ["tool@1", "tool@latest"] {
        run(&sandbox, &[word]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    let ran = run(&sandbox, &["tool@1.1.0"]);
    let hint = "\n  hint: `+T` before it takes another toolchain; or ask for an older version\n";
    assert!(
        ran.code == 125 && ran.stderr.contains("requires rustc 1.999") && ran.stderr.ends_with(hint),
        "{}",
        ran.stderr
    );
    registry.publish(&Crate::program("early", "1.0.0-rc.1"));
    let message = "runner: early@latest: `early` has pre-releases only\n  hint: there is 1.0.0-rc.1\n";
    run(&sandbox, &["early@latest"]).ends(127, "", message);
    run(&sandbox, &["early@1.0.0-rc.1"]).prints("early 1.0.0-rc.1 [\"early\"]\n");
}

#[test]
fn which_program_of_a_package() {
    let (sandbox, registry) = Registry::new();
    let say = |text: &str| format!("fn main() {{ println!(\"{text}\") }}");
    let (one, two, own) = (say("one"), say("two"), say("own"));
    let several = [("src/bin/one.rs", one.as_str()), ("src/bin/two.rs", &two)];
    let named = [("src/bin/one.rs", one.as_str()), ("src/main.rs", &own)];
    registry.publish(&Crate { files: &several, ..Crate::program("several", "1.0.0") });
    registry.publish(&Crate { files: &named, ..Crate::program("named", "1.0.0") });
    registry.publish(&Crate { files: &several[..1], ..Crate::program("single", "1.0.0") });
    run(&sandbox, &["named@1"]).prints("own\n");
    run(&sandbox, &["single@1"]).prints("one\n");
    run(&sandbox, &["--bin", "one", "named@1"]).prints("one\n");
    run(&sandbox, &["--bin=two", "several@1"]).prints("two\n");
    let message = "runner: several@1: `several` has no program of its own name; it has `one`, `two`\n  \
                   hint: for example `--bin one`\n";
    run(&sandbox, &["several@1"]).ends(127, "", message);
    let message = "runner: named@1: `named` has no program `x`; it has `named`, `one`\n  \
                   hint: for example `--bin named`\n";
    run(&sandbox, &["--bin", "x", "named@1"]).ends(127, "", message);
    for name in ["*", "o?e", "../one", "-x", "a\nb"] {
        let message = format!(
            "runner: named@1: `{}` is not the name of a program\n  hint: for example `--bin NAME`\n",
            name.escape_debug()
        );
        run(&sandbox, &["--bin", name, "named@1"]).ends(125, "", &message);
    }
    let files = &[("src/bin/two_words.rs", own.as_str()), ("src/bin/one.rs", &one)];
    registry.publish(&Crate { files, ..Crate::program("two-words", "1.0.0") });
    run(&sandbox, &["two-words@1"]).prints("own\n");
    let message =
        "runner: two_words@1: there is no package `two_words` in crates.io\n  hint: there is `two-words`\n";
    run(&sandbox, &["two_words@1"]).ends(127, "", message);
}

#[test]
fn features_of_a_package() {
    let (sandbox, registry) = Registry::new();
    let text = "fn main() { println!(\"{} {} {}\", cfg!(feature = \"one\"), cfg!(feature = \"two\"), cfg!(feature = \"dear\")) }";
    let manifest = "[features]\ndefault = [\"dear\"]\none = []\ntwo = []\ndear = []\n";
    let features = &["one", "two", "dear"];
    registry.publish(&Crate {
        manifest,
        features,
        files: &[("src/main.rs", text)],
        ..Crate::program("tool", "1.0.0")
    });
    for (options, said) in [
        (&[][..], "false false true\n"),
        (&["--features", "one"], "true false true\n"),
        (&["-F", "one,two"], "true true true\n"),
        (&["-F", "one", "-F", "two"], "true true true\n"),
        (&["--no-default-features"], "false false false\n"),
        (&["--all-features"], "true true true\n"),
    ] {
        sandbox.runner(options).args(["tool@1.0.0"]).run().prints(said);
    }
    sandbox.script("x.rs", "fn main() {}\n");
    let message = "runner: x.rs: `--features` is for packages of a registry\n  \
                   hint: a script says which features it has under `[features]`\n";
    run(&sandbox, &["-F", "one", "x.rs"]).ends(125, "", message);
    let needy = [("src/main.rs", "fn main() {}")];
    let manifest = "[features]\ncli = []\n[[bin]]\nname = \"needy\"\npath = \"src/main.rs\"\nrequired-features = [\"cli\"]\n";
    registry.publish(&Crate {
        manifest,
        features: &["cli"],
        files: &needy,
        ..Crate::program("needy", "1.0.0")
    });
    let message = "runner: needy@1: its program needs the features cli\n  hint: `--features cli`\n";
    run(&sandbox, &["needy@1"]).ends(125, "", message);
    run(&sandbox, &["--features", "cli", "needy@1"]).prints("");
}

#[test]
fn what_is_not_there_is_said_in_one_line() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0", "1.1.0"]);
    registry.publish(&Crate { files: &[("src/lib.rs", "")], ..Crate::program("library", "1.0.0") });
    registry.yank("tool", "1.1.0");
    let cases = [
        (
            "tool@1.1.0",
            127,
            "version 1.1.0 of `tool` was yanked\n  hint: `tool@latest`, or another version\n",
        ),
        ("tool@2", 127, "`tool` has no version 2\n  hint: there is 1.0.0\n"),
        ("tool@9.9.9", 127, "`tool` has no version 9.9.9\n  hint: there is 1.0.0\n"),
        (
            "nobody@1",
            127,
            "there is no package `nobody` in crates.io\n  \
             hint: https://crates.io/search?q=nobody may know it by another name\n",
        ),
        (
            "nobody@1.0.0",
            127,
            "there is no package `nobody` in crates.io\n  \
             hint: https://crates.io/search?q=nobody may know it by another name\n",
        ),
        (
            "library@1",
            127,
            "`library` 1.0.0 is a library: there is no program in it\n  \
             hint: a script may depend on it: `--dep library=1.0.0`\n",
        ),
    ];
    for (word, code, message) in cases {
        run(&sandbox, &[word]).ends(code, "", &format!("runner: {word}: {message}"));
    }
    for subcommand in ["check", "doc", "fmt"] {
        let ran = run(&sandbox, &[subcommand, "tool@1"]);
        let message = "runner: tool@1: it is a package of a registry, and this is done with scripts only\n  \
                       hint: `runner tool@1` runs it; `./tool@1` is a file\n";
        ran.ends(127, "", message);
    }
    // A word that is nearly a package is a script that is not there.
    let message = "runner: tool@newest: no such script\n  hint: of a package it is `tool@1.2.3`, `tool@1` or `tool@latest`\n";
    run(&sandbox, &["tool@newest"]).ends(127, "", message);
    assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
}

#[test]
fn an_unreachable_registry_is_an_error_only_if_something_is_missing() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    registry.publish(&Crate::program("other", "1.0.0"));
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    registry.set_down(true);
    // Another build of what has been fetched.
    run(&sandbox, &["--debug", "tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["tool@1.0.0"]).prints("tool 1.0.0 [\"tool\"]\n");
    for word in ["other@1", "other@1.0.0"] {
        let message = format!(
            "runner: {word}: the registry cannot be reached, and `{word}` is not here yet\n  \
             hint: once it has been built, no run of it needs the network\n"
        );
        run(&sandbox, &[word]).ends(125, "", &message);
    }
    registry.set_down(false);
    let message = "runner: other@1: `other@1` is not here, and `--offline` forbids to look for it\n  \
                   hint: run it once without `--offline`\n";
    let before = registry.requests();
    run(&sandbox, &["--offline", "other@1"]).ends(125, "", message);
    assert_eq!(registry.requests(), before);
    run(&sandbox, &["other@1"]).prints("other 1.0.0 [\"other\"]\n");
}

#[test]
fn a_file_of_that_name_wins() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    sandbox.script("tool@1", "#!/usr/bin/env runner\nfn main() { println!(\"a file\") }\n");
    run(&sandbox, &["tool@1"]).prints("a file\n");
    run(&sandbox, &["./tool@1"]).prints("a file\n");
    run(&sandbox, &["run", "tool@1.0.0"]).prints("tool 1.0.0 [\"tool\"]\n");
    let other = sandbox.root().join("home");
    sandbox.runner(["tool@1"]).within(other).run().prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["./tool@1.0.0"]).fails(127, "hint: give the path of a file, or `runner --help`");
    assert!(registry.port() > 0);
}

#[test]
fn what_a_build_rests_on_makes_it_old() {
    let (sandbox, registry) = Registry::new();
    let text = "fn main() { println!(\"{:?} {}\", option_env!(\"GREETING\"), cfg!(loud)) }";
    registry.publish(&Crate { files: &[("src/main.rs", text)], ..Crate::program("tool", "1.0.0") });
    let say = |variables: &[(&str, &str)]| {
        let run = sandbox.runner(["tool@1.0.0"]);
        variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run().stdout
    };
    assert_eq!(say(&[]), "None false\n");
    assert_eq!(say(&[("GREETING", "hello")]), "Some(\"hello\") false\n");
    assert_eq!(say(&[("GREETING", "bye")]), "Some(\"bye\") false\n");
    assert_eq!(say(&[("RUSTFLAGS", "--cfg loud")]), "None true\n");
    // All of them are kept, and need nothing any more.
    registry.set_down(true);
    fs::remove_dir_all(sandbox.root().join("cargo/registry")).unwrap();
    assert_eq!(say(&[]), "None false\n");
    assert_eq!(say(&[("GREETING", "hello")]), "Some(\"hello\") false\n");
    assert_eq!(say(&[("RUSTFLAGS", "--cfg loud")]), "None true\n");
    registry.set_down(false);
    let config = sandbox.root().join("cargo/config.toml");
    let loud = fs::read_to_string(&config).unwrap() + "[build]\nrustflags = [\"--cfg\", \"loud\"]\n";
    fs::write(&config, loud).unwrap();
    assert_eq!(say(&[]), "None true\n");
    let why = sandbox.runner(["why", "tool@1.0.0"]).env("GREETING", "other").run();
    assert!(why.stdout.contains("variable `GREETING` was"), "{}", why.stdout);
}

#[test]
fn locked_takes_the_versions_of_the_package() {
    let (sandbox, registry) = Registry::new();
    let library = |version: &'static str, text: &'static str| {
        let files = [("src/lib.rs", text)];
        registry.publish(&Crate { files: &files, ..Crate::program("leaf", version) });
    };
    library("1.0.0", "pub const SAID: &str = \"old\";");
    let checksum = sha256(&sandbox.root().join("registry/crates/leaf-1.0.0.crate"));
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"leaf\"\nversion = \"1.0.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\n\
         [[package]]\nname = \"tool\"\nversion = \"1.0.0\"\ndependencies = [\n \"leaf\",\n]\n"
    );
    let files =
        [("src/main.rs", "fn main() { println!(\"{}\", leaf::SAID) }"), ("Cargo.lock", lock.as_str())];
    let manifest = "[dependencies]\nleaf = \"1\"\n";
    let dependencies = &[("leaf", "^1")];
    registry.publish(&Crate { manifest, files: &files, dependencies, ..Crate::program("tool", "1.0.0") });
    library("1.1.0", "pub const SAID: &str = \"new\";");
    run(&sandbox, &["tool@1"]).prints("new\n");
    run(&sandbox, &["--locked", "tool@1"]).prints("old\n");
    run(&sandbox, &["tool@1"]).prints("new\n");
}

#[test]
fn a_package_that_does_not_compile_shows_what_the_compiler_says() {
    let (sandbox, registry) = Registry::new();
    registry.publish(&Crate {
        files: &[("src/main.rs", "fn main() { nonsense }")],
        ..Crate::program("tool", "1.0.0")
    });
    let ran = run(&sandbox, &["tool@1"]);
    assert!(ran.stderr.contains("cannot find value `nonsense`"), "{}", ran.stderr);
    assert!(
        !ran.stderr.contains("intermediate artifacts") && !ran.stderr.contains("CARGO_BUILD"),
        "{}",
        ran.stderr
    );
    let last = "runner: tool@1: cargo could not build `tool` 1.0.0 (exit status: 101); nothing was cached\n  \
                hint: `--locked` takes the versions its author built it with\n";
    assert!(ran.code == 125 && ran.stderr.ends_with(last), "{}", ran.stderr);
    assert_eq!(sandbox.cached("bin"), Vec::<PathBuf>::new());
}

#[test]
fn first_runs_at_once_make_one_build() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    let children: Vec<_> = (0..6).map(|_| sandbox.runner(["tool@1.0.0"]).start()).collect();
    for child in children {
        Ran::of("at once", child).prints("tool 1.0.0 [\"tool\"]\n");
    }
    assert_eq!((sandbox.cached("traces").len(), sandbox.cached("bin").len()), (1, 1));
    assert_eq!(sandbox.cached("staging"), Vec::<PathBuf>::new());
}

#[test]
fn killed_while_it_is_built_the_next_run_works() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    let mut killed = 0;
    for milliseconds in [5, 30, 80, 150, 250, 400] {
        let _ = fs::remove_dir_all(sandbox.cache());
        let mut child = sandbox.runner(["tool@latest"]).start();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        run(&sandbox, &["tool@latest"]).prints("tool 1.0.0 [\"tool\"]\n");
    }
    println!("faults: {killed} kills while a package is built");
}

#[test]
fn the_cache_lists_trims_and_cleans_packages() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    let list = run(&sandbox, &["cache", "list"]);
    assert!(list.stdout.ends_with("  tool@1\n") && list.stdout.contains("  release  "), "{}", list.stdout);
    assert_eq!(sandbox.cached("crates").len(), 1);
    // A trim leaves what is used, and nothing of cargo's that no sweep would find.
    let trim = run(&sandbox, &["cache", "trim"]);
    assert_eq!((trim.code, trim.stderr.as_str()), (0, ""));
    registry.set_down(true);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    let left: Vec<PathBuf> =
        sandbox.cached("deps").into_iter().filter(|path| path.ends_with("tool")).collect();
    assert!(left.is_empty(), "{left:?}");
    registry.set_down(false);
    let clean = run(&sandbox, &["cache", "clean", "tool@1"]);
    assert!(clean.stdout.starts_with("removed 1 build, "), "{}", clean.stdout);
    run(&sandbox, &["why", "tool@1"]).prints("tool@1: not built yet\n");
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["cache", "clean"]);
    assert_eq!(sandbox.cached("crates"), Vec::<PathBuf>::new());
}

#[test]
fn damage_to_what_is_kept_of_a_package_is_a_miss() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    for part in ["crates", "traces", "bin"] {
        for text in ["", "alien"] {
            let file = sandbox.cache().join("v1").join(part).join(&sandbox.cached(part)[0]);
            fs::write(file, text).unwrap();
            run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
        }
    }
    let before = registry.requests();
    run(&sandbox, &["tool@1"]).prints("tool 1.0.0 [\"tool\"]\n");
    assert_eq!(registry.requests(), before);
}

#[test]
fn damage_to_what_was_compiled_for_a_package_is_compiled_again() {
    let (sandbox, registry) = Registry::new();
    let files = &[("src/lib.rs", "pub fn leaf() -> String { std::hint::black_box(\"green\").to_owned() }")];
    registry.publish(&Crate { files, ..Crate::program("leaf", "1.0.0") });
    let files = &[("src/main.rs", "fn main() { println!(\"{}\", leaf::leaf()) }")];
    let (manifest, dependencies) = ("[dependencies]\nleaf = \"1\"\n", &[("leaf", "^1")][..]);
    registry.publish(&Crate { manifest, files, dependencies, ..Crate::program("tool", "1.0.0") });
    run(&sandbox, &["tool@1.0.0"]).prints("green\n");
    let deps = sandbox.cache().join("v1/deps");
    let count = files_below(&deps).len();
    for index in 0..count {
        let mut all = files_below(&deps);
        all.sort();
        let Some(path) = all.get(index).cloned() else { continue };
        let bytes = fs::read(&path).unwrap();
        let damaged: Vec<u8> = match index % 3 {
            0 => bytes.iter().map(|byte| byte ^ 1).collect(),
            1 => bytes[..bytes.len() / 2].to_vec(),
            _ => b"alien".to_vec(),
        };
        fs::write(&path, damaged).unwrap();
        let ran = run(&sandbox, &["--force", "tool@1.0.0"]);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, "green\n", ""),
            "{}",
            path.display()
        );
    }
    println!("garbage: {count} damages of what was compiled for a package");
}

#[test]
fn a_temporary_program_leaves_nothing_and_a_cache_that_cannot_be_used_is_done_without() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["--temp", "tool@1.0.0", "a"]).prints("tool 1.0.0 [\"tool\", \"a\"]\n");
    for part in ["traces", "bin", "staging"] {
        assert_eq!(sandbox.cached(part), Vec::<PathBuf>::new());
    }
    let file = sandbox.write("file", "");
    let ran = sandbox.runner(["tool@1.0.0"]).env("RUNNER_CACHE", file.join("no")).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "tool 1.0.0 [\"tool\"]\n"));
    assert!(
        ran.stderr.lines().count() == 1 && ran.stderr.contains("running from a temporary binary"),
        "{}",
        ran.stderr
    );
    assert_eq!(files_below(&sandbox.root().join("tmp")), Vec::<PathBuf>::new());
}

#[test]
fn a_vendored_package_needs_no_registry() {
    let sandbox = Sandbox::new();
    let vendor = sandbox.root().join("vendor/tool");
    fs::create_dir_all(vendor.join("src")).unwrap();
    fs::write(
        vendor.join("Cargo.toml"),
        "[package]\nname = \"tool\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
    )
    .unwrap();
    fs::write(vendor.join("src/main.rs"), "fn main() { println!(\"vendored\") }\n").unwrap();
    fs::write(vendor.join(".cargo-checksum.json"), "{\"files\":{},\"package\":null}").unwrap();
    let home = sandbox.root().join("cargo");
    fs::create_dir(&home).unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = {:?}\n[net]\noffline = true\n",
        sandbox.root().join("vendor")
    );
    fs::write(home.join("config.toml"), config).unwrap();
    let sandbox = sandbox.with("CARGO_HOME", home);
    for word in ["tool@1.0.0", "tool@1", "tool@latest"] {
        run(&sandbox, &[word]).prints("vendored\n");
    }
}

#[test]
fn a_package_is_built_as_a_script_is() {
    let (sandbox, registry) = Registry::with_program("tool", &["1.0.0"]);
    run(&sandbox, &["build", "tool@1.0.0", "-o", "out/"]).prints("");
    sandbox
        .command(sandbox.path("out/tool"))
        .run()
        .prints(&format!("tool 1.0.0 [{:?}]\n", sandbox.path("out/tool")));
    // Whatever is asked of it is asked of it: profiles, and no dependencies or editions.
    run(&sandbox, &["--profile", "quick", "tool@1.0.0"]).prints("tool 1.0.0 [\"tool\"]\n");
    run(&sandbox, &["--profile", "none", "tool@1.0.0"]).fails(125, "hint: `release`, `dev` or `quick`");
    let message = "runner: tool@1.0.0: `--dep` is for scripts\n  hint: a package says itself what it is written in and needs\n";
    run(&sandbox, &["--dep", "x=1", "tool@1.0.0"]).ends(125, "", message);
    assert!(registry.requests() > 0);
    // Without shared libraries, and without symbols.
    let loader = b"/lib64/ld-linux";
    let has_loader =
        |path: PathBuf| fs::read(path).unwrap().windows(loader.len()).any(|bytes| bytes == loader);
    assert!(has_loader(sandbox.path("out/tool")));
    run(&sandbox, &["build", "--static", "tool@1.0.0", "-o", "static"]).prints("");
    assert!(!has_loader(sandbox.path("static")));
    let size = |path: &str| fs::metadata(sandbox.path(path)).unwrap().len();
    run(&sandbox, &["build", "--strip", "tool@1.0.0", "-o", "stripped"]).prints("");
    assert!(size("stripped") < size("out/tool"));
}

#[test]
fn what_is_handed_on_says_where_it_came_from_and_can_be_verified() {
    let (sandbox, registry) = Registry::new();
    registry.publish(&Crate {
        files: &[("src/lib.rs", "pub const LEAF: u8 = 1;")],
        ..Crate::program("leaf", "1.0.0")
    });
    let manifest = "[dependencies]\nleaf = \"1\"\n[features]\nloud = []\n";
    let files = &[(
        "src/bin/short.rs",
        "fn main() { println!(\"{}\", leaf::LEAF); if std::env::args().count() > 9 { panic!() } }",
    )];
    let tool = Crate {
        manifest,
        files,
        features: &["loud"],
        dependencies: &[("leaf", "^1")],
        ..Crate::program("tool", "1.0.0")
    };
    registry.publish(&tool);
    run(&sandbox, &["build", "-F", "loud", "tool@1", "-o", "out/"]).prints("");
    // Its program has the name that the package gives it.
    let program = sandbox.path("out/short");
    sandbox.command(&program).run().prints("1\n");
    let record = run(&sandbox, &["inspect", "out/short"]);
    for line in [
        "\tscript\ttool@1.0.0\n",
        "\tprofile\trelease\n",
        "\toption\t--bin=short\n",
        "\toption\t--features=loud\n",
        "\tdependency\tleaf\t1.0.0\tcrates.io\n",
    ] {
        assert!(
            record.code == 0 && record.stdout.contains(line),
            "{line} {}{}",
            record.stdout,
            record.stderr
        );
    }
    let bytes = fs::read(&program).unwrap();
    for place in [sandbox.root().to_str().unwrap(), "registry/src"] {
        assert!(!bytes.windows(place.len()).any(|bytes| bytes == place.as_bytes()), "{place}");
    }
    let verified = run(&sandbox, &["verify", "out/short"]);
    assert_eq!((verified.code, verified.stderr.as_str()), (0, ""), "{}", verified.stdout);
    run(&sandbox, &["promote", "-q", "-F", "loud", "tool@latest"]).prints("");
    assert_eq!(
        fs::read(sandbox.home().join(".local/bin/short")).unwrap(),
        bytes,
        "the same, however it is asked for"
    );
    // With another version of what it depends on it would be another program.
    registry.publish(&Crate {
        files: &[("src/lib.rs", "pub const LEAF: u8 = 2;")],
        ..Crate::program("leaf", "1.0.1")
    });
    let other = run(&sandbox, &["verify", "out/short"]);
    assert!(
        other.code == 125
            && other.stderr.contains("it was built with leaf 1.0.0, and would now be with leaf 1.0.1"),
        "{}",
        other.stderr
    );
}

#[test]
fn the_build_of_a_package_can_be_seen_and_its_program_steered() {
    let (sandbox, _registry) = Registry::with_program("tool", &["1.0.0"]);
    let said = "tool 1.0.0 [\"tool\", \"a\"]\n";
    let message = "runner: tool@1.0.0: how a package is built only cargo knows, when it has done so\n  \
                   hint: `-x` shows its commands as they are run\n";
    run(&sandbox, &["-n", "tool@1.0.0", "a"]).ends(125, "", message);
    let shown = run(&sandbox, &["-x", "tool@1.0.0", "a"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (0, said));
    assert!(shown.stderr.contains(" install tool --version =1.0.0 "), "{}", shown.stderr);
    let kept = run(&sandbox, &["--work", "--force", "tool@1.0.0", "a"]);
    let work = kept.stderr.trim_end().strip_prefix("WORK=").unwrap();
    assert_eq!((kept.code, kept.stdout.as_str()), (0, said));
    assert!(files_below(work.as_ref()).iter().any(|path| path.ends_with("root/bin/tool")), "{work}");
    fs::remove_dir_all(work).unwrap();
    let timed = run(&sandbox, &["--timings", "--force", "tool@1.0.0", "a"]);
    assert_eq!((timed.code, timed.stdout.as_str()), (0, said));
    assert!(timed.stderr.contains("  compiling tool 1.0.0\n"), "{}", timed.stderr);
    let binary = sandbox.cache().join("v1/bin").join(&sandbox.cached("bin")[0]);
    let under = run(&sandbox, &["--exec", "env -i", "tool@1.0.0", "a"]);
    under.prints(&format!("tool 1.0.0 [{binary:?}, \"a\"]\n"));
    run(&sandbox, &["-n", "tool@1.0.0", "a"]).ends(0, "", &format!("env {} a\n", binary.display()));
}

#[test]
fn a_real_tool_of_crates_io() {
    let sandbox = Sandbox::new().with("CARGO_NET_RETRY", "0");
    let ran = run(&sandbox, &["shellharden@4.3.1", "--version"]);
    if ran.code == 125 && ran.stderr.contains("cannot be reached") {
        return skipped("no crates.io");
    }
    ran.prints("4.3.1\n");
    run(&sandbox, &["shellharden@=4.3.1", "--version"]).prints("4.3.1\n");
    // Its only program has another name.
    let ran = run(&sandbox, &["linecount@0.1"]);
    assert!(
        ran.code == 1 && ran.stdout.contains("Usage: lc") || ran.stderr.contains("Usage: lc"),
        "{}",
        ran.stderr
    );
    let ran = run(&sandbox, &["fizzbuzz@0.1.0"]);
    assert!(ran.code == 127 && ran.stderr.contains("is a library"), "{}", ran.stderr);
}
