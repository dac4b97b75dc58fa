//! The manifest of a Rust script: its metadata as TOML, checked, with the defaults of its dialect.
//!
//! [`Manifest::read`] parses what [`crate::script::header`] found. [`Manifest::to_cargo`] writes the manifest of the small
//! package from which cargo makes the dependency environment: no name of the script's in it, so that scripts with the
//! same metadata share everything, and every relative path absolute.
//!
//! Profiles and lints are turned into compiler arguments by [`crate::rust::profile`].

pub(crate) mod dependencies;
pub(crate) mod fields;
pub(crate) mod inherit;

use std::path::Path;

use toml::{Table, Value};

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::base::text_position::TextPosition;
use crate::request::dialect::Dialect;
use crate::script::header::{Form, Metadata};

pub(crate) use crate::rust::manifest::dependencies::patched_names;
use crate::rust::manifest::dependencies::{
    DEPENDENCIES, dependency_tables, dependency_tables_mut, remove_development,
};
pub(crate) use crate::rust::manifest::fields::EDITIONS;
use crate::script::toml_position::{self, Part};
use crate::settings::script_table::Settings;

use crate::request::package_spec::PACKAGE_NAME;

/// Profiles that need no definition.
const PROFILES: &[&str] = &["release", "dev", "quick", "test", "bench"];

/// A script's metadata.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Manifest {
    table: Table,
    metadata: Option<Metadata>,
    dialect: Dialect,
    /// What it took from its project: see [`inherit`].
    inherited: String,
}

