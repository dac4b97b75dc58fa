//! Scripts with their own build command, in a header of scriptisto.
//!
//! The build is that of scriptisto, in a directory in staging: `files` and the source are written there, `build_once_cmd` and
//! `build_cmd` are run by `/bin/sh`, and `target_bin` is the program, or with `target_interpreter` a file that gets a `#!`
//! line of that interpreter. The directory is removed after the build.
//!
//! | variable | value |
//! | --- | --- |
//! | `SCRIPTISTO_SOURCE` | the script |
//! | `SCRIPTISTO_SOURCE_DIR` | its directory |
//! | `SCRIPTISTO_CACHE_DIR` | the directory of the build |
//!
//! What such a command reads is observed. Where that cannot be had nobody knows, and the build is not kept. It is started with the
//! variables that it mentions and those of all languages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::base::error::{Error, Result, Step};
use crate::base::shell_commands;
use crate::languages::compilation::Compilation;
use crate::languages::compiler::{Compiler, Search};
use crate::languages::driver::{Build, Call, Driver};
use crate::languages::inputs::Inputs;
use crate::languages::metadata::Head;
use crate::languages::source::Source;
use crate::languages::table;
use crate::process::running::Running;
use crate::script::header::Spec;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Variables of Rust's tools, which are no row of the table of languages.
const RUST: &[&str] = &[
    "RUSTFLAGS",
    "RUSTC",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_HOME",
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "CARGO_NET_OFFLINE",
];

/// The build command of a script.
#[derive(Debug)]
pub(super) struct ScriptistoDriver<'a>(&'a Spec);

/// Finds the shell and the programs that the build command names.
pub(super) fn find<'a>(spec: &'a Spec, search: Search<'_>) -> Result<(Compiler, ScriptistoDriver<'a>)> {
    let mut checks: Vec<Check<'static>> = Vec::new();
    let commands = spec.build_once_cmd.iter().chain(&spec.build_cmd).chain(&spec.target_interpreter);
    let mut names = BTreeSet::new();
    for command in commands {
        for words in shell_commands::commands(command) {
            let mut words = words.into_iter().skip_while(|word| {
                matches!(word.base_name(), "env" | "exec" | "set")
                    || word.text.contains('=')
                    || word.text.starts_with('-')
            });
            names.extend(words.next().filter(|word| !word.is_expanded).map(|word| word.text));
        }
    }
    for name in names {
        // A name that is not on PATH is the shell's own, or is made by the build.
        if !name.contains('/') || name.starts_with('/') {
            search.find(&name, &mut checks)?;
        }
    }
    let first = spec.build_cmd.as_deref().unwrap_or_default().split_whitespace().next().unwrap_or("sh");
    let version = first.rsplit('/').next().unwrap_or(first).to_owned();
    let path = PathBuf::from("/bin/sh");
    Ok((Compiler { path, arguments: Vec::new(), version, checks }, ScriptistoDriver(spec)))
}

/// The variables that the build command of a script is started with, besides the common ones.
pub(super) fn variables(spec: &Spec) -> Vec<&str> {
    let commands = spec.build_once_cmd.iter().chain(&spec.build_cmd).chain(&spec.target_interpreter);
    let mut names: Vec<&str> = Vec::new();
    for command in commands {
        names.extend(mentioned(command));
    }
    table::all_variables().for_each(|name| names.push(name));
    names.extend(RUST.iter().copied());
    names
}

/// The variables that a command mentions.
fn mentioned(command: &str) -> impl Iterator<Item = &str> + use<'_> {
    command.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest.get(..end)?;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_name && !name.starts_with("SCRIPTISTO_")).then_some(name)
    })
}

/// The directory of the build.
fn directory(build: Build<'_>) -> PathBuf {
    build.staging.join("build")
}

