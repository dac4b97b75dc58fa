//! Recipes: everything decided before anything is built.
//!
//! Slow and clear; only misses come here. A recipe knows the script's real place, its metadata, the compiler, profile,
//! edition and flags, and the checks that all these decisions rest on.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::engine::resolved::Decided;
use crate::languages::metadata::Head;
use crate::languages::recipe::LanguageRecipe;
use crate::request::dialect::{self, Dialect};
use crate::request::options::{Harness, Options};
use crate::request::package_spec;
use crate::rust::cargo_config::CargoConfig;
use crate::rust::host_context::{Surroundings, variables_of_machines};
use crate::rust::linker::Linker;
use crate::rust::manifest::{ALLOWED_FLAGS, EDITIONS, Manifest, Settings, refused_flag};
use crate::rust::metadata::{notes, refuse_what_is_no_source, text};
use crate::rust::profile;
use crate::rust::source::main_wrapper::{self, Code};
use crate::rust::target::{self, Target};
use crate::rust::toolchain::Toolchain;
use crate::script::header::{self, Form};
use crate::script::script_file::Script;
use crate::script::shebang::{self, Tool};
use crate::settings::config_file::Config;
use crate::settings::launch_key::content_key;
use crate::settings::layers::{Said, Source};
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Everything decided before anything is built.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// The script at its real path.
    pub(crate) script: Script,
    /// What was asked for, in the strongest place that says anything: see [`crate::settings::schema`].
    pub(crate) options: Options,
    /// All that was said, and where.
    pub(crate) said: Said,
    pub(crate) config: Config,
    pub(crate) manifest: Manifest,
    /// What the compiler is given, if that is not the file.
    pub(crate) code: Code,
    pub(crate) settings: Settings,
    /// What the author should know about the head of the script.
    pub(crate) notes: Vec<String>,
    /// The unstable features it asks for.
    pub(crate) features: Vec<String>,
    /// Whether the toolchain is what the script told another tool: if it is not there, another one will do.
    pub(crate) is_lenient: bool,
    /// Variables of its first line, for the program.
    pub(crate) variables: Vec<(String, String)>,
    /// What its head says, if it is not in Rust.
    pub(crate) head: Option<Head>,
}

/// A recipe of a Rust script, whose compiler has been found.
#[derive(Debug)]
pub(crate) struct RustRecipe<'a> {
    pub(crate) script: &'a Script,
    pub(crate) options: &'a Options,
    /// All that was said, and where.
    pub(crate) said: &'a Said,
    pub(crate) manifest: &'a Manifest,
    pub(crate) code: &'a Code,
    pub(crate) settings: &'a Settings,
    pub(crate) toolchain: Toolchain,
    /// The kind of machine it is for, if that is not the compiler's own.
    pub(crate) target: Option<Target>,
    /// Whether nobody names a target, or one place only.
    has_one_target: bool,
    pub(crate) linker: Linker,
    pub(crate) profile: String,
    /// Whether this is built first because it is built faster: see [`crate::engine::background`].
    pub(crate) provisional: bool,
    /// Whether nothing that an earlier build of the script left may be used.
    pub(crate) anew: bool,
    pub(crate) edition: String,
    pub(crate) config: CargoConfig,
    /// The unstable feature without which the script cannot be parsed, if this compiler calls it so.
    pub(crate) gate: Option<&'static str>,
    /// Whether the script asks for that feature itself: it may be asked for once only.
    pub(crate) is_gate_named: bool,
    /// What the program is told when it runs: variables of the dialect, and of its first line.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// What the author should know about these decisions.
    pub(crate) notes: Vec<String>,
    /// What these decisions rest on.
    pub(crate) checks: Vec<Check<'static>>,
}

