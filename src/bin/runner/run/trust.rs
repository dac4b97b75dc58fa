//! Scripts by URL: the question whether one may run, and `runner trust`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use runner::command_line::{FetchedScript, ScriptUrl, printable, usage_error};
use runner::{Kind, Options, Result, Runner, Script};
use serde_json::{Value, json};

use crate::action::{Action, action};
use crate::parse::positional::no_more;
use crate::parse::typed::Typed;
use crate::print::{age, print, print_json};

/// What is to be done with scripts by URL.
#[derive(Debug)]
enum TrustCommand {
    List,
    Add(Vec<OsString>),
    Remove(Vec<OsString>),
}

/// What follows the word `trust`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    let quiet = typed.is_quiet();
    let mut list = typed.words(None)?.into_iter().peekable();
    let word = list.next_if(|word| word == "list" || word == "add" || word == "remove");
    let command = match word.as_ref().and_then(|word| word.to_str()) {
        Some("remove") => TrustCommand::Remove(list.collect()),
        None if list.peek().is_some() => TrustCommand::Add(list.collect()),
        Some("add") => TrustCommand::Add(list.collect()),
        _ => {
            no_more(list, "trust")?;
            TrustCommand::List
        }
    };
    match &command {
        TrustCommand::Add(urls) | TrustCommand::Remove(urls) if urls.is_empty() => {
            Err(usage_error("`trust` needs a URL").with_hint("`runner help trust`"))
        }
        _ => Ok(action(move |call| trust(&call.runner, &command, quiet, call.json))),
    }
}

/// Reads a script by URL. One whose text may not run yet is downloaded, and the user is asked.
pub(crate) fn read(runner: &Runner, word: &OsStr, url: &ScriptUrl, options: &Options) -> Result<Script> {
    match Script::find(word, &runner.settings()) {
        Err(error) if error.kind() == Kind::CannotExecute => {}
        other => return other,
    }
    admit(runner, &runner.fetch(url, options)?)?;
    Script::find(word, &runner.settings())
}

/// Downloads a script again, and asks if it has changed; whether it has. Of anything else, and of what is pinned, nothing is to
/// be asked.
pub(crate) fn renew(runner: &Runner, word: &OsStr, options: &Options) -> Result<bool> {
    let Some(url) = ScriptUrl::parse(word).transpose()?.filter(|url| !url.is_pinned()) else {
        return Ok(false);
    };
    let fetched = runner.fetch(&url, options)?;
    if fetched.is_allowed && Script::find(word, &runner.settings()).is_ok() {
        return Ok(false);
    }
    if options.debug.is_dry_run {
        return Ok(true);
    }
    admit(runner, &fetched)?;
    Ok(true)
}

/// Keeps a text if it may run, or if the user says so.
fn admit(runner: &Runner, fetched: &FetchedScript) -> Result<()> {
    if !fetched.is_allowed {
        ask(runner, fetched)?;
    }
    runner.trust(fetched)
}

/// Asks on the terminal, whatever the standard streams are.
fn ask(runner: &Runner, fetched: &FetchedScript) -> Result<()> {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    let Ok(terminal) = terminal else {
        let why = match fetched.difference {
            None => "its text is not trusted, and there is no terminal to ask on",
            Some(_) => "its text has changed since it was trusted, and there is no terminal to ask on",
        };
        return Err(fetched.refusal(why));
    };
    let unanswered = |_| fetched.refusal("nobody can be asked on the terminal");
    let mut out = &terminal;
    out.write_all(summary(runner, fetched).as_bytes()).map_err(unanswered)?;
    let mut answers = BufReader::new(&terminal);
    loop {
        out.write_all(b"May it run? [y/N/v] ").map_err(unanswered)?;
        let mut answer = String::new();
        answers.read_line(&mut answer).map_err(unanswered)?;
        match answer.trim() {
            "y" | "Y" | "yes" => return Ok(()),
            "v" | "V" => view(runner, &lines(&String::from_utf8_lossy(&fetched.text)), &terminal),
            _ => return Err(fetched.refusal("it is not trusted")),
        }
    }
}

