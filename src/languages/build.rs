//! Builds: running the compiler of a language other than Rust in staging, and making checks of what it read.
//!
//! The steps are those of a Rust script's build: what is declared is looked at, the compiler runs, what it says it read is
//! hashed, and if any of that changed meanwhile the result says so and the spine builds again. How the compiler is called and
//! how it says what it read is the language's own; that it does so at all is what makes it one of runner's.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::build::input_watch::InputWatch;
use crate::build::outcome::{Interruption, Outcome, cache_removed, disk_full, trace_facts};
use crate::languages::recipe::{LanguageRecipe, Way};
use crate::languages::record::build_record;
use crate::languages::source::Source;
use crate::languages::{c, go, scriptisto};
use crate::report::reporter::Screen;
use crate::rust::static_check;
use crate::store::cache::Cache;
use crate::store::entry::Built;
use crate::store::trace::fact::Check;

/// How a compiler is called.
pub(crate) struct Call {
    pub(crate) command: Command,
    /// Its standard input.
    pub(crate) input: Option<PathBuf>,
    pub(crate) source: Source,
    /// The program it makes.
    pub(crate) output: PathBuf,
    /// What it is asked besides, at the same time.
    pub(crate) aside: Option<Command>,
    /// Texts in what it says, and what they stand for.
    pub(crate) renames: Vec<(String, String)>,
}

/// What a compiler read.
#[derive(Default)]
pub(crate) struct Inputs {
    pub(crate) files: Vec<Input>,
    /// Facts that are not the content of a file.
    pub(crate) checks: Vec<Check<'static>>,
}

/// A file that a compiler read.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// Whether it came with the compiler or the system.
    pub(crate) tool: bool,
}

/// What a build has to go by.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) recipe: &'a LanguageRecipe<'a>,
    pub(crate) staging: &'a Path,
    pub(crate) cache: &'a Cache,
    pub(crate) environment: &'a Environment,
    pub(crate) screen: &'a Screen,
}

impl Site<'_> {
    /// A command in the script's directory with the environment of compilers.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let base = self.recipe.base();
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment.for_compilers());
        command.current_dir(if base.is_dir() { base } else { Path::new("/") });
        command
    }

    /// An error of writing to the cache.
    pub(crate) fn unusable(&self, error: std::io::Error) -> Error {
        self.cache.unusable("cannot write to", error)
    }

    /// How messages call the script's directory, with a slash; `None` if they may say it whole.
    pub(crate) fn shown_directory(&self) -> Option<String> {
        crate::rust::recipe::command_words::shown_directory(self.recipe.script)
    }
}

/// Shows what is in staging for the compiler, and how it is called.
fn show(site: Site<'_>, call: &Call) -> Result<()> {
    if let Some(journal) = site.screen.journal() {
        let input = call.input.as_ref().map(std::fs::read).transpose();
        journal.files(site.staging);
        journal.command(&call.command, input.map_err(|error| site.unusable(error))?.as_deref());
    }
    Ok(())
}

/// Compiles the script into `staging`.
///
/// # Errors
/// [`Step::Compile`], after the compiler's own words have been shown.
pub(crate) fn compile(
    recipe: &LanguageRecipe<'_>,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    screen: &Screen,
) -> Result<Outcome> {
    Outcome::of(attempt(Site { recipe, staging, cache, environment, screen }))
}

fn attempt(site: Site<'_>) -> std::result::Result<Built, Interruption> {
    let began = Instant::now();
    let Site { recipe, staging, environment, screen, .. } = site;
    let mut watch = InputWatch::begin(recipe.script, recipe.settings, environment, Some(recipe.since))?;
    clear(staging).map_err(|error| site.unusable(error))?;
    let mut call = call(site)?;
    let aside = call.aside.as_mut().and_then(|command| command.spawn().ok());
    let (said, status) = run(site, &mut call)?;
    watch.script_content()?;
    if !status.success() || !call.output.is_file() {
        return Err(failed(site, &call, &said, status).into());
    }
    let inputs = match &recipe.way {
        Way::C(tools) => c::inputs(site, tools, aside)?,
        Way::Go(tools) => go::inputs(site, tools, &call, aside)?,
        Way::Template(template) => template.inputs(site, &call)?,
        Way::Scriptisto(spec) => scriptisto::inputs(site, spec, &mut call)?,
    };
    watch.script()?;
    let mut checks = Vec::with_capacity(inputs.files.len() + inputs.checks.len());
    for input in &inputs.files {
        // Files in staging are removed after the build.
        if recipe.script.path() == Some(&input.path) || input.path.starts_with(staging) {
            continue;
        }
        checks.push(match input.tool {
            true => watch.tool_file(&input.path)?,
            false => watch.file(&input.path)?,
        });
    }
    // A name that appears in a directory while the compiler reads shows in the directory.
    for directory in inputs.checks.iter().filter_map(Check::content_path) {
        watch.unchanged(directory)?;
    }
    checks.extend(inputs.checks);
    let start = watch.start();
    checks.extend(watch.finish()?);
    if recipe.settings.is_static == Some(true) {
        static_check::check(&call.output)?;
    }
    if recipe.options.portable {
        build_record(recipe, environment).add_to(&call.output).map_err(|error| site.unusable(error))?;
    }
    screen.show(&said, false);
    let (checks, decisions) = trace_facts(&recipe.checks, checks);
    let about = vec![
        ("source", Digest::of(recipe.script.bytes()).short(12)),
        ("options", recipe.options.describe()),
        ("profile", recipe.profile_name().to_owned()),
        ("toolchain", recipe.compiler.version.clone()),
        ("toolchain-id", recipe.compiler.version.clone()),
        ("decisions", decisions.to_string()),
        ("language", recipe.head.language.name.to_owned()),
        ("built", start.unix_seconds().to_string()),
        ("milliseconds", began.elapsed().as_millis().to_string()),
    ];
    Ok(Built {
        output: call.output,
        name: recipe.name(),
        target: None,
        provisional: false,
        told: recipe.told(),
        checks,
        about,
    })
}

