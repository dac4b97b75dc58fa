//! The tree: what is in it, its installer, its examples, its benchmark.

mod arrows;
mod speed;
mod tidy;

/// With real compilers, or for seconds.
mod slow {
    mod bench;
    mod examples;
    mod install_sh;
    mod installer;
    mod pictures;
    mod readme;
    mod release;
    mod without_rust;
}
