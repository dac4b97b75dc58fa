//! A Rust script with everything decided: the recipe that rustc is called by.

pub(crate) mod command_words;
