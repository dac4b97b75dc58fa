//! What is shown of a run and done with it, on the command line: `-x`, `-n`, `--work`, `--timings`, `--exec`.

use pico_args::Arguments;
use runner::{Result, Steering, shell_words, usage_error};

use crate::parse::values::text;

/// Takes these options out of the arguments.
pub(crate) fn parse(parser: &mut Arguments) -> Result<Steering> {
    let exec = match text(parser, "--exec")? {
        None => Vec::new(),
        Some(text) => {
            let words = shell_words::split(&text);
            if words.first().is_none_or(String::is_empty) {
                return Err(
                    usage_error("`--exec` names no program").with_hint("for example `--exec 'gdb --args'`")
                );
            }
            words
        }
    };
    Ok(Steering {
        shows_commands: parser.contains("-x"),
        rehearses: parser.contains("-n"),
        keeps_work: parser.contains("--work"),
        times: parser.contains("--timings"),
        exec,
    })
}

/// Refuses what has no meaning for a subcommand, so that nobody takes it for a rehearsal.
pub(crate) fn check(steering: &Steering, command: &str) -> Result<()> {
    let Steering { shows_commands, rehearses, keeps_work, times, exec } = steering;
    let is_build = command == "build";
    let builds = is_build || command == "promote";
    let shows = builds || matches!(command, "check" | "clippy" | "doc");
    let refused = [
        ("-x", *shows_commands && !shows),
        ("-n", *rehearses && !is_build),
        ("--work", *keeps_work && !builds),
        ("--timings", *times && !is_build),
        ("--exec", !exec.is_empty()),
    ];
    match refused.iter().find(|(_, is_refused)| *is_refused) {
        None => Ok(()),
        Some((option, _)) => Err(usage_error(format!("`{option}` is not an option of `{command}`"))
            .with_hint(format!("`runner help {command}`"))),
    }
}
