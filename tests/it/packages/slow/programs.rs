//! `runner crate@version`: programs of a registry, compiled once and executed as scripts are.

use std::fs;
use std::path::PathBuf;

use crate::support::confined::has_sandbox;
use crate::support::fake_registry::{Crate, Registry, run};
use crate::support::files::files_below;
use crate::support::machine::is_offline;
use crate::support::sandbox::Sandbox;
use crate::support::strace;

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
fn a_sandbox_of_the_configuration_holds_for_packages() {
    if !has_sandbox() {
        return;
    }
    let (sandbox, registry) = Registry::new();
    let text = "fn main() { println!(\"{}\", std::fs::write(\"made\", \"\").is_ok()) }";
    registry.publish(&Crate { files: &[("src/main.rs", text)], ..Crate::program("tool", "1.0.0") });
    run(&sandbox, &["tool@1"]).prints("true\n");
    let config = sandbox.home().join(".config/runner/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "sandbox = true\n").unwrap();
    // What was built before it was asked for, what is built now, and what is found in the cache.
    for words in [&["tool@1"][..], &["--force", "tool@1"], &["tool@1"], &["--temp", "tool@1"]] {
        run(&sandbox, words).prints("false\n");
    }
    fs::write(&config, "sandbox = true\nallow-write = [\".\"]\n").unwrap();
    run(&sandbox, &["tool@1"]).prints("true\n");
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
    let message = "runner: x.rs: there is no feature `one`\n  \
                   hint: a script names its features under `[features]`\n";
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
        fs::read(sandbox.commands().join("short")).unwrap(),
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
    if is_offline(&ran) {
        return;
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
