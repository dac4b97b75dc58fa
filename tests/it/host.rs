//! The library as a host program meets it: children, signals, limits, cancellation.

mod children;
mod program;
mod stopping;
