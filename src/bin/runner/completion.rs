//! Shell completions for bash, zsh, fish, elvish, nushell and PowerShell.
//!
//! `runner completions SHELL` prints a few lines for the shell, which know nothing of runner but how to ask it:
//! `runner completions SHELL -- WORD...`, with the words between `runner` and the cursor, of which the last is to be
//! completed and may be empty. The answer is a line each candidate, and what is known of it after a tab; or a line that
//! begins with a colon and leaves the rest to the shell, which knows best how it quotes file names:
//!
//! | line | candidates |
//! | --- | --- |
//! | `:files`, `:directories` | any file, any directory |
//! | `:scripts EXTENSION...` | files of these extensions or of none |
//!
//! So all shells offer the same, and always what the installed runner understands. It asks no compiler, and answers
//! with nothing rather than with an error.

use std::ffi::OsString;

use runner::Runner;
use runner::command_line::flags::{self, EXPRESSION, FLAGS, Flag};

use crate::commands::{COMMANDS, takes};
use crate::help;

/// The shells, and what each is given to load.
const SHELLS: &[(&str, &str)] = &[
    ("bash", include_str!("completion/runner.bash")),
    ("zsh", include_str!("completion/runner.zsh")),
    ("fish", include_str!("completion/runner.fish")),
    ("elvish", include_str!("completion/runner.elv")),
    ("nushell", include_str!("completion/runner.nu")),
    ("powershell", include_str!("completion/runner.ps1")),
];

/// What a shell is given to load.
pub(crate) fn shell_code(shell: &str) -> Option<&'static str> {
    SHELLS.iter().find(|(name, _)| *name == shell).map(|(_, code)| *code)
}

/// Their names, for a message.
pub(crate) fn shells() -> String {
    let names: Vec<String> = SHELLS.iter().map(|(name, _)| format!("`{name}`")).collect();
    names.join(", ")
}

/// The answer: a line each candidate.
pub(crate) fn candidates(runner: &Runner, words: &[OsString]) -> String {
    let mut words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let current = words.pop().unwrap_or_default();
    let mut answer = Answer { runner, lines: String::new() };
    answer.complete(Place::after(&words), &current);
    answer.lines
}

/// Where the cursor is.
enum Place {
    /// What is given to a command, so many words having been given already.
    Word { command: &'static str, given: usize },
    /// The value of an option.
    Value(&'static Flag),
    /// Behind the script, or an expression that is being written: neither is runner's.
    Beyond,
}

impl Place {
    /// Reads the words as `cli` does.
    fn after(words: &[String]) -> Place {
        let (mut command, mut given, mut plain) = ("", 0, false);
        let mut asks = false;
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--" if !plain => plain = true,
                "-e" | "--expr" | "-l" | "--loop" if command.is_empty() => asks = true,
                _ if !plain && word.len() > 1 && word.starts_with(['-', '+']) => {
                    if flags::takes_value(word) && words.next().is_none() {
                        let owner = if command.is_empty() { "run" } else { command };
                        let flag = flags::named(word).find(|flag| takes(owner, flag));
                        let flag = flag.or_else(|| flags::named(word).next());
                        return flag.map_or(Place::Beyond, Place::Value);
                    }
                }
                _ => match COMMANDS.iter().find(|known| known.name == word) {
                    Some(known) if command.is_empty() && !plain && !asks => command = known.name,
                    _ => {
                        given += 1;
                        if matches!(command, "" | "run" | "test" | "bench" | "tree" | "watch") {
                            return Place::Beyond;
                        }
                    }
                },
            }
        }
        match (asks, plain, command) {
            (true, ..) => Place::Beyond,
            // What follows is for the tool.
            (_, true, "check" | "clippy" | "doc" | "fmt") if given > 0 => Place::Beyond,
            (_, true, "") => Place::Word { command: "run", given },
            _ => Place::Word { command, given },
        }
    }
}

struct Answer<'a> {
    runner: &'a Runner,
    lines: String,
}