impl Recipe {
    /// Reads the script's own first lines and resolves its place.
    ///
    /// # Errors
    /// [`Step::Script`] if it is not text, [`Step::Metadata`] if its metadata is malformed, [`Step::Config`] if the user's
    /// configuration is, [`Step::Arguments`] if a variable of ours means nothing.
    pub(crate) fn read(script: &Script, options: &Options, environment: &Environment) -> Result<Recipe> {
        if let Some(package) = script.package() {
            return Err(package_spec::no_script(package));
        }
        options.selection.refuse_for_script()?;
        let first_look = String::from_utf8_lossy(script.bytes());
        refuse_what_is_no_source(script.bytes(), &first_look)?;
        let config = Config::read(environment)?;
        let asked = options.language.as_deref();
        if let Some(own) = crate::languages::user_defined::of(script, &first_look, asked, &config.languages) {
            let language = Some(own.identity());
            let recipe =
                Recipe::in_another_language(script, options, &first_look, own.language, config, environment)?;
            return Ok(Recipe { options: Options { language, ..recipe.options }, ..recipe });
        }
        if let Some(language) =
            crate::languages::detect::of(script, &first_look, options.language.as_deref())?
        {
            return Recipe::in_another_language(script, options, &first_look, language, config, environment);
        }
        let text = text(script)?;
        let header = header::parse(text)?;
        let mut notes = notes(&header);
        let features = header::features(text, &header).into_iter().map(str::to_owned).collect();
        let first = shebang::of_script(&header, text);
        let form = header.metadata.as_ref().map(|metadata| metadata.form);
        let dialect = Dialect::of(form, options.dialect, first.as_ref().map(|line| &line.tool));
        let manifest = Manifest::read(header.metadata.clone(), dialect)?;
        notes.extend(manifest.notes());
        let harness = options.harness.or(first.as_ref().and_then(|line| line.options.harness));
        // Those of the first line too: they are never dropped silently.
        let mut dependencies = options.dependencies.clone();
        for dependency in first.iter().flat_map(|line| &line.options.dependencies) {
            if !dependencies.iter().any(|(name, _)| *name == dependency.0) {
                dependencies.push(dependency.clone());
            }
        }
        let manifest = manifest.for_build(harness.is_some(), &dependencies);
        let mut code = Code::read(text, &header, &manifest, harness);
        if script.path().is_none() && code.text.is_none() {
            code.text = Some(main_wrapper::without_head(text, &header));
        }
        if code.only_tests && harness.is_none() {
            notes.push("it holds tests and nothing to run: `runner test` runs them".to_owned());
        }
        let mut settings = manifest.settings()?;
        settings.arguments.splice(0..0, first.iter().flat_map(|line| line.arguments.clone()));
        // `env` would have set them for the compiler too.
        let flags = first.iter().filter(|line| line.tool != Tool::Runner).flat_map(|line| &line.variables);
        let flags =
            flags.filter(|(name, _)| name == "RUSTFLAGS").flat_map(|(_, value)| value.split_whitespace());
        let flags: Vec<String> = flags.map(str::to_owned).collect();
        if !flags.is_empty() {
            settings.rust_flags.get_or_insert_default().splice(0..0, flags);
        }
        let (of_line, variables) = first.as_ref().map(|line| (&line.options, &line.variables)).unzip();
        let of_line = of_line.cloned().unwrap_or_default();
        let is_ours = first.as_ref().is_none_or(|line| line.tool == Tool::Runner);
        let is_lenient = match (&options.toolchain, &of_line.toolchain) {
            (Some(_), _) => options.dialect.is_some(),
            (None, Some(_)) => !is_ours,
            (None, None) => settings.is_toolchain_foreign,
        };
        let own_profile = harness.map(|harness| harness.profile().to_owned());
        let options = Options { profile: options.profile.clone().or(own_profile), ..options.clone() };
        let said = Said::of_options(&options, &Source::CommandLine)
            .then(Said::of_options(&of_line, &Source::FirstLine))
            .then(Said::of_metadata(&settings, manifest.edition()))
            .then(Said::of_variables(environment)?)
            .then(config.said.clone());
        let mut options = Options { dependencies, ..options.or(&of_line) };
        said.fill(&mut options);
        // It is in the script, as cargo has it.
        options.edition = options.edition.filter(|_| said.source("edition") != Some(&Source::Metadata));
        settings.is_static = options.is_static.or(settings.is_static);
        settings.rust_flags = options.rust_flags.clone().or(settings.rust_flags);
        if let Some(flag) = options.rust_flags.as_deref().and_then(refused_flag) {
            let text = format!("`rustflags` may not have `{}`", flag.escape_debug());
            return Err(said.blame("rustflags", Error::message(Step::Arguments, text).hint(ALLOWED_FLAGS)));
        }
        if options.edition.is_none() && manifest.edition().is_none() && dialect::is_old(&header, text) {
            options.edition = Some("2015".to_owned());
        }
        // Not the launch of somebody who insists on that toolchain.
        options.dialect = options.dialect.or(is_lenient.then_some(dialect));
        let variables = variables.cloned().unwrap_or_default();
        let script = script.resolve();
        let recipe = Recipe {
            script,
            options,
            said,
            config,
            manifest,
            settings,
            code,
            notes,
            features,
            is_lenient,
            variables,
            head: None,
        };
        recipe.manifest.check_name(&package_name(&recipe.manifest, &recipe.script))?;
        Ok(recipe)
    }

