//! A script with an open document, and the project that was made for it.

use std::time::Instant;

use serde_json::Value;

use crate::editor::lsp::projects::{Language, Problem};
use crate::editor::lsp::server::Key;

/// A script with an open document, or with an open module; or one that was lately.
pub(super) struct Script {
    pub(super) language: Language,
    pub(super) toolchain: Option<String>,
    /// The head as it is, if it can be read.
    pub(super) digest: Option<String>,
    /// The head that the project was made for, or that it could not be made for.
    pub(super) made: Option<String>,
    pub(super) is_making: bool,
    /// Whether something else has changed that the project is made from.
    pub(super) is_outdated: bool,
    pub(super) project: Option<Value>,
    pub(super) head_problems: Vec<Problem>,
    pub(super) problems: Vec<Problem>,
    pub(super) make_at: Option<Instant>,
    pub(super) settle_at: Option<Instant>,
    /// The token under which the editor shows what is being done.
    pub(super) progress: Option<String>,
    pub(super) used: Instant,
}

impl Script {
    pub(super) fn key(&self) -> Key {
        Key::Scripts(self.language.served_as(), self.toolchain.clone())
    }
}
