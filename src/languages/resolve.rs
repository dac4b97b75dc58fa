//! Recipes of scripts that are not in Rust.
//!
//! What is said of a run in general counts for them too: profile, `static`, network, verbosity. A toolchain, an edition, a
//! target or flags that a variable or the configuration names are Rust's, and do not.

use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::engine::recipe::Recipe;
use crate::languages::language::Language;
use crate::languages::metadata::Head;
use crate::request::dialect::Dialect;
use crate::request::options::Options;
use crate::rust::manifest::Manifest;
use crate::rust::source::main_wrapper::Code;
use crate::script::script_file::Script;
use crate::settings::config_file::Config;
use crate::settings::layers::{Said, Source};

impl Recipe {
    /// The language of a script that is not in Rust.
    pub(crate) fn other_language(&self) -> Option<&'static Language> {
        self.head.as_ref().map(|head| head.language)
    }

    pub(crate) fn is_other(&self) -> bool {
        self.head.is_some()
    }

    /// Reads the head of a script in `language`.
    pub(crate) fn in_another_language(
        script: &Script,
        options: &Options,
        text: &str,
        language: &'static Language,
        config: Config,
        environment: &Environment,
    ) -> Result<Recipe> {
        let read = Head::read(text, language)?;
        let said = Said::of_options(options, &Source::CommandLine)
            .then(Said::of_options(&read.options, &Source::FirstLine))
            .then(Said::of_metadata(&read.settings, None))
            .then(Said::of_variables(environment)?)
            .then(config.said.clone());
        let mut filled = options.or(&read.options);
        said.fill(&mut filled);
        for (name, value) in [
            ("toolchain", &mut filled.toolchain),
            ("edition", &mut filled.edition),
            ("target", &mut filled.target),
        ] {
            value.take_if(|_| said.is_of_surroundings(name));
        }
        // A name that only cargo knows is not meant for it.
        filled.profile.take_if(|name| {
            said.is_of_surroundings("profile") && !matches!(name.as_str(), "release" | "dev" | "quick")
        });
        let mut settings = read.settings;
        settings.is_static = filled.is_static.or(settings.is_static);
        let locked = options.locked || read.options.locked;
        let options = Options { dialect: None, rust_flags: None, locked, ..filled };
        Ok(Recipe {
            script: script.resolve(),
            options,
            said,
            config,
            manifest: Manifest::read(None, Dialect::Runner)?,
            settings,
            code: Code::default(),
            notes: Vec::new(),
            features: Vec::new(),
            is_lenient: false,
            variables: read.variables,
            head: Some(read.head),
        })
    }
}
