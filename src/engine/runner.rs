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

use crate::base::environment::Environment;
use crate::base::error::{At, EXIT_NOT_FOUND, Error, Result, Step};
use crate::build::backend::{Backend, Host, ResolvedRecipe};
use crate::build::outcome::Outcome;
use crate::commands::dry_run::Purpose;
use crate::engine::program::{Manner, Program};
use crate::engine::{background, recipe, trim};
use crate::process::exec;
use crate::report::lock_notice::patiently;
use crate::report::reporter::Screen;
use crate::request::options::{Options, Verbosity};
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::settings::schema;
use crate::store::cache::Cache;
use crate::store::entry::{Built, Entry, Found};
use crate::store::key::Key;
use crate::store::staging::Staging;
use crate::store::trace::Tools;
use crate::store::{shared_root, usage_counts};

/// How often a build is begun again because an input changed under it.
const MOST_ATTEMPTS: usize = 8;

/// How often a program is looked for again because it was trimmed between the look and the exec.
const MOST_VANISHINGS: usize = 3;

/// Compiles, caches and executes scripts.
#[derive(Debug)]
pub struct Runner {
    environment: Environment,
    /// What starts a background build: see [`crate::engine::background`].
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
        let verbosity = schema::verbosity(options, &self.environment);
        let options = &Options { verbosity, ..options.clone() };
        for _ in 1..MOST_ATTEMPTS {
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
                let launch = launch_key(script, options, &self.environment);
                match self.find_in_system(None, &launch, script, options)? {
                    Some(found) => Ok(Program::cached(script, found, Manner::of(options, &self.environment))),
                    None => self.prepare_without(&unusable, script, options),
                }
            }
            other => other,
        };
        prepared.map_err(|error| error.about(script.typed().to_string_lossy()))
    }

    /// The way of a script, one line a step.
    fn prepare_in(&self, cache: Cache, script: &Script, options: &Options) -> Result<Program> {
        let launch = launch_key(script, options, &self.environment);
        let manner = Manner::of(options, &self.environment);
        let find = || match self.find(&cache, &launch, script, options)? {
            None => self.find_in_system(Some(&cache), &launch, script, options),
            found => Ok(found),
        };
        if let Some(found) = manner.timed("looking in the cache", find)? {
            return Ok(Program::cached(script, found, manner));
        }
        let _waitable = exec::waitable();
        cache.create()?;
        if let Some(environment) = self.environment.without_foreign_cargo_home(cache.root()) {
            let runner = Runner { environment, background: None };
            return runner.prepare_in(cache, script, options);
        }
        let read =
            manner.timed("reading its metadata", || recipe::read(script, options, &self.environment))?;
        let context = read.context();
        let screen = manner.screen(context.options.verbosity);
        context.config.complain(&cache, &screen);
        let resolved = match manner.timed("finding the compiler", || read.resolve(&self.environment, &cache))
        {
            Ok(resolved) => resolved,
            Err(no_compiler) => return self.outlive(no_compiler, &cache, script, read.as_ref(), manner),
        };
        let notes: Vec<String> = context.notes.iter().chain(resolved.notes()).cloned().collect();
        notes.iter().for_each(|note| screen.note(script, note));
        if context.options.temporary || cache.is_temporary() {
            return self.build_temporary(cache, script, resolved.as_ref(), &screen, manner);
        }
        let resolved = match self.background {
            Some(_) => background::choose(resolved, &cache, &self.environment),
            None => resolved,
        };
        let host = Host { environment: &self.environment, cache: &cache, screen: &screen };
        let home = resolved.home();
        let is_wanted = |found: &Found| !(options.force || options.optimal && found.provisional);
        let waiting = patiently(&screen, script);
        let found = match cache.enter(home, resolved.checks(), &self.environment, is_wanted, waiting)? {
            Entry::Occupied(found) => found,
            Entry::Vacant(vacant) => match build_settled(resolved.as_ref(), vacant.staging(), host) {
                Ok(built) => {
                    usage_counts::count_miss(&cache);
                    manner.kept(|| vacant.commit(built, script.trace_name()))?
                }
                Err(error) => {
                    let outlived = self.outlive(error, &cache, script, read.as_ref(), manner);
                    if outlived.as_ref().is_err_and(|error| error.step() != Step::Toolchain) {
                        notes.iter().for_each(|note| screen.note_late(script, note));
                    }
                    return outlived;
                }
            },
        };
        cache.alias(&launch, &home, script.trace_name(), &self.environment);
        trim::daily(&cache, context.said.limits());
        Ok(Program::cached(script, found, manner))
    }

    pub(crate) fn has_background(&self) -> bool {
        self.background.is_some()
    }

    /// A hit: no lock, nothing written, no process started.
    fn find(&self, cache: &Cache, launch: &Key, script: &Script, options: &Options) -> Result<Option<Found>> {
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

    /// A program that is not kept: in memory, or where there is no such thing in a directory that goes with it.
    fn build_temporary(
        &self,
        cache: Cache,
        script: &Script,
        resolved: &dyn ResolvedRecipe<'_>,
        screen: &Screen,
        manner: Manner,
    ) -> Result<Program> {
        let _ = Staging::sweep(&cache.join("staging"));
        let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
        let host = Host { environment: &self.environment, cache: &cache, screen };
        let built = build_settled(resolved, staging.path(), host)?;
        Ok(Program::temporary(script, built, staging, cache, manner))
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
        read: &dyn Backend,
        manner: Manner,
    ) -> Result<Program> {
        let is_absence = no_compiler.step() == Step::Toolchain && no_compiler.exit_code() == EXIT_NOT_FOUND;
        let context = read.context();
        let may = is_absence && !context.options.force && !context.options.temporary;
        match may.then(|| cache.find(&context.home(), &self.environment, Tools::Forgiven)).flatten() {
            Some(found) => Ok(Program::cached(script, found, manner)),
            None => Err(no_compiler),
        }
    }

    pub(crate) fn cache(&self) -> Result<Cache> {
        match self.environment.cache_directory() {
            Some(root) => {
                let is_shared = shared_root::is_named(&root, &self.environment);
                Ok(Cache::at(root).shared(is_shared))
            }
            None => Err(Error::message(Step::Cache, "there is no home directory to keep a cache in")
                .hint("set `HOME` or `RUNNER_CACHE`")),
        }
    }
}

/// Compiles until no input changed meanwhile.
pub(crate) fn build_settled(
    resolved: &dyn ResolvedRecipe<'_>,
    staging: &Path,
    host: Host<'_>,
) -> Result<Built> {
    let script = &resolved.context().script;
    let work = host.screen.work(staging, host.environment)?;
    for _ in 0..MOST_ATTEMPTS {
        match resolved.build(&work, host)? {
            Outcome::Built(built) => return taken_over(built, &work, staging),
            Outcome::InputChanged(path) => host.screen.verbose(|| {
                let script = script.typed().to_string_lossy();
                format!("{script}: `{}` changed while it was compiled; once more", path.display())
            }),
        }
        if !script.is_unchanged() {
            // Its bytes are not worth compiling any more.
            break;
        }
    }
    Err(Error::message(Step::Compile, "its inputs keep changing while it is compiled")
        .hint("run it again when they have settled"))
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
