//! The compile command of a script in C or C++ for clangd: the call of a build, without words about its program.

use std::path::Path;

use crate::base::error::{At, Result, Step};
use crate::build::backend::Host;
use crate::editor::lsp::projects::CompileCommand;
use crate::engine::context::Context;
use crate::engine::recipe::{self, ReadScript};
use crate::languages::driver::Build;
use crate::languages::recipe::LanguageRecipe;
use crate::request::options::{Options, Verbosity};
use crate::script::script_file::Script;
use crate::store::staging::Staging;

/// The compile command of a script in C or C++; `None` for any other.
///
/// # Errors
/// As for a build, up to the compiler's call.
pub(crate) fn compile_command(context: &Context, script: &Script) -> Result<Option<CompileCommand>> {
    let ReadScript::Other(read) = recipe::read_script(script, &Options::default(), context.environment())?
    else {
        return Ok(None);
    };
    let name = match read.head.language.name {
        "c" => "c",
        "c++" => "c++",
        _ => return Ok(None),
    };
    let cache = context.cache()?;
    cache.create()?;
    let reporter = context.reporter(Verbosity::Quiet);
    let recipe = LanguageRecipe::resolve(&read, context.environment(), &cache)?;
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let host = Host { environment: context.environment(), cache: &cache, reporter: &reporter };
    let build = Build { compilation: &recipe.compilation, staging: staging.path(), host, is_observed: true };
    let call = recipe.driver.call(build)?;
    let words = call.command.get_args().map(|word| word.to_string_lossy().into_owned());
    let path = script.path().unwrap_or(Path::new(script.typed())).to_string_lossy().into_owned();
    let mut arguments = vec![recipe.compilation.compiler.path.to_string_lossy().into_owned()];
    arguments.extend(["-x".to_owned(), name.to_owned()]);
    arguments.extend(of_language(words.filter(|word| *word != path)));
    arguments.push(path);
    Ok(Some(CompileCommand { directory: script.base().to_owned(), arguments }))
}

/// Without words for the linker, for messages and for what is written.
fn of_language(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words;
    while let Some(word) = words.next() {
        match word.as_str() {
            "-o" | "-x" | "-MF" | "-MT" | "-MQ" => drop(words.next()),
            "-" | "-MD" | "-MMD" | "-static" | "-s" => {}
            _ if ["-Wl,", "-l", "-L", "-fno-diagnostics", "-fdiagnostics", "-fno-canonical"]
                .iter()
                .any(|one| word.starts_with(one)) => {}
            _ => kept.push(word),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_the_program_is_left_out() {
        let words = "-O2 -fno-canonical-system-headers -x c - -x none -DA=1 -Iinclude -lm -o /p -MD -MF /r -MT program -Wl,--as-needed -L/x -pthread";
        let kept = of_language(words.split(' ').map(str::to_owned));
        assert_eq!(kept, ["-O2", "-DA=1", "-Iinclude", "-pthread"]);
    }
}