impl Driver for ScriptistoDriver<'_> {
    /// Flags are part of the build command.
    fn flags(&self, _head: &Head, _words: Vec<String>) -> Vec<String> {
        Vec::new()
    }

    fn call(&self, build: Build<'_>) -> Result<Call> {
        let spec = self.0;
        let compilation = build.compilation;
        let unusable = |error| build.unusable(error);
        let directory = directory(build);
        fs::create_dir(&directory).map_err(unusable)?;
        let write = |path: &str, content: &[u8]| {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&directory)).and_then(|()| fs::write(&path, content))
        };
        for path in &spec.extra_src_paths {
            let from = compilation.base().join(path);
            if Path::new(path).is_relative() {
                copy(&from, &directory.join(path)).map_err(|error| {
                    let what = format!("cannot copy `{}`, one of `extra_src_paths`", from.display());
                    Error::new(Step::Script, anyhow::Error::new(error).context(what))
                })?;
            }
        }
        for file in &spec.files {
            write(&file.path, file.content.as_bytes()).map_err(unusable)?;
        }
        write(&spec.script_src, &source(compilation.script.bytes(), &spec.replace_shebang_with))
            .map_err(unusable)?;
        let mut command = build.command(Path::new("/bin/sh"));
        if !spec.build_in_script_dir {
            command.current_dir(&directory);
        }
        // As scriptisto runs them: each in a shell of its own, the second only if the first succeeded.
        command.args([
            "-c",
            "if [ -n \"$1\" ]; then /bin/sh -c \"$1\" || exit; fi; [ -z \"$2\" ] || exec /bin/sh -c \"$2\"",
            "sh",
        ]);
        command.arg(spec.build_once_cmd.as_deref().unwrap_or_default());
        command.arg(spec.build_cmd.as_deref().unwrap_or_default());
        command.env("SCRIPTISTO_SOURCE", compilation.shown_path());
        command.env("SCRIPTISTO_SOURCE_DIR", compilation.base()).env("SCRIPTISTO_CACHE_DIR", &directory);
        let target = spec.target_bin.as_deref().unwrap_or("./script");
        let output: PathBuf = directory.join(target).components().collect();
        let typed = compilation.script.display_name().into_owned();
        let mut renames = Vec::new();
        let prefix = format!("{}/", directory.display());
        for name in [
            format!("{prefix}{}", spec.script_src),
            format!("./{}", spec.script_src),
            spec.script_src.clone(),
        ] {
            renames.push((format!("{name}:"), format!("{typed}:")));
        }
        renames.push((prefix, String::new()));
        let source = Source { path: directory.join(&spec.script_src), mirror: None };
        Ok(Call { command, input: None, source, output, query: None, renames })
    }

    fn reported_inputs(&self, _build: Build<'_>, _call: &Call, _query: Option<Running>) -> Result<Inputs> {
        let mut inputs = Inputs::default();
        inputs.checks.push(Check::never("a build command does not report what it reads"));
        Ok(inputs)
    }

    fn names_inputs(&self) -> bool {
        true
    }

    /// Makes the program from `target_bin`, and tells what was copied.
    fn complete(&self, build: Build<'_>, call: &mut Call) -> Result<Inputs> {
        let spec = self.0;
        let base = build.compilation.base();
        let mut inputs = Inputs::default();
        let mut pending: Vec<PathBuf> = spec.extra_src_paths.iter().map(|path| base.join(path)).collect();
        while let Some(path) = pending.pop() {
            if path.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                pending.extend(entries.map(|entry| entry.path()));
                inputs.checks.extend(Check::directory(&path, Names::All, Moment::now()).ok());
            } else {
                inputs.add_own(path);
            }
        }
        let output = build.staging.join("program");
        let content = fs::read(&call.output).map_err(|error| build.unusable(error))?;
        let first_line = spec.target_interpreter.as_deref().map_or_else(String::new, |interpreter| {
            // A kernel takes one argument, and a path.
            let is_plain = interpreter.starts_with('/') && interpreter.split_whitespace().count() <= 2;
            if is_plain { format!("#!{interpreter}\n") } else { format!("#!/usr/bin/env -S {interpreter}\n") }
        });
        fs::write(&output, [first_line.as_bytes(), &content].concat())
            .map_err(|error| build.unusable(error))?;
        call.output = output;
        Ok(inputs)
    }

    fn hint(&self, build: Build<'_>, call: &Call, _messages: &str, status: ExitStatus) -> Option<String> {
        let target = call.output.strip_prefix(build.staging).unwrap_or(&call.output);
        status
            .success()
            .then(|| format!("`target_bin` names `{}`, which the build did not make", target.display()))
    }

    fn name<'c>(&self, _recipe: &'c Compilation<'_>) -> &'c str {
        "the build command"
    }
}

/// The script, with another first line in place of a `#!` line.
fn source(script: &[u8], first_line: &str) -> Vec<u8> {
    match script.starts_with(b"#!") {
        false => script.to_vec(),
        true => {
            let end = script.iter().position(|byte| *byte == b'\n').unwrap_or(script.len());
            [first_line.trim_end_matches('\n').as_bytes(), &script[end..]].concat()
        }
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_for_the_kernel_is_replaced() {
        assert_eq!(source(b"#!/x\na", "// y"), b"// y\na");
        assert_eq!(source(b"#!/x", ""), b"");
        assert_eq!(source(b"a\nb", "// y"), b"a\nb");
    }

    #[test]
    fn variables_are_found_in_commands() {
        let found: Vec<&str> = mentioned("cc $A ${B:-x} \"$SCRIPTISTO_SOURCE\" $1 $").collect();
        assert_eq!(found, ["A", "B"]);
    }
}
