//! The thread that is told of every call of an observed command, reads its paths, writes them down and lets it go on.
//!
//! ```text
//! compiler        open("a.h") ──► waits ─────────────────────────► goes on, as if nobody had looked
//! supervisor                      take, read memory, look, answer
//! ```
//!
//! The path is looked at before the call goes on, so that the state that is written down is the one that the call meets.
//! The text could be changed by another thread of the compiler between our reading and the kernel's; none does.
//!
//! The thread ends when the last program has that it observes. Programs that go on after their build (a server that a compiler
//! started) must still get answers, or every open(2) of theirs fails with `ENOSYS`: a process of its own gives them, since we may
//! become another program.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::process::observe::calls::{Action, Call, Place, abi};
use crate::process::observe::kernel::{self, Notification, Ready, Sent, Taken};
use crate::process::observe::observed::{GapReason, Observed};
use crate::process::observe::policy::Whose;
use crate::process::observe::processes::{left, started};
use crate::process::observe::record::{Caller, Depth, Record, SILENT};
use crate::process::observe::unavailable::Unavailable;

/// How long what was killed may take to be gone.
const KILL_TIME: Duration = Duration::from_secs(1);

/// How long after the command's end those that it started may take to end, until they count as left running.
const LEFTOVER_TIME: Duration = Duration::from_millis(5);

/// The first Linux on which waiting for a call ends when nobody is left to make one. Before it poll(2) tells.
const ENDS_BY_ITSELF: (u32, u32) = (6, 11);

/// What a call is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is written down.
    Observe,
    /// The command has ended: what is looked at from now on is no part of the build.
    LetGo,
    /// Who makes it is killed.
    Kill,
}

/// What the thread and who started it share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Set once the child has sent its listener, or has said why it cannot.
    state: Mutex<State>,
    /// Whether the first call showed that nothing can be seen. Set before who made it is killed.
    blind: AtomicBool,
}

#[derive(Debug, Default)]
enum State {
    /// The command has not got as far as being observed.
    #[default]
    NotStarted,
    Unavailable(Unavailable),
    Running(Box<Supervisor>),
}

/// The thread, and what it knows.
#[derive(Debug)]
pub(crate) struct Handle {
    shared: Arc<Shared>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

#[derive(Debug)]
struct Supervisor {
    listener: Arc<OwnedFd>,
    mode: Mode,
    record: Record,
    /// Programs of the threads that were seen, until one executes another.
    programs: FxHashMap<i32, u32>,
    own: Vec<u8>,
    /// What a thread is called that has not executed the command yet.
    first: u32,
    /// The command's process (0 until it is executed), if what it looks at itself does not count.
    silent: Option<i32>,
    /// Every thread that made a call.
    seen: FxHashSet<i32>,
    /// When the first of them can have started.
    since: u64,
    calls: u64,
    text: Vec<u8>,
    base: Vec<u8>,
}

impl Handle {
    /// Starts the thread. It waits for a child's message on `socket`; `program` is what the child is to become.
    pub(crate) fn start(socket: OwnedFd, program: Vec<u8>, whose: Whose) -> io::Result<Handle> {
        let shared = Arc::new(Shared::default());
        let (running, ended) = std::sync::mpsc::channel();
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new().name("observe".to_owned()).spawn(move || {
            theirs.run(&socket, &program, whose);
            drop(running);
        })?;
        Ok(Handle { shared, ended })
    }

    #[cfg(test)]
    pub(crate) fn is_blind(&self) -> bool {
        self.shared.blind.load(Ordering::SeqCst)
    }

    /// The thread's end; `false` if it does not come in time.
    fn has_ended(&self, within: Duration) -> bool {
        !matches!(self.ended.recv_timeout(within), Err(RecvTimeoutError::Timeout))
    }

    /// Waits for the end of a command that was not started; why, if that is for want of observation.
    pub(crate) fn refused(&self) -> Option<Unavailable> {
        let _ = self.ended.recv();
        match &*self.shared.lock() {
            State::Unavailable(reason) => Some(reason.clone()),
            State::NotStarted | State::Running(_) => None,
        }
    }

    /// What was observed of a command that has ended.
    pub(crate) fn finish(&self) -> Result<Observed, Unavailable> {
        let listener = match &mut *self.shared.lock() {
            State::Unavailable(reason) => return Err(reason.clone()),
            State::NotStarted => return Ok(Observed::default()),
            State::Running(supervisor) => {
                supervisor.mode = Mode::LetGo;
                Arc::clone(&supervisor.listener)
            }
        };
        let left_running = !self.has_ended(LEFTOVER_TIME);
        if left_running && kernel::leave_answering(&listener).is_err() {
            self.kill();
        }
        match &mut *self.shared.lock() {
            State::Running(supervisor) => {
                let observed = std::mem::take(&mut supervisor.record).finish();
                Ok(Observed { calls: supervisor.calls, left_running, ..observed })
            }
            _ => Ok(Observed::default()),
        }
    }

