//! Where rows are made: a home and a cache of their own, the scripts in them, and the commands to be timed.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::clock::{Case, Cases, Clock};
use crate::source::{self, Source};
use crate::table::{DEBUG, GO, RELEASE, RUNNER};
use crate::tools::{self, Tool};

/// Flags for a program that needs no libc.
pub const BARE: &str =
    "-C panic=abort -C opt-level=s -C relocation-model=static -C link-arg=-nostartfiles -C link-arg=-static";

/// How a run finds its script.
#[derive(Clone, Copy, PartialEq)]
pub enum Met {
    /// As the run before left it.
    Again,
    /// With another content each time.
    Edited,
    /// Under another name each time.
    Anew,
    /// Under another name each time, and the tool has an empty cache.
    First,
}

pub struct Workshop {
    pub clock: Clock,
    pub tools: Vec<Tool>,
    pub rustc: PathBuf,
}

impl Workshop {
    /// In a directory of its own, so that two benches can go on at a time; what one that is dead has left goes.
    pub fn open(kept: &Path, tools: Vec<Tool>, quick: bool) -> Result<Workshop> {
        let work = kept.join(format!("work-{}", std::process::id()));
        fs::create_dir_all(kept)?;
        for left in entries(kept)? {
            let pid = left.file_name().and_then(|name| name.to_str()?.strip_prefix("work-"));
            if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) || left == work {
                let _ = fs::remove_dir_all(&left);
            }
        }
        let (home, cargo) = (work.join("home"), work.join("cargo"));
        fs::create_dir_all(&home)?;
        // Cargo keeps what it builds for scripts here; only what it downloads is the user's.
        fs::create_dir(&cargo)?;
        let cargo_home = tools::home_of("CARGO_HOME", ".cargo")?;
        fs::create_dir_all(cargo_home.join("registry"))?;
        for name in ["registry", "git", "config", "config.toml", "credentials.toml"] {
            if cargo_home.join(name).exists() {
                symlink(cargo_home.join(name), cargo.join(name))?;
            }
        }
        let rustup_home = tools::home_of("RUSTUP_HOME", ".rustup")?;
        let variables = [("HOME", home), ("CARGO_HOME", cargo), ("RUSTUP_HOME", rustup_home)];
        let mut variables = variables.map(|(name, path)| (name.to_owned(), text(&path))).to_vec();
        variables.push(("CARGO_NET_OFFLINE".to_owned(), "true".to_owned()));
        let workshop =
            Workshop { clock: Clock { work, variables, quick }, tools, rustc: tools::find_rustc()? };
        workshop.compile_stub(&workshop.stub(), &[])?;
        Ok(workshop)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.clock.work.join(name)
    }

    /// A script for every tool that can run it, and its call.
    pub fn scripts(&self, name: &str, source: &Source, met: Met) -> Result<Cases> {
        let mut cases = Cases::new();
        for (column, call) in &self.tools {
            let Some(script) = source.for_tool(column) else { continue };
            let Some(call) = call else {
                cases.push((*column, None));
                continue;
            };
            let name = format!("{name}-{}", column.replace([' ', '-'], ""));
            let number = if matches!(met, Met::Anew | Met::First) { "-{n}" } else { "" };
            let extension = if *column == GO { "go" } else { "rs" };
            let path = text(&self.path(&format!("{name}{number}.{extension}")));
            let mut case = Case::of(call.iter().chain([&path]));
            // What an option makes runner build must not be there for the one without.
            if [RELEASE, DEBUG].contains(column) {
                case = case.with("XDG_CACHE_HOME", self.path(&column.replace(' ', "")));
            }
            if met == Met::Again {
                fs::write(&path, script)?;
                // What is run a second time would be optimized in the background, and disturb the measurement.
                case = case.with("RUNNER_TIER", "off");
            } else {
                let template = text(&self.path(&format!("{name}.template")));
                fs::write(&template, script)?;
                let edit = r#"sed "s/NONCE/$(date +%s%N)/" "$0" >"$1""#;
                case.before = ["sh", "-c", edit, &template, &path].map(str::to_owned).to_vec();
            }
            if met == Met::First {
                case = case.with("XDG_CACHE_HOME", self.path(&format!("{name}-{{n}}")));
                case.is_cold = true;
            }
            cases.push((*column, Some(case)));
        }
        Ok(cases)
    }

    /// A script for runner alone, met again.
    pub fn script(&self, name: &str, source: &Source) -> Result<Case> {
        self.scripts(name, source, Met::Again).and_then(|cases| case_of(&cases, RUNNER).cloned())
    }

    /// Where runner has put the program of a script.
    pub fn program(&self, name: &str, cases: &Cases) -> Result<PathBuf> {
        self.clock.rehearse(case_of(cases, RUNNER)?)?;
        let mut found = Vec::new();
        for short in entries(&self.path("home/.cache/runner/v1/bin"))? {
            found.extend(entries(&short)?.iter().map(|long| long.join(format!("{name}-runner"))));
        }
        found.into_iter().find(|path| path.exists()).context("the program is not in the cache")
    }

    /// The call of rustc that `runner --release` makes for a script, as a command of its own.
    pub fn rustc_call(&self, name: &str, cases: &Cases) -> Result<Case> {
        let case = case_of(cases, RELEASE)?;
        let directory = self.path(&format!("{name}-floor"));
        fs::create_dir_all(&directory)?;
        let (listener, log) = (directory.join("rustc"), directory.join("log"));
        let listen = format!(
            "#!/bin/sh\nfor word; do\n    [ \"${{word##*/}}\" != '{script}' ] || \
            {{ printf '%s\\0' \"$@\" >'{log}'; env -0 >'{log}.env'; }}\ndone\nexec '{rustc}' \"$@\"\n",
            // Called by its path or, beside it, by its name alone.
            script = case.words.last().and_then(|path| path.rsplit('/').next()).context("no script")?,
            log = log.display(),
            rustc = self.rustc.display()
        );
        fs::write(&listener, listen)?;
        fs::set_permissions(&listener, fs::Permissions::from_mode(0o755))?;
        // In a cache of its own, since to runner this is another compiler.
        let cache = directory.join("cache");
        self.clock.rehearse(&case.clone().with("RUSTC", &listener).with("XDG_CACHE_HOME", cache))?;
        let read = |path: &Path| -> Result<Vec<String>> {
            let words = fs::read_to_string(path).context("runner did not call the compiler")?;
            Ok(words.split_terminator('\0').map(str::to_owned).collect())
        };
        let mut call = Case::of([&self.rustc]);
        call.words.extend(read(&log)?);
        let output = call.words.iter().skip_while(|word| *word != "-o").nth(1);
        let staging = output.and_then(|path| Path::new(path).parent()).context("no `-o FILE` in the call")?;
        let (from, to) = (text(staging), text(&directory));
        call.words.iter_mut().for_each(|word| *word = word.replace(&from, &to));
        for variable in read(&directory.join("log.env"))? {
            call.variables.extend(variable.split_once('=').map(|(name, value)| (name.into(), value.into())));
        }
        call.before.clone_from(&case.before);
        Ok(call)
    }

    /// A package with the dependencies of [`Source::with_dependencies`], which are downloaded.
    pub fn fetch(&self) -> Result<PathBuf> {
        let package = self.path("package");
        fs::create_dir_all(package.join("src"))?;
        fs::write(package.join("Cargo.toml"), source::MANIFEST)?;
        fs::write(package.join("src/main.rs"), Source::with_dependencies().body)?;
        let mut fetch = self.cargo("fetch", &package).with("CARGO_NET_OFFLINE", "false");
        fetch.words.push("--quiet".to_owned());
        self.clock.rehearse(&fetch).context("cannot download the dependencies")?;
        Ok(package)
    }

    /// Builds that package from nothing, its lock included.
    pub fn cargo_build(&self, package: &Path) -> Case {
        let mut build = self.cargo("build", package);
        let target = text(&self.path("first-floor-{n}"));
        build.words.extend(["--release", "--quiet", "--target-dir", &target].map(str::to_owned));
        build.before = ["rm", "-f", &text(&package.join("Cargo.lock"))].map(str::to_owned).to_vec();
        build.is_cold = true;
        build
    }

    fn cargo(&self, command: &str, package: &Path) -> Case {
        let cargo = text(&self.rustc.with_file_name("cargo"));
        Case::of([&cargo, command, "--manifest-path", &text(&package.join("Cargo.toml"))])
    }

    pub fn stub(&self) -> PathBuf {
        self.path("stub")
    }

    /// It speaks the language of one machine; on others there is none.
    pub fn compile_stub(&self, output: &Path, options: &[&str]) -> Result<()> {
        if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            return Ok(());
        }
        let source = text(&self.path("stub.rs"));
        fs::write(&source, include_str!("stub.rs"))?;
        let mut case = Case::of([&text(&self.rustc), &source, "--edition=2024", "-o", &text(output)]);
        case.words.extend(BARE.split(' ').chain(options.iter().copied()).map(str::to_owned));
        self.clock.rehearse(&case).map(drop)
    }
}

fn case_of<'a>(cases: &'a Cases, column: &str) -> Result<&'a Case> {
    let case = cases.iter().find(|(other, _)| *other == column).and_then(|(_, case)| case.as_ref());
    case.with_context(|| format!("no `{column}`"))
}

/// Makes the one script of a cache many: traces, and directories of binaries, under other names.
pub fn multiply(cache: &Path, count: usize) -> Result<()> {
    let trace =
        entries(&cache.join("v1/traces"))?.first().map(|short| entries(short)).context("empty cache")??;
    let trace = fs::read(trace.first().context("empty cache")?)?;
    for number in 0..count {
        let short = format!("{:02x}", number % 256);
        let long = format!("{short}{number:062x}");
        let traces = cache.join("v1/traces").join(&short);
        let binaries = cache.join("v1/bin").join(&short).join(&long);
        fs::create_dir_all(&traces)?;
        fs::create_dir_all(&binaries)?;
        fs::write(traces.join(&long), &trace)?;
        File::create(binaries.join("many-runner"))?;
    }
    Ok(())
}

pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?)
}
