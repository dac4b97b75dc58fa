//! The checked header of scriptisto: a script's own build command.

use std::path::{Component, Path};

use crate::base::error::{Error, Result, Step};
use crate::languages::language::Language;
use crate::languages::table;
use crate::script::header::Spec;

pub(super) use crate::script::header::has_spec as is_in;

/// Reads the header, if there is one.
///
/// # Errors
/// [`Step::Metadata`] if it is malformed, or asks for what runner does not do.
pub(super) fn read(text: &str) -> Result<Option<Spec>> {
    let Some(spec) = Spec::read(text)? else { return Ok(None) };
    if let Some(line) = spec.docker_line {
        let text = format!("line {line}: `docker_build` is not supported: runner starts no containers");
        return Err(Error::message(Step::Metadata, text)
            .hint("remove `docker_build`; `build_cmd` then runs on this machine"));
    }
    if spec.script_src.is_empty() {
        return Err(Error::message(Step::Metadata, format!("line {}: `script_src` is missing", spec.line)));
    }
    let extras = spec.extra_src_paths.iter().filter(|path| !Path::new(path).is_absolute());
    let paths = spec.files.iter().map(|file| &file.path).chain([&spec.script_src]).chain(extras);
    if let Some(path) = paths.into_iter().find(|path| !stays_inside(path)) {
        let text =
            format!("path `{}` in the scriptisto header is outside the build directory", path.escape_debug());
        return Err(Error::message(Step::Metadata, text).hint("use a path relative to the build directory"));
    }
    Ok(Some(spec))
}

fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The language of a script with such a header; `None` if it is compiled as Rust scripts are.
pub(super) fn language(text: &str) -> Option<&'static Language> {
    let Ok(Some(spec)) = Spec::read(text) else { return None };
    if spec.is_plain_rust() {
        return None;
    }
    let extension = spec.script_src.rsplit_once('.').map_or("", |(_, extension)| extension);
    Some(table::of_extension(extension).unwrap_or(if extension == "rs" {
        &table::RUST
    } else {
        &table::OTHER
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_written_outside() {
        for (path, inside) in
            [("a", true), ("./a/b", true), ("../a", false), ("/a", false), ("a/../../b", false), ("", false)]
        {
            assert_eq!(stays_inside(path), inside, "{path}");
        }
    }
}
