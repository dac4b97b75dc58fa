//! Incremental builds: what the compiler remembers of a script's last build, for the next one.
//!
//! Whoever edits a script compiles the same code again and again. In builds that do not optimize (`dev`, `quick`, and the
//! provisional ones of [`crate::engine::background`]) rustc can take most of it from the build before; scripts too small to gain by that,
//! and all that is released, are compiled without.
//!
//! ```text
//! v1/incremental/SCRIPT/WAY/     digests of the script's real path, and of how it is built
//!   lock                         held by the builder, and by its compiler as long as that lives
//!   state/                       the compiler's own (`-C incremental`)
//!   output/                      where it puts the program: what it remembers is good for one place only
//!   record                       sealed: the boot, and the stamp of every file in `state`
//! ```
//!
//! An incremental build gives bit for bit what one with an empty `state` gives: so `tests/it/rust/slow/incremental.rs` says of
//! rustc, and `RUNNER_VERIFY` of every hit. It is true only of a state that is what a compiler left, and compilers neither
//! sync nor check what they find there. So a state is used only
//!
//! 1. by one builder at a time; another compiles without (the compiler of a builder that was killed is one, too);
//! 2. if its record says that it was left by a compiler which ended by itself, and every file is as it was then;
//! 3. if that was in this boot of the machine: what the power took away shows in no stamp.
//!
//! Else, and when the compiler fails in a way that may come from there, it is forgotten and the script compiled without.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::base::digest::{Digest, Fields};
use crate::base::environment::Environment;
use crate::base::fs::{Mode, entries, remove, size_of};
use crate::base::order;
use crate::report::reporter::Finished;
use crate::rust::deps::Call;
use crate::rust::recipe::RustRecipe;
use crate::rust::{linker, profile};
use crate::script::script_file::Location;
use crate::store::cache::Cache;
use crate::store::lock::Lock;
use crate::store::sealed_record::Record;
use crate::store::stamp::Stamp;

/// Where they are in the cache.
pub(crate) const DIRECTORY: &str = "incremental";

/// Units in which the compiler keeps and repeats its work. Its own 256 are more files to link than a script has use for:
/// with 16 an edit of 1,000 lines takes a sixth less time, and from some thousand lines on they are too coarse.
const UNITS: &str = "codegen-units=16";
const MANY_LINES: usize = 3000;

/// Where a compiler finds what it remembers, and puts what it makes.
#[derive(Debug)]
pub(crate) struct Incremental {
    /// `state` and `output` are in it.
    directory: PathBuf,
    /// What names the record; a build from nothing leaves none.
    kept: Option<(Digest, Lock)>,
    options: Vec<OsString>,
}

impl Incremental {
    /// What is remembered of a script that is built so; nothing yet of a new one. `None` if it is to be compiled without.
    pub(crate) fn enter(
        recipe: &RustRecipe<'_>,
        call: &Call,
        cache: &Cache,
        environment: &Environment,
        staging: &Path,
    ) -> Option<Incremental> {
        let boot = is_wanted(recipe, call, cache, environment).then(boot).flatten()?;
        let (directory, key) = place(recipe, cache);
        if recipe.provisional && !directory.is_dir() {
            // Only of a script that is edited, which shows the second time, is there any use for a memory.
            let _ = cache.make_directory(&directory);
            return None;
        }
        let kept = keep(cache, &directory).ok().flatten();
        if kept.is_none() && recipe.provisional {
            return None;
        }
        let memory = Incremental {
            // From nothing, for the same bytes; those of a provisional build do not matter.
            directory: if kept.is_some() { directory } else { staging.to_owned() },
            kept: kept.map(|lock| (key, lock)),
            options: options(recipe, call),
        };
        if memory.kept.is_some() && (recipe.anew || !memory.is_as_it_was_left(&boot)) {
            memory.clear();
        }
        memory.prepare(cache).is_ok().then_some(memory)
    }
}

impl Incremental {
    fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// Where the compiler is to put what it makes.
    pub(crate) fn output(&self) -> PathBuf {
        self.directory.join("output")
    }

