//! The variables of settings, by what they mean to a cached run: lists that are made of the table when runner is compiled, since
//! the fast path allocates nothing.

use crate::request::flag::Flag;
use crate::request::flag::Variable::{Ignored, Key, Slow};
use crate::request::flags::FLAGS;

/// The variables that are part of the launch key as they are, whether or not their value means anything: they change what is
/// built, or which binary a run gets.
pub(crate) const KEY_VARIABLES: &[&str] = &variables::<{ count(Meaning::Key) }>(Meaning::Key);

/// The variables that mean nothing to a cached run.
#[cfg(any(target_os = "linux", test))]
pub(crate) const IGNORED_VARIABLES: &[&str] = &variables::<{ count(Meaning::Ignored) }>(Meaning::Ignored);

/// The variables for which a hit goes the long way.
#[cfg(any(target_os = "linux", test))]
pub(crate) const SLOW_VARIABLES: &[&str] = &variables::<{ count(Meaning::Slow) }>(Meaning::Slow);

/// What a variable means to a cached run.
#[derive(Clone, Copy)]
enum Meaning {
    Key,
    Ignored,
    Slow,
}

const fn variable(flag: &Flag, meaning: Meaning) -> Option<&'static str> {
    match flag.setting() {
        Some(setting) => match (setting.variable, meaning) {
            (Key(name), Meaning::Key) | (Ignored(name), Meaning::Ignored) | (Slow(name), Meaning::Slow) => {
                Some(name)
            }
            _ => None,
        },
        None => None,
    }
}

const fn count(meaning: Meaning) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < FLAGS.len() {
        if variable(&FLAGS[at], meaning).is_some() {
            count += 1;
        }
        at += 1;
    }
    count
}

const fn variables<const N: usize>(meaning: Meaning) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut at, mut count) = (0, 0);
    while at < FLAGS.len() {
        if let Some(name) = variable(&FLAGS[at], meaning) {
            names[count] = name;
            count += 1;
        }
        at += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_sorted_by_what_they_mean_to_a_cached_run() {
        assert!(KEY_VARIABLES.contains(&"RUNNER_PROFILE") && !IGNORED_VARIABLES.contains(&"RUNNER_PROFILE"));
        assert_eq!(SLOW_VARIABLES, ["RUNNER_SANDBOX", "RUNNER_VERBOSE", "RUNNER_VERIFY"]);
        assert!(IGNORED_VARIABLES.contains(&"RUNNER_CACHE") && !KEY_VARIABLES.contains(&"RUNNER_CACHE"));
    }
}
