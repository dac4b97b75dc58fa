//! Recipes: everything decided before anything is built.
//!
//! Slow and clear; only misses come here. A recipe knows the script's real place, its metadata, the compiler, profile,
//! edition and flags, and the checks that all these decisions rest on.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::cargo_config::CargoConfig;
use crate::check::Check;
use crate::dialect::Dialect;
use crate::environment::{Environment, TRACED};
use crate::error::{Error, Result, Step};
use crate::header::{self, Form, Header};
use crate::language::{self, Head, Language, LanguageRecipe};
use crate::launch::LaunchId;
use crate::mainless::{self, Code};
use crate::manifest::{EDITIONS, Manifest, Settings};
use crate::options::{Harness, Options};
use crate::script::Script;
use crate::shebang::{self, FirstLine, Tool};
use crate::stamp::Moment;
use crate::toolchain::Toolchain;

/// What Linux reads of a `#!` line (`BINPRM_BUF_SIZE` less the line end).
const LONGEST_SHEBANG_BYTES: usize = 255;

/// Everything decided before anything is built.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// The script at its real path.
    pub(crate) script: Script,
    /// What was asked for: in the arguments, else in the shebang, else in the metadata.
    pub(crate) options: Options,
    pub(crate) manifest: Manifest,
    /// What the compiler is given, if that is not the file.
    pub(crate) code: Code,
    pub(crate) settings: Settings,
    /// What the author should know about the head of the script.
    pub(crate) notes: Vec<String>,
    /// The unstable features it asks for.
    features: Vec<String>,
    /// Whether the toolchain is what the script told another tool: if it is not there, another one will do.
    is_lenient: bool,
    /// Variables of its first line, for the program.
    variables: Vec<(String, String)>,
    /// What its head says, if it is not in Rust.
    head: Option<Head>,
}

/// A recipe whose compiler has been found.
#[derive(Debug)]
pub(crate) enum Decided<'a> {
    Rust(Box<RustRecipe<'a>>),
    Other(Box<LanguageRecipe<'a>>),
}

impl Decided<'_> {
    pub(crate) fn script(&self) -> &Script {
        match self {
            Decided::Rust(rust) => rust.script,
            Decided::Other(other) => other.script,
        }
    }

    /// What the author should know about these decisions.
    pub(crate) fn notes(&self) -> &[String] {
        match self {
            Decided::Rust(rust) => &rust.notes,
            Decided::Other(other) => &other.notes,
        }
    }
}