impl Manifest {
    /// Parses the metadata of a script in `dialect`; none is an empty manifest.
    ///
    /// # Errors
    /// [`Step::Metadata`], with the script's own line and column.
    pub(crate) fn read(metadata: Option<Metadata>, dialect: Dialect) -> Result<Manifest> {
        let inherited = String::new();
        let Some(metadata) = metadata else {
            return Ok(Manifest { table: Table::new(), metadata, dialect, inherited });
        };
        let mut table: Table = metadata.toml.parse().map_err(|error| toml_error(&metadata, &error))?;
        if metadata.form == Form::Frontmatter {
            fields::refuse_forbidden(&metadata, &table)?;
        }
        // An edition at the top level is a common slip, and cannot mean anything else.
        if let Some(edition) = table.remove("edition") {
            let package = table.entry("package").or_insert_with(|| Value::Table(Table::new()));
            if let Some(package) = package.as_table_mut() {
                package.entry("edition").or_insert(edition);
            }
        }
        let mut manifest = Manifest { table, metadata: Some(metadata), dialect, inherited };
        manifest.accept_project()?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The same for one kind of build: without what only tests and benchmarks depend on, if it is not for a harness, and
    /// with further dependencies, which win over its own.
    pub(crate) fn for_build(mut self, harness: bool, dependencies: &[(String, String)]) -> Manifest {
        if !harness {
            let targets = self.table.get_mut("target").and_then(Value::as_table_mut);
            for target in targets.into_iter().flat_map(|targets| targets.iter_mut()) {
                target.1.as_table_mut().into_iter().for_each(remove_development);
            }
            remove_development(&mut self.table);
        }
        if !dependencies.is_empty()
            && let Some(table) =
                self.table.entry("dependencies").or_insert_with(|| Table::new().into()).as_table_mut()
        {
            table.extend(
                dependencies.iter().map(|(name, version)| (name.clone(), Value::from(version.as_str()))),
            );
        }
        self
    }

    /// `[project]` is what `[package]` was called once.
    fn accept_project(&mut self) -> Result<()> {
        let (Some(project), Some(metadata)) = (self.table.get("project"), &self.metadata) else {
            return Ok(());
        };
        let edition = project.get("edition").and_then(Value::as_str);
        if edition.unwrap_or(self.dialect.edition("2024")) >= "2024" {
            let text = "`[project]` is not supported as of the 2024 Edition, please use `[package]`";
            return Err(toml_position::error(metadata, &["project"], Part::Key, text));
        }
        if let Some(project) = self.table.remove("project") {
            self.table.entry("package").or_insert(project);
        }
        Ok(())
    }

    pub(crate) fn form(&self) -> Option<Form> {
        self.metadata.as_ref().map(|metadata| metadata.form)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What is read here must be as it should be; the rest is cargo's to judge.
    fn check(&self) -> Result<()> {
        let Some(metadata) = &self.metadata else { return Ok(()) };
        fields::check(metadata, &self.table)?;
        self.check_texts()?;
        let profile = self.settings()?.profile;
        match profile.filter(|name| !self.has_profile(name)) {
            None => Ok(()),
            Some(name) => {
                let text = format!("profile `{}` is not defined", name.escape_debug());
                Err(Error::message(Step::Metadata, text)
                    .placed(self.place_of_setting("profile"))
                    .hint("use `release`, `dev` or `quick`, or define it in the metadata with `inherits`"))
            }
        }
    }

    /// Whether a profile is one of cargo's or runner's, or defined here.
    pub(crate) fn has_profile(&self, name: &str) -> bool {
        PROFILES.contains(&name) || self.profile(name).is_some()
    }

    /// Where a setting of `[package.metadata.runner]` has its value.
    pub(crate) fn place_of_setting(&self, key: &str) -> Option<TextPosition> {
        let metadata = self.metadata.as_ref()?;
        let keys = ["package", "metadata", "runner", key];
        toml_position::position_of(metadata, &keys, Part::Value)
    }

    /// What becomes an argument of a compiler must not become another one.
    fn check_texts(&self) -> Result<()> {
        if holds_nul(&self.table) {
            return Err(Error::message(
                Step::Metadata,
                "the metadata holds a NUL character, which nothing can use",
            ));
        }
        let is_name = |name: &str| {
            name.starts_with(|c: char| c == '_' || c.is_ascii_digit() || unicode_ident::is_xid_start(c))
                && name.chars().all(|c| matches!(c, '-' | '+' | '.') || unicode_ident::is_xid_continue(c))
        };
        if let Some(name) = self.features().and_then(|table| table.keys().find(|name| !is_name(name))) {
            let text = format!("`{name}` is not the name of a feature");
            let metadata = self.metadata.as_ref();
            let place =
                metadata.and_then(|one| toml_position::position_of(one, &["features", name], Part::Key));
            return Err(Error::message(Step::Metadata, text)
                .placed(place)
                .hint("letters, digits, `_`, `-`, `+` and `.`, as in cargo"));
        }
        let check_cfg = || self.lints()?.get("rust")?.get("unexpected_cfgs")?.get("check-cfg")?.as_array();
        let is_cfg = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("cfg("));
        match check_cfg().and_then(|list| list.iter().find(|value| !is_cfg(value))) {
            None => Ok(()),
            Some(value) => {
                Err(Error::message(Step::Metadata, format!("{value} is not a `cfg(…)` to check for"))
                    .hint("for example `check-cfg = ['cfg(fuzzing)']`"))
            }
        }
    }

    /// What the author should know of the fields.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some(metadata) = &self.metadata else { return Vec::new() };
        let line_of = |keys: &[&str]| Some(toml_position::position_of(metadata, keys, Part::Key)?.line);
        let mut notes = Vec::new();
        if let Some(line) = line_of(&["edition"]) {
            notes.push((
                line,
                "`edition` belongs under `[package]`, and is taken as if it were there".to_owned(),
            ));
        }
        if let Some(line) = line_of(&["package", "build"]).filter(|_| self.package_text("build").is_some()) {
            notes.push((line, "`package.build` is not run: a script has no build script".to_owned()));
        }
        for field in fields::unknown(&self.table, metadata.form != Form::Frontmatter) {
            let line = line_of(&field.split('.').collect::<Vec<_>>()).unwrap_or(metadata.line);
            let meant = fields::meant(&field).map(|key| format!("; did you mean `{key}`?"));
            notes.push((line, format!("unused manifest key: {field}{}", meant.unwrap_or_default())));
        }
        order::sort(&mut notes);
        notes.into_iter().map(|(line, text)| format!("line {line}: {text}")).collect()
    }

