//! Who is measured: runner as it is shipped, and its peers, found or installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::table::{CARGO_SCRIPT, DEBUG, GO, RELEASE, RUNNER, RUST_SCRIPT, SCRIPTISTO, UNOBSERVED};

/// A column, and how its tool is called; `None` if it is not here.
pub type Tool = (&'static str, Option<Vec<String>>);

/// The static build of the checkout this script lies in.
pub fn build_runner(kept: &Path) -> Result<PathBuf> {
    let installer = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("install.sh");
    let prefix = kept.join("prefix");
    eprintln!("bench: building runner");
    let mut command = Command::new(&installer);
    command
        .args(["--no-share", "--prefix"])
        .arg(&prefix)
        .env("CARGO_TARGET_DIR", kept.join("build"))
        .stdout(Stdio::null());
    let status = command.status().with_context(|| format!("cannot run `{}`", installer.display()))?;
    ensure!(status.success(), "`{}` failed", installer.display());
    Ok(prefix.join("bin/runner"))
}

/// The directory a variable names, else this one in the user's home.
pub fn home_of(variable: &str, default: &str) -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let in_home = || set("HOME").map(|home| home.join(default)).filter(|_| !default.is_empty());
    set(variable).or_else(in_home).with_context(|| format!("neither `{variable}` nor `HOME` is set"))
}

/// The compiler itself, behind rustup's proxy.
pub fn find_rustc() -> Result<PathBuf> {
    let sysroot = said(&["rustc", "--print", "sysroot"]).context("`rustc` is not on PATH")?;
    Ok(Path::new(&sysroot).join("bin/rustc"))
}

/// All tools; what is missing is installed into `kept`, unless nothing is to be.
pub fn find(kept: &Path, runner: &Path, may_install: bool, may_install_packages: bool) -> Result<Vec<Tool>> {
    let call = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    if may_install_packages && said(&["go", "version"]).is_none() {
        let status =
            Command::new("apt-get").args(["install", "-q", "-y", "golang-go"]).stdout(Stdio::null()).status();
        ensure!(
            status.is_ok_and(|status| status.success()),
            "`apt-get install golang-go` failed: it needs Debian and root"
        );
    }
    let runner = &*runner.to_string_lossy();
    let mut tools = vec![
        (RUNNER, call(&[runner])),
        (RELEASE, call(&[runner, "--release"])),
        (UNOBSERVED, call(&[runner, "--release"])),
        (DEBUG, call(&[runner, "--debug"])),
    ];
    for name in [SCRIPTISTO, RUST_SCRIPT] {
        let own = kept.join("peers/bin").join(name);
        if may_install && !own.exists() && !is_on_path(name) {
            eprintln!("bench: installing {name}");
            let mut install = Command::new("cargo");
            install.args(["install", "--quiet", "--locked", "--root"]).arg(kept.join("peers")).arg(name);
            if !install.status().context("`cargo` is not on PATH")?.success() {
                eprintln!("bench: cannot install {name}");
            }
        }
        let found = if own.exists() { call(&[&own.to_string_lossy()]) } else { None };
        tools.push((name, found.or_else(|| call(&[name]).filter(|_| is_on_path(name)))));
    }
    let nightly = said(&["cargo", "+nightly", "--version"]);
    tools.push((CARGO_SCRIPT, nightly.and_then(|_| call(&["cargo", "+nightly", "-Zscript"]))));
    tools.push((GO, said(&["go", "version"]).and_then(|_| call(&["go", "run"]))));
    Ok(tools)
}

/// The machine and the tools, in a line.
pub fn describe(rustc: &Path, tools: &[Tool]) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model =
        processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let release = read("/proc/sys/kernel/osrelease");
    let release: Vec<&str> = release.trim().split('.').take(2).collect();
    let mut parts = vec![
        model.trim_start_matches([' ', '\t', ':']).to_owned(),
        format!("{cores} cores"),
        format!("Linux {}", release.join(".")),
    ];
    let mut versions = vec![vec![rustc.display().to_string(), "--version".to_owned()]];
    for (column, call) in tools {
        let Some(call) = call else { continue };
        match *column {
            RELEASE | UNOBSERVED | DEBUG => {}
            SCRIPTISTO => parts.push("scriptisto".to_owned()),
            CARGO_SCRIPT => versions.push(vec!["cargo".into(), "+nightly".into(), "--version".into()]),
            GO => versions.push(vec!["go".into(), "version".into()]),
            _ => versions.push(vec![call[0].clone(), "--version".into()]),
        }
    }
    // Without the commit and the day in parentheses.
    let version = |words: &Vec<String>| Some(said(words)?.split(" (").next()?.to_owned());
    parts.extend(versions.iter().filter_map(version));
    parts.join(", ")
}

pub fn is_on_path(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(name).is_file()))
}

/// The first line a command prints, if it succeeds.
fn said<W: AsRef<str>>(words: &[W]) -> Option<String> {
    let mut words = words.iter().map(AsRef::as_ref);
    // To ask rustup for a toolchain that is missing would install it.
    let mut command = Command::new(words.next()?);
    let output = command.args(words).env("RUSTUP_AUTO_INSTALL", "0").stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().filter(|_| output.status.success()).map(str::to_owned)
}
