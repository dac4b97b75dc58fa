//! What was said of a run: in which place, and which place wins. The places and their order are those of [`crate::settings::schema`].

use crate::base::environment::Environment;
use crate::base::error::{Error, Result};
use crate::request::flag::Effect;
use crate::request::flags::{FLAGS, settings};
use crate::request::limits::Limits;
use crate::request::options::{Options, Verbosity};
use crate::request::sandbox_permissions::Permissions;
use crate::settings::origin::Origin;
use crate::settings::schema::{Place, Value, of_variable};
use crate::settings::script_table::Settings;

/// What was said, strongest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers(Vec<(&'static str, Value, Origin)>);

impl Layers {
    pub(crate) fn push(&mut self, name: &'static str, value: Value, source: Origin) {
        self.0.push((name, value, source));
    }

    /// Adds what weaker places say.
    pub(crate) fn then(mut self, weaker: Layers) -> Layers {
        self.0.extend(weaker.0);
        self
    }

    /// What options say, from the command line or a script's first line.
    pub(crate) fn of_options(options: &Options, source: &Origin) -> Layers {
        // The fields are lent to be written; a copy is read here.
        let mut options = options.clone();
        let mut layers = Layers::default();
        for (flag, setting) in FLAGS.iter().filter_map(|flag| Some((flag, flag.setting()?))) {
            let value = match flag.effect() {
                Effect::Text(field) => field(&mut options).take().map(Value::Text),
                Effect::List(field) => field(&mut options).take().map(Value::List),
                Effect::OnOff(field) => field(&mut options).map(Value::Switch),
                Effect::Switch(field) => (*field(&mut options)).then_some(Value::Switch(true)),
                Effect::Other { values, .. } => (!values(&options).is_empty()).then_some(Value::Switch(true)),
                Effect::None | Effect::Each { .. } => None,
            };
            if let Some(value) = value {
                layers.push(setting.name, value, source.clone());
            }
        }
        layers
    }

    /// What a script's metadata says.
    pub(crate) fn of_metadata(settings: &Settings, edition: Option<&str>) -> Layers {
        let texts = [
            ("profile", settings.profile.as_deref()),
            ("toolchain", settings.toolchain.as_deref()),
            ("target", settings.target.as_deref()),
            ("edition", edition),
        ];
        let switches = [("static", settings.is_static), ("locked", settings.locked)];
        let mut layers = Layers::default();
        for (name, text) in texts {
            if let Some(text) = text {
                layers.push(name, Value::Text(text.to_owned()), Origin::Metadata);
            }
        }
        for (name, on) in switches {
            if let Some(on) = on {
                layers.push(name, Value::Switch(on), Origin::Metadata);
            }
        }
        layers.0.extend(settings.others.iter().cloned().map(|(name, value)| (name, value, Origin::Metadata)));
        let lists = [
            ("rustflags", settings.rust_flags.as_deref()),
            ("args", Some(&settings.arguments[..])),
            ("inputs", Some(&settings.inputs[..])),
            ("env", Some(&settings.env[..])),
        ];
        for (name, list) in lists {
            if let Some(list) = list.filter(|list| name == "rustflags" || !list.is_empty()) {
                layers.push(name, Value::List(list.to_vec()), Origin::Metadata);
            }
        }
        layers
    }

    /// What variables say; one that is empty says nothing.
    ///
    /// # Errors
    /// [`crate::Step::Arguments`] if a value means nothing.
    pub(crate) fn of_variables(environment: &Environment) -> Result<Layers> {
        let mut layers = Layers::default();
        for setting in settings().filter(|setting| setting.may_be_in(Place::Variable)) {
            layers.0.extend(of_variable(setting, environment)?);
        }
        Ok(layers)
    }

    /// Takes out what variables say that means nothing, where machines of services use the name for something else; one note
    /// each. A profile has a meaning if `is_profile` knows it, and a target if it can be the name of one.
    pub(crate) fn take_foreign(&mut self, is_profile: impl Fn(&str) -> bool) -> Vec<String> {
        let is_target = |name: &str| name.contains('-') || name.ends_with(".json");
        let mut notes = Vec::new();
        self.0.retain(|(name, value, source)| {
            let (Origin::Variable(variable), Value::Text(text)) = (source, value) else { return true };
            let (is_meant, kind) = match *name {
                "profile" => (is_profile(text), "profile"),
                "target" => (is_target(text), "target"),
                _ => return true,
            };
            if !is_meant {
                notes.push(format!("`{variable}` is `{text}`, which is no {kind}: it is passed over"));
            }
            is_meant
        });
        notes
    }

