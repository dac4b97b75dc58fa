//! The project of a Rust script, made from a buffer: `rust-project.json` of the script and its dependencies.
//!
//! The dependency environment is that of a check, and of a first run: whoever comes first builds it for all three. What it
//! is made from is in the cache; nothing is written beside the script.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use rustc_hash::FxHashMap;

use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step, cannot_run};
use crate::editor::lsp::projects::{Problem, Project};
use crate::editor::proc_macro_library;
use crate::editor::rust_project::{self, Artifacts, ScriptCrate, Sysroot};
use crate::editor::script_text::{Text, problem};
use crate::engine::context::Context;
use crate::engine::{background, recipe};
use crate::process::task::Task;
use crate::report::event::{Event, EventSink, Flow};
use crate::request::options::{Harness, Options, Verbosity};
use crate::rust::backend::provisional;
use crate::rust::deps::{self, BuiltPackage};
use crate::rust::invocation;
use crate::rust::recipe::RustRecipe;
use crate::rust::rust_script::RustScript;
use crate::script::header;
use crate::script::script_file::Script;
use crate::script::toml_position::{self, Part};
use crate::store::cache::Cache;

/// The project of a buffer without its dependencies: of `std` alone.
///
/// # Errors
/// As for a build, up to the compiler.
pub(crate) fn bare(context: &Context, path: &Path, text: &str, program: Option<&Path>) -> Result<Value> {
    let script = Script::of_buffer(path, text);
    let cache = existing(context)?;
    let read = recipe::read_rust(&script, &Options::default(), context.environment())?;
    let rust = read.resolve(context.environment(), &cache)?;
    let sysroot = sysroot(&rust, context.environment(), program)?;
    let call = match rust.needs_cargo() {
        true => None,
        false => invocation::known_call(&rust, &cache, context.environment())?,
    };
    Ok(rust_project::bare(&script_crate(path, text, &rust, call.as_ref()), &sysroot))
}

/// The project of a buffer. `progress` takes what is being done.
///
/// # Errors
/// What is wrong with the script, if there is no project at all.
pub(crate) fn project(
    context: &Context,
    path: &Path,
    text: &str,
    program: Option<&Path>,
    progress: &dyn Fn(&str),
) -> std::result::Result<Project, Vec<Problem>> {
    let script = Script::of_buffer(path, text);
    let said = Said::default();
    let made = make(context, &script, text, program, progress, &said);
    match made {
        Ok(rust_project) => Ok(Project { rust_project, problems: Vec::new() }),
        // What can be told without the dependencies is.
        Err(error) if error.step() == Step::Dependencies => {
            let problems = vec![blamed(text, &error, &said.text())];
            let rust_project =
                bare(context, path, text, program).map_err(|error| vec![problem(text, &error)])?;
            Ok(Project { rust_project, problems })
        }
        Err(error) => Err(vec![problem(text, &error)]),
    }
}

fn make(
    context: &Context,
    script: &Script,
    text: &str,
    program: Option<&Path>,
    progress: &dyn Fn(&str),
    said: &Said,
) -> Result<Value> {
    let context = context.heard_by(said.sink());
    let (environment, cache) = (context.environment(), existing(&context)?);
    let read = recipe::read_rust(script, &Options::default(), environment)?;
    let read = match needs_harness(&read, text) {
        true => recipe::read_rust(script, &with_harness(), environment)?,
        false => read,
    };
    let rust = read.resolve(environment, &cache)?;
    let rust = match background::is_on(&read.request.layers, environment) {
        true => provisional(rust, environment, &cache),
        false => rust,
    };
    let sysroot = sysroot(&rust, environment, program)?;
    let path = script.path().unwrap_or(Path::new(script.typed()));
    let reporter = context.reporter(Verbosity::Normal);
    if rust.needs_cargo() && invocation::known_call(&rust, &cache, environment)?.is_none() {
        progress("building dependencies");
    }
    let call = invocation::call(&rust, &cache, environment, &reporter)?;
    let script = script_crate(path, text, &rust, Some(&call));
    if !rust.needs_cargo() {
        return Ok(rust_project::bare(&script, &sysroot));
    }
    progress("reading dependencies");
    let graph = deps::package_graph(&rust, &cache, environment, &reporter)?;
    let artifacts: FxHashMap<String, Artifacts> =
        graph.built.into_iter().map(|(id, built)| (id, artifacts(built, &cache))).collect();
    let metadata = graph.metadata;
    rust_project::with_dependencies(&script, &sysroot, &metadata, &artifacts)
        .map_err(|text| Error::message(Step::Dependencies, text))
}

fn existing(context: &Context) -> Result<Cache> {
    let cache = context.cache()?;
    cache.create()?;
    Ok(cache)
}

/// Whether there are tests with dependencies of their own: an editor is to know those.
fn needs_harness(read: &RustScript, text: &str) -> bool {
    let metadata = header::parse(text).ok().and_then(|header| header.metadata);
    let has_own = metadata.is_some_and(|metadata| metadata.toml.contains("dev-dependencies"));
    has_own
        && read.request.options.harness.is_none()
        && Text::read(text).is_some_and(|text| !text.tests().is_empty())
}

fn with_harness() -> Options {
    Options { harness: Some(Harness::Test), ..Options::default() }
}

