//! The record of a build: what each call means, and what is an input of it.
//!
//! A path is an input if it was looked at before the build changed it. Whether a change was made cannot be seen at
//! the call, which has yet to succeed: so what was there before is kept, and a change counts once something else is there. A
//! call that fails (`mkdir` of what exists, `open` of what is read-only) changes nothing, and the path stays an input.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::digest::Digest;
use crate::base::order;
use crate::process::observe::interpreter::interpreter;
use crate::process::observe::kernel::Status;
use crate::process::observe::observed::{Gap, GapReason, Look, Observed, Server, Stamp, What, Written};
use crate::process::observe::paths::{ancestors_of, parent_of, path_of};
use crate::process::observe::resolved::{Resolved, State, Write, changed, differs, is, stamp};
use crate::process::observe::tree::Tree;
use crate::store::stamp::Moment;

/// How much of a path was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    Existence,
    Metadata,
    Content,
}

#[derive(Debug)]
struct Entry {
    order: u64,
    /// When it was first looked at so deeply.
    at: Moment,
    depth: Depth,
    /// Whether somebody wanted to read it, there or not.
    opened: bool,
    state: State,
    /// Of a link.
    target: Option<Vec<u8>>,
    listed: bool,
    program: u32,
    /// What the build was about to change before the first look; see [`Resolved::pending`].
    pending: Option<Vec<u8>>,
}

/// The number of a program whose looks do not count.
pub(crate) const SILENT: u32 = u32::MAX;

/// Who makes a call, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) thread: i32,
    pub(crate) program: u32,
    /// What relative paths are relative to.
    pub(crate) base: &'a [u8],
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Record {
    tree: Tree,
    entries: FxHashMap<Vec<u8>, Entry>,
    programs: Vec<Arc<Path>>,
    executed: FxHashSet<Vec<u8>>,
    /// Directories that paths led out of, or of which somebody asked whether they are links, by the program that first did.
    left: Vec<(Vec<u8>, u32)>,
    /// Files of which the build changes nothing but names and permissions, by device and inode.
    adjusted: Vec<(u64, u64)>,
    /// Files as they were before they were opened to be changed in places.
    opened: Vec<(Vec<u8>, Digest)>,
    order: u64,
    servers: Vec<Server>,
    gaps: Vec<Gap>,
}

impl Record {
    /// The number of a program.
    pub(crate) fn program(&mut self, path: &[u8]) -> u32 {
        let path = path_of(path);
        let known = self.programs.iter().position(|program| program.as_os_str() == path.as_os_str());
        known.unwrap_or_else(|| {
            self.programs.push(path.into());
            self.programs.len() - 1
        }) as u32
    }

    fn named(&self, program: u32) -> Arc<Path> {
        self.programs.get(program as usize).cloned().unwrap_or_else(|| Path::new("?").into())
    }

