//! Build records: what a program says of where it came from.
//!
//! Every program that is handed on (`build`, `promote`) carries one, as a note of `runner` (see [`crate::build::elf`]): a sealed
//! [`Record`], so that what was cut or changed is no record. It holds the script's name without its place, digests, versions
//! and arguments; the places where this user's files are, and what `--cfg` was set to, are left out of those.
//!
//! It is an input of the program like any other: the same build gives the same record.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::order;
use crate::build::elf::{self, Elf};
use crate::request::revision::Revision;
use crate::store::sealed_record::Record;

/// Whose note it is.
const OWNER: &str = "runner";

/// Seals records of this form.
fn id() -> Digest {
    Digest::of(b"build record 1")
}

/// What a program says of where it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildRecord {
    /// The script's file name; of a program of a package its name and version, as `ripgrep@14.1.0`.
    pub script: String,
    /// The blake3 digest of its bytes, in hexadecimal; nothing of a package, whose registry vouches for a version.
    pub digest: String,
    /// The language it is written in.
    pub language: String,
    /// The compiler and its version.
    pub toolchain: String,
    /// The kind of machine the program is for.
    pub target: String,
    /// The profile it was built in.
    pub profile: String,
    /// What was asked for besides, in the words of the command line.
    pub options: Vec<String>,
    /// The arguments of the compiler that shape what it makes.
    pub flags: Vec<String>,
    /// The blake3 digest of the lock file, if there are dependencies.
    pub lock: Option<String>,
    /// The packages that were compiled for it.
    pub dependencies: Vec<Dependency>,
    /// What git said of the script, if it keeps it.
    pub revision: Option<Revision>,
    /// The version of runner that built it.
    pub runner: String,
}

/// A package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from: `crates.io`, `path`, or an address without what one has to prove there.
    pub source: String,
    /// The checksum the lock has of it, if it has one.
    pub checksum: Option<String>,
}

impl Dependency {
    /// `NAME VERSION SOURCE [CHECKSUM]`
    pub(crate) fn parse(text: &str) -> Option<Dependency> {
        let mut words = text.split(' ').map(str::to_owned);
        let (name, version, source) = (words.next()?, words.next()?, words.next()?);
        Some(Dependency { name, version, source, checksum: words.next() })
    }

    /// From cargo's name of a package: `registry+https://github.com/rust-lang/crates.io-index#name@1.0.0`.
    pub(crate) fn of_id(id: &str) -> Option<Dependency> {
        let (source, package) = id.rsplit_once('#')?;
        let (name, version) = package.split_once('@')?;
        let source = match source.split_once('+').map_or(source, |(kind, _)| kind) {
            "registry" | "sparse" if source.contains("/crates.io-index") => "crates.io",
            kind => kind,
        };
        Some(Dependency {
            name: name.to_owned(),
            version: version.to_owned(),
            source: source.to_owned(),
            checksum: None,
        })
    }

    pub(crate) fn text(&self) -> String {
        let mut words = vec![self.name.as_str(), &self.version, &self.source];
        words.extend(self.checksum.as_deref());
        words.join(" ")
    }
}

impl BuildRecord {
    fn render(&self) -> Vec<u8> {
        let mut record = Record::default();
        for (name, text) in self.fields() {
            record.push(name, text);
        }
        record.render(&id())
    }

