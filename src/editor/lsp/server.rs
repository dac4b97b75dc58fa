//! One language server: its process, what waits for it, and how its ids are told from those of other servers.

use std::io::{self, BufReader, PipeReader, PipeWriter, Write};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use rustc_hash::FxHashSet;

use crate::base::supervision::Supervision;
use crate::editor::lsp::checks::Checks;
use crate::editor::lsp::event::Event;
use crate::editor::lsp::gate::Gate;
use crate::editor::lsp::message::{self, Message};
use crate::editor::lsp::projects::{Language, ServerProgram};
use crate::editor::lsp::tokens::Legend;
use crate::editor::lsp::wire;
use crate::process::running::Running;
use crate::process::task::{Output, Task};

/// A server that ends is started again, but not more often than so many times within [`WINDOW`].
const MOST_STARTS: usize = 4;
const WINDOW: Duration = Duration::from_secs(60);

/// The ids of our own requests to a server.
pub(super) const INITIALIZE: &str = "runner/initialize";
pub(super) const SHUTDOWN: &str = "runner/shutdown";

/// What a server is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// What is no script, as if we were not there.
    Project(Language),
    /// Scripts of one toolchain.
    Scripts(Language, Option<String>),
}

impl Key {
    pub(super) fn language(&self) -> Language {
        match self {
            Key::Project(language) | Key::Scripts(language, _) => *language,
        }
    }

