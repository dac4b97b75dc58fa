//! Calls cargo, and explains its failures for a script.

use std::path::Path;
use std::process::{Command, ExitStatus};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::text_position::TextPosition;
use crate::build::observing::Observing;
use crate::build::outcome::disk_full;
use crate::report::reporter::{Finished, Reporter};
use crate::rust::deps::environments::Environments;
use crate::rust::deps::network::{self, Network};
use crate::rust::deps::{capture, cargo_warnings, seed, target_dir};
use crate::rust::toolchain::Toolchain;
use crate::store::stamp::Moment;

/// Cargo, as it is always called: from `/`, with the compiler that was chosen, in the environment of the policy.
pub(crate) fn command(
    cargo: &Path,
    toolchain: &Toolchain,
    environment: &Environment,
    reporter: &Reporter,
) -> Command {
    let mut command = Command::new(cargo);
    command.current_dir("/").env_clear().envs(environment.for_compilers());
    command.env("RUSTC", &toolchain.rustc);
    command.env("RUSTDOC", toolchain.rustc.with_file_name("rustdoc"));
    if let Some(columns) = reporter.columns() {
        command.env("CARGO_TERM_PROGRESS_WHEN", "always");
        command.env("CARGO_TERM_PROGRESS_WIDTH", columns.min(100).to_string());
        command.env("CARGO_TERM_PROGRESS_TERM_INTEGRATION", "false");
    } else {
        command.env("CARGO_TERM_PROGRESS_WHEN", "never");
    }
    command.env("CARGO_TERM_COLOR", if reporter.look().is_colored { "always" } else { "never" });
    command
}

