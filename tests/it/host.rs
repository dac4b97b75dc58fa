//! The library as a host program meets it: children, signals, limits, cancellation.

mod children;
mod embedded;
mod program;
mod running;
mod stopping;

/// With real compilers.
mod slow {
    mod real;
}
