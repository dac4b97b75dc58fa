//! Absent headers: files that a C preprocessor would have read if they existed.
//!
//! The preprocessor reports the headers that it read. But a header that appears in a directory that is searched earlier, or
//! one that `__has_include` did not find, changes the program too. For every name that the script and its own headers mention,
//! each candidate before the one that exists is recorded as absent. If a name is computed (`#include NAME`), the directories
//! themselves are recorded. For the hundreds of system headers, only the directories that are searched before theirs are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// The search path of a preprocessor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Directories {
    /// For names in quotes, after the directory of the including file.
    quoted: Vec<PathBuf>,
    /// For all names, and whether the directory is one of the system's.
    all: Vec<(PathBuf, bool)>,
    /// Directories of the search path that do not exist.
    missing: Vec<PathBuf>,
}

impl Directories {
    /// Parses the output of `cc -E -v`.
    pub(super) fn parse(said: &str, base: &Path, is_system: impl Fn(&Path) -> bool) -> Directories {
        let mut found = Directories::default();
        let mut section = 0;
        for line in said.lines() {
            if let Some(rest) = line.strip_prefix("ignoring nonexistent directory \"") {
                found.missing.push(base.join(rest.trim_end_matches('"')));
            } else if line.starts_with("#include \"...\" search") {
                section = 1;
            } else if line.starts_with("#include <...> search") {
                section = 2;
            } else if line.starts_with("End of search list") {
                section = 0;
            } else if let Some(directory) = line.strip_prefix(' ').filter(|_| section > 0) {
                let path = base.join(directory.trim_end_matches(" (framework directory)"));
                let path: PathBuf = path.components().collect();
                match section {
                    1 => found.quoted.push(path),
                    _ => found.all.push((path.clone(), is_system(&path))),
                }
            }
        }
        found
    }
}

/// The result of a scan.
#[derive(Default)]
pub(super) struct Scanned {
    /// Files whose content may matter though the compiler does not report them.
    pub(super) files: Vec<PathBuf>,
    pub(super) checks: Vec<Check<'static>>,
}

/// A name that a file mentions.
#[derive(Debug, PartialEq, Eq)]
struct Mention<'a> {
    name: &'a str,
    is_quoted: bool,
    /// Whether it is only tested for, or read in a way that no compiler reports.
    is_unreported: bool,
}

/// Scans a script in the directory `base` and its `own` headers; of `system` headers only the paths count.
pub(super) fn scan(
    text: &[u8],
    script: Option<&Path>,
    base: &Path,
    own: &[PathBuf],
    system: &[PathBuf],
    directories: &Directories,
) -> Scanned {
    let mut scan =
        Scan { directories, watched: BTreeSet::new(), absent: BTreeSet::new(), files: BTreeSet::new() };
    scan.file(&String::from_utf8_lossy(text), script.and_then(Path::parent).unwrap_or(base), base);
    for path in own {
        // A precompiled header.
        let mut compiled = path.clone().into_os_string();
        compiled.push(".gch");
        scan.absent(PathBuf::from(compiled));
        if let Ok(bytes) = std::fs::read(path) {
            scan.file(&String::from_utf8_lossy(&bytes), path.parent().unwrap_or(base), base);
        }
    }
    for path in system {
        scan.system_header(path);
    }
    for path in &directories.missing {
        scan.absent.insert(path.clone());
    }
    let since = Moment::now();
    let mut checks: Vec<Check<'static>> = scan.absent.iter().map(|path| Check::absent(path)).collect();
    for (path, is_system) in scan.watched {
        let check = Check::directory(&path, Names::All, since).unwrap_or_else(|_| Check::absent(&path));
        checks.push(if is_system { check.tool() } else { check });
    }
    Scanned { files: scan.files.into_iter().collect(), checks }
}

/// The headers beside a text in `base` that it includes in quotes, and those that these include.
pub(super) fn beside(text: &[u8], base: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut pending = vec![(String::from_utf8_lossy(text).into_owned(), base.to_owned())];
    while let Some((text, directory)) = pending.pop() {
        for mention in mentions(&text).0.iter().filter(|mention| mention.is_quoted) {
            let path = directory.join(mention.name);
            if found.contains(&path) {
                continue;
            }
            if let Ok(bytes) = std::fs::read(&path) {
                let directory = path.parent().unwrap_or(base).to_owned();
                found.push(path);
                pending.push((String::from_utf8_lossy(&bytes).into_owned(), directory));
            }
        }
    }
    found
}

struct Scan<'a> {
    directories: &'a Directories,
    /// Directories in which any new name matters.
    watched: BTreeSet<(PathBuf, bool)>,
    absent: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
}

