//! `runner add` and `remove` on the command line: what is said to cargo is handed on.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::{Addition, Options, Result, Verbosity, usage_error};

use crate::parse::command::Command;
use crate::parse::positional::words;
use crate::parse::values::{text, texts};

/// Options of cargo's that take a value.
const VALUES: &[&str] =
    &["--rename", "--path", "--git", "--branch", "--tag", "--rev", "--registry", "--target"];
/// Options of cargo's that take none.
const SWITCHES: &[&str] = &["--no-default-features", "--default-features", "--optional", "--dev"];

/// What follows one of these words.
pub(crate) fn parse(name: &str, mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let mut cargo: Vec<OsString> = Vec::new();
    if name == "add" {
        for features in texts(&mut parser, "--features")? {
            cargo.extend(["--features".into(), features.into()]);
        }
    }
    let is_taken = |flag: &str| name == "add" || matches!(flag, "--dev" | "--target");
    for flag in VALUES.iter().filter(|flag| is_taken(flag)) {
        if let Some(value) = text(&mut parser, flag)? {
            cargo.extend([flag.into(), value.into()]);
        }
    }
    cargo
        .extend(SWITCHES.iter().filter(|flag| is_taken(flag) && parser.contains(**flag)).map(OsString::from));
    let exact = name == "add" && parser.contains("--exact");
    let (dry_run, json) = (parser.contains("--dry-run"), parser.contains("--json"));
    let (quiet, verbose) = (parser.contains(["-q", "--quiet"]), parser.contains(["-v", "--verbose"]));
    let mut options = Options {
        offline: parser.contains("--offline"),
        verbosity: match (quiet, verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        },
        ..Options::default()
    };
    let mut list = words(parser, name, Some(&mut options))?.into_iter().chain(plain);
    let usage = format!("`runner {name} SCRIPT CRATE`");
    let script = list.next().ok_or_else(|| {
        usage_error(format!("`{name}` needs a script and a crate")).with_hint(usage.clone())
    })?;
    let crates: Vec<String> = list.map(|name| name.to_string_lossy().into_owned()).collect();
    let has_source = cargo.iter().any(|word| word == "--path" || word == "--git");
    if crates.is_empty() && !(name == "add" && has_source) {
        return Err(usage_error(format!("`{name}` needs a crate")).with_hint(usage));
    }
    Ok(match name {
        "add" => Command::Add { script, addition: Addition { crates, cargo, exact, dry_run }, options, json },
        _ => Command::Remove { script, names: crates, cargo, dry_run, options, json },
    })
}