impl Environments<'_> {
    pub(super) fn cargo(&self, cargo: &Path) -> Command {
        command(cargo, &self.recipe.toolchain, self.environment, self.reporter)
    }

    /// `cargo build` of the package that stands for the script.
    pub(super) fn build_command(
        &self,
        cargo: &Path,
        manifest: &Path,
        lane: &Path,
        network: Network,
    ) -> Command {
        let mut command = self.cargo(cargo);
        match self.recipe.options.harness {
            None => command.arg("build"),
            Some(_) => command.args(["test", "--no-run", "--bins"]),
        };
        command.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(lane);
        if self.recipe.config.has_build_dir {
            command.env("CARGO_BUILD_BUILD_DIR", lane);
        }
        // For code that rustc remembers it does not read again what assembly includes, nor write again what it wrote then.
        command.env("CARGO_INCREMENTAL", "0");
        if let Some(target) = &self.recipe.target {
            command.args(["--target", &target.name]);
        }
        if let Some(linker) = self.recipe.linker.named() {
            command.env(self.recipe.machine_variable("LINKER"), linker);
        }
        command.args(["--profile", &self.recipe.profile, "--message-format", "json-render-diagnostics"]);
        network.tell(&mut command, self.recipe.layers, self.environment);
        command.args(self.recipe.options.locked.then_some("--locked"));
        command.args(self.recipe.options.selection.feature_arguments());
        self.give_flags(&mut command);
        command
    }

    /// `cargo build`, without the network if it can be done so; returns its messages (JSON, one a line).
    pub(super) fn run(
        &self,
        cargo: &Path,
        manifest: &Path,
        lane: &target_dir::Lane,
        compiler: &Path,
        capture: &capture::Capture,
        start: Moment,
    ) -> Result<Vec<u8>> {
        let compile = |network: Network| {
            let mut command = self.build_command(cargo, manifest, lane.path(), network);
            command.env("RUSTC_WORKSPACE_WRAPPER", capture.wrapper());
            self.call_stand_in(&mut command, compiler);
            let policy = Observing::of(self.recipe.layers).policy_of_cargo();
            let how = if policy.is_some() { "" } else { ", unobserved" };
            self.reporter
                .verbose(|| format!("{}: building dependencies{how}", self.recipe.script.display_name()));
            let mut finished =
                self.reporter.run_watched(&command, "building dependencies", policy).map_err(|error| {
                    let what = format!("cannot run `{}`", cargo.display());
                    Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
                })?;
            // Of a build that failed, too: what it made is taken by the next.
            lane.keep_reads(
                finished.observed.take(),
                &finished.stdout,
                start,
                &self.recipe.toolchain.rustc,
                self.cache,
                self.environment,
            )?;
            Ok::<_, Error>(finished)
        };
        // In a sandbox nothing can be downloaded, so that is done before: no code of packages is run by it.
        let is_confined = self.reporter.supervision().confinement.is_some();
        let fetch = |network: Network| {
            let mut command = self.cargo(cargo);
            command.arg("fetch").arg("--manifest-path").arg(manifest);
            command.args(["--target", &self.recipe.toolchain.version.host]);
            command.args(self.recipe.target.iter().flat_map(|target| ["--target", &target.name]));
            network.tell(&mut command, self.recipe.layers, self.environment);
            command.args(self.recipe.options.locked.then_some("--locked"));
            self.reporter.unconfined().run(&command, "downloading dependencies", true).map_err(|error| {
                let what = format!("cannot run `{}`", cargo.display());
                Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
            })
        };
        let build = |network: Network| match is_confined {
            false => compile(network),
            true => match fetch(network)? {
                fetched if fetched.status.success() => compile(Network::Off),
                failed => Ok(failed),
            },
        };
        let lock_path = manifest.with_file_name("Cargo.lock");
        // What has been built here answers most new manifests, and asking the registry costs more than the build.
        let try_offline = self.recipe.options.offline || seed::covers(&lock_path, self.recipe.manifest);
        if try_offline {
            let mut finished = build(Network::Off)?;
            if self.recipe.options.offline && self.forgets_lock(&finished, &lock_path) {
                finished = build(Network::Off)?;
            }
            if finished.status.success() {
                self.show_warnings(&finished.stderr);
                return Ok(finished.stdout);
            }
            if self.recipe.options.offline {
                return Err(self.failed(&finished.stderr, finished.status));
            }
        }
        let mut finished = build(Network::Briefly)?;
        if self.forgets_lock(&finished, &lock_path) {
            finished = build(Network::Briefly)?;
        }
        if !finished.status.success() && is_network_failure(&finished.stderr) {
            // An unreachable registry is no error while everything needed is here.
            let without = build(Network::Off)?;
            if without.status.success() {
                let script = self.recipe.script.display_name();
                self.reporter.remark(&format!(
                    "{script}: the registry cannot be reached; its dependencies are resolved to what is here"
                ));
                return Ok(without.stdout);
            }
            finished = build(Network::Patiently)?;
            if !finished.status.success() && is_network_failure(&finished.stderr) {
                self.reporter.show_verbosely(&finished.stderr);
                let words = |stderr: &[u8]| String::from_utf8_lossy(stderr).into_owned();
                let (without, last) = (words(&without.stderr), words(&finished.stderr));
                let name = network::missing(&without).or_else(|| network::missing(&last));
                return Err(network::unreachable(name, &last));
            }
        }
        match finished.status.success() {
            true => {
                self.show_warnings(&finished.stderr);
                Ok(finished.stdout)
            }
            false => Err(self.failed(&finished.stderr, finished.status)),
        }
    }

    /// Removes the lock that a failed resolution began with, if that was not the user's: what is in it may be gone from a
    /// vendored directory that was renewed. Then it is worth another try.
    pub(super) fn forgets_lock(&self, finished: &Finished, lock: &Path) -> bool {
        const SIGNS: &[&str] =
            &["(locked to ", "candidate versions found which didn't match", "checksum for `"];
        let text = String::from_utf8_lossy(&finished.stderr);
        !finished.status.success()
            && self.lock.is_none()
            && SIGNS.iter().any(|sign| text.contains(sign))
            && std::fs::remove_file(lock).is_ok()
    }

    /// Shows what cargo has to say of a build that went well: what it warns of the manifest to everybody, since that is the
    /// script's own; what compilers say of dependencies as any diagnostics.
    fn show_warnings(&self, stderr: &[u8]) {
        let text = String::from_utf8_lossy(stderr);
        let (of_manifest, rest) = cargo_warnings::split(&text);
        let of_manifest = self.in_the_scripts_words(&of_manifest);
        self.reporter.show_unless_quiet(of_manifest.as_bytes());
        self.reporter.show(rest.as_bytes(), false);
    }

    /// The script's own `rustflags`, after those that cargo takes from elsewhere: it knows one source of them only, and the
    /// variables come first.
    fn give_flags(&self, command: &mut Command) {
        let Some(flags) = self.recipe.settings.rust_flags.as_ref().filter(|flags| !flags.is_empty()) else {
            return;
        };
        let given = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"]
            .map(|name| (self.environment.variable(name), if name == "RUSTFLAGS" { " " } else { "\u{1f}" }));
        if let Some((text, separator)) = given.into_iter().find_map(|(text, by)| Some((text?, by))) {
            let text = text.to_string_lossy().into_owned();
            let all = text.split(separator).filter(|flag| !flag.is_empty());
            let all: Vec<&str> = all.chain(flags.iter().map(String::as_str)).collect();
            command.env("CARGO_ENCODED_RUSTFLAGS", all.join("\u{1f}"));
            return;
        }
        let of_machine = self.recipe.machine_variable("RUSTFLAGS");
        let is_for_target =
            self.recipe.config.has_target_flags || self.environment.variable(&of_machine).is_some();
        let key = match is_for_target {
            true => format!("target.{}.rustflags", self.recipe.machine()),
            false => "build.rustflags".to_owned(),
        };
        command.arg("--config").arg(format!("{key}={}", toml::Value::from(flags.clone())));
    }

    #[cold]
    pub(super) fn failed(&self, diagnostics: &[u8], status: ExitStatus) -> Error {
        let messages = String::from_utf8_lossy(diagnostics);
        if let Some(error) = disk_full(&self.directory, &messages, "cannot build dependencies in the cache") {
            return error;
        }
        let is_about_lock =
            ["--locked was passed", "the lock file"].iter().any(|sign| messages.contains(sign));
        if self.recipe.options.locked && is_about_lock {
            self.reporter.show_verbosely(diagnostics);
            return self.unfit("");
        }
        // Cargo speaks of a package the user has never seen; what it means is the script.
        let shown = self.in_the_scripts_words(&messages);
        if let Some(error) = network::explain(&shown, self.recipe.layers, self.environment) {
            self.reporter.show_verbosely(diagnostics);
            return error;
        }
        self.reporter.show(shown.as_bytes(), true);
        let text = format!("cargo could not build the dependencies ({status}); nothing was cached");
        let position = self.recipe.manifest.blamed(&shown);
        let error = Error::message(Step::Dependencies, text).placed(position);
        if let Some(error) = self.recipe.linker.missing(&self.recipe.machine_variable("LINKER"))
            && shown.contains("error: linking with `")
        {
            return error;
        }
        if self.lock.is_some() && shown.contains("(locked to ") {
            let script = self.recipe.script.display_name();
            return error.hint(format!("`runner update {script}` renews `{script}.lock`"));
        }
        let hints = [
            ("no matching package named", "check the name under `[dependencies]` against https://crates.io"),
            ("failed to select a version", "ask for a version that exists, or `\"*\"` for any"),
        ];
        if let Some(name) = network::with_unknown_feature(&shown) {
            return error.hint(format!("https://docs.rs/crate/{name}/latest/features lists its features"));
        }
        match hints.iter().find(|(sign, _)| shown.contains(sign)) {
            Some((_, hint)) => error.hint(*hint),
            None => error,
        }
    }

    fn in_the_scripts_words(&self, text: &str) -> String {
        let script = self.recipe.script.display_name();
        let package = format!(
            "{} v{} ({})",
            crate::request::package_spec::PACKAGE_NAME,
            self.recipe.manifest.version(),
            self.directory.display()
        );
        let manifest = self.directory.join("Cargo.toml").display().to_string();
        let lock = self.directory.join("Cargo.lock").display().to_string();
        // Read once, and only where cargo speaks of a place in it.
        let generated = std::fs::read_to_string(self.directory.join("Cargo.toml")).unwrap_or_default();
        let place = |line, column| {
            let TextPosition { line, column } = self.recipe.manifest.place_of(&generated, line, column)?;
            let source = std::str::from_utf8(self.recipe.script.bytes()).ok()?.lines().nth(line - 1)?;
            let (number, gutter) = (line.to_string(), " ".repeat(line.to_string().len()));
            let mark = " ".repeat(column - 1);
            Some(format!("{script}:{line}:{column}\n{gutter} |\n{number} | {source}\n{gutter} | {mark}^\n"))
        };
        let vague = format!("{script}, in its metadata");
        with_places_of(text, manifest.trim_start_matches('/'), &vague, place)
            .replace(&package, &script)
            .replace(&lock, &format!("{script}.lock"))
            .replace(&manifest, &script)
            .replace(&format!("`{}`", crate::request::package_spec::PACKAGE_NAME), &format!("`{script}`"))
    }
}

