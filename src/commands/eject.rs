//! `runner eject`: writes a script as a cargo package.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::digest::Fields;
use crate::base::error::{Error, Result, Step};
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::rust::source::main_wrapper;
use crate::script::header;
use crate::script::script_file::Script;

/// Writes a package with this script as its program into `directory`, or into the cache; returns the directory. The
/// program is the script itself, unless cargo could not compile that as it stands: then a copy that it can.
///
/// # Errors
/// [`Step::Script`] and [`Step::Metadata`] if the script is not one, [`Step::Toolchain`] if there is no compiler whose
/// edition it would have, [`Step::Install`] if the package cannot be written.
pub(crate) fn eject(
    context: &Context,
    script: &Script,
    options: &Options,
    directory: Option<&Path>,
) -> Result<PathBuf> {
    eject_inner(context, script, options, directory).map_err(|error| error.about(script.display_name()))
}

fn eject_inner(
    context: &Context,
    script: &Script,
    options: &Options,
    directory: Option<&Path>,
) -> Result<PathBuf> {
    let cache = context.cache()?;
    cache.create()?;
    let read = recipe::read_rust(script, options, context.environment())?;
    let rust = read.resolve(context.environment(), &cache)?;
    let directory = match directory {
        Some(directory) => directory.to_owned(),
        None => {
            let mut fields = Fields::new("package");
            fields.push("launch", rust.key().digest().hex().as_bytes());
            cache.join("packages").join(fields.finish().short(32))
        }
    };
    let text = std::str::from_utf8(script.bytes()).unwrap_or_default();
    let copy = match (&read.code.text, rust.gate, header::parse(text)) {
        (Some(text), ..) => Some(text.clone()),
        (None, Some(_), Ok(header)) => Some(main_wrapper::without_head(text, &header)),
        _ => None,
    };
    let main = match (&copy, read.request.script.path()) {
        (None, Some(path)) => path.to_string_lossy().into_owned(),
        _ => "src/main.rs".to_owned(),
    };
    let manifest = read.manifest.to_package(&rust.package_name(), rust.metadata_base(), &rust.edition, &main);
    let write = |name: &str, content: &str| {
        let path = directory.join(name);
        let parent = path.parent().unwrap_or(&directory);
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, content)).map_err(|error| {
            let what = format!("cannot write `{}`", path.display());
            Error::new(Step::Install, anyhow::Error::new(error).context(what))
        })
    };
    write("Cargo.toml", &manifest)?;
    if let Some(copy) = copy {
        write("src/main.rs", &copy)?;
    }
    Ok(directory)
}
