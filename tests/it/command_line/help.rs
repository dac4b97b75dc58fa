//! Help, and the table that it, the parser, the manual and the completions are made from.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::commands::{COMMANDS, flags_of, takes};
use crate::support::files::files_below;
use crate::support::sandbox::{Sandbox, skipped};
use crate::support::topics;
use runner::command_line::flags::{FLAGS, Flag, named};

/// Whose options there are: subcommands, and expressions.
fn owners() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|command| command.name).chain(["expr"])
}

/// Those of the table that are flags, not bare settings.
fn flags() -> impl Iterator<Item = &'static Flag> {
    FLAGS.iter().filter(|flag| flag.names().next().is_some())
}

#[test]
fn a_row_of_the_table_says_how_a_flag_is_written_and_whose_it_is() {
    for flag in flags() {
        for name in flag.names() {
            let letters = name.trim_start_matches('-');
            let dashes = name.len() - letters.len();
            assert!(if dashes == 1 { letters.len() == 1 } else { dashes == 2 }, "{}", flag.form);
            // It is asked for its value before it is known whose flag it is.
            assert!(named(name).all(|other| other.value().is_some() == flag.value().is_some()), "{name}");
        }
        let mut owners = owners().chain([runner::command_line::flags::BACKGROUND]);
        assert!(owners.any(|owner| takes(owner, flag)), "{}", flag.form);
    }
    for owner in owners() {
        for flag in flags_of(owner) {
            let same = flags_of(owner).filter(|other| other.names().any(|name| flag.is_named(name)));
            assert!(same.count() < 2, "{owner} {}", flag.form);
        }
    }
}

#[test]
fn every_flag_of_the_table_is_understood_by_all_who_have_it() {
    let sandbox = Sandbox::fake();
    for owner in owners() {
        for flag in flags_of(owner) {
            for name in flag.names() {
                let asks = ["--expr", "--loop"].iter().any(|name| flag.is_named(name));
                let mut words =
                    Vec::from_iter(if owner == "expr" { (!asks).then_some("--loop") } else { Some(owner) });
                words.push(name);
                words.extend(flag.value().map(|_| "1"));
                // Whatever else may be missing, the flag was known.
                let ran = sandbox.runner(&words).run();
                let is_unknown = ["is not an option", "unknown option", "takes no value", "needs a value"];
                assert!(
                    !is_unknown.iter().any(|said| ran.stderr.contains(said)),
                    "{words:?}: {}",
                    ran.stderr
                );
            }
        }
    }
}

