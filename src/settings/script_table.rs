//! `[package.metadata.runner]`: the settings in a script.
//!
//! ```toml
//! [package.metadata.runner]
//! profile = "dev"                      # as `--profile`
//! toolchain = "nightly"                # as `--toolchain`
//! target = "aarch64-unknown-linux-gnu"  # as `--target`
//! args = ["--color", "never"]          # come before the caller's own arguments
//! inputs = ["templates/*.html"]        # files that no tool can see being read
//! env = ["API_URL"]                    # variables likewise
//! rustflags = ["-C", "target-cpu=native"]   # for all crates, as cargo's `RUSTFLAGS`
//! static = true                        # a program that needs no shared libraries
//! locked = true                        # as `--locked`
//! ```

use toml::{Table, Value as Toml};

use crate::base::error::Result;
use crate::script::header::Metadata;
use crate::script::toml_position::{self, Part};
use crate::settings::schema::{self, Place, Value};

/// What a script says to runner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) profile: Option<String>,
    pub(crate) toolchain: Option<String>,
    pub(crate) target: Option<String>,
    /// Whether the toolchain is what rust-script was told: another will do.
    pub(crate) is_toolchain_foreign: bool,
    /// Arguments of the program, before the caller's.
    pub(crate) arguments: Vec<String>,
    /// Patterns of files that no tool can see being read.
    pub(crate) inputs: Vec<String>,
    /// Variables likewise.
    pub(crate) env: Vec<String>,
    /// More arguments of the compiler.
    pub(crate) rust_flags: Option<Vec<String>>,
    /// Whether the program shall need no shared libraries.
    pub(crate) is_static: Option<bool>,
    /// Whether `SCRIPT.lock` is insisted on.
    pub(crate) locked: Option<bool>,
    /// Settings that nothing asks for by their fields.
    pub(crate) others: Vec<(&'static str, Value)>,
}

const KEYS: &str = "the settings are `profile`, `toolchain`, `target`, `args`, `inputs`, `env`, `rustflags`, `static` and `locked`";

/// Flags of rustc that take the next argument, of those that are allowed.
const WITH_VALUE: &[&str] = &["-C", "--codegen", "--cfg", "--check-cfg", "-L", "-l", "-A", "-W", "-D", "-F"];

/// Flags that stand alone or have their value after an equals sign.
const ALONE: &[&str] =
    &["-g", "-O", "--cfg", "--check-cfg", "--codegen", "--cap-lints", "--allow", "--warn", "--deny"];

/// Codegen options that are runner's own to give.
const OURS: &[&str] = &["metadata", "extra-filename", "incremental", "save-temps"];

/// What to write instead of a flag that is refused.
pub(crate) const ALLOWED_FLAGS: &str =
    "`-C`, `--cfg`, `-l`, `-L`, `-g`, `-O` and the levels of lints are allowed";

/// Reads the settings in the table of `package.metadata`.
pub(crate) fn read(metadata: &Metadata, table: &Table) -> Result<Settings> {
    let mut settings = Settings::default();
    if let Some(toolchain) = table.get("rustscript").and_then(|table| table.get("toolchain")?.as_str()) {
        settings.toolchain = Some(toolchain.to_owned());
        settings.is_toolchain_foreign = true;
    }
    let Some(own) = table.get("runner") else { return Ok(settings) };
    let error = |key: &str, part: Part, text: String| {
        let keys = ["package", "metadata", "runner", key];
        let keys = if key.is_empty() { &keys[..3] } else { &keys[..] };
        toml_position::error(metadata, keys, part, text)
    };
    let Some(own) = own.as_table() else {
        return Err(error("", Part::Value, "`package.metadata.runner` must be a table".to_owned()));
    };
    for (key, value) in own {
        let must_be =
            |shape: &str| error(key, Part::Value, format!("`package.metadata.runner.{key}` must be {shape}"));
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| must_be("a string"));
        let list = || -> Result<Vec<String>> {
            let list = value.as_array().ok_or_else(|| must_be("a list of strings"))?;
            let texts = list.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or_else(|| must_be("a list of strings"))
        };
        match key.as_str() {
            "profile" => settings.profile = Some(text()?),
            "toolchain" => {
                settings.toolchain = Some(text()?);
                settings.is_toolchain_foreign = false;
            }
            "target" => settings.target = Some(text()?),
            "args" => settings.arguments = list()?,
            "inputs" => {
                settings.inputs = list()?;
                let bad =
                    settings.inputs.iter().find_map(|text| Some((text, glob::Pattern::new(text).err()?.msg)));
                if let Some((pattern, why)) = bad {
                    let pattern = pattern.escape_debug();
                    let text = format!("`package.metadata.runner.inputs` has `{pattern}`: {why}");
                    return Err(error(key, Part::Value, text)
                        .hint("patterns are paths with `*`, `**`, `?` and `[…]`"));
                }
            }
            "env" => {
                settings.env = list()?;
                let is_none = |name: &&String| name.is_empty() || name.contains(['=', '\0']);
                if let Some(name) = settings.env.iter().find(is_none) {
                    let name = name.escape_debug();
                    let text =
                        format!("`package.metadata.runner.env` names `{name}`, which no variable can be");
                    return Err(error(key, Part::Value, text));
                }
            }
            "rustflags" => {
                let flags = match value {
                    Toml::String(text) => text.split_whitespace().map(str::to_owned).collect(),
                    _ => list()?,
                };
                if let Some(flag) = refused_flag(&flags) {
                    let text =
                        format!("`package.metadata.runner.rustflags` may not have `{}`", flag.escape_debug());
                    return Err(error(key, Part::Value, text).hint(ALLOWED_FLAGS));
                }
                settings.rust_flags = Some(flags);
            }
            "static" => {
                settings.is_static = Some(value.as_bool().ok_or_else(|| must_be("true or false"))?);
            }
            "locked" => {
                settings.locked = Some(value.as_bool().ok_or_else(|| must_be("true or false"))?);
            }
            _ => {
                if let Some(known) = schema::named(key) {
                    if known.may_be_in(Place::Metadata) {
                        let value = known.parse_toml(value, || None).map_err(must_be)?;
                        settings.others.push((known.name, value));
                        continue;
                    }
                    let text = format!("`package.metadata.runner.{key}` cannot be set in a script");
                    return Err(error(key, Part::Key, text).hint(known.elsewhere()));
                }
                let text = format!("`package.metadata.runner.{key}` is not a setting");
                return Err(error(key, Part::Key, text).hint(KEYS));
            }
        }
    }
    Ok(settings)
}

