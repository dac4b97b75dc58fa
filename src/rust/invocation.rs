//! The rustc call of a script, and of tools that take the same arguments.
//!
//! The call is that of the dependency environment, or for a script without dependencies the same call put together here;
//! to it come what is the script's own (its name, its place, its variables) and what the compiler is called for.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::report::reporter::Reporter;
use crate::rust::deps::{self, Call};
use crate::rust::profile;
use crate::rust::recipe::RustRecipe;
use crate::rust::source::Source;
use crate::script::dialect_detection;
use crate::store::cache::Cache;

/// What it is called for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// A program.
    Program { output: &'a Path, dep_info: &'a Path },
    /// What a tool (the compiler, clippy) has to say.
    Check { tool: &'a Path, output: &'a Path },
    /// Documentation.
    Documentation { tool: &'a Path, directory: &'a Path },
}

impl Purpose<'_> {
    fn program<'a>(&'a self, recipe: &'a RustRecipe<'_>) -> &'a Path {
        match self {
            Purpose::Program { .. } => &recipe.toolchain.rustc,
            Purpose::Check { tool, .. } | Purpose::Documentation { tool, .. } => tool,
        }
    }
}

/// The arguments and variables of the call that are not the script's own.
///
/// # Errors
/// [`crate::Step::Dependencies`], and [`crate::Step::Metadata`] if a profile or a lint means nothing.
pub(crate) fn call(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
) -> Result<Call> {
    let call = match recipe.needs_cargo() {
        true => deps::environment(recipe, cache, environment, reporter)?,
        false => plain_call(recipe, environment)?,
    };
    Ok(completed(recipe, call))
}

/// As [`call`], if that is known without building anything.
pub(crate) fn known_call(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
) -> Result<Option<Call>> {
    let call = match recipe.needs_cargo() {
        true => deps::recorded(recipe, cache, environment),
        false => Some(plain_call(recipe, environment)?),
    };
    Ok(call.map(|call| completed(recipe, call)))
}

/// A call with what is the script's own of it.
fn completed(recipe: &RustRecipe<'_>, mut call: Call) -> Call {
    if recipe.provisional && recipe.profile != "quick" {
        call.arguments = profile::quickened(call.arguments);
    }
    call.arguments.extend(recipe.settings.own_arguments().into_iter().map(OsString::from));
    if recipe.options.strip {
        // The last one counts.
        call.arguments.extend(["-C".into(), "strip=symbols".into()]);
    }
    call
}

/// The call for a script without dependencies: what cargo would pass.
fn plain_call(recipe: &RustRecipe<'_>, environment: &Environment) -> Result<Call> {
    let mut arguments = vec![format!("--edition={}", recipe.edition)];
    match recipe.options.harness {
        Some(_) => arguments.push("--test".to_owned()),
        None => arguments.extend(["--crate-type".to_owned(), "bin".to_owned()]),
    }
    let of_profile = profile::arguments(recipe.manifest, &recipe.profile);
    arguments.extend(of_profile.map_err(|error| recipe.layers.blame("profile", error))?);
    arguments.extend(profile::lints(recipe.manifest)?);
    arguments.extend(profile::features(recipe.manifest, &recipe.options.selection));
    let mut arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
    if let Some(target) = &recipe.target {
        arguments.extend(["--target".into(), target.name.clone().into()]);
    }
    let linker = recipe.linker.named().map(OsString::from);
    arguments.extend(flags(|suffix| recipe.machine_variable(suffix), linker, environment));
    arguments.extend(recipe.settings.rust_flags.iter().flatten().map(OsString::from));
    let mut variables = package_variables(recipe);
    // Of the compiler's toolchain, as where cargo is asked; a script may be compiled without one.
    variables.extend(recipe.toolchain.cargo(environment).ok().map(|cargo| ("CARGO".into(), cargo.into())));
    Ok(Call::plain(arguments, variables))
}

