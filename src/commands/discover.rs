//! `runner discover`: the projects of scripts for a plain rust-analyzer or clangd.
//!
//! rust-analyzer (`workspace.discoverConfig`) asks for a path or for the build file of a project it has, and reads lines of
//! JSON: `progress`, then `finished` or `error`. The build file is generated, `v1/editor/ID/Cargo.toml` of the cache, where ID is
//! the digest of the script's real path: rust-analyzer watches that, and asks again when [`refresh`] has rewritten it, which a
//! check does when the metadata are others.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::digest::Digest;
use crate::base::environment::absolute;
use crate::base::error::{Error, Result, Step, usage_error};
use crate::editor::lsp::projects::{Kind, Problem};
use crate::editor::{compile_command, script_project, script_text};
use crate::engine::context::Context;
use crate::script::script_file::Script;
use crate::store::cache::Cache;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Question {
    /// A script, or a file of one.
    Path(PathBuf),
    /// The generated build file of a script.
    BuildFile(PathBuf),
}

impl Question {
    /// `{"path": P}`, `{"buildfile": F}`, or the path of a script.
    fn parse(text: &str) -> Result<Question> {
        if !text.trim_start().starts_with('{') {
            return Ok(Question::Path(absolute(PathBuf::from(text))));
        }
        let malformed = |why: String| {
            usage_error(format!("malformed argument of `discover`: {why}"))
                .with_hint("`runner discover SCRIPT`, or `{\"path\": \"/absolute/SCRIPT\"}`")
        };
        let value: Value = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let path = |key: &str| value[key].as_str().map(|path| absolute(PathBuf::from(path)));
        match (path("path"), path("buildfile")) {
            (Some(path), _) => Ok(Question::Path(path)),
            (None, Some(file)) => Ok(Question::BuildFile(file)),
            (None, None) => Err(malformed("neither `path` nor `buildfile`".to_owned())),
        }
    }
}

/// Answers rust-analyzer: hands each line to `tell`. What is wrong with a script is said there too.
///
/// # Errors
/// [`Step::Arguments`] if the question cannot be understood.
pub(crate) fn discover(context: &Context, question: &str, tell: &dyn Fn(&Value)) -> Result<()> {
    let question = Question::parse(question)?;
    let progress = |message: &str| tell(&json!({"kind": "progress", "message": message}));
    match answer(context, &question, &progress) {
        Ok((project, build_file)) => {
            tell(&json!({"kind": "finished", "buildfile": build_file, "project": project}));
        }
        Err(error) => {
            let cure = error.cure().map(|cure| format!("; {cure}")).unwrap_or_default();
            tell(&json!({"kind": "error", "error": format!("{error}{cure}"), "source": null}));
        }
    }
    Ok(())
}

/// The bare `rust-project.json` of a script.
///
/// # Errors
/// What is wrong with the script.
pub(crate) fn project(context: &Context, question: &str) -> Result<Value> {
    answer(context, &Question::parse(question)?, &|_| {}).map(|(project, _)| project)
}

fn answer(context: &Context, question: &Question, progress: &dyn Fn(&str)) -> Result<(Value, PathBuf)> {
    let path = match question {
        Question::Path(path) => path.clone(),
        Question::BuildFile(file) => {
            let script = fs::read_to_string(file.with_file_name("script")).map_err(|error| {
                let what = format!("cannot read what `{}` belongs to", file.display());
                Error::new(Step::Cache, anyhow::Error::new(error).context(what))
            })?;
            PathBuf::from(script)
        }
    };
    let read = |path: &Path| {
        let text = fs::read_to_string(path).map_err(|error| {
            let what = format!("cannot read `{}`", path.display());
            Error::new(Step::Script, anyhow::Error::new(error).context(what))
        });
        text.map(|text| (path.to_owned(), text))
    };
    let (path, text) = read(&path)?;
    let (path, text) = match script_text::kind(context, &path, "rust", &text) {
        Kind::Script(_) => (path, text),
        Kind::Module { script } => read(&script)?,
        Kind::Other => {
            let package =
                path.ancestors().skip(1).map(|one| one.join("Cargo.toml")).find(|one| one.is_file());
            let text = match package {
                Some(manifest) => format!("`{}` belongs to `{}`", path.display(), manifest.display()),
                None => format!("`{}` is not a script", path.display()),
            };
            return Err(Error::message(Step::Script, text)
                .hint("remove `discoverConfig` from the settings, or use `runner lsp`, which takes both"));
        }
    };
    let program = context.background.and_then(|program| program().ok());
    let made = script_project::project(context, &path, &text, program.as_deref(), progress);
    let project = made.map_err(|problems| of_problems(&path, &problems))?;
    if let Some(problem) = project.problems.first() {
        progress(problem.message.lines().next().unwrap_or_default());
    }
    let mut project = project.rust_project;
    let build_file = write(context, &path, &text)?;
    let directory = build_file.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
    if let Some(script) = project["crates"].get_mut(0) {
        if let Some(include) = script["source"]["include_dirs"].as_array_mut() {
            include.push(directory.into());
        }
        script["build"]["build_file"] = build_file.to_string_lossy().into();
    }
    let place = build_file.with_file_name("rust-project.json");
    // For whoever looks; nothing reads it.
    let _ = cache(context)?.write_whole(&place, project.to_string().as_bytes());
    Ok((project, build_file))
}

