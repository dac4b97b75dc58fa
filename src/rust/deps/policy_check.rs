//! What a policy says to the crates that a script's dependencies are resolved to: each of the whole graph, before one is
//! compiled.
//!
//! `cargo metadata` resolves and runs nothing of theirs. Names in a manifest say nothing about what they pull in: a crate is
//! judged by its name and version, its source, and whether it would run code in the build.

use std::path::Path;

use serde_json::Value;

use rustc_hash::FxHashSet;

use crate::base::error::{Error, Result, Step};
use crate::base::policy::{Policy, allows, refusal};
use crate::base::rule::Rule;
use crate::rust::deps::environments::Environments;

/// crates.io, by git and by HTTP.
const CRATES_IO: &[&str] =
    &["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

impl Environments<'_> {
    /// Asks the policy about the graph of the manifest at a path, whose lock lies beside it.
    ///
    /// # Errors
    /// [`crate::Kind::Refused`], or that cargo cannot resolve the graph.
    pub(super) fn check_policy(&self, cargo: &Path, manifest: &Path) -> Result<()> {
        let Some(policy) = self.environment.policy() else { return Ok(()) };
        let mut command = self.cargo(cargo);
        command.arg("metadata").arg("--manifest-path").arg(manifest).args(["--format-version", "1"]);
        command.args(["--filter-platform", &self.recipe.toolchain.version.host]);
        command.args(self.recipe.target.iter().flat_map(|target| ["--filter-platform", &target.name]));
        command.args(self.recipe.options.offline.then_some("--offline"));
        command.args(self.recipe.options.locked.then_some("--locked"));
        command.args(self.recipe.options.selection.feature_arguments());
        let finished = self
            .reporter
            .run(&command, "resolving dependencies", true)
            .map_err(|error| Error::new(Step::Dependencies, error))?;
        if !finished.status.success() {
            return Err(self.failed(&finished.stderr, finished.status));
        }
        let metadata: Value = serde_json::from_slice(&finished.stdout).map_err(|error| {
            Error::new(Step::Dependencies, anyhow::Error::new(error).context("cannot read what cargo says"))
        })?;
        let nodes = metadata["resolve"]["nodes"].as_array().into_iter().flatten();
        let resolved: FxHashSet<&str> = nodes.filter_map(|node| node["id"].as_str()).collect();
        let root = metadata["resolve"]["root"].as_str();
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let id = package["id"].as_str().unwrap_or_default();
            if resolved.contains(id) && root != Some(id) {
                self.check_package(package, policy)?;
            }
        }
        Ok(())
    }

    fn check_package(&self, package: &Value, policy: &Policy) -> Result<()> {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        let with_version = format!("{name}@{version}");
        let is_named = |grant| allows(grant, name) || allows(grant, &with_version);
        let refuse = |rule, what: String| {
            // The script itself has a place if it names the crate.
            let direct = self.recipe.manifest.dependencies().into_iter().find(|(known, ..)| *known == name);
            Err(refusal(rule, what, direct.and_then(|(.., place)| place)))
        };
        match package["source"].as_str() {
            None => {
                if !policy.paths {
                    return refuse(Rule::Path, format!("crate `{with_version}` in a directory"));
                }
            }
            Some(source) => {
                let address = source.strip_prefix("registry+").unwrap_or(source);
                let (rule, is_allowed) = match source.starts_with("git+") {
                    true => (Rule::Git, policy.git),
                    false => {
                        let is_usual = CRATES_IO.contains(&source);
                        (Rule::Registry, is_usual || allows(&policy.registries, address))
                    }
                };
                if !is_allowed {
                    return refuse(rule, format!("crate `{with_version}` of `{address}`"));
                }
            }
        }
        if !is_named(&policy.crates) {
            return refuse(Rule::Crate, format!("crate `{with_version}`"));
        }
        if is_named(&policy.build_code) {
            return Ok(());
        }
        let targets = package["targets"].as_array().into_iter().flatten();
        let kinds = targets.flat_map(|target| target["kind"].as_array().into_iter().flatten());
        for kind in kinds.filter_map(Value::as_str) {
            match kind {
                "custom-build" => {
                    return refuse(Rule::BuildCode, format!("the build script of crate `{with_version}`"));
                }
                "proc-macro" => {
                    return refuse(Rule::BuildCode, format!("the macros of crate `{with_version}`"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