    /// Ends everything that is observed: what is found at once, and anything else at its next call.
    pub(crate) fn kill(&self) {
        if let State::Running(supervisor) = &mut *self.shared.lock() {
            supervisor.mode = Mode::Kill;
            for process in left(&supervisor.seen, supervisor.since) {
                kernel::kill(process);
            }
        }
        self.has_ended(KILL_TIME);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread's life.
    fn run(&self, socket: &OwnedFd, program: &[u8], whose: Whose) {
        kernel::block_signals();
        let listener = match kernel::receive(socket.as_raw_fd()) {
            Ok(Sent::Listener(listener)) => Arc::new(listener),
            Ok(Sent::Failed(step, errno)) => {
                *self.lock() = State::Unavailable(Unavailable::of(step, errno));
                return;
            }
            Ok(Sent::Nothing) => return,
            Err(error) => {
                *self.lock() = State::Unavailable(Unavailable::Other(error.to_string()));
                return;
            }
        };
        // Without it all works, only slower.
        let _ = kernel::wake_in_step(listener.as_raw_fd());
        *self.lock() = State::Running(Box::new(Supervisor::new(Arc::clone(&listener), program, whose)));
        let polls = kernel::release().is_none_or(|release| release < ENDS_BY_ITSELF);
        let listener = listener.as_raw_fd();
        loop {
            if polls && !matches!(kernel::wait(listener), Ok(Ready::Call)) {
                return;
            }
            let call = match kernel::take(listener) {
                Ok(Taken::Call(call)) => call,
                Ok(Taken::Gone) if polls => continue,
                Ok(Taken::Interrupted) => continue,
                // Nobody is left; or who made the call is gone, and more may come.
                Ok(Taken::Gone) => match kernel::wait_no_longer(listener) {
                    Ok(Ready::Over) | Err(_) => return,
                    Ok(_) => continue,
                },
                Err(_) => return,
            };
            let mut state = self.lock();
            let State::Running(supervisor) = &mut *state else { return };
            match supervisor.mode {
                Mode::Observe => {}
                Mode::LetGo => {
                    // It may have to be killed yet.
                    supervisor.seen.insert(call.thread);
                    kernel::let_go_on(listener, call.id);
                    continue;
                }
                Mode::Kill => {
                    if call.thread != 0 {
                        kernel::kill(call.thread);
                    }
                    continue;
                }
            }
            if let Err(unavailable) = supervisor.serve(&call) {
                // Before it is gone: who started it looks then.
                self.blind.store(true, Ordering::SeqCst);
                kernel::kill(call.thread);
                *state = State::Unavailable(unavailable);
                return;
            }
        }
    }
}

impl Supervisor {
    fn new(listener: Arc<OwnedFd>, program: &[u8], whose: Whose) -> Supervisor {
        let mut record = Record::default();
        let first = record.program(program);
        let own = std::fs::read_link("/proc/self/exe").unwrap_or_default().into_os_string();
        Supervisor {
            listener,
            mode: Mode::Observe,
            record,
            programs: FxHashMap::default(),
            own: own.into_vec(),
            first,
            silent: (whose == Whose::Started).then_some(0),
            seen: FxHashSet::default(),
            since: started(),
            calls: 0,
            text: Vec::with_capacity(kernel::PATH_BYTES),
            base: Vec::with_capacity(kernel::PATH_BYTES),
        }
    }

    /// One call. An error only at the first, when it shows that nothing can be seen here.
    fn serve(&mut self, call: &Notification) -> Result<(), Unavailable> {
        self.calls += 1;
        // Who waits for the command is observed with it, and may make a call before it.
        if self.silent == Some(0) {
            let known = abi(call.architecture).and_then(|abi| abi.call(call.number));
            if known.is_some_and(|call| matches!(call.action, Action::Execute { .. })) {
                self.silent = Some(call.thread);
            }
        }
        let program = self.program(call.thread);
        match self.see(call, program) {
            Ok(()) => drop(kernel::let_go_on(self.listener.as_raw_fd(), call.id)),
            Err(error) if self.calls == 1 && error.raw_os_error() != Some(libc::ESRCH) => {
                return Err(Unavailable::Memory);
            }
            Err(error) => {
                // A path that cannot be read by the kernel either is no look.
                let harmless = matches!(error.raw_os_error(), Some(libc::EFAULT | libc::ENAMETOOLONG));
                if kernel::let_go_on(self.listener.as_raw_fd(), call.id) && !harmless {
                    self.record.gap(program, GapReason::Memory);
                }
            }
        }
        Ok(())
    }