fn of_problems(path: &Path, problems: &[Problem]) -> Error {
    let text = problems.first().map_or("its project cannot be made", |problem| problem.message.as_str());
    Error::message(Step::Metadata, text.to_owned()).about(path.to_string_lossy())
}

fn cache(context: &Context) -> Result<Cache> {
    let cache = context.cache()?;
    cache.create()?;
    Ok(cache)
}

/// The directory of what is generated for a script.
fn place(cache: &Cache, path: &Path) -> PathBuf {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    cache.join("editor").join(Digest::of(real.as_os_str().as_encoded_bytes()).short(32))
}

/// The generated build file. Its text changes with the metadata.
fn write(context: &Context, path: &Path, text: &str) -> Result<PathBuf> {
    let cache = cache(context)?;
    let file = place(&cache, path).join("Cargo.toml");
    let head = script_text::head(context, path, crate::editor::lsp::projects::Language::Rust, text);
    let digest = head.map(|head| head.digest).unwrap_or_default();
    let manifest = format!("# Generated by runner for an editor: metadata {digest}.\n");
    let known = fs::read_to_string(&file).ok();
    if known.as_deref() != Some(&manifest) {
        let unusable = |error| cache.unusable("cannot write to", error);
        let script = path.as_os_str().as_encoded_bytes();
        cache.write_whole(&file.with_file_name("script"), script).map_err(unusable)?;
        cache.write_whole(&file, manifest.as_bytes()).map_err(unusable)?;
    }
    Ok(file)
}

/// Rewrites the generated build file of a script that has one, if its metadata are others: rust-analyzer asks again then.
pub(crate) fn refresh(context: &Context, script: &Script) {
    let (Ok(cache), Some(path)) = (context.cache(), script.real_path()) else { return };
    let text = String::from_utf8_lossy(script.bytes());
    if place(&cache, path).is_dir() {
        // An editor that is not told asks at its next start.
        let _ = write(context, path, &text);
    }
}

/// How clangd is to compile scripts, as in `compile_commands.json`.
///
/// # Errors
/// [`Step::Script`] if one of them is not in C or C++; else as for a build, up to the compiler's call.
pub(crate) fn compile_commands(context: &Context, scripts: &[Script]) -> Result<Value> {
    let command = |script: &Script| -> Result<Value> {
        let found = compile_command::compile_command(context, script)
            .map_err(|error| error.about(script.display_name()))?;
        let found = found.ok_or_else(|| {
            let text = "compile commands are for C and C++, and the script is in another language";
            Error::message(Step::Script, text).about(script.display_name())
        })?;
        let file = script.path().unwrap_or(Path::new(script.typed()));
        Ok(json!({"directory": found.directory, "file": file, "arguments": found.arguments}))
    };
    scripts.iter().map(command).collect::<Result<Vec<Value>>>().map(Value::Array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_paths_or_objects() {
        let path = |text: &str| Question::Path(PathBuf::from(text));
        for (text, expected) in [
            ("/a/b", Some(path("/a/b"))),
            (r#"{"path": "/a/b"}"#, Some(path("/a/b"))),
            (r#"{"buildfile": "/c/Cargo.toml"}"#, Some(Question::BuildFile("/c/Cargo.toml".into()))),
            ("{", None),
            ("{}", None),
        ] {
            assert_eq!(Question::parse(text).ok(), expected, "{text}");
        }
    }
}