    /// Where the script has what stands at a place of the manifest that was made of it.
    pub(crate) fn place_of(&self, generated: &str, line: usize, column: usize) -> Option<TextPosition> {
        let metadata = self.metadata.as_ref()?;
        let start: usize = generated.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
        let (keys, part) = toml_position::keys_at(generated, start + column.checked_sub(1)?)?;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        toml_position::position_of(metadata, &keys, part)
    }

    /// Where the script names the dependency that cargo complains of in `text`.
    pub(crate) fn blamed(&self, text: &str) -> Option<TextPosition> {
        // Elsewhere cargo says more itself than a place would.
        let is_about_text = text.contains("failed to parse manifest");
        let metadata = self.metadata.as_ref().filter(|_| is_about_text)?;
        let is_named =
            |name: &str| [format!("`{name}`"), format!("({name})")].iter().any(|one| text.contains(one));
        let part = if text.contains("version requirement") { Part::Value } else { Part::Key };
        let mut tables: Vec<Vec<&str>> = DEPENDENCIES.iter().map(|key| vec![*key]).collect();
        let targets = self.table.get("target").and_then(Value::as_table);
        for target in targets.into_iter().flat_map(Table::keys) {
            tables.extend(DEPENDENCIES.iter().map(|key| vec!["target", target, *key]));
        }
        let named = tables.into_iter().find_map(|keys| {
            let table = keys.iter().try_fold(&self.table, |table, key| table.get(*key)?.as_table())?;
            let name = table.keys().find(|name| is_named(name))?;
            Some(keys.into_iter().chain([name.as_str()]).collect::<Vec<_>>())
        });
        toml_position::position_of(metadata, &named?, part)
    }

    /// Refuses fields that frontmatter may not have.
    pub(crate) fn check_for_frontmatter(&self) -> Result<()> {
        self.metadata.as_ref().map_or(Ok(()), |metadata| fields::refuse_forbidden(metadata, &self.table))
    }

    /// Refuses what cargo makes no binary of: a script of this stem, or with such a name given.
    pub(crate) fn check_name(&self, name: &str) -> Result<()> {
        match fields::forbidden_name(name).filter(|_| self.form() == Some(Form::Frontmatter)) {
            Some(text) => Err(Error::message(Step::Metadata, text)
                .hint("give the script another name, or write `name = \"…\"` under `[package]`")),
            None => Ok(()),
        }
    }

    /// Refuses a compiler that is older than the script asks for.
    pub(crate) fn check_rust_version(&self, version: &rustc_version::Version) -> Result<()> {
        let Some(wanted) = self.package_text("rust-version") else { return Ok(()) };
        let is_older = |wanted: [u64; 3]| [version.major, version.minor, version.patch] < wanted;
        match (&self.metadata, fields::minimum(wanted).is_some_and(is_older)) {
            (Some(metadata), true) => {
                let text = format!("it needs Rust {wanted} or newer, and this is rustc {version}");
                Err(toml_position::error(metadata, &["package", "rust-version"], Part::Value, text)
                    .hint("`rustup update`, or name a newer toolchain: `+T` before the script"))
            }
            _ => Ok(()),
        }
    }

    fn package(&self) -> Option<&Table> {
        self.table.get("package")?.as_table()
    }

    /// A text of `[package]`.
    pub(crate) fn package_text(&self, key: &str) -> Option<&str> {
        self.package()?.get(key)?.as_str()
    }

