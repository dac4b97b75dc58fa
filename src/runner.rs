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

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::cache::{Built, Cache, Entry, Found};
use crate::compile::{self, Outcome};
use crate::environment::Environment;
use crate::error::{At, EXIT_NOT_FOUND, Error, Result, Step};
use crate::exec;
use crate::journal::{Journal, timed};
use crate::launch::LaunchId;
use crate::options::{Options, Verbosity};
use crate::program::{Binary, Program};
use crate::recipe::{Recipe, RustRecipe};
use crate::rehearsal::Purpose;
use crate::screen::Screen;
use crate::script::Script;
use crate::staging::Staging;
use crate::trace::Tools;
use crate::wait::patiently;
use crate::{tier, trim};

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
        if options.steering.rehearses {
            return self.rehearse(script, options, Purpose::Run(arguments)).map(|()| 0);
        }
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
        let launch = LaunchId::of(script, options);
        let journal = Journal::open(&options.steering, &self.environment);
        let find = || self.find(&cache, &launch, script, options);
        if let Some(found) = timed(journal.as_ref(), "looking in the cache", find)? {
            return Ok(self.program(script, options, found, journal));
        }
        let _waitable = exec::waitable();
        cache.create()?;
        if let Some(environment) = self.environment.without_foreign_cargo_home(cache.root()) {
            let runner = Runner { environment, background: None };
            return runner.prepare_in(cache, script, options);
        }
        let screen = Screen::new(self.environment.is_terminal(), options.verbosity).with(journal.clone());
        let decide = || Recipe::read(script, options);
        let recipe = timed(journal.as_ref(), "reading its metadata", decide)?;
        let decide = || recipe.decide(&self.environment, &cache);
        let rust = match timed(journal.as_ref(), "finding the compiler", decide) {
            Ok(rust) => rust,
            Err(no_compiler) => return self.outlive(no_compiler, &cache, script, &recipe),
        };
        recipe.notes.iter().chain(&rust.notes).for_each(|note| screen.note(script, note));
        if recipe.options.temporary || cache.is_temporary() {
            return self.build_temporary(cache, script, &rust, &screen, options);
        }
        let rust = match self.background {
            Some(_) => tier::choose(rust, &cache, &self.environment),
            None => rust,
        };
        let home = rust.home();
        let is_wanted = |found: &Found| !(options.force || options.optimal && found.provisional);
        let found = match cache.enter(home, &self.environment, is_wanted, patiently(&screen, script))? {
            Entry::Occupied(found) => found,
            Entry::Vacant(vacant) => match self.build_settled(&cache, &rust, vacant.staging(), &screen) {
                Ok(built) => timed(journal.as_ref(), "keeping it", || vacant.commit(built, &rust))?,
                Err(no_linker) => return self.outlive(no_linker, &cache, script, &recipe),
            },
        };
        if let Some(journal) = &journal {
            journal.kept(&found.path);
        }
        cache.alias(&launch, &home, script, &self.environment);
        trim::daily(&cache);
        Ok(self.program(script, options, found, journal))
    }

    pub(crate) fn has_background(&self) -> bool {
        self.background.is_some()
    }

    pub(crate) fn program(
        &self,
        script: &Script,
        options: &Options,
        found: Found,
        journal: Option<Rc<Journal>>,
    ) -> Program {
        let Found { path, target, told, .. } = found;
        Program {
            script: script.clone(),
            binary: Binary::Cached(path),
            told,
            target,
            exec: options.steering.exec.clone(),
            environment: self.environment.clone(),
            journal,
        }
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
        let work = screen.work(staging, &self.environment)?;
        for _ in 0..MOST_DISTURBANCES {
            match compile::compile(rust, cache, &work, &self.environment, screen)? {
                Outcome::Built(built) => return taken_over(built, &work, staging),
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
        options: &Options,
    ) -> Result<Program> {
        let _ = Staging::sweep(&cache.join("staging"));
        let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
        let built = self.build_settled(&cache, rust, staging.path(), screen)?;
        let is_for_another = built.target.is_some() || !options.steering.exec.is_empty();
        let Built { output, told, target, .. } = built;
        let binary = match exec::load(&output) {
            // Another program finds it by its path.
            Ok(memory) if !is_for_another => Binary::Memory { memory, path: output },
            _ => Binary::Held { path: output, _staging: Some(staging), _cache: cache },
        };
        Ok(Program {
            script: script.clone(),
            binary,
            told,
            target,
            exec: options.steering.exec.clone(),
            environment: self.environment.clone(),
            journal: screen.journal().cloned(),
        })
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
            Some(found) => Ok(self.program(script, &recipe.options, found, None)),
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

/// A build whose directory is kept leaves its program there.
fn taken_over(built: Built, work: &Path, staging: &Path) -> Result<Built> {
    if work == staging {
        return Ok(built);
    }
    let output = staging.join("program");
    std::fs::copy(&built.output, &output).at(Step::Cache)?;
    Ok(Built { output, ..built })
}
