//! What the go command's build cache hides: headers of C, and what assembly includes from other directories.
//!
//! The go command knows a package by the files in its directory. Of a package that was compiled before it takes the object from
//! its cache, and nobody sees then which headers that was made with; nor would it make the object anew for others. So files
//! that include more are given to it once more by `-overlay`, each with a line that it has never seen.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::error::Result;
use crate::languages::driver::{Build, Call};
use crate::languages::go::go_directories;
use crate::languages::inputs::is_system;
use crate::process::observe::observed::{Observed, What};
use crate::store::stamp::Moment;

/// `call` with such files replaced; `None` if the go command read none.
pub(super) fn shown(build: Build<'_>, call: &Call, observed: &Observed) -> Result<Option<Command>> {
    let environment = build.host.environment;
    #[allow(clippy::disallowed_methods)] // The tree of the go command, not a fact.
    let compiler = std::fs::canonicalize(&build.compilation.compiler.path).unwrap_or_default();
    let mut constant = go_directories::own(environment);
    constant.extend(go_directories::modules(environment));
    constant.extend(compiler.parent().and_then(Path::parent).map(Path::to_owned));
    constant.push(build.staging.to_owned());
    let is_own = |path: &Path| {
        build.compilation.script.path() != Some(path)
            && !is_system(path, build.compilation.base())
            && !constant.iter().any(|directory| path.starts_with(directory))
    };
    let looks = observed.looks.iter().filter(|look| look.what == What::Content && is_own(&look.path));
    let mut replaced: Vec<(&Path, PathBuf)> = Vec::new();
    for path in looks.map(|look| look.path.as_path()) {
        let Some(extension) = path.extension().and_then(|name| name.to_str()) else { continue };
        if !matches!(extension, "go" | "s" | "S") {
            continue;
        }
        let Ok(mut text) = std::fs::read(path) else { continue };
        if includes_more(&String::from_utf8_lossy(&text), extension == "go") {
            let copy = build.staging.join(format!("hidden-{}.{extension}", replaced.len()));
            text.extend(format!("\n// built {}\n", Moment::latest().unix_nanoseconds()).into_bytes());
            std::fs::write(&copy, text).map_err(|error| build.unusable(error))?;
            replaced.push((path, copy));
        }
    }
    let is_overlay = |word: &str| word.trim_start_matches('-').starts_with("overlay");
    if replaced.is_empty() || build.compilation.flags.iter().any(|flag| is_overlay(flag)) {
        return Ok(None);
    }
    let place = build.staging.join("overlay.json");
    let text = std::fs::read(&place).unwrap_or_default();
    let mut overlay: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    for (from, to) in &replaced {
        overlay["Replace"][from.to_string_lossy().as_ref()] = to.to_string_lossy().into();
    }
    std::fs::write(&place, overlay.to_string()).map_err(|error| build.unusable(error))?;
    Ok(Some(with_overlay(&call.command, &place)))
}

/// Whether a file may be compiled with what is not in its own directory.
fn includes_more(text: &str, is_go: bool) -> bool {
    text.lines().map(str::trim_start).any(|line| match is_go {
        true => line.contains("\"C\""),
        false => line.starts_with("#include") && line.contains('/'),
    })
}

/// The same call, with an overlay, and without an id of the build, which would tell how often it was built.
fn with_overlay(build: &Command, overlay: &Path) -> Command {
    let mut command = Command::new(build.get_program());
    let mut words = build.get_args();
    command.args(words.next());
    command.arg(format!("-overlay={}", overlay.display()));
    for word in words {
        match word.to_str() {
            Some(word) if word.starts_with("-overlay=") => {}
            Some(word) if word.starts_with("-ldflags=") && !word.contains("-buildid=") => {
                command.arg(format!("{word} -buildid="));
            }
            _ => drop(command.arg(word)),
        }
    }
    command.env_clear();
    command.envs(build.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(build.get_current_dir().unwrap_or(Path::new("/")));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_calls_c_and_assembly_of_other_directories_is_told_from_what_does_not() {
        for (text, is_go, expected) in [
            ("package a\nimport \"C\"\n", true, true),
            ("package a\nimport (\n\t\"C\"\n)\n", true, true),
            ("package a\nimport \"fmt\"\n", true, false),
            ("#include \"textflag.h\"\n", false, false),
            ("#include \"../inc/v.h\"\n", false, true),
        ] {
            assert_eq!(includes_more(text, is_go), expected, "{text}");
        }
    }
}
