//! `runner build`, `inspect` and `verify`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use runner::command_line::{Artifact, Verification, flags, printable, usage_error};
use runner::{Error, Options, Result, Runner, Script, Verbosity};
use serde_json::json;

use crate::action::{Action, action};
use crate::parse::typed::Typed;
use crate::print::{self, print, print_json, tell};
use crate::run::script::{read, with_release};

/// What `build` is to write or say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Saying {
    /// The program's path in the cache, where it is then built.
    path: bool,
    /// An object a program.
    json: bool,
    /// The link that is to lead to the program.
    link: Option<PathBuf>,
}

/// What follows the word `build`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    let output = typed.path("--output")?;
    let (cache, background) = (typed.has("--cache"), typed.has("--background"));
    let link = typed.path("--link")?;
    let saying = Saying { path: typed.has("--print-path"), json: typed.json, link };
    if background {
        return match cache {
            true => in_background(typed),
            false => Err(usage_error("`--background` needs `--cache`")),
        };
    }
    let (options, scripts) = typed.options_and_words()?;
    let into_cache = if cache { "--cache" } else { "--print-path" };
    if (cache || saying.path) && output.is_some() {
        return Err(usage_error(format!("`{into_cache}` and `--output` cannot be used together"))
            .with_hint(format!("`{into_cache}` builds into the cache")));
    }
    if cache && saying != Saying::default() {
        let other = if saying.path { "--print-path" } else { "--json" };
        return Err(usage_error(format!("`--cache` and `{other}` cannot be used together"))
            .with_hint("give one of them"));
    }
    if saying.link.is_some() && (!saying.path || scripts.len() != 1) {
        return Err(usage_error("`--link` needs `--print-path` and exactly one script")
            .with_hint("`runner build --debug --print-path --link FILE SCRIPT`"));
    }
    match (scripts.is_empty(), cache) {
        (true, true) => Err(usage_error("`build --cache` needs at least one script")),
        (true, false) => Err(usage_error("`build` needs a script").with_hint("`runner build SCRIPT...`")),
        (false, true) => Ok(into_the_cache(scripts, options)),
        (false, false) => {
            Ok(Box::new(move |call| build(&call.runner, &scripts, output.as_deref(), saying, &options)))
        }
    }
}

/// A background build, which has all options of the run that started it.
fn in_background(typed: Typed<'_>) -> Result<Action> {
    let (options, script) = Typed { name: flags::BACKGROUND, ..typed }.options_and_script()?;
    Ok(action(move |call| {
        // `runner cache stop` ends the session.
        let _ = rustix::process::setsid();
        call.runner.finish(&Script::find(&script, &call.runner.settings())?, &options)
    }))
}

/// Builds into the cache what can be built; the first error's code.
pub(crate) fn into_the_cache(scripts: Vec<OsString>, options: Options) -> Action {
    Box::new(move |call| {
        let scripts = scripts.iter().map(|script| read(&call.runner, script, &options));
        let scripts = scripts.collect::<Result<Vec<_>>>()?;
        let built = call.runner.prebuild(&scripts, &options);
        Ok(first_code(built.into_iter().map(|built| built.map(drop))))
    })
}

/// `inspect FILE…`
pub(crate) fn parse_inspect(mut typed: Typed<'_>) -> Result<Action> {
    // How runner's own binary gets its record: `install.sh` and `scripts/release` write the lines.
    let (adds_record, quiet) = (typed.has("--add-record"), typed.is_quiet());
    let programs = programs(typed, None)?;
    Ok(match adds_record {
        true => action(move |call| add_record(&call.runner, &programs)),
        false => Box::new(move |call| Ok(inspect(&call.runner, &programs, quiet, call.json))),
    })
}

/// `verify FILE|NAME…`
pub(crate) fn parse_verify(mut typed: Typed<'_>) -> Result<Action> {
    let script = typed.path("--script")?;
    let verbosity = if typed.is_quiet() { Verbosity::Quiet } else { Verbosity::Normal };
    let options = Options { offline: typed.has("--offline"), verbosity, ..Options::default() };
    let programs = programs(typed, script.as_deref())?;
    Ok(Box::new(move |call| {
        let script = script.as_deref().map(Path::as_os_str);
        Ok(verify(&call.runner, &programs, script, &options, call.json))
    }))
}

fn programs(typed: Typed<'_>, script: Option<&Path>) -> Result<Vec<OsString>> {
    let name = typed.name.to_owned();
    let programs = typed.words(None)?;
    if programs.is_empty() {
        return Err(
            usage_error(format!("`{name}` needs a program")).with_hint(format!("`runner {name} FILE`"))
        );
    }
    if programs.len() > 1 && script.is_some() {
        return Err(
            usage_error("`--script` needs exactly one program").with_hint("verify the programs one by one")
        );
    }
    Ok(programs)
}

/// Builds what can be built; the first error's code.
fn build(
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
fn inspect(runner: &Runner, programs: &[OsString], quiet: bool, json: bool) -> u8 {
    first_code(programs.iter().map(|program| {
        let (path, record) = runner.inspect(program)?;
        if json {
            let mut fields = record.to_json();
            fields["path"] = json!(path.to_string_lossy());
            print_json(fields);
        } else if !quiet {
            let program = program.to_string_lossy();
            print(format_args!("{}: {}\n{record}", printable(&program), printable(&record.toolchain)));
        }
        Ok(())
    }))
}

/// Gives programs the record on standard input, written as [`inspect`] shows it.
fn add_record(runner: &Runner, programs: &[OsString]) -> Result<()> {
    let text = io::read_to_string(io::stdin())
        .map_err(|error| usage_error(format!("cannot read a build record from standard input: {error}")))?;
    programs.iter().try_for_each(|program| runner.add_record(program, &text))
}

/// Builds again what can be built; the first error's code, else 1 if something differs.
fn verify(
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
        if options.verbosity == Verbosity::Quiet {
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
