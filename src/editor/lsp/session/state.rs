//! The state of a session: the editor, its documents, their scripts and servers, and what is under way.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::editor::lsp::event::Event;
use crate::editor::lsp::message;
use crate::editor::lsp::projects::{Language, Projects};
use crate::editor::lsp::served::Served;
use crate::editor::lsp::server::{Server, State};
use crate::editor::lsp::session::document::Document;
use crate::editor::lsp::session::script::Script;
use crate::editor::lsp::text::Encoding;
use crate::editor::lsp::translate::{Fate, Translation};
use crate::editor::lsp::{uri, wire};

/// What servers may take to end.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);

/// What is asked for on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// The server's executable, in place of the one that would be found.
    pub(crate) server: Option<PathBuf>,
    /// The language whose server answers `initialize`, and gets files that say nothing else.
    pub(crate) language: Option<Language>,
}

/// Where the session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    New,
    Running,
    Shut,
}

/// What the editor said of itself.
pub(super) struct Client {
    /// Parameters of `initialize`.
    pub(super) params: Value,
    /// The message as it came.
    pub(super) bytes: Vec<u8>,
    /// The notification `initialized` as it came.
    pub(super) initialized: Vec<u8>,
    /// The last settings it sent on its own.
    pub(super) settings: Option<Value>,
    pub(super) encoding: Encoding,
}

impl Client {
    pub(super) fn can(&self, pointer: &str) -> bool {
        self.params["capabilities"].pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// A request of the editor that a server has.
pub(super) struct Pending {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) server: usize,
    pub(super) document: Option<PathBuf>,
    /// Kept where the answer needs them.
    pub(super) params: Value,
    /// The collection that the answer belongs to.
    pub(super) gathering: Option<u64>,
    /// How it is asked again.
    pub(super) again: Option<Again>,
}

/// A request about a document of a script, kept so that it can be asked again.
pub(super) struct Again {
    pub(super) bytes: Vec<u8>,
    /// The document's version when it was asked.
    pub(super) version: Value,
    pub(super) attempts_left: u32,
}

/// A request of a server for its settings.
pub(super) struct Configuration {
    pub(super) server: usize,
    /// As the server knows it.
    pub(super) id: Value,
    pub(super) items: Value,
}

/// An answer that several servers have a share in.
pub(super) struct Gathering {
    pub(super) id: Value,
    pub(super) left: usize,
    pub(super) results: Vec<Value>,
}

/// The end of the session, which the editor waits for.
pub(super) struct Ending {
    pub(super) id: Value,
    pub(super) left: FxHashSet<usize>,
    pub(super) until: Instant,
}

/// One editor, its documents, and their servers.
pub(super) struct Session {
    pub(super) projects: Arc<dyn Projects>,
    pub(super) options: Options,
    pub(super) events: Sender<Event>,
    pub(super) queue: Receiver<Event>,
    pub(super) output: Box<dyn Write + Send>,
    pub(super) phase: Phase,
    pub(super) client: Client,
    /// The capabilities that the editor was told.
    pub(super) announced: Value,
    pub(super) documents: BTreeMap<PathBuf, Document>,
    pub(super) scripts: BTreeMap<PathBuf, Script>,
    pub(super) servers: Vec<Server>,
    pub(super) pending: FxHashMap<String, Pending>,
    pub(super) gatherings: FxHashMap<u64, Gathering>,
    /// Requests of servers for their settings, which the editor answers and we complete.
    pub(super) configurations: FxHashMap<String, Configuration>,
    /// Servers whose settings have changed, and when they are told.
    pub(super) configure_at: Option<Instant>,
    pub(super) configure_since: Option<Instant>,
    pub(super) to_configure: FxHashSet<usize>,
    pub(super) ending: Option<Ending>,
    /// Servers that could not be started; each is told of once.
    pub(super) missing: FxHashSet<String>,
    /// The server that answered last where something is defined: a file that is opened then is its.
    pub(super) last_definition: Option<usize>,
    pub(super) counter: u64,
}

impl Session {
    /// Sends a message to the editor.
    pub(super) fn tell(&mut self, value: &Value) -> Result<(), String> {
        self.tell_bytes(&message::bytes(value))
    }

    pub(super) fn tell_bytes(&mut self, bytes: &[u8]) -> Result<(), String> {
        wire::write(&mut self.output, bytes).map_err(|error| format!("cannot write to the editor: {error}"))
    }

    /// Shows the user an error.
    pub(super) fn complain(&mut self, text: &str) -> Result<(), String> {
        self.tell(&message::notification("window/showMessage", json!({"type": 1, "message": text})))
    }

    /// Asks the editor for something whose answer is of no interest.
    pub(super) fn ask_editor(&mut self, method: &str, params: Value) -> Result<(), String> {
        self.counter += 1;
        let id = format!("runner/own/{}", self.counter).into();
        self.tell(&message::request(&id, method, params))
    }

    /// Sends a message to every server that is there.
    pub(super) fn tell_servers(&mut self, bytes: &[u8]) {
        for server in &mut self.servers {
            server.send(bytes.to_owned());
        }
    }

    /// Translates what the editor says of a document for its server.
    pub(super) fn serve(&self, value: &mut Value, key: Option<&Path>) {
        let own = key.and_then(|key| self.served(key));
        Translation { lookup: &|uri: &str| self.served(&document_key(uri)) }.serve(value, own);
    }

    /// Translates what a server says of a document for the editor.
    pub(super) fn restore(&self, value: &mut Value, key: Option<&Path>) -> Fate {
        let own = key.and_then(|key| self.served(key));
        Translation { lookup: &|uri: &str| self.served(&document_key(uri)) }.restore(value, own)
    }

    /// What a server has in place of a script that is open.
    pub(super) fn served(&self, key: &Path) -> Option<&Served> {
        self.documents.get(key).filter(|document| document.is_script()).map(|document| &document.served)
    }

    /// The server that gets what is about no document.
    pub(super) fn any_server(&self) -> Option<usize> {
        self.servers.iter().find(|server| server.state != State::Dead).map(|server| server.index)
    }
}

/// What names a document: its path, or its URI if it has none.
pub(super) fn document_key(uri: &str) -> PathBuf {
    uri::path(uri).unwrap_or_else(|| Path::new(uri).to_owned())
}