/// Diagnostics in which a place in `file`, whose lines are not those of the script, is what `place` makes of its line and
/// column, and else only `vague`.
fn with_places_of(
    text: &str,
    file: &str,
    vague: &str,
    place: impl Fn(usize, usize) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_excerpt = false;
    let mut is_replaced = false;
    for line in text.split_inclusive('\n') {
        let arrow = line.find("--> ").map(|at| at + 4);
        if let Some(at) = arrow.filter(|at| line[*at..].trim_start_matches('/').starts_with(file)) {
            let mut numbers = line.trim_end().rsplit(':').map(|number| number.parse().ok());
            let (column, number) = (numbers.next().flatten(), numbers.next().flatten());
            let known = number.zip(column).and_then(|(number, column)| place(number, column));
            is_replaced = known.is_some();
            out.push_str(&line[..at]);
            out.push_str(&known.unwrap_or_else(|| format!("{vague}\n")));
            in_excerpt = true;
            continue;
        }
        let gutter = line.find('|').filter(|at| line[..*at].chars().all(|c| c == ' ' || c.is_ascii_digit()));
        in_excerpt &= gutter.is_some();
        match gutter.filter(|_| in_excerpt) {
            Some(_) if is_replaced => {}
            Some(at) => {
                out.push_str(&" ".repeat(at));
                out.push_str(&line[at..]);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Whether cargo failed for want of a network.
pub(crate) fn is_network_failure(diagnostics: &[u8]) -> bool {
    network::is_unreachable(&String::from_utf8_lossy(diagnostics))
}