    /// What the compiler is told.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut state = OsString::from("incremental=");
        state.push(self.state());
        [OsString::from("-C"), state].into_iter().chain(self.options.iter().cloned()).collect()
    }

    /// Whether what the compiler did may come from what it remembered, and not from the script.
    pub(crate) fn is_to_blame(&self, finished: &Finished) -> bool {
        let text = String::from_utf8_lossy(&finished.stderr);
        let ended_by_itself = matches!(finished.status.code(), Some(0 | 1));
        // A linker that fails may have been given damaged objects.
        let is_linkers = !finished.status.success() && text.contains("linking with `");
        !ended_by_itself || is_linkers || text.contains(&*self.directory.to_string_lossy())
    }

    /// Forgets everything.
    pub(crate) fn forget(self) {
        self.clear();
    }

    /// The compiler has ended by itself: moves what it made to `staging`, and keeps what it remembers for the next, if it is
    /// good for that.
    pub(crate) fn settle(self, finished: &Finished, staging: &Path, is_good: bool) -> io::Result<()> {
        if finished.status.success() {
            for name in ["program", "program.d"] {
                fs::rename(self.output().join(name), staging.join(name))?;
            }
        }
        if !is_good {
            self.clear();
        } else if let Some(((key, _), boot)) = self.kept.as_ref().zip(boot()) {
            let mut record = Record::default();
            record.push("boot", boot);
            self.contents().iter().for_each(|file| record.push("file", file));
            // A torn one has lost its seal.
            fs::write(self.record(), record.render(key))?;
        }
        Ok(())
    }

    fn record(&self) -> PathBuf {
        self.directory.join("record")
    }

    /// The stamp of every file in the state, and its directories. Who links to a file changes its stamp, too; only compilers
    /// do, before this is asked.
    fn contents(&self) -> Vec<OsString> {
        let mut paths = vec![self.state()];
        let mut found = Vec::new();
        while let Some(path) = paths.pop() {
            paths.extend(entries(&path));
            let stamp = fs::symlink_metadata(&path).map(|metadata| match metadata.is_dir() {
                true => "directory".to_owned(),
                false => Stamp::of(&metadata).to_string(),
            });
            let mut text = OsString::from(stamp.unwrap_or_default() + " ");
            text.push(path.strip_prefix(&self.directory).unwrap_or(&path));
            found.push(text);
        }
        order::sort(&mut found);
        found
    }

    fn is_as_it_was_left(&self, boot: &OsStr) -> bool {
        let record = self.kept.as_ref().zip(fs::read(self.record()).ok());
        let record = record.and_then(|((key, _), bytes)| Record::parse(key, &bytes));
        record.is_some_and(|record| {
            record.first("boot").is_some_and(|left| left == boot) && record.all("file") == self.contents()
        })
    }

    fn clear(&self) {
        for path in [self.record(), self.state(), self.output()] {
            remove(&path);
        }
    }

    fn prepare(&self, cache: &Cache) -> io::Result<()> {
        let is_new = !self.state().is_dir();
        cache.make_directory(&self.state())?;
        cache.make_directory(&self.output())?;
        if is_new && self.kept.is_some() {
            // Without links the compiler would copy, and warn.
            let (lock, link) = (self.directory.join("lock"), self.output().join("link"));
            fs::hard_link(lock, &link)?;
            fs::remove_file(link)?;
        }
        Ok(())
    }
}

/// Whether a build gains by it: it is not optimized or says so itself, and is made here for here.
fn is_wanted(recipe: &RustRecipe<'_>, call: &Call, cache: &Cache, environment: &Environment) -> bool {
    let RustRecipe { options, manifest, script, .. } = recipe;
    let is_off = environment.variable("CARGO_INCREMENTAL").is_some_and(|value| value == "0");
    let is_named = |argument: &OsString| argument.as_bytes().windows(12).any(|part| part == b"incremental=");
    (recipe.provisional || profile::is_incremental(manifest, &recipe.profile))
        && !(is_off || options.portable || options.temporary || cache.is_temporary())
        && matches!(script.location(), Location::File(_))
        && recipe.is_large()
        && !call.arguments.iter().any(is_named)
}

