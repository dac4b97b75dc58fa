//! The ways to a script: a path, a text, an editor's buffer, a package, or whatever a command line calls it.

use std::ffi::OsStr;
use std::path::Path;

use crate::base::error::{Error, Result, Step};
use crate::commands::trust::{self, FetchedScript, TrustedUrl};
use crate::host::runner::Runner;
use crate::host::settings::Settings;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::script::script_file::Script;
use crate::script::url::ScriptUrl;

impl Script {
    /// Reads the file at a path, relative to [`Settings::directory`]. A path is a path: nothing is looked for on `PATH`, and
    /// `-` is a file of that name.
    ///
    /// # Errors
    /// [`Step::Script`]: 127 if it is not there, 126 if it cannot be read or is a directory.
    pub fn open(path: &Path, settings: &Settings) -> Result<Script> {
        Script::read_path(path, settings.environment())
    }

    /// A script that is text in memory. `name` is what messages call it and its `argv[0]`; relative paths in it are taken from
    /// `directory`, which must be absolute.
    pub fn text(name: impl AsRef<OsStr>, directory: &Path, text: impl Into<Vec<u8>>) -> Script {
        Script::from_text(name.as_ref(), directory, text)
    }

    /// The same script with the bytes of an editor's buffer in place of the file's: same path, same neighbours, same lock
    /// file, same messages. Its builds are cached apart from the file's.
    #[must_use]
    pub fn overlay(self, text: impl Into<Vec<u8>>) -> Script {
        self.overlaid(text.into())
    }

    /// A package of a registry: `crate@1.2.3`, `crate@1` or `crate@latest`.
    ///
    /// # Errors
    /// [`Step::Arguments`] if that names none.
    pub fn of_package(name: impl AsRef<OsStr>) -> Result<Script> {
        let name = name.as_ref();
        let package = Package::parse(name).ok_or_else(|| {
            let name = name.to_string_lossy();
            Error::message(Step::Arguments, format!("`{name}` names no package"))
                .with_hint("a package is `crate@1.2.3`, `crate@1` or `crate@latest`")
        })?;
        Ok(Script::from_package(package))
    }

    /// What a command line calls a script: a URL whose text may run; a file; else a package; else, for a name without a slash, a file on `PATH`; and `-`
    /// is the standard input of the process.
    ///
    /// # Errors
    /// [`Step::Script`]: 127 if it is not there, 126 if it cannot be read or is a directory.
    pub fn find(name: &OsStr, settings: &Settings) -> Result<Script> {
        Script::read(name, settings.environment())
    }
}

impl Runner {
    /// Downloads the text at a URL by `curl`. Nothing of it is run, and it may run only if [`Runner::trust`] is told so.
    ///
    /// # Errors
    /// [`Step::Script`] if it cannot be had, is none, or is not the one that the URL's pin names.
    pub fn fetch(&self, url: &ScriptUrl, options: &Options) -> Result<FetchedScript> {
        self.context.operate(options, |context| trust::fetch(context, url, options))
    }

    /// Lets a text run, by its URL, until another one is trusted in its place.
    ///
    /// # Errors
    /// [`Step::Install`] if it cannot be kept.
    pub fn trust(&self, fetched: &FetchedScript) -> Result<()> {
        trust::trust(&self.context, fetched)
    }

    /// The texts by URL that may run.
    ///
    /// # Errors
    /// [`Step::Install`] if there is nowhere to keep them.
    pub fn trusted(&self) -> Result<Vec<TrustedUrl>> {
        trust::trusted(&self.context)
    }

    /// Lets nothing of a URL run any more.
    ///
    /// # Errors
    /// [`Step::Install`] if it was not trusted, or cannot be removed.
    pub fn distrust(&self, url: &ScriptUrl) -> Result<()> {
        trust::distrust(&self.context, url)
    }
}
