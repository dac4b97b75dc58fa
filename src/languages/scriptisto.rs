//! Scripts that say themselves how they are built, in a header of scriptisto's.
//!
//! The build is that of scriptisto, in a directory of ours: `files` and the source are written there, `build_once_cmd` and
//! `build_cmd` are run by `/bin/sh`, and `target_bin` is the program, or with `target_interpreter` what a first line for that
//! interpreter is put above. The directory goes when the program is made.
//!
//! | variable | value |
//! | --- | --- |
//! | `SCRIPTISTO_SOURCE` | the script |
//! | `SCRIPTISTO_SOURCE_DIR` | its directory |
//! | `SCRIPTISTO_CACHE_DIR` | the directory of the build |
//!
//! What a command of somebody's reads, nobody can know. Watched are the programs it names, `extra_src_paths`, the variables it
//! mentions and those that compilers heed, and what gcc reports when it is called ([`REPORT`]).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::base::error::{Error, Result, Step};
use crate::base::shell_commands;
use crate::languages::build::{Call, Input, Inputs, Site};
use crate::languages::compiler::{Compiler, Search};
use crate::languages::language::{Language, is_system};
use crate::languages::source::Source;
use crate::languages::{depfile, table};
use crate::script::header::Spec;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

pub(super) use crate::script::header::has_spec as is_in;

/// Has gcc append to a file what it reads, for a target of this name.
const REPORT: &str = "SUNPRO_DEPENDENCIES";

/// Variables that compilers heed, whichever it is.
const TRACED: &[&str] = &[
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "LDLIBS",
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "SOURCE_DATE_EPOCH",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "GOFLAGS",
    "CGO_ENABLED",
];

/// The spec of a script whose header says how it is built.
pub(super) fn read(text: &str) -> Result<Option<Spec>> {
    let Some(spec) = Spec::read(text)? else { return Ok(None) };
    if let Some(line) = spec.docker_line {
        let text = format!("line {line}: `docker_build` asks for a container, which runner does not start");
        return Err(Error::message(Step::Metadata, text)
            .hint("remove `docker_build`; `build_cmd` is then run on this machine"));
    }
    if spec.script_src.is_empty() {
        return Err(Error::message(Step::Metadata, format!("line {}: `script_src` is missing", spec.line)));
    }
    let extras = spec.extra_src_paths.iter().filter(|path| !Path::new(path).is_absolute());
    let paths = spec.files.iter().map(|file| &file.path).chain([&spec.script_src]).chain(extras);
    if let Some(path) = paths.into_iter().find(|path| !stays_inside(path)) {
        let text = format!("the header of scriptisto names `{}`, which is outside", path.escape_debug());
        return Err(
            Error::message(Step::Metadata, text).hint("paths are relative to the directory of the build")
        );
    }
    Ok(Some(spec))
}

fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The language of a script whose header says how it is built; `None` if it is compiled as Rust scripts are.
pub(super) fn language(text: &str) -> Option<&'static Language> {
    let Ok(Some(spec)) = Spec::read(text) else { return None };
    if spec.is_plain_rust() {
        return None;
    }
    let extension = spec.script_src.rsplit_once('.').map_or("", |(_, extension)| extension);
    Some(Language::of_extension(extension).unwrap_or(if extension == "rs" {
        &table::RUST
    } else {
        &table::OTHER
    }))
}

/// What runs the commands, and the checks of the programs they name.
pub(super) fn shell(spec: &Spec, search: Search<'_>) -> Result<Compiler> {
    let mut checks: Vec<Check<'static>> =
        TRACED.iter().map(|name| Check::variable(name, search.environment)).collect();
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
        checks.extend(mentioned(command).map(|name| Check::variable(name, search.environment)));
    }
    for name in names {
        // What is no program on PATH is the shell's own, or is made by the build.
        if !name.contains('/') || name.starts_with('/') {
            search.find(&name, &mut checks)?;
        }
    }
    let first = spec.build_cmd.as_deref().unwrap_or_default().split_whitespace().next().unwrap_or("sh");
    let version = first.rsplit('/').next().unwrap_or(first).to_owned();
    Ok(Compiler { path: PathBuf::from("/bin/sh"), arguments: Vec::new(), version, checks })
}

/// The variables that a command mentions.
fn mentioned(command: &str) -> impl Iterator<Item = &str> {
    command.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest.get(..end)?;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_name && !name.starts_with("SCRIPTISTO_")).then_some(name)
    })
}