/// What the variables of a machine say: which linker, else `linker`, and flags.
pub(crate) fn flags(
    variable: impl Fn(&str) -> String,
    linker: Option<OsString>,
    environment: &Environment,
) -> Vec<OsString> {
    let mut arguments = Vec::new();
    if let Some(linker) = environment.set(&variable("LINKER")).or(linker) {
        let mut option = OsString::from("linker=");
        option.push(linker);
        arguments.extend(["-C".into(), option]);
    }
    arguments.extend(rust_flags(environment, variable("RUSTFLAGS")));
    arguments
}

/// `CARGO_ENCODED_RUSTFLAGS`, else `RUSTFLAGS`, else those of the machine, else of the build: the first that is set wins,
/// as in cargo.
fn rust_flags(environment: &Environment, of_machine: String) -> Vec<OsString> {
    let split = |text: OsString, separator: u8| -> Vec<OsString> {
        text.as_bytes()
            .split(|byte| *byte == separator)
            .filter(|flag| !flag.is_empty())
            .map(|flag| OsString::from_vec(flag.to_vec()))
            .collect()
    };
    if let Some(flags) = environment.variable("CARGO_ENCODED_RUSTFLAGS") {
        return split(flags, 0x1f);
    }
    let names = ["RUSTFLAGS".to_owned(), of_machine, "CARGO_BUILD_RUSTFLAGS".to_owned()];
    names
        .iter()
        .find_map(|name| environment.variable(name))
        .map(|flags| split(flags, b' '))
        .unwrap_or_default()
}

