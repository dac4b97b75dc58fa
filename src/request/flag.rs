//! A row of the table of flags: how a flag is written, who takes it, where else it may be said, and which option it sets.

use std::ffi::{OsStr, OsString};

use crate::base::error::{Result, usage_error};
use crate::request::options::Options;

/// A flag, a setting, or both.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// How it is written on a command line, as help shows it: `-d, --dep NAME[=VERSION]`. The bare name of a setting that is
    /// no flag.
    pub form: &'static str,
    /// Its longest name without dashes, which is that of its setting.
    pub name: &'static str,
    /// What it does, in half a sentence; empty for a flag that runner starts itself with, which nobody is shown.
    pub help: &'static str,
    /// Who takes it: subcommands, or one of the groups [`SCRIPT`], [`EXPRESSION`] and [`EVERY`].
    owners: &'static [&'static str],
    effect: Effect,
    setting: Option<Setting>,
}

/// Every subcommand that is given a script and builds it.
pub const SCRIPT: &str = "script";
/// `-e` and `--loop`.
pub const EXPRESSION: &str = "expr";
/// Every subcommand.
pub const EVERY: &str = "every";
/// A background build, which runner starts itself.
pub const BACKGROUND: &str = "background";

/// What a flag does to [`Options`], and by that how it is written back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effect {
    /// Nothing: its subcommand reads it.
    None,
    Switch(fn(&mut Options) -> &mut bool),
    /// On, off or unsaid.
    OnOff(fn(&mut Options) -> &mut Option<bool>),
    Text(fn(&mut Options) -> &mut Option<String>),
    /// Words, which one variable or one key holds.
    List(fn(&mut Options) -> &mut Option<Vec<String>>),
    /// Whatever has a form of its own: how a value is taken, and which values would give these options again. A switch has
    /// empty values.
    Other {
        set: fn(&mut Options, &OsStr) -> Result<()>,
        values: fn(&Options) -> Vec<OsString>,
    },
    /// The same of what may be given several times.
    Each {
        set: fn(&mut Options, &OsStr) -> Result<()>,
        values: fn(&Options) -> Vec<OsString>,
    },
}

/// Where a flag may be said besides the command line, under one name everywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// The flag's.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) places: &'static [Place],
    /// What holds where nobody says anything, if that is the same everywhere.
    pub(crate) default: &'static str,
    /// Why it may not be said elsewhere, if that is not plain.
    pub(crate) why: &'static str,
    /// What its variable means to a cached run.
    pub(crate) variable: Variable,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Switch,
    List,
    /// Bytes: `500M`, `2G`.
    Size,
    /// Days: `30d`.
    Age,
    /// A directory: absolute, or below `~/`.
    Directory,
}

/// Where something may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    CommandLine,
    FirstLine,
    Metadata,
    Variable,
    Config,
}

