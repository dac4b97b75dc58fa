//! The description of a program that was built: path, digests, inputs and build record.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::digest::{Digest, Sums};
use crate::base::error::Result;
use crate::base::fs::cannot;
use crate::build::provenance::Provenance;
use crate::build::record::BuildRecord;
use crate::engine::context::Context;
use crate::engine::program::{Program, Start};
use crate::process::git;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::trace::fact::{Check, Content, Input, path_of};
use crate::store::trace::{Tools, Trace};

/// A program that was built.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Artifact {
    /// The script it was made from, if that is a file.
    pub script: Option<PathBuf>,
    /// The blake3 digest of the script's bytes, in hexadecimal.
    pub script_digest: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its length and its sums.
    pub sums: Sums,
    /// What is known of the build: `profile`, `toolchain`, `target`, `edition`.
    pub about: Vec<(String, String)>,
    /// What it says of itself, if it was built to be handed on.
    pub record: Option<BuildRecord>,
    /// What it was made from, apart from the script.
    pub inputs: Inputs,
    /// How it is started.
    pub start: Start,
}

/// What a build read, looked for and asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inputs {
    /// Files, and the blake3 digests of their content.
    pub files: Vec<(PathBuf, String)>,
    /// Directories in which the names counted.
    pub directories: Vec<PathBuf>,
    /// Where something was, whatever it holds, and links.
    pub present: Vec<PathBuf>,
    /// Where nothing was.
    pub absent: Vec<PathBuf>,
    /// Variables, and whether they were set. Their values may be nobody else's business.
    pub variables: Vec<(String, bool)>,
}

impl Inputs {
    pub(crate) fn of(checks: &[Check<'_>]) -> Inputs {
        let mut inputs = Inputs::default();
        for check in checks {
            match &check.input {
                Input::Content { content: Content::File, path, digest, .. } => {
                    inputs.files.push((path_of(path).to_owned(), digest.hex()));
                }
                Input::Content { path, .. } => inputs.directories.push(path_of(path).to_owned()),
                Input::Absent { path } => inputs.absent.push(path_of(path).to_owned()),
                Input::Variable { name, value } => {
                    inputs.variables.push((String::from_utf8_lossy(name).into_owned(), value.is_some()));
                }
                Input::Private { name, .. } => {
                    inputs.variables.push((String::from_utf8_lossy(name).into_owned(), true));
                }
                // What a search of PATH found is a file, and among them.
                Input::Command { .. } => {}
                Input::Present { path } | Input::Link { path, .. } => {
                    inputs.present.push(path_of(path).to_owned());
                }
                Input::Never { .. } | Input::SearchPath { .. } => {}
            }
        }
        inputs
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let files =
            self.files.iter().map(|(path, digest)| json!({"path": path.to_string_lossy(), "b3": digest}));
        let paths =
            |list: &[PathBuf]| list.iter().map(|path| path.to_string_lossy().into()).collect::<Vec<Value>>();
        let variables = self.variables.iter().map(|(name, is_set)| json!({"name": name, "set": is_set}));
        json!({
            "files": files.collect::<Vec<_>>(), "directories": paths(&self.directories),
            "present": paths(&self.present), "absent": paths(&self.absent), "env": variables.collect::<Vec<_>>(),
        })
    }
}

impl Artifact {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let mut fields = match &self.record {
            Some(record) => record.to_json(),
            None => json!({}),
        };
        for (name, text) in &self.about {
            if fields.get(name).is_none() {
                fields[name.as_str()] = text.as_str().into();
            }
        }
        let script = self.script.as_ref().map(|script| script.to_string_lossy());
        fields["script"] = json!(script);
        fields["script_b3"] = self.script_digest.as_str().into();
        fields["path"] = self.path.to_string_lossy().into();
        fields["bytes"] = self.sums.bytes.into();
        fields["b3"] = self.sums.b3.hex().into();
        fields["sha256"] = self.sums.sha256.as_str().into();
        fields["inputs"] = self.inputs.to_json();
        let lossy = |text: &OsString| text.to_string_lossy().into_owned();
        let arguments: Vec<String> = self.start.arguments.iter().map(lossy).collect();
        let mut variables = serde_json::Map::new();
        variables.extend(self.start.variables.iter().map(|(name, value)| (lossy(name), lossy(value).into())));
        fields["run"] = json!({"argv0": lossy(&self.start.name), "args": arguments, "env": variables});
        fields
    }
}

/// These options for a build that is handed on.
pub(crate) fn portable_options(context: &Context, script: &Script, options: &Options) -> Options {
    let revision = script.real_path().and_then(|path| git::revision_of(path, context.environment()));
    Options { portable: true, revision, ..options.clone() }
}

/// What the program of a script rests on: its trace says it, or the program itself if it has none.
pub(crate) fn provenance(context: &Context, program: &Program, options: &Options) -> Provenance {
    if let Some(provenance) = program.provenance() {
        return provenance.clone();
    }
    let Ok(cache) = context.cache() else { return Provenance::default() };
    let id = launch_key(program.script(), options, context.environment());
    provenance_at(context, &cache, &id)
}

/// What the build under a key rests on.
pub(crate) fn provenance_at(context: &Context, cache: &Cache, id: &Key) -> Provenance {
    let Some(bytes) = cache.read_trace(id) else { return Provenance::default() };
    let Some(trace) = Trace::parse(id.digest(), &bytes) else { return Provenance::default() };
    let current = trace.current(cache.directory(), context.environment(), Tools::Forgiven);
    let Some(variant) = current.and_then(|current| trace.variants.get(current.variant)) else {
        return Provenance::default();
    };
    let about = ["profile", "edition", "toolchain", "target"];
    let about = about.iter().filter_map(|name| Some(((*name).to_owned(), variant.about(name)?)));
    Provenance {
        checks: variant.checks.iter().map(|check| check.clone().into_owned()).collect(),
        about: about.collect(),
    }
}

/// What there is to say of a program that was put at `path`.
pub(crate) fn describe(
    context: &Context,
    program: &Program,
    options: &Options,
    path: &Path,
) -> Result<Artifact> {
    let unreadable = |error| cannot("read the program of", path, error);
    // Not what is at the path: a device or a FIFO gives nothing back.
    let mut bytes = Vec::new();
    program.open().and_then(|mut file| file.read_to_end(&mut bytes)).map_err(unreadable)?;
    let provenance = provenance(context, program, options);
    Ok(Artifact {
        script: program.script().path().map(Path::to_owned),
        script_digest: Digest::of(program.script().bytes()).hex(),
        path: path.to_owned(),
        sums: Sums::of_reader(&mut &*bytes).map_err(unreadable)?,
        about: provenance.about,
        record: BuildRecord::read(&bytes),
        inputs: Inputs::of(&provenance.checks),
        start: program.start(),
    })
}
