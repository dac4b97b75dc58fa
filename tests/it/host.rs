//! The library as a host program meets it: children, signals, limits, cancellation.

mod answers;
mod children;
mod embedded;
mod header;
mod plugins;
mod policy;
mod program;
mod public;
mod running;
mod stopping;
mod urls;

/// With real compilers.
mod slow {
    mod c;
    mod confined;
    mod real;
}
