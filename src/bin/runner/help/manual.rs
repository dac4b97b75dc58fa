//! The manual: a page for `man`, made from the table and the texts that `--help` shows.
//!
//! The language is man(7)'s. A text's lines that begin with two spaces, and its `Usage:`, are set as they are; others are
//! paragraphs, in which what stands between back-ticks is bold.

use runner::command_line::flags::{EXPRESSION, FLAGS, Flag};

use crate::commands::{COMMANDS, takes};
use crate::help::texts::{EXPRESSIONS, OVERVIEW, long};
use crate::help::topics::TOPICS;

/// The whole page.
pub(crate) fn manual() -> String {
    let mut page = Page(String::new());
    page.0.push_str(concat!(
        ".TH RUNNER 1 \"\" \"runner ",
        env!("CARGO_PKG_VERSION"),
        "\" \"User Commands\"\n"
    ));
    let (name, usage) = OVERVIEW.split_once("\n\n").unwrap_or((OVERVIEW, ""));
    page.section("NAME");
    page.line(&name.replacen(": ", " - ", 1));
    page.section("SYNOPSIS");
    page.text(usage.trim_start_matches("Usage:\n"));
    page.section("OPTIONS");
    page.text("They stand before the script; everything after it is the script's own.");
    page.options(|flag| takes("run", flag));
    page.section("EXPRESSIONS");
    page.text(EXPRESSIONS);
    page.options(|flag| flag.is_of(EXPRESSION) && !takes("run", flag));
    page.section("SUBCOMMANDS");
    let mut told = "";
    for command in COMMANDS {
        page.macro_line("SS", &["runner ", command.name, " ", command.words].concat());
        match long(command.name) {
            Some(text) if text != told => {
                told = text;
                page.text(text);
            }
            _ => page.text(&[&command.help[..1].to_ascii_uppercase(), &command.help[1..], "."].concat()),
        }
        page.options(|flag| flag.is_of(command.name) && !takes("run", flag));
    }
    for topic in TOPICS {
        page.section(match topic.name {
            "exit-codes" => "EXIT STATUS",
            name => name,
        });
        page.text(topic.text);
    }
    page.section("SEE ALSO");
    page.line("cargo(1), rustc(1), env(1), execve(2)");
    page.0
}

struct Page(String);

impl Page {
    fn section(&mut self, title: &str) {
        self.macro_line("SH", &title.to_ascii_uppercase());
    }

    fn macro_line(&mut self, name: &str, argument: &str) {
        self.0.push('.');
        self.0.push_str(name);
        self.0.push_str(" \"");
        self.escaped(argument.trim_end(), false);
        self.0.push_str("\"\n");
    }

    fn options(&mut self, is_meant: impl Fn(&Flag) -> bool) {
        for flag in FLAGS.iter().filter(|flag| flag.is_shown() && is_meant(flag)) {
            self.0.push_str(".TP\n\\fB");
            self.escaped(flag.form, false);
            self.0.push_str("\\fR\n");
            self.line(&[&flag.help[..1].to_ascii_uppercase(), &flag.help[1..], "."].concat());
        }
    }

    /// Paragraphs, and blocks that are set as they are.
    fn text(&mut self, text: &str) {
        let mut is_block = false;
        let mut is_new = true;
        for line in text.lines() {
            let block = line.strip_prefix("Usage: ").or_else(|| line.strip_prefix("  "));
            // A blank line within a block is the block's; one after it does no harm.
            if block.is_some() != is_block && !(is_block && line.is_empty()) {
                is_block = block.is_some();
                if is_block {
                    self.paragraph();
                }
                self.0.push_str(if is_block { ".nf\n.RS 4\n" } else { ".RE\n.fi\n" });
                is_new = !is_block;
            }
            match block {
                _ if line.is_empty() => is_new = true,
                Some(line) => {
                    if std::mem::take(&mut is_new) && is_block {
                        self.0.push('\n');
                    }
                    self.set(line.trim_start_matches("     "));
                }
                None => {
                    if std::mem::take(&mut is_new) {
                        self.paragraph();
                    }
                    self.line(line);
                }
            }
        }
        if is_block {
            self.0.push_str(".RE\n.fi\n");
        }
    }

    /// Begins a paragraph, unless a heading just did.
    fn paragraph(&mut self) {
        let last = self.0.trim_end().rsplit('\n').next().unwrap_or_default();
        if !last.starts_with(".S") {
            self.0.push_str(".PP\n");
        }
    }

    /// A line of a paragraph.
    fn line(&mut self, line: &str) {
        self.guard(line);
        self.escaped(line, true);
        self.0.push('\n');
    }

    /// A line as it is.
    fn set(&mut self, line: &str) {
        self.guard(line);
        self.escaped(line, false);
        self.0.push('\n');
    }

    /// At the beginning of a line these would be requests.
    fn guard(&mut self, line: &str) {
        if line.starts_with(['.', '\'']) {
            self.0.push_str("\\&");
        }
    }

    fn escaped(&mut self, text: &str, with_code: bool) {
        let mut is_code = false;
        for character in text.chars() {
            match character {
                '\\' => self.0.push_str("\\e"),
                '-' => self.0.push_str("\\-"),
                '"' => self.0.push_str("\\(dq"),
                '\'' => self.0.push_str("\\(aq"),
                '`' if with_code => {
                    is_code = !is_code;
                    self.0.push_str(if is_code { "\\fB" } else { "\\fR" });
                }
                '`' => self.0.push_str("\\(ga"),
                '~' => self.0.push_str("\\(ti"),
                '^' => self.0.push_str("\\(ha"),
                _ => self.0.push(character),
            }
        }
    }
}
