//! The files whose changes concern a watched script.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::base::directory_watch::nearest;
use crate::base::order;
use crate::store::stamp::Stamp;

/// The files that matter.
#[derive(Default)]
pub(super) struct Targets {
    pub(super) paths: BTreeSet<PathBuf>,
    /// Directories in which every name matters.
    pub(super) whole: BTreeSet<PathBuf>,
    /// The script's.
    pub(super) extension: Option<OsString>,
    /// What they looked like, where the system does not tell.
    pub(super) stamps: Vec<(PathBuf, Option<Stamp>)>,
}

impl Targets {
    /// Directories to watch: those the targets are in, or while they are not there those above.
    pub(super) fn directories(&self) -> BTreeSet<PathBuf> {
        let parents = self.paths.iter().filter_map(|path| path.parent());
        order::set(parents.map(nearest).chain(self.whole.iter().map(|path| nearest(path))))
    }

    /// Whether a change matters: of a whole directory that a name has come or gone, or that a source was written. A log
    /// that the program writes there would otherwise keep us building.
    pub(super) fn concerns(&self, changed: &Path, is_other_name: bool) -> bool {
        let is_within = |directory: &PathBuf| changed.parent() == Some(directory) || changed == *directory;
        let is_source = || changed.extension().is_some() && self.extension.as_deref() == changed.extension();
        self.paths.iter().any(|path| path.starts_with(changed))
            || (is_other_name || is_source()) && self.whole.iter().any(is_within)
    }

    pub(super) fn stamps_now(&self) -> Vec<(PathBuf, Option<Stamp>)> {
        let stamp = |path: &PathBuf| std::fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata));
        self.paths.iter().chain(&self.whole).map(|path| (path.clone(), stamp(path))).collect()
    }
}
