//! Called by another's name: `rust-script`, `cargo-script` and its descendants, `scriptisto`.
//!
//! A symlink of one of these names to runner is a drop-in replacement: the command line is that tool's, with its meaning,
//! and so are exit codes: what fails before the script runs is 1. What such a script says nothing of follows that tool's
//! rules ([`runner::Dialect`]). What the tool says on stderr while it works is not imitated.
//!
//! | name | command line |
//! | --- | --- |
//! | `rust-script` | that of 0.36, with `-o` for `-c` as before 2023 |
//! | `cargo-script`, `cargo-eval`, `run-cargo-script` | likewise, with `--build-only`, `--gen-pkg-only`, `-D`; cargo's own first word is dropped |
//! | `scriptisto` | `SCRIPT [ARGS]`, `build`, `validate`, `cache` |

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use runner::command_line::{Expression, ExpressionKind, flags, shell_words, usage_error};
use runner::{Dialect, Harness, Options, Result, Verbosity};

use crate::action::{Action, action};
use crate::print::print;
use crate::run::cache::{self, CacheCommand};
use crate::run::{build, execution, expression, help, inputs, script};

/// What goes wrong before the script runs, under any of these names.
pub(crate) const EXIT_FAILED: u8 = 1;

/// A tool whose name runner was called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropIn {
    RustScript,
    /// The ancestors of rust-script.
    CargoScript,
    Scriptisto,
}

impl DropIn {
    /// The tool that a program's own name stands for.
    pub(crate) fn of(program: &OsStr) -> Option<DropIn> {
        match Path::new(program).file_name()?.to_str()? {
            "rust-script" => Some(DropIn::RustScript),
            "cargo-script" | "cargo-eval" | "run-cargo-script" => Some(DropIn::CargoScript),
            "scriptisto" => Some(DropIn::Scriptisto),
            _ => None,
        }
    }

    /// Understands the arguments, of which the first is the program's own name.
    pub(crate) fn parse(self, arguments: Vec<OsString>) -> Result<Action> {
        let mut arguments = arguments.into_iter();
        let program = arguments.next().unwrap_or_default();
        let mut arguments: Vec<OsString> = arguments.collect();
        match self {
            DropIn::RustScript => Words::new(arguments).rust_script(self),
            DropIn::CargoScript => {
                // `cargo eval` calls `cargo-eval eval`.
                let own = Path::new(&program).file_name().and_then(OsStr::to_str).unwrap_or_default();
                let subcommand = own.strip_prefix("cargo-").map(OsStr::new);
                if subcommand.is_some() && arguments.first().map(OsString::as_os_str) == subcommand {
                    arguments.remove(0);
                }
                Words::new(arguments).rust_script(self)
            }
            DropIn::Scriptisto => scriptisto(arguments),
        }
    }
}

/// The arguments of a tool whose options stand before its script.
struct Words {
    rest: std::collections::VecDeque<OsString>,
}

impl Words {
    fn new(mut arguments: Vec<OsString>) -> Words {
        // All that follows the interpreter on a `#!` line is one argument.
        if arguments.len() > 1
            && let Some(text) =
                arguments[0].to_str().filter(|text| text.starts_with('-') && text.contains([' ', '\t']))
        {
            let words = shell_words::split(text);
            arguments.splice(0..1, words.into_iter().map(OsString::from));
        }
        Words { rest: arguments.into() }
    }

    /// The next option, with `--name=value` and `-nVALUE` taken apart and `-abc` as `-a -bc`; `None` at the script.
    fn option(&mut self) -> Option<Asked> {
        let word = self.rest.pop_front()?;
        let bytes = word.as_bytes();
        match bytes {
            b"--" => None,
            [b'-', b'-', ..] => {
                let at = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
                let value = bytes.get(at + 1..).map(|value| OsStr::from_bytes(value).to_owned());
                Some(Asked { name: String::from_utf8_lossy(&bytes[..at]).into_owned(), attached: value })
            }
            [b'-', letter, attached @ ..] => {
                let attached = (!attached.is_empty())
                    .then(|| OsStr::from_bytes(attached.strip_prefix(b"=").unwrap_or(attached)).to_owned());
                Some(Asked { name: format!("-{}", char::from(*letter)), attached })
            }
            _ => {
                self.rest.push_front(word);
                None
            }
        }
    }