    /// A text, or a list of texts, of `[package]`, joined as cargo does in `CARGO_PKG_*`.
    pub(crate) fn package_list(&self, key: &str) -> Option<String> {
        match self.package().and_then(|package| package.get(key)) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Array(list)) => {
                Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(":"))
            }
            _ => self.dialect.authors().filter(|_| key == "authors").map(str::to_owned),
        }
    }

    /// The edition it names.
    pub(crate) fn edition(&self) -> Option<&str> {
        self.package_text("edition")
    }

    /// The package's version.
    pub(crate) fn version(&self) -> &str {
        self.package_text("version").unwrap_or(self.dialect.version())
    }

    /// `[package.metadata.runner]`, with rust-script's own toolchain key.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let table = self.package().and_then(|package| package.get("metadata")?.as_table());
        match (table, &self.metadata) {
            (Some(table), Some(metadata)) => crate::settings::script_table::read(metadata, table),
            _ => Ok(Settings::default()),
        }
    }

    /// The table of a profile, if the manifest has one.
    pub(crate) fn profile(&self, name: &str) -> Option<&Table> {
        self.table.get("profile")?.get(name)?.as_table()
    }

    /// `[lints]`, a table a tool.
    pub(crate) fn lints(&self) -> Option<&Table> {
        self.table.get("lints")?.as_table()
    }

    /// `[features]`.
    pub(crate) fn features(&self) -> Option<&Table> {
        self.table.get("features")?.as_table()
    }

    /// Refuses features that are chosen and not there.
    pub(crate) fn check_features(&self, chosen: &[String]) -> Result<()> {
        let own: Vec<&String> = self.features().into_iter().flat_map(Table::keys).collect();
        let optional = self.direct_names();
        let is_there = |name: &str| {
            // Of a dependency, which is cargo's to judge.
            name.contains(['/', ':'])
                || own.iter().any(|one| *one == name)
                || optional.iter().any(|one| one == name)
        };
        let Some(name) = chosen.iter().find(|name| !is_there(name)) else { return Ok(()) };
        let error = Error::message(Step::Arguments, format!("there is no feature `{}`", name.escape_debug()));
        Err(match own.as_slice() {
            [] => error.hint("a script names its features under `[features]`"),
            [one] => error.hint(format!("its only feature is {one}")),
            [others @ .., last] => {
                let others: Vec<&str> = others.iter().map(|name| name.as_str()).collect();
                error.hint(format!("its features are {} and {last}", others.join(", ")))
            }
        })
    }

    /// Whether cargo must be asked: there are dependencies, or cargo features no one else understands.
    pub(crate) fn needs_cargo(&self) -> bool {
        let has_any =
            |value: Option<&Value>| value.and_then(Value::as_table).is_some_and(|table| !table.is_empty());
        DEPENDENCIES.iter().any(|key| has_any(self.table.get(*key)))
            || has_any(self.table.get("target"))
            || self.table.contains_key("cargo-features")
    }

    /// The packages it depends on directly, by the names they have in a lock.
    pub(crate) fn dependency_names(&self) -> Vec<String> {
        let tables = dependency_tables(&self.table).into_iter().flatten();
        tables
            .map(|(key, value)| value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned())
            .collect()
    }

    /// The same without patches and replacements, which depend on nothing.
    pub(crate) fn direct_names(&self) -> Vec<String> {
        dependencies::direct_names(&self.table)
    }

    /// The packages that are patched or replaced.
    pub(crate) fn replaced_names(&self) -> Vec<String> {
        patched_names(&self.table)
    }

    /// The packages it depends on directly, and what it says of each: a requirement, or a table.
    pub(crate) fn requirements(&self) -> Vec<(String, String)> {
        let tables = dependency_tables(&self.table).into_iter().flatten();
        let text = |value: &Value| match value.get("version").unwrap_or(value) {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let name =
            |key: &str, value: &Value| value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned();
        tables.map(|(key, value)| (name(key, value), text(value))).collect()
    }

    /// The features that are asked of a dependency; `None` if it is none.
    pub(crate) fn features_of(&self, name: &str) -> Option<Vec<&str>> {
        let dependency = self.table.get("dependencies")?.get(name)?;
        let features = dependency.get("features").and_then(Value::as_array).into_iter().flatten();
        Some(features.filter_map(Value::as_str).collect())
    }

    /// Every dependency, patch and replacement: its name, what is said of it, and where.
    pub(crate) fn dependencies(&self) -> Vec<(&str, &Value, Option<TextPosition>)> {
        let place = |keys: &[&str]| toml_position::position_of(self.metadata.as_ref()?, keys, Part::Key);
        let all = dependencies::with_keys(&self.table).into_iter();
        all.map(|(keys, value)| (*keys.last().unwrap_or(&""), value, place(&keys))).collect()
    }

    /// Where it asks for unstable features of cargo, if it does.
    pub(crate) fn place_of_cargo_features(&self) -> Option<TextPosition> {
        self.table.get("cargo-features")?;
        toml_position::position_of(self.metadata.as_ref()?, &["cargo-features"], Part::Key)
    }

    /// Whether a dependency or a patch lies in a directory, whose content is then an input.
    pub(crate) fn has_path_dependencies(&self) -> bool {
        dependency_tables(&self.table)
            .into_iter()
            .any(|table| table.values().any(|value| value.get("path").is_some()))
    }

    /// The manifest of the package cargo is given. Paths are taken from `base`, the script's directory.
    pub(crate) fn to_cargo(&self, base: &Path, edition: &str, main: &str) -> String {
        self.to_package(PACKAGE_NAME, base, edition, main)
    }

    /// The manifest of a package of this name.
    pub(crate) fn to_package(&self, name: &str, base: &Path, edition: &str, main: &str) -> String {
        let mut table = self.table.clone();
        let mut package = self.package().cloned().unwrap_or_default();
        package.insert("name".to_owned(), name.into());
        package.entry("version").or_insert_with(|| self.version().into());
        package.insert("edition".to_owned(), edition.into());
        package.insert("publish".to_owned(), false.into());
        // The script's own business, and ours: it changes nothing for cargo.
        let unknown = fields::unknown(&self.table, false);
        let unknown = unknown.iter().filter_map(|field| field.strip_prefix("package."));
        for key in unknown.chain(["build", "metadata", "license-file", "readme"]) {
            package.remove(key);
        }
        for key in ["autobins", "autoexamples", "autotests", "autobenches"] {
            package.insert(key.to_owned(), false.into());
        }
        table.insert("package".to_owned(), package.into());
        for key in fields::unknown(&self.table, false).iter().map(String::as_str).chain(["badges"]) {
            table.remove(key);
        }
        let mut bin = Table::new();
        bin.insert("name".to_owned(), name.into());
        bin.insert("path".to_owned(), main.into());
        table.insert("bin".to_owned(), Value::Array(vec![bin.into()]));
        table.insert("workspace".to_owned(), Table::new().into());
        add_quick_profile(&mut table);
        for dependencies in dependency_tables_mut(&mut table) {
            for (_, dependency) in dependencies.iter_mut() {
                if let Some(Value::String(path)) = dependency.get_mut("path") {
                    *path = base.join(&*path).to_string_lossy().into_owned();
                }
            }
        }
        table.to_string()
    }
}

