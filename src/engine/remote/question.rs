//! One question to the remote cache, and one addition to it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::digest::{Digest, Sums};
use crate::build::backend::{Host, ResolvedRecipe};
use crate::build::runnable;
use crate::engine::remote::action::{self, File};
use crate::engine::remote::entry::{self, Entry, Machine};
use crate::engine::remote::key::key;
use crate::engine::remote::places::{Places, SCRIPT};
use crate::engine::remote::server::{MOST_ENTRY_BYTES, Server, recent_failure};
use crate::engine::remote::signature;
use crate::engine::trim;
use crate::request::program_args::ProgramArgs;
use crate::settings::build_request::BuildRequest;
use crate::store::entry::Built;
use crate::store::readied::Readied;
use crate::store::stamp::Moment;
use crate::store::trace::Variant;
use crate::store::trace::fact::Check;
use crate::store::usage_counts::{self, Counted};

/// More than any program has.
const MOST_PROGRAM_BYTES: u64 = 4 << 30;

/// A script that was compiled here within this time is being edited, and the network stays out of that.
const EDITED: Duration = Duration::from_secs(3600);

/// What is asked of the remote cache: the build that a recipe would make.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    request: &'a BuildRequest,
    pub(crate) key: Digest,
    pub(crate) places: Places,
    decisions: Vec<Check<'static>>,
    told: ProgramArgs,
    pub(crate) lock: Option<String>,
}

impl<'a> Question<'a> {
    /// The question of a recipe, which is not that of a provisional build.
    ///
    /// # Errors
    /// Why no other machine's build would do.
    pub(crate) fn of(
        resolved: &dyn ResolvedRecipe<'a>,
        host: Host<'_>,
    ) -> Result<Question<'a>, &'static str> {
        let request = resolved.request();
        let places = Places::of(&request.script, host.environment, host.cache);
        Ok(Question {
            request,
            key: key(resolved, &places)?,
            places,
            decisions: resolved.checks().to_vec(),
            told: resolved.told(),
            lock: resolved.resolution(host.environment, host.cache),
        })
    }

