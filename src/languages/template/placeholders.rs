//! Placeholders in the arguments of a template: `{source}`, `{output}`, `{staging}` and `{read}`.

use std::ffi::OsString;
use std::path::Path;

use crate::languages::driver::Build;

/// The argument with its placeholder replaced by a path.
pub(super) fn fill(argument: &str, build: Build<'_>, source: &Path, output: &Path) -> OsString {
    let places = [
        ("{source}", source.to_owned()),
        ("{output}", output.to_owned()),
        ("{staging}", build.staging.to_owned()),
        ("{read}", build.report()),
    ];
    match places.iter().find_map(|(name, path)| Some((argument.split_once(name)?, path))) {
        None => argument.into(),
        Some(((before, after), path)) => {
            let mut filled = OsString::from(before);
            filled.push(path);
            filled.push(after);
            filled
        }
    }
}
