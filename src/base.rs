//! Facts of the machine and small tools: the environment, errors, digests, files, processes.

pub(crate) mod cancel;
pub(crate) mod diagnostic;
pub(crate) mod digest;
pub(crate) mod directory_watch;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod fs;
pub(crate) mod hit_text;
pub(crate) mod name_marks;
pub(crate) mod named_output;
pub(crate) mod order;
pub(crate) mod policy;
pub(crate) mod process_identity;
pub(crate) mod resource_limits;
pub(crate) mod rule;
pub(crate) mod search;
pub(crate) mod shell_commands;
pub mod shell_words;
pub(crate) mod similar;
pub(crate) mod supervision;
pub(crate) mod terminated;
pub(crate) mod text_position;
