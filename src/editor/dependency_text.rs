//! The text of a script with one dependency more, for the code action of an editor: `runner add` on a buffer.

use std::ffi::OsString;
use std::path::Path;

use crate::base::error::{Error, Result, Step};
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::options::{Options, Verbosity};
use crate::rust::deps::manifest_edit::{self, Verb};
use crate::script::script_file::Script;
use crate::script::{header, metadata_edit};

/// Adds a dependency to a script's text, in the form that its metadata has. Without a network what is downloaded is taken.
///
/// # Errors
/// [`Step::Dependencies`] if cargo refuses, [`Step::Metadata`] if the form cannot say it.
pub(crate) fn with_dependency(context: &Context, path: &Path, text: &str, name: &str) -> Result<String> {
    added(context, path, text, name, false).or_else(|error| {
        // The first reason is the better one.
        added(context, path, text, name, true).map_err(|_| error)
    })
}

fn added(context: &Context, path: &Path, text: &str, name: &str, offline: bool) -> Result<String> {
    let options = Options { offline, ..Options::default() };
    let environment = context.environment();
    let cache = context.cache()?;
    cache.create()?;
    let read = recipe::read_rust(&Script::of_buffer(path, text), &options, environment)?;
    let rust = read.resolve(environment, &cache)?;
    let header = header::parse(text)?;
    let toml = metadata_edit::toml_of(&header);
    let arguments = [OsString::from("--"), name.into()];
    let reporter = context.reporter(Verbosity::Quiet);
    let edited = manifest_edit::edit(&rust, &cache, environment, &reporter, &toml, Verb::Add, &arguments)?;
    let same = |known: &String| known.replace('-', "_") == name.replace('-', "_");
    let toml = manifest_edit::with_series(&edited.toml, |keys| keys.last().is_some_and(same));
    metadata_edit::with_toml(text, &header, &toml).map_err(|why| {
        Error::message(Step::Metadata, format!("cannot edit the metadata: {why}"))
            .hint("`runner migrate` gives the script another form")
    })
}