fn script_crate(path: &Path, text: &str, rust: &RustRecipe<'_>, call: Option<&deps::Call>) -> ScriptCrate {
    let read = Text::read(text);
    let lossy = |text: &OsStr| text.to_string_lossy().into_owned();
    let base = path.parent().unwrap_or(Path::new("/"));
    let name = rust.package_name();
    let mut variables = vec![
        ("CARGO_MANIFEST_DIR".to_owned(), lossy(base.as_os_str())),
        ("CARGO_MANIFEST_PATH".to_owned(), lossy(path.as_os_str())),
        ("CARGO_PKG_NAME".to_owned(), name.clone()),
        ("CARGO_BIN_NAME".to_owned(), name),
        ("CARGO_CRATE_NAME".to_owned(), rust.crate_name()),
    ];
    let of_call = call.iter().flat_map(|call| &call.variables);
    variables.extend(of_call.map(|(name, value)| (lossy(name), lossy(value))));
    ScriptCrate {
        path: path.to_owned(),
        edition: rust.edition.clone(),
        cfgs: call.map(cfgs).unwrap_or_default(),
        variables,
        modules: read.as_ref().map(|read| read.module_paths(base)).unwrap_or_default(),
        has_tests: read.is_some_and(|read| !read.tests().is_empty()),
    }
}

/// The `--cfg`s of a call.
fn cfgs(call: &deps::Call) -> Vec<String> {
    let words: Vec<String> = call.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if word == "--cfg" {
            found.extend(words.get(at + 1).cloned());
        } else if let Some(cfg) = word.strip_prefix("--cfg=") {
            found.push(cfg.to_owned());
        }
    }
    found
}

/// What a build left, with what its build script said: cargo keeps that beside the `OUT_DIR`.
fn artifacts(built: BuiltPackage, cache: &Cache) -> Artifacts {
    let BuiltPackage { proc_macro, out_directory } = built;
    let proc_macro = proc_macro.map(|library| proc_macro_library::kept(library, cache));
    let said = out_directory.as_ref().map(|directory| directory.with_file_name("output"));
    let said = said.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let (mut cfgs, mut variables) = (Vec::new(), Vec::new());
    for line in said.lines() {
        let Some(line) = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:")) else {
            continue;
        };
        if let Some(cfg) = line.strip_prefix("rustc-cfg=") {
            cfgs.push(cfg.to_owned());
        } else if let Some((name, value)) =
            line.strip_prefix("rustc-env=").and_then(|text| text.split_once('='))
        {
            variables.push((name.to_owned(), value.to_owned()));
        }
    }
    Artifacts { proc_macro, out_dir: out_directory, cfgs, variables }
}

/// The toolchain's share of a project.
fn sysroot(rust: &RustRecipe<'_>, environment: &Environment, program: Option<&Path>) -> Result<Sysroot> {
    let rustc = &rust.toolchain.rustc;
    let above = rustc.parent().and_then(Path::parent).filter(|path| path.join("lib/rustlib").is_dir());
    let path = match above {
        Some(path) => path.to_owned(),
        None => {
            let mut command = Command::new(rustc);
            command.args(["--print", "sysroot"]).env_clear().envs(environment.for_compilers());
            command.current_dir("/");
            let output = Task::new(&command, environment.supervision()).output();
            let output = output.map_err(|error| cannot_run(rustc, error))?;
            let said = String::from_utf8(output.stdout).at(Step::Toolchain)?;
            PathBuf::from(said.trim())
        }
    };
    let target = rust.target.as_ref().map(|target| target.name.clone());
    Ok(Sysroot { path, target, runner: program.map(Path::to_owned) })
}

/// A failure of the dependencies at the line of the one it is about, in cargo's words.
fn blamed(text: &str, error: &Error, said: &str) -> Problem {
    let mut found = problem(text, error);
    let words = said.trim().trim_start_matches("error: ");
    if !words.is_empty() {
        found.message = words.to_owned();
    }
    let metadata = header::parse(text).ok().and_then(|header| header.metadata);
    if let Some(metadata) = metadata.filter(|_| error.position().is_none()) {
        let table: toml::Table = metadata.toml.parse().unwrap_or_default();
        let words = [&found.message, &error.reason()].map(String::as_str).join("\n");
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names =
                table.get(kind).and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
            for name in names
                .filter(|name| words.contains(&format!("`{name}`")) || words.contains(&format!("`{name} ")))
            {
                if let Some(place) = toml_position::position_of(&metadata, &[kind, name], Part::Key) {
                    let at = place.offset(text);
                    let end = text[at..].find('\n').map_or(text.len(), |line| at + line);
                    found.range = at..end;
                }
            }
        }
        if found.range.start == 0 {
            // All that is known: it is in the metadata.
            found.range = metadata.range.clone();
        }
    }
    found
}

/// What cargo and the compiler say while a project is made.
#[derive(Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn sink(&self) -> EventSink {
        let heard = Arc::clone(&self.0);
        EventSink::new(move |event, _| {
            if let (Event::Diagnostics { text, failed: true, .. }, Ok(mut heard)) = (event, heard.lock()) {
                heard.extend_from_slice(text);
            }
            Flow::Go
        })
    }

    fn text(&self) -> String {
        self.0.lock().map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default()
    }
}
