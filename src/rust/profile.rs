//! Profiles, lints and features as compiler arguments, for scripts that cargo has no part in.
//!
//! With dependencies cargo itself turns `[profile.*]`, `[lints]` and `[features]` into arguments and its call is
//! captured; without, the same is done here, by the rules of cargo's `src/compiler/mod.rs` (`build_base_args`,
//! `lto_args`, `lints_to_rustflags`, `check_cfg_args`).

use std::cmp::Reverse;
use std::ffi::OsString;

use toml::{Table, Value};

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::request::package_spec::Selection;
use crate::rust::manifest::Manifest;

/// The settings of a profile, after inheritance.
#[derive(Debug, Clone, Default)]
struct Profile(Table);

/// The compiler arguments of a profile.
///
/// # Errors
/// [`Step::Metadata`] if there is no such profile or a setting has no meaning.
pub(crate) fn arguments(manifest: &Manifest, name: &str) -> Result<Vec<String>> {
    let profile = Profile::resolve(manifest, name, 0)?;
    let mut out = Vec::new();
    let mut codegen = |option: String| out.extend(["-C".to_owned(), option]);
    let unclear = |key: &str| {
        Err(Error::message(Step::Metadata, format!("`profile.{name}.{key}` has a value that means nothing")))
    };
    match profile.0.get("opt-level") {
        None => {}
        Some(Value::Integer(0)) => {}
        Some(Value::Integer(level @ 1..=3)) => codegen(format!("opt-level={level}")),
        Some(Value::String(level)) if matches!(level.as_str(), "s" | "z") => {
            codegen(format!("opt-level={level}"))
        }
        Some(_) => return unclear("opt-level"),
    }
    match profile.0.get("panic").map(Value::as_str) {
        None | Some(Some("unwind")) => {}
        Some(Some("abort")) => codegen("panic=abort".to_owned()),
        Some(_) => return unclear("panic"),
    }
    match profile.0.get("lto") {
        None | Some(Value::Boolean(false)) => codegen("embed-bitcode=no".to_owned()),
        Some(Value::Boolean(true)) => codegen("lto".to_owned()),
        Some(Value::String(kind)) => match kind.as_str() {
            "off" | "n" | "no" | "none" => {
                codegen("lto=off".to_owned());
                codegen("embed-bitcode=no".to_owned());
            }
            "fat" | "thin" => codegen(format!("lto={kind}")),
            _ => return unclear("lto"),
        },
        Some(_) => return unclear("lto"),
    }
    match profile.0.get("codegen-units") {
        None => {}
        Some(Value::Integer(units @ 1..)) => codegen(format!("codegen-units={units}")),
        Some(_) => return unclear("codegen-units"),
    }
    let debug = match profile.0.get("debug") {
        None | Some(Value::Boolean(false)) | Some(Value::Integer(0)) => None,
        Some(Value::Boolean(true)) => Some("2".to_owned()),
        Some(Value::Integer(level @ 1..=2)) => Some(level.to_string()),
        Some(Value::String(kind)) => match kind.as_str() {
            "none" => None,
            "limited" => Some("1".to_owned()),
            "full" => Some("2".to_owned()),
            "line-tables-only" | "line-directives-only" => Some(kind.clone()),
            _ => return unclear("debug"),
        },
        Some(_) => return unclear("debug"),
    };
    if let Some(level) = &debug {
        codegen(format!("debuginfo={level}"));
    }
    let switch = |key: &str| match profile.0.get(key) {
        None => Ok(None),
        Some(Value::Boolean(on)) => Ok(Some(*on)),
        Some(_) => {
            Err(Error::message(Step::Metadata, format!("`profile.{name}.{key}` must be true or false")))
        }
    };
    let optimized = profile.0.get("opt-level").is_some_and(|level| *level != Value::Integer(0));
    // The compiler's own defaults: both are on without optimization.
    for key in ["debug-assertions", "overflow-checks"] {
        if let Some(on) = switch(key)?
            && on == optimized
        {
            codegen(format!("{key}={}", if on { "on" } else { "off" }));
        }
    }
    if switch("rpath")? == Some(true) {
        codegen("rpath".to_owned());
    }
    let strip = match profile.0.get("strip") {
        None | Some(Value::Boolean(false)) => None,
        Some(Value::Boolean(true)) => Some("symbols".to_owned()),
        Some(Value::String(kind)) => match kind.as_str() {
            "none" => None,
            "debuginfo" | "symbols" => Some(kind.clone()),
            _ => return unclear("strip"),
        },
        Some(_) => return unclear("strip"),
    };
    match (strip, profile.0.contains_key("strip"), debug) {
        (Some(kind), _, _) => codegen(format!("strip={kind}")),
        // The standard library's debug information is of no use without the script's own, and costs a fifth of the link.
        (None, false, None) => codegen("strip=debuginfo".to_owned()),
        _ => {}
    }
    Ok(out)
}

