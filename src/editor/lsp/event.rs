//! Events for the thread that moves messages.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::editor::lsp::gate::Permit;
use crate::editor::lsp::message::Message;
use crate::editor::lsp::projects::{Problem, Project};

/// What the thread that moves messages is told.
pub(super) enum Event {
    Client(Message),
    /// A message that is no JSON.
    ClientMalformed,
    ClientClosed(Option<String>),
    Server {
        index: usize,
        generation: u32,
        message: Message,
        permit: Permit,
    },
    ServerClosed {
        index: usize,
        generation: u32,
        reason: Option<String>,
    },
    /// The project of a script was made, for the head of that digest.
    Project {
        script: PathBuf,
        digest: String,
        result: std::result::Result<Project, Vec<Problem>>,
    },
    Progress {
        script: PathBuf,
        text: String,
    },
    /// A line that a script wrote which the editor had run.
    Output {
        text: String,
    },
    /// Something the editor asked for is done.
    Done(Done),
}

/// Something that the editor asked for, when it is done.
pub(super) enum Done {
    /// A command ended; the result for the editor.
    Ran { id: Value, result: Result<Value, String> },
    /// A dependency was added to a text.
    Added { id: Value, uri: String, result: Result<(Arc<String>, String), String> },
}
