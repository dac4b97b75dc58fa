//! What is shown while something is done.

mod color;
mod progress;

/// With real compilers, or for seconds.
mod slow {
    mod progress;
}
