//! `runner env`: shows settings and where each comes from.
//!
//! The settings are those of [`crate::settings::schema`], decided as for a run, of a script if there is one. The rest is what
//! follows from them and from the machine: compilers and directories.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::base::environment::{Environment, absolute};
use crate::base::error::{Error, Result};
use crate::base::similar::is_similar;
use crate::build::observing::Observing;
use crate::commands::promote::receipt;
use crate::engine::context::Context;
use crate::engine::{background, recipe};
use crate::process::sandbox::enter::supported_abi;
use crate::request::flags::settings;
use crate::request::options::Options;
use crate::rust::cargo_config::CargoConfig;
use crate::rust::deps::network::offline_for_cargo;
use crate::rust::toolchain::{self, Toolchain};
use crate::script::script_file::Script;
use crate::settings::config_file::Config;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::settings::schema::{Setting, Value};
use crate::store::cache::Cache;
use crate::store::stamp::Moment;

/// One thing that runner sees.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnvEntry {
    /// The setting's name, or another.
    pub name: &'static str,
    /// Empty if there is none.
    pub value: OsString,
    /// Where it comes from.
    pub source: Origin,
}

impl EnvEntry {
    fn new(name: &'static str, value: impl Into<OsString>, source: Origin) -> EnvEntry {
        EnvEntry { name, value: value.into(), source }
    }
}

/// Everything runner sees, for a run with these options of a script or, without one, of any. The second value is why
/// there is no compiler, if there is none.
///
/// # Errors
/// [`crate::Step::Config`], and if there is a script those of reading it.
pub(crate) fn settings_in_force(
    context: &Context,
    script: Option<&Script>,
    options: &Options,
) -> Result<(Vec<EnvEntry>, Option<Error>)> {
    let context = &context.without_named_programs();
    let environment = context.environment();
    let layers = match script {
        Some(script) => {
            let read = recipe::read_script(script, options, environment);
            let read = read.map_err(|error| error.about(script.display_name()))?.into_backend();
            read.request().layers.clone()
        }
        None => layers(context, options)?,
    };
    let config = Config::read(environment)?;
    let cache = context.cache()?;
    let found = find_toolchain(&layers, environment, cache);
    let toolchain = found.as_ref().ok();
    let mut seen = Vec::new();
    for setting in settings() {
        seen.push(match layers.of(setting.name) {
            Some((value, source)) => EnvEntry::new(setting.name, shown(value), source.clone()),
            None => default_of(context, setting, toolchain, &config)?,
        });
    }
    if let Some(Toolchain { rustc, version, .. }) = toolchain {
        let source = || seen_source(&seen, "toolchain");
        let facts = [
            EnvEntry::new("rustc", rustc, source()),
            EnvEntry::new("rustc-version", version.semver.to_string(), source()),
            EnvEntry::new("host", &version.host, source()),
            EnvEntry::new(
                "cargo",
                toolchain.and_then(|one| one.cargo(environment).ok()).unwrap_or_default(),
                source(),
            ),
        ];
        seen.extend(facts);
    }
    let landlock = match supported_abi() {
        Ok(abi) => format!("Landlock ABI {abi}"),
        Err(refused) => refused.to_string(),
    };
    seen.push(EnvEntry::new("landlock", landlock, Origin::Default));
    let directories = [
        ("cargo-home", environment.cargo_home(), "CARGO_HOME"),
        ("rustup-home", environment.rustup_home(), "RUSTUP_HOME"),
        ("receipts", receipt::directory(environment).ok(), "XDG_DATA_HOME"),
    ];
    for (name, directory, variable) in directories {
        let source = match environment.set(variable) {
            Some(_) => Origin::Variable(variable.to_owned()),
            None => Origin::Default,
        };
        seen.push(EnvEntry::new(name, directory.unwrap_or_default(), source));
    }
    let observation = Observing::of(&layers).to_string();
    seen.push(EnvEntry::new("observation", observation, seen_source(&seen, "observe")));
    seen.push(EnvEntry::new("version", env!("CARGO_PKG_VERSION"), Origin::Default));
    Ok((seen, found.err().map(|error| layers.blame("toolchain", error))))
}

/// The variables that begin as ours do and mean nothing, each with the one that was probably meant.
pub(crate) fn misspelt_variables(context: &Context) -> Vec<(String, String)> {
    misspelt(context.environment())
}