/// Besides where the state is.
fn options(recipe: &RustRecipe<'_>, call: &Call) -> Vec<OsString> {
    let mut options = Vec::new();
    let is_chosen = |argument: &OsString| {
        let bytes = argument.as_bytes();
        bytes.windows(14).any(|part| part == b"codegen-units=") && !bytes.ends_with(UNITS.as_bytes())
    };
    if !call.arguments.iter().any(is_chosen) {
        options.extend(["-C", if recipe.lines() < MANY_LINES { UNITS } else { "codegen-units=256" }]);
    }
    // Without merging equal strings, which takes a tenth of a link. Every linker that `cc` may call knows the option.
    if cfg!(target_os = "linux") && recipe.target.is_none() && linker::named(&call.arguments).is_none() {
        options.extend(["-C", "link-arg=-Wl,-O0"]);
    }
    options.into_iter().map(OsString::from).collect()
}

fn of_script(cache: &Cache, script: &Path) -> PathBuf {
    cache.join(DIRECTORY).join(Digest::of(script.as_os_str().as_bytes()).short(32))
}

/// Where it is, and its name.
fn place(recipe: &RustRecipe<'_>, cache: &Cache) -> (PathBuf, Digest) {
    let mut fields = Fields::new("incremental 1");
    fields.push("toolchain", recipe.toolchain.id.as_bytes());
    fields.push("profile", recipe.profile.as_bytes());
    fields.push("provisional", &[u8::from(recipe.provisional)]);
    recipe.options.add_to(&mut fields);
    let key = fields.finish();
    let script = recipe.script.real_path().unwrap_or(recipe.base());
    (of_script(cache, script).join(key.short(32)), key)
}

/// The lock, if nobody holds it, and if there are locks at all. Compilers keep it when their builder is killed.
fn keep(cache: &Cache, directory: &Path) -> io::Result<Option<Lock>> {
    cache.make_directory(directory)?;
    let lock = Lock::try_acquire(&directory.join("lock"))?.filter(Lock::is_exclusive);
    lock.as_ref().map_or(Ok(()), Lock::hand_on)?;
    Ok(lock)
}

/// Which boot of the machine this is; `None` where that cannot be told.
fn boot() -> Option<OsString> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim_end().into())
}

/// Removes what was not used since `oldest`, and then the least recently used beyond `most_bytes`; or tells how much that is.
pub(crate) fn sweep(cache: &Cache, oldest: i64, most_bytes: u64, mode: Mode) -> u64 {
    let scripts = entries(&cache.join(DIRECTORY));
    let ways = scripts.iter().flat_map(|script| entries(script));
    let mut ways: Vec<(i64, PathBuf)> = ways.map(|way| (used(&way), way)).collect();
    order::sort(&mut ways);
    let (mut room, mut freed) = (most_bytes, 0);
    for (used, way) in ways.into_iter().rev() {
        let size = size_of(&way);
        match room.checked_sub(size).filter(|_| used >= oldest) {
            Some(rest) => room = rest,
            None => freed += cache.remove_unused(&way, mode),
        }
    }
    if mode == Mode::Remove {
        // Those that are empty.
        scripts.iter().for_each(|script| drop(fs::remove_dir(script)));
    }
    freed
}

/// Removes what is remembered of one script.
pub(crate) fn forget(cache: &Cache, script: &Path) -> u64 {
    let directory = of_script(cache, script);
    let freed = entries(&directory).iter().map(|way| cache.remove_unused(way, Mode::Remove)).sum();
    let _ = fs::remove_dir(directory);
    freed
}

/// When it was last used, in seconds since the epoch.
fn used(directory: &Path) -> i64 {
    let time = |path: &Path| fs::symlink_metadata(path).map(|metadata| metadata.mtime());
    time(&directory.join("record")).or_else(|_| time(directory)).unwrap_or_default()
}
