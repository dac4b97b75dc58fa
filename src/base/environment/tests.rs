//! Tests of the environment.

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::fixed(variables.iter().map(|(name, value)| (name.into(), value.into())))
}

#[test]
fn the_callers_project_does_not_leak_into_a_build() {
    let kept = environment(&[
        ("CARGO_TARGET_DIR", "/x"),
        ("CARGO_PROFILE_RELEASE_LTO", "fat"),
        ("CARGO_PKG_NAME", "caller"),
        ("CARGO_HOME", "/c"),
        ("CARGO_NET_OFFLINE", "true"),
        ("RUSTFLAGS", "-C opt-level=0"),
        ("CC", "clang"),
    ])
    .for_compilers();
    let names: Vec<_> = kept.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["CARGO_HOME", "CARGO_NET_OFFLINE", "CC", "RUSTFLAGS"]);
}

#[test]
fn colors_are_as_asked_for_then_as_variables_say_then_as_the_terminal_is() {
    for (variables, on_pipe, on_terminal) in [
        (&[][..], false, true),
        (&[("NO_COLOR", "1")], false, false),
        (&[("NO_COLOR", "")], false, true),
        (&[("CLICOLOR_FORCE", "1")], true, true),
        (&[("CLICOLOR_FORCE", "0")], false, true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
        (&[("CLICOLOR", "0")], false, false),
        (&[("CLICOLOR", "1")], false, true),
        (&[("CARGO_TERM_COLOR", "always")], true, true),
        (&[("CARGO_TERM_COLOR", "never")], false, false),
        (&[("CARGO_TERM_COLOR", "auto")], false, true),
        (&[("TERM", "dumb")], false, false),
        (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true, true),
    ] {
        let environment = environment(variables);
        for (is_terminal, expected) in [(false, on_pipe), (true, on_terminal)] {
            let environment = environment.clone().with_terminal(is_terminal);
            assert_eq!(environment.has_color(), expected, "{variables:?} {is_terminal}");
            assert!(environment.clone().with_color(true).has_color());
            assert!(!environment.with_color(false).has_color());
        }
    }
}

#[test]
fn directories_follow_their_variables() {
    let at_home = environment(&[("HOME", "/home/ana")]);
    assert_eq!(at_home.cache_directory(), Some("/home/ana/.cache/runner".into()));
    assert_eq!(at_home.executable_directory(), Some("/home/ana/.local/bin".into()));
    assert_eq!(at_home.cargo_home(), Some("/home/ana/.cargo".into()));
    let chosen = environment(&[("HOME", "/home/ana"), ("RUNNER_CACHE", "/c"), ("RUNNER_BIN", "/b")]);
    assert_eq!(chosen.cache_directory(), Some("/c".into()));
    assert_eq!(chosen.executable_directory(), Some("/b".into()));
    assert_eq!(
        environment(&[("HOME", "/h"), ("XDG_CACHE_HOME", "rel")]).cache_directory(),
        Some("/h/.cache/runner".into())
    );
}
