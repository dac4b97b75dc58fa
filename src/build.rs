//! What every backend shares of a build: declared and observed inputs, inputs that change, the build record.

pub(crate) mod backend;
pub(crate) mod declared_inputs;
pub(crate) mod depfile;
pub(crate) mod elf;
pub(crate) mod input_mutation;
pub(crate) mod input_watch;
pub(crate) mod observed_inputs;
pub(crate) mod observing;
pub(crate) mod outcome;
pub(crate) mod package_files;
pub(crate) mod provenance;
pub(crate) mod record;
pub(crate) mod runnable;
pub(crate) mod tool_digests;
pub(crate) mod tree_roots;
