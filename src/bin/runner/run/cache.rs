//! `runner cache …`: what is in it, and less of it.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use runner::command_line::{Background, CachedBuild, TrimReport, usage_error};
use runner::{Options, Result, Runner, Script};
use serde_json::{Value, json};

use crate::action::{Action, action};
use crate::parse::positional::no_more;
use crate::parse::typed::Typed;
use crate::print::{self, age, has_reader, human, print, print_json, shown};
use crate::run::script::read;

/// What is to be done with the cache.
#[derive(Debug)]
pub(crate) enum CacheCommand {
    Path,
    Size,
    List,
    Stats,
    Trim { older: Option<String>, max_size: Option<String>, only_shows: bool },
    Clean(Option<PathBuf>),
    Push(Vec<OsString>),
    Stop,
}

/// What follows the word `cache`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    let older = typed.text("--older")?;
    let max_size = typed.text("--max-size")?;
    let only_shows = typed.has("--dry-run");
    let mut list = typed.words(None)?.into_iter();
    let word = list.next().unwrap_or_default();
    if word != "trim"
        && let Some(option) = [
            older.as_ref().map(|_| "--older"),
            max_size.as_ref().map(|_| "--max-size"),
            only_shows.then_some("--dry-run"),
        ]
        .into_iter()
        .find_map(|option| option)
    {
        return Err(usage_error(format!("`{option}` is for `cache trim`")).with_hint("`runner help cache`"));
    }
    let command = match word.to_str() {
        Some("path") => CacheCommand::Path,
        Some("size") => CacheCommand::Size,
        Some("list") => CacheCommand::List,
        Some("stats") => CacheCommand::Stats,
        Some("trim") => CacheCommand::Trim { older, max_size, only_shows },
        Some("push") => {
            let scripts: Vec<OsString> = list.by_ref().collect();
            if scripts.is_empty() {
                return Err(usage_error("`cache push` needs a script").with_hint("`runner help cache`"));
            }
            CacheCommand::Push(scripts)
        }
        Some("stop") => CacheCommand::Stop,
        Some("clean") => CacheCommand::Clean(list.next().map(PathBuf::from)),
        _ => {
            return Err(usage_error(
                "`cache` needs one of `path`, `size`, `list`, `stats`, `trim`, `clean`, `push`, `stop`",
            )
            .with_hint("`runner help cache`"));
        }
    };
    no_more(list, "cache")?;
    Ok(of(command))
}

/// The action of a command.
pub(crate) fn of(command: CacheCommand) -> Action {
    action(move |call| run(&call.runner, command, call.json))
}

fn run(runner: &Runner, command: CacheCommand, json: bool) -> Result<()> {
    match command {
        CacheCommand::Path if json => print_json(json!({"path": runner.cache_path()?.to_string_lossy()})),
        CacheCommand::Path => {
            // A path is bytes, and somebody may paste it.
            let path = runner.cache_path()?;
            let mut out = print::out().lock();
            let _ = out.write_all(path.as_os_str().as_bytes()).and_then(|()| out.write_all(b"\n"));
        }
        CacheCommand::Size if !json => print(format_args!("{}\n", runner.cache_size()?)),
        CacheCommand::Size => {
            let path = runner.cache_path()?;
            let size = json!({"path": path.to_string_lossy(), "bytes": runner.cache_size()?});
            print_json(size);
        }
        CacheCommand::List if json => {
            let list: Vec<Value> = runner.cache_list()?.iter().map(described).collect();
            print_json(Value::Array(list));
        }
        CacheCommand::List => {
            if let Some(background) = runner.background()? {
                let Background { pid, script, .. } = background;
                print(format_args!("process {pid} is building the release binary of {}\n", shown(&script)));
            }
            list(&runner.cache_list()?);
        }
        CacheCommand::Stats => statistics(runner, json)?,
        CacheCommand::Stop if json => {
            let stopped = runner.stop_background()?;
            let (pid, script) = stopped.map(|Background { pid, script, .. }| (pid, shown(&script))).unzip();
            print_json(json!({"pid": pid, "script": script}));
        }
        CacheCommand::Stop => match runner.stop_background()? {
            Some(Background { pid, script, .. }) => {
                print(format_args!("stopped process {pid}, which was building {}\n", shown(&script)));
            }
            None => print(format_args!("nothing is being built in the background\n")),
        },
        CacheCommand::Trim { older, max_size, only_shows } => {
            let mut limits = runner.cache_limits()?;
            if let Some(text) = older {
                limits = limits.older(&text)?;
            }
            if let Some(text) = max_size {
                limits = limits.max_size(&text)?;
            }
            if only_shows {
                let (gone, trimmed) = runner.cache_trimmable(limits)?;
                if json {
                    let gone: Vec<Value> = gone.iter().map(described).collect();
                    let TrimReport { builds, bytes, .. } = trimmed;
                    print_json(json!({"would_remove": gone, "builds": builds, "bytes": bytes}));
                } else {
                    list(&gone);
                    removed("would remove", trimmed, false);
                }
            } else {
                let trimmed = runner.cache_trim(limits)?;
                removed("removed", trimmed, json);
            }
        }
        CacheCommand::Push(scripts) => {
            for script in &scripts {
                let script = read(runner, script, &Options::default())?;
                runner.cache_push(&script, &Options::default())?;
                match json {
                    true => print_json(json!({"script": script.typed().to_string_lossy()})),
                    false => print(format_args!("pushed {}\n", shown(Path::new(script.typed())))),
                }
            }
        }
        CacheCommand::Clean(script) => {
            let cleaned = runner.cache_clean(script.as_deref())?;
            // Builds of a script that is gone can be removed; of one that never was there are none.
            if let Some(script) = script.filter(|script| cleaned.builds == 0 && !script.exists())
                && let Err(error) = Script::find(script.as_os_str(), &runner.settings())
            {
                return Err(error);
            }
            removed("removed", cleaned, json);
        }
    }
    Ok(())
}

