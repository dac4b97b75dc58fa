//! Warnings about the user's configuration file, shown once for each content of it.

use crate::base::digest::Digest;
use crate::report::reporter::Reporter;
use crate::settings::config_file::Config;
use crate::store::cache::Cache;

/// Shows the warnings unless the last run showed the same.
pub(crate) fn show(config: &Config, cache: &Cache, reporter: &Reporter) {
    if config.complaints.is_empty() {
        return;
    }
    let texts: Vec<u8> = config.complaints.iter().flat_map(|(text, _)| text.bytes()).collect();
    let digest = Digest::of(&texts).hex();
    let shown = cache.join("complained");
    if std::fs::read(&shown).is_ok_and(|shown| shown == digest.as_bytes()) {
        return;
    }
    for (text, hint) in &config.complaints {
        reporter.warn_with(text, hint.as_deref());
    }
    // Best effort: without it they are shown again.
    let _ = cache.write_whole(&shown, digest.as_bytes());
}
