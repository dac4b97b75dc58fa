//! `runner.h` and the functions behind it are the same, by name and number.

use std::collections::BTreeSet;

/// The words that begin with `runner_` and that an opening parenthesis follows.
fn functions(text: &str, before: &str) -> BTreeSet<String> {
    let parts = text.split(before).skip(1);
    let names = parts.filter_map(|part| part.split_once('(').map(|(name, _)| format!("runner_{name}")));
    let is_name = |name: &String| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    names.filter(is_name).collect()
}

#[test]
fn the_header_and_the_library_have_the_same_functions() {
    let header = include_str!("../../../src/host/c_abi/runner.h");
    let library = include_str!("../../../src/host/c_abi.rs");
    let declared: String = header
        .lines()
        .filter(|line| {
            !line.trim_start().starts_with(['/', '*']) && line.contains(" runner_")
                || line.contains("*runner_")
        })
        .map(|line| line.replace('*', " ") + "\n")
        .collect();
    let declared: BTreeSet<String> =
        functions(&declared, " runner_").into_iter().filter(|name| !name.ends_with("_t")).collect();
    let exported = functions(library, "extern \"C\" fn runner_");
    assert_eq!(declared, exported);
    assert!(exported.len() > 20, "{exported:?}");
    let number = |text: &str, before: &str| -> u32 {
        let rest = text.split_once(before).unwrap().1;
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    assert_eq!(number(header, "#define RUNNER_ABI "), number(library, "const ABI: u32 = "));
    assert_eq!(
        library.matches("extern \"C\" fn runner_").count(),
        library.matches("#[unsafe(no_mangle)]").count()
    );
}
