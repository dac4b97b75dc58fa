//! The facts of what a compiler and everything it started was observed to look at.
//!
//! Looks become facts one by one, with these exceptions, so that a hit asks little:
//!
//! - what the build made itself, and what lies in the caller's own directories (staging, the cache, a compiler's cache), is none;
//! - a copy of the script's directory in staging stands for that directory;
//! - names that are looked for in PATH are what a search of PATH finds;
//! - trees of the system and of compilers are behind what changes whenever they do (see [`crate::build::tree_roots`]);
//! - of what resolves host names, and of the loader's cache, nothing is a fact: the first is the network, and what the second
//!   leads to is looked at besides.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::build::outcome::Interruption;
use crate::build::tool_digests::ToolDigests;
use crate::build::tree_roots::{self, Tree, most_looked_into};
use crate::process::observe::fold::{Fact, fold};
use crate::process::observe::observed::{Gap, GapReason, Look, Observed, Server, What};
use crate::process::observe::paths::{is_within, parent};
use crate::store::cache::Cache;
use crate::store::fact_tree;
use crate::store::file_digest::{Names, is_absence};
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::Check;

/// Files that are about the network or the loader.
const IGNORED: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    RESOLVER,
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/nsswitch.conf",
    "/etc/malloc.conf",
];

/// The settings of whoever resolves host names.
const RESOLVER: &str = "/etc/resolv.conf";

/// Files that whoever talks to hosts reads for that; of a build that does not they are inputs.
const OF_HOSTS: &[&str] = &["/etc/hosts", "/etc/services", "/etc/protocols", "/etc/ssl"];

/// Where temporary files may lie; that such a directory is there is no input. The names in it are, if somebody reads them and a file
/// there: Nim looks through each directory above a script.
const TEMPORARY: &[&str] = &["/tmp", "/var/tmp", "/usr/tmp"];

/// What is known of a build besides what was observed.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) cache: &'a Cache,
    /// When the compiler was started.
    pub(crate) start: Moment,
    /// The script, which its key names.
    pub(crate) script: Option<&'a Path>,
    /// Where the script lies.
    pub(crate) base: &'a Path,
    /// The compiler that was started.
    pub(crate) compiler: &'a Path,
    /// A directory in staging that stands for that.
    pub(crate) mirror: Option<&'a Path>,
    /// Directories whose content is the caller's to know.
    pub(crate) own: Vec<PathBuf>,
    /// Directories that never change while they are there.
    pub(crate) constant: Vec<PathBuf>,
    /// How many directories stand for a tree, besides what changes with it.
    pub(crate) directories: usize,
}

