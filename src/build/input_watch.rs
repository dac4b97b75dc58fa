//! The watch over a build's inputs, from before the compiler starts until every file that it read has been hashed.
//!
//! 1. [`InputWatch::begin`] hashes the declared inputs and takes the script's stamp and the time.
//! 2. The compiler runs.
//! 3. [`InputWatch::script`], [`InputWatch::file`] and [`InputWatch::unchanged`] hash what the compiler read, and interrupt the
//!    build if any of it was written, replaced or touched meanwhile.
//! 4. [`InputWatch::finish`] hashes the declared inputs again, and they must be the same.
//!
//! Each backend knows how its compiler is called and what the compiler read; this is the same for all of them.

use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::build::declared_inputs;
use crate::build::input_mutation::{InputMutations, files_around, has_other_clock};
use crate::build::outcome::Interruption;
use crate::script::script_file::Script;
use crate::settings::script_table::Settings;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::Check;

type Watched<T> = std::result::Result<T, Interruption>;

/// The inputs of one attempt at a build.
pub(crate) struct InputWatch<'a> {
    script: &'a Script,
    settings: &'a Settings,
    environment: &'a Environment,
    /// The declared inputs as they were before the compiler was started.
    declared: Vec<Check<'static>>,
    start: Moment,
    script_stamp: Option<Stamp>,
    mutations: InputMutations,
}

impl<'a> InputWatch<'a> {
    /// Begins to watch. What was saved a moment ago is waited for: of the declared inputs and, if the compiler reads files
    /// unseen, of what lies around the script.
    ///
    /// # Errors
    /// As [`declared_inputs::checks`].
    pub(crate) fn begin(
        script: &'a Script,
        settings: &'a Settings,
        environment: &'a Environment,
        is_unseen: bool,
    ) -> Result<InputWatch<'a>> {
        let declared = declared_inputs::checks(settings, script.base(), environment, Moment::now())?;
        let has_other_clock = has_other_clock(script.base());
        let around = match is_unseen || has_other_clock {
            true => files_around(script.base()),
            false => Vec::new(),
        };
        settle(script, &declared, &around);
        let start = Moment::now();
        let script_stamp = script.path().and_then(|path| Some(Stamp::of(&std::fs::metadata(path).ok()?)));
        let mutations = match has_other_clock {
            true => InputMutations::with_files(start, around),
            false => InputMutations::since(start),
        };
        Ok(InputWatch { script, settings, environment, declared, start, script_stamp, mutations })
    }

    /// When the watch began.
    pub(crate) fn start(&self) -> Moment {
        self.start
    }

    /// The script holds the bytes that were given to the compiler.
    pub(crate) fn script_content(&self) -> Watched<()> {
        match self.script.is_unchanged() {
            true => Ok(()),
            false => Err(self.script_changed()),
        }
    }

    /// The script was not written, replaced or touched.
    pub(crate) fn script(&mut self) -> Watched<()> {
        self.script_content()?;
        let Some(path) = self.script.path().filter(|_| !self.script.is_overlay()) else { return Ok(()) };
        match self.script_stamp {
            Some(before) if !self.mutations.has_changed_from(path, before) => Ok(()),
            _ => Err(self.script_changed()),
        }
    }

    /// The interruption by a script that changed.
    pub(crate) fn script_changed(&self) -> Interruption {
        let path = self.script.path().unwrap_or(Path::new(self.script.typed()));
        Interruption::InputChanged(path.to_owned())
    }

    /// The fact of a file that the compiler read.
    pub(crate) fn file(&mut self, path: &Path) -> Watched<Check<'static>> {
        self.hashed(path, Check::file(path, self.start))
    }

    /// The same for a file that belongs to the compiler or the system.
    pub(crate) fn tool_file(&mut self, path: &Path) -> Watched<Check<'static>> {
        self.hashed(path, Check::tool_file(path, self.start))
    }

    fn hashed(&mut self, path: &Path, check: std::io::Result<Check<'static>>) -> Watched<Check<'static>> {
        let check = check.map_err(|_| Interruption::InputChanged(path.to_owned()))?;
        self.unchanged(path)?;
        Ok(check)
    }

    /// This file or directory was not written, replaced or touched.
    pub(crate) fn unchanged(&mut self, path: &Path) -> Watched<()> {
        match self.mutations.has_changed(path) {
            true => Err(Interruption::InputChanged(path.to_owned())),
            false => Ok(()),
        }
    }

    /// The facts of the declared inputs, which are those from before the compiler was started.
    pub(crate) fn finish(self) -> Watched<Vec<Check<'static>>> {
        let (script, settings, environment) = (self.script, self.settings, self.environment);
        let after = declared_inputs::checks(settings, script.base(), environment, Moment::now())?;
        let pairs = || self.declared.iter().zip(&after);
        if self.declared.len() != after.len() || !pairs().all(|(before, after)| before.same_fact(after)) {
            return Err(Interruption::InputChanged(PathBuf::from("a declared input")));
        }
        // Anew: a file that was looked at on the way may have changed since.
        let mut mutations = self.mutations.anew();
        let mut files = after.iter().filter_map(Check::file_path);
        match files.find(|file| mutations.has_changed(file)) {
            Some(changed) => Err(Interruption::InputChanged(changed.to_owned())),
            None => Ok(self.declared),
        }
    }
}

/// Waits until the clock has left behind when these were last written, replaced or touched, lest it look as if that happened from
/// now on. The script is compared with what it was.
fn settle(script: &Script, declared: &[Check<'_>], around: &[(PathBuf, Stamp)]) {
    let declared = declared.iter().filter_map(Check::file_path);
    let declared = declared.filter_map(|path| Some(Stamp::of(&std::fs::metadata(path).ok()?)));
    let around = around.iter().filter(|(path, _)| Some(path.as_path()) != script.path());
    for stamp in declared.chain(around.map(|(_, stamp)| *stamp)) {
        stamp.changed.pass();
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn what_was_written_a_moment_before_has_not_changed() {
        let directory = tempfile::tempdir().unwrap();
        let part = directory.path().join("d/part");
        std::fs::create_dir(directory.path().join("d")).unwrap();
        let script = Script::from_text(OsStr::new("x"), directory.path(), "");
        let (none, environment) = (Settings::default(), Environment::fixed([]));
        let declared = Settings { inputs: vec!["d/part".to_owned()], ..Settings::default() };
        let begin =
            |settings, is_unseen| InputWatch::begin(&script, settings, &environment, is_unseen).unwrap();
        let write = || std::fs::write(&part, "1").unwrap();
        for _ in 0..10 {
            write();
            let mut watch = begin(&none, true);
            assert!(watch.file(&part).is_ok());
            write();
            assert!(watch.file(&part).is_err());
            let watch = begin(&declared, false);
            write();
            assert!(watch.finish().is_err());
            assert!(begin(&declared, false).finish().is_ok());
        }
    }
}