    pub(crate) fn gap(&mut self, program: u32, reason: GapReason) {
        let gap = Gap { program: self.named(program), reason };
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    pub(crate) fn server(&mut self, program: u32, address: String) {
        let server = Server { address, program: self.named(program) };
        if !self.servers.contains(&server) {
            self.servers.push(server);
        }
    }

    /// A look at a path.
    pub(crate) fn look(&mut self, caller: Caller<'_>, path: &[u8], follow: bool, depth: Depth) {
        let mut resolved = self.resolve(caller, path, follow);
        // A link to a directory is another answer than the directory.
        let is_directory = matches!(resolved.state, State::Present(status) if is(&status, libc::S_IFDIR));
        if !follow && depth == Depth::Metadata && is_directory && !resolved.product && !resolved.kernel {
            resolved.left.push(resolved.path.clone());
        }
        self.looked(caller, resolved, depth);
    }

    fn resolve(&mut self, caller: Caller<'_>, path: &[u8], follow: bool) -> Resolved {
        let is_told = caller.program != SILENT;
        self.tree.resolve(caller.base, path, follow, caller.thread, is_told)
    }

    fn looked(&mut self, caller: Caller<'_>, resolved: Resolved, depth: Depth) {
        self.links(caller, &resolved);
        if resolved.product || resolved.kernel {
            return;
        }
        let target = match &resolved.state {
            State::Present(status) if is(status, libc::S_IFLNK) => self.tree.link_target(&resolved.path).ok(),
            _ => None,
        };
        self.enter(caller, &resolved.path, resolved.state, depth, target.as_deref(), resolved.pending);
    }

    fn enter(
        &mut self,
        caller: Caller<'_>,
        path: &[u8],
        state: State,
        depth: Depth,
        target: Option<&[u8]>,
        pending: Option<Vec<u8>>,
    ) {
        if caller.program == SILENT {
            return;
        }
        let opened = depth == Depth::Content;
        let depth = match state {
            State::Present(status) if is(&status, libc::S_IFREG) => depth,
            _ => Depth::Existence,
        };
        match self.entries.get_mut(path) {
            Some(entry) => {
                entry.opened |= opened;
                if depth > entry.depth {
                    entry.state.settle();
                    (entry.depth, entry.program, entry.at) = (depth, caller.program, Moment::now());
                }
            }
            None => {
                self.order += 1;
                if depth > Depth::Existence {
                    state.settle();
                }
                let entry = Entry {
                    order: self.order,
                    at: Moment::now(),
                    depth,
                    opened,
                    state,
                    target: target.map(<[u8]>::to_vec),
                    listed: false,
                    program: caller.program,
                    pending,
                };
                self.entries.insert(path.to_vec(), entry);
            }
        }
    }

    /// A directory's names are read.
    pub(crate) fn list(&mut self, caller: Caller<'_>, path: &[u8]) {
        let resolved = self.resolve(Caller { base: b"/", ..caller }, path, false);
        let place = resolved.path.clone();
        self.looked(caller, resolved, Depth::Existence);
        if let Some(entry) = self.entries.get_mut(&place)
            && !entry.listed
        {
            entry.state.settle();
            (entry.listed, entry.program, entry.at) = (true, caller.program, Moment::now());
        }
    }

    /// open(2).
    pub(crate) fn open(&mut self, caller: Caller<'_>, path: &[u8], flags: i32) {
        if flags & libc::O_TMPFILE == libc::O_TMPFILE {
            // A file without a name, in that directory.
            return self.look(caller, path, true, Depth::Existence);
        }
        if flags & libc::O_PATH != 0 {
            return self.look(caller, path, flags & libc::O_NOFOLLOW == 0, Depth::Existence);
        }
        let creates = flags & libc::O_CREAT != 0;
        let exclusive = creates && flags & libc::O_EXCL != 0;
        let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
        let truncates = flags & libc::O_TRUNC != 0;
        let resolved = self.resolve(caller, path, !exclusive && flags & libc::O_NOFOLLOW == 0);
        match resolved.state {
            State::Absent { missing } if creates && missing == resolved.path.len() => {
                self.links(caller, &resolved);
                self.change(caller, &resolved);
            }
            State::Present(_) if exclusive => self.looked(caller, resolved, Depth::Existence),
            State::Present(_) if truncates => {
                self.links(caller, &resolved);
                self.change(caller, &resolved);
            }
            // What is added to, or changed in places, is read: what it holds then depends on what it held.
            State::Present(status) if writes => {
                self.looked(caller, resolved.clone(), Depth::Content);
                self.remember(&resolved, &status);
                self.change(caller, &resolved);
            }
            State::Present(status) if is(&status, libc::S_IFIFO) && !resolved.product => {
                // Of make(1)'s tokens for its jobs nothing is read but how many there are.
                let name = resolved.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                if caller.program != SILENT && !name.starts_with(b"GMfifo") {
                    self.gap(caller.program, GapReason::Pipe);
                }
            }
            _ => self.looked(caller, resolved, Depth::Content),
        }
    }

    /// What a file holds that may be opened to be changed and then is not: touch(1) does so.
    fn remember(&mut self, resolved: &Resolved, status: &Status) {
        /// More than what is edited in place by hand.
        const MOST_BYTES: u64 = 1 << 20;
        let is_known = resolved.product || resolved.kernel || self.held(&resolved.path).is_some();
        if !is_known
            && is(status, libc::S_IFREG)
            && status.size <= MOST_BYTES
            && let Ok(digest) = Digest::of_file(path_of(&resolved.path))
        {
            self.opened.push((resolved.path.clone(), digest));
        }
    }

    /// What a file held before it was opened to be changed.
    fn held(&self, path: &[u8]) -> Option<&Digest> {
        self.opened.iter().find(|(known, _)| known == path).map(|(_, digest)| digest)
    }

    /// chmod(2).
    pub(crate) fn permit(&mut self, caller: Caller<'_>, path: &[u8]) {
        let resolved = self.resolve(caller, path, true);
        if let State::Present(status) = resolved.state {
            self.adjusted.push((status.device, status.inode));
        }
        self.looked(caller, resolved, Depth::Metadata);
    }

    /// Links that a path leads through, and directories that it leaves, whether or not the end of it is a look.
    fn links(&mut self, caller: Caller<'_>, resolved: &Resolved) {
        if caller.program != SILENT {
            for path in &resolved.left {
                if !self.left.iter().any(|(known, _)| known == path) {
                    self.left.push((path.clone(), caller.program));
                }
            }
        }
        for link in &resolved.links {
            let state = State::Present(link.status);
            self.enter(caller, &link.path, state, Depth::Existence, Some(&link.target), None);
        }
    }

    /// What is at a path is about to change.
    fn change(&mut self, caller: Caller<'_>, resolved: &Resolved) {
        if resolved.kernel {
            return;
        }
        self.order += 1;
        let before = match resolved.state {
            State::Present(status) => Some(status),
            _ => None,
        };
        let write = Write { before, order: self.order, program: caller.program, made: false };
        self.tree.write(&resolved.path, write);
    }

    /// A name is made; if it is there already the call fails, and tells so.
    pub(crate) fn make(&mut self, caller: Caller<'_>, path: &[u8]) {
        let resolved = self.resolve(caller, path, false);
        match resolved.state {
            State::Absent { missing } if missing == resolved.path.len() => {
                self.links(caller, &resolved);
                self.change(caller, &resolved);
            }
            _ => self.looked(caller, resolved, Depth::Existence),
        }
    }

    /// A name is removed. That there is none is of no interest to who wants it gone.
    pub(crate) fn remove(&mut self, caller: Caller<'_>, path: &[u8]) {
        let resolved = self.resolve(caller, path, false);
        self.links(caller, &resolved);
        if matches!(resolved.state, State::Present(_)) {
            self.change(caller, &resolved);
        }
    }

    /// A file gets another name, and keeps this one or not.
    pub(crate) fn rename(
        &mut self,
        from: (Caller<'_>, &[u8]),
        to: (Caller<'_>, &[u8]),
        keeps: bool,
        exchanges: bool,
    ) {
        let old = self.resolve(from.0, from.1, false);
        let new = self.resolve(to.0, to.1, false);
        // A file that has no name yet (`O_TMPFILE`) gets its first: the kernel spells it so.
        let nameless = keeps && old.path.ends_with(b" (deleted)");
        if !nameless {
            // What was there before is an input under its new name.
            self.looked(from.0, old.clone(), Depth::Content);
            if !matches!(old.state, State::Present(_)) {
                return;
            }
        }
        if exchanges {
            self.looked(to.0, new.clone(), Depth::Content);
        }
        match (keeps, old.state) {
            (true, State::Present(status)) => self.adjusted.push((status.device, status.inode)),
            (true, _) => {}
            (false, _) => self.change(from.0, &old),
        }
        self.links(to.0, &new);
        if keeps && matches!(new.state, State::Present(_)) {
            return self.looked(to.0, new, Depth::Existence);
        }
        self.change(to.0, &new);
    }

    /// truncate(2): what stays is what was there.
    pub(crate) fn truncate(&mut self, caller: Caller<'_>, path: &[u8]) {
        self.open(caller, path, libc::O_WRONLY);
    }

    /// A file is executed: it is read, and so is the program that the kernel loads for it. Whether there is one.
    pub(crate) fn execute(&mut self, caller: Caller<'_>, path: &[u8], follow: bool) -> bool {
        /// As many interpreters of interpreters as the kernel takes.
        const INTERPRETERS: usize = 5;
        let mut path = path.to_vec();
        let (mut follow, mut is_there) = (follow, false);
        for _ in 0..INTERPRETERS {
            let resolved = self.resolve(caller, &path, follow);
            let file = resolved.path.clone();
            let known = !resolved.product && !self.executed.insert(file.clone());
            let present = matches!(resolved.state, State::Present(status) if is(&status, libc::S_IFREG));
            // A name that a search missed was not to be read.
            self.looked(caller, resolved, if present { Depth::Content } else { Depth::Existence });
            is_there |= present;
            if known || !present {
                break;
            }
            let next = std::fs::File::open(path_of(&file)).ok().and_then(|mut file| interpreter(&mut file));
            let Some(next) = next else { break };
            (path, follow) = (next, true);
        }
        is_there
    }

    /// What it all comes to.
    pub(crate) fn finish(mut self) -> Observed {
        let mut writes = self.tree.settle();
        writes.retain(|(_, write, _)| write.made);
        order::sort_by_key(&mut writes, |(_, write, _)| write.order);
        let made: FxHashMap<&[u8], u64> =
            writes.iter().map(|(path, write, _)| (path.as_slice(), write.order)).collect();
        let changed_in: FxHashSet<&[u8]> = writes.iter().filter_map(|(path, ..)| parent_of(path)).collect();
        let mut entries: Vec<(Vec<u8>, Entry)> = std::mem::take(&mut self.entries).into_iter().collect();
        order::sort_by_key(&mut entries, |(_, entry)| entry.order);
        let mut looks = Vec::with_capacity(entries.len());
        for (path, entry) in entries {
            let first_made = ancestors_of(&path).filter_map(|part| made.get(part)).min().copied();
            // The change that it was not known to be the product of was made.
            if entry.pending.as_ref().is_some_and(|pending| made.contains_key(pending.as_slice())) {
                continue;
            }
            // What was opened to be changed and holds what it held is as it was.
            let is_same = self
                .held(&path)
                .is_some_and(|before| Digest::of_file(path_of(&path)).is_ok_and(|now| now == *before));
            let rewritten = !is_same && first_made.is_some_and(|order| order > entry.order);
            let now = self.tree.status(&path).ok();
            let (what, before) = self.judge(&path, &entry, changed_in.contains(path.as_slice()));
            // As whoever reads it now will find it: names and permissions may be others.
            let stamp = before.map(|before| now.as_ref().map_or(before, stamp));
            let disturbed = !rewritten
                && !is_same
                && (ancestors_of(&path).any(|part| self.tree.has_moved(part))
                    || match &entry.state {
                        State::Present(before) => {
                            let own = changed_in.contains(path.as_slice());
                            differs(Some(*before), now)
                            || now.is_some_and(|now| {
                                // Another name for it is no change.
                                (now.changed != before.changed
                                    && !self.adjusted.contains(&(now.device, now.inode))
                                    && !is(&now, libc::S_IFDIR))
                                    || (entry.listed && !own && now.modified != before.modified)
                            })
                            // A look waits for its tick to end, but not for ever.
                            || ((entry.depth != Depth::Existence || (entry.listed && !own))
                                && changed(before).is_since(entry.at))
                        }
                        State::Absent { .. } => now.is_some(),
                        State::Unreachable { .. } => false,
                    });
            let program = self.named(entry.program);
            let at = entry.at;
            let opened = entry.opened;
            looks.push(Look {
                path: into_path(path),
                what,
                program,
                at,
                opened,
                stamp,
                rewritten,
                disturbed,
            });
        }
        for (path, program) in std::mem::take(&mut self.left) {
            if ancestors_of(&path).any(|part| made.contains_key(part)) {
                continue;
            }
            let is_left = self.tree.status(&path).is_ok_and(|now| is(&now, libc::S_IFDIR));
            looks.push(Look {
                path: into_path(path),
                what: What::Link { target: PathBuf::new() },
                program: self.named(program),
                at: Moment::now(),
                opened: false,
                stamp: None,
                rewritten: false,
                disturbed: !is_left,
            });
        }
        let written = writes
            .iter()
            .map(|(path, write, now)| Written {
                path: path_of(path).to_owned(),
                program: self.named(write.program),
                existed: write.before.is_some(),
                exists: now.is_some(),
            })
            .collect();
        Observed {
            looks,
            written,
            programs: self.programs,
            servers: self.servers,
            gaps: self.gaps,
            ..Observed::default()
        }
    }

    fn judge(&self, path: &[u8], entry: &Entry, own_names: bool) -> (What, Option<Stamp>) {
        let part = |missing: usize| path_of(path.get(..missing).unwrap_or(path)).to_owned();
        match entry.state {
            State::Absent { missing } => (What::Absent { missing: part(missing) }, None),
            State::Unreachable { missing } => (What::Unreachable { missing: part(missing) }, None),
            State::Present(status) => {
                let what = match (&entry.target, entry.depth) {
                    (Some(target), _) => What::Link { target: path_of(target).to_owned() },
                    (None, _) if entry.listed => What::Listing { own_names },
                    (None, Depth::Content) => What::Content,
                    (None, Depth::Metadata) => What::Metadata,
                    (None, Depth::Existence) => What::Existence,
                };
                (what, Some(stamp(&status)))
            }
        }
    }
}

fn into_path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}