/// `quick` is unoptimized with the semantics of release: no overflow checks, no debug assertions.
fn add_quick_profile(table: &mut Table) {
    let profiles = table.entry("profile").or_insert_with(|| Table::new().into());
    if let Some(profiles) = profiles.as_table_mut()
        && !profiles.contains_key("quick")
    {
        let mut quick = Table::new();
        quick.insert("inherits".to_owned(), "release".into());
        quick.insert("opt-level".to_owned(), 0.into());
        quick.insert("codegen-units".to_owned(), 16.into());
        quick.insert("lto".to_owned(), "off".into());
        profiles.insert("quick".to_owned(), quick.into());
    }
}

fn holds_nul(table: &Table) -> bool {
    fn in_value(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(list) => list.iter().any(in_value),
            Value::Table(table) => holds_nul(table),
            _ => false,
        }
    }
    table.iter().any(|(key, value)| key.contains('\0') || in_value(value))
}

/// A TOML error where the script has it.
fn toml_error(metadata: &Metadata, error: &toml::de::Error) -> Error {
    let words = error.message().lines().collect::<Vec<_>>().join(", ");
    let position = metadata.position(error.span().map_or(0, |span| span.start));
    Error::message(Step::Metadata, words)
        .placed(Some(position))
        .hint("the metadata at the head of a script is TOML, as in `Cargo.toml`")
}

#[cfg(test)]
mod tests;
