//! What is on disk after a loss of power, by a model.
//!
//! The system calls of a run are recorded and replayed into a model of a file system that forgets as much as it may: the
//! data of a file is certain only after a sync of that file, a change of a directory only after a sync of that directory.
//! In the ordered variant changes of directories reach the disk in the order in which they were made (a journal), in the
//! other any of them may be missing. Then for every moment at which the power may go, and everything that may be missing
//! then: no trace that can be read may name a binary that is there and not whole. A binary that is missing, or a trace that
//! is torn (it does not end in its seal), is a miss.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::support::sandbox::Sandbox;
use crate::support::strace::{self, Call};

pub type Inode = usize;

/// The directory that is there, for certain, before anything is recorded.
pub const ROOT: Inode = 0;

/// One step of a recorded run.
#[derive(Debug, Clone)]
pub enum Step {
    /// Entries of directories that change together: `None` is no entry.
    Change(Vec<(Inode, OsString, Option<Inode>)>),
    Write(Inode),
    Sync(Inode),
    SyncAll,
}

/// The recorded run.
#[derive(Debug, Default)]
pub struct Recording {
    pub steps: Vec<Step>,
    /// Where each inode was last seen.
    pub names: BTreeMap<Inode, PathBuf>,
}

/// What the run sees, as opposed to what is on disk.
pub struct Live {
    root: PathBuf,
    inodes: BTreeMap<PathBuf, Inode>,
    next: Inode,
}

impl Live {
    pub fn new(root: &Path) -> Live {
        Live { root: root.to_owned(), inodes: BTreeMap::from([(root.to_owned(), ROOT)]), next: ROOT + 1 }
    }

    pub fn entry(&self, path: &Path) -> Option<(Inode, OsString)> {
        Some((*self.inodes.get(path.parent()?)?, path.file_name()?.to_owned()))
    }

    pub fn add(&mut self, path: &Path) -> Inode {
        self.next += 1;
        self.inodes.insert(path.to_owned(), self.next);
        self.next
    }

    /// What was there before the recording, as steps that are certain.
    pub fn add_existing(&mut self, recording: &mut Recording) {
        let root = self.root.clone();
        self.add_tree(&root, recording);
        recording.steps.push(Step::SyncAll);
    }

    pub fn add_tree(&mut self, directory: &Path, recording: &mut Recording) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let inode = self.add(&path);
            recording.names.insert(inode, path.clone());
            let (parent, name) = self.entry(&path).unwrap();
            recording.steps.push(Step::Change(vec![(parent, name, Some(inode))]));
            if entry.file_type().unwrap().is_dir() {
                self.add_tree(&path, recording);
            }
        }
    }
}

pub fn record(before: (Live, Recording), calls: &[Call]) -> Recording {
    let (mut live, mut recording) = before;
    for call in calls.iter().filter(|call| !call.failed()) {
        let paths: Vec<PathBuf> = call.texts().into_iter().map(PathBuf::from).collect();
        let target = call.descriptor_path();
        match call.name.as_str() {
            "open" | "openat" | "creat" => {
                let Some(path) = opened(call).filter(|path| path.starts_with(&live.root)) else { continue };
                match live.inodes.get(&path) {
                    Some(inode) if call.arguments.contains("O_TRUNC") => {
                        recording.steps.push(Step::Write(*inode))
                    }
                    Some(_) => {}
                    None if call.arguments.contains("O_CREAT") => {
                        let Some((parent, name)) = live.entry(&path) else { continue };
                        let inode = live.add(&path);
                        recording.names.insert(inode, path);
                        recording.steps.push(Step::Change(vec![(parent, name, Some(inode))]));
                        recording.steps.push(Step::Write(inode));
                    }
                    None => {}
                }
            }
            "mkdir" | "mkdirat" => {
                let path = &paths[0];
                let Some((parent, name)) = live.entry(path) else { continue };
                let inode = live.add(path);
                recording.names.insert(inode, path.clone());
                recording.steps.push(Step::Change(vec![(parent, name, Some(inode))]));
            }
            "write" | "writev" | "pwrite64" | "ftruncate" | "copy_file_range" | "sendfile" | "fallocate" => {
                if let Some(inode) = written(call).and_then(|path| live.inodes.get(&path).copied()) {
                    recording.steps.push(Step::Write(inode));
                }
            }
            "fsync" | "fdatasync" => {
                if let Some(inode) = target.and_then(|path| live.inodes.get(&path).copied()) {
                    recording.steps.push(Step::Sync(inode));
                }
            }
            "syncfs" | "sync" => recording.steps.push(Step::SyncAll),
            "rename" | "renameat" | "renameat2" => {
                // With `-y`, AT_FDCWD has its path in brackets and not in quotes.
                let (from, to) = (&paths[0], &paths[1]);
                let (Some(old), Some(new)) = (live.entry(from), live.entry(to)) else { continue };
                let Some(inode) = live.inodes.get(from).copied() else { continue };
                recording.steps.push(Step::Change(vec![(old.0, old.1, None), (new.0, new.1, Some(inode))]));
                recording.names.insert(inode, to.clone());
                let moved: Vec<(PathBuf, Inode)> = live
                    .inodes
                    .iter()
                    .filter(|(path, _)| path.starts_with(from))
                    .map(|(path, inode)| (path.clone(), *inode))
                    .collect();
                live.inodes.retain(|path, _| !path.starts_with(from) && !path.starts_with(to));
                for (path, inode) in moved {
                    let rest = path.strip_prefix(from).unwrap();
                    live.inodes.insert(if rest == Path::new("") { to.clone() } else { to.join(rest) }, inode);
                }
            }
            "unlink" | "unlinkat" | "rmdir" => {
                let path = match target.filter(|path| path.starts_with(&live.root)) {
                    Some(directory) if !paths[0].is_absolute() => directory.join(&paths[0]),
                    _ => paths[0].clone(),
                };
                let Some((parent, name)) = live.entry(&path) else { continue };
                live.inodes.retain(|other, _| !other.starts_with(&path));
                recording.steps.push(Step::Change(vec![(parent, name, None)]));
            }
            _ => {}
        }
    }
    recording
}

