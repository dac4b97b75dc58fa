//! `runner lsp`: a language server in front of the language servers.
//!
//! It stands between an editor and rust-analyzer, clangd, gopls or zls. What is no script passes through byte for byte, so it
//! can take the place of rust-analyzer. A script gets a project made from its buffer, and its server a text that it
//! understands:
//!
//! ```text
//! editor ── requests ──► positions as served ──► server of the script's language and toolchain
//!        ◄─ answers ──── positions and edits as in the script ◄──
//!        ── changes ───► text with a `main`, `//` for `#!` ──►
//!                        settings with the projects of all open scripts ──►
//! ```
//!
//! In reading order: [`projects`] is what is asked of the rest of the program; `wire`, `message`, `text` are the protocol;
//! `served` is the text that a server has, `translate` and `tokens` turn values from the one into the other; `server` is a
//! process, `checks` what it has not checked yet; `session` moves the messages.
//!
//! Invariants:
//! - No server is started before there is a file for it, unless the editor has opened a project.
//! - Nothing is written beside a script.
//! - Nothing polls: the thread that moves messages sleeps until there is one, or until something is due.
//! - A text edit above the end of a script's head, or in what was inserted, never reaches the editor.

pub(crate) mod projects;

mod capability;
mod checks;
mod configuration;
mod event;
mod gate;
mod message;
mod served;
mod server;
mod session;
mod text;
mod tokens;
mod translate;
mod uri;
mod wire;

pub(crate) use crate::editor::lsp::session::run;
pub(crate) use crate::editor::lsp::session::state::Options;