/// Runs the compiler: what it said, and how it ended.
pub(crate) fn run(site: Site<'_>, call: &mut Call) -> Result<(Vec<u8>, ExitStatus)> {
    let input = match &call.input {
        Some(path) => File::open(path).map_err(|error| site.unusable(error))?.into(),
        None => Stdio::null(),
    };
    show(site, call)?;
    site.screen.verbose(|| {
        let recipe = site.recipe;
        let (script, version) = (recipe.script.display_name(), &recipe.compiler.version);
        format!("{script}: compiling it, {}, with {version}", recipe.profile_name())
    });
    let label = format!("compiling {}", site.recipe.name().to_string_lossy());
    let finished = site.screen.run_reading(input, &mut call.command, &label, false).map_err(|error| {
        let what = format!("cannot run `{}`", site.recipe.compiler.path.display());
        Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
    })?;
    match site.staging.is_dir() {
        true => Ok((in_the_scripts_words(site, call, finished.stderr), finished.status)),
        false => Err(cache_removed()),
    }
}

/// How the compiler is called.
pub(crate) fn call(site: Site<'_>) -> Result<Call> {
    match &site.recipe.way {
        Way::C(tools) => c::call(site, tools),
        Way::Go(tools) => go::call(site, tools),
        Way::Template(template) => template.call(site),
        Way::Scriptisto(spec) => scriptisto::call(site, spec),
    }
}

/// Shows how the compiler would be called, and tells where the program would be.
pub(crate) fn rehearse(
    recipe: &LanguageRecipe<'_>,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    screen: &Screen,
) -> Result<PathBuf> {
    let site = Site { recipe, staging, cache, environment, screen };
    let call = call(site)?;
    show(site, &call)?;
    Ok(call.output)
}

/// Removes what an earlier attempt left in staging.
fn clear(staging: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(staging)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// What the compiler said, with the script's directory as it was typed in place of any that stands for it.
fn in_the_scripts_words(site: Site<'_>, call: &Call, said: Vec<u8>) -> Vec<u8> {
    let base = format!("{}/", site.recipe.base().to_string_lossy());
    let mut renames = call.renames.clone();
    if let Some(mirror) = &call.source.mirror {
        // The copy first: its name may have got an extension.
        let own = site.recipe.script.path().map_or_else(
            || site.recipe.script.display_name().into_owned(),
            |path| path.to_string_lossy().into_owned(),
        );
        renames.push((call.source.path.to_string_lossy().into_owned(), own));
        renames.push((format!("{}/", mirror.to_string_lossy()), base.clone()));
    }
    renames.extend(site.shown_directory().map(|shown| (base, shown)));
    if renames.is_empty() {
        return said;
    }
    let mut text = String::from_utf8_lossy(&said).into_owned();
    for (from, to) in renames.iter().filter(|(from, _)| from.len() > 1) {
        text = text.replace(from.as_str(), to);
    }
    text.into_bytes()
}

/// One line after the compiler's own.
#[cold]
fn failed(site: Site<'_>, call: &Call, said: &[u8], status: ExitStatus) -> Error {
    let text = String::from_utf8_lossy(said);
    if let Some(error) = disk_full(site.staging, &text, "cannot compile in the cache") {
        return error;
    }
    site.screen.show(said, true);
    let tool = match site.recipe.way {
        Way::Scriptisto(_) => "its build command",
        _ => site.recipe.compiler.name(),
    };
    let text_of_error = match status.success() {
        true => format!("{tool} made no program; nothing was cached"),
        false => format!("{tool} failed ({status}); nothing was cached"),
    };
    let error = Error::message(Step::Compile, text_of_error);
    let comment = site.recipe.head.language.comment;
    let hint = match &site.recipe.way {
        Way::Scriptisto(_) if status.success() => Some(format!(
            "`target_bin` says it would be `{}`",
            call.output.strip_prefix(site.staging).unwrap_or(&call.output).display()
        )),
        Way::C(_) if text.contains("undefined reference to `main'") => {
            Some("a script is a program: it needs `main`".to_owned())
        }
        Way::C(_) if text.contains("undefined reference to") => Some(format!(
            "libraries are named in the script: `{comment} /// runner`, `{comment} flags = [\"-lNAME\"]`, `{comment} ///`"
        )),
        Way::Go(_) => go::hint(&text),
        _ => None,
    };
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
