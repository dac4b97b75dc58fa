//! The schema of settings: their names, where each may be set, and which place wins.
//!
//! A setting called `profile` is `--profile` on the command line and on a `#!` line, `profile` in
//! `[package.metadata.runner]`, `RUNNER_PROFILE` in the environment, and `profile` in the configuration file (see
//! [`crate::settings::config_file`]). [`crate::request::flags::FLAGS`] says which there are and where each may be said; a setting that is said where it has no
//! meaning is an error that names the places where it has one.
//!
//! The strongest place that says anything wins, whole: lists are not joined. From strong to weak:
//!
//! 1. the command line;
//! 2. the script's first line;
//! 3. the script's metadata;
//! 4. the variable;
//! 5. `runner.toml` of the project (see [`crate::settings::project_file`]), for the settings it may have;
//! 6. the configuration file;
//! 7. the default, which for a toolchain is what other tools were told: `RUSTC`, `RUSTUP_TOOLCHAIN`, rustup's default, PATH.
//!
//! A variable that shapes a build ([`KEY_VARIABLES`]) is part of the launch id, so that a hit need not know what it means; what
//! the configuration file says is guarded by a check of the trace.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::similar::is_similar;
use crate::request::flag::Place::{CommandLine, Config, FirstLine, Metadata};
use crate::request::flags::settings;
use crate::request::limits::{bytes, days};
use crate::request::options::{Options, Verbosity};
use crate::request::setting_variables::KEY_VARIABLES;
use crate::settings::origin::Origin;
use crate::store::trace::fact::Check;

pub(crate) use crate::request::flag::{Kind, Place, Setting};

impl Setting {
    /// Where it may be said, in words.
    fn places(&self) -> String {
        let name = self.name;
        let words = self.places.iter().filter_map(|place| match place {
            CommandLine => Some(format!("`--{name}`")),
            FirstLine => None,
            Metadata => Some(format!("`{name}` under `[package.metadata.runner]`")),
            Place::Variable => self.variable_name().map(|name| format!("`{name}`")),
            Config => Some(format!("`{name}` in the configuration file")),
        });
        words.collect::<Vec<_>>().join(" or ")
    }

    /// What to do about it where it may not be said.
    pub(crate) fn elsewhere(&self) -> String {
        match self.why {
            "" => format!("say {}", self.places()),
            why => format!("{why}; say {}", self.places()),
        }
    }

    /// A value, from a variable or the command line; else what it must be.
    pub(crate) fn parse(&self, text: &str) -> std::result::Result<Value, &'static str> {
        match self.kind {
            Kind::Text => Ok(Value::Text(text.to_owned())),
            Kind::Switch => match text {
                "1" | "true" | "on" | "yes" => Ok(Value::Switch(true)),
                "0" | "false" | "off" | "no" => Ok(Value::Switch(false)),
                _ => Err("`1` or `0`"),
            },
            Kind::List => Ok(Value::List(text.split_whitespace().map(str::to_owned).collect())),
            Kind::Size => bytes(text).map(Value::Bytes).ok_or("a size, for example `2G`"),
            Kind::Age => days(text).map(Value::Days).ok_or("a number of days, for example `7d`"),
            Kind::Directory => Ok(Value::Directory(PathBuf::from(text))),
        }
    }

    /// A value of the configuration file or of metadata, with `~` for `home`; else what it must be.
    pub(crate) fn parse_toml(
        &self,
        value: &toml::Value,
        home: impl FnOnce() -> Option<PathBuf>,
    ) -> std::result::Result<Value, &'static str> {
        use toml::Value as Toml;
        match (self.kind, value) {
            (Kind::Text, Toml::String(text)) if !text.is_empty() => Ok(Value::Text(text.clone())),
            (Kind::Text, _) => Err("a string"),
            (Kind::Switch, Toml::Boolean(on)) => Ok(Value::Switch(*on)),
            (Kind::Switch, _) => Err("true or false"),
            (Kind::List, Toml::String(text)) => self.parse(text),
            (Kind::List, Toml::Array(list)) => {
                let texts = list.iter().map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map(Value::List).ok_or("a list of strings")
            }
            (Kind::List, _) => Err("a list of strings"),
            (Kind::Size | Kind::Age, Toml::String(text)) => self.parse(text),
            (Kind::Size | Kind::Age, Toml::Integer(number)) => self.parse(&number.to_string()),
            (Kind::Size, _) => Err("a size, for example `\"2G\"`"),
            (Kind::Age, _) => Err("a number of days, for example `\"7d\"`"),
            (Kind::Directory, Toml::String(text)) => {
                let path = match text.strip_prefix("~/") {
                    Some(rest) => home().map(|home| home.join(rest)),
                    None => Some(PathBuf::from(text)),
                };
                let path = path.filter(|path| path.is_absolute());
                path.map(Value::Directory).ok_or("an absolute path, or one that begins with `~/`")
            }
            (Kind::Directory, _) => Err("an absolute path, or one that begins with `~/`"),
        }
    }
}

