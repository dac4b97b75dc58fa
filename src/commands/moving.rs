//! `runner list --export` and `runner promote --from`: the installed commands, written down for another machine.
//!
//! The file is a JSON array of objects: `name`, `source`, `kind`, `source_b3`, `version`, `directory`, `options`. Paths below the
//! home directory begin with `~/`; a directory that is null is the one where commands are installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::fs::cannot;
use crate::base::named_output::{self, Permission};
use crate::commands::env::executable_directory;
use crate::commands::promote::receipt::{self, Receipt};
use crate::engine::context::Context;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::script::script_file::Script;
use crate::script::url::ScriptUrl;

/// A command that was installed on another machine.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MovedCommand {
    /// Its name.
    pub name: String,
    /// The script's path or URL, or the package.
    pub source: OsString,
    /// The URL with a pin to the text that ran there.
    pub url: Option<ScriptUrl>,
    /// Whether it is a package.
    pub is_package: bool,
    /// The blake3 digest of the script, in hexadecimal.
    pub source_digest: Option<String>,
    /// Where it was installed, unless that was the user's directory for executables.
    pub directory: Option<PathBuf>,
    /// The options it was promoted with.
    pub options: Options,
}

impl MovedCommand {
    /// Whether a script has another text than it had there.
    pub fn differs(&self, script: &Script) -> bool {
        self.source_digest.as_ref().is_some_and(|digest| *digest != Digest::of(script.bytes()).hex())
    }
}

/// Writes what was promoted to a file; how many commands.
///
/// # Errors
/// [`Step::Install`] if the file cannot be written, or a path is not UTF-8.
pub(crate) fn export(context: &Context, file: &Path) -> Result<usize> {
    let environment = context.environment();
    let receipts = Receipt::all(&receipt::directory(environment)?);
    let usual = executable_directory(context)?;
    let mut all = Vec::with_capacity(receipts.len());
    for receipt in &receipts {
        let directory = receipt.path.parent().filter(|directory| Some(*directory) != usual.as_deref());
        let is_url = ScriptUrl::parse(receipt.source.as_os_str()).is_some();
        let is_script = receipt.package.is_none();
        all.push(json!({
            "name": text(Path::new(&receipt.name), environment)?,
            "source": text(&receipt.source, environment)?,
            "kind": if is_url { "url" } else if is_script { "script" } else { "package" },
            "source_b3": is_script.then(|| receipt.source_digest.hex()),
            "version": receipt.about("version"),
            "directory": directory.map(|directory| text(directory, environment)).transpose()?,
            "options": receipt.options.to_arguments().iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>(),
        }));
    }
    let written = format!("{:#}\n", Value::Array(all));
    named_output::write(file, Permission::OfText, &mut written.as_bytes())
        .map_err(|error| cannot("write", file, error))?;
    Ok(receipts.len())
}

/// A path, from home if it is below.
fn text(path: &Path, environment: &Environment) -> Result<String> {
    let home = environment.home().and_then(|home| path.strip_prefix(home).ok());
    let text = home.map_or_else(|| path.to_owned(), |rest| Path::new("~").join(rest));
    text.into_os_string().into_string().map_err(|name| {
        let text = format!("`{}` is not UTF-8, and cannot be written down", name.to_string_lossy());
        Error::message(Step::Install, text)
    })
}

/// Reads what an export wrote.
///
/// # Errors
/// [`Step::Arguments`] if it is none, [`Step::Install`] if it cannot be read.
pub(crate) fn read(context: &Context, file: &Path) -> Result<Vec<MovedCommand>> {
    let bytes = std::fs::read(file).map_err(|error| cannot("read", file, error))?;
    let list: Option<Value> = serde_json::from_slice(&bytes).ok();
    let list = list.as_ref().and_then(Value::as_array);
    let commands = list.and_then(|list| list.iter().map(|one| command(one, context.environment())).collect());
    commands.ok_or_else(|| {
        let text = format!("`{}` is not what `runner list --export` writes", file.display());
        Error::message(Step::Arguments, text).hint("`runner list --export FILE` on the other machine")
    })
}

fn command(one: &Value, environment: &Environment) -> Option<MovedCommand> {
    let text = |name: &str| one.get(name)?.as_str();
    let path = |text: &str| match text.strip_prefix("~/") {
        Some(rest) => Some(environment.home()?.join(rest)),
        None => Some(PathBuf::from(text)).filter(|path| path.is_absolute()),
    };
    let (source, digest) = (text("source")?, text("source_b3"));
    let (mut url, mut is_package) = (None, false);
    let source = match text("kind")? {
        "script" => path(source)?.into_os_string(),
        "url" => {
            let typed = ScriptUrl::parse(source.as_ref())?.ok()?;
            url = Some(ScriptUrl::parse(typed.pinned(digest?).as_ref())?.ok()?);
            source.into()
        }
        "package" => {
            is_package = Package::parse(source.as_ref()).is_some();
            is_package.then(|| source.into())?
        }
        _ => return None,
    };
    let options: Vec<&str> = one.get("options")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let directory = match text("directory") {
        Some(directory) => Some(path(directory)?),
        None => None,
    };
    Some(MovedCommand {
        name: text("name")?.to_owned(),
        source,
        url,
        is_package,
        source_digest: digest.map(str::to_owned),
        directory,
        options: Options::from_arguments(options).ok()?,
    })
}
