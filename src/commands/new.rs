//! `runner new`: a first script, executable, that compiles and passes `check`, `test` and `fmt`.
//!
//! The file is made whole beside its place and linked there, so that nothing that exists is ever lost, and of two who make
//! the same file at once one is told.

pub(crate) mod templates;

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::base::error::{Error, Result, Step, usage_error};
use crate::base::fs::{UNFINISHED_PREFIX, cannot};
use crate::base::named_output::{self, Permission};
use crate::base::order;
use crate::base::similar::is_similar;
use crate::commands::add::{self, Addition};
use crate::commands::new::templates::{HELLO, TEMPLATES};
use crate::engine::context::Context;
use crate::languages::table;
use crate::request::options::Options;
use crate::rust::manifest::fields::forbidden_name;
use crate::rust::toolchain::Toolchain;
use crate::script::crate_name::package_name;
use crate::script::script_file::Script;
use crate::settings::config_file::Config;

/// The edition of a script whose compiler is not known.
const EDITION: &str = "2024";

/// What a new script is to be.
#[derive(Debug, Clone, Default)]
pub struct NewScript {
    /// The name of a template, or its path if there is a slash in it.
    pub template: Option<String>,
    /// Crates to add, as [`Addition::crates`].
    pub dependencies: Vec<String>,
    /// Replace a file that exists.
    pub force: bool,
}

/// The text of a new script that would be called so.
///
/// # Errors
/// [`Step::Arguments`] if there is no such template or language, [`Step::Script`] if a template cannot be read.
pub(crate) fn text(context: &Context, file: &Path, options: &Options, new: &NewScript) -> Result<String> {
    let extension = file.extension().and_then(OsStr::to_str);
    let of_file = extension.and_then(table::of_extension);
    let language = match options.language.as_deref() {
        None => of_file,
        Some("rust" | "rs") => None,
        Some(name) => Some(table::named(name).ok_or_else(|| {
            usage_error(format!("unknown language `{name}`")).with_hint("`runner help languages` lists them")
        })?),
    };
    if let Some(template) = &new.template
        && let Some(own) = own_template(context, template)?
    {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        return Ok(own.replace("{{name}}", &stem));
    }
    let Some(language) = language else { return rust(context, file, options, new) };
    if let Some(template) = new.template.as_deref().filter(|name| *name != "hello") {
        let text = format!("`{template}` is no template of {} scripts", language.display_name);
        return Err(usage_error(text).with_hint("they have `hello`, and those of your own"));
    }
    let code = HELLO.iter().find(|(name, _)| *name == language.name).map_or("", |(_, code)| code);
    // Whoever cannot tell the language from the file is told.
    let first = match of_file.is_some_and(|known| known.name == language.name) {
        true => "#!/usr/bin/env runner\n".to_owned(),
        false => format!("#!/usr/bin/env -S runner --lang {}\n", language.name),
    };
    Ok(first + code)
}

fn rust(context: &Context, file: &Path, options: &Options, new: &NewScript) -> Result<String> {
    let wanted = new.template.as_deref().unwrap_or("hello");
    let template = TEMPLATES.iter().find(|template| template.name == wanted);
    let template = template.ok_or_else(|| unknown_template(context, wanted))?;
    let latest = || {
        let cache = context.cache().ok()?;
        let found = Toolchain::find(options.toolchain.as_deref(), context.environment(), &cache).ok()?;
        Some(found.latest_edition().to_owned())
    };
    // Written down, so that a newer compiler does not mean something else by the script.
    let edition = options.edition.clone().or_else(latest).unwrap_or_else(|| EDITION.to_owned());
    let mut text = "#!/usr/bin/env runner\n---\n[package]\n".to_owned();
    let name = package_name(&file.file_stem().unwrap_or_default().to_string_lossy());
    if forbidden_name(&name).is_some() {
        text.push_str(&format!("name = \"{name}-script\"\n"));
    }
    text.push_str(&format!("edition = \"{edition}\"\n"));
    if !template.dependencies.is_empty() {
        text.push_str("\n[dependencies]\n");
        text.push_str(template.dependencies);
    }
    text.push_str("---\n");
    text.push_str(template.code);
    Ok(text)
}

