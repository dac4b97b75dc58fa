//! What a manifest is read as, and written as.

use super::*;

fn read(toml: &str) -> Result<Manifest> {
    let metadata =
        Metadata { form: Form::Frontmatter, toml: toml.to_owned(), line: 1, range: 0..0, margin: 0 };
    Manifest::read(Some(metadata), Dialect::Cargo)
}

#[test]
fn errors_carry_the_scripts_own_line() {
    let error = read("\n\n[dependencies]\nregex = \n").unwrap_err().to_string();
    assert!(error.starts_with("line 4, column "), "{error}");
}

#[test]
fn fields_that_make_no_sense_in_one_file_are_refused() {
    let one = read("[workspace]").unwrap_err().to_string();
    assert_eq!(one, "line 1, column 2: `workspace` is not allowed in embedded manifests");
    let two = read("[lib]\n[package]\nbuild = \"b.rs\"").unwrap_err().to_string();
    assert_eq!(two, "line 1, column 2: `lib`, `package.build` are not allowed in embedded manifests");
}

#[test]
fn relative_paths_become_absolute_wherever_they_stand() {
    let manifest = read(
        "[dependencies]\na = { path = \"../a\" }\n[target.'cfg(unix)'.dependencies]\nb = { path = \"b\" }\n\
         [patch.crates-io]\nc = { path = \"/c\" }",
    )
    .unwrap();
    assert!(manifest.has_path_dependencies());
    let cargo = manifest.to_cargo(Path::new("/s"), "2024", "main.rs");
    for path in ["\"/s/../a\"", "\"/s/b\"", "\"/c\""] {
        assert!(cargo.contains(path), "{cargo}");
    }
}

#[test]
fn settings_are_validated() {
    let settings = read("[package.metadata.runner]\nprofile = \"dev\"\ninputs = [\"*.html\"]").unwrap();
    assert_eq!(settings.settings().unwrap().profile.as_deref(), Some("dev"));
    assert!(read("[package.metadata.runner]\nprofile = 1").is_err());
    assert!(read("[package.metadata.runner]\nprofil = \"dev\"").is_err());
}