/// The facts, and the files among them that have to be looked at again.
///
/// # Errors
/// [`Interruption::InputChanged`] if something changed between the look and now.
pub(crate) fn facts(
    observed: Observed,
    place: &Surroundings<'_>,
) -> Result<Vec<Check<'static>>, Interruption> {
    // Compared with hundreds of paths, byte by byte.
    let own = place.own.iter().map(|own| own.components().collect()).collect();
    let place = &Surroundings { own, ..place.clone() };
    let talks = observed.looks.iter().any(|look| look.path.as_os_str() == RESOLVER);
    let is_of_hosts = |look: &Look| talks && OF_HOSTS.iter().any(|path| is_within(&look.path, path));
    let temporary = place.environment.temporary_directory();
    let is_temporary = |path: &Path| {
        TEMPORARY.iter().any(|known| path.as_os_str() == *known) || path.as_os_str() == temporary.as_os_str()
    };
    let inputs = observed.looks.into_iter().filter(|look| !is_of_hosts(look));
    let inputs = inputs.filter_map(|look| place.kept(look));
    let (temporary, mut looks): (Vec<Look>, Vec<Look>) = inputs.partition(|look| is_temporary(&look.path));
    for mut look in temporary {
        let is_in = |read: &Look| parent(&read.path) == Some(&look.path) && read.what == What::Content;
        if matches!(look.what, What::Listing { .. }) && looks.iter().any(is_in) {
            // Others come and go there all the time.
            look.disturbed = false;
            looks.push(look);
        }
    }
    if let Some(disturbed) = looks.iter().find(|look| look.disturbed) {
        return Err(Interruption::InputChanged(disturbed.path.clone()));
    }
    let mut checks: Vec<Check<'static>> = observed.gaps.iter().map(never).collect();
    checks.extend(observed.servers.iter().filter_map(unseen_server));
    let commands = place.commands(&mut looks);
    let programs = looks.iter().map(|look| (look.path.as_os_str(), &*look.program)).collect();
    let mut trees = tree_roots::find(&observed.programs, place.base, place.environment);
    trees.extend(place.constant.iter().cloned().map(Tree::constant));
    let roots: Vec<_> = trees.iter().flat_map(Tree::roots).collect();
    // What ran is a fact of its own, unless the system brought it: others stand for its tree.
    let folded = fold(&looks, &roots, &[]);
    let mut builder = Facts { place, programs, executed: &observed.programs, checks };
    builder.add(&folded.facts)?;
    let mut behind: BTreeMap<PathBuf, Vec<Fact>> = BTreeMap::new();
    for under in folded.under {
        let Some(name) = under.root.stand_in else { continue };
        behind.entry(name).or_default().extend(under.facts);
    }
    for (name, facts) in behind {
        match trees.iter().find(|tree| tree.name == name) {
            Some(tree) if place.stands_for(tree, &facts) => builder.tree(tree, &facts)?,
            Some(_) => builder.add(&facts)?,
            None => builder.absent_names(&name, &facts)?,
        }
    }
    builder.searches(&commands, &trees)?;
    Ok(builder.checks)
}

/// That a build cannot be used again, since not all that it read is known.
fn never(gap: &Gap) -> Check<'static> {
    let name = gap.program.file_name().unwrap_or_default().to_string_lossy();
    let what = match gap.reason {
        GapReason::Memory => "its memory could not be read",
        GapReason::Namespace => "it changed which files paths name",
        GapReason::Architecture => "its system calls are not known",
        GapReason::Process => "it is in another process namespace",
        GapReason::Pipe => "it read a pipe",
    };
    Check::never(&format!("`{name}` could not be observed: {what}"))
}

/// That a build talked to a server of this machine, which may have read anything for it. Services of the system that know
/// users and hosts are none, and who is elsewhere is the network.
fn unseen_server(server: &Server) -> Option<Check<'static>> {
    const OF_SYSTEM: &[&str] = &["/nscd/", "/run/systemd/", "/dbus/", "/avahi-daemon/", "@/dbus"];
    let address = server.address.as_str();
    let is_local = address.starts_with(['/', '@'])
        || (address.starts_with("127.") || address.starts_with("[::1]")) && !address.ends_with(":53");
    if !is_local || OF_SYSTEM.iter().any(|known| address.contains(known)) {
        return None;
    }
    let name = server.program.file_name().unwrap_or_default().to_string_lossy();
    Some(Check::never(&format!("`{name}` talked to a server at `{address}`, whose reads cannot be observed")))
}

