//! A script with its settings: what every backend is given, and what can be told before a compiler is looked for.

use std::ffi::OsString;

use crate::base::digest::Digest;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::config_file::Config;
use crate::settings::launch_key::content_key;
use crate::settings::layers::Layers;
use crate::settings::script_table::Settings;
use crate::store::key::Key;

/// A script, or a package in its place, and the settings that won.
#[derive(Debug)]
pub(crate) struct BuildRequest {
    /// The script at its real path.
    pub(crate) script: Script,
    /// What was asked for, in the strongest place that says anything: see [`crate::settings::schema`].
    pub(crate) options: Options,
    /// All that was said, and where.
    pub(crate) layers: Layers,
    pub(crate) config: Config,
    /// `[package.metadata.runner]`, or what a script in another language says in its place.
    pub(crate) settings: Settings,
    /// What the author should know about the head of the script.
    pub(crate) notes: Vec<String>,
    /// Names the policy that it was read under, if there is one.
    pub(crate) policy: Option<Digest>,
    /// Variables of the program: of the dialect, and of the first line.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// What the script took from its project, as TOML: see [`crate::settings::project_file`].
    pub(crate) inherited: String,
}

impl BuildRequest {
    /// The key under which the build is kept, where no compiler is asked whether a target is its own machine: that of the real
    /// path with the script's own options spelled out.
    pub(crate) fn key_without_compiler(&self) -> Key {
        self.key_with(&self.options)
    }

    /// The same with other options.
    pub(crate) fn key_with(&self, options: &Options) -> Key {
        content_key(&self.script, options, &self.inherited, self.policy)
    }
}
