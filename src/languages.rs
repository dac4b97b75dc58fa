//! The backend of every other language: a table of compilers, and richer rows for C, Go and scriptisto.

pub(crate) mod backend;
pub(crate) mod build;
pub(crate) mod c;
pub(crate) mod command;
pub(crate) mod compiler;
pub(crate) mod depfile;
pub(crate) mod detect;
pub(crate) mod go;
pub(crate) mod includes;
pub(crate) mod language;
pub(crate) mod language_script;
pub(crate) mod metadata;
pub(crate) mod packages;
pub(crate) mod recipe;
pub(crate) mod record;
pub(crate) mod scriptisto;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod template;
pub(crate) mod user_defined;