impl Surroundings<'_> {
    /// A look as it is to be recorded; `None` if it is no input.
    fn kept(&self, mut look: Look) -> Option<Look> {
        if look.rewritten || IGNORED.iter().any(|ignored| is_within(&look.path, ignored)) {
            return None;
        }
        if let Some(mirror) = self.mirror
            && let Ok(rest) = look.path.strip_prefix(mirror).map(Path::to_owned)
        {
            // Links there are ours, and so is the copy of the script.
            if !matches!(look.what, What::Absent { .. } | What::Listing { .. }) {
                return None;
            }
            if let What::Absent { missing } = &mut look.what {
                *missing = self.base.join(missing.strip_prefix(mirror).unwrap_or(&rest));
            }
            look.path = self.base.join(rest);
            if let What::Listing { own_names } = &mut look.what {
                *own_names = false;
                look.stamp = std::fs::metadata(&look.path).ok().map(|metadata| stamp_of(&metadata));
            }
        }
        let is_own = self.own.iter().any(|own| is_within(&look.path, own));
        let is_script = self.script.is_some_and(|script| script.as_os_str() == look.path.as_os_str());
        // That these are there is no news.
        let is_directory = match &look.what {
            What::Existence => true,
            What::Link { target } => target.as_os_str().is_empty(),
            _ => false,
        };
        let is_above = is_directory
            && (is_within(self.base, &look.path) || self.own.iter().any(|own| is_within(own, &look.path)));
        (!is_own && !is_script && !is_above).then_some(look)
    }

    /// Whether what changes with a tree is to stand for these facts. The tree of a program that is not the compiler may be what
    /// its user works on: it is one if it is a toolchain's by what is read of it.
    fn stands_for(&self, tree: &Tree, facts: &[Fact]) -> bool {
        /// Fewer files are asked one by one.
        const TOOLCHAIN: usize = 32;
        let files = facts.iter().filter(|fact| matches!(fact, Fact::File { .. })).count();
        #[allow(clippy::disallowed_methods)] // Each link is a fact of its own.
        let compiler = std::fs::canonicalize(self.compiler).ok();
        let is_compilers = |path: &PathBuf| path == self.compiler || Some(path) == compiler.as_ref();
        files >= TOOLCHAIN
            || tree.is_system()
            || tree.stand_ins.as_ref().is_none_or(|stand_ins| stand_ins.iter().any(is_compilers))
    }

    /// The directories of PATH.
    fn search_path(&self) -> Vec<PathBuf> {
        let path = self.environment.variable("PATH").unwrap_or_default();
        let mut directories: Vec<PathBuf> = Vec::new();
        for directory in std::env::split_paths(&path).filter(|directory| directory.is_absolute()) {
            if !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        directories
    }

    /// What a search of PATH finds, for every name that was looked for there; those looks are taken out. What was found and not
    /// used has no part in the result: a linker asks for four programs that it may need.
    ///
    /// A name that was found nowhere was looked for as a command only if it was looked for in every directory: headers may lie
    /// in one of them, too, and need no permission to be executed.
    fn commands(&self, looks: &mut Vec<Look>) -> Vec<Check<'static>> {
        #[allow(clippy::disallowed_methods)] // Each link is a fact of its own.
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directories: Vec<PathBuf> = self.search_path().iter().map(|path| real(path)).collect();
        let absent_in = |look: &Look| match look.what {
            // What is to be read is no command: a header may have the name of one, and lie where commands do.
            What::Absent { .. } if !look.opened => {
                let parent = parent(&look.path)?.as_os_str();
                directories.iter().position(|known| known.as_os_str() == parent)
            }
            _ => None,
        };
        let mut names: Vec<Sought> = Vec::new();
        for look in looks.iter() {
            let (Some(place), Some(name)) = (absent_in(look), look.path.file_name()) else { continue };
            match names.iter_mut().find(|known| known.name == name) {
                Some(known) => known.places.push(place),
                None => names.push(Sought {
                    found: self.environment.find_command(name),
                    name: name.to_owned(),
                    program: Arc::clone(&look.program),
                    places: vec![place],
                }),
            }
        }
        let is_everywhere = |places: &[usize]| {
            let is_known = |(place, path): (usize, &PathBuf)| {
                places.contains(&place)
                    || directories.iter().position(|other| other.as_os_str() == path.as_os_str())
                        != Some(place)
                    || !path.is_dir()
            };
            directories.iter().enumerate().all(is_known)
        };
        names.retain(|sought| {
            sought.name.to_str().is_some() && (sought.found.is_some() || is_everywhere(&sought.places))
        });
        looks.retain(|look| {
            absent_in(look).is_none() || {
                let name = look.path.file_name().unwrap_or_default();
                !names.iter().any(|known| known.name == name)
            }
        });
        let is_used = |sought: &Sought| match &sought.found {
            // Other names of programs of the linker's, which it asks for and does not run.
            None => !["gnm", "gstrip", "gld"].iter().any(|spare| sought.name == *spare),
            Some(path) => {
                let real = real(path);
                looks.iter().any(|look| {
                    look.path.as_os_str() == real.as_os_str()
                        && match look.what {
                            What::Content => true,
                            // It looks for `nm` and `strip`, and runs neither unless there are constructors to collect.
                            What::Metadata => look.program.file_name() != Some(OsStr::new("collect2")),
                            _ => false,
                        }
                })
            }
        };
        let check = |sought: &Sought| {
            let check = Check::found_command(sought.name.to_str()?, sought.found.as_deref());
            Some(check.tool().by(&sought.program))
        };
        names.iter().filter(|sought| is_used(sought)).filter_map(check).collect()
    }
}

