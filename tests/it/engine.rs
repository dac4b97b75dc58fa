//! From a script to its program: inputs, the background build, eviction, other targets, the library.

mod background_build;
mod compiled_once;
mod cross_target;
mod library;
mod remote;
mod temporary;
mod trim;

/// Never stale: each input of a build, changed and merely touched.
///
/// A change must be seen by the next run; a touch must compile nothing. The fake compiler counts for what `runner` itself
/// watches; what only rustc and cargo can say is in [`slow::inputs`] and in `rust::slow::dependencies`, and all of it mixed
/// at random in [`slow::property`].
mod inputs {
    mod edits_meanwhile;
    mod environment;
    mod files;
    mod homes;
    mod linker;
    mod metadata;
    mod source;
    mod toolchain;
}

/// With real compilers, or for seconds.
mod slow {
    mod cross_target;
    mod property;
    mod remote;
    mod temporary;
    mod trim;

    /// Never stale: what rustc and cargo read.
    mod inputs {
        mod cargo_configuration;
        mod compiler;
    }
}
