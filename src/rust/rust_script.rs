//! A Rust script that was read: its manifest, its code, and the settings that won.

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::policy::Policy;
use crate::request::options::Options;
use crate::rust::manifest::Manifest;
use crate::rust::metadata::{notes, text};
use crate::rust::policy_check;
use crate::rust::source::main_wrapper::{self, Code};
use crate::script::script_file::Script;
use crate::script::tool_call::Tool;
use crate::script::{dialect_detection, first_line, header};
use crate::settings::build_request::BuildRequest;
use crate::settings::config_file::Config;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::settings::script_table::{ALLOWED_FLAGS, refused_flag};

/// A Rust script that was read, and no compiler looked for.
#[derive(Debug)]
pub(crate) struct RustScript {
    pub(crate) request: BuildRequest,
    pub(crate) manifest: Manifest,
    /// What the compiler is given, if that is not the file.
    pub(crate) code: Code,
    /// The unstable features it asks for.
    pub(crate) features: Vec<String>,
    /// Whether the toolchain is what the script told another tool: if it is not there, another one will do.
    pub(crate) is_lenient: bool,
}

impl RustScript {
    /// Reads the script's own first lines and resolves its place.
    ///
    /// # Errors
    /// [`Step::Script`] if it is not text, [`Step::Metadata`] if its metadata is malformed, [`Step::Arguments`] if a variable
    /// of ours means nothing.
    pub(crate) fn read(
        script: &Script,
        options: &Options,
        config: Config,
        environment: &Environment,
    ) -> Result<RustScript> {
        let text = text(script)?;
        let header = header::parse(text)?;
        let mut notes = notes(&header);
        let features = header.features.iter().map(|feature| (*feature).to_owned()).collect();
        let first = first_line::tool_call(&header, text);
        let form = header.metadata.as_ref().map(|metadata| metadata.form);
        let dialect = dialect_detection::detect(form, options.dialect, first.as_ref().map(|line| &line.tool));
        let manifest = Manifest::read(header.metadata.clone(), dialect)?;
        if script.is_fetched() && manifest.has_path_dependencies() {
            return Err(Error::message(Step::Metadata, "a script by URL may not depend on a directory")
                .hint("save it beside the directory, and run the file"));
        }
        notes.extend(manifest.notes());
        let harness = options.harness.or(first.as_ref().and_then(|line| line.options.harness));
        // Those of the first line too: they are never dropped silently.
        let mut dependencies = options.dependencies.clone();
        for dependency in first.iter().flat_map(|line| &line.options.dependencies) {
            if !dependencies.iter().any(|(name, _)| *name == dependency.0) {
                dependencies.push(dependency.clone());
            }
        }
        let manifest = manifest.for_build(harness.is_some(), &dependencies).inherit(&config.project)?;
        let mut code = Code::read(text, &header, &manifest, harness);
        if (script.path().is_none() || script.is_buffer()) && code.text.is_none() {
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
        let mut layers = Layers::of_options(&options, &Origin::CommandLine)
            .then(Layers::of_options(&of_line, &Origin::FirstLine))
            .then(Layers::of_metadata(&settings, manifest.edition()))
            .then(Layers::of_variables(environment)?)
            .then(config.layers.clone());
        let is_profile = |name: &str| manifest.has_profile(name);
        notes.extend(config.notes.iter().cloned().chain(layers.take_foreign(is_profile)));
        let mut options = Options { dependencies, ..options.or(&of_line) };
        layers.fill(&mut options);
        manifest.check_features(&options.selection.features)?;
        // It is in the script, as cargo has it.
        options.edition = options.edition.filter(|_| layers.source("edition") != Some(&Origin::Metadata));
        settings.is_static = options.is_static.or(settings.is_static);
        settings.rust_flags = options.rust_flags.clone().or(settings.rust_flags);
        if let Some(flag) = options.rust_flags.as_deref().and_then(refused_flag) {
            let text = format!("`rustflags` may not have `{}`", flag.escape_debug());
            return Err(layers.blame("rustflags", Error::message(Step::Arguments, text).hint(ALLOWED_FLAGS)));
        }
        if options.edition.is_none()
            && manifest.edition().is_none()
            && dialect_detection::is_for_cargo_script(&header, text)
        {
            options.edition = Some("2015".to_owned());
        }
        // Not the launch of somebody who insists on that toolchain.
        options.dialect = options.dialect.or(is_lenient.then_some(dialect));
        let line_sandbox = of_line.sandbox.clone();
        let of_line = variables.into_iter().flatten().map(|(name, value)| (name.into(), value.into()));
        let script = script.resolve();
        let base = options.base.as_deref().unwrap_or(script.base());
        let variables =
            dialect_detection::variables_at_run(dialect, &script, base).into_iter().chain(of_line).collect();
        manifest.check_name(&package_name(&manifest, &script))?;
        options.sandbox = layers.sandbox(&line_sandbox)?;
        let inherited = manifest.inherited().to_owned();
        let policy = environment.policy().and_then(Policy::identity);
        let request =
            BuildRequest { script, options, layers, config, settings, notes, policy, variables, inherited };
        let mut read = RustScript { request, manifest, code, features, is_lenient };
        if let Some(policy) = environment.policy() {
            let source = main_wrapper::without_head(text, &header);
            policy_check::check(&read.request, &read.manifest, &source, policy)?;
            read.request.options.offline |= !policy.network;
        }
        Ok(read)
    }
}

/// The package's name as cargo would have it: [`crate::script::crate_name::package_name`].
pub(crate) fn package_name(manifest: &Manifest, script: &Script) -> String {
    match manifest.package_text("name") {
        Some(name) => name.to_owned(),
        None => crate::script::crate_name::package_name(&script.stem().to_string_lossy()),
    }
}
