//! The network: what cargo says when there is none, or when it may not be used, told in one line.
//!
//! Cargo tries a registry that does not answer four times, for ten seconds, and tells in a dozen lines what went wrong with
//! each. Here it tries twice, then without the network: what is here is enough for most scripts. Only if it is not, cargo
//! may try as long as it likes.

use std::process::Command;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::rust::cargo_config::CargoConfig;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::store::stamp::Moment;

/// How long cargo tries to reach a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// Not at all.
    Off,
    /// Twice.
    Briefly,
    /// As cargo likes, or whoever configured it.
    Patiently,
}

impl Network {
    /// Tells cargo.
    pub(super) fn tell(self, command: &mut Command, layers: &Layers, environment: &Environment) {
        const RETRY: &str = "CARGO_NET_RETRY";
        match self {
            Network::Off => drop(command.arg("--offline")),
            Network::Briefly if environment.set(RETRY).is_none() => drop(command.env(RETRY, "1")),
            Network::Briefly | Network::Patiently => {}
        }
        if self != Network::Off && layers.is_on("offline") == Some(false) {
            // Said to us, and stronger than what cargo was told.
            command.env("CARGO_NET_OFFLINE", "false");
        }
    }
}

/// Signs that cargo failed for want of a network, or of a registry that answers. What it says besides (`failed to get`) it
/// also says of a directory that is not there.
const UNREACHABLE: &[&str] = &[
    "Could not resolve host",
    "Couldn't resolve host",
    "Could not connect",
    "Couldn't connect",
    "Timeout was reached",
    "SSL connect error",
    "network failure",
    "spurious network",
    "download of config.json failed",
    "failed to download from `http",
];

/// Signs that it failed because it may not use one.
const FORBIDDEN: &[&str] = &[
    "using offline mode",
    "but --offline was specified",
    "you may want to retry without the",
    "you are in the offline mode",
];

pub(super) fn is_unreachable(diagnostics: &str) -> bool {
    UNREACHABLE.iter().any(|sign| diagnostics.contains(sign)) && !is_forbidden(diagnostics)
}

fn is_forbidden(diagnostics: &str) -> bool {
    FORBIDDEN.iter().any(|sign| diagnostics.contains(sign))
}

/// The dependency that is missing, as cargo names it.
pub(super) fn missing(diagnostics: &str) -> Option<String> {
    let quoted = |sign: &str| {
        let rest = &diagnostics[diagnostics.find(sign)? + sign.len()..];
        Some(rest.split_once('`')?.0.to_owned())
    };
    let signs = [
        "no matching package named `",
        "failed to download `",
        "failed to get `",
        "failed to load source for dependency `",
        "failed to select a version for the requirement `",
    ];
    let found = signs.iter().find_map(|sign| quoted(sign))?;
    // An address names no dependency to whoever reads it.
    (!found.contains("://")).then_some(found)
}

/// The dependency that has no feature of the name it is asked for, as cargo names it.
pub(super) fn with_unknown_feature(diagnostics: &str) -> Option<&str> {
    let sign = ["does not have that feature", "does not have these features", "does not have feature"];
    let line = diagnostics.lines().find(|line| sign.iter().any(|sign| line.contains(sign)))?;
    let (before, _) = line.split_once("` with feature").or_else(|| line.split_once("` does not have"))?;
    before.rsplit('`').next()
}

/// The repository of git that cargo could not fetch, without the user and password of its address.
fn repository(diagnostics: &str) -> Option<String> {
    let of = |line: &str| {
        Some(line.trim().get(1..)?.strip_prefix("nable to update ")?.split(' ').next()?.to_owned())
    };
    let address = diagnostics.lines().find_map(of)?;
    // A registry has a name in its place.
    let (scheme, rest) = address.split_once("://")?;
    Some(format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or(rest)))
}

/// Why the registry cannot be reached, in the words of whoever tried.
fn cause(diagnostics: &str) -> Option<&str> {
    let lines = diagnostics.lines().map(str::trim);
    let mut causes = lines.filter(|line| !line.starts_with("warning"));
    if let Some((number, words)) = causes.find_map(|line| line.split_once("] ")) {
        return number.starts_with('[').then(|| words.split(" (").next().unwrap_or(words));
    }
    // Of git it is the innermost.
    let (_, last) = diagnostics.rsplit_once("Caused by:\n")?;
    last.lines().next()?.trim().split("; class=").next().filter(|_| repository(diagnostics).is_some())
}

/// One line for what cargo says in many, if that is about the network.
pub(super) fn explain(diagnostics: &str, layers: &Layers, environment: &Environment) -> Option<Error> {
    let name = missing(diagnostics);
    if is_forbidden(diagnostics) {
        let who = forbidden_by(layers, environment);
        let text = match name {
            Some(name) => format!("dependency `{name}` is not downloaded, and `{who}` is set"),
            None => format!("a dependency is not downloaded, and `{who}` is set"),
        };
        let hint = format!("run it once without `{who}` to download what is missing");
        return Some(Error::message(Step::Dependencies, text).hint(hint));
    }
    is_unreachable(diagnostics).then(|| unreachable(name, diagnostics))
}

