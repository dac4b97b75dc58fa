//! Which backend a script is for: a package, a language of the user's, another language, or Rust.

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::policy::{allows, refusal};
use crate::base::rule::Rule;
use crate::build::backend::Backend;
use crate::languages::language_script::LanguageScript;
use crate::languages::{detect, user_defined};
use crate::packages::recipe::PackageRequest;
use crate::request::options::Options;
use crate::request::package_spec;
use crate::rust::metadata::refuse_what_is_no_source;
use crate::rust::rust_script::RustScript;
use crate::script::script_file::Script;
use crate::settings::config_file::Config;
use crate::store::cache::Cache;
use crate::store::key::Key;

/// A script that one of the backends for scripts has read.
pub(crate) enum ReadScript {
    Rust(RustScript),
    Other(LanguageScript),
}

impl ReadScript {
    /// As any backend.
    pub(crate) fn into_backend(self) -> Box<dyn Backend> {
        match self {
            ReadScript::Rust(rust) => Box::new(rust),
            ReadScript::Other(other) => Box::new(other),
        }
    }
}

/// Reads a script or a package: its metadata, and the settings that win.
///
/// # Errors
/// [`Step::Script`] if it is not text, [`Step::Metadata`] if its metadata is malformed, [`Step::Config`] if the user's
/// configuration is, [`Step::Arguments`] if something was asked for that means nothing for it.
pub(crate) fn read(
    script: &Script,
    options: &Options,
    environment: &Environment,
) -> Result<Box<dyn Backend>> {
    match script.package() {
        Some(package) => Ok(Box::new(PackageRequest::read(script, package, options, environment)?)),
        None => Ok(read_script(script, options, environment)?.into_backend()),
    }
}

/// The key under which the build of a script is kept. Where a target is named, only its compiler can tell whether that is
/// another machine.
pub(crate) fn key(read: &dyn Backend, environment: &Environment, cache: &Cache) -> Key {
    let request = read.request();
    let resolved = request.options.target.is_some().then(|| read.resolve(environment, cache));
    match resolved {
        Some(Ok(resolved)) => resolved.key(),
        Some(Err(_)) | None => request.key_without_compiler(),
    }
}

/// The same for what is done with scripts only.
pub(crate) fn read_script(
    script: &Script,
    options: &Options,
    environment: &Environment,
) -> Result<ReadScript> {
    if let Some(package) = script.package() {
        return Err(package_spec::no_script(package));
    }
    options.selection.refuse_for_script()?;
    let text = String::from_utf8_lossy(script.bytes());
    refuse_what_is_no_source(script, &text)?;
    let config = Config::of_script(script, environment)?;
    let asked = options.language.as_deref();
    let refuse_features = || options.selection.refuse_features();
    if let Some(own) = user_defined::of(script, &text, asked, &config.languages)? {
        refuse_features()?;
        refuse_language(own.language.name, environment)?;
        let language = Some(own.identity());
        let mut read = LanguageScript::read(script, options, &text, own.language, config, environment)?;
        read.request.options.language = language;
        return Ok(ReadScript::Other(read));
    }
    Ok(match detect::of(script, &text, asked)? {
        Some(language) => {
            refuse_features()?;
            refuse_language(language.name, environment)?;
            ReadScript::Other(LanguageScript::read(script, options, &text, language, config, environment)?)
        }
        None => {
            refuse_language("rust", environment)?;
            ReadScript::Rust(RustScript::read(script, options, config, environment)?)
        }
    })
}

/// Refuses a language that the policy does not name.
fn refuse_language(name: &str, environment: &Environment) -> Result<()> {
    match environment.policy() {
        Some(policy) if !allows(&policy.languages, name) => {
            Err(refusal(Rule::Language, format_args!("language `{name}`"), None))
        }
        _ => Ok(()),
    }
}

/// The same for what is done with Rust scripts only.
pub(crate) fn read_rust(script: &Script, options: &Options, environment: &Environment) -> Result<RustScript> {
    match read_script(script, options, environment)? {
        ReadScript::Rust(rust) => Ok(rust),
        ReadScript::Other(other) => {
            let article = other.head.language.with_article();
            Err(Error::message(
                Step::Script,
                format!("it is {article}, and this is done with Rust scripts only"),
            ))
        }
    }
}
