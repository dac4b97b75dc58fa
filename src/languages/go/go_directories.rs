//! Directories in which the go command keeps what it made and downloaded.

use std::path::PathBuf;

use crate::base::environment::Environment;

/// Its build cache, its counters, and the state of its checksum database.
pub(super) fn own(environment: &Environment) -> Vec<PathBuf> {
    let cache = environment.set("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(environment.home()?.join(".cache")));
    let build = setting("GOCACHE", environment).or_else(|| Some(cache?.join("go-build")));
    let counters = configuration(environment).map(|directory| directory.join("telemetry"));
    let sums = modules(environment).and_then(|modules| Some(modules.parent()?.join("sumdb")));
    build.into_iter().chain(counters).chain(sums).collect()
}

/// The module cache, whose directories name versions and are never changed.
pub(super) fn modules(environment: &Environment) -> Option<PathBuf> {
    setting("GOMODCACHE", environment).or_else(|| {
        let path = setting("GOPATH", environment);
        let first = path.as_ref().and_then(|path| std::env::split_paths(path).next());
        Some(first.or_else(|| Some(environment.home()?.join("go")))?.join("pkg/mod"))
    })
}

fn configuration(environment: &Environment) -> Option<PathBuf> {
    let of_user = environment.set("XDG_CONFIG_HOME").map(PathBuf::from);
    Some(of_user.or_else(|| Some(environment.home()?.join(".config")))?.join("go"))
}

/// A setting of the go command's: a variable, or what `go env -w` wrote.
fn setting(name: &str, environment: &Environment) -> Option<PathBuf> {
    if let Some(value) = environment.set(name) {
        return Some(PathBuf::from(value));
    }
    let file = environment.set("GOENV").map(PathBuf::from);
    let file = file.or_else(|| Some(configuration(environment)?.join("env")))?;
    let text = std::fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(PathBuf::from(value)).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_follow_their_settings() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let with = |more: &[(&str, &str)]| {
            let own = [("HOME", home.path().to_str().unwrap())];
            Environment::fixed(own.iter().chain(more).map(|(name, value)| (name.into(), value.into())))
        };
        assert_eq!(own(&with(&[]))[0], at(".cache/go-build"));
        assert_eq!(modules(&with(&[])), Some(at("go/pkg/mod")));
        assert_eq!(modules(&with(&[("GOPATH", "/p:/q")])), Some("/p/pkg/mod".into()));
        std::fs::create_dir_all(at(".config/go")).unwrap();
        std::fs::write(at(".config/go/env"), "GOMODCACHE=/m\nGOCACHE=/c\n").unwrap();
        assert_eq!(modules(&with(&[])), Some("/m".into()));
        assert_eq!(own(&with(&[]))[0], PathBuf::from("/c"));
        assert_eq!(own(&with(&[("GOCACHE", "/v")]))[0], PathBuf::from("/v"));
    }
}