    fn value(&mut self, option: &mut Asked) -> Result<String> {
        let value = option.attached.take().or_else(|| self.rest.pop_front());
        let value = value.and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        value.ok_or_else(|| usage_error(format!("`{}` needs a value", option.name)))
    }

    fn path(&mut self, option: &mut Asked) -> Result<PathBuf> {
        let path = PathBuf::from(self.value(option)?);
        Ok(std::path::absolute(&path).unwrap_or(path))
    }

    /// The command line of rust-script and its ancestors.
    fn rust_script(mut self, tool: DropIn) -> Result<Action> {
        let mut options = Options { dialect: Some(Dialect::RustScript), ..Options::default() };
        let (mut kind, mut counts, mut externs, mut features) = (None, false, Vec::new(), Vec::new());
        let (mut clears, mut package, mut package_path, mut builds, mut wrapper) =
            (false, false, None, false, None);
        while let Some(mut option) = self.option() {
            match option.name.as_str() {
                "-h" | "--help" => return Ok(help::topic(Some("rust-script".to_owned()))),
                // Scripts ask for it to see whether they have what they need.
                "-V" | "--version" => return Ok(help::line("rust-script 0.36.0")),
                "-e" | "--expr" => kind = Some(ExpressionKind::Value),
                "-l" | "--loop" => kind = Some(ExpressionKind::Loop),
                "--count" => counts = true,
                "-b" | "--base-path" => options.base = Some(self.path(&mut option)?),
                "-c" | "--cargo-output" | "-o" => options.verbosity = Verbosity::Verbose,
                "--debug" => options.profile = Some("dev".to_owned()),
                "--release" if tool == DropIn::CargoScript => options.profile = Some("release".to_owned()),
                "-d" | "--dep" | "-D" | "--dep-extern" => {
                    let text = self.value(&mut option)?;
                    flags::add_dependency(&mut options, OsStr::new(&text))?;
                    let added = options.dependencies.last().map(|(name, _)| name.replace('-', "_"));
                    externs.extend(added.filter(|_| ["-D", "--dep-extern"].contains(&&*option.name)));
                }
                "-x" | "--extern" => externs.push(self.value(&mut option)?),
                "-u" | "--unstable-feature" => features.push(self.value(&mut option)?),
                "--clear-cache" => clears = true,
                "-f" | "--force" => options.force = true,
                "-p" | "--package" | "--gen-pkg-only" => package = true,
                "--pkg-path" => package_path = Some(self.path(&mut option)?),
                "--build-only" => builds = true,
                "--test" => options.harness = Some(Harness::Test),
                "--bench" => options.harness = Some(Harness::Bench),
                "-t" | "--toolchain" if tool == DropIn::RustScript => {
                    options.toolchain = Some(self.value(&mut option)?);
                }
                "-w" | "--wrapper" => wrapper = Some(self.value(&mut option)?),
                // Of caches long gone.
                "--migrate-data" => drop(self.value(&mut option)?),
                name => {
                    return Err(usage_error(format!("unknown option `{name}`")).with_hint(
                        "`rust-script --help` lists the options; those of the script go after it",
                    ));
                }
            }
            if let Some(attached) = option.attached.filter(|attached| !attached.is_empty()) {
                if option.name.starts_with("--") {
                    return Err(usage_error(format!("`{}` takes no value", option.name)));
                }
                self.rest.push_front(OsString::from_vec([b"-", attached.as_bytes()].concat()));
            }
        }
        let Words { rest } = self;
        let mut rest: Vec<OsString> = rest.into();
        let mut command = match rest.is_empty() {
            true if clears => return Ok(cache::of(CacheCommand::Clean(None))),
            true => {
                return Err(usage_error("a script is missing").with_hint("`rust-script SCRIPT [ARGS]...`"));
            }
            false => rest.remove(0),
        };
        if let Some(harness) = options.harness {
            // What stands before `--` is for `cargo test`, which takes what follows for the harness.
            let at = rest.iter().position(|word| word == "--").unwrap_or(rest.len());
            let for_harness = rest.split_off(at).into_iter().skip(1);
            let mut kept: Vec<OsString> =
                (harness == Harness::Bench).then(|| "--bench".into()).into_iter().collect();
            for word in rest {
                match word.to_str() {
                    Some("-h" | "--help") => {
                        let name = if harness == Harness::Bench { "bench" } else { "test" };
                        return Ok(help::topic(Some(name.to_owned())));
                    }
                    Some("-r" | "--release") => options.profile = Some("release".to_owned()),
                    Some("--no-run") => builds = true,
                    _ => kept.push(word),
                }
            }
            kept.extend(for_harness);
            rest = kept;
        }
        if kind.is_none() {
            command = completed(command, tool);
        }
        options.debug.exec = wrapper.as_deref().map(shell_words::split).unwrap_or_default();
        let action = match kind {
            Some(kind) => {
                let kind = if counts { ExpressionKind::CountedLoop } else { kind };
                let text = command.into_string().map_err(|_| usage_error("the expression is not UTF-8"))?;
                options.edition.get_or_insert_with(|| Expression::EDITION.to_owned());
                let base = options.base.take().unwrap_or_else(|| PathBuf::from("."));
                let expression = Expression { text, kind, externs, features };
                expression::evaluate(expression, base, options, rest)
            }
            None if package => generate(command, package_path, options),
            None if builds => build::into_the_cache(vec![command], options),
            None => execution::run(command, options, rest),
        };
        Ok(match clears {
            true => Box::new(move |call| {
                call.runner.cache_clean(None)?;
                action(call)
            }),
            false => action,
        })
    }
}

