//! The spine: the way of a script, from its bytes to a program that can be executed.
//!
//! ```text
//! Script ─► launch id ─► trace holds? ──yes──────────────────────────► Program
//!                          │ no
//!                          ▼
//!             Recipe ─► lock ─► trace holds now? ──yes──► (alias) ───► Program
//!                                 │ no
//!                                 ▼
//!                    compile in staging ─► commit ─► (alias) ────────► Program
//! ```

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::artifact::Basis;
use crate::cache::{Built, Cache, Entry, Found, Told};
use crate::compile::{self, Outcome};
use crate::environment::Environment;
use crate::error::{At, EXIT_CANNOT_EXECUTE, EXIT_NOT_FOUND, Error, Result, Step};
use crate::exec::{self, Identity};
use crate::launch::LaunchId;
use crate::options::{Options, Verbosity};
use crate::recipe::{Recipe, RustRecipe};
use crate::screen::Screen;
use crate::script::Script;
use crate::settings;
use crate::staging::Staging;
use crate::statistics::{self, Event};
use crate::tier;
use crate::trace::Tools;
use crate::trim::{self, Limits};
use crate::wait::patiently;

/// How often a build is begun again because an input changed under it.
const MOST_DISTURBANCES: usize = 8;

/// How often a program is looked for again because it was trimmed between the look and the exec.
const MOST_VANISHINGS: usize = 3;

/// Compiles, caches and executes scripts.
#[derive(Debug)]
pub struct Runner {
    environment: Environment,
    /// What starts a background build: see [`crate::tier`].
    pub(crate) background: Option<fn() -> io::Result<PathBuf>>,
}

/// A script's program, ready to be executed.
#[derive(Debug)]
pub struct Program {
    pub(crate) script: Script,
    name: OsString,
    binary: Binary,
    pub(crate) told: Told,
    /// What it rests on, if no trace says it.
    basis: Option<Basis>,
}

#[derive(Debug)]
enum Binary {
    /// In the cache.
    Cached(PathBuf),
    /// In memory only.
    Memory(OwnedFd),
    /// In a directory that goes when it has run.
    Held { path: PathBuf, _staging: Option<Staging>, _cache: Cache },
}

impl Runner {
    /// A runner that sees `environment`.
    pub fn new(environment: Environment) -> Runner {
        Runner { environment, background: None }
    }

    /// The environment it sees.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Becomes the script. Returns only if the program had to be spawned, with the exit code that stands for how it ended.
    ///
    /// # Errors
    /// Those of [`Runner::prepare`], and [`Step::Execute`].
    pub fn run(&self, script: &Script, options: &Options, arguments: &[OsString]) -> Result<u8> {
        for _ in 0..MOST_VANISHINGS {
            if let Some(code) = self.prepare(script, options)?.execute(arguments)? {
                return Ok(code);
            }
        }
        // Somebody cleans the cache all the time: do without it.
        let temporary = Options { temporary: true, ..options.clone() };
        let code = self.prepare(script, &temporary)?.execute(arguments)?;
        code.ok_or_else(|| Error::message(Step::Execute, "its program vanished before it could be executed"))
    }

    /// The program of a script: the cached one if its trace holds, else built now.
    ///
    /// # Errors
    /// Any [`Step`] but [`Step::Execute`] and [`Step::Install`]. If the cache cannot be used the program is temporary, and
    /// one line on stderr says why. A script that is edited while it is compiled is read again.
    pub fn prepare(&self, script: &Script, options: &Options) -> Result<Program> {
        let mut edited = None;
        let verbosity = settings::verbosity(options, &self.environment);
        let options = &Options { verbosity, ..options.clone() };
        for _ in 1..MOST_DISTURBANCES {
            let script = edited.as_ref().unwrap_or(script);
            match self.prepare_once(script, options) {
                Err(error) if error.step() == Step::Compile && !script.is_unchanged() => {
                    edited = Some(script.read_again()?);
                }
                prepared => return prepared,
            }
        }
        self.prepare_once(edited.as_ref().unwrap_or(script), options)
    }