/// The directory of the build.
fn directory(site: Site<'_>) -> PathBuf {
    site.staging.join("build")
}

/// Writes what the build begins with, and says how it is begun.
pub(super) fn call(site: Site<'_>, spec: &Spec) -> Result<Call> {
    let recipe = site.recipe;
    let unusable = |error| site.unusable(error);
    let directory = directory(site);
    fs::create_dir(&directory).map_err(unusable)?;
    let write = |path: &str, content: &[u8]| {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&directory)).and_then(|()| fs::write(&path, content))
    };
    for path in &spec.extra_src_paths {
        let from = recipe.base().join(path);
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
    write(&spec.script_src, &source(recipe.script.bytes(), &spec.replace_shebang_with)).map_err(unusable)?;
    let mut command = site.command(Path::new("/bin/sh"));
    if !spec.build_in_script_dir {
        command.current_dir(&directory);
    }
    // Both in one shell, and the second only after the first: each by a shell of its own, as there.
    command.args([
        "-c",
        "if [ -n \"$1\" ]; then /bin/sh -c \"$1\" || exit; fi; [ -z \"$2\" ] || exec /bin/sh -c \"$2\"",
        "sh",
    ]);
    command.arg(spec.build_once_cmd.as_deref().unwrap_or_default());
    command.arg(spec.build_cmd.as_deref().unwrap_or_default());
    command.env("SCRIPTISTO_SOURCE", recipe.script.path().unwrap_or(Path::new(recipe.script.typed())));
    command.env("SCRIPTISTO_SOURCE_DIR", recipe.base()).env("SCRIPTISTO_CACHE_DIR", &directory);
    let mut report = site.staging.join("read").into_os_string();
    report.push(" program");
    command.env(REPORT, report);
    let target = spec.target_bin.as_deref().unwrap_or("./script");
    let output: PathBuf = directory.join(target).components().collect();
    let typed = recipe.script.display_name().into_owned();
    let mut renames = Vec::new();
    let prefix = format!("{}/", directory.display());
    for name in
        [format!("{prefix}{}", spec.script_src), format!("./{}", spec.script_src), spec.script_src.clone()]
    {
        renames.push((format!("{name}:"), format!("{typed}:")));
    }
    renames.push((prefix, String::new()));
    let source = Source { path: directory.join(&spec.script_src), mirror: None };
    Ok(Call { command, input: None, source, output, aside: None, renames })
}

/// The script, with another first line if that is for the kernel.
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

/// What the build is known to have read; makes the program of its target.
pub(super) fn inputs(site: Site<'_>, spec: &Spec, call: &mut Call) -> Result<Inputs> {
    let base = site.recipe.base();
    let mut inputs = Inputs::default();
    let read = fs::read(site.staging.join("read")).unwrap_or_default();
    let place = if spec.build_in_script_dir { base.to_owned() } else { directory(site) };
    for path in depfile::parse(&read).into_iter().map(|path| place.join(path)) {
        if path.is_file() && !path.starts_with(site.staging) {
            inputs.files.push(Input { tool: is_system(&path, base), path });
        }
    }
    let mut pending: Vec<PathBuf> = spec.extra_src_paths.iter().map(|path| base.join(path)).collect();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            pending.extend(entries.map(|entry| entry.path()));
            inputs.checks.extend(Check::directory(&path, Names::All, Moment::now()).ok());
        } else {
            inputs.files.push(Input { path, tool: false });
        }
    }
    let output = site.staging.join("program");
    let content = fs::read(&call.output).map_err(|error| site.unusable(error))?;
    let first_line = spec.target_interpreter.as_deref().map_or_else(String::new, |interpreter| {
        // A kernel takes one argument, and a path.
        let is_plain = interpreter.starts_with('/') && interpreter.split_whitespace().count() <= 2;
        if is_plain { format!("#!{interpreter}\n") } else { format!("#!/usr/bin/env -S {interpreter}\n") }
    });
    fs::write(&output, [first_line.as_bytes(), &content].concat()).map_err(|error| site.unusable(error))?;
    call.output = output;
    Ok(inputs)
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

    #[test]
    fn no_file_is_written_outside() {
        for (path, inside) in
            [("a", true), ("./a/b", true), ("../a", false), ("/a", false), ("a/../../b", false), ("", false)]
        {
            assert_eq!(stays_inside(path), inside, "{path}");
        }
    }
}