/// The first flag that says what to compile, where to write or how: those are runner's own.
pub(crate) fn refused_flag(flags: &[String]) -> Option<&str> {
    let mut flags = flags.iter().map(String::as_str);
    while let Some(flag) = flags.next() {
        let (name, attached) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let codegen = match name {
            "-C" | "--codegen" if attached.is_none() => flags.next(),
            "--codegen" => attached,
            _ if WITH_VALUE.contains(&name) && attached.is_none() => {
                // A value that looks like a flag is one whose value is missing.
                match flags.next() {
                    Some(value) if !value.starts_with('-') => continue,
                    _ => return Some(flag),
                }
            }
            _ if ALONE.contains(&name) => continue,
            _ => match flag.get(..2) {
                Some("-C") => flag.get(2..),
                Some("-A" | "-W" | "-D" | "-F" | "-l" | "-L") => continue,
                _ => return Some(flag),
            },
        };
        let option = codegen.unwrap_or_default().split('=').next().unwrap_or_default().replace('_', "-");
        if option.is_empty() || option.starts_with('-') || OURS.contains(&option.as_str()) {
            return Some(codegen.unwrap_or(flag));
        }
    }
    None
}

impl Settings {
    /// What they add to the call of the compiler for the script itself, and for nothing it depends on.
    pub(crate) fn own_arguments(&self) -> Vec<String> {
        // Not relocated, so that it needs no loader of its own either.
        let options = ["target-feature=+crt-static", "relocation-model=static"];
        let options = options.into_iter().filter(|_| self.is_static == Some(true));
        options.flat_map(|option| ["-C".to_owned(), option.to_owned()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_say_how_to_compile_and_not_what() {
        for allowed in [
            "",
            "-C target-cpu=native",
            "-Ctarget-cpu=native --cfg x --cfg=y -O -g",
            "--codegen=lto -l z -L native=/x -lz -A unused -Dwarnings",
        ] {
            let flags: Vec<String> = allowed.split_whitespace().map(str::to_owned).collect();
            assert_eq!(refused_flag(&flags), None, "{allowed}");
        }
        for (refused, flag) in [
            ("-o x", "-o"),
            ("-ox", "-ox"),
            ("--emit=asm", "--emit=asm"),
            ("--emit asm", "--emit"),
            ("--crate-name x", "--crate-name"),
            ("--crate-type=lib", "--crate-type=lib"),
            ("other.rs", "other.rs"),
            ("@file", "@file"),
            ("-", "-"),
            ("-C metadata=1", "metadata=1"),
            ("-Cextra_filename=1", "extra_filename=1"),
            ("-C incremental=/x", "incremental=/x"),
            ("-C", "-C"),
            ("-L --emit=asm", "-L"),
            ("-Zunpretty=expanded", "-Zunpretty=expanded"),
            ("--out-dir /", "--out-dir"),
            ("--target x", "--target"),
            ("--print sysroot", "--print"),
            ("--extern x", "--extern"),
            ("--sysroot /", "--sysroot"),
        ] {
            let flags: Vec<String> = refused.split_whitespace().map(str::to_owned).collect();
            assert_eq!(refused_flag(&flags), Some(flag), "{refused}");
        }
    }
}