    /// The question, if there is a server, and a build of another machine would do.
    pub(crate) fn if_any(resolved: &dyn ResolvedRecipe<'a>, host: Host<'_>) -> Option<Question<'a>> {
        let request = resolved.request();
        let server = Server::of(&request.layers, host.environment, host.cache)?;
        let options = &request.options;
        let refused = match &server.signers {
            _ if options.force || options.temporary || options.offline || options.debug.is_dry_run => {
                return None;
            }
            None => Err("`remote-signers` is not set, so that no entry could be believed"),
            // What a build rests on is not in an entry as far as a policy would look: the crates of its dependencies.
            Some(_) if request.policy.is_some() => Err("a policy is in force"),
            Some(_) if was_compiled_lately(request, host) => Err("it was compiled here within the last hour"),
            Some(_) => Question::of(resolved, host),
        };
        match refused {
            Ok(question) => Some(question),
            Err(why) => {
                host.reporter.verbose(|| format!("the remote cache is not asked: {why}"));
                None
            }
        }
    }

    /// A program of the remote cache that is the one that would be built here, in `staging`.
    pub(crate) fn ask(&self, staging: &Path, host: Host<'_>) -> Option<Built> {
        let server = Server::of(&self.request.layers, host.environment, host.cache)?;
        let signers = server.signers.clone()?;
        if let Some(why) = recent_failure(host.cache) {
            host.reporter.verbose(|| format!("the remote cache is left alone for a minute: {why}"));
            return None;
        }
        usage_counts::count(host.cache, Counted::RemoteQuestions);
        match self.answer(&server, &signers, staging, host) {
            Ok(Some(built)) => {
                usage_counts::count(host.cache, Counted::RemoteHits);
                Some(built)
            }
            Ok(None) => None,
            Err(why) => {
                server.failed(&why);
                host.reporter.verbose(|| format!("the remote cache failed: {why}"));
                None
            }
        }
    }

    fn answer(
        &self,
        server: &Server<'_>,
        signers: &Path,
        staging: &Path,
        host: Host<'_>,
    ) -> Result<Option<Built>, String> {
        let verbose = |text: String| host.reporter.verbose(|| format!("the remote cache: {text}"));
        let Some((entry, signer)) = self.entry(server, signers, staging, host)? else {
            verbose("it has no such entry".to_owned());
            return Ok(None);
        };
        let machine = self.machine(host);
        for variant in &entry.variants {
            let facts =
                self.is_for_us(variant).and_then(|()| entry.facts_here(variant, &self.decisions, machine));
            let (facts, decisions) = match facts {
                Ok(facts) => facts,
                Err(why) => {
                    verbose(format!("an entry is of no use here: {why}"));
                    continue;
                }
            };
            let file = entry::program(variant).ok_or("the entry names no program")?;
            let output = self.program(server, &file, staging)?;
            if variant.target.is_none()
                && let Err(why) = runnable::check(&output, host.environment)
            {
                verbose(format!("its program cannot run here: {why}"));
                continue;
            }
            verbose(format!("taken from `{}`, signed by {signer}", server.shown()));
            return Ok(Some(self.built(variant, &file, output, facts, decisions)));
        }
        Ok(None)
    }

    /// The entry of the key, if there is one that somebody signed who is believed.
    fn entry(
        &self,
        server: &Server<'_>,
        signers: &Path,
        staging: &Path,
        host: Host<'_>,
    ) -> Result<Option<(Entry, String)>, String> {
        let Some(message) = server.get(&self.path(), MOST_ENTRY_BYTES)? else { return Ok(None) };
        let (text, signed) = action::parse(&message).ok_or("its answer is no entry")?;
        let signer = signature::verify(text, signed, signers, staging, host.environment)?;
        let entry = Entry::parse(&self.key, text).ok_or("the entry is one of another key")?;
        Ok(Some((entry, signer)))
    }

    fn path(&self) -> String {
        format!("ac/{}", self.key.hex())
    }

    fn machine<'b>(&'b self, host: Host<'b>) -> Machine<'b> {
        Machine { key: &self.key, places: &self.places, environment: host.environment, cache: host.cache }
    }

    /// Whether the program holds no directory of another machine, and the versions of dependencies that it would have here.
    fn is_for_us(&self, variant: &Variant<'_>) -> Result<(), String> {
        for (name, path) in entry::bound(variant) {
            if self.places.path(&name) != Some(&*path) {
                return Err(format!("the program holds the path `{}`", path.display()));
            }
        }
        let lock = self.lock.as_ref().map(|lock| Digest::of(lock.as_bytes()).hex());
        match (lock, variant.about("lock")) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                Err("its dependencies have other versions".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Reads a program into `staging`.
    fn program(&self, server: &Server<'_>, file: &File, staging: &Path) -> Result<PathBuf, String> {
        let bytes = server.get(&format!("cas/{}", file.sha256), file.bytes.min(MOST_PROGRAM_BYTES))?;
        let bytes = bytes.ok_or("the program of the entry is gone")?;
        let sums = Sums::of_reader(&mut &bytes[..]).map_err(|error| error.to_string())?;
        if sums.sha256 != file.sha256 || sums.bytes != file.bytes {
            return Err("the program is not the one that was signed".to_owned());
        }
        let output = staging.join("fetched");
        std::fs::write(&output, &bytes).map_err(|error| error.to_string())?;
        Ok(output)
    }

    fn built(
        &self,
        variant: &Variant<'_>,
        file: &File,
        output: PathBuf,
        checks: Vec<Check<'static>>,
        decisions: usize,
    ) -> Built {
        let mut about: Vec<(&'static str, String)> =
            entry::ABOUT_BUILD.into_iter().filter_map(|name| Some((name, variant.about(name)?))).collect();
        about.push(("decisions", decisions.to_string()));
        about.push(("built", Moment::now().unix_seconds().to_string()));
        about.push(("remote", "1".to_owned()));
        let name = std::os::unix::ffi::OsStringExt::from_vec(file.name.clone());
        let target = variant.target.as_ref().map(|target| String::from_utf8_lossy(target).into_owned());
        Built {
            output,
            readied: Readied::default(),
            name,
            provisional: false,
            target,
            told: self.told.clone(),
            checks,
            about,
        }
    }

    /// Whether a build of this machine is only right where its script lies.
    pub(crate) fn is_bound(&self, variant: &Variant<'_>, program: &[u8], host: Host<'_>) -> bool {
        let holds = self.places.in_program(program);
        holds.iter().any(|(name, _)| *name == SCRIPT)
            || entry::is_bound_by_facts(variant, &self.places, host.environment)
    }

    /// Adds a build of this machine, which nobody has tampered with and other machines may believe.
    ///
    /// # Errors
    /// Why it was not added.
    pub(crate) fn add(
        &self,
        variant: &Variant<'_>,
        program: &Path,
        signing_key: &Path,
        staging: &Path,
        host: Host<'_>,
    ) -> Result<(), String> {
        let read = |error: io::Error| format!("cannot read `{}`: {error}", program.display());
        let bytes = std::fs::read(program).map_err(read)?;
        let server =
            Server::of(&self.request.layers, host.environment, host.cache).ok_or("`remote` is not set")?;
        // What others added stays, if they are believed.
        let there = match &server.signers {
            Some(signers) => self.entry(&server, signers, staging, host).ok().flatten(),
            None => None,
        };
        let mut entry = there.map(|(entry, _)| entry).unwrap_or_default();
        entry.add(variant, &bytes, self.lock.as_deref(), self.machine(host))?;
        let file = entry.variants.first().and_then(entry::program).ok_or("the program has no name")?;
        server.put(&format!("cas/{}", file.sha256), program)?;
        let name = self.request.script.path().and_then(Path::file_name).unwrap_or_default();
        let text = entry.render(&self.key, name);
        let signed = signature::sign(&text, signing_key, host.environment)?;
        let message = staging.join("entry");
        std::fs::write(&message, action::render(&entry.files(), &text, &signed))
            .map_err(|error| error.to_string())?;
        server.put(&self.path(), &message)
    }
}

/// Whether another version of the script was compiled here, not long ago.
fn was_compiled_lately(request: &BuildRequest, host: Host<'_>) -> bool {
    let Some(path) = request.script.path() else { return false };
    let now = Moment::now().unix_seconds();
    let is_late = |built: i64| now.saturating_sub(built) < EDITED.as_secs() as i64;
    trim::builds(host.cache)
        .iter()
        .any(|build| build.script == path && !build.is_remote && is_late(build.built))
}
