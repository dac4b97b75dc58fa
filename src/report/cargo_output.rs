//! Cargo's output: its progress told from the compiler's diagnostics in one stream.

use crate::request::package_spec::PACKAGE_NAME;

/// Tells a compiler's diagnostics from cargo's progress in one stream.
#[derive(Default)]
pub(crate) struct CargoOutput {
    pending: Vec<u8>,
    kept: Vec<u8>,
    /// Cargo's lines that say what it does, but to the package that stands for the script.
    pub(crate) statuses: Vec<String>,
}

/// How cargo's status lines begin; they are progress too, and end in a line feed.
const STATUS: &[&str] = &[
    "Adding",
    "Blocking",
    "Building",
    "Checking",
    "Compiling",
    "Credential",
    "Dirty",
    "Downgrading",
    "Downloaded",
    "Downloading",
    "Fetch",
    "Fetching",
    "Finished",
    "Fresh",
    "Installed",
    "Installing",
    "Locking",
    "Removing",
    "Running",
    "Unpacking",
    "Updating",
    "Upgrading",
    "Waiting",
];

impl CargoOutput {
    /// Takes some bytes in; returns the latest progress among them.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Option<String> {
        let mut progress = None;
        for byte in bytes {
            self.pending.push(*byte);
            if matches!(byte, b'\n' | b'\r') {
                progress = self.take_segment().or(progress);
            }
        }
        progress
    }

    fn take_segment(&mut self) -> Option<String> {
        let segment = std::mem::take(&mut self.pending);
        let text = without_escapes(&String::from_utf8_lossy(&segment));
        let first = text.split_whitespace().next().unwrap_or_default();
        // Cargo right-aligns its status words in twelve columns.
        let is_status = text.starts_with(' ') && STATUS.contains(&first)
            || STATUS.contains(&first) && text.find(first) == Some(0) && first.len() >= 11;
        let is_bar = segment.ends_with(b"\r");
        if is_status || is_bar {
            if is_status && !is_bar && !text.contains(PACKAGE_NAME) && first != "Finished" {
                self.statuses.push(text.trim_end().to_owned());
            }
            let text = text.trim();
            return (!text.is_empty() && (is_bar || first == "Blocking")).then(|| text.to_owned());
        }
        self.kept.extend_from_slice(&segment);
        None
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        if !self.pending.is_empty() {
            self.take_segment();
        }
        self.kept
    }
}

/// Removes escape sequences that set colors or erase.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\x1b' {
            out.push(character);
        } else if characters.next() == Some('[') {
            for character in characters.by_ref() {
                if character.is_ascii_alphabetic() {
                    break;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_from_diagnostics() {
        let mut diagnostics = CargoOutput::default();
        let progress = diagnostics.push(
            b"\x1b[1m\x1b[92m   Compiling\x1b[0m regex v1.0.0\n    Building [==>   ] 1/3: regex\r\
              \x1b[K\x1b[1mwarning\x1b[0m: unused\n  --> src/lib.rs\nBuilding is hard\n Downloading crates ...\nerror: x",
        );
        assert_eq!(progress.as_deref(), Some("Building [==>   ] 1/3: regex"));
        assert_eq!(
            String::from_utf8(diagnostics.finish()).unwrap(),
            "\x1b[K\x1b[1mwarning\x1b[0m: unused\n  --> src/lib.rs\nBuilding is hard\nerror: x"
        );
    }
}