    /// Every field by its name, in the order in which they are kept and shown.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let one = |name: &'static str, text: &str| (name, text.to_owned());
        let mut fields = vec![one("script", &self.script)];
        fields.extend(Some(one("digest", &self.digest)).filter(|(_, digest)| !digest.is_empty()));
        fields.extend(self.revision.as_ref().map(|revision| ("revision", revision.to_string())));
        fields.extend([
            one("language", &self.language),
            one("toolchain", &self.toolchain),
            one("target", &self.target),
            one("profile", &self.profile),
        ]);
        fields.extend(self.options.iter().map(|text| one("option", text)));
        fields.extend(self.flags.iter().map(|text| one("flag", text)));
        fields.extend(self.lock.as_ref().map(|text| one("lock", text)));
        fields.extend(self.dependencies.iter().map(|dependency| ("dependency", dependency.text())));
        fields.push(one("runner", &self.runner));
        fields
    }

    fn parse(bytes: &[u8]) -> Option<BuildRecord> {
        let record = Record::parse(&id(), bytes)?;
        let all = |name: &str| -> Option<Vec<String>> {
            record.all(name).into_iter().map(|text| text.into_string().ok()).collect()
        };
        let one = |name: &str| all(name)?.into_iter().next();
        Some(BuildRecord {
            script: one("script")?,
            digest: one("digest").unwrap_or_default(),
            language: one("language")?,
            toolchain: one("toolchain")?,
            target: one("target")?,
            profile: one("profile")?,
            options: all("option")?,
            flags: all("flag")?,
            lock: one("lock"),
            dependencies: all("dependency")?.iter().filter_map(|text| Dependency::parse(text)).collect(),
            revision: one("revision").and_then(|text| Revision::parse(&text)),
            runner: one("runner")?,
        })
    }

    /// Reads the lines that it displays: a field's name, and its text, each after a tab.
    pub(crate) fn from_lines(text: &str) -> Option<BuildRecord> {
        let mut record = Record::default();
        for line in text.lines() {
            let (name, text) = line.strip_prefix('\t')?.split_once('\t')?;
            record.push(name, text.replace('\t', " "));
        }
        BuildRecord::parse(&record.render(&id()))
    }

    /// Reads the record in a program. `None` if there is none, or none that is whole.
    pub(crate) fn read(program: &[u8]) -> Option<BuildRecord> {
        let notes = Elf::parse(program)?.notes(OWNER.as_bytes());
        notes.into_iter().find_map(BuildRecord::parse)
    }

    /// An object file that brings the record into a program that is linked with it, if there is one for its target.
    pub(crate) fn object(&self) -> Option<Vec<u8>> {
        elf::object(&self.target, OWNER, &self.render())
    }

    /// Gives a program the record, if it has none and can be given one. Where a linker was given [`BuildRecord::object`] it
    /// has one that every `strip` keeps; one that is added now LLVM's does not keep.
    pub(crate) fn add_to(&self, program: &Path) -> io::Result<()> {
        match self.added_to(&std::fs::read(program)?) {
            Some(with_it) => std::fs::write(program, with_it),
            None => Ok(()),
        }
    }

    fn added_to(&self, program: &[u8]) -> Option<Vec<u8>> {
        let elf = Elf::parse(program)?;
        let has_it = elf.notes(OWNER.as_bytes()).into_iter().any(|note| BuildRecord::parse(note).is_some());
        if has_it { None } else { elf.with_note(OWNER, &self.render()) }
    }

    /// The fields in which this and another record differ, with what each says.
    pub(crate) fn differences(&self, other: &BuildRecord) -> Vec<(&'static str, String, String)> {
        let (ours, theirs) = (self.fields(), other.fields());
        let names = order::set(ours.iter().chain(&theirs).map(|(name, _)| *name));
        let without = |fields: &[(&'static str, String)], others: &[(&'static str, String)], name: &str| {
            let own = fields.iter().filter(|field| field.0 == name && !others.contains(field));
            let own: Vec<&str> = own.map(|(_, text)| text.as_str()).collect();
            if own.is_empty() { "nothing".to_owned() } else { own.join(", ") }
        };
        names
            .into_iter()
            .map(|name| (name, without(&ours, &theirs, name), without(&theirs, &ours, name)))
            .filter(|(_, one, two)| one != two)
            .collect()
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let dependency = |one: &Dependency| json!({"name": one.name, "version": one.version, "source": one.source, "checksum": one.checksum});
        let revision =
            self.revision.as_ref().map(|one| json!({"commit": one.commit, "modified": one.is_modified}));
        json!({
            "script": self.script, "script_b3": self.digest, "revision": revision, "language": self.language,
            "toolchain": self.toolchain, "target": self.target, "profile": self.profile, "options": self.options,
            "flags": self.flags, "lock": self.lock,
            "dependencies": self.dependencies.iter().map(dependency).collect::<Vec<_>>(), "runner": self.runner,
        })
    }
}

/// The arguments of a call that shape the program, and are not about where things are.
pub(crate) fn flags(arguments: &[OsString]) -> Vec<String> {
    let mut found = Vec::new();
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(argument) = arguments.next() {
        match &*argument {
            "-C" | "--codegen" => found.extend(arguments.next().map(|value| format!("-C{value}"))),
            "-Z" | "-l" => found.extend(arguments.next().map(|value| format!("{argument}{value}"))),
            "--cfg" => found.extend(arguments.next().map(|value| cfg(&value))),
            "--crate-type" | "--check-cfg" | "--extern" | "-L" | "--edition" | "--target" | "-A" | "-W"
            | "-D" | "-F" => drop(arguments.next()),
            text => {
                let codegen = text.strip_prefix("--codegen=").map(|value| format!("-C{value}"));
                let cfg = text.strip_prefix("--cfg=").map(cfg);
                let is_plain = ["-C", "-Z", "-l", "-O", "-g"].iter().any(|flag| text.starts_with(flag));
                found.extend(codegen.or(cfg).or_else(|| is_plain.then(|| text.to_owned())));
            }
        }
    }
    found
}

