//! `runner check` and `runner fmt` for scripts in languages other than Rust.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::base::error::{At, Error, Result, Step, cannot_run};
use crate::base::named_output::{self, Permission};
use crate::build::backend::Host;
use crate::commands::fmt::diff;
use crate::engine::confined_build::Confined;
use crate::engine::context::Context;
use crate::engine::recipe::{self, ReadScript};
use crate::languages::build;
use crate::languages::driver::Build;
use crate::languages::recipe::LanguageRecipe;
use crate::process::signals;
use crate::process::task::Task;
use crate::report::event::Event;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::store::staging::Staging;

/// Checks a script that is not in Rust with its compiler, one in Go with `go vet`. `None` if it is in Rust.
///
/// # Errors
/// As [`crate::Runner::build`]: [`Step::Compile`] if there are errors.
pub(crate) fn check_language(
    context: &Context,
    script: &Script,
    options: &Options,
    arguments: &[OsString],
) -> Result<Option<()>> {
    let ReadScript::Other(read) = recipe::read_script(script, options, context.environment())? else {
        return Ok(None);
    };
    let cache = context.cache()?;
    cache.create()?;
    let confined = Confined::of(context.environment(), &cache, &read.request, options)?;
    let environment = confined.as_ref().map_or(context.environment(), |confined| &confined.environment);
    let reporter = context.reporter(options.verbosity).supervised(environment.supervision().clone());
    let recipe = LanguageRecipe::resolve(&read, environment, &cache)?;
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let host = Host { environment, cache: &cache, reporter: &reporter };
    let build = Build { compilation: &recipe.compilation, staging: staging.path(), host, is_observed: true };
    let mut call = recipe.driver.call(build)?;
    recipe.driver.for_check(&mut call);
    call.command.args(arguments);
    let (messages, status, _) = build::run(build, &mut call, None)?;
    reporter.show(&messages, true);
    match status.success() {
        true => Ok(Some(())),
        false => {
            let name = recipe.compilation.compiler.name();
            Err(Error::message(Step::Compile, format!("{name} failed ({status})")))
        }
    }
}

/// Formats a script that is not in Rust in place; with `--check` among the `arguments` shows what would change.
/// `None` if it is in Rust.
///
/// # Errors
/// [`Step::Toolchain`] if there is no formatter.
pub(crate) fn format_language(
    context: &Context,
    script: &Script,
    options: &Options,
    arguments: &[OsString],
) -> Result<Option<u8>> {
    let Some(path) = script.real_path() else {
        // In which language nothing is formatted does not matter.
        return match recipe::read_script(script, options, context.environment())? {
            ReadScript::Other(_) => Err(Error::message(Step::Script, "there is no file to format")),
            ReadScript::Rust(_) => Ok(None),
        };
    };
    let after = match formatted_language(context, script, options, arguments)? {
        None => return Ok(None),
        Some(Ok(after)) => after,
        Some(Err((said, code))) => {
            context.reporter(options.verbosity).show(said.as_bytes(), true);
            return Ok(Some(code));
        }
    };
    let is_changed = after != script.bytes();
    let is_check = arguments.iter().any(|word| word == "--check");
    if is_changed && is_check {
        let typed = script.display_name();
        let (before, after) = (String::from_utf8_lossy(script.bytes()), String::from_utf8_lossy(&after));
        let shown = diff::show(&typed, &before, &after, context.environment().has_output_color());
        context.reporter(options.verbosity).send(&Event::Output { text: shown.as_bytes() });
    } else if is_changed {
        named_output::write(path, Permission::OfText, &mut after.as_slice()).at(Step::Script)?;
    }
    Ok(Some(u8::from(is_changed && is_check)))
}

/// What a formatter makes of a script, or what it says instead and its exit code.
type Formatted = std::result::Result<Vec<u8>, (String, u8)>;

/// The text of a script that is not in Rust, formatted. `None` if it is in Rust.
///
/// # Errors
/// [`Step::Toolchain`] if there is no formatter.
pub(crate) fn formatted_language(
    context: &Context,
    script: &Script,
    options: &Options,
    arguments: &[OsString],
) -> Result<Option<Formatted>> {
    let ReadScript::Other(read) = recipe::read_script(script, options, context.environment())? else {
        return Ok(None);
    };
    let language = read.head.language;
    let path = script.real_path().unwrap_or(Path::new(script.typed()));
    let Some((program, words)) = language.formatter.split_first() else {
        let text = format!("no formatter for {} is known", language.display_name);
        return Err(Error::message(Step::Toolchain, text));
    };
    let tool = context.environment().find_command(OsStr::new(program)).ok_or_else(|| {
        let text =
            format!("`{program}` is not on PATH, and `runner fmt` needs it for {}", language.display_name);
        Error::message(Step::Toolchain, text).not_found()
    })?;
    let (line, gap, body) = split(script.bytes());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = language.extensions.first().copied().unwrap_or_default();
    let name = if name.contains('.') { name.into_owned() } else { format!("{name}.{extension}") };
    let mut command = Command::new(&tool);
    command.args(words.iter().map(|word| word.replace("{name}", &name)));
    command.args(arguments.iter().filter(|word| *word != "--check"));
    command.env_clear().envs(context.environment().for_compilers());
    command.current_dir(script.base());
    // Blank lines above it, so that lines in messages are the script's.
    let above = vec![b'\n'; usize::from(line.is_some()) + gap.len()];
    let output = Task::new(&command, context.environment().supervision())
        .text(&[&above, body].concat())
        .and_then(Task::output)
        .map_err(|error| cannot_run(&tool, error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let typed = script.display_name();
        let said = said.replace("<standard input>", &typed).replace("<stdin>", &typed);
        return Ok(Some(Err((said, signals::exit_code(output.status)))));
    }
    let start = output.stdout.iter().position(|byte| *byte != b'\n').unwrap_or(0);
    let formatted = &output.stdout[start..];
    let first = line.map(|line| [line, b"\n"].concat()).unwrap_or_default();
    // What stands first in a file has nothing above it.
    let gap = if line.is_some() { gap } else { &[] };
    Ok(Some(Ok([&first, gap, formatted].concat())))
}

/// The `#!` line, the line feeds below it, and the rest.
fn split(script: &[u8]) -> (Option<&[u8]>, &[u8], &[u8]) {
    let (line, rest) = match script.starts_with(b"#!") {
        false => (None, script),
        true => {
            let end = script.iter().position(|byte| *byte == b'\n').unwrap_or(script.len());
            (Some(&script[..end]), script.get(end + 1..).unwrap_or_default())
        }
    };
    let body = rest.iter().position(|byte| *byte != b'\n').unwrap_or(rest.len());
    let (gap, body) = rest.split_at(body);
    (line, gap, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_comes_apart_and_together() {
        for (text, expected) in [
            ("#!/x\n\n\na\nb\n", (Some("#!/x"), "\n\n", "a\nb\n")),
            ("#!/x", (Some("#!/x"), "", "")),
            ("\na", (None, "\n", "a")),
            ("", (None, "", "")),
        ] {
            let (line, gap, body) = split(text.as_bytes());
            let (first, gap_text, rest) = expected;
            assert_eq!((line, gap, body), (first.map(str::as_bytes), gap_text.as_bytes(), rest.as_bytes()));
        }
    }
}