#[test]
fn every_flag_that_is_parsed_is_in_the_table() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/runner");
    let files = ["parse", "run"].map(|room| files_below(&source.join(room)));
    let files = files.into_iter().flatten().filter(|file| file.extension().is_some_and(|it| it == "rs"));
    let mut count = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let quoted = text.split('"').skip(1).step_by(2);
        for name in quoted.filter(|text| text.starts_with('-') && text.len() > 1) {
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
            // Some words are for other programs.
            let is_name = is_name && (name.len() == 2 || name.starts_with("--"));
            if is_name && !["--", "--bench", "-c"].contains(&name) {
                assert!(named(name).next().is_some(), "{}: {name}", file.display());
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn help_shows_every_flag_of_a_subcommand_and_none_of_another() {
    let sandbox = Sandbox::fake();
    for owner in owners() {
        let help = sandbox.runner(["help", owner]).run();
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{owner}");
        let words: Vec<&str> = help.stdout.split_whitespace().collect();
        let is_told = |flag: &Flag| {
            let line: Vec<&str> = flag.form.split(' ').chain(flag.help.split(' ')).collect();
            words.windows(line.len()).any(|words| words == line)
        };
        for flag in FLAGS.iter().filter(|flag| flag.is_shown()) {
            match owner {
                "run" | "help" => {
                    assert!(is_told(flag) || !(takes("run", flag) || takes("expr", flag)), "{}", flag.form);
                }
                // What everything has is told once.
                _ if takes("list", flag) && !flag.is_of("list") => assert!(!is_told(flag), "{}", flag.form),
                _ => assert_eq!(is_told(flag), takes(owner, flag), "{owner} {}", flag.form),
            }
        }
        assert!(help.stdout.lines().all(|line| line.chars().count() <= 80), "{owner}");
    }
}

#[test]
fn every_topic_is_listed_and_long_enough_to_be_worth_reading() {
    let sandbox = Sandbox::fake();
    let overview = sandbox.runner(["help"]).run().stdout;
    let words: Vec<&str> = overview.split_whitespace().collect();
    for topic in topics::TOPICS {
        let line: Vec<&str> = [topic.name].into_iter().chain(topic.says.split(' ')).collect();
        assert!(words.windows(line.len()).any(|words| words == line), "{}", topic.name);
        let help = sandbox.runner(["help", topic.name]).run();
        assert_eq!((help.code, help.stderr.as_str()), (0, ""));
        assert!(help.stdout.contains(topic.text) && topic.text.lines().count() > 8, "{}", topic.name);
        assert!(topic.text.lines().all(|line| line.chars().count() <= 80), "{}", topic.name);
    }
}

#[test]
fn the_short_help_fits_a_screen_and_its_commands_are_there() {
    let sandbox = Sandbox::fake();
    let short = sandbox.runner(["-h"]).run();
    assert_eq!((short.code, short.stderr.as_str()), (0, ""));
    assert!(short.stdout.lines().count() <= 40, "{}", short.stdout);
    assert!(short.stdout.lines().all(|line| line.chars().count() <= 80), "{}", short.stdout);
    let whole = sandbox.runner(["--help"]).run().stdout;
    assert!(whole.lines().count() > 100);
    let mut count = 0;
    for line in short.stdout.lines().filter_map(|line| line.strip_prefix("  runner ")) {
        let word = line.split(' ').next().unwrap();
        let is_command = COMMANDS.iter().any(|command| command.name == word);
        assert!(is_command || word.contains(['.', '@']) || word == "-e", "{line}");
        count += 1;
    }
    assert!(count > 10, "{count}");
    let options = short.stdout.lines().filter(|line| line.trim_start().starts_with('-'));
    for word in options.flat_map(str::split_whitespace).filter(|word| word.starts_with('-')) {
        assert!(named(word.trim_end_matches(',')).next().is_some(), "{word}");
    }
}

/// What a program says of the manual on stdin; `None` if it is not there.
fn of_the_manual(page: &str, program: &str, arguments: &[&str]) -> Option<(String, String)> {
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("MANWIDTH", "100")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let page = page.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(page.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some((text(output.stdout), text(output.stderr)))
}

#[test]
fn the_manual_is_what_man_reads_without_a_warning_and_tells_all_that_help_does() {
    let sandbox = Sandbox::fake();
    let page = sandbox.runner(["help", "--man"]).run();
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    match of_the_manual(&page.stdout, "groff", &["-man", "-Tutf8", "-ww", "-P-cbou"]) {
        None => skipped("no groff (apt-get install groff-base)"),
        Some((text, warnings)) => {
            assert_eq!(warnings, "");
            let words: Vec<&str> = text.split_whitespace().collect();
            let is_told = |said: &str| {
                let said: Vec<&str> = said.split(' ').collect();
                words.windows(said.len()).any(|words| words == said)
            };
            for flag in FLAGS.iter().filter(|flag| flag.is_shown()) {
                assert!(is_told(flag.form), "{}", flag.form);
            }
            for command in COMMANDS {
                assert!(is_told(&format!("runner {}", command.name)), "{}", command.name);
            }
            // What would be a request of roff's is a line like any other.
            assert!(
                text.contains("#!/usr/bin/env runner")
                    && text.contains("\\w+") == page.stdout.contains("\\ew+")
            );
        }
    }
    match of_the_manual(&page.stdout, "mandoc", &["-Tlint", "-Wwarning"]) {
        None => skipped("no mandoc (apt-get install mandoc)"),
        Some((said, _)) => {
            // It has no date: the same source makes the same page.
            let warnings: Vec<&str> = said.lines().filter(|line| !line.contains("missing date")).collect();
            assert!(warnings.is_empty(), "{warnings:#?}");
        }
    }
}
