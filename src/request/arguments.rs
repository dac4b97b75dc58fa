//! Options as arguments of the command line, and back: what a receipt keeps, and what a background build is started with.

use std::ffi::{OsStr, OsString};

use crate::base::error::{Result, usage_error};
use crate::request::debug_options::DebugOptions;
use crate::request::flags::{FLAGS, named, takes_value};
use crate::request::options::{Options, Verbosity};

impl Options {
    /// These options as arguments, from which [`Options::from_arguments`] makes them again.
    pub fn to_arguments(&self) -> Vec<OsString> {
        // Destructured, so that a new option cannot be forgotten: it has a row in the table of flags, and a value in the
        // test below, or a reason here.
        let Options {
            profile: _,
            toolchain: _,
            language: _,
            target: _,
            edition: _,
            dependencies: _,
            harness: _,
            dialect: _,
            base: _,
            is_static: _,
            rust_flags: _,
            offline: _,
            locked: _,
            force: _,
            optimal: _,
            temporary: _,
            portable: _,
            selection: _,
            strip: _,
            verbosity: _,
            debug: _,
            // Nobody types it: it is asked of git at each build.
            revision: _,
        } = self;
        let mut words = Vec::new();
        for flag in FLAGS {
            // The long name, or the only one.
            let Some(name) = flag.names().last() else { continue };
            for value in flag.values(self) {
                words.push(name.into());
                words.extend(flag.value().map(|_| value));
            }
        }
        words
    }

    /// The same, each in one word: `--profile=dev`.
    pub(crate) fn to_words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in self.to_arguments() {
            let text = word.to_string_lossy();
            match words.last_mut() {
                Some(last) if !last.contains('=') && takes_value(last) => {
                    last.push('=');
                    last.push_str(&text);
                }
                _ => words.push(text.into_owned()),
            }
        }
        words
    }

    /// What they say that shapes a build, for people: `release`, `dev --toolchain=nightly`.
    pub(crate) fn describe(&self) -> String {
        let build =
            Options { profile: None, dialect: None, base: None, offline: false, ..self.of_background() };
        let profile = self.profile.clone().unwrap_or_else(|| "release".to_owned());
        [vec![profile], build.to_words()].concat().join(" ")
    }

    /// The options that such arguments say.
    ///
    /// # Errors
    /// [`crate::Step::Arguments`] if one of them is no flag that sets an option, or its value means nothing.
    pub fn from_arguments<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Result<Options> {
        let mut options = Options::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let word = word.as_ref().to_string_lossy().into_owned();
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            let flag = named(name).find(|flag| flag.is_option());
            let flag = flag.ok_or_else(|| usage_error(format!("unknown option `{name}`")))?;
            match (flag.value(), attached) {
                (None, None) => flag.set(&mut options, OsStr::new(""))?,
                (None, Some(_)) => return Err(usage_error(format!("`{name}` takes no value"))),
                (Some(_), Some(value)) => flag.set(&mut options, OsStr::new(value))?,
                (Some(_), None) => {
                    let value = words.next().ok_or_else(|| usage_error(format!("`{word}` needs a value")))?;
                    flag.set(&mut options, value.as_ref())?;
                }
            }
        }
        Ok(options)
    }

    /// What a background build is started with: all but what is about one run.
    pub(crate) fn of_background(&self) -> Options {
        Options {
            force: false,
            temporary: false,
            revision: None,
            verbosity: Verbosity::default(),
            debug: DebugOptions::default(),
            ..self.clone()
        }
    }

    /// What a receipt keeps: all but what each upgrade says anew, and what every promotion is.
    pub(crate) fn of_promotion(&self) -> Options {
        Options { offline: false, optimal: false, portable: false, harness: None, ..self.of_background() }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::base::digest::Fields;
    use crate::request::dialect::Dialect;
    use crate::request::options::Harness;
    use crate::request::package_spec::Selection;

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
            offline: numbers.coin(),
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
        for words in
            [&["--nosuch"][..], &["--background"], &["x.rs"], &["--profile"], &["--release", "--debug"]]
        {
            assert!(Options::from_arguments(words).is_err(), "{words:?}");
        }
    }
}
