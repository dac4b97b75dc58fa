//! The tables of dependencies in a manifest: where they stand, and which packages they name.

use toml::{Table, Value};

/// Tables of dependencies; of these all but the first are for tests and benchmarks only.
pub(super) const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "dev_dependencies"];

/// The packages that a manifest depends on directly, by the names they have in a lock.
pub(super) fn direct_names(table: &Table) -> Vec<String> {
    let targets = table.get("target").and_then(Value::as_table);
    let places = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let tables = places
        .chain([table])
        .flat_map(|place| DEPENDENCIES.iter().filter_map(|key| place.get(*key)?.as_table()).flatten());
    tables
        .map(|(key, value)| value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned())
        .collect()
}

pub(super) fn remove_development(table: &mut Table) {
    DEPENDENCIES.iter().skip(1).for_each(|key| drop(table.remove(*key)));
}

/// The packages that `[patch]` and `[replace]` of a manifest, or of cargo's configuration, put others in the place of.
pub(crate) fn patched_names(table: &Table) -> Vec<String> {
    let patches = table.get("patch").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let patched = patches
        .filter_map(Value::as_table)
        .flatten()
        .map(|(key, value)| value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned());
    let replaced = table.get("replace").and_then(Value::as_table).into_iter().flat_map(Table::keys);
    // `NAME:VERSION`, or the id of a package: `URL#NAME@VERSION`.
    let replaced = replaced.filter_map(|id| {
        let id = id.rsplit(['#', '/']).next()?;
        id.split([':', '@']).next().map(str::to_owned)
    });
    patched.chain(replaced).collect()
}

pub(super) fn dependency_tables(table: &Table) -> Vec<&Table> {
    let mut found: Vec<&Table> =
        ["replace"].iter().chain(DEPENDENCIES).filter_map(|key| table.get(*key)?.as_table()).collect();
    let inner = |outer: &str| table.get(outer).and_then(Value::as_table).into_iter().flat_map(Table::values);
    for target in inner("target") {
        found.extend(DEPENDENCIES.iter().filter_map(|key| target.get(*key)?.as_table()));
    }
    found.extend(inner("patch").filter_map(Value::as_table));
    found
}

pub(super) fn dependency_tables_mut(table: &mut Table) -> Vec<&mut Table> {
    let mut found = Vec::new();
    for (key, value) in table.iter_mut() {
        let Some(inner) = value.as_table_mut() else { continue };
        match key.as_str() {
            "replace" => found.push(inner),
            key if DEPENDENCIES.contains(&key) => found.push(inner),
            "patch" => found.extend(inner.iter_mut().filter_map(|(_, value)| value.as_table_mut())),
            "target" => {
                let tables = inner.iter_mut().filter_map(|(_, value)| value.as_table_mut());
                let named = tables
                    .flat_map(|table| table.iter_mut())
                    .filter(|(key, _)| DEPENDENCIES.contains(&key.as_str()));
                found.extend(named.filter_map(|(_, value)| value.as_table_mut()));
            }
            _ => {}
        }
    }
    found
}

/// Every dependency, patch and replacement, with the keys that lead to it.
pub(super) fn with_keys(table: &Table) -> Vec<(Vec<&str>, &Value)> {
    let mut tables: Vec<(Vec<&str>, &Table)> = Vec::new();
    let direct = ["replace"].iter().chain(DEPENDENCIES);
    tables.extend(direct.filter_map(|key| Some((vec![*key], table.get(*key)?.as_table()?))));
    let inner = |outer: &str| table.get(outer).and_then(Value::as_table).into_iter().flatten();
    for (name, target) in inner("target") {
        let of_target = DEPENDENCIES.iter();
        tables
            .extend(of_target.filter_map(|key| {
                Some((vec!["target", name.as_str(), *key], target.get(*key)?.as_table()?))
            }));
    }
    tables.extend(
        inner("patch").filter_map(|(name, patch)| Some((vec!["patch", name.as_str()], patch.as_table()?))),
    );
    let each = tables.into_iter().flat_map(|(keys, table)| {
        table.iter().map(move |(name, value)| {
            (keys.iter().copied().chain([name.as_str()]).collect::<Vec<_>>(), value)
        })
    });
    each.collect()
}