/// The setting of a name.
pub(crate) fn named(name: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.name == name)
}

/// The setting that may be said in `place` and was probably meant.
pub(crate) fn similar(name: &str, place: Place) -> Option<&'static Setting> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let mut here = settings().filter(|setting| setting.may_be_in(place));
    here.find(|setting| setting.name == name || is_similar(setting.name, &name))
}

/// What a setting is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Switch(bool),
    List(Vec<String>),
    Bytes(u64),
    Days(u32),
    Directory(PathBuf),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => formatter.write_str(text),
            Value::Switch(on) => write!(formatter, "{on}"),
            Value::List(list) => formatter.write_str(&list.join(" ")),
            Value::Bytes(bytes) => write!(formatter, "{bytes}"),
            Value::Days(days) => write!(formatter, "{days}d"),
            Value::Directory(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// What the variable of a setting says.
///
/// # Errors
/// [`Step::Arguments`] if its value means nothing.
pub(crate) fn of_variable(
    setting: &'static Setting,
    environment: &Environment,
) -> Result<Option<(&'static str, Value, Origin)>> {
    let Some(variable) = setting.variable_name() else { return Ok(None) };
    let Some(text) = environment.set(variable) else { return Ok(None) };
    let wrong = |must: &str| {
        let shown = text.to_string_lossy();
        Error::message(Step::Arguments, format!("`{variable}` is `{shown}`, and must be {must}"))
            .hint(format!("set it to that, or unset it: `unset {variable}`"))
    };
    let value = match (setting.kind, text.to_str()) {
        (Kind::Directory, _) => Value::Directory(PathBuf::from(&text)),
        (_, Some(text)) => setting.parse(text).map_err(wrong)?,
        (_, None) => return Err(wrong("UTF-8 text")),
    };
    Ok(Some((setting.name, value, Origin::Variable(variable.to_owned()))))
}

/// What the decisions rest on besides the configuration file: the variables that are set. That the others are not is in the
/// launch id.
pub(crate) fn choices(environment: &Environment) -> Vec<Check<'static>> {
    let set = KEY_VARIABLES.iter().filter(|name| environment.variable(name).is_some());
    set.map(|name| Check::variable(name, environment).choice()).collect()
}

/// How much to say, where a hit may have to say something: the command line's word, else the variables'.
pub(crate) fn verbosity(options: &Options, environment: &Environment) -> Verbosity {
    let is_on = |name: &str| environment.set(name).is_some_and(|value| value.as_bytes() != b"0");
    match options.verbosity {
        Verbosity::Normal if is_on("RUNNER_QUIET") => Verbosity::Quiet,
        Verbosity::Normal if is_on("RUNNER_VERBOSE") => Verbosity::Verbose,
        layers => layers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_their_kind_says() {
        let environment = Environment::fixed([("HOME".into(), "/h".into())]);
        let parse = |name: &str, text: &str| named(name).unwrap().parse(text).map(|value| value.to_string());
        let toml = |name: &str, text: &str| {
            let value: toml::Table = format!("x = {text}").parse().unwrap();
            named(name).unwrap().parse_toml(&value["x"], || environment.home()).map(|value| value.to_string())
        };
        for (name, text, written, expected) in [
            ("offline", "on", "true", Some("true")),
            ("offline", "0", "false", Some("false")),
            ("offline", "2", "\"on\"", None),
            ("older", "7d", "\"7d\"", Some("7d")),
            ("older", "7", "7", Some("7d")),
            ("older", "7w", "-7", None),
            ("max-size", "2G", "\"2G\"", Some("2000000000")),
            ("max-size", "10kB", "\"10kB\"", Some("10000")),
            ("max-size", "99999999999G", "1.5", None),
            ("rustflags", " -C  a ", "[\"-C\", \"a\"]", Some("-C a")),
            ("bin", "/h/b", "\"~/b\"", Some("/h/b")),
        ] {
            assert_eq!(parse(name, text).ok().as_deref(), expected, "{name} {text}");
            assert_eq!(toml(name, written).ok().as_deref(), expected, "{name} {written}");
        }
        assert!(toml("bin", "\"b\"").is_err() && toml("profile", "\"\"").is_err());
    }

    #[test]
    fn what_was_meant_is_found_where_it_may_be_said() {
        let meant = |name: &str| similar(name, Config).map(|setting| setting.name);
        assert_eq!(meant("profil"), Some("profile"));
        assert_eq!(meant("MAX_SIZE"), Some("max-size"));
        assert_eq!(meant("cach"), None, "it cannot be layers there");
    }
}
