//! Files that a Go script embeds between `// NAME >>>` and `// <<< NAME`, in the syntax of gorun.

/// The text between `// NAME >>>` and `// <<< NAME`, without its comment marks.
pub(super) fn section(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("// {name} >>>"))?;
    let (body, _) = rest.split_once(&format!("// <<< {name}"))?;
    Some(body.replace("\n// ", "\n").replace("\n//", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_those_of_gorun() {
        let text = "package main\n// go.mod >>>\n// module x\n//\n// require a v1\n// <<< go.mod\n";
        assert_eq!(section(text, "go.mod").as_deref(), Some("\nmodule x\n\nrequire a v1\n"));
        assert_eq!(section(text, "go.sum"), None);
        assert_eq!(section("// go.mod >>>\n", "go.mod"), None);
    }
}
