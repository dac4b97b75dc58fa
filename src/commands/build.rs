//! `runner build`: writes self-contained executables of scripts.
//!
//! Where each goes is decided, and refused, before anything is compiled; then each script is a build of its own, as many at
//! once as there are processors, and one that fails takes nothing from the others. A program for Windows is called `.exe`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::environment::absolute;
use crate::base::error::{Error, Result, Step};
use crate::base::fs::cannot;
use crate::base::named_output::{self, Permission};
use crate::commands::artifact::Artifact;
use crate::commands::promote::install::refuse_script_itself;
use crate::engine::context::Context;
use crate::engine::dry_run::Purpose;
use crate::engine::program::Program;
use crate::request::options::Options;
use crate::script::script_file::Script;

/// Shows how a script would be built and written where `output` says; see [`crate::Runner::export`].
///
/// # Errors
/// As [`crate::Runner::export`], as far as nothing has to be built for them.
pub(crate) fn dry_run_of_build(
    context: &Context,
    script: &Script,
    options: &Options,
    output: Option<&Path>,
) -> Result<()> {
    let destination = destination(script, output);
    refuse(script, &destination, output)?;
    crate::engine::dry_run::dry_run(
        context,
        script,
        &crate::commands::artifact::portable_options(context, script, options),
        Purpose::Write(&destination),
    )
}

/// Writes a self-contained executable of a script where `output` says: a file, or a directory (one that exists, or
/// a path that ends in a slash); the working directory if it says nothing. Returns its path.
///
/// # Errors
/// Those of [`crate::Runner::build`], and [`Step::Install`].
pub(crate) fn build(
    context: &Context,
    script: &Script,
    options: &Options,
    output: Option<&Path>,
) -> Result<PathBuf> {
    let destination = destination(script, output);
    refuse(script, &destination, output)?;
    Ok(build_at(context, script, options, &destination, output)?.2)
}

/// The same for several, which need a directory, and with what there is to say of each. One result a script, in order.
///
/// # Errors
/// [`Step::Arguments`] and [`Step::Install`] if that cannot be done: then nothing has been built.
pub(crate) fn build_all(
    context: &Context,
    scripts: &[Script],
    options: &Options,
    output: Option<&Path>,
) -> Result<Vec<Result<Artifact>>> {
    let mut destinations: BTreeMap<PathBuf, &Script> = BTreeMap::new();
    if let Some(output) = output.filter(|output| scripts.len() > 1 && !is_directory(output)) {
        let text = format!("several scripts cannot be one file, `{}`", output.display());
        return Err(Error::message(Step::Arguments, text).hint("`-o DIR/` takes them all"));
    }
    for script in scripts {
        let destination = destination(script, output);
        refuse(script, &destination, output)?;
        if let Some(other) = destinations.insert(destination.clone(), script) {
            let text = format!("it would take the place of that of `{}`", other.display_name());
            return Err(Error::message(Step::Install, text)
                .about(script.display_name())
                .hint("build one of them by itself, with `-o FILE`"));
        }
    }
    Ok(crate::commands::prebuild::in_parallel(scripts, |script| {
        let (program, options, path) =
            build_at(context, script, options, &destination(script, output), output)?;
        crate::commands::artifact::describe(context, &program, &options, &path)
    }))
}

/// Builds scripts into the cache, as for a run, with the paths of this machine in them: what a debugger wants.
pub(crate) fn build_cached(
    context: &Context,
    scripts: &[Script],
    options: &Options,
) -> Vec<Result<Artifact>> {
    let options = Options { optimal: true, ..options.clone() };
    crate::commands::prebuild::in_parallel(scripts, |script| {
        let program = crate::engine::prepare::prepare(context, script, &options)?;
        let path = program.path().ok_or_else(|| {
            Error::message(Step::Cache, "without a cache its program has no place that stays")
                .hint("`runner build -o FILE` writes it where it stays")
        })?;
        crate::commands::artifact::describe(context, &program, &options, path)
    })
}