    /// The launch id under which the build is kept: that of the real path with the script's own options spelled out.
    pub(crate) fn home(&self) -> Key {
        content_key(&self.script, &self.options)
    }

    /// Finds the compiler and decides how to call it.
    pub(crate) fn decide(&self, environment: &Environment, cache: &Cache) -> Result<Decided<'_>> {
        match &self.head {
            None => Ok(Decided::Rust(Box::new(self.decide_rust(environment, cache)?))),
            Some(head) => {
                Ok(Decided::Other(Box::new(LanguageRecipe::decide(self, head, environment, cache)?)))
            }
        }
    }

    /// The same for what is done with Rust scripts only.
    pub(crate) fn decide_rust(&self, environment: &Environment, cache: &Cache) -> Result<RustRecipe<'_>> {
        if let Some(head) = &self.head {
            let text =
                format!("it is {}, and this is done with Rust scripts only", head.language.with_article());
            return Err(Error::message(Step::Script, text));
        }
        let since = Moment::now();
        let Recipe { script, options, manifest, settings, code, .. } = self;
        let (toolchain, notes) = self.toolchain(environment, cache)?;
        manifest.check_rust_version(&toolchain.version.semver)?;
        let surroundings =
            Surroundings::find(&toolchain, options.target.as_deref(), &self.said, environment, cache, since)?;
        let Surroundings { config, target, linker, mut checks } = surroundings;
        checks.extend(self.config.checks.iter().cloned());
        let profile = options.profile.clone().unwrap_or_else(|| "release".to_owned());
        if !is_profile_name(&profile) {
            let text = format!("`{}` is not the name of a profile", profile.escape_debug());
            let error = Error::message(Step::Arguments, text).hint("for example `release`, `dev` or `quick`");
            return Err(self.said.blame("profile", error));
        }
        let edition = self.edition(&toolchain)?;
        let gate = match manifest.form() {
            // A text that is given in place of the file has none.
            Some(Form::Frontmatter) if code.text.is_none() => {
                toolchain.frontmatter_gate(environment, cache)?
            }
            _ => None,
        };
        let is_gate_named = gate.is_some_and(|gate| self.features.iter().any(|feature| feature == gate));
        let variables = self.variables();
        Ok(RustRecipe {
            script,
            options,
            said: &self.said,
            manifest,
            code,
            settings,
            toolchain,
            target,
            has_one_target: self.said.count("target") + usize::from(config.target.is_some()) <= 1,
            linker,
            profile,
            provisional: false,
            anew: options.force,
            edition,
            config,
            gate,
            is_gate_named,
            variables,
            notes,
            checks,
        })
    }

    /// The compiler, and what to say of it if it is not the one that the script asked another tool for.
    fn toolchain(&self, environment: &Environment, cache: &Cache) -> Result<(Toolchain, Vec<String>)> {
        let wanted = match (self.options.harness, self.options.toolchain.as_deref()) {
            (Some(Harness::Bench), None) => Some("nightly"),
            (_, wanted) => wanted,
        };
        match wanted.filter(|_| self.is_lenient) {
            None => {
                let found = Toolchain::find(wanted, environment, cache);
                let blame = |error: Error| match self.said.source("toolchain") {
                    Some(Source::Metadata) => error.placed(self.manifest.place_of_setting("toolchain")),
                    _ => self.said.blame("toolchain", error),
                };
                Ok((found.map_err(blame)?, Vec::new()))
            }
            Some(wanted) => {
                // Ours to allow on any compiler.
                let needed = self.features.iter().find(|feature| *feature != "frontmatter");
                Toolchain::find_or_another(wanted, needed.map(String::as_str), environment, cache)
            }
        }
    }

    /// The option's, the manifest's, else the default of the dialect.
    fn edition(&self, toolchain: &Toolchain) -> Result<String> {
        let default = self.manifest.dialect().edition(toolchain.latest_edition());
        let edition = self.options.edition.as_deref().or(self.manifest.edition()).unwrap_or(default);
        match EDITIONS.contains(&edition) {
            true => Ok(edition.to_owned()),
            false => {
                let text = format!("there is no Rust edition `{}`", edition.escape_debug());
                let error = Error::message(Step::Arguments, text);
                Err(self.said.blame("edition", error.hint("the editions are 2015, 2018, 2021 and 2024")))
            }
        }
    }

    /// The directory that relative paths in the metadata are taken from.
    fn base(&self) -> &Path {
        self.options.base.as_deref().unwrap_or(self.script.base())
    }

    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let of_line = self.variables.iter().map(|(name, value)| (name.into(), value.into()));
        self.manifest
            .dialect()
            .variables_at_run(&self.script, self.base())
            .into_iter()
            .chain(of_line)
            .collect()
    }
}

