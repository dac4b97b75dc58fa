//! Templates: compilers that a few lines of data describe.
//!
//! In arguments `{source}`, `{output}`, `{staging}` and `{read}` stand for paths: what is compiled, what is made, a directory
//! of ours, and the file that says what was read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::base::error::{Error, Result, Step};
use crate::languages::build::{Call, Input, Inputs, Site};
use crate::languages::compiler::{self, Compiler, Search};
use crate::languages::depfile;
use crate::languages::metadata::Head;
use crate::languages::recipe::{Level, SCRIPT};
use crate::languages::source::Source;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// A compiler of one file into one program.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) program: &'static str,
    /// What makes it say its version.
    pub(crate) version: &'static [&'static str],
    pub(crate) arguments: &'static [&'static str],
    pub(crate) release: &'static [&'static str],
    pub(crate) dev: &'static [&'static str],
    pub(crate) quick: &'static [&'static str],
    /// For a program without shared libraries, if it makes such.
    pub(crate) fixed: Option<&'static [&'static str]>,
    /// For a program without the names of its symbols, if it makes such.
    pub(crate) strip: &'static [&'static str],
    /// Extensions without which it does not take a file, the first for copies.
    pub(crate) extensions: &'static [&'static str],
    /// Whether it passes over a first line for the kernel.
    pub(crate) takes_shebang: bool,
    /// Whether it runs in the script's directory; else it finds nothing there but by the source's own path.
    pub(crate) runs_beside: bool,
    /// Whether it puts files beside its source, so that it gets a copy; what names the source in that.
    pub(crate) marker: Option<&'static str>,
    pub(crate) report: Report,
    /// How many parts of its path name a module, so that one of the script's own may stand in for one of the library.
    pub(crate) module_parts: usize,
    /// Files of settings that it looks for in the script's directory and all above: `{stem}` is the script's.
    pub(crate) settings: &'static [&'static str],
    /// First words of its command line that are not flags.
    pub(crate) subcommands: &'static [&'static str],
    pub(crate) install: &'static str,
}

/// How a compiler says what it read.
#[derive(Debug)]
pub(crate) enum Report {
    /// In the syntax of Makefiles, in `{read}`.
    Depfile,
    /// Likewise, but on the standard output of another call.
    Command(&'static [&'static str]),
    /// In the JSON that nim leaves in `{staging}/cache`.
    Nim,
    /// Not at all; but the names stand in the sources, between one of these and a quote.
    Names(&'static [&'static str]),
    /// It reads nothing but the script and what belongs to the compiler.
    Nothing,
}