/// The path in the result of an open: `3</a/b>`.
pub fn opened(call: &Call) -> Option<PathBuf> {
    Some(PathBuf::from(call.result.split_once('<')?.1.split_once('>')?.0))
}

/// The path a call writes to: the first descriptor, but for copies.
pub fn written(call: &Call) -> Option<PathBuf> {
    if call.name != "copy_file_range" {
        return call.descriptor_path();
    }
    let second = call.arguments.split(", ").nth(2)?;
    Some(PathBuf::from(second.split_once('<')?.1.strip_suffix('>')?))
}

/// A disk after the power came back.
struct Disk<'a> {
    entries: BTreeMap<(Inode, OsString), Inode>,
    is_torn: &'a dyn Fn(Inode) -> bool,
}

impl Disk<'_> {
    /// The inode at a path below the root.
    pub fn find(&self, path: &Path) -> Option<Inode> {
        path.components().try_fold(ROOT, |directory, component| match component {
            Component::Normal(name) => self.entries.get(&(directory, name.to_owned())).copied(),
            _ => Some(directory),
        })
    }
}

/// A trace the run left: where it is, and the binary its newest variant names; below the root.
pub struct Promise {
    pub trace: PathBuf,
    pub binary: PathBuf,
}

/// Tries every disk that may be left; returns how many there are, or what is wrong with one.
pub fn try_all_disks(recording: &Recording, first_own: usize, promises: &[Promise]) -> Result<usize, String> {
    let concerned: Vec<Inode> = recording
        .names
        .iter()
        .filter(|(_, path)| {
            promises.iter().any(|promise| path.ends_with(&promise.trace) || path.ends_with(&promise.binary))
        })
        .map(|(inode, _)| *inode)
        .collect();
    assert!(concerned.len() >= promises.len(), "{:#?}", recording.names);
    let mut states = 0;
    for moment in first_own..=recording.steps.len() {
        let past = &recording.steps[..moment];
        // Files whose data may be lost: written after their last sync.
        let unsynced: Vec<Inode> =
            concerned.iter().copied().filter(|inode| may_be_torn(past, *inode)).collect();
        // Changes of directories after that directory's last sync; they matter if they lead to what is concerned.
        let pending: Vec<usize> = (0..past.len()).filter(|index| is_pending(past, *index)).collect();
        let leading: Vec<usize> =
            pending.iter().copied().filter(|index| leads(&past[*index], &concerned, recording)).collect();
        let mut missing: Vec<Vec<usize>> = Vec::new();
        // Ordered: the last so many of all changes are missing.
        missing.extend((0..=pending.len()).map(|count| pending[count..].to_vec()));
        // Unordered: any of those that lead there.
        assert!(leading.len() <= 16, "{} changes", leading.len());
        missing.extend((0..1usize << leading.len()).map(|bits| {
            leading
                .iter()
                .enumerate()
                .filter(|(bit, _)| bits >> bit & 1 == 1)
                .map(|(_, index)| *index)
                .collect()
        }));
        for missing in &missing {
            let mut entries = BTreeMap::new();
            for (index, step) in past.iter().enumerate() {
                if let Step::Change(changes) = step
                    && !missing.contains(&index)
                {
                    for (directory, name, inode) in changes {
                        match inode {
                            Some(inode) => entries.insert((*directory, name.clone()), *inode),
                            None => entries.remove(&(*directory, name.clone())),
                        };
                    }
                }
            }
            for bits in 0..1usize << unsynced.len() {
                let is_torn = |inode: Inode| {
                    unsynced.iter().position(|other| *other == inode).is_some_and(|bit| bits >> bit & 1 == 1)
                };
                let disk = Disk { entries: std::mem::take(&mut entries), is_torn: &is_torn };
                states += 1;
                for promise in promises {
                    let Some(trace) = disk.find(&promise.trace) else { continue };
                    // An older trace at this place names an older binary.
                    let is_new = recording.steps[first_own..].iter().any(|step| creates(step, trace));
                    if (disk.is_torn)(trace) || !is_new {
                        continue;
                    }
                    if let Some(binary) = disk.find(&promise.binary)
                        && (disk.is_torn)(binary)
                    {
                        return Err(format!(
                            "power lost after step {moment} ({:?}) without {missing:?}: {} names {}, which is torn",
                            past.last(),
                            promise.trace.display(),
                            promise.binary.display()
                        ));
                    }
                }
                entries = disk.entries;
            }
        }
    }
    Ok(states)
}

