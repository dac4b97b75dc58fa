//! The backend for Rust: rustc, cargo, dependencies, the linker, what an edit can be spared.

mod incremental;

/// With real compilers, or for seconds.
mod slow {
    mod dependency_faults;
    mod failures;
    mod features;
    mod homes;
    mod incremental;
    mod offline;
    mod package_facts;
    mod panic_places;
    mod reproducible;
    mod sccache;

    /// Never stale: what cargo reads for a script, changed and merely touched; and what scripts share of what it builds.
    mod dependencies {
        mod artifacts;
        mod directories;
        mod git;
        mod locks;
        mod manifest;
        mod patches;
        mod project;
        mod reads;
        mod secrets;
        mod sharing;
        mod vendored;
    }
}
