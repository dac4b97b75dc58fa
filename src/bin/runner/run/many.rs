//! Several scripts of one subcommand (`check`, `clippy`, `doc`, `fmt`, `migrate`, `test`, `bench`, `update`, `why`): each by
//! itself, as many at once as there are processors; one summary at the end, and the worst exit code.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use runner::command_line::{ScriptUrl, printable, usage_error};
use runner::{EXIT_FAILED, Harness, Options, Result, Runner, Script, Verbosity};
use serde_json::{Value, json};

use crate::action::Call;
use crate::end::exit_code;
use crate::print::{err, json_line, out, print, print_json, tell};
use crate::run::script::read;

/// What one script came to: the exit code, and the text for the standard output.
pub(crate) type Outcome = Result<(u8, String)>;

/// What was done with a script, as JSON.
pub(crate) fn told(script: &Script, mut fields: Value) -> Outcome {
    fields["script"] = script.display_name().into();
    Ok((0, json_line(fields)))
}

/// Does one thing with each script. `done` is what has been done with them: `checked`; without it there is no summary.
///
/// A single script is as it always was: no summary, and its error is the command's.
pub(crate) fn each(
    runner: &Runner,
    scripts: &[OsString],
    done: Option<&str>,
    options: &Options,
    work: &(dyn Fn(&Script) -> Outcome + Sync),
) -> Result<u8> {
    let scripts = &expand(runner, scripts, false)?[..];
    if let [script] = scripts {
        let (code, text) = work(&read(runner, script, options)?)?;
        print(format_args!("{text}"));
        return Ok(code);
    }
    // One that is not there is refused before anything is done with the others.
    let scripts = scripts.iter().map(|script| read(runner, script, options)).collect::<Result<Vec<_>>>()?;
    let outcomes = runner.in_parallel(&scripts, work);
    let mut codes = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        codes.push(match outcome {
            Ok((code, text)) => {
                print(format_args!("{text}"));
                code
            }
            Err(error) => {
                tell(&error);
                error.exit_code()
            }
        });
    }
    let names: Vec<String> = scripts.iter().map(|script| script.display_name().into_owned()).collect();
    if let Some(done) = done.filter(|_| options.verbosity > Verbosity::Quiet) {
        summary(done, &names, &codes);
    }
    Ok(codes.into_iter().max().unwrap_or(0))
}

/// Runs the tests or benchmarks of several scripts, each by a process of our own: what a test program does to its process
/// is done to no other's. Output is shown whole, a script after the other. Benchmarks would disturb one another, and run one
/// by one.
#[allow(clippy::disallowed_methods)] // The command line itself, once more; no script is started here.
pub(crate) fn test(
    call: &Call,
    scripts: &[OsString],
    words: &[OsString],
    arguments: &[OsString],
    options: &Options,
) -> Result<u8> {
    let Call { runner, json } = call;
    let scripts = expand(runner, scripts, false)?;
    let scripts = scripts.iter().map(|script| read(runner, script, options)).collect::<Result<Vec<_>>>()?;
    let own = std::env::current_exe()
        .map_err(|error| usage_error(format!("cannot find the program of `runner` itself: {error}")))?;
    let work = |script: &Script| {
        Command::new(&own)
            .args(words)
            .arg("--")
            .arg(script.typed())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
    };
    let outputs: Vec<io::Result<Output>> = match options.harness {
        Some(Harness::Bench) => scripts.iter().map(work).collect(),
        _ => runner.in_parallel(&scripts, work),
    };
    let mut codes = Vec::with_capacity(outputs.len());
    for (script, output) in scripts.iter().zip(outputs) {
        let name = script.display_name();
        match output {
            Ok(output) if *json => {
                let code = exit_code(output.status);
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
                print_json(json!({"script": name, "exit_code": code, "stdout": stdout, "stderr": stderr}));
                codes.push(code);
            }
            Ok(output) => {
                let title = format!("{}:\n", printable(&name));
                let _ = out().write_all(title.as_bytes());
                let _ = out().write_all(&output.stdout);
                let _ = out().flush();
                let _ = err().write_all(&output.stderr);
                codes.push(exit_code(output.status));
            }
            Err(error) => {
                tell(&usage_error(format!("cannot start its tests: {error}")).about(name));
                codes.push(EXIT_FAILED);
            }
        }
    }
    if options.verbosity > Verbosity::Quiet && !json {
        let names: Vec<String> = scripts.iter().map(|script| script.display_name().into_owned()).collect();
        summary("tested", &names, &codes);
    }
    Ok(codes.into_iter().max().unwrap_or(0))
}

/// `runner: 3 scripts checked, 1 failed: b.rs`
fn summary(done: &str, names: &[String], codes: &[u8]) {
    let failed: Vec<&str> =
        names.iter().zip(codes).filter(|(_, code)| **code != 0).map(|(name, _)| name.as_str()).collect();
    let end = match failed.len() {
        0 => "none failed".to_owned(),
        count => format!("{count} failed: {}", failed.join(", ")),
    };
    let _ = writeln!(err(), "runner: {} scripts {done}, {}", names.len(), printable(&end));
}

/// Whether a word names a directory of scripts. A URL does not, even if there is a directory that is called so.
pub(crate) fn is_directory(word: &OsStr) -> bool {
    Path::new(word).is_dir() && ScriptUrl::parse(word).is_none()
}

/// The scripts that are meant: of a directory, those in it and below it. Of Rust only, if that is all it is done with.
pub(crate) fn expand(runner: &Runner, words: &[OsString], only_rust: bool) -> Result<Vec<OsString>> {
    let mut scripts = Vec::new();
    for word in words {
        match Path::new(word) {
            directory if is_directory(word) => {
                let found = runner.scripts_below(directory, only_rust)?;
                scripts.extend(found.into_iter().map(PathBuf::into_os_string));
            }
            _ => scripts.push(word.clone()),
        }
    }
    Ok(scripts)
}

/// Whether a word after the script of `test` is another script, and not the first argument: a file that is called or begins
/// as one.
pub(crate) fn is_script(word: &OsStr) -> bool {
    let path = Path::new(word);
    let is_option = word.as_encoded_bytes().starts_with(b"-");
    if is_option || !path.is_file() {
        return false;
    }
    let extension = path.extension().and_then(OsStr::to_str);
    extension
        .is_some_and(|extension| runner::command_line::script_extensions().any(|known| known == extension))
        || std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"#!"))
}