/// What one has to know before one says yes.
fn summary(runner: &Runner, fetched: &FetchedScript) -> String {
    let url = &fetched.url;
    let script = Script::of_buffer(&Path::new("/").join(url.file_name(&fetched.last)), &*fetched.text);
    let mut needs = String::new();
    match runner.metadata(&script, &Options::default()) {
        Ok(metadata) => {
            for (name, _) in &metadata.dependencies {
                needs.push_str(name);
                needs.push(' ');
            }
            needs.push_str(if needs.is_empty() { "no other package" } else { "(code of theirs runs, too)" });
        }
        Err(error) => needs = error.reason(),
    }
    let (what, difference) = match &fetched.difference {
        None => ("is not trusted yet", String::new()),
        Some(difference) => ("has changed since it was trusted", lines(difference)),
    };
    format!(
        "{difference}runner: {} {what}\n  from    {}\n  text    {} bytes, {} lines\n  blake3  {}\n  needs   {}\n",
        url.address(),
        lines(&printable(&fetched.last)),
        fetched.text.len(),
        fetched.text.iter().filter(|byte| **byte == b'\n').count(),
        fetched.digest,
        lines(&printable(&needs)),
    )
}

/// A text for a terminal. What would move the cursor, or turn the direction of writing, is shown as what it is.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\n' | '\t' => out.push(sign),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.extend(sign.escape_unicode());
            }
            sign if sign.is_control() => out.extend(sign.escape_default()),
            sign => out.push(sign),
        }
    }
    out
}

/// Shows a text in the pager, else as it is.
#[allow(clippy::disallowed_methods)] // A program of the user's, with the terminal; no script is started here.
fn view(runner: &Runner, text: &str, terminal: &File) {
    let pager = runner.settings().value("PAGER").filter(|pager| !pager.is_empty());
    let pager = pager.unwrap_or_else(|| "less".into());
    let shown = terminal.try_clone().and_then(|terminal| {
        let mut command = Command::new("sh");
        command.arg("-c").arg(pager).stdin(Stdio::piped()).stdout(terminal);
        let mut child = command.spawn()?;
        // Who has seen enough reads no more.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
        child.wait()
    });
    if !shown.is_ok_and(|status| status.success()) {
        let mut terminal = terminal;
        let _ = terminal.write_all(text.as_bytes());
    }
}

fn trust(runner: &Runner, command: &TrustCommand, quiet: bool, json: bool) -> Result<()> {
    let (words, is_removed) = match command {
        TrustCommand::List => return list(runner, json),
        TrustCommand::Add(words) => (words, false),
        TrustCommand::Remove(words) => (words, true),
    };
    // One that is none is refused before anything is done with the others.
    words.iter().try_for_each(|word| url(word).map(drop))?;
    for word in words {
        let url = url(word)?;
        let (mut digest, mut done) = (None, "removed");
        if is_removed {
            runner.distrust(&url)?;
        } else {
            let mut fetched = runner.fetch(&url, &Options::default())?;
            admit(runner, &fetched)?;
            // A pin says yes to this text, also where it is not given.
            fetched.url = url.without_pin();
            runner.trust(&fetched)?;
            (digest, done) = (Some(fetched.digest), "trusted");
        }
        match json {
            true => print_json(json!({"url": url.address(), "b3": digest})),
            false if quiet => {}
            false => print(format_args!("{done} {}\n", url.address())),
        }
    }
    Ok(())
}

fn url(word: &OsString) -> Result<ScriptUrl> {
    ScriptUrl::parse(word).unwrap_or_else(|| {
        let word = word.to_string_lossy();
        Err(usage_error(format!("`{word}` is not a URL")).with_hint("`https://HOST/PATH`"))
    })
}

fn list(runner: &Runner, json: bool) -> Result<()> {
    let trusted = runner.trusted()?;
    if json {
        let all = trusted.iter();
        let all =
            all.map(|one| json!({"url": one.url, "from": one.last, "b3": one.digest, "since": one.since}));
        print_json(Value::Array(all.collect()));
        return Ok(());
    }
    for one in trusted {
        let since = age(one.since);
        print(format_args!("{}  {since:>9}  {}\n", one.digest, printable(&one.url)));
    }
    Ok(())
}