    fn prepare_once(&self, script: &Script, options: &Options) -> Result<Program> {
        let prepared = self.cache().and_then(|cache| self.prepare_in(cache, script, options));
        let prepared = match prepared {
            Err(unusable) if unusable.step() == Step::Cache => {
                self.prepare_without(&unusable, script, options)
            }
            other => other,
        };
        prepared.map_err(|error| error.about(script.typed().to_string_lossy()))
    }

    /// The way of a script, one line a step.
    fn prepare_in(&self, cache: Cache, script: &Script, options: &Options) -> Result<Program> {
        let launch = LaunchId::of(script, options, &self.environment);
        if let Some(found) = self.find(&cache, &launch, script, options)? {
            return Ok(Program::cached(script, found));
        }
        cache.create()?;
        if let Some(environment) = self.environment.without_foreign_cargo_home(cache.root()) {
            let runner = Runner { environment, background: None };
            return runner.prepare_in(cache, script, options);
        }
        if let Some(package) = script.package() {
            return self.prepare_package(cache, script, package, options);
        }
        let recipe = Recipe::read(script, options, &self.environment)?;
        let screen = Screen::new(self.environment.is_terminal(), recipe.options.verbosity);
        recipe.config.complain(&cache, &screen);
        let rust = match recipe.decide(&self.environment, &cache) {
            Ok(rust) => rust,
            Err(no_compiler) => return self.outlive(no_compiler, &cache, script, &recipe),
        };
        let notes: Vec<String> = recipe.notes.iter().chain(&rust.notes).cloned().collect();
        notes.iter().for_each(|note| screen.note(script, note));
        if recipe.options.temporary || cache.is_temporary() {
            return self.build_temporary(cache, script, &rust, &screen);
        }
        let rust = match self.background {
            Some(_) => tier::choose(rust, &recipe.said, &cache, &self.environment),
            None => rust,
        };
        let home = rust.home();
        let is_wanted = |found: &Found| !(options.force || options.optimal && found.provisional);
        let found = match cache.enter(
            home,
            &rust.checks,
            &self.environment,
            is_wanted,
            patiently(&screen, script),
        )? {
            Entry::Occupied(found) => found,
            Entry::Vacant(vacant) => match self.build_settled(&cache, &rust, vacant.staging(), &screen) {
                Ok(built) => {
                    statistics::count(&cache, Event::Miss);
                    vacant.commit(built, script)?
                }
                Err(error) => {
                    let outlived = self.outlive(error, &cache, script, &recipe);
                    if outlived.as_ref().is_err_and(|error| error.step() != Step::Toolchain) {
                        notes.iter().for_each(|note| screen.note_late(script, note));
                    }
                    return outlived;
                }
            },
        };
        cache.alias(&launch, &home, script, &self.environment);
        trim::daily(&cache, Limits::of(&recipe.said));
        Ok(Program::cached(script, found))
    }

    /// A hit: no lock, nothing written, no process started.
    fn find(
        &self,
        cache: &Cache,
        launch: &LaunchId,
        script: &Script,
        options: &Options,
    ) -> Result<Option<Found>> {
        if options.verbosity == Verbosity::Verbose {
            let why = self.why(script, options)?;
            Screen::new(false, options.verbosity)
                .say(&format!("{}: {why}", script.typed().to_string_lossy()));
        }
        if options.force || options.temporary || !cache.exists()? {
            return Ok(None);
        }
        let found = cache.find(launch, &self.environment, Tools::Checked);
        let Some(found) = found.filter(|found| !(options.optimal && found.provisional)) else {
            return Ok(None);
        };
        if self.verifies() && !found.provisional {
            self.verify(cache, script, options, &found)?;
        }
        if self.counts_hits() {
            statistics::count(cache, Event::Hit);
        }
        match found.provisional {
            true => self.hasten(cache, script, options, found).map(Some),
            false => Ok(Some(found)),
        }
    }

