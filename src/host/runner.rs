//! The engine as a host program sees it: each method is one subcommand or one step of a run.

#[cfg(doc)]
use crate::base::error::Step;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
#[cfg(feature = "exec")]
use std::process::ExitStatus;
use std::sync::Arc;

use crate::base::error::{Error, Result};
use crate::build::record::BuildRecord;
use crate::commands::artifact::Artifact;
use crate::commands::cache::Statistics;
use crate::commands::check::Lint;
use crate::commands::env::EnvEntry;
use crate::commands::export::{ExportMode, ExportedPackage};
use crate::commands::import::{ImportMode, ImportedScript};
use crate::commands::inputs::BuildInput;
use crate::commands::installed::InstalledCommand;
use crate::commands::migrate::Style;
use crate::commands::promote::{Installed, Placement};
use crate::commands::upgrade::UpgradeResult;
use crate::commands::verify::Verification;
use crate::engine::background::Background;
use crate::engine::context::Context;
use crate::engine::miss_reason::Why;
use crate::engine::program::Program;
use crate::engine::trim::{CachedBuild, TrimReport};
use crate::host::settings::Settings;
use crate::request::limits::Limits;
use crate::request::options::Options;
use crate::rust::deps::VersionChange;
use crate::script::script_file::Script;

/// Compiles, caches and executes scripts. Clones share what they are; several in a process do not know of each other.
#[derive(Debug, Clone)]
pub struct Runner {
    pub(super) context: Arc<Context>,
}

impl Runner {
    /// A runner with these settings.
    pub fn new(settings: Settings) -> Runner {
        Runner { context: Arc::new(settings.context) }
    }

    /// Its settings.
    pub fn settings(&self) -> Settings {
        Settings { context: (*self.context).clone() }
    }

    /// Every executable that was promoted, by name, and what became of it.
    ///
    /// # Errors
    /// [`Step::Install`] if there is nowhere to keep receipts.
    pub fn installed(&self) -> Result<Vec<InstalledCommand>> {
        crate::commands::installed::list(&self.context)
    }

    /// Writes what was promoted to a file, for [`Runner::moved_commands`] on another machine; how many commands.
    ///
    /// # Errors
    /// [`Step::Install`] if the file cannot be written.
    pub fn export_installed(&self, file: &Path) -> Result<usize> {
        crate::commands::moving::export(&self.context, file)
    }

    /// What [`Runner::export_installed`] wrote.
    ///
    /// # Errors
    /// [`Step::Install`] if it cannot be read, [`crate::Step::Arguments`] if it is something else.
    pub fn moved_commands(&self, file: &Path) -> Result<Vec<crate::commands::moving::MovedCommand>> {
        crate::commands::moving::read(&self.context, file)
    }

    /// The targets that installed toolchains have a standard library for.
    pub fn targets(&self) -> Vec<String> {
        crate::commands::completion_data::targets(&self.context)
    }

    /// The paths of executables that were promoted, by their names, or by their paths if there are several of a name.
    ///
    /// # Errors
    /// [`Step::Install`] if one of them was not promoted, or several have the name.
    pub fn promoted(&self, names: &[OsString]) -> Result<Vec<PathBuf>> {
        crate::commands::installed::paths_of(&self.context, names)
    }

    /// Removes an executable that was promoted: by its name, or by its path if there are several of that name. Returns
    /// where it was.
    ///
    /// # Errors
    /// [`Step::Install`] if there is none, if several have the name, or if it was modified and `force` is not given.
    pub fn demote(&self, name: &OsStr, force: bool) -> Result<PathBuf> {
        crate::commands::installed::demote(&self.context, name, force)
    }

    /// As [`Runner::demote`], of several: if one of them cannot be removed, none is.
    ///
    /// # Errors
    /// As [`Runner::demote`].
    pub fn demote_all(&self, names: &[OsString], force: bool) -> Result<Vec<PathBuf>> {
        crate::commands::installed::demote_all(&self.context, names, force)
    }

