//! Plans: what is decided of a script in another language before it is compiled.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::{shell_commands, small_sort};
use crate::languages::compiler::{Compiler, Search};
use crate::languages::language::How;
use crate::languages::language_script::LanguageScript;
use crate::languages::metadata::Head;
use crate::languages::template::{self, Template};
use crate::languages::{c, go, packages, scriptisto};
use crate::request::options::{Harness, Options};
use crate::request::program_args::ProgramArgs;
use crate::script::header::Spec;
use crate::script::script_file::Script;
use crate::settings::build_request::BuildRequest;
use crate::settings::schema;
use crate::settings::script_table::Settings;
use crate::store::cache::Cache;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// How much the compiler does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Optimized.
    Release,
    /// With debug information, and whatever checks the language has.
    Dev,
    /// Fast to compile.
    Quick,
}

/// A recipe of a script in another language, whose compiler has been found.
#[derive(Debug)]
pub(crate) struct LanguageRecipe<'a> {
    pub(crate) request: &'a BuildRequest,
    pub(crate) script: &'a Script,
    pub(crate) options: &'a Options,
    pub(crate) settings: &'a Settings,
    pub(crate) head: &'a Head,
    pub(crate) level: Level,
    pub(crate) compiler: Compiler,
    /// What it is called with.
    pub(crate) way: Way<'a>,
    /// More arguments that the script gives it, in order.
    pub(crate) flags: Vec<String>,
    pub(crate) notes: Vec<String>,
    /// What these decisions rest on.
    pub(crate) checks: Vec<Check<'static>>,
    /// When they were begun.
    pub(crate) since: Moment,
}

/// How a compiler is called, with what its language alone knows.
#[derive(Debug)]
pub(crate) enum Way<'a> {
    C(c::Tools),
    Go(go::Tools),
    Template(&'static Template),
    Scriptisto(&'a Spec),
}

impl<'a> LanguageRecipe<'a> {
    /// Finds the compiler and decides how to call it.
    pub(crate) fn decide(
        script: &'a LanguageScript,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<LanguageRecipe<'a>> {
        let LanguageScript { request, head } = script;
        let BuildRequest { script, options, settings, .. } = request;
        refuse_options_for_rust(options, head)?;
        let level = level(options, head)?;
        let search = Search { environment, cache, since: Moment::now() };
        let mut checks = Vec::new();
        let mut notes = Vec::new();
        let wanted = options.toolchain.as_deref();
        let (compiler, way) = match (&head.spec, &head.language.how) {
            (Some(spec), _) => (scriptisto::shell(spec, search)?, Way::Scriptisto(spec)),
            (None, How::C(kind)) => {
                let (compiler, tools) = c::find(*kind, head, wanted, search, &mut notes)?;
                (compiler, Way::C(tools))
            }
            (None, How::Go) => {
                let (compiler, tools) = go::find(head, wanted, search)?;
                (compiler, Way::Go(tools))
            }
            (None, How::Compilers(all)) => {
                let (compiler, template) = template::find(all, head, wanted, search, &mut notes)?;
                (compiler, Way::Template(template))
            }
            (None, How::Interpreter(runs)) => {
                let text = format!("it is {}, and `{runs}` is not a compiler", head.language.with_article());
                return Err(Error::message(Step::Script, text));
            }
        };
        let mut asked = Vec::new();
        let words = head.call.iter().flat_map(|call| &call.words);
        let mut flags = Vec::new();
        for word in words {
            match word.is_script() {
                true => flags.push(SCRIPT.to_owned()),
                // All arguments of the script.
                false if word.text == "$@" || word.text == "$*" => {}
                false => match shell_commands::expand(word, environment, &mut asked) {
                    Some(words) => flags.extend(words),
                    None => match packages::flags(word, script.base(), search, &mut checks)? {
                        Some(words) => flags.extend(words),
                        None => {
                            notes.push(format!("`{}` in the call of its compiler is passed over", word.text))
                        }
                    },
                },
            }
        }
        small_sort::sort(&mut asked);
        asked.dedup();
        checks.extend(asked.iter().map(|name| Check::variable(name, environment)));
        let flags = match &way {
            Way::C(_) => c::flags(flags),
            Way::Go(_) => go::flags(flags),
            Way::Template(template) => template.flags(head, flags),
            Way::Scriptisto(_) => Vec::new(),
        };
        let flags = flags.into_iter().chain(head.flags.iter().cloned()).collect();
        checks.extend(compiler.checks.iter().cloned());
        checks.extend(schema::choices(environment));
        checks.extend(request.config.checks.iter().cloned());
        Ok(LanguageRecipe {
            request,
            script,
            options,
            settings,
            head,
            level,
            compiler,
            way,
            flags,
            notes,
            checks,
            since: search.since,
        })
    }

    /// What the binary is called: the script's own name.
    pub(crate) fn name(&self) -> OsString {
        let stem = self.script.stem();
        let bytes = stem.as_bytes().iter().map(|byte| if byte.is_ascii_control() { b'-' } else { *byte });
        OsString::from_vec(bytes.collect())
    }

    /// What the program is told when it runs.
    pub(crate) fn told(&self) -> ProgramArgs {
        let arguments = self.settings.arguments.iter().map(OsString::from).collect();
        ProgramArgs { arguments, variables: self.request.variables.clone() }
    }

    /// The directory that the script's relative paths are taken from, and that its compiler runs in.
    pub(crate) fn base(&self) -> &Path {
        self.script.base()
    }

    /// The name of the script's file, if it has one.
    pub(crate) fn file_name(&self) -> Option<&OsStr> {
        self.script.path().and_then(Path::file_name)
    }

    /// How it is built, for people.
    pub(crate) fn profile_name(&self) -> &'static str {
        match self.level {
            Level::Release => "release",
            Level::Dev => "dev",
            Level::Quick => "quick",
        }
    }
}

/// Stands for the script among the words of a call.
pub(super) const SCRIPT: &str = "\0script";

fn level(options: &Options, head: &Head) -> Result<Level> {
    Ok(match options.profile.as_deref() {
        None | Some("release") => Level::Release,
        Some("dev" | "debug") => Level::Dev,
        Some("quick") => Level::Quick,
        Some(other) => {
            let shown = head.language.shown;
            let text = format!("there is no profile `{}` for {shown}", other.escape_debug());
            return Err(Error::message(Step::Arguments, text).hint("there are `release`, `dev` and `quick`"));
        }
    })
}

/// Whether rustc's name of a machine is that of this one, as far as it can be told without rustc.
fn is_this_machine(target: &str) -> bool {
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    target.starts_with(std::env::consts::ARCH) && target.contains(os)
}

/// What only cargo or rustc could do.
fn refuse_options_for_rust(options: &Options, head: &Head) -> Result<()> {
    if let Some(target) = options.target.as_deref().filter(|target| !is_this_machine(target)) {
        let text = format!(
            "`{}` is another machine, and {} scripts are built for this one",
            target.escape_debug(),
            head.language.shown
        );
        return Err(Error::message(Step::Arguments, text)
            .hint("`--target` is for Rust; the script's own flags may say more"));
    }
    let asked = match options {
        Options { harness: Some(Harness::Test), .. } => "`runner test`",
        Options { harness: Some(Harness::Bench), .. } => "`runner bench`",
        Options { edition: Some(_), .. } => "`--edition`",
        Options { locked: true, .. } => "`--locked`",
        Options { dependencies, .. } if !dependencies.is_empty() => "`--dep`",
        _ => return Ok(()),
    };
    let text = format!("{asked} is for Rust, and this is {}", head.language.with_article());
    Err(Error::message(Step::Arguments, text))
}
