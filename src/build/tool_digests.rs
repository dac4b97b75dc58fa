//! Digests of files that came with compilers and the system, remembered by stamp: a C program rests on 12 MB of them, and
//! hashing those at each build would take longer than compiling.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::digest::Digest;
use crate::base::order;
use crate::build::package_files::without_package;
use crate::store::cache::Cache;
use crate::store::sealed_record::Record;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::{Check, Content, Input, path_of};

/// More files than any compiler has.
const MOST_FILES: usize = 20_000;

/// The digests of the files of one tree.
pub(crate) struct ToolDigests {
    id: Digest,
    place: PathBuf,
    known: FxHashMap<OsString, Check<'static>>,
    /// Files of the system that were found to belong to no package.
    without_package: FxHashSet<OsString>,
    is_new: bool,
}

/// Names such a file in the record.
const WITHOUT_PACKAGE: &str = "without-package";

impl ToolDigests {
    /// Those that are remembered of a tree.
    pub(crate) fn of(tree: &Path, cache: &Cache) -> ToolDigests {
        let id = Digest::of(&[b"digests 2 ", tree.as_os_str().as_encoded_bytes()].concat());
        let place = cache.join("toolchains").join(id.short(32));
        let record = std::fs::read(&place).ok().and_then(|bytes| Record::parse(&id, &bytes));
        let record = record.unwrap_or_default();
        let without_package = record.all(WITHOUT_PACKAGE).into_iter().collect();
        let checks = record.checks.into_iter();
        let known = checks.filter_map(|check| Some((check.file_path()?.as_os_str().to_owned(), check)));
        ToolDigests { id, place, known: known.collect(), without_package, is_new: false }
    }

    /// Those of these files of the system that belong to no package: whose they are is asked once.
    pub(crate) fn without_package<'p>(&mut self, files: &[(&'p Path, Stamp)]) -> Vec<&'p Path> {
        // With another stamp it may have come from elsewhere.
        let is_known = |(path, stamp): &&(&Path, Stamp)| {
            self.known_with(path, *stamp).is_some() || self.without_package.contains(path.as_os_str())
        };
        let new: Vec<&Path> = files.iter().filter(|file| !is_known(file)).map(|(path, _)| *path).collect();
        if !new.is_empty() {
            let found = without_package(&new);
            self.is_new |= !found.is_empty();
            self.without_package.extend(found);
        }
        let is_without = |path: &&Path| self.without_package.contains(path.as_os_str());
        files.iter().map(|(path, _)| *path).filter(is_without).collect()
    }

    /// What is remembered of a file with this stamp.
    fn known_with(&self, path: &Path, stamp: Stamp) -> Option<&Check<'static>> {
        let has_stamp = |check: &&Check<'_>| matches!(check.input, Input::Content { stamp: Some(known), .. } if known == stamp);
        self.known.get(path.as_os_str()).filter(has_stamp)
    }

    /// The fact of a file that had this stamp when it was read.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn fact(&mut self, path: &Path, stamp: Stamp, since: Moment) -> io::Result<Check<'static>> {
        if let Some(check) = self.known_with(path, stamp) {
            return Ok(check.clone());
        }
        let check = Check::seen(path, true, stamp, since)?.tool();
        if matches!(&check.input, Input::Content { content: Content::File, stamp: Some(_), .. }) {
            self.known.insert(path.as_os_str().to_owned(), check.clone());
            self.is_new = true;
        }
        Ok(check)
    }

    /// Remembers what is new. Best effort: without it the next build hashes again.
    pub(crate) fn keep(self, cache: &Cache) {
        if !self.is_new || self.known.len() > MOST_FILES {
            return;
        }
        let mut record = Record::default();
        record.checks = self.known.into_values().collect();
        order::sort_by(&mut record.checks, |one, two| path_text(one).cmp(&path_text(two)));
        let mut without: Vec<_> = self.without_package.into_iter().collect();
        order::sort(&mut without);
        record.replace_all(WITHOUT_PACKAGE, &without);
        let _ = cache.write_whole(&self.place, &record.render(&self.id));
    }
}

fn path_text<'a>(check: &'a Check<'_>) -> Option<&'a Path> {
    match &check.input {
        Input::Content { path, .. } => Some(path_of(path)),
        _ => None,
    }
}