/// Finds the compiler.
pub(super) fn find(
    all: &'static [Template],
    head: &Head,
    wanted: Option<&str>,
    search: Search<'_>,
    notes: &mut Vec<String>,
) -> Result<(Compiler, &'static Template)> {
    let mut checks = Vec::new();
    let of_name = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or_default();
        all.iter().find(|template| {
            let rest = name.strip_prefix(template.program);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    };
    let first = all.first().ok_or_else(|| Error::message(Step::Toolchain, "there is no compiler for it"))?;
    let mut names: Vec<(&str, &'static Template)> = Vec::new();
    match (wanted, &head.call) {
        (Some(wanted), _) => names.push((wanted, of_name(wanted).unwrap_or(first))),
        (None, call) => {
            let called = call.as_ref().and_then(|call| Some((call.base_name(), of_name(call.base_name())?)));
            names.extend(called);
            names.extend(all.iter().map(|template| (template.program, template)));
        }
    }
    for (index, (name, template)) in names.iter().enumerate() {
        let Some(path) = search.find(name, &mut checks)? else { continue };
        if index > 0 && names[0].0 != first.program {
            notes.push(format!("`{}` is not on PATH; using `{name}`", names[0].0));
        }
        let version = search.version(&path, template.version)?;
        return Ok((Compiler { path, arguments: Vec::new(), version, checks }, template));
    }
    Err(compiler::missing(wanted.unwrap_or(first.program), first.install))
}

impl Template {
    /// The flags in a script's own call of this compiler.
    pub(super) fn flags(&self, head: &Head, words: Vec<String>) -> Vec<String> {
        if head.call.as_ref().is_none_or(|call| !call.base_name().starts_with(self.program)) {
            return Vec::new();
        }
        let mut flags = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                // What follows is the script's.
                SCRIPT | "--" => break,
                "-o" => drop(words.next()),
                "-run" | "-r" => {}
                word if self.subcommands.contains(&word) => {}
                word if ["-o:", "-of", "-out:", "--out:", "-femit-bin="]
                    .iter()
                    .any(|ours| word.starts_with(ours)) => {}
                _ => flags.push(word),
            }
        }
        flags
    }

    /// How the compiler is called.
    pub(super) fn call(&self, site: Site<'_>) -> Result<Call> {
        let recipe = site.recipe;
        let output = site.staging.join("program");
        let name = recipe.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_fine = self.extensions.iter().any(|extension| name.ends_with(extension))
            && (self.takes_shebang || !recipe.head.has_shebang)
            && self.marker.is_none();
        let extension = self.extensions.first().copied().unwrap_or_default();
        let source =
            Source::place(recipe, is_fine, extension, site.staging).map_err(|error| site.unusable(error))?;
        if let Some(marker) = self.marker {
            let own = recipe.script.path().unwrap_or(Path::new(recipe.script.typed())).to_string_lossy();
            let mut text = marker.replace("{}", &own.replace(['"', '\\', '\n'], "?")).into_bytes();
            text.push(b'\n');
            text.extend(crate::languages::source::text(recipe));
            std::fs::write(&source.path, text).map_err(|error| site.unusable(error))?;
        }
        let mut command = site.command(&recipe.compiler.path);
        if !self.runs_beside {
            command.current_dir(site.staging);
        }
        let level = match recipe.level {
            Level::Release => self.release,
            Level::Dev => self.dev,
            Level::Quick => self.quick,
        };
        let fixed = match (recipe.settings.is_static == Some(true), self.fixed) {
            (false, _) => &[][..],
            (true, Some(fixed)) => fixed,
            (true, None) => {
                let text = format!("`{}` makes no programs without shared libraries", self.program);
                return Err(Error::message(Step::Metadata, text).hint("remove `static`"));
            }
        };
        let strip = if recipe.options.strip { self.strip } else { &[] };
        for argument in self.arguments {
            match *argument {
                "{flags}" => drop(command.args(level).args(fixed).args(strip).args(&recipe.flags)),
                argument => drop(command.arg(fill(argument, site, &source.path, &output))),
            }
        }
        Ok(Call { command, input: None, source, output, aside: None, renames: Vec::new() })
    }

    /// What the compiler read.
    pub(super) fn inputs(&self, site: Site<'_>, call: &Call) -> Result<Inputs> {
        let recipe = site.recipe;
        let base = recipe.base();
        let own = |read: &[PathBuf]| -> Vec<PathBuf> {
            read.iter().filter_map(|path| call.source.own_path(recipe, path)).collect()
        };
        let unread = |error: std::io::Error| {
            let what = "the compiler did not say what it read; nothing was cached";
            Error::new(Step::Compile, anyhow::Error::new(error).context(what))
        };
        let mut inputs = Inputs::default();
        let files = match &self.report {
            Report::Depfile => {
                own(&depfile::parse(&std::fs::read(site.staging.join("read")).map_err(unread)?))
            }
            Report::Command(arguments) => {
                let mut command = site.command(&recipe.compiler.path);
                if !self.runs_beside {
                    command.current_dir(site.staging);
                }
                let filled =
                    arguments.iter().map(|argument| fill(argument, site, &call.source.path, &call.output));
                let output = command.args(filled).stdin(Stdio::null()).stderr(Stdio::null()).output();
                let mut said = output.map_err(unread)?.stdout;
                said.extend(std::fs::read(site.staging.join("read")).unwrap_or_default());
                own(&depfile::parse(&said))
            }
            Report::Nim => own(&nim_files(&site.staging.join("cache")).map_err(unread)?),
            Report::Names(openings) => {
                let (found, absent) = named_files(recipe.script.bytes(), base, openings);
                inputs.checks.extend(absent.iter().map(|path| Check::absent(path)));
                found
            }
            Report::Nothing => Vec::new(),
        };
        let since = Moment::now();
        for path in files.into_iter().filter(|path| path.is_file() && !path.starts_with(site.staging)) {
            let tool = crate::languages::language::is_system(&path, base)
                || is_beside(&recipe.compiler.path, &path, base);
            match tool {
                true => inputs.checks.extend(self.stand_ins(base, &path)),
                false => {
                    let directory = path.parent().filter(|directory| *directory != base);
                    let check = directory.and_then(|path| Check::directory(path, Names::Sources, since).ok());
                    inputs.checks.extend(check);
                }
            }
            inputs.files.push(Input { path, tool });
        }
        let stem = recipe.script.stem().to_string_lossy().into_owned();
        for directory in base.ancestors().filter(|_| !self.settings.is_empty()) {
            for name in self.settings {
                let path = directory.join(name.replace("{stem}", &stem));
                match path.is_file() {
                    true => inputs.files.push(Input { path, tool: false }),
                    false => inputs.checks.push(Check::absent(&path)),
                }
            }
        }
        Ok(inputs)
    }

    /// What of the script's own would be read in place of a module of the library: nothing is there.
    fn stand_ins(&self, base: &Path, module: &Path) -> Option<Check<'static>> {
        let parts: Vec<_> = module.components().collect();
        let name: PathBuf = parts.get(parts.len().checked_sub(self.module_parts)?..)?.iter().collect();
        if self.module_parts == 0 {
            return None;
        }
        let path = base.join(name);
        path.ancestors().take_while(|step| !step.exists()).last().map(Check::absent)
    }
}