/// A feature is public; what else a `cfg` is set to is its author's own business.
fn cfg(text: &str) -> String {
    match text.split_once('=') {
        Some((name, _)) if name.trim() != "feature" => format!("--cfg={}=…", name.trim()),
        _ => format!("--cfg={text}"),
    }
}

/// What a C compiler is told that a name stands for is likewise nobody's business.
pub(crate) fn defined(flag: &str) -> String {
    match flag.strip_prefix("-D").and_then(|flag| flag.split_once('=')) {
        Some((name, _)) => format!("-D{name}=…"),
        None => flag.to_owned(),
    }
}

/// Where this user's files are, and what is said in their stead; the longer first.
pub(crate) fn places(base: Option<&Path>, environment: &Environment) -> Vec<(PathBuf, &'static str)> {
    let mut places: Vec<(PathBuf, &'static str)> = Vec::new();
    places.extend(base.map(|base| (base.to_owned(), ".")));
    places.extend(environment.cache_directory().map(|path| (path, "/cargo/build-dir")));
    places.extend(environment.cargo_home().map(|path| (path, "/cargo")));
    places.extend(environment.home().map(|path| (path, "~")));
    places.retain(|(path, _)| path.parent().is_some());
    order::sort_by_key(&mut places, |(path, _)| std::cmp::Reverse(path.as_os_str().len()));
    places
}

pub(crate) fn without_places(text: &str, places: &[(PathBuf, &'static str)]) -> String {
    places.iter().fold(text.to_owned(), |text, (path, name)| text.replace(&*path.to_string_lossy(), name))
}

/// For people, as `go version -m` has it.
impl std::fmt::Display for BuildRecord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, text) in self.fields() {
            let text = crate::base::error::printable(&text).into_owned();
            let text = if name == "dependency" { text.replace(' ', "\t") } else { text };
            writeln!(formatter, "\t{name}\t{text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> BuildRecord {
        BuildRecord {
            script: "a b.rs".to_owned(),
            digest: "00".to_owned(),
            language: "rust".to_owned(),
            toolchain: "rustc 1.95.0 (59807616e 2026-04-14)".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            profile: "release".to_owned(),
            options: vec!["--edition=2021".to_owned()],
            flags: vec!["-Copt-level=3".to_owned()],
            lock: Some("11".to_owned()),
            dependencies: vec![
                Dependency::parse("serde 1.0.0 crates.io 22").unwrap(),
                Dependency::parse("a 0.1.0 path").unwrap(),
            ],
            revision: Revision::parse("0a1f modified"),
            runner: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn a_record_reads_back_from_an_object() {
        let object = record().object().unwrap();
        assert_eq!(BuildRecord::read(&object), Some(record()));
        assert_eq!(record().added_to(&object), None);
        let other = elf::object("x86_64-unknown-linux-gnu", OWNER, b"runner-record 1\nend 0\n").unwrap();
        assert_eq!(BuildRecord::read(&other), None);
        assert_eq!(BuildRecord::read(&record().added_to(&other).unwrap()), Some(record()));
    }

    #[test]
    fn a_record_reads_back_from_what_it_displays() {
        assert_eq!(BuildRecord::from_lines(&record().to_string()), Some(record()));
        for text in ["", "\tscript\tx\n", "script x\n"] {
            assert_eq!(BuildRecord::from_lines(text), None, "{text:?}");
        }
    }

    #[test]
    fn flags_are_those_that_shape_the_program_and_tell_no_secret() {
        let text = "--crate-type bin -C opt-level=3 -Ccodegen-units=1 --codegen=lto --cfg feature=\"x\" --cfg=token=\"s\" \
                    --cfg plain --check-cfg cfg(docsrs,test) -L dependency=/home/ana/x --extern a=/b --warn=unused \
                    -C link-arg=/home/ana/.cargo/y -lz --edition=2024";
        let arguments: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
        let places = [("/home/ana/.cargo".into(), "/cargo"), ("/home/ana".into(), "~")];
        let found: Vec<String> = flags(&arguments).iter().map(|flag| without_places(flag, &places)).collect();
        let expected = "-Copt-level=3 -Ccodegen-units=1 -Clto --cfg=feature=\"x\" --cfg=token=… --cfg=plain \
                        -Clink-arg=/cargo/y -lz";
        assert_eq!(found.join(" "), expected);
    }
}
