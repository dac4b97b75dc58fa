//! Trimmed dependencies: compiled so that no path of this machine is in them.
//!
//! What depends on where things lie is said by one stand-in for the compiler, a shell script beside the lane's artifacts
//! that cargo calls as if it were rustc. It adds to each call that the directory of the package is called `NAME-VERSION`
//! (as cargo's own `-Ztrim-paths` has it), what its build script made `/cargo/build-dir/NAME-VERSION/out`, cargo's home `/cargo`, and the source of
//! the standard library what it is called where that is not installed. Cargo does not know: its names and fingerprints stay
//! those of any other call, and are the same on every machine.
//!
//! A package in a directory needs more, as cargo takes its path for its identity, which is in the names of all symbols:
//! it and whatever depends on it are given one that is made of names and versions ([`identities`]).
//!
//! From Rust 1.95 on the paths are left out of programs only, and messages name files where they are.
//!
//! Dependencies that are not trimmed, because they have debug information or the compiler is older, are told of the standard
//! library alone: its generic code is compiled with them, and its panics name its source.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::base::digest::{Digest, Fields};
use crate::base::fs::remove;
use crate::base::order;
use crate::base::shell_words::quote;
use crate::rust::toolchain::Toolchain;

/// What `__DATE__` and its kin are to be if the caller does not say: 1 January 1980, the first that all archives can hold.
pub(crate) const DATE: (&str, &str) = ("SOURCE_DATE_EPOCH", "315532800");

/// The stand-in of dependencies that are not trimmed.
const UNTRIMMED: &str = r#"#!/bin/sh
# Written by runner: the compiler, told what the source of the standard library is called.
exec @RUSTC@ "$@" @OPTIONS@
"#;