impl RustRecipe<'_> {
    /// The same, built fast instead of well.
    pub(crate) fn quick(self) -> Self {
        RustRecipe { profile: "quick".to_owned(), provisional: true, ..self }
    }

    /// The same, with only the script itself built fast: its dependencies are there as they should be.
    pub(crate) fn quick_alone(self) -> Self {
        RustRecipe { provisional: true, ..self }
    }

    /// The same, from nothing.
    pub(crate) fn anew(self) -> Self {
        RustRecipe { anew: true, ..self }
    }

    pub(crate) fn lines(&self) -> usize {
        self.script.bytes().iter().filter(|byte| **byte == b'\n').count()
    }

    /// The id under which the build is kept: as [`Recipe::home`], and a target that is the compiler's own machine is none,
    /// unless a weaker word names another, which would then be the one that is meant.
    pub(crate) fn home(&self) -> Key {
        match &self.options.target {
            Some(target) if *target == self.toolchain.version.host && self.has_one_target => {
                content_key(self.script, &Options { target: None, ..self.options.clone() })
            }
            _ => content_key(self.script, self.options),
        }
    }

    /// The machine that its program is for.
    pub(crate) fn machine(&self) -> &str {
        self.target.as_ref().map_or(&self.toolchain.version.host, |target| &target.name)
    }

    /// Cargo's name of a variable for that machine: `CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER`.
    pub(crate) fn machine_variable(&self, suffix: &str) -> String {
        target::variable(self.machine(), suffix)
    }

    /// The variables that are named for the compiler's own machine and for the program's, and shape a build.
    pub(crate) fn variables_of_machines(&self) -> Vec<String> {
        variables_of_machines(&self.toolchain, self.target.as_ref())
    }

    /// The package's name as cargo would have it: [`crate::script::crate_name::package`].
    pub(crate) fn package_name(&self) -> String {
        package_name(self.manifest, self.script)
    }

    pub(crate) fn crate_name(&self) -> String {
        crate::script::crate_name::crate_name(&self.package_name())
    }

    /// The directory that the script's relative paths are taken from.
    pub(crate) fn base(&self) -> &Path {
        self.script.base()
    }

    /// The directory that relative paths in the metadata are taken from.
    pub(crate) fn metadata_base(&self) -> &Path {
        self.options.base.as_deref().unwrap_or(self.base())
    }

    /// `SCRIPT.lock`, beside the script.
    pub(crate) fn adjacent_lock(&self) -> Option<PathBuf> {
        let mut path = self.script.path()?.as_os_str().to_owned();
        path.push(".lock");
        Some(PathBuf::from(path))
    }

    /// Whether its dependencies are compiled without the paths of this machine: what is handed on has to be, and what has no
    /// debug information may be where the compiler can leave its messages out of it, so that the two share them.
    pub(crate) fn is_trimmed(&self) -> bool {
        let may = || self.toolchain.has_remap_scope();
        self.options.portable || may() && !profile::has_debug_information(self.manifest, &self.profile)
    }

    /// Whether cargo has to be asked how to call the compiler.
    pub(crate) fn needs_cargo(&self) -> bool {
        self.manifest.needs_cargo() || self.config.shapes_builds
    }
}

fn package_name(manifest: &Manifest, script: &Script) -> String {
    match manifest.package_text("name") {
        Some(name) => name.to_owned(),
        None => crate::script::crate_name::package(&script.stem().to_string_lossy()),
    }
}

fn is_profile_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !name.starts_with('-')
}
