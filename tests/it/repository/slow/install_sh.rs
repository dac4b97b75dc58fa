//! `install.sh`, in a prefix and a HOME of its own, and what a newcomer types after it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::files::files_below;
use crate::support::installer::{SHARED, build, checkout, newcomer};
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn a_newcomer_installs_runs_an_example_and_uninstalls() {
    let sandbox = newcomer();
    let bin = sandbox.commands();
    let ran = build(sandbox.install_sh(&[]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let installed = format!("installed {}/runner (runner {}, ", bin.display(), env!("CARGO_PKG_VERSION"));
    assert!(ran.stdout.contains(&installed), "{}", ran.stdout);
    // Until PATH has it, there is a name that works.
    let until =
        format!("{0} is not on PATH: until it is, run scripts with {0}/runner SCRIPT\n", bin.display());
    assert!(ran.stdout.contains(&format!("{until}add this line to ~/.profile:\n")), "{}", ran.stdout);
    // What it says to do is what helps.
    let line = ran.stdout.lines().last().unwrap().trim().to_owned();
    sandbox
        .sh(&format!("{line}; runner --version"))
        .run()
        .prints(&format!("runner {}\n", env!("CARGO_PKG_VERSION")));

    // The two commands of the README. This example needs no crates, as those it names do.
    let roman = checkout().join("scripts/examples/roman");
    for _ in 0..2 {
        sandbox.sh(&format!("{line}; {} 2024", roman.display())).run().prints("MMXXIV\n");
    }

    // What shells and man look for is where they look, and says what this runner says.
    let share = sandbox.home().join(".local/share");
    for (name, arguments) in SHARED.iter().zip([
        &["help", "--man"][..],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
    ]) {
        let text = fs::read_to_string(share.parent().unwrap().join(name)).unwrap();
        sandbox.command(bin.join("runner")).args(arguments).run().prints(&text);
    }

    // What it says of its own making, and no place of its builder's.
    let inspected = sandbox.command(bin.join("runner")).args(["inspect"]).args([bin.join("runner")]).run();
    assert_eq!((inspected.code, inspected.stderr.as_str()), (0, ""));
    let text = &inspected.stdout;
    assert!(text.contains(&format!("\tscript\trunscript@{}\n", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.contains("\ttoolchain\trustc 1.") && text.contains("\ttarget\t"), "{text}");
    let packages = text.lines().filter(|line| line.starts_with("\tdependency\t"));
    assert!(packages.filter(|line| line.split('\t').nth(5).is_some_and(|sum| sum.len() == 64)).count() > 30);
    if checkout().join(".git").exists() {
        assert!(text.contains("\trevision\t"), "{text}");
    }
    let binary = fs::read(bin.join("runner")).unwrap();
    let of_builder = sandbox.sh("echo \"$CARGO_HOME $RUSTUP_HOME\"").run().stdout;
    for place in of_builder.split_whitespace().chain(checkout().to_str()) {
        let has_it = binary.windows(place.len()).any(|part| part == place.as_bytes());
        assert!(!has_it, "{place} is in the binary");
    }

    // Again, over the one that is there, with other names.
    let ran = build(sandbox.install_sh(&["--as", "rust-script", "--as=cargo-eval"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    for name in ["rust-script", "cargo-eval"] {
        assert_eq!(fs::read_link(bin.join(name)).unwrap(), Path::new("runner"));
    }
    let mode = fs::metadata(bin.join("runner")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);

    let ran = sandbox.install_sh(&["--uninstall"]).run();
    let removed = ["rust-script", "cargo-eval", "runner"].map(|name| format!("bin/{name}"));
    let removed = removed.iter().map(String::as_str).chain(SHARED.iter().copied());
    let prefix = sandbox.home().join(".local");
    let removed = removed.map(|name| format!("removed {}/{name}\n", prefix.display()));
    let cache = sandbox.cache();
    let stays = format!(
        "stays: {} (the cache)\n`./install.sh --uninstall --purge` removes these too\n",
        cache.display()
    );
    ran.prints(&(removed.collect::<String>() + &stays));
    assert!(files_below(&prefix).is_empty());
    let nothing = format!("nothing to uninstall in {}\n", bin.display());
    sandbox.install_sh(&["--uninstall"]).run().prints(&(stays + &nothing));
    sandbox.install_sh(&["--uninstall", "--purge"]).run().prints(&format!("removed {}\n", cache.display()));
    assert!(files_below(&sandbox.home()).is_empty());
}

#[test]
fn with_nothing_on_path_but_the_toolchain_one_command_installs_and_runs_a_script() {
    let sandbox = newcomer();
    let toolchain = PathBuf::from(env!("CARGO"));
    let path = toolchain.parent().unwrap().to_owned();
    let ran = build(sandbox.install_sh(&["--as", "runscript", "--try"]).env("PATH", path));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let installed = sandbox.commands().join("runner");
    assert!(
        ran.stdout
            .contains(&format!("running {} scripts/examples/words.rs README.md\n", installed.display()))
    );
    assert_eq!(fs::read_link(sandbox.commands().join("runscript")).unwrap(), Path::new("runner"));
    // The second name is for scripts that are handed around.
    let path = format!("{}:/usr/bin:/bin", sandbox.commands().display());
    let roman = fs::read_to_string(checkout().join("scripts/examples/roman")).unwrap();
    let script = sandbox.script("roman", roman.replacen("env runner", "env runscript", 1));
    assert!(roman.starts_with("#!/usr/bin/env runner\n"));
    let ran = sandbox
        .command(&script)
        .args(["2024"])
        .env("PATH", format!("{}:{path}", toolchain.parent().unwrap().display()))
        .run();
    ran.prints("MMXXIV\n");
    // What was promoted goes with the rest, if that is wanted.
    sandbox.command(&installed).args(["promote", "-q"]).args([&script]).run().prints("");
    let ran = sandbox.install_sh(&["--uninstall", "--purge"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("removed the command roman\n"), "{}", ran.stdout);
    assert!(files_below(&sandbox.home()).is_empty(), "{:?}", files_below(&sandbox.home()));
}

/// The static binary, in megabytes of a million bytes.
const LARGEST_MEGABYTES: f64 = 3.0;

#[test]
fn the_static_binary_is_small() {
    let sandbox = newcomer();
    let ran = build(sandbox.install_sh(&["--prefix", "p", "--no-share"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    if ran.stdout.contains("dynamically linked") {
        return skipped("no static C library (rustup target add x86_64-unknown-linux-musl)");
    }
    let binary = fs::read(sandbox.path("p/bin/runner")).unwrap();
    let megabytes = binary.len() as f64 / 1e6;
    assert!(megabytes <= LARGEST_MEGABYTES, "{megabytes} MB");
}

/// Of a cached run, before its program: three of them are the stub's own, and what lies scattered adds one each.
const MOST_PAGE_FAULTS: i64 = 10;

#[test]
fn a_hit_of_the_static_binary_touches_few_pages() {
    let sandbox = newcomer();
    let ran = build(sandbox.install_sh(&["--prefix", "p", "--no-share"]));
    if ran.stdout.contains("dynamically linked") || !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return skipped("a hit is asked for before libc in the static binary for x86-64 Linux only");
    }
    // The count survives execve(2).
    sandbox.write(
        "faults.rs",
        "fn main() {\n    let stat = std::fs::read_to_string(\"/proc/self/stat\").unwrap();\n    \
         let minor = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(7).unwrap();\n    \
         println!(\"{minor}\");\n}\n",
    );
    let faults = |command: &str| -> i64 {
        let ran = sandbox.sh(&format!("exec {command}")).run();
        ran.stdout.trim().parse().unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
    };
    let program = sandbox.sh("p/bin/runner build --print-path faults.rs").run().stdout;
    let least = |command: &str| (0..10).map(|_| faults(command)).min().unwrap();
    let (alone, hit) = (least(program.trim()), least("p/bin/runner faults.rs"));
    assert!((1..=MOST_PAGE_FAULTS).contains(&(hit - alone)), "{hit} with runner, {alone} without");
}

#[test]
fn a_prefix_is_where_it_goes_and_nothing_goes_elsewhere() {
    let sandbox = newcomer();
    let prefix = sandbox.path("a prefix");
    let ran = build(sandbox.install_sh(&["--prefix", "a prefix"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let mut expected: Vec<PathBuf> = SHARED.iter().map(|name| prefix.join(name)).collect();
    expected.push(prefix.join("bin/runner"));
    let mut found = files_below(&sandbox.work());
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(files_below(&sandbox.home()).is_empty(), "{:?}", files_below(&sandbox.home()));
    assert!(files_below(&sandbox.root().join("tmp")).is_empty());
    sandbox.script("x.rs", "#!/usr/bin/env runner\nfn main() { println!(\"hi\") }\n");
    let script = "PATH=\"$PWD/a prefix/bin:$PATH\"; ./x.rs; ./x.rs";
    sandbox.sh(script).run().prints("hi\nhi\n");
    let ran = sandbox.install_sh(&["--uninstall", "--prefix=a prefix"]).run();
    let removed = ["bin/runner"].iter().chain(SHARED);
    let removed = removed.map(|name| format!("removed {}/{name}\n", prefix.display()));
    let stays = format!(
        "stays: {} (the cache)\n`./install.sh --uninstall --purge` removes these too\n",
        sandbox.cache().display()
    );
    ran.prints(&(removed.collect::<String>() + &stays));
}

#[test]
fn what_is_installed_keeps_the_process_contract_too() {
    let sandbox = newcomer();
    let ran = build(sandbox.install_sh(&["--prefix", "p"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    // Its hits are found before the C library starts, which no test of the plain binary sees.
    let tests = std::env::current_exe().unwrap();
    let tests = std::process::Command::new(tests)
        .args(["process::", "--test-threads=2"])
        .env("RUNNER_TESTED", sandbox.path("p/bin/runner"))
        .output()
        .unwrap();
    assert!(tests.status.success(), "{}", String::from_utf8_lossy(&tests.stdout));
}

#[test]
fn a_file_that_is_not_runner_is_neither_replaced_nor_removed() {
    let sandbox = newcomer();
    let mine = sandbox.write("prefix/bin/runner", "mine\n");
    let message = format!(
        "install.sh: `{}` exists and is not runner\n  \
         hint: install elsewhere with `--prefix DIR`, or replace it with `--force`\n",
        mine.display()
    );
    sandbox.install_sh(&["--prefix", "prefix"]).run().ends(1, "", &message);
    let message = format!(
        "install.sh: `{}` is not runner, so it stays\n  \
         hint: remove it by hand if you know what it is, or with `--force`\n",
        mine.display()
    );
    sandbox.install_sh(&["--prefix", "prefix", "--uninstall"]).run().ends(1, "", &message);
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine\n");
    let other = sandbox.write("second/bin/rust-script", "mine\n");
    let message = format!(
        "install.sh: `{}` exists and install.sh did not put it there\n  \
         hint: remove it, or leave out `--as rust-script`\n",
        other.display()
    );
    sandbox.install_sh(&["--prefix", "second", "--as", "rust-script"]).run().ends(1, "", &message);
    assert_eq!(files_below(&sandbox.path("second")), [other]);
}

/// A directory with links to what install.sh itself needs, and without what is named.
fn path_without(sandbox: &Sandbox, missing: &[&str]) -> PathBuf {
    let directory = sandbox.path("path");
    fs::create_dir_all(&directory).unwrap();
    let tools = [
        "dirname", "grep", "sed", "env", "mktemp", "mkdir", "rm", "cat", "mv", "cp", "chmod", "ln",
        "readlink",
    ];
    let path = sandbox.sh("echo \"$PATH\"").run().stdout;
    for tool in
        tools.iter().chain(&["cargo", "rustc", "cc", "ld", "gcc"]).filter(|tool| !missing.contains(tool))
    {
        let mut places = std::env::split_paths(path.trim()).map(|place| place.join(tool));
        if let Some(found) = places.find(|place| place.exists()) {
            symlink(found, directory.join(tool)).unwrap();
        }
    }
    directory
}

#[test]
fn without_cargo_it_says_where_rust_comes_from() {
    let sandbox = newcomer();
    if ["/usr/bin/cargo", "/usr/local/bin/cargo"].iter().any(|cargo| Path::new(cargo).exists()) {
        return skipped("a system without a Rust of its own");
    }
    let path = path_without(&sandbox, &["cargo"]);
    let message = "install.sh: `cargo` is not on PATH, and building runner needs it\n  \
                   hint: install Rust from https://rustup.rs\n";
    sandbox.install_sh(&["--prefix", "p"]).env("PATH", path).run().ends(1, "", message);
    assert!(!sandbox.path("p").exists());
}

#[test]
fn without_a_linker_it_says_how_to_get_one() {
    let sandbox = newcomer();
    let message = "install.sh: cannot link a program: linker `/nowhere/cc` not found\n  \
                   hint: install a C compiler, for example with `apt-get install gcc libc6-dev`\n";
    let target = format!("CARGO_TARGET_{}_LINKER", host().to_uppercase().replace('-', "_"));
    build(sandbox.install_sh(&["--prefix", "p"]).env(target, "/nowhere/cc")).ends(1, "", message);
    assert!(!sandbox.path("p").exists());
}

fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}
