//! A session: one editor, its documents, and the servers that serve them.
//!
//! One thread moves all messages; it sleeps until there is one, or until something is due. Reading the editor, reading and
//! writing each server, and whatever takes time have threads of their own, which tell it by an [`Event`].
//!
//! Changes of a script are applied at once, and sent on when nothing else waits: of a hundred changes in the queue the
//! server gets the last state, and any request finds it there.

mod actions;
mod answers;
mod document;
mod documents;
mod large;
mod requests;
mod script;
mod scripts;
mod start;
pub(super) mod state;

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, channel};
use std::time::Instant;

use serde_json::{Value, json};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::editor::lsp::event::Event;
use crate::editor::lsp::message::{self, Message};
use crate::editor::lsp::projects::Projects;
use crate::editor::lsp::server::Server;
use crate::editor::lsp::session::script::Script;
use crate::editor::lsp::session::state::{Client, Options, PATIENCE, Phase, Session};
use crate::editor::lsp::text::Encoding;
use crate::editor::lsp::wire;

/// Serves one editor until it says `exit` or closes `input`; the result is the exit code.
///
/// # Errors
/// A message, if what comes is not the protocol, or nothing can be written.
pub(crate) fn run(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    projects: Arc<dyn Projects>,
    options: Options,
) -> Result<u8, String> {
    let (events, queue) = channel();
    let sender = events.clone();
    std::thread::spawn(move || {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let reason = loop {
            let event = match wire::read(&mut input) {
                Ok(Some(bytes)) => Message::parse(bytes).map_or(Event::ClientMalformed, Event::Client),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            };
            if sender.send(event).is_err() {
                return;
            }
        };
        // Nobody is there to hear it when we are ending.
        let _ = sender.send(Event::ClientClosed(reason));
    });
    let client = Client {
        params: Value::Null,
        bytes: Vec::new(),
        initialized: Vec::new(),
        settings: None,
        encoding: Encoding::Utf16,
    };
    let session = Session {
        projects,
        options,
        events,
        queue,
        output: Box::new(output),
        phase: Phase::New,
        client,
        announced: Value::Null,
        documents: BTreeMap::new(),
        scripts: BTreeMap::new(),
        servers: Vec::new(),
        pending: FxHashMap::default(),
        gatherings: FxHashMap::default(),
        configurations: FxHashMap::default(),
        configure_at: None,
        configure_since: None,
        to_configure: FxHashSet::default(),
        ending: None,
        missing: FxHashSet::default(),
        last_definition: None,
        counter: 0,
    };
    session.move_messages()
}

impl Session {
    fn move_messages(mut self) -> Result<u8, String> {
        let ended = loop {
            let event = match self.queue.try_recv() {
                Ok(event) => Some(event),
                Err(TryRecvError::Empty) => {
                    self.flush_all();
                    self.wait()
                }
                Err(TryRecvError::Disconnected) => None,
            };
            let step = match event {
                Some(event) => self.handle(event),
                None => Ok(None),
            };
            match step {
                Ok(None) => self.tick(Instant::now()),
                Ok(Some(code)) => break Ok(code),
                Err(error) => break Err(error),
            }
        };
        self.finish();
        ended
    }

    /// The next event, or nothing if something else is due first.
    fn wait(&self) -> Option<Event> {
        match self.next_due() {
            None => self.queue.recv().ok(),
            Some(due) => self.queue.recv_timeout(due.saturating_duration_since(Instant::now())).ok(),
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let of_scripts =
            self.scripts.values().flat_map(|script| [script.make_at, script.settle_at]).flatten();
        of_scripts.chain(self.configure_at).chain(self.ending.as_ref().map(|ending| ending.until)).min()
    }

    /// Does what is due.
    fn tick(&mut self, now: Instant) {
        if self.next_due().is_none_or(|due| due > now) {
            return;
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let paths = |choose: &dyn Fn(&Script) -> Option<Instant>| -> Vec<PathBuf> {
            let due = self.scripts.iter().filter(|(_, script)| is_due(choose(script)));
            due.map(|(path, _)| path.clone()).collect()
        };
        let (to_make, to_settle) = (paths(&|script| script.make_at), paths(&|script| script.settle_at));
        for path in to_make {
            self.make(&path);
        }
        for path in to_settle {
            self.settle(&path);
        }
        if is_due(self.configure_at) {
            self.configure();
        }
        if is_due(self.ending.as_ref().map(|ending| ending.until)) {
            self.answer_shutdown();
        }
    }

    fn handle(&mut self, event: Event) -> Result<Option<u8>, String> {
        match event {
            Event::Client(message) => return self.client_message(message),
            Event::ClientMalformed => {
                let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "malformed JSON"}});
                self.tell(&error)?;
            }
            Event::ClientClosed(None) => return Ok(Some(u8::from(self.phase != Phase::Shut))),
            Event::ClientClosed(Some(reason)) => return Err(format!("cannot read message: {reason}")),
            Event::Server { index, generation, message, permit } => {
                if self.servers.get(index).is_some_and(|server| server.generation == generation) {
                    self.server_message(index, message)?;
                }
                drop(permit);
            }
            Event::ServerClosed { index, generation, reason } => {
                self.server_closed(index, generation, reason)?
            }
            Event::Project { script, digest, result } => self.project_made(&script, &digest, result)?,
            Event::Progress { script, text } => self.project_progress(&script, &text)?,
            Event::Output { text } => {
                self.tell(&message::notification("window/logMessage", json!({"type": 4, "message": text})))?;
            }
            Event::Done(done) => self.done(done)?,
        }
        Ok(None)
    }

    /// Lets all servers end, and sees to it that they do.
    fn finish(&mut self) {
        let until = Instant::now() + PATIENCE;
        let exit = message::bytes(&json!({"jsonrpc": "2.0", "method": "exit"}));
        for server in &mut self.servers {
            server.send_now(exit.clone());
            server.close();
        }
        while self.servers.iter().any(Server::has_process) {
            match self.queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Event::ServerClosed { index, generation, .. }) => {
                    if let Some(server) =
                        self.servers.get_mut(index).filter(|one| one.generation == generation)
                    {
                        server.collect();
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        self.servers.iter_mut().for_each(Server::collect);
    }
}