    fn see(&mut self, notification: &Notification, program: u32) -> io::Result<()> {
        if notification.thread == 0 {
            self.record.gap(program, GapReason::Process);
            return Ok(());
        }
        let call = abi(notification.architecture).and_then(|abi| abi.call(notification.number));
        let Some(call) = call else {
            self.record.gap(program, GapReason::Architecture);
            return Ok(());
        };
        let thread = notification.thread;
        let argument = |index: usize| notification.arguments.get(index).copied().unwrap_or(0);
        let flags = |index: Option<usize>| index.map_or(0, |index| argument(index) as i32);
        if program == SILENT && call.action.is_look(argument) {
            return Ok(());
        }
        match call.action {
            Action::Mount => self.record.gap(program, GapReason::Namespace),
            Action::Unshare { flags } => {
                if argument(flags) as i32 & libc::CLONE_NEWNS != 0 {
                    self.record.gap(program, GapReason::Namespace);
                }
            }
            Action::Connect => {
                if let Some(address) = self.address(notification)? {
                    self.record.server(program, address);
                }
            }
            Action::List => {
                let directory = link_of(thread, &format!("fd/{}", argument(0) as i32));
                if let Some(directory) = directory {
                    self.record.list(Caller { thread, program, base: b"/" }, &directory);
                }
            }
            Action::Rename { .. } | Action::HardLink => return self.two_paths(notification, call, program),
            _ => {
                let empty = flags(match call.action {
                    Action::Execute { flags }
                    | Action::Stat { flags }
                    | Action::Access { flags }
                    | Action::May { flags, .. } => flags,
                    _ => None,
                });
                self.read_path(notification, call.place)?;
                let (text, base) = (std::mem::take(&mut self.text), std::mem::take(&mut self.base));
                if !text.is_empty() || empty & libc::AT_EMPTY_PATH != 0 {
                    self.one_path(notification, call, Caller { thread, program, base: &base }, &text);
                }
                (self.text, self.base) = (text, base);
            }
        }
        Ok(())
    }

    fn one_path(&mut self, notification: &Notification, call: &Call, caller: Caller<'_>, text: &[u8]) {
        let argument = |index: usize| notification.arguments.get(index).copied().unwrap_or(0);
        let follows = |index: Option<usize>| {
            index.is_none_or(|index| argument(index) as i32 & libc::AT_SYMLINK_NOFOLLOW == 0)
        };
        let record = &mut self.record;
        match call.action {
            Action::Open { flags } => record.open(caller, text, argument(flags) as i32),
            Action::OpenHow { how } => {
                // `struct open_how`: flags, mode, resolve.
                let mut bytes = [0; 8];
                let flags = match kernel::read_memory(caller.thread, argument(how), &mut bytes) {
                    Ok(8) => u64::from_ne_bytes(bytes) as i32,
                    _ => libc::O_RDONLY,
                };
                record.open(caller, text, flags);
            }
            Action::Create => record.open(caller, text, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC),
            Action::Stat { flags } => record.look(caller, text, follows(flags), Depth::Metadata),
            Action::StatLink => record.look(caller, text, false, Depth::Metadata),
            Action::Access { flags } => record.look(caller, text, follows(flags), Depth::Existence),
            Action::May { mode, flags } => {
                // Whether a file may be executed is recorded with its content.
                let depth = match argument(mode) as i32 & libc::X_OK {
                    0 => Depth::Existence,
                    _ => Depth::Metadata,
                };
                record.look(caller, text, follows(flags), depth);
            }
            Action::ReadLink => record.look(caller, text, false, Depth::Existence),
            Action::Execute { flags } => {
                // Which thread has which program from now on is asked anew: threads end, and numbers change hands.
                if record.execute(caller, text, follows(flags)) {
                    self.programs.clear();
                }
            }
            Action::Enter => record.look(caller, text, true, Depth::Existence),
            Action::Make | Action::MakeLink => record.make(caller, text),
            Action::Remove => record.remove(caller, text),
            Action::Truncate => record.truncate(caller, text),
            Action::Permit => record.permit(caller, text),
            Action::List
            | Action::HardLink
            | Action::Rename { .. }
            | Action::Connect
            | Action::Mount
            | Action::Unshare { .. } => {}
        }
    }