/// `@OPTIONS@` are remappings, from the general to the special, as the last that fits wins.
const STAND_IN: &str = r#"#!/bin/sh
# Written by runner: the compiler, told to keep paths of this machine out of what it makes.
case " $* " in
*" --crate-name runner_script "* | *" --crate-name ___ "*) exec @RUSTC@ "$@" ;;
*" --crate-name "*) ;;
*) exec @RUSTC@ "$@" ;;
esac
here=${0%/*}
identity=
while read -r one directory; do
    if [ "$directory" = "$CARGO_MANIFEST_DIR" ]; then identity=$one; fi
done <"$here/identities"
if [ -n "$identity" ]; then
    before=
    for argument; do
        shift
        case $before$argument in -Cmetadata=*) argument=metadata=$identity ;; esac
        before=$argument
        set -- "$@" "$argument"
    done
fi
exec @RUSTC@ "$@" @OPTIONS@ \
    --remap-path-prefix="${OUT_DIR:-$here}=/cargo/build-dir/$CARGO_PKG_NAME-$CARGO_PKG_VERSION/out" \
    --remap-path-prefix="${CARGO_MANIFEST_DIR:-$here}=$CARGO_PKG_NAME-$CARGO_PKG_VERSION"
"#;

/// Where the place of the standard library is left out at least: of the texts of panics, but not of debug information.
pub(crate) const OF_PANICS: &str = "--remap-path-scope=macro";

/// The name of a package's crates in all symbols, and its directory.
pub(super) type Identity = (String, PathBuf);

/// Writes the stand-in of a lane, and the identities it gives; returns its path. Without `trimmed`, cargo's home and those
/// identities, it keeps only the library's place.
pub(crate) fn compiler(
    lane: &Path,
    toolchain: &Toolchain,
    trimmed: Option<(Option<PathBuf>, &[Identity])>,
) -> io::Result<PathBuf> {
    let is_trimmed = trimmed.is_some();
    let (cargo_home, identities) = trimmed.unwrap_or_default();
    let mut list = OsString::new();
    for (identity, directory) in identities {
        list.push(identity);
        list.push(" ");
        list.push(directory);
        list.push("\n");
    }
    if is_trimmed {
        put(&lane.join("identities"), list.as_bytes(), 0o600)?;
    }
    let mut options = OsString::new();
    let mut remap = |from: &OsStr, to: &str| {
        let mut option = OsString::from("--remap-path-prefix=");
        option.push(from);
        option.push("=");
        option.push(to);
        options.push(OsStr::from_bytes(&quote(option.as_bytes())));
        options.push(" ");
    };
    if let Some(home) = cargo_home {
        remap(home.as_os_str(), "/cargo");
    }
    if let Some((source, name)) = toolchain.library_source() {
        remap(source.as_os_str(), &name);
    }
    if toolchain.has_remap_scope() {
        options.push(if is_trimmed { "--remap-path-scope=object" } else { OF_PANICS });
    }
    let mut text = Vec::new();
    for part in split_at_marks(if is_trimmed { STAND_IN } else { UNTRIMMED }) {
        match part {
            "RUSTC" => text.extend(quote(toolchain.rustc.as_os_str().as_bytes())),
            "OPTIONS" => text.extend(options.as_bytes()),
            part => text.extend(part.as_bytes()),
        }
    }
    executable(&lane.join("rustc"), &text)
}

/// Writes an executable file as [`put`] does.
pub(crate) fn executable(path: &Path, text: impl AsRef<[u8]>) -> io::Result<PathBuf> {
    put(path, text.as_ref(), 0o700)?;
    Ok(path.to_owned())
}

/// Writes a file by rename, unless it is there as it should be: cargo goes by its time, and somebody may be executing it.
fn put(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let is_as_it_should = fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o7777 == mode)
        && fs::read(path).is_ok_and(|old| old == bytes);
    if is_as_it_should {
        return Ok(());
    }
    let written = path.with_extension("new");
    for old in [path, &written] {
        // Whatever somebody put there.
        if fs::symlink_metadata(old).is_ok_and(|metadata| !metadata.is_file()) {
            remove(old);
        }
    }
    fs::write(&written, bytes)?;
    fs::set_permissions(&written, fs::Permissions::from_mode(mode))?;
    fs::rename(&written, path)
}

/// The parts of a text between at signs.
fn split_at_marks(text: &str) -> impl Iterator<Item = &str> {
    // `$@` is the shell's own.
    text.split("@RUSTC@").enumerate().flat_map(|(index, rest)| {
        let rustc = (index > 0).then_some("RUSTC");
        let (before, after) = rest.split_once("@OPTIONS@").map_or((rest, None), |(a, b)| (a, Some(b)));
        let options = after.map(|_| "OPTIONS");
        rustc.into_iter().chain([before]).chain(options).chain(after)
    })
}

/// The identities of the packages in directories, and of those that depend on one: made of what `cargo metadata` says of
/// names, versions, sources and edges, and of nothing else.
pub(super) fn identities(metadata: &Value, own_manifest: &Path) -> Vec<Identity> {
    let mut packages: BTreeMap<&str, &Value> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        packages.extend(package["id"].as_str().map(|id| (id, package)));
    }
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
        let dependencies = node["dependencies"].as_array().into_iter().flatten().filter_map(Value::as_str);
        edges.extend(node["id"].as_str().map(|id| (id, dependencies.collect())));
    }
    let mut found: BTreeMap<&str, (Digest, bool)> = BTreeMap::new();
    for id in packages.keys() {
        identify(id, &packages, &edges, &mut found);
    }
    let directory =
        |id: &str| packages.get(id)?["manifest_path"].as_str().map(Path::new)?.parent().map(Path::to_owned);
    let is_own = |id: &str| packages[id]["manifest_path"].as_str().map(Path::new) == Some(own_manifest);
    let mut identities: Vec<Identity> = Vec::new();
    for (id, (digest, _)) in found.iter().filter(|(id, (_, is_local))| *is_local && !is_own(id)) {
        let mut identity = digest.short(16);
        // Two packages of one name and version in two directories are two crates all the same.
        while identities.iter().any(|(other, _)| *other == identity) {
            identity = Digest::of(identity.as_bytes()).short(16);
        }
        identities.extend(directory(id).map(|directory| (identity, directory)));
    }
    identities
}

/// The digest of a package and what it depends on, and whether any of it lies in a directory. Cargo knows no circles but
/// those of development dependencies, which are no identity.
fn identify<'a>(
    id: &'a str,
    packages: &BTreeMap<&'a str, &Value>,
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
    found: &mut BTreeMap<&'a str, (Digest, bool)>,
) -> (Digest, bool) {
    if let Some(known) = found.get(id) {
        return *known;
    }
    let mut fields = Fields::new("package");
    let text = |key: &str| packages.get(id).and_then(|package| package[key].as_str()).unwrap_or_default();
    for key in ["name", "version", "source"] {
        fields.push(key, text(key).as_bytes());
    }
    let mut is_local = text("source").is_empty();
    found.insert(id, (Digest::of(id.as_bytes()), is_local));
    let below = edges.get(id).into_iter().flatten();
    let mut below: Vec<(Digest, bool)> = below.map(|id| identify(id, packages, edges, found)).collect();
    order::sort(&mut below);
    for (digest, local) in below {
        fields.push("dependency", digest.hex().as_bytes());
        is_local |= local;
    }
    let known = (fields.finish(), is_local);
    found.insert(id, known);
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn identified(root: &str) -> Vec<Identity> {
        let package = |name: &str, source: Option<&str>| {
            json!({"id": format!("{root}#{name}"), "name": name, "version": "1.0.0", "source": source,
                "manifest_path": format!("{root}/{name}/Cargo.toml")})
        };
        let node = |name: &str, on: &[&str]| {
            let on: Vec<String> = on.iter().map(|name| format!("{root}#{name}")).collect();
            json!({"id": format!("{root}#{name}"), "dependencies": on})
        };
        let registry = Some("registry+https://example.org");
        let metadata = json!({
            "packages": [
                package("runner-script", None), package("local", None),
                package("patched", registry), package("plain", registry),
            ],
            "resolve": {"nodes": [
                node("runner-script", &["local", "patched"]), node("local", &["plain"]),
                node("patched", &["local"]), node("plain", &[]),
            ]},
        });
        identities(&metadata, Path::new(&format!("{root}/runner-script/Cargo.toml")))
    }

    #[test]
    fn an_identity_is_made_of_names_and_versions() {
        let here = identified("/here");
        let there = identified("/quite/elsewhere");
        let of = |list: &[Identity]| list.iter().map(|(identity, _)| identity.clone()).collect::<Vec<_>>();
        assert_eq!(of(&here), of(&there));
        let directories: Vec<&Path> = here.iter().map(|(_, directory)| directory.as_path()).collect();
        assert_eq!(directories, [Path::new("/here/local"), Path::new("/here/patched")]);
        assert_ne!(here[0].0, here[1].0);
    }

    #[test]
    fn the_stand_in_is_whole() {
        let text: String = split_at_marks(STAND_IN).collect();
        assert!(!text.contains("@RUSTC") && !text.contains("@OPTIONS"), "{text}");
        assert!(text.contains("exec RUSTC \"$@\" OPTIONS \\\n"), "{text}");
    }
}
