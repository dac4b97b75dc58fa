//! The shared cache of a machine, which is only read: one more underneath a user's own, for images and shared machines.
//!
//! `RUNNER_CACHE_SYSTEM` names its root. It is an ordinary cache that somebody built ahead and opened for reading:
//!
//! ```text
//! RUNNER_CACHE=/usr/share/runner runner build --cache /usr/local/bin/*.rs && chmod -R a+rX /usr/share/runner
//! ```
//!
//! Who built it had another home, another configuration, perhaps a compiler that is not here any more. So a trace of it is
//! not asked whether it holds; it is asked whether this user would have built the same:
//!
//! 1. the script, its path and the options that won are those of the id (a home among them);
//! 2. what the decisions rested on (compiler, linker, variables, cargo's configuration) is for both the same, where each has
//!    his own home for the other's. Without a compiler to decide anything with, the variables alone must be the same;
//! 3. every input of the build holds here and now;
//! 4. the binary is the one that was built, by its digest, and finds its loader and libraries.
//!
//! Then the variant is adopted: written into the user's own cache with the user's own checks, with this system's stamps,
//! and with the absolute path of the binary. From then on it is an ordinary hit, with not one system call more, that ends
//! when `RUNNER_CACHE_SYSTEM` names something else. A user without a cache goes the long way each time.
//!
//! What lies in it is executed, so all of it (the root, what is above it, traces, binaries and the directories on the way)
//! must belong to root or to this user and be writable by nobody else; anything else is passed over, with a word on `-v`.
//! Nothing is ever written there, and nothing trimmed.
//!
//! Dependencies are not shared: an environment is named for the home it was built in, and knows its artifacts by their
//! inodes, which an image changes.

use std::borrow::Cow;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{Kind, Result};
use crate::base::order;
use crate::build::runnable;
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::report::reporter::Reporter;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::schema;
use crate::store::cache::Cache;
use crate::store::entry::Found;
use crate::store::fact_tree;
use crate::store::key::Key;
use crate::store::shared_root::{VARIABLE, is_ours_or_roots, is_trusted};
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::{Check, Input, path_of, text_of};
use crate::store::trace::fact_state::Holds;
use crate::store::trace::line::Binary;
use crate::store::trace::{Trace, Variant};

/// More than any trace has.
const MOST_TRACE_BYTES: u64 = 16 << 20;

/// Variables that say where a compiler is, which does not matter if there is none.
const OF_TOOLS: &[&str] = &["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTC"];

/// What was looked for, or why it is not believed.
type Refusable<T> = std::result::Result<T, String>;

/// What this user's decisions rest on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Grounds<'a> {
    /// These checks.
    By(&'a [Check<'static>]),
    /// There is no compiler; what was asked for rests on these.
    WithoutCompiler(&'a [Check<'static>]),
}

/// A cache that is only read.
#[derive(Debug)]
pub(crate) struct SystemCache {
    root: PathBuf,
}

impl SystemCache {
    /// The one that is named, if it is another than a user's `own`.
    pub(crate) fn of(environment: &Environment, own: Option<&Path>) -> Option<SystemCache> {
        let root = PathBuf::from(environment.set(VARIABLE)?);
        (root.is_absolute() && own != Some(&*root)).then_some(SystemCache { root })
    }