impl Scan<'_> {
    fn file(&mut self, text: &str, directory: &Path, base: &Path) {
        let (mentions, is_computed) = mentions(text);
        for mention in mentions {
            if Path::new(mention.name).is_absolute() {
                self.found(Path::new(mention.name), &mention);
                continue;
            }
            let beside = mention.is_quoted.then(|| (directory.to_owned(), false));
            let quoted = self
                .directories
                .quoted
                .iter()
                .filter(|_| mention.is_quoted)
                .map(|path| (path.clone(), false));
            let mut places: Vec<(PathBuf, bool)> = beside.into_iter().chain(quoted).collect();
            places.extend(self.directories.all.iter().cloned());
            if mention.is_unreported {
                // An assembler searches its working directory.
                places.push((base.to_owned(), false));
            }
            for (place, is_system) in places {
                let candidate = place.join(mention.name);
                if candidate.is_file() {
                    self.found(&candidate, &mention);
                    break;
                }
                match is_system {
                    true => self.watch(candidate.parent().unwrap_or(&place), true),
                    false => self.absent(candidate),
                }
            }
        }
        if is_computed {
            self.watched.insert((directory.to_owned(), false));
            let all = self.directories.all.iter().filter(|(_, is_system)| !is_system);
            self.watched.extend(all.cloned());
        }
    }

    fn found(&mut self, path: &Path, mention: &Mention<'_>) {
        if mention.is_unreported {
            self.files.insert(path.to_owned());
        }
    }

    /// A header that was found in a directory of the system.
    fn system_header(&mut self, path: &Path) {
        let all = &self.directories.all;
        let place = all.iter().enumerate().filter(|(_, (directory, _))| path.starts_with(directory));
        let Some((index, (directory, _))) =
            place.max_by_key(|(_, (directory, _))| directory.as_os_str().len())
        else {
            return;
        };
        let Ok(name) = path.strip_prefix(directory) else { return };
        for (earlier, is_system) in &all[..index] {
            let candidate = earlier.join(name);
            match is_system {
                true => self.watch(candidate.parent().unwrap_or(earlier), true),
                false => self.absent(candidate),
            }
        }
    }

    /// Records that `path` is absent, by the first directory on the way to it that does not exist.
    fn absent(&mut self, path: PathBuf) {
        let missing = path.ancestors().take_while(|step| !step.exists()).last();
        self.absent.extend(missing.map(Path::to_owned));
    }

    fn watch(&mut self, directory: &Path, is_system: bool) {
        match directory.is_dir() {
            true => drop(self.watched.insert((directory.to_owned(), is_system))),
            false => self.absent(directory.to_owned()),
        }
    }
}

/// The names that a file mentions, and whether it includes computed names.
fn mentions(text: &str) -> (Vec<Mention<'_>>, bool) {
    let mut found = Vec::new();
    let mut is_computed = false;
    for line in text.lines() {
        let directive = line.trim_start().strip_prefix(['#', '%']).map(str::trim_start);
        let include = directive.and_then(|directive| {
            let words = ["include_next", "include", "import", "embed"];
            let word = words.iter().find(|word| directive.starts_with(**word))?;
            Some((directive[word.len()..].trim_start(), *word == "embed"))
        });
        if let Some((rest, is_unreported)) = include {
            match named(rest) {
                Some((name, is_quoted)) => found.push(Mention { name, is_quoted, is_unreported }),
                None => is_computed |= rest.starts_with(|c: char| c.is_alphabetic() || c == '_'),
            }
        }
        for (index, _) in line.match_indices("__has_") {
            let rest = &line[index..];
            let asks = ["__has_include_next", "__has_include", "__has_embed"];
            let Some(rest) = asks.iter().find_map(|word| rest.strip_prefix(word)) else { continue };
            let Some(rest) = rest.trim_start().strip_prefix('(') else { continue };
            match named(rest.trim_start()) {
                Some((name, is_quoted)) => found.push(Mention { name, is_quoted, is_unreported: true }),
                None => is_computed = true,
            }
        }
        if let Some((_, rest)) = line.split_once(".incbin") {
            match named(rest.trim_start().trim_start_matches('\\')) {
                Some((name, is_quoted)) => {
                    let name = name.trim_end_matches('\\');
                    found.push(Mention { name, is_quoted, is_unreported: true });
                }
                None => is_computed = true,
            }
        }
    }
    (found, is_computed)
}

/// A name in quotes or angle brackets.
fn named(text: &str) -> Option<(&str, bool)> {
    let (rest, close) = match text.split_at_checked(1)? {
        ("\"", rest) => (rest, '"'),
        ("<", rest) => (rest, '>'),
        _ => return None,
    };
    let (name, _) = rest.split_once(close)?;
    (!name.is_empty()).then_some((name, close == '"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_are_asked_for() {
        for (text, expected, computed) in [
            ("#include \"a.h\"\n # include <b/c.h> // x", "\"a.h\" <b/c.h>", false),
            ("#if __has_include(\"a.h\") && __has_include( <b> )", "\"a.h\"? <b>?", false),
            ("#include NAME", "", true),
            ("#if defined(__has_include)\n#ifdef __has_include", "", false),
            ("#include_next <x.h>\n#import \"y.h\"\n#embed \"z\"", "<x.h> \"y.h\" \"z\"?", false),
            ("asm(\".incbin \\\"data.bin\\\"\");", "\"data.bin\"?", false),
            ("char *s = \"#include\";", "", false),
        ] {
            let (found, is_computed) = mentions(text);
            let shown: Vec<String> = found
                .iter()
                .map(|mention| {
                    let name = mention.name;
                    let name = if mention.is_quoted { format!("\"{name}\"") } else { format!("<{name}>") };
                    name + if mention.is_unreported { "?" } else { "" }
                })
                .collect();
            assert_eq!((shown.join(" ").as_str(), is_computed), (expected, computed), "{text}");
        }
    }

    #[test]
    fn the_search_list_of_a_compiler_is_read() {
        let said = "ignoring nonexistent directory \"/none\"\n#include \"...\" search starts here:\n q\n\
                    #include <...> search starts here:\n .\n /usr/include\nEnd of search list.\n x\n";
        let found = Directories::parse(said, Path::new("/b"), |path| path.starts_with("/usr"));
        assert_eq!(found.quoted, [PathBuf::from("/b/q")]);
        assert_eq!(found.all, [(PathBuf::from("/b"), false), (PathBuf::from("/usr/include"), true)]);
        assert_eq!(found.missing, [PathBuf::from("/none")]);
    }
}