    /// The installed toolchains, by the shortest names that [`crate::Options::toolchain`] understands.
    pub fn toolchains(&self) -> Vec<String> {
        crate::commands::completion_data::toolchains(&self.context)
    }

    /// The names of the executables that were promoted, whatever became of them.
    pub fn promoted_names(&self) -> Vec<OsString> {
        crate::commands::completion_data::promoted_names(&self.context)
    }

    /// Formats a script where it is, or with `--check` among the `arguments` shows what would change; rustfmt's exit code.
    ///
    /// # Errors
    /// [`Step::Script`] and [`Step::Metadata`] if it is not a script, [`Step::Toolchain`] if there is no rustfmt.
    pub fn format(&self, script: &Script, options: &Options, arguments: &[OsString]) -> Result<u8> {
        self.context
            .operate(options, |context| crate::commands::fmt::format(context, script, options, arguments))
    }

    /// Rewrites the metadata of a script in another form; whether the file has to change. If `dry_run`, that is all.
    ///
    /// # Errors
    /// [`Step::Metadata`] if it has none, if it is malformed, or if something would be lost; [`Step::Script`] if the script
    /// is no file or cannot be replaced.
    pub fn migrate(&self, script: &Script, style: Style, dry_run: bool) -> Result<bool> {
        crate::commands::migrate::migrate(&self.context, script, style, dry_run)
    }

    /// Installs a script as an executable.
    ///
    /// # Errors
    /// Those of [`Runner::build`], and [`Step::Install`]: nothing has changed then.
    pub fn promote(&self, script: &Script, options: &Options, placement: &Placement) -> Result<Installed> {
        self.context.operate(options, |context| {
            crate::commands::promote::promote(context, script, options, placement)
        })
    }

    /// Installs several scripts as executables. Whatever can be refused is, before any of them is built; and all of them are
    /// built before any is installed.
    ///
    /// # Errors
    /// As [`Runner::promote`]; and if two of them would have one name, or `placement` names more than one.
    pub fn promote_all(
        &self,
        scripts: &[Script],
        options: &Options,
        placement: &Placement,
    ) -> Result<Vec<Installed>> {
        self.context.operate(options, |context| {
            crate::commands::promote::promote_all(context, scripts, options, placement)
        })
    }

    /// Writes a script as a cargo package into a directory that is empty or not there.
    ///
    /// # Errors
    /// Those of [`Runner::build`]; [`Step::Install`] if the package cannot be written, [`Step::Compile`] if the script is to be
    /// removed and cargo cannot build the package.
    pub fn export_package(
        &self,
        script: &Script,
        options: &Options,
        directory: &Path,
        mode: ExportMode,
    ) -> Result<ExportedPackage> {
        self.context.operate(options, |context| {
            crate::commands::export::export(context, script, options, directory, mode)
        })
    }

    /// Makes a script of a cargo package, or of a Rust file.
    ///
    /// # Errors
    /// [`Step::Script`] if it is more than a script can be, [`Step::Install`] if the script cannot be written.
    pub fn import_package(&self, from: &Path, mode: &ImportMode) -> Result<ImportedScript> {
        crate::commands::import::import(&self.context, from, mode)
    }

    /// The scripts in a directory and below it, sorted; of Rust only, if asked for.
    ///
    /// # Errors
    /// [`Step::Script`] if it cannot be read, or there is no script.
    pub fn scripts_below(&self, directory: &Path, only_rust: bool) -> Result<Vec<PathBuf>> {
        crate::commands::scripts_below::scripts_below(&self.context, directory, only_rust)
    }

    /// Does one thing with each script, with as many at once as there are processors. One result a script, in order.
    pub fn in_parallel<T: Send>(&self, scripts: &[Script], work: impl Fn(&Script) -> T + Sync) -> Vec<T> {
        crate::commands::prebuild::in_parallel(scripts, work)
    }

