//! Declared inputs: what no tool can see being read, named by the script itself.
//!
//! A proc macro that opens a file or reads a variable by itself leaves no word of it in dep-info. A script that uses one
//! says `inputs = ["templates/*.html"]` and `env = ["API_URL"]` under `[package.metadata.runner]`.

use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::settings::script_table::Settings;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// More than any script means to watch, and few enough to check in milliseconds.
const MOST_FILES: usize = 10_000;

/// The checks of declared inputs: each file a pattern matches, and each directory that was looked into, since a file
/// that appears there may match too. Relative patterns are taken from `base`.
pub(crate) fn checks(
    settings: &Settings,
    base: &Path,
    environment: &Environment,
    start: Moment,
) -> Result<Vec<Check<'static>>> {
    let mut checks: Vec<Check<'static>> = Vec::new();
    for name in &settings.env {
        checks.push(Check::private_variable(name, environment));
    }
    let mut files: Vec<PathBuf> = Vec::new();
    let mut directories: Vec<PathBuf> = Vec::new();
    for pattern in &settings.inputs {
        let bad = |why: String| {
            let text = format!("`package.metadata.runner.inputs` has `{}`: {why}", pattern.escape_debug());
            Error::message(Step::Metadata, text).hint("patterns are paths with `*`, `**`, `?` and `[…]`")
        };
        let base = glob::Pattern::escape(&base.to_string_lossy());
        let full = if pattern.starts_with('/') { pattern.clone() } else { format!("{base}/{pattern}") };
        directories.extend(directories_of(&full));
        for path in glob::glob(&full).map_err(|error| bad(error.to_string()))? {
            let path = path.map_err(|error| bad(error.to_string()))?;
            if path.is_dir() {
                directories.push(path);
            } else {
                directories.extend(path.parent().map(Path::to_owned));
                files.push(path);
            }
            if files.len() > MOST_FILES {
                return Err(bad(format!("it matches more than {MOST_FILES} files")));
            }
        }
    }
    for list in [&mut files, &mut directories] {
        order::sort(list);
        list.dedup();
    }
    let unreadable = |path: &Path, error: std::io::Error| {
        let what = format!("cannot read the declared input `{}`", path.display());
        Error::new(Step::Script, anyhow::Error::new(error).context(what))
    };
    for path in files {
        checks.push(Check::file(&path, start).map_err(|error| unreadable(&path, error))?);
    }
    for path in directories {
        checks.push(match Check::directory(&path, Names::All, start) {
            Err(error) if crate::store::file_digest::is_absence(&error) => Check::absent(&path),
            other => other.map_err(|error| unreadable(&path, error))?,
        });
    }
    Ok(checks)
}

/// The directories a pattern looks into: its fixed beginning, and all that its further parts match. With `**` that is
/// every directory below.
pub(crate) fn directories_of(pattern: &str) -> Vec<PathBuf> {
    let is_wild = |part: &str| part.contains(['*', '?', '[']);
    let parts: Vec<&str> = pattern.split('/').collect();
    let fixed = parts.iter().take_while(|part| !is_wild(part)).count().min(parts.len() - 1);
    let mut found = vec![PathBuf::from(format!("/{}", parts[..fixed].join("/").trim_start_matches('/')))];
    for count in fixed + 1..parts.len() {
        let prefix = parts[..count].join("/");
        let matching = glob::glob(&prefix).into_iter().flatten().flatten();
        found.extend(matching.filter(|path| path.is_dir()).take(MOST_FILES));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_give_their_files_and_the_directories_looked_into() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("t/deep")).unwrap();
        for name in ["t/a.html", "t/b.txt", "t/deep/c.html"] {
            std::fs::write(root.join(name), "").unwrap();
        }
        let lines = |patterns: &[&str]| {
            let settings = Settings {
                inputs: patterns.iter().map(|p| (*p).to_owned()).collect(),
                ..Settings::default()
            };
            let environment = Environment::fixed([]);
            let checks = checks(&settings, root, &environment, Moment::now()).unwrap();
            let mut names: Vec<String> = checks
                .iter()
                .map(|check| {
                    let mut text = Vec::new();
                    check.render(&mut text);
                    let text = String::from_utf8(text).unwrap();
                    let path = text.trim_end().rsplit(' ').next().unwrap();
                    let kind = text.split(' ').next().unwrap();
                    format!("{kind} {}", Path::new(path).strip_prefix(root).unwrap().display())
                })
                .collect();
            names.sort();
            names
        };
        assert_eq!(lines(&["t/*.html"]), ["directory t", "file t/a.html"]);
        assert_eq!(
            lines(&["t/**/*.html"]),
            ["directory t", "directory t/deep", "file t/a.html", "file t/deep/c.html"]
        );
        assert_eq!(lines(&["none/*.x"]), ["absent none"]);
    }
}
