//! What of a machine runs rest on: runner itself, its directories, compilers, the linker, the configuration.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::environment::is_executable;
use crate::base::error::At;
use crate::base::error::{Result, Step};
use crate::build::observing::Observing;
use crate::commands::doctor::finding::{Findings, Grade};
use crate::commands::env::{executable_directory, misspelt_variables};
use crate::commands::installed::{self, State};
use crate::engine::background;
use crate::engine::context::Context;
use crate::languages::language::{CFamily, Compilers};
use crate::languages::table::LANGUAGES;
use crate::request::options::{Options, Verbosity};
use crate::rust::toolchain::Toolchain;
use crate::settings::config_file::Config;
use crate::store::cache::is_noexec;
use crate::store::staging::Staging;

/// Less than this a build may well use up.
const LEAST_FREE_BYTES: u64 = 500 << 20;

pub(crate) fn look(context: &Context, options: &Options, findings: &mut Findings) {
    runner(context, findings);
    env(findings);
    configuration(context, findings);
    cache(context, findings);
    commands(context, findings);
    toolchain(context, options, findings);
    languages(context, findings);
    observation(context, options, findings);
    if let Ok(Some(running)) = background::running(context) {
        findings.ok("background", format!("process {} builds {}", running.pid, running.script.display()));
    }
}