    pub(super) fn toolchain(&self) -> Option<&str> {
        match self {
            Key::Project(_) => None,
            Key::Scripts(_, toolchain) => toolchain.as_deref(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It was asked to initialize.
    Starting,
    Ready,
    /// It ended too often, or cannot be started.
    Dead,
}

/// One language server.
pub(super) struct Server {
    pub(super) key: Key,
    pub(super) program: ServerProgram,
    pub(super) index: usize,
    /// Counts its processes.
    pub(super) generation: u32,
    pub(super) state: State,
    pub(super) capabilities: Value,
    pub(super) legend: Legend,
    /// Methods it has registered since.
    pub(super) registered: FxHashSet<String>,
    /// Tokens of progress that it has made.
    pub(super) tokens: FxHashSet<String>,
    /// Checks of saved scripts that it has not finished.
    pub(super) checks: Checks,
    /// The id under which the editor asked to initialize, if it is to have this server's own answer.
    pub(super) asked_by: Option<Value>,
    waiting: Vec<Vec<u8>>,
    link: Option<Link>,
    starts: Vec<Instant>,
}

struct Link {
    /// Killed when this is dropped.
    _running: Running,
    to: Sender<Vec<u8>>,
}

impl Server {
    pub(super) fn new(key: Key, program: ServerProgram, index: usize) -> Server {
        Server {
            key,
            program,
            index,
            generation: 0,
            state: State::Dead,
            capabilities: Value::Null,
            legend: Legend::default(),
            registered: FxHashSet::default(),
            tokens: FxHashSet::default(),
            checks: Checks::default(),
            asked_by: None,
            waiting: Vec::new(),
            link: None,
            starts: Vec::new(),
        }
    }

    /// Starts the process and sends the request `initialize`.
    ///
    /// # Errors
    /// A message, if it cannot be started or was started too often.
    pub(super) fn start(&mut self, events: &Sender<Event>, initialize: Vec<u8>) -> Result<(), String> {
        self.state = State::Dead;
        self.waiting.clear();
        self.registered.clear();
        self.tokens.clear();
        self.checks.restarted();
        let now = Instant::now();
        self.starts.retain(|start| now.duration_since(*start) < WINDOW);
        let name = &self.program.name;
        if self.starts.len() >= MOST_STARTS {
            return Err(format!("`{name}` ended {MOST_STARTS} times within a minute; not starting it again"));
        }
        let first = self.starts.is_empty() && self.generation == 0;
        self.starts.push(now);
        let (running, input, output) = spawn(&self.program)
            .map_err(|error| format!("cannot start `{}`: {error}", self.program.program.display()))?;
        if !first {
            self.generation += 1;
        }
        let (to, queue) = channel();
        let (index, generation, events) = (self.index, self.generation, events.clone());
        std::thread::spawn(move || write_all(&queue, input));
        std::thread::spawn(move || {
            let gate = Arc::new(Gate::default());
            let mut output = BufReader::new(output);
            let reason = loop {
                let bytes = match wire::read(&mut output) {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) => break None,
                    Err(error) => break Some(error.to_string()),
                };
                let permit = gate.enter(bytes.len());
                let Some(message) = Message::parse_of_server(bytes) else {
                    break Some("malformed JSON".to_owned());
                };
                if events.send(Event::Server { index, generation, message, permit }).is_err() {
                    return;
                }
            };
            // Nobody is there to hear it when we are ending.
            let _ = events.send(Event::ServerClosed { index, generation, reason });
        });
        // Nobody reads the queue if the process is gone already, which its reader tells.
        let _ = to.send(initialize);
        self.link = Some(Link { _running: running, to });
        self.state = State::Starting;
        Ok(())
    }

    /// Sends a message, now or when the server is ready.
    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        match (self.state, &self.link) {
            (State::Ready, Some(link)) => drop(link.to.send(bytes)),
            (State::Starting, _) => self.waiting.push(bytes),
            _ => {}
        }
    }

    /// Sends a message ahead of those that wait: `initialized`, and the answers to what it asks before.
    pub(super) fn send_now(&mut self, bytes: Vec<u8>) {
        if let Some(link) = &self.link {
            drop(link.to.send(bytes));
        }
    }

    /// Sends what has waited for the server to be ready.
    pub(super) fn release(&mut self) {
        self.state = State::Ready;
        for bytes in std::mem::take(&mut self.waiting) {
            self.send(bytes);
        }
    }

    /// Collects the process after its output has ended.
    pub(super) fn collect(&mut self) {
        self.state = State::Dead;
        // It may have closed its output and go on: dropped, it is killed and waited for.
        self.link = None;
    }

    /// Closes the server's input once all is written, so that it ends.
    pub(super) fn close(&mut self) {
        if let Some(link) = &mut self.link {
            link.to = channel().0;
        }
    }

    pub(super) fn has_process(&self) -> bool {
        self.link.is_some()
    }

    pub(super) fn is_alive(&self) -> bool {
        self.state != State::Dead
    }

    /// Whether its ids are told apart from others by a prefix. Those of the first process are passed as they are, so that
    /// a session with one server is, byte for byte, what it would be without us.
    pub(super) fn is_tagged(&self) -> bool {
        self.index > 0 || self.generation > 0
    }

    fn prefix(&self) -> String {
        format!("runner/{}/{}/", self.index, self.generation)
    }

    /// An id or token of this server, as the editor gets it.
    pub(super) fn tagged(&self, id: &Value) -> Value {
        match self.is_tagged() {
            true => format!("{}{id}", self.prefix()).into(),
            false => id.clone(),
        }
    }

    /// The server's own id of one that came back from the editor; `None` if it is another's.
    pub(super) fn untagged(&self, id: &Value) -> Option<Value> {
        if !self.is_tagged() {
            let is_ours = id.as_str().is_some_and(|id| id.starts_with("runner/"));
            return (!is_ours).then(|| id.clone());
        }
        serde_json::from_str(id.as_str()?.strip_prefix(&self.prefix())?).ok()
    }
}

/// Starts a server only to hear what it can; `None` if it does not say within `patience`.
pub(super) fn ask(program: &ServerProgram, params: &Value, patience: Duration) -> Option<Value> {
    let (running, mut input, output) = spawn(program).ok()?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        while let Ok(Some(bytes)) = wire::read(&mut output) {
            let Some(message) = Message::parse(bytes) else { return };
            if message.id() == Some(&json!(INITIALIZE)) {
                let _ = sender.send(message.value["result"].clone());
                return;
            }
        }
    });
    let request = message::request(&json!(INITIALIZE), "initialize", params.clone());
    let written = wire::write(&mut input, &message::bytes(&request));
    let answer = written.ok().and_then(|()| receiver.recv_timeout(patience).ok());
    drop(running);
    answer.filter(Value::is_object)
}

/// Starts a server, and gives the ends of its standard input and output that are ours. It dies with the thread that starts it.
fn spawn(program: &ServerProgram) -> io::Result<(Running, PipeWriter, PipeReader)> {
    let mut command = Command::new(&program.program);
    command.args(&program.arguments).env_clear();
    command.envs(program.variables.iter().map(|(name, value)| (name, value)));
    let supervision = Supervision { shares_group: true, ..Supervision::default() };
    let (theirs, input) = io::pipe()?;
    let task = Task::new(&command, &supervision).input(theirs.into()).stderr(Output::Inherit);
    let mut running = task.start()?;
    let output = running.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok((running, input, output))
}

fn write_all(queue: &Receiver<Vec<u8>>, mut input: impl Write) {
    for bytes in queue {
        // A server that is gone is told of by its reader.
        if wire::write(&mut input, &bytes).is_err() {
            return;
        }
    }
}