/// A name that was looked for in directories of PATH.
struct Sought {
    name: OsString,
    /// What a search finds.
    found: Option<PathBuf>,
    /// Who looked first.
    program: Arc<Path>,
    /// The directories in which it was missed.
    places: Vec<usize>,
}

/// What becomes of folded facts.
struct Facts<'a> {
    place: &'a Surroundings<'a>,
    programs: FxHashMap<&'a OsStr, &'a Path>,
    executed: &'a [Arc<Path>],
    checks: Vec<Check<'static>>,
}

impl Facts<'_> {
    /// Facts with nothing before them.
    fn add(&mut self, facts: &[Fact]) -> Result<(), Interruption> {
        for fact in facts {
            let check = self.fact(fact, None)?;
            self.checks.extend(check);
        }
        Ok(())
    }

    /// The check of a fact; a file of a tree by its remembered digest.
    fn fact(
        &self,
        fact: &Fact,
        digests: Option<&mut ToolDigests>,
    ) -> Result<Option<Check<'static>>, Interruption> {
        let changed = |path: &Path| Interruption::InputChanged(path.to_owned());
        let since = self.place.start;
        let is_tool = digests.is_some()
            || is_system(fact.path(), self.place.base)
            || self.place.compiler.starts_with(fact.path())
            || self.executed.iter().any(|program| program.as_os_str() == fact.path().as_os_str());
        let check = match fact {
            Fact::File { path, stamp, at } => {
                let seen = trace_stamp(*stamp);
                let check = match digests {
                    Some(digests) => digests.fact(path, seen, *at),
                    None => Check::seen(path, is_tool, seen, *at),
                };
                match check {
                    Ok(check) => check,
                    // The compiler could not read it either.
                    Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                        Check::unreadable(path)
                    }
                    Err(_) => return Err(changed(path)),
                }
            }
            Fact::Present { path, directory } => Check::present(path, *directory),
            Fact::Link { path, target } => Check::link(path, target),
            Fact::Absent { path } => Check::absent(path),
            Fact::Listing { path, .. } => {
                Check::directory(path, Names::All, since).map_err(|_| changed(path))?
            }
        };
        let check = if is_tool { check.tool() } else { check };
        Ok(Some(match self.programs.get(fact.path().as_os_str()) {
            Some(program) => check.by(program),
            None => check,
        }))
    }

    /// A tree behind what stands for it.
    fn tree(&mut self, tree: &Tree, facts: &[Fact]) -> Result<(), Interruption> {
        let Some(stand_ins) = &tree.stand_ins else { return Ok(()) };
        let mut places: Vec<(PathBuf, Option<Stamp>)> = Vec::new();
        // The stamps first: what changes while the facts are taken is asked again.
        // One directory of a compiler's library stands for it as well as the compiler, which is a fact already.
        let (stand_ins, count) = match self.place.directories {
            0 if !tree.is_system() => (&[][..], 1),
            // Without a package manager that is known, nothing else tells.
            _ if stand_ins.is_empty() => (&stand_ins[..], MOST_DIRECTORIES),
            count => (&stand_ins[..], count),
        };
        let mut digests = ToolDigests::of(&tree.name, self.place.cache);
        // What came by hand changes by hand, and so do the names beside it.
        let files = facts.iter().filter_map(|fact| match fact {
            Fact::File { path, stamp, .. } => Some((path.as_path(), trace_stamp(*stamp))),
            _ => None,
        });
        let files: Vec<(&Path, Stamp)> = files.filter(|_| tree.is_system()).collect();
        let by_hand = digests.without_package(&files);
        let beside = by_hand.iter().filter_map(|path| parent(path)).map(Path::to_owned);
        let within = most_looked_into(facts, count).into_iter().chain(beside);
        let within = within.filter(|path| tree.holds(path));
        for path in stand_ins.iter().cloned().chain(within) {
            if !places.iter().any(|(known, _)| *known == path) {
                let stamp = self.stamp(&path);
                places.push((path, stamp));
            }
        }
        let mut checks = Vec::with_capacity(facts.len());
        for fact in facts {
            let check = self.fact(fact, Some(&mut digests))?;
            match by_hand.contains(&fact.path()) {
                true => self.checks.extend(check),
                false => checks.extend(check),
            }
        }
        digests.keep(self.place.cache);
        self.keep(&checks, &places, true).map(drop)
    }

    /// What searches of PATH find, behind PATH and those of its directories for which nothing else stands.
    fn searches(&mut self, commands: &[Check<'static>], trees: &[Tree]) -> Result<(), Interruption> {
        if commands.is_empty() {
            return Ok(());
        }
        // A directory costs a hit as much as a name, nearly.
        if self.place.directories == 0 {
            self.checks.extend(commands.iter().cloned());
            return Ok(());
        }
        let directories = self.place.search_path();
        let kept = directories.iter().filter(|path| !trees.iter().any(|tree| tree.holds(path)));
        let places: Vec<_> = kept.map(|path| (path.clone(), self.stamp(path))).collect();
        let digest = self.keep(commands, &places, true)?;
        self.checks.push(Check::search_path(digest, self.place.environment).tool());
        Ok(())
    }

    /// The stamp of what stands for a tree, if that can be trusted.
    fn stamp(&self, path: &Path) -> Option<Stamp> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                Stamp::of(&metadata).trusted_of_directory(path, self.place.start)
            }
            Ok(metadata) => Stamp::of(&metadata).trusted(path, self.place.start),
            Err(error) if is_absence(&error) => Some(Stamp::ABSENT),
            Err(_) => None,
        }
    }

    /// Names that are absent in one directory, behind that directory.
    fn absent_names(&mut self, directory: &Path, facts: &[Fact]) -> Result<(), Interruption> {
        let stamp = self.stamp(directory);
        let mut checks = Vec::with_capacity(facts.len());
        for fact in facts {
            checks.extend(self.fact(fact, None)?);
        }
        // That it is there needs no saying: what stands for the names would change.
        let own = Check::present(directory, true);
        self.checks.retain(|check| !check.same_fact(&own));
        self.keep(&checks, &[(directory.to_owned(), stamp)], is_system(directory, self.place.base)).map(drop)
    }

    fn keep(
        &mut self,
        checks: &[Check<'static>],
        places: &[(PathBuf, Option<Stamp>)],
        is_tool: bool,
    ) -> Result<Digest, Interruption> {
        let digest = fact_tree::keep(self.place.cache, checks)
            .map_err(|error| Interruption::Failed(self.place.cache.unusable("cannot write to", error)))?;
        for (path, stamp) in places {
            let check = fact_tree::stand_in(digest, path, *stamp);
            self.checks.push(if is_tool { check.tool() } else { check });
        }
        Ok(digest)
    }
}

/// Of a tree for which nothing else stands.
const MOST_DIRECTORIES: usize = 64;

/// Directories of the system.
const SYSTEM: &[&str] = &["/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix", "/gnu", "/var"];

/// Whether a file came with the system or a compiler, and not with the script, which lies in `base`.
pub(crate) fn is_system(path: &Path, base: &Path) -> bool {
    SYSTEM.iter().any(|directory| is_within(path, directory)) && !path.starts_with(base)
}

fn trace_stamp(stamp: crate::process::observe::observed::Stamp) -> Stamp {
    Stamp {
        size: stamp.size,
        modified: Moment::from_unix(stamp.modified.0, stamp.modified.1),
        changed: Moment::from_unix(stamp.changed.0, stamp.changed.1),
        inode: stamp.inode,
    }
}

fn stamp_of(metadata: &std::fs::Metadata) -> crate::process::observe::observed::Stamp {
    use std::os::unix::fs::MetadataExt;
    crate::process::observe::observed::Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        directory: metadata.is_dir(),
    }
}
