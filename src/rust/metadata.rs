//! What a Rust recipe takes from the first lines of a script.

use crate::base::error::{Error, Result, Step};
use crate::base::text_position::TextPosition;
use crate::script::header::Header;
use crate::script::script_file::Script;
use crate::script::shebang;

/// What Linux reads of a `#!` line (`BINPRM_BUF_SIZE` less the line end).
const LONGEST_SHEBANG_BYTES: usize = 255;

/// Refuses a compiled program, and a file with nothing in it.
pub(crate) fn refuse_what_is_no_source(script: &Script, text: &str) -> Result<()> {
    let bytes = script.bytes();
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"\xcf\xfa\xed\xfe") {
        if let Some(path) = script.found_on_path() {
            let text = format!("`{}`, found on PATH, is a compiled program, not a script", path.display());
            return Err(Error::message(Step::Script, text).hint("run it without `runner`"));
        }
        return Err(Error::message(Step::Script, "it is a compiled program, not a script")
            .hint("run it without `runner`"));
    }
    let after_shebang =
        text.strip_prefix("#!/").map(|rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
    // To rust-script no statement is a program, too.
    let is_rust_scripts =
        text.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains("rust-script"));
    match after_shebang.unwrap_or(text).trim().is_empty() && !is_rust_scripts {
        true => {
            Err(Error::message(Step::Script, "it is empty").hint("a script needs at least `fn main() {}`"))
        }
        false => Ok(()),
    }
}

/// The text of a Rust script.
pub(crate) fn text(script: &Script) -> Result<&str> {
    let bytes = script.bytes();
    std::str::from_utf8(bytes).map_err(|error| {
        let line = TextPosition::of(bytes, error.valid_up_to()).line;
        Error::message(Step::Script, format!("it is not UTF-8 text: line {line} holds other bytes"))
            .hint("Rust source is UTF-8; `iconv` converts text from other encodings")
    })
}

/// What the author should know, though the script runs.
pub(crate) fn notes(header: &Header<'_>) -> Vec<String> {
    let mut notes: Vec<String> =
        header.notes.iter().map(|note| format!("line {}: {}", note.line, note.text)).collect();
    if header.bom && header.shebang.is_some() {
        notes.push("it begins with a byte order mark, so a kernel does not see its `#!` line".to_owned());
    }
    if header.shebang_crlf {
        notes.push(
            "its `#!` line ends in CR LF, so a kernel looks for an interpreter whose name ends in CR"
                .to_owned(),
        );
    }
    notes.extend(header.shebang.and_then(shebang::note));
    notes.extend(header.shebang.and_then(shebang::unknown_option));
    // Two bytes for `#!`; Linux reads 256 bytes and needs the line end among them.
    if header.shebang.is_some_and(|line| line.len() + 2 > LONGEST_SHEBANG_BYTES) {
        notes.push(format!(
            "its `#!` line is longer than {LONGEST_SHEBANG_BYTES} bytes, and a kernel cuts it there"
        ));
    }
    notes
}