    /// Builds scripts into the cache, as many at once as there are processors, so that their first run is a hit. One result
    /// a script, in order.
    pub fn prebuild(&self, scripts: &[Script], options: &Options) -> Vec<Result<()>> {
        crate::commands::prebuild::prebuild(&self.context, scripts, options)
    }

    /// Resolves the dependencies of a script to the newest versions that fit, and tells what changed. They are kept in
    /// `SCRIPT.lock` if that is there or `write_lock` asks for it; else in the cache, for this manifest. A dry run
    /// (`options.debug`) keeps nothing.
    ///
    /// # Errors
    /// As [`Runner::build`]; [`Step::Install`] if `SCRIPT.lock` cannot be written.
    pub fn update(&self, script: &Script, options: &Options, write_lock: bool) -> Result<Vec<VersionChange>> {
        self.context.operate(options, |context| {
            crate::commands::prebuild::update(context, script, options, write_lock)
        })
    }

    /// Builds a program again from its script, and compares. The program is a file, or the name of what was promoted.
    ///
    /// # Errors
    /// Those of [`Runner::inspect`] and [`Runner::build`]; [`Step::Install`] and [`Step::Toolchain`] if it cannot be told.
    pub fn rebuild(
        &self,
        program: &OsStr,
        script: Option<&OsStr>,
        options: &Options,
    ) -> Result<Verification> {
        self.context
            .operate(options, |context| crate::commands::verify::verify(context, program, script, options))
    }

    /// How often the cache was of use, and what it holds.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if it is not ours to read.
    pub fn cache_statistics(&self) -> Result<Statistics> {
        crate::commands::cache::statistics(&self.context)
    }

    /// The directory of the cache, which need not exist.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if there is nowhere to keep one.
    pub fn cache_path(&self) -> Result<PathBuf> {
        crate::commands::cache::path(&self.context)
    }

    /// Bytes of the cache on disk.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if it is not ours to read.
    pub fn cache_size(&self) -> Result<u64> {
        crate::commands::cache::size(&self.context)
    }

    /// Every cached build, most recently used first.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if it is not ours to read.
    pub fn cache_list(&self) -> Result<Vec<CachedBuild>> {
        crate::commands::cache::list(&self.context)
    }

    /// Removes what was not used for long, then the least recently used beyond the size.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if it is not ours to change.
    pub fn cache_trim(&self, limits: Limits) -> Result<TrimReport> {
        crate::commands::cache::trim(&self.context, limits)
    }

    /// What [`Runner::cache_trim`] would remove: the builds, and what that comes to with all that only they need. Removes
    /// nothing.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if it is not ours to read.
    pub fn cache_trimmable(&self, limits: Limits) -> Result<(Vec<CachedBuild>, TrimReport)> {
        crate::commands::cache::trimmable(&self.context, limits)
    }

    /// What a trim keeps to if nobody says otherwise: what `RUNNER_OLDER`, `RUNNER_MAX_SIZE` or the configuration say.
    ///
    /// # Errors
    /// [`crate::Step::Config`], and [`crate::Step::Arguments`] if a variable means nothing.
    pub fn cache_limits(&self) -> Result<Limits> {
        crate::commands::cache::limits(&self.context)
    }

    /// Removes everything, or every build of one script, which need not exist any more.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if it is not ours to change.
    pub fn cache_clean(&self, script: Option<&Path>) -> Result<TrimReport> {
        crate::commands::cache::clean(&self.context, script)
    }

    /// Why the remote cache is left alone at present, if it failed within the last minute.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if the cache is not ours to read.
    pub fn cache_remote_failure(&self) -> Result<Option<String>> {
        crate::commands::push::recent_failure(&self.context)
    }

    /// Adds the program of a script to the remote cache, if a second build with nothing but its recorded inputs gives the
    /// same bytes.
    ///
    /// # Errors
    /// As [`Runner::build`]; [`crate::Step::Cache`] if the settings do not allow it, the second build gave another program, or
    /// the server does not take it.
    pub fn cache_push(&self, script: &Script, options: &Options) -> Result<()> {
        self.context.operate(options, |context| crate::commands::push::push(context, script, options))
    }

