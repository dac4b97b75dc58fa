//! A script in a language other than Rust that was read: its head and the settings that won.
//!
//! Settings that are not about a language apply: profile, `static`, network, verbosity. A toolchain, an edition, a target or
//! flags of a variable or of the configuration file are for Rust, and do not apply.

use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::base::policy::{Policy, refusal};
use crate::base::rule::Rule;
use crate::languages::language::Language;
use crate::languages::metadata::Head;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::build_request::BuildRequest;
use crate::settings::config_file::Config;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::settings::policy_check;

/// A script in a language other than Rust that was read; no compiler was looked for yet.
#[derive(Debug)]
pub(crate) struct LanguageScript {
    pub(crate) request: BuildRequest,
    pub(crate) head: Head,
}

impl LanguageScript {
    /// Reads the head of a script in `language`.
    ///
    /// # Errors
    /// [`crate::Step::Metadata`] if its head is malformed, [`crate::Step::Arguments`] if a variable of ours means nothing.
    pub(crate) fn read(
        script: &Script,
        options: &Options,
        text: &str,
        language: &'static Language,
        config: Config,
        environment: &Environment,
    ) -> Result<LanguageScript> {
        let read = Head::read(text, language)?;
        let mut layers = Layers::of_options(options, &Origin::CommandLine)
            .then(Layers::of_options(&read.options, &Origin::FirstLine))
            .then(Layers::of_metadata(&read.settings, None))
            .then(Layers::of_variables(environment)?)
            .then(config.layers.clone());
        let mut notes = config.notes.clone();
        notes.extend(read.note.clone());
        // A profile and a target of cargo's are for Rust, and not passed over aloud.
        notes.extend(layers.take_foreign(|_| true));
        let mut filled = options.or(&read.options);
        layers.fill(&mut filled);
        for (name, value) in [
            ("toolchain", &mut filled.toolchain),
            ("edition", &mut filled.edition),
            ("target", &mut filled.target),
        ] {
            value.take_if(|_| layers.is_of_surroundings(name));
        }
        // A profile of cargo's is for Rust.
        filled.profile.take_if(|name| {
            layers.is_of_surroundings("profile") && !matches!(name.as_str(), "release" | "dev" | "quick")
        });
        let mut settings = read.settings;
        settings.is_static = filled.is_static.or(settings.is_static);
        let locked = options.locked || read.options.locked;
        let options = Options { dialect: None, rust_flags: None, locked, ..filled };
        let script = script.resolve();
        let variables = read.variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let options = Options { sandbox: layers.sandbox(&read.options.sandbox)?, ..options };
        let inherited = String::new();
        let policy = environment.policy().and_then(Policy::identity);
        let request =
            BuildRequest { script, options, layers, config, settings, notes, policy, variables, inherited };
        let mut read = LanguageScript { request, head: read.head };
        if let Some(policy) = environment.policy() {
            policy_check::settings(&read.request, policy, |_| None)?;
            read.check(policy)?;
            read.request.options.offline |= !policy.network;
        }
        Ok(read)
    }

    /// Refuses what the head of a script may not say.
    fn check(&self, policy: &Policy) -> Result<()> {
        let Head { call, flags, spec, .. } = &self.head;
        match (policy.programs, policy.flags) {
            (false, _) if spec.is_some() => {
                Err(refusal(Rule::Program, "the build command of its header", None))
            }
            (_, false) if call.is_some() || !flags.is_empty() => {
                Err(refusal(Rule::Flags, "flags of the compiler in its head", None))
            }
            _ => Ok(()),
        }
    }
}