    /// What a trim keeps to.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if let Some((Value::Days(days), _)) = self.of("older") {
            limits.unused_days = *days;
        }
        if let Some((Value::Bytes(bytes), _)) = self.of("max-size") {
            limits.most_bytes = *bytes;
        }
        limits
    }

    /// What is said of a setting in the strongest place.
    pub(crate) fn of(&self, name: &str) -> Option<(&Value, &Origin)> {
        let mut layers = self.0.iter().filter(|(other, ..)| *other == name);
        layers.next().map(|(_, value, source)| (value, source))
    }

    /// What was said in places of one kind.
    pub(crate) fn said_by(
        &self,
        is_wanted: impl Fn(&Origin) -> bool,
    ) -> impl Iterator<Item = (&'static str, &Value)> {
        let wanted = self.0.iter().filter(move |(.., origin)| is_wanted(origin));
        wanted.map(|(name, value, _)| (*name, value))
    }

    /// The sandbox that a script and the configuration ask for: any of them may ask for one, and only the `#!` line and the
    /// configuration may allow something in it.
    pub(crate) fn sandbox(&self, of_line: &Permissions) -> Result<Permissions> {
        let mut permissions = of_line.clone();
        for (name, value, origin) in &self.0 {
            match (*name, value, origin) {
                ("sandbox", Value::Switch(true), Origin::Metadata | Origin::FirstLine | Origin::File(..)) => {
                    permissions.sandbox = true;
                }
                (name, Value::List(list), Origin::File(..)) if name.starts_with("allow-") => {
                    let word = match list.as_slice() {
                        [] => format!("--{name}"),
                        list => format!("--{name}={}", list.join(",")),
                    };
                    let allowed = Permissions::from_arguments([word]);
                    permissions.merge(&allowed.map_err(|error| error.about(origin.to_string()))?);
                }
                _ => {}
            }
        }
        if !permissions.sandbox {
            // What may be done in a sandbox says nothing where there is none.
            return Ok(Permissions::default());
        }
        Ok(permissions)
    }

    /// The strongest place that says anything of a setting.
    pub(crate) fn source(&self, name: &str) -> Option<&Origin> {
        self.of(name).map(|(_, source)| source)
    }

    /// Refuses a toolchain that the script names by its path, where programs that scripts name are not run.
    ///
    /// # Errors
    /// [`crate::Step::Toolchain`].
    pub(crate) fn check_toolchain(&self, environment: &Environment) -> Result<()> {
        match (self.source("toolchain"), self.text("toolchain")) {
            (Some(Origin::Metadata | Origin::FirstLine), Some(name)) if name.contains('/') => {
                environment.check_named_program(&name)
            }
            _ => Ok(()),
        }
    }

    /// How many places say anything of a setting.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(other, ..)| *other == name).count()
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.of(name)?.0 {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub(crate) fn is_on(&self, name: &str) -> Option<bool> {
        match self.of(name)?.0 {
            Value::Switch(on) => Some(*on),
            _ => None,
        }
    }

    pub(crate) fn list(&self, name: &str) -> Option<&[String]> {
        match self.of(name)?.0 {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// Whether the variable or the configuration says it, and not the script or who runs it.
    pub(crate) fn is_of_surroundings(&self, name: &str) -> bool {
        matches!(self.of(name), Some((_, Origin::Variable(_) | Origin::File(..))))
    }

    /// Names the place whose word led to an error, if the reader has it not before his eyes.
    pub(crate) fn blame(&self, name: &str, error: Error) -> Error {
        match self.of(name) {
            Some((_, source @ (Origin::Variable(_) | Origin::File(..)))) => error.about(source.to_string()),
            _ => error,
        }
    }

    /// Gives options what won.
    pub(crate) fn fill(&self, options: &mut Options) {
        for (flag, setting) in FLAGS.iter().filter_map(|flag| Some((flag, flag.setting()?))) {
            let name = setting.name;
            // What the script itself says is in its bytes.
            let is_elsewhere = self.source(name) != Some(&Origin::Metadata);
            match flag.effect() {
                Effect::Text(field) => *field(options) = self.text(name),
                Effect::Switch(field) => *field(options) = self.is_on(name) == Some(true),
                Effect::OnOff(field) => *field(options) = self.is_on(name).filter(|_| is_elsewhere),
                Effect::List(field) => {
                    *field(options) = self.list(name).filter(|_| is_elsewhere).map(<[String]>::to_vec);
                }
                Effect::None | Effect::Other { .. } | Effect::Each { .. } => {}
            }
        }
        if self.is_on("frozen") == Some(true) {
            (options.offline, options.locked) = (true, true);
        }
        options.verbosity = self.verbosity();
    }

    /// What wins of these options for a package from a registry: how it is built is its own business, and that of who asks
    /// for it now.
    pub(crate) fn fill_for_package(&self, options: &Options) -> Options {
        let mut filled = options.clone();
        self.fill(&mut filled);
        Options {
            profile: options.profile.clone(),
            edition: options.edition.clone(),
            locked: options.locked,
            is_static: options.is_static,
            rust_flags: options.rust_flags.clone(),
            ..filled
        }
    }

    /// The stronger of `quiet` and `verbose`.
    fn verbosity(&self) -> Verbosity {
        let mut layers = self
            .0
            .iter()
            .filter(|(name, value, _)| matches!(*name, "quiet" | "verbose") && *value == Value::Switch(true));
        match layers.next() {
            Some(("quiet", ..)) => Verbosity::Quiet,
            Some(_) => Verbosity::Verbose,
            None => Verbosity::Normal,
        }
    }
}
