//! What is shown of a build of dependencies: the files that cargo is given, and for a rehearsal how it would be called.

use std::fs;
use std::path::Path;

use crate::base::environment::Environment;
use crate::base::error::{At, Result, Step};
use crate::report::reporter::Reporter;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::network::Network;
use crate::rust::deps::path_trimming::{self, DATE};
use crate::rust::deps::{seed, target_dir};
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;

/// Shows how cargo would be called; `scratch` is a directory for what has to be a file to be known.
pub(crate) fn rehearse(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
    scratch: &Path,
) -> Result<()> {
    let (environments, manifest) = Environments::find(recipe, cache, environment, reporter)?;
    let Some(command_log) = reporter.command_log() else { return Ok(()) };
    let lock = scratch.join("Cargo.lock");
    // A cache that is not there yet has nothing to start from.
    let _ = environments.write_lock(&lock);
    environments.show(&manifest, &lock);
    command_log.file(&environments.directory.join("src/main.rs"), "fn main() {}\n");
    let cargo = recipe.toolchain.cargo(environment)?;
    let lane = target_dir::first(cache, &recipe.toolchain, recipe.is_trimmed());
    let is_here = recipe.options.offline || seed::covers(&lock, recipe.manifest);
    let network = if is_here { Network::Off } else { Network::Briefly };
    let manifest = environments.directory.join("Cargo.toml");
    let mut command = environments.build_command(&cargo, &manifest, &lane, network);
    let trimmed = recipe.is_trimmed().then(|| (environment.cargo_home(), &[][..]));
    path_trimming::compiler(scratch, &recipe.toolchain, trimmed).at(Step::Cache)?;
    environments.show_compiler_of(scratch, &lane);
    environments.call_stand_in(&mut command, &lane.join("rustc"));
    command_log.command(&command, None);
    command_log
        .say("# how rustc is called for the script is known when cargo has built its dependencies", &[]);
    Ok(())
}

impl Environments<'_> {
    /// Shows the package that cargo is given.
    pub(super) fn show(&self, manifest: &str, lock: &Path) {
        let Some(command_log) = self.reporter.command_log() else { return };
        command_log.file(&self.directory.join("Cargo.toml"), manifest);
        if let Some(lock) = seed::read_whole(lock).or_else(|| fs::read_to_string(lock).ok()) {
            command_log.file(&self.directory.join("Cargo.lock"), &lock);
        }
    }

    /// Shows the stand-in for the compiler.
    pub(super) fn show_compiler(&self, lane: &Path) {
        self.show_compiler_of(lane, lane);
    }

    /// Shows the stand-in that lies in `place` as that of `lane`.
    fn show_compiler_of(&self, place: &Path, lane: &Path) {
        let Some(command_log) = self.reporter.command_log() else { return };
        for name in ["identities", "rustc"] {
            if let Ok(text) = fs::read_to_string(place.join(name)) {
                command_log.file(&lane.join(name), &text);
            }
        }
        command_log.say("chmod 700", &[lane.join("rustc").as_os_str()]);
    }

    /// Has cargo call a stand-in for the compiler.
    pub(super) fn call_stand_in(&self, command: &mut std::process::Command, compiler: &Path) {
        command.env("RUSTC", compiler);
        if !self.recipe.is_trimmed() {
            return;
        }
        if self.environment.set(DATE.0).is_none() {
            command.env(DATE.0, DATE.1);
        }
    }
}
