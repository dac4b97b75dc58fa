//! What a script takes from the `runner.toml` of its project: `regex.workspace = true`, and lints.
//!
//! The words are cargo's for members of a workspace, and so are the rules: features of both are joined, `optional` is the
//! script's to say, and everything else is the project's.

use toml::{Table, Value};

use crate::base::error::{Error, Result, Step};
use crate::rust::manifest::Manifest;
use crate::rust::manifest::dependencies::dependency_tables_mut;
use crate::script::toml_position::{self, Part};
use crate::settings::project_file::{NAME, Project};

/// What a script may say of a dependency that it inherits.
const OWN_KEYS: &[&str] = &["workspace", "features", "optional", "default-features"];

impl Manifest {
    /// Puts what the project says in the place of what the script inherits.
    ///
    /// # Errors
    /// [`Step::Metadata`] if the project has no such dependency, or the script says more of it than it may.
    pub(crate) fn inherit(mut self, project: &Project) -> Result<Manifest> {
        let mut taken = Table::new();
        let mut table = std::mem::take(&mut self.table);
        for dependencies in dependency_tables_mut(&mut table) {
            for (name, dependency) in dependencies.iter_mut() {
                if dependency.get("workspace").is_some() {
                    let shared = joined(name, dependency, project);
                    *dependency = shared.map_err(|error| error.placed(self.place_of_dependency(name)))?;
                    taken.insert(name.clone(), dependency.clone());
                }
            }
        }
        let is_asked = table.get("lints").is_some_and(|lints| lints.get("workspace").is_some());
        if is_asked && project.lints.is_none() {
            return Err(missing("`[lints]`", project).placed(self.place_of_key(&["lints", "workspace"])));
        }
        if let Some(lints) = project.lints.as_ref().filter(|_| is_asked || !table.contains_key("lints")) {
            table.insert("lints".to_owned(), lints.clone().into());
            taken.insert("lints".to_owned(), lints.clone().into());
        }
        self.table = table;
        if !taken.is_empty() {
            self.check_texts()?;
            self.inherited = taken.to_string();
        }
        Ok(self)
    }

    /// What the script took from its project, as TOML; empty if that is nothing.
    pub(crate) fn inherited(&self) -> &str {
        &self.inherited
    }

    fn place_of_key(&self, keys: &[&str]) -> Option<crate::base::text_position::TextPosition> {
        toml_position::position_of(self.metadata.as_ref()?, keys, Part::Key)
    }

    fn place_of_dependency(&self, name: &str) -> Option<crate::base::text_position::TextPosition> {
        self.place_of_key(&["dependencies", name]).or_else(|| self.place_of_key(&["dev-dependencies", name]))
    }
}

/// The project's dependency, with what the script adds to it.
fn joined(name: &str, own: &Value, project: &Project) -> Result<Value> {
    let name = name.escape_debug();
    let error = |text: String| Error::message(Step::Metadata, text);
    if own.get("workspace") != Some(&Value::Boolean(true)) {
        return Err(error(format!("`{name}.workspace` must be true")).hint("or leave it out"));
    }
    let own = own.as_table().into_iter().flatten();
    let Some(shared) = project.dependencies.get(&name.to_string()) else {
        return Err(missing(&format!("dependency `{name}`"), project));
    };
    let mut table = Table::new();
    match shared {
        Value::String(version) => drop(table.insert("version".to_owned(), version.as_str().into())),
        Value::Table(all) => table.clone_from(all),
        _ => return Err(error(format!("dependency `{name}` in {NAME} must be a version or a table"))),
    }
    for (key, value) in own {
        match (key.as_str(), value) {
            ("workspace", _) => {}
            ("features", Value::Array(more)) => {
                let features = table.entry("features").or_insert_with(|| Value::Array(Vec::new()));
                if let Some(features) = features.as_array_mut() {
                    let new: Vec<Value> =
                        more.iter().filter(|one| !features.contains(one)).cloned().collect();
                    features.extend(new);
                }
            }
            // Cargo's rule: a member may only switch them on.
            ("default-features", Value::Boolean(false)) => {}
            (key, value) if OWN_KEYS.contains(&key) => {
                table.insert(key.to_owned(), value.clone());
            }
            (key, _) => {
                let key = key.escape_debug();
                return Err(error(format!("`{name}` cannot have `{key}` beside `workspace = true`"))
                    .hint(format!("write `{key}` in {NAME}, or leave `workspace` out")));
            }
        }
    }
    Ok(table.into())
}

/// The error of what a project does not have.
#[cold]
fn missing(what: &str, project: &Project) -> Error {
    match &project.path {
        Some(path) => Error::message(Step::Metadata, format!("{what} is not in `{}`", path.display()))
            .hint("add it there, or write it in the script itself"),
        None => Error::message(
            Step::Metadata,
            format!("{what} is inherited, and there is no {NAME} to inherit from"),
        )
        .hint(format!("`{NAME}` is looked for beside the script and above it: `runner help project`")),
    }
}