/// What is said of any script, strongest first.
pub(crate) fn layers(context: &Context, options: &Options) -> Result<Layers> {
    let environment = context.environment();
    let layers = Layers::of_options(options, &Origin::CommandLine);
    Ok(layers.then(Layers::of_variables(environment)?).then(Config::read(environment)?.layers))
}

/// Where promoted executables go: what `RUNNER_BIN` or the configuration says, else the user's directory for them.
pub(crate) fn executable_directory(context: &Context) -> Result<Option<PathBuf>> {
    Ok(match layers(context, &Options::default())?.of("bin") {
        Some((Value::Directory(path), _)) => Some(absolute(path.clone())),
        _ => context.environment().executable_directory(),
    })
}

/// What holds where nobody says anything.
fn default_of(
    context: &Context,
    setting: &Setting,
    toolchain: Option<&Toolchain>,
    config: &Config,
) -> Result<EnvEntry> {
    let environment = context.environment();
    let seen = |value: OsString, source: Origin| EnvEntry::new(setting.name, value, source);
    let path = |path: Option<PathBuf>| seen(path.unwrap_or_default().into(), Origin::Default);
    Ok(match setting.name {
        "toolchain" => {
            let (value, source) = foreign_toolchain(environment);
            seen(value, source)
        }
        "target" => {
            let host = toolchain.map(|toolchain| toolchain.version.host.clone()).unwrap_or_default();
            let of_cargo = CargoConfig::read(environment, Moment::now())?.target;
            seen(of_cargo.unwrap_or(host).into(), Origin::Default)
        }
        "edition" => {
            seen(toolchain.map(Toolchain::latest_edition).unwrap_or_default().into(), Origin::Default)
        }
        "offline" => {
            let source = offline_for_cargo(environment)?;
            seen(source.is_some().to_string().into(), source.unwrap_or(Origin::Default))
        }
        "tier" if background::is_ci(environment) => seen("false".into(), Origin::Variable("CI".to_owned())),
        "tier" => seen("true".into(), Origin::Default),
        "cache" => path(environment.cache_directory()),
        "bin" => path(environment.executable_directory()),
        "config" => path(config.path.clone()),
        _ => seen(setting.default.into(), Origin::Default),
    })
}

fn shown(value: &Value) -> OsString {
    match value {
        // As a run takes it: from here.
        Value::Directory(path) => absolute(path.clone()).into(),
        other => other.to_string().into(),
    }
}

fn seen_source(seen: &[EnvEntry], name: &str) -> Origin {
    seen.iter().find(|seen| seen.name == name).map_or(Origin::Default, |seen| seen.source.clone())
}

fn find_toolchain(layers: &Layers, environment: &Environment, cache: Cache) -> Result<Toolchain> {
    let wanted = layers.text("toolchain");
    layers.check_toolchain(environment)?;
    Toolchain::find(wanted.as_deref(), environment, &cache)
}

/// The toolchain that other tools are told to use, and where.
fn foreign_toolchain(environment: &Environment) -> (OsString, Origin) {
    for name in ["RUSTC", "RUSTUP_TOOLCHAIN"] {
        if let Some(value) = environment.set(name) {
            return (value, Origin::Variable(name.to_owned()));
        }
    }
    match (toolchain::rustup_default(environment, Moment::now()), environment.rustup_home()) {
        (Ok((Some(directory), _)), Some(home)) => {
            let name = directory.file_name().unwrap_or(directory.as_os_str()).to_owned();
            (name, Origin::File(home.join("settings.toml"), 0))
        }
        _ => (OsString::new(), Origin::Variable("PATH".to_owned())),
    }
}

/// The variables that begin as ours do and are none, each with the one that was probably meant.
fn misspelt(environment: &Environment) -> Vec<(String, String)> {
    let names = environment.all().into_iter().filter_map(|(name, _)| name.into_string().ok());
    let known: Vec<&str> = settings().filter_map(Setting::variable_name).collect();
    names
        .filter(|name| name.starts_with("RUNNER_") && !known.contains(&name.as_str()))
        .filter_map(|name| {
            let meant = known.iter().find(|known| is_similar(known, &name))?;
            let meant = (*meant).to_owned();
            Some((name, meant))
        })
        .collect()
}
