//! The configuration file: what a user wants by default, for every script.
//!
//! ```toml
//! # ~/.config/runner/config.toml
//! profile = "dev"
//! toolchain = "1.95.0"
//! rustflags = ["-C", "target-cpu=native"]
//! offline = true
//! bin = "~/bin"
//! max-size = "2G"
//! ```
//!
//! It is the file that `RUNNER_CONFIG` names (an empty value means none), else `runner/config.toml` in
//! `$XDG_CONFIG_HOME`, else in `~/.config`. Its keys are those of [`crate::settings::schema`].
//!
//! `[language.NAME]` tables define languages: see [`crate::languages::user_defined`].
//!
//! Only a miss reads it. Every build rests on it, or on its absence, by a check that says so: one `stat` a hit, about a
//! microsecond, without which a file that is written or edited would not count for scripts that are cached. When it does
//! change, every decision is made anew at the next run of each script, but nothing is compiled whose decisions came out as
//! they were. Where the cache is cannot be said in it: finding a hit would mean reading it.
//!
//! A file that cannot be understood is an error, at every run, until it is mended or removed. A key that is not known is
//! said once for each content of the file, and otherwise nothing: a newer runner may know it.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use toml::de::DeValue;
use toml::{Spanned, Table, Value};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::text_position::TextPosition;
use crate::script::script_file::Script;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::settings::project_file::{self, Project};
use crate::settings::schema::{self, Place};
use crate::settings::toml_file::{error_at, parse};
use crate::store::file_digest::{is_absence, is_out_of_reach};
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// What the configuration file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// Where it is, or would be.
    pub(crate) path: Option<PathBuf>,
    pub(crate) exists: bool,
    pub(crate) layers: Layers,
    /// What the project of the script says besides settings.
    pub(crate) project: Project,
    /// The languages that it defines.
    pub(crate) languages: Vec<LanguageTable>,
    /// What the reader should know of it, each with its cure.
    pub(crate) complaints: Vec<(String, Option<String>)>,
    /// What the author of a script may want to know of it.
    pub(crate) notes: Vec<String>,
    /// That it is what it is, or that it is not there.
    pub(crate) checks: Vec<Check<'static>>,
}

/// A `[language.NAME]` table as it stands in the file: see [`crate::languages::user_defined`].
#[derive(Debug, Clone)]
pub(crate) struct LanguageTable {
    pub(crate) name: String,
    pub(crate) table: Table,
    file: PathBuf,
    position: TextPosition,
    key_positions: Vec<(String, TextPosition)>,
}

impl LanguageTable {
    /// An error in the table, at one of its keys or at its name.
    pub(crate) fn error(&self, key: Option<&str>, text: &str) -> Error {
        let of_key = |key: &str| self.key_positions.iter().find(|(name, _)| name == key);
        let position = key.and_then(of_key).map_or(self.position, |(_, position)| *position);
        language_error(&self.file, position, text)
    }
}

#[cold]
fn language_error(file: &Path, position: TextPosition, text: &str) -> Error {
    error_at(file, position, text).hint("`runner help config` shows how to define a language")
}

impl Config {
    /// Reads it and, before it, the `runner.toml` of the script's project: see [`crate::settings::project_file`].
    ///
    /// # Errors
    /// As [`Config::read`], of either file.
    pub(crate) fn of_script(script: &Script, environment: &Environment) -> Result<Config> {
        let mut config = Config::read(environment)?;
        let Some(path) = script.real_path() else { return Ok(config) };
        let mut project = project_file::read(path, environment)?;
        config.layers = std::mem::take(&mut project.layers).then(config.layers);
        config.complaints.append(&mut project.complaints);
        // Both rest on HOME. A fact that is there twice would make two builds of one script look different.
        project.checks.retain(|check| !config.checks.contains(check));
        config.checks.append(&mut project.checks);
        config.project = project;
        Ok(config)
    }

