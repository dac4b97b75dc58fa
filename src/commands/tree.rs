//! `runner tree`: `cargo tree` of a script, with the lock that a run would take.

use std::ffi::OsString;

use crate::base::error::Result;
use crate::commands::check::with_recipe;
use crate::engine::context::Context;
use crate::request::options::Options;
use crate::rust::deps::tree;
use crate::script::script_file::Script;

/// What `cargo tree` prints of a script's dependencies, and its exit code; `arguments` are its options.
///
/// # Errors
/// As [`crate::Runner::build`], as far as nothing has to be built.
pub(crate) fn tree(
    context: &Context,
    script: &Script,
    options: &Options,
    arguments: &[OsString],
) -> Result<(String, u8)> {
    with_recipe(context, script, options, |context, cache, _, rust, reporter| {
        if !rust.needs_cargo() {
            return Ok((format!("{}\n", script.display_name()), 0));
        }
        let words: Vec<OsString> =
            [OsString::from("tree")].into_iter().chain(arguments.iter().cloned()).collect();
        let printed = tree::run(rust, cache, context.environment(), reporter, &words)?;
        if printed.code != 0 {
            reporter.show(printed.stderr.as_bytes(), true);
        }
        Ok((printed.stdout, printed.code))
    })
}