/// A recipe of a Rust script, whose compiler has been found.
#[derive(Debug)]
pub(crate) struct RustRecipe<'a> {
    pub(crate) script: &'a Script,
    pub(crate) options: &'a Options,
    pub(crate) manifest: &'a Manifest,
    pub(crate) code: &'a Code,
    pub(crate) settings: &'a Settings,
    pub(crate) toolchain: Toolchain,
    pub(crate) profile: String,
    /// Whether this is built first because it is built faster: see [`crate::tier`].
    pub(crate) provisional: bool,
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
    /// [`Step::Script`] if it is not text, [`Step::Metadata`] if its metadata is malformed.
    pub(crate) fn read(script: &Script, options: &Options) -> Result<Recipe> {
        let first_look = String::from_utf8_lossy(script.bytes());
        refuse_what_is_no_source(script.bytes(), &first_look)?;
        if let Some(language) = language::of(script, &first_look, options.language.as_deref())? {
            return Recipe::in_another_language(script, options, &first_look, language);
        }
        let text = text(script)?;
        let header = header::parse(text).map_err(malformed)?;
        let mut notes = notes(&header);
        let features = header::features(text, &header).into_iter().map(str::to_owned).collect();
        let first = first_line(&header, text);
        let form = header.metadata.as_ref().map(|metadata| metadata.form);
        let dialect = Dialect::of(form, options.dialect, first.as_ref().map(|line| &line.tool));
        let manifest = Manifest::read(header.metadata.clone(), dialect)?;
        notes.extend(manifest.notes());
        // Those of the first line too: they are never dropped silently.
        let mut dependencies = options.dependencies.clone();
        for dependency in first.iter().flat_map(|line| &line.options.dependencies) {
            if !dependencies.iter().any(|(name, _)| *name == dependency.0) {
                dependencies.push(dependency.clone());
            }
        }
        let manifest = manifest.for_build(options.harness.is_some(), &dependencies);
        let mut code = Code::read(text, &header, &manifest, options.harness);
        if script.path().is_none() && code.text.is_none() {
            code.text = Some(mainless::without_head(text, &header));
        }
        if code.only_tests && options.harness.is_none() {
            notes.push("it holds tests and nothing to run: `runner test` runs them".to_owned());
        }
        let settings = manifest.settings()?;
        let own = Options {
            profile: settings.profile.clone(),
            toolchain: settings.toolchain.clone(),
            ..Options::default()
        };
        let (of_line, variables) = first.as_ref().map(|line| (&line.options, &line.variables)).unzip();
        let of_line = of_line.cloned().unwrap_or_default();
        let is_ours = first.as_ref().is_none_or(|line| line.tool == Tool::Runner);
        let is_lenient = match (&options.toolchain, &of_line.toolchain) {
            (Some(_), _) => options.dialect.is_some(),
            (None, Some(_)) => !is_ours,
            (None, None) => settings.is_toolchain_foreign,
        };
        let own_profile = options.harness.map(|harness| harness.profile().to_owned());
        let options = Options { profile: options.profile.clone().or(own_profile), ..options.clone() };
        let mut options = Options { dependencies, ..options.or(&of_line).or(&own) };
        // Not the launch of somebody who insists on that toolchain.
        options.dialect = options.dialect.or(is_lenient.then_some(dialect));
        let variables = variables.cloned().unwrap_or_default();
        let script = script.resolve();
        let recipe = Recipe {
            script,
            options,
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

    /// Reads the head of a script that is not in Rust.
    fn in_another_language(
        script: &Script,
        options: &Options,
        text: &str,
        language: &'static Language,
    ) -> Result<Recipe> {
        let read = Head::read(text, language)?;
        let own = Options {
            profile: read.settings.profile.clone(),
            toolchain: read.settings.toolchain.clone(),
            ..Options::default()
        };
        let options = Options { dialect: None, ..options.or(&read.options).or(&own) };
        Ok(Recipe {
            script: script.resolve(),
            options,
            manifest: Manifest::read(None, Dialect::Runner)?,
            settings: read.settings,
            code: Code::default(),
            notes: Vec::new(),
            features: Vec::new(),
            is_lenient: false,
            variables: read.variables,
            head: Some(read.head),
        })
    }

    /// The launch id under which the build is kept: that of the real path with the script's own options spelled out.
    pub(crate) fn home(&self) -> LaunchId {
        LaunchId::of(&self.script, &self.options)
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
    ///
    /// # Errors
    /// [`Step::Script`] if this is none.
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
        let mut checks = toolchain.checks.clone();
        checks.extend(TRACED.iter().map(|name| Check::variable(name, environment)));
        checks.push(Check::variable(&toolchain.host_variable("RUSTFLAGS"), environment));
        checks.push(Check::variable(&toolchain.host_variable("LINKER"), environment));
        let config = CargoConfig::read(environment, since)?;
        checks.extend(config.checks.iter().cloned());
        let profile = options.profile.clone().unwrap_or_else(|| "release".to_owned());
        if !is_profile_name(&profile) {
            let text = format!("`{}` is not the name of a profile", profile.escape_debug());
            return Err(Error::message(Step::Arguments, text).hint("for example `release`, `dev` or `quick`"));
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
            manifest,
            code,
            settings,
            toolchain,
            profile,
            provisional: false,
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
        let is_open = self.options.toolchain.is_none() && environment.set("RUNNER_TOOLCHAIN").is_none();
        let wanted = match self.options.harness {
            Some(Harness::Bench) if is_open => Some("nightly"),
            _ => self.options.toolchain.as_deref(),
        };
        match wanted.filter(|_| self.is_lenient) {
            None => Ok((Toolchain::find(wanted, environment, cache)?, Vec::new())),
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
            false => Err(Error::message(
                Step::Arguments,
                format!("there is no Rust edition `{}`", edition.escape_debug()),
            )
            .hint("the editions are 2015, 2018, 2021 and 2024")),
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

    /// How it is built, for people.
    pub(crate) fn profile_name(&self) -> &str {
        if self.provisional { "quick" } else { &self.profile }
    }

    /// What the binary is called: the script's own name.
    pub(crate) fn name(&self) -> OsString {
        let stem = self.script.stem();
        let bytes: Vec<u8> =
            stem.as_bytes().iter().map(|byte| if byte.is_ascii_control() { b'-' } else { *byte }).collect();
        OsString::from_vec(bytes)
    }

    /// The package's name as cargo would have it: [`crate::name::package`].
    pub(crate) fn package_name(&self) -> String {
        package_name(self.manifest, self.script)
    }

    pub(crate) fn crate_name(&self) -> String {
        crate::name::crate_name(&self.package_name())
    }

    /// The directory that the script's relative paths are taken from.
    pub(crate) fn base(&self) -> &Path {
        self.script.base()
    }

    /// The directory that relative paths in the metadata are taken from.
    pub(crate) fn metadata_base(&self) -> &Path {
        self.options.base.as_deref().unwrap_or(self.base())
    }

    /// The directory of the script as it was typed, with its slash; `None` if that is no shorter way to say it.
    pub(crate) fn shown_directory(&self) -> Option<String> {
        shown_directory(self.script)
    }

    /// `SCRIPT.lock`, beside the script.
    pub(crate) fn adjacent_lock(&self) -> Option<PathBuf> {
        let mut path = self.script.path()?.as_os_str().to_owned();
        path.push(".lock");
        Some(PathBuf::from(path))
    }

    /// Whether cargo has to be asked how to call the compiler.
    pub(crate) fn needs_cargo(&self) -> bool {
        self.manifest.needs_cargo() || self.config.shapes_builds
    }
}

/// The directory of a script as it was typed, with its slash; `None` if that is no shorter way to say it.
pub(crate) fn shown_directory(script: &Script) -> Option<String> {
    let path = script.path()?;
    let typed = Path::new(script.typed());
    // Through a link or PATH the typed name is not where the file is.
    if typed.is_absolute() || typed.file_name() != path.file_name() || !path.ends_with(typed.file_name()?) {
        return None;
    }
    let directory = typed.parent()?.to_str()?;
    Some(if directory.is_empty() { String::new() } else { format!("{directory}/") })
}

fn package_name(manifest: &Manifest, script: &Script) -> String {
    match manifest.package_text("name") {
        Some(name) => name.to_owned(),
        None => crate::name::package(&script.stem().to_string_lossy()),
    }
}

/// Refuses a compiled program, and a file with nothing in it.
fn refuse_what_is_no_source(bytes: &[u8], text: &str) -> Result<()> {
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"\xcf\xfa\xed\xfe") {
        return Err(Error::message(Step::Script, "it is a compiled program, not a script")
            .hint("run it without `runner`"));
    }
    let after_shebang =
        text.strip_prefix("#!/").map(|rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
    match after_shebang.unwrap_or(text).trim().is_empty() {
        true => {
            Err(Error::message(Step::Script, "it is empty").hint("a script needs at least `fn main() {}`"))
        }
        false => Ok(()),
    }
}

fn text(script: &Script) -> Result<&str> {
    let bytes = script.bytes();
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::message(Step::Script, format!("it is not UTF-8 text: line {line} holds other bytes"))
            .hint("Rust source is UTF-8; `iconv` converts text from other encodings")
    })?;
    Ok(text)
}

/// What the first lines ask for: the `#!` line, or what calls a tool for Rust in its stead.
fn first_line(header: &Header<'_>, text: &str) -> Option<FirstLine> {
    let of_shebang = header.shebang.and_then(shebang::read);
    if of_shebang.as_ref().is_some_and(|line| !matches!(line.tool, Tool::Other(_))) {
        return of_shebang;
    }
    let body =
        if header.shebang.is_some() { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
    let of_header = header.build_command.as_deref().and_then(shebang::read_command);
    of_header.or_else(|| shebang::read_polyglot(body)).or(of_shebang)
}

/// What the author should know, though the script runs.
fn notes(header: &Header<'_>) -> Vec<String> {
    let mut notes: Vec<String> =
        header.notes.iter().map(|note| format!("line {}: {}", note.line, note.text)).collect();
    if header.bom && header.shebang.is_some() {
        notes.push("it begins with a byte order mark, so a kernel does not see its `#!` line".to_owned());
    }
    if header.shebang_crlf {
        notes.push(
            "its `#!` line ends in CR LF, so a kernel looks for an interpreter whose name ends in CR"
                .to_owned(),
        );
    }
    // Two bytes for `#!`; Linux reads 256 bytes and needs the line end among them.
    if header.shebang.is_some_and(|line| line.len() + 2 > LONGEST_SHEBANG_BYTES) {
        notes.push(format!(
            "its `#!` line is longer than {LONGEST_SHEBANG_BYTES} bytes, and a kernel cuts it there"
        ));
    }
    notes
}

fn malformed(error: header::HeaderError) -> Error {
    let text = format!("line {}, column {}: {}", error.line, error.column, error.message);
    let error_here = Error::message(Step::Metadata, text);
    match error.hint {
        Some(hint) => error_here.hint(hint),
        None => error_here,
    }
}

fn is_profile_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !name.starts_with('-')
}
