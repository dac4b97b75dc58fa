//! Cargo's warnings: those of the manifest, told from what compilers say of dependencies.

/// What cargo warns of the manifest, and the rest.
pub(super) fn split(text: &str) -> (String, String) {
    let (mut of_manifest, mut rest) = (String::new(), String::new());
    let mut block = String::new();
    let mut end = |block: &mut String| {
        let place = if is_of_manifest(block) { &mut of_manifest } else { &mut rest };
        place.push_str(&std::mem::take(block));
    };
    for line in text.split_inclusive('\n') {
        if line.trim_start_matches(is_color).starts_with("warning") || line.starts_with("error") {
            end(&mut block);
        }
        block.push_str(line);
    }
    end(&mut block);
    (of_manifest, rest)
}

/// Whether a warning with its lines is cargo's own, and about more than how it went.
fn is_of_manifest(block: &str) -> bool {
    const OTHERS: &[&str] = &[
        // Of a compiler, and cargo's count of such.
        "--> ",
        " generated ",
        // A network that came back.
        "spurious network error",
        // Of a dependency's build script, and of the dependency's own future.
        "@",
        "rejected by a future version",
    ];
    let first = block.lines().next().unwrap_or_default();
    let text = first.trim_start_matches(is_color);
    text.starts_with("warning") && !OTHERS.iter().any(|sign| block.contains(sign))
}

/// What a color is made of on a terminal.
fn is_color(character: char) -> bool {
    matches!(character, '\u{1b}' | '[' | ';' | 'm') || character.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_the_manifest_are_told_from_those_of_compilers() {
        let patch =
            "warning: patch `one v2.0.0 (/x)` was not used in the crate graph\n  help: check the version\n";
        let compiler = "warning: unused variable: `x`\n --> a/src/lib.rs:1:1\n  |\n\n";
        let count = "warning: `a` (lib) generated 1 warning\n";
        let script = "warning: a@0.1.0: said by its build script\n";
        let all = [compiler, patch, count, script].concat();
        assert_eq!(split(&all), (patch.to_owned(), [compiler, count, script].concat()));
        assert_eq!(split(""), (String::new(), String::new()));
        let colored = "\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: patch\n";
        assert_eq!(split(colored).0, colored);
    }
}
