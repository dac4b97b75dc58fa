//! The backend of every language but Rust.
//!
//! In reading order:
//! - [`language`] is what is known of a language, as data; [`table`] has the built-in ones and [`user_defined`] reads those of
//!   a configuration file;
//! - [`detect`] tells the language of a script; [`metadata`] reads its head, [`compile_call`] and [`scriptisto_spec`] parts of
//!   it;
//! - [`language_script`] is a script that was read; [`recipe`] finds its compiler ([`compiler`]) and its flags ([`pkg_config`]);
//! - [`driver`] is the interface of a kind of compiler, on a [`compilation`]; the four kinds are [`c`], [`go`], [`template`] and
//!   [`scriptisto`], with [`source`] and [`inputs`] below them; [`variables`] is what they are started with;
//! - [`mod@build`] runs the compiler in staging, [`record`] is the build record, and [`backend`] answers the spine.
//!
//! To add a language that one compiler call can build, add a row to [`table`].

pub(crate) mod backend;
pub(crate) mod build;
pub(crate) mod c;
pub(crate) mod compilation;
pub(crate) mod compile_call;
pub(crate) mod compiler;
pub(crate) mod detect;
pub(crate) mod driver;
pub(crate) mod go;
pub(crate) mod inputs;
pub(crate) mod language;
pub(crate) mod language_script;
pub(crate) mod metadata;
pub(crate) mod pkg_config;
pub(crate) mod recipe;
pub(crate) mod record;
pub(crate) mod scriptisto;
pub(crate) mod scriptisto_spec;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod template;
pub(crate) mod user_defined;
pub(crate) mod variables;