fn may_be_torn(past: &[Step], inode: Inode) -> bool {
    let last_write = past.iter().rposition(|step| matches!(step, Step::Write(other) if *other == inode));
    last_write.is_some_and(|at| {
        !past[at..].iter().any(|step| match step {
            Step::Sync(other) => *other == inode,
            Step::SyncAll => true,
            _ => false,
        })
    })
}

fn is_pending(past: &[Step], index: usize) -> bool {
    let Step::Change(changes) = &past[index] else { return false };
    !past[index..].iter().any(|step| match step {
        Step::Sync(directory) => changes.iter().any(|(other, _, _)| other == directory),
        Step::SyncAll => true,
        _ => false,
    })
}

/// Whether a change makes an entry for something concerned, or for a directory above it.
fn leads(step: &Step, concerned: &[Inode], recording: &Recording) -> bool {
    let Step::Change(changes) = step else { return false };
    changes.iter().any(|(_, _, inode)| {
        let Some(inode) = inode else { return false };
        let Some(path) = recording.names.get(inode) else { return false };
        concerned.iter().any(|concerned| recording.names[concerned].starts_with(path))
    })
}

fn creates(step: &Step, inode: Inode) -> bool {
    matches!(step, Step::Change(changes) if changes.iter().any(|(_, _, other)| *other == Some(inode)))
}

pub const CALLS: &str = "trace=open,openat,creat,mkdir,mkdirat,write,writev,pwrite64,ftruncate,fallocate,copy_file_range,sendfile,\
                     fsync,fdatasync,syncfs,sync,rename,renameat,renameat2,unlink,unlinkat,rmdir,execve";

/// Records a run in the sandbox and tries every disk it may leave.
pub fn assert_survives(sandbox: &Sandbox, arguments: &[&str], output: &str) -> usize {
    let mut before = (Live::new(&sandbox.home()), Recording::default());
    before.0.add_existing(&mut before.1);
    let first_own = before.1.steps.len();
    let (ran, calls) = strace::trace(sandbox, &["-f", "-y", "-e", CALLS], arguments);
    ran.prints(output);
    let recording = record(before, &calls);
    let cache = sandbox.cache();
    let promises: Vec<Promise> = sandbox
        .cached("traces")
        .iter()
        .map(|trace| {
            let text = fs::read(cache.join("v1/traces").join(trace)).unwrap();
            let text = String::from_utf8_lossy(&text);
            let binary = text.lines().find(|line| line.starts_with("binary ")).unwrap();
            let below = |path: &Path| path.strip_prefix(sandbox.home()).unwrap().to_owned();
            Promise {
                trace: below(&cache.join("v1/traces").join(trace)),
                binary: below(&cache.join("v1").join(binary.rsplit(' ').next().unwrap())),
            }
        })
        .collect();
    assert!(!promises.is_empty());
    // The model sees what happened: at the end, with nothing missing, everything is in its place.
    let whole = |_: Inode| false;
    let mut entries = BTreeMap::new();
    for step in &recording.steps {
        if let Step::Change(changes) = step {
            for (directory, name, inode) in changes {
                match inode {
                    Some(inode) => entries.insert((*directory, name.clone()), *inode),
                    None => entries.remove(&(*directory, name.clone())),
                };
            }
        }
    }
    let disk = Disk { entries, is_torn: &whole };
    for promise in &promises {
        assert!(disk.find(&promise.trace).is_some(), "{}", promise.trace.display());
        assert!(disk.find(&promise.binary).is_some(), "{}", promise.binary.display());
    }
    try_all_disks(&recording, first_own, &promises).unwrap()
}
