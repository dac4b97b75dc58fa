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
use crate::environment::{Environment, TRACED};
use crate::error::{Error, Result, Step};
use crate::header::{self, Form, Header};
use crate::launch::LaunchId;
use crate::mainless::{self, Code};
use crate::manifest::Manifest;
use crate::options::{Harness, Options};
use crate::script::{Place, Script};
use crate::shebang;
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
    /// What the author should know about the head of the script.
    pub(crate) notes: Vec<String>,
}

/// A recipe whose compiler has been found.
#[derive(Debug)]
pub(crate) struct RustRecipe<'a> {
    pub(crate) script: &'a Script,
    pub(crate) options: &'a Options,
    pub(crate) manifest: &'a Manifest,
    pub(crate) code: &'a Code,
    pub(crate) toolchain: Toolchain,
    pub(crate) profile: String,
    /// Whether this is built first because it is built faster: see [`crate::tier`].
    pub(crate) provisional: bool,
    pub(crate) edition: String,
    pub(crate) config: CargoConfig,
    /// What these decisions rest on.
    pub(crate) checks: Vec<Check<'static>>,
}

impl Recipe {
    /// Reads the script's own first lines and resolves its place.
    ///
    /// # Errors
    /// [`Step::Script`] if it is not text, [`Step::Metadata`] if its metadata is malformed.
    pub(crate) fn read(script: &Script, options: &Options) -> Result<Recipe> {
        let text = text(script)?;
        let header = header::parse(text).map_err(malformed)?;
        let mut notes = notes(&header);
        let manifest = Manifest::read(header.metadata.as_ref())?
            .for_build(options.harness.is_some(), &options.dependencies);
        let mut code = Code::read(text, &header, &manifest, options.harness);
        if script.path().is_none() && code.text.is_none() {
            code.text = Some(mainless::without_head(text, &header));
        }
        if code.only_tests && options.harness.is_none() {
            notes.push("it holds tests and nothing to run: `runner test` runs them".to_owned());
        }
        let shebang = header.shebang;
        let settings = manifest.settings()?;
        let own = Options { profile: settings.profile, toolchain: settings.toolchain, ..Options::default() };
        let own_profile = options.harness.map(|harness| harness.profile().to_owned());
        let options = Options { profile: options.profile.clone().or(own_profile), ..options.clone() };
        let options = match shebang.and_then(shebang::options) {
            Some(of_shebang) => options.or(&of_shebang).or(&own),
            None => options.or(&own),
        };
        Ok(Recipe { script: script.resolve(), options, manifest, code, notes })
    }

    /// The launch id under which the build is kept: that of the real path with the script's own options spelled out.
    pub(crate) fn home(&self) -> LaunchId {
        LaunchId::of(&self.script, &self.options)
    }

    /// Finds the compiler and decides how to call it.
    pub(crate) fn decide(&self, environment: &Environment, cache: &Cache) -> Result<RustRecipe<'_>> {
        let since = Moment::now();
        let Recipe { script, options, manifest, code, .. } = self;
        let is_open = options.toolchain.is_none() && environment.set("RUNNER_TOOLCHAIN").is_none();
        let wanted = match options.harness {
            Some(Harness::Bench) if is_open => Some("nightly"),
            _ => options.toolchain.as_deref(),
        };
        let toolchain = Toolchain::find(wanted, environment, cache)?;
        let mut checks = toolchain.checks.clone();
        checks.extend(TRACED.iter().map(|name| Check::variable(name, environment)));
        let host = toolchain.version.host.to_uppercase().replace(['-', '.'], "_");
        let of_host = |suffix: &str| format!("CARGO_TARGET_{host}_{suffix}");
        checks.push(Check::variable(&of_host("RUSTFLAGS"), environment));
        checks.push(Check::variable(&of_host("LINKER"), environment));
        let config = CargoConfig::read(environment, since)?;
        checks.extend(config.checks.iter().cloned());
        let profile = options.profile.clone().unwrap_or_else(|| "release".to_owned());
        if !is_profile_name(&profile) {
            let text = format!("`{}` is not the name of a profile", profile.escape_debug());
            return Err(Error::message(Step::Arguments, text).hint("for example `release`, `dev` or `quick`"));
        }
        let edition = self.edition(&toolchain)?;
        Ok(RustRecipe {
            script,
            options,
            manifest,
            code,
            toolchain,
            profile,
            provisional: false,
            edition,
            config,
            checks,
        })
    }

    /// The option's, the manifest's, else the default of the dialect: the latest for cargo's, 2021 for rust-script's.
    fn edition(&self, toolchain: &Toolchain) -> Result<String> {
        let default = match self.manifest.form() {
            Some(Form::Block | Form::Short) => "2021",
            Some(Form::Frontmatter) | None => toolchain.latest_edition(),
        };
        let edition = self.options.edition.as_deref().or(self.manifest.edition()).unwrap_or(default);
        match edition {
            "2015" | "2018" | "2021" | "2024" => Ok(edition.to_owned()),
            _ => Err(Error::message(
                Step::Metadata,
                format!("there is no Rust edition `{}`", edition.escape_debug()),
            )
            .hint("the editions are 2015, 2018, 2021 and 2024")),
        }
    }
}

impl RustRecipe<'_> {
    /// The same, built fast instead of well.
    pub(crate) fn quick(self) -> Self {
        RustRecipe { profile: "quick".to_owned(), provisional: true, ..self }
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
        match self.manifest.package_text("name") {
            Some(name) => name.to_owned(),
            None => crate::name::package(&self.script.stem().to_string_lossy()),
        }
    }

    pub(crate) fn crate_name(&self) -> String {
        crate::name::crate_name(&self.package_name())
    }

    /// The directory that the script's relative paths are taken from.
    pub(crate) fn base(&self) -> &Path {
        match self.script.place() {
            Place::File(path) => path.parent().unwrap_or(Path::new("/")),
            Place::Nowhere(base) => base,
        }
    }

    /// The directory of the script as it was typed, with its slash; `None` if that is no shorter way to say it.
    pub(crate) fn shown_directory(&self) -> Option<String> {
        let path = self.script.path()?;
        let typed = Path::new(self.script.typed());
        // Through a link or PATH the typed name is not where the file is.
        if typed.is_absolute() || typed.file_name() != path.file_name() || !path.ends_with(typed.file_name()?)
        {
            return None;
        }
        let directory = typed.parent()?.to_str()?;
        Some(if directory.is_empty() { String::new() } else { format!("{directory}/") })
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

fn text(script: &Script) -> Result<&str> {
    let bytes = script.bytes();
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"\xcf\xfa\xed\xfe") {
        return Err(Error::message(Step::Script, "it is a compiled program, not a script")
            .hint("run it without `runner`"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::message(Step::Script, format!("it is not UTF-8 text: line {line} holds other bytes"))
            .hint("Rust source is UTF-8; `iconv` converts text from other encodings")
    })?;
    let after_shebang =
        text.strip_prefix("#!/").map(|rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
    if after_shebang.unwrap_or(text).trim().is_empty() {
        return Err(
            Error::message(Step::Script, "it is empty").hint("a script needs at least `fn main() {}`")
        );
    }
    Ok(text)
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
