//! Derives package and crate names from file names by cargo's rules (`src/workspace/parser/mod.rs`).

/// The package name for a file stem. The placeholder is `_` if the stem has one, else `-`; leading characters are dropped until one may begin a name; what
/// may not continue a name becomes the placeholder; nothing left is `package`.
pub(crate) fn package_name(stem: &str) -> String {
    let placeholder = if stem.contains('_') { '_' } else { '-' };
    let mut name = String::new();
    for character in stem.chars() {
        if name.is_empty() {
            if unicode_ident::is_xid_start(character) || character == '_' {
                name.push(character);
            }
        } else if unicode_ident::is_xid_continue(character) || character == '-' {
            name.push(character);
        } else {
            name.push(placeholder);
        }
    }
    if name.is_empty() { "package".to_owned() } else { name }
}

/// The crate name for a package name: `-` and whatever a crate name may not hold become `_`.
pub(crate) fn crate_name(package: &str) -> String {
    let name: String =
        package.chars().map(|c| if unicode_ident::is_xid_continue(c) { c } else { '_' }).collect();
    match name.chars().next() {
        Some(first) if unicode_ident::is_xid_start(first) || first == '_' => name,
        _ => format!("_{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_cargo_gives() {
        let vectors = [
            ("s-h.w§c!", "s-h-w-c-"),
            ("42answer", "answer"),
            ("42", "package"),
            ("con", "con"),
            ("test", "test"),
            ("self", "self"),
            ("a_b.c", "a_b_c"),
            ("", "package"),
            ("-x", "x"),
            ("_", "_"),
        ];
        for (stem, expected) in vectors {
            assert_eq!(package_name(stem), expected, "{stem}");
        }
        assert_eq!(crate_name("s-h-w-c-"), "s_h_w_c_");
        assert_eq!(crate_name("9 --cfg x"), "_9___cfg_x");
    }
}