    fn two_paths(&mut self, notification: &Notification, call: &Call, program: u32) -> io::Result<()> {
        let thread = notification.thread;
        self.read_path(notification, call.place)?;
        let (from, from_base) = (self.text.clone(), self.base.clone());
        self.read_path(notification, call.second)?;
        let (to, to_base) = (std::mem::take(&mut self.text), std::mem::take(&mut self.base));
        let exchanges = match call.action {
            Action::Rename { flags: Some(flags) } => notification
                .arguments
                .get(flags)
                .is_some_and(|flags| *flags as u32 & libc::RENAME_EXCHANGE != 0),
            _ => false,
        };
        let keeps = call.action == Action::HardLink;
        self.record.rename(
            (Caller { thread, program, base: &from_base }, &from),
            (Caller { thread, program, base: &to_base }, &to),
            keeps,
            exchanges,
        );
        (self.text, self.base) = (to, to_base);
        Ok(())
    }

    /// Reads a path to `self.text`, and what it is relative to to `self.base`.
    fn read_path(&mut self, notification: &Notification, place: Place) -> io::Result<()> {
        let argument = |index: usize| notification.arguments.get(index).copied().unwrap_or(0);
        let thread = notification.thread;
        self.text.clear();
        self.base.clear();
        let address = argument(place.text);
        if address != 0 {
            kernel::read_text(thread, address, &mut self.text)?;
        }
        if self.text.first() == Some(&b'/') {
            return Ok(());
        }
        let directory = place.directory.map_or(libc::AT_FDCWD, |index| argument(index) as i32);
        let link = match directory {
            libc::AT_FDCWD => "cwd".to_owned(),
            descriptor => format!("fd/{descriptor}"),
        };
        match link_of(thread, &link) {
            Some(base) => {
                self.base.extend_from_slice(&base);
                Ok(())
            }
            // A descriptor that is not open: the call will fail.
            None if directory != libc::AT_FDCWD => {
                self.text.clear();
                Ok(())
            }
            None => Err(io::Error::from_raw_os_error(libc::EPERM)),
        }
    }

    /// The address of a server.
    fn address(&self, notification: &Notification) -> io::Result<Option<String>> {
        let [_, address, length, ..] = notification.arguments;
        let mut bytes = [0_u8; 128];
        let length = (length as usize).min(bytes.len());
        let read =
            kernel::read_memory(notification.thread, address, bytes.get_mut(..length).unwrap_or_default())?;
        let bytes = bytes.get(..read).unwrap_or_default();
        let Some((family, rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
        let port = || rest.first_chunk::<2>().map_or(0, |port| u16::from_be_bytes(*port));
        Ok(match i32::from(u16::from_ne_bytes(*family)) {
            libc::AF_UNIX => Some(match rest.split_first() {
                Some((0, name)) => format!("@{}", String::from_utf8_lossy(name)),
                _ => String::from_utf8_lossy(rest.split(|byte| *byte == 0).next().unwrap_or_default())
                    .into_owned(),
            }),
            libc::AF_INET => rest
                .get(2..6)
                .and_then(|part| part.first_chunk::<4>())
                .map(|part| format!("{}:{}", std::net::Ipv4Addr::from(*part), port())),
            libc::AF_INET6 => rest
                .get(6..22)
                .and_then(|part| part.first_chunk::<16>())
                .map(|part| format!("[{}]:{}", std::net::Ipv6Addr::from(*part), port())),
            _ => None,
        })
    }

    /// Which program a thread runs.
    fn program(&mut self, thread: i32) -> u32 {
        if let Some(program) = self.programs.get(&thread) {
            return *program;
        }
        let program = match link_of(thread, "exe") {
            _ if self.is_silent(thread) => SILENT,
            Some(path) if path != self.own => self.record.program(&path),
            _ => self.first,
        };
        self.programs.insert(thread, program);
        self.seen.insert(thread);
        program
    }

    /// Whether a thread is one of the command itself, and that does not count.
    fn is_silent(&self, thread: i32) -> bool {
        let is_of = |first: i32| {
            [0, thread].contains(&first)
                || std::path::Path::new(&format!("/proc/{first}/task/{thread}")).exists()
        };
        self.silent.is_some_and(is_of)
    }
}

/// Where a link of a thread's in `/proc` leads.
fn link_of(thread: i32, name: &str) -> Option<Vec<u8>> {
    let path = std::ffi::CString::new(format!("/proc/{thread}/{name}")).ok()?;
    kernel::link_target(&path).ok().filter(|target| target.first() == Some(&b'/'))
}
