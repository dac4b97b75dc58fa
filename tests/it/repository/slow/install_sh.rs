//! `install.sh`, in a prefix and a HOME of its own, and what a newcomer types after it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::support::files::files_below;
use crate::support::sandbox::{Ran, Run, Sandbox, skipped, tested};

/// One build at a time: they share a target directory, in which the first of them compiles everything.
static BUILDING: Mutex<()> = Mutex::new(());

/// A sandbox in which nothing is called `runner` yet.
fn newcomer() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.root().join("bin/runner")).unwrap();
    // The proxies of rustup, or whatever cargo runs these tests.
    let cargo = PathBuf::from(env!("CARGO"));
    let path = format!(
        "{}:{}:/usr/local/bin:/usr/bin:/bin",
        sandbox.root().join("bin").display(),
        cargo.parent().unwrap().display()
    );
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("install");
    sandbox.with("PATH", path).with("CARGO_TARGET_DIR", target).with("RUSTC", "")
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What goes below the prefix besides the binary, in the order of removal.
const SHARED: &[&str] = &[
    "share/man/man1/runner.1",
    "share/bash-completion/completions/runner",
    "share/zsh/site-functions/_runner",
    "share/fish/vendor_completions.d/runner.fish",
];

impl Sandbox {
    fn install_sh(&self, arguments: &[&str]) -> Run<'_> {
        self.command(checkout().join("install.sh")).args(arguments)
    }
}

/// Runs an installation that builds.
fn build(run: Run<'_>) -> Ran {
    let _turn = BUILDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    run.run()
}