    /// Compiles until no input changed meanwhile.
    pub(crate) fn build_settled(
        &self,
        cache: &Cache,
        rust: &RustRecipe<'_>,
        staging: &Path,
        screen: &Screen,
    ) -> Result<Built> {
        for _ in 0..MOST_DISTURBANCES {
            match compile::compile(rust, cache, staging, &self.environment, screen)? {
                Outcome::Built(built) => return Ok(built),
                Outcome::Disturbed(path) => screen.verbose(|| {
                    let script = rust.script.typed().to_string_lossy();
                    format!("{script}: `{}` changed while it was compiled; once more", path.display())
                }),
            }
            if !rust.script.is_unchanged() {
                // Its bytes are not worth compiling any more.
                break;
            }
        }
        Err(Error::message(Step::Compile, "its inputs keep changing while it is compiled")
            .hint("run it again when they have settled"))
    }

    /// A program that is not kept: in memory, or where there is no such thing in a directory that goes with it.
    fn build_temporary(
        &self,
        cache: Cache,
        script: &Script,
        rust: &RustRecipe<'_>,
        screen: &Screen,
    ) -> Result<Program> {
        let _ = Staging::sweep(&cache.join("staging"));
        let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
        let built = self.build_settled(&cache, rust, staging.path(), screen)?;
        Ok(Program::temporary(script, built, staging, cache))
    }

    /// The cache cannot be used: say why, and do without.
    #[cold]
    fn prepare_without(&self, unusable: &Error, script: &Script, options: &Options) -> Result<Program> {
        let temporary = Cache::temporary(&self.environment)?;
        let screen = Screen::new(self.environment.is_terminal(), options.verbosity);
        let typed = script.typed().to_string_lossy();
        screen.say(&format!("{typed}: {unusable}; running from a temporary binary"));
        self.prepare_in(temporary, script, options)
    }

    /// A cached script outlives its compiler: with none to be found, the compiler's own checks are forgiven.
    #[cold]
    fn outlive(
        &self,
        no_compiler: Error,
        cache: &Cache,
        script: &Script,
        recipe: &Recipe,
    ) -> Result<Program> {
        let is_absence = no_compiler.step() == Step::Toolchain && no_compiler.exit_code() == EXIT_NOT_FOUND;
        let may = is_absence && !recipe.options.force && !recipe.options.temporary;
        match may.then(|| cache.find(&recipe.home(), &self.environment, Tools::Forgiven)).flatten() {
            Some(found) => Ok(Program::cached(script, found)),
            None => Err(no_compiler),
        }
    }

    pub(crate) fn cache(&self) -> Result<Cache> {
        match self.environment.cache_directory() {
            Some(root) => Ok(Cache::at(root)),
            None => Err(Error::message(Step::Cache, "there is no home directory to keep a cache in")
                .hint("set `HOME` or `RUNNER_CACHE`")),
        }
    }
}

impl Program {
    pub(crate) fn cached(script: &Script, found: Found) -> Program {
        let name = found.path.file_name().unwrap_or_default().to_owned();
        Program {
            script: script.clone(),
            name,
            binary: Binary::Cached(found.path),
            told: found.told,
            basis: None,
        }
    }

    pub(crate) fn temporary(script: &Script, built: Built, staging: Staging, cache: Cache) -> Program {
        let binary = match exec::load(&built.output) {
            Ok(memory) => Binary::Memory(memory),
            Err(_) => Binary::Held { path: built.output, _staging: Some(staging), _cache: cache },
        };
        let about = built.about.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        let basis = Some(Basis { checks: built.checks, about });
        Program { script: script.clone(), name: built.name, binary, told: built.told, basis }
    }

