//! `runner inputs`: lists what a build rests on, and who read it.
//!
//! The list is that of the trace: what decides about a build (settings), what the compiler brought, what dependencies read
//! when they were built, and what the script itself made the compiler read. A hit asks the same and no more.

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::launch_key::launch_key;
use crate::store::cache::Cache;
use crate::store::fact_tree;
use crate::store::file_digest::of_bytes;
use crate::store::key::Key;
use crate::store::trace::fact::{Check, Content, Input, path_of};
use crate::store::trace::{Tools, Trace, Variant};

/// Who read an input, in the order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum InputReader {
    /// The script: its text, its modules, what it includes.
    Script,
    /// A dependency, its build script or a compiler that this started.
    Dependency,
    /// The compiler, for itself: its programs and libraries, headers of the system.
    Compiler,
    /// Nobody: it decides how the build is done.
    Setting,
}

impl InputReader {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            InputReader::Script => "script",
            InputReader::Dependency => "dependency",
            InputReader::Compiler => "compiler",
            InputReader::Setting => "setting",
        }
    }
}

/// One thing that a build rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildInput {
    /// Who read it.
    pub reader: InputReader,
    /// The program that read it, where that was seen.
    pub program: Option<String>,
    /// `file`, `directory`, `link`, `present`, `absent`, `command`, `variable`, `tree`, or `never` for a build that is not to be used
    /// again.
    pub kind: &'static str,
    /// Its path or name.
    pub name: String,
    /// The digest of a file or directory, the target of a link, the path of a command, the value of a variable (or the
    /// digest of a private one). A variable without is unset.
    pub value: Option<String>,
    /// Of a tree: what stands for it besides `name`.
    pub stand_ins: Vec<String>,
    /// Of a tree: what is asked only if one of these has changed.
    pub behind: Vec<BuildInput>,
}

/// What the last build of a script rests on.
///
/// # Errors
/// Those of reading the script and the cache, and if it was not built yet.
pub(crate) fn inputs(context: &Context, script: &Script, options: &Options) -> Result<Vec<BuildInput>> {
    let context = &context.without_named_programs();
    let environment = context.environment();
    let about = |error: Error| error.about(script.display_name());
    let cache = context.cache()?;
    let mut keys = vec![launch_key(script, options, environment)];
    if cache.exists()? && script.package().is_none() {
        let read = recipe::read(script, options, environment).map_err(about)?;
        keys.push(recipe::key(read.as_ref(), environment, &cache));
    }
    let found = keys.iter().find_map(|key| listed(&cache, key, script, environment));
    found.ok_or_else(|| {
        about(Error::message(Step::Cache, "it was not built yet, as it is now"))
            .hint(format!("`runner build --cache {}` builds it", script.display_name()))
    })
}

/// The inputs of the variant that holds, else of the newest.
fn listed(cache: &Cache, key: &Key, script: &Script, environment: &Environment) -> Option<Vec<BuildInput>> {
    let bytes = cache.read_trace(key)?;
    let trace = Trace::parse(key.digest(), &bytes)?;
    let current = trace.current(cache.directory(), environment, Tools::Forgiven);
    let variant = trace.variants.get(current.map_or(0, |current| current.variant))?;
    let mut inputs = of_variant(variant, environment);
    if let Some(path) = script.path() {
        let digest = Digest::of(script.bytes());
        inputs.push(BuildInput {
            value: Some(digest.hex()),
            ..input(InputReader::Script, "file", &path.to_string_lossy())
        });
    }
    // The script's own text first.
    let is_own = |input: &BuildInput| script.path().is_some_and(|path| Path::new(&input.name) == path);
    order::sort_by_key(&mut inputs, |input| {
        (input.reader, rank(input.kind), input.value.is_none(), !is_own(input), input.name.clone())
    });
    Some(inputs)
}

fn of_variant(variant: &Variant<'_>, environment: &Environment) -> Vec<BuildInput> {
    let decisions = variant.about("decisions").and_then(|count| count.parse().ok()).unwrap_or(0);
    let (mut inputs, mut trees) = (Vec::new(), BTreeMap::new());
    let mut decided = 0;
    for check in &variant.checks {
        decided += usize::from(!check.choice);
        let is_decision = check.choice || decided <= decisions;
        let input = described(check, is_decision);
        match fact_tree::tree_of(check).map(Digest::hex) {
            None => inputs.push(input),
            // PATH, which is a variable besides.
            Some(_) if input.kind == "variable" => inputs.push(input),
            Some(tree) => match trees.get(&tree) {
                None => {
                    trees.insert(tree, inputs.len());
                    let facts =
                        fact_tree::tree_of(check).and_then(|digest| fact_tree::read(digest, environment));
                    let behind = facts.iter().flatten().map(|fact| described(fact, is_decision)).collect();
                    inputs.push(BuildInput { behind, value: None, ..input });
                }
                Some(index) => {
                    let tree: Option<&mut BuildInput> = inputs.get_mut(*index);
                    tree.into_iter().for_each(|tree| tree.stand_ins.push(input.name.clone()));
                }
            },
        }
    }
    inputs
}

fn input(reader: InputReader, kind: &'static str, name: &str) -> BuildInput {
    let (program, value) = (None, None);
    let (stand_ins, behind) = (Vec::new(), Vec::new());
    BuildInput { reader, program, kind, name: name.to_owned(), value, stand_ins, behind }
}

fn described(check: &Check<'_>, is_decision: bool) -> BuildInput {
    let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let reader = match is_decision {
        _ if check.dependency => InputReader::Dependency,
        _ if check.tool => InputReader::Compiler,
        true => InputReader::Setting,
        false => InputReader::Script,
    };
    let (kind, name, value) = match &check.input {
        Input::Content { content, path, digest, .. } => {
            let digest = match content {
                Content::File => of_bytes(path_of(path), *digest),
                Content::Names(_) | Content::Tree => *digest,
            };
            (content.noun(), path, Some(digest.hex()))
        }
        Input::Absent { path } => ("absent", path, None),
        Input::Present { path } => ("present", path, None),
        Input::Link { path, target } if target.is_empty() => ("present", path, None),
        Input::Link { path, target } => ("link", path, Some(text(target))),
        Input::Never { why } => ("never", why, None),
        Input::SearchPath { value, .. } => {
            let program = check.by.as_deref().map(text);
            return BuildInput { program, value: Some(text(value)), ..input(reader, "variable", "PATH") };
        }
        Input::Variable { name, value } => ("variable", name, value.as_deref().map(text)),
        Input::Private { name, value } => ("variable", name, Some(format!("blake3 {}", value.short(12)))),
        Input::Command { name, path } => ("command", name, path.as_deref().map(text)),
    };
    let name = path_of(name).to_string_lossy();
    BuildInput { program: check.by.as_deref().map(text), value, ..input(reader, kind, &name) }
}

/// The place of a kind in a list.
fn rank(kind: &str) -> usize {
    const ORDER: &[&str] =
        &["never", "file", "directory", "tree", "link", "present", "absent", "command", "variable"];
    ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len())
}
