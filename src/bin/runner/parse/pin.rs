//! `--blake3 HEX`, which becomes part of the URL: `URL#blake3=HEX`.

use std::ffi::OsString;

use runner::Result;
use runner::command_line::{ScriptUrl, usage_error};

const PIN: &str = "--blake3";

/// Takes the option out of words that come before a script's own.
pub(crate) fn take(words: &mut Vec<OsString>, pin: &mut Option<String>) -> Result<()> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let is_pin = |word: &OsString| word.to_string_lossy().split('=').next() == Some(PIN);
    let Some(at) = words[..end].iter().position(is_pin) else { return Ok(()) };
    let word = words.remove(at).to_string_lossy().into_owned();
    let value = match word.split_once('=') {
        Some((_, value)) => value.to_owned(),
        None if at + 1 < end => words.remove(at).to_string_lossy().into_owned(),
        None => String::new(),
    };
    let is_digest = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest || pin.replace(value.to_ascii_lowercase()).is_some() {
        return Err(usage_error(format!("`{PIN}` needs the 64 hexadecimal digits of a digest, once"))
            .with_hint("a first run without it shows the digest"));
    }
    Ok(())
}

/// Gives the URL among these words the pin.
pub(crate) fn pin<'a>(words: impl IntoIterator<Item = &'a mut OsString>, pin: Option<String>) -> Result<()> {
    let Some(digest) = pin else { return Ok(()) };
    let mut urls = words.into_iter().filter_map(|word| Some((ScriptUrl::parse(word)?, word)));
    match (urls.next(), urls.next()) {
        (Some((url, word)), None) => {
            *word = url?.pinned(&digest).into();
            Ok(())
        }
        _ => Err(usage_error(format!("`{PIN}` needs a script by URL, and one only"))
            .with_hint("of several, each may be `URL#blake3=HEX`")),
    }
}
