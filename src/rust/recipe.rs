//! A resolved recipe of a Rust script: compiler, profile, edition, flags, and the facts that these decisions rest on.
//!
//! Slow and clear; only misses come here.

pub(crate) mod command_words;

use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::search::contains;
use crate::request::options::{Harness, Options};
use crate::rust::cargo_config::CargoConfig;
use crate::rust::host_context::{HostContext, variables_of_machines};
use crate::rust::linker::Linker;
use crate::rust::manifest::{EDITIONS, Manifest};
use crate::rust::profile;
use crate::rust::rust_script::{RustScript, package_name};
use crate::rust::source::main_wrapper::Code;
use crate::rust::target::{self, Target};
use crate::rust::toolchain::Toolchain;
use crate::rust::toolchain_install;
use crate::script::header::Form;
use crate::script::script_file::Script;
use crate::settings::build_request::BuildRequest;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::settings::script_table::Settings;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Lines from which optimizing a script takes a tenth of a second longer than not optimizing it, and compiling an edit of it
/// anew longer than from what the compiler remembers. Of 36 lines (a struct, a parser, a map) the release build takes
/// 207 ms, the quick one 110, an edit of that 90; of hello world each takes 55. See `scripts/bench --only lines`.
const LARGE_LINES: usize = 30;

/// A recipe of a Rust script, whose compiler has been found.
#[derive(Debug)]
pub(crate) struct RustRecipe<'a> {
    pub(crate) request: &'a BuildRequest,
    pub(crate) script: &'a Script,
    pub(crate) options: &'a Options,
    /// All that was said, and where.
    pub(crate) layers: &'a Layers,
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
    /// Whether it asks for features at all, of which this compiler may have made all stable.
    pub(crate) asks_for_features: bool,
    /// What the author should know about these decisions.
    pub(crate) notes: Vec<String>,
    /// What these decisions rest on.
    pub(crate) checks: Vec<Check<'static>>,
}

/// What makes another file part of a script's text, with whatever it has at its head.
const INCLUDE: &[u8] = b"include!";

impl RustScript {
    /// Finds the compiler and decides how to call it.
    ///
    /// # Errors
    /// [`Step::Toolchain`] if there is no compiler, [`Step::Metadata`] and [`Step::Arguments`] if it cannot do what was asked
    /// for.
    pub(crate) fn resolve(&self, environment: &Environment, cache: &Cache) -> Result<RustRecipe<'_>> {
        let since = Moment::now();
        let RustScript { request, manifest, code, .. } = self;
        let BuildRequest { script, options, settings, .. } = request;
        let (toolchain, notes) = self.toolchain(environment, cache)?;
        manifest.check_rust_version(&toolchain.version.semver)?;
        let surroundings = HostContext::find(
            &toolchain,
            options.target.as_deref(),
            &request.layers,
            environment,
            cache,
            since,
        )?;
        let HostContext { config, target, linker, mut checks } = surroundings;
        checks.extend(request.config.checks.iter().cloned());
        let profile = options.profile.clone().unwrap_or_else(|| "release".to_owned());
        if !is_profile_name(&profile) {
            let text = format!("`{}` is not the name of a profile", profile.escape_debug());
            let error = Error::message(Step::Arguments, text).hint("for example `release`, `dev` or `quick`");
            return Err(request.layers.blame("profile", error));
        }
        let edition = self.edition(&toolchain)?;
        let gate = match manifest.form() {
            // A text that is given in place of the file has none.
            Some(Form::Frontmatter) if code.text.is_none() => {
                toolchain.frontmatter_gate(environment, cache)?
            }
            // Asked for with nothing to use it for: it is an error on stable no less. What is included may have one.
            _ if code.text.is_none()
                && (self.features.iter().any(|feature| feature == "frontmatter")
                    || contains(script.bytes(), INCLUDE)) =>
            {
                toolchain.frontmatter_gate(environment, cache)?
            }
            _ => None,
        };
        let is_gate_named = gate.is_some_and(|gate| self.features.iter().any(|feature| feature == gate));
        Ok(RustRecipe {
            request,
            script,
            options,
            layers: &request.layers,
            manifest,
            code,
            settings,
            toolchain,
            target,
            has_one_target: request.layers.count("target") + usize::from(config.target.is_some()) <= 1,
            linker,
            profile,
            provisional: false,
            anew: options.force,
            edition,
            config,
            gate,
            is_gate_named,
            asks_for_features: !self.features.is_empty() || contains(script.bytes(), b"feature("),
            notes,
            checks,
        })
    }

    /// The compiler, and what to say of it if it is not the one that the script asked another tool for.
    fn toolchain(&self, environment: &Environment, cache: &Cache) -> Result<(Toolchain, Vec<String>)> {
        self.request.layers.check_toolchain(environment)?;
        let wanted = match (self.request.options.harness, self.request.options.toolchain.as_deref()) {
            (Some(Harness::Bench), None) => Some("nightly"),
            (_, wanted) => wanted,
        };
        let may_install = self.request.options.installs && !self.request.options.debug.is_dry_run;
        let done = match wanted.filter(|_| may_install) {
            Some(wanted) => toolchain_install::install(wanted, environment)?,
            None => None,
        };
        match wanted.filter(|_| self.is_lenient) {
            None => {
                let found = Toolchain::find(wanted, environment, cache);
                let blame = |error: Error| match self.request.layers.source("toolchain") {
                    Some(Origin::Metadata) => error.placed(self.manifest.place_of_setting("toolchain")),
                    _ => self.request.layers.blame("toolchain", error),
                };
                Ok((found.map_err(blame)?, done.into_iter().collect()))
            }
            Some(wanted) => Toolchain::find_or_another(wanted, &self.features, environment, cache),
        }
    }

    /// The option's, the manifest's, else the default of the dialect.
    fn edition(&self, toolchain: &Toolchain) -> Result<String> {
        let default = self.manifest.dialect().edition(toolchain.latest_edition());
        let edition = self.request.options.edition.as_deref().or(self.manifest.edition()).unwrap_or(default);
        match EDITIONS.contains(&edition) {
            true => Ok(edition.to_owned()),
            false => {
                let text = format!("there is no Rust edition `{}`", edition.escape_debug());
                let error = Error::message(Step::Arguments, text);
                Err(self
                    .request
                    .layers
                    .blame("edition", error.hint("the editions are 2015, 2018, 2021 and 2024")))
            }
        }
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

    /// Lines of the script.
    pub(crate) fn lines(&self) -> usize {
        self.script.bytes().iter().filter(|byte| **byte == b'\n').count()
    }

    /// Whether the script takes the compiler long enough for a quick build to gain anything.
    pub(crate) fn is_large(&self) -> bool {
        self.needs_cargo() || self.lines() >= LARGE_LINES
    }

    /// The key under which the build is kept: as [`BuildRequest::key_without_compiler`], and a target that is the compiler's own
    /// machine is none, unless a weaker word names another, which would then be the one that is meant.
    pub(crate) fn key(&self) -> Key {
        match &self.options.target {
            Some(target) if *target == self.toolchain.version.host && self.has_one_target => {
                self.request.key_with(&Options { target: None, ..self.options.clone() })
            }
            _ => self.request.key_without_compiler(),
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

    /// The package's name as cargo would have it: [`crate::script::crate_name::package_name`].
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

fn is_profile_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !name.starts_with('-')
}