    /// Shows how a script would be built and written where `output` says; see [`Runner::export`].
    ///
    /// # Errors
    /// As [`Runner::export`], as far as nothing has to be built for them.
    pub fn rehearse_export(&self, script: &Script, options: &Options, output: Option<&Path>) -> Result<()> {
        self.context.operate(options, |context| {
            crate::commands::build::dry_run_of_build(context, script, options, output)
        })
    }

    /// Writes a self-contained executable of a script where `output` says: a file, or a directory (one that exists, or
    /// a path that ends in a slash); the working directory if it says nothing. Returns its path.
    ///
    /// # Errors
    /// Those of [`Runner::build`], and [`Step::Install`].
    pub fn export(&self, script: &Script, options: &Options, output: Option<&Path>) -> Result<PathBuf> {
        self.context
            .operate(options, |context| crate::commands::build::build(context, script, options, output))
    }

    /// The same for several, which need a directory, and with what there is to say of each. One result a script, in order.
    ///
    /// # Errors
    /// [`Step::Arguments`] and [`Step::Install`] if that cannot be done: then nothing has been built.
    pub fn export_all(
        &self,
        scripts: &[Script],
        options: &Options,
        output: Option<&Path>,
    ) -> Result<Vec<Result<Artifact>>> {
        self.context
            .operate(options, |context| crate::commands::build::build_all(context, scripts, options, output))
    }

    /// Builds scripts into the cache, as for a run, with the paths of this machine in them: what a debugger wants.
    pub fn build_cached(&self, scripts: &[Script], options: &Options) -> Vec<Result<Artifact>> {
        crate::commands::build::build_cached(&self.context, scripts, options)
    }

    /// The build record in a program: a file, or what was promoted under that name. Returns its path, too.
    ///
    /// # Errors
    /// [`Step::Install`] if there is no such file, or no record in it.
    pub fn inspect(&self, file: &OsStr) -> Result<(PathBuf, BuildRecord)> {
        crate::commands::inspect::inspect(&self.context, file)
    }

    /// Gives an ELF program the build record whose lines are `text`, written as [`BuildRecord`] displays them, unless it has
    /// one.
    ///
    /// # Errors
    /// [`Step::Install`] if the lines are no record, or the program cannot be given one.
    pub fn add_record(&self, file: &OsStr, text: &str) -> Result<()> {
        crate::commands::inspect::add_record(&self.context, file, text)
    }

    /// Tells whether the next run of a script would be a hit, without running or building anything.
    ///
    /// # Errors
    /// [`crate::Step::Cache`] if the cache cannot be used; [`crate::Step::Metadata`] and [`crate::Step::Script`] if the script
    /// could not be built either.
    pub fn why(&self, script: &Script, options: &Options) -> Result<Why> {
        self.context.operate(options, |context| crate::commands::why::why(context, script, options))
    }

    /// What the last build of a script rests on, ordered by who read it. Runs and builds nothing.
    ///
    /// # Errors
    /// Those of [`Runner::why`], and if the script was not built yet.
    pub fn inputs(&self, script: &Script, options: &Options) -> Result<Vec<BuildInput>> {
        self.context.operate(options, |context| crate::commands::inputs::inputs(context, script, options))
    }

    /// Writes a package with this script as its program into `directory`, or into the cache; returns the directory. The
    /// program is the script itself, unless cargo could not compile that as it stands: then a copy that it can.
    ///
    /// # Errors
    /// [`Step::Script`] and [`Step::Metadata`] if the script is not one, [`Step::Toolchain`] if there is no compiler whose
    /// edition it would have, [`Step::Install`] if the package cannot be written.
    pub fn package(&self, script: &Script, options: &Options, directory: Option<&Path>) -> Result<PathBuf> {
        self.context
            .operate(options, |context| crate::commands::eject::eject(context, script, options, directory))
    }

