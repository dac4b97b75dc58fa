//! `--color auto|always|never`, which every subcommand takes, before and behind its name.

use std::ffi::OsString;

use runner::Result;
use runner::command_line::usage_error;

/// Takes the option out of words that come before a script's own; the last one counts. `None` leaves it to the environment.
pub(crate) fn take(words: &mut Vec<OsString>, color: &mut Option<bool>) -> Result<()> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = word.to_string_lossy().into_owned();
        let value = match text.strip_prefix("--color") {
            _ if text == "--" => return Ok(()),
            Some("") => {
                words.remove(at);
                let value = (at < words.len()).then(|| words.remove(at));
                value.map(|value| value.to_string_lossy().into_owned())
            }
            Some(value) if value.starts_with('=') => {
                words.remove(at);
                Some(value[1..].to_owned())
            }
            _ => {
                // The value of another option may look like one.
                at += if runner::command_line::flags::takes_value(&text) { 2 } else { 1 };
                continue;
            }
        };
        *color = match value.as_deref() {
            Some("always") => Some(true),
            Some("never") => Some(false),
            Some("auto") => None,
            _ => {
                return Err(usage_error("`--color` needs `auto`, `always` or `never`")
                    .with_hint("for example `--color never`"));
            }
        };
    }
    Ok(())
}
