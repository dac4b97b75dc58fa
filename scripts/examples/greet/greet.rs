#!/usr/bin/env runner
---
[package]
edition = "2024"
---

//! Greets people in the language of your choice.
//!
//!     greet.rs Ana Bob
//!     greet.rs --in fr Ana
//!     greet.rs --list
//!
//! A script of several files: the greetings are in `greetings.txt` and become part of the program;
//! the code that reads them is the module `phrases.rs`. A change to any of the three is a new build.

mod phrases;

use std::env;
use std::process::ExitCode;

const GREETINGS: &str = include_str!("greetings.txt");

const HELP: &str = "\
Greets people in the language of your choice.

Usage: greet.rs [--in LANGUAGE] NAME...
       greet.rs --list

  --in LANGUAGE   a code from the list (default en)
  --list          the languages there are
  --help          this text
";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut language = String::from("en");
    let mut names = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "--list" => {
                let codes: Vec<_> = phrases::languages(GREETINGS).collect();
                println!("{}", codes.join("\n"));
                return ExitCode::SUCCESS;
            }
            "--in" => match arguments.next() {
                Some(code) => language = code,
                None => return misused("`--in` needs a language"),
            },
            option if option.starts_with('-') => return misused(&format!("unknown option `{option}`")),
            _ => names.push(argument),
        }
    }
    if names.is_empty() {
        return misused("nobody to greet");
    }
    let Some(phrase) = phrases::find(GREETINGS, &language) else {
        return misused(&format!("no greeting in `{language}`"));
    };

    let lines: Vec<_> = names.iter().map(|name| phrase.replace("NAME", name)).collect();
    println!("{}", lines.join("\n"));
    ExitCode::SUCCESS
}

fn misused(why: &str) -> ExitCode {
    eprintln!("greet: {why}; see `greet.rs --help`");
    ExitCode::from(2)
}