    /// What it rests on, if no trace says it.
    pub(crate) fn basis(&self) -> Option<&Basis> {
        self.basis.as_ref()
    }

    /// What the program is called: as the script without its extension, or as the package calls it.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// The script it was made from.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Where the program lies, if it is a file that stays.
    pub fn path(&self) -> Option<&Path> {
        match &self.binary {
            Binary::Cached(path) => Some(path),
            Binary::Memory(_) | Binary::Held { .. } => None,
        }
    }

    /// The program's bytes, from the first.
    pub(crate) fn open(&self) -> io::Result<File> {
        let mut file = match &self.binary {
            Binary::Cached(path) | Binary::Held { path, .. } => File::open(path)?,
            Binary::Memory(memory) => File::from(memory.try_clone()?),
        };
        file.rewind()?;
        Ok(file)
    }

    /// Becomes the program. Returns `None` if it has vanished from the cache, and the exit code if it had to be spawned.
    ///
    /// # Errors
    /// [`Step::Execute`], 126.
    pub fn execute(self, arguments: &[OsString]) -> Result<Option<u8>> {
        let identity = self.identity();
        let error = match &self.binary {
            Binary::Cached(path) => match become_cached(path, identity, arguments) {
                error if is_gone(&error, path) => return Ok(None),
                error if error.kind() == io::ErrorKind::PermissionDenied => {
                    self.execute_from_memory(path, arguments, error)
                }
                error => error,
            },
            Binary::Memory(memory) => exec::become_memory(memory, identity, arguments),
            Binary::Held { path, .. } => match exec::spawn(path, identity, arguments) {
                Ok(status) => return Ok(Some(exec::exit_code(status))),
                Err(error) => error,
            },
        };
        Err(self.cannot_execute(error))
    }

    fn identity(&self) -> Identity<'_> {
        // A package's program is called by its own name, as if it were installed.
        let typed = if self.script.package().is_some() { &self.name } else { self.script.typed() };
        Identity { typed, path: self.script.path(), told: &self.told }
    }

    /// The file system has been mounted noexec since the program was put there.
    #[cold]
    fn execute_from_memory(&self, path: &Path, arguments: &[OsString], refused: io::Error) -> io::Error {
        if !crate::cache::is_noexec(path) {
            return refused;
        }
        let identity = self.identity();
        match exec::load(path) {
            Ok(memory) => {
                let typed = self.script.typed().to_string_lossy();
                Screen::new(false, Verbosity::Normal).say(&format!(
                    "{typed}: `{}` is on a file system mounted noexec; running from a temporary binary",
                    path.display()
                ));
                exec::become_memory(&memory, identity, arguments)
            }
            Err(_) => refused,
        }
    }

    #[cold]
    fn cannot_execute(&self, error: io::Error) -> Error {
        let hint = match error.raw_os_error() {
            Some(libc::ENOEXEC) => {
                Some("it was compiled for another kind of machine, or by a compiler that is none")
            }
            Some(libc::E2BIG) => {
                Some("the arguments and the environment together are longer than the system allows")
            }
            Some(libc::ENOENT) => Some("the loader or an interpreter it names is not on this system"),
            _ => None,
        };
        let error = Error::new(
            Step::Execute,
            anyhow::Error::new(error).context("cannot execute the compiled script"),
        )
        .code(EXIT_CANNOT_EXECUTE)
        .about(self.script.typed().to_string_lossy());
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Executes a file of the cache; once more if it was not there for the moment in which another took its place.
fn become_cached(path: &Path, identity: Identity<'_>, arguments: &[OsString]) -> io::Error {
    match exec::become_file(path, identity, arguments) {
        error if error.kind() == io::ErrorKind::NotFound && path.exists() => {
            exec::become_file(path, identity, arguments)
        }
        error => error,
    }
}

/// Whether an exec failed because the file is not there; a file whose loader is missing gives the same error.
fn is_gone(error: &io::Error, path: &Path) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) && !path.exists()
}