/// Every program called `runner` on PATH, in order.
fn runners(context: &Context) -> Vec<PathBuf> {
    let path = context.environment().variable("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).map(|directory| directory.join("runner"));
    let mut found: Vec<PathBuf> = Vec::new();
    for program in named.filter(|program| is_executable(program)) {
        if !found.contains(&program) {
            found.push(program);
        }
    }
    found
}

fn runner(context: &Context, findings: &mut Findings) {
    let version = env!("CARGO_PKG_VERSION");
    let own = std::env::current_exe().and_then(fs::canonicalize).ok();
    let shown = own.as_ref().map_or_else(|| "?".to_owned(), |path| path.display().to_string());
    findings.ok("runner", format!("{version} at {shown}"));
    let all = runners(context);
    let is_own = |path: &PathBuf| fs::canonicalize(path).ok() == own;
    match all.first() {
        None => findings.warn(
            "PATH",
            "no `runner` is on PATH, so `#!/usr/bin/env runner` finds none",
            "add the directory of runner to PATH",
        ),
        Some(first) if !is_own(first) => findings.warn(
            "PATH",
            format!("`{}` comes first, and is another program than this one", first.display()),
            format!("`{} --version` tells what it is; remove it, or put this one before it", first.display()),
        ),
        Some(first) => {
            let others: Vec<String> = all
                .iter()
                .skip(1)
                .filter(|path| !is_own(path))
                .map(|path| format!("`{}`", path.display()))
                .collect();
            match others.is_empty() {
                true => findings.ok("PATH", format!("`{}` comes first", first.display())),
                false => findings.warn(
                    "PATH",
                    format!("`{}` comes first; there is also {}", first.display(), others.join(", ")),
                    "remove those that are not used",
                ),
            }
        }
    }
    for (name, meant) in misspelt_variables(context) {
        findings.warn(
            "variable",
            format!("`{name}` is set, and has no effect"),
            if meant.is_empty() { "unset it".to_owned() } else { format!("`{meant}` is one that has") },
        );
    }
    let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"];
    let set: Vec<&str> =
        proxies.into_iter().filter(|name| context.environment().set(name).is_some()).collect();
    if !set.is_empty() {
        // Their values may hold passwords.
        findings.ok("proxy", format!("{} set", set.join(", ")));
    }
}

fn env(findings: &mut Findings) {
    match is_executable(Path::new("/usr/bin/env")) {
        true => findings.ok("env", "`/usr/bin/env` is there"),
        false => findings.fail(
            "env",
            "`/usr/bin/env` is missing, so `#!/usr/bin/env runner` cannot work",
            "name runner by its path: `#!/path/to/runner`",
        ),
    }
}

fn configuration(context: &Context, findings: &mut Findings) {
    match Config::read(context.environment()) {
        Err(error) => findings.error(Grade::Fail, "configuration", &error),
        Ok(config) => {
            for (text, hint) in &config.complaints {
                findings.warn("configuration", text.as_str(), hint.clone().unwrap_or_default());
            }
            let place = config.path.filter(|path| path.is_file());
            if config.complaints.is_empty() {
                let place = place.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
                findings.ok("configuration", place);
            }
        }
    }
}

fn cache(context: &Context, findings: &mut Findings) {
    let cache = match context.cache() {
        Ok(cache) => cache,
        Err(error) => return findings.error(Grade::Fail, "cache", &error),
    };
    let probe = || -> Result<()> {
        cache.create()?;
        let staging = Staging::create(&cache.join("staging"))
            .map_err(|error| cache.unusable("cannot write to", error))?;
        fs::write(staging.path().join("probe"), "probe")
            .map_err(|error| cache.unusable("cannot write to", error))
    };
    let root = cache.root().display().to_string();
    if let Err(error) = probe() {
        // Scripts still run, from temporary binaries.
        return findings.error(Grade::Warn, "cache", &error);
    }
    if is_noexec(cache.root()) {
        return findings.warn(
            "cache",
            format!("`{root}` is on a file system mounted noexec"),
            "set `RUNNER_CACHE` to a directory on another one",
        );
    }
    let free = rustix::fs::statvfs(cache.root()).map_or(u64::MAX, |system| system.f_bavail * system.f_frsize);
    match free < LEAST_FREE_BYTES {
        true => findings.warn(
            "cache",
            format!("{} MB are free at `{root}`", free >> 20),
            "`runner cache trim --max-size 500M` removes what was used least lately",
        ),
        false => findings.ok("cache", root),
    }
}

fn commands(context: &Context, findings: &mut Findings) {
    let directory = match executable_directory(context) {
        Ok(Some(directory)) => directory,
        Ok(None) => return,
        Err(error) => return findings.error(Grade::Warn, "commands", &error),
    };
    let listed = installed::list(context).unwrap_or_default();
    let path = context.environment().variable("PATH").unwrap_or_default();
    let shown = directory.display();
    match std::env::split_paths(&path).any(|entry| entry == directory) {
        true => findings.ok("commands", format!("{} in `{shown}`, which is on PATH", listed.len())),
        false if listed.is_empty() => {
            findings.ok("commands", format!("none; `{shown}`, where they would go, is not on PATH"));
        }
        false => findings.warn(
            "commands",
            format!("`{shown}` is not on PATH"),
            format!("export PATH=\"{shown}:$PATH\""),
        ),
    }
    for one in &listed {
        let name = one.name.to_string_lossy();
        let found = context.environment().find_command(&one.name);
        if let Some(other) = found.filter(|found| *found != one.path) {
            findings.warn(
                "commands",
                format!("`{name}` is `{}` on PATH, not `{}`", other.display(), one.path.display()),
                "put the directory of the one that is meant first on PATH",
            );
        }
    }
    let stale: Vec<String> = listed
        .iter()
        .filter(|one| one.state != State::Current)
        .map(|one| format!("{} ({})", one.name.to_string_lossy(), one.state.as_str()))
        .collect();
    if !stale.is_empty() {
        findings.warn("commands", format!("out of date: {}", stale.join(", ")), "`runner upgrade`");
    }
}

fn toolchain(context: &Context, options: &Options, findings: &mut Findings) {
    let environment = context.environment();
    let Ok(cache) = context.cache() else { return };
    let wanted =
        crate::commands::env::layers(context, options).ok().and_then(|layers| layers.text("toolchain"));
    let toolchain = match Toolchain::find(wanted.as_deref(), environment, &cache) {
        Ok(toolchain) => toolchain,
        Err(error) => return findings.error(Grade::Fail, "rustc", &error),
    };
    findings.ok("rustc", format!("{} at {}", toolchain.version.semver, toolchain.rustc.display()));
    match toolchain.cargo(environment) {
        Ok(cargo) => findings.ok("cargo", cargo.display().to_string()),
        Err(error) => findings.warn(
            "cargo",
            "is not installed, and scripts with dependencies need it",
            error.cure().unwrap_or_default(),
        ),
    }
    for (program, component, for_what) in [
        ("rustfmt", "rustfmt", "runner fmt"),
        ("clippy-driver", "clippy", "runner clippy"),
        ("rust-analyzer", "rust-analyzer", "editors"),
    ] {
        match is_executable(&toolchain.rustc.with_file_name(program)) {
            true => findings.ok(component, "is there"),
            // Nobody needs it to run scripts.
            false => findings.ok(
                component,
                format!("is not installed; {for_what} would use it (`rustup component add {component}`)"),
            ),
        }
    }
    if let Some(home) = environment.cargo_home() {
        let is_writable = !home.exists() || rustix::fs::access(&home, rustix::fs::Access::WRITE_OK).is_ok();
        match is_writable {
            true => findings.ok("CARGO_HOME", home.display().to_string()),
            false => findings.warn(
                "CARGO_HOME",
                format!("`{}` cannot be written to; crates are kept in the cache instead", home.display()),
                format!("`sudo chown -R \"$USER\" {}`, if it is yours", home.display()),
            ),
        }
    }
    match links(context, &cache, &toolchain) {
        Ok(None) => findings.ok("linker", "links an empty program"),
        Ok(Some(words)) => findings.fail(
            "linker",
            words,
            "install a C compiler, which links: `apt-get install gcc`, `dnf install gcc`, `xcode-select --install`",
        ),
        Err(error) => findings.error(Grade::Fail, "linker", &error),
    }
}

/// Links an empty program; what was said if that fails.
fn links(
    context: &Context,
    cache: &crate::store::cache::Cache,
    toolchain: &Toolchain,
) -> Result<Option<String>> {
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let source = staging.path().join("empty.rs");
    fs::write(&source, "fn main() {}\n").at(Step::Cache)?;
    let mut command = Command::new(&toolchain.rustc);
    command.env_clear().envs(context.environment().for_compilers());
    command.arg("-o").arg(staging.path().join("empty")).arg(&source);
    let reporter = context.reporter(Verbosity::Quiet);
    let finished = reporter.run(&command, "linking", false).at(Step::Toolchain)?;
    if finished.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&finished.stderr).into_owned();
    let line = said.lines().find(|line| line.starts_with("error")).unwrap_or("rustc failed");
    Ok(Some(line.to_owned()))
}

