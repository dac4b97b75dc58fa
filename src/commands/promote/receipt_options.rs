//! The options of a promotion, kept in its receipt: an upgrade builds with the same ones.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::request::dialect::Dialect;
use crate::request::options::Options;
use crate::request::package_spec::Selection;
use crate::store::sealed_record::Record;

/// The options that were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Options);

impl Asked {
    pub(crate) fn of(options: &Options) -> Asked {
        // Destructured, so that a new option cannot be forgotten here.
        let Options {
            profile,
            toolchain,
            language,
            target,
            edition,
            dependencies,
            harness: _,
            dialect,
            base,
            is_static,
            rust_flags,
            offline: _,
            locked,
            force: _,
            optimal: _,
            temporary: _,
            portable: _,
            selection,
            strip,
            // As it is then.
            revision: _,
            verbosity: _,
            steering: _,
        } = options.clone();
        let asked = Options {
            profile,
            toolchain,
            language,
            target,
            edition,
            dependencies,
            dialect,
            base,
            ..Options::default()
        };
        Asked(Options { is_static, rust_flags, locked, selection, strip, ..asked })
    }

    pub(crate) fn options(&self) -> Options {
        self.0.clone()
    }

    pub(crate) fn write(&self, record: &mut Record) {
        let Options { profile, toolchain, target, edition, dependencies, dialect, base, .. } = &self.0;
        let Options { language, is_static, rust_flags, locked, selection, strip, .. } = &self.0;
        let Selection { bin, features, no_default_features, all_features, registry } = selection;
        let texts = [
            ("asked-profile", profile),
            ("asked-toolchain", toolchain),
            ("asked-language", language),
            ("asked-target", target),
            ("asked-edition", edition),
            ("asked-bin", bin),
            ("asked-registry", registry),
        ];
        for (name, text) in texts {
            text.iter().for_each(|text| record.push(name, text));
        }
        for (name, version) in dependencies {
            record.push("asked-dependency", format!("{name}={version}"));
        }
        features.iter().for_each(|feature| record.push("asked-feature", feature));
        rust_flags.iter().flatten().for_each(|flag| record.push("asked-flag", flag));
        dialect.iter().for_each(|dialect| record.push("asked-dialect", dialect.as_str()));
        base.iter().for_each(|base| record.push("asked-base", base));
        let switches = [
            ("asked-locked", locked),
            ("asked-strip", strip),
            ("asked-static", &(*is_static == Some(true))),
            ("asked-not-static", &(*is_static == Some(false))),
            ("asked-flags", &rust_flags.is_some()),
            ("asked-no-default-features", no_default_features),
            ("asked-all-features", all_features),
        ];
        switches.iter().filter(|(_, is_on)| **is_on).for_each(|(name, _)| record.push(name, "yes"));
    }

    pub(crate) fn read(record: &Record) -> Asked {
        let text = |name: &str| record.first(name).and_then(|text| text.into_string().ok());
        let texts = |name: &str| -> Vec<String> {
            record.all(name).into_iter().filter_map(|text| text.into_string().ok()).collect()
        };
        let is_on = |name: &str| record.first(name).is_some();
        let dependencies = texts("asked-dependency")
            .iter()
            .filter_map(|text| text.split_once('='))
            .map(|(name, version)| (name.to_owned(), version.to_owned()))
            .collect();
        Asked(Options {
            profile: text("asked-profile"),
            toolchain: text("asked-toolchain"),
            language: text("asked-language"),
            target: text("asked-target"),
            edition: text("asked-edition"),
            dependencies,
            dialect: text("asked-dialect").as_deref().and_then(Dialect::named),
            base: record.first("asked-base").map(PathBuf::from),
            is_static: is_on("asked-static").then_some(true).or(is_on("asked-not-static").then_some(false)),
            rust_flags: is_on("asked-flags").then(|| texts("asked-flag")),
            locked: is_on("asked-locked"),
            strip: is_on("asked-strip"),
            selection: Selection {
                bin: text("asked-bin"),
                features: texts("asked-feature"),
                no_default_features: is_on("asked-no-default-features"),
                all_features: is_on("asked-all-features"),
                registry: text("asked-registry"),
            },
            ..Options::default()
        })
    }

    /// As they stand on a command line.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let Options { profile, toolchain, target, edition, dependencies, base, .. } = &self.0;
        let Options { language, is_static, locked, selection, strip, .. } = &self.0;
        let mut out: Vec<OsString> = Vec::new();
        let valued = [
            ("--profile", profile),
            ("--toolchain", toolchain),
            ("--lang", language),
            ("--target", target),
            ("--edition", edition),
        ];
        for (name, value) in valued {
            out.extend(value.iter().flat_map(|value| [name.into(), value.into()]));
        }
        for (name, version) in dependencies {
            out.extend(["--dep".into(), format!("{name}={version}").into()]);
        }
        out.extend(base.iter().flat_map(|base| ["--base-path".into(), base.into()]));
        out.extend(locked.then(|| "--locked".into()));
        out.extend((*is_static == Some(true)).then(|| "--static".into()));
        out.extend(strip.then(|| "--strip".into()));
        out.extend(selection.arguments());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_reads_back() {
        let options = Options {
            profile: Some("dev".to_owned()),
            toolchain: Some("nightly".to_owned()),
            language: Some("rust".to_owned()),
            target: Some("aarch64-unknown-linux-gnu".to_owned()),
            edition: Some("2021".to_owned()),
            dependencies: vec![
                ("a".to_owned(), "=1".to_owned()),
                ("b".to_owned(), "{ path = \"/x y\" }".to_owned()),
            ],
            dialect: Dialect::named("rust-script"),
            base: Some(PathBuf::from("/b c")),
            is_static: Some(false),
            rust_flags: Some(vec!["-C".to_owned(), "lto".to_owned()]),
            locked: true,
            strip: true,
            selection: Selection {
                bin: Some("x".to_owned()),
                features: vec!["one".to_owned(), "two".to_owned()],
                no_default_features: true,
                all_features: true,
                registry: Some("own".to_owned()),
            },
            ..Options::default()
        };
        for options in [options, Options::default()] {
            let mut record = Record::default();
            Asked::of(&options).write(&mut record);
            assert_eq!(Asked::read(&record).options(), options);
        }
    }
}