/// Makes a new script; its path.
///
/// # Errors
/// Those of [`text`] and, if there are dependencies, of [`add::add`]; [`Step::Install`] if the file exists or cannot be
/// written. Nothing has been made then.
pub(crate) fn create(context: &Context, file: &Path, options: &Options, new: &NewScript) -> Result<PathBuf> {
    create_inner(context, file, options, new).map_err(|error| error.about(file.to_string_lossy()))
}

fn create_inner(context: &Context, file: &Path, options: &Options, new: &NewScript) -> Result<PathBuf> {
    let text = text(context, file, options, new)?;
    let directory = match file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory).map_err(|error| cannot("create the directory", directory, error))?;
    if new.force {
        named_output::write(file, Permission::OfProgram, &mut text.as_bytes())
            .map_err(|error| cannot("write", file, error))?;
    } else {
        write_new(directory, file, &text)?;
    }
    if !new.dependencies.is_empty() {
        let addition = Addition { crates: new.dependencies.clone(), ..Addition::default() };
        let added = Script::read(file.as_os_str(), context.environment())
            .and_then(|script| add::add(context, &script, options, &addition));
        if let Err(error) = added {
            // A script without what was asked for is not what was asked for.
            let is_ours = fs::read_to_string(file).is_ok_and(|there| there == text);
            if is_ours && !new.force {
                let _ = fs::remove_file(file);
            }
            return Err(error);
        }
    }
    Ok(file.to_owned())
}

/// Makes a file that is not there yet.
pub(super) fn write_new(directory: &Path, file: &Path, text: &str) -> Result<()> {
    let written = || -> io::Result<()> {
        let mut builder = Builder::new();
        builder.prefix(UNFINISHED_PREFIX).permissions(Permissions::from_mode(0o777));
        let mut beside = builder.tempfile_in(directory)?;
        io::Write::write_all(&mut beside, text.as_bytes())?;
        beside.as_file().sync_all()?;
        beside.into_temp_path().persist_noclobber(file).map_err(|error| error.error)
    };
    written().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists if file.is_dir() => {
            Error::message(Step::Install, "it is a directory").hint("name a file in it")
        }
        io::ErrorKind::AlreadyExists => {
            Error::message(Step::Install, "it is there already").hint("`--force` replaces it")
        }
        _ => cannot("write", file, error),
    })
}

/// The directory of the user's own templates.
fn directory(context: &Context) -> Option<PathBuf> {
    let config = Config::read(context.environment()).ok()?.path?;
    Some(config.parent()?.join("templates"))
}

/// The user's template of a name or at a path; `None` if the name is none of theirs.
fn own_template(context: &Context, name: &str) -> Result<Option<String>> {
    let path = match name.contains('/') {
        true => PathBuf::from(name),
        false => match directory(context) {
            Some(directory) => directory.join(name),
            None => return Ok(None),
        },
    };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !name.contains('/') => Ok(None),
        Err(error) => Err(cannot("read the template", &path, error)),
    }
}

/// The names of all templates, and what each is; the user's own come first.
pub(crate) fn names(context: &Context) -> Vec<(String, String)> {
    let own = directory(context).map(|directory| crate::base::fs::entries(&directory)).unwrap_or_default();
    let mut names: Vec<(String, String)> = own
        .into_iter()
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), "your own".to_owned())))
        .collect();
    order::sort(&mut names);
    names.extend(TEMPLATES.iter().map(|template| (template.name.to_owned(), template.help.to_owned())));
    names
}

#[cold]
fn unknown_template(context: &Context, name: &str) -> Error {
    let names: Vec<String> = names(context).into_iter().map(|(name, _)| name).collect();
    let similar = names.iter().find(|known| is_similar(known, name));
    let error = usage_error(format!("unknown template `{name}`"));
    match similar {
        Some(similar) => error.with_hint(format!("did you mean `{similar}`?")),
        None => error.with_hint(format!("there are {}", names.join(", "))),
    }
}
