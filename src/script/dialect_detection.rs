//! Detects the dialect of a script; names the variables that its tool sets.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::request::dialect::Dialect;
use crate::script::header::{Form, Header};
use crate::script::script_file::Script;
use crate::script::tool_call::Tool;

/// The manifest's form says it best, then the name runner was called by, then the first line.
pub(crate) fn detect(form: Option<Form>, asked: Option<Dialect>, tool: Option<&Tool>) -> Dialect {
    let of_tool = match tool {
        Some(Tool::Cargo) => Dialect::Cargo,
        Some(Tool::RustScript) => Dialect::RustScript,
        Some(Tool::Rustc) => Dialect::Rustc,
        Some(Tool::Runner | Tool::Other(_)) | None => Dialect::Runner,
    };
    match form {
        Some(Form::Frontmatter) => Dialect::Cargo,
        Some(Form::Block | Form::Short) => Dialect::RustScript,
        Some(Form::Scriptisto) => Dialect::Scriptisto,
        None => asked.unwrap_or(of_tool),
    }
}

/// Whether a script was written for cargo-script, which knew one edition only, and says so by what later ones do not need.
/// Many that name it were written since, for what has taken its name over.
pub(crate) fn is_for_cargo_script(header: &Header<'_>, text: &str) -> bool {
    let names_it = |line: &str| ["cargo-script", "cargo script"].iter().any(|name| line.contains(name));
    header.shebang.is_some_and(names_it) && (text.contains("extern crate ") || text.contains("try!("))
}

/// The variables that tell the program of its script when it runs.
pub(crate) fn variables_at_run(dialect: Dialect, script: &Script, base: &Path) -> Vec<(OsString, OsString)> {
    match dialect {
        Dialect::Cargo => {
            let mut variables = vec![("CARGO_MANIFEST_DIR".into(), base.into())];
            variables.extend(script.path().map(|path| ("CARGO_MANIFEST_PATH".into(), path.into())));
            variables
        }
        Dialect::RustScript => rust_script_variables(script, base),
        Dialect::Runner | Dialect::Rustc | Dialect::Scriptisto => Vec::new(),
    }
}

/// The variables that tell the compiler of its script, besides cargo's.
pub(crate) fn variables_at_build(
    dialect: Dialect,
    script: &Script,
    base: &Path,
) -> Vec<(OsString, OsString)> {
    match dialect {
        Dialect::RustScript => rust_script_variables(script, base),
        _ => Vec::new(),
    }
}

/// Whose variables a script in this dialect may read: rust-script's, and those of the tools that it comes from.
const RUST_SCRIPT_TOOLS: [(&str, &str); 3] = [
    ("RUST_SCRIPT_", "RUST_SCRIPT_PATH"),
    ("CARGO_SCRIPT_", "CARGO_SCRIPT_SCRIPT_PATH"),
    ("CARGO_EVAL_", "CARGO_EVAL_SCRIPT_PATH"),
];

/// Whether a variable is one of [`variables_at_build`].
pub(crate) fn is_variable(name: &str) -> bool {
    let is_of = |(prefix, path): &(&str, &str)| {
        let rest = name.strip_prefix(prefix);
        name == *path || rest.is_some_and(|rest| matches!(rest, "SAFE_NAME" | "PKG_NAME" | "BASE_PATH"))
    };
    RUST_SCRIPT_TOOLS.iter().any(is_of)
}

/// As rust-script 0.36 sets them; a script that is no file has no path. Those of its ancestors are for scripts that name them.
fn rust_script_variables(script: &Script, base: &Path) -> Vec<(OsString, OsString)> {
    let stem = script.stem();
    let package = rust_script_package(&String::from_utf8_lossy(stem.as_bytes()));
    let names = |prefix: &str| script.bytes().windows(prefix.len()).any(|bytes| bytes == prefix.as_bytes());
    let mut variables: Vec<(OsString, OsString)> = Vec::new();
    for (index, (prefix, path)) in RUST_SCRIPT_TOOLS.iter().enumerate() {
        if index == 0 || names(prefix) {
            variables.push((path.into(), script.path().map(Into::into).unwrap_or_default()));
            variables.push((format!("{prefix}SAFE_NAME").into(), stem.clone()));
            variables.push((format!("{prefix}PKG_NAME").into(), package.clone().into()));
            variables.push((format!("{prefix}BASE_PATH").into(), base.into()));
        }
    }
    variables
}

/// The package's name as rust-script has it: lower case, `_` before a digit at its head and for what is not
/// `[a-z0-9_-]`.
fn rust_script_package(stem: &str) -> String {
    let mut name = String::new();
    for character in stem.chars().flat_map(char::to_lowercase) {
        match character {
            '0'..='9' if name.is_empty() => name.extend(['_', character]),
            'a'..='z' | '0'..='9' | '_' | '-' => name.push(character),
            _ => name.push('_'),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_most_then_the_name_then_the_first_line() {
        let (cargo, rustc) = (Some(Tool::Cargo), Some(Tool::Rustc));
        for (form, asked, tool, expected) in [
            (None, None, None, Dialect::Runner),
            (None, None, Some(Tool::Other("sh".to_owned())), Dialect::Runner),
            (None, None, rustc.clone(), Dialect::Rustc),
            (None, Some(Dialect::RustScript), rustc, Dialect::RustScript),
            (Some(Form::Block), None, cargo.clone(), Dialect::RustScript),
            (Some(Form::Frontmatter), Some(Dialect::RustScript), None, Dialect::Cargo),
            (None, None, cargo, Dialect::Cargo),
        ] {
            assert_eq!(detect(form, asked, tool.as_ref()), expected, "{form:?} {asked:?} {tool:?}");
        }
    }

    #[test]
    fn rust_scripts_names_are_its_own() {
        for (stem, expected) in [("Hello", "hello"), ("9x", "_9x"), ("a.b c", "a_b_c"), ("é-_", "_-_")] {
            assert_eq!(rust_script_package(stem), expected);
        }
    }
}
