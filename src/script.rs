//! Reading a script: its bytes, its `#!` line, its header, its dialect.

pub(crate) mod crate_name;
pub(crate) mod dialect_detection;
pub(crate) mod first_line;
pub(crate) mod header;
pub(crate) mod metadata_edit;
pub(crate) mod polyglot;
pub(crate) mod script_file;
pub(crate) mod shebang;
pub(crate) mod toml_position;
pub(crate) mod tool_call;
pub(crate) mod url;