/// The arguments of an optimizing profile without what takes time: for a script whose dependencies are optimized already.
/// Its semantics stay: without optimization the compiler would switch checks on that nobody asked for.
pub(crate) fn quickened(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(arguments.len() + 4);
    let (mut says_assertions, mut says_overflow) = (false, false);
    let mut arguments = arguments.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        let value =
            arguments.peek().filter(|_| argument == "-C").map(|value| value.to_string_lossy().into_owned());
        let Some(value) = value else {
            kept.push(argument);
            continue;
        };
        let is_about =
            |name: &str| value == name || value.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        says_assertions |= is_about("debug-assertions");
        says_overflow |= is_about("overflow-checks");
        let option = arguments.next().unwrap_or_default();
        if !["opt-level", "codegen-units"].iter().any(|name| is_about(name)) {
            kept.extend([argument, option]);
        }
    }
    let off = [("debug-assertions=off", says_assertions), ("overflow-checks=off", says_overflow)];
    for (option, _) in off.iter().filter(|(_, is_said)| !is_said) {
        kept.extend(["-C".into(), (*option).into()]);
    }
    kept
}

/// Whether what is built so is meant to be built again and again, as cargo sees it.
pub(crate) fn is_incremental(manifest: &Manifest, name: &str) -> bool {
    let setting =
        Profile::resolve(manifest, name, 0).ok().and_then(|profile| profile.0.get("incremental")?.as_bool());
    setting.unwrap_or(false)
}

/// Whether a profile leaves its dependencies without machine code, to be optimized with the script: then there is no quick
/// way to use them.
pub(crate) fn optimizes_at_link_time(manifest: &Manifest, name: &str) -> bool {
    let lto = Profile::resolve(manifest, name, 0).ok().and_then(|profile| profile.0.get("lto").cloned());
    match lto {
        None | Some(Value::Boolean(false)) => false,
        Some(Value::String(kind)) => matches!(kind.as_str(), "fat" | "thin"),
        Some(_) => true,
    }
}

/// Whether a profile asks for debug information, which names files where they are.
pub(crate) fn has_debug_information(manifest: &Manifest, name: &str) -> bool {
    let debug = Profile::resolve(manifest, name, 0).ok().and_then(|profile| profile.0.get("debug").cloned());
    match debug {
        None | Some(Value::Boolean(false) | Value::Integer(0)) => false,
        Some(Value::String(kind)) => kind != "none",
        Some(_) => true,
    }
}

impl Profile {
    fn resolve(manifest: &Manifest, name: &str, depth: usize) -> Result<Profile> {
        let table = manifest.profile(name);
        let inherits = table.and_then(|table| table.get("inherits")).and_then(Value::as_str);
        let mut profile = match (name, inherits) {
            _ if depth > 16 => {
                return Err(Error::message(Step::Metadata, format!("profile `{name}` inherits from itself")));
            }
            ("release" | "bench", _) => {
                let mut release = Profile::default();
                release.set("opt-level", 3.into());
                if name == "bench" { release.merge(manifest.profile("release")) } else { release }
            }
            ("dev" | "test", _) => {
                let mut dev = Profile::default();
                dev.set("debug", 2.into());
                dev.set("debug-assertions", true.into());
                dev.set("overflow-checks", true.into());
                dev.set("incremental", true.into());
                if name == "test" { dev.merge(manifest.profile("dev")) } else { dev }
            }
            (_, Some(parent)) => Profile::resolve(manifest, parent, depth + 1)?,
            ("quick", None) if table.is_none() => {
                let mut quick = Profile::resolve(manifest, "release", depth + 1)?;
                quick.set("opt-level", 0.into());
                quick.set("lto", "off".into());
                quick.set("codegen-units", 16.into());
                quick.set("incremental", true.into());
                for key in ["debug-assertions", "overflow-checks"] {
                    if !quick.0.contains_key(key) {
                        quick.set(key, false.into());
                    }
                }
                quick
            }
            (_, None) => {
                return Err(Error::message(Step::Metadata, format!("profile `{name}` is not defined")).hint(
                    "use `release`, `dev` or `quick`, or define it in the script's metadata with `inherits`",
                ));
            }
        };
        profile = profile.merge(table);
        Ok(profile)
    }