#[test]
fn a_newcomer_installs_runs_an_example_and_uninstalls() {
    let sandbox = newcomer();
    let bin = sandbox.commands();
    let ran = build(sandbox.install_sh(&[]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let installed = format!("installed {}/runner (runner {}, ", bin.display(), env!("CARGO_PKG_VERSION"));
    assert!(ran.stdout.contains(&installed), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("{} is not on PATH; add this line to ~/.profile:", bin.display())));
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
    ran.prints(&removed.collect::<String>());
    assert!(files_below(&prefix).is_empty());
    let nothing = format!("nothing to uninstall in {}\n", bin.display());
    sandbox.install_sh(&["--uninstall"]).run().prints(&nothing);
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
    ran.prints(&removed.collect::<String>());
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
         hint: remove it, or install elsewhere with `--prefix DIR`\n",
        mine.display()
    );
    sandbox.install_sh(&["--prefix", "prefix"]).run().ends(1, "", &message);
    let message = format!(
        "install.sh: `{}` is not runner, so it stays\n  hint: remove it by hand if you know what it is\n",
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
    let path = path_without(&sandbox, &["cargo"]);
    let message = "install.sh: `cargo` is not on PATH, and building runner needs it\n  \
                   hint: install Rust from https://rustup.rs\n";
    sandbox.install_sh(&["--prefix", "p"]).env("PATH", path).run().ends(1, "", message);
    assert!(!sandbox.path("p").exists());
}

#[test]
fn without_a_linker_it_says_how_to_get_one() {
    let sandbox = newcomer();
    let path = path_without(&sandbox, &["cc", "gcc", "ld"]);
    let message = "install.sh: cannot link a program: linker `cc` not found\n  \
                   hint: install a C compiler, for example with `apt-get install gcc libc6-dev`\n";
    build(sandbox.install_sh(&["--prefix", "p"]).env("PATH", path)).ends(1, "", message);
    assert!(!sandbox.path("p").exists());
}

#[test]
fn what_it_cannot_understand_it_refuses() {
    let sandbox = newcomer();
    let hint = "  hint: `./install.sh --help` lists the options\n";
    let refuses = |arguments: &[&str], message: &str| {
        sandbox.install_sh(arguments).run().ends(2, "", &format!("install.sh: {message}"));
    };
    refuses(&["--prfix", "x"], &format!("unknown option `--prfix`\n{hint}"));
    refuses(&["--prefix"], &format!("`--prefix` needs a value\n{hint}"));
    refuses(&["x"], &format!("unknown option `x`\n{hint}"));
    let names = "rust-script run-cargo-script cargo-eval scriptisto";
    refuses(&["--as", "ls"], &format!("runner cannot be installed as `ls`\n  hint: the names are {names}\n"));
    let message =
        "`--as` and `--uninstall` do not go together\n  hint: `--uninstall` removes every name of runner\n";
    refuses(&["--uninstall", "--as", "scriptisto"], message);
    let ran = sandbox.install_sh(&["--prefix", "x"]).without("HOME").env("PATH", "/nowhere").run();
    assert_ne!(ran.code, 0);
    let help = sandbox.install_sh(&["--help"]).run();
    assert!(help.code == 0 && help.stderr.is_empty() && help.stdout.starts_with("usage: ./install.sh "));
}

/// A machine of scripts: a compiler of rustup's that can do what files say, and a cargo that builds what is tested.
///
/// `std-TARGET` is there if the compiler has that standard library, `links-TARGET` if cargo can link it statically, and
/// `offline` if rustup can add none.
fn machine() -> Sandbox {
    let sandbox = newcomer();
    let root = sandbox.root().to_owned();
    let root = root.display();
    let bin = format!("{root}/machine");
    let write = |name: &str, text: &str| {
        let path = PathBuf::from(&bin).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\necho \"{name} $*\" >>{root}/log\n{text}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    fs::create_dir_all(format!("{root}/rustup/toolchains/fake")).unwrap();
    write(
        "rustc",
        &format!(
            "case $* in\n\
             -vV) echo host: x86_64-unknown-linux-gnu ;;\n\
             '--print sysroot') cat {root}/sysroot ;;\n\
             '--print target-libdir --target '*) echo {root}/std-$4 ;;\n\
             esac\n"
        ),
    );
    write(
        "rustup",
        &format!(
            "[ ! -e {root}/offline ] || {{ echo 'error: could not download' >&2; exit 1; }}\n\
             for target; do :; done\nmkdir {root}/std-$target\n"
        ),
    );
    write(
        "cargo",
        &format!(
            "while [ $# -gt 0 ]; do\ncase $1 in\n--target) target=$2 ;;\n--target-dir) directory=$2 ;;\nesac\n\
             shift\ndone\n\
             case $RUSTFLAGS in\n*crt-static*) [ -e {root}/links-$target ] || exit 1 ;;\nesac\n\
             echo \"flags $target $RUSTFLAGS\" >>{root}/log\n\
             mkdir -p $directory/$target/release\ncp {} $directory/$target/release/runner\n",
            tested().display()
        ),
    );
    fs::write(format!("{root}/sysroot"), format!("{root}/rustup/toolchains/fake\n")).unwrap();
    fs::write(format!("{root}/links-{MUSL}"), "").unwrap();
    let path = format!("{bin}:/usr/bin:/bin");
    let (rustup, target) = (format!("{root}/rustup"), format!("{root}/target"));
    sandbox.with("PATH", path).with("RUSTUP_HOME", rustup).with("CARGO_TARGET_DIR", target)
}

impl Sandbox {
    /// What was called since the last time.
    fn calls(&self) -> String {
        let log = self.root().join("log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(log);
        text
    }

    /// Installs; what it says above `installed`, and what it called.
    fn installs(&self, arguments: &[&str]) -> (String, String) {
        let ran = self.install_sh(&["--prefix", "p", "--no-share"]).args(arguments).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        (ran.stdout.split("installed ").next().unwrap().to_owned(), self.calls())
    }
}

const MUSL: &str = "x86_64-unknown-linux-musl";

#[test]
fn a_musl_target_that_is_missing_is_asked_of_rustup_for_the_toolchain_that_builds() {
    let sandbox = machine();
    let (said, calls) = sandbox.installs(&[]);
    let expected =
        format!("adding Rust's std for {MUSL} to fake, for a static binary (`--no-rustup` does without)\n");
    assert_eq!(said, expected);
    assert!(calls.contains(&format!("rustup target add --toolchain fake {MUSL}\n")), "{calls}");
    let built = calls.lines().rfind(|line| line.starts_with("flags ")).unwrap();
    assert!(built.starts_with(&format!("flags {MUSL} ")) && built.contains("crt-static"), "{built}");
    // It is there now, and nobody is asked again.
    let (said, calls) = sandbox.installs(&[]);
    assert!(said.is_empty() && !calls.contains("rustup "), "{said}{calls}");
}

#[test]
fn without_musl_it_is_linked_dynamically_and_says_so() {
    let sandbox = machine();
    let root = sandbox.root().to_owned();
    let hint = format!(
        "no static C library here, so runner will be linked dynamically (`rustup target add {MUSL}` provides one)\n"
    );
    let is_dynamic = |calls: &str| {
        let built = calls.lines().rfind(|line| line.starts_with("flags ")).unwrap_or_default();
        built.starts_with("flags x86_64-unknown-linux-gnu ") && !built.contains("crt-static")
    };
    // Not wanted.
    let (said, calls) = sandbox.installs(&["--no-rustup"]);
    assert_eq!(said, hint);
    assert!(is_dynamic(&calls) && !calls.contains("rustup "), "{calls}");
    // Not one of rustup's.
    fs::write(root.join("sysroot"), "/usr\n").unwrap();
    let (said, calls) = sandbox.installs(&[]);
    assert_eq!(said, hint);
    assert!(is_dynamic(&calls) && !calls.contains("rustup "), "{calls}");
    // No network.
    fs::write(root.join("sysroot"), format!("{}/rustup/toolchains/fake\n", root.display())).unwrap();
    fs::write(root.join("offline"), "").unwrap();
    let (said, calls) = sandbox.installs(&[]);
    assert!(said.ends_with(&format!("rustup could not add it: could not download\n{hint}")), "{said}");
    assert!(is_dynamic(&calls), "{calls}");
    // The standard library is there, and what it is linked with is not.
    fs::create_dir(root.join(format!("std-{MUSL}"))).unwrap();
    fs::remove_file(root.join(format!("links-{MUSL}"))).unwrap();
    let (said, calls) = sandbox.installs(&[]);
    assert_eq!(said, hint);
    assert!(is_dynamic(&calls) && !calls.contains("rustup "), "{calls}");
}

#[test]
fn a_page_or_completions_of_somebody_elses_are_neither_replaced_nor_removed() {
    let sandbox = machine();
    let mine = sandbox.write("p/share/man/man1/runner.1", "mine\n");
    let ran = sandbox.install_sh(&["--prefix", "p"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("{} stays: install.sh did not put it there\n", mine.display())));
    assert_eq!(files_below(&sandbox.path("p/share")).len(), SHARED.len());
    sandbox.install_sh(&["--prefix", "p", "--uninstall"]).run();
    assert_eq!(files_below(&sandbox.path("p")), std::slice::from_ref(&mine));
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine\n");
    // What cannot be written is left out.
    sandbox.write("q/share", "a file\n");
    let ran = sandbox.install_sh(&["--prefix", "q"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("so they are left out\n"), "{}", ran.stdout);
    assert!(sandbox.path("q/bin/runner").exists());
}