    /// A variant of `home` that this user would have built the same, as it is to be written into the user's own cache.
    pub(crate) fn find(
        &self,
        home: &Key,
        decided: Grounds<'_>,
        environment: &Environment,
        reporter: &Reporter,
    ) -> Option<Variant<'static>> {
        let cache = Cache::at(self.root.clone());
        let looked = self.look(&cache, home, decided, environment);
        looked.unwrap_or_else(|refused| {
            reporter.verbose(|| format!("the system's cache is passed over: {refused}"));
            None
        })
    }

    fn look(
        &self,
        cache: &Cache,
        home: &Key,
        decided: Grounds<'_>,
        environment: &Environment,
    ) -> Refusable<Option<Variant<'static>>> {
        let path = cache.trace_path(home);
        if !path.exists() {
            return Ok(None);
        }
        self.check_above()?;
        let Some(bytes) = self.read(&path)? else { return Ok(None) };
        let Some(trace) = Trace::parse(home.digest(), &bytes) else {
            return Err(format!("`{}` is damaged", path.display()));
        };
        for variant in trace.variants.iter().filter(|variant| variant.is_of(home) && !variant.provisional) {
            if let Some(checks) = checks(variant, decided, environment)
                && let Some(binary) = self.binary(cache, &variant.binary)?
            {
                // For another machine an emulator has the last word.
                if variant.target.is_none() {
                    let path = path_of(&binary.path);
                    runnable::check(path, environment)
                        .map_err(|why| format!("`{}` cannot run here: {why}", path.display()))?;
                }
                return Ok(Some(self.adopted(variant, binary, checks, environment)));
            }
        }
        Ok(None)
    }

    /// Nobody else may put another cache in its place.
    fn check_above(&self) -> Refusable<()> {
        for path in self.root.ancestors().skip(1) {
            let metadata = fs::metadata(path).map_err(|error| shown(path, &error))?;
            let is_sticky = metadata.mode() & 0o1000 != 0;
            if !(is_ours_or_roots(&metadata) && (is_sticky || metadata.mode() & 0o022 == 0)) {
                return Err(untrusted(path, &metadata));
            }
        }
        Ok(())
    }

    /// Refuses a file or directory, or one on the way to it from the root, that somebody else could have put there.
    fn check(&self, path: &Path) -> Refusable<Metadata> {
        let below =
            path.strip_prefix(&self.root).map_err(|_| format!("`{}` is elsewhere", path.display()))?;
        let mut on_the_way = self.root.clone();
        let mut parts = below.components();
        loop {
            let metadata = fs::symlink_metadata(&on_the_way).map_err(|error| shown(&on_the_way, &error))?;
            if !is_trusted(&metadata) {
                return Err(untrusted(&on_the_way, &metadata));
            }
            match parts.next() {
                None => return Ok(metadata),
                Some(_) if !metadata.is_dir() => {
                    return Err(format!("`{}` is not a directory", on_the_way.display()));
                }
                Some(part) => on_the_way.push(part),
            }
        }
    }

    /// All of a file, as one look at it has it; `None` if it has just gone.
    fn read(&self, path: &Path) -> Refusable<Option<Vec<u8>>> {
        self.check(path)?;
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = match File::options().read(true).custom_flags(flags).open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| shown(path, &error))?,
        };
        let metadata = file.metadata().map_err(|error| shown(path, &error))?;
        if !metadata.is_file() || !is_trusted(&metadata) || metadata.len() > MOST_TRACE_BYTES {
            return Err(untrusted(path, &metadata));
        }
        let mut bytes = Vec::new();
        file.take(MOST_TRACE_BYTES).read_to_end(&mut bytes).map_err(|error| shown(path, &error))?;
        Ok(Some(bytes))
    }

    /// The binary with its stamp of now, if it is the one that was built and may be executed.
    fn binary(&self, cache: &Cache, binary: &Binary<'_>) -> Refusable<Option<Binary<'static>>> {
        let relative = path_of(&binary.path);
        if relative.is_absolute() {
            // One that was adopted itself.
            return Ok(None);
        }
        let path = cache.join(relative);
        let metadata = self.check(&path)?;
        if !metadata.is_file() || rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_err() {
            return Err(untrusted(&path, &metadata));
        }
        let before = Moment::now();
        let stamp = Stamp::of(&metadata);
        let is_same = Some(stamp) == binary.stamp
            || Digest::of_file(&path).map_err(|error| shown(&path, &error))? == binary.digest;
        if !is_same {
            return Err(format!("`{}` is not what was built", path.display()));
        }
        let stamp = stamp.trusted(&path, before);
        Ok(Some(Binary { digest: binary.digest, stamp, path: text_of(&path) }))
    }

    fn adopted(
        &self,
        variant: &Variant<'_>,
        binary: Binary<'static>,
        mut checks: Vec<Check<'static>>,
        environment: &Environment,
    ) -> Variant<'static> {
        checks.push(Check::variable(VARIABLE, environment));
        let adopted = Variant { binary, checks, ..variant.clone() };
        adopted.into_owned()
    }
}