    fn set(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    fn merge(mut self, table: Option<&Table>) -> Profile {
        for (key, value) in table.into_iter().flatten() {
            self.0.insert(key.clone(), value.clone());
        }
        self
    }
}

/// `[lints]` as `--warn=…` and so on, weakest first.
pub(crate) fn lints(manifest: &Manifest) -> Result<Vec<String>> {
    let mut found: Vec<(i64, Reverse<String>, String)> = Vec::new();
    let mut check_cfg = Vec::new();
    for (tool, lints) in manifest.lints().into_iter().flatten() {
        let Some(lints) = lints.as_table() else { continue };
        for (name, config) in lints {
            let level = config.as_str().or_else(|| config.get("level").and_then(Value::as_str));
            let flag = match level {
                Some(level @ ("forbid" | "deny" | "warn" | "allow")) => level,
                _ => {
                    let text = format!("`lints.{tool}.{name}` must be `forbid`, `deny`, `warn` or `allow`");
                    return Err(Error::message(Step::Metadata, text));
                }
            };
            let priority = config.get("priority").and_then(Value::as_integer).unwrap_or(0);
            let full = if tool == "rust" { name.clone() } else { format!("{tool}::{name}") };
            found.push((priority, Reverse(name.clone()), format!("--{flag}={full}")));
            if name == "unexpected_cfgs" && tool == "rust" {
                let list = config.get("check-cfg").and_then(Value::as_array).into_iter().flatten();
                check_cfg.extend(list.filter_map(Value::as_str).map(str::to_owned));
            }
        }
    }
    order::sort(&mut found);
    let mut out: Vec<String> = found.into_iter().map(|(_, _, flag)| flag).collect();
    // In one argument: rustc takes one that begins with `@` for the name of a file of arguments.
    out.extend(check_cfg.into_iter().map(|cfg| format!("--check-cfg={cfg}")));
    Ok(out)
}

/// `[features]`: those that are chosen, or on by default, and the names that `cfg(feature)` may use.
pub(crate) fn features(manifest: &Manifest, selection: &Selection) -> Vec<String> {
    let mut on = Vec::new();
    let table = manifest.features();
    let mut pending = selection.features.clone();
    pending.extend((!selection.no_default_features).then(|| "default".to_owned()));
    pending.extend(table.into_iter().flat_map(Table::keys).filter(|_| selection.all_features).cloned());
    while let Some(name) = pending.pop() {
        let Some(Value::Array(implied)) = table.and_then(|table| table.get(&name)) else { continue };
        if !on.contains(&name) {
            on.push(name);
            pending.extend(implied.iter().filter_map(Value::as_str).map(str::to_owned));
        }
    }
    order::sort(&mut on);
    let mut out: Vec<String> =
        on.iter().flat_map(|name| ["--cfg".to_owned(), format!("feature=\"{name}\"")]).collect();
    let names: Vec<String> =
        table.into_iter().flat_map(Table::keys).map(|name| format!("\"{name}\"")).collect();
    out.extend(["--check-cfg".to_owned(), "cfg(docsrs,test)".to_owned()]);
    out.extend(["--check-cfg".to_owned(), format!("cfg(feature, values({}))", names.join(", "))]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::header::Form;
    use crate::script::header::Metadata;

    fn manifest(toml: &str) -> Manifest {
        let metadata =
            Metadata { form: Form::Frontmatter, toml: toml.to_owned(), line: 1, range: 0..0, margin: 0 };
        Manifest::read(Some(metadata), crate::request::dialect::Dialect::Cargo).unwrap()
    }

    #[test]
    fn profiles_give_the_arguments_cargo_gives() {
        // The right-hand side is what `cargo build -v` of 1.95 printed for the same manifest.
        let cases = [
            ("", "release", "-C opt-level=3 -C embed-bitcode=no -C strip=debuginfo"),
            ("", "dev", "-C embed-bitcode=no -C debuginfo=2 -C debug-assertions=on -C overflow-checks=on"),
            (
                "[profile.release]\nlto = true\npanic = \"abort\"",
                "release",
                "-C opt-level=3 -C panic=abort -C lto -C strip=debuginfo",
            ),
            (
                "[profile.release]\ndebug = 1\noverflow-checks = true",
                "release",
                "-C opt-level=3 -C embed-bitcode=no -C debuginfo=1 -C overflow-checks=on",
            ),
            (
                "[profile.fast]\ninherits = \"release\"\ncodegen-units = 1\nstrip = true",
                "fast",
                "-C opt-level=3 -C embed-bitcode=no -C codegen-units=1 -C strip=symbols",
            ),
            (
                "[profile.dev]\nopt-level = 1\ndebug = false",
                "dev",
                "-C opt-level=1 -C embed-bitcode=no -C debug-assertions=on -C overflow-checks=on -C strip=debuginfo",
            ),
        ];
        for (toml, name, expected) in cases {
            let got = arguments(&manifest(toml), name).unwrap().join(" ");
            let normal = |text: &str| {
                let mut list: Vec<String> = text.split("-C ").map(|one| one.trim().to_owned()).collect();
                // Said or left unsaid, this is what rustc does without optimization.
                list.retain(|one| name != "dev" || optimized(toml) || !one.ends_with("=on"));
                list.sort();
                list
            };
            assert_eq!(normal(&got), normal(expected), "{toml} {name}");
        }
        fn optimized(toml: &str) -> bool {
            toml.contains("opt-level")
        }
    }

    #[test]
    fn quick_is_release_without_optimization() {
        let got = arguments(&manifest(""), "quick").unwrap().join(" ");
        assert!(!got.contains("opt-level"), "{got}");
        assert!(got.contains("debug-assertions=off") && got.contains("overflow-checks=off"), "{got}");
    }

    #[test]
    fn a_quickened_call_keeps_its_semantics() {
        let quick = |text: &str| {
            let arguments = quickened(text.split(' ').map(OsString::from).collect());
            arguments.iter().map(|argument| argument.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            quick("--edition=2024 -C opt-level=3 -C embed-bitcode=no -C codegen-units=1 -L x"),
            "--edition=2024 -C embed-bitcode=no -L x -C debug-assertions=off -C overflow-checks=off"
        );
        assert_eq!(
            quick("-C opt-level=s -C overflow-checks=on -C panic=abort"),
            "-C overflow-checks=on -C panic=abort -C debug-assertions=off"
        );
    }

    #[test]
    fn unknown_profiles_and_values_are_refused() {
        assert!(arguments(&manifest(""), "fastest").is_err());
        assert!(arguments(&manifest("[profile.release]\nopt-level = 9"), "release").is_err());
        assert!(arguments(&manifest("[profile.a]\ninherits = \"a\""), "a").is_err());
    }

    #[test]
    fn lints_come_weakest_first() {
        let manifest = manifest(
            "[lints.rust]\nunsafe_code = \"forbid\"\nunused = { level = \"allow\", priority = -1 }\n[lints.clippy]\nall = \"warn\"",
        );
        assert_eq!(
            lints(&manifest).unwrap(),
            ["--allow=unused", "--forbid=unsafe_code", "--warn=clippy::all"]
        );
    }

    #[test]
    fn default_features_are_on_with_what_they_imply() {
        let arguments = features(
            &manifest("[features]\ndefault = [\"a\"]\na = [\"b\"]\nb = []\nc = []"),
            &Selection::default(),
        )
        .join(" ");
        assert!(
            arguments.starts_with("--cfg feature=\"a\" --cfg feature=\"b\" --cfg feature=\"default\""),
            "{arguments}"
        );
        assert!(arguments.contains("values(\"a\", \"b\", \"c\", \"default\")"), "{arguments}");
    }
}