/// The `CARGO_*` variables of a package, as cargo sets them for the compiler and for the program.
pub(crate) fn package_variables(recipe: &RustRecipe<'_>) -> Vec<(OsString, OsString)> {
    let manifest = recipe.manifest;
    let version = manifest.version();
    let (numbers, pre) = version.split_once('-').unwrap_or((version, ""));
    let pre = pre.split_once('+').map_or(pre, |(pre, _)| pre);
    let mut parts = numbers.split('+').next().unwrap_or_default().split('.');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let text = |key: &str| manifest.package_list(key).unwrap_or_default();
    let variables = [
        ("CARGO_PKG_VERSION", version.to_owned()),
        ("CARGO_PKG_VERSION_MAJOR", part()),
        ("CARGO_PKG_VERSION_MINOR", part()),
        ("CARGO_PKG_VERSION_PATCH", part()),
        ("CARGO_PKG_VERSION_PRE", pre.to_owned()),
        ("CARGO_PKG_AUTHORS", text("authors")),
        ("CARGO_PKG_DESCRIPTION", text("description")),
        ("CARGO_PKG_HOMEPAGE", text("homepage")),
        ("CARGO_PKG_REPOSITORY", text("repository")),
        ("CARGO_PKG_LICENSE", text("license")),
        ("CARGO_PKG_LICENSE_FILE", text("license-file")),
        ("CARGO_PKG_RUST_VERSION", text("rust-version")),
        ("CARGO_PKG_README", text("readme")),
    ];
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Has a compiler or a tool of its write its diagnostics as data, unless it was told otherwise. That is not part of what it is
/// called for: a log of commands does without.
pub(crate) fn ask_for_data(command: &mut Command, reporter: &Reporter) {
    let is_form = |argument: &OsStr| {
        ["--error-format", "--json", "--color"]
            .iter()
            .any(|name| argument.as_bytes().starts_with(name.as_bytes()))
    };
    if command.get_args().any(is_form) {
        return;
    }
    command.arg("--error-format=json");
    command.args(reporter.look().is_colored.then_some("--json=diagnostic-rendered-ansi"));
}

/// The command.
pub(crate) fn command(
    recipe: &RustRecipe<'_>,
    call: &Call,
    source: &Source,
    purpose: Purpose<'_>,
    environment: &Environment,
    reporter: &Reporter,
) -> Command {
    let crate_name = recipe.crate_name();
    let base = recipe.base();
    let joined = |prefix: &str, rest: &OsStr| {
        let mut text = OsString::from(prefix);
        text.push(rest);
        text
    };
    let mut command = Command::new(purpose.program(recipe));
    command.arg("--crate-name").arg(&crate_name).arg(source.argument()).args(&call.arguments);
    match purpose {
        Purpose::Program { output, dep_info } => {
            command.arg("-o").arg(output);
            command.arg(joined("--emit=link,dep-info=", dep_info.as_os_str()));
        }
        Purpose::Check { output, .. } => {
            command.arg("-o").arg(output).arg("--emit=metadata");
        }
        Purpose::Documentation { directory, .. } => {
            command.arg("-o").arg(directory).arg("--document-private-items");
            // What is private is documented too.
            command.arg("-Arustdoc::private-intra-doc-links");
        }
    }
    // Two scripts of one name must not give their items one name, and the same script always must.
    let metadata = Digest::of(recipe.package_name().as_bytes()).short(16);
    command.arg("-C").arg(format!("metadata={metadata}"));
    if recipe.options.harness.is_some() && recipe.code.text.is_some() {
        // By the statements that were left out.
        command.args(["-Aunused_imports", "-Adead_code", "-Aunused_macros"]);
    }
    if let Some(columns) = reporter.columns() {
        command.arg(format!("--diagnostic-width={columns}"));
    }
    let remap = |command: &mut Command, from: &Path, to: &str| {
        let mut text = joined("--remap-path-prefix=", from.as_os_str());
        text.push("=");
        text.push(to);
        command.arg(text);
    };
    let library = recipe.toolchain.library_source();
    match purpose {
        // rustdoc does not know these options.
        Purpose::Documentation { .. } => {}
        Purpose::Program { .. } | Purpose::Check { .. } if recipe.options.portable => {
            // From the general to the special: the last that fits wins.
            if let Some(home) = environment.home().filter(|home| home.parent().is_some()) {
                remap(&mut command, &home, "/home");
            }
            if let Some(home) = environment.cargo_home() {
                remap(&mut command, &home, "/cargo");
            }
            if let Some((library, name)) = library {
                remap(&mut command, &library, &name);
            }
            remap(&mut command, base, "");
        }
        Purpose::Program { .. } => {
            if let Some((library, name)) = library {
                remap(&mut command, &library, &name);
                let is_scope = |argument: &OsString| argument.as_bytes().starts_with(b"--remap-path-scope");
                if recipe.toolchain.has_remap_scope() && !call.arguments.iter().any(is_scope) {
                    command.arg(deps::OF_PANICS);
                }
            }
        }
        Purpose::Check { .. } => {}
    }
    let stable = !recipe.toolchain.is_nightly();
    let bootstrap = environment.variable("RUSTC_BOOTSTRAP");
    // For this crate and no other feature: the script's own `#![feature]` stays an error on stable, unless all that it asks
    // for is stable by now.
    let allowed = recipe.gate.or(recipe.asks_for_features.then_some(""));
    let allowed = allowed.filter(|_| stable && bootstrap.is_none());
    if let Some(feature) = recipe.gate {
        if !recipe.is_gate_named {
            command.arg(format!("-Zcrate-attr=feature({feature})"));
        }
        command.arg("-Zcrate-attr=allow(unused_features)");
    }
    if let Some(features) = allowed {
        command.arg(format!("-Zallow-features={features}"));
    }
    command.env_clear().envs(environment.for_compilers());
    if recipe.options.portable && environment.set(deps::DATE.0).is_none() {
        command.env(deps::DATE.0, deps::DATE.1);
    }
    command.envs(call.variables.iter().map(|(name, value)| (name, value)));
    if allowed.is_some() {
        command.env("RUSTC_BOOTSTRAP", &crate_name);
    }
    source.name_to(&mut command);
    let package = recipe.package_name();
    command
        .env("CARGO_PKG_NAME", &package)
        .env("CARGO_BIN_NAME", &package)
        .env("CARGO_CRATE_NAME", &crate_name);
    command.envs(dialect_detection::variables_at_build(
        recipe.manifest.dialect(),
        recipe.script,
        recipe.metadata_base(),
    ));
    command.env("CARGO_MANIFEST_DIR", base).env("CARGO_PRIMARY_PACKAGE", "1");
    command.env("CARGO_MANIFEST_PATH", recipe.script.path().unwrap_or(&source.path));
    command.current_dir(if base.is_dir() { base } else { Path::new("/") });
    command
}