/// The checks that an adopted variant rests on: this user's decisions and the inputs; `None` if the decisions are not the
/// same, or an input is not.
fn checks(
    variant: &Variant<'_>,
    decided: Grounds<'_>,
    environment: &Environment,
) -> Option<Vec<Check<'static>>> {
    let count: usize = variant.about("decisions")?.parse().ok()?;
    let theirs: Vec<&Check<'_>> = variant.checks.iter().filter(|check| !check.choice).collect();
    let (decisions, inputs) = theirs.split_at_checked(count)?;
    let homes = Homes { theirs: home_of(&variant.checks)?, ours: environment.home()? };
    let mut checks = match decided {
        Grounds::By(ours) => {
            let facts = |home: &Path, checks: &mut dyn Iterator<Item = &Check<'_>>| {
                let mut facts: Vec<Vec<u8>> = checks.map(|check| without_home(check, home)).collect();
                order::sort(&mut facts);
                facts.dedup();
                facts
            };
            let of_user = facts(&homes.ours, &mut ours.iter().filter(|check| !check.choice));
            if facts(&homes.theirs, &mut decisions.iter().copied()) != of_user {
                return None;
            }
            ours.to_vec()
        }
        Grounds::WithoutCompiler(choices) => {
            let mut checks = Vec::new();
            for check in decisions {
                checks.push(without_compiler(check, &homes, environment)?);
            }
            checks.extend(choices.iter().cloned());
            checks
        }
    };
    for check in inputs {
        checks.push(match fact_tree::holds(check, environment) {
            Holds::Yes => (*check).clone().into_owned(),
            Holds::ByContent(stamp) | Holds::Tree(stamp) => {
                let mut renewed = (*check).clone().into_owned();
                renewed.set_stamp(stamp);
                renewed
            }
            Holds::No if check.tool && matches!(decided, Grounds::WithoutCompiler(_)) => {
                as_it_is_now(check, &homes, environment)
            }
            Holds::No => return None,
        });
    }
    Some(checks)
}

/// Two users' home directories.
struct Homes {
    theirs: PathBuf,
    ours: PathBuf,
}

impl Homes {
    /// Our path for theirs.
    fn ours_for(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.theirs) {
            Ok(rest) => self.ours.join(rest),
            Err(_) => path.to_owned(),
        }
    }
}