/// A line each; for a person with a head and a sum.
fn list(builds: &[CachedBuild]) {
    let row = |used: &str, size: &str, profile: &str, toolchain: &str, target: &str, script: &str| {
        print(format_args!("{used:>9}  {size:>6}  {profile:8}  {toolchain:12}  {target:24}  {script}\n"));
    };
    let has_reader = has_reader() && !builds.is_empty();
    if has_reader {
        row("USED", "SIZE", "PROFILE", "TOOLCHAIN", "TARGET", "SCRIPT");
    }
    let mut bytes = 0;
    for build in builds {
        let (used, size) = (age(build.last_used), human(build.bytes));
        row(&used, &size, &build.profile, &build.toolchain, &build.target, &shown(&build.script));
        bytes += build.bytes;
    }
    if has_reader {
        print(format_args!("{} builds, {}\n", builds.len(), human(bytes)));
    }
}

fn described(build: &CachedBuild) -> Value {
    json!({
        "script": build.script.to_string_lossy(),
        "path": build.binary.to_string_lossy(),
        "bytes": build.bytes,
        "last_used": build.last_used,
        "profile": build.profile,
        "toolchain": build.toolchain,
        "target": build.target,
    })
}

fn statistics(runner: &Runner, json: bool) -> Result<()> {
    let counted = runner.cache_statistics()?;
    if json {
        let counted = json!({
            "scripts": counted.scripts,
            "builds": counted.builds,
            "used_today": counted.used_today,
            "used_this_week": counted.used_this_week,
            "misses": counted.misses,
            "remote_questions": counted.remote_questions,
            "remote_hits": counted.remote_hits,
            "remote_failures": counted.remote_failures,
            "bytes": counted.bytes,
            "binary_bytes": counted.binary_bytes,
            "dependency_bytes": counted.dependency_bytes,
            "took_ms": counted.milliseconds,
        });
        print_json(counted);
        return Ok(());
    }
    let seconds = counted.milliseconds as f64 / 1000.0;
    print(format_args!("scripts  {}\n", counted.scripts));
    print(format_args!("builds   {}, which took {seconds:.1} s\n", counted.builds));
    print(format_args!("used     {} today, {} this week\n", counted.used_today, counted.used_this_week));
    print(format_args!("misses   {}\n", counted.misses));
    if counted.remote_questions > 0 {
        let (asked, got, failed) = (counted.remote_questions, counted.remote_hits, counted.remote_failures);
        print(format_args!("remote   asked {asked}, got {got}, failed {failed}\n"));
    }
    let (all, binaries, dependencies) = (counted.bytes, counted.binary_bytes, counted.dependency_bytes);
    let [all, binaries, dependencies] = [all, binaries, dependencies].map(human);
    print(format_args!("bytes    {all}, of which binaries {binaries}, dependencies {dependencies}\n"));
    Ok(())
}

fn removed(what: &str, trimmed: TrimReport, json: bool) {
    if json {
        let TrimReport { builds, bytes, .. } = trimmed;
        return print_json(json!({"builds": builds, "bytes": bytes}));
    }
    let builds = if trimmed.builds == 1 { "build" } else { "builds" };
    print(format_args!("{what} {} {builds}, {} bytes\n", trimmed.builds, trimmed.bytes));
}
