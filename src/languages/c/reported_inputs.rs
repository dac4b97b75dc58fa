//! The inputs of a C program where its compiler is not observed: the reports of compiler and linker, and every directory of the
//! script's own that is searched, since no report says which names were looked for in vain.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::error::Result;
use crate::base::order;
use crate::build::depfile;
use crate::languages::driver::Build;
use crate::languages::inputs::{Inputs, is_system};
use crate::process::running::Running;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// The linker's report of what it read.
pub(super) fn linker_report(staging: &Path) -> PathBuf {
    staging.join("linked")
}

/// Asks which directories the compiler searches for headers.
pub(super) fn query(build: Build<'_>, before: &[String], language: &str) -> Command {
    let compilation = build.compilation;
    let mut command = build.command(&compilation.compiler.path);
    command.args(&compilation.compiler.arguments).args(before).args(&compilation.flags);
    command.args(["-E", "-v", "-x", language, "-"]).env("LC_ALL", "C");
    command
}

/// Reads the reports of the compiler and the linker, and the answer to [`query`]; `words` are all flags of the call.
///
/// # Errors
/// [`crate::Step::Cache`] if the compiler's report cannot be read.
pub(super) fn read(build: Build<'_>, words: &[&str], query: Option<Running>) -> Result<Inputs> {
    let compilation = build.compilation;
    let base = compilation.base();
    let mut inputs = Inputs::default();
    let answer = query.and_then(|mut child| child.finish(build.host.environment.supervision()).ok());
    let answer =
        answer.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let mut directories = searched(&answer, base);
    if directories.is_empty() {
        inputs.checks.push(Check::never("the compiler does not say where it looks for headers"));
    }
    if let Some(word) = words.iter().find(|word| may_read(word)) {
        inputs
            .checks
            .push(Check::never(&format!("without observation nobody knows what `{word}` makes it read")));
    }
    let report = std::fs::read(build.report()).map_err(|error| build.unusable(error))?;
    let linked = std::fs::read(linker_report(build.staging)).unwrap_or_default();
    let mut texts = vec![compilation.script.bytes().to_vec()];
    for path in depfile::parse(&report).into_iter().chain(depfile::parse(&linked)).map(|path| base.join(path))
    {
        // Temporary objects of this build do not exist any more.
        let is_script = Some(path.as_path()) == compilation.script.path();
        if path.starts_with(build.staging) || is_script || !path.is_file() {
            continue;
        }
        if !is_system(&path, base) {
            directories.extend(path.parent().map(Path::to_owned));
            texts.extend(std::fs::read(&path));
        }
        inputs.add(path, base);
    }
    let has =
        |word: &str| texts.iter().any(|text| text.windows(word.len()).any(|part| part == word.as_bytes()));
    if [".incbin", ".include", "#embed"].iter().any(|word| has(word)) {
        inputs.checks.push(Check::never("what the assembler includes is not reported"));
    }
    directories.push(base.to_owned());
    order::sort(&mut directories);
    directories.dedup();
    let since = Moment::now();
    for directory in directories.iter().filter(|directory| !is_system(directory, base)) {
        let check = Check::directory(directory, Names::All, since);
        inputs.checks.push(check.unwrap_or_else(|_| Check::absent(directory)));
    }
    Ok(inputs)
}

/// Whether a flag may make a compiler or a linker read something that is not reported.
fn may_read(word: &str) -> bool {
    let is_searched = ["-L", "-l", "-B", "-Wl,", "-Xlinker", "-T", "-specs", "-fplugin", "-Wa,", "-include"];
    !word.starts_with('-') || word.contains('@') || is_searched.iter().any(|option| word.starts_with(option))
}

/// The directories in the output of `cc -E -v`, and those of the search path that do not exist.
fn searched(said: &str, base: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut is_list = false;
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix("ignoring nonexistent directory \"") {
            found.push(base.join(rest.trim_end_matches('"')));
        } else if line.starts_with("#include ") {
            is_list = true;
        } else if line.starts_with("End of search list") {
            is_list = false;
        } else if let Some(directory) = line.strip_prefix(' ').filter(|_| is_list) {
            found
                .push(base.join(directory.trim_end_matches(" (framework directory)")).components().collect());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_path_is_read() {
        let said = "ignoring nonexistent directory \"/no\"\n#include \"...\" search starts here:\n inc\n\
                    #include <...> search starts here:\n /usr/include\nEnd of search list.\n other\n";
        assert_eq!(searched(said, Path::new("/s")), ["/no", "/s/inc", "/usr/include"].map(PathBuf::from));
    }

    #[test]
    fn a_flag_that_names_a_file_or_a_place_to_search_may_read() {
        for (word, expected) in [
            ("-O2", false),
            ("-DX=1", false),
            ("-lm", true),
            ("b.c", true),
            ("@args", true),
            ("-Wl,-s", true),
            ("-Iinc", false),
        ] {
            assert_eq!(may_read(word), expected, "{word}");
        }
    }
}
