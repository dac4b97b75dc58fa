//! Where rows are made: a home and a cache of their own, the scripts in them, and the commands to be timed.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::clock::{Case, Cases, Clock};
use crate::source::{self, Source};
use crate::table::{DEBUG, GO, PROGRAM, RELEASE, RUNNER, RUSTC, UNOBSERVED};
use crate::tools::{self, Tool};

/// Flags for a program that needs no libc.
pub const BARE: &str =
    "-C panic=abort -C opt-level=s -C relocation-model=static -C link-arg=-nostartfiles -C link-arg=-static";

/// A user's scripts lie in the user's home.
const SCRIPTS: &str = "home/scripts";

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
    package: OnceCell<PathBuf>,
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
        fs::create_dir_all(work.join(SCRIPTS))?;
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
        let clock = Clock { work, variables, quick, begun: Instant::now() };
        let workshop = Workshop { clock, tools, rustc: tools::find_rustc()?, package: OnceCell::new() };
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
            // What is not compiled is not observed either.
            if *column == UNOBSERVED && !matches!(met, Met::Edited | Met::First) {
                continue;
            }
            // What is not optimized is what one edits.
            if *column == DEBUG && met != Met::Edited {
                continue;
            }
            let Some(script) = source.for_tool(column) else { continue };
            let Some(call) = call else {
                cases.push((*column, None));
                continue;
            };
            let tool = column.replace([' ', '-', ',', '='], "");
            let name = format!("{name}-{tool}");
            let number = if matches!(met, Met::Anew | Met::First) { "-{n}" } else { "" };
            let extension = if *column == GO { "go" } else { source.extension };
            let path = text(&self.path(SCRIPTS).join(format!("{name}{number}.{extension}")));
            let mut case = Case::of(call.iter().chain([&path]));
            // What an option makes runner build must not be there for the one without.
            if [RELEASE, UNOBSERVED, DEBUG].contains(column) {
                case = case.with("XDG_CACHE_HOME", self.path(&format!("cache-of-{tool}")));
            }
            if *column == UNOBSERVED {
                case = case.with("RUNNER_OBSERVE", "off");
            }
            if met == Met::Again {
                fs::write(&path, script)?;
                // What is run a second time would be optimized in the background, and disturb the measurement. A variable of
                // runner's own, which hardly anybody has, would be looked at by each run.
                let settings = self.path("settings");
                fs::create_dir_all(settings.join("runner"))?;
                fs::write(settings.join("runner/config.toml"), "tier = false\n")?;
                case = case.with("XDG_CONFIG_HOME", settings);
            } else {
                let template = text(&self.path(&format!("{name}.template")));
                fs::write(&template, script)?;
                let edit = r#"sed "s/NONCE/$(date +%s%N)/" "$0" >"$1""#;
                case.before = ["sh", "-c", edit, &template, &path].map(str::to_owned).to_vec();
            }
            if met == Met::First {
                let cache = self.path(&format!("{name}-{{n}}"));
                case = case.with("XDG_CACHE_HOME", &cache);
                case.filled = Some(text(&cache));
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

    /// The halves of the floor of an edit: the call of the compiler that this column's run makes, as one would type it, and the
    /// program.
    pub fn floor(&self, name: &str, cases: &Cases, column: &str) -> Result<Cases> {
        let program = Case::of([self.program(name, cases)?]);
        Ok(vec![(RUSTC, Some(self.compiler_call(name, cases, column)?)), (PROGRAM, Some(program))])
    }

    /// As a dry run of runner prints it.
    fn compiler_call(&self, name: &str, cases: &Cases, column: &str) -> Result<Case> {
        let case = case_of(cases, column)?;
        // Then an edit is all that is to be built.
        self.clock.rehearse(case)?;
        let mut dry = case.clone();
        dry.words.insert(1, "-n".to_owned());
        let printed = String::from_utf8(self.clock.rehearse(&dry)?.stderr)?;
        let is_call = |line: &&str| line.starts_with("(cd ");
        let call =
            printed.lines().rfind(is_call).with_context(|| format!("no call of a compiler:\n{printed}"))?;
        let work = self.path(&format!("{name}-floor"));
        fs::create_dir_all(&work)?;
        let call = call.trim_matches(['(', ')']).replace("\"$WORK\"", &text(&work));
        let (place, call) = call.split_once(" && ").context("no `&&` in the call of a compiler")?;
        // `env`, names to remove, values to set, and the call itself.
        let mut words = shell_words::split(call)?.into_iter().skip(1).peekable();
        let directory = shell_words::split(place)?.into_iter().nth(1).map(PathBuf::from);
        let mut floor = Case { before: case.before.clone(), directory, ..Case::default() };
        while words.next_if(|word| word == "-u").is_some() {
            words.next();
        }
        while let Some(word) = words.next_if(|word| word.contains('=')) {
            floor
                .variables
                .extend(word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        // What makes a build faster is runner's own doing: nobody types it.
        floor.words = words.filter(|word| word != "-pipe").collect();
        let strip = floor.words.windows(2).position(|two| two == ["-C", "strip=debuginfo"]);
        strip.map(|strip| floor.words.drain(strip..strip + 2));
        Ok(floor)
    }

    /// A package with the dependencies of [`Source::with_dependencies`], which are downloaded once.
    pub fn fetch(&self) -> Result<PathBuf> {
        if let Some(package) = self.package.get() {
            return Ok(package.clone());
        }
        let package = self.path("package");
        fs::create_dir_all(package.join("src"))?;
        fs::write(package.join("Cargo.toml"), source::MANIFEST)?;
        fs::write(package.join("src/main.rs"), Source::with_dependencies().body)?;
        let mut fetch = self.cargo("fetch", &package).with("CARGO_NET_OFFLINE", "false");
        fetch.words.push("--quiet".to_owned());
        self.clock.rehearse(&fetch).context("cannot download the dependencies")?;
        Ok(self.package.get_or_init(|| package).clone())
    }

    /// Builds that package from nothing, its lock included.
    pub fn cargo_build(&self, package: &Path) -> Case {
        let mut build = self.cargo("build", package);
        let target = text(&self.path("first-floor-{n}"));
        build.words.extend(["--release", "--quiet", "--target-dir", &target].map(str::to_owned));
        build.before = ["rm", "-f", &text(&package.join("Cargo.lock"))].map(str::to_owned).to_vec();
        build.filled = Some(target);
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
