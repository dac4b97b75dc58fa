//! Tests of the table of flags: options written as arguments and back.

use std::path::PathBuf;

use super::*;
use crate::base::digest::Fields;
use crate::request::dialect::Dialect;
use crate::request::options::Harness;
use crate::request::package_spec::Selection;
use crate::request::sandbox_permissions::Grant;

/// Numbers from a seed: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn text(&mut self) -> String {
        const WORDS: &[&str] = &[
            "a",
            "x-y_z",
            "with space",
            "it's",
            "\"quoted\"",
            "--like-an-option",
            "é\\",
            "1=2",
            "-",
            "$HOME\t;",
        ];
        self.pick(WORDS).to_owned()
    }

    fn maybe(&mut self) -> Option<String> {
        self.coin().then(|| self.text())
    }

    fn texts(&mut self) -> Vec<String> {
        (0..self.below(4)).map(|_| self.text()).collect()
    }

    fn features(&mut self) -> Vec<String> {
        (0..self.below(3)).map(|number| format!("f{number}/x-y")).collect()
    }
}

/// Any options. All fields are named: a new one does not compile until it is here.
fn any(numbers: &mut Numbers) -> Options {
    const DIALECTS: &[Option<Dialect>] =
        &[None, Some(Dialect::Cargo), Some(Dialect::RustScript), Some(Dialect::Scriptisto)];
    Options {
        profile: numbers.maybe(),
        toolchain: numbers.maybe(),
        language: numbers.maybe(),
        target: numbers.maybe(),
        edition: numbers.maybe(),
        dependencies: (0..numbers.below(3))
            .map(|number| {
                (format!("d{number}"), numbers.pick(&["*", "=1", "{ path = \"/x y\" }"]).to_owned())
            })
            .collect(),
        harness: numbers.pick(&[None, Some(Harness::Test), Some(Harness::Bench)]),
        dialect: numbers.pick(DIALECTS),
        base: numbers.maybe().map(|text| PathBuf::from("/").join(text)),
        is_static: numbers.pick(&[None, Some(true), Some(false)]),
        rust_flags: numbers.coin().then(|| numbers.texts()),
        sandbox_build: numbers.coin(),
        offline: numbers.coin(),
        installs: numbers.coin(),
        locked: numbers.coin(),
        force: numbers.coin(),
        optimal: numbers.coin(),
        temporary: numbers.coin(),
        portable: numbers.coin(),
        selection: Selection {
            bin: numbers.maybe(),
            features: numbers.features(),
            no_default_features: numbers.coin(),
            all_features: numbers.coin(),
            registry: numbers.maybe(),
        },
        strip: numbers.coin(),
        revision: None,
        verbosity: numbers.pick(&[Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose]),
        deadline: None,
        cancel: None,
        sandbox: {
            let mut sandbox =
                Permissions { sandbox: numbers.coin(), unix: numbers.coin(), ..Permissions::default() };
            if numbers.coin() {
                sandbox.read.add([PathBuf::from("/a b"), PathBuf::from("c")]);
                sandbox.network = Grant::Everything;
                sandbox.variables.add(["APP_*".to_owned()]);
            }
            sandbox
        },
        debug: DebugOptions {
            shows_commands: numbers.coin(),
            is_dry_run: numbers.coin(),
            keeps_work: numbers.coin(),
            times: numbers.coin(),
            exec: numbers.texts(),
        },
    }
}

fn key(options: &Options) -> String {
    let mut fields = Fields::new("test");
    options.add_to(&mut fields);
    fields.finish().hex()
}

/// A hit has no options, and hashes none.
#[test]
fn options_that_ask_for_nothing_are_no_part_of_a_key() {
    assert_eq!(key(&Options::default()), Fields::new("test").finish().hex());
}

#[test]
fn any_options_are_the_same_with_the_same_key_after_they_were_written_as_arguments() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for _ in 0..2_000 {
        let options = any(&mut numbers);
        let words = options.to_arguments();
        let back = Options::from_arguments(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        assert_eq!(back, options, "{words:?}");
        assert_eq!(key(&back), key(&options), "{words:?}");
        assert_eq!(back.to_arguments(), words);
        assert_eq!(Options::from_arguments(options.to_words()).unwrap(), options);
    }
    assert!(Options::default().to_arguments().is_empty());
}

#[test]
fn what_is_no_option_is_refused() {
    for words in [&["--nosuch"][..], &["--background"], &["x.rs"], &["--profile"], &["--release", "--debug"]]
    {
        assert!(Options::from_arguments(words).is_err(), "{words:?}");
    }
}

#[test]
fn a_setting_has_one_name_everywhere() {
    for setting in settings() {
        let name = setting.variable_name();
        let expected = setting
            .may_be_in(Place::Variable)
            .then(|| format!("RUNNER_{}", setting.name.to_ascii_uppercase().replace('-', "_")));
        assert_eq!(name, expected.as_deref(), "{}", setting.name);
        assert_eq!(settings().filter(|other| other.name == setting.name).count(), 1, "{}", setting.name);
    }
}
