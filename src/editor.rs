//! Support for editors: a language server in front of the language servers, and the projects of scripts.

pub(crate) mod compile_command;
pub(crate) mod dependency_text;
pub(crate) mod lsp;
mod proc_macro_library;
pub(crate) mod rust_project;
pub(crate) mod script_project;
pub(crate) mod script_text;
pub(crate) mod server_program;
