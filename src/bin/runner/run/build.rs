//! What `build`, `inspect` and `verify` print.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use runner::{Artifact, Error, Options, Result, Runner, Script, Verification, printable, usage_error};
use serde_json::json;

use crate::parse::command::Saying;
use crate::print::{self, print, print_json, tell};
use crate::run::script::{read, with_release};

/// Builds what can be built; the first error's code.
pub(crate) fn build(
    runner: &Runner,
    scripts: &[OsString],
    output: Option<&Path>,
    saying: Saying,
    options: &Options,
) -> Result<u8> {
    let scripts = scripts.iter().map(|script| read(runner, script, options)).collect::<Result<Vec<_>>>()?;
    if options.debug.is_dry_run {
        let options = with_release(options.clone());
        let rehearse = |script| runner.rehearse_export(script, &options, output);
        return Ok(first_code(scripts.iter().map(rehearse)));
    }
    let built = match saying.path {
        true => runner.build_cached(&scripts, options),
        false => runner.export_all(&scripts, &with_release(options.clone()), output)?,
    };
    if let (Some(link), Some(Ok(artifact))) = (&saying.link, built.first()) {
        runner.link(artifact, link)?;
    }
    let about = |(script, result): (&Script, Result<Artifact>)| {
        result.map_err(|error| error.about(script.display_name())).map(|artifact| say(&artifact, &saying))
    };
    Ok(first_code(scripts.iter().zip(built).map(about)))
}

fn say(artifact: &Artifact, saying: &Saying) {
    if saying.json {
        print_json(artifact.to_json());
    } else if saying.path {
        // A path is bytes, and a debugger is given it.
        let mut out = print::out().lock();
        let _ = out.write_all(artifact.path.as_os_str().as_bytes()).and_then(|()| out.write_all(b"\n"));
    }
}

/// Shows what can be shown; the first error's code.
pub(crate) fn inspect(runner: &Runner, programs: &[OsString], json: bool) -> u8 {
    first_code(programs.iter().map(|program| {
        let (path, record) = runner.inspect(program)?;
        if json {
            let mut fields = record.to_json();
            fields["path"] = json!(path.to_string_lossy());
            print_json(fields);
        } else {
            let program = program.to_string_lossy();
            print(format_args!("{}: {}\n{record}", printable(&program), printable(&record.toolchain)));
        }
        Ok(())
    }))
}

/// Gives programs the record on standard input, written as [`inspect`] shows it.
pub(crate) fn add_record(runner: &Runner, programs: &[OsString]) -> Result<()> {
    let text = io::read_to_string(io::stdin())
        .map_err(|error| usage_error(format!("cannot read a build record from standard input: {error}")))?;
    programs.iter().try_for_each(|program| runner.add_record(program, &text))
}

/// Builds again what can be built; the first error's code, else 1 if something differs.
pub(crate) fn verify(
    runner: &Runner,
    programs: &[OsString],
    script: Option<&OsStr>,
    options: &Options,
    json: bool,
) -> u8 {
    let mut differs = false;
    let code = first_code(programs.iter().map(|program| {
        let rebuilt = runner.rebuild(program, script, options)?;
        let Verification { script, is_identical, differences, .. } = &rebuilt;
        differs |= !is_identical;
        let (program, script) = (program.to_string_lossy(), script.to_string_lossy());
        if json {
            print_json(json!({
                "path": program, "script": script, "identical": is_identical, "differences": differences,
            }));
            return Ok(());
        }
        let verdict = if *is_identical { "identical to" } else { "differs from" };
        print(format_args!("{}: {verdict} what {} gives\n", printable(&program), printable(&script)));
        for difference in differences {
            print(format_args!("  {}\n", printable(difference)));
        }
        Ok(())
    }));
    if code == 0 { u8::from(differs) } else { code }
}

/// Tells every error; the first one's code.
fn first_code(results: impl Iterator<Item = Result<()>>) -> u8 {
    let errors: Vec<Error> = results.filter_map(Result::err).collect();
    errors.iter().for_each(tell);
    errors.first().map_or(0, Error::exit_code)
}