/// Writes the package that cargo would be given, and prints where.
fn generate(script: OsString, directory: Option<PathBuf>, options: Options) -> Action {
    action(move |call| {
        let script = script::read(&call.runner, &script, &options)?;
        let place = call.runner.package(&script, &options, directory.as_deref())?;
        print(format_args!("{}\n", place.display()));
        Ok(())
    })
}

/// A script that is named without its extension: the first of those that the tool tries.
fn completed(script: OsString, tool: DropIn) -> OsString {
    let path = Path::new(&script);
    if path.extension().is_some() || path.exists() {
        return script;
    }
    let extensions = if tool == DropIn::RustScript { ["ers", "rs"] } else { ["crs", "rs"] };
    let mut names = extensions.iter().map(|extension| path.with_extension(extension));
    names.find(|path| path.is_file()).map_or(script, PathBuf::into_os_string)
}

/// An option and what hangs on it.
struct Asked {
    name: String,
    attached: Option<OsString>,
}

fn scriptisto(arguments: Vec<OsString>) -> Result<Action> {
    let options = Options { dialect: Some(Dialect::Scriptisto), ..Options::default() };
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let script = |at: usize| -> Result<OsString> {
        let script =
            arguments.get(at..).unwrap_or_default().iter().find(|word| !word.as_bytes().starts_with(b"-"));
        script.cloned().ok_or_else(|| usage_error("a script is missing"))
    };
    match words.as_slice() {
        [] => Err(usage_error("a script is missing").with_hint("`scriptisto SCRIPT [ARGS]...`")),
        ["-h" | "--help" | "help", ..] => Ok(help::topic(None)),
        ["-V" | "--version", ..] => Ok(help::version()),
        ["build", rest @ ..] => {
            let force = rest.contains(&"full");
            let is_mode = |word: &&OsString| !matches!(word.to_str(), Some("full" | "source"));
            let words = arguments.iter().skip(1).filter(is_mode);
            let scripts: Vec<OsString> =
                words.filter(|word| !word.as_bytes().starts_with(b"-")).cloned().collect();
            match scripts.is_empty() {
                true => Err(usage_error("a script is missing")),
                false => Ok(build::into_the_cache(scripts, Options { force, ..options })),
            }
        }
        ["val" | "validate", ..] => Ok(inputs::ask_why(vec![script(1)?], options)),
        ["cache", "clean", ..] => Ok(cache::of(CacheCommand::Clean(Some(script(2)?.into())))),
        ["cache", "get" | "get-dir", ..] => Ok(cache::of(CacheCommand::Path)),
        ["new" | "template" | "tpl" | "cache", ..] => {
            Err(usage_error(format!("runner has no `{}` of scriptisto's", words[0]))
                .with_hint("a script needs no more than a `#!` line: see `runner --help`"))
        }
        [option, ..] if option.starts_with('-') => Err(usage_error(format!("unknown option `{option}`"))),
        [..] => {
            let mut arguments = arguments.into_iter();
            Ok(execution::run(arguments.next().unwrap_or_default(), options, arguments.collect()))
        }
    }
}
