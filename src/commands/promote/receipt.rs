//! Receipts of installed commands: what was installed where, and from what.
//!
//! One sealed record a file, `<data directory>/runner/receipts/DIGEST-OF-PATH`. It is written before the executable is
//! renamed into place, and names both the new digest and the one it replaces: whichever of the two lies there after a
//! crash is known as ours.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::fs::{cannot, write_atomically};
use crate::base::order;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::store::sealed_record::Record;
use crate::store::trace::fact::Check;

/// What is known of an installed executable.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub(crate) name: OsString,
    pub(crate) path: PathBuf,
    /// The script's path, or the package as it was asked for.
    pub(crate) source: PathBuf,
    pub(crate) package: Option<Package>,
    pub(crate) source_digest: Digest,
    pub(crate) binary_digest: Digest,
    /// What lay there before, while the new one is on its way.
    pub(crate) replaces: Option<Digest>,
    /// The options it was promoted with; an upgrade builds with the same ones.
    pub(crate) options: Options,
    /// What else is told of it.
    pub(crate) about: Vec<(String, String)>,
    /// The lock that its dependencies were resolved to.
    pub(crate) lock: Option<String>,
    /// The inputs apart from the script itself.
    pub(crate) checks: Vec<Check<'static>>,
}

/// Names of a receipt's own fields; what else it says is told as it is.
const OWN: &[&str] =
    &["name", "path", "source", "package", "source-digest", "binary-digest", "replaces", "option", "lock"];

/// The directory of receipts.
pub(crate) fn directory(environment: &Environment) -> Result<PathBuf> {
    let data = environment.data_directory().ok_or_else(|| {
        Error::message(Step::Install, "there is no home directory to keep receipts in").hint("set `HOME`")
    })?;
    Ok(data.join("receipts"))
}

impl Receipt {
    /// What names the receipt of the executable at `path`.
    pub(crate) fn id(path: &Path) -> Digest {
        Digest::of(path.as_os_str().as_bytes())
    }

    /// The receipt of the executable at `path`, if there is one.
    pub(crate) fn find(directory: &Path, path: &Path) -> Option<Receipt> {
        Receipt::read(&directory.join(Receipt::id(path).hex()))
    }

    fn read(file: &Path) -> Option<Receipt> {
        let id = Digest::parse(file.file_name()?.as_bytes())?;
        let record = Record::parse(&id, &std::fs::read(file).ok()?)?;
        let digest = |name: &str| Digest::parse(record.first(name)?.as_bytes());
        Some(Receipt {
            name: record.first("name")?,
            path: record.first("path")?.into(),
            source: record.first("source")?.into(),
            package: match record.first("package") {
                Some(text) => Some(Package::parse(&text)?),
                None => None,
            },
            source_digest: digest("source-digest")?,
            binary_digest: digest("binary-digest")?,
            replaces: digest("replaces"),
            options: Options::from_arguments(record.all("option")).ok()?,
            about: record.texts().filter(|(name, _)| !OWN.contains(&&**name)).collect(),
            lock: record.first("lock").and_then(|lock| lock.into_string().ok()),
            checks: record.checks,
        })
    }

    /// Every receipt, by name.
    pub(crate) fn all(directory: &Path) -> Vec<Receipt> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut found: Vec<Receipt> = entries.filter_map(|entry| Receipt::read(&entry.path())).collect();
        order::sort_by(&mut found, |one, two| (&one.name, &one.path).cmp(&(&two.name, &two.path)));
        found
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        let mut record = Record::default();
        record.push("name", &self.name);
        record.push("path", &self.path);
        record.push("source", &self.source);
        if let Some(package) = &self.package {
            record.push("package", package.to_string());
        }
        record.push("source-digest", self.source_digest.hex());
        record.push("binary-digest", self.binary_digest.hex());
        if let Some(replaces) = self.replaces {
            record.push("replaces", replaces.hex());
        }
        for word in self.options.to_arguments() {
            record.push("option", word);
        }
        if let Some(lock) = &self.lock {
            record.push("lock", lock);
        }
        for (name, text) in &self.about {
            record.push(name, text);
        }
        record.checks = self.checks.clone();
        let id = Receipt::id(&self.path);
        let file = directory.join(id.hex());
        write_atomically(&record.render(&id), &file)
            .map_err(|error| cannot("write the receipt", &file, error))
    }

    pub(crate) fn remove(&self, directory: &Path) -> Result<()> {
        let file = directory.join(Receipt::id(&self.path).hex());
        std::fs::remove_file(&file).map_err(|error| cannot("remove the receipt", &file, error))
    }

    /// What it says of something, by name.
    pub(crate) fn about(&self, name: &str) -> Option<&str> {
        self.about.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Whether content is what runner put there.
    pub(crate) fn is_ours(&self, content: Digest) -> bool {
        content == self.binary_digest || Some(content) == self.replaces
    }
}
