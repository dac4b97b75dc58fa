//! The metadata of a script as data, for hosts that show or judge it.

use serde_json::{Value, json};

use crate::base::error::Result;
use crate::base::policy::Policy;
use crate::build::backend::Backend;
use crate::engine::context::Context;
use crate::engine::recipe::{self, ReadScript};
use crate::request::dialect::Dialect;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::origin::Origin;

/// What a script says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The name of its language: `rust`, `c`.
    pub language: String,
    /// Whose rules it follows, if it is in Rust.
    pub dialect: Option<Dialect>,
    /// The Rust edition that it names.
    pub edition: Option<String>,
    /// The crates that it depends on directly, and its requirement of each.
    pub dependencies: Vec<(String, String)>,
    /// The settings that it makes, on its first line or in its metadata: name and value.
    pub settings: Vec<(String, String)>,
    /// What its author should know of them.
    pub notes: Vec<String>,
}

impl Metadata {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let pairs = |pairs: &[(String, String)], value: &str| -> Vec<Value> {
            pairs.iter().map(|(name, text)| json!({"name": name, value: text})).collect()
        };
        json!({
            "language": self.language,
            "dialect": self.dialect.map(Dialect::as_str),
            "edition": self.edition,
            "dependencies": pairs(&self.dependencies, "requirement"),
            "settings": pairs(&self.settings, "value"),
            "notes": self.notes,
        })
    }
}

/// Reads the metadata of a script. Nothing is run, and no policy is asked: what it would refuse can be seen here.
///
/// # Errors
/// [`crate::Step::Script`] and [`crate::Step::Metadata`] if it is not a script.
pub(crate) fn metadata(context: &Context, script: &Script, options: &Options) -> Result<Metadata> {
    let environment = context.environment().clone().without_named_programs().with_policy(Policy::trusting());
    let read = recipe::read_script(script, options, &environment);
    let read = read.map_err(|error| error.about(script.display_name()))?;
    let (language, dialect, edition, dependencies) = match &read {
        ReadScript::Rust(rust) => {
            let manifest = &rust.manifest;
            let edition = manifest.edition().map(str::to_owned);
            ("rust", Some(manifest.dialect()), edition, manifest.requirements())
        }
        ReadScript::Other(other) => (other.head.language.name, None, None, Vec::new()),
    };
    let read: &dyn Backend = match &read {
        ReadScript::Rust(rust) => rust,
        ReadScript::Other(other) => other,
    };
    let request = read.request();
    let own = request.layers.said_by(|origin| matches!(origin, Origin::FirstLine | Origin::Metadata));
    Ok(Metadata {
        language: language.to_owned(),
        dialect,
        edition,
        dependencies,
        settings: own.map(|(name, value)| (name.to_owned(), value.to_string())).collect(),
        notes: request.notes.clone(),
    })
}
