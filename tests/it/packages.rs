//! Programs of a registry: `crate@version`.

/// With real compilers, or for seconds.
mod slow {
    mod faults;
    mod programs;
    mod requirements;
}
