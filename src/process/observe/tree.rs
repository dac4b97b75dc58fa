//! The file system as a build sees it: paths resolved link by link, and what was at each before the build changed it.
//!
//! A path is resolved as the kernel is about to: component by component, from the caller's directory. What was found is
//! remembered for the next path, so that a compiler's thousandth look below the same directory costs no system call, and so is
//! where the directory of a path led to. What the build itself makes, removes or renames is not remembered but looked at each
//! time.
//!
//! Of `/proc/self` the caller's is meant, not ours.

use std::ffi::CStr;
use std::io;

use rustc_hash::FxHashMap;

use crate::process::observe::kernel::{self, Status};
use crate::process::observe::resolved::{
    Followed, Resolved, State, Write, component, differs, in_devices, is,
};

/// As many links as the kernel follows in one path.
const LINKS: usize = 40;

/// File systems that show the kernel's own state: statfs(2)'s numbers, from `linux/magic.h`.
const KERNEL: [i64; 16] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x1cd1,      // devpts
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x6265_6570, // configfs
    0x6165_676c, // pstore
    0xcafe_4a11, // bpf
    0x4249_4e4d, // binfmt_misc
    0xde5e_81e4, // efivarfs
    0x1980_0202, // mqueue
    0xf97c_ff8c, // selinux
    0x6e73_6673, // nsfs
];

#[derive(Debug)]
enum Node {
    Known(Option<Status>),
    Link(Status, Vec<u8>),
    Unreachable,
    Written(Write),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: FxHashMap<Vec<u8>, Node>,
    /// Where directories lead to, as they were spelled: those on whose way there is nothing of the build's, nor of the kernel's.
    ways: FxHashMap<Vec<u8>, Vec<u8>>,
    /// The directory of a path, from the root.
    way: Vec<u8>,
    devices: FxHashMap<u64, bool>,
    /// What was not as it was remembered when it was looked at once more, and by nobody of the build.
    moved: Vec<Vec<u8>>,
    /// A path with a zero byte, for the kernel.
    spelled: Vec<u8>,
}

impl Tree {
    /// Resolves `path`, relative to `base`, as `thread` would; its last component is followed if `follow` says so.
    ///
    /// With `is_told` what is met on the way is told to who keeps it: then it is not told again of the same way.
    pub(crate) fn resolve(
        &mut self,
        base: &[u8],
        path: &[u8],
        follow: bool,
        thread: i32,
        is_told: bool,
    ) -> Resolved {
        let name = self.spell_way(base, path).filter(|_| is_told);
        if let Some(name) = name
            && let Some(directory) = self.ways.get(&self.way)
        {
            let mut at = Vec::with_capacity(directory.len() + name.len() + 1);
            at.extend_from_slice(directory);
            at.push(b'/');
            at.extend_from_slice(name);
            let mut resolved = Resolved::new();
            let missing = at.len();
            let state = match self.look(&at, false, true, thread, &mut resolved) {
                // Walked once more, with where it leads.
                Found::Link(..) if follow => None,
                Found::Link(found, _) | Found::Present(found) => {
                    resolved.kernel = self.is_kernel(&found, &at);
                    Some(State::Present(found))
                }
                Found::Absent => Some(State::Absent { missing }),
                Found::Unreachable => Some(State::Unreachable { missing }),
            };
            if let Some(state) = state {
                return resolved.ended(state, at, &[], 0);
            }
        }
        self.walk(base, path, follow, thread, name.is_some())
    }

