//! The options of a subcommand.

use pico_args::Arguments;
use runner::{Options, Result};

use crate::commands;
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
