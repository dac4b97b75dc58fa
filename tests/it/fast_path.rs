//! A hit, system call by system call.

mod system_calls;

/// With real compilers, or for seconds.
mod slow {
    mod system_calls;
}
