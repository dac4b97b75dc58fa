//! The resolved recipe of a script in a language other than Rust: the compiler was found and the flags are known.

use std::ffi::OsString;
use std::path::Path;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::base::shell_commands;
use crate::build::observing::Observing;
use crate::languages::compilation::{Compilation, Profile};
use crate::languages::compile_call::SCRIPT;
use crate::languages::compiler::{Compiler, Search};
use crate::languages::driver::Driver;
use crate::languages::language::Compilers;
use crate::languages::language_script::LanguageScript;
use crate::languages::metadata::Head;
use crate::languages::variables::Variables;
use crate::languages::{c, go, pkg_config, scriptisto, template};
use crate::request::options::{Harness, Options};
use crate::request::program_args::ProgramArgs;
use crate::settings::build_request::BuildRequest;
use crate::settings::schema;
use crate::store::cache::Cache;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// A recipe of a script in another language, whose compiler was found.
#[derive(Debug)]
pub(crate) struct LanguageRecipe<'a> {
    pub(crate) request: &'a BuildRequest,
    pub(crate) compilation: Compilation<'a>,
    pub(crate) driver: Box<dyn Driver + 'a>,
    /// Notes for the author of the script.
    pub(crate) notes: Vec<String>,
    /// The facts that the recipe depends on.
    pub(crate) checks: Vec<Check<'static>>,
}

impl<'a> LanguageRecipe<'a> {
    /// Finds the compiler and its flags.
    ///
    /// # Errors
    /// [`Step::Toolchain`] if there is no compiler, [`Step::Arguments`] if an option is for Rust only.
    pub(crate) fn resolve(
        script: &'a LanguageScript,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<LanguageRecipe<'a>> {
        let LanguageScript { request, head } = script;
        let BuildRequest { script, options, settings, .. } = request;
        refuse_options_for_rust(options, head)?;
        let profile = Profile::requested(options, head)?;
        let is_observed = Observing::of(&request.layers).is_in_force();
        let variables = variables(head, &settings.env);
        let search = Search { environment, cache, since: Moment::now(), is_observed, variables: &variables };
        let mut notes = Vec::new();
        request.layers.check_toolchain(environment)?;
        let (compiler, driver) = find_compiler(head, options.toolchain.as_deref(), search, &mut notes)?;
        let mut checks = Vec::new();
        let words = call_words(script.base(), head, search, &mut checks, &mut notes)?;
        let flags = driver.flags(head, words).into_iter().chain(head.flags.iter().cloned()).collect();
        checks.extend(compiler.checks.iter().cloned());
        checks.extend(variables.checks(environment));
        if options.portable && head.language.name == "go" {
            checks.extend(go::machine_checks(environment)?);
        }
        checks.extend(schema::choices(environment));
        checks.extend(request.config.checks.iter().cloned());
        let compilation =
            Compilation { script, options, settings, head, profile, compiler, flags, variables };
        Ok(LanguageRecipe { request, compilation, driver, notes, checks })
    }

    /// The arguments and variables of the program.
    pub(crate) fn told(&self) -> ProgramArgs {
        let arguments = self.request.settings.arguments.iter().map(OsString::from).collect();
        ProgramArgs {
            arguments,
            variables: self.request.variables.clone(),
            sandbox: self.request.options.sandbox.to_arguments(),
        }
    }
}

/// The variables that compilers of a script are started with; `own` are those that its metadata names.
fn variables(head: &Head, own: &[String]) -> Variables {
    let of_language = match &head.spec {
        Some(spec) => scriptisto::variables(spec),
        None => head.language.variables.to_vec(),
    };
    Variables::of(of_language, own.iter().map(String::as_str))
}

/// Finds the compiler of a script, and its driver; `wanted` is the value of `--toolchain`.
fn find_compiler<'a>(
    head: &'a Head,
    wanted: Option<&str>,
    search: Search<'_>,
    notes: &mut Vec<String>,
) -> Result<(Compiler, Box<dyn Driver + 'a>)> {
    fn boxed<'a>((compiler, driver): (Compiler, impl Driver + 'a)) -> (Compiler, Box<dyn Driver + 'a>) {
        (compiler, Box::new(driver))
    }
    if let Some(spec) = &head.spec {
        return scriptisto::find(spec, search).map(boxed);
    }
    match head.language.compilers {
        Compilers::CFamily(family) => c::find(family, head, wanted, search, notes).map(boxed),
        Compilers::Go => go::find(head, wanted, search).map(boxed),
        Compilers::Templates(all) => template::find(all, head, wanted, search, notes).map(boxed),
        Compilers::Interpreter(program) => {
            let text = format!(
                "it is {}; `{program}` is an interpreter, not a compiler",
                head.language.with_article()
            );
            Err(Error::message(Step::Script, text))
        }
    }
}

/// The words of the script's own compiler call, with variables and `$(pkg-config …)` expanded.
fn call_words(
    base: &Path,
    head: &Head,
    search: Search<'_>,
    checks: &mut Vec<Check<'static>>,
    notes: &mut Vec<String>,
) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut variables = Vec::new();
    for word in head.call.iter().flat_map(|call| &call.words) {
        if word.is_script() {
            words.push(SCRIPT.to_owned());
        } else if word.text == "$@" || word.text == "$*" {
            // All arguments of the script.
        } else if let Some(expanded) = shell_commands::expand(word, search.environment, &mut variables) {
            words.extend(expanded);
        } else if let Some(flags) = pkg_config::flags(word, base, search, checks)? {
            words.extend(flags);
        } else {
            notes.push(format!("`{}` in its compiler call is ignored", word.text));
        }
    }
    order::sort(&mut variables);
    variables.dedup();
    checks.extend(variables.iter().map(|name| Check::variable(name, search.environment)));
    Ok(words)
}

/// Whether a target of rustc's is this machine, as far as that can be known without rustc.
fn is_this_machine(target: &str) -> bool {
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    target.starts_with(std::env::consts::ARCH) && target.contains(os)
}

/// Refuses options that only rustc or cargo can honor.
fn refuse_options_for_rust(options: &Options, head: &Head) -> Result<()> {
    if let Some(target) = options.target.as_deref().filter(|target| !is_this_machine(target)) {
        let (target, language) = (target.escape_debug(), head.language.display_name);
        let text = format!("cannot build for `{target}`: {language} scripts are built for this machine only");
        return Err(Error::message(Step::Arguments, text)
            .hint("`--target` is for Rust; a script's own `flags` can select a target"));
    }
    let asked = match options {
        Options { harness: Some(Harness::Test), .. } => "`runner test`",
        Options { harness: Some(Harness::Bench), .. } => "`runner bench`",
        Options { edition: Some(_), .. } => "`--edition`",
        Options { locked: true, .. } => "`--locked`",
        Options { dependencies, .. } if !dependencies.is_empty() => "`--dep`",
        _ => return Ok(()),
    };
    let text = format!("{asked} is only for Rust, and this is {}", head.language.with_article());
    Err(Error::message(Step::Arguments, text))
}
