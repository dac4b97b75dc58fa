//! `--help`, `help SUBCOMMAND` and `help TOPIC`.
//!
//! What can be typed is in [`runner::command_line::flags`] and [`crate::commands`], what there is to say of it at length in [`texts`] and
//! [`topics`]; here the two are put together.

pub(crate) mod manual;
pub(crate) mod texts;
pub(crate) mod topics;

use runner::command_line::flags::{EXPRESSION, FLAGS, Flag};

use crate::commands::{COMMANDS, takes};
use crate::help::texts::{CODES, OVERVIEW, RUST_SCRIPT, long};
pub(crate) use crate::help::topics::TOPICS;

/// The help of a topic; `None` if there is no such topic.
pub(crate) fn text(topic: Option<&str>) -> Option<String> {
    let command = match topic {
        Some("-h") => return Some(include_str!("help/short.txt").to_owned()),
        None | Some("run" | "runner" | "help") => return Some(overview()),
        Some("rust-script") => return Some(RUST_SCRIPT.to_owned()),
        Some("-e" | "--expr" | "loop" | "--loop") => "expr",
        Some("crate" | "package" | "packages") => "crates",
        Some(topic) => topic,
    };
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == command && long(command).is_none()) {
        return Some(topic.text.to_owned());
    }
    let mut text = long(command)?.to_owned();
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == command) {
        text.push('\n');
        text.push_str(topic.text);
    }
    add_options(&mut text, "Options", |flag| flag.is_of(command));
    add_options(&mut text, "Options of every command that builds a script", |flag| {
        takes(command, flag) && !flag.is_of(command) && !takes("list", flag)
    });
    Some(text)
}

/// What was meant by a topic that there is no help on.
pub(crate) fn similar_topic(topic: &str) -> Option<&'static str> {
    let known = COMMANDS.iter().map(|command| command.name).chain(TOPICS.iter().map(|topic| topic.name));
    known.into_iter().find(|known| runner::command_line::is_similar(known, topic))
}

fn overview() -> String {
    let mut text = OVERVIEW.to_owned();
    text.push_str("\nSubcommands:\n");
    for command in COMMANDS {
        let form = [command.name, command.words].join(" ");
        add_line(&mut text, &form, command.help);
    }
    add_options(&mut text, "Options, before the script (everything after it is the script's own)", |flag| {
        takes("run", flag)
    });
    add_options(&mut text, "Options of expressions (`runner help expr` says more)", |flag| {
        flag.is_of(EXPRESSION) && !takes("run", flag)
    });
    text.push_str(CODES);
    text.push_str("\nTopics (`runner help TOPIC`):\n");
    for topic in TOPICS {
        add_line(&mut text, topic.name, topic.says);
    }
    text
}

/// Adds the options that are meant, if there are any.
fn add_options(text: &mut String, title: &str, is_meant: impl Fn(&Flag) -> bool) {
    let mut flags = FLAGS.iter().filter(|flag| flag.is_shown() && is_meant(flag)).peekable();
    if flags.peek().is_none() {
        return;
    }
    for part in ["\n", title, ":\n"] {
        text.push_str(part);
    }
    for flag in flags {
        let indent = if flag.form.starts_with("--") { "    " } else { "" };
        add_line(text, &[indent, flag.form].concat(), flag.help);
    }
}

/// Adds a line of two columns; what is too long for the first has a line of its own.
fn add_line(text: &mut String, form: &str, help: &str) {
    /// Where the second column begins, and where it ends.
    const COLUMN: usize = 32;
    const WIDTH: usize = 80;
    text.push_str("  ");
    text.push_str(form);
    let mut at = form.len() + 2;
    if at >= COLUMN - 1 {
        text.push('\n');
        at = 0;
    }
    text.extend(std::iter::repeat_n(' ', COLUMN - at));
    at = COLUMN;
    for word in help.split(' ') {
        match at {
            COLUMN => {}
            _ if at + 1 + word.chars().count() > WIDTH => {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', COLUMN));
                at = COLUMN;
            }
            _ => {
                text.push(' ');
                at += 1;
            }
        }
        text.push_str(word);
        at += word.chars().count();
    }
    text.push('\n');
}
