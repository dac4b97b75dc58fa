//! Checks that a program built with `--static` needs no shared libraries.
//!
//! With glibc a program is static if the C library's own archive is installed; with musl it always is. What the linker took
//! for want of an archive is looked for in the program afterwards, so that nobody finds out on another machine.

use std::path::Path;

use crate::base::error::{Error, Result, Step};
use crate::build::elf::Elf;
use crate::rust::recipe::RustRecipe;

/// What to do where the machine's own C library will not do.
const CURE: &str =
    "a program with musl needs none: `--target x86_64-unknown-linux-musl`, after `rustup target add` of it";

/// What a linker says that finds no archive of a library.
const SIGNS: [&str; 3] = ["cannot find -l", "unable to find library -l", "library not found: "];

/// Refuses a machine that has no static programs.
pub(crate) fn check_machine(recipe: &RustRecipe<'_>) -> Result<()> {
    let machine = recipe.machine();
    if recipe.settings.is_static != Some(true) || !machine.contains("-apple-") {
        return Ok(());
    }
    let text = format!("there are no static programs for `{machine}`: its C library is only shared");
    Err(Error::message(Step::Compile, text).hint("leave `static` out"))
}

/// Refuses a program that is not as static as was asked for.
pub(crate) fn check_program(recipe: &RustRecipe<'_>, program: &Path) -> Result<()> {
    match recipe.settings.is_static {
        Some(true) => check(program).map_err(|error| error.hint(CURE)),
        _ => Ok(()),
    }
}

/// Refuses a program that needs shared libraries.
pub(crate) fn check(program: &Path) -> Result<()> {
    let bytes = std::fs::read(program).map_err(|error| Error::new(Step::Compile, error))?;
    let needed = Elf::parse(&bytes).map(Elf::needs).unwrap_or_default();
    if needed.is_empty() {
        return Ok(());
    }
    let text = format!("it is not static: it needs `{}`", needed.join("`, `"));
    Err(Error::message(Step::Compile, text))
}

/// What to do about a linker that failed, if it did so because the program was to be static.
pub(crate) fn cure(recipe: &RustRecipe<'_>, diagnostics: &str) -> Option<&'static str> {
    let is_static = recipe.settings.is_static == Some(true);
    (is_static && SIGNS.iter().any(|sign| diagnostics.contains(sign))).then_some(CURE)
}
