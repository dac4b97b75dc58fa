//! The bill: which packages are in a program, of which versions, from where, with which checksums.
//!
//! Cargo says what it compiled, the lock where each package comes from. An address is noted without user, password and
//! query: it goes into programs that are handed on.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::base::order;
use crate::build::record::Dependency;

/// The packages whose ids (cargo's own) are given, as the lock has them, by name.
pub(super) fn of(ids: &BTreeSet<String>, lock: &str) -> Vec<Dependency> {
    let lock: Table = lock.parse().unwrap_or_default();
    let packages: Vec<&Table> = lock
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_table)
        .collect();
    let mut found: Vec<Dependency> = Vec::new();
    for (id, (name, version)) in ids.iter().filter_map(|id| Some((id, name_and_version(id)?))) {
        let text = |table: &Table, key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let is_it = |table: &&&Table| {
            text(table, "name").as_deref() == Some(name) && text(table, "version").as_deref() == Some(version)
        };
        let entry = packages.iter().find(is_it);
        // Without a lock its id says it, too.
        let of_id = || Some(id.rsplit_once('#')?.0.to_owned()).filter(|source| !source.starts_with("path+"));
        let source = entry.map_or_else(of_id, |entry| text(entry, "source"));
        let dependency = Dependency {
            name: name.to_owned(),
            version: version.to_owned(),
            source: source.map_or_else(|| "path".to_owned(), |source| address(&source)),
            checksum: entry.and_then(|entry| text(entry, "checksum")),
        };
        if !found.contains(&dependency) {
            found.push(dependency);
        }
    }
    order::sort_by(&mut found, |one, two| {
        (&one.name, &one.version, &one.source).cmp(&(&two.name, &two.version, &two.source))
    });
    found
}

/// Of `registry+https://…#name@1.0.0`, or `path+file:///…/name#1.0.0`.
fn name_and_version(id: &str) -> Option<(&str, &str)> {
    let (source, fragment) = id.rsplit_once('#')?;
    match fragment.split_once('@') {
        Some(pair) => Some(pair),
        None => Some((source.split('?').next()?.trim_end_matches('/').rsplit('/').next()?, fragment)),
    }
}

/// Where a package comes from.
fn address(source: &str) -> String {
    let is_of_crates_io = ["//github.com/rust-lang/crates.io-index", "//index.crates.io/"];
    if is_of_crates_io.iter().any(|part| source.contains(part)) {
        return "crates.io".to_owned();
    }
    let (place, commit) =
        source.split_once('#').map_or((source, None), |(place, commit)| (place, Some(commit)));
    let place = place.split('?').next().unwrap_or_default();
    let place = match place.split_once("://") {
        // Somebody's own directory.
        Some((scheme, _)) if scheme.ends_with("file") => format!("{}+file", scheme.trim_end_matches("+file")),
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            format!("{scheme}://{}/{path}", host.rsplit('@').next().unwrap_or_default())
        }
        None => place.to_owned(),
    };
    commit.map_or_else(|| place.clone(), |commit| format!("{place}#{commit}")).replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_no_secret_and_no_place_of_this_machine() {
        for (source, expected) in [
            ("registry+https://github.com/rust-lang/crates.io-index", "crates.io"),
            ("sparse+https://index.crates.io/", "crates.io"),
            ("registry+https://ana:secret@example.org/index?token=x", "registry+https://example.org/index"),
            ("git+https://token@example.org/a/b.git?rev=1#0a1f", "git+https://example.org/a/b.git#0a1f"),
            ("git+ssh://git@example.org/a#0a1f", "git+ssh://example.org/a#0a1f"),
            ("git+file:///home/ana/a?branch=main#0a1f", "git+file#0a1f"),
        ] {
            assert_eq!(address(source), expected, "{source}");
        }
    }

    #[test]
    fn the_bill_is_what_was_compiled_as_the_lock_has_it() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"22\"\n\
                    [[package]]\nname = \"unused\"\nversion = \"1.0.0\"\n";
        let ids =
            ["registry+https://github.com/rust-lang/crates.io-index#serde@1.0.0", "path+file:///x/a#0.1.0"];
        let bill = of(&ids.iter().map(|id| (*id).to_owned()).collect(), lock);
        let texts: Vec<String> = bill.iter().map(Dependency::text).collect();
        assert_eq!(texts, ["a 0.1.0 path", "serde 1.0.0 crates.io 22"]);
        let bill = of(&ids.iter().map(|id| (*id).to_owned()).collect(), "");
        let texts: Vec<String> = bill.iter().map(Dependency::text).collect();
        assert_eq!(texts, ["a 0.1.0 path", "serde 1.0.0 crates.io"]);
    }
}