    /// Everything runner sees, for a run with these options of a script or, without one, of any. The second value is why
    /// there is no compiler, if there is none.
    ///
    /// # Errors
    /// [`crate::Step::Config`], and if there is a script those of reading it.
    pub fn seen(&self, script: Option<&Script>, options: &Options) -> Result<(Vec<EnvEntry>, Option<Error>)> {
        self.context
            .operate(options, |context| crate::commands::env::settings_in_force(context, script, options))
    }

    /// The variables that begin as ours do and mean nothing, each with the one that was probably meant.
    pub fn misspelt_variables(&self) -> Vec<(String, String)> {
        crate::commands::env::misspelt_variables(&self.context)
    }

    /// Builds a promoted executable again, if its source, its toolchain or the version of its package is another now. Of
    /// `options` count `offline`, `verbosity`, and `force`: replace what somebody else changed, put back what was removed.
    ///
    /// # Errors
    /// Those of [`Runner::promote`]; 127 if its source is gone; [`Step::Install`] if it was modified or removed.
    pub fn upgrade(&self, name: &OsStr, options: &Options) -> Result<UpgradeResult> {
        self.context.operate(options, |context| crate::commands::upgrade::upgrade(context, name, options))
    }

    /// Shows what the compiler or clippy has to say of a script. `arguments` are more of the tool's own.
    ///
    /// # Errors
    /// As [`Runner::build`]: [`Step::Compile`] if there are errors.
    pub fn check(
        &self,
        script: &Script,
        options: &Options,
        lint: Lint,
        arguments: &[OsString],
    ) -> Result<()> {
        self.context.operate(options, |context| {
            crate::commands::check::check(context, script, options, lint, arguments)
        })
    }

    /// Writes the documentation of a script into `directory`, or into the cache; returns its first page.
    ///
    /// # Errors
    /// As [`Runner::build`].
    pub fn document(
        &self,
        script: &Script,
        options: &Options,
        directory: Option<&Path>,
        arguments: &[OsString],
    ) -> Result<PathBuf> {
        self.context.operate(options, |context| {
            crate::commands::check::document(context, script, options, directory, arguments)
        })
    }

    /// Makes the final build of a script whose build is provisional, unless a background build is going on.
    ///
    /// # Errors
    /// As [`Runner::build`].
    pub fn finish(&self, script: &Script, options: &Options) -> Result<()> {
        self.context.operate(options, |context| crate::engine::background::finish(context, script, options))
    }

    /// The background build that is going on, if there is one.
    ///
    /// # Errors
    /// [`Step::Cache`] if the cache is not ours to read.
    pub fn background(&self) -> Result<Option<Background>> {
        crate::engine::background::running(&self.context)
    }

    /// Stops the background build, with the compilers it runs.
    ///
    /// # Errors
    /// [`Step::Cache`] if that may not be done.
    pub fn stop_background(&self) -> Result<Option<Background>> {
        crate::engine::background::stop(&self.context)
    }

    /// Becomes the script: for programs of one thread. Returns only if the program had to be a child, with the way it ended.
    ///
    /// # Errors
    /// Those of [`Runner::build`], and [`Step::Execute`].
    #[cfg(feature = "exec")]
    pub fn exec(&self, script: &Script, options: &Options, arguments: &[OsString]) -> Result<ExitStatus> {
        self.context
            .operate(options, |context| crate::engine::prepare::run(context, script, options, arguments))
    }

    /// The program of a script: the cached one if nothing changed, else built now.
    ///
    /// # Errors
    /// Any [`Step`] but [`Step::Execute`] and [`Step::Install`]. If the cache cannot be used the program is temporary, and
    /// an event says why. A script that is edited while it is compiled is read again.
    pub fn build(&self, script: &Script, options: &Options) -> Result<Program> {
        self.context.operate(options, |context| crate::engine::prepare::build(context, script, options))
    }
}
