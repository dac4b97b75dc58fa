//! `runner help`, `--version` and `completions`.

use std::ffi::OsString;

use runner::Result;
use runner::command_line::{flags, usage_error};

use crate::action::{Action, action};
use crate::parse::positional::{no_more, words};
use crate::parse::typed::Typed;
use crate::print::print;
use crate::{completion, help};

/// Help and version win over whatever else is asked for, as everywhere. `of` is the subcommand whose help it is.
pub(crate) fn help_or_version(of: Option<&str>, options: &[OsString]) -> Option<Action> {
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.to_str() {
            // The short one.
            Some("-h") => return Some(topic(Some(of.unwrap_or("-h").to_owned()))),
            Some("--help") => return Some(topic(of.map(str::to_owned))),
            Some("-V" | "--version") => return Some(version()),
            Some(option) if flags::takes_value(option) => drop(options.next()),
            _ => {}
        }
    }
    None
}

/// Shows which runner this is.
pub(crate) fn version() -> Action {
    line(concat!("runner ", env!("CARGO_PKG_VERSION")))
}

/// Shows the help of a topic.
pub(crate) fn topic(topic: Option<String>) -> Action {
    action(move |_| {
        if let Some(text) = help::text(topic.as_deref()) {
            print(format_args!("{text}"));
            return Ok(());
        }
        let topic = topic.unwrap_or_default();
        let hint = match help::similar_topic(&topic) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => "`runner help` lists the topics".to_owned(),
        };
        Err(usage_error(format!("there is no help on `{topic}`")).with_hint(hint))
    })
}

/// Prints a line.
pub(crate) fn line(text: &'static str) -> Action {
    action(move |_| {
        print(format_args!("{text}\n"));
        Ok(())
    })
}

/// What follows the word `help`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    if typed.has("--man") {
        typed.end()?;
        return Ok(action(|_| {
            print(format_args!("{}", help::manual::manual()));
            Ok(())
        }));
    }
    let mut topics = typed.words(None)?.into_iter();
    let asked = topics.next();
    no_more(topics, "help")?;
    Ok(topic(asked.map(|topic| topic.to_string_lossy().into_owned())))
}

/// What follows the word `completions`: what a shell loads; or, given the words before the cursor, what can stand there.
pub(crate) fn parse_completions(typed: Typed<'_>) -> Result<Action> {
    let Typed { name, parser, plain, .. } = typed;
    let mut list = words(parser, name, None)?.into_iter();
    let shell = list.next().unwrap_or_default().to_string_lossy().into_owned();
    no_more(list, name)?;
    Ok(action(move |call| {
        match completion::shell_code(&shell) {
            Some(code) if plain.is_empty() => print(format_args!("{code}")),
            Some(_) => print(format_args!("{}", completion::candidates(&call.runner, &plain))),
            None if shell.is_empty() => {
                let shells = completion::shells();
                return Err(usage_error(format!("`completions` needs a shell: one of {shells}"))
                    .with_hint("`runner help completions`"));
            }
            None => {
                return Err(usage_error(format!("there are no completions for `{shell}`"))
                    .with_hint(format!("there are for {}", completion::shells())));
            }
        }
        Ok(())
    }))
}
