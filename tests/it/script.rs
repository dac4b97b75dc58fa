//! A script is found, read and understood: names, first lines, metadata, scripts without `main`.

mod conformance;
mod first_lines;
mod lookup;
mod manifest_fields;
mod not_a_script;

/// With real compilers, or for seconds.
mod slow {
    mod expressions;
    mod first_lines;
    mod lookup;
    mod mainless;
    mod manifest_fields;
    mod smuggling;
}