    /// Leaves in `way` the directory that a path is in, as it is spelled; returns its last component, if that is a name.
    fn spell_way<'p>(&mut self, base: &[u8], path: &'p [u8]) -> Option<&'p [u8]> {
        let start = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let (directory, name) = path.split_at_checked(start)?;
        self.way.clear();
        if path.first() != Some(&b'/') {
            self.way.extend_from_slice(base);
            self.way.push(b'/');
        }
        self.way.extend_from_slice(directory);
        (!name.is_empty() && name != b"." && name != b"..").then_some(name)
    }

    /// Does that component by component; remembers where the directory led to, if the last one `is_name`.
    fn walk(&mut self, base: &[u8], path: &[u8], follow: bool, thread: i32, is_name: bool) -> Resolved {
        let mut at = Vec::with_capacity(128);
        if path.first() != Some(&b'/') && base != b"/" {
            at.extend_from_slice(base);
        }
        let mut rest = path.to_vec();
        let mut position = 0;
        let mut resolved = Resolved::new();
        // The directory it starts from, and what was made of it.
        let mut status = None;
        let mut fresh = self.enter(&at, &mut resolved, &mut status);
        let mut count = 0;
        let mut has_followed_last = false;
        while let Some((start, end)) = component(&rest, position) {
            position = end;
            let name = rest.get(start..end).unwrap_or_default();
            if name == b"." {
                continue;
            }
            if name == b".." {
                if !fresh && !resolved.kernel && !at.is_empty() {
                    resolved.left.push(at.clone());
                }
                at.truncate(at.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
                fresh = self.enter(&at, &mut resolved, &mut status);
                continue;
            }
            // `x/` and `x/.` name what is behind a link.
            let last = component(&rest, end).is_none() && rest.get(end..).is_none_or(<[u8]>::is_empty);
            if last && is_name && !has_followed_last && !fresh && !resolved.kernel {
                self.ways.insert(self.way.clone(), at.clone());
            }
            at.push(b'/');
            at.extend_from_slice(name);
            match self.look(&at, fresh || resolved.kernel, last, thread, &mut resolved) {
                Found::Link(link, target) if !last || follow => {
                    has_followed_last |= last;
                    count += 1;
                    if count > LINKS {
                        return resolved.ended(State::Unreachable { missing: at.len() }, at, &rest, position);
                    }
                    let kernel = self.is_kernel(&link, &at);
                    if !kernel && !in_devices(&at) && !resolved.product {
                        resolved.links.push(Followed {
                            path: at.clone(),
                            target: target.clone(),
                            status: link,
                        });
                    }
                    if kernel && target.first() != Some(&b'/') && target.contains(&b':') {
                        // `pipe:[1]`, `anon_inode:x`: there is no path.
                        resolved.kernel = true;
                        return resolved.ended(State::Present(link), at, &rest, position);
                    }
                    at.truncate(at.len() - name.len() - 1);
                    if target.first() == Some(&b'/') {
                        at.clear();
                    }
                    // Where it leads may be made by the build or not.
                    let mut next = target;
                    next.extend_from_slice(rest.get(position..).unwrap_or_default());
                    (rest, position) = (next, 0);
                    fresh = self.enter(&at, &mut resolved, &mut status);
                }
                Found::Link(found, _) | Found::Present(found) => {
                    resolved.kernel = self.is_kernel(&found, &at);
                    status = Some(found);
                    if let Some((start, end)) = component(&rest, position)
                        && !is(&found, libc::S_IFDIR)
                    {
                        // Nothing can be below what is no directory.
                        let missing = at.len() + 1 + end - start;
                        return resolved.ended(State::Absent { missing }, at, &rest, position);
                    }
                    fresh |= resolved.product || resolved.pending.is_some();
                }
                Found::Absent => {
                    return resolved.ended(State::Absent { missing: at.len() }, at, &rest, position);
                }
                Found::Unreachable => {
                    return resolved.ended(State::Unreachable { missing: at.len() }, at, &rest, position);
                }
            }
        }
        let state = match status.or_else(|| self.status(&at).ok()) {
            Some(status) => State::Present(status),
            None => State::Absent { missing: at.len() },
        };
        resolved.ended(state, at, &[], 0)
    }

    /// Takes `path` as the directory that the next component is in. Whether the build changes it.
    fn enter(&mut self, path: &[u8], resolved: &mut Resolved, status: &mut Option<Status>) -> bool {
        (resolved.product, resolved.pending, resolved.kernel) = (false, None, false);
        *status = None;
        let mut fresh = false;
        let mut end = 0;
        while end < path.len() {
            end = path
                .iter()
                .skip(end + 1)
                .position(|byte| *byte == b'/')
                .map_or(path.len(), |at| end + 1 + at);
            let part = path.get(..end).unwrap_or_default();
            if matches!(self.nodes.get(part), Some(Node::Written(_))) {
                fresh = true;
                let _ = self.look(part, true, false, 0, resolved);
            }
        }
        if let Some(Node::Known(Some(found))) = self.nodes.get(path) {
            *status = Some(*found);
        } else if let Ok(found) = self.status(path) {
            *status = Some(found);
            if !fresh {
                self.nodes.insert(path.to_vec(), Node::Known(Some(found)));
            }
        }
        if let Some(found) = *status {
            resolved.kernel = self.is_kernel(&found, path);
        }
        fresh
    }

    /// What is at `path`, whose directory has no links in it, and which the caller goes no further than if it is the `last` part.
    fn look(&mut self, path: &[u8], fresh: bool, last: bool, thread: i32, resolved: &mut Resolved) -> Found {
        match self.nodes.get(path) {
            Some(Node::Written(_)) => {
                let found = self.see(path, thread);
                let now = match &found {
                    Found::Present(status) | Found::Link(status, _) => Some(*status),
                    _ => None,
                };
                if let Some(Node::Written(write)) = self.nodes.get_mut(path) {
                    write.made |= differs(write.before, now);
                    match write.made {
                        true => resolved.product = true,
                        false => resolved.pending = Some(path.to_vec()),
                    }
                }
                return found;
            }
            Some(Node::Known(known)) if !fresh => {
                let known = *known;
                // What came and went between two looks is there no more at the end.
                if (last || known.is_none()) && differs(known, self.status(path).ok()) {
                    self.moved.push(path.to_vec());
                }
                return known.map_or(Found::Absent, Found::Present);
            }
            Some(Node::Link(status, target)) if !fresh => return Found::Link(*status, target.clone()),
            Some(Node::Unreachable) if !fresh => return Found::Unreachable,
            _ => {}
        }
        let found = self.see(path, thread);
        if !fresh {
            let node = match &found {
                Found::Present(status) => Node::Known(Some(*status)),
                Found::Link(status, target) => Node::Link(*status, target.clone()),
                Found::Absent => Node::Known(None),
                Found::Unreachable => Node::Unreachable,
            };
            self.nodes.insert(path.to_vec(), node);
        }
        found
    }

    /// Asks the kernel.
    fn see(&mut self, path: &[u8], thread: i32) -> Found {
        if thread != 0
            && (path == b"/proc/self" || path == b"/proc/thread-self")
            && let Ok(status) = self.status(path)
        {
            return Found::Link(status, thread.to_string().into_bytes());
        }
        match self.status(path) {
            Ok(status) if is(&status, libc::S_IFLNK) => match self.with(path, kernel::link_target) {
                Ok(target) => Found::Link(status, target),
                Err(_) => Found::Unreachable,
            },
            Ok(status) => Found::Present(status),
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOENT | libc::ENOTDIR) => Found::Absent,
                _ => Found::Unreachable,
            },
        }
    }

    /// What is at a path, links not followed.
    pub(crate) fn status(&mut self, path: &[u8]) -> io::Result<Status> {
        self.with(path, kernel::status)
    }

    /// The target of the link at a path.
    pub(crate) fn link_target(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.with(path, kernel::link_target)
    }

    fn with<T>(&mut self, path: &[u8], ask: impl FnOnce(&CStr) -> io::Result<T>) -> io::Result<T> {
        self.spelled.clear();
        self.spelled.extend_from_slice(if path.is_empty() { b"/" } else { path });
        self.spelled.push(0);
        let path = CStr::from_bytes_with_nul(&self.spelled);
        ask(path.map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?)
    }

    /// Whether something is not kept on a disk.
    fn is_kernel(&mut self, status: &Status, path: &[u8]) -> bool {
        if !matches!(status.mode & libc::S_IFMT, libc::S_IFREG | libc::S_IFDIR | libc::S_IFLNK)
            || in_devices(path)
        {
            return true;
        }
        if let Some(known) = self.devices.get(&status.device) {
            return *known;
        }
        // Of a link the place it lies in is asked, not where it leads.
        let parent = match is(status, libc::S_IFLNK) {
            true => path.get(..path.iter().rposition(|byte| *byte == b'/').unwrap_or(0)).unwrap_or_default(),
            false => path,
        };
        let Ok(kind) = self.with(parent, kernel::file_system) else { return false };
        let kernel = KERNEL.contains(&kind);
        self.devices.insert(status.device, kernel);
        kernel
    }

    /// Whether something else was at a path at a later look.
    pub(crate) fn has_moved(&self, path: &[u8]) -> bool {
        self.moved.iter().any(|moved| moved == path)
    }

    /// The build is about to change what is at a path.
    pub(crate) fn write(&mut self, path: &[u8], write: Write) {
        match self.nodes.get(path) {
            Some(Node::Written(_)) => {}
            _ => {
                self.ways.clear();
                self.nodes.insert(path.to_vec(), Node::Written(write));
            }
        }
    }

    /// Says of every change whether it was made.
    pub(crate) fn settle(&mut self) -> Vec<(Vec<u8>, Write, Option<Status>)> {
        let paths: Vec<Vec<u8>> = self
            .nodes
            .iter()
            .filter(|(_, node)| matches!(node, Node::Written(_)))
            .map(|(path, _)| path.clone())
            .collect();
        let mut writes = Vec::with_capacity(paths.len());
        for path in paths {
            let now = self.status(&path).ok();
            if let Some(Node::Written(write)) = self.nodes.get_mut(&path) {
                write.made |= differs(write.before, now);
                writes.push((path, write.clone(), now));
            }
        }
        writes
    }
}

enum Found {
    Present(Status),
    Link(Status, Vec<u8>),
    Absent,
    Unreachable,
}