/// The home that a build's decisions rested on.
fn home_of(checks: &[Check<'_>]) -> Option<PathBuf> {
    checks.iter().find_map(|check| match &check.input {
        Input::Variable { name, value: Some(value) } if **name == *b"HOME" => Some(path_of(value).to_owned()),
        _ => None,
    })
}

/// A decision's check for one who has no compiler; `None` if a variable that would matter with one is not as it was.
fn without_compiler(check: &Check<'_>, homes: &Homes, environment: &Environment) -> Option<Check<'static>> {
    match &check.input {
        Input::Variable { name, .. } | Input::Private { name, .. }
            if OF_TOOLS.iter().all(|known| known.as_bytes() != &**name) =>
        {
            (fact_tree::holds(check, environment) == Holds::Yes).then(|| check.clone().into_owned())
        }
        _ => Some(as_it_is_now(check, homes, environment)),
    }
}

/// What a check would be if it was made by us: when that changes, all is decided anew.
fn as_it_is_now(check: &Check<'_>, homes: &Homes, environment: &Environment) -> Check<'static> {
    let mut now = match &check.input {
        Input::Variable { name, .. } => Check::variable(&String::from_utf8_lossy(name), environment),
        Input::Private { name, .. } => Check::private_variable(&String::from_utf8_lossy(name), environment),
        Input::Command { name, .. } => Check::command(&String::from_utf8_lossy(name), environment),
        Input::Never { .. } | Input::SearchPath { .. } => return check.clone().into_owned(),
        Input::Content { path, .. }
        | Input::Absent { path }
        | Input::Present { path }
        | Input::Link { path, .. } => {
            let path = homes.ours_for(path_of(path));
            Check::file_or_absent(&path, Moment::now()).unwrap_or_else(|_| Check::absent(&path))
        }
    };
    now.tool = check.tool;
    now
}

/// A check as text, without its stamp, in which a home directory is the same for everybody.
fn without_home(check: &Check<'_>, home: &Path) -> Vec<u8> {
    let neutral = |text: &[u8]| -> Cow<'static, [u8]> {
        let home = home.as_os_str().as_bytes();
        match text.strip_prefix(home) {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => Cow::Owned([b"~", rest].concat()),
            _ => Cow::Owned(text.to_vec()),
        }
    };
    let mut check = check.clone().without_stamp().into_owned();
    match &mut check.input {
        Input::Content { path, .. }
        | Input::Absent { path }
        | Input::Present { path }
        | Input::Link { path, .. } => {
            *path = neutral(path);
        }
        Input::Never { .. } | Input::SearchPath { .. } => {}
        Input::Variable { value: Some(text), .. } | Input::Command { path: Some(text), .. } => {
            *text = neutral(text);
        }
        Input::Variable { value: None, .. } | Input::Command { path: None, .. } | Input::Private { .. } => {}
    }
    let mut text = Vec::new();
    check.render(&mut text);
    text
}

fn untrusted(path: &Path, metadata: &Metadata) -> String {
    let (uid, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    format!("`{}` may be somebody else's work (uid {uid}, mode {mode:04o})", path.display())
}

fn shown(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {}", path.display(), error.kind())
}

/// The program of a script that the system's cache has, if there is one and this user would have built the same.
/// Adopted into the user's own `cache`, if that can be written.
pub(crate) fn find_in_shared_cache(
    context: &Context,
    cache: Option<&Cache>,
    launch: &Key,
    script: &Script,
    options: &Options,
) -> Result<Option<Found>> {
    let environment = context.environment();
    let Some(system) = SystemCache::of(environment, cache.map(Cache::root)) else { return Ok(None) };
    if options.force || options.temporary || script.package().is_some() {
        return Ok(None);
    }
    let read = recipe::read(script, options, environment)?;
    let request = read.request();
    if request.options.temporary {
        return Ok(None);
    }
    let reporter = context.reporter(request.options.verbosity);
    // Where what a compiler says of itself is remembered, if anywhere.
    let nowhere = Cache::at(PathBuf::from("/dev/null/nowhere"));
    let (home, found) = match read.resolve(environment, cache.unwrap_or(&nowhere)) {
        Ok(rust) => {
            let home = rust.key();
            (home, system.find(&home, Grounds::By(rust.checks()), environment, &reporter))
        }
        Err(error) if error.kind() == Kind::NotFound => {
            let home = request.key_without_compiler();
            let mut rest = request.config.checks.clone();
            rest.extend(schema::choices(environment));
            // One that appears is to be asked.
            rest.push(Check::command("rustc", environment).tool());
            (home, system.find(&home, Grounds::WithoutCompiler(&rest), environment, &reporter))
        }
        // It is said where it is in the way.
        Err(_) => return Ok(None),
    };
    let Some(variant) = found else { return Ok(None) };
    let own = cache.filter(|cache| !cache.is_temporary() && cache.create().is_ok());
    if let Some(own) = own
        && own.add_variant(&home, script.trace_name(), variant.clone()).is_ok()
    {
        own.alias(launch, &home, script.trace_name(), environment);
    }
    Ok(Some(variant.found()))
}