/// The error of a registry that does not answer, with a dependency of which that is known that it is missing.
pub(super) fn unreachable(name: Option<String>, diagnostics: &str) -> Error {
    let mut text = match repository(diagnostics) {
        Some(address) => format!("the repository `{address}` cannot be reached"),
        None => "the registry cannot be reached".to_owned(),
    };
    if let Some(cause) = cause(diagnostics) {
        text.push_str(&format!(" ({cause})"));
    }
    if let Some(name) = name {
        text.push_str(&format!(", and dependency `{name}` is not here"));
    }
    let hint =
        "run it once with a network, and no run of it needs one again; `runner help offline` says more";
    Error::message(Step::Dependencies, text).hint(hint)
}

/// Who has told cargo to do without the network, if anybody has.
///
/// # Errors
/// [`crate::Step::Dependencies`] if cargo's configuration cannot be read.
pub(crate) fn offline_for_cargo(environment: &Environment) -> Result<Option<Origin>> {
    const VARIABLE: &str = "CARGO_NET_OFFLINE";
    if let Some(value) = environment.set(VARIABLE) {
        return Ok((value == "true").then(|| Origin::Variable(VARIABLE.to_owned())));
    }
    let config = CargoConfig::read(environment, Moment::now())?;
    Ok(config.offline.map(|path| Origin::File(path, 0)))
}

/// What switched the network off.
fn forbidden_by(layers: &Layers, environment: &Environment) -> String {
    let name = if layers.is_on("frozen") == Some(true) { "frozen" } else { "offline" };
    match layers.of(name) {
        Some((_, Origin::Variable(variable))) => variable.clone(),
        Some((_, source @ Origin::File(..))) => source.to_string(),
        Some(_) => format!("--{name}"),
        None => match offline_for_cargo(environment) {
            Ok(Some(source)) => source.to_string(),
            _ => "--offline".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cargo 1.95's own words.
    const CASES: &[(&str, &str)] = &[
        (
            "    Updating crates.io index\nwarning: spurious network error (1 try remaining): [7] Could not connect to \
             server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server)\nerror: failed to get \
             `either` as a dependency of package `a v0.0.0 (/x)`\n\nCaused by:\n  download of config.json failed\n\n\
             Caused by:\n  failed to download from `https://index.crates.io/config.json`\n\nCaused by:\n  [7] Could not \
             connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server)\n",
            "the registry cannot be reached (Could not connect to server), and dependency `either` is not here",
        ),
        (
            "error: failed to download from `https://index.crates.io/fnv/1.0.7/download`\n\nCaused by:\n  [6] Could not \
             resolve hostname (Could not resolve host: index.crates.io)\n",
            "the registry cannot be reached (Could not resolve hostname)",
        ),
        (
            "error: no matching package named `fnv` found\nlocation searched: crates.io index\nrequired by package \
             `a v0.0.0 (/x)`\nAs a reminder, you're using offline mode (--offline) which can sometimes cause surprising \
             resolution failures, if this error is too confusing you may wish to retry without `--offline`.\n",
            "dependency `fnv` is not downloaded, and `--offline` is set",
        ),
        (
            "error: failed to download `fnv v1.0.7`\n\nCaused by:\n  attempting to make an HTTP request, but --offline was \
             specified\n",
            "dependency `fnv v1.0.7` is not downloaded, and `--offline` is set",
        ),
        (
            "error: failed to get `a` as a dependency of package `x v0.0.0 (/x)`\n\nCaused by:\n  failed to load source for \
             dependency `a`\n\nCaused by:\n  Unable to update https://example.org/a.git\n\nCaused by:\n  failed to fetch\n\n\
             Caused by:\n  network failure seems to have happened\n",
            "the repository `https://example.org/a.git` cannot be reached (network failure seems to have happened), and \
             dependency `a` is not here",
        ),
        (
            "warning: spurious network error (1 try remaining): failed to connect to x: Connection refused; class=Os (2)\n\
             error: failed to get `foo` as a dependency of package `x v0.0.0 (/x)`\n\nCaused by:\n  failed to load source \
             for dependency `foo`\n\nCaused by:\n  unable to update ssh://git:word@x/foo\n\nCaused by:\n  failed to clone \
             into: /h/.cargo/git/db/foo-c9\n\nCaused by:\n  failed to connect to x: Connection refused; class=Os (2)\n",
            "the repository `ssh://x/foo` cannot be reached (failed to connect to x: Connection refused), and dependency \
             `foo` is not here",
        ),
    ];

    #[test]
    fn what_cargo_says_of_a_network_is_one_line() {
        let environment = Environment::fixed([]);
        for (said, expected) in CASES {
            let error = explain(said, &Layers::default(), &environment).unwrap();
            assert_eq!(error.to_string(), *expected, "{said}");
        }
        for other in ["error: no matching package named `x` found\n", "error: could not compile `a`\n", ""] {
            assert!(explain(other, &Layers::default(), &environment).is_none(), "{other}");
        }
    }

    #[test]
    fn who_forbids_the_network_is_named() {
        let environment = Environment::fixed([("CARGO_NET_OFFLINE".into(), "true".into())]);
        let (_, text) = ("", CASES[3].0);
        let hint =
            |layers: &Layers| explain(text, layers, &environment).unwrap().cure().unwrap().into_owned();
        assert!(hint(&Layers::default()).contains("without `CARGO_NET_OFFLINE`"));
        let variables = Environment::fixed([("RUNNER_FROZEN".into(), "1".into())]);
        assert!(hint(&Layers::of_variables(&variables).unwrap()).contains("without `RUNNER_FROZEN`"));
    }
}