    /// Reads it, if it is there.
    ///
    /// # Errors
    /// [`Step::Config`] if it cannot be read or understood, or is not where `RUNNER_CONFIG` says.
    pub(crate) fn read(environment: &Environment) -> Result<Config> {
        let Some(path) = path(environment)? else { return Ok(Config::default()) };
        let mut config = Config { path: Some(path.clone()), ..Config::default() };
        // `RUNNER_CONFIG` itself is in the launch id.
        let named = environment.set("RUNNER_CONFIG");
        if named.is_none() {
            config.checks.push(Check::variable("XDG_CONFIG_HOME", environment).choice());
            config.checks.push(Check::variable("HOME", environment).choice());
        }
        let unreadable = |error: std::io::Error| {
            let what = format!("cannot read the configuration `{}`", path.display());
            Error::new(Step::Config, anyhow::Error::new(error).context(what))
        };
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if is_out_of_reach(&error) && named.is_none() => {
                config.checks.push(Check::absent(&path).choice());
                return Ok(config);
            }
            Err(error) if is_absence(&error) => {
                // Machines of services have a variable of that name for something else.
                let text = format!(
                    "`RUNNER_CONFIG` names `{}`, which is not there: it is passed over",
                    path.display()
                );
                config.notes.push(text);
                config.checks.push(Check::absent(&path).choice());
                return Ok(config);
            }
            Err(error) => return Err(unreadable(error)),
        };
        if metadata.file_type().is_char_device() {
            // `/dev/null`: there is nothing in it, and never will be.
            return Ok(config);
        }
        if !metadata.is_file() {
            let text = format!("the configuration `{}` is not a file", path.display());
            return Err(Error::message(Step::Config, text).hint("move what is there aside"));
        }
        let check = Check::file(&path, Moment::now()).map_err(unreadable)?;
        let bytes = std::fs::read(&path).map_err(unreadable)?;
        config.exists = true;
        config.checks.push(check.choice());
        // Root must not do what another user wrote down (`sudo` with that user's HOME).
        let us = rustix::process::geteuid().as_raw();
        if metadata.uid() != us && metadata.uid() != 0 {
            let text = format!(
                "`{}` belongs to uid {}, not to you (uid {us}): it is passed over",
                path.display(),
                metadata.uid()
            );
            config.complaints.push((text, None));
            // No check knows an owner; this one never holds, and so every run looks again.
            config.checks.push(Check::absent(&path).choice());
            return Ok(config);
        }
        config.add(&path, &bytes, environment)?;
        Ok(config)
    }

    fn add(&mut self, path: &Path, bytes: &[u8], environment: &Environment) -> Result<()> {
        let at = |offset: usize, text: &str| error_at(path, TextPosition::of(bytes, offset), text);
        let (places, table) = parse(path, bytes)?;
        for (key, value) in places.get_ref() {
            let (name, start) = (key.get_ref().as_ref(), key.span().start);
            let line = TextPosition::of(bytes, start).line;
            let Some(meant) = table.get(name) else { continue };
            if name == "language" {
                self.add_languages(meant, value, path, bytes)?;
                continue;
            }
            match schema::named(name) {
                Some(setting) if setting.may_be_in(Place::Config) => {
                    let value = setting.parse_toml(meant, || environment.home()).map_err(|must| {
                        at(value.span().start, &format!("`{name}` must be {must}"))
                            .hint("`runner help config` lists the settings")
                    })?;
                    self.layers.push(setting.name, value, Origin::File(path.to_owned(), line));
                }
                Some(setting) => {
                    return Err(at(start, &format!("`{name}` cannot be set in the configuration"))
                        .hint(setting.elsewhere()));
                }
                None => {
                    let shown = name.escape_debug();
                    let text = format!("{}:{line}: there is no setting `{shown}`", path.display());
                    let meant = schema::similar(name, Place::Config);
                    let hint = meant.map(|meant| format!("did you mean `{}`?", meant.name));
                    self.complaints.push((text, hint));
                }
            }
        }
        Ok(())
    }

    /// Keeps `[language.NAME]` tables.
    fn add_languages(
        &mut self,
        value: &Value,
        spans: &Spanned<DeValue<'_>>,
        file: &Path,
        text: &[u8],
    ) -> Result<()> {
        let position = |start: usize| TextPosition::of(text, start);
        let (Some(value), DeValue::Table(spans)) = (value.as_table(), spans.get_ref()) else {
            let start = position(spans.span().start);
            return Err(language_error(file, start, "`language` must be a table of languages"));
        };
        for (key, span) in spans {
            let name = key.get_ref().as_ref();
            let (Some(table), DeValue::Table(keys)) =
                (value.get(name).and_then(Value::as_table), span.get_ref())
            else {
                let text = format!("`language.{}` must be a table", name.escape_debug());
                return Err(language_error(file, position(span.span().start), &text));
            };
            let keys = keys.keys().map(|key| (key.get_ref().to_string(), position(key.span().start)));
            self.languages.push(LanguageTable {
                name: name.to_owned(),
                table: table.clone(),
                file: file.to_owned(),
                position: position(key.span().start),
                key_positions: keys.collect(),
            });
        }
        Ok(())
    }
}

/// Where the file is, or would be.
///
/// # Errors
/// [`Step::Config`] if `RUNNER_CONFIG` names it relative to where the caller happens to be.
fn path(environment: &Environment) -> Result<Option<PathBuf>> {
    match environment.variable("RUNNER_CONFIG").map(PathBuf::from) {
        Some(path) if path.as_os_str().is_empty() => return Ok(None),
        Some(path) if path.is_absolute() => return Ok(Some(path)),
        Some(path) => {
            // Scripts would be built otherwise wherever they are called from.
            let text = format!("`RUNNER_CONFIG` names `{}`, which must be an absolute path", path.display());
            return Err(Error::message(Step::Config, text).hint("for example `$PWD/config.toml`"));
        }
        None => {}
    }
    let directory = environment.set("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let directory = directory.or_else(|| Some(environment.home()?.join(".config")));
    Ok(directory.filter(|path| path.is_absolute()).map(|directory| directory.join("runner/config.toml")))
}
