//! Reading a script: bytes, first line, metadata head, dialect.

pub(crate) mod crate_name;
pub(crate) mod header;
pub(crate) mod script_file;
pub(crate) mod shebang;
pub(crate) mod toml_position;
