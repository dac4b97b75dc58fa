//! A compiled script or package, and how it is executed.
//!
//! The process becomes the program, or the one it is run under ([`crate::engine::exec_wrapper`]). It is a child only if something is left
//! to do when it has ended: a directory to remove, times to tell, a hint if a provisional program crashes under a person's eyes.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::build::provenance::Provenance;
use crate::engine::exec_wrapper::{self, ExecWrapper};
use crate::engine::executable::Executable;
use crate::engine::launch_options::LaunchOptions;
use crate::process::child;
use crate::process::exec::{self, Image};
use crate::process::exec::{Confinement, NotEntered};
use crate::process::memfd;
use crate::process::sandbox::refused::Refused;
use crate::process::sandbox::rules::{Sandbox, Situation};
use crate::report::command_log::{CommandLog, timed};
use crate::request::options::Verbosity;
use crate::request::program_args::ProgramArgs;
use crate::request::sandbox_permissions::Permissions;
use crate::script::script_file::Script;
use crate::store::cache::Cache;
use crate::store::entry::{Built, Found};
use crate::store::staging::Staging;

/// A script's program, ready to be executed.
#[derive(Debug, Clone)]
pub struct Program {
    script: Script,
    name: OsString,
    binary: Arc<Binary>,
    told: ProgramArgs,
    /// The kind of machine it is for, if that is not the compiler's own.
    target: Option<String>,
    /// Built quickly, and not optimized: see [`crate::engine::background`].
    provisional: bool,
    /// What it rests on, if no trace says it.
    provenance: Option<Arc<Provenance>>,
    launch_options: LaunchOptions,
    /// The binary, open so that a trim cannot take it: only for hosts.
    held: Option<Arc<File>>,
}

/// How a program is started: what a debugger has to give it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Start {
    /// `argv[0]`.
    pub name: OsString,
    /// The arguments before the caller's.
    pub arguments: Vec<OsString>,
    /// Variables that are set.
    pub variables: Vec<(OsString, OsString)>,
}

#[derive(Debug)]
enum Binary {
    /// In the cache.
    Cached(PathBuf),
    /// In memory only, where files are not executed; it was made at this path.
    Memory { memory: OwnedFd, path: PathBuf },
    /// In a directory that goes when it has run.
    Held { path: PathBuf, _staging: Option<Staging>, _cache: Cache },
}

impl Program {
    pub(crate) fn cached(script: &Script, found: Found, launch_options: LaunchOptions) -> Program {
        Program {
            script: script.clone(),
            name: found.path.file_name().unwrap_or_default().to_owned(),
            binary: Arc::new(Binary::Cached(found.path)),
            told: found.told,
            target: found.target,
            provisional: found.provisional,
            provenance: None,
            launch_options,
            held: None,
        }
    }

    pub(crate) fn temporary(
        script: &Script,
        built: Built,
        staging: Staging,
        cache: Cache,
        launch_options: LaunchOptions,
    ) -> Program {
        let is_for_another = built.target.is_some() || !launch_options.exec.is_empty();
        let path = built.output;
        // In a file, so that it can start itself again by the path that the system says it has; a program in memory has none.
        let must_be_memory = !is_for_another && crate::store::cache::is_noexec(&path);
        let binary = match must_be_memory.then(|| memfd::load(&path)) {
            Some(Ok(memory)) => Binary::Memory { memory, path },
            _ => {
                let path = under_its_name(path, staging.path(), &built.name);
                if let Some(command_log) = &launch_options.command_log {
                    command_log.kept(&path);
                }
                Binary::Held { path, _staging: Some(staging), _cache: cache }
            }
        };
        let about = built.about.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        Program {
            script: script.clone(),
            name: built.name,
            binary: Arc::new(binary),
            told: built.told,
            target: built.target,
            provisional: built.provisional,
            provenance: Some(Arc::new(Provenance { checks: built.checks, about })),
            launch_options,
            held: None,
        }
    }