/// What the variable of a setting means to a cached run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    /// There is none.
    None,
    /// It is part of the launch key, as it is.
    Key(&'static str),
    /// Nothing: it does not change which binary is right.
    Ignored(&'static str),
    /// Something to do besides, which is not for the fast path.
    Slow(&'static str),
}

impl Flag {
    /// A flag that its subcommand reads.
    pub(crate) const fn new(form: &'static str, owners: &'static [&'static str], help: &'static str) -> Flag {
        Flag { form, name: long_name(form), help, owners, effect: Effect::None, setting: None }
    }

    /// A setting that is no flag.
    pub(crate) const fn bare(name: &'static str, setting: Setting) -> Flag {
        Flag::new(name, &[], "").also(setting)
    }

    pub(crate) const fn sets(self, effect: Effect) -> Flag {
        Flag { effect, ..self }
    }

    pub(crate) const fn also(self, setting: Setting) -> Flag {
        Flag { setting: Some(Setting { name: self.name, ..setting }), ..self }
    }

    /// Its names on a command line: `-d` and `--dep`.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.form.split(", ").map(|part| part.split([' ', '[']).next().unwrap_or(part));
        parts.filter(|name| name.starts_with('-'))
    }

    /// Whether this is one of its names.
    pub fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// What its value is called, if it takes one.
    pub fn value(&self) -> Option<&'static str> {
        self.form.rsplit(", ").next().and_then(|last| last.split_once(' ')).map(|(_, value)| value)
    }

    /// What its value is called, if it may have one behind an equals sign: `--allow-read[=PATH,...]`.
    pub fn optional_value(&self) -> Option<&'static str> {
        let (name, value) = self.form.split_once("[=")?;
        (!name.contains(' ')).then_some(value.trim_end_matches(']'))
    }

    /// Whether people are told of it.
    pub fn is_shown(&self) -> bool {
        !self.help.is_empty()
    }

    /// Whether it is a subcommand's or a group's own.
    pub fn is_of(&self, owner: &str) -> bool {
        self.owners.contains(&owner)
    }

    /// The subcommands and groups that take it.
    pub fn owners(&self) -> &'static [&'static str] {
        self.owners
    }

    /// Whether it sets an option of [`Options`].
    pub fn is_option(&self) -> bool {
        !matches!(self.effect, Effect::None)
    }

    /// Whether it may be given several times.
    pub fn is_repeatable(&self) -> bool {
        matches!(self.effect, Effect::Each { .. })
    }

    pub(crate) fn effect(&self) -> Effect {
        self.effect
    }

    pub(crate) const fn setting(&self) -> Option<&Setting> {
        self.setting.as_ref()
    }

    /// Whether a script's `#!` line may have it.
    pub(crate) fn may_be_in_first_line(&self) -> bool {
        match &self.setting {
            Some(setting) => setting.places.contains(&Place::FirstLine),
            None => self.is_of(SCRIPT),
        }
    }

    /// Gives options what the flag says; `value` is empty for a switch.
    ///
    /// # Errors
    /// [`crate::Step::Arguments`] if the value means nothing.
    pub fn set(&self, options: &mut Options, value: &OsStr) -> Result<()> {
        let is_path = self.value().is_some_and(|value| value.contains("DIR"));
        if value.to_str().is_none() && !is_path {
            return Err(usage_error(format!("the value of `--{}` is not UTF-8", self.name)));
        }
        let text = || value.to_string_lossy().into_owned();
        match self.effect {
            Effect::None => {}
            Effect::Switch(field) => *field(options) = true,
            Effect::OnOff(field) => *field(options) = Some(true),
            Effect::Text(field) => *field(options) = Some(text()),
            Effect::List(field) => {
                *field(options) = Some(text().split_whitespace().map(str::to_owned).collect());
            }
            Effect::Other { set, .. } | Effect::Each { set, .. } => set(options, value)?,
        }
        Ok(())
    }

    /// The values that would give these options again.
    pub(crate) fn values(&self, options: &Options) -> Vec<OsString> {
        // The fields are lent to be written; a copy is cheap where this is asked.
        let mut copy = options.clone();
        match self.effect {
            Effect::None => Vec::new(),
            Effect::Switch(field) => field(&mut copy).then(OsString::new).into_iter().collect(),
            Effect::OnOff(field) => {
                (*field(&mut copy) == Some(true)).then(OsString::new).into_iter().collect()
            }
            Effect::Text(field) => field(&mut copy).take().map(OsString::from).into_iter().collect(),
            Effect::List(_) => Vec::new(),
            Effect::Other { values, .. } | Effect::Each { values, .. } => values(options),
        }
    }
}

impl Setting {
    pub(crate) const fn new(kind: Kind, places: &'static [Place], default: &'static str) -> Setting {
        Setting { name: "", kind, places, default, why: "", variable: Variable::None }
    }

    pub(crate) const fn because(self, why: &'static str) -> Setting {
        Setting { why, ..self }
    }

    pub(crate) const fn variable(self, variable: Variable) -> Setting {
        Setting { variable, ..self }
    }

    pub(crate) fn may_be_in(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// `RUNNER_MAX_SIZE`, if it has a variable.
    pub(crate) fn variable_name(&self) -> Option<&'static str> {
        match self.variable {
            Variable::None => None,
            Variable::Key(name) | Variable::Ignored(name) | Variable::Slow(name) => Some(name),
        }
    }
}

/// The last name of a form, without its dashes.
const fn long_name(form: &'static str) -> &'static str {
    let bytes = form.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b',' && bytes[at + 1] == b' ' {
            start = at + 2;
        }
        at += 1;
    }
    while start < bytes.len() && bytes[start] == b'-' {
        start += 1;
    }
    let mut end = start;
    while end < bytes.len() && bytes[end] != b' ' && bytes[end] != b'[' {
        end += 1;
    }
    let (_, rest) = bytes.split_at(start);
    let (name, _) = rest.split_at(end - start);
    match std::str::from_utf8(name) {
        Ok(name) => name,
        Err(_) => "",
    }
}
