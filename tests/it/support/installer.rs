//! `install.sh` in a sandbox: what a newcomer has, and a machine of scripts on which nothing is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::support::files::write_program;
use crate::support::sandbox::{Ran, Run, Sandbox, tested};

/// A sandbox in which nothing is called `runner` yet.
pub fn newcomer() -> Sandbox {
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

pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What goes below the prefix besides the binary, in the order of removal.
pub const SHARED: &[&str] = &[
    "share/man/man1/runner.1",
    "share/bash-completion/completions/runner",
    "share/zsh/site-functions/_runner",
    "share/fish/vendor_completions.d/runner.fish",
];

/// One build at a time: they share a target directory, in which the first of them compiles everything.
static BUILDING: Mutex<()> = Mutex::new(());

/// Runs an installation that builds.
pub fn build(run: Run<'_>) -> Ran {
    let _turn = BUILDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    run.run()
}

impl Sandbox {
    pub fn install_sh(&self, arguments: &[&str]) -> Run<'_> {
        self.command(checkout().join("install.sh")).args(arguments)
    }
}

/// A machine of scripts: a compiler of rustup's that can do what files say, and a cargo that builds what is tested.
///
/// `std-TARGET` is there if the compiler has that standard library, `links-TARGET` if cargo can link it statically, and
/// `offline` if rustup can add none.
pub fn machine() -> Sandbox {
    let sandbox = newcomer();
    let root = sandbox.root().to_owned();
    let root = root.display();
    let bin = format!("{root}/machine");
    let write = |name: &str, text: &str| {
        let path = PathBuf::from(&bin).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_program(&path, format!("#!/bin/sh\necho \"{name} $*\" >>{root}/log\n{text}"));
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
            "[ \"$1\" = build ] || exit 0\n\
             while [ $# -gt 0 ]; do\ncase $1 in\n--target) target=$2 ;;\n--target-dir) directory=$2 ;;\nesac\n\
             shift\ndone\n\
             case $CARGO_ENCODED_RUSTFLAGS in\n*crt-static*) [ -e {root}/links-$target ] || exit 1 ;;\nesac\n\
             echo \"flags $target $CARGO_ENCODED_RUSTFLAGS\" >>{root}/log\n\
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
    pub fn calls(&self) -> String {
        let log = self.root().join("log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(log);
        text
    }

    /// Installs; what it says above `installed`, and what it called.
    pub fn installs(&self, arguments: &[&str]) -> (String, String) {
        let ran = self.install_sh(&["--prefix", "p", "--no-share"]).args(arguments).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        let installed = self.path("p/bin/runner");
        let says = format!("installed {} (runner {}, ", installed.display(), env!("CARGO_PKG_VERSION"));
        assert!(ran.stdout.contains(&says), "{}", ran.stdout);
        (ran.stdout.split("installed ").next().unwrap().to_owned(), self.calls())
    }
}

pub const MUSL: &str = "x86_64-unknown-linux-musl";
