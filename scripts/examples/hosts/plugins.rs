//! A host: runs every script of a directory as a plugin, several at once, none with more than its share.
//!
//! ```sh
//! runner scripts/examples/hosts/plugins.rs DIRECTORY
//! ```
//!
//! ```cargo
//! [dependencies]
//! runscript = { path = "../../..", default-features = false }
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use runner::{Ended, Error, Options, Policy, Ran, ResourceLimits, Run, Runner, Script, Settings};

/// What a plugin may use: a second, 256 MiB, and a page of output.
fn limits() -> ResourceLimits {
    ResourceLimits::small().memory(256 << 20).cpu(Duration::from_secs(1)).output(4096)
}

/// Builds and runs every plugin of a directory, and tells how each ended, by name.
pub fn run_all(directory: &Path, settings: Settings) -> std::io::Result<Vec<(PathBuf, Result<Ran, Error>)>> {
    let mut plugins: Vec<PathBuf> = std::fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    plugins.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    plugins.sort();
    let runner = Runner::new(settings);
    // One thread a plugin: each waits for its compiler, and then for its program.
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> = plugins.iter().map(|path| scope.spawn(|| run_one(&runner, path))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect::<Vec<_>>()
    });
    Ok(plugins.into_iter().zip(results).collect())
}

fn run_one(runner: &Runner, path: &Path) -> Result<Ran, Error> {
    let script = Script::open(path, &runner.settings())?;
    let options = Options { deadline: Some(Duration::from_secs(60)), ..Options::default() };
    let program = runner.build(&script, &options)?;
    program.run(Run::new().limits(limits()).deadline(Duration::from_secs(5)))
}

/// One line a plugin.
pub fn report(path: &Path, result: &Result<Ran, Error>) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    match result {
        Err(error) => format!("{name}: {error}"),
        Ok(ran) if ran.ended != Ended::Itself => format!("{name}: stopped: {:?}", ran.ended),
        Ok(ran) => format!("{name}: {}: {}", ran.status, String::from_utf8_lossy(&ran.stdout).trim_end()),
    }
}

pub fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("plugins: name the directory of the plugins");
        return ExitCode::from(2);
    };
    // The plugins are other people's: the compilers see what this process sees, and the policy refuses what they may not ask.
    let settings = Settings::of_process().policy(Policy::refusing());
    match run_all(Path::new(&directory), settings) {
        Ok(results) => {
            results.iter().for_each(|(path, result)| println!("{}", report(path, result)));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("plugins: {error}");
            ExitCode::FAILURE
        }
    }
}
