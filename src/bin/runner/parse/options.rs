//! The options of a subcommand, and the words that are left.

use std::ffi::OsString;

use pico_args::Arguments;
use runner::{Options, Result};

use crate::commands;
use crate::parse::positional::words;
use crate::parse::values::{self, from_here};

/// The options that a subcommand takes, as far as the table of flags knows what they set.
pub(crate) fn common(parser: &mut Arguments, command: &str) -> Result<Options> {
    let mut options = Options::default();
    for flag in commands::flags_of(command).filter(|flag| flag.is_option()) {
        values::take(parser, flag, &mut options)?;
    }
    options.toolchain = options.toolchain.map(from_here);
    Ok(options)
}

/// The options of a subcommand, and the words that are left.
pub(crate) fn options_and_words(mut parser: Arguments, command: &str) -> Result<(Options, Vec<OsString>)> {
    let mut options = common(&mut parser, command)?;
    let words = words(parser, command, Some(&mut options))?;
    Ok((options, words))
}