fn fill(argument: &str, site: Site<'_>, source: &Path, output: &Path) -> OsString {
    let places = [
        ("{source}", source.to_owned()),
        ("{output}", output.to_owned()),
        ("{staging}", site.staging.to_owned()),
        ("{read}", site.staging.join("read")),
    ];
    match places.iter().find_map(|(name, path)| Some((argument.split_once(name)?, path))) {
        None => argument.into(),
        Some(((before, after), path)) => {
            let mut filled = OsString::from(before);
            filled.push(path);
            filled.push(after);
            filled
        }
    }
}

/// Whether a file belongs to the installation of a compiler, and a script in `base` does not.
fn is_beside(compiler: &Path, path: &Path, base: &Path) -> bool {
    let real = crate::script::script_file::resolve_links(compiler).unwrap_or_else(|_| compiler.to_owned());
    let directory = real.parent();
    let root = match directory.and_then(Path::file_name) {
        Some(name) if name == "bin" => directory.and_then(Path::parent),
        _ => directory,
    };
    root.is_some_and(|root| path.starts_with(root) && !base.starts_with(root))
}

/// The files that nim read: what it would need to know to run the program again.
fn nim_files(cache: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(cache)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        let of =
            |key: &str| value.get(key).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        let names = of("depfiles").into_iter().map(|pair| pair.get(0).cloned().unwrap_or(pair));
        found.extend(names.chain(of("configFiles")).filter_map(|name| Some(PathBuf::from(name.as_str()?))));
    }
    match found.is_empty() {
        true => Err(std::io::ErrorKind::NotFound.into()),
        false => Ok(found),
    }
}

/// The files that a source names, those that these name, and so on; and names of which nothing is there.
fn named_files(text: &[u8], base: &Path, openings: &[&str]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut absent = Vec::new();
    let mut pending = vec![(String::from_utf8_lossy(text).into_owned(), base.to_owned())];
    while let Some((text, directory)) = pending.pop() {
        for opening in openings {
            for (at, _) in text.match_indices(opening) {
                let Some((name, _)) = text[at + opening.len()..].split_once('"') else { continue };
                let path = directory.join(name);
                if found.contains(&path) {
                    continue;
                }
                match std::fs::read(&path) {
                    Ok(bytes) => {
                        let directory = path.parent().unwrap_or(base).to_owned();
                        found.push(path);
                        pending.push((String::from_utf8_lossy(&bytes).into_owned(), directory));
                    }
                    // A package of that name, or an import that is never looked at.
                    Err(_) if name.contains('.') => absent.push(path),
                    Err(_) => {}
                }
            }
        }
    }
    (found, absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_the_names_in_sources() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir(root.join("d")).unwrap();
        std::fs::write(root.join("d/a.zig"), "@import(\"b.zig\") @embedFile(\"none.txt\")").unwrap();
        std::fs::write(root.join("d/b.zig"), "@import(\"a.zig\")").unwrap();
        let text = b"const a = @import(\"d/a.zig\"); const s = @import(\"std\");";
        let (found, absent) = named_files(text, root, &["@import(\"", "@embedFile(\""]);
        assert_eq!(found, [root.join("d/a.zig"), root.join("d/b.zig")]);
        assert_eq!(absent, [root.join("d/none.txt")]);
    }
}
