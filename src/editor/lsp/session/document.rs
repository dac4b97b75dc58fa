//! One open document, and what its server has of it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::editor::lsp::message::Message;
use crate::editor::lsp::projects::{Language, Runnable};
use crate::editor::lsp::served::Served;

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Script(Language),
    /// A file of the script that its `script` names.
    Module,
    Other,
}

/// Who serves a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Its project is not there yet.
    Waiting,
    Server(usize),
    /// There is no server for it.
    Nobody,
}

/// One open document.
pub(super) struct Document {
    pub(super) number: u64,
    pub(super) uri: String,
    pub(super) language_id: String,
    pub(super) version: Value,
    /// Shared, not copied, with who makes its project: it may be large.
    pub(super) text: Arc<String>,
    pub(super) role: Role,
    /// The script whose project it is in.
    pub(super) script: Option<PathBuf>,
    pub(super) service: Service,
    /// What came before there was a server for it.
    pub(super) waiting: Vec<Message>,
    /// The text as the server has it, and the map of places.
    pub(super) served: Served,
    pub(super) runnables: Vec<Runnable>,
    /// Changes that the server does not have yet.
    pub(super) changes: Vec<Value>,
    /// Whether one of them was of the whole text.
    pub(super) is_replaced: bool,
    pub(super) is_dirty: bool,
    /// What the server says is wrong with it.
    pub(super) diagnostics: Vec<Value>,
}

impl Document {
    pub(super) fn is_script(&self) -> bool {
        matches!(self.role, Role::Script(_))
    }

    pub(super) fn server(&self) -> Option<usize> {
        match self.service {
            Service::Server(index) => Some(index),
            Service::Waiting | Service::Nobody => None,
        }
    }

    /// The `languageId` that the server is told: that of a script's language, whatever the editor makes of its name.
    pub(super) fn served_language(&self) -> &str {
        match self.role {
            Role::Script(language) => language.id(),
            Role::Module => Language::Rust.id(),
            Role::Other => &self.language_id,
        }
    }

    pub(super) fn starts_as_script(&self) -> bool {
        self.text.starts_with("#!")
    }
}
