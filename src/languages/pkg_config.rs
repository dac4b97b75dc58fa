//! Flags of system packages: `$(pkg-config --cflags --libs NAME)` in a script's own call of its compiler.
//!
//! Of all that a shell would run in such a line, only this is run: it prints flags and does nothing else. So are the tools of
//! libraries with the same purpose (`sdl2-config --cflags`). The output depends on the tool itself, its variables, and for
//! pkg-config on the files that describe the packages, those they require, and those that would be found before them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::error::Result;
use crate::base::shell_commands::{self, Word};
use crate::base::shell_words;
use crate::languages::compiler::Search;

use crate::process::task::{Output, Task};
use crate::store::trace::fact::Check;

/// Variables with directories of packages.
const TRACED: &[&str] = &["PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"];

/// The flags that a word expands to, if it is such a call and the call succeeds.
pub(super) fn flags(
    word: &Word,
    base: &Path,
    search: Search<'_>,
    checks: &mut Vec<Check<'static>>,
) -> Result<Option<Vec<String>>> {
    let text = word.text.as_str();
    let parenthesized = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    let quoted = || text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    let Some(inner) = parenthesized.or_else(quoted) else { return Ok(None) };
    let mut commands = shell_commands::commands(inner);
    let Some(command) = commands.pop().filter(|_| commands.is_empty()) else { return Ok(None) };
    let Some((program, words)) = command.split_first() else { return Ok(None) };
    let name = program.base_name();
    let is_known = name == "pkgconf" || name.ends_with("-config");
    if !is_known || command.iter().any(|word| word.is_expanded) {
        return Ok(None);
    }
    if !matches!(program.text.as_str(), "pkg-config" | "pkgconf")
        && search.environment.check_named_program(&program.text).is_err()
    {
        // As it stands: a shell that the command is pasted into runs it.
        return Ok(Some(vec![word.text.clone()]));
    }
    let Some(tool) = search.find(&program.text, checks)? else { return Ok(None) };
    checks.extend(TRACED.iter().map(|name| Check::variable(name, search.environment)));
    let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let mut call = Command::new(&tool);
    call.args(&words).env_clear().envs(search.variables.given(search.environment)).current_dir(base);
    let output = Task::new(&call, search.environment.supervision()).stderr(Output::Null).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else { return Ok(None) };
    if matches!(name, "pkg-config" | "pkgconf") {
        descriptions(&tool, &words, base, search, checks)?;
    }
    Ok(Some(shell_words::split(&String::from_utf8_lossy(&output.stdout))))
}

/// The facts of the files that describe packages, and of those that these require.
fn descriptions(
    tool: &Path,
    words: &[&str],
    base: &Path,
    search: Search<'_>,
    checks: &mut Vec<Check<'static>>,
) -> Result<()> {
    let paths = |name: &str| -> Vec<PathBuf> {
        let value = search.environment.variable(name).unwrap_or_default();
        std::env::split_paths(&value).map(|path| base.join(path)).collect()
    };
    let mut directories = paths("PKG_CONFIG_PATH");
    match search.environment.variable("PKG_CONFIG_LIBDIR") {
        Some(_) => directories.extend(paths("PKG_CONFIG_LIBDIR")),
        None => {
            let own = search.ask(tool, &["--variable", "pc_path", "pkg-config"])?;
            directories.extend(std::env::split_paths(own.trim()));
        }
    }
    directories.retain(|directory| !directory.as_os_str().is_empty());
    let mut pending: Vec<String> = names(&words.join(" "));
    let mut seen = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        for directory in &directories {
            let path = directory.join(format!("{name}.pc"));
            let Ok(text) = std::fs::read_to_string(&path) else {
                checks.push(Check::absent(&path));
                continue;
            };
            checks.extend(Check::file(&path, search.since).ok());
            let required = text.lines().filter_map(|line| {
                line.strip_prefix("Requires:").or_else(|| line.strip_prefix("Requires.private:"))
            });
            pending.extend(required.flat_map(names));
            break;
        }
    }
    Ok(())
}

/// The package names among names, options and versions.
fn names(text: &str) -> Vec<String> {
    let words = text.split([' ', ',', '\t']).filter(|word| !word.is_empty());
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_alphabetic());
    words.filter(is_name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_options_and_versions() {
        assert_eq!(names("--cflags --libs gtk4 'x' glib-2.0 >= 2.50, zlib"), ["gtk4", "glib-2.0", "zlib"]);
    }
}
