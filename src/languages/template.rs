//! The driver of compilers that a [`Template`] describes: those of the table, and those of configuration files.

mod placeholders;
mod reported_inputs;

use std::path::PathBuf;

use crate::base::error::{Error, Result, Step};
use crate::languages::compilation::Profile;
use crate::languages::compile_call::{CompileCall, SCRIPT};
use crate::languages::compiler::{self, Compiler, Search};
use crate::languages::driver::{Build, Call, Driver};
use crate::languages::inputs::Inputs;
use crate::languages::language::Template;
use crate::languages::metadata::Head;
use crate::languages::source::{self, Source};
use crate::languages::template::placeholders::fill;
use crate::process::running::Running;

/// A compiler that a [`Template`] describes.
#[derive(Debug)]
pub(super) struct TemplateDriver(&'static Template);

/// Finds the compiler.
pub(super) fn find(
    all: &'static [Template],
    head: &Head,
    wanted: Option<&str>,
    search: Search<'_>,
    notes: &mut Vec<String>,
) -> Result<(Compiler, TemplateDriver)> {
    let mut checks = Vec::new();
    let of_name = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or_default();
        all.iter().find(|template| {
            let rest = name.strip_prefix(template.program);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    };
    let first = all
        .first()
        .ok_or_else(|| Error::message(Step::Toolchain, "no compiler of this language is known"))?;
    let mut names: Vec<(&str, &'static Template)> = Vec::new();
    match (wanted, &head.call) {
        (Some(wanted), _) => names.push((wanted, of_name(wanted).unwrap_or(first))),
        (None, call) => {
            let called = call.as_ref().and_then(|call| Some((call.base_name(), of_name(call.base_name())?)));
            names.extend(called);
            names.extend(all.iter().map(|template| (template.program, template)));
        }
    }
    for (index, (name, template)) in names.iter().enumerate() {
        let Some(path) = search.find(name, &mut checks)? else { continue };
        if index > 0 && names[0].0 != first.program {
            notes.push(format!("`{}` is not on PATH; using `{name}`", names[0].0));
        }
        let version = search.version(&path, template.version)?;
        return Ok((Compiler { path, arguments: Vec::new(), version, checks }, TemplateDriver(template)));
    }
    Err(compiler::missing(wanted.unwrap_or(first.program), first.install))
}

/// Compilers to which the name of the file is that of its module, and so must be an identifier.
const NAMED_AS_MODULES: [&str; 4] = ["nim", "ldc2", "dmd", "gdc"];

/// A flag that a script's first line gives `called`, a compiler or a tool that calls one, as `program` has it.
fn translated(flag: &str, called: &str, program: &str) -> Option<String> {
    let is_dmds = ["rdmd", "dmd", "ldmd2"].contains(&called);
    let prefixed = |prefix: &str| {
        let own =
            flag.strip_prefix('-').filter(|own| own.starts_with("version=") || own.starts_with("debug"));
        Some(own.map_or_else(|| flag.to_owned(), |own| format!("{prefix}{own}")))
    };
    match program {
        // Its own, and none of a compiler.
        _ if called == "rdmd" && flag.starts_with("--") => None,
        "ldc2" if is_dmds => prefixed("-d-"),
        "gdc" if is_dmds => prefixed("-f"),
        // Another compiler stands in for it, of which there is a note.
        "ldc2" | "dmd" | "gdc" if !is_dmds && !called.starts_with(program) => None,
        // A library of bytecode stands for the same of machine code.
        "ocamlopt" => {
            Some(flag.strip_suffix(".cma").map_or_else(|| flag.to_owned(), |name| format!("{name}.cmxa")))
        }
        "ghc" => Some(flag.strip_prefix("--ghc-arg=").unwrap_or(flag).to_owned()),
        _ => Some(flag.to_owned()),
    }
}

impl Driver for TemplateDriver {
    fn flags(&self, head: &Head, words: Vec<String>) -> Vec<String> {
        let called = head.call.as_ref().map_or("", CompileCall::base_name);
        let mut flags = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                // The words after it are the script's arguments.
                SCRIPT | "--" => break,
                "-o" => drop(words.next()),
                "-run" | "-r" => {}
                // The compiler that is to be called.
                "-f" if called.starts_with("run") => drop(words.next()),
                word if self.0.subcommands.contains(&word) => {}
                word if ["-o:", "-of", "-out:", "--out:", "-femit-bin="]
                    .iter()
                    .any(|ours| word.starts_with(ours)) => {}
                word => flags.extend(translated(word, called, self.0.program)),
            }
        }
        flags
    }

    fn call(&self, build: Build<'_>) -> Result<Call> {
        let template = self.0;
        let compilation = build.compilation;
        let output = build.staging.join("program");
        let name =
            compilation.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let needs_identifier = NAMED_AS_MODULES.contains(&template.program);
        let stem = template.extensions.iter().find_map(|extension| name.strip_suffix(extension));
        let is_fine = stem.is_some_and(|stem| !needs_identifier || source::is_identifier(stem))
            && (template.takes_shebang || !compilation.head.has_shebang)
            && template.line_marker.is_none();
        let extension = template.extensions.first().copied().unwrap_or_default();
        let source = Source::place(compilation, is_fine, needs_identifier, extension, build.staging)
            .map_err(|error| build.unusable(error))?;
        if let Some(marker) = template.line_marker {
            let own = compilation.shown_path().to_string_lossy();
            let mut text = marker.replace("{}", &own.replace(['"', '\\', '\n'], "?")).into_bytes();
            text.push(b'\n');
            text.extend(source::text(compilation));
            std::fs::write(&source.path, text).map_err(|error| build.unusable(error))?;
        }
        let mut command = build.command(&compilation.compiler.path);
        if !template.runs_in_script_directory {
            command.current_dir(build.staging);
        }
        let level = match compilation.profile {
            Profile::Release => template.release,
            Profile::Dev => template.dev,
            Profile::Quick => template.quick,
        };
        let static_flags = match (compilation.is_static(), template.static_flags) {
            (false, _) => &[][..],
            (true, Some(flags)) => flags,
            (true, None) => {
                let text = format!("`{}` cannot link static programs", template.program);
                return Err(Error::message(Step::Metadata, text).hint("remove `static`"));
            }
        };
        let strip = if compilation.options.strip { template.strip_flags } else { &[] };
        for argument in template.arguments {
            if *argument == "{flags}" {
                command.args(level).args(static_flags).args(strip).args(&compilation.flags);
            } else {
                command.arg(fill(argument, build, &source.path, &output));
            }
        }
        if template.program == "zig" && build.host.environment.supervision().confinement.is_some() {
            // Its own cache is the user's, where a confined compiler writes nothing.
            command.env("ZIG_GLOBAL_CACHE_DIR", build.host.cache.join("zig"));
        }
        Ok(Call { command, input: None, source, output, query: None, renames: Vec::new() })
    }

    fn reported_inputs(&self, build: Build<'_>, call: &Call, _query: Option<Running>) -> Result<Inputs> {
        reported_inputs::read(build, self.0, call)
    }

    fn own_directories(&self, build: Build<'_>) -> Vec<PathBuf> {
        let environment = build.host.environment;
        let cache = environment.set("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(environment.home()?.join(".cache")));
        // Zig keeps its library compiled there; what it makes of the script is in staging.
        let zig = environment.set("ZIG_GLOBAL_CACHE_DIR").map(PathBuf::from);
        zig.into_iter().chain(cache.map(|cache| cache.join("zig"))).collect()
    }
}
