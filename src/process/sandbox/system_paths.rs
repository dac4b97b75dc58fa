//! The paths of the system that every sandbox may use: programs, libraries, configuration and a few devices.
//!
//! Not `/home`, `/root`, `/var`, `/run`, `/tmp`, `/mnt`. Of `/dev` only what cannot tell one process of another: the
//! program's own terminal, and not `/dev/pts`, where other terminals of the same user could be read.

use std::fs;
use std::path::{Path, PathBuf};

const DIRECTORIES: &[&str] = &[
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/proc", "/sys",
];

/// What compilers and linkers need of `/etc`.
const OF_LINKERS: &[&str] =
    &["/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"];

const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

const WRITABLE_DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full"];

/// Names of hosts are looked up as this says; it often is a link into `/run`.
const RESOLVER: &str = "/etc/resolv.conf";

/// What may be read; of `/etc` only what linkers need, if it is to be narrow. Not everything is there on every system.
pub(super) fn readable(with_network: bool, is_narrow: bool) -> Vec<PathBuf> {
    let is_left_out = |path: &str| leads_into_usr(path) || is_narrow && path == "/etc";
    let mut paths: Vec<PathBuf> =
        DIRECTORIES.iter().filter(|path| !is_left_out(path)).map(PathBuf::from).collect();
    if is_narrow {
        paths.extend(OF_LINKERS.iter().map(PathBuf::from));
    }
    paths.extend(DEVICES.iter().map(PathBuf::from));
    paths.extend(with_network.then(|| PathBuf::from(RESOLVER)));
    paths
}

/// What may be written to, and whether it is a terminal.
pub(super) fn writable() -> Vec<(PathBuf, bool)> {
    let devices = WRITABLE_DEVICES.iter().map(|path| (PathBuf::from(path), false));
    let terminals = own_terminals().into_iter().chain([PathBuf::from("/dev/tty")]);
    devices.chain(terminals.map(|path| (path, true))).collect()
}

/// The terminals that standard input, output and error are.
fn own_terminals() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for descriptor in 0..3 {
        if let Ok(path) = fs::read_link(format!("/proc/self/fd/{descriptor}"))
            && path.starts_with("/dev/pts")
            && !found.contains(&path)
        {
            found.push(path);
        }
    }
    found
}

/// Where `/lib` is a link to `/usr/lib`, a rule for it would be a second one for that.
fn leads_into_usr(path: &str) -> bool {
    fs::read_link(path).is_ok_and(|target| Path::new("/").join(target).starts_with("/usr"))
}
