//! Languages that a configuration file defines: `[language.NAME]`.
//!
//! ```toml
//! [language.foo]
//! extensions = ["foo"]
//! compiler = "fooc"
//! arguments = ["{flags}", "-o", "{output}", "--depfile", "{read}", "{source}"]
//! depfile = true                       # it writes what it read to {read}, as Makefiles have it; for where it is not observed
//! variables = ["FOO_PATH"]             # variables that it goes by; it is given these and the common ones
//! release = ["-O"]                     # for {flags}, likewise `dev`, `quick`, `static` and `strip`
//! formatter = ["foofmt"]               # what `runner fmt` pipes a script through
//! version = ["--version"]              # what makes it say its version
//! comment = "#"                        # what begins a comment
//! shebang = true                       # it passes over a `#!` line
//! install = "get it from https://foo.example"
//! ```
//!
//! Where the compiler cannot be observed (see [`crate::build::observing`]) it is taken at its word by `depfile`, and without
//! that a build is not kept. A user's language takes precedence over a
//! built-in one. Its definition is part of the key of each script in it.

use std::ffi::OsStr;
use std::path::Path;

use toml::{Table, Value};

use crate::base::digest::Digest;
use crate::base::error::Error;
use crate::languages::language::{Compilers, Language, Report, Template};
use crate::languages::metadata;
use crate::script::script_file::Script;
use crate::settings::config_file::LanguageTable;

/// A language, and the digest of its definition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserLanguage {
    pub(crate) language: &'static Language,
    digest: Digest,
}

impl UserLanguage {
    /// Names the language and its definition.
    pub(crate) fn identity(&self) -> String {
        format!("{} {}", self.language.name, self.digest.short(16))
    }
}

const KEYS: &[&str] = &[
    "extensions",
    "compiler",
    "arguments",
    "depfile",
    "variables",
    "release",
    "dev",
    "quick",
    "static",
    "strip",
    "version",
    "formatter",
    "comment",
    "shebang",
    "install",
];

/// Reads a table; else the key that is wrong (none is the table itself), and why.
fn read(name: &str, table: &Table) -> Result<UserLanguage, (Option<String>, String)> {
    let wrong = |key: &str, why: &str| Err((Some(key.to_owned()), why.to_owned()));
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '+');
    if name.is_empty() || !name.chars().all(is_name) || matches!(name, "rust" | "rs") {
        return Err((None, format!("`{}` cannot name a language", name.escape_debug())));
    }
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let text = format!("unknown key `{}`; supported: {}", key.escape_debug(), KEYS.join(", "));
        return Err((Some(key.clone()), text));
    }
    let list = |key: &str| -> Result<Option<Vec<String>>, (Option<String>, String)> {
        let Some(value) = table.get(key) else { return Ok(None) };
        let texts = value.as_array().and_then(|list| {
            list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.map(Some).ok_or_else(|| (Some(key.to_owned()), format!("`{key}` must be a list of strings")))
    };
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err((Some(key.to_owned()), format!("`{key}` must be a string"))),
    };
    let switch = |key: &str| match table.get(key) {
        None => Ok(false),
        Some(Value::Boolean(on)) => Ok(*on),
        Some(_) => Err((Some(key.to_owned()), format!("`{key}` must be true or false"))),
    };
    let needed = |key: &str| (None, format!("`{key}` is missing"));
    let compiler = text("compiler")?.ok_or_else(|| needed("compiler"))?;
    if compiler.is_empty() || compiler.contains('/') && !compiler.starts_with('/') {
        return wrong("compiler", "`compiler` must be the name of a program on PATH, or an absolute path");
    }
    let extensions = list("extensions")?.ok_or_else(|| needed("extensions"))?;
    let is_fine = |one: &String| !one.is_empty() && !one.contains(['.', '/']) && one != "rs";
    if extensions.is_empty() || !extensions.iter().all(is_fine) {
        return wrong("extensions", "`extensions` must be names without a dot, for example `[\"foo\"]`");
    }
    let arguments = list("arguments")?.ok_or_else(|| needed("arguments"))?;
    let has = |what: &str| arguments.iter().any(|argument| argument.contains(what));
    let depfile = switch("depfile")?;
    for (place, is_needed) in [("{source}", true), ("{output}", true), ("{read}", depfile)] {
        if is_needed && !has(place) {
            return wrong("arguments", &format!("`arguments` must contain `{place}`"));
        }
    }
    let quick = list("quick")?.unwrap_or_default();
    let template = Template {
        program: kept(compiler),
        version: kept_list(list("version")?.unwrap_or_else(|| vec!["--version".to_owned()])),
        arguments: kept_list(arguments),
        release: kept_list(list("release")?.unwrap_or_default()),
        dev: kept_list(list("dev")?.unwrap_or_else(|| quick.clone())),
        quick: kept_list(quick),
        static_flags: list("static")?.map(kept_list),
        strip_flags: kept_list(list("strip")?.unwrap_or_default()),
        extensions: kept_list(extensions.iter().map(|extension| format!(".{extension}")).collect()),
        takes_shebang: switch("shebang")?,
        runs_in_script_directory: true,
        line_marker: None,
        report: if depfile { Report::Depfile } else { Report::Words(&[""], &[]) },
        subcommands: &[],
        install: kept(
            text("install")?
                .unwrap_or_else(|| "install it, or change `compiler` in the configuration".to_owned()),
        ),
    };
    let language = Language {
        name: kept(name.to_owned()),
        display_name: kept(name.to_owned()),
        aliases: &[],
        extensions: kept_list(extensions),
        programs: &[],
        code_prefixes: &[],
        line_comment: kept(text("comment")?.unwrap_or_default()),
        formatter: kept_list(list("formatter")?.unwrap_or_default()),
        variables: kept_list(list("variables")?.unwrap_or_default()),
        compilers: Compilers::Templates(Box::leak(Box::new([template]))),
    };
    let digest = Digest::of(table.to_string().as_bytes());
    Ok(UserLanguage { language: Box::leak(Box::new(language)), digest })
}

/// The user's language of a script: by the value of `--lang`, else by the metadata, else by the extension.
///
/// # Errors
/// [`Step::Config`](crate::Step::Config) if any of the tables is malformed, at its place in the file.
pub(crate) fn of(
    script: &Script,
    text: &str,
    asked: Option<&str>,
    tables: &[LanguageTable],
) -> Result<Option<UserLanguage>, Error> {
    let mut languages = Vec::with_capacity(tables.len());
    for table in tables {
        let error = |(key, text): (Option<String>, String)| table.error(key.as_deref(), &text);
        languages.push(read(&table.name, &table.table).map_err(error)?);
    }
    if languages.is_empty() {
        return Ok(None);
    }
    let block = metadata::metadata_language(text);
    let found = match asked.or(block.as_deref()) {
        Some(name) => languages.iter().find(|one| one.language.name == name),
        None => {
            let extension = script.path().and_then(Path::extension).and_then(OsStr::to_str);
            let extension = extension.unwrap_or_default();
            languages.iter().find(|one| one.language.extensions.contains(&extension))
        }
    };
    Ok(found.copied())
}

/// Leaks a text: a configuration is read once or twice.
fn kept(text: String) -> &'static str {
    text.leak()
}

fn kept_list(list: Vec<String>) -> &'static [&'static str] {
    list.into_iter().map(kept).collect::<Vec<_>>().leak()
}