    /// One that is not there yet.
    pub(crate) fn planned(
        script: &Script,
        path: PathBuf,
        told: ProgramArgs,
        target: Option<String>,
        launch_options: LaunchOptions,
    ) -> Program {
        let name = path.file_name().unwrap_or_default().to_owned();
        Program {
            script: script.clone(),
            name,
            binary: Arc::new(Binary::Cached(path)),
            told,
            target,
            provisional: false,
            provenance: None,
            launch_options,
            held: None,
        }
    }

    /// Opens its binary, so that it can be executed whatever becomes of the cache; `None` if it is gone already.
    pub(crate) fn hold(mut self) -> io::Result<Option<Program>> {
        if let Binary::Cached(path) = &*self.binary {
            match File::open(path) {
                Ok(file) => self.held = Some(Arc::new(file)),
                Err(error) if is_gone(&error, path) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(self))
    }

    /// What a child executes: the file under its own name while that is there, else what is held open.
    pub(crate) fn executable(&self) -> io::Result<Executable> {
        Ok(match (&*self.binary, &self.held) {
            (Binary::Memory { memory, .. }, _) => Executable::open(memory.as_fd()),
            (Binary::Cached(path), held) => Executable::cached(path, held.as_deref()),
            (Binary::Held { path, .. }, _) => Executable::at(path),
        })
    }

    /// The variables that it is told, whatever its caller says under these names.
    pub(crate) fn told_variables(&self) -> Vec<(OsString, OsString)> {
        let script =
            self.script.told_path().map(|path| ("RUNNER_SCRIPT".into(), path.as_os_str().to_owned()));
        script.into_iter().chain(self.told.variables.iter().cloned()).collect()
    }

    /// What runner itself sees.
    pub(crate) fn environment(&self) -> &Environment {
        self.launch_options.context.environment()
    }

    /// What it rests on, if no trace says it.
    pub(crate) fn provenance(&self) -> Option<&Provenance> {
        self.provenance.as_deref()
    }

    /// What the program is called: as the script without its extension, or as the package calls it.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// What is written down of its build.
    pub(crate) fn command_log(&self) -> Option<&CommandLog> {
        self.launch_options.command_log.as_deref()
    }

    /// The script it was made from.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Where the program lies, if it is a file that stays.
    pub fn path(&self) -> Option<&Path> {
        match &*self.binary {
            Binary::Cached(path) => Some(path),
            Binary::Memory { .. } | Binary::Held { .. } => None,
        }
    }

    /// The program's bytes, from the first.
    pub(crate) fn open(&self) -> io::Result<File> {
        let mut file = match &*self.binary {
            Binary::Cached(path) | Binary::Held { path, .. } => File::open(path)?,
            Binary::Memory { memory, .. } => File::from(memory.try_clone()?),
        };
        file.rewind()?;
        Ok(file)
    }

    /// Becomes the program, or the one that it is run under. Returns `None` if it has vanished from the cache, and the way
    /// it ended if it had to be a child.
    ///
    /// # Errors
    /// [`Step::Execute`]: 126, or 127 if the program that it is to be run under is not there.
    pub fn execute(self, arguments: &[OsString]) -> Result<Option<ExitStatus>> {
        let typed = self.script.display_name().into_owned();
        self.execute_inner(arguments).map_err(|error| error.about(typed))
    }

    fn execute_inner(self, arguments: &[OsString]) -> Result<Option<ExitStatus>> {
        let under = match self.under()? {
            Some(_) if self.path().is_some_and(|path| !path.exists()) => return Ok(None),
            under => under,
        };
        let sandbox = self.sandbox(under.as_ref(), None)?;
        let image = self.image(under.as_ref(), arguments, sandbox.as_ref());
        if let Some(command_log) = self.command_log() {
            command_log.program(&image);
        }
        let must_return = self.launch_options.command_log.as_ref().is_some_and(|log| log.times())
            || self.provisional && self.is_before_a_person();
        let error = match &*self.binary {
            Binary::Held { .. } => return self.as_child(under.as_ref(), &image),
            _ if must_return => return self.as_child(under.as_ref(), &image),
            Binary::Memory { memory, .. } => memfd::become_memory(memory, &image),
            Binary::Cached(_) if under.is_some() => exec::become_image(&image),
            Binary::Cached(path) => match become_cached(path, &image) {
                error if is_gone(&error, path) => return Ok(None),
                error if error.kind() == io::ErrorKind::PermissionDenied => {
                    self.execute_from_memory(path, &image, error)
                }
                error => error,
            },
        };
        Err(self.cannot_execute(under.as_ref(), error))
    }

    /// What it is run under: what is asked for, or what runs programs for its machine.
    pub(crate) fn under(&self) -> Result<Option<ExecWrapper>> {
        if !self.launch_options.exec.is_empty() {
            return exec_wrapper::asked(&self.launch_options.exec, self.launch_options.context.environment())
                .map(Some);
        }
        match &self.target {
            None => Ok(None),
            Some(target) => exec_wrapper::for_target(
                target,
                self.file(),
                self.called(),
                self.launch_options.context.environment(),
            ),
        }
    }

    /// The sandbox that it runs in: what the script and the configuration ask for, and what whoever runs it does.
    pub(crate) fn sandbox(
        &self,
        under: Option<&ExecWrapper>,
        directory: Option<&Path>,
    ) -> Result<Option<Confinement>> {
        let LaunchOptions { sandbox, context, .. } = &self.launch_options;
        let environment = context.environment();
        let mut permissions = Permissions::from_arguments(&self.told.sandbox)?;
        permissions.merge(sandbox);
        permissions.sandbox |= environment.set("RUNNER_SANDBOX").is_some_and(|value| value != "0");
        permissions.check()?;
        if !permissions.sandbox {
            return Ok(None);
        }
        let refused = |refused: Refused| {
            let error = Error::message(Step::Sandbox, refused.to_string());
            match refused.hint() {
                Some(hint) => error.hint(hint),
                None => error,
            }
        };
        let here = |error| {
            Error::new(Step::Sandbox, anyhow::Error::new(error).context("cannot tell the working directory"))
        };
        let working_directory = std::path::absolute(directory.unwrap_or(Path::new("."))).map_err(here)?;
        let home = environment.home();
        let situation = Situation {
            program: match &*self.binary {
                Binary::Cached(path) | Binary::Held { path, .. } => Some(path),
                Binary::Memory { .. } => None,
            },
            script: self.script.real_path().or(self.script.path()),
            home: home.as_deref(),
            working_directory: &working_directory,
        };
        let mut rules = Sandbox::of(&permissions, &situation);
        if let Some(wrapper) = under {
            // A debugger goes in with the program.
            rules.debugger = true;
            rules.read.add([wrapper.program.clone(), self.file().to_owned()]);
        }
        let reporter = context.reporter(self.launch_options.verbosity);
        rules.describe().iter().for_each(|rule| {
            reporter.verbose(|| format!("{}: sandbox: {rule}", self.script.display_name()));
        });
        let prepared = rules.prepare().map_err(refused)?;
        Ok(Some(Confinement { rules, prepared }))
    }

    /// What it is called. A package's program goes by its own name, as if it were installed.
    pub(crate) fn called(&self) -> &OsStr {
        if self.script.package().is_some() { &self.name } else { self.script.typed() }
    }

    fn file(&self) -> &Path {
        match &*self.binary {
            Binary::Cached(path) | Binary::Memory { path, .. } | Binary::Held { path, .. } => path,
        }
    }

    /// How it is started if no wrapper starts it: its name, its own arguments, and its variables.
    pub(crate) fn start(&self) -> Start {
        let mut variables = self.told.variables.clone();
        let script = self
            .script
            .told_path()
            .map(|path| (OsString::from("RUNNER_SCRIPT"), path.as_os_str().to_owned()));
        variables.extend(script);
        Start { name: self.called().to_owned(), arguments: self.told.arguments.clone(), variables }
    }

    pub(crate) fn image<'a>(
        &'a self,
        under: Option<&ExecWrapper>,
        arguments: &[OsString],
        sandbox: Option<&'a Confinement>,
    ) -> Image<'a> {
        let own = self.told.arguments.iter().chain(arguments).cloned();
        let (file, arguments) = match under {
            None => (self.file().to_owned(), [self.called().to_owned()].into_iter().chain(own).collect()),
            Some(ExecWrapper { program, words }) => {
                let words = words.iter().cloned().chain([self.file().as_os_str().to_owned()]);
                (program.clone(), words.chain(own).collect())
            }
        };
        let variables = self.environment().fixed_variables();
        Image { file, arguments, script: self.script.told_path(), told: &self.told, variables, sandbox }
    }

    /// Has it as a child, and ends as it ended.
    fn as_child(&self, under: Option<&ExecWrapper>, image: &Image<'_>) -> Result<Option<ExitStatus>> {
        let status =
            match timed(self.launch_options.command_log.as_ref(), "running it", || child::spawn(image)) {
                Ok(status) => status,
                Err(error) if self.path().is_some_and(|path| is_gone(&error, path)) => return Ok(None),
                Err(error) => return Err(self.cannot_execute(under, error)),
            };
        if let Some(command_log) = self.command_log() {
            command_log.tell_times();
        }
        if self.provisional {
            self.explain_crash(status);
        }
        Ok(Some(status))
    }

    /// Whether somebody would read what a provisional program's crash may have come from.
    fn is_before_a_person(&self) -> bool {
        self.launch_options.reporter(self.launch_options.verbosity).columns().is_some()
    }

    /// What is not optimized needs more stack: a deep recursion that a release build turns into a loop ends it.
    #[cold]
    fn explain_crash(&self, status: ExitStatus) {
        let crashes = [libc::SIGSEGV, libc::SIGABRT, libc::SIGBUS];
        if status.signal().is_some_and(|signal| crashes.contains(&signal)) {
            let typed = self.script.display_name();
            let text = format!(
                "{typed}: this first build is not optimized, and needs more stack than a release build"
            );
            let reporter = self.launch_options.reporter(self.launch_options.verbosity);
            reporter.warn_with(&text, Some(&format!("`runner --release {typed}`")));
        }
    }

    /// The file system has been mounted noexec since the program was put there.
    #[cold]
    fn execute_from_memory(&self, path: &Path, image: &Image<'_>, refused: io::Error) -> io::Error {
        if !crate::store::cache::is_noexec(path) {
            return refused;
        }
        match memfd::load(path) {
            Ok(memory) => {
                let typed = self.script.display_name();
                self.launch_options.context.reporter(Verbosity::Normal).warn(&format!(
                    "{typed}: `{}` is on a file system mounted noexec; running from a temporary binary",
                    path.display()
                ));
                memfd::become_memory(&memory, image)
            }
            Err(_) => refused,
        }
    }

    #[cold]
    pub(crate) fn cannot_execute(&self, under: Option<&ExecWrapper>, error: io::Error) -> Error {
        if error.get_ref().is_some_and(|error| error.is::<NotEntered>()) {
            return Error::new(Step::Sandbox, error);
        }
        if let Some(ExecWrapper { program, .. }) = under {
            let what = format!("cannot run it under `{}`", program.display());
            return Error::new(Step::Execute, anyhow::Error::new(error).context(what)).cannot_execute();
        }
        let number = error.raw_os_error();
        // Of another machine's program the kernel knows either nothing, or not its loader.
        if let Some(target) =
            self.target.as_ref().filter(|_| matches!(number, Some(libc::ENOEXEC | libc::ENOENT)))
        {
            return exec_wrapper::missing(target, error);
        }
        let hint = match number {
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
        .cannot_execute();
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Moves a program to where it has the name that `ps` shows; where it is, if that cannot be.
fn under_its_name(path: PathBuf, staging: &Path, name: &OsStr) -> PathBuf {
    let directory = staging.join("binary");
    let named = directory.join(name);
    let moved = std::fs::create_dir(&directory).and_then(|()| std::fs::rename(&path, &named));
    if moved.is_ok() { named } else { path }
}

/// Executes a file of the cache; once more if it was not there for the moment in which another took its place.
fn become_cached(path: &Path, image: &Image<'_>) -> io::Error {
    match exec::become_image(image) {
        error if error.kind() == io::ErrorKind::NotFound && path.exists() => exec::become_image(image),
        error => error,
    }
}

/// Whether an exec failed because the file is not there; a file whose loader is missing gives the same error.
fn is_gone(error: &io::Error, path: &Path) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) && !path.exists()
}