/// Whether compilers are observed: without it their own word is taken for what they read.
fn observation(context: &Context, options: &Options, findings: &mut Findings) {
    let Ok(layers) = crate::commands::env::layers(context, options) else { return };
    let observing = Observing::of(&layers);
    match &observing {
        Observing::InForce => findings.ok("observation", observing.to_string()),
        Observing::Off => findings.warn(
            "observation",
            observing.to_string(),
            "remove `RUNNER_OBSERVE` or `observe = false`, which turn it off",
        ),
        Observing::Unavailable(_) => findings.warn(
            "observation",
            observing.to_string(),
            "it needs Linux 5.5 and the system call `seccomp`, which a container may forbid",
        ),
    }
}

fn languages(context: &Context, findings: &mut Findings) {
    let is_there = |program: &str| context.environment().find_command(OsStr::new(program)).is_some();
    let has_compiler = |compilers: &Compilers| match compilers {
        Compilers::CFamily(CFamily::C) => ["cc", "gcc", "clang"].into_iter().any(is_there),
        Compilers::CFamily(CFamily::Cpp) => ["c++", "g++", "clang++"].into_iter().any(is_there),
        Compilers::Go => is_there("go"),
        Compilers::Templates(templates) => templates.iter().any(|template| is_there(template.program)),
        Compilers::Interpreter(_) => false,
    };
    let (found, missing): (Vec<_>, Vec<_>) = LANGUAGES
        .iter()
        .filter(|language| language.is_compiled())
        .partition(|language| has_compiler(&language.compilers));
    let names = |list: &[&crate::languages::language::Language]| {
        list.iter().map(|language| language.name).collect::<Vec<_>>().join(", ")
    };
    findings.ok("languages", format!("rust, {}; without a compiler: {}", names(&found), names(&missing)));
}
