//! The variables that compilers of other languages are started with: those that the row of the language names, those that the
//! script does, and the common ones. No others, so that none can be forgotten.
//!
//! Each is a fact by its value, set or not, with two exceptions: of `PATH` it is a fact what a search finds for each name that
//! was looked for, and where temporary files go changes no program.

use std::ffi::{OsStr, OsString};

use crate::base::environment::Environment;
use crate::base::order;
use crate::store::trace::fact::Check;

/// What any program may need to work.
const COMMON: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LC_COLLATE",
    "LC_MESSAGES",
    "LC_NUMERIC",
    "LOCPATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "DYLD_LIBRARY_PATH",
    "SDKROOT",
    "DEVELOPER_DIR",
    "MACOSX_DEPLOYMENT_TARGET",
    "SOURCE_DATE_EPOCH",
    "NIX_LD",
    "NIX_LD_LIBRARY_PATH",
];

/// What is given as it is, and is no fact by its value.
const UNRECORDED: &[&str] = &["PATH", "TMPDIR"];

/// The names of the variables of one compilation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Variables(Vec<String>);

impl Variables {
    /// The common ones, those of a language and those of a script.
    pub(crate) fn of<'a>(
        language: impl IntoIterator<Item = &'a str>,
        script: impl IntoIterator<Item = &'a str>,
    ) -> Variables {
        let all = COMMON.iter().copied().chain(language).chain(script);
        let mut names: Vec<String> =
            all.filter(|name| !UNRECORDED.contains(name)).map(str::to_owned).collect();
        order::sort(&mut names);
        names.dedup();
        Variables(names)
    }

    /// The environment that a compiler is started with.
    pub(crate) fn given(&self, environment: &Environment) -> Vec<(OsString, OsString)> {
        let names = self.0.iter().map(String::as_str).chain(UNRECORDED.iter().copied());
        names.filter_map(|name| Some((OsStr::new(name).to_owned(), environment.variable(name)?))).collect()
    }

    /// What they are. Those that may hold a password are told by their digest.
    pub(crate) fn checks(&self, environment: &Environment) -> Vec<Check<'static>> {
        let may_be_secret = |name: &str| {
            let name = name.to_ascii_uppercase();
            ["PROXY", "AUTH", "TOKEN", "SECRET"].iter().any(|word| name.contains(word))
        };
        let check = |name: &String| match may_be_secret(name) {
            true => Check::private_variable(name, environment),
            false => Check::variable(name, environment),
        };
        self.0.iter().map(check).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_is_given_what_is_named_and_nothing_else() {
        let set = ["CPATH", "HOME", "MINE", "OTHER", "PATH", "TMPDIR"];
        let environment = Environment::fixed(set.map(|name| (name.into(), "value".into())));
        let variables = Variables::of(["CPATH", "CC"], ["MINE"]);
        let names: Vec<_> = variables.given(&environment).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["CPATH", "HOME", "MINE", "PATH", "TMPDIR"]);
        let facts: Vec<String> = variables
            .checks(&environment)
            .iter()
            .map(|check| {
                let mut text = Vec::new();
                check.render(&mut text);
                String::from_utf8(text).unwrap()
            })
            .collect();
        assert!(
            facts.contains(&"variable CPATH=value\n".to_owned())
                && facts.contains(&"variable CC\n".to_owned())
        );
        assert!(!facts.iter().any(|fact| fact.contains("PATH=") && !fact.contains("CPATH")), "{facts:?}");
    }
}