impl Answer<'_> {
    fn complete(&mut self, place: Place, current: &str) {
        let command = match place {
            Place::Value(flag) => return self.values(flag.value().unwrap_or_default(), ""),
            Place::Beyond => return self.add("", ":files", ""),
            Place::Word { command, .. } => command,
        };
        let of = if command.is_empty() { "run" } else { command };
        if let Some((name, _)) = current.split_once('=').filter(|_| current.starts_with("--")) {
            let flag = flags::named(name).find(|flag| takes(of, flag));
            let value = flag.and_then(Flag::value).unwrap_or_default();
            return self.values(value, &[name, "="].concat());
        }
        if current.starts_with('+') {
            return self.values("TOOLCHAIN", "+");
        }
        if current.starts_with('-') {
            let is_meant = |flag: &&Flag| {
                flag.is_shown() && (takes(of, flag) || command.is_empty() && takes(EXPRESSION, flag))
            };
            for flag in FLAGS.iter().filter(is_meant) {
                flag.names().for_each(|name| self.add("", name, flag.help));
            }
            return;
        }
        match place {
            Place::Word { command: "", .. } => {
                COMMANDS.iter().for_each(|command| self.add("", command.name, command.help));
                self.values("SCRIPT", "");
            }
            Place::Word { command, given } => {
                let words =
                    COMMANDS.iter().find(|known| known.name == command).map_or("", |known| known.words);
                let mut words = words.split(' ');
                let word = match words.clone().next_back().filter(|last| last.ends_with("...")) {
                    Some(last) => words.nth(given).unwrap_or(last),
                    None => words.nth(given).unwrap_or_default(),
                };
                match word.trim_matches(['[', ']', '.']) {
                    "NAME" => self.promoted(),
                    word => self.values(word, ""),
                }
            }
            _ => {}
        }
    }

    /// Adds what a value may be, by what it is called in the table.
    fn values(&mut self, called: &str, prefix: &str) {
        let is_words = !called.bytes().any(|byte| byte.is_ascii_uppercase());
        match called {
            "" => {}
            _ if is_words => called.split('|').for_each(|word| self.add(prefix, word, "")),
            "PROFILE" => {
                self.add(prefix, "release", "optimized");
                self.add(prefix, "dev", "debug information and checks");
                self.add(prefix, "quick", "unoptimized, with the semantics of release");
            }
            "TOOLCHAIN" => self.runner.toolchains().iter().for_each(|name| self.add(prefix, name, "")),
            "TARGET" => self.runner.targets().iter().for_each(|name| self.add(prefix, name, "")),
            "LANGUAGE" => runner::command_line::language_names().for_each(|name| self.add(prefix, name, "")),
            "TEMPLATE" => {
                self.runner.templates().iter().for_each(|(name, help)| self.add(prefix, name, help));
                // One with a slash is a path.
                self.add("", ":files", "");
            }
            "TOPIC" => {
                COMMANDS.iter().for_each(|command| self.add(prefix, command.name, command.help));
                help::TOPICS.iter().for_each(|topic| self.add(prefix, topic.name, topic.says));
            }
            "SCRIPT" => {
                let extensions: Vec<&str> = runner::command_line::script_extensions().collect();
                self.add("", &[":scripts ", &extensions.join(" ")].concat(), "");
            }
            _ if called.contains("FILE") => self.add("", ":files", ""),
            _ if called.contains("DIR") => self.add("", ":directories", ""),
            _ => {}
        }
        if called.contains("NAME") && called.contains('|') {
            self.promoted();
        }
    }

    fn promoted(&mut self) {
        for name in self.runner.promoted_names() {
            self.add("", &name.to_string_lossy(), "promoted");
        }
    }

    /// Adds a line, unless it could not be read as one.
    fn add(&mut self, prefix: &str, candidate: &str, says: &str) {
        if candidate.contains(|c: char| c.is_control()) {
            return;
        }
        for part in [prefix, candidate, if says.is_empty() { "" } else { "\t" }, says, "\n"] {
            self.lines.push_str(part);
        }
    }
}
