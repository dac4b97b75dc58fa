//! Whether a program that was built elsewhere can run here: its loader, its libraries and their versions are there.
//!
//! A program whose needs cannot be told is taken for one that can run: the kernel has the last word.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::search::contains;
use crate::build::elf::Elf;

/// Where libraries are besides those the loader's cache names.
const DIRECTORIES: &[&str] = &["/lib", "/usr/lib", "/usr/local/lib", "/lib64", "/usr/lib64"];
const LOADER_CACHE: &str = "/etc/ld.so.cache";

/// More than any program has that is looked at.
const MOST_BYTES: u64 = 1 << 30;

/// Checks that a program of this kind of machine finds what it needs.
///
/// # Errors
/// What is missing.
pub(crate) fn check(program: &Path, environment: &Environment) -> Result<(), String> {
    let bytes = read(program).ok_or_else(|| format!("`{}` cannot be read", program.display()))?;
    let Some(elf) = Elf::parse(&bytes) else { return Ok(()) };
    if !elf.is_for(&format!("{}-linux-", std::env::consts::ARCH)) {
        return Err("it is for another kind of machine".to_owned());
    }
    let needs = elf.requirements();
    if let Some(loader) = &needs.loader
        && !Path::new(loader).exists()
    {
        return Err(format!("its loader `{loader}` is missing"));
    }
    if needs.loader.is_none() {
        return Ok(());
    }
    for (library, versions) in &needs.libraries {
        // One that the program names by a path of its own is looked for there.
        if needs.has_own_path || library.contains('/') {
            continue;
        }
        let found: Vec<Vec<u8>> = places(library, environment)
            .iter()
            .filter_map(|path| read(path))
            .filter(|found| elf.is_kin(found))
            .collect();
        if found.is_empty() {
            return Err(format!("library `{library}` is missing"));
        }
        let has = |version: &str| {
            let text = [version.as_bytes(), b"\0"].concat();
            found.iter().any(|library| contains(library, &text))
        };
        if let Some(version) = versions.iter().find(|version| !has(version)) {
            return Err(format!("library `{library}` has no version {version}"));
        }
    }
    Ok(())
}

/// Where a library may lie.
fn places(library: &str, environment: &Environment) -> Vec<PathBuf> {
    let listed = environment.variable("LD_LIBRARY_PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> =
        std::env::split_paths(&listed).map(|directory| directory.join(library)).collect();
    let cache = std::fs::read(LOADER_CACHE).unwrap_or_default();
    let in_cache = cache.split(|byte| *byte == 0).filter(|text| {
        text.starts_with(b"/")
            && text.strip_suffix(library.as_bytes()).is_some_and(|rest| rest.ends_with(b"/"))
    });
    found.extend(in_cache.map(|text| PathBuf::from(std::ffi::OsStr::from_bytes(text))));
    found.extend(DIRECTORIES.iter().map(|directory| Path::new(directory).join(library)));
    found
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