/// Makes a file a link to a program, in the place of an older link.
///
/// # Errors
/// [`Step::Install`] if something else is there.
pub(crate) fn link(artifact: &Artifact, link: &Path) -> Result<()> {
    let link = absolute(link.to_owned());
    match fs::symlink_metadata(&link) {
        Ok(metadata) if !metadata.is_symlink() => {
            let text = format!("`{}` is there, and is not a link", link.display());
            return Err(Error::message(Step::Install, text).hint("give `--link` another name"));
        }
        _ => {}
    }
    let directory = link.parent().unwrap_or(Path::new("/"));
    let written = || -> io::Result<()> {
        fs::create_dir_all(directory)?;
        let place = tempfile::Builder::new().prefix(".runner-").tempdir_in(directory)?;
        let new = place.path().join("link");
        std::os::unix::fs::symlink(&artifact.path, &new)?;
        fs::rename(&new, &link)
    };
    written().map_err(|error| cannot("write", &link, error))
}

fn build_at(
    context: &Context,
    script: &Script,
    options: &Options,
    destination: &Path,
    output: Option<&Path>,
) -> Result<(Program, Options, PathBuf)> {
    let options = crate::commands::artifact::portable_options(context, script, options);
    let program = crate::engine::prepare::prepare(context, script, &options)?;
    let mut destination = destination.to_owned();
    // What a package calls its program is known when it is built.
    if script.package().is_some() && output.is_none_or(is_directory) {
        destination.set_file_name(program.name());
        refuse(script, &destination, output)?;
    }
    if output.is_none_or(is_directory) && is_for_windows(&program) {
        let mut name = destination.into_os_string();
        name.push(".exe");
        destination = PathBuf::from(name);
        refuse(script, &destination, output)?;
    }
    if let Some(parent) = destination.parent().filter(|_| output.is_some_and(is_directory)) {
        fs::create_dir_all(parent).map_err(|error| cannot("create the directory", parent, error))?;
    }
    let written = program
        .open()
        .and_then(|mut file| named_output::write(&destination, Permission::OfProgram, &mut file));
    written.map_err(|error| cannot("write", &destination, error))?;
    if let Some(command_log) = program.command_log() {
        command_log.copied(program.path(), &destination);
        command_log.tell_times();
    }
    Ok((program, options, destination))
}

fn destination(script: &Script, output: Option<&Path>) -> PathBuf {
    match output {
        None => absolute(PathBuf::from(script.stem())),
        Some(output) if is_directory(output) => absolute(output.join(script.stem())),
        Some(output) => absolute(output.to_owned()),
    }
}

/// One that exists, or a path that ends in a slash.
fn is_directory(output: &Path) -> bool {
    output.as_os_str().as_bytes().ends_with(b"/") || output.is_dir()
}

fn refuse(script: &Script, destination: &Path, output: Option<&Path>) -> Result<()> {
    refuse_script_itself(script, destination)?;
    let directory = destination.parent().unwrap_or(Path::new("/"));
    if !output.is_some_and(is_directory) {
        let is_there = fs::metadata(directory).and_then(|metadata| match metadata.is_dir() {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
        });
        is_there.map_err(|error| {
            let is_missing = error.kind() == io::ErrorKind::NotFound;
            let error = cannot("find the directory", directory, error).about(script.display_name());
            match is_missing {
                true => error.hint("`mkdir -p` makes it; so does `-o DIR/`, with a slash at the end"),
                false => error,
            }
        })?;
    }
    if !destination.is_dir() {
        return Ok(());
    }
    Err(Error::message(Step::Install, format!("`{}` is a directory", destination.display()))
        .about(script.display_name())
        .hint("`-o FILE` gives the executable another name"))
}

pub(crate) fn is_for_windows(program: &Program) -> bool {
    let mut magic = [0; 2];
    let read = program.open().and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && &magic == b"MZ"
}
